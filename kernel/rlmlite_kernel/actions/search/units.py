"""What `by=` of rank and around means: the units that a text falls into."""

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.cut.cut import chunk_at, chunk_paragraphs
from rlmlite_kernel.engines.cut.units import find_records, lines_of
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.values.columns import Text, digest_of

UNITS = ("lines", "paragraphs", "records", "files")
"""A record is a line with the indented and blank lines after it. A /regex/ begins a unit at each match."""


class Units(msgspec.Struct, frozen=True, eq=False):
    """The units of a text, in order; none overlaps another. `key` names them among all units of all contents."""

    text: Text
    key: str
    starts: IntArray
    stops: IntArray

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.starts)

    def spans(self) -> tuple[IntArray, IntArray]:
        """All of them, as starts and stops."""
        return self.starts, self.stops

    def at(self, numbers: IntArray) -> tuple[IntArray, IntArray]:
        """Some of them."""
        return self.starts[numbers], self.stops[numbers]


class LineUnits(msgspec.Struct, frozen=True, eq=False):
    """The lines of a text, found when they are looked at."""

    text: Text
    key: str
    index: LineIndex

    @property
    def count(self) -> int:
        """See `Units`."""
        return self._last - self._first + 1

    @property
    def _first(self) -> int:
        return self.index.line_at(self.text.start)

    @property
    def _last(self) -> int:
        return self.index.line_at(self.text.stop - 1)

    def spans(self) -> tuple[IntArray, IntArray]:
        """See `Units`."""
        return self._inside(*self.index.spans(self._first, self._first + self.count))

    def at(self, numbers: IntArray) -> tuple[IntArray, IntArray]:
        """See `Units`."""
        lines = numbers + self._first
        return self._inside(self.index.starts(lines), self.index.stops(lines))

    def _inside(self, starts: IntArray, stops: IntArray) -> tuple[IntArray, IntArray]:
        return np.maximum(starts, self.text.start), np.minimum(stops, self.text.stop)


def cut_units(text: Text, by: str | Matcher, context: StepContext) -> Units | LineUnits:
    """The units of a text."""
    key = f"{by} {text.blob} {text.start} {text.stop}"
    if by == "lines" and len(text) > _SHORT:
        return LineUnits(text, key, context.blobs.lines(text.blob))
    starts, stops = _cut(text, by, context)
    if isinstance(by, Matcher):
        key = f"{text.blob} {digest_of(starts)} {digest_of(stops)}"
    return Units(text, key, starts, stops)


_SHORT = 1 << 20  # bytes of a text up to which its lines are cut at once


def _cut(text: Text, by: str | Matcher, context: StepContext) -> tuple[IntArray, IntArray]:
    if isinstance(by, Matcher):
        return _at_matches(text, by, context)
    if by == "files":
        whole = text.start < text.stop
        return np.array([text.start] * whole, np.int64), np.array([text.stop] * whole, np.int64)
    content = context.blobs.read(text.blob)
    if by == "lines":
        return lines_of(content, text.start, text.stop)
    if by == "paragraphs":
        return chunk_paragraphs(content, text.start, text.stop, 1)
    return find_records(content, text.start, text.stop)


def _at_matches(text: Text, by: Matcher, context: StepContext) -> tuple[IntArray, IntArray]:
    found = chunk_at(context.blobs.read(text.blob), by, text.start, text.stop, context.budget_left("search_work"))
    context.spend("search_work", found.work)
    if found.out_of_work:
        context.mark_partial(
            "search_work", "by=/re/ ran out of search_work: the last unit was not looked into for more"
        )
    return found.starts, found.stops
