"""Statements by themselves and together: what stops what, what waits for what."""

import pytest

from rlmlite_kernel import Failed, Limits, Suspended
from rlmlite_kernel.records.records import Step
from tests.kernel.machine import Machine

LOG = "one\nERROR two\nthree\n"


@pytest.fixture
def machine() -> Machine:
    """A run over a short log."""
    return Machine({"log": LOG})


def test_an_unknown_name_stops_its_statement_and_what_depends_on_it(machine: Machine) -> None:
    """All other statements run."""
    machine.turn("a = nope\nb = a + 1\nc = count(log)\nd = [b, c]\ne = c + 1")

    assert [(step.status, step.code) for step in machine.steps()] == [
        ("failed", "unknown_name"),
        ("skipped", "depends"),
        ("ok", ""),
        ("skipped", "depends"),
        ("ok", ""),
    ]
    assert sorted(machine.state.variables) == ["c", "e", "log"]


def test_a_fault_while_running_stops_no_more_than_a_mistake_found_before(machine: Machine) -> None:
    """A step that fails stops the steps that depend on it, through temporaries too, and no others."""
    machine.turn('a = json_parse("no json")\nb = count(sort(a))\nc = count(log)')

    assert machine.codes() == ["json", "depends", "depends", ""]
    assert sorted(machine.state.variables) == ["c", "log"]


def test_what_was_needed_is_named(machine: Machine) -> None:
    """A skipped statement names the variable that has no value."""
    seen = machine.turn("a = nope\nb = a")

    assert "b: skipped (depends): it needs `a`" in seen


def test_an_old_value_does_not_stand_in_for_a_failed_one(machine: Machine) -> None:
    """A statement that fails to write a variable makes it unusable for the rest of the program."""
    machine.turn("a = 1")
    machine.turn('a = json_parse("no json")\nb = a\nc = sub_lm("{a}")')

    assert machine.codes() == ["json", "depends", "depends"]
    assert machine.value("a") == 1
    assert machine.prompts == []


@pytest.mark.parametrize("write", ["a = nope", 'write_var("a", nope)', 'write_var(name="a", value=json_parse("x"))'])
def test_every_way_to_write_makes_its_variable_unusable(machine: Machine, write: str) -> None:
    """A `write_var` that fails does the same as an assignment that fails, whether it was refused or ran."""
    machine.turn("a = 1")
    machine.turn(f"{write}\nb = a")

    assert machine.steps()[-1].code == "depends"
    assert "b" not in machine.state.variables


def test_an_old_value_is_there_again_in_the_next_turn(machine: Machine) -> None:
    """A failure counts only within its program."""
    machine.turn("a = 1")
    machine.turn("a = nope")
    machine.turn("b = a")

    assert machine.value("b") == 1


def test_a_variable_written_again_after_a_failure_is_usable(machine: Machine) -> None:
    """Statements below the later one see the new value."""
    machine.turn('a = json_parse("no json")\na = 2\nb = a')

    assert machine.codes() == ["json", "", ""]
    assert machine.value("b") == 2


def test_a_variable_may_be_written_again(machine: Machine) -> None:
    """Each version has its own ref; statements in between read the earlier version."""
    machine.turn("a = 1\nb = a\na = a + 1\nc = a")
    refs = [written.ref for step in machine.steps() for written in step.writes if written.name == "a"]

    assert (machine.value("b"), machine.value("c")) == (1, 2)
    assert len(set(refs)) == 2


def test_write_var_is_an_assignment(machine: Machine) -> None:
    """`write_var("x", v)` and `x = v` give the same variable, and both are known further down."""
    machine.turn('write_var("x", [1, 2])\ny = x\nz = [1, 2]')

    assert machine.value("x") == machine.value("y") == machine.value("z") == [1, 2]


def test_independent_calls_suspend_together(machine: Machine) -> None:
    """Two calls that do not depend on each other are out at the same time."""
    now = machine.advance('a = sub_lm("p")\nb = sub_lm("q")')

    assert isinstance(now, Suspended)
    assert len(now.requests) == 2


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ('b = sub_lm("{a}")', "it reads what the first writes"),
        ('a = sub_lm("q")', "it writes what the first writes"),
        ('x = sub_lm("q")', "it writes what the first reads"),
        ('b = extract_over_chunks(["u"], "{value} {a}")', "a placeholder names what the first writes"),
        ('b = sub_lm("q {v}", v=a)', "a keyword names what the first writes"),
    ],
)
def test_calls_that_touch_the_same_variable_go_one_after_the_other(machine: Machine, second: str, why: str) -> None:
    """The second call waits for the first."""
    machine.turn("x = 1")
    now = machine.advance(f'a = sub_lm("p {{x}}")\n{second}')

    assert isinstance(now, Suspended)
    assert len(now.requests) == 1, why


