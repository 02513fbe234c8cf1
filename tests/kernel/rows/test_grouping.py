"""Groups of rows: counting, distinct, folds and sums against their plain definitions."""

from fractions import Fraction
from functools import cmp_to_key
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.testing.examples.values import LISTS, NUMBERS, SCALARS, VALUES
from tests.kernel.machine import Machine
from tests.kernel.rows.definitions import Row, compare, equal, is_number, places, records, rounded, run
from tests.sizes import scale


def by_frequency(left: Row, right: Row) -> int:
    return compare(right["n"], left["n"]) or compare(left["key"], right["key"])


@settings(max_examples=scale(50))
@given(LISTS)
def test_count_by_counts_equal_values(keys: list[Any]) -> None:
    """The most frequent come first, ties by key; `1`, `true` and `"1"` differ, `1` and `1.0` are equal."""
    kinds: list[Any] = []
    for key in keys:
        if not any(equal(key, other) for other in kinds):
            kinds.append(key)
    counted = [{"key": kind, "n": sum(equal(kind, key) for key in keys)} for kind in kinds]
    expected = sorted(counted, key=cmp_to_key(by_frequency))
    found = run(records(keys), "count_by(rows, .k)")

    assert [row["n"] for row in found] == [row["n"] for row in expected]
    assert all(equal(a["key"], b["key"]) for a, b in zip(found, expected, strict=True))


@settings(max_examples=scale(50))
@given(LISTS)
def test_distinct_keeps_the_first_of_equals(keys: list[Any]) -> None:
    """Rows are compared by a key, or whole."""
    expected = [i for i, key in enumerate(keys) if not any(equal(key, other) for other in keys[:i])]
    machine = Machine({"rows": records(keys), "items": keys})

    assert places(machine.of("distinct(rows, by=.k)")) == expected
    assert len(machine.of("distinct(items)")) == len(expected)


@settings(max_examples=scale(50))
@given(st.lists(st.tuples(st.integers(0, 2), SCALARS), max_size=8))
def test_group_folds_each_group(pairs: list[tuple[int, Any]]) -> None:
    """There is one row per key, in order of appearance, with folds over the rows of each group."""
    rows = [{"a": a, "b": b} for a, b in pairs]
    found = run(rows, "group(rows, a, {n: count(), some: count(.b), one: first(.b), end: last(.b), least: min(.b)})")
    keys = list(dict.fromkeys(a for a, _ in pairs))

    assert [row["key"] for row in found] == keys
    for key, row in zip(keys, found, strict=True):
        mine = [b for a, b in pairs if a == key]
        there = [b for b in mine if b is not None]
        assert (row["n"], row["some"]) == (len(mine), len(there))
        assert equal(row["one"], mine[0])
        assert equal(row["end"], mine[-1])
        assert equal(row["least"], min(there, key=cmp_to_key(compare), default=None))


@settings(max_examples=scale(50))
@given(st.lists(st.one_of(VALUES, LISTS), max_size=5))
def test_flatten_opens_lists_once(items: list[Any]) -> None:
    """Nulls are dropped, and what is not a list stays."""
    opened = [inner for item in items for inner in (item if isinstance(item, list) else [item])]

    assert run(items, "flatten(rows)") == [item for item in opened if item is not None]


@settings(max_examples=scale(80))
@given(st.lists(NUMBERS, max_size=8))
@example([1e308, 1e308, -1e308])
@example([10**400, 0.5])
@example([0.1] * 10)
def test_sums_are_exact(items: list[Any]) -> None:
    """Whole numbers add exactly; others to the decimal nearest to the true sum; null if it is out of range."""
    whole = all(isinstance(item, int) for item in items)
    expected = sum(items) if whole else rounded(sum(map(Fraction, items), Fraction()))

    assert run(items, "sum(rows)") == expected


@settings(max_examples=scale(50))
@given(LISTS)
def test_sum_leaves_out_what_is_not_a_number(items: list[Any]) -> None:
    """It says how many values it left out."""
    machine = Machine({"rows": items})
    total = machine.of("sum(rows)")
    others = sum(not is_number(item) and item is not None for item in items)

    assert total == run([item for item in items if is_number(item)], "sum(rows)")
    said = f"`sum`: {others} of {len(items)} values are not numbers and were left out" in machine.done.observation
    assert said is (others > 0)


@settings(max_examples=scale(50))
@given(LISTS)
def test_min_and_max_follow_the_total_order(items: list[Any]) -> None:
    """Nulls are left out; of nothing the result is null."""
    there = [item for item in items if item is not None]
    least, most = run(items, "[min(rows), max(rows)]")

    assert equal(least, min(there, key=cmp_to_key(compare), default=None))
    assert equal(most, max(there, key=cmp_to_key(compare), default=None))
