"""Rows of a columnar content: what an input table is as a value.

    columnar_records(blob, blobs)     rows {id, name}, each column a `StoredColumn`, each row a span (`row_spans`)

A column is read when somebody looks at it: a few cells by themselves, many as a whole, which is then kept.
"""

from collections.abc import Sequence
from typing import Any

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Column, Spans
from rlmlite_kernel.values.tables.rendering import render
from rlmlite_kernel.values.tables.row_spans import Chosen, RowSpans
from rlmlite_kernel.values.tables.store import ColumnStore
from rlmlite_kernel.values.values import RECORDS, Rows, Value
from rlmlite_kernel.values.vectors import Vector

# Up to one row in so many: then cells are read one by one, and not the column as a whole.
_FEW = 16


def columnar_records(blob: str, blobs: Blobs) -> Rows:
    """The rows of a columnar content, of kind `records`. Raises `ColumnsBrokenError`."""
    return columnar_rows(ColumnStore(blob, blobs.read(blob)))


def columnar_rows(store: ColumnStore) -> Rows:
    """All rows of a store, of kind `records`."""
    chosen = Chosen(None, store.rows)
    columns: dict[str, Column] = {
        name: StoredColumn(store, index, chosen) for index, name in enumerate(store.description.names)
    }
    return Rows(RECORDS, columns, store.rows, RowSpans(store, chosen))


def rendered_lines(spans: "RowSpans", blobs: Blobs) -> Spans:
    """The rows of a binary table as lines of its text, which is made when it is asked for first."""
    rendered, numbers = render(spans.store, blobs), spans.chosen.numbers
    starts, stops = rendered.starts, rendered.stops
    if numbers is not None:
        starts, stops = starts[numbers], stops[numbers]
    return Spans((rendered.blob,), starts, stops)


class StoredColumn:
    """A column of a columnar content, or of some of its rows."""

    bytes_per_row = 0
    """Memory that taking a row adds: the row numbers are shared, and `RowSpans` counts them."""

    def __init__(self, store: ColumnStore, index: int, chosen: Chosen) -> None:
        self.store, self.index, self.chosen = store, index, chosen

    def __len__(self) -> int:
        return self.chosen.count

    def at(self, row: int, blobs: Blobs) -> Value:
        """See `Column.at`."""
        return self.store.cell(self.index, self.chosen.at(row))

    def cells(self, blobs: Blobs) -> Sequence[Value]:
        """See `Column.cells`."""
        numbers = self.chosen.numbers
        if numbers is not None and len(numbers) * _FEW < self.store.rows:
            return [self.store.cell(self.index, number) for number in numbers.tolist()]
        column = self.store.column(self.index)
        if isinstance(column, Vector):
            return (column if numbers is None else column.take(numbers)).values(blobs)
        return column if numbers is None else [column[number] for number in numbers.tolist()]

    def vector(self, blobs: Blobs) -> Vector | None:
        """The values as arrays, if they are of one kind."""
        numbers = self.chosen.numbers
        if numbers is not None and self.chosen.rises:
            return self.store.vector_at(self.index, numbers)
        column = self.store.column(self.index)
        if not isinstance(column, Vector):
            return None
        return column if numbers is None else column.take(numbers)

    def take(self, rows: IntArray) -> "StoredColumn":
        """See `Column.take`."""
        return StoredColumn(self.store, self.index, self.chosen.take(rows))

    def describe(self) -> Any:
        """See `Column.describe`: the content, the column's number, and which rows."""
        chosen = [self.chosen.digest] if self.chosen.digest else []
        return ["stored", self.store.blob, self.index, len(self), *chosen]
