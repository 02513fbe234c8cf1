"""Budgets that are charged before anything is done: just below, at and just above each limit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import (
    Limits,
    SettingsError,
    TurnsSpentError,
    conclusion,
)
from tests.kernel.budgets.limited_runs import FAN_OUT, LOG, PRICED, is_within_limits, run_with_limits
from tests.kernel.machine import Machine
from tests.sizes import scale

HARD = {
    "steps": (1 + 3, "a = 1\nb = 2\nc = 3", "budget"),
    "sub_calls": (3, FAN_OUT, "budget"),
    "prompt_bytes": (3 + 4 + 2, FAN_OUT, "budget"),
    "call_prompt_bytes": (4, f'{FAN_OUT[:-1]}, on_error="fail")', "budget"),
    "output_tokens": (3 * 10, FAN_OUT, "budget"),
    "value_bytes": (24 + 17 + 18, 'a = "ten bytes!"', "too_large"),
    "variables": (2 + 2, "a = 1\nb = 2", "budget"),
    "chunks": (3, 'a = chunk(log, size=1, by="lines")', "budget"),
}
"""Resource: what the whole run needs of it, the program, the code when there is one less."""


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("more", [0, 1])
def test_a_program_within_its_limits_runs(name: str, more: int) -> None:
    """At the limit and one above it, every step succeeds."""
    need, program, _ = HARD[name]
    machine = run_with_limits(**{name: need + more})
    machine.turn(program)

    assert set(machine.codes()) == {""}
    assert is_within_limits(machine.state)


@pytest.mark.parametrize("name", HARD)
def test_one_below_the_limit_stops_the_step(name: str) -> None:
    """The last step fails with its code; the steps and variables before it stay, and the limit holds."""
    need, program, code = HARD[name]
    machine = run_with_limits(**{name: need - 1})
    machine.turn(program)
    *before, last = machine.codes()

    assert last == code
    assert set(before) <= {""}
    assert machine.value("kept") == "kept"
    assert is_within_limits(machine.state)


@pytest.mark.parametrize("name", HARD)
def test_the_refusal_names_the_numbers(name: str) -> None:
    """The observation has the amount that was needed or the limit."""
    need, program, _ = HARD[name]
    machine = run_with_limits(**{name: need - 1})
    seen = machine.turn(program)

    assert any(str(number) in seen for number in (need, need - 1))


@pytest.mark.parametrize("name", ["sub_calls", "prompt_bytes", "call_prompt_bytes", "output_tokens"])
def test_a_fan_out_that_does_not_fit_calls_nothing(name: str) -> None:
    """It is refused before any call goes out, and is charged only for its step."""
    need, program, _ = HARD[name]
    machine = run_with_limits(**{name: need - 1})
    machine.turn(program)

    assert machine.prompts == []
    assert machine.steps()[-1].used == {"steps": 1}


def test_the_refusal_of_a_fan_out_shows_the_arithmetic() -> None:
    """It shows chunks times calls against what is left, and says what to do."""
    seen = run_with_limits(sub_calls=2).turn(FAN_OUT)

    assert "3 chunks x 1 call > 2 sub_calls left" in seen
    assert "larger chunks" in seen


@pytest.mark.parametrize(("turns", "outcome"), [(1, "refused"), (2, "ran"), (3, "ran")])
def test_a_turn_beyond_the_limit_is_refused(turns: int, outcome: str) -> None:
    """The turn after the last raises, and changes nothing."""
    machine = run_with_limits(turns=turns)
    digest = machine.state.digest
    if outcome == "refused":
        with pytest.raises(TurnsSpentError):
            machine.turn("a = 1")
        assert machine.state.digest == digest
    else:
        machine.turn("a = 1")
        assert machine.value("a") == 1
    assert is_within_limits(machine.state)


@pytest.mark.parametrize(("more", "cut"), [(0, True), (1, False), (2, False)])
def test_an_observation_is_cut_at_its_limit(more: int, cut: bool) -> None:
    """One that just fits, newline included, stays whole; with one byte less it is cut, and the cut is counted."""
    program = 'word = "' + "é" * 30 + '"'
    whole = run_with_limits().turn(program)
    limit = len(whole.encode()) + more
    machine = run_with_limits(observation_bytes=limit)
    seen = machine.turn(program)

    assert len(seen.encode()) <= limit
    assert (seen != whole) is cut
    assert (machine.steps()[-1].observation.cut > 0) is cut


def _work() -> int:
    machine = run_with_limits()
    machine.turn('hits = search(log, "e")')
    return machine.state.used["search_work"]


@pytest.mark.parametrize(("less", "whole"), [(-1, False), (0, True), (1, True)])
def test_a_search_that_runs_out_of_work_is_partial(less: int, whole: bool) -> None:
    """It names the bytes that are unseen, keeps its hits, and makes the run partial."""
    machine = run_with_limits(search_work=_work() + less)
    seen = machine.turn('hits = search(log, "e")\nfinal(count(hits))')

    assert ("are unseen" in seen) is not whole
    assert conclusion(machine.state) == (("completed", "") if whole else ("partial", "search_work"))
    assert machine.codes() == ["", "", ""]
    assert is_within_limits(machine.state)


def test_unread_lines_are_not_unmatched() -> None:
    """When `parse_lines` runs out of work, it does not list unread lines as unmatched."""
    text = "7 ann\n" * 50
    machine = Machine({"log": text}, limits=Limits(search_work=40))
    machine.turn("rows = parse_lines(log, /(?<n>\\d) (?<who>\\w+)/)\nrest = rows.unmatched")

    assert machine.state.partial == ("search_work",)
    assert machine.value("rest") == []


def test_a_quote_that_was_not_searched_everywhere_is_reported() -> None:
    """If there is not enough work to look a quote up, the run is partial; the quote is not called false."""
    machine = Machine({"log": "x\n" * 500 + "the quote\n"}, limits=Limits(search_work=100))
    seen = machine.turn('final("yes", evidence="the quote")')

    assert conclusion(machine.state) == ("partial", "search_work")
    assert "search_work" in seen


@pytest.mark.parametrize("expression", ["log + log", "[log, log]", 'replace(log, "a", "aaaa")', "str([log, log])"])
def test_growth_ends_at_the_limit(expression: str) -> None:
    """A text that doubles every turn stops at `value_bytes`, and its last value stays."""
    machine = Machine({"log": "abcé" * 8}, limits=Limits(value_bytes=2_000))
    machine.turn("x = str(log)")
    for _ in range(12):
        machine.turn(f"x = {expression.replace('log', 'x')}")

        assert is_within_limits(machine.state)
    assert machine.codes() == ["too_large"]
    assert machine.value("x")


def test_an_answer_is_charged_in_full() -> None:
    """`final` of a reference builds the whole text, so the text is charged before that."""
    machine = Machine({"log": "x" * 5_000}, limits=Limits(value_bytes=2_000))
    machine.turn("final(log)")

    assert machine.codes() == ["too_large"]
    assert machine.state.answer is None


def test_prompts_that_are_too_long_become_null() -> None:
    """With `on_error="null"` the other calls go out; those that did not are counted, and the run is partial."""
    machine = run_with_limits(call_prompt_bytes=3)
    seen = machine.turn(f'{FAN_OUT[:-1]}, on_error="null")\nfailed = seen.failed')

    assert machine.prompts == ["aa?", "c?"]
    assert machine.value("seen") == ["3 characters", None, "2 characters"]
    assert machine.value("failed") == [{"index": 1, "error": "too_long"}]
    assert "1 prompts are longer than call_prompt_bytes 3" in seen
    assert "too_long" in machine.state.partial


@settings(max_examples=scale(60))
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

        assert is_within_limits(machine.state)


def test_inputs_that_pass_value_bytes_are_refused_at_begin() -> None:
    """A run that would be over its limit before it begins does not begin."""
    with pytest.raises(SettingsError, match="the inputs need"):
        Machine({"log": LOG}, limits=Limits(value_bytes=1), role=PRICED)
