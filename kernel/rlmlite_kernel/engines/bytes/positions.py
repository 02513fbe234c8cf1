"""Positions: from byte offsets to lines and code points and back, without a table of every line.

Both indexes stand on `Marks`: lines on the marks of newlines, code points on the marks of their first bytes.

    index = LineIndex(b"ab\\n\\ncd")       lines 1 "ab", 2 "", 3 "cd"; newlines are at 2 and 3
    index.count                         3
    index.line_at(2), index.line_at(3)  1, 2: a newline belongs to the line that it ends
    index.bounds_at(5)                  (4, 6)
    CodePoints("né".encode()).byte_of(2) 3: the end, since "é" takes two bytes

Lines count from 1 and end as `line_ends` says. A last line without a line end counts; after a final line end no other
line begins; empty content has no lines. An offset at or past the end belongs to the last line.
"""

from functools import cached_property

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import (
    BoolArray,
    Buffer,
    IntArray,
    Octets,
    SpanArrays,
    haystack,
    int_array,
    octets,
    snap,
)
from rlmlite_kernel.engines.bytes.line_ends import RETURN, newline_view, without_returns
from rlmlite_kernel.engines.bytes.marks import Marks

# Bytes on both sides of an offset in which the ends of its line are looked for first.
_NEAR = 512


class LineIndex:
    """The lines of a content. The sparse index is built on the first question that needs it.

    With `keeps_returns` lines end at newlines only, and a CR stays in its line, as it was before `WHOLE_LINES`.
    """

    def __init__(self, content: Buffer, keeps_returns: bool = False) -> None:
        self.text, self.keeps_returns = content, keeps_returns
        # Of the text as it is: right as far as it has no CR.
        self._newlines = Marks(content, _is_newline)

    @cached_property
    def content(self) -> Buffer:
        """The text with every line end as a newline, at the same places: see `line_ends.newline_view`."""
        return newline_view(self.text) if self.has_returns else self.text

    @cached_property
    def has_returns(self) -> bool:
        """Whether there is a CR in the text that may end a line."""
        return not self.keeps_returns and haystack(self.text).find(b"\r", 0, len(self.text)) >= 0

    @cached_property
    def breaks(self) -> Marks:
        """The newlines of `content`."""
        return self._newlines if self.content is self.text else Marks(self.content, _is_newline)

    @cached_property
    def of_newlines(self) -> "LineIndex":
        """The lines of the same text that end at newlines only."""
        return self if self.keeps_returns else LineIndex(self.text, keeps_returns=True)

    @cached_property
    def _last_is_open(self) -> bool:
        return len(self.content) > 0 and self.content[len(self.content) - 1] != 10

    @property
    def count(self) -> int:
        """The number of lines."""
        return self.breaks.total + self._last_is_open

    def line_at(self, offset: int) -> int:
        """The number of the line that holds an offset; 1 in empty content."""
        place = max(0, min(offset, len(self.text) - 1))
        # For one of the first lines only what is before it is read, as far as the index of a whole text is not needed.
        is_read_already = self.keeps_returns or "content" in self.__dict__
        has_return = not is_read_already and haystack(self.text).find(b"\r", 0, place + 1) >= 0
        marks = self.breaks if is_read_already or has_return else self._newlines
        return marks.rank_of(place) + 1

    def lines_at(self, offsets: IntArray) -> IntArray:
        """The line number for each offset, in any order."""
        return self.breaks.rank(self._clamp(offsets)) + 1

    def start_of(self, line: int) -> int:
        """The offset where a line starts; 0 below line 1, the length past the last line."""
        return int(self.starts(int_array([line]))[0])

    def bounds_at(self, offset: int) -> tuple[int, int]:
        """The line that holds an offset, without its newline, as [start, stop)."""
        # Nearly every line is short: a look at a few hundred bytes then spares the building of an index.
        place = max(0, min(offset, len(self.text) - 1))
        low, high = max(0, place - _NEAR), place + _NEAR
        # One byte more, which says whether a CR at the end is part of a line end of two bytes.
        text = bytes(self.text[low : high + 1])
        near = (text if self.keeps_returns else bytes(newline_view(text)))[: high - low]
        newline_before = near.rfind(b"\n", 0, place - low)
        newline_after = near.find(b"\n", place - low)
        start_is_near = newline_before >= 0 or low == 0
        if start_is_near and newline_after >= 0:
            # In the first line there is no newline before: -1 + 1 is its start.
            start, stop = low + newline_before + 1, low + newline_after
            return start, stop - self._ends_with_return(start, stop)
        starts, stops = self.bounds(int_array([offset]))
        return int(starts[0]), int(stops[0])

    def bounds(self, offsets: IntArray) -> SpanArrays:
        """The line that holds each offset, without its newline, as [start, stop)."""
        near = self.breaks.near(self._clamp(offsets))
        # Lines count from 1: with no newline before it, an offset is in line 1.
        lines = near.rank + 1
        starts, stops = near.before + 1, near.after
        # Only lines that reach into another granule need a second look.
        starts_far_away = near.before < 0
        starts[starts_far_away] = self.starts(lines[starts_far_away])
        stops_far_away = near.after < 0
        stops[stops_far_away] = self._newlines_after(lines[stops_far_away])
        return starts, self._without_returns(starts, stops)

    def spans(self, first: int, last: int) -> SpanArrays:
        """The lines first..last-1 without their newlines, as [start, stop). Both numbers must be lines there are."""
        # One look-up of ends is enough: a line starts after the end of the one before it.
        stops = self._newlines_after(np.arange(first, max(first, last), dtype=np.int64))
        starts = np.empty_like(stops)
        starts[:1] = self.start_of(first)
        starts[1:] = stops[:-1] + 1
        return starts, self._without_returns(starts, stops)

    def _clamp(self, offsets: IntArray) -> IntArray:
        return int_array(offsets.clip(0, max(0, len(self.text) - 1)))

    def starts(self, lines: IntArray) -> IntArray:
        """Where each line starts; 0 below line 1, the length past the last line."""
        starts = np.zeros(len(lines), np.int64)
        starts[lines > self.count] = len(self.content)
        # Line 2 starts after the newline number 0.
        after_a_newline = (lines > 1) & (lines <= self.count)
        starts[after_a_newline] = self.breaks.select(lines[after_a_newline] - 2) + 1
        return starts

    def stops(self, lines: IntArray) -> IntArray:
        """Where each line stops, its line end excluded; the length past the last line."""
        return self._without_returns(self.starts(lines), self._newlines_after(lines))

    def _newlines_after(self, lines: IntArray) -> IntArray:
        """Where the newline of each line is, or the end of the text."""
        stops = np.full(len(lines), len(self.content), np.int64)
        at_a_newline = lines <= self.breaks.total
        stops[at_a_newline] = self.breaks.select(lines[at_a_newline] - 1)
        return stops

    def _without_returns(self, starts: IntArray, stops: IntArray) -> IntArray:
        return stops if self.keeps_returns else without_returns(octets(self.content), starts, stops)

    def _ends_with_return(self, start: int, stop: int) -> bool:
        return not self.keeps_returns and start < stop and self.text[stop - 1] == RETURN


