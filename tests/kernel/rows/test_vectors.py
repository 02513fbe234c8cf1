"""Whole columns give what the way row by row gives: the same values, order, ties, warnings, bytes."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.testing.examples.values import tables
from rlmlite_kernel.testing.laws.outcomes import columns_from
from tests.kernel.machine import Machine
from tests.sizes import scale


@st.composite
def numbered_tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows {a, b, i}: the fields of any table, and the number of each row."""
    return [{**row, "i": number} for number, row in enumerate(draw(tables(least=1)))]


def outcome(rows: list[dict[str, Any]], program: str, many: int) -> tuple[Any, ...]:
    """What a program leaves: each variable, and the observation of the turn."""
    with columns_from(many):
        machine = Machine({"rows": rows, "others": rows[::2]})
        seen = machine.turn("table = map(rows, {a: .a, b: .b, i: .i})\nsome = map(others, {a: .a, z: .b})\n" + program)
        kept = machine.state.variables.get("x")
        return (seen, machine.codes(), None if kept is None else (repr(machine.value("x")), kept.ref, kept.kind))


CONDITIONS = [
    *(f".a {op} .b" for op in ("==", "!=", "<", "<=", ">", ">=")),
    *(f".a {op} {value}" for op in ("==", "!=", "<", ">=") for value in ("2", "2.0", '"12"', "null", "true")),
    *(f"{value} {op} .a" for op in ("==", "<=", ">") for value in ("12", '"ab"')),
    ".a",
    "not .a",
    ".a > 1 and .b < 5",
    ".a == 1 or .b == 1",
    '.a contains "a"',
    '.a not contains ""',
    ".a in [1, 2, 12]",
    '.a not in ["12", "a"]',
    "[2, 3] contains .a",
    '.a in ["12", 2]',
    ".a in []",
    ".a matches /a/",
    ".a not matches /^a|é/",
    ".b == 1 and .a matches /[ab]$/",
    ".b == 1 or .a not matches /1|^$/",
    '.a[0:1] == "a"',
    "int(.a) > 1",
    ".missing == 1",
]


@settings(max_examples=scale(150))
@given(numbered_tables(), st.sampled_from(CONDITIONS))
@example([{"a": 2**53 + 1, "b": float(2**53), "i": 0}], ".a == .b")
@example([{"a": "a", "b": "a\0", "i": 0}], ".a == .b")
def test_conditions_are_the_same_over_columns(rows: list[dict[str, Any]], condition: str) -> None:
    """Conditions give the same over columns and row by row: null, mixed kinds, large numbers and slips included."""
    program = f"x = where(table, {condition})"

    assert outcome(rows, program, 1) == outcome(rows, program, 10**9)


EXPRESSIONS = [f".a {op} .b" for op in "+-*%"] + [
    ".a + 1",
    ".a * 9223372036854775807",
    ".a - 0.5",
    ".a % 3",
    ".a % 0",
    "7 % .a",
    "-.a",
    "int(.a)",
    ".a == 1",
    "(.a + .b) * 2 > 3",
    "{p: .a + .b, q: .a}",
]


@settings(max_examples=scale(150))
@given(numbered_tables(), st.sampled_from(EXPRESSIONS))
@example([{"a": 2**62, "b": 2**62, "i": 0}], ".a + .b")
@example([{"a": -(2**63), "b": -1, "i": 0}], ".a % .b")
@example([{"a": 1e308, "b": 1e308, "i": 0}], ".a * .b")
def test_expressions_are_the_same_over_columns(rows: list[dict[str, Any]], expression: str) -> None:
    """Expressions give the same over columns; what 64 bits cannot hold is evaluated row by row, and does not wrap."""
    program = f"x = map(table, {expression})"

    assert outcome(rows, program, 1) == outcome(rows, program, 10**9)


ACTIONS = [
    "sort(table, by=.a)",
    "sort(table, by=-.a)",
    "sort(table, by=[.a, -.b], desc=true)",
    "sort(table.a)",
    "top(table, 2, by=.a)",
    "distinct(table, by=.a)",
    "distinct(map(table, {a: .a, b: .b}))",
    "distinct(table.a)",
    "count_by(table, .a)",
    "count_by(table, [.a, .b])",
    "count_by(table.a)",
    "group(table, .a, {n: count(), c: count(.b), s: sum(.b), v: avg(.b), l: min(.b), m: max(.b), f: first(.b)})",
    "group(table, [.a], {z: last(.b), d: median(.b), p: percentile(.b, 50)})",
    "union(table, some)",
    "minus(table, some, on=.a)",
    "minus(table.a, some.a)",
    "join(table, some, on=.a)",
    "join(table, some, on=[a], limit=2)",
    "zip(table, some)",
    "sample(table, 3, seed=7)",
    *(f"{fold}(table.a)" for fold in ("sum", "avg", "min", "max", "median")),
    "[percentile(table.a, 0), percentile(table.a, 99.9)]",
]


@settings(max_examples=scale(150))
@given(numbered_tables(), st.sampled_from(ACTIONS))
@example([{"a": "", "b": 0.0, "i": 0}, {"a": "1", "b": 2.0**1023, "i": 1}], "group(table, .a, {d: median(.b)})")
def test_actions_are_the_same_over_columns(rows: list[dict[str, Any]], action: str) -> None:
    """Row actions give the same over columns and row by row, order and ties included."""
    program = f"x = {action}"

    assert outcome(rows, program, 1) == outcome(rows, program, 10**9)


FOUND = "h = search({0}, /(?<level>\\w+) (?<user>u\\d) (?<n>\\d+)/)\n"
PARSED = 'h = parse_lines({0}, "{{level}} {{user}} {{n}} {{rest}}")\n'


@pytest.mark.parametrize("target", ["log", "docs"])
@pytest.mark.parametrize(
    ("rows", "expression"),
    [
        (FOUND, "count_by(h, .user)"),
        (FOUND, 'where(h, .level == "WARN" and .line > 3)'),
        (PARSED, "sort(h, by=[.rest, -.line])"),
        (PARSED, "group(h, .level, {s: sum(int(.n)), m: max(.rest)})"),
        (PARSED, "union(h, h[0:3])"),
        (PARSED, 'where(h, .rest contains "xxxxxxxxxx")'),
    ],
)
def test_spans_of_a_text_work_like_values(target: str, rows: str, expression: str) -> None:
    """Columns of spans work like values, for hits and parsed lines of one text and of several documents."""
    log = "".join(f"{'ERROR' if i % 3 else 'WARN'} u{i % 4} {i * 7 % 11} é{'x' * (i % 20)}\n" for i in range(40))
    found = []
    for many in (1, 10**9):
        with columns_from(many):
            machine = Machine({"log": log, "docs": {"a.txt": log, "b.txt": log[:200]}})
            seen = machine.turn(rows.format(target) + f"x = {expression}")
            found.append((seen, machine.codes(), machine.value("x"), machine.state.variables["x"].ref))

    assert found[0] == found[1]
    assert found[0][1] == ["", ""]
    assert len(found[0][2]) > 0
