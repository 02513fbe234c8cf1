"""Cutting a text into chunks: vectors of [start, stop), never a copy.

Chunks of a kind hold `size` items (bytes, lines, paragraphs) and share `overlap` items with the chunk before.
The last chunk is the one that reaches the end: none lies wholly inside the one before it.
"""

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, Octets, SpanArrays, int_array, octets
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.query.query import Matcher, as_block_matcher
from rlmlite_kernel.engines.search.find import find

_STEP = 1 << 20


class CutError(ValueError):
    """A size or an overlap that does not advance; the message is for the program's writer."""


class QueryCuts(msgspec.Struct, frozen=True, eq=False):
    """Chunks made by a query, and what the search for it cost; they cover the text to its end even if it
    ended early.
    """

    starts: IntArray
    stops: IntArray
    work: int
    out_of_work: bool


def chunk_bytes(content: Buffer, start: int, stop: int, size: int, overlap: int = 0) -> SpanArrays:
    """Chunks of `size` bytes, both ends snapped down to code points. Raises CutError."""
    firsts, lasts = _plan(stop - start, size, overlap)
    starts, stops = _snapped(content, firsts + start), _snapped(content, lasts + start)
    starts[:1], stops[-1:] = start, stop
    kept = starts < stops  # a size of 1..3 can cut inside one code point
    return starts[kept], stops[kept]


def chunk_lines(index: LineIndex, start: int, stop: int, size: int, overlap: int = 0) -> SpanArrays:
    """Chunks of `size` lines, newlines included, of the text [start, stop) read by itself. Raises
    CutError.
    """
    low, high = (int(rank) for rank in index.breaks.rank(int_array([start, stop])))
    ended = stop > start and index.content[stop - 1] == 10
    total = 0 if stop <= start else high - low + (not ended)
    firsts, lasts = _plan(total, size, overlap)
    starts = np.full_like(firsts, start)
    starts[1:] = index.breaks.select(firsts[1:] + low - 1) + 1
    stops = np.full_like(lasts, stop)
    if overlap == 0:
        stops[:-1] = starts[1:]
    else:
        stops[:-1] = index.breaks.select(lasts[:-1] + low - 1) + 1
    return starts, stops


def chunk_paragraphs(content: Buffer, start: int, stop: int, size: int, overlap: int = 0) -> SpanArrays:
    """Chunks of `size` paragraphs. A paragraph is a run of lines that hold more than white space.

    Blank lines between chunks belong to none. Raises CutError.
    """
    paragraph_starts, paragraph_stops = _paragraphs(octets(content)[start:stop])
    firsts, lasts = _plan(len(paragraph_starts), size, overlap)
    return paragraph_starts[firsts] + start, paragraph_stops[lasts - 1] + start


def chunk_at(content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int) -> QueryCuts:
    """A chunk starts at each match, read by blocks; text before the first match is a chunk of its own."""
    found = find(content, as_block_matcher(matcher), start, stop, work_left)
    starts = np.unique(np.concatenate((int_array([start]), found.starts)))
    starts = starts[starts < stop]
    return QueryCuts(
        starts, np.append(starts[1:], int_array([stop] * min(1, len(starts)))), found.work, found.out_of_work
    )


def split_at(content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int) -> QueryCuts:
    """The pieces between the matches, read by blocks: one more than there are matches, empty ones
    included.
    """
    found = find(content, as_block_matcher(matcher), start, stop, work_left)
    starts = np.concatenate((int_array([start]), found.stops))
    return QueryCuts(starts, np.append(found.starts, int_array([stop])), found.work, found.out_of_work)


def _plan(total: int, size: int, overlap: int) -> SpanArrays:
    """Chunks of `total` items, as [first, last)."""
    if size <= 0:
        raise CutError(f"the size is {size}; it must be at least 1")
    if not 0 <= overlap < size:
        raise CutError(f"the overlap is {overlap}; it must be at least 0 and below the size, {size}")
    step = size - overlap
    chunks = 0 if total <= 0 else 1 + max(0, -(-(total - size) // step))
    firsts = np.arange(chunks, dtype=np.int64) * step
    return firsts, np.minimum(firsts + size, total)


def _snapped(content: Buffer, offsets: IntArray) -> IntArray:
    data = octets(content)
    places = offsets.copy()
    inside = np.flatnonzero(places < len(data))
    for _ in range(3):
        inside = inside[data[places[inside]] & 0xC0 == 0x80]
        places[inside] -= 1
    return places


def _paragraphs(data: Octets) -> SpanArrays:
    """Where paragraphs start, and where their last lines stop, newline included."""
    found = _Paragraphs()
    for place in range(0, len(data), _STEP):
        found.take(data[place : place + _STEP], place)
    return found.spans(len(data))


class _Paragraphs:
    """Paragraphs of a text that comes in blocks: the last line of each waits for the next block."""

    def __init__(self) -> None:
        self._line_start = 0
        self._line_full = False  # the waiting line holds more than white space
        self._open = False  # the line before the waiting one is in a paragraph
        self._starts: list[IntArray] = []
        self._stops: list[IntArray] = []

    def take(self, block: Octets, place: int) -> None:
        """Reads the next block, which starts at `place`."""
        ends = np.flatnonzero(block == 10) + 1
        cuts = np.concatenate((int_array([0]), ends[ends < len(block)]))
        full = np.logical_or.reduceat((block > 32) | (block < 9) | ((block > 13) & (block < 32)), cuts)
        full[0] |= self._line_full
        lines = np.concatenate((int_array([self._line_start]), ends + place))
        self._emit(full[: len(ends)], lines)
        waiting = len(ends) < len(cuts)
        self._line_start, self._line_full = int(lines[-1]), bool(full[-1]) if waiting else False

    def spans(self, length: int) -> SpanArrays:
        """All paragraphs, the waiting line included."""
        if self._line_start < length:
            self._emit(np.array([self._line_full]), int_array([self._line_start, length]))
        starts, stops = (np.concatenate([int_array([]), *parts]) for parts in (self._starts, self._stops))
        return starts, np.append(stops, int_array([length])[: len(starts) - len(stops)])

    def _emit(self, full: BoolArray, lines: IntArray) -> None:
        turns = np.diff(np.concatenate(([self._open], full)).astype(np.int8))
        self._starts.append(lines[:-1][turns > 0])
        self._stops.append(lines[:-1][turns < 0])
        self._open = bool(full[-1]) if len(full) else self._open
