"""Columns that are made when somebody looks at them, and columns end to end."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Cells, Column, Constant, Ints, Spans, describe_value
from rlmlite_kernel.values.tables.row_spans import join_row_spans
from rlmlite_kernel.values.values import Rows, Value
from rlmlite_kernel.values.vectors import Vector, vector_of


class LaterColumn:
    """A column that is made when somebody looks at it."""

    def __init__(self, rows: int, make: Callable[[Blobs], Column]) -> None:
        self._rows, self._make = rows, make
        self._made: Column | None = None

    def __len__(self) -> int:
        return self._rows

    def made(self, blobs: Blobs) -> Column:
        """The column itself."""
        if self._made is None:
            self._made = self._make(blobs)
        return self._made

    def at(self, row: int, blobs: Blobs) -> Value:
        """See `Column.at`."""
        return self.made(blobs).at(row, blobs)

    def cells(self, blobs: Blobs) -> Sequence[Value]:
        """See `Column.cells`."""
        return self.made(blobs).cells(blobs)

    def vector(self, blobs: Blobs) -> Vector | None:
        """The values as arrays, if they are of one kind."""
        return vector_of(self.made(blobs), blobs)

    def take(self, rows: IntArray) -> "LaterColumn":
        """See `Column.take`."""
        return LaterColumn(len(rows), lambda blobs: self.made(blobs).take(rows))

    def describe(self) -> Any:
        """See `Column.describe`. Only whole rows are ever described."""
        raise NotImplementedError("a column that is made later has no description of its own")


def concatenate_columns(parts: Sequence[Column], blobs: Blobs) -> Column:
    """Columns end to end, as what they are: numbers, spans or one constant; anything else becomes cells."""
    made = [part.made(blobs) if isinstance(part, LaterColumn) else part for part in parts]
    if len(made) == 1:
        return made[0]
    joined = concatenate_alike(made)
    return Cells([cell for part in made for cell in part.cells(blobs)]) if joined is None else joined


def concatenate_alike(parts: Sequence[Column]) -> Column | None:
    """Columns of numbers, of spans or of one constant end to end; None for any others."""
    numbers = [part.values for part in parts if isinstance(part, Ints)]
    if parts and len(numbers) == len(parts):
        return Ints(np.concatenate(numbers))
    spans = [part for part in parts if isinstance(part, Spans)]
    if parts and len(spans) == len(parts):
        return concatenate_spans(spans)
    constants = [part for part in parts if isinstance(part, Constant)]
    if parts and len(constants) == len(parts):
        first = constants[0].value
        if all(describe_value(part.value) == describe_value(first) for part in constants):
            return Constant(first, sum(map(len, constants)))
    return None


def concatenate_spans(parts: Sequence[Spans]) -> Spans:
    """Spans end to end. Each part numbers its contents by itself, so the numbers are translated."""
    of_one_table = join_row_spans(parts)
    if of_one_table is not None:
        return of_one_table
    blobs = tuple(dict.fromkeys(blob for part in parts for blob in part.blobs))
    starts, stops = (np.concatenate([getattr(part, side) for part in parts]) for side in ("starts", "stops"))
    if len(blobs) == 1:
        return Spans(blobs, starts, stops)
    number_of = {blob: number for number, blob in enumerate(blobs)}
    which = []
    for part in parts:
        translation = np.array([number_of[blob] for blob in part.blobs], np.int64)
        which.append(translation[np.zeros(len(part), np.int64) if part.which is None else part.which])
    return Spans(blobs, starts, stops, np.concatenate(which))


def concatenate_rows(parts: Sequence[Rows], names: AbstractSet[str], blobs: Blobs) -> Rows:
    """Rows of the same kind and fields end to end. Of the columns, `names` are made, the others when asked."""
    columns: dict[str, Column] = {}
    count = sum(map(len, parts))
    for name in parts[0].columns:
        of_parts = [part.columns[name] for part in parts]
        columns[name] = concatenate_columns(of_parts, blobs) if name in names else _join_later(of_parts, count)
    spans = concatenate_spans([part.spans for part in parts if part.spans is not None])
    return Rows(parts[0].kind, columns, count, spans)


def _join_later(parts: Sequence[Column], count: int) -> LaterColumn:
    return LaterColumn(count, lambda blobs: concatenate_columns(parts, blobs))
