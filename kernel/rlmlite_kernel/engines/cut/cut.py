"""Cutting a text into chunks: vectors of [start, stop), never a copy.

A chunk holds `size` items (bytes, lines, paragraphs) and shares `overlap` items with the chunk before. The last chunk
is the first that reaches the end, so none lies wholly inside the one before it:

    10 lines, size 4, overlap 1      lines [0, 4), [3, 7), [6, 10)
    chunk_bytes("aéa".encode(), 0, 4, 2)   [0, 1), [1, 4): the end at 2 moves down to a code point

Chunks at a query need no size: one starts at each match (`chunk_at`), or they are what is between (`split_at`).
"""

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import (
    BoolArray,
    Buffer,
    Haystack,
    IntArray,
    Octets,
    SpanArrays,
    haystack,
    int_array,
    octets,
    snap,
)
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.query.query import Matcher, as_block_matcher
from rlmlite_kernel.engines.search.find import find

# Bytes per vector operation, so that the flags of a block stay in the processor's cache.
_BLOCK = 1 << 20


class CutError(ValueError):
    """A size or an overlap with which chunks would not advance; the message is for the program's writer."""


class TooManyPartsError(ValueError):
    """There are more paragraphs than the caller allows."""

    def __init__(self, parts: int) -> None:
        super().__init__(f"there are more than {parts} parts")
        self.parts = parts


class QueryCuts(msgspec.Struct, frozen=True, eq=False):
    """Chunks made by a query, and the work of its search. If that ran out early, the last chunk reaches to the end."""

    starts: IntArray
    stops: IntArray
    work: int
    out_of_work: bool


def chunk_bytes(content: Buffer, start: int, stop: int, size: int, overlap: int = 0) -> SpanArrays:
    """Chunks of `size` bytes, both ends moved down to code points. Raises `CutError`."""
    firsts, ends = _plan_chunks(stop - start, size, overlap)
    starts = _snap_all(content, firsts + start)
    stops = _snap_all(content, ends + start)
    # The text's own ends stay as they are, even if a caller cut it inside a code point.
    starts[:1], stops[-1:] = start, stop
    # With a size of 1 to 3, both ends may fall inside one code point.
    is_not_empty = starts < stops
    return starts[is_not_empty], stops[is_not_empty]


