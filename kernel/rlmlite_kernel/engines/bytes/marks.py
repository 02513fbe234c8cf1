"""Marks: where the bytes of one kind are (newlines, first bytes of code points), by a sparse index.

Two questions, for whole vectors at once: how many marks lie before an offset (`rank`), and where the n-th mark is
(`select`). A list of all marks would answer both, but it costs 8 bytes per mark: 160 MB for a log of 20 million lines.
So content is divided into granules of 512 bytes, and the index keeps 2 bytes for each: the marks before it, counted
from the start of its block of 64 KiB. Blocks have absolute counts. The rest is read from the granule itself.

    content = b"a\\nb\\nc\\nd\\n"     marks are newlines: 1, 3, 5, 7; say granules are 4 bytes and blocks are 8
    blocks = [0, 4]               marks before each block, then the total
    within = [0, 2]               marks before each granule in its block
    rank(6) = 0 + 2 + 1           block 0, granule 1, and one mark in content[4:6]
    select(2) = 5                 granule 1 is the last with at most 2 marks before it; its mark number 2 - 2 = 0

That is 4 MB for 1 GB. The index is built on the first question, in one pass, and every answer reads one granule.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, Octets, int_array, octets
from rlmlite_kernel.engines.bytes.threads import map_in_order

_GRANULE = 512
# Not larger: a granule's count within its block is then at most 65,536 - 512, which just fits in 16 bits.
_BLOCK = 65_536
_GRANULES_PER_BLOCK = _BLOCK // _GRANULE
# Bytes per vector operation of the build: flags and bits of 1 MiB stay in the processor's cache.
_PASS = 1 << 20
# Bytes per task of a thread. A multiple of a block, so that no two threads write to the same block.
_PART = 16 * _PASS
# The share of the content that is read for single answers before the index is built: for a few at the beginning, such
# as the first rows of a table, it would take far longer than they do.
_DIRECTLY = 4
# Answers per vector operation: 2,048 granules are 1 MiB, so that a question about a million rows copies no more.
_BATCH = 2_048


class NearbyMarks(NamedTuple):
    """For each offset: the number of marks before it, the last mark before it and the first at or after it.

    A neighbour that lies in another granule is -1: finding it would cost a second look, which few callers need.
    """

    rank: IntArray
    before: IntArray
    after: IntArray


class Marks:
    """The bytes of a content for which `is_mark` holds."""

    def __init__(self, content: Buffer, is_mark: Callable[[Octets], BoolArray]) -> None:
        self._bytes = octets(content)
        self._is_mark = is_mark
        self._built = False
        self._read_directly = len(self._bytes) // _DIRECTLY
        # Marks before each block, then the total.
        self._blocks = int_array([0])
        # Marks before each granule, counted from the start of its block.
        self._within = np.zeros(0, np.uint16)

    @property
    def total(self) -> int:
        """The number of marks in the content."""
        self._build()
        return int(self._blocks[-1])

    def rank(self, offsets: IntArray) -> IntArray:
        """The number of marks before each offset (0..length)."""
        return self.near(offsets).rank

    def rank_of(self, offset: int) -> int:
        """The number of marks before one offset, without the vectors that `rank` would make for it."""
        if not self._built and offset <= self._read_directly:
            self._read_directly -= offset
            return sum(
                int(np.count_nonzero(self._is_mark(self._bytes[start : min(start + _PASS, offset)])))
                for start in range(0, offset, _PASS)
            )
        self._build()
        if offset >= len(self._bytes):
            return self.total
        granule = offset // _GRANULE
        before_block = int(self._blocks[granule // _GRANULES_PER_BLOCK])
        before_granule = int(self._within[granule])
        rest = self._bytes[granule * _GRANULE : offset]
        in_granule = int(np.count_nonzero(self._is_mark(rest)))
        return before_block + before_granule + in_granule

    def near(self, offsets: IntArray) -> NearbyMarks:
        """The rank of each offset, and the marks on both sides of it that its granule shows."""
        self._build()
        rank, before, after = (np.empty(len(offsets), np.int64) for _ in range(3))
        for start in range(0, len(offsets), _BATCH):
            batch = slice(start, start + _BATCH)
            rank[batch], before[batch], after[batch] = self._near(offsets[batch])
        return NearbyMarks(rank, before, after)

    def select(self, ordinals: IntArray) -> IntArray:
        """The offset of each mark, by its number from 0. Raises `IndexError` for a number that no mark has."""
        total = self.total
        # Checked here, as NumPy would silently count a negative number from the end.
        are_numbers_of_marks = not len(ordinals) or (int(ordinals.min()) >= 0 and int(ordinals.max()) < total)
        if not are_numbers_of_marks:
            raise IndexError(f"marks are numbered 0..{total - 1}")
        places = np.empty(len(ordinals), np.int64)
        for start in range(0, len(ordinals), _BATCH):
            batch = slice(start, start + _BATCH)
            places[batch] = self._select(ordinals[batch])
        return places

    def _near(self, offsets: IntArray) -> NearbyMarks:
        if not len(self._within):
            # Empty content has no granule to read.
            nothing = np.full_like(offsets, -1)
            return NearbyMarks(np.zeros_like(offsets), nothing, nothing)
        # The end of the content is an offset too; it belongs to the last granule.
        granules = np.minimum(offsets // _GRANULE, len(self._within) - 1)
        # A copy of the granules end to end, one per offset. Offsets count in the copy from here on: one search in its
        # marks answers for all.
        marks = self._marks_in(granules)
        copy_starts = np.arange(len(granules)) * _GRANULE
        granule_starts = granules * _GRANULE
        places = copy_starts + (offsets - granule_starts)
        # Numbers of marks in the copy: the first of the granule, the first at or after the offset, the first beyond.
        first = np.searchsorted(marks, copy_starts)
        here = np.searchsorted(marks, places)
        last = np.searchsorted(marks, copy_starts + _GRANULE)
        rank = self._marks_before(granules) + here - first
        to_content = granule_starts - copy_starts
        # One entry more, so that `here` may be one past the last mark; such an answer is replaced by -1.
        padded = np.append(marks, -1)
        before = np.where(here > first, padded[here - 1] + to_content, -1)
        after = np.where(here < last, padded[here] + to_content, -1)
        return NearbyMarks(rank, before, after)

    def _select(self, ordinals: IntArray) -> IntArray:
        # From the whole to its parts: the block of each mark, the granule in it, the mark in that.
        block = np.searchsorted(self._blocks, ordinals, side="right") - 1
        ordinal_in_block = ordinals - self._blocks[block]
        granules = self._last_granules(block, ordinal_in_block)
        ordinal_in_granule = ordinal_in_block - self._within[granules]
        # As in `_near`, one copy of the granules, end to end.
        marks = self._marks_in(granules)
        copy_starts = np.arange(len(granules)) * _GRANULE
        first = np.searchsorted(marks, copy_starts)
        places_in_copy = marks[first + ordinal_in_granule]
        to_content = granules * _GRANULE - copy_starts
        return int_array(places_in_copy + to_content)

    def _last_granules(self, blocks: IntArray, ordinals: IntArray) -> IntArray:
        """In each block, the last granule with at most so many marks before it: a binary search in all at once."""
        granules = blocks * _GRANULES_PER_BLOCK
        step = _GRANULES_PER_BLOCK // 2
        while step:
            ahead = np.minimum(granules + step, len(self._within) - 1)
            # The last block may have fewer granules.
            inside = granules + step == ahead
            granules = np.where(inside & (self._within[ahead] <= ordinals), ahead, granules)
            step //= 2
        return granules

    def _marks_before(self, granules: IntArray) -> IntArray:
        return int_array(self._blocks[granules // _GRANULES_PER_BLOCK] + self._within[granules])

    def _marks_in(self, granules: IntArray) -> IntArray:
        """Where the marks are in a copy of these granules, laid end to end."""
        whole = len(self._bytes) // _GRANULE
        # A view with one row per granule, so that many are copied by one index.
        rows = self._bytes[: whole * _GRANULE].reshape(whole, _GRANULE)
        all_are_whole = int(granules.max(initial=0)) < whole
        if all_are_whole:
            copied = rows[granules].reshape(-1)
            return np.flatnonzero(self._is_mark(copied))
        # The last granule is shorter. It is filled up with "no mark", as filling bytes could be marks themselves.
        flags = np.zeros((len(granules), _GRANULE), np.bool_)
        is_whole = granules < whole
        flags[is_whole] = self._is_mark(rows[granules[is_whole]])
        tail = self._bytes[whole * _GRANULE :]
        flags[~is_whole, : len(tail)] = self._is_mark(tail)
        return np.flatnonzero(flags)

    def _build(self) -> None:
        if self._built:
            return
        granules = _divide_up(len(self._bytes), _GRANULE)
        blocks = _divide_up(granules, _GRANULES_PER_BLOCK)
        within = np.zeros(granules, np.uint16)
        sums = np.zeros(blocks, np.int64)

        def count_part(part: int) -> None:
            """Count the marks of one part of the content."""
            for start in range(part, min(part + _PART, len(self._bytes)), _PASS):
                flags = self._is_mark(self._bytes[start : start + _PASS])
                before, block_sums = _sum_by_block(_count_per_granule(flags))
                first_granule, first_block = start // _GRANULE, start // _BLOCK
                within[first_granule : first_granule + len(before)] = before
                sums[first_block : first_block + len(block_sums)] = block_sums

        for _ in map_in_order(count_part, range(0, len(self._bytes), _PART)):
            pass
        self._within = within
        self._blocks = np.concatenate(([0], np.cumsum(sums)))
        self._built = True


def _sum_by_block(counts: IntArray) -> tuple[IntArray, IntArray]:
    """From the marks in each granule: those before each in its block, and those in each block."""
    blocks = _divide_up(len(counts), _GRANULES_PER_BLOCK)
    # A row for each block, so that the running sum starts again at each.
    rows = np.zeros((blocks, _GRANULES_PER_BLOCK), np.int64)
    rows.reshape(-1)[: len(counts)] = counts
    through = rows.cumsum(axis=1)
    before = (through - rows).reshape(-1)[: len(counts)]
    return before, through[:, -1]


def _divide_up(amount: int, size: int) -> int:
    return -(-amount // size)


_EVEN_BYTES = np.uint64(0x00FF00FF00FF00FF)
_SUM_OF_LANES = np.uint64(0x0001000100010001)


def _count_per_granule(flags: BoolArray) -> IntArray:
    """The number of flags that are set in each granule.

    `reshape(-1, 512).sum(axis=1)` says the same at a third of the speed. So: 512 flags become 512 bits, 8 words.
    A population count makes 8 bytes of these, which are read as one word and added up inside it:

        bytes     40 40 00 00 00 00 00 01     marks in each eighth of a granule, 0..64
        pairs     0080 0000 0000 0001         neighbours added, as a sum may not fit in a byte
        product   the top 16 bits are the sum of the four lanes: 0081, 129 marks
    """
    # The last granule of a content may be short.
    missing = -len(flags) % _GRANULE
    padded = np.concatenate((flags, np.zeros(missing, np.bool_))) if missing else flags
    words = np.packbits(padded).view(np.uint64)
    eighths = np.bitwise_count(words).view(np.uint64)
    pairs = (eighths & _EVEN_BYTES) + ((eighths >> np.uint64(8)) & _EVEN_BYTES)
    return int_array((pairs * _SUM_OF_LANES) >> np.uint64(48))
