"""Where the records of a block of delimited text lie, if its quotes leave no doubt.

The idea: take every second quote as an opening and the next as its closing one. That is right if each opening quote is
the first sign of a cell, or doubles the closing one before it, and each closing quote is the last of a cell, or is
doubled. Then any reader of CSV cuts the block alike, and line ends between the two are in a cell.

    id,say                        quotes at 9 13 14 17 18 20 (say): pairs (9,13) (14,17) (18,20)
    1,"he ""so"" x"               9 is after a comma; 14 is next to 13, 18 to 17; after 20 the line ends
    2,5" disk                     this quote is the first sign of no cell: None, a reader cell by cell decides

The block is cut after its last line end that is in no cell. A lone carriage return, which ends a line in some readers
only, gives None too.
"""

from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, Octets, haystack, octets, places_of

_FEED, _RETURN = 10, 13


class Records(NamedTuple):
    """The records in the first `size` bytes of a block: where each begins and ends, without its line end.

    Blank lines are no records. `lines` is how many line ends there are, and `joins_lines` whether some are in cells.
    """

    starts: IntArray
    stops: IntArray
    size: int
    lines: int
    joins_lines: bool


def find_records(block: Buffer, delimiter: int, quote: int | None, is_last: bool) -> Records | None:
    """The records of a block, which begins with one. `is_last` says that the block is the end of the text."""
    data = octets(block)
    if not _are_line_ends_plain(block, data):
        return None
    feeds = places_of(block, _FEED)
    quotes = places_of(block, quote) if quote is not None else feeds[:0]
    # A line end is in a cell if the number of quotes before it is odd.
    ends = feeds[np.searchsorted(quotes, feeds) % 2 == 0] if len(quotes) else feeds
    if is_last and len(quotes) % 2:
        return None
    feeds_outside = len(ends)
    if is_last and (not len(ends) or ends[-1] != len(data) - 1):
        ends = np.append(ends, len(data))
    if not len(ends):
        return None
    size = min(int(ends[-1]) + 1, len(data))
    quotes = quotes[: int(np.searchsorted(quotes, size))]
    if not _are_regular(data[:size], quotes, delimiter):
        return None
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    has_return = (ends > starts) & (data[np.maximum(ends - 1, 0)] == _RETURN)
    stops = ends - has_return
    there = stops > starts
    lines = int(np.searchsorted(feeds, size))
    return Records(starts[there], stops[there], size, lines, lines > feeds_outside)


def are_enclosed(block: Buffer, records: Records, first: bytes, last: bytes) -> bool:
    """Whether every record begins with one byte and ends with another."""
    data = octets(block)
    return bool((data[records.starts] == first[0]).all() and (data[records.stops - 1] == last[0]).all())


def lines_before(block: Buffer, records: Records) -> list[int]:
    """How many line ends there are before each record."""
    feeds = places_of(block, _FEED)
    lines: list[int] = np.searchsorted(feeds, records.starts).tolist()
    return lines


def _are_line_ends_plain(block: Buffer, data: Octets) -> bool:
    """Whether every carriage return is followed by a line feed."""
    # Most files have none at all, which a search in memory says at once.
    if haystack(block).find(b"\r", 0, len(block)) < 0:
        return True
    returns = places_of(block, _RETURN)
    return bool(returns[-1] != len(data) - 1 and (data[returns + 1] == _FEED).all())


def _are_regular(data: Octets, quotes: IntArray, delimiter: int) -> bool:
    """Whether quotes, two by two, enclose whole cells."""
    opening, closing = quotes[0::2], quotes[1::2]
    if not len(quotes):
        return True
    before = data[opening - 1]
    begins_cell = (opening == 0) | (before == delimiter) | (before == _FEED)
    begins_cell[1:] |= opening[1:] == closing[:-1] + 1
    after = data[np.minimum(closing + 1, len(data) - 1)]
    ends_cell = (closing == len(data) - 1) | (after == delimiter) | (after == _FEED) | (after == _RETURN)
    ends_cell[:-1] |= opening[1:] == closing[:-1] + 1
    return bool(begins_cell.all() and ends_cell.all())
