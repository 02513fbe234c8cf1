"""Many spans of a content at once: are they equal, how are they ordered, which whole number does each spell.

Eight bytes of every span are compared in one step, all rows together, and rows drop out as they are decided. Every
answer is exact: a fingerprint only proposes what the bytes then confirm.

    spans = SpanBytes(b"12,7,12", starts=[0, 3, 5], stops=[2, 4, 7])
    spans.equal_to(b"12")      [True, False, True]
    spans.order_to(b"2")       [-1, 1, -1]: as bytes, not as numbers
    spans.whole_numbers()      [12, 7, 12]
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, Octets, haystack, join_ranges, octets
from rlmlite_kernel.engines.bytes.threads import map_in_order

WordArray: TypeAlias = npt.NDArray[np.uint64]


LONGEST = 65_536
"""Bytes of the longest span that callers should bring: there is one step for each eight."""

DIGITS = 18
"""A whole number of so many digits always fits in 64 bits."""

WORD = 8
"""Bytes that are compared in one step."""

_BLOCK = 1 << 16
"""Spans that a thread looks at in one go: the arrays of its steps stay in the processor's cache."""

_MASKS = np.array([(1 << 8 * kept) - 1 for kept in range(WORD + 1)], np.uint64)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_ZEROS, _SIXES, _UPPER = (np.uint64(int(byte * WORD, 16)) for byte in ("30", "06", "F0"))
_POWERS = 10 ** np.arange(WORD + 1)


