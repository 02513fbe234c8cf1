"""Units of text that have no size: records, and the unit around a place. Lines and paragraphs in chunks are in `cut`.

content = b"error\\n  at f\\n\\nok\\n"
find_records(content, 0, 17)      [0, 13), [14, 16): a line and what is indented or blank under it
lines_around(LineIndex(content), [8], [9], 1)    [0, 13): the line of offset 8, with one more on each side
"""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, SpanArrays, int_array, octets
from rlmlite_kernel.engines.bytes.line_ends import without_returns
from rlmlite_kernel.engines.bytes.positions import LineIndex

# Bytes per vector operation, so that the flags of a block stay in the processor's cache.
_BLOCK = 1 << 20
# What a line of a record begins with, if it is not the first. A newline too: a blank line does not end a record.
_INDENT = np.array([0x20, 0x09, 0x0A, 0x0D], np.uint8)


def lines_of(content: Buffer, start: int, stop: int, without_cr: bool = True) -> SpanArrays:
    """The lines of a short text, without their line ends, and without building a line index for it."""
    newlines = np.flatnonzero(octets(content)[start:stop] == 10) + start
    starts = np.concatenate((int_array([start]), newlines + 1))
    stops = np.append(newlines, stop)
    # After a final newline no other line begins.
    is_line = starts < stop
    starts, stops = starts[is_line], stops[is_line]
    return starts, without_returns(octets(content), starts, stops) if without_cr else stops


def find_records(content: Buffer, start: int, stop: int) -> SpanArrays:
    """The records of a text: a line that is not indented, and the lines after it that are indented or blank.

    The last newline of a record is not part of it. Indented lines before the first record are one of their own.
    """
    data = octets(content)[start:stop]
    size = len(data)
    if not size:
        return int_array([]), int_array([])
    # A record starts at the very beginning, indented or not.
    starts_by_block = [int_array([0])]
    for place in range(0, size, _BLOCK):
        newlines = np.flatnonzero(data[place : place + _BLOCK] == 10) + place
        line_starts = newlines + 1
        # After a final newline no other line begins.
        line_starts = line_starts[line_starts < size]
        is_indented = np.isin(data[line_starts], _INDENT)
        starts_by_block.append(line_starts[~is_indented])
    starts = np.concatenate(starts_by_block)
    # Nothing lies between records: each stops where the next starts.
    stops = np.append(starts[1:], size)
    ends_with_newline = data[stops - 1] == 10
    return starts + start, stops - ends_with_newline + start


def enclosing_units(units: SpanArrays, starts: IntArray, stops: IntArray, index: LineIndex) -> SpanArrays:
    """For each span the units that it lies in, from the first to the last; where it is in none, its lines."""
    unit_starts, unit_stops = units
    # The lines are for spans that lie between units, such as a hit in a blank line between paragraphs.
    lows, highs = lines_around(index, starts, stops, 0)
    if len(unit_starts):
        last_bytes = _last_bytes(starts, stops)
        # The last unit that begins at or before a place is the only one that can hold it; -1 where there is none.
        first = np.searchsorted(unit_starts, starts, side="right") - 1
        last = np.searchsorted(unit_starts, last_bytes, side="right") - 1
        starts_in_one = (first >= 0) & (starts < unit_stops[first])
        ends_in_one = (last >= 0) & (last_bytes < unit_stops[last])
        lows = np.where(starts_in_one, unit_starts[first], lows)
        highs = np.where(ends_in_one, unit_stops[last], highs)
    # Units leave out the newline at their end, and a hit may be just that.
    return np.minimum(lows, starts), np.maximum(highs, stops)


def lines_around(index: LineIndex, starts: IntArray, stops: IntArray, more: int) -> SpanArrays:
    """For each span its lines, and `more` before and after them, without the last newline."""
    # A huge number would overflow in the additions below.
    more = min(more, index.count)
    # Empty content has no lines, yet its places are said to be in line 1.
    last_line = max(1, index.count)
    first = np.maximum(index.lines_at(starts) - more, 1)
    last = np.minimum(index.lines_at(_last_bytes(starts, stops)) + more, last_line)
    line_starts = index.starts(first)
    return line_starts, np.maximum(index.stops(last), line_starts)


def _last_bytes(starts: IntArray, stops: IntArray) -> IntArray:
    """The last byte of each span; of an empty one, where it is."""
    return np.maximum(starts, stops - 1)
