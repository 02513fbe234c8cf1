"""When text is a number: only if the number says all that the text does.

A column becomes numbers if every cell of it is spelled as one and none loses what a reader of the file would miss:

    12.50, 3.00, 0         a number: the zeros at the end belong to a fixed number of decimals
    12.5, 3.0, 0.25        a number: programs write a whole one so
    3.9, 3.10              text: as numbers these versions would be 3.9 and 3.1
    0.5, 1000000000000000001        text: a binary64 that holds both kinds would round the second
    0.12345678901234567890          text: a binary64 has not so many digits
    4E2, 17                text: a code, not 400; but 4e-2 and 4.0e2 are numbers
    007, +1, .5            text: not spelled as a number is

`Digits` collects what this takes, batch by batch, and `Digits.loss` says which cell a number would alter.
"""

import math
import re
from decimal import Decimal
from typing import TypeAlias

from rlmlite.inputs.tables.texts.lines import Place

INT = r"(?:0|-?[1-9][0-9]{0,999})"
NUMBER = r"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"

IS_NUMBER = re.compile(NUMBER)
_LOOSE_INT = re.compile(r"[+-]?[0-9]{1,1000}")
_LOOSE_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,1000}\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_CODE = re.compile(r"-?[0-9]+[eE][0-9]+")

_SURE_DIGITS = 15
"""Decimal digits that a binary64 always gives back."""

EXACT = 2**53
"""Up to here a binary64 holds every whole number."""


Example: TypeAlias = tuple[Place, str]
"""A cell, and the place of its row."""


class Digits:
    """What the cells of a column of numbers look like; of each sort that matters, the first."""

    def __init__(self) -> None:
        self._decimals: set[int] = set()
        self._zero_at_end: Example | None = None
        self._point_zero: Example | None = None
        self._whole: Example | None = None
        self._code: Example | None = None
        self._rounded: Example | None = None

    def add(self, cell: str, place: Place) -> None:
        """Look at a cell that `NUMBER` matches."""
        # A bare zero is written with any number of decimals.
        if cell == "0":
            return
        example = (place, cell)
        _, point, decimals = cell.partition(".")
        has_exponent = "e" in cell or "E" in cell
        if not has_exponent:
            self._decimals.add(len(decimals))
            if not point:
                self._whole = self._whole or example
            elif decimals == "0":
                self._point_zero = self._point_zero or example
            elif decimals[-1] == "0":
                self._zero_at_end = self._zero_at_end or example
        elif _CODE.fullmatch(cell):
            self._code = self._code or example
        if (has_exponent or len(cell) > _SURE_DIGITS) and not gives_back(cell):
            self._rounded = self._rounded or example

    def loss(self) -> Example | None:
        """The first cell that a number would alter, if there is one."""
        if self._rounded is not None:
            return self._rounded
        if self._code is not None and self._whole is not None:
            return self._code
        if self._point_zero is not None and self._whole is not None:
            return self._point_zero
        return self._zero_at_end if len(self._decimals) > 1 else None


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
