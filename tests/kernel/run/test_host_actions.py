"""An action of a host cannot stop a run, give what is no value, or change a variable: each is a fault with a name."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rlmlite_kernel import ACTIONS, MemoryBlobs
from rlmlite_kernel.faults import ACTION_RAISED, ARGUMENT_CHANGED, NO_VALUE, Fault
from rlmlite_kernel.program.checks import CheckedCall, Report
from rlmlite_kernel.records.evolution import FLAGS, HOST_ACTIONS
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.run.hosts.guard import guard_host_actions
from rlmlite_kernel.run.machine import begin
from rlmlite_kernel.table import FREE, Action, Param
from rlmlite_kernel.testing.play.turns import KEY, make_input, play_turn
from rlmlite_kernel.values.columns import Cells, Ints, Spans, Text
from rlmlite_kernel.values.values import Rows
from tests.kernel.machine import Machine, parse_program

INPUTS: dict[str, object] = {"x": [[1], {"a": [2]}], "other": [3]}
BEFORE = "made = map(x, {v: .value})\nnumbers = range(3)\nsame = x"


def action(run: Callable[..., Any] | None = None, **more: Any) -> Action:
    """An action `mine` of a host."""
    row: dict[str, Any] = {"family": "ours", "params": (Param("x", "any", "any value"),), "in_rows": True}
    return Action(**{**row, "name": "mine", "run": run, "result": "a value", "help": "does it", **more})


def machine_with(run: Callable[..., Any] | None = None, **more: Any) -> Machine:
    """A run with that action, after a turn that made some rows."""
    machine = Machine(INPUTS, table=ACTIONS.extended([action(run, **more)]))
    machine.turn(BEFORE)
    return machine


def values_of(machine: Machine) -> dict[str, Any]:
    return {name: machine.value(name) for name in machine.state.variables}


def recurse(context: Any, x: Any) -> Any:
    return recurse(context, x)


def contain_itself(context: Any, x: Any) -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def raise_unknown_code(context: Any, x: Any) -> Any:
    raise Fault("of_my_own", "no such code")


def leave(context: Any, x: Any) -> Any:
    raise SystemExit(3)


RAISES = [leave, lambda c, x: 1 // 0, lambda c: None, recurse, raise_unknown_code, lambda c, x: dict[str, int]()["ann"]]


@pytest.mark.parametrize("run", RAISES)
def test_what_an_action_raises_is_a_fault(run: Callable[..., Any]) -> None:
    """It has a code, and the run goes on; the words of an exception, which may hold data, are not repeated."""
    machine = machine_with(run)
    seen = machine.turn("a = mine(x)\nb = map(other, mine(.value))\nc = count(x)")

    assert machine.codes() == [ACTION_RAISED, ACTION_RAISED, ""]
    assert "the mistake is the action's" in seen or "unknown code" in seen
    assert "ann" not in seen


NOT_VALUES = {
    "set": {1, 2},
    "tuple": (1, 2),
    "inner tuple": [1, {"a": (1,)}],
    "bytes": b"abc",
    "bytearray": bytearray(b"abc"),
    "float64": np.float64(1.5),
    "int64": np.int64(3),
    "inner str_": [np.str_("a")],
    "array": np.arange(3),
    "nan": float("nan"),
    "infinity": [float("-inf")],
    "surrogate": "\ud800",
    "surrogate key": {"\ud800": 1},
    "key": {1: 2},
    "generator": (each for each in "ab"),
    "counter": Counter("aab"),
    "object": object(),
    "digits": 10**1_000,
    "text of nothing": Text("f00d", 0, 1),
    "spans of nothing": Rows("records", {"a": Spans(("f00d",), np.zeros(1, np.int64), np.ones(1, np.int64))}, 1),
    "list as a column": Rows("records", {"a": [1]}, 1),  # type: ignore[dict-item]
    "text as a count": Rows("records", {"a": Cells([1])}, "1"),  # type: ignore[arg-type]
    "lengths": Rows("records", {"a": Cells([1, 2])}, 3),
    "cells": Rows("records", {"a": Cells([{1}])}, 1),  # type: ignore[list-item]
}


@pytest.mark.parametrize("name", NOT_VALUES)
def test_what_is_no_value_is_a_fault(name: str) -> None:
    """Whether an action returns it or holds it in a list, a record or rows."""
    machine = machine_with(lambda context, x: NOT_VALUES[name])
    seen = machine.turn("a = mine(x)\nb = map(other, mine(.value))")

    assert machine.codes() == [NO_VALUE, NO_VALUE]
    assert "0x" not in seen


@pytest.mark.parametrize(("start", "stop"), [(-1, 1), (2, 1), (0, 99)])
def test_a_text_beyond_its_content_is_a_fault(start: int, stop: int) -> None:
    """By itself, and as a row."""
    machine = machine_with(lambda context, x: Text(context.blobs.put(b"abc"), start, stop))
    machine.turn("a = mine(x)")
    assert machine.codes() == [NO_VALUE]

    def rows(context: Any, x: Any) -> Rows:
        spans = Spans((context.blobs.put(b"abc"),), np.array([start, 0]), np.array([stop, 3]))
        return Rows("records", {"a": spans}, 2)

    machine = machine_with(rows)
    machine.turn("a = mine(x)")
    is_null = start == -1  # which marks null in a column
    assert machine.codes() == ([""] if is_null else [NO_VALUE])


def test_a_value_that_contains_itself_is_a_fault() -> None:
    """And no endless loop."""
    machine = machine_with(contain_itself)
    machine.turn("a = mine(x)")

    assert machine.codes() == [NO_VALUE]


def clear_all(value: Any) -> None:
    """Change whatever is found in a value."""
    if isinstance(value, Rows):
        for column in value.columns.values():
            clear_all(column.values if isinstance(column, Cells) else None)
        value.columns.clear()  # type: ignore[attr-defined]
    elif isinstance(value, list | dict):
        for item in value if isinstance(value, list) else value.values():
            clear_all(item)
        value.clear()


CHANGES: dict[str, Callable[..., Any]] = {
    "append": lambda c, x: x.append(1),
    "inner": lambda c, x: x[0].append(1),
    "inner record": lambda c, x: x[1].update(a=1),
    "replace": lambda c, x: x.__setitem__(0, None),
    "sort": lambda c, x: x.reverse(),
    "clear": lambda c, x: clear_all(x),
    "variable": lambda c, x: c.variables["other"].value.append(1),
    "every variable": lambda c, x: [*map(clear_all, [each.value for each in c.variables.values()])],
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_argument_is_a_fault_and_no_variable_changes(name: str) -> None:
    """An action works on copies, of the variables of its context too."""
    machine = machine_with(CHANGES[name])
    before = values_of(machine)
    machine.turn("a = mine(x)")

    assert machine.codes() == [ARGUMENT_CHANGED]
    assert values_of(machine) == before


@pytest.mark.parametrize("expression", ["made", "numbers", "x", "same"])
def test_rows_cannot_be_changed(expression: str) -> None:
    """Neither their columns nor the arrays in these."""
    machine = machine_with(lambda context, x: clear_all(x))
    before = values_of(machine)
    machine.turn(f"a = mine({expression})")

    assert machine.codes() == [ARGUMENT_CHANGED]
    assert values_of(machine) == before


def test_an_array_cannot_be_written_to() -> None:
    """It is read-only, so writing to it raises."""

    def write(context: Any, x: Rows) -> None:
        column = x.columns["value"]
        assert isinstance(column, Ints)
        column.values[0] = 99

    machine = machine_with(write)
    machine.turn("a = mine(numbers)")

    assert machine.codes() == [ACTION_RAISED]
    assert machine.value("numbers") == [0, 1, 2]


def test_what_an_action_keeps_a_hold_of_does_not_change() -> None:
    """A result is copied, so one list that an action returns again and again is another value each time."""
    held: list[Any] = []

    def remember(context: Any, x: Any) -> list[Any]:
        held.append(len(held))
        return held

    machine = machine_with(remember)
    machine.turn("a = mine(x)\nb = mine(x)")

    assert (machine.value("a"), machine.value("b")) == ([0], [0, 1])


@pytest.mark.parametrize("asked", [None, [], "Ask"])
def test_an_ask_that_is_none_is_a_fault(asked: object) -> None:
    """As is whatever it raises."""
    machine = machine_with(ask=lambda context, place, **given: asked, cost=FREE, in_rows=False)
    machine.turn("a = mine(x)")
    assert machine.codes() == [NO_VALUE]

    machine = machine_with(ask=lambda context, place: asked, cost=FREE, in_rows=False)
    machine.turn("a = mine(x)")
    assert machine.codes() == [ACTION_RAISED]


def test_a_check_that_raises_is_a_problem_of_its_statement() -> None:
    """The other statements run."""

    def check(call: CheckedCall, report: Report) -> None:
        raise KeyError("nothing")

    machine = machine_with(lambda context, x: 1, checks=(check,))
    machine.turn("a = mine(x)\nb = 2")

    assert machine.codes() == [ACTION_RAISED, ""]


def test_the_kernels_own_actions_are_not_guarded() -> None:
    """A table without actions of a host is used as it is, and one with some has the kernel's own rows."""
    table = ACTIONS.extended([action(lambda context, x: x)])

    assert guard_host_actions(ACTIONS) is ACTIONS
    guarded = guard_host_actions(table)
    assert [name for name in table if guarded[name] is not table[name]] == ["mine"]
    assert guarded.digest == table.digest


def test_a_run_of_older_rules_is_not_guarded() -> None:
    """Its replay gives what it gave: a NaN had the code `type`, and an exception stopped the run."""
    flags = tuple(FLAGS.keys() - {HOST_ACTIONS})
    blobs = MemoryBlobs()
    table = ACTIONS.extended([action(lambda context, x: 1 // x if x == 0 else x if x == [1] else float("nan"))])
    state = begin({"x": make_input(blobs, [1])}, Settings(), KEY, table=table, flags=flags).state
    played = play_turn(state, parse_program("a = mine(x)\nb = mine(1)"), blobs)

    assert played.codes == ["", "type"]
    assert played.state.variables["a"].data.value is played.state.variables["x"].data.value
    with pytest.raises(ZeroDivisionError):
        play_turn(state, parse_program("a = mine(0)"), blobs)
