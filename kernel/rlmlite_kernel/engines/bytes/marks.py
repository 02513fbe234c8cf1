"""A sparse index of some bytes of a content, its marks: newlines, or first bytes of code points.

It answers how many marks precede an offset (`rank`) and where the n-th mark is (`select`), for whole vectors.
It keeps 2 bytes for each 512 of content (4 MB for 1 GB), is built on the first question in one pass, and
reads one granule of content for each answer.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, Octets, int_array, octets
from rlmlite_kernel.engines.bytes.threads import map_in_order

_GRANULE = 512
_BLOCK = 65_536
_PER_BLOCK = _BLOCK // _GRANULE
_PASS = 1 << 20  # bytes that one building step looks at
_PART = 16 * _PASS  # bytes that one thread takes at a time
_BATCH = 2_048  # answers made together: 1 MiB of granules


class NearbyMarks(NamedTuple):
    """For each offset: the marks before it in the content, and its neighbours if they share its granule,
    else -1.
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
        self._blocks = int_array([0])  # marks before each block, then the total
        self._within = np.zeros(0, np.uint16)  # marks before each granule in its block

    @property
    def total(self) -> int:
        """How many marks the content has."""
        self._build()
        return int(self._blocks[-1])

    def rank(self, offsets: IntArray) -> IntArray:
        """How many marks lie before each offset (0..length)."""
        return self.near(offsets).rank

    def rank_of(self, offset: int) -> int:
        """How many marks lie before one offset."""
        self._build()
        if offset >= len(self._bytes):
            return self.total
        granule = offset // _GRANULE
        before = self._is_mark(self._bytes[granule * _GRANULE : offset])
        return int(self._blocks[granule // _PER_BLOCK]) + int(self._within[granule]) + int(np.count_nonzero(before))

    def near(self, offsets: IntArray) -> NearbyMarks:
        """Ranks, with the nearest mark below and at or above each offset where the granule shows it."""
        self._build()
        rank, before, after = (np.empty(len(offsets), np.int64) for _ in range(3))
        for start in range(0, len(offsets), _BATCH):
            part = slice(start, start + _BATCH)
            rank[part], before[part], after[part] = self._near(offsets[part])
        return NearbyMarks(rank, before, after)

    def select(self, ordinals: IntArray) -> IntArray:
        """The offset of each mark, by number from 0. Numbers below 0 or past the last are an IndexError."""
        total = self.total
        if len(ordinals) and (int(ordinals.min()) < 0 or int(ordinals.max()) >= total):
            raise IndexError(f"marks are numbered 0..{total - 1}")
        found = np.empty(len(ordinals), np.int64)
        for start in range(0, len(ordinals), _BATCH):
            part = slice(start, start + _BATCH)
            found[part] = self._select(ordinals[part])
        return found

    def _near(self, offsets: IntArray) -> NearbyMarks:
        granules = np.minimum(offsets // _GRANULE, max(0, len(self._within) - 1))
        local = offsets - granules * _GRANULE
        if not len(self._within):
            return NearbyMarks(np.zeros_like(offsets), np.full_like(offsets, -1), np.full_like(offsets, -1))
        marks = self._marks_in(granules)
        rows = np.arange(len(granules)) * _GRANULE
        first, place, last = (np.searchsorted(marks, rows + bound) for bound in (0, local, _GRANULE))
        rank = self._base(granules) + place - first
        shift = granules * _GRANULE - rows
        padded = np.append(marks, -1)
        before = np.where(place > first, padded[place - 1] + shift, -1)
        after = np.where(place < last, padded[place] + shift, -1)
        return NearbyMarks(rank, before, after)

    def _select(self, ordinals: IntArray) -> IntArray:
        block = np.searchsorted(self._blocks, ordinals, side="right") - 1
        left = ordinals - self._blocks[block]
        granules = block * _PER_BLOCK
        step = _PER_BLOCK // 2
        while step:  # the last granule of the block with no more marks before it than are left to pass
            ahead = np.minimum(granules + step, len(self._within) - 1)
            granules = np.where((granules + step == ahead) & (self._within[ahead] <= left), ahead, granules)
            step //= 2
        marks = self._marks_in(granules)
        rows = np.arange(len(granules)) * _GRANULE
        first = np.searchsorted(marks, rows)
        return int_array(marks[first + left - self._within[granules]] + granules * _GRANULE - rows)

    def _base(self, granules: IntArray) -> IntArray:
        return int_array(self._blocks[granules // _PER_BLOCK] + self._within[granules])

    def _marks_in(self, granules: IntArray) -> IntArray:
        """Where marks are in the granules laid end to end."""
        whole = len(self._bytes) // _GRANULE
        rows = self._bytes[: whole * _GRANULE].reshape(whole, _GRANULE)
        if int(granules.max(initial=0)) < whole:
            return np.flatnonzero(self._is_mark(rows[granules].reshape(-1)))
        flags = np.zeros((len(granules), _GRANULE), np.bool_)
        inside = granules < whole
        flags[inside] = self._is_mark(rows[granules[inside]])
        tail = self._bytes[whole * _GRANULE :]
        flags[~inside, : len(tail)] = self._is_mark(tail)
        return np.flatnonzero(flags)

    def _build(self) -> None:
        if self._built:
            return
        granules = -(-len(self._bytes) // _GRANULE)
        blocks = -(-granules // _PER_BLOCK)
        within = np.zeros(granules, np.uint16)
        sums = np.zeros(blocks, np.int64)

        def read(part: int) -> None:
            """Fills in what one part of the content says; no two parts share a block."""
            for start in range(part, min(part + _PART, len(self._bytes)), _PASS):
                counts = _counts(self._is_mark(self._bytes[start : start + _PASS]))
                rows = np.zeros((-(-len(counts) // _PER_BLOCK), _PER_BLOCK), np.int64)
                rows.reshape(-1)[: len(counts)] = counts
                through = rows.cumsum(axis=1)
                first = start // _GRANULE
                within[first : first + len(counts)] = (through - rows).reshape(-1)[: len(counts)]
                sums[start // _BLOCK : start // _BLOCK + len(rows)] = through[:, -1]

        for _ in map_in_order(read, range(0, len(self._bytes), _PART)):
            pass
        self._within = within
        self._blocks = np.concatenate(([0], np.cumsum(sums)))
        self._built = True


def _counts(flags: BoolArray) -> IntArray:
    """How many flags are up in each granule: as bits, counted in eights of 64, then the eights added up."""
    short = -len(flags) % _GRANULE
    full = np.concatenate((flags, np.zeros(short, np.bool_))) if short else flags
    lanes = np.bitwise_count(np.packbits(full).view(np.uint64)).view(np.uint64)
    pairs = (lanes & _EVEN) + ((lanes >> np.uint64(8)) & _EVEN)
    return int_array((pairs * _ONES) >> np.uint64(48))


_EVEN = np.uint64(0x00FF00FF00FF00FF)
_ONES = np.uint64(0x0001000100010001)
