"""CSV and TSV files: opened with a dialect (`csv_dialect`) and column types (`csv_types`), then read in batches.

The file is read twice when types are inferred: once to find them, once for the rows. Both passes hold one batch at a
time. Rows that have not as many cells as there are columns are odd, and never decide what the others are:

    a,b         too short      1            1 | null, and said
    1,2         too long       1,2,         1 | 2       an empty cell without a column is no loss
                               1,2,3        left out, and said: which cells belong to which columns, nobody knows

If more rows are left out than are read, the file is not the table that it was taken for, and is refused.
"""

import itertools
import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rlmlite.errors import InputError
from rlmlite.inputs.tables.reading.reader import OpenTable, TableFile
from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import ROWS, Losses, column_names
from rlmlite.inputs.tables.sheets.sheet_writer import Batch as SpelledBatch
from rlmlite.inputs.tables.texts.csv_cells import read_cells
from rlmlite.inputs.tables.texts.csv_dialect import Dialect, choose_dialect, recorded
from rlmlite.inputs.tables.texts.csv_numbers import Example
from rlmlite.inputs.tables.texts.csv_rows import Row, read_rows
from rlmlite.inputs.tables.texts.csv_types import ColumnType, parse_types
from rlmlite.inputs.tables.texts.lines import TextFile
from rlmlite.inputs.tables.texts.odd import TOO_LONG, TOO_SHORT, Odd, excerpt
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.writer import Batch


def read_csv(path: TableFile, options: Mapping[str, str]) -> OpenTable:
    """Open a CSV file. See `TableReader`."""
    file = TextFile(path)
    dialect, inferred = choose_dialect(file, options)
    table = _CsvTable(file, dialect)
    names = table.find_names(options)
    writable = _writable_names(path, names)
    given = parse_types(options.get("types", "auto"), writable)
    notes = list(inferred.notes)
    if len(given) < len(names):
        inferred_types, doubts = table.infer_types(len(names))
        types = [given.get(index, kind) for index, kind in enumerate(inferred_types)]
        notes += _doubt_notes(doubts, types, writable)
    else:
        types = list(given.values())

    def read_values(losses: Losses) -> Iterator[tuple[list[Row], list[list[Any]]]]:
        # Noted here, not when the table is opened: the losses belong to one reading of the rows.
        for note in notes:
            losses.remark(note)
        odd = Odd()
        for rows in table.batches(len(names), odd):
            places = [row.place for row in rows]
            columns = zip(_columns(rows), types, names, strict=True)
            yield (
                rows,
                [read_cells(cells, kind, dialect.spelling, name, places, odd) for cells, kind, name in columns],
            )
        odd.tell(losses)

    def batches(losses: Losses) -> Iterator[SpelledBatch]:
        for _, columns in read_values(losses):
            yield [column_cells(column, losses) for column in columns]

    def columns(losses: Losses) -> Iterator[Batch]:
        for rows, columns in read_values(losses):
            starts = parts.of_values([row.place.offset for row in rows])
            stops = parts.of_values([row.stop for row in rows])
            yield Batch([parts.of_values(column) for column in columns], len(rows), starts, stops)

    how = dict(options) | recorded(dialect) | {"types": ",".join(types)}
    why = "; ".join(inferred.why)
    return OpenTable(tuple(names), batches, platform.python_version(), how, why, columns, has_places=True)


def _writable_names(path: TableFile, names: Sequence[str]) -> tuple[str, ...]:
    try:
        return column_names(names)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


