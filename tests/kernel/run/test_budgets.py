"""Every budget just below, at and just above its limit: nothing passes it, and nothing is lost by it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import (
    Answered,
    Failed,
    Limits,
    Result,
    Role,
    SettingsError,
    Suspended,
    TurnsSpentError,
    Usage,
    advance,
    conclusion,
    resume,
)
from rlmlite_kernel.run.state import State
from tests.kernel.machine import ROLE, Machine, parsed

LOG = "one\nERROR two\nthree\n"
EARLIER = 'kept = "kept"'
FAN_OUT = 'seen = extract_over_chunks(["aa", "bbb", "c"], "{value}?")'
PRICED = Role(
    model="scripted:x", max_output_tokens=10, bytes_per_1000_tokens=1_000, input_price=1_000, output_price=1_000
)
"""A token a byte, a nano-dollar a token, ten tokens at most in an answer."""


def limited(**limits: int) -> Machine:
    """A run with one variable that was there before."""
    machine = Machine({"log": LOG}, limits=Limits(**limits), role=PRICED)
    machine.turn(EARLIER)
    return machine


def within(state: State) -> bool:
    """Whether nothing that has a limit is over it."""
    limits = msgspec.structs.asdict(state.settings.limits)
    counted = {**state.used, "variables": len(state.variables)}
    return all(limits[name] is None or counted.get(name, 0) <= limits[name] for name in limits)


HARD = {
    "steps": (1 + 3, "a = 1\nb = 2\nc = 3", "budget"),
    "sub_calls": (3, FAN_OUT, "budget"),
    "prompt_bytes": (3 + 4 + 2, FAN_OUT, "budget"),
    "call_prompt_bytes": (4, f'{FAN_OUT[:-1]}, on_error="fail")', "budget"),
    "output_tokens": (3 * 10, FAN_OUT, "budget"),
    "value_bytes": (24 + 4 + 10, 'a = "ten bytes!"', "too_large"),
    "variables": (2 + 2, "a = 1\nb = 2", "budget"),
    "chunks": (3, 'a = chunk(log, size=1, by="lines")', "budget"),
}
"""Resource: what the whole run needs of it, the program, the code when there is one less."""


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("more", [0, 1])
def test_what_fits_runs(name: str, more: int) -> None:
    """At the limit and one above it every step succeeds."""
    need, program, _ = HARD[name]
    machine = limited(**{name: need + more})
    machine.turn(program)

    assert set(machine.codes()) == {""}
    assert within(machine.state)


@pytest.mark.parametrize("name", HARD)
def test_one_below_stops_the_step_that_passes_it(name: str) -> None:
    """The last step fails with its code; what was there and what had run stays; the limit holds."""
    need, program, code = HARD[name]
    machine = limited(**{name: need - 1})
    machine.turn(program)
    *before, last = machine.codes()

    assert last == code
    assert set(before) <= {""}
    assert machine.value("kept") == "kept"
    assert within(machine.state)


@pytest.mark.parametrize("name", HARD)
def test_the_refusal_says_the_numbers(name: str) -> None:
    """What was needed or what the limit is stands in the observation."""
    need, program, _ = HARD[name]
    machine = limited(**{name: need - 1})
    seen = machine.turn(program)

    assert any(str(number) in seen for number in (need, need - 1))


@pytest.mark.parametrize("name", ["sub_calls", "prompt_bytes", "call_prompt_bytes", "output_tokens"])
def test_a_fan_out_that_does_not_fit_asks_nothing(name: str) -> None:
    """It is refused before any call goes out, and charges nothing but its step."""
    need, program, _ = HARD[name]
    machine = limited(**{name: need - 1})
    machine.turn(program)

    assert machine.prompts == []
    assert machine.steps()[-1].used == {"steps": 1}


def test_the_refusal_of_a_fan_out_shows_the_arithmetic() -> None:
    """With what to do."""
    seen = limited(sub_calls=2).turn(FAN_OUT)

    assert "3 chunks x 1 call > 2 sub_calls left" in seen
    assert "larger chunks" in seen


@pytest.mark.parametrize(("turns", "outcome"), [(1, "refused"), (2, "ran"), (3, "ran")])
def test_turns(turns: int, outcome: str) -> None:
    """The turn after the last is refused; nothing changes by that."""
    machine = limited(turns=turns)
    digest = machine.state.digest
    if outcome == "refused":
        with pytest.raises(TurnsSpentError):
            machine.turn("a = 1")
        assert machine.state.digest == digest
    else:
        machine.turn("a = 1")
        assert machine.value("a") == 1
    assert within(machine.state)


@pytest.mark.parametrize(("more", "cut"), [(0, True), (1, False), (2, False)])
def test_observation_bytes(more: int, cut: bool) -> None:
    """An observation that has just room, a newline included, stands whole; one byte less cuts and counts it."""
    program = 'word = "' + "é" * 30 + '"'
    whole = limited().turn(program)
    limit = len(whole.encode()) + more
    machine = limited(observation_bytes=limit)
    seen = machine.turn(program)

    assert len(seen.encode()) <= limit
    assert (seen != whole) is cut
    assert (machine.steps()[-1].observation.cut > 0) is cut


def _work() -> int:
    machine = limited()
    machine.turn('hits = search(log, "e")')
    return machine.state.used["search_work"]


@pytest.mark.parametrize(("less", "whole"), [(-1, False), (0, True), (1, True)])
def test_search_work(less: int, whole: bool) -> None:
    """A search that runs out says which bytes are unseen, keeps its hits, and makes the run partial."""
    machine = limited(search_work=_work() + less)
    seen = machine.turn('hits = search(log, "e")\nfinal(count(hits))')

    assert ("are unseen" in seen) is not whole
    assert conclusion(machine.state) == (("completed", "") if whole else ("partial", "search_work"))
    assert machine.codes() == ["", "", ""]
    assert within(machine.state)


def test_lines_that_were_not_looked_at_are_not_unmatched() -> None:
    """`parse_lines` that runs out of work does not say of unseen lines that they lack the form."""
    text = "7 ann\n" * 50
    machine = Machine({"log": text}, limits=Limits(search_work=40))
    machine.turn("rows = parse_lines(log, /(?<n>\\d) (?<who>\\w+)/)\nrest = rows.unmatched")

    assert machine.state.partial == ("search_work",)
    assert machine.value("rest") == []


def test_a_quote_that_was_not_looked_for_everywhere_is_said() -> None:
    """Evidence that could not be looked up for lack of work makes the run partial, not the quote false in silence."""
    machine = Machine({"log": "x\n" * 500 + "the quote\n"}, limits=Limits(search_work=100))
    seen = machine.turn('final("yes", evidence="the quote")')

    assert conclusion(machine.state) == ("partial", "search_work")
    assert "search_work" in seen


@pytest.mark.parametrize("expression", ["log + log", "[log, log]", 'replace(log, "a", "aaaa")', "str([log, log])"])
def test_growth_ends_at_the_limit(expression: str) -> None:
    """A text that doubles turn by turn stops at `value_bytes`; the version before stays."""
    machine = Machine({"log": "abcé" * 8}, limits=Limits(value_bytes=2_000))
    machine.turn("x = str(log)")
    for _ in range(12):
        machine.turn(f"x = {expression.replace('log', 'x')}")

        assert within(machine.state)
    assert machine.codes() == ["too_large"]
    assert machine.value("x")


def test_an_answer_counts_whole() -> None:
    """`final` of a text by reference builds the text, and so is charged for it before."""
    machine = Machine({"log": "x" * 5_000}, limits=Limits(value_bytes=2_000))
    machine.turn("final(log)")

    assert machine.codes() == ["too_large"]
    assert machine.state.answer is None


def test_prompts_that_are_too_long_leave_their_place_empty() -> None:
    """With `on_error="null"` the others go out, and that some did not is said and makes the run partial."""
    machine = limited(call_prompt_bytes=3)
    seen = machine.turn(f'{FAN_OUT[:-1]}, on_error="null")\nfailed = seen.failed')

    assert machine.prompts == ["aa?", "c?"]
    assert machine.value("seen") == ["3 characters", None, "2 characters"]
    assert machine.value("failed") == [{"index": 1, "error": "too_long"}]
    assert "1 prompts are longer than call_prompt_bytes 3" in seen
    assert "too_long" in machine.state.partial


def known(tokens: int) -> Result:
    """An answer whose usage is known."""
    return Answered("ok", Usage(tokens, 0, tokens))


@pytest.mark.parametrize("name", ["tokens", "cost_nano"])
@pytest.mark.parametrize(("limit", "calls"), [(38, 2), (39, 3), (40, 3)])
def test_settled_budgets_reserve_before(name: str, limit: int, calls: int) -> None:
    """3 + 4 + 2 tokens of prompts and 3 x 10 of answers are reserved; what does not fit waits."""
    machine = limited(**{name: limit})
    now = advance(machine.state, parsed(FAN_OUT), machine.blobs)

    assert isinstance(now, Suspended)
    assert len(now.requests) == calls


@pytest.mark.parametrize("name", ["tokens", "cost_nano"])
@pytest.mark.parametrize(("limit", "calls"), [(14, 1), (15, 3), (16, 3)])
def test_settled_budgets_count_what_was_used_after(name: str, limit: int, calls: int) -> None:
    """What a call did not use goes to the next: 13 are reserved and 1 used, then 14 are needed."""
    machine = limited(**{name: limit})
    machine.turn(FAN_OUT, lambda prompt: known(1))

    assert machine.waves == [1] * calls


@pytest.mark.parametrize("name", ["tokens", "cost_nano"])
def test_prefixes_go_out_in_the_order_of_their_index(name: str) -> None:
    """Each as long as what is left, until all are made."""
    machine = Machine({}, limits=Limits(**{name: 30}), role=PRICED)
    prompts = [str(n) for n in range(10)]
    machine.turn(f'seen = extract_over_chunks({prompts!r}, "{{value}}")'.replace("'", '"'), lambda prompt: known(1))

    assert machine.prompts == prompts
    assert machine.waves == [2] * 5
    assert machine.state.used[name] == 10


@pytest.mark.parametrize("name", ["tokens", "cost_nano"])
@pytest.mark.parametrize("kind", [Answered("ok"), Failed("timeout"), Answered("ok", Usage(5, None))])
def test_unknown_usage_counts_as_reserved(name: str, kind: Result) -> None:
    """Never as nothing."""
    machine = Machine({}, limits=Limits(**{name: 25}), role=PRICED)
    machine.turn('seen = extract_over_chunks(["a", "b", "c"], "{value}", min_ok=0)', lambda prompt: kind)

    assert machine.state.used[name] == 22
    assert machine.waves == [2]


def test_what_came_from_a_cache_used_no_tokens() -> None:
    """A cached answer costs the run nothing of its tokens."""
    machine = Machine({}, limits=Limits(tokens=100), role=PRICED)
    machine.turn('a = sub_lm("q")', lambda prompt: Answered("ok", Usage(7, 3, 0), cached=True))

    assert machine.state.used["tokens"] == 0


def test_calls_that_were_not_made_are_said() -> None:
    """k of n, in the observation, in the record and in the outcome; the answers there are stay."""
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


def test_an_overrun_is_recorded_and_said() -> None:
    """What a provider reports beyond the reservation is in the record and the observation."""
    machine = Machine({}, limits=Limits(tokens=25), role=PRICED)
    seen = machine.turn('a = sub_lm("q")', lambda prompt: known(15))

    assert machine.steps()[0].used["overrun"] == 4
    assert "4 tokens more than were reserved" in seen


@pytest.mark.parametrize("name", ["tokens", "cost_nano"])
def test_an_overrun_stops_what_comes_after(name: str) -> None:
    """No call goes out once more than the limit is used, in this fan-out or later."""
    machine = Machine({}, limits=Limits(**{name: 25}), role=PRICED)
    machine.turn('a = extract_over_chunks(["a", "b", "c", "d"], "{value}")', lambda prompt: known(20))
    machine.turn('b = sub_lm("q")')

    assert machine.prompts == ["a", "b"]
    assert machine.state.used[name] == 40


def test_many_prefixes_are_no_depth() -> None:
    """A fan-out that goes out one call at a time, 1,500 times over, ends as well as one that goes out at once."""
    machine = Machine({"log": "a\n" * 1_500}, limits=Limits(tokens=100, sub_calls=5_000))
    machine.turn('x = extract_over_chunks(chunk(log, by="lines", size=1), "{chunk}")', lambda prompt: known(0))

    assert len(machine.waves) > 1_400
    assert machine.codes() == ["", ""]


def test_reservations_of_two_fan_outs_do_not_add_up_past_the_limit() -> None:
    """Statements reserve in their order: what the first holds, the second does not get."""
    machine = Machine({}, limits=Limits(tokens=33), role=PRICED)
    program = 'a = extract_over_chunks(["a", "b"], "{value}")\nb = extract_over_chunks(["c", "d"], "{value}")'
    now = advance(machine.state, parsed(program), machine.blobs)
    assert isinstance(now, Suspended)

    assert len(now.requests) == 3


def test_a_fan_out_that_could_not_begin_waits_for_what_comes_back() -> None:
    """Tokens that the first statement's calls hold and do not use are there for the second's."""
    machine = Machine({}, limits=Limits(tokens=22), role=PRICED)
    program = 'a = extract_over_chunks(["a", "b"], "{value}")\nb = extract_over_chunks(["c", "d"], "{value}")'
    machine.turn(program, lambda prompt: known(1))

    assert machine.value("b") == ["ok", "ok"]


@settings(max_examples=60)
@given(
    st.integers(0, 120),
    st.lists(st.one_of(st.none(), st.integers(0, 11)), min_size=8, max_size=8),
    st.sampled_from(["tokens", "cost_nano"]),
)
def test_no_settled_budget_is_passed_without_an_overrun(limit: int, usages: list[int | None], name: str) -> None:
    """Whatever calls use, if each keeps within its reservation, the run keeps within its limit."""
    machine = Machine({}, limits=Limits(**{name: limit}), role=PRICED)
    program = (
        'a = extract_over_chunks(["0", "1", "2", "3"], "{value}", min_ok=0)\n'
        'b = extract_over_chunks(["4", "5"], "{value}", min_ok=0)\nc = sub_lm("6")\nd = sub_lm("7")'
    )

    def reply(prompt: str) -> Result:
        used = usages[int(prompt)]
        return Answered("ok") if used is None else known(used)

    machine.turn(program, reply)

    assert within(machine.state)
    assert machine.state.used.get(name, 0) == sum(
        11 if usages[int(prompt)] is None else usages[int(prompt)] or 0 for prompt in machine.prompts
    )


@settings(max_examples=60)
@given(st.fixed_dictionaries({}, optional={name: st.integers(0, need + 2) for name, (need, _, _) in HARD.items()}))
def test_no_hard_budget_is_passed(limits: dict[str, int]) -> None:
    """Whatever the limits are, a run of all kinds of steps stays within them, from the first state to the last."""
    defaults = Limits(**{"value_bytes": 10_000, **limits})
    try:
        machine = Machine({"log": LOG}, limits=defaults, role=PRICED)
    except SettingsError:
        return  # the inputs alone are too large, which is refused before anything runs
    for _, program, _ in HARD.values():
        machine.turn(program)

        assert within(machine.state)


def test_inputs_that_pass_value_bytes_are_refused_at_begin() -> None:
    """A run that would be over its limit before it begins does not begin."""
    with pytest.raises(SettingsError, match="the inputs need"):
        Machine({"log": LOG}, limits=Limits(value_bytes=1), role=PRICED)


def test_a_state_reached_by_resume_is_charged_once() -> None:
    """Resuming twice from one suspension does not charge the run twice."""
    machine = Machine({}, limits=Limits(tokens=100), role=ROLE)
    now = advance(machine.state, parsed('a = sub_lm("q")'), machine.blobs)
    assert isinstance(now, Suspended)
    ends = [resume(now, [known(3)], machine.blobs) for _ in range(3)]

    assert {end.state.used["tokens"] for end in ends if not isinstance(end, Suspended)} == {3}


def test_a_cached_answer_costs_nothing() -> None:
    """An answer from a cache is charged neither tokens nor cost, though its usage is not reported."""
    machine = Machine({}, role=PRICED)
    machine.turn('a = sub_lm("q")', lambda prompt: Answered("ok", cached=True))

    assert (machine.state.used["tokens"], machine.state.used["cost_nano"]) == (0, 0)
