"""What a controller was asked, on which call, and what it said, follows from the rest of the trace. (S11)"""

from pathlib import Path

import msgspec
import pytest

import rlmlite
from rlmlite.cli.commands.traces.replaying.recheck import Recheck
from rlmlite_kernel.program.problems import Problem, Unparsed
from rlmlite_kernel.program.recorded import encode_reading
from rlmlite_kernel.records.records import Entry, Genesis, Question, Spoken, Turn
from rlmlite_traces import CheckedTrace, Replayed, TraceBrokenError, Verdict, replay, verify
from tests.guard.verifying.nested_runs import KEY, LOG, counted
from tests.traces.forge.folders import new_blob, salted_as, with_record
from tests.traces.replays.forging import Change, forge

REPLIES = (
    'hits = search(log, "ERROR")\nshow(count(hits))',
    "I think it is ten.",
    "n = count(hits)\nfinal(n, evidence=hits)",
)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> CheckedTrace:
    """A question, answered in three turns of a controller."""
    place = tmp_path_factory.mktemp("honest") / "run.rlm"
    rlmlite.run("How many errors?", {"log": LOG}, controller=counted(*REPLIES), trace=place, run_key=KEY)
    return verify(place)


def checked(trace: CheckedTrace) -> Replayed:
    """The replay with prompts rendered and replies read again, as the command does it."""
    return replay(trace, controller_check=Recheck())


def test_an_honest_run_is_reproduced(honest: CheckedTrace) -> None:
    """Every prompt has the recorded commitment, every reply gives the recorded program."""
    found = checked(honest)

    assert (found.verdict, found.difference, found.unchecked) == (Verdict.REPRODUCED, None, {})
    assert found.controller_checked


def spoken(number: int, **fields: object) -> Change:
    """Other fields in a controller's call."""

    def change(entries: list[Entry]) -> list[Entry]:
        at = [seq for seq, entry in enumerate(entries) if isinstance(entry.record, Turn) and entry.record.call][number]
        record = entries[at].record
        assert isinstance(record, Turn)
        assert record.call is not None
        call = msgspec.structs.replace(record.call, **fields)
        return with_record(entries, at, msgspec.structs.replace(record, call=call))

    return change


def turned(number: int, **fields: object) -> Change:
    """Other fields in a turn of the controller."""

    def change(entries: list[Entry]) -> list[Entry]:
        at = [seq for seq, entry in enumerate(entries) if isinstance(entry.record, Turn) and entry.record.call][number]
        return with_record(entries, at, msgspec.structs.replace(entries[at].record, **fields))

    return change


def reading(number: int, content: bytes, **fields: object) -> Change:
    """Another reading of a reply: what stands in its blob."""
    other = new_blob(content)

    def change(entries: list[Entry]) -> list[Entry]:
        names = {name: other.ref if value is True else value for name, value in fields.items()}
        changed = turned(number, **names)(entries)
        return with_record(changed, 0, changed[0].record, other)

    return change


REFUSAL = encode_reading(Unparsed(REPLIES[0], (Problem("not_permitted", "no", None),)), REPLIES[0])

