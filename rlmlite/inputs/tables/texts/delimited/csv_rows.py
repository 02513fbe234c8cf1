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

from rlmlite.inputs.tables.texts.lines import Lines, Place, TextFile, end_size, line_ends, text_of
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


def read_rows(file: TextFile, start: Place, cut: Cut, odd: Odd, stop: int = sys.maxsize) -> Iterator[Row]:
    """The rows that begin from a place on, before the byte `stop`. Blank lines are left out."""
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

    while start.offset < stop:
        lines = file.lines(start)
        try:
            for cells in csv.reader(texts(lines), **how):
                # Blank lines come as empty lists.
                if cells:
                    yield Row(start, lines.place.offset - end_size(line), cells)
                start = lines.place
                if start.offset >= stop:
                    return
            return
        except (csv.Error, _TooLongError):
            odd.add(MISQUOTED, start)
            lines = file.lines(start)
            line = next(lines)
            cells = next(csv.reader([text_of(line)], delimiter=cut.delimiter, quoting=csv.QUOTE_NONE))
            yield Row(start, start.offset + len(line) - end_size(line), cells)
            start = lines.place


def _quoting(quote: str | None) -> dict[str, Any]:
    return {"quoting": csv.QUOTE_NONE} if quote is None else {"quotechar": quote}


def place_after(row: Row, text: memoryview) -> Place:
    """Where the line after a row begins."""
    end = bytes(text[row.stop : row.stop + 2])
    size = 2 if end == b"\r\n" else min(len(end), 1)
    return Place(row.stop + size, row.place.line + line_ends(bytes(text[row.place.offset : row.stop])) + 1)
