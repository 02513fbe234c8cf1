"""Many words in one pass, by Hyperscan, where the extra `fast` is installed. The only module that touches it.

Hyperscan reports every place where any word ends, overlapping ones too, in no promised order. For plain words that is
all there is to know, and the matches follow from it. For a regex it reports every end of every match, from which RE2's
leftmost-first match does not follow; so regexes stay with RE2, and results do not depend on the extra.

    words ab, bc in b"abcbc"
    reports          (0, end 2), (1, end 3), (1, end 5)
    find_overlapping starts [0, 1, 3] and words [0, 1, 1]; `drop_overlaps` then leaves [0, 3]
"""

from functools import cache, lru_cache
from typing import Any

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.plain_words import FEW, Word


class WordDatabase:
    """A list of words, compiled for Hyperscan."""

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

    def find_overlapping(self, block: memoryview) -> tuple[IntArray, IntArray]:
        """Every place of every word: starts in rising order, and which word; at one start in the order of the list."""
        numbers: list[int] = []
        ends: list[int] = []

        def report(number: int, start: int, end: int, flags: int, context: object) -> None:
            numbers.append(number)
            ends.append(end)

        # A scratch of its own for each scan, since threads may not share one.
        try:
            self._database.scan(block, match_event_handler=report, scratch=self._library.Scratch(self._database))
        except self._library.NoMemoryError as error:
            # Its own error, which says what Python's says: so that it ends this step, and not the run.
            raise MemoryError(str(error)) from None
        words = np.array(numbers, np.int64)
        starts = np.array(ends, np.int64) - self._sizes[words]
        order = np.lexsort((words, starts))
        return starts[order], words[order]


@lru_cache(maxsize=64)
def word_database(words: tuple[Word, ...]) -> WordDatabase | None:
    """The words compiled, or None where Hyperscan is not installed, not worth it or not able."""
    # Hyperscan reads a NUL as the end of a word.
    has_nul = any(b"\0" in word.text for word in words)
    if has_nul or len(words) <= FEW:
        return None
    library = _library()
    if library is None:
        return None
    try:
        return WordDatabase(words, library)
    except library.NoMemoryError as error:
        raise MemoryError(str(error)) from None


@cache
def _library() -> Any:
    """Hyperscan, or None: the same matches are then found more slowly."""
    try:
        import hyperscan  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    return hyperscan
