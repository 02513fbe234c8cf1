"""Postings: an index of the words of many units of text, with the units in which each word occurs, and how often.

A unit is a line, a paragraph, a chunk: a span of one content. Text is read in blocks of 4 MiB, and each becomes a
segment: all its words sorted by hash, with the unit of every occurrence in that order. A word is found by binary
search, segment by segment. Segments are not merged: sorting 4 MiB stays in the cache, and few words are ever asked for.

    units "b a", "b b", in one block; say that a hashes to 7 and b to 9
    hashes [7, 9], begins [0, 1], units [0, 0, 1, 1]       a is in unit 0; b in units 0, 1, 1
    occurrences(9)       units [0, 1], counts [1, 2]
    lengths [2, 2], words 4

The index of a content is made from that content and its units alone, so indexes of several contents can stand side by
side and be ranked as one (`combine_indexes`, `bm25`).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, int_array, octets, snap
from rlmlite_kernel.engines.bytes.words import Hashes, fold_words, split_words, stable_order
from rlmlite_kernel.engines.ranking.stems import split_stems

UintArray = npt.NDArray[np.uint32]
"""Unit numbers, or counts of words: half the memory of `IntArray`, and an index is mostly these."""

BLOCK = 1 << 22
"""Bytes of text per segment. The index depends on it, what is found in it does not."""

# Occurrences up to which small segments (of many small documents) are sorted into one.
_SEGMENT_SIZE = 1 << 20
_SPACE = 0x20
# Bytes before the end of a block in which a space is looked for, to cut a unit that is larger than a block.
_REACH = 65_536


class PostingsSegment(NamedTuple):
    """The words of some text: each hash in rising order, where its occurrences begin, the unit of every occurrence.

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

    def units_of(self, word: np.uint64) -> IntArray:
        """The unit of every occurrence of a word, in order."""
        at = int(np.searchsorted(self.hashes, word))
        is_absent = at == len(self.hashes) or self.hashes[at] != word
        if is_absent:
            return int_array([])
        # The occurrences of a word end where those of the next begin; there is no entry after the last.
        start = int(self.begins[at])
        is_last_word = at + 1 == len(self.begins)
        stop = len(self.units) if is_last_word else int(self.begins[at + 1])
        return self.units[start:stop].astype(np.int64) + self.base


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
        by_segment = [segment.units_of(word) for segment in self.segments]
        # The empty vector is for an index without segments, of which there is nothing to join.
        units = np.concatenate([int_array([]), *by_segment])
        # Occurrences come in the order of their units, so each unit is a run of equal numbers.
        firsts = np.flatnonzero(np.diff(units, prepend=-1))
        counts = np.diff(np.append(firsts, len(units)))
        return units[firsts], counts


def build_index(
    content: Buffer, starts: IntArray, stops: IntArray, only: Hashes | None = None, by_stem: bool = False
) -> WordIndex:
    """The index of the units [start, stop) of a content; with `only`, of no other words than these.

    `by_stem`: of the stems of their words, without accents (`stems`); `only` are then stems too.

    `lengths` and `words` count all words in either case, as ranking needs them.
    """
    lengths = np.zeros(len(starts), np.uint32)
    segments: list[PostingsSegment] = []
    for block in _fold_blocks(memoryview(content), starts, stops, by_stem):
        places, hashes = split_stems(block.buffer) if by_stem else split_words(block.buffer)
        # Words are in the order of the text, so those of a unit are those between its start and the next one's.
        words_before_unit = np.searchsorted(places, block.unit_starts)
        counts = np.diff(np.append(words_before_unit, len(places)))
        numbers = np.arange(len(counts), dtype=np.uint32) + np.uint32(block.first)
        units = np.repeat(numbers, counts)
        # Added, since a unit larger than a block comes in several.
        lengths[block.first : block.first + len(counts)] += counts.astype(np.uint32)
        # After the lengths, which count every word.
        if only is not None:
            is_wanted = np.isin(hashes, only)
            hashes, units = hashes[is_wanted], units[is_wanted]
        if len(hashes):
            segments.append(_build_segment(hashes, units))
    words = int(lengths.sum(dtype=np.int64))
    return WordIndex(lengths, words, tuple(segments))


def combine_indexes(indexes: Sequence[WordIndex]) -> WordIndex:
    """Several indexes as one, their units one after the other."""
    if len(indexes) == 1:
        return indexes[0]
    segments: list[PostingsSegment] = []
    base = 0
    for index in indexes:
        # Only the base moves: the vectors are shared with the index, which may be in a cache, and not copied.
        segments.extend(segment._replace(base=segment.base + base) for segment in index.segments)
        base += len(index.lengths)
    no_lengths = np.zeros(0, np.uint32)
    lengths = np.concatenate([no_lengths, *(index.lengths for index in indexes)])
    words = sum(index.words for index in indexes)
    return WordIndex(lengths, words, _join_small(segments))


def _join_small(segments: list[PostingsSegment]) -> tuple[PostingsSegment, ...]:
    """The same occurrences in segments of some size, in the order of their units: 10,000 would be slow to search."""
    joined: list[PostingsSegment] = []
    small: list[PostingsSegment] = []
    occurrences = 0
    for segment in segments:
        fits = occurrences + len(segment.units) <= _SEGMENT_SIZE
        if small and not fits:
            joined.append(_join_segments(small))
            small, occurrences = [], 0
        small.append(segment)
        occurrences += len(segment.units)
    if small:
        joined.append(_join_segments(small))
    return tuple(joined)