def test_a_step_runs_past_one_that_waits(machine: Machine) -> None:
    """An independent search runs while a call is out, though its receipt comes after that of the call."""
    now = machine.advance('a = sub_lm("p")\nb = count(log)\nc = sub_lm("n is {b}")')

    assert isinstance(now, Suspended)
    assert len(now.requests) == 2
    assert [entry for entry in now.entries if isinstance(entry.record, Step)] == []


def test_receipts_stand_in_the_order_of_statements(machine: Machine) -> None:
    """It does not matter which step finished first."""
    machine.turn('a = sub_lm("p")\nb = count(log)\nc = sub_lm("{a}")\nd = sub_lm("r")\ne = 1')

    assert [step.statement for step in machine.steps()] == [0, 1, 2, 3, 4]
    assert machine.waves == [2, 1]


def test_final_waits_for_everything_before_it(machine: Machine) -> None:
    """A barrier depends on statements that it does not read."""
    now = machine.advance('a = sub_lm("p")\nfinal(1)')

    assert isinstance(now, Suspended)
    machine.turn('a = sub_lm("p")\nfinal(1)')
    assert [step.op for step in machine.steps()] == ["sub_lm", "final"]


def test_final_runs_though_something_before_it_failed(machine: Machine) -> None:
    """It needs only the variables that it reads."""
    machine.turn('a = sub_lm("p")\nfinal(1)', lambda prompt: Failed("timeout"))

    assert machine.codes() == ["calls_failed", ""]
    assert machine.state.answer is not None


def test_nothing_passes_a_forget_that_waits(machine: Machine) -> None:
    """Statements after a barrier wait until everything before it has finished."""
    machine.turn("x = 1")
    now = machine.advance('a = sub_lm("p {x}")\nforget("x")\nb = sub_lm("q")')

    assert isinstance(now, Suspended)
    assert len(now.requests) == 1


def test_forget_drops_a_variable_and_its_bytes(machine: Machine) -> None:
    """The variable is gone for the statements after it."""
    machine.turn('x = "some text"')
    before = machine.state.used["value_bytes"]
    machine.turn('forget("x")\ny = 1')

    assert "x" not in machine.state.variables
    assert machine.state.used["value_bytes"] < before


def test_reading_what_was_forgotten_is_an_unknown_name(machine: Machine) -> None:
    """In the same program as well as in a later one."""
    machine.turn("x = 1")
    machine.turn('forget("x")\ny = x')

    assert machine.codes() == ["", "unknown_name"]


def test_temporaries_do_not_outlive_their_statement(machine: Machine) -> None:
    """They are dropped after success and after a failure, and their bytes no longer count."""
    machine.turn('a = count(sort(search(log, "e")))\nb = count(sort(json_parse("no json")))')
    used = machine.state.used["value_bytes"]

    assert sorted(machine.state.variables) == ["a", "log"]
    assert used == sum(variable.size for variable in machine.state.variables.values())


def test_temporaries_make_room_for_the_next_statement() -> None:
    """The bytes of a statement's temporaries can be used again at once."""
    whole = Machine({"log": LOG})
    whole.turn('a = count(search(log, "e"))')
    peak = max(step.writes[0].size for step in whole.steps()) + 24 + 8
    machine = Machine({"log": LOG}, limits=Limits(value_bytes=peak))
    machine.turn('a = count(search(log, "e"))\na = count(search(log, "e"))\na = count(search(log, "e"))')

    assert set(machine.codes()) == {""}


def test_a_nested_call_is_a_step_of_its_own(machine: Machine) -> None:
    """A step is exactly one action; the inner call comes before the outer."""
    machine.turn('a = count(where(search(log, "e"), .line > 1))')

    assert [step.op for step in machine.steps()] == ["search", "where", "count"]
    assert [len(step.writes) for step in machine.steps()] == [1, 1, 1]


def test_nested_calls_of_models_are_asked_together(machine: Machine) -> None:
    """Calls inside one statement are independent, unless one is an argument of the other."""
    now = machine.advance('a = [sub_lm("p"), sub_lm("q")]')

    assert isinstance(now, Suspended)
    assert len(now.requests) == 2


def test_notes_are_kept_over_turns(machine: Machine) -> None:
    """`note` writes no variable; the state keeps its text."""
    machine.turn('note("first look")')
    machine.turn('note("then count")')

    assert machine.state.notes == ("first look", "then count")
    assert sorted(machine.state.variables) == ["log"]


def test_the_answer_names_what_nobody_had_seen(machine: Machine) -> None:
    """Variables that were written in the turn of `final` were not shown to the controller before it."""
    machine.turn("a = 1")
    machine.turn("b = 2\nfinal(a + b)")

    assert machine.state.answer is not None
    assert machine.state.answer.unshown == ("b",)
