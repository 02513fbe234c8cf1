"""Shapes: the masked form of many lines at once, as one 64-bit hash per line.

Two lines have one hash if `mask.mask_pieces` makes them the same, so that only one line of each form has to be masked
in Python. The rules are those of `mask`, here over vectors: first runs (words, what is between them, newlines), then a
flag per word for each rule, then a sum per line of what its pieces hash to, each mixed with its place.

    lines    b"a 1\\nb=x\\n"
    runs     a | " " | 1 | \\n | b | = | x | \\n
    varies   a no, 1 yes (a digit), b no, x yes (after "=")
    hashes   mix(a at 0) + mix(" " at 1) + mix(<*> at 2), and the same for the second line

A sum, since then the pieces of all lines are added up in one pass, by differences of a running sum.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray, Octets, int_array, octets
from rlmlite_kernel.engines.bytes.words import Hashes, hash_spans, mix
from rlmlite_kernel.engines.patterns import mask

# The kinds of runs; what is between words is 0.
_WORD, _NEWLINE = 1, 2
# The hash that stands for a mask: any number that no text is likely to hash to.
_HOLE = np.uint64(0x5851F42D4C957F2D)
# What the place of a piece is multiplied by before it is mixed in: odd, so that no two places give one number.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_NAMES = np.array([int.from_bytes(name, "little") for name in mask.NAMES], np.uint32)
_ANNOUNCES = int.from_bytes(mask.ANNOUNCES, "little")


class _Runs(NamedTuple):
    """The runs of words, of what is between them and of newlines: where, how long, of which kind, of which bytes."""

    starts: IntArray
    sizes: IntArray
    kinds: Octets
    bits: Octets


def shape_hashes(lines: bytes) -> Hashes:
    """A hash for the masked form of each line. Every line ends with a newline."""
    data = octets(lines)
    newlines = np.flatnonzero(data == 10)
    runs = _find_runs(lines, data, newlines)
    words = np.flatnonzero(runs.kinds == _WORD)
    varies, joins = _Words(data, runs, words).decide()
    # From flags per word to flags per run, as what is between words is a piece of the form too.
    is_hole = np.zeros(len(runs.starts), np.bool_)
    is_hole[words] = varies
    is_piece = runs.kinds != _NEWLINE
    # A mask that joins the one before it goes, and what is between the two goes with it.
    joining_words = words[joins]
    is_piece[joining_words] = False
    is_piece[joining_words - 1] = False
    return _hash_lines(lines, runs, is_hole, is_piece, newlines)


def _find_runs(lines: bytes, data: Octets, newlines: IntArray) -> _Runs:
    codes = octets(lines.translate(mask.CODES))
    if b".." in lines:
        is_dot = data == ord(".")
        # True at i if the bytes i and i + 1 are dots: then both are marked.
        is_pair = is_dot[1:] & is_dot[:-1]
        # `octets` of bytes cannot be written to.
        codes = codes.copy()
        codes[1:][is_pair] = mask.DOTS
        codes[:-1][is_pair] = mask.DOTS
    # The codes of words are below that of a space, so a comparison gives 1 for words (`_WORD`) and 0 for the rest.
    kinds = (codes < mask.SPACE).view(np.uint8)
    # Newlines are a kind of their own, since no run may reach from one line into the next.
    kinds[newlines] = _NEWLINE
    later_starts = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    starts = np.concatenate((int_array([0]), later_starts))
    sizes = np.diff(np.append(starts, len(data)))
    # What a run is made of: the codes of all its bytes, as one set of bits.
    bits = np.bitwise_or.reduceat(codes, starts)
    return _Runs(starts, sizes, kinds[starts], bits)


class _Words:
    """The words of some lines, with what is before each (its gap) and whether a word is before that.

    A rule about neighbours is worked out for `seconds`, the words that have one before them in their line: word n and
    word n - 1 are then the two.
    """

    def __init__(self, data: Octets, runs: _Runs, words: IntArray) -> None:
        self._data = data
        self.starts = runs.starts[words]
        self.sizes = runs.sizes[words]
        self.bits = runs.bits[words]
        # Where a text begins with a word this is run -1, the last; the flag below keeps that from being believed.
        gaps = words - 1
        self.gap_starts = runs.starts[gaps]
        self.gap_sizes = runs.sizes[gaps]
        self.gap_bits = runs.bits[gaps]
        # Two words are neighbours if one run is between them, and that is not a newline.
        is_two_runs_on = np.diff(words, prepend=-2) == 2
        gap_is_in_line = runs.kinds[gaps] == 0
        self.has_word_before = is_two_runs_on & gap_is_in_line
        self.has_word_before[:1] = False

    def decide(self) -> tuple[BoolArray, BoolArray]:
        """Which words are masked, and which of those join the mask before them."""
        varies = self._varies_by_itself()
        seconds = np.flatnonzero(self.has_word_before)
        is_value = self._gap_is(b"=") | self._is_announced()
        varies |= self.has_word_before & is_value
        self._mark_beside_colons(varies, seconds)
        self._mark_dates(varies, seconds)
        # Only now: whether two masks are one depends on what every rule has said about both.
        joins = np.zeros(len(varies), np.bool_)
        has_soft_gap = self.gap_bits[seconds] & mask.HARD == 0
        both_vary = varies[seconds] & varies[seconds - 1]
        joins[seconds] = both_vary & has_soft_gap
        return varies, joins

    def _varies_by_itself(self) -> BoolArray:
        bits = self.bits
        has_digit = bits & mask.DIGIT > 0
        has_slash = bits & mask.SLASH > 0
        has_letter = bits & (mask.HEX | mask.OTHER) > 0
        is_long_hex = (bits == mask.HEX) & (self.sizes >= mask.HEX_WORD)
        varies: BoolArray = has_digit | (has_slash & has_letter) | is_long_hex
        # Bits say that a dot is there, not how many: the dots of all lines are listed once, and counted by difference.
        with_dot = np.flatnonzero(bits & mask.DOT > 0)
        dots = np.flatnonzero(self._data == ord("."))
        starts = self.starts[with_dot]
        stops = starts + self.sizes[with_dot]
        dot_counts = np.searchsorted(dots, stops) - np.searchsorted(dots, starts)
        varies[with_dot] |= dot_counts > 1
        return varies

    def _mark_beside_colons(self, varies: BoolArray, seconds: IntArray) -> None:
        """Parts of addresses (`ed:88:ea`), and hosts before a port (`example.org:80`)."""
        has_digit = self.bits & mask.DIGIT > 0
        is_hex_part = (self.bits == mask.HEX) & (self.sizes <= mask.HEX_PART)
        # The words on both sides of each colon.
        after_colon = self._gap_is(b":")[seconds]
        right = seconds[after_colon]
        left = right - 1
        varies[right] |= is_hex_part[right] & has_digit[left]
        varies[left] |= is_hex_part[left] & has_digit[right]
        is_host = self.bits[left] & mask.DOT > 0
        is_port = self.bits[right] == mask.DIGIT
        varies[left] |= is_host & is_port

    def _gap_is(self, byte: bytes) -> BoolArray:
        same: BoolArray = (self.gap_sizes == 1) & (self._data[self.gap_starts] == byte[0])
        return same

    def _is_announced(self) -> BoolArray:
        """Whether a word comes after `user` and spaces."""
        announced = np.zeros(len(self.starts), np.bool_)
        size = len(mask.ANNOUNCES)
        # By its size and what it is made of first, so that few words are read letter by letter.
        may_announce = (self.sizes == size) & (self.bits == mask.HEX | mask.OTHER)
        candidates = np.flatnonzero(may_announce)
        is_same = self._as_numbers(candidates, size) == _ANNOUNCES
        following = candidates[is_same] + 1
        # The last word of all has none after it. One of the next line is sorted out by `decide`.
        following = following[following < len(announced)]
        announced[following] = self.gap_bits[following] == mask.SPACE
        return announced

    def _mark_dates(self, varies: BoolArray, seconds: IntArray) -> None:
        """Days and months before a word with a digit, or before another."""
        has_digit = self.bits & mask.DIGIT > 0
        # All names have three letters, so a name is a number below 2^24, and they are compared as numbers.
        is_name = np.zeros(len(self.starts), np.bool_)
        of_three = np.flatnonzero(self.sizes == 3)
        is_name[of_three] = np.isin(self._as_numbers(of_three, 3), _NAMES)
        after_name = seconds[is_name[seconds - 1]]
        after_name = after_name[self._has_name_gap(after_name)]
        makes_a_date = has_digit[after_name] | is_name[after_name]
        # Only the name: whether the word after it is masked, the rules say for that word.
        varies[after_name - 1] |= makes_a_date

    def _has_name_gap(self, words: IntArray) -> BoolArray:
        """Whether the gap before each word is one or two spaces, or a comma and a space: `mask.NAME_GAPS`."""
        sizes, starts = self.gap_sizes[words], self.gap_starts[words]
        are_spaces = (sizes <= 2) & (self.gap_bits[words] == mask.SPACE)
        is_comma = (sizes == 2) & (self._data[starts] == ord(",")) & (self._data[starts + 1] == ord(" "))
        allowed: BoolArray = are_spaces | is_comma
        return allowed

    def _as_numbers(self, words: IntArray, size: int) -> npt.NDArray[np.uint32]:
        """The first bytes of each word as one little-endian number, to compare words as numbers."""
        starts = self.starts[words]
        numbers = np.zeros(len(words), np.uint32)
        for offset in range(size):
            numbers |= self._data[starts + offset].astype(np.uint32) << np.uint32(8 * offset)
        return numbers


def _hash_lines(lines: bytes, runs: _Runs, is_hole: BoolArray, is_piece: BoolArray, newlines: IntArray) -> Hashes:
    """For each line the sum of its pieces' hashes, each mixed with its place in the line."""
    pieces = np.flatnonzero(is_piece)
    is_text = ~is_hole[pieces]
    texts = pieces[is_text]
    # Masked pieces are not read at all: every one hashes to `_HOLE`.
    hashes = np.full(len(pieces), _HOLE)
    hashes[is_text] = hash_spans(lines, runs.starts[texts], runs.sizes[texts])
    line_starts = np.concatenate((int_array([0]), newlines + 1))
    # The number of the first piece of each line, then the number of all pieces.
    bounds = np.searchsorted(runs.starts[pieces], line_starts)
    pieces_per_line = np.diff(bounds)
    first_piece_of_line = np.repeat(bounds[:-1], pieces_per_line)
    places = np.arange(len(pieces)) - first_piece_of_line
    # Without its place a sum would not tell "a b" from "b a".
    terms = mix(hashes + places.astype(np.uint64) * _STEP)
    # The running sum wraps around, and so do the differences: they are right all the same.
    running = np.concatenate((np.zeros(1, np.uint64), terms.cumsum()))
    sums: Hashes = running[bounds[1:]] - running[bounds[:-1]]
    return sums
