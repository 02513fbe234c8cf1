"""Turns without calls: one record for the turn and one for each step, chained from state to state."""

import msgspec
import pytest

from rlmlite_grammar import parse
from rlmlite_kernel import (
    Done,
    Limits,
    Parsed,
    Problem,
    Program,
    Spoken,
    TurnsSpentError,
    Unparsed,
    advance,
)
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.records import Genesis, Step, Turn
from rlmlite_kernel.records.refs import blob
from rlmlite_kernel.testing.play.turns import KEY
from tests.kernel.machine import LOG, Machine, parse_program

UNREADABLE = Unparsed("I would look for errors.", (Problem("syntax", "no program here"),))


def test_a_turn_without_calls_is_done_at_once() -> None:
    """No call, no suspension: one turn record, then one step record for each action."""
    machine = Machine({"log": LOG})
    now = machine.advance('hits = search(log, "ERROR")\nn = count(hits)')

    assert isinstance(now, Done)
    assert [type(entry.record) for entry in now.entries] == [Turn, Step, Step]


def test_the_turn_record_names_the_origin_and_the_text() -> None:
    """Reply, program and AST are refs to blobs that lie beside the record."""
    machine = Machine({"log": LOG})
    text = "n = count(log)"
    call = Spoken(
        role="controller",
        model="m",
        prompt=machine.state.commit("?"),
        prompt_bytes=1,
        max_output_tokens=9,
        usage=(10, 2, None),
    )
    now = advance(
        machine.state, parse_program(text), machine.blobs, reply=f"Sure: {text}", origin="controller", call=call
    )
    record, blobs = now.entries[0].record, {item.ref: item.content for item in now.entries[0].blobs}

    assert isinstance(record, Turn)
    assert (record.turn, record.origin, record.call, record.diagnostics) == (1, "controller", call, None)
    assert record.used == {"turns": 1, "tokens": 12}
    assert record.reply is not None
    assert record.ast is not None
    assert blobs[record.reply] == f"Sure: {text}".encode()
    assert record.program is None
    assert msgspec.json.decode(blobs[record.ast])[1:] == [list(parse_program(text).at), text]
    assert decode_reading(record, blobs.__getitem__) == parse_program(text)


def test_a_step_record_says_what_was_read_written_and_used() -> None:
    """The record of one action has its reads and writes by ref, its charges, and its place in program and run."""
    machine = Machine({"log": LOG})
    machine.turn('hits = search(log, "ERROR")')
    (step,) = machine.steps()
    variables = machine.state.variables

    assert (step.op, step.turn, step.step, step.statement) == ("search", 1, 1, 0)
    assert (step.status, step.code, step.effects) == ("ok", "", None)
    assert step.reads == ("log",)
    assert [(w.name, w.kind, w.ref) for w in step.writes] == [("hits", "hits", variables["hits"].ref)]
    assert step.used["steps"] == 1
    assert step.used["search_work"] > 0
    assert step.coverage["log"][2] == len(LOG)


def test_the_observation_in_the_record_is_what_was_shown() -> None:
    """The ref and the size of a step's observation are those of the text that went back."""
    machine = Machine({"log": LOG})
    shown = machine.turn('hits = search(log, "ERROR")')
    (step,) = machine.steps()
    kept = {item.ref: item.content for item in machine.entries[-1].blobs}

    assert step.observation.ref is not None
    assert kept[step.observation.ref] == shown.encode()
    assert step.observation.size == len(shown.encode())


def test_digests_chain_through_turns_and_steps() -> None:
    """Each record begins in the state in which the one before ended, over turns, suspensions and failures."""
    machine = Machine({"log": LOG})
    for program in ("a = count(log)\nb = nope", 'c = sub_lm("q")\nd = count(log)', 'forget("a")', "final(d)"):
        machine.turn(program)
    states = [entry.record.state for entry in machine.entries if isinstance(entry.record, Genesis | Turn | Step)]

    assert len(states) == len(machine.entries)
    assert states[-1] == machine.state.digest
    assert len(set(states)) > 5


def test_step_numbers_run_through() -> None:
    """Steps are counted over the whole run, those that failed or were skipped included."""
    machine = Machine({"log": LOG})
    for program in ("a = nope\nb = a\nc = 1", "d = count(sort([2, 1]))"):
        machine.turn(program)
    numbers = [entry.record.step for entry in machine.entries if isinstance(entry.record, Step)]

    assert numbers == list(range(1, 6))
    assert machine.state.step == 5


def test_prose_costs_one_turn_and_nothing_else() -> None:
    """A reply without a program leaves variables, coverage, steps and notes as they were."""
    machine = Machine({"log": LOG})
    before = machine.state
    now = advance(before, UNREADABLE, machine.blobs)
    assert isinstance(now, Done)
    after = now.state

    assert after.left("turns") == before.left("turns") - 1
    assert (after.variables, after.coverage, after.step, after.notes) == (
        before.variables,
        before.coverage,
        before.step,
        before.notes,
    )
    assert {name: n for name, n in after.used.items() if name != "turns"} == dict(before.used)


def test_prose_is_answered_with_its_diagnostics() -> None:
    """The observation says what was wrong, and the turn record holds the diagnostics in place of an AST."""
    machine = Machine({"log": LOG})
    now = advance(machine.state, UNREADABLE, machine.blobs)
    record = now.entries[0].record

    assert isinstance(now, Done)
    assert "no program here" in now.observation
    assert isinstance(record, Turn)
    assert record.ast is None
    assert record.diagnostics is not None
    assert len(now.entries) == 1


def test_no_turn_left_raises_and_changes_nothing() -> None:
    """`advance` after the last turn raises, for a program and for prose alike."""
    machine = Machine({"log": LOG}, limits=Limits(turns=1))
    machine.turn("a = 1")
    digest = machine.state.digest
    for said in (parse_program("b = 2"), UNREADABLE):
        with pytest.raises(TurnsSpentError):
            advance(machine.state, said, machine.blobs)

    assert machine.state.digest == digest


def test_blobs_carry_the_salt_that_makes_their_ref() -> None:
    """Every blob of a run can be checked on its own."""
    machine = Machine({"log": LOG})
    machine.turn('x = sub_lm("q {log}")\nfinal(x)')
    for entry in machine.entries:
        for item in entry.blobs:
            assert blob(KEY, item.content) == item


def test_an_empty_program_is_a_turn_with_no_step() -> None:
    """A program without statements, which a host can build, costs its turn."""
    machine = Machine({"log": LOG})
    now = advance(machine.state, Parsed(Program(())), machine.blobs)

    assert isinstance(now, Done)
    assert (len(now.entries), now.observation, now.state.turn) == (1, "", 1)


def test_a_reply_with_half_a_surrogate_pair_is_refused_in_words() -> None:
    """JSON can hold half a surrogate pair and UTF-8 cannot: the message spells it out."""
    machine = Machine({"log": LOG})
    done = advance(machine.state, parse('x = "\udcef"'), machine.blobs)

    assert isinstance(done, Done)
    assert "\\udcef" in done.observation
