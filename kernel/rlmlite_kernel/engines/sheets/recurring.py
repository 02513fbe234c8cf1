"""Numbers for words of 64 bits that recur: equal words get one number.

Sorting all words, as `numpy.unique` does, takes as long for 500 different ones as for a million. Here only the words of
the first rows are sorted. They are put into a table by their highest bits, and every other row looks itself up there:

    words 7 9 7 | 9 7 8 9      the first three are known: 7 is 0, 9 is 1
                  1 0 ? 1      looked up; 8 is not there, so it is sorted with others like it: 2

Two words may share a place in the table; then one of them is not found there, and goes the way of the unknown ones.
If the first rows hold many different words, so do the others, and all are sorted.
"""

from collections.abc import Callable

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.bytes.threads import map_in_order
from rlmlite_kernel.engines.sheets.spans import WordArray

_FIRST = 1 << 14
"""Rows whose words are known before the others are looked up."""

_SELDOM = 8
"""Words that come less often than this, on average, among the first rows: then most others are not among them."""

_BITS = 16
"""Of a place in the table, which then fits in a processor's cache."""

_BLOCK = 1 << 16
"""Rows that are looked up at a time."""

_ODD = np.uint64(0x9E3779B97F4A7C15)


def number_words(words_of: Callable[[int, int], WordArray], count: int) -> tuple[IntArray, int]:
    """A number for each row, the same for equal words, and how many numbers there are. They are in no order.

    `words_of(start, stop)` makes the words of some rows; threads do, block by block, so that only numbers are held.
    """
    known = _different(words_of(0, min(_FIRST, count)))
    if count <= _FIRST or len(known) * _SELDOM > _FIRST:
        return _sort_all(words_of(0, count))
    table = np.zeros(1 << _BITS, np.int64)
    table[_places(known)] = np.arange(len(known))
    # Of two that share a place only the second is in the table. The first is not known then.
    known = known[table[_places(known)] == np.arange(len(known))]
    table[_places(known)] = np.arange(len(known))
    numbers = np.empty(count, np.int64)

    def look_up(start: int) -> WordArray:
        """Number the words of a block that are known; returns the others."""
        words = words_of(start, min(start + _BLOCK, count))
        found = table[_places(words)]
        is_known = known[found] == words
        numbers[start : start + _BLOCK] = np.where(is_known, found, -1)
        return words[:0] if is_known.all() else words[~is_known]

    unknown = list(map_in_order(look_up, range(0, count, _BLOCK)))
    of_unknown, more = _sort_all(np.concatenate(unknown))
    if len(of_unknown):
        numbers[numbers < 0] = of_unknown + len(known)
    return numbers, len(known) + more


def _different(words: WordArray) -> WordArray:
    """Each word once. As `np.unique`, which imports `numpy.ma` for it: that takes longer than all words here."""
    in_order = np.sort(words)
    is_other = np.ones(len(words), np.bool_)
    is_other[1:] = in_order[1:] != in_order[:-1]
    return in_order[is_other]


def _sort_all(words: WordArray) -> tuple[IntArray, int]:
    known, numbers = np.unique(words, return_inverse=True)
    return numbers.reshape(-1).astype(np.int64), len(known)


def _places(words: WordArray) -> IntArray:
    """The place of each word in the table."""
    return ((words * _ODD) >> np.uint64(64 - _BITS)).astype(np.int64)
