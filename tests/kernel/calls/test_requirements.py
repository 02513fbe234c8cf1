"""require: nothing after it runs unless its condition is true, and its author's words say why."""

import pytest

from tests.kernel.machine import Machine, echo

TEXT = "ann\nbob\n"


@pytest.mark.parametrize("cond", ["true", "count(h) == 1", "h[0].line == 1 and not false"])
def test_what_holds_lets_the_program_go_on(cond: str) -> None:
    """And is true itself."""
    run = Machine({"text": TEXT})
    run.turn(f'h = search(text, "ann")\nok = require({cond}, "no ann")\nfinal(ok)')

    assert run.state.answer is not None
    assert run.state.answer.value is True


@pytest.mark.parametrize("cond", ["false", "null", "count(h) > 1", "h[3].line == 1"])
def test_what_does_not_hold_ends_the_program(cond: str) -> None:
    """Nothing after it runs, whether it depends on it or not; what came before it stays."""
    run = Machine({"text": TEXT})
    shown = run.turn(f'h = search(text, "ann")\nrequire({cond}, "no second ann")\nx = 1\nfinal(1)')

    assert run.state.answer is None
    assert run.codes()[-3:] == ["required", "depends", "depends"]
    assert "not so: no second ann" in shown
    assert "h" in run.state.variables
    assert "x" not in run.state.variables
    assert run.state.failures[0] == "required"


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ('require(1, "one")\nfinal(1)', "type"),
        ('require("yes", "a text")\nfinal(1)', "type"),
        ('x = json_parse("{")\nrequire(x.ok, "not ok")\nfinal(1)', "depends"),
        ('require(nope > 1, "unknown")\nfinal(1)', "unknown_name"),
        ("require(true)\nfinal(1)", "arguments"),
        ("require(true, str(text))\nfinal(1)", "type"),
        ("require(true, 3)\nfinal(1)", "type"),
    ],
)
def test_a_requirement_that_cannot_be_looked_at_does_not_hold(program: str, code: str) -> None:
    """A slip in it must not let an answer through; its reason is in its author's words alone."""
    run = Machine({"text": TEXT})
    run.turn(program)

    assert code in run.codes()
    assert run.state.answer is None


def test_calls_wait_for_a_requirement_before_them() -> None:
    """None goes out that it should have kept back, and those before it are answered first."""
    run = Machine({"text": TEXT})
    run.turn('a = sub_lm("{text}?")\nrequire(a == "no", "the answer is no")\nb = sub_lm("{text}!")', echo)

    assert run.waves == [1]
    assert run.codes() == ["", "required", "depends"]


def test_the_next_turn_goes_on() -> None:
    """A requirement ends its program, and not the run."""
    run = Machine({"text": TEXT})
    run.turn('require(false, "not yet")')
    run.turn("final(2)")

    assert run.state.answer is not None
    assert run.state.answer.value == 2


def test_an_older_run_has_none() -> None:
    """There it was an unknown action, and what came after it ran."""
    run = Machine({"text": TEXT}, flags=range(1, 18))
    run.turn('require(false, "no")\nfinal(1)')

    assert run.codes() == ["unknown_action", ""]
