"""When text is a number: only if the number says all that the text does.

A column becomes numbers if every cell of it is spelled as one and none loses what a reader of the file would miss:

    12.50, 3.00, 0         a number: the zeros at the end belong to a fixed number of decimals
    12.5, 3.0, 0.25        a number: programs write a whole one so
    3.9, 3.10              text: as numbers these versions would be 3.9 and 3.1
    0.5, 1000000000000000001        text: a binary64 that holds both kinds would round the second
    0.12345678901234567890          text: a binary64 has not so many digits
    4E2, 17                text: a code, not 400; but 4e-2 and 4.0e2 are numbers
    007, +1, .5            text: not spelled as a number is

`Digits` collects what this takes, cell by cell.
"""

import math
import re
from decimal import Decimal

INT = r"(?:0|-?[1-9][0-9]{0,999})"
NUMBER = r"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"

IS_NUMBER = re.compile(NUMBER)
_LOOSE_INT = re.compile(r"[+-]?[0-9]{1,1000}")
_LOOSE_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,1000}\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_CODE = re.compile(r"-?[0-9]+[eE][0-9]+")

SURE_DIGITS = 15
"""Decimal digits that a binary64 always gives back."""

EXACT = 2**53
"""Up to here a binary64 holds every whole number."""


class Digits:
    """What the numbers of a column look like, as far as it matters for whether numbers lose nothing.

    decimals: the counts of digits after a point. fractional: is there a number that is not whole? whole: a whole one
    without a point? point_zero: one that ends in `.0`? zero_at_end: one whose several decimals end in 0? code: one such
    as `4E2`? rounded: one of more digits than a binary64 has? A bare `0` is none of these.
    """

    def __init__(self) -> None:
        self.decimals: frozenset[int] = frozenset()
        self.fractional = self.whole = self.point_zero = self.zero_at_end = self.code = self.rounded = False

    def add(self, cell: str) -> None:
        """Look at a cell that `NUMBER` matches."""
        # A bare zero is written with any number of decimals.
        if cell == "0":
            return
        _, point, decimals = cell.partition(".")
        has_exponent = "e" in cell or "E" in cell
        self.fractional = self.fractional or has_exponent or bool(point) or cell == "-0"
        if not has_exponent:
            self.decimals |= {len(decimals)}
            self.whole = self.whole or not point
            self.point_zero = self.point_zero or decimals == "0"
            self.zero_at_end = self.zero_at_end or (len(decimals) > 1 and decimals[-1] == "0")
        elif _CODE.fullmatch(cell):
            self.code = True
        if (has_exponent or len(cell) > SURE_DIGITS) and not gives_back(cell):
            self.rounded = True

    def merge(self, other: "Digits") -> None:
        """Add what other cells look like."""
        self.decimals |= other.decimals
        self.fractional |= other.fractional
        self.whole |= other.whole
        self.point_zero |= other.point_zero
        self.zero_at_end |= other.zero_at_end
        self.code |= other.code
        self.rounded |= other.rounded

    def copy(self) -> "Digits":
        """The same, to go on from."""
        other = Digits()
        other.__dict__.update(self.__dict__)
        return other

    def lose(self) -> bool:
        """Whether a number would alter one of the cells. Whole numbers alone are kept with all their digits."""
        fixed = len(self.decimals) <= 1
        beside_whole = self.whole and (self.code or self.point_zero)
        return self.fractional and (self.rounded or beside_whole or (self.zero_at_end and not fixed))


def gives_back(cell: str) -> bool:
    """Whether the nearest binary64, rounded to as many digits as the cell has, is the cell again."""
    number = float(cell)
    if not math.isfinite(number):
        return False
    spelled = Decimal(cell)
    if "." not in cell and "e" not in cell.lower():
        # Whole numbers are held as such, and a binary64 beside them must be too.
        return abs(spelled) <= EXACT
    digits = len(spelled.as_tuple().digits)
    # Programs write the shortest digits that read back as the number, or a number of digits of its exact value.
    return spelled in (Decimal(repr(number)), Decimal(f"{number:.{digits - 1}e}"))


def read_int(cell: str) -> int | None:
    """A cell as a whole number, however it is spelled; None if it is none."""
    return int(cell) if _LOOSE_INT.fullmatch(cell) else None


def read_number(cell: str) -> float | int | None:
    """A cell as a number, however it is spelled; None if it is none, or infinite."""
    if _LOOSE_INT.fullmatch(cell):
        number: float | int = int(cell)
        return number if abs(number) <= EXACT else _finite(float(cell))
    return _finite(float(cell)) if _LOOSE_NUMBER.fullmatch(cell) else None


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
