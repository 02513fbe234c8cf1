"""The first and the last record of a run: what a run begins with, and which outcome its seal says."""

import msgspec
import pytest

from rlmlite_kernel import (
    Done,
    Failed,
    Limits,
    MemoryBlobs,
    Role,
    RunKey,
    Settings,
    SettingsError,
    advance,
    begin,
    conclusion,
    seal,
)
from rlmlite_kernel.records.records import Genesis, Seal
from rlmlite_kernel.testing.play.turns import KEY, make_input
from tests.kernel.machine import LOG, Machine, parse_program


def test_begin_gives_the_genesis_record() -> None:
    """A run begins with one record, no observation, and no turn used."""
    machine = Machine({"log": LOG})
    (entry,) = machine.entries
    record = entry.record

    assert isinstance(record, Genesis)
    assert [item.name for item in record.inputs] == ["log"]
    assert (record.inputs[0].kind, record.inputs[0].size) == ("text", len(LOG))
    assert record.state == machine.state.digest
    assert (machine.done.observation, machine.state.turn, machine.state.left("turns")) == ("", 0, 30)


def test_genesis_holds_the_settings_and_the_input_as_blobs() -> None:
    """What a run may cost and what was handed over in memory can be read from the trace."""
    (entry,) = Machine({"log": LOG}).entries
    contents = [item.content for item in entry.blobs]

    assert LOG.encode() in contents
    assert any(b'"max_output_tokens"' in content for content in contents)


def test_seal_without_an_answer_is_a_failure() -> None:
    """A run that never reached `final` failed, for want of an answer."""
    record = seal(Machine({"log": LOG}).state).record

    assert isinstance(record, Seal)
    assert (record.outcome, record.reason, record.result, record.steps) == ("failed", "no_answer", None, 0)


def test_seal_of_an_answer_completes() -> None:
    """The seal holds the answer and its evidence as a blob, and the state that the run ended in."""
    machine = Machine({"log": LOG})
    machine.turn('final({n: 1}, evidence="ERROR two")')
    entry = seal(machine.state)
    record = entry.record

    assert isinstance(record, Seal)
    assert (record.outcome, record.reason, record.state) == ("completed", "", machine.state.digest)
    assert [item.ref for item in entry.blobs] == [record.result]
    assert msgspec.json.decode(entry.blobs[0].content)["value"] == {"n": 1}


def test_failed_calls_make_the_run_partial() -> None:
    """An answer that rests on failed calls is partial, and the reason is their code."""
    machine = Machine({"log": LOG})
    program = 'x = extract_over_chunks(chunk(log, size=1, by="lines"), "{chunk}", on_error="null")\nfinal(x)'
    machine.turn(program, lambda prompt: Failed("timeout") if "ERROR" in prompt else "ok")

    assert conclusion(machine.state) == ("partial", "calls_failed")


def test_a_host_may_set_the_outcome() -> None:
    """The seal takes another outcome and reason if the host gives them."""
    record = seal(Machine({"log": LOG}).state, "refused", "policy").record

    assert isinstance(record, Seal)
    assert (record.outcome, record.reason) == ("refused", "policy")


def test_a_later_turn_withdraws_the_answer() -> None:
    """Only the last turn's answer counts: going on after `final` withdraws it."""
    machine = Machine({"log": LOG})
    machine.turn("final(1)")
    machine.turn("x = 2")

    assert machine.state.answer is None


def test_a_cost_limit_needs_prices() -> None:
    """A cost limit with a model of unknown price is refused before the run begins."""
    settings = Settings(limits=Limits(cost_nano=1), roles={"sub": Role(model="m", input_price=1)})

    with pytest.raises(SettingsError, match="price of m"):
        begin({}, settings, KEY)


def test_the_run_key_changes_refs_only() -> None:
    """Another key gives other refs and another run id, but the same observations and values."""
    blobs = MemoryBlobs()
    settings = Settings()
    ends = []
    for key in (KEY, RunKey(b"another key of a run")):
        begun = begin({"log": make_input(blobs, LOG)}, settings, key)
        end = advance(begun.state, parse_program('x = search(log, "ERROR")'), blobs)
        assert isinstance(end, Done)
        ends.append(end)

    assert ends[0].observation == ends[1].observation
    assert ends[0].state.digest != ends[1].state.digest
