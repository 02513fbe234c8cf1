"""Words of a text, as 64-bit hashes: what `rank` indexes and what its query is made of.

A word is a run of letters, digits and combining marks; all else separates. Case does not matter. Text beyond ASCII is
read in its NFKC form, case folded. Chinese, Japanese, Korean, Thai, Lao, Burmese and Khmer put no spaces between
words, so a run of them is read as its pairs of neighbours; a single character is a word by itself.

    fold_words(b"The Disk-3 fails")       b"the disk 3 fails", of which `split_words` finds four
    fold_words("日本語 v2".encode())       " 日本 本語  v2".encode(): three

With `plain`, accents of Latin and Greek letters do not matter either: `naïve` is `naive`, however it is composed.

Words become hashes because vectors of 64-bit numbers sort and compare far faster than strings. Only the first 64 bytes
of a word count. Two words with one hash would count as one; who can construct such a pair could as well write the word
itself. No locale matters, and the Unicode tables are Python's (`engine_versions` records which).
"""

import unicodedata
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import IntArray, int_array

TOKENIZER = 1
"""The version of these rules. An index made by another version is not read."""

LONGEST = 64
"""Bytes of a word that count."""

Hashes = npt.NDArray[np.uint64]
"""One hash per word."""

_SPACE = 0x20


def _fold_byte(byte: int) -> int:
    """An ASCII letter or digit in lower case; a space for anything else."""
    char = chr(byte)
    return ord(char.lower()) if char.isalnum() else _SPACE


# Bytes above 127 stand for themselves: they only meet this table in text that is folded already.
_FOLD_ASCII = bytes(map(_fold_byte, range(128))) + bytes(range(128, 256))

# The scripts that put no spaces between words, as ranges of code points.
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF),
             (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))  # fmt: skip

# Odd multipliers of well-tested mixers (the golden ratio; splitmix64): each spreads a bit over the higher ones.
_GOLDEN, _ODD, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(32)
# A little-endian load of 8 bytes, masked to its first 0 to 8.
_FIRST_BYTES = np.array([(1 << (8 * count)) - 1 for count in range(9)], np.uint64)


def fold_words(text: bytes, plain: bool = False) -> bytes:
    """The words in lower case with spaces between, pairs where a script has no spaces. Newlines stay beyond ASCII.

    `plain` takes accents off.
    """
    # ASCII needs no Unicode tables, and most logs and code are ASCII.
    if text.isascii():
        return text.translate(_FOLD_ASCII)
    whole = unicodedata.normalize("NFKC", text.decode()).casefold()
    return _pair_neighbours(whole.translate(_PLAIN_SEPARATORS if plain else _SEPARATORS)).encode()


def split_words(buffer: bytes) -> tuple[IntArray, Hashes]:
    """Where each word of a text from `fold_words` starts, and its hash."""
    starts, stops = word_spans(buffer)
    return starts, hash_words(buffer, starts, stops)


def word_spans(buffer: bytes) -> tuple[IntArray, IntArray]:
    """Where each word of a text from `fold_words` starts and stops."""
    is_word = np.frombuffer(buffer, np.uint8) > _SPACE
    # A word starts or stops wherever the two kinds of bytes meet, so starts and stops alternate.
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    if len(is_word) and is_word[0]:
        edges = np.concatenate((int_array([0]), edges))
    # A word at the very end has no edge after it.
    if len(edges) % 2:
        edges = np.append(edges, len(buffer))
    return edges[::2], edges[1::2]


def hash_words(buffer: bytes, starts: IntArray, stops: IntArray) -> Hashes:
    """The hashes of words, by their first bytes."""
    # Clipped, so that one run of a megabyte (base64, say) does not take a hundred thousand rounds of `hash_spans`.
    return hash_spans(buffer, starts, np.minimum(stops - starts, LONGEST))


def query_words(text: str, plain: bool = False) -> tuple[str, ...]:
    """The different words of a query, in order."""
    return tuple(dict.fromkeys(fold_words(text.encode(), plain).decode().split()))


def query_hashes(words: tuple[str, ...]) -> Hashes:
    """A hash for each word."""
    return split_words(" ".join(words).encode())[1]


