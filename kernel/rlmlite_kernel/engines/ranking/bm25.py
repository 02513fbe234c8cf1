"""BM25 over an index: which units a query's words make worth reading, as whole numbers.

A unit scores high if it has rare words of the query, often, and is short. For each word that is rarity x share, with
k1 = 1.2 and b = 0.75 as in SQLite's FTS5; a word in half of the units or more counts 0.000001, not less than nothing.

    units       "disk full", "disk ok", "net ok ok", 7 words in all; query "full"
    rarity      ln((3 - 1 + 0.5) / (1 + 0.5)) = 0.511
    share       1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 2.333)) = 1.062
    ranking     unit 0, score 542,532: the sum times 10^6, rounded down

Scores land in receipts, so they must be the same on every machine. The logarithm is decimal, since builds of libm
differ in the last bit; the rest is +, *, / of binary64, which IEEE 754 fixes.
"""

from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import IntArray, int_array
from rlmlite_kernel.engines.bytes.words import Hashes
from rlmlite_kernel.engines.ranking.postings import WordIndex

Floats: TypeAlias = npt.NDArray[np.float64]
"""Sums of weights; they leave this module as whole numbers."""

SCALE = 1_000_000
"""The whole number that stands for a score of one."""

_K1, _B = 1.2, 0.75
_LEAST = 1e-6
_EXACT = Context(prec=30)
# Units for each place of a word from which it is slower to keep a sum for every unit.
_SPARSE = 16


class Ranking(NamedTuple):
    """The best units with their scores; how many units have any word of the query, and how many each word."""

    units: IntArray
    scores: IntArray
    unit_count: int
    units_per_word: tuple[int, ...]


def rank_units(index: WordIndex, words: Hashes, limit: int | None = None) -> Ranking:
    """The units with a word of the query, the best first, equal ones by number; the first `limit` of them."""
    occurrences = [index.occurrences(word) for word in words]
    units, sums = _add_weights(index, occurrences)
    # Rounded before they are compared: two units whose sums differ in the last bit are equal, and go by number.
    scores = np.floor(sums * SCALE).astype(np.int64)
    best = _best(scores, limit)
    units_per_word = tuple(len(units_with_word) for units_with_word, _ in occurrences)
    return Ranking(units[best], scores[best], len(units), units_per_word)


def _add_weights(index: WordIndex, occurrences: list[tuple[IntArray, IntArray]]) -> tuple[IntArray, Floats]:
    """The units with any of the words, and the sum of the words' weights in each.

    Both ways add in the order of the words, as binary64 sums depend on it.
    """
    total = len(index.lengths)
    units_by_word = [units for units, _ in occurrences]
    is_sparse = sum(map(len, units_by_word)) * _SPARSE < total
    if is_sparse:
        with_a_word = np.unique(np.concatenate([int_array([]), *units_by_word]))
        sums = np.zeros(len(with_a_word))
        for units, counts in occurrences:
            # A word has each unit once, so no place is added to twice in one statement, which NumPy would miss.
            places = np.searchsorted(with_a_word, units)
            sums[places] += _weights(index, units, counts)
        return with_a_word, sums
    sums = np.zeros(total)
    for units, counts in occurrences:
        sums[units] += _weights(index, units, counts)
    # No weight is 0, so a sum of 0 means that no word is there.
    with_a_word = np.flatnonzero(sums)
    return with_a_word, sums[with_a_word]


def _weights(index: WordIndex, units: IntArray, counts: IntArray) -> Floats:
    """What one word adds to each unit that has it, in the order of FTS5's arithmetic."""
    mean_length = index.words / max(1, len(index.lengths))
    lengths = index.lengths[units].astype(np.float64)
    times = counts.astype(np.float64)
    # The more often the better, but less and less so; a word in a long unit says less about it. The order of operations
    # is part of the result: a rearranged formula would round differently.
    length_norm = (1.0 - _B) + _B * lengths / mean_length
    gains = times * (_K1 + 1.0)
    shares = gains / (times + _K1 * length_norm)
    rarity = _rarity(len(index.lengths), len(units))
    return rarity * shares


@lru_cache(maxsize=4_096)
def _rarity(units: int, having: int) -> float:
    """The weight of a word that `having` of the units have: ln((units - having + 1/2) / (having + 1/2))."""
    # Both sides doubled, so that the halves become whole numbers.
    ratio = Decimal(2 * (units - having) + 1) / Decimal(2 * having + 1)
    return max(float(_EXACT.ln(ratio)), _LEAST)


def _best(scores: IntArray, limit: int | None) -> IntArray:
    """The places of the largest scores, equal ones by place."""
    places = np.arange(len(scores))
    if limit is not None and limit < len(scores):
        # All that reach the lowest score that can be among the best, since equal scores are ordered by place.
        rank_of_least = len(scores) - limit
        least = np.partition(scores, rank_of_least)[rank_of_least]
        places = np.flatnonzero(scores >= least)
    order = np.argsort(-scores[places], kind="stable")
    return places[order][:limit]
