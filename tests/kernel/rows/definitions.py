"""The total order of values and what follows from it, spelled out."""

from fractions import Fraction
from typing import Any, TypeAlias

from tests.kernel.machine import Machine

Row: TypeAlias = dict[str, Any]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def rank(value: Any) -> int:
    """The place of a value's type in the total order."""
    if value is None:
        return 0
    if isinstance(value, bool):
        return 1 + value
    if is_number(value):
        return 3
    return 4 if isinstance(value, str) else 5 if isinstance(value, list) else 6


def compare(left: Any, right: Any) -> int:
    """The total order, spelled out: null, false, true, numbers, texts, lists, records."""
    if rank(left) != rank(right):
        return -1 if rank(left) < rank(right) else 1
    if isinstance(left, dict):
        return compare([[k, left[k]] for k in sorted(left)], [[k, right[k]] for k in sorted(right)])
    if isinstance(left, list):
        for a, b in zip(left, right, strict=False):
            if compare(a, b):
                return compare(a, b)
        return compare(len(left), len(right))
    if rank(left) < 3:
        return 0
    exact = (Fraction(left), Fraction(right)) if is_number(left) else (left, right)
    return (exact[0] > exact[1]) - (exact[0] < exact[1])


def equal(left: Any, right: Any) -> bool:
    return compare(left, right) == 0


def run(rows: list[Any], expression: str, **more: Any) -> Any:
    """One expression over `rows`."""
    return Machine({"rows": rows, **more}).of(expression)


def records(keys: list[Any]) -> list[Row]:
    return [{"k": key, "i": index} for index, key in enumerate(keys)]


def places(rows: list[Row]) -> list[int]:
    return [row["i"] for row in rows]


def rounded(total: Fraction) -> float | None:
    """The nearest decimal, or none."""
    try:
        return total.numerator / total.denominator
    except OverflowError:
        return None
