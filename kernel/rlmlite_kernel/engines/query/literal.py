"""Plain text in a text: every occurrence that does not overlap one before it, by SIMD search."""

from functools import lru_cache

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Haystack, IntArray, Octets, int_array

_SPARSE = 512  # bytes per occurrence above which a call for each is quicker than looking at every byte
_SAMPLE = 65_536


def find_disjoint(hay: Haystack, data: Octets, needle: bytes, start: int, stop: int) -> IntArray:
    """Where the needle is inside [start, stop). `hay` and `data` are the same bytes; the range is a bounded
    block.
    """
    expected = hay.count(needle, start, stop)
    if not expected:
        return int_array([])
    if expected * _SPARSE < stop - start or period(needle) < len(needle):
        return _one_by_one(hay, needle, start, stop, expected)
    return _all_at_once(data[start:stop], needle) + start


def find_overlapping(hay: Haystack, data: Octets, needle: bytes, start: int, stop: int) -> IntArray:
    """Every place of the needle inside [start, stop), those that overlap the one before too."""
    step = period(needle)
    found: list[int] = []
    enough = (stop - start) // _SPARSE
    place = hay.find(needle, start, stop)
    while place >= 0:
        found.append(place)
        if len(found) > enough:
            return _all_at_once(data[start:stop], needle) + start
        place = hay.find(needle, place + step, stop)
    return int_array(found)


def drop_overlaps(starts: IntArray, stops: IntArray) -> tuple[IntArray, IntArray]:
    """Of ranges in the order of their starts: the first, then always the next that does not overlap the one taken."""
    if bool((starts[1:] >= stops[:-1]).all()):
        return starts, stops
    kept: list[int] = []
    free = 0
    ends = stops.tolist()
    for index, start in enumerate(starts.tolist()):
        if start >= free:
            kept.append(index)
            free = ends[index]
    return starts[kept], stops[kept]


@lru_cache(maxsize=1_024)
def period(needle: bytes) -> int:
    """The least distance at which the needle overlaps itself; its length if it never does."""
    return next((shift for shift in range(1, len(needle)) if needle.startswith(needle[shift:])), len(needle))


def _one_by_one(hay: Haystack, needle: bytes, start: int, stop: int, expected: int) -> IntArray:
    found = []
    place = start
    for _ in range(expected):
        place = hay.find(needle, place, stop)
        found.append(place)
        place += len(needle)
    return int_array(found)


def _all_at_once(data: Octets, needle: bytes) -> IntArray:
    """Takes the places of the byte that is rarest here, and keeps those where the other bytes agree."""
    seen = np.bincount(data[:_SAMPLE], minlength=256)
    order = sorted(range(len(needle)), key=lambda index: (int(seen[needle[index]]), index))
    room = len(data) - len(needle) + 1
    first = order[0]
    places = np.flatnonzero(data[first : first + room] == needle[first])
    for index in order[1:]:
        places = places[data[places + index] == needle[index]]
    return places
