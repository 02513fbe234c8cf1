"""Words of an index by their stems: `naïve cafés running` finds `naive café run`.

Words are hashes (`bytes.words`), so each different word of a block is stemmed once, and its hash becomes that of its
stem:

    "running runs rank"     hashes [4, 7, 9], and 2 is that of "run"     [2, 2, 9]

Only words of small English letters have a stem; `disk3` and `größe` are as they stand. How words end in other languages
is not known here.
"""

import re
from typing import Final

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray, octets
from rlmlite_kernel.engines.bytes.words import (
    Hashes,
    fold_words,
    hash_words,
    query_words,
    split_words,
    stable_order,
    word_spans,
)
from rlmlite_kernel.engines.ranking.porter import SHORTEST, stem_word

STEMS: Final = "stems 1"
"""The version of these rules, as part of the key of an index: one that was made by others is not read."""

_LONGEST: Final = 40
"""Letters of the longest word that is stemmed. Longer ones are no English words."""

_WORD = re.compile(rb"[a-z]+")
_ENGLISH = re.compile(rb"[a-z]{%d,%d}" % (SHORTEST, _LONGEST))


def split_stems(text: bytes) -> tuple[IntArray, Hashes]:
    """Where each word of a text from `fold_words` starts, and the hash of its stem."""
    starts, stops = word_spans(text)
    hashes = hash_words(text, starts, stops)
    english = np.flatnonzero(_are_english(text, starts, stops))
    order = english[stable_order(hashes[english])]
    in_order = hashes[order]
    firsts = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1])) if len(order) else order
    stems = np.array(_stems_of(text, in_order[firsts].tolist(), starts[order[firsts]].tolist()), np.uint64)
    hashes[order] = np.repeat(stems, np.diff(np.append(firsts, len(order))))
    return starts, hashes


def _are_english(text: bytes, starts: IntArray, stops: IntArray) -> BoolArray:
    """Whether each word is of English letters alone, and neither too short nor too long."""
    signs = octets(text)
    others = np.zeros(len(signs) + 1, np.int32)
    np.cumsum((signs < ord("a")) | (signs > ord("z")), out=others[1:])
    sizes = stops - starts
    flags: BoolArray = (others[stops] == others[starts]) & (sizes >= SHORTEST) & (sizes <= _LONGEST)
    return flags


# Blocks of a text share most words, and turns share their texts: looking one up takes a hundredth of stemming it.
_STEMS: dict[int, int] = {}
_MOST_STEMS: Final = 1 << 20


def _stems_of(text: bytes, words: list[int], starts: list[int]) -> list[int]:
    """The hashes of stems by the hashes of their words, which start at these places."""
    # Not looked up again once they are learned: other threads may clear what is remembered.
    stems = {word: stem for word in words if (stem := _STEMS.get(word)) is not None}
    unknown = [(word, start) for word, start in zip(words, starts, strict=True) if word not in stems]
    matches = [_WORD.match(text, start) for _, start in unknown]
    spelled = [stem_word(match[0].decode()).encode() for match in matches if match is not None]
    new = dict(zip([word for word, _ in unknown], split_words(b" ".join(spelled))[1].tolist(), strict=True))
    if len(_STEMS) > _MOST_STEMS:
        _STEMS.clear()
    _STEMS.update(new)
    stems |= new
    return [stems[word] for word in words]


def query_stems(text: str) -> tuple[str, ...]:
    """The words of a query as they are spelled, without accents, the first of each stem."""
    # The first of each stem is put in last, and stays.
    words = query_words(text, plain=True)
    by_stem = {stem_word(word) if _ENGLISH.fullmatch(word.encode()) else word: word for word in reversed(words)}
    firsts = set(by_stem.values())
    return tuple(word for word in words if word in firsts)


def stem_hashes(words: tuple[str, ...]) -> Hashes:
    """A hash for the stem of each word."""
    return split_stems(fold_words(" ".join(words).encode(), plain=True))[1]
