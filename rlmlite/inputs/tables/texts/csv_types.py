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

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.texts.csv_dates import LOOKS_LIKE_DATE, read_date
from rlmlite.inputs.tables.texts.csv_numbers import INT, IS_NUMBER, NUMBER, Digits, Example
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

_SURE_LENGTH = 15
"""A whole number of so few characters is exact in a binary64."""

_SOME = 10
"""After so many numbers in a column, the first cell that is none is worth a note."""

_SWAPPED = str.maketrans(",.", ".,")
_SHAPES = {
    "as dates": LOOKS_LIKE_DATE,
    "with a decimal comma": re.compile(r"[+-]?[0-9]+,[0-9]+"),
    "as numbers": re.compile(r"[+-]?\.[0-9]+|\+[0-9]{1,6}(?:\.[0-9]+)?"),
}
"""What a column of text may be meant as, by the shape of its first cell. Codes such as `007` are meant as they are."""


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
        self._no_number: Example | None = None

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
        if "number" in matching:
            self._add_numbers(stripped, places, "int" in matching)
        elif "number" in self._possible:
            self._no_number = self._find_no_number(stripped, places)
        self._possible = matching

    def kind(self) -> str:
        """The type, after the last batch."""
        if not self._is_filled:
            return "text"
        is_lossy = "int" not in self._possible and self._digits.loss() is not None
        return next((kind for kind in TYPES if kind in self._possible and not (kind == "number" and is_lossy)), "text")

    def doubt(self) -> tuple[str, Example] | None:
        """For a column of text: what it may be meant as, and the cell because of which it is not."""
        if "number" in self._possible:
            loss = self._digits.loss()
            return None if loss is None else ("as numbers", loss)
        if self._no_number is not None:
            return "as numbers", self._no_number
        # A column that only begins with numbers is text in any case.
        if self._first is None or IS_NUMBER.fullmatch(self._first[1]):
            return None
        for meant, shape in _SHAPES.items():
            if shape.fullmatch(self._first[1]):
                return meant, self._first
        return None

    def _add_numbers(self, cells: Sequence[str], places: Sequence[Place], are_whole: bool) -> None:
        numbers = [(cell, place) for cell, place in zip(cells, places, strict=True) if cell and cell not in NULL_WORDS]
        self._numbers += len(numbers)
        # Short whole numbers are all alike: one of them tells what all would.
        if are_whole:
            long = [number for number in numbers if len(number[0]) > _SURE_LENGTH]
            numbers = [*[number for number in numbers if number[0] != "0"][:1], *long]
        for cell, place in numbers:
            self._digits.add(cell, place)

    def _find_no_number(self, cells: Sequence[str], places: Sequence[Place]) -> Example | None:
        before = self._numbers
        for cell, place in zip(cells, places, strict=True):
            if cell and cell not in NULL_WORDS:
                if not IS_NUMBER.fullmatch(cell):
                    return (place, cell) if before >= _SOME else None
                before += 1
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