class _CsvTable:
    """A CSV file whose dialect is known."""

    def __init__(self, file: TextFile, dialect: Dialect) -> None:
        self._file, self._dialect = file, dialect

    def find_names(self, options: Mapping[str, str]) -> list[str]:
        """The names of the columns: the header, or as many numbers as most rows have cells."""
        if self._dialect.header:
            return list(next(read_rows(self._file, self._dialect.start, self._dialect.cut, Odd())).cells)
        widths = Counter(len(row.cells) for row in self._rows(Odd()))
        width = max(widths, key=lambda width: (widths[width], width))
        # A sheet is from when the first row decided.
        if self._file.path.is_sheet and "types" in options:
            width = options["types"].count(",") + 1
        return [f"column_{number}" for number in range(1, width + 1)]

    def infer_types(self, width: int) -> tuple[list[str], list[tuple[str, Example] | None]]:
        """The type of each column, and what may be doubted of it. The first pass over the file."""
        columns = [ColumnType(self._dialect.spelling) for _ in range(width)]
        # What is odd in this pass is not counted: the second will come across it again.
        for rows in self.batches(width, Odd()):
            places = [row.place for row in rows]
            for column, cells in zip(columns, _columns(rows), strict=True):
                column.add(cells, places)
        kinds = [column.kind() for column in columns]
        return kinds, [column.doubt() if kind == "text" else None for column, kind in zip(columns, kinds, strict=True)]

    def batches(self, width: int, odd: Odd) -> Iterator[list[Row]]:
        """The rows below the header, in batches, with as many cells as there are columns. Raises `InputError`."""
        rows = self._even_rows(width, odd)
        while batch := list(itertools.islice(rows, ROWS)):
            yield batch

    def _even_rows(self, width: int, odd: Odd) -> Iterator[Row]:
        """Rows of one width. Raises `InputError` if most have more cells."""
        kept, first_long = 0, ""
        for row in self._rows(odd):
            name, cells = row.place.name, row.cells
            if len(cells) == width:
                kept += 1
                yield row
            elif len(cells) > width and any(cells[width:]):
                odd.add(TOO_LONG, f"{name}, {len(cells)} cells for {width} columns")
                first_long = first_long or f"{name} has {len(cells)} cells, expected {width}"
            elif not self._is_blank(cells):
                if len(cells) < width:
                    odd.add(TOO_SHORT, name)
                kept += 1
                yield row._replace(cells=[*cells[:width], *[""] * (width - len(cells))])
        if odd.count(TOO_LONG) > kept:
            path = self._file.path
            raise InputError(
                f"{path} {first_long}, and most rows are too long; if the delimiter is wrong or the table begins "
                f"further down, give csv:{path}?delimiter=... or skip=...; text:{path} reads it as text"
            )

    def _rows(self, odd: Odd) -> Iterator[Row]:
        """The rows below the header."""
        rows = read_rows(self._file, self._dialect.start, self._dialect.cut, odd)
        return itertools.islice(rows, 1 if self._dialect.header else 0, None)

    def _is_blank(self, cells: Sequence[str]) -> bool:
        """Whether a row that is too short is a line of white space. In a sheet it is a short row."""
        return not self._file.path.is_sheet and len(cells) == 1 and not cells[0].strip()


def _columns(rows: Sequence[Row]) -> list[Sequence[str]]:
    return list(zip(*(row.cells for row in rows), strict=True))


def _doubt_notes(
    doubts: Sequence[tuple[str, Example] | None], types: Sequence[str], names: Sequence[str]
) -> Iterator[str]:
    """One note for all columns of text that may be meant as the same."""
    columns: dict[str, list[str]] = {}
    for doubt, kind, name in zip(doubts, types, names, strict=True):
        if doubt is not None and kind == "text":
            meant, (place, cell) = doubt
            columns.setdefault(meant, []).append(f"{name} ({excerpt(cell)}, {place.name})")
    for meant, examples in columns.items():
        yield f"columns that can be read {meant} stay text: {', '.join(examples)}; {_REMEDIES[meant]}"


_REMEDIES = {
    "as numbers": "types=NAME:number reads one as numbers",
    "as dates": "dates=dmy or dates=mdy reads them",
    "with a decimal comma": "decimal=comma reads them",
}
