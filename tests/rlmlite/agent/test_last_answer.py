"""The last answer: when turns or tokens end, what is left is enough to answer, and nothing else."""

import pytest

from rlmlite import Limits, Scripted
from rlmlite_kernel import Answered, Request, Usage
from tests.rlmlite.agent.questions import ANSWER, LOOK, ask


def test_the_last_turn_is_for_an_answer() -> None:
    """When turns run out, only `final` is permitted, and the answer is labelled partial."""
    prompts: list[str] = []

    def controller(text: str, _: Request) -> str:
        prompts.append(text)
        return "final(count(hits))" if "This is the last turn" in text else LOOK

    outcome = ask(controller=Scripted(controller), limits=Limits(turns=4))

    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "last_answer", 10)
    assert "Only 2 turns are left" in prompts[1]


def test_anything_else_in_the_last_turn_is_refused() -> None:
    """Even a model call inside `final` is refused, and the run ends without an answer."""
    for last in (LOOK, 'final(sub_lm("?"))', "x = 1\nfinal(x)"):
        outcome = ask(LOOK, last, limits=Limits(turns=3))

        assert (outcome.status, outcome.reason, outcome.value) == ("partial", "budget", None)
        assert "only final(...) is permitted" in outcome.observation


@pytest.mark.parametrize("last_answer", [True, False])
def test_a_fan_out_leaves_what_the_last_answer_needs(last_answer: bool) -> None:
    """Sub-calls stop before they use it up; without a last answer they may use everything."""
    reserved = 8_192 + 11_000  # tokens that a controller's call reserves, with a prompt of 32 kB
    limits = Limits(tokens=4 * reserved, turns=9)
    program = 'x = extract_over_chunks(chunk(context, by="lines", size=1), "{chunk}")'
    used: list[int] = []

    def sub(_text: str, request: Request) -> Answered:
        used.append(1)
        return Answered("fine", Usage(200, 824))

    def controller(text: str, _request: Request) -> Answered:
        return Answered("final(1)" if "the last turn" in text else program, Usage(4_000, 100))

    outcome = ask(controller=Scripted(controller), sub=Scripted(sub), limits=limits, last_answer=last_answer)

    assert outcome.status == "partial"
    assert outcome.value == (1 if last_answer else None)
    charged = sum(outcome.budget["tokens"][part] or 0 for part in ("used", "reserved"))
    assert 0 < charged <= limits.tokens  # type: ignore[operator]
    assert used


def test_the_last_answer_can_be_switched_off() -> None:
    """The last turn is then like any other."""
    assert ask(LOOK, ANSWER, limits=Limits(turns=3), last_answer=False).status == "completed"
    outcome = ask(LOOK, "x = 1", limits=Limits(turns=3), last_answer=False)
    assert (outcome.status, outcome.reason) == ("partial", "budget")


def test_tokens_that_run_out_leave_a_last_answer() -> None:
    """The last call that can be paid for is for the answer, and no call is made after it."""
    usage = Usage(input_tokens=3_000, output_tokens=10)
    seen: list[bool] = []

    def controller(text: str, _: Request) -> Answered:
        seen.append("This is the last turn" in text)
        return Answered("final(1)" if seen[-1] else f"x{len(seen)} = {len(seen)}", usage)

    outcome = ask(controller=Scripted(controller), limits=Limits(tokens=30_000))

    assert (outcome.status, outcome.reason, outcome.value) == ("partial", "last_answer", 1)
    assert seen == [False, False, False, True] or seen[-1]
    assert 0 < sum(outcome.budget["tokens"][part] or 0 for part in ("used", "reserved")) <= 30_000


def test_no_call_is_made_that_no_budget_covers() -> None:
    """That holds for the first call too."""
    outcome = ask("final(1)", limits=Limits(tokens=100))

    assert (outcome.status, outcome.reason) == ("partial", "budget")
    assert outcome.usage["calls"] == 0


@pytest.mark.parametrize("turns", [0, 1])
def test_without_turns_there_is_no_answer(turns: int) -> None:
    """A budget of no turns is an outcome, not an exception."""
    assert ask("final(1)", limits=Limits(turns=turns)).reason == "budget"
