"""The price of a program before it runs: a range per resource, in closed form from known sizes.

A step whose inputs exist is priced exactly; one that waits for an earlier result has a worst case, or none known.
"""

import msgspec

from rlmlite_kernel.actions.calls.reduce import calls_to_merge
from rlmlite_kernel.actions.calls.row_batches import ROUNDS
from rlmlite_kernel.evaluation.context import TaintedValue
from rlmlite_kernel.program.ast import Expr, Lit, Parsed, Var
from rlmlite_kernel.program.binding import PLAIN
from rlmlite_kernel.program.checker import Scope, check
from rlmlite_kernel.program.lowering import Planned, lower, names_read
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.records.settings import Role
from rlmlite_kernel.run.state import State
from rlmlite_kernel.values.values import Rows, Text, Value


class Range(msgspec.Struct, frozen=True):
    """From `low` to `high`; `None` is no bound that is known before the program runs."""

    low: int
    high: int | None

    def plus(self, other: "Range") -> "Range":
        """The range of both together."""
        high = None if self.high is None or other.high is None else self.high + other.high
        return Range(self.low + other.low, high)


class Price(msgspec.Struct, frozen=True):
    """What a program will use: per resource, and per step that uses anything, in words.

    `refused` names a resource whose lower bound passes what is left. `problems` are what a check found.
    """

    total: dict[str, Range]
    steps: tuple[tuple[str, dict[str, Range]], ...]
    refused: tuple[str, ...]
    problems: tuple[Problem, ...]


class _Shape(msgspec.Struct, frozen=True):
    """What is known of a value's size: rows or items, and bytes of text."""

    rows: Range
    size: Range


_UNKNOWN = _Shape(Range(0, None), Range(0, None))


def price(state: State, parsed: Parsed) -> Price:
    """The price of a program in a state. Nothing runs."""
    run = state.run
    problems = check(parsed, Scope(frozenset(state.variables), run.inputs, run.table, state.settings.policy))
    shapes = {name: _shape_of(variable.data) for name, variable in state.variables.items()}
    steps: list[tuple[str, dict[str, Range]]] = []
    total: dict[str, Range] = {"steps": Range(0, 0)}
    for planned in lower(parsed.program, run.table, problems):
        if planned.problems:
            continue
        uses = _uses(planned, shapes, state)
        if planned.target is not None:
            shapes[planned.target] = _result(planned, shapes, state)
        for name, used in uses.items():
            total[name] = total.get(name, Range(0, 0)).plus(used)
        if len(uses) > 1:
            steps.append((f"{planned.target or planned.op}: {planned.op}", uses))
    refused = tuple(name for name, used in total.items() if name in _LIMITED and used.low > state.left(name))
    return Price(total, tuple(steps), refused, tuple(problem for each in problems.values() for problem in each))


_LIMITED = ("steps", "sub_calls", "tool_calls", "output_tokens", "prompt_bytes", "chunks")
"""Resources whose lower bound is compared with what is left."""


def _shape_of(held: TaintedValue) -> _Shape:
    value: Value = held.value
    if isinstance(value, Text | str):
        size = len(value)
        return _Shape(Range(1, 1), Range(size, size))
    if isinstance(value, Rows):
        text = value.spans
        size = int((text.stops - text.starts).clip(0).sum()) if text is not None and len(text) else 0
        return _Shape(Range(len(value), len(value)), Range(size, size))
    count = len(value) if isinstance(value, list | dict) else 1
    return _Shape(Range(count, count), Range(0, None))


def _uses(planned: Planned, shapes: dict[str, _Shape], state: State) -> dict[str, Range]:
    """What one step uses."""
    uses = {"steps": Range(1, 1)}
    first = _first(planned, shapes, state)
    match planned.op:
        case "search" | "count_matches" | "parse_lines" | "rank" | "patterns":
            uses["search_work"] = Range(first.size.low, None)
        case "chunk":
            uses["chunks"] = _chunks(planned, first)
        case "sub_lm":
            uses.update(_calls(Range(1, 1), Range(0, None), _role(planned, state)))
        case "extract_over_chunks":
            uses.update(_calls(first.rows, first.size, _role(planned, state)))
        case "classify" | "extract_over_rows":
            calls = _batches(first.rows, planned, "batch", 20)
            uses.update(
                _calls(Range(calls.low, calls.high and calls.high * ROUNDS), Range(0, None), _role(planned, state))
            )
        case "reduce":
            fan_in = _whole_number(planned, "fan_in", 8)
            high = None if first.rows.high is None else calls_to_merge(first.rows.high, fan_in)
            uses.update(
                _calls(Range(calls_to_merge(first.rows.low, fan_in), high), Range(0, None), _role(planned, state))
            )
        case "sub_rlm":
            uses.update(
                {name: Range(0, max(0, state.left(name))) for name in ("sub_calls", "prompt_bytes", "output_tokens")}
            )
        case _ if planned.op == "tool_call" or planned.op in state.settings.tools:
            uses["tool_calls"] = Range(1, 1)
    return uses


