"""Numbers for words of 64 bits that recur: equal words get one number.

Sorting all words, as `numpy.unique` does, takes as long for 500 different ones as for a million. Here only the words of
the first rows are sorted. They are put into a table by their highest bits, and every other row looks itself up there:

    words 7 9 7 | 9 7 8 9      the first three are known: 7 is 0, 9 is 1
                  1 0 ? 1      looked up; 8 is not there, so it is sorted with others like it: 2

Two words may share a place in the table; then one of them is not found there, and goes the way of the unknown ones.
If the first rows hold many different words, so do the others, and all are sorted.
"""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
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


def number_words(words: WordArray) -> tuple[IntArray, int]:
    """A number for each row, the same for equal words, and how many numbers there are. They are in no order."""
    known = np.unique(words[:_FIRST])
    if len(words) <= _FIRST or len(known) * _SELDOM > _FIRST:
        return _sort_all(words)
    table = np.zeros(1 << _BITS, np.int64)
    table[_places(known)] = np.arange(len(known))
    # Of two that share a place only the second is in the table. The first is not known then.
    known = known[table[_places(known)] == np.arange(len(known))]
    table[_places(known)] = np.arange(len(known))
    numbers = np.empty(len(words), np.int64)
    for start in range(0, len(words), _BLOCK):
        part = words[start : start + _BLOCK]
        found = table[_places(part)]
        numbers[start : start + _BLOCK] = np.where(known[found] == part, found, -1)
    unknown = np.flatnonzero(numbers < 0)
    of_unknown, count = _sort_all(words[unknown])
    numbers[unknown] = of_unknown + len(known)
    return numbers, len(known) + count


def _sort_all(words: WordArray) -> tuple[IntArray, int]:
    known, numbers = np.unique(words, return_inverse=True)
    return numbers.reshape(-1).astype(np.int64), len(known)


def _places(words: WordArray) -> IntArray:
    """The place of each word in the table."""
    return ((words * _ODD) >> np.uint64(64 - _BITS)).astype(np.int64)
