"""Lines of one block, opened: their places, and what the form has been asked for in them so far."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.lines.blocks import LineBounds
from rlmlite_kernel.engines.lines.groups import FEW_GROUPS, find_groups
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Column, Constant, Ints, Spans
from rlmlite_kernel.values.lines.fields import Fields, GroupField, LineField, PlaceField, groups_for
from rlmlite_kernel.values.lines.finds import Finds, FoundGroups
from rlmlite_kernel.values.lines.later import LaterColumn
from rlmlite_kernel.values.lines.source import LineSource
from rlmlite_kernel.values.values import Rows


class BlockLines:
    """Lines of a block, and what has been found in them so far: `spans` of the lines, `groups` by number.

    `lines` are their numbers in the block, `finds` those of the passes before, `known` what these know of the groups of
    exactly these lines, `bounds` the lines of the whole block, if they have been found already.
    """

    def __init__(
        self,
        source: LineSource,
        block: int,
        lines: IntArray,
        blobs: Blobs,
        finds: Finds,
        known: FoundGroups | None = None,
        bounds: LineBounds | None = None,
    ) -> None:
        self._form, self._block, self._number, self.lines = source.form, source.blocks[block], block, lines
        self._finds, self._known, self._bounds = finds, known or FoundGroups(), bounds
        self._index = blobs.lines(self._block.blob)
        places = self._known.lines(block, self._block.start) or self._all_bounds().take(lines)
        self.spans = Spans((self._block.blob,), places.starts, places.stops)
        self.groups: dict[int, Spans] = {}

    def _all_bounds(self) -> LineBounds:
        """All lines of the block."""
        if self._bounds is None:
            self._bounds = self._finds.bounds(self._block.place, self._index.content, self._index.keeps_returns)
        return self._bounds

    def keep(self, found: FoundGroups, rows: IntArray | None = None) -> None:
        """Leave what has been found to later passes: of all these lines, or of some of them."""
        lines, groups = self.spans, self.groups
        if rows is not None:
            lines, groups = lines.take(rows), {number: spans.take(rows) for number, spans in groups.items()}
        self._finds.keep(found, self._number, self._block, lines, groups)

    def rows(self, kind: str, fields: Fields, names: AbstractSet[str]) -> Rows:
        """These lines as rows with such fields, of which `names` are columns already."""
        self._find(groups_for(fields, names), groups_for(fields, self._finds.ahead))
        columns: dict[str, Column] = {}
        for name, field in fields.items():
            columns[name] = self._column(field) if name in names else LaterColumn(len(self.lines), self._maker(field))
        return Rows(kind, columns, len(self.lines), self.spans)

    def _column(self, field: LineField) -> Column:
        if isinstance(field, PlaceField):
            return self._place(field.what)
        if isinstance(field, GroupField):
            return self.groups[field.number]
        return LaterColumn(len(self.lines), self._maker(field))

    def _maker(self, field: LineField) -> Callable[[Blobs], Column]:
        def make(blobs: Blobs) -> Column:
            if isinstance(field, PlaceField):
                return self._place(field.what)
            if isinstance(field, GroupField):
                self._find(frozenset({field.number}))
                return self.groups[field.number]
            return field.column(self.rows("rows", field.fields, field.names), blobs)

        return make

    def _place(self, what: str) -> Column:
        if what == "text":
            return self.spans
        if what == "doc":
            return Constant(self._block.doc, len(self.lines))
        return Ints({"line": self.lines + self._block.line, "start": self.spans.starts, "end": self.spans.stops}[what])

    def _find(self, wanted: AbstractSet[int], ahead: AbstractSet[int] = frozenset()) -> None:
        """Find the groups that are wanted; with them those that later passes want, where that takes hardly longer."""
        for number in self._known.numbers(self._number) & (wanted - self.groups.keys()):
            starts, stops = self._known.places(self._number, number, self.spans.starts)
            self.groups[number] = Spans(self.spans.blobs, starts, stops)
        missing = wanted - self.groups.keys()
        if not missing or self._form is None:
            return
        together = missing | (ahead - self.groups.keys())
        numbers = tuple(sorted(together if len(together) <= FEW_GROUPS else missing))
        # They may be in any order, even if all of them are asked for.
        are_all = len(self.lines) == self._block.lines and bool((np.diff(self.lines) == 1).all())
        lines = None if are_all else self.lines
        found = find_groups(self._index.content, self._all_bounds(), self._form, numbers, lines)
        for number, (starts, stops) in found.groups.items():
            self.groups[number] = Spans(self.spans.blobs, starts, stops)
