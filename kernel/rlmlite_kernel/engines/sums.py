"""Sums by key over arrays, exact, so that no order of rows, no block and no thread can change them.

A sum of decimals in the order of its rows loses bits, and other orders lose other bits. Here each decimal is cut into
slices on a grid that is the same for all: slice `n` is a multiple of 2^(26 n), and less than 2^(26 (n + 1)). Slices of
one grid are small whole numbers of one unit, so adding 2^26 of them in doubles is exact, in any order, and `bincount`
does it at its full speed. Rounding happens once, when the few sums of a key are added up by `math.fsum`.

    0.75 + 2^30       on a grid of 2^26:  slice 1 is 16 * 2^26, slice 0 is 1, slice -1 is -0.25
    1e16 + 1 - 1e16   slices of 1e16 cancel, the 1 is left: the sum is 1, where adding in order gives 0

A decimal has 53 bits, so it takes three slices; values of very different size take more. Whole numbers go the same way
with two slices, so that 64-bit numbers can be added without overflow.
"""

import math
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray

FloatArray: TypeAlias = npt.NDArray[np.float64]

_WIDTH = 26
"""Bits of a slice. Sums of 2^26 slices have at most 52 bits."""

_EXACT_ROWS = 1 << _WIDTH
"""After so many rows, what has been summed up is carried into the next slice."""

_BLOCK = 1 << 16
"""Rows that are cut at a time, so that the slices stay in the processor's cache."""

LARGEST = 2.0**960
"""Decimals up to here can be summed; beyond it, the grid of the first slice would itself be infinite."""

_HIGHEST = 960 // _WIDTH
"""The number of the highest slice of a decimal up to `LARGEST`."""


class FloatSums:
    """Sums of decimals by key, block by block. Keys are numbers from 0; there may be more of them with each block."""

    def __init__(self) -> None:
        self._keys = 0
        self._slices: dict[int, FloatArray] = {}
        self._rows = 0

    def add(self, values: FloatArray, codes: IntArray | None, keys: int) -> bool:
        """Add the values of a block, each to the sum of its key; without `codes` all to key 0.

        All values must be finite. False, and nothing is added, if one of them is too large for this.
        """
        if float(np.abs(values).max(initial=0.0)) > LARGEST:
            return False
        self._grow(keys)
        # With many keys, longer blocks: the sums of all keys are gone through for each.
        block = max(_BLOCK, self._keys)
        for start in range(0, len(values), block):
            part = values[start : start + block]
            self._make_room(len(part))
            self._add_block(part, None if codes is None else codes[start : start + block])
        return True

    def totals(self) -> list[float]:
        """The sum of each key, correctly rounded. Raises `OverflowError` for one beyond the largest double."""
        if not self._slices:
            return [0.0] * self._keys
        by_key = np.stack([self._slices[number] for number in sorted(self._slices)], axis=1)
        return [math.fsum(row) for row in by_key.tolist()]

    def _grow(self, keys: int) -> None:
        added = keys - self._keys
        if added > 0:
            self._keys = keys
            self._slices = {number: np.pad(sums, (0, added)) for number, sums in self._slices.items()}

    def _add_block(self, values: FloatArray, codes: IntArray | None) -> None:
        left = values
        while (reach := float(np.abs(left).max(initial=0.0))) > 0.0:
            # The grid on which the largest that is left has its highest bit.
            number = (math.frexp(reach)[1] - 1) // _WIDTH
            # Adding a number whose last bit is the grid's unit rounds to that unit, and taking it off again is exact.
            unit = math.ldexp(1.5, 52 + _WIDTH * number)
            slices = (left + unit) - unit
            left = left - slices
            self._into(number, slices, codes)

    def _into(self, number: int, slices: FloatArray, codes: IntArray | None) -> None:
        sums = self._slices.setdefault(number, np.zeros(self._keys))
        if codes is None:
            sums[0] += slices.sum()
        else:
            sums += np.bincount(codes, weights=slices, minlength=self._keys)

    def _make_room(self, rows: int) -> None:
        """Carry what the sums have gathered into the slices above, before they could have too many bits."""
        self._rows += rows
        if self._rows <= _EXACT_ROWS // 2:
            return
        self._rows = rows
        for number in sorted(self._slices):
            if number > _HIGHEST:
                # It holds nothing but what was carried, and has room for more carries than there can be rows.
                continue
            unit = math.ldexp(1.5, 52 + _WIDTH * (number + 1))
            carried = (self._slices[number] + unit) - unit
            self._slices[number] = self._slices[number] - carried
            above = self._slices.setdefault(number + 1, np.zeros(self._keys))
            self._slices[number + 1] = above + carried


