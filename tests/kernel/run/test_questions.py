"""A question is a record of its own, and a variable that programs find."""

import pytest

from rlmlite_kernel import Limits, RoomSpentError, ask
from rlmlite_kernel.evaluation.taint import CONTROLLER
from rlmlite_kernel.records.records import Question
from tests.kernel.machine import Machine


def test_a_question_takes_no_turn_and_no_step() -> None:
    """It is one record with the text as a blob; budgets of turns and steps stay as they are."""
    machine = Machine({"log": "a\nb\n"})
    asked = ask(machine.state, "How many?")
    (entry,) = asked.entries

    assert isinstance(entry.record, Question)
    assert [item.content for item in entry.blobs] == [b"How many?"]
    assert (asked.state.turn, asked.state.step) == (0, 0)
    assert {name: asked.state.left(name) for name in ("turns", "steps")} == {"turns": 30, "steps": 2_000}
    assert entry.record.state == asked.state.digest != machine.state.digest


def test_programs_find_the_question() -> None:
    """Under the name that the host chose, as the host's own words, not as data."""
    machine = Machine({"question": "an input"})
    machine.done = ask(machine.state, "Where is it?", "the_question")

    assert machine.of("upper(the_question)") == "WHERE IS IT?"
    assert machine.state.variables["the_question"].data.origins == CONTROLLER
    assert not machine.state.exposed


def test_a_question_replaces_the_one_before_and_the_answer() -> None:
    """The answer to an earlier question does not answer the new one."""
    machine = Machine({"log": "a\n"})
    machine.done = ask(machine.state, "First?")
    machine.turn("final(1)")
    answered = machine.state

    machine.done = ask(answered, "Second?")

    assert (answered.answer is None, machine.state.answer) == (False, None)
    assert machine.value("question") == "Second?"


def test_half_a_character_is_spelled_out() -> None:
    """What no UTF-8 holds is written down so that it can be replayed."""
    asked = ask(Machine({}).state, "odd \ud800 end")

    assert asked.entries[0].blobs[0].content == b"odd \\ud800 end"


@pytest.mark.parametrize("limits", [Limits(value_bytes=40), Limits(variables=1)])
def test_a_question_without_room_changes_nothing(limits: Limits) -> None:
    """It is refused with the arithmetic, before anything is recorded."""
    machine = Machine({"log": "a\n"}, limits=limits)
    before = machine.state.digest

    with pytest.raises(RoomSpentError, match=r"needs \d+ (value_bytes|variables) in all, the limit is \d+"):
        ask(machine.state, "x" * 100)

    assert machine.state.digest == before
