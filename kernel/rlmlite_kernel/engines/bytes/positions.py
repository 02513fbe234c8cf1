"""Where things are in a content: byte offsets, lines and code points.

Offsets count bytes from 0. Lines count from 1 and end at a newline only (a CR stays in its line); an
unterminated last line counts, a trailing newline starts no other, and empty content has no lines.
An offset on a newline belongs to the line which that newline ends; one at or past the end, to the last line.
"""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, Octets, int_array, snap
from rlmlite_kernel.engines.bytes.marks import Marks

__all__ = ["CodePoints", "LineIndex", "snap"]

_NEAR = 512  # bytes around a place in which the ends of its line are looked for first


class LineIndex:
    """The lines of a content, by a sparse index that is built on the first question."""

    def __init__(self, content: Buffer) -> None:
        self.content = content
        self.breaks = Marks(content, _is_break)
        self._open = len(content) > 0 and content[len(content) - 1] != 10

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self.breaks.total + self._open

    def line_at(self, offset: int) -> int:
        """The number of the line that holds an offset; 1 in empty content."""
        return self.breaks.rank_of(max(0, min(offset, len(self.content) - 1))) + 1

    def lines_at(self, offsets: IntArray) -> IntArray:
        """The line number for each offset, in any order."""
        return self.breaks.rank(self._clamped(offsets)) + 1

    def start_of(self, line: int) -> int:
        """The offset where a line starts; 0 below line 1, the length past the last line."""
        return int(self.starts(int_array([line]))[0])

    def bounds_at(self, offset: int) -> tuple[int, int]:
        """The line that holds an offset, without its newline, as [start, stop)."""
        place = max(0, min(offset, len(self.content) - 1))
        low = max(0, place - _NEAR)
        before = bytes(self.content[low:place]).rfind(b"\n")
        after = bytes(self.content[place : place + _NEAR]).find(b"\n")
        if after >= 0 and (before >= 0 or low == 0):
            return low + before + 1, place + after
        starts, stops = self.bounds(int_array([offset]))
        return int(starts[0]), int(stops[0])

    def bounds(self, offsets: IntArray) -> tuple[IntArray, IntArray]:
        """The line that holds each offset, without its newline, as [start, stop)."""
        near = self.breaks.near(self._clamped(offsets))
        starts, stops = near.before + 1, near.after
        far = near.before < 0
        starts[far] = self.starts(near.rank[far] + 1)
        far = near.after < 0
        stops[far] = self.stops(near.rank[far] + 1)
        return starts, stops

    def spans(self, first: int, last: int) -> tuple[IntArray, IntArray]:
        """The lines first..last-1 without their newlines, as vectors of [start, stop). The caller clamps."""
        stops = self.stops(np.arange(first, max(first, last), dtype=np.int64))
        starts = np.empty_like(stops)
        starts[:1] = self.start_of(first)
        starts[1:] = stops[:-1] + 1
        return starts, stops

    def _clamped(self, offsets: IntArray) -> IntArray:
        return int_array(offsets.clip(0, max(0, len(self.content) - 1)))

    def starts(self, lines: IntArray) -> IntArray:
        """Where each line starts, as `start_of` says."""
        starts = int_array(lines * 0)
        starts[lines > self.count] = len(self.content)
        inside = (lines > 1) & (lines <= self.count)
        starts[inside] = self.breaks.select(lines[inside] - 2) + 1
        return starts

    def stops(self, lines: IntArray) -> IntArray:
        """Where each line stops, its newline excluded; the length past the last line."""
        stops = int_array(lines * 0 + len(self.content))
        ended = lines <= self.breaks.total
        stops[ended] = self.breaks.select(lines[ended] - 1)
        return stops


class CodePoints:
    """The code points of a content, by a sparse index that is built on the first question."""

    def __init__(self, content: Buffer) -> None:
        self.content = content
        self._starts = Marks(content, _is_first_byte)

    @property
    def count(self) -> int:
        """How many code points there are."""
        return self._starts.total

    @property
    def ascii(self) -> bool:
        """Whether each code point is one byte."""
        return self.count == len(self.content)

    def byte_of(self, number: int) -> int:
        """The offset of a code point by its number from 0, clamped to [0, length]."""
        place = max(0, number)
        if self.ascii or place >= self.count:
            return min(place, len(self.content)) if self.ascii else len(self.content)
        return int(self._starts.select(int_array([place]))[0])

    def number_at(self, offset: int) -> int:
        """The number of the code point that holds an offset; the count at the end."""
        place = snap(self.content, offset)
        return place if self.ascii else int(self._starts.rank(int_array([place]))[0])


def _is_break(block: Octets) -> BoolArray:
    flags: BoolArray = block == 10
    return flags


def _is_first_byte(block: Octets) -> BoolArray:
    flags: BoolArray = block.view(np.int8) >= -64
    return flags
