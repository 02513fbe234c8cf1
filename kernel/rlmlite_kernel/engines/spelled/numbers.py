"""What the numbers of a column look like as they are spelled, many cells at once.

The idea: a library has read the cells as numbers, in whatever spelling. A number has one canonical spelling of its
whole part, and every other is longer: by zeros before it, by a minus sign before zero. So if all whole parts together
are as long as those of the numbers, each is canonical. How many digits numbers have together is counted by powers of
ten: n numbers have n digits, and one more for each that is 10 or more, and for each that is 100 or more, ...

    cells "17" "-5" "250"     lengths 2 + 2 + 3 = 7
    numbers 17 -5 250         3, and 2 from 10 on, and 1 from 100 on, and 1 minus sign: 7, so they are canonical
    cells "017" "5"           lengths 3 + 1 = 4; numbers 17 5: 2 and 1 = 3, so they are not

Only digits, points and minus signs may be there, which is looked at before.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import Buffer, count_byte, octets

_MINUS, _SLASH, _ZERO, _NINE = b"-/09"
_BLOCK = 1 << 18
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
    signs = octets(data)
    # From minus to nine there is one other sign, the slash. What is below minus is above nine in unsigned arithmetic.
    reach = max(
        (int((signs[start : start + _BLOCK] - np.uint8(_MINUS)).max()) for start in range(0, len(signs), _BLOCK)),
        default=0,
    )
    return reach <= _NINE - _MINUS and not count_byte(data, _SLASH)


def look_at_whole(cuts: Buffer, numbers: Buffer, rows: int) -> Whole | None:
    """What whole numbers are like whose plain texts are cut at `cuts` (int32); None if one is not canonical.

    `numbers` are the same as int64. There are no nulls among them.
    """
    if not rows:
        return Whole(False, False)
    values = np.frombuffer(numbers, np.int64, rows)
    least, most = int(values.min()), int(values.max())
    # The smallest int64 has no absolute value among them; it is too rare to be worth more.
    if least == np.iinfo(np.int64).min:
        return None
    places = np.frombuffer(cuts, np.int32, rows + 1)
    digits = _count_digits(values if least >= 0 else np.abs(values), max(-least, most))
    signs = 0 if least >= 0 else int(np.count_nonzero(values < 0))
    if int(places[-1]) - int(places[0]) != digits + signs:
        return None
    return Whole(bool(least or most), max(-least, most) > _EXACT)


def look_at_decimals(cuts: Buffer, data: Buffer, points: Buffer, numbers: Buffer, rows: int) -> Decimals | None:
    """What numbers of plain texts are like; None if one is not canonical.

    `points` (int32) is where the point is in each text, -1 where there is none; `numbers` are doubles.
    """
    lengths = np.diff(np.frombuffer(cuts, np.int32, rows + 1))
    values = np.frombuffer(numbers, np.float64, rows)
    places = np.frombuffer(points, np.int32, rows)
    has_point = places >= 0
    is_negative = np.signbit(values)
    digits = np.where(has_point, places, lengths) - is_negative
    magnitudes = np.abs(values)
    # More digits than these are no more exact in a binary64: whoever reads cell by cell decides.
    if int(digits.max()) > _SURE_DIGITS or int(digits.min()) < 1 or not bool(np.isfinite(values).all()):
        return None
    if int(digits.sum()) != _count_digits(magnitudes, float(magnitudes.max())):
        return None
    counts = np.where(has_point, lengths - places - 1, 0)
    if bool((counts[has_point] == 0).any()):
        return None
    is_bare_zero = (lengths == 1) & (values == 0)
    lasts = octets(data)[np.frombuffer(cuts, np.int32, rows + 1)[1:] - 1]
    ends_in_zero = has_point & (lasts == _ZERO)
    return Decimals(
        frozenset(np.flatnonzero(np.bincount(counts[~is_bare_zero])).tolist()),
        bool((~has_point & ~is_bare_zero).any()),
        bool((ends_in_zero & (counts == 1)).any()),
        bool((ends_in_zero & (counts > 1)).any()),
        bool(has_point.any() or ((values == 0) & is_negative).any()),
        bool((lengths > _SURE_DIGITS).any()),
    )


def _count_digits(magnitudes: npt.NDArray[Any], most: float) -> int:
    """How many digits the whole parts of numbers have together."""
    digits, power = len(magnitudes), 10
    while power <= most:
        digits += int(np.count_nonzero(magnitudes >= power))
        power *= 10
    return digits
