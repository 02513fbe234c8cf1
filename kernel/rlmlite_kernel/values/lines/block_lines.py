"""Lines of one block, opened: their places, and what the form has been asked for in them so far."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.lines.blocks import line_bounds
from rlmlite_kernel.engines.lines.groups import find_groups
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Column, Constant, Ints, Spans
from rlmlite_kernel.values.lines.fields import Fields, GroupField, LineField, PlaceField, groups_for
from rlmlite_kernel.values.lines.later import LaterColumn
from rlmlite_kernel.values.lines.source import LineSource
from rlmlite_kernel.values.values import Rows


class BlockLines:
    """Lines of a block, and what has been found in them so far."""

    def __init__(self, source: LineSource, block: int, lines: IntArray, blobs: Blobs) -> None:
        self._form, self._block, self._lines = source.form, source.blocks[block], lines
        self._content = blobs.read(self._block.blob)
        self._bounds = line_bounds(self._content, self._block.start, self._block.stop)
        mine = self._bounds.take(lines)
        self.spans = Spans((self._block.blob,), mine.starts, mine.stops)
        self._groups: dict[int, Spans] = {}

    def rows(self, kind: str, fields: Fields, names: AbstractSet[str]) -> Rows:
        """These lines as rows with such fields."""
        self._find(groups_for(fields, names))
        columns: dict[str, Column] = {}
        for name, field in fields.items():
            columns[name] = self._column(field) if name in names else LaterColumn(len(self._lines), self._maker(field))
        return Rows(kind, columns, len(self._lines), self.spans)

    def _column(self, field: LineField) -> Column:
        if isinstance(field, PlaceField):
            return self._place(field.what)
        if isinstance(field, GroupField):
            return self._groups[field.number]
        return LaterColumn(len(self._lines), self._maker(field))

    def _maker(self, field: LineField) -> Callable[[Blobs], Column]:
        def make(blobs: Blobs) -> Column:
            if isinstance(field, PlaceField):
                return self._place(field.what)
            if isinstance(field, GroupField):
                self._find(frozenset({field.number}))
                return self._groups[field.number]
            return field.column(self.rows("rows", field.fields, field.names), blobs)

        return make

    def _place(self, what: str) -> Column:
        if what == "text":
            return self.spans
        if what == "doc":
            return Constant(self._block.doc, len(self._lines))
        return Ints({"line": self._lines + self._block.line, "start": self.spans.starts, "end": self.spans.stops}[what])

    def _find(self, numbers: AbstractSet[int]) -> None:
        wanted = tuple(sorted(numbers - self._groups.keys()))
        if wanted and self._form is not None:
            # They may be in any order, even if all of them are asked for.
            are_all = len(self._lines) == len(self._bounds.starts) and bool((np.diff(self._lines) == 1).all())
            lines = None if are_all else self._lines
            found = find_groups(self._content, self._bounds, self._form, wanted, lines)
            for number, (starts, stops) in found.groups.items():
                self._groups[number] = Spans(self.spans.blobs, starts, stops)
