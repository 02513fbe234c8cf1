"""Sheets: a table as one content, whose rows and cells are spans of it, read when they are asked for.

The first row holds the column names, every other row one cell per column (`engines.sheets.cells` has the layout):

    null  true  false          as they are
    12  -0.5  1e+21            a number, in its canonical spelling
    "any text at all"          text as it is: quotes within stay as they are, nothing is escaped
    [1,2]  {"a":null}          a list or a record, as canonical JSON

So every text in a table is a span of the content, and so is every row, with provenance for free. The values follow from
the bytes alone: a sheet is identified by the digest of its content, and what describes it does not grow with its rows.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray, digest_of, octets
from rlmlite_kernel.engines.sheets.cells import CELL_END, cell_bounds, row_bounds
from rlmlite_kernel.engines.sheets.spans import SpanBytes
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Column, Spans, Text
from rlmlite_kernel.values.values import RECORDS, Rows, Value
from rlmlite_kernel.values.vectors import EXACT, Vector

# Up to one row in so many: then cells are read one by one, and not the column as a whole.
_FEW = 16

_TEXT, _NULL, _TRUE, _FALSE, _NUMBER, _NESTED = range(1, 7)
_KINDS = np.zeros(256, np.uint8)
for _kind, _firsts in ((_TEXT, b'"'), (_NULL, b"n"), (_TRUE, b"t"), (_FALSE, b"f"), (_NESTED, b"[{")):
    _KINDS[list(_firsts)] = _kind
_KINDS[list(b"-0123456789")] = _NUMBER
_SPELLED: dict[bytes, Value] = {b"null": None, b"true": True, b"false": False}


def records(blob: str, blobs: Blobs) -> Rows:
    """The rows of a sheet, of kind `records`. Raises `SheetBrokenError` for content that is not a sheet."""
    content = blobs.read(blob)
    starts, stops = row_bounds(content)
    names = bytes(content[: int(stops[0])]).decode().split(CELL_END.decode())
    sheet = Sheet(blob, len(names), Spans((blob,), starts[1:], stops[1:]))
    columns: dict[str, Column] = {name: SheetColumn(sheet, index) for index, name in enumerate(names)}
    return Rows(RECORDS, columns, len(sheet.rows), sheet.rows)


class Sheet:
    """A content as rows and cells. The values of a column are cached once they were computed."""

    def __init__(self, blob: str, columns: int, rows: Spans) -> None:
        self.blob, self.columns, self.rows = blob, columns, rows
        self._read: dict[int, Vector | Sequence[Value]] = {}

    def cell(self, column: int, row: int, blobs: Blobs) -> Value:
        """One value, read from its row alone."""
        start, stop = int(self.rows.starts[row]), int(self.rows.stops[row])
        line = bytes(blobs.read(self.blob)[start:stop])
        cells = line.split(CELL_END, column + 1)
        start += sum(map(len, cells[:column])) + column
        return value_of(cells[column], self.blob, start)

    def column(self, index: int, blobs: Blobs) -> Vector | Sequence[Value]:
        """A whole column: as a vector if its values are of one kind, else one object each."""
        if index not in self._read:
            self._read[index] = self._column(index, blobs)
        return self._read[index]

    def _column(self, index: int, blobs: Blobs) -> Vector | Sequence[Value]:
        content = blobs.read(self.blob)
        starts, stops = (bounds[1:] for bounds in cell_bounds(content, self.columns, index))
        data = octets(content)
        kinds = _KINDS[data[starts]]
        null = kinds == _NULL
        there = set(np.unique(kinds[~null]).tolist())
        if there <= {_TEXT}:
            return Vector("text", null, Spans((self.blob,), np.where(null, -1, starts + 1), stops - 1))
        if there <= {_TRUE, _FALSE}:
            return Vector("bool", null, kinds == _TRUE)
        if there == {_NUMBER}:
            numbers = _numbers(content, starts, stops, null)
            if numbers is not None:
                return numbers
        return [value_of(bytes(data[a:b]), self.blob, a) for a, b in zip(starts.tolist(), stops.tolist(), strict=True)]


def _numbers(content: Any, starts: IntArray, stops: IntArray, null: Any) -> Vector | None:
    """A column of numbers, or None if one of them is too large for an array."""
    rows = np.flatnonzero(~null)
    whole = SpanBytes(content, starts[rows], stops[rows]).whole_numbers()
    if whole is not None:
        values = np.zeros(len(starts), np.int64)
        values[rows] = whole
        return Vector("int", null, values)
    spelled = [bytes(content[a:b]) for a, b in zip(starts[rows].tolist(), stops[rows].tolist(), strict=True)]
    decimals = np.array([float(cell) for cell in spelled], np.float64)
    is_whole = np.array([cell.lstrip(b"-").isdigit() for cell in spelled], bool)
    if not bool((np.abs(decimals[is_whole]) <= EXACT).all()):
        return None
    floats, wholes = np.zeros(len(starts), np.float64), np.zeros(len(starts), bool)
    floats[rows], wholes[rows] = decimals, is_whole
    return Vector("float", null, floats, wholes)


def value_of(cell: bytes, blob: str, start: int) -> Value:
    """What the bytes of one cell, which begin at `start` of a content, mean."""
    if cell[:1] == b'"':
        return Text(blob, start + 1, start + len(cell) - 1)
    if cell in _SPELLED:
        return _SPELLED[cell]
    if cell[:1] in (b"[", b"{"):
        return cast(Value, read_json(cell.decode()))
    return int(cell) if cell.lstrip(b"-").isdigit() else float(cell)


class SheetColumn:
    """A column of a sheet, or of some of its rows."""

    def __init__(self, sheet: Sheet, index: int, rows: IntArray | None = None) -> None:
        self._sheet, self._index, self._rows = sheet, index, rows
        self._digest = ""

    def __len__(self) -> int:
        return len(self._sheet.rows) if self._rows is None else len(self._rows)

    def at(self, row: int, blobs: Blobs) -> Value:
        """See `Column.at`."""
        return self._sheet.cell(self._index, row if self._rows is None else int(self._rows[row]), blobs)

    def cells(self, blobs: Blobs) -> Sequence[Value]:
        """See `Column.cells`."""
        if self._rows is not None and len(self._rows) * _FEW < len(self._sheet.rows):
            return [self._sheet.cell(self._index, row, blobs) for row in self._rows.tolist()]
        column = self._sheet.column(self._index, blobs)
        if isinstance(column, Vector):
            return (column if self._rows is None else column.take(self._rows)).values(blobs)
        return column if self._rows is None else [column[row] for row in self._rows.tolist()]

    def vector(self, blobs: Blobs) -> Vector | None:
        """The values as arrays, if they are of one kind."""
        column = self._sheet.column(self._index, blobs)
        if not isinstance(column, Vector):
            return None
        return column if self._rows is None else column.take(self._rows)

    def take(self, rows: IntArray) -> "SheetColumn":
        """See `Column.take`."""
        return SheetColumn(self._sheet, self._index, rows if self._rows is None else self._rows[rows])

    def describe(self) -> Any:
        """See `Column.describe`: the content, the column's number, and which rows."""
        if self._rows is None:
            return ["sheet", self._sheet.blob, self._index, len(self)]
        self._digest = self._digest or digest_of(self._rows)
        return ["sheet", self._sheet.blob, self._index, len(self), self._digest]