LIES: dict[str, tuple[Change, str]] = {
    "the prompt": (spoken(0, prompt="0" * 64), "call.prompt"),
    "the second prompt": (spoken(1, prompt="0" * 64), "call.prompt"),
    "the prompt's length": (spoken(0, prompt_bytes=1), "call.prompt_bytes"),
    "the model": (spoken(0, model="better:model"), "call.model"),
    "no model": (spoken(0, model=""), "call.model"),
    "the role": (spoken(0, role="sub"), "call.role"),
    "a role that nobody plays": (spoken(0, role="controller_2"), "call.role"),
    "the output tokens": (spoken(1, max_output_tokens=1), "call.max_output_tokens"),
    "the origin": (turned(0, origin="host"), "origin"),
    "an origin of its own": (turned(0, origin="oracle"), "origin"),
    "no call": (turned(0, call=None), "state"),
    "another charge": (turned(0, used={"turns": 1}), "used.cost_nano"),
    "a time": (turned(0, clock_ms=1), "clock_ms"),
    "a refusal of a program": (reading(0, REFUSAL, ast=None, diagnostics=True), "diagnostics"),
    "another program": (reading(0, b'[[[[["call","note",[["lit","x"]],[]],null]]],[0,5],null]', ast=True), "ast"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_about_the_controller_is_found(honest: CheckedTrace, name: str) -> None:
    """It is found in the turn where it was told, and named by its field."""
    change, field = LIES[name]

    found = checked(forge(honest, change))

    assert found.verdict is Verdict.FORGED
    assert found.difference is not None
    assert found.difference.field == field


@pytest.mark.parametrize("label", ["instructions", "card"])
def test_other_words_are_not_reproduced_in_silence(honest: CheckedTrace, label: str) -> None:
    """A prompt of another version cannot be made again: then it is said so, and the replay does not pass."""
    found = checked(forge(honest, relabelled(honest, label)))

    assert found.verdict is Verdict.UNVERIFIABLE
    assert "another version" in found.unchecked["prompts"]


def relabelled(trace: CheckedTrace, label: str) -> Change:
    """Another digest in the scope, in the genesis and in the settings that it follows from."""
    digest = trace.genesis.scope[label]
    content = trace.content(trace.genesis.settings).replace(digest.encode(), b"0" * 64)
    # Under the same salt, so that what was committed to under the settings' salt stays as it is.
    other = salted_as(trace, trace.genesis.settings, content)
    scope = {**trace.genesis.scope, label: "0" * 64}

    def change(entries: list[Entry]) -> list[Entry]:
        record = entries[0].record
        assert isinstance(record, Genesis)
        return with_record(entries, 0, msgspec.structs.replace(record, settings=other.ref, scope=scope), other)

    return change


def test_another_grammar_is_not_reproduced_in_silence(honest: CheckedTrace) -> None:
    """With the grammar's digest edited no reply is read again, so nobody knows whether the texts are the programs."""

    def change(entries: list[Entry]) -> list[Entry]:
        return with_record(entries, 0, msgspec.structs.replace(entries[0].record, grammar="0" * 64))

    found = checked(forge(honest, change))

    assert found.verdict is Verdict.UNVERIFIABLE
    assert "grammar" in found.unchecked["replies"]


@pytest.mark.parametrize("reply", ["final(99)", "n = count(hits)\n\nfinal(n, evidence=hits)", ""])
def test_another_reply_is_found(honest: CheckedTrace, reply: str) -> None:
    """The text that people are shown must be what was executed."""
    other = new_blob(reply.encode())

    def change(entries: list[Entry]) -> list[Entry]:
        changed = turned(2, reply=other.ref)(entries)
        return with_record(changed, 0, changed[0].record, other)

    assert checked(forge(honest, change)).verdict is Verdict.FORGED


def test_a_question_of_another_text_is_found(honest: CheckedTrace) -> None:
    """The question stands in every prompt."""
    other = new_blob(b"How many warnings?")

    def change(entries: list[Entry]) -> list[Entry]:
        at = next(seq for seq, entry in enumerate(entries) if isinstance(entry.record, Question))
        return with_record(entries, at, msgspec.structs.replace(entries[at].record, text=other.ref), other)

    assert checked(forge(honest, change)).verdict is Verdict.FORGED


@pytest.mark.parametrize(
    "call",
    [
        {"usage": (-1, 1, None)},
        {"usage": (1, 1, -1)},
        {"error": "timeout"},
        {"prompt_bytes": -1},
    ],
    ids=str,
)
def test_an_impossible_call_does_not_verify(honest: CheckedTrace, call: dict[str, object]) -> None:
    """A call used no less than nothing, and has a reply or an error."""
    with pytest.raises(TraceBrokenError, match=r"usage|call-result"):
        forge(honest, spoken(0, **call))


def test_an_answer_of_a_type_is_checked_with_its_type(tmp_path: Path) -> None:
    """The question's record has the schema, so that the prompts can be made again; without it they differ."""
    place = tmp_path / "typed.rlm"
    rlmlite.run(
        "How many?",
        {"log": LOG},
        controller=counted('final(count(search(log, "ERROR")))'),
        answer_type=int,
        trace=place,
    )
    trace = verify(place)
    question = trace.records[1]
    assert isinstance(question, Question)
    assert question.form is not None
    assert trace.content(question.form) == b'{"type":"integer"}'
    assert checked(trace).verdict is Verdict.REPRODUCED

    other = new_blob(b'{"type":"string"}')

    def change(entries: list[Entry]) -> list[Entry]:
        return with_record(entries, 1, msgspec.structs.replace(question, form=other.ref), other)

    assert checked(forge(trace, change)).verdict is Verdict.FORGED


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_prompts_that_say_more_are_made_again(tmp_path: Path, patience: int) -> None:
    """A controller that is told that it is stuck, or that this is its last turn, had one of a few prompts."""
    place = tmp_path / "stuck.rlm"
    rlmlite.run(
        "How many?",
        {"log": LOG},
        controller=counted(*["x = nothing"] * 9, "final(1)"),
        patience=patience,
        limits=rlmlite.Limits(turns=5),
        trace=place,
    )

    found = checked(verify(place))
    assert (found.verdict, found.difference) == (Verdict.REPRODUCED, None)


def test_spoken_fields_are_all_looked_at() -> None:
    """A new field of a controller's call needs a decision here: computed again, or taken as recorded."""
    as_recorded = {"usage", "cached", "error", "sampling"}
    computed = {"role", "model", "prompt", "prompt_bytes", "max_output_tokens", "detail"}

    assert set(Spoken.__struct_fields__) == as_recorded | computed
