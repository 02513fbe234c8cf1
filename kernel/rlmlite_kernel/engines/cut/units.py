"""Units of text that have no size: records, and the unit around a place. Lines and paragraphs are cut in `cut`."""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, SpanArrays, int_array, octets
from rlmlite_kernel.engines.bytes.positions import LineIndex

_STEP = 1 << 20
_INDENT = np.array([0x20, 0x09, 0x0A, 0x0D], np.uint8)


def lines_of(content: Buffer, start: int, stop: int) -> SpanArrays:
    """The lines of a short text, without their newlines, and without a line index."""
    breaks = np.flatnonzero(octets(content)[start:stop] == 10) + start
    starts = np.concatenate((int_array([start]), breaks + 1))
    kept = starts < stop
    return starts[kept], np.append(breaks, stop)[kept]


def find_records(content: Buffer, start: int, stop: int) -> SpanArrays:
    """A record is a line that begins with something, and the lines after it that are indented or blank.

    The last newline of a record is not part of it. Indented lines before the first record are one of their own.
    """
    data = octets(content)[start:stop]
    found = [int_array([0] if len(data) else [])]
    for place in range(0, len(data), _STEP):
        begins = np.flatnonzero(data[place : place + _STEP] == 10) + place + 1
        begins = begins[begins < len(data)]
        found.append(begins[~np.isin(data[begins], _INDENT)])
    starts = np.concatenate(found)
    stops = np.append(starts[1:], int_array([len(data)] * min(1, len(starts))))
    ended = data[stops - 1] == 10
    return starts + start, stops - ended + start


def enclosing_units(units: SpanArrays, starts: IntArray, stops: IntArray, index: LineIndex) -> SpanArrays:
    """For each span the units that it lies in, from the first to the last; outside of any, its lines."""
    begins, ends = units
    lows, highs = lines_around(index, starts, stops, 0)
    if len(begins):
        first = np.searchsorted(begins, starts, side="right") - 1
        last = np.searchsorted(begins, _lasts(starts, stops), side="right") - 1
        inside = (first >= 0) & (starts < ends[first])
        lows = np.where(inside, begins[first], lows)
        inside = (last >= 0) & (_lasts(starts, stops) < ends[last])
        highs = np.where(inside, ends[last], highs)
    return np.minimum(lows, starts), np.maximum(highs, stops)


def lines_around(index: LineIndex, starts: IntArray, stops: IntArray, more: int) -> SpanArrays:
    """For each span its lines and so many before and after, without the last newline."""
    more = min(more, index.count)
    first = np.maximum(index.lines_at(starts) - more, 1)
    last = np.minimum(index.lines_at(_lasts(starts, stops)) + more, max(1, index.count))
    return index.starts(first), np.maximum(index.stops(last), index.starts(first))


def _lasts(starts: IntArray, stops: IntArray) -> IntArray:
    """The last byte of each span; of an empty one, where it is."""
    return np.maximum(starts, stops - 1)
