"""Rows of a CSV file, cut by Python's `csv`; a line whose quotes do not work out does not take the others along.

A cell that begins with a quote goes on to the next quote that is not doubled, over the ends of lines if need be. If
that quote never comes, or is not the end of the cell, then the first was no opening quote: the row is that one line,
with its quotes as text, and reading goes on at the next line.

    1,"a ""b"", c"      1 | a "b", c           as CSV has it
    2,"5 inches         2 | "5 inches          the quote that ends it is followed by more: its own line, as written
    3,6" disk           3 | 6" disk            a quote within a cell is text anyway
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from rlmlite.inputs.tables.texts.lines import Lines, Place, TextFile, end_size, text_of
from rlmlite.inputs.tables.texts.odd import MISQUOTED, Odd

MAX_ROW = 1 << 26
"""Bytes of one row. A quote that is not closed within so many is not an opening quote."""


class Cut(msgspec.Struct, frozen=True):
    """How lines are cut: at which delimiter, and by which quotes (None: quotes are text)."""

    delimiter: str
    quote: str | None


class Row(NamedTuple):
    """A row: where it begins, the byte where it ends (without the line end), and its cells."""

    place: Place
    stop: int
    cells: Sequence[str]


class _TooLongError(Exception):
    """A row goes on for more than `MAX_ROW`."""


def read_rows(file: TextFile, start: Place, cut: Cut, odd: Odd) -> Iterator[Row]:
    """The rows from a place on. Blank lines are left out."""
    # A cell may be a whole document; the module's default is 128 KiB.
    csv.field_size_limit(sys.maxsize)
    # Strict: by default a misplaced quote is dropped in silence.
    how: dict[str, Any] = {"delimiter": cut.delimiter, "strict": True, **_quoting(cut.quote)}
    line = b""

    def texts(lines: Lines) -> Iterator[str]:
        nonlocal line
        for line in lines:
            yield text_of(line)
            # `start` is still where the row began, if it asks for another line.
            if lines.place.offset - start.offset > MAX_ROW:
                raise _TooLongError

    while True:
        lines = file.lines(start)
        try:
            for cells in csv.reader(texts(lines), **how):
                # Blank lines come as empty lists.
                if cells:
                    yield Row(start, lines.place.offset - end_size(line), cells)
                start = lines.place
            return
        except (csv.Error, _TooLongError):
            odd.add(MISQUOTED, start.name)
            lines = file.lines(start)
            line = next(lines)
            cells = next(csv.reader([text_of(line)], delimiter=cut.delimiter, quoting=csv.QUOTE_NONE))
            yield Row(start, start.offset + len(line) - end_size(line), cells)
            start = lines.place


def _quoting(quote: str | None) -> dict[str, Any]:
    return {"quoting": csv.QUOTE_NONE} if quote is None else {"quotechar": quote}
