"""Rows over the lines of large texts, of which nothing is held but which lines they are.

A log of 3 GB has 40 million lines. Their places and fields as columns would take 5 GB, one bit for each line 5 MB. So
these rows are a recipe: the texts, the form that their lines match, and which lines they are. What a row holds is found
again where somebody looks at it, a block of lines at a time:

    parse_lines(log, "{level} {ms} ms")      form ^(?P<level>.*?)\\ (?P<ms>.*)\\ ms$, bits 1 1 0 1 ...
    where(rows, .level == "ERROR")           the same form, bits 0 1 0 0 ...: only `level` was looked at
    rows.block(0, {"ms"}, blobs)             ordinary rows, of which `ms` is a column already

They are read like any rows; a part that is taken of them becomes ordinary rows. What is computed of a row (`extend`)
is a field with a recipe of its own. The ref of such rows commits to all of this, and to no offset.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray, digest_of
from rlmlite_kernel.engines.lines.literals import lines_with
from rlmlite_kernel.engines.sheets.spans import LONGEST
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Cells, Column, Spans
from rlmlite_kernel.values.lines.block_lines import BlockLines
from rlmlite_kernel.values.lines.fields import Fields, describe_field
from rlmlite_kernel.values.lines.finds import Finds
from rlmlite_kernel.values.lines.later import concatenate_columns, concatenate_rows
from rlmlite_kernel.values.lines.source import LineSource, Selection
from rlmlite_kernel.values.values import Rows, Value, json_size
from rlmlite_kernel.values.vectors import Vector, vector_of

_PART = 65_536
"""Rows that are opened together where they are in an order of their own."""

_TEXT = 40
"""Bytes that a text is charged for, of which the lines are."""

_NEAR, _NEAR_IN_ORDER = 256, 16
"""Rows that are opened together where somebody looks at one. In an order of their own each may be in another block."""


class LineRows(Rows):
    """Rows that are a recipe: of kind `lines`, plain rows, or a list.

    `fields` are by name. `order` are the rows of the selection that these are, in their order, or None for all.
    """

    def __init__(
        self,
        kind: str,
        fields: Fields,
        source: LineSource,
        selection: Selection,
        aside: Mapping[str, Rows] | None = None,
        order: IntArray | None = None,
    ) -> None:
        self.fields, self.source, self.selection, self.order = dict(fields), source, selection, order
        columns = {name: LineColumn(self, name) for name in fields}
        super().__init__(kind, columns, selection.count if order is None else len(order), LineSpans(self), aside)
        self.held = selection.size + _TEXT * len(source.texts) + (0 if order is None else 8 * len(order))
        # Rows near the last one that was asked for: the first of them, and they themselves.
        self._near: tuple[int, Rows] | None = None
        self._description: Any = None

    def narrow(self, selection: Selection) -> "LineRows":
        """Those of the rows that are in a narrower selection, in the order of the lines."""
        return LineRows(self.kind, self.fields, self.source, selection)

    def with_fields(self, kind: str, fields: Fields, aside: Mapping[str, Rows] | None = None) -> "LineRows":
        """The same rows with other fields."""
        return LineRows(kind, fields, self.source, self.selection, aside, self.order)

    def take(self, rows: IntArray) -> "LineRows":
        """See `Rows.take`."""
        order = rows if self.order is None else self.order[rows]
        return LineRows(self.kind, self.fields, self.source, self.selection, None, order)

    def slice(self, lo: int, hi: int) -> "LineRows":
        """See `Rows.slice`."""
        return self if (lo, hi) == (0, self.count) else self.take(np.arange(lo, max(lo, hi)))

    def parts(self, blobs: Blobs) -> "Iterator[RowsPart]":
        """The rows in their order, a part at a time: to be opened, by any thread, and then forgotten."""
        if self.order is not None:
            for start in range(0, len(self.order), _PART):
                yield RowsPart(self, self.order[start : start + _PART], -1, blobs)
            return
        for block in np.flatnonzero(self.selection.counts).tolist():
            # Read here and not by a thread, so that contents are noted in order.
            blobs.read(self.source.blocks[block].blob)
            yield RowsPart(self, None, block, blobs)

    def row(self, index: int, blobs: Blobs) -> Value:
        """See `Rows.row`."""
        first, near = self.near(index, blobs)
        return near.row(index - first, blobs)

    def near(self, index: int, blobs: Blobs) -> tuple[int, Rows]:
        """Ordinary rows of which one is number `index`, and the number of the first of them."""
        if self._near is None or not self._near[0] <= index < self._near[0] + len(self._near[1]):
            size = _NEAR if self.order is None else _NEAR_IN_ORDER
            first = index - index % size
            numbers = np.arange(first, min(first + size, self.count), dtype=np.int64)
            order = numbers if self.order is None else self.order[numbers]
            self._near = first, self.gather(order, frozenset(self.fields), blobs)
        return self._near

    def values(self, blobs: Blobs) -> Sequence[Value]:
        """See `Rows.values`. All of them at once: the caller has charged for it."""
        return [value for part in self.parts(blobs) for value in part.open(frozenset(self.fields)).values(blobs)]

    def opened(self, blobs: Blobs) -> Rows:
        """All of them as ordinary rows. The caller has charged for it."""
        names = frozenset(self.fields)
        parts = [part.open(names) for part in self.parts(blobs)]
        plain = concatenate_rows(parts, names, blobs) if parts else self.gather(np.zeros(0, np.int64), names, blobs)
        return Rows(plain.kind, plain.columns, len(plain), plain.spans, self.aside)

    def gather(self, numbers: IntArray, names: AbstractSet[str], blobs: Blobs) -> Rows:
        """Rows of the selection by their numbers, as ordinary rows with these columns; the others come when asked."""
        block_of_row = np.searchsorted(self.selection.ends, numbers, side="right")
        in_order = np.argsort(block_of_row, kind="stable")
        pieces: list[Rows] = []
        for block in np.unique(block_of_row).tolist():
            mine = numbers[in_order][block_of_row[in_order] == block]
            first = int(self.selection.ends[block] - self.selection.counts[block])
            lines = self.selection.lines(block, self.source.blocks[block].lines)[mine - first]
            pieces.append(BlockLines(self.source, block, lines, blobs, Finds()).rows(self.kind, self.fields, names))
        if not pieces:
            return Rows(self.kind, {name: Cells([]) for name in self.fields}, 0, Spans(("",), *np.zeros((2, 0), int)))
        back = np.empty(len(numbers), np.int64)
        back[in_order] = np.arange(len(numbers))
        return concatenate_rows(pieces, names, blobs).take(back)

    def json_size(self, blobs: Blobs) -> int:
        """See `Rows.json_size`. Part by part, since as values they would not fit."""
        names = frozenset(self.fields)
        return 8 + sum(_json_size_of_part(part.open(names), blobs) for part in self.parts(blobs))

    def describe(self) -> Any:
        """See `Rows.describe`: the texts, the form, which lines, and what each field is."""
        if self._description is None:
            fields = [[name, describe_field(field)] for name, field in self.fields.items()]
            order = None if self.order is None else digest_of(self.order)
            aside = [[name, rows.describe()] for name, rows in self.aside.items()]
            selection = self.selection.digest(self.source.blocks)
            self._description = [
                self.kind,
                self.count,
                "recipe",
                self.source.describe(),
                selection,
                order,
                fields,
                aside,
            ]
        return self._description


def _json_size_of_part(rows: Rows, blobs: Blobs) -> int:
    size = 8 * len(rows)
    for name, column in rows.columns.items():
        vector = vector_of(column, blobs)
        size += len(name) * len(rows)
        if vector is None:
            size += sum(json_size(cell, blobs) for cell in column.cells(blobs))
        elif isinstance(vector.data, Spans):
            size += int((vector.data.stops - vector.data.starts).clip(0).sum())
        else:
            size += 8 * len(rows)
    return size


class RowsPart(NamedTuple):
    """Some of the rows, not opened yet: those of a block, or those with these numbers in the selection."""

    whole: LineRows
    numbers: IntArray | None
    block: int
    blobs: Blobs

    def open(self, names: AbstractSet[str]) -> Rows:
        """They as ordinary rows with these columns; the others come when asked."""
        whole = self.whole
        if self.numbers is not None:
            return whole.gather(self.numbers, names, self.blobs)
        return self.block_lines(Finds()).rows(whole.kind, whole.fields, names)

    def block_lines(self, finds: Finds) -> BlockLines:
        """The lines of a block, with what passes before have found in them."""
        known = finds.groups(self.whole.selection)
        return BlockLines(self.whole.source, self.block, self.lines(), self.blobs, finds, known)

    def holding(self, literals: Iterable[bytes], finds: Finds) -> BlockLines | None:
        """Those of the lines of a block that hold one of some literals; None where finding them would not pay.

        Nor if a line is so long that comparing its fields takes too many steps.
        """
        source, blobs = self.whole.source, self.blobs
        block = source.blocks[self.block]
        index = blobs.lines(block.blob)
        bounds = finds.bounds(block.place, index.content, index.keeps_returns)
        if bounds.longest() > LONGEST:
            return None
        lines = lines_with(index.content, bounds, literals)
        if lines is None:
            return None
        lines = lines[self.whole.selection.flags(self.block, block.lines)[lines]]
        return BlockLines(source, self.block, lines, blobs, finds, bounds=bounds)

    def lines(self) -> IntArray:
        """The numbers, in their block, of the lines that are rows."""
        return self.whole.selection.lines(self.block, self.whole.source.blocks[self.block].lines)


class LineColumn:
    """One field of `LineRows`."""

    def __init__(self, whole: LineRows, name: str) -> None:
        self.whole, self.name = whole, name

    def __len__(self) -> int:
        return len(self.whole)

    def at(self, row: int, blobs: Blobs) -> Value:
        """See `Column.at`."""
        first, near = self.whole.near(row, blobs)
        return near.columns[self.name].at(row - first, blobs)

    def _all(self, blobs: Blobs) -> Column:
        """The whole column, as an ordinary one. The caller has charged for it."""
        names = frozenset({self.name})
        pieces = [part.open(names).columns[self.name] for part in self.whole.parts(blobs)]
        return concatenate_columns(pieces, blobs)

    def cells(self, blobs: Blobs) -> Sequence[Value]:
        """See `Column.cells`."""
        return self._all(blobs).cells(blobs)

    def vector(self, blobs: Blobs) -> Vector | None:
        """The values as arrays, if they are of one kind."""
        return vector_of(self._all(blobs), blobs)

    def take(self, rows: IntArray) -> "LineColumn":
        """See `Column.take`."""
        return LineColumn(self.whole.take(rows), self.name)

    def describe(self) -> Any:
        """See `Column.describe`."""
        return ["line-field", self.name, self.whole.describe()]


class LineSpans(Spans):
    """The lines that `LineRows` stand for, as spans that are looked up one by one."""

    def __init__(self, whole: LineRows) -> None:
        # Without the arrays of other spans: whoever needs those has ordinary rows made first.
        self.whole = whole
        self.blobs = tuple(dict.fromkeys(block.blob for block in whole.source.blocks)) or ("",)

    def __len__(self) -> int:
        return len(self.whole)

    def blob_at(self, row: int) -> str:
        """See `Spans.blob_at`."""
        number = row if self.whole.order is None else int(self.whole.order[row])
        block = int(np.searchsorted(self.whole.selection.ends, number, side="right"))
        return self.whole.source.blocks[block].blob

    def at(self, row: int, blobs: Blobs) -> Value:
        """See `Column.at`."""
        first, near = self.whole.near(row, blobs)
        assert near.spans is not None  # lines always have them
        return near.spans.at(row - first, blobs)

    def cells(self, blobs: Blobs) -> Sequence[Value]:
        """See `Column.cells`."""
        opened = [part.open(frozenset()).spans for part in self.whole.parts(blobs)]
        return [cell for spans in opened if spans is not None for cell in spans.cells(blobs)]

    def take(self, rows: IntArray) -> "LineSpans":
        """See `Column.take`."""
        return LineSpans(self.whole.take(rows))

    def describe(self) -> Any:
        """See `Column.describe`."""
        return ["line-spans", self.whole.describe()]
