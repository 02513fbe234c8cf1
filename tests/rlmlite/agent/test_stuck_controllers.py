"""Controllers that repeat themselves, bring nothing new or do not answer: they are told, then replaced or stopped."""

import pytest

import rlmlite
from rlmlite import Scripted
from rlmlite_kernel import Failed, Request
from tests.rlmlite.agent.questions import ANSWER, LOG, LOOK, ask


def test_a_controller_that_repeats_itself_is_told_then_stopped() -> None:
    """The same program and the same observation: a signal, then the end."""
    prompts: list[str] = []

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return LOOK

    outcome = ask(controller=Scripted(controller))

    assert (outcome.status, outcome.reason) == ("partial", "stuck")
    assert len(prompts) == 3
    assert "you wrote this program before" in prompts[2]
    assert "you wrote this program before" not in prompts[1]


def test_a_controller_that_mends_its_ways_goes_on() -> None:
    """The signal alone ends nothing."""
    assert ask(LOOK, LOOK, ANSWER).status == "completed"


def test_the_next_controller_takes_over() -> None:
    """With the same variables and its own role in the trace."""
    outcome = ask(controller=[Scripted([LOOK] * 9), Scripted([ANSWER], "scripted:second")])

    assert (outcome.status, outcome.value) == ("completed", 10)
    assert outcome.usage["calls"] == 4


def test_turns_without_news_are_stuck() -> None:
    """Different programs that bring nothing new."""
    outcome = ask(*(f"note('{n}')" for n in range(40)), patience=2)

    assert (outcome.status, outcome.reason) == ("partial", "stuck")
    assert outcome.usage["calls"] == 5


def test_a_controller_that_does_not_answer() -> None:
    """The next one is asked; without one the run fails, with a valid trace and what was charged."""
    assert ask(controller=[Scripted([Failed("timeout")]), Scripted([LOOK, ANSWER])]).value == 10
    outcome = ask(LOOK)

    assert (outcome.status, outcome.reason) == ("failed", "controller")
    assert outcome.observation == "scripted: did not answer: unavailable"


def test_without_a_controller() -> None:
    """There is nobody to ask."""
    with pytest.raises(rlmlite.ModelError, match="no controller"):
        rlmlite.run("?", LOG)
