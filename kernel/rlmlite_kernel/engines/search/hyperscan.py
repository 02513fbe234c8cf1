"""Many words in one pass, by Hyperscan, where the extra `fast` is installed. The only module that touches it.

Hyperscan reports every place where any of the words ends, in any order, overlapping ones too: so for plain words, and
only for them, what it says is all that there is to know, and the matches follow from it. For a regex it reports every
end of every match, from which RE2's leftmost-first match does not follow; regexes stay with RE2.
"""

from functools import cache, lru_cache
from typing import Any

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.plain_words import FEW, Word


class WordDatabase:
    """A compiled list of words."""

    def __init__(self, words: tuple[Word, ...], library: Any) -> None:
        self._library = library
        self._sizes = np.array([len(word.text) for word in words], np.int64)
        self._database: Any = library.Database()
        self._database.compile(
            expressions=[word.text for word in words],
            ids=list(range(len(words))),
            elements=len(words),
            flags=[library.HS_FLAG_CASELESS if word.folded else 0 for word in words],
            literal=True,
        )

    def everywhere(self, block: memoryview) -> tuple[IntArray, IntArray]:
        """Every place of every word, as starts and the words' numbers, in the order of the words at one start."""
        numbers: list[int] = []
        ends: list[int] = []

        def report(number: int, start: int, end: int, flags: int, context: object) -> None:
            numbers.append(number)
            ends.append(end)

        self._database.scan(block, match_event_handler=report, scratch=self._library.Scratch(self._database))
        which = np.array(numbers, np.int64)
        starts = np.array(ends, np.int64) - self._sizes[which]
        order = np.lexsort((which, starts))
        return starts[order], which[order]


@lru_cache(maxsize=64)
def word_database(words: tuple[Word, ...]) -> WordDatabase | None:
    """The list compiled, if Hyperscan is there and is worth it; the same list is compiled once."""
    ends_early = any(b"\0" in word.text for word in words)  # it takes a NUL for the end of a word
    library = None if ends_early or len(words) <= FEW else _library()
    return None if library is None else WordDatabase(words, library)


@cache
def _library() -> Any:
    """Hyperscan, or None: then the same matches are found more slowly."""
    try:
        import hyperscan  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    return hyperscan