def sum_decimals(values: FloatArray, codes: IntArray | None, keys: int) -> list[float] | None:
    """The correctly rounded sum of each key, 0.0 for one without values; None where a number is too large for it."""
    sums = FloatSums()
    try:
        return sums.totals() if sums.add(values, codes, keys) else None
    except OverflowError:
        return None


def sum_integers(values: IntArray, codes: IntArray | None, keys: int) -> list[int]:
    """The exact sum of each key of 64-bit integers, which may be larger than 64 bits; 0 for a key without values."""
    block = max(_BLOCK, keys)
    parts: list[IntArray] = []
    for start in range(0, len(values), block):
        left = values[start : start + block]
        mine = np.zeros(len(left), np.int64) if codes is None else codes[start : start + block]
        number = 0
        while True:
            if number == len(parts):
                parts.append(np.zeros(keys, np.int64))
            # The last part keeps the sign: -1 is -1 * 2^26 + (2^26 - 1).
            is_last = _is_small(left)
            low = left if is_last else left & ((1 << _WIDTH) - 1)
            parts[number] += np.bincount(mine, weights=low, minlength=keys).astype(np.int64)
            if is_last:
                break
            left, number = left >> _WIDTH, number + 1
    totals = [0] * keys
    for number, sums in enumerate(parts):
        totals = [total + (more << _WIDTH * number) for total, more in zip(totals, sums.tolist(), strict=True)]
    return totals


class Tally:
    """Numbers by key to which more are added, block by block. Whoever adds them knows that 64 bits are enough."""

    def __init__(self) -> None:
        self._numbers: IntArray = np.zeros(0, np.int64)

    def add(self, places: IntArray, amounts: IntArray) -> None:
        """Add an amount to the number of each of these keys; a key may be there twice."""
        keys = int(places.max(initial=-1)) + 1
        if keys > len(self._numbers):
            # Twice as many as before: each block may bring new keys.
            more = max(keys, 2 * len(self._numbers)) - len(self._numbers)
            self._numbers = np.append(self._numbers, np.zeros(more, np.int64))
        np.add.at(self._numbers, places, amounts)

    @property
    def keys(self) -> int:
        """The number of a key that has nothing yet, nor has any after it."""
        return len(self._numbers)

    def numbers(self, keys: int) -> list[int]:
        """The numbers of so many keys; 0 for one to which nothing was added."""
        known: list[int] = self._numbers[:keys].tolist()
        return known + [0] * (keys - len(known))


class IntegerSums:
    """Sums of whole numbers by key, block by block: exact, whatever their size.

    As long as no sum can have passed 2^62 they are added in an array, beyond it as Python's integers.
    """

    def __init__(self) -> None:
        self._sums, self._reach = Tally(), 0
        self._large: dict[int, int] = {}

    def add(self, values: IntArray, codes: IntArray, places: IntArray) -> None:
        """Add the values of a block: `codes` number its keys, `places` say which of all each of these is."""
        if not _is_small(values):
            self.add_each(places, sum_integers(values, codes, len(places)))
            return
        # The largest that a sum of this block can be, whatever its sign.
        reach = int(np.abs(values).sum())
        if self._reach + reach > 1 << 62:
            self._put_aside()
        self._reach += reach
        sums = np.bincount(codes, weights=values, minlength=len(places))
        self._sums.add(places, sums.astype(np.int64))

    def add_each(self, places: IntArray, values: Iterable[int]) -> None:
        """Add numbers of any size, each to the sum of its key."""
        for place, value in zip(places.tolist(), values, strict=True):
            self._large[place] = self._large.get(place, 0) + value

    def totals(self, keys: int) -> list[int]:
        """The sum of each of so many keys; 0 for one without values."""
        totals = self._sums.numbers(keys)
        for place, total in self._large.items():
            totals[place] += total
        return totals

    def _put_aside(self) -> None:
        sums = self._sums.numbers(self._sums.keys)
        self.add_each(np.arange(len(sums)), sums)
        self._sums, self._reach = Tally(), 0


def _is_small(values: IntArray) -> bool:
    """Whether so many of these can be added in doubles without rounding."""
    reach = max(-int(values.min(initial=0)), int(values.max(initial=0)))
    return reach * len(values) <= 1 << 53


def are_whole(values: FloatArray) -> BoolArray:
    """Which decimals are whole numbers of the language, 2 and not 2.5: at most 2^53, where each whole number is one."""
    whole = np.empty(len(values), bool)
    # In blocks, since each step makes an array of its own.
    for start in range(0, len(values), _BLOCK):
        part = values[start : start + _BLOCK]
        whole[start : start + _BLOCK] = (np.rint(part) == part) & (np.abs(part) <= float(1 << 53))
    return whole
