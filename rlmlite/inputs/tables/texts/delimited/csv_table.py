"""The rows of a CSV file whose dialect is known, each with as many cells as there are columns.

Rows that have not are odd, and never decide what the others are:

    a,b         too short      1            1 | null, and said
    1,2         too long       1,2,         1 | 2       an empty cell without a column is no loss
                               1,2,3        left out, and said: which cells belong to which columns, nobody knows

If more rows are left out than are read, the file is not the table that it was taken for, and is refused.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rlmlite.errors import InputError
from rlmlite.inputs.tables.sheets.sheet_writer import ROWS
from rlmlite.inputs.tables.texts.delimited.csv_dialect import Dialect
from rlmlite.inputs.tables.texts.delimited.csv_rows import Row, place_after, read_rows
from rlmlite.inputs.tables.texts.delimited.csv_types import ColumnType
from rlmlite.inputs.tables.texts.lines import Place, TextFile
from rlmlite.inputs.tables.texts.odd import TOO_LONG, TOO_SHORT, Odd


class CsvTable:
    """A CSV file whose dialect is known. It counts rows by their cells as they are read."""

    def __init__(self, file: TextFile, dialect: Dialect) -> None:
        self.file, self.dialect = file, dialect

    def find_names(self, options: Mapping[str, str]) -> list[str]:
        """The names of the columns: the header, or as many numbers as most rows have cells."""
        if self.dialect.header:
            return list(next(read_rows(self.file, self.dialect.start, self.dialect.cut, Odd())).cells)
        widths = Counter(len(row.cells) for row in self._rows(Odd()))
        width = max(widths, key=lambda width: (widths[width], width))
        # A sheet is from when the first row decided.
        if self.file.path.is_sheet and "types" in options:
            width = options["types"].count(",") + 1
        return [f"column_{number}" for number in range(1, width + 1)]

    def infer_types(self, width: int) -> list[ColumnType]:
        """What each column looks like. The first pass over the file."""
        columns = [ColumnType(self.dialect.spelling) for _ in range(width)]
        # What is odd in this pass is not counted: the second will come across it again.
        for rows in self.batches(width, Odd()):
            add_rows(columns, rows)
        return columns

    def batches(self, width: int, odd: Odd) -> Iterator[list[Row]]:
        """The rows below the header, in batches, with as many cells as there are columns. Raises `InputError`."""
        kept = 0
        rows = self.even_rows(self._rows(odd), width, odd)
        while batch := list(itertools.islice(rows, ROWS)):
            kept += len(batch)
            yield batch
        self.check_widths(width, kept, odd)

    def even_rows(self, rows: Iterable[Row], width: int, odd: Odd) -> Iterator[Row]:
        """Those of the rows that are read, with as many cells as there are columns."""
        for row in rows:
            cells = row.cells
            if len(cells) == width:
                yield row
            elif len(cells) > width and any(cells[width:]):
                odd.add(TOO_LONG, row.place, f"{len(cells)} cells for {width} columns")
            elif not self._is_blank(cells):
                if len(cells) < width:
                    odd.add(TOO_SHORT, row.place)
                yield row._replace(cells=[*cells[:width], *[""] * (width - len(cells))])

    def check_widths(self, width: int, kept: int, odd: Odd) -> None:
        """Raise `InputError` if more rows were left out than are kept."""
        if odd.count(TOO_LONG) > kept:
            path, first = self.file.path, odd.first(TOO_LONG)
            raise InputError(
                f"{path}: most rows are too long (the first: {first}); if the delimiter is wrong or the table begins "
                f"further down, give csv:{path}?delimiter=... or skip=...; text:{path} reads it as text"
            )

    def first_row(self, odd: Odd) -> Place:
        """Where the rows below the header begin."""
        start = self.dialect.start
        if not self.dialect.header:
            return start
        header = next(read_rows(self.file, start, self.dialect.cut, odd, start.offset + 1))
        return place_after(header, self.file.text)

    def _rows(self, odd: Odd) -> Iterator[Row]:
        """The rows below the header."""
        rows = read_rows(self.file, self.dialect.start, self.dialect.cut, odd)
        return itertools.islice(rows, 1 if self.dialect.header else 0, None)

    def _is_blank(self, cells: Sequence[str]) -> bool:
        """Whether a row that is too short is a line of white space. In a sheet it is a short row."""
        return not self.file.path.is_sheet and len(cells) == 1 and not cells[0].strip()


def add_rows(columns: Sequence[ColumnType], rows: Sequence[Row]) -> None:
    """Let columns look at their cells in rows."""
    places = [row.place for row in rows]
    for column, cells in zip(columns, columns_of(rows), strict=True):
        column.add(cells, places)


def columns_of(rows: Sequence[Row]) -> list[Sequence[str]]:
    """The cells of rows, column by column."""
    return list(zip(*(row.cells for row in rows), strict=True))