def hash_spans(buffer: bytes, starts: IntArray, sizes: IntArray) -> Hashes:
    """A hash of each span of a buffer, which depends on its bytes and on nothing else.

    All spans advance together, 8 bytes per round, and drop out as they end: the longest span decides the number of
    rounds. `loads[i]` is the 8 bytes from offset i on, a view with a stride of one, so no byte is copied.
    """
    # Eight bytes more, so that a load at the last byte stays inside.
    padded = buffer + bytes(8)
    loads: Hashes = np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))
    # A load takes what follows a short span too; the mask drops it.
    masks = _FIRST_BYTES[np.minimum(sizes, 8)]
    first_bytes = loads[starts] & masks
    # The size is mixed in, so that a text and the same text with zeros after it differ.
    hashes = mix(first_bytes + _GOLDEN * sizes.astype(np.uint64))
    longer, done = np.flatnonzero(sizes > 8), 8
    while len(longer):
        masks = _FIRST_BYTES[np.minimum(sizes[longer] - done, 8)]
        next_bytes = loads[starts[longer] + done] & masks
        # Added before the bytes come in, or a round of zeros would leave a hash of 0 as it is.
        hashes[longer] = mix((hashes[longer] + _GOLDEN) ^ next_bytes)
        done += 8
        longer = longer[sizes[longer] > done]
    return hashes


def mix(hashes: Hashes) -> Hashes:
    """The hashes with every bit spread over the word, so that a sum of them tells which were added."""
    product = hashes * _ODD
    spread: Hashes = (product ^ (product >> _HALF)) * _GOLDEN
    return spread ^ (spread >> _HALF)


def stable_order(hashes: Hashes) -> IntArray:
    """The order that sorts the hashes, equal ones as they came.

    Sorting numbers is three times as fast as sorting their order. So the low bits of each hash give way to its place,
    and these numbers are sorted: the low bits are then the order. It is wrong only if two different hashes share all
    their upper bits, which is checked.
    """
    place_bits = np.uint64(len(hashes).bit_length())
    upper_bits = (hashes >> place_bits) << place_bits
    keys = upper_bits | np.arange(len(hashes), dtype=np.uint64)
    keys.sort()
    place_mask = (np.uint64(1) << place_bits) - np.uint64(1)
    order = (keys & place_mask).astype(np.int64)
    in_order = hashes[order]
    is_sorted = bool((in_order[1:] >= in_order[:-1]).all())
    if is_sorted:
        return order
    return np.argsort(hashes, kind="stable")


# The mark before each character of an unspaced script; no word can hold it.
_PAIR = "\x01"


class _Separators(dict[int, str | int | None]):
    """For `str.translate`: what is in no word becomes a space; a character of an unspaced script gets a `_PAIR`.

    Filled as characters come up, since a table of all 1.1 million would take a second to build.
    """

    def __init__(self, plain: bool) -> None:
        super().__init__()
        self._plain = plain

    def __missing__(self, code: int) -> str | int | None:
        self[code] = replacement = _without_accents(code) if self._plain else _separate(code)
        return replacement


def _separate(code: int) -> str | int:
    char = chr(code)
    if unicodedata.category(char)[0] not in "LNM":
        # Only letters, numbers and marks make words.
        return "\n" if char == "\n" else " "
    is_unspaced = any(low <= code <= high for low, high in _UNSPACED)
    return f"{_PAIR}{char}" if is_unspaced else code


def _without_accents(code: int) -> str | int | None:
    """A Latin or Greek letter without its accents; nothing for an accent by itself."""
    if code in _ACCENTS:
        return None
    # `ǖ` is `ü` and an accent, so this goes down to the letter. Other scripts keep their marks, which may be vowels.
    base = unicodedata.normalize("NFD", chr(code))[0]
    is_accented = base != chr(code) and unicodedata.name(base, "").startswith(("LATIN", "GREEK"))
    return base if is_accented else _separate(code)


_ACCENTS = range(0x0300, 0x0370)

_SEPARATORS, _PLAIN_SEPARATORS = _Separators(plain=False), _Separators(plain=True)


def _pair_neighbours(text: str) -> str:
    """The text with each run of marked characters as its pairs of neighbours."""
    if _PAIR not in text:
        return text
    return "".join(_pairs(run) if run.startswith(_PAIR) else run for run in _runs(text))


def _runs(text: str) -> list[str]:
    """The text in parts: runs of marked characters, and what is between them."""
    runs: list[str] = []
    place = 0
    while place < len(text):
        if text[place] == _PAIR:
            stop = place
            while text[stop : stop + 1] == _PAIR:
                stop += 2
        else:
            next_mark = text.find(_PAIR, place)
            stop = len(text) if next_mark < 0 else next_mark
        runs.append(text[place:stop])
        place = stop
    return runs


def _pairs(run: str) -> str:
    """The pairs of a marked run, between spaces that keep them from the words beside it: " 日本 本語 "."""
    chars = run[1::2]
    pairs = [first + second for first, second in pairwise(chars)] if len(chars) > 1 else [chars]
    return f" {' '.join(pairs)} "
