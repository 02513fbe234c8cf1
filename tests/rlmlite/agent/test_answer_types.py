"""Answers of a type: a mismatch goes back to the controller, and no value is bent to fit."""

import datetime

import pydantic
import pytest

import rlmlite
from rlmlite import Limits, Scripted
from rlmlite_kernel import Request
from tests.rlmlite.agent.questions import ask


class Cause(pydantic.BaseModel):
    cause: str
    lines: list[int]


def test_an_answer_of_another_type_is_sent_back() -> None:
    """The mismatch is an observation, and in the end the value is of the type."""
    prompts: list[str] = []
    replies = ['final({cause: "disk"})', 'final({cause: "disk", lines: ["1"]})', 'final({cause: "disk", lines: [1]})']

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return replies[len(prompts) - 1]

    outcome = ask(controller=Scripted(controller), answer_type=Cause)

    assert outcome.value == Cause(cause="disk", lines=[1])
    assert outcome.status == "completed"
    assert '"properties"' in prompts[0]
    assert "lines: Field required" in prompts[1]
    assert "lines.0: Input should be a valid integer" in prompts[2]


def test_a_plain_type_converts_nothing() -> None:
    """A text that looks like a number is not one; a date is read as JSON spells it."""
    assert ask('final("0001")', "final(12)", "final(12)", answer_type=int).value == 12
    assert ask(*['final("2024-03-01")'] * 2, answer_type=datetime.date).value == datetime.date(2024, 3, 1)


def test_an_answer_that_never_fits_is_partial() -> None:
    """The value is what the controller gave, and the reason says that it does not fit."""
    outcome = ask("final(1)", "final(2)", limits=Limits(turns=3), answer_type=str)

    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "answer_type", 2)


def test_an_invalid_type_is_refused() -> None:
    """It is refused before anything begins."""
    with pytest.raises(rlmlite.SettingError, match="answer_type"):
        ask("final(1)", answer_type=object())