def _join_segments(segments: list[PostingsSegment]) -> PostingsSegment:
    if len(segments) == 1:
        return segments[0]
    # Bases differ, so they go into the unit numbers; the joined segment has base 0.
    hashes = [_hash_of_each_occurrence(segment) for segment in segments]
    units = [segment.units + np.uint32(segment.base) for segment in segments]
    return _build_segment(np.concatenate(hashes), np.concatenate(units))


def _hash_of_each_occurrence(segment: PostingsSegment) -> Hashes:
    counts = np.diff(np.append(segment.begins, len(segment.units)))
    return np.repeat(segment.hashes, counts)


def _build_segment(hashes: Hashes, units: UintArray) -> PostingsSegment:
    order = stable_order(hashes)
    in_order = hashes[order]
    differs_from_last = in_order[1:] != in_order[:-1]
    begins = np.flatnonzero(np.concatenate(([True], differs_from_last)))
    # Stable, so that the units of one word stay in their order: `occurrences` counts runs of them.
    return PostingsSegment(in_order[begins], begins.astype(np.uint32), units[order])


class _FoldedBlock(NamedTuple):
    """Some units as one buffer of `fold_words`: the number of the first, and where each begins in it."""

    buffer: bytes
    first: int
    unit_starts: IntArray


def _fold_blocks(view: memoryview, starts: IntArray, stops: IntArray, plain: bool) -> Iterator[_FoldedBlock]:
    """The units in blocks of some 4 MiB. A unit that is larger comes in several blocks, of the same number."""
    # The bytes of all units up to and including each, with the byte that separates it from the next.
    size_through = np.cumsum(stops - starts + 1)
    first = 0
    while first < len(starts):
        start, stop = int(starts[first]), int(stops[first])
        if stop - start > BLOCK:
            for part_start, part_stop in _cut_unit(view, start, stop):
                folded = fold_words(bytes(view[part_start:part_stop]), plain)
                yield _FoldedBlock(folded, first, int_array([0]))
            first += 1
            continue
        size_before = int(size_through[first - 1]) if first else 0
        fitting = int(np.searchsorted(size_through, size_before + BLOCK, side="right"))
        # At least one: with its separator, a unit of exactly a block does not fit in one.
        last = max(first + 1, fitting)
        yield _fold_block(view, first, starts[first:last], stops[first:last], plain)
        first = last


def _fold_block(view: memoryview, first: int, starts: IntArray, stops: IntArray, plain: bool) -> _FoldedBlock:
    """Whole units as one block."""
    text = _join_units(view, starts, stops)
    sizes = stops - starts
    sizes_with_separator = sizes + 1
    unit_starts = np.concatenate((int_array([0]), np.cumsum(sizes_with_separator)[:-1]))
    if text.isascii():
        # Folding ASCII does not change the length, so the starts hold.
        return _FoldedBlock(fold_words(text), first, unit_starts)
    # Beyond ASCII it does, so each unit is folded by itself and the starts are counted anew.
    unit_stops = unit_starts + sizes
    spans = zip(unit_starts.tolist(), unit_stops.tolist(), strict=True)
    units = _fold_units([text[start:stop] for start, stop in spans], plain)
    folded_sizes = [len(unit) + 1 for unit in units]
    folded_starts = np.cumsum([0, *folded_sizes[:-1]], dtype=np.int64)
    return _FoldedBlock(b" ".join(units), first, folded_starts)


def _join_units(view: memoryview, starts: IntArray, stops: IntArray) -> bytes:
    """The text of the units, with one byte between that is in no word."""
    are_lines = bool((stops[:-1] + 1 == starts[1:]).all())
    if are_lines:
        # They lie one after the other with a newline between: one copy is enough.
        return bytes(view[int(starts[0]) : int(stops[-1])])
    spans = zip(starts.tolist(), stops.tolist(), strict=True)
    return b"\n".join([view[start:stop] for start, stop in spans])


def _fold_units(units: list[bytes], plain: bool) -> list[bytes]:
    """Each unit folded; those beyond ASCII in one go, since folding them costs a call each.

    They are joined by newlines, which folding keeps, so their own must go first.
    """
    beyond_ascii = [number for number, unit in enumerate(units) if not unit.isascii()]
    joined = b"\n".join(units[number].replace(b"\n", b" ") for number in beyond_ascii)
    folded_beyond_ascii = fold_words(joined, plain).split(b"\n")
    folded = [fold_words(unit) if unit.isascii() else unit for unit in units]
    for number, unit in zip(beyond_ascii, folded_beyond_ascii, strict=True):
        folded[number] = unit
    return folded


def _cut_unit(view: memoryview, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """A unit that is larger than a block, cut at white space; where there is none for 64 KiB, at a code point."""
    while start < stop:
        end = min(start + BLOCK, stop)
        if end < stop:
            low = max(start, end - _REACH)
            spaces = np.flatnonzero(octets(view[low:end]) <= _SPACE)
            # After the last space. A word is cut in two only where 64 KiB have none, as in base64.
            end = low + int(spaces[-1]) + 1 if len(spaces) else snap(view, end)
        yield start, end
        start = end