class CodePoints:
    """The code points of a content, by a sparse index that is built on the first question."""

    def __init__(self, content: Buffer) -> None:
        self.content = content
        self._first_bytes = Marks(content, _is_first_byte)

    @property
    def count(self) -> int:
        """The number of code points."""
        return self._first_bytes.total

    @property
    def ascii(self) -> bool:
        """Whether each code point is one byte."""
        return self.count == len(self.content)

    def byte_of(self, number: int) -> int:
        """The offset of a code point by its number from 0, clamped to [0, length]."""
        place = max(0, number)
        # In ASCII the number is the offset, so that no granule has to be read.
        if self.ascii:
            return min(place, len(self.content))
        if place >= self.count:
            return len(self.content)
        return int(self._first_bytes.select(int_array([place]))[0])

    def number_at(self, offset: int) -> int:
        """The number of the code point that holds an offset; the count at the end."""
        place = snap(self.content, offset)
        return place if self.ascii else int(self._first_bytes.rank(int_array([place]))[0])


def _is_newline(block: Octets) -> BoolArray:
    flags: BoolArray = block == 10
    return flags


def _is_first_byte(block: Octets) -> BoolArray:
    # Continuation bytes are 0x80..0xBF, as signed bytes -128..-65: one comparison instead of a mask and a comparison.
    flags: BoolArray = block.view(np.int8) >= -64
    return flags
