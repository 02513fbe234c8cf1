"""What the numbers of a column look like as they are spelled, many cells at once.

The idea: a library has read the cells as numbers, in whatever spelling. A number has one canonical spelling of its
whole part, and no other is as short: so if the length of the cell's whole part is that of the number's, it has no plus
sign, no zero before it and no space. Only digits, points and minus signs may be there, which is looked at before.

    cell    number  length  digits of the number
    "17"    17      2       2       canonical
    "017"   17      3       2       not
    "-3.50" -3.5    5       point at 2: whole part "-3", 1 digit and the sign; 2 decimals, a zero at the end
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, octets

_OF_NUMBERS = b"0123456789.-"
_POWERS = np.array([10**digits for digits in range(20)], np.uint64)
_ZERO = 48
_EXACT = 2**53
_SURE_DIGITS = 15


class Whole(NamedTuple):
    """Whole numbers, canonically spelled: is there one but zero, and one that a binary64 may not hold?"""

    any_but_zero: bool
    any_large: bool


class Decimals(NamedTuple):
    """Numbers, canonically spelled. `decimals` are the counts of digits after the point, of all cells but `0`.

    whole: is there a whole number without a point, other than `0`? point_zero: one that ends in `.0`? zero_at_end: one
    whose several decimals end in 0? fractional: any that is not spelled as a whole number? long: one of more than 15
    signs, which may be more digits than a binary64 has?
    """

    decimals: frozenset[int]
    whole: bool
    point_zero: bool
    zero_at_end: bool
    fractional: bool
    long: bool


def are_plain(data: Buffer) -> bool:
    """Whether texts hold nothing but digits, points and minus signs."""
    return not bytes(data).translate(None, _OF_NUMBERS)


def look_at_whole(cuts: Buffer, numbers: Buffer, rows: int) -> Whole | None:
    """What whole numbers are like whose plain texts are cut at `cuts` (int32); None if one is not canonical.

    `numbers` are the same as int64. There are no nulls among them.
    """
    if not rows:
        return Whole(False, False)
    values = np.frombuffer(numbers, np.int64, rows)
    lengths = _lengths(cuts, rows)
    if not _are_canonical(lengths - (values < 0), _magnitudes(values)):
        return None
    least, most = int(values.min()), int(values.max())
    return Whole(bool(least or most), max(-least, most) > _EXACT)


def look_at_decimals(cuts: Buffer, data: Buffer, points: Buffer, numbers: Buffer, rows: int) -> Decimals | None:
    """What numbers of plain texts are like; None if one is not canonical.

    `points` (int32) is where the point is in each text, -1 where there is none; `numbers` are doubles.
    """
    lengths = _lengths(cuts, rows)
    values = np.frombuffer(numbers, np.float64, rows)
    places = np.frombuffer(points, np.int32, rows).astype(np.int64)
    has_point = places >= 0
    is_negative = np.signbit(values)
    digits = np.where(has_point, places, lengths) - is_negative
    # More digits than these are no more exact in a binary64: whoever reads cell by cell decides.
    if bool((digits > _SURE_DIGITS).any()) or not bool(np.isfinite(values).all()):
        return None
    if not _are_canonical(digits, np.abs(np.trunc(values)).astype(np.uint64)):
        return None
    counts = np.where(has_point, lengths - places - 1, 0)
    if bool((counts[has_point] == 0).any()):
        return None
    is_bare_zero = (lengths == 1) & (values == 0)
    lasts = octets(data)[np.frombuffer(cuts, np.int32, rows + 1)[1:] - 1]
    ends_in_zero = has_point & (lasts == _ZERO)
    return Decimals(
        frozenset(np.unique(counts[~is_bare_zero]).tolist()),
        bool((~has_point & ~is_bare_zero).any()),
        bool((ends_in_zero & (counts == 1)).any()),
        bool((ends_in_zero & (counts > 1)).any()),
        bool(has_point.any() or ((values == 0) & is_negative).any()),
        bool((lengths > _SURE_DIGITS).any()),
    )


def _lengths(cuts: Buffer, rows: int) -> IntArray:
    return np.diff(np.frombuffer(cuts, np.int32, rows + 1)).astype(np.int64)


def _magnitudes(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    # Of the smallest int64 too, whose absolute value is no int64.
    return np.where(numbers < 0, ~numbers.view(np.uint64) + np.uint64(1), numbers.view(np.uint64))


def _are_canonical(digits: IntArray, magnitudes: npt.NDArray[np.uint64]) -> bool:
    """Whether whole numbers have just as many digits as their texts."""
    if bool((digits < 1).any()) or bool((digits > len(_POWERS) - 1).any()):
        return False
    least = np.where(digits == 1, np.uint64(0), _POWERS[digits - 1])
    return bool(((magnitudes >= least) & (magnitudes < _POWERS[digits])).all())