def _whole_number(planned: Planned, name: str, default: int) -> int:
    """An argument that the program spells out, else the least that it can be."""
    given = planned.bound.given.get(name)
    if given is None:
        return default
    return given.v if isinstance(given, Lit) and isinstance(given.v, int) and given.v > 1 else 2


def _batches(rows: Range, planned: Planned, name: str, default: int) -> Range:
    """How many batches rows make."""
    size = _whole_number(planned, name, default)
    return Range(-(-rows.low // size), None if rows.high is None else -(-rows.high // size))


def _calls(count: Range, text: Range, role: Role | None) -> dict[str, Range]:
    answer = role.max_output_tokens if role is not None else 0
    high = None if count.high is None else count.high * answer
    return {"sub_calls": count, "prompt_bytes": Range(text.low, None), "output_tokens": Range(count.low * answer, high)}


def _chunks(planned: Planned, target: _Shape) -> Range:
    """How many chunks: exact for bytes of one text, at most one a line or paragraph otherwise."""
    size, by = planned.bound.given.get("size"), planned.bound.given.get("by")
    unit = by.v if isinstance(by, Lit) else "bytes" if by is None else ""
    if unit == "files":
        return target.rows
    wanted = (
        size.v if isinstance(size, Lit) and isinstance(size.v, int) and size.v > 0 else 8_000 if size is None else 0
    )
    if unit == "bytes" and wanted and "overlap" not in planned.bound.given and target.size.high is not None:
        low = -(-target.size.low // wanted)
        return Range(low, low if target.rows == Range(1, 1) else low + (target.rows.high or 0))
    return Range(0, target.size.high)


def _result(planned: Planned, shapes: dict[str, _Shape], state: State) -> _Shape:
    """What is known of what a step makes."""
    first = _first(planned, shapes, state)
    most = Range(0, first.rows.high)
    match planned.op:
        case "chunk":
            return _Shape(_chunks(planned, first), first.size)
        case "where" | "distinct" | "count_by" | "group" | "paths":
            return _Shape(most, Range(0, first.size.high))
        case "map" | "extend" | "sort" | "extract_over_chunks" | "classify" | "extract_over_rows":
            return _Shape(first.rows, first.size)
        case "top":
            k = planned.bound.given.get("k")
            count = k.v if isinstance(k, Lit) and isinstance(k.v, int) else 1
            high = count if first.rows.high is None else min(count, first.rows.high)
            return _Shape(Range(min(count, first.rows.low), high), Range(0, first.size.high))
        case "search" | "parse_lines" | "patterns":
            return _Shape(Range(0, first.size.high), Range(0, first.size.high))
        case "rank":
            limit = planned.bound.given.get("limit")
            return _Shape(
                Range(0, limit.v if isinstance(limit, Lit) and isinstance(limit.v, int) else None), _UNKNOWN.size
            )
        case "around":
            return _Shape(first.rows, Range(first.size.low, None))
        case "write_var":
            value = planned.bound.given.get("value")
            return first if isinstance(value, Var) else _Shape(Range(0, first.rows.high), Range(0, first.size.high))
    return _UNKNOWN


def _first(planned: Planned, shapes: dict[str, _Shape], state: State) -> _Shape:
    """What is known of a step's first argument: of the variable that it is, or of the one that it is a part of."""
    node = next(iter(planned.bound.given.values()), None)
    if planned.op == "write_var":
        node = planned.bound.given.get("value")
    if node is None:
        return _UNKNOWN
    if isinstance(node, Var):
        return shapes.get(node.name, _UNKNOWN)
    return _part(node, shapes, state)


def _part(node: Expr, shapes: dict[str, _Shape], state: State) -> _Shape:
    names = set(names_read(node, PLAIN, state.run.table))
    known = [shapes[name] for name in names if name in shapes]
    if len(known) != 1:
        return _UNKNOWN
    text = known[0].rows == Range(1, 1)  # a text has at most as many lines or pieces as bytes
    return _Shape(Range(0, known[0].size.high if text else known[0].rows.high), Range(0, known[0].size.high))


def _role(planned: Planned, state: State) -> Role | None:
    node = planned.bound.given.get("role")
    name = node.v if isinstance(node, Lit) else "sub"
    return state.settings.roles.get(name) if isinstance(name, str) else None
