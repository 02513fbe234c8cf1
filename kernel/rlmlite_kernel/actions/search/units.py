"""The units that a text falls into: what `by=` of rank and around means.

    "lines"        each line
    "paragraphs"   lines up to a blank line
    "records"      a line with the indented and blank lines after it: a log entry with its stack trace
    "files"        the whole text
    /^\\[/         a unit begins at each match

Units do not overlap and are in order. A log of 1 GB has ten million lines, so lines of a long text are not listed at
all: `LineUnits` answers for the few that are asked for out of the index of line ends, which the blob has anyway.
"""

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray, digest_of, int_array
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.cut.cut import chunk_at, chunk_paragraphs
from rlmlite_kernel.engines.cut.units import find_records, lines_of
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.find import open_text
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.values.blobs import digest_of_name
from rlmlite_kernel.values.columns import Text

UNITS = ("lines", "paragraphs", "records", "files")
"""The words that `by` takes besides a /regex/."""

_SHORT = 1 << 20  # bytes of a text up to which its lines are listed


class Units(msgspec.Struct, frozen=True, eq=False):
    """The units of a text. `key` names them among all units of all contents, for indexes that are kept."""

    text: Text
    key: str
    starts: IntArray
    stops: IntArray

    @property
    def count(self) -> int:
        """The number of units."""
        return len(self.starts)

    def spans(self) -> tuple[IntArray, IntArray]:
        """The starts and the stops of all units, as offsets in the blob."""
        return self.starts, self.stops

    def at(self, numbers: IntArray) -> tuple[IntArray, IntArray]:
        """The starts and stops of the units with these numbers, from 0."""
        return self.starts[numbers], self.stops[numbers]


class LineUnits(msgspec.Struct, frozen=True, eq=False):
    """The lines of a text as units, looked up when they are asked for. The methods are those of `Units`."""

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
        # Of the last byte, not of `stop`: that may be where the next line begins.
        return self.index.line_at(self.text.stop - 1)

    def spans(self) -> tuple[IntArray, IntArray]:
        """See `Units`."""
        first = self._first
        whole_lines = self.index.spans(first, first + self.count)
        return self._inside(*whole_lines)

    def at(self, numbers: IntArray) -> tuple[IntArray, IntArray]:
        """See `Units`."""
        lines = numbers + self._first
        return self._inside(self.index.starts(lines), self.index.stops(lines))

    def _inside(self, starts: IntArray, stops: IntArray) -> tuple[IntArray, IntArray]:
        # The text may begin and end inside a line of its blob; the index knows whole lines only.
        starts = np.maximum(starts, self.text.start)
        return starts, np.maximum(np.minimum(stops, self.text.stop), starts)


def cut_units(text: Text, by: str | Matcher, context: StepContext) -> Units | LineUnits:
    """Cut a text into units. A /regex/ is searched for and charged; the words cost nothing here."""
    # The text and a word decide what the units are, so together they name them.
    content = digest_of_name(text.blob)
    key = f"{by} {content} {text.start} {text.stop}"
    is_long = len(text) > _SHORT
    if by == "lines" and is_long:
        line_index = context.blobs.lines(text.blob)
        return LineUnits(text, key, line_index)
    starts, stops = _cut(text, by, context)
    if isinstance(by, Matcher):
        # A regex is named by what it found: where it ran out of work, the same regex gives other units.
        key = f"{content} {digest_of(starts)} {digest_of(stops)}"
    return Units(text, key, starts, stops)


def _cut(text: Text, by: str | Matcher, context: StepContext) -> tuple[IntArray, IntArray]:
    if isinstance(by, Matcher):
        return _at_matches(text, by, context)
    if by == "files":
        # An empty file has no unit: there would be nothing to read in it.
        is_empty = text.start >= text.stop
        if is_empty:
            return int_array([]), int_array([])
        return int_array([text.start]), int_array([text.stop])
    index = context.blobs.lines(text.blob)
    content = index.content
    if by == "lines":
        return lines_of(content, text.start, text.stop, not index.keeps_returns)
    if by == "paragraphs":
        return chunk_paragraphs(content, text.start, text.stop, 1)
    return find_records(content, text.start, text.stop)


def _at_matches(text: Text, by: Matcher, context: StepContext) -> tuple[IntArray, IntArray]:
    content, by = open_text(context.blobs.lines(text.blob), by)
    work_left = context.budget_left("search_work")
    units = chunk_at(content, by, text.start, text.stop, work_left)
    context.spend_search(units.work, units.out_of_work)
    if units.out_of_work:
        context.mark_partial("search_work", "by=/re/ used up search_work: the last unit may contain more matches")
    return units.starts, units.stops
