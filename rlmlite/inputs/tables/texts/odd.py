"""What is odd in a text table, counted by kind, with the place of the first: what the notes to the user say.

    2 rows have more cells than the 3 columns and were left out (the first: line 17, 4 cells)

Nothing here decides what becomes of a row or a cell; it only remembers.
"""

from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite.inputs.tables.texts.lines import Place

MISQUOTED = "lines whose quotes do not work out were read with their quotes as text"
TOO_LONG = "rows with more cells than columns were left out"
TOO_SHORT = "short rows were filled up with null"
NOT_OF_TYPE = "cells that are not of the type that types= gives became null"
NULL_WORD = "words for a missing value, in columns that are not text, became null"
"""Kinds of what is odd."""

_LONGEST = 40


def excerpt(cell: str) -> str:
    """A cell in a note: quoted, cut, on one line."""
    shown = cell if len(cell) <= _LONGEST else cell[:_LONGEST] + "..."
    return "`" + "".join(char if char.isprintable() else "\ufffd" for char in shown) + "`"


class Odd:
    """Counts what is odd, by kind. Kinds are said in the order of their names, and of each the first in the file."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, tuple[Place, int, str]] = {}

    def add(self, kind: str, place: Place, what: str = "", times: int = 1, column: int = 0) -> None:
        """Count something of a kind: where it is, and what there is to say of it."""
        self._counts[kind] = self._counts.get(kind, 0) + times
        first = self._first.get(kind)
        # Columns are read one after the other, so what comes first may be counted last.
        if first is None or (place.offset, column) < (first[0].offset, first[1]):
            self._first[kind] = place, column, what

    def count(self, kind: str) -> int:
        """How many of a kind."""
        return self._counts.get(kind, 0)

    def first(self, kind: str) -> str:
        """Where the first of a kind is, and what."""
        place, _, what = self._first[kind]
        return f"{place.name}, {what}" if what else place.name

    def tell(self, losses: Losses) -> None:
        """Add one note per kind to what is said of a table."""
        for kind, times in self._counts.items():
            losses.remark(f"{kind} ({times:,}; the first: {self.first(kind)})")
