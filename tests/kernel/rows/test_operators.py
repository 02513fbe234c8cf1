"""Operators in row expressions: total over any two values, and what they say of a likely slip."""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.testing.examples.values import LISTS, VALUES
from tests.kernel.machine import Machine
from tests.kernel.rows.definitions import compare, equal, is_number, places, records, rounded, run
from tests.sizes import scale


def in_order(test: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    def holds(left: Any, right: Any) -> bool:
        alike = (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str))
        return alike and test(compare(left, right))

    return holds


def contains(whole: Any, part: Any) -> bool:
    if isinstance(whole, str):
        return isinstance(part, str) and part in whole
    if isinstance(whole, list):
        return any(equal(item, part) for item in whole)
    return isinstance(whole, dict) and isinstance(part, str) and part in whole


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": equal,
    "!=": lambda a, b: not equal(a, b),
    "<": in_order(lambda sign: sign < 0),
    "<=": in_order(lambda sign: sign <= 0),
    ">": in_order(lambda sign: sign > 0),
    ">=": in_order(lambda sign: sign >= 0),
    "contains": contains,
    "not contains": lambda a, b: not contains(a, b),
    "in": lambda a, b: contains(b, a),
    "not in": lambda a, b: not contains(b, a),
}


def each(operators: Iterable[str], left: str, right: str) -> str:
    """A list of what each operator gives."""
    return "[" + ", ".join(f"{left} {op} {right}" for op in operators) + "]"


@settings(max_examples=scale(80))
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6))
def test_comparisons_are_total(pairs: list[tuple[Any, Any]]) -> None:
    """Any two values compare to true or false: row by row, with one value for all rows, and in plain expressions."""
    rows = [{"a": a, "b": b} for a, b in pairs]
    left, right = pairs[0]
    machine = Machine({"rows": rows, "left": left, "right": right})

    def expected(a: Any, b: Any) -> list[bool]:
        return [holds(a, b) for holds in OPERATORS.values()]

    assert machine.of(f"map(rows, {each(OPERATORS, '.a', '.b')})") == [expected(a, b) for a, b in pairs]
    assert machine.of(f"map(rows, {each(OPERATORS, '.a', 'right')})") == [expected(a, right) for a, _ in pairs]
    assert machine.of(f"map(rows, {each(OPERATORS, 'left', '.b')})") == [expected(left, b) for _, b in pairs]
    assert machine.of(each(OPERATORS, "left", "right")) == expected(left, right)


@settings(max_examples=scale(50))
@given(LISTS, VALUES)
def test_where_keeps_rows_whose_condition_holds(keys: list[Any], wanted: Any) -> None:
    """`where` keeps the rows whose condition holds, in their order."""
    rows = records(keys)

    assert places(run(rows, "where(rows, .k == wanted)", wanted=wanted)) == [
        row["i"] for row in rows if equal(row["k"], wanted)
    ]


@settings(max_examples=scale(50))
@given(LISTS)
def test_a_condition_holds_unless_it_is_empty(items: list[Any]) -> None:
    """Null, false, 0 and empty values do not hold; all others do."""
    assert run(records(items), "where(rows, .k).i") == [i for i, item in enumerate(items) if item]


def arithmetic(op: str, left: Any, right: Any) -> Any:
    """Arithmetic: numbers with numbers, `+` for texts and lists, else null; out of range is null."""
    if op == "+" and type(left) is type(right) and isinstance(left, str | list):
        return left + right
    if not (is_number(left) and is_number(right)):
        return None
    if op == "%":
        return left % right if isinstance(left, int) and isinstance(right, int) and right else None
    try:
        result = {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right}[op]()
    except OverflowError:
        return None
    return result if math.isfinite(result if isinstance(result, float) else 0) else None


@settings(max_examples=scale(80))
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=5))
@example([(10**400, 0.5), (0.5, 10**400), (1e308, 1e308), (1, 0)])
@example([(0, 0.0)])
@example([(0.5, 2)])
def test_arithmetic_is_total(pairs: list[tuple[Any, Any]]) -> None:
    """No two values raise an exception in rows; in plain expressions kinds that never fit are a fault."""
    rows = [{"a": a, "b": b} for a, b in pairs]
    expected = [[arithmetic(op, a, b) for op in "+-*%"] for a, b in pairs]
    machine = Machine({"rows": rows, "left": pairs[0][0], "right": pairs[0][1]})

    assert machine.of(f"map(rows, {each('+-*%', '.a', '.b')})") == expected
    for op, result in zip("+-*%", expected[0], strict=True):
        machine.turn(f"it = left {op} right")
        unfit = result is None and are_unfit(op, *pairs[0])
        assert machine.codes() == (["type"] if unfit else [""])
        assert unfit or machine.value("it") == result


def are_unfit(op: str, left: Any, right: Any) -> bool:
    """Whether two values that are there are of kinds that an operation never takes."""
    if left is None or right is None:
        return False
    if op == "%":
        # Of a divisor 0 it is said that it is 0, whatever the numbers are.
        is_by_zero = is_number(left) and is_number(right) and right == 0
        return not (is_by_zero or (type(left) is int and type(right) is int))
    return not (is_number(left) and is_number(right))


