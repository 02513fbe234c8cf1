"""What is odd in a text table, counted by kind, with the place of the first: what the notes to the user say.

    2 rows have more cells than the 3 columns and were left out (the first: line 17, 4 cells)

Nothing here decides what becomes of a row or a cell; it only remembers.
"""

from collections.abc import Iterator

from rlmlite.inputs.tables.sheets.sheet_writer import Losses

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
    """Counts what is odd, by kind. Kinds are said in the order in which they first came."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def add(self, kind: str, first: str, times: int = 1) -> None:
        """Count something of a kind; `first` says what and where, if it is the first of its kind."""
        self._counts[kind] = self._counts.get(kind, 0) + times
        self._first.setdefault(kind, first)

    def count(self, kind: str) -> int:
        """How many of a kind."""
        return self._counts.get(kind, 0)

    def first(self, kind: str) -> str:
        """What was said of the first of a kind."""
        return self._first[kind]

    def notes(self) -> Iterator[str]:
        """One note per kind."""
        for kind, times in self._counts.items():
            yield f"{kind} ({times:,}; the first: {self._first[kind]})"

    def tell(self, losses: Losses) -> None:
        """Add the notes to what is said of a table."""
        for note in self.notes():
            losses.remark(note)
