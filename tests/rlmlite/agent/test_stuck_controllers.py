"""Controllers that repeat themselves, bring nothing new or do not answer: they are told, then replaced or stopped."""

import pytest

import rlmlite
from rlmlite import Scripted
from rlmlite_kernel import Failed, Request
from tests.rlmlite.agent.questions import ANSWER, LOG, LOOK, ask


def test_a_controller_that_repeats_itself_is_warned_then_stopped() -> None:
    """The same program with the same observation brings a warning, and then the end."""
    prompts: list[str] = []

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return LOOK

    outcome = ask(controller=Scripted(controller))

    assert (outcome.status, outcome.reason) == ("partial", "stuck")
    assert len(prompts) == 3
    assert "you wrote this program before" in prompts[2]
    assert "you wrote this program before" not in prompts[1]


def test_a_controller_that_heeds_the_warning_goes_on() -> None:
    """The warning alone ends nothing."""
    assert ask(LOOK, LOOK, ANSWER).status == "completed"


def test_the_next_controller_takes_over() -> None:
    """It has the same variables and a role of its own in the trace."""
    outcome = ask(controller=[Scripted([LOOK] * 9), Scripted([ANSWER], "scripted:second")])

    assert (outcome.status, outcome.value) == ("completed", 10)
    assert outcome.usage["calls"] == 4


def test_turns_without_news_are_stuck() -> None:
    """Different programs that bring nothing new count as stuck."""
    outcome = ask(*(f"note('{n}')" for n in range(40)), patience=2)

    assert (outcome.status, outcome.reason) == ("partial", "stuck")
    assert outcome.usage["calls"] == 5


def test_the_next_controller_replaces_one_that_does_not_answer() -> None:
    """Without another one the run fails, with a valid trace and its charges."""
    assert ask(controller=[Scripted([Failed("timeout")]), Scripted([LOOK, ANSWER])]).value == 10
    outcome = ask(LOOK)

    assert (outcome.status, outcome.reason) == ("failed", "controller")
    assert outcome.observation == "scripted: did not answer: unavailable"


def test_a_controller_is_required() -> None:
    """Without one there is nobody to ask."""
    with pytest.raises(rlmlite.ModelError, match="no controller"):
        rlmlite.run("?", LOG)