class SpanBytes:
    """The bytes of many spans of one content."""

    def __init__(self, content: Buffer, starts: IntArray, stops: IntArray) -> None:
        self.starts, self.lengths = starts, stops - starts
        padded = content if len(content) >= WORD else bytes(content).ljust(WORD, b"\0")
        self.octets: Octets = octets(padded)
        self._last = len(padded) - WORD
        # A word of eight bytes at every byte: a view with a stride of one, nothing is copied.
        self._words: WordArray = np.ndarray((self._last + 1,), "<u8", padded, strides=(1,))

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, rows: IntArray) -> "SpanBytes":
        """These spans, in this order."""
        starts = self.starts[rows]
        return SpanBytes(self.octets.data, starts, starts + self.lengths[rows])

    def texts(self) -> list[bytes]:
        """The bytes of each span."""
        data = self.octets.data
        return [bytes(data[a : a + n]) for a, n in zip(self.starts.tolist(), self.lengths.tolist(), strict=True)]

    def joined(self) -> bytes:
        """The bytes of all spans, end to end."""
        return join_ranges(self.octets, self.starts, self.lengths).tobytes()

    def cut(self, low: int, high: int | None) -> tuple[IntArray, IntArray] | None:
        """Bytes low..high-1 of each span, as [start, stop); None if one is shorter, or cut inside a code point."""
        stops = self.starts + self.lengths
        if int(self.lengths.min(initial=LONGEST)) < max(low, 0 if high is None else high):
            return None
        cuts = [self.starts + low, stops if high is None else self.starts + high]
        for places in cuts:
            inside = places[places < len(self.octets)]
            if bool((self.octets[inside] & 0xC0 == 0x80).any()):
                return None
        return cuts[0], cuts[1]

    def longest(self) -> int:
        """The length of the longest span."""
        return int(self.lengths.max(initial=0))

    def word(self, rows: IntArray, number: int) -> WordArray:
        """Bytes 8n..8n+7 of each of these spans, all of which are longer than 8n; zeros follow the end."""
        return self._word_at(self.starts[rows] + WORD * number, self.lengths[rows] - WORD * number)

    def _word_at(self, at: IntArray, lengths: IntArray) -> WordArray:
        """The eight bytes from each of these places on; zeros follow after so many."""
        inside = np.minimum(at, self._last)
        words = self._words[inside] >> ((at - inside) * 8).astype(np.uint64)
        kept: WordArray = words & _MASKS[np.minimum(lengths, WORD)]
        return kept

    def fingerprints(self, start: int, stop: int) -> WordArray:
        """A number for each of these spans; equal spans have equal ones, and of one length up to 8 only these."""
        prints = self.lengths[start:stop].astype(np.uint64) * _ODD
        rows = np.arange(start, stop)
        rows = rows[self.lengths[start:stop] > 0]
        number = 0
        while len(rows):
            mixed = (prints[rows - start] ^ self.word(rows, number)) * _ODD
            prints[rows - start] = mixed ^ (mixed >> _SHIFT)
            number += 1
            rows = rows[self.lengths[rows] > WORD * number]
        return prints

    def are_alike(self, codes: IntArray, firsts: IntArray) -> bool:
        """Whether all spans with the same code, and so with equal fingerprints, are equal. `firsts` has one of each."""
        is_short = self.longest() <= WORD
        lengths = self.lengths[firsts]

        def look_at(start: int) -> bool:
            """Whether those of a block are."""
            mine = codes[start : start + _BLOCK]
            if is_short:
                return bool((self.lengths[start : start + _BLOCK] == lengths[mine]).all())
            return bool(self.equal(self, np.arange(start, start + len(mine)), firsts[mine]).all())

        return all(map_in_order(look_at, range(0, len(self), _BLOCK)))

    def equal(self, other: "SpanBytes", rows: IntArray, others: IntArray) -> BoolArray:
        """Whether each of `rows` has the bytes of the span of `other` that is named beside it."""
        same: BoolArray = self.lengths[rows] == other.lengths[others]
        number = 0
        left = np.flatnonzero(same & (self.lengths[rows] > 0))
        while len(left):
            alike = self.word(rows[left], number) == other.word(others[left], number)
            same[left[~alike]] = False
            number += 1
            left = left[alike & (self.lengths[rows[left]] > WORD * number)]
        return same

    def equal_to(self, wanted: bytes) -> BoolArray:
        """Whether each span has these bytes."""
        same: BoolArray = self.lengths == len(wanted)
        rows = np.flatnonzero(same)
        one = SpanBytes(wanted, np.zeros(1, np.int64), np.array([len(wanted)], np.int64))
        same[rows] = self.equal(one, rows, np.zeros(len(rows), np.int64))
        return same

    def order_to(self, wanted: bytes) -> IntArray:
        """Below 0, 0 or above 0 as each span stands before, at or after these bytes."""
        order: IntArray = np.sign(self.lengths - len(wanted))
        rows = np.arange(len(self))[self.lengths > 0]
        for number, at in enumerate(range(0, len(wanted), WORD)):
            other = np.uint64(int.from_bytes(wanted[at : at + WORD].ljust(WORD, b"\0"), "big"))
            # Read as big-endian, so that the first byte counts most, as it does in the order of texts.
            mine = self.word(rows, number).astype("<u8").view(">u8")
            apart = mine != other
            order[rows[apart]] = np.where(mine[apart] > other, 1, -1)
            rows = rows[~apart & (self.lengths[rows] > at + WORD)]
        return order

    def contains(self, wanted: bytes) -> BoolArray:
        """Whether each span contains these bytes."""
        if not wanted or not len(self):
            return np.full(len(self), not wanted)
        found, text = [], haystack(self.octets.data)
        at, stop = int(self.starts.min()), int((self.starts + self.lengths).max())
        while (at := text.find(wanted, at, stop)) >= 0:
            found.append(at)
            at += 1
        places = np.array([*found, stop], np.int64)
        first = places[np.searchsorted(places, self.starts)]
        inside: BoolArray = first + len(wanted) <= self.starts + self.lengths
        return inside

    def whole_numbers(self) -> IntArray | None:
        """The number that each span spells, as `-?[0-9]{1,18}`; None unless every span spells one."""
        if not len(self):
            return np.zeros(0, np.int64)
        if int(self.lengths.min()) < 1:
            return None
        negative = self.octets[self.starts] == 0x2D
        digits = self.lengths - negative
        if int(digits.min()) < 1 or int(digits.max()) > DIGITS:
            return None
        values = np.zeros(len(self), np.int64)
        first = self.starts + negative
        for done in range(0, int(digits.max()), WORD):
            rows = np.flatnonzero(digits > done)
            figures = np.minimum(digits[rows] - done, WORD)
            read = _read_figures(self._word_at(first[rows] + done, figures), figures)
            if read is None:
                return None
            values[rows] = values[rows] * _POWERS[figures] + read
        return np.where(negative, -values, values)


def _read_figures(words: WordArray, lengths: IntArray) -> IntArray | None:
    """The numbers that words spell with their first 1 to 8 bytes; None unless all of these are figures.

    Neighbours are added up, all in one multiplication: eight figures, then four pairs, then two fours.

        "1234"      0 0 0 0 1 2 3 4      0 0 12 34      0 1234      1234
    """
    empty = (WORD - lengths).astype(np.uint64) * np.uint64(8)
    spelled = words << empty | _ZEROS & _MASKS[WORD - lengths]
    # A figure has 3 as its upper half, also when 6 is added to it.
    if bool(((spelled & _UPPER) != _ZEROS).any()) or bool((((spelled + _SIXES) & _UPPER) != _ZEROS).any()):
        return None
    pairs = (spelled - _ZEROS) * np.uint64(10 * (1 << 8) + 1) >> np.uint64(8) & np.uint64(0x00FF00FF00FF00FF)
    fours = pairs * np.uint64(100 * (1 << 16) + 1) >> np.uint64(16) & np.uint64(0x0000FFFF0000FFFF)
    eights: IntArray = (fours * np.uint64(10_000 * (1 << 32) + 1) >> np.uint64(32)).astype(np.int64)
    return eights
