"""Plain text in a text: every occurrence that does not overlap one before it, by SIMD search."""

from collections.abc import Sequence

import numpy as np

from rlmlite_kernel.engines.buffers import Haystack, Ints, Octets, vector

_SPARSE = 512  # bytes per occurrence above which a call for each is quicker than looking at every byte
_SAMPLE = 65_536


def occurrences(hay: Haystack, data: Octets, needle: bytes, start: int, stop: int) -> Ints:
    """Where the needle is inside [start, stop). `hay` and `data` are the same bytes; the range is a bounded
    block.
    """
    expected = hay.count(needle, start, stop)
    if not expected:
        return vector([])
    if expected * _SPARSE < stop - start or overlaps_itself(needle):
        return _one_by_one(hay, needle, start, stop, expected)
    return _all_at_once(data[start:stop], needle) + start


def any_occurrences(hay: Haystack, data: Octets, words: Sequence[bytes], start: int, stop: int) -> tuple[Ints, Ints]:
    """Where any of the words is, as starts and stops: the leftmost first, at one place the first of the list.

    A word that overlaps itself is found at every place, since the one before may give way to another word.
    """
    found = [_everywhere(hay, data, word, start, stop) for word in words]
    starts = np.concatenate([vector([]), *found])
    ends = [places + len(word) for places, word in zip(found, words, strict=True)]
    stops = np.concatenate([vector([]), *ends])
    order = np.argsort(starts, kind="stable")
    starts, stops = starts[order], stops[order]
    if bool((starts[1:] >= stops[:-1]).all()):
        return starts, stops
    kept = _apart(starts.tolist(), stops.tolist())
    return starts[kept], stops[kept]


def overlaps_itself(needle: bytes) -> bool:
    """Whether some start of the needle is also its end."""
    return any(needle.startswith(needle[shift:]) for shift in range(1, len(needle)))


def _apart(starts: list[int], stops: list[int]) -> Ints:
    """The numbers of those that do not start inside one that was kept before."""
    kept, free = [], 0
    for index, start in enumerate(starts):
        if start >= free:
            kept.append(index)
            free = stops[index]
    return vector(kept)


def _everywhere(hay: Haystack, data: Octets, needle: bytes, start: int, stop: int) -> Ints:
    """Every occurrence, those that overlap the one before too."""
    step = next((shift for shift in range(1, len(needle)) if needle.startswith(needle[shift:])), len(needle))
    found: list[int] = []
    enough = (stop - start) // _SPARSE
    place = hay.find(needle, start, stop)
    while place >= 0:
        found.append(place)
        if len(found) > enough:
            return _all_at_once(data[start:stop], needle) + start
        place = hay.find(needle, place + step, stop)
    return vector(found)


def _one_by_one(hay: Haystack, needle: bytes, start: int, stop: int, expected: int) -> Ints:
    found = []
    place = start
    for _ in range(expected):
        place = hay.find(needle, place, stop)
        found.append(place)
        place += len(needle)
    return vector(found)


def _all_at_once(data: Octets, needle: bytes) -> Ints:
    """Takes the places of the byte that is rarest here, and keeps those where the other bytes agree."""
    seen = np.bincount(data[:_SAMPLE], minlength=256)
    order = sorted(range(len(needle)), key=lambda index: (int(seen[needle[index]]), index))
    room = len(data) - len(needle) + 1
    first = order[0]
    places = np.flatnonzero(data[first : first + room] == needle[first])
    for index in order[1:]:
        places = places[data[places + index] == needle[index]]
    return places
