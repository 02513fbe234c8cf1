"""Types of CSV columns: which columns are numbers, booleans or dates, and what their cells are.

A column has the narrowest type that *every* cell of it spells, so a type is a fact about the whole column and not a
guess from a sample: 1, 2, "" is int; 1, 2.5 is number (see `csv_numbers` for what that must not lose); true, FALSE is
bool; dates are dates only by the option `dates=`; anything else is text. An empty cell is null, and in a column that is
not text also one of `NULL_WORDS`. Spaces around a number, boolean or date are no part of it.

The check joins a batch of cells with newlines and runs one regular expression over all of them, which is several times
faster than one match per cell. A cell that contains a newline would shift the lines; such a column is text anyway.
"""

import re
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.texts.delimited.csv_dates import LOOKS_LIKE_DATE, read_date
from rlmlite.inputs.tables.texts.delimited.csv_numbers import INT, IS_NUMBER, NUMBER, SURE_DIGITS, Digits
from rlmlite.inputs.tables.texts.lines import Place

TYPES = ("int", "number", "bool", "date", "text")
"""What a column can hold, the narrowest first."""

NULL_WORDS = frozenset(("NA", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan", "None", "\\N"))
"""What programs write for a number that is not there. In a column of text they are texts."""

_BOOL = "(?:true|false|True|False|TRUE|FALSE)"
_NULL = "(?:" + "|".join(map(re.escape, sorted(NULL_WORDS))) + ")"
# Possessive, so that a cell of many spaces takes linear time.
_COLUMN_OF = {
    kind: re.compile(f" *+(?:{cell}|{_NULL})? *+(?:\n *+(?:{cell}|{_NULL})? *+)*")
    for kind, cell in (("int", INT), ("number", NUMBER), ("bool", _BOOL))
}
"""Matches a newline-joined column whose every cell is empty or of the type."""

_SOME = 10
"""After so many numbers in a column, the first cell that is none is worth a note."""

_SWAPPED = str.maketrans(",.", ".,")
_SHAPES = {
    "as dates": LOOKS_LIKE_DATE,
    "with a decimal comma": re.compile(r"[+-]?[0-9]+,[0-9]+"),
    "as numbers": re.compile(r"[+-]?\.[0-9]+|\+[0-9]{1,6}(?:\.[0-9]+)?"),
}
"""What a column of text may be meant as, by the shape of its first cell. Codes such as `007` are meant as they are."""


Example: TypeAlias = tuple[Place, str]
"""A cell, and the place of its row."""


class Spelling(msgspec.Struct, frozen=True):
    """How cells are spelled: the sign before decimals (`.` or `,`), and the order of dates, or None for no dates."""

    decimal: str = "."
    dates: str | None = None

    def plain(self, cells: Sequence[str]) -> Sequence[str]:
        """The cells with a decimal point. A point where the comma is the sign becomes a comma: it is no number."""
        return cells if self.decimal == "." else [cell.translate(_SWAPPED) for cell in cells]


class ColumnType:
    """Finds the type of a column, batch by batch, and which cell decided that it is text."""

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self._possible = {*_COLUMN_OF, "date"} if spelling.dates else set(_COLUMN_OF)
        self._digits, self._numbers, self._is_filled = Digits(), 0, False
        self._first: Example | None = None
        self._culprit: Example | None = None

    def add(self, cells: Sequence[str], places: Sequence[Place]) -> None:
        """Look at a batch of the column, given the places of its rows."""
        if self._first is None:
            self._first = next(((place, cell) for cell, place in zip(cells, places, strict=True) if cell), None)
        if not self._possible:
            return
        plain = self._spelling.plain(cells)
        joined = "\n".join(plain)
        # A cell with a newline would pass for two, of which each might be a number.
        is_joined = joined.count("\n") == len(plain) - 1
        stripped = [cell.strip(" ") for cell in plain] if " " in joined else plain
        self._is_filled = self._is_filled or any(cell and cell not in NULL_WORDS for cell in stripped)
        matching = {kind for kind in self._possible if is_joined and _are_all(kind, stripped, joined, self._spelling)}
        if "number" in self._possible and not (
            "number" in matching and self._take_numbers(stripped, "int" in matching)
        ):
            matching -= {"int", "number"}
            self._culprit = self._find_culprit(stripped, places)
        self._possible = matching

    def take(self, digits: Digits, count: int, *, are_whole: bool) -> bool:
        """Count in numbers that were looked at elsewhere. False, and nothing is counted, if they do not go with it."""
        merged = self._digits.copy()
        merged.merge(digits)
        if "number" not in self._possible or merged.lose():
            return False
        self._digits, self._numbers = merged, self._numbers + count
        self._possible = self._possible & ({"int", "number"} if are_whole else {"number"})
        return True

    def count_anew(self) -> None:
        """Begin to count numbers from the first row, which will come again."""
        self._numbers = 0

    @property
    def is_filled(self) -> bool:
        """Whether there was a cell that has a type."""
        return self._is_filled

    @property
    def is_text(self) -> bool:
        """Whether the column is text whatever else it holds."""
        return self._is_filled and not self._possible

    def kind(self) -> str:
        """The type, after the last batch."""
        return next((kind for kind in TYPES if kind in self._possible), "text") if self._is_filled else "text"

    def doubt(self) -> tuple[str, Example] | None:
        """For a column of text: what it may be meant as, and the cell because of which it is not."""
        if self._culprit is not None:
            return "as numbers", self._culprit
        # A column that only begins with numbers is text in any case.
        if self._first is None or IS_NUMBER.fullmatch(self._first[1]):
            return None
        for meant, shape in _SHAPES.items():
            if shape.fullmatch(self._first[1]):
                return meant, self._first
        return None

    def _take_numbers(self, cells: Sequence[str], are_whole: bool) -> bool:
        """Count in a batch of numbers, unless they lose something: then nothing is counted."""
        numbers = [cell for cell in cells if cell and cell not in NULL_WORDS]
        digits = self._digits.copy()
        # Short whole numbers are all alike: one of them tells what all would.
        short = next((cell for cell in numbers if cell != "0"), "0")
        for cell in [short, *(cell for cell in numbers if len(cell) > SURE_DIGITS)] if are_whole else numbers:
            digits.add(cell)
        if digits.lose():
            return False
        self._digits, self._numbers = digits, self._numbers + len(numbers)
        return True

    def _find_culprit(self, cells: Sequence[str], places: Sequence[Place]) -> Example | None:
        """The first cell because of which the column is not numbers, if it came after some that are."""
        for cell, place in zip(cells, places, strict=True):
            if cell and cell not in NULL_WORDS:
                if not IS_NUMBER.fullmatch(cell):
                    return (place, cell) if self._numbers >= _SOME else None
                self._digits.add(cell)
                if self._digits.lose():
                    return place, cell
                self._numbers += 1
        return None


def _are_all(kind: str, cells: Sequence[str], joined: str, spelling: Spelling) -> bool:
    if kind == "date":
        return all(cell in NULL_WORDS or read_date(cell, str(spelling.dates)) for cell in cells if cell)
    return _COLUMN_OF[kind].fullmatch(joined) is not None


def parse_types(option: str, names: Sequence[str]) -> dict[int, str]:
    """The types in the option `types=`, by the index of their column. Raises `InputError`.

    `auto` is for none, `text` for all columns, `int,text` for each of them, `zip:text,price:number` for some by name.
    """
    if option == "auto":
        return {}
    if option == "text":
        return dict.fromkeys(range(len(names)), "text")
    parts = option.split(",")
    if ":" in option:
        chosen = {}
        for part in parts:
            name, _, kind = part.rpartition(":")
            if name not in names or kind not in TYPES:
                raise InputError(
                    f"option types={option}: `{part}` is not NAME:TYPE; columns: {', '.join(names)}; "
                    f"types: {', '.join(TYPES)}"
                )
            chosen[list(names).index(name)] = kind
        return chosen
    if len(parts) != len(names) or not set(parts) <= set(TYPES):
        kinds = ", ".join(TYPES)
        raise InputError(
            f"option types={option}: expected auto, text, NAME:TYPE, or one of {kinds} for each of {len(names)} columns"
        )
    return dict(enumerate(parts))
