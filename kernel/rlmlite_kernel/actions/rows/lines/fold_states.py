"""Folds that take the rows of each key a block at a time, and give what the fold over all of them gives.

    sum(.ms) by level     block 1: ERROR 12, 3    block 2: ERROR 5, WARN 1      -> ERROR 20, WARN 1

count, sum, avg, min, max, first and last hold one value for each key. median and percentile need all numbers, so these
are held, and are charged for. Sums are exact in any order: whole numbers as they are, decimals by
`engines.sums`, rounded once at the end.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.actions.rows.columns.folds import FOLD, fold_vector, greatest, least, median, percentile_place
from rlmlite_kernel.actions.rows.columns.gathers import GATHERS
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.sums import FloatSums, IntegerSums, Tally
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.values.operators import divide, is_number
from rlmlite_kernel.values.row_keys import Keys
from rlmlite_kernel.values.values import Value
from rlmlite_kernel.values.vectors import LARGEST, Vector


class NotByBlocksError(Exception):
    """These values cannot be folded block by block: numbers too large for sums of doubles, or all of them are kept."""


class FoldState(Protocol):
    """A fold over blocks.

    `codes` number the keys of a block's rows, and `places` say which key of all each of these numbers is. The values
    are a vector, or plain values where they are of several kinds.
    """

    def add(self, values: "Vector | Sequence[Value]", keys: Keys, places: IntArray, context: StepContext) -> None:
        """Take the rows of one block. What it holds of them is charged."""
        ...

    def results(self, count: int, context: StepContext) -> list[Value]:
        """The fold of each of so many keys."""
        ...


class CountState:
    """count(.x): the values that are not null."""

    def __init__(self) -> None:
        self._counts = Tally()

    def add(self, values: Vector | Sequence[Value], keys: Keys, places: IntArray, context: StepContext) -> None:
        """See `FoldState.add`."""
        there = ~values.null if isinstance(values, Vector) else np.array([v is not None for v in values], np.bool_)
        self._counts.add(places, np.bincount(keys.codes[there], minlength=len(places)))

    def results(self, count: int, context: StepContext) -> list[Value]:
        """See `FoldState.results`."""
        return list(self._counts.numbers(count))


class SumState:
    """sum and avg. What is not a number is left out."""

    def __init__(self, is_average: bool) -> None:
        self._is_average = is_average
        self._whole = IntegerSums()
        self._numbers = Tally()
        self._decimals: set[int] = set()
        self._sums = FloatSums()
        self._keys = 0

    def add(self, values: Vector | Sequence[Value], keys: Keys, places: IntArray, context: StepContext) -> None:
        """See `FoldState.add`. Raises `NotByBlocksError`."""
        self._keys = max(self._keys, int(places.max(initial=-1)) + 1)
        if not isinstance(values, Vector):
            self._add_values(values, places[keys.codes])
            return
        if values.kind not in ("int", "float"):
            return
        rows = np.flatnonzero(~values.null)
        codes, data = keys.codes[rows], values.data[rows]
        self._numbers.add(places, np.bincount(codes, minlength=len(places)))
        if values.kind == "float":
            is_whole = np.zeros(len(rows), np.bool_) if values.whole is None else values.whole[rows]
            self._add_decimals(data[~is_whole], places[codes[~is_whole]])
            codes, data = codes[is_whole], data[is_whole].astype(np.int64)
        self._whole.add(data, codes, places)

    def _add_values(self, values: Sequence[Value], places: IntArray) -> None:
        """Values of several kinds, one by one."""
        numbers = [value if is_number(value) else None for value in values]
        decimals = [value for value in numbers if isinstance(value, float)]
        whole = [value for value in numbers if isinstance(value, int)]
        self._numbers.add(places, np.array([value is not None for value in numbers], np.int64))
        self._add_decimals(np.array(decimals, np.float64), places[[isinstance(value, float) for value in numbers]])
        self._whole.add_each(places[[isinstance(value, int) for value in numbers]], whole)

    def _add_decimals(self, values: "np.ndarray[tuple[int], np.dtype[np.float64]]", places: IntArray) -> None:
        if len(values):
            self._decimals.update(np.unique(places).tolist())
            if not self._sums.add(values, places, self._keys):
                raise NotByBlocksError

    def results(self, count: int, context: StepContext) -> list[Value]:
        """See `FoldState.results`. Raises `NotByBlocksError`."""
        whole = self._whole.totals(count)
        totals: list[Value] = list(whole)
        if self._decimals:
            self._round_decimals(totals, whole)
        if not self._is_average:
            return totals
        numbers = self._numbers.numbers(count)
        return [divide(total, n) if n else None for total, n in zip(totals, numbers, strict=True)]

    def _round_decimals(self, totals: list[Value], whole: Sequence[int]) -> None:
        """The totals of keys that have decimals: their whole numbers are added to the exact sum, which is rounded."""
        for place in sorted(self._decimals):
            left, scale = whole[place], 0
            # In parts of 30 bits, each of which is a decimal without rounding.
            while left:
                part = left & (1 << 30) - 1 if left > 0 else -(-left & (1 << 30) - 1)
                if not self._sums.add(np.array([float(part << scale)]), np.array([place], np.int64), self._keys):
                    raise NotByBlocksError
                left, scale = (left - part) >> 30, scale + 30
        try:
            rounded = self._sums.totals()
        except OverflowError:
            raise NotByBlocksError from None
        for place in self._decimals:
            totals[place] = rounded[place]


class EndState:
    """min, max, first and last: of two values for a key, one stays."""

    def __init__(self, name: str) -> None:
        self._name, self._values = name, dict[int, Value]()

    def add(self, values: Vector | Sequence[Value], keys: Keys, places: IntArray, context: StepContext) -> None:
        """See `FoldState.add`."""
        found = fold_block(self._name, values, keys, [], context)
        for place, value in zip(places.tolist(), found, strict=True):
            if place not in self._values or self._name == "last":
                self._values[place] = value
            elif self._name in ("min", "max"):
                stays = least if self._name == "min" else greatest
                self._values[place] = stays([self._values[place], value])

    def results(self, count: int, context: StepContext) -> list[Value]:
        """See `FoldState.results`."""
        return [self._values.get(place) for place in range(count)]


class NumbersState:
    """median and percentile: all numbers are held until the end, eight bytes each and four for their key."""

    def __init__(self, name: str, more: Sequence[Value]) -> None:
        self._name, self._more = name, more
        self._places: list[npt.NDArray[np.int32]] = []
        self._vectors: list[Vector] = []

    def add(self, values: Vector | Sequence[Value], keys: Keys, places: IntArray, context: StepContext) -> None:
        """See `FoldState.add`. Raises `NotByBlocksError` for values that are no vector of numbers."""
        if not isinstance(values, Vector) or values.kind not in ("int", "float"):
            raise NotByBlocksError
        rows = np.flatnonzero(~values.null)
        context.hold(_BYTES_PER_NUMBER * len(rows))
        self._places.append(places[keys.codes[rows]].astype(np.int32))
        self._vectors.append(values.take(rows))

    def results(self, count: int, context: StepContext) -> list[Value]:
        """See `FoldState.results`."""
        context.hold(_BYTES_PER_NUMBER * sum(map(len, self._places)))
        codes = np.concatenate([np.zeros(0, np.int32), *self._places])
        self._places.clear()
        if all(vector.kind == "int" for vector in self._vectors):
            data = np.concatenate([np.zeros(0, np.int64), *(vector.data for vector in self._vectors)])
            self._vectors.clear()
            return self._of_integers(data, codes, count)
        vector = _join_numbers(self._vectors)
        if vector is None:
            raise NotByBlocksError
        self._vectors.clear()
        alone = Keys(codes.astype(np.int64), np.zeros(count, np.int64))
        found = fold_vector(self._name, vector, alone, self._more, context)
        assert found is not None  # it is a vector of numbers
        return found

    def _of_integers(self, data: IntArray, codes: npt.NDArray[np.int32], count: int) -> list[Value]:
        """The numbers of each key side by side; of these only the places that decide are put in order."""
        # Numbers of 16 bits are sorted without comparisons.
        data = data[np.argsort(codes.astype(np.uint16) if count <= 1 << 16 else codes, kind="stable")]
        ends = np.cumsum(np.bincount(codes, minlength=count)).tolist()
        folded: list[Value] = []
        for start, stop in pairwise([0, *ends]):
            n = stop - start
            is_median = self._name == "median"
            places = [(n - 1) // 2, n // 2] if is_median else [percentile_place(n, self._more[0])]
            if not n:
                folded.append(None)
                continue
            in_place = np.partition(data[start:stop], places)
            values: list[Value] = [int(in_place[place]) for place in sorted(set(places))]
            folded.append(values[0] if len(values) == 1 else median(values))
        return folded


_BYTES_PER_NUMBER = 21
"""Bytes of memory of a number that is held: itself, its key, whether it is there and whole."""


def _join_numbers(vectors: Sequence[Vector]) -> Vector | None:
    """Vectors of numbers without nulls, end to end; None if whole numbers among decimals would not be exact."""
    if any(v.kind == "int" and len(v) and int(np.abs(v.data).max()) > LARGEST >> 10 for v in vectors):
        return None
    data = np.concatenate([vector.data.astype(np.float64) for vector in vectors])
    none = [np.ones(len(v), np.bool_) if v.kind == "int" else np.zeros(len(v), np.bool_) for v in vectors]
    whole = [mine if v.whole is None else v.whole for v, mine in zip(vectors, none, strict=True)]
    return Vector("float", np.zeros(len(data), np.bool_), data, np.concatenate(whole))


def fold_block(
    name: str, values: Vector | Sequence[Value], keys: Keys, more: Sequence[Value], context: StepContext
) -> list[Value]:
    """A fold over the rows of one block, a value for each of its keys."""
    if isinstance(values, Vector):
        found = fold_vector(name, values, keys, more, context)
        if found is not None:
            return found
        values = [resolve(value, context) for value in values.values(context.blobs)]
    return [FOLD[name]([values[row] for row in members.tolist()], *more) for members in keys.members()]


def state_of(name: str, more: Sequence[Value]) -> FoldState:
    """The state that a fold begins with. Raises `NotByBlocksError` for one whose result holds all values."""
    if name in GATHERS:
        raise NotByBlocksError
    if name == "count":
        return CountState()
    if name in ("sum", "avg"):
        return SumState(name == "avg")
    if name in ("median", "percentile"):
        return NumbersState(name, more)
    return EndState(name)
