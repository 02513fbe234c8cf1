"""BM25 over an index: which units a query's words make worth reading, as whole numbers.

The score is that of SQLite's FTS5 (k1 = 1.2, b = 0.75, a word in more than half of the units counts 0.000001),
times 10^6, rounded down. The logarithm is decimal, so that no build of libm can move a score; the rest is +, *, / of
binary64.
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
"""A score of one is so much."""

_K1, _B = 1.2, 0.75
_LEAST = 1e-6
_EXACT = Context(prec=30)


class Ranking(NamedTuple):
    """The best units with their scores; `found` units have a word of the query, `having` each word by itself."""

    units: IntArray
    scores: IntArray
    found: int
    having: tuple[int, ...]


def rank_units(index: WordIndex, words: Hashes, limit: int | None = None) -> Ranking:
    """The units with a word of the query, the best first, equal ones by number; the first `limit` of them."""
    found = [index.occurrences(word) for word in words]
    units, sums = _sums(index, found)
    scores = np.floor(sums * SCALE).astype(np.int64)
    best = _best(scores, limit)
    return Ranking(units[best], scores[best], len(units), tuple(len(having) for having, _ in found))


def _sums(index: WordIndex, found: list[tuple[IntArray, IntArray]]) -> tuple[IntArray, Floats]:
    """The units with any of the words, and the sum of the words' weights in each."""
    total = len(index.lengths)
    if sum(len(units) for units, _ in found) * _SPARSE < total:
        places = np.unique(np.concatenate([int_array([]), *(units for units, _ in found)]))
        sums = np.zeros(len(places))
        for units, counts in found:
            sums[np.searchsorted(places, units)] += _weights(index, units, counts)
        return places, sums
    sums = np.zeros(total)
    for units, counts in found:
        sums[units] += _weights(index, units, counts)
    places = np.flatnonzero(sums)  # no weight is 0
    return places, sums[places]


_SPARSE = 16  # units for each place that is looked at, from which looking at every unit is slower


def _weights(index: WordIndex, units: IntArray, counts: IntArray) -> Floats:
    """What one word adds to the units that have it, in the order of FTS5's arithmetic."""
    mean = index.words / max(1, len(index.lengths))
    sizes, times = index.lengths[units].astype(np.float64), counts.astype(np.float64)
    shares = (times * (_K1 + 1.0)) / (times + _K1 * ((1.0 - _B) + _B * sizes / mean))
    return _rarity(len(index.lengths), len(units)) * shares


@lru_cache(maxsize=4_096)
def _rarity(units: int, having: int) -> float:
    """The weight of a word that `having` of the units have."""
    ratio = Decimal(2 * (units - having) + 1) / Decimal(2 * having + 1)
    return max(float(_EXACT.ln(ratio)), _LEAST)


def _best(scores: IntArray, limit: int | None) -> IntArray:
    """The places of the largest scores, equal ones by place."""
    places = np.arange(len(scores))
    if limit is not None and limit < len(scores):
        least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        places = np.flatnonzero(scores >= least)
    order = np.argsort(-scores[places], kind="stable")
    return places[order][:limit]
