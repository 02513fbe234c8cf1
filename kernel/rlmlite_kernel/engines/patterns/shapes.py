"""The masked form of many lines at once, as one 64-bit hash a line: equal where `mask.masked_pieces` is equal.

The rules are those of `mask`, here over vectors of words; the tests hold the two together.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray, Octets, int_array, octets
from rlmlite_kernel.engines.bytes.words import Hashes, hash_spans, mix
from rlmlite_kernel.engines.patterns import mask

_WORD, _NEWLINE = 1, 2
_HOLE = np.uint64(0x5851F42D4C957F2D)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_NAMES = np.array([int.from_bytes(name, "little") for name in mask.NAMES], np.uint32)
_ANNOUNCES = int.from_bytes(mask.ANNOUNCES, "little")


class _Runs(NamedTuple):
    """The runs of words, of what is between them, of newlines: where they are, which they are, what is in them."""

    starts: IntArray
    sizes: IntArray
    kinds: Octets
    made: Octets


def shape_hashes(lines: bytes) -> Hashes:
    """A hash for the masked form of each line. Every line ends with a newline."""
    data = octets(lines)
    breaks = np.flatnonzero(data == 10)
    runs = _runs(lines, data, breaks)
    words = np.flatnonzero(runs.kinds == _WORD)
    holes = np.zeros(len(runs.starts), np.bool_)
    kept = runs.kinds != _NEWLINE
    varies, joined = _Words(data, runs, words).masked()
    holes[words] = varies
    kept[words[joined]] = kept[words[joined] - 1] = False
    return _sums(lines, runs, holes, kept, breaks)


def _runs(lines: bytes, data: Octets, breaks: IntArray) -> _Runs:
    codes = octets(lines.translate(mask.CODES))
    if b".." in lines:
        dots = data == 46
        pairs = dots[1:] & dots[:-1]
        codes = codes.copy()
        codes[1:][pairs] = codes[:-1][pairs] = mask.DOTS
    kinds = (codes < mask.SPACE).view(np.uint8)
    kinds[breaks] = _NEWLINE
    starts = np.concatenate((int_array([0]), np.flatnonzero(kinds[1:] != kinds[:-1]) + 1))
    return _Runs(starts, np.diff(np.append(starts, len(data))), kinds[starts], np.bitwise_or.reduceat(codes, starts))


class _Words:
    """The words of some lines, each with what is before it and the word before that."""

    def __init__(self, data: Octets, runs: _Runs, words: IntArray) -> None:
        self._data, self._runs = data, runs
        self.starts, self.sizes, self.made = runs.starts[words], runs.sizes[words], runs.made[words]
        self.after = np.diff(words, prepend=-2) == 2  # of another word in the same line
        self.after &= runs.kinds[words - 1] == 0
        self.after[:1] = False
        gaps = words - 1
        self.gap_starts, self.gap_sizes, self.gap_made = runs.starts[gaps], runs.sizes[gaps], runs.made[gaps]

    def masked(self) -> tuple[BoolArray, BoolArray]:
        """Which words are masked, and which of those join the mask before them."""
        varies = self._alone()
        digit = self.made & mask.DIGIT > 0
        colon = self._gap_is(b":")
        first = np.flatnonzero(self.after)  # each of these, and the one before it, are neighbours
        varies |= self.after & (self._gap_is(b"=") | self._announced())
        hexes = (self.made == mask.HEX) & (self.sizes <= mask.HEX_PART)
        beside = first[colon[first]]
        varies[beside] |= hexes[beside] & digit[beside - 1]
        varies[beside - 1] |= hexes[beside - 1] & digit[beside]
        varies[beside - 1] |= (self.made[beside - 1] & mask.DOT > 0) & (self.made[beside] == mask.DIGIT)
        self._dates(varies, digit, first)
        joined = np.zeros(len(varies), np.bool_)
        joined[first] = varies[first] & varies[first - 1] & (self.gap_made[first] & mask.HARD == 0)
        return varies, joined

    def _alone(self) -> BoolArray:
        made = self.made
        varies: BoolArray = made & mask.DIGIT > 0
        varies |= (made & mask.SLASH > 0) & (made & (mask.HEX | mask.OTHER) > 0)
        varies |= (made == mask.HEX) & (self.sizes >= mask.HEX_WORD)
        dotted = np.flatnonzero(made & mask.DOT > 0)
        dots = np.flatnonzero(self._data == 46)
        low, high = (np.searchsorted(dots, places) for places in (self.starts[dotted], self._stops(dotted)))
        varies[dotted] |= high - low > 1
        return varies

    def _stops(self, words: IntArray) -> IntArray:
        return self.starts[words] + self.sizes[words]

    def _gap_is(self, byte: bytes) -> BoolArray:
        same: BoolArray = (self.gap_sizes == 1) & (self._data[self.gap_starts] == byte[0])
        return same

    def _announced(self) -> BoolArray:
        """Words after the word that announces a name, and spaces."""
        found = np.zeros(len(self.starts), np.bool_)
        short = np.flatnonzero((self.sizes == len(mask.ANNOUNCES)) & (self.made == mask.HEX | mask.OTHER))
        short = short[self._packed(short, len(mask.ANNOUNCES)) == _ANNOUNCES] + 1
        short = short[short < len(found)]
        found[short] = self.gap_made[short] == mask.SPACE
        return found

    def _dates(self, varies: BoolArray, digit: BoolArray, first: IntArray) -> None:
        """Days and months before a word with a digit, or before another."""
        three = np.flatnonzero(self.sizes == 3)
        named = np.zeros(len(self.starts), np.bool_)
        named[three] = np.isin(self._packed(three, 3), _NAMES)
        following = first[named[first - 1]]
        following = following[self._gap_of_name(following)]
        varies[following - 1] |= digit[following] | named[following]

    def _gap_of_name(self, words: IntArray) -> BoolArray:
        sizes, starts = self.gap_sizes[words], self.gap_starts[words]
        spaces = self.gap_made[words] == mask.SPACE
        comma = (sizes == 2) & (self._data[starts] == 0x2C) & (self._data[starts + 1] == 0x20)
        allowed: BoolArray = ((sizes <= 2) & spaces) | comma
        return allowed

    def _packed(self, words: IntArray, size: int) -> npt.NDArray[np.uint32]:
        places = self.starts[words]
        packed = np.zeros(len(words), np.uint32)
        for offset in range(size):
            packed |= self._data[places + offset].astype(np.uint32) << np.uint32(8 * offset)
        return packed


def _sums(lines: bytes, runs: _Runs, holes: BoolArray, kept: BoolArray, breaks: IntArray) -> Hashes:
    """For each line the sum of its pieces, each mixed with its place among them."""
    pieces = np.flatnonzero(kept)
    spelled = ~holes[pieces]
    parts = np.full(len(pieces), _HOLE)
    parts[spelled] = hash_spans(lines, runs.starts[pieces[spelled]], runs.sizes[pieces[spelled]])
    bounds = np.searchsorted(runs.starts[pieces], np.concatenate((int_array([0]), breaks + 1)))
    counts = np.diff(bounds)
    places = np.arange(len(pieces)) - np.repeat(bounds[:-1], counts)
    terms = np.concatenate((np.zeros(1, np.uint64), mix(parts + places.astype(np.uint64) * _STEP).cumsum()))
    sums: Hashes = terms[bounds[1:]] - terms[bounds[:-1]]
    return sums
