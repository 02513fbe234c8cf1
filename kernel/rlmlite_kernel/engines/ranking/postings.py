"""An index of the words of many units of text: in which units each word occurs, and how often.

A unit is a line, a paragraph, a chunk: a span of one content. The index of a content is made of that content and its
units alone, so indexes of several contents stand side by side and are ranked as one (`bm25`).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, int_array, octets, snap
from rlmlite_kernel.engines.bytes.words import Hashes, fold_words, split_words

UintArray = npt.NDArray[np.uint32]
"""Unit numbers, or counts of words."""

BLOCK = 1 << 22
"""Bytes of text that are read at once. The index depends on it, what is found in it does not."""


class PostingsSegment(NamedTuple):
    """The words of some text: each hash in rising order, where its places begin, and the unit of every occurrence.

    `base` is the number of the unit that `units` calls 0.
    """

    hashes: Hashes
    begins: UintArray
    units: UintArray
    base: int = 0

    @property
    def size(self) -> int:
        """The bytes that it holds."""
        return self.hashes.nbytes + self.begins.nbytes + self.units.nbytes

    def places(self, word: np.uint64) -> IntArray:
        """The unit of every occurrence of a word, in order."""
        at = int(np.searchsorted(self.hashes, word))
        if at == len(self.hashes) or self.hashes[at] != word:
            return int_array([])
        stop = int(self.begins[at + 1]) if at + 1 < len(self.begins) else len(self.units)
        return self.units[int(self.begins[at]) : stop].astype(np.int64) + self.base


class WordIndex(NamedTuple):
    """The words of units: how many each unit has, how many there are in all, and where they are."""

    lengths: UintArray
    words: int
    segments: tuple[PostingsSegment, ...]

    @property
    def size(self) -> int:
        """The bytes that it holds."""
        return self.lengths.nbytes + sum(segment.size for segment in self.segments)

    def occurrences(self, word: np.uint64) -> tuple[IntArray, IntArray]:
        """The units with a word, in order, and how often each has it."""
        units = np.concatenate([int_array([]), *(segment.places(word) for segment in self.segments)])
        first = np.flatnonzero(np.diff(units, prepend=-1))
        return units[first], np.diff(np.append(first, len(units)))


def build_index(content: Buffer, starts: IntArray, stops: IntArray, only: Hashes | None = None) -> WordIndex:
    """The index of the units [start, stop) of a content; with `only`, of no other words than these."""
    lengths = np.zeros(len(starts), np.uint32)
    segments: list[PostingsSegment] = []
    for block in _blocks(memoryview(content), starts, stops):
        places, hashes = split_words(block.buffer)
        counts = np.diff(np.append(np.searchsorted(places, block.bounds), len(places)))
        units = np.repeat(np.arange(len(counts), dtype=np.uint32) + np.uint32(block.first), counts)
        lengths[block.first : block.first + len(counts)] += counts.astype(np.uint32)
        if only is not None:
            kept = np.isin(hashes, only)
            hashes, units = hashes[kept], units[kept]
        if len(hashes):
            segments.append(_segment(hashes, units))
    return WordIndex(lengths, int(lengths.sum(dtype=np.int64)), tuple(segments))


def combine_indexes(indexes: Sequence[WordIndex]) -> WordIndex:
    """Several indexes as one, their units one after the other. Small segments are sorted into one."""
    if len(indexes) == 1:
        return indexes[0]
    parts: list[PostingsSegment] = []
    base = 0
    for index in indexes:
        parts.extend(segment._replace(base=segment.base + base) for segment in index.segments)
        base += len(index.lengths)
    lengths = np.concatenate([np.zeros(0, np.uint32), *(index.lengths for index in indexes)])
    return WordIndex(lengths, sum(index.words for index in indexes), _fewer(parts))


def _fewer(parts: list[PostingsSegment]) -> tuple[PostingsSegment, ...]:
    """The same places in segments of some size, in the order of their units."""
    kept: list[PostingsSegment] = []
    waiting: list[PostingsSegment] = []
    count = 0
    for part in parts:
        if waiting and count + len(part.units) > _ENOUGH:
            kept.append(_joined(waiting))
            waiting, count = [], 0
        waiting.append(part)
        count += len(part.units)
    return (*kept, _joined(waiting)) if waiting else tuple(kept)


def _joined(segments: list[PostingsSegment]) -> PostingsSegment:
    if len(segments) == 1:
        return segments[0]
    hashes = [np.repeat(part.hashes, np.diff(np.append(part.begins, len(part.units)))) for part in segments]
    units = [part.units + np.uint32(part.base) for part in segments]
    return _segment(np.concatenate(hashes), np.concatenate(units))


_ENOUGH = 1 << 20  # occurrences of a segment that is made of smaller ones


def _segment(hashes: Hashes, units: UintArray) -> PostingsSegment:
    order = _sorted(hashes)
    ranked = hashes[order]
    begins = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    return PostingsSegment(ranked[begins], begins.astype(np.uint32), units[order])


def _sorted(hashes: Hashes) -> IntArray:
    """The stable order of hashes: sorting upper bits and place as one number is three times as fast."""
    bits = np.uint64(len(hashes).bit_length())
    keys = ((hashes >> bits) << bits) | np.arange(len(hashes), dtype=np.uint64)
    keys.sort()
    order = (keys & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    ranked = hashes[order]
    if bool((ranked[1:] >= ranked[:-1]).all()):
        return order
    return np.argsort(hashes, kind="stable")  # two words share their upper bits


class _Block(NamedTuple):
    """Some units as one `fold_words` buffer: the number of the first, and where each begins."""

    buffer: bytes
    first: int
    bounds: IntArray


def _blocks(view: memoryview, starts: IntArray, stops: IntArray) -> Iterator[_Block]:
    sizes = np.cumsum(stops - starts + 1)
    first = 0
    while first < len(starts):
        before = int(sizes[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(sizes, before + BLOCK, side="right")))
        if int(stops[first] - starts[first]) > BLOCK:
            for start, stop in _cuts(view, int(starts[first]), int(stops[first])):
                yield _Block(fold_words(bytes(view[start:stop])), first, int_array([0]))
            last = first + 1
        else:
            yield _block(view, first, starts[first:last], stops[first:last])
        first = last


def _block(view: memoryview, first: int, starts: IntArray, stops: IntArray) -> _Block:
    if bool((stops[:-1] + 1 == starts[1:]).all()):  # lines, one after the other
        text = bytes(view[int(starts[0]) : int(stops[-1])])
    else:
        text = b"\n".join([view[a:b] for a, b in zip(starts.tolist(), stops.tolist(), strict=True)])
    bounds = np.concatenate((int_array([0]), np.cumsum(stops - starts + 1)[:-1]))
    if text.isascii():
        return _Block(fold_words(text), first, bounds)
    units = [text[a:b] for a, b in zip(bounds.tolist(), (bounds + stops - starts).tolist(), strict=True)]
    others = [number for number, unit in enumerate(units) if not unit.isascii()]
    changed = fold_words(b"\n".join(units[number].replace(b"\n", b" ") for number in others)).split(b"\n")
    units = [fold_words(unit) if unit.isascii() else unit for unit in units]
    for number, unit in zip(others, changed, strict=True):
        units[number] = unit
    return _Block(b" ".join(units), first, np.cumsum([0, *(len(unit) + 1 for unit in units[:-1])], dtype=np.int64))


_SPACE = 0x20
_REACH = 65_536  # bytes before a cut in which a space is looked for


def _cuts(view: memoryview, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """A unit that is larger than a block, cut at white space; where there is none for 64 KiB, at a code point."""
    while start < stop:
        end = min(start + BLOCK, stop)
        if end < stop:
            low = max(start, end - _REACH)
            spaces = np.flatnonzero(octets(view[low:end]) <= _SPACE)
            end = low + int(spaces[-1]) + 1 if len(spaces) else snap(view, end)
        yield start, end
        start = end