def chunk_bytes_at_lines(index: LineIndex, start: int, stop: int, size: int, overlap: int = 0) -> SpanArrays:
    """Chunks of at most `size` bytes that end at a line end, if there is one in their second half. Raises `CutError`.

    A chunk that overlaps the one before it begins with a line, if one begins in the overlap.

        "one two\\nthree\\nfour\\n" by 16     "one two\\nthree\\n", "four\\n": not "one two\\nthree\\nfo", "ur\\n"
    """
    _plan_chunks(0, size, overlap)  # refuses sizes that do not advance
    content, text = index.content, haystack(index.content)
    # A chunk goes on at least one byte beyond the overlap, or the next one would begin where it does.
    near = min(size // 2, size - overlap - 1)
    starts: list[int] = []
    stops: list[int] = []
    at = end = start
    while end < stop:
        end = _end_of_chunk(content, text, (at, min(at + size, stop), stop), near, end)
        starts.append(at)
        stops.append(end)
        at = _start_in_overlap(content, text, end, overlap, at)
    return int_array(starts), int_array(stops)


def _end_of_chunk(content: Buffer, text: Haystack, bounds: tuple[int, int, int], near: int, before: int) -> int:
    """Where a chunk ends that may reach from `bounds[0]` to `bounds[1]`: beyond `before`, where the last one ended."""
    at, end, stop = bounds
    if end == stop:
        return stop
    line_end = text.rfind(b"\n", max(at, end - near), end)
    if line_end >= before:
        return line_end + 1
    return max(snap(content, end), _next_point(content, max(at, before), stop))


def _start_in_overlap(content: Buffer, text: Haystack, end: int, overlap: int, at: int) -> int:
    """Where the next chunk begins, after `at`: with the first line of what it shares, or at a code point of it."""
    if not overlap:
        return end
    first = max(end - overlap, at + 1)
    line_end = text.find(b"\n", first - 1, end - 1)
    return line_end + 1 if line_end >= 0 else max(snap(content, first), _next_point(content, at, end))


def _next_point(content: Buffer, at: int, stop: int) -> int:
    """The first code point after an offset."""
    place = at + 1
    while place < stop and content[place] & 0xC0 == 0x80:
        place += 1
    return min(place, stop)


def chunk_lines(index: LineIndex, start: int, stop: int, size: int, overlap: int = 0) -> SpanArrays:
    """Chunks of `size` lines, newlines included, of [start, stop) read as a text of its own. Raises `CutError`."""
    is_empty = stop <= start
    # Newlines are counted, not listed: the index answers for two places of the content, however long the text is.
    ranks = index.breaks.rank(int_array([start, stop]))
    newlines_before, newlines_through = int(ranks[0]), int(ranks[1])
    ends_with_newline = not is_empty and index.content[stop - 1] == 10
    lines = 0 if is_empty else newlines_through - newlines_before + (not ends_with_newline)
    firsts, ends = _plan_chunks(lines, size, overlap)

    def after_line(numbers: IntArray) -> IntArray:
        """Where the line before each of these numbers ends, its newline included."""
        return index.breaks.select(numbers + newlines_before - 1) + 1

    starts = np.full_like(firsts, start)
    starts[1:] = after_line(firsts[1:])
    stops = np.full_like(ends, stop)
    # Without overlap a chunk stops where the next starts, which spares a second look-up.
    stops[:-1] = starts[1:] if overlap == 0 else after_line(ends[:-1])
    return starts, stops


def chunk_paragraphs(
    content: Buffer, start: int, stop: int, size: int, overlap: int = 0, most: int | None = None
) -> SpanArrays:
    """Chunks of `size` paragraphs. A paragraph is a run of lines that hold more than white space.

    Blank lines between two chunks belong to neither. Raises `CutError`, and `TooManyPartsError` as soon as there are
    more than `most` paragraphs.
    """
    paragraph_starts, paragraph_stops = _paragraphs(octets(content)[start:stop], most)
    firsts, ends = _plan_chunks(len(paragraph_starts), size, overlap)
    return paragraph_starts[firsts] + start, paragraph_stops[ends - 1] + start


def chunk_at(
    content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int, most: int | None = None
) -> QueryCuts:
    """A chunk starts at each match, read by blocks; text before the first match is a chunk of its own.

    After `most` matches the search stops, and the last chunk reaches to the end.
    """
    # By blocks, since where a chunk begins is a matter of the whole text, not of one line.
    matches = find(content, as_block_matcher(matcher), start, stop, work_left, most)
    # Unique, as the first match may be at the very start; an empty match at the end starts no chunk.
    starts = np.unique(np.concatenate((int_array([start]), matches.starts)))
    starts = starts[starts < stop]
    # An empty text has no chunk, and so no last stop.
    last_stop = int_array([stop] if len(starts) else [])
    stops = np.append(starts[1:], last_stop)
    return QueryCuts(starts, stops, matches.work, matches.out_of_work)


def split_at(content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int) -> QueryCuts:
    """What is between the matches, read by blocks: one more than there are matches, empty ones included."""
    matches = find(content, as_block_matcher(matcher), start, stop, work_left)
    # Each part reaches from the end of one match to the start of the next.
    starts = np.concatenate((int_array([start]), matches.stops))
    stops = np.append(matches.starts, int_array([stop]))
    return QueryCuts(starts, stops, matches.work, matches.out_of_work)


def _plan_chunks(items: int, size: int, overlap: int) -> SpanArrays:
    """Chunks of so many items, as [first, end)."""
    if size <= 0:
        raise CutError(f"the size must be at least 1, not {size}")
    if not 0 <= overlap < size:
        raise CutError(f"the overlap must be at least 0 and below the size ({size}), not {overlap}")
    if items <= 0:
        return int_array([]), int_array([])
    step = size - overlap
    # Each later chunk brings `step` new items; the last may bring fewer, so this is rounded up.
    items_after_first_chunk = max(0, items - size)
    later_chunks = -(-items_after_first_chunk // step)
    firsts = np.arange(1 + later_chunks, dtype=np.int64) * step
    ends = np.minimum(firsts + size, items)
    return firsts, ends


def _snap_all(content: Buffer, offsets: IntArray) -> IntArray:
    """Each offset moved down to the start of its code point, which is at most three bytes away."""
    data = octets(content)
    places = offsets.copy()
    # The end of the content is an offset, but no byte to look at.
    to_move = np.flatnonzero(places < len(data))
    for _ in range(3):
        is_continuation_byte = data[places[to_move]] & 0xC0 == 0x80
        to_move = to_move[is_continuation_byte]
        places[to_move] -= 1
    return places


def _paragraphs(data: Octets, most: int | None) -> SpanArrays:
    """Where paragraphs start, and where their last lines stop, newline included. Raises `TooManyPartsError`."""
    reader = _ParagraphReader()
    for place in range(0, len(data), _BLOCK):
        reader.read(data[place : place + _BLOCK], place)
        if most is not None and reader.count > most:
            raise TooManyPartsError(most)
    return reader.finish(len(data))


class _ParagraphReader:
    """Paragraphs of a text that comes in blocks. A line that a block cuts is completed by the next.

    Lines become flags, "holds more than white space"; where the flag rises a paragraph starts, where it falls it stops:

        lines    a  b  -  c      flags 1 1 0 1, with a 0 before them: rises at 0 and 3, falls at 2
    """

    def __init__(self) -> None:
        # Where the line starts that the last block cut.
        self._line_start = 0
        # Whether that line holds more than white space so far.
        self._line_is_full = False
        # Whether the line before it belongs to a paragraph.
        self._is_inside = False
        self._starts: list[IntArray] = []
        self._stops: list[IntArray] = []
        self.count = 0

    def read(self, block: Octets, place: int) -> None:
        """The next block, which starts at `place`."""
        line_ends = np.flatnonzero(block == 10) + 1
        # Where each line starts in the block. After a newline at the very end there is none: `reduceat` would fail.
        later_lines = line_ends[line_ends < len(block)]
        pieces = np.concatenate((int_array([0]), later_lines))
        # The white space of ASCII: a space, and 9 to 13 (tab, the two newlines, vertical tab, form feed).
        is_white = (block == 32) | ((block >= 9) & (block <= 13))
        # One flag per line: whether any of its bytes is more than white space.
        is_full = np.logical_or.reduceat(~is_white, pieces)
        # The first piece may be the rest of a line that the last block cut.
        is_full[0] |= self._line_is_full
        line_starts = np.concatenate((int_array([self._line_start]), line_ends + place))
        # Only lines that end here are known; the last one waits for the next block if it goes on there.
        self._add_lines(is_full[: len(line_ends)], line_starts)
        last_is_cut = len(line_ends) < len(pieces)
        self._line_start = int(line_starts[-1])
        self._line_is_full = last_is_cut and bool(is_full[-1])

    def finish(self, length: int) -> SpanArrays:
        """All paragraphs, the cut line included."""
        if self._line_start < length:
            self._add_lines(np.array([self._line_is_full]), int_array([self._line_start, length]))
        starts = np.concatenate([int_array([]), *self._starts])
        stops = np.concatenate([int_array([]), *self._stops])
        # A paragraph that reaches to the end has had no blank line to stop it.
        is_open = len(starts) > len(stops)
        return starts, np.append(stops, int_array([length] if is_open else []))

    def _add_lines(self, is_full: BoolArray, starts: IntArray) -> None:
        """More lines: whether each is full, and where each starts, then where the next one does."""
        # The flag of the line before these goes first, so that a paragraph can reach over several blocks.
        flags = np.concatenate(([self._is_inside], is_full))
        turns = np.diff(flags.astype(np.int8))
        line_starts = starts[:-1]
        paragraph_starts = line_starts[turns > 0]
        self.count += len(paragraph_starts)
        self._starts.append(paragraph_starts)
        self._stops.append(line_starts[turns < 0])
        if len(is_full):
            self._is_inside = bool(is_full[-1])
