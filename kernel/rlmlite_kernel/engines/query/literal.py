"""Literals: where a plain text occurs in a bounded block of content, by SIMD search.

Two ways to find all occurrences, and the number of them decides. Few: one `find` call from each to the next, which
runs at memory speed between them. Many: one pass of NumPy over the block, since a Python call for each would cost more
than looking at every byte.

    content = b"abababa"
    find_disjoint(.., b"aba", ..)        [0, 4]: what search reports, leftmost first and without overlap
    find_overlapping(.., b"aba", ..)     [0, 2, 4]: what a list of words needs, since another word may win a place
    period(b"aba") = 2                  the next occurrence can begin 2 bytes on, but not earlier
    drop_overlaps([0, 2, 4], [3, 5, 7])  ([0, 4], [3, 7])
"""

from functools import lru_cache

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Haystack, IntArray, Octets, SpanArrays, int_array

# Bytes per occurrence above which a call for each is quicker than looking at every byte.
_SPARSE = 512
# Bytes in which the frequency of bytes is counted, to find the rarest byte of a needle.
_SAMPLE = 65_536


def find_disjoint(hay: Haystack, data: Octets, needle: bytes, start: int, stop: int) -> IntArray:
    """Where the needle is inside [start, stop), left to right and without overlap.

    `hay` and `data` are the same bytes in two forms. The range is a bounded block.
    """
    # Counted first, at the speed of memory: the number decides which way is quicker.
    expected = hay.count(needle, start, stop)
    if not expected:
        return int_array([])
    # The one pass finds every place. It is right only for a needle that cannot overlap itself.
    overlaps_itself = period(needle) < len(needle)
    are_few = expected * _SPARSE < stop - start
    if are_few or overlaps_itself:
        return _find_one_by_one(hay, needle, start, stop, expected)
    return _find_in_one_pass(data[start:stop], needle) + start


def find_overlapping(hay: Haystack, data: Octets, needle: bytes, start: int, stop: int) -> IntArray:
    """Every place of the needle inside [start, stop), those that overlap another too."""
    step = period(needle)
    places: list[int] = []
    enough = (stop - start) // _SPARSE
    place = hay.find(needle, start, stop)
    while place >= 0:
        places.append(place)
        # Not counted before, as `count` would leave out those that overlap. What was found is found again.
        if len(places) > enough:
            return _find_in_one_pass(data[start:stop], needle) + start
        place = hay.find(needle, place + step, stop)
    return int_array(places)


def drop_overlaps(starts: IntArray, stops: IntArray) -> SpanArrays:
    """The first of these ranges, then always the next that does not overlap the one taken. They are sorted by start."""
    # Nearly always true, and then no loop in Python is needed.
    none_overlap = bool((starts[1:] >= stops[:-1]).all())
    if none_overlap:
        return starts, stops
    chosen: list[int] = []
    free_from = 0
    ends = stops.tolist()
    for index, start in enumerate(starts.tolist()):
        if start >= free_from:
            chosen.append(index)
            free_from = ends[index]
    return starts[chosen], stops[chosen]


@lru_cache(maxsize=1_024)
def period(needle: bytes) -> int:
    """The least distance at which the needle overlaps itself; its length if it never does."""
    shifts = (shift for shift in range(1, len(needle)) if needle.startswith(needle[shift:]))
    return next(shifts, len(needle))


def _find_one_by_one(hay: Haystack, needle: bytes, start: int, stop: int, expected: int) -> IntArray:
    places = []
    place = start
    for _ in range(expected):
        place = hay.find(needle, place, stop)
        places.append(place)
        place += len(needle)
    return int_array(places)


def _find_in_one_pass(data: Octets, needle: bytes) -> IntArray:
    """Every place of the needle: those of its rarest byte first, then only those where the other bytes agree."""
    # Rarest first, so that most places are gone after one comparison. "q" beats "e" whatever the text is about.
    frequency = np.bincount(data[:_SAMPLE], minlength=256)
    frequencies = [int(frequency[byte]) for byte in needle]
    # Equal ones by index, since a sort is stable.
    order = sorted(range(len(needle)), key=frequencies.__getitem__)
    rarest = order[0]
    # Only where the whole needle fits: byte `rarest` of it is then one of these.
    candidates = len(data) - len(needle) + 1
    column = data[rarest : rarest + candidates]
    places = np.flatnonzero(column == needle[rarest])
    for index in order[1:]:
        is_same = data[places + index] == needle[index]
        places = places[is_same]
    return places
