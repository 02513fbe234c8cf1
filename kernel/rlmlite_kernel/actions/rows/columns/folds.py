"""Folds: sum, avg, min, max, median, percentile of a list of values, and of the rows of each group.

Each is defined once, on plain values (`total`, `average`, ...). Sums do not depend on the order of rows: whole numbers
are added exactly, decimals with one rounding at the end. For many values a vector gives the same result faster, or
None where it could differ (a sum beyond 64 bits, say); then the definition decides.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.sums import sum_decimals, sum_integers
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.evaluation.work import READ
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.canonical import MAX_SAFE, number_text
from rlmlite_kernel.records.evolution import MEDIAN_OF_ONE, SUMS_BY_KEY
from rlmlite_kernel.values.memory import LONG, MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.operators import add, divide, is_number, sort_key
from rlmlite_kernel.values.row_keys import Keys, keys_of, ranks_of
from rlmlite_kernel.values.values import Value, kind_of
from rlmlite_kernel.values.vectors import LARGEST, Vector


def total(values: Sequence[Value]) -> Value:
    """The sum: exact for whole numbers, else correctly rounded. What is not a number is left out."""
    whole = sum(value for value in values if type(value) is int)
    decimals = [value for value in values if type(value) is float]
    if not decimals:
        return whole
    try:
        if abs(whole) <= MAX_SAFE:
            return math.fsum([whole, *decimals])
    except OverflowError:  # on the way, perhaps not at the end
        pass
    return _exact_total([(whole, 1), *(value.as_integer_ratio() for value in decimals)])


def _exact_total(ratios: list[tuple[int, int]]) -> Value:
    """The nearest decimal of a sum of fractions whose denominators are powers of two; null if there is none."""
    common = max(below for _, below in ratios)
    try:
        return sum(above * (common // below) for above, below in ratios) / common
    except OverflowError:
        return None


def average(values: Sequence[Value]) -> Value:
    """One division of the sum; null over nothing."""
    numbers = [value for value in values if is_number(value)]
    return divide(total(numbers), len(numbers)) if numbers else None


def least(values: Sequence[Value]) -> Value:
    """The smallest in the total order; null is left out."""
    return min((value for value in values if value is not None), key=sort_key, default=None)


def greatest(values: Sequence[Value]) -> Value:
    """The largest in the total order; null is left out."""
    return max((value for value in values if value is not None), key=sort_key, default=None)


def median(values: Sequence[Value]) -> Value:
    """The middle number, or half of the sum of the middle two; null over nothing."""
    numbers = sorted((value for value in values if is_number(value)), key=sort_key)
    if not numbers:
        return None
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else divide(add(numbers[middle - 1], numbers[middle]), 2)


def percentile(values: Sequence[Value], percent: Value) -> Value:
    """The smallest number that so many percent of the numbers do not pass; one of the values, or null of nothing."""
    numbers = sorted((value for value in values if is_number(value)), key=sort_key)
    place = percentile_place(len(numbers), percent)
    return numbers[place] if numbers else None


def percentile_place(count: int, percent: Value) -> int:
    """Where in so many sorted numbers a percentile stands, from 0."""
    if not is_number(percent) or not 0 <= percent <= 100:  # type: ignore[operator]
        raise Fault("bound", f"percentile takes a number from 0 to 100, not {_describe(percent)}")
    place = math.ceil(Fraction(number_text(percent)) * count / 100)  # type: ignore[arg-type]
    return max(place, 1) - 1


def _describe(value: Value) -> str:
    return str(value) if is_number(value) else kind_of(value)


FOLD: dict[str, Callable[..., Value]] = {
    "count": lambda values: sum(1 for value in values if value is not None),
    "sum": total,
    "avg": average,
    "min": least,
    "max": greatest,
    "first": lambda values: values[0] if values else None,
    "last": lambda values: values[-1] if values else None,
    "median": median,
    "percentile": percentile,
}
"""What may be folded over the values of a group, as the values come."""

_ARRAYS = 6
"""Arrays of one number for each row that a fold needs at a time."""


def charge_comparisons(name: str, values: Sequence[Value], context: StepContext) -> None:
    """Charge min and max for the long texts that they compare; each may be compared to its end."""
    if name in ("min", "max"):
        size = sum(len(value) for value in values if type(value) is str and len(value) > LONG)
        context.work(READ * size, f"{name} of long texts")


def fold_vector(
    name: str, vector: Vector, keys: Keys, more: Sequence[Value], context: StepContext
) -> list[Value] | None:
    """A fold over a vector, a value for each key; None if it must be computed value by value."""
    # The rows that have a value, their keys and values, and their order.
    context.ensure_fits(_ARRAYS * 8 * len(vector) // MEMORY_PER_VALUE_BYTE)
    there = vector.there()
    counts = keys.counts
    if len(there) < len(vector):
        counts = np.bincount(keys.codes[there], minlength=len(keys.firsts)).astype(np.int64)
    if name == "count":
        return list(counts.tolist())
    if name in ("first", "last"):
        return _take_ends(name, vector, keys, context)
    if name in ("median", "percentile") and vector.kind in ("int", "float"):
        return _take_ranks(name, vector, keys, there, counts, more, context)
    if name in ("min", "max") and vector.kind == "text":
        return _fold_texts(name, vector, keys, there, context)
    if vector.kind not in ("int", "float"):
        return None
    if name in ("sum", "avg"):
        if not context.follows(SUMS_BY_KEY) and not _was_summed(vector, keys, there):
            return None
        fold = _fold_decimals if vector.kind == "float" else _fold_integers
        return fold(name, vector, keys, there, counts)
    return _fold_ends(name, vector, keys, there) if vector.kind == "int" and name in ("min", "max") else None


def _only(values: Any, there: IntArray) -> Any:
    """The values at these rows, which are in order; the array itself if they are all."""
    return values if len(values) == len(there) else values[there]


def _was_summed(vector: Vector, keys: Keys, there: IntArray) -> bool:
    """Whether older versions summed these as a column. Value by value gives the same, for another charge."""
    if vector.kind == "int":
        reach = max(-int(vector.data.min(initial=0)), int(vector.data.max(initial=0)))
        return reach * len(vector) <= LARGEST
    numbers = vector.take(there)
    if len(keys.firsts) > 1 or numbers.whole is None or bool(numbers.whole.all()):
        return False
    try:
        math.fsum(numbers.data.tolist())
    except OverflowError:
        return False
    return True


def _take_ends(name: str, vector: Vector, keys: Keys, context: StepContext) -> list[Value]:
    rows = keys.firsts
    if name == "last":
        rows = np.zeros(len(keys.firsts), np.int64)
        rows[keys.codes] = np.arange(len(keys.codes))  # the last one written stays
    return [resolve(value, context) for value in vector.take(rows).values(context.blobs)]


def _take_ranks(
    name: str,
    vector: Vector,
    keys: Keys,
    there: IntArray,
    counts: IntArray,
    more: Sequence[Value],
    context: StepContext,
) -> list[Value]:
    """median or percentile: sort the rows by key, then by number, and take the numbers at the places that decide.

    Of the keys' counts 3 and 2 the median is at places 1, 1 of the first range, and 0, 1 of the second.
    """
    in_order = there[np.lexsort((vector.data[there], keys.codes[there]))]
    range_starts = np.cumsum(counts) - counts
    keys_with_numbers = np.flatnonzero(counts)
    counts_of_keys = counts[keys_with_numbers].tolist()
    if name == "median":
        places = [[(count - 1) // 2, count // 2] for count in counts_of_keys]
    else:
        places = [[percentile_place(count, more[0])] for count in counts_of_keys]
    per_key = len(places[0]) if places else 1
    starts = range_starts[keys_with_numbers][:, None]
    rows = in_order[(starts + np.array(places, np.int64).reshape(-1, per_key)).reshape(-1)]
    values = vector.take(rows).values(context.blobs)
    folded: list[Value] = [None] * len(counts)
    for index, key in enumerate(keys_with_numbers.tolist()):
        of_key = values[index * per_key : (index + 1) * per_key]
        # Of an odd count both middle places are the same number, and half of twice a huge one is too large.
        is_one_number = per_key == 1 or (counts[key] % 2 == 1 and context.follows(MEDIAN_OF_ONE))
        folded[key] = of_key[0] if is_one_number else median(of_key)
    return folded


def _reduce_by_key(work: np.ufunc, values: IntArray, keys: Keys, there: IntArray) -> tuple[IntArray, IntArray]:
    """Values folded by key, and which keys have any."""
    codes = keys.codes[there]
    in_order = np.argsort(codes, kind="stable")
    first = np.flatnonzero(np.diff(codes[in_order], prepend=-1))
    return work.reduceat(values[there][in_order], first) if len(first) else values[:0], codes[in_order][first]


def _fold_integers(name: str, vector: Vector, keys: Keys, there: IntArray, counts: IntArray) -> list[Value] | None:
    """Exact sums, of any size."""
    data, codes = _only(vector.data, there), _only(keys.codes, there)
    sums: list[Value] = list(sum_integers(data, codes, len(keys.firsts)))
    return sums if name == "sum" else _averages(sums, counts)


def _averages(sums: list[Value], counts: IntArray) -> list[Value]:
    return [divide(total, count) if count else None for total, count in zip(sums, counts.tolist(), strict=True)]


def _fold_ends(name: str, vector: Vector, keys: Keys, there: IntArray) -> list[Value]:
    """The least or the greatest integer of each key."""
    fold, have = _reduce_by_key(np.minimum if name == "min" else np.maximum, vector.data, keys, there)
    found: list[Value] = [None] * len(keys.firsts)
    for code, value in zip(have.tolist(), fold.tolist(), strict=True):
        found[code] = value
    return found


def _fold_decimals(name: str, vector: Vector, keys: Keys, there: IntArray, counts: IntArray) -> list[Value] | None:
    """Sums that are rounded once; of whole numbers alone they are whole. One that overflows is for the definition."""
    codes, data, known = _only(keys.codes, there), _only(vector.data, there), len(keys.firsts)
    sums = sum_decimals(data, codes, known)
    if sums is None or vector.whole is None:
        return None
    has_decimals = np.bincount(codes, weights=~_only(vector.whole, there), minlength=known) > 0
    totals: list[Value] = list(sums)
    if not has_decimals.all():
        is_whole = ~has_decimals[codes]
        whole = sum_integers(data[is_whole].astype(np.int64), codes[is_whole], known)
        totals = [
            total if decimal else whole[key]
            for key, (total, decimal) in enumerate(zip(sums, has_decimals.tolist(), strict=True))
        ]
    return totals if name == "sum" else _averages(totals, counts)


def _fold_texts(name: str, vector: Vector, keys: Keys, there: IntArray, context: StepContext) -> list[Value] | None:
    texts = keys_of([vector], context.blobs)
    ranks = None if texts is None else ranks_of(vector, texts, context.blobs)
    if texts is None or ranks is None:
        return None
    work = np.minimum if name == "min" else np.maximum
    fold, have = _reduce_by_key(work, ranks[texts.codes], keys, there)
    place = np.zeros(len(ranks) + 1, np.int64)
    place[ranks] = texts.firsts
    values = vector.take(place[fold]).values(context.blobs)
    found: list[Value] = [None] * len(keys.firsts)
    for code, value in zip(have.tolist(), values, strict=True):
        found[code] = resolve(value, context)
    return found
