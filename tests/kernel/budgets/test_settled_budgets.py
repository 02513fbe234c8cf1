"""Tokens and cost: reserved before a call, settled after it; what does not fit waits or is not asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import (
    Answered,
    Failed,
    Limits,
    Result,
    Suspended,
    Usage,
    advance,
    conclusion,
    resume,
)
from tests.kernel.budgets.limited_runs import FAN_OUT, PRICED, is_within_limits, run_with_limits
from tests.kernel.machine import ROLE, Machine, parse_program
from tests.sizes import scale


def known(tokens: int) -> Result:
    """An answer whose usage is known."""
    return Answered("ok", Usage(tokens, 0, tokens))


@pytest.mark.parametrize("name", ["tokens", "cost_nano"])
@pytest.mark.parametrize(("limit", "calls"), [(38, 2), (39, 3), (40, 3)])
def test_settled_budgets_reserve_before_the_calls(name: str, limit: int, calls: int) -> None:
    """3 + 4 + 2 tokens of prompts and 3 x 10 of answers are reserved; calls that do not fit wait."""
    machine = run_with_limits(**{name: limit})
    now = advance(machine.state, parse_program(FAN_OUT), machine.blobs)

    assert isinstance(now, Suspended)
    assert len(now.requests) == calls


@pytest.mark.parametrize("name", ["tokens", "cost_nano"])
@pytest.mark.parametrize(("limit", "calls"), [(14, 1), (15, 3), (16, 3)])
def test_settled_budgets_release_what_was_not_used(name: str, limit: int, calls: int) -> None:
    """What a call did not use is left for the next: 13 are reserved and 1 used, then 14 are needed."""
    machine = run_with_limits(**{name: limit})
    machine.turn(FAN_OUT, lambda prompt: known(1))

    assert machine.waves == [1] * calls


@pytest.mark.parametrize("name", ["tokens", "cost_nano"])
def test_calls_go_out_in_the_order_of_their_index(name: str) -> None:
    """Each prefix is as long as the budget allows, until all calls are made."""
    machine = Machine({}, limits=Limits(**{name: 30}), role=PRICED)
    prompts = [str(n) for n in range(10)]
    machine.turn(f'seen = extract_over_chunks({prompts!r}, "{{value}}")'.replace("'", '"'), lambda prompt: known(1))

    assert machine.prompts == prompts
    assert machine.waves == [2] * 5
    assert machine.state.used[name] == 10


@pytest.mark.parametrize("name", ["tokens", "cost_nano"])
@pytest.mark.parametrize("kind", [Answered("ok"), Failed("timeout"), Answered("ok", Usage(5, None))])
def test_unknown_usage_counts_as_reserved(name: str, kind: Result) -> None:
    """A call of unknown usage is charged its whole reservation, never nothing."""
    machine = Machine({}, limits=Limits(**{name: 25}), role=PRICED)
    machine.turn('seen = extract_over_chunks(["a", "b", "c"], "{value}", min_ok=0)', lambda prompt: kind)

    assert machine.state.used[name] == 22
    assert machine.waves == [2]


def test_a_cached_answer_uses_no_tokens() -> None:
    """A cached answer costs the run none of its tokens."""
    machine = Machine({}, limits=Limits(tokens=100), role=PRICED)
    machine.turn('a = sub_lm("q")', lambda prompt: Answered("ok", Usage(7, 3, 0), cached=True))

    assert machine.state.used["tokens"] == 0


def test_calls_that_were_not_made_are_counted() -> None:
    """The observation, the record and the outcome say how many of n are missing; the answers that came stay."""
    machine = Machine({}, limits=Limits(tokens=25), role=PRICED)
    seen = machine.turn('seen = extract_over_chunks(["a", "b", "c"], "{value}", min_ok=0)\nrest = seen.failed')

    assert "1 of 3 calls were not made" in seen
    assert machine.value("seen") == ["1 characters", "1 characters", None]
    assert machine.value("rest") == [{"index": 2, "error": "budget"}]
    assert "budget" in machine.state.partial
    assert [line.index for line in machine.entries[-2].effects] == [0, 1]


def test_a_call_that_cannot_be_made_fails_its_step() -> None:
    """`sub_lm` without the tokens for it fails; the run goes on and ends partial."""
    machine = Machine({}, limits=Limits(tokens=10), role=PRICED)
    machine.turn('a = sub_lm("q")\nb = 1\nfinal(b)')

    assert machine.steps()[0].status == "failed"
    assert machine.prompts == []
    assert conclusion(machine.state) == ("partial", "budget")


def test_an_overrun_is_recorded_and_reported() -> None:
    """Usage beyond the reservation is in the record and in the observation."""
    machine = Machine({}, limits=Limits(tokens=25), role=PRICED)
    seen = machine.turn('a = sub_lm("q")', lambda prompt: known(15))

    assert machine.steps()[0].used["overrun"] == 4
    assert "4 tokens more than were reserved" in seen


@pytest.mark.parametrize("name", ["tokens", "cost_nano"])
def test_an_overrun_stops_later_calls(name: str) -> None:
    """Once more than the limit is used, no call goes out, in this fan-out or later."""
    machine = Machine({}, limits=Limits(**{name: 25}), role=PRICED)
    machine.turn('a = extract_over_chunks(["a", "b", "c", "d"], "{value}")', lambda prompt: known(20))
    machine.turn('b = sub_lm("q")')

    assert machine.prompts == ["a", "b"]
    assert machine.state.used[name] == 40


def test_many_prefixes_need_no_recursion() -> None:
    """A fan-out that goes out one call at a time, 1,500 times, ends as well as one that goes out at once."""
    machine = Machine({"log": "a\n" * 1_500}, limits=Limits(tokens=100, sub_calls=5_000))
    machine.turn('x = extract_over_chunks(chunk(log, by="lines", size=1), "{chunk}")', lambda prompt: known(0))

    assert len(machine.waves) > 1_400
    assert machine.codes() == ["", ""]


def test_reservations_of_two_fan_outs_do_not_add_up_past_the_limit() -> None:
    """Statements reserve in their order: the second fan-out gets only what the first leaves."""
    machine = Machine({}, limits=Limits(tokens=33), role=PRICED)
    program = 'a = extract_over_chunks(["a", "b"], "{value}")\nb = extract_over_chunks(["c", "d"], "{value}")'
    now = advance(machine.state, parse_program(program), machine.blobs)
    assert isinstance(now, Suspended)

    assert len(now.requests) == 3


def test_a_fan_out_that_could_not_begin_waits_for_what_comes_back() -> None:
    """It gets the tokens that the first fan-out reserved and did not use."""
    machine = Machine({}, limits=Limits(tokens=22), role=PRICED)
    program = 'a = extract_over_chunks(["a", "b"], "{value}")\nb = extract_over_chunks(["c", "d"], "{value}")'
    machine.turn(program, lambda prompt: known(1))

    assert machine.value("b") == ["ok", "ok"]


@settings(max_examples=scale(60))
@given(
    st.integers(0, 120),
    st.lists(st.one_of(st.none(), st.integers(0, 11)), min_size=8, max_size=8),
    st.sampled_from(["tokens", "cost_nano"]),
)
def test_no_settled_budget_is_exceeded_without_an_overrun(limit: int, usages: list[int | None], name: str) -> None:
    """If each call keeps within its reservation, the run keeps within its limit."""
    machine = Machine({}, limits=Limits(**{name: limit}), role=PRICED)
    program = (
        'a = extract_over_chunks(["0", "1", "2", "3"], "{value}", min_ok=0)\n'
        'b = extract_over_chunks(["4", "5"], "{value}", min_ok=0)\nc = sub_lm("6")\nd = sub_lm("7")'
    )

    def reply(prompt: str) -> Result:
        used = usages[int(prompt)]
        return Answered("ok") if used is None else known(used)

    machine.turn(program, reply)

    assert is_within_limits(machine.state)
    assert machine.state.used.get(name, 0) == sum(
        11 if usages[int(prompt)] is None else usages[int(prompt)] or 0 for prompt in machine.prompts
    )


def test_a_state_reached_by_resume_is_charged_once() -> None:
    """Resuming twice from one suspension does not charge the run twice."""
    machine = Machine({}, limits=Limits(tokens=100), role=ROLE)
    now = advance(machine.state, parse_program('a = sub_lm("q")'), machine.blobs)
    assert isinstance(now, Suspended)
    ends = [resume(now, [known(3)], machine.blobs) for _ in range(3)]

    assert {end.state.used["tokens"] for end in ends if not isinstance(end, Suspended)} == {3}


def test_a_cached_answer_costs_nothing() -> None:
    """An answer from a cache is charged neither tokens nor cost, though its usage is not reported."""
    machine = Machine({}, role=PRICED)
    machine.turn('a = sub_lm("q")', lambda prompt: Answered("ok", cached=True))

    assert (machine.state.used["tokens"], machine.state.used["cost_nano"]) == (0, 0)