@settings(max_examples=scale(50))
@given(VALUES, VALUES)
@example(10**400, 3)
@example(7, 2)
@example(1, 0)
@example(5e-324, 2)
def test_division_is_total(left: Any, right: Any) -> None:
    """Whole if it divides evenly, else the nearest decimal; null by zero or out of range; never of non-numbers."""
    if left is not None and right is not None and not (is_number(left) and is_number(right)):
        machine = Machine({"left": left, "right": right})
        machine.turn("it = div(left, right)")
        assert machine.codes() == ["type"]
        return
    found = run([1], "div(left, right)", left=left, right=right)
    if left is None or right is None or right == 0:
        assert found is None
    elif isinstance(left, int) and isinstance(right, int):
        assert found == (left // right if left % right == 0 else rounded(Fraction(left, right)))
    else:
        assert found is None or math.isfinite(found)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('[1 == true, 0 == false, 1 == 1.0, "1" == 1, null == false, "" == null]', [False, False, True] + [False] * 3),
        (
            'count_by([1, true, 1.0, "1", true], .value)',
            [{"key": True, "n": 2}, {"key": 1, "n": 2}, {"key": "1", "n": 1}],
        ),
        ('distinct([1, true, 1.0, "1", null, false, 0])', [1, True, "1", None, False, 0]),
        ("sum([1, true, 2])", 3),
        ("sum([])", 0),
        ("[avg([]), min([]), max([null]), avg([1, 2]), avg([1, 3])]", [None, None, None, 1.5, 2]),
        ("first([]) == null and last([]) == null", True),
        ("top([3, 1, 2])", [3]),
        ("top([{n: 1}, {n: 3}, {n: 2}], 2, by=n)", [{"n": 3}, {"n": 2}]),
        ("union([1], [2, 1])", [1, 2, 1]),
        ("flatten([[1, [2]], null, 3])", [1, [2], 3]),
        ("extend([{a: 1}, {b: 2}], {c: .a})", [{"a": 1, "b": None, "c": 1}, {"a": None, "b": 2, "c": None}]),
        ("map([{a: {b: 1}}, {a: 2}, {}], .a.b)", [1, None, None]),
        ("map([[1, 2], [], 3], .value[0])", [1, None, None]),
        ('map(["abc", 3], .value[0:2])', None),
        ('to_object([{k: "a", v: 1}, {k: 2, v: 3}], k, v)', {"a": 1, "2": 3}),
        ('case(false, 1, null, 2, "", 3, 4)', 4),
        ("case(false, 1, 0, 2)", None),
        (
            'map(["1,234", " -7 ", 3.9, -3.9, "x", "3,5", "1,2345", "12,345,678", true, null], int(.value))',
            [1234, -7, 3, -3, None, None, None, 12_345_678, None, None],
        ),
        (
            'map(["1e999", "nan", "1_000", "1.204,75", "2.5", "1,204.75", "1e3", 3, []], float(.value))',
            [None] * 4 + [2.5, 1204.75, 1000.0, 3.0, None],
        ),
        (
            '[str(1), str(null), str("a"), str([1, "b"]), str({a: 1.0}), str(true)]',
            ["1", "", "a", "1\nb", '{"a":1}', "true"],
        ),
        (
            'map(["2005.06.03", "Jan 3, 2023", "03 Jan 2023", "2023-02-30", 5], date(.value))',
            ["2005-06-03", "2023-01-03", "2023-01-03", None, None],
        ),
        ('[lower("ÀB"), upper("ß"), strip("  a ")]', ["àb", "SS", "a"]),
        ('map(["A", 3], lower(.value))', ["a", None]),
        ('["2024-03-01" - "2024-02-01", date("Jan 1, 2024") - date("31 Dec 2024")]', [29, -365]),
        ('[count("é😀"), count([1, 2]), count({a: 1}), count(null)]', [6, 2, 1, 0]),
    ],
)
def test_corner_cases_have_these_values(expression: str, expected: Any) -> None:
    """Corner cases that are easier to read than to generate."""
    machine = Machine({})
    if expected is None and "[0:2]" in expression:
        machine.turn(f"it = {expression}")
        assert machine.codes() == ["type"]
    else:
        found = machine.of(expression)

        assert (found, str(found)) == (expected, str(expected))


@pytest.mark.parametrize(
    "program",
    [
        "x = where(rows, .a == 12)",
        'x = where(rows, "12" == .b)',
        "x = map(rows, .a < 5)",
        "x = where(rows, .a in [1, 12])",
    ],
)
def test_comparing_text_with_a_number_warns(program: str) -> None:
    """`"12"` is not 12: a slip that nobody would see in the result is reported."""
    machine = Machine({"rows": [{"a": "12", "b": 12}]})
    seen = machine.turn(program)

    assert "compared text with a number" in seen
    assert machine.value("x") in ([], [False])


def test_a_field_that_no_row_has_warns() -> None:
    """The warning lists the fields that exist."""
    seen = Machine({"rows": [{"size": 1}]}).turn("x = where(rows, .sise > 0)")

    assert "`.sise` is null in every row" in seen
    assert "size" in seen
