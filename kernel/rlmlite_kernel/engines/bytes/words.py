"""Words of a text, as 64-bit hashes: what `rank` indexes and what its query is made of.

A word is a run of letters, digits and combining marks; everything else is between words. Capitals count as small.
Text beyond ASCII is read by its NFKC form, case folded. A run of Chinese, Japanese, Korean, Thai, Lao, Burmese or
Khmer is read as its pairs of neighbours, since no space ends its words; one character alone is a word.
Only the first 64 bytes of a word count. No locale matters; the Unicode tables are Python's (`engine_versions`).

Two words with one hash would count as one. Who can make such words could as well write the word itself.
"""

import unicodedata
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import IntArray, int_array

TOKENIZER = 1
"""The version of these rules. An index of another version is not read."""

LONGEST = 64
"""Bytes of a word that count."""

Hashes = npt.NDArray[np.uint64]
"""One hash a word."""

_ALONE = 0x20
_FOLDED = bytes(
    byte | 32 if chr(byte).isupper() else byte if chr(byte).isalnum() else _ALONE for byte in range(128)
) + bytes(range(128, 256))
_PAIRED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
           (0x4E00, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))  # fmt: skip
_GOLDEN, _ODD, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(32)
_KEEP = np.array([(1 << (8 * count)) - 1 for count in range(9)], np.uint64)  # of a little-endian word, its first bytes


def fold_words(text: bytes) -> bytes:
    """Words in small letters with spaces between, pairs where they are paired. Beyond ASCII, newlines are kept."""
    if text.isascii():
        return text.translate(_FOLDED)
    whole = unicodedata.normalize("NFKC", text.decode()).casefold()
    return _paired(whole.translate(_MARKS)).encode()


def split_words(buffer: bytes) -> tuple[IntArray, Hashes]:
    """Where each word of a `fold_words` text starts, and its hash."""
    is_word = np.frombuffer(buffer, np.uint8) > _ALONE
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    if len(is_word) and is_word[0]:
        edges = np.concatenate((int_array([0]), edges))
    if len(edges) % 2:
        edges = np.append(edges, len(buffer))
    starts, stops = edges[::2], edges[1::2]
    return starts, hash_spans(buffer, starts, np.minimum(stops - starts, LONGEST))


def query_words(text: str) -> tuple[str, ...]:
    """The different words of a query, in order."""
    return tuple(dict.fromkeys(fold_words(text.encode()).decode().split()))


def query_hashes(words: tuple[str, ...]) -> Hashes:
    """A hash for each word."""
    return split_words(" ".join(words).encode())[1]


def hash_spans(buffer: bytes, starts: IntArray, sizes: IntArray) -> Hashes:
    """A hash of each span of a buffer, of its bytes and nothing else; the longest span sets how many rounds."""
    padded = buffer + bytes(8)
    loads: Hashes = np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))
    hashes = mix((loads[starts] & _KEEP[np.minimum(sizes, 8)]) + _GOLDEN * sizes.astype(np.uint64))
    longer, done = np.flatnonzero(sizes > 8), 8
    while len(longer):
        part = loads[starts[longer] + done] & _KEEP[np.minimum(sizes[longer] - done, 8)]
        hashes[longer] = mix((hashes[longer] + _GOLDEN) ^ part)
        done += 8
        longer = longer[sizes[longer] > done]
    return hashes


def mix(hashes: Hashes) -> Hashes:
    """The hashes stirred, so that sums of them tell their parts apart."""
    product = hashes * _ODD
    mix: Hashes = (product ^ (product >> _HALF)) * _GOLDEN
    return mix ^ (mix >> _HALF)


class _Marks(dict[int, str | int]):
    """For `str.translate`: what is in no word becomes a space, a character that is paired gets one on each side."""

    def __missing__(self, code: int) -> str | int:
        self[code] = mark = _mark(code)
        return mark


def _mark(code: int) -> str | int:
    char = chr(code)
    if unicodedata.category(char)[0] not in "LNM":
        return "\n" if char == "\n" else " "
    return f"{_PAIR}{char}" if any(low <= code <= high for low, high in _PAIRED) else code


_MARKS = _Marks()
_PAIR = "\x01"  # never a word's: it stands before each character that is paired


def _paired(text: str) -> str:
    """Each run of marked characters as its pairs of neighbours."""
    if _PAIR not in text:
        return text
    return "".join(_pairs(part) for part in _runs(text))


def _runs(text: str) -> list[str]:
    """The text in parts: runs of marked characters, and what is between them."""
    parts: list[str] = []
    place = 0
    while place < len(text):
        marked = text[place] == _PAIR
        stop = place
        while stop < len(text) and (text[stop] == _PAIR) is marked:
            stop += 2 if marked else 1
            if not marked:
                found = text.find(_PAIR, stop)
                stop = len(text) if found < 0 else found
        parts.append(text[place:stop])
        place = stop
    return parts


def _pairs(part: str) -> str:
    if not part.startswith(_PAIR):
        return part
    chars = part[1::2]
    words = [first + second for first, second in pairwise(chars)] if len(chars) > 1 else [chars]
    return f" {' '.join(words)} "
