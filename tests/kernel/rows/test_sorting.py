"""Order of rows: sort and top against their plain definitions."""

from functools import cmp_to_key
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.testing.examples.values import LISTS, SCALARS
from tests.kernel.machine import Machine
from tests.kernel.rows.definitions import Row, compare, equal, places, records, run
from tests.sizes import scale


def by_key(left: Row, right: Row) -> int:
    return compare(left["k"], right["k"])


def backwards(left: Row, right: Row) -> int:
    return by_key(right, left)


@settings(max_examples=scale(80))
@given(LISTS)
def test_sort_is_total_and_stable(keys: list[Any]) -> None:
    """Any values sort, by the order of types and then by value; equal ones stay as they stood."""
    expected = sorted(records(keys), key=cmp_to_key(by_key))

    assert places(run(records(keys), "sort(rows, by=.k)")) == places(expected)


@settings(max_examples=scale(50))
@given(LISTS)
def test_sort_backwards_is_stable_too(keys: list[Any]) -> None:
    """`desc=true` and a prefix `-` mean the same, and cancel each other; equal rows keep their order."""
    expected = places(sorted(records(keys), key=cmp_to_key(backwards)))
    machine = Machine({"rows": records(keys)})

    assert places(machine.of("sort(rows, by=.k, desc=true)")) == expected
    assert places(machine.of("sort(rows, by=-k)")) == expected
    assert machine.of("sort(rows, by=-k, desc=true)") == machine.of('sort(rows, by="k")')


@settings(max_examples=scale(50))
@given(st.lists(st.tuples(st.integers(0, 2), SCALARS), max_size=8))
def test_sort_by_several_keys(pairs: list[tuple[int, Any]]) -> None:
    """The first key decides, and where it is equal, the next."""
    rows = [{"a": a, "b": b, "i": i} for i, (a, b) in enumerate(pairs)]

    def both(left: Row, right: Row) -> int:
        return compare(right["a"], left["a"]) or compare(left["b"], right["b"])

    assert places(run(rows, "sort(rows, by=[-.a, b])")) == places(sorted(rows, key=cmp_to_key(both)))


@settings(max_examples=scale(50))
@given(LISTS)
def test_plain_values_sort_without_a_key(items: list[Any]) -> None:
    """A list of plain values is sorted by the values themselves."""
    expected = sorted(items, key=cmp_to_key(compare))
    found = run(items, "sort(rows)")

    assert len(found) == len(expected)
    assert all(map(equal, found, expected))


@settings(max_examples=scale(50))
@given(LISTS, st.integers(0, 9))
def test_top_is_the_head_of_a_descending_sort(keys: list[Any], k: int) -> None:
    """Ties are in order of position."""
    machine = Machine({"rows": records(keys)})

    assert machine.of(f"top(rows, {k}, by=.k)") == machine.of(f"sort(rows, by=.k, desc=true)[0:{min(k, len(keys))}]")
