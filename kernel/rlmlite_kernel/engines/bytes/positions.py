"""Positions: from byte offsets to lines and code points and back, without a table of every line.

Both indexes stand on `Marks`: lines on the marks of newlines, code points on the marks of their first bytes.

    index = LineIndex(b"ab\\n\\ncd")       lines 1 "ab", 2 "", 3 "cd"; newlines are at 2 and 3
    index.count                         3
    index.line_at(2), index.line_at(3)  1, 2: a newline belongs to the line that it ends
    index.bounds_at(5)                  (4, 6)
    CodePoints("né".encode()).byte_of(2) 3: the end, since "é" takes two bytes

Lines count from 1 and end at a newline only: a CR stays in its line. A last line without a newline counts; after a
final newline no other line begins; empty content has no lines. An offset at or past the end belongs to the last line.
"""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, Octets, SpanArrays, int_array, snap
from rlmlite_kernel.engines.bytes.marks import Marks

# Bytes on both sides of an offset in which the ends of its line are looked for first.
_NEAR = 512


class LineIndex:
    """The lines of a content. The sparse index is built on the first question that needs it."""

    def __init__(self, content: Buffer) -> None:
        self.content = content
        self.breaks = Marks(content, _is_newline)
        self._last_is_open = len(content) > 0 and content[len(content) - 1] != 10

    @property
    def count(self) -> int:
        """The number of lines."""
        return self.breaks.total + self._last_is_open

    def line_at(self, offset: int) -> int:
        """The number of the line that holds an offset; 1 in empty content."""
        return self.breaks.rank_of(max(0, min(offset, len(self.content) - 1))) + 1

    def lines_at(self, offsets: IntArray) -> IntArray:
        """The line number for each offset, in any order."""
        return self.breaks.rank(self._clamp(offsets)) + 1

    def start_of(self, line: int) -> int:
        """The offset where a line starts; 0 below line 1, the length past the last line."""
        return int(self.starts(int_array([line]))[0])

    def bounds_at(self, offset: int) -> tuple[int, int]:
        """The line that holds an offset, without its newline, as [start, stop)."""
        # Nearly every line is short: two looks at 512 bytes then spare the building of an index.
        place = max(0, min(offset, len(self.content) - 1))
        low = max(0, place - _NEAR)
        text_before = bytes(self.content[low:place])
        text_after = bytes(self.content[place : place + _NEAR])
        newline_before = text_before.rfind(b"\n")
        newline_after = text_after.find(b"\n")
        start_is_near = newline_before >= 0 or low == 0
        if start_is_near and newline_after >= 0:
            # In the first line there is no newline before: -1 + 1 is its start.
            return low + newline_before + 1, place + newline_after
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
        stops[stops_far_away] = self.stops(lines[stops_far_away])
        return starts, stops

    def spans(self, first: int, last: int) -> SpanArrays:
        """The lines first..last-1 without their newlines, as [start, stop). Both numbers must be lines there are."""
        # One look-up of ends is enough: a line starts after the end of the one before it.
        stops = self.stops(np.arange(first, max(first, last), dtype=np.int64))
        starts = np.empty_like(stops)
        starts[:1] = self.start_of(first)
        starts[1:] = stops[:-1] + 1
        return starts, stops

    def _clamp(self, offsets: IntArray) -> IntArray:
        return int_array(offsets.clip(0, max(0, len(self.content) - 1)))

    def starts(self, lines: IntArray) -> IntArray:
        """Where each line starts; 0 below line 1, the length past the last line."""
        starts = np.zeros(len(lines), np.int64)
        starts[lines > self.count] = len(self.content)
        # Line 2 starts after the newline number 0.
        after_a_newline = (lines > 1) & (lines <= self.count)
        starts[after_a_newline] = self.breaks.select(lines[after_a_newline] - 2) + 1
        return starts

    def stops(self, lines: IntArray) -> IntArray:
        """Where each line stops, its newline excluded; the length past the last line."""
        stops = np.full(len(lines), len(self.content), np.int64)
        at_a_newline = lines <= self.breaks.total
        stops[at_a_newline] = self.breaks.select(lines[at_a_newline] - 1)
        return stops


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
