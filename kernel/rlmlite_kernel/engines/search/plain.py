"""Plain text in lines: one needle or several words, exact or ignoring the case of ASCII letters.

Matches are leftmost first and do not overlap; at one place the first word of the list wins. Five finders give the same
matches at different speeds, and `word_finder` picks one:

    "error"                      one exact needle: SIMD, at the speed of memory
    "error" with i               SIMD over a lower-case copy of each run
    ["error", "warn"]            SIMD for one word after the other, then `drop_overlaps`
    300 words                    all in one pass by Hyperscan if it is installed, else by RE2
    ["k", "straße"] with i       RE2 wherever a run is not ASCII, since letters beyond it fold into ASCII ones

A range is whole lines or a piece of a line, and no word holds a newline, so no match can cross a window.
"""

from typing import NamedTuple, Protocol

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import (
    Buffer,
    Haystack,
    IntArray,
    Octets,
    SpanArrays,
    haystack,
    int_array,
    is_ascii,
    lower_ascii,
    octets,
)
from rlmlite_kernel.engines.query.literal import drop_overlaps, find_disjoint, find_overlapping
from rlmlite_kernel.engines.query.plain_words import FEW, Word, occurrences_are_bounded, overlap_groups
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.hyperscan import WordDatabase, word_database
from rlmlite_kernel.engines.search.regex_cursor import RegexCursor
from rlmlite_kernel.engines.search.tally import MANY

# Matches that RE2 is asked for at a time.
_BATCH = 4_096
# Bytes per place below which one word after the other is quicker: Hyperscan calls Python for every place.
_DENSE = 512


class WordFinder(Protocol):
    """Finds plain text in ranges of one content."""

    def count(self, start: int, stop: int) -> int:
        """The number of matches in content[start:stop]."""

    def find(self, start: int, stop: int) -> SpanArrays:
        """The matches in content[start:stop], as offsets of the content."""


def word_finder(content: Buffer, matcher: Matcher) -> WordFinder:
    """The quickest finder for a matcher of plain text."""
    words = matcher.words
    if len(words) == 1 and not words[0].folded:
        return _NeedleFinder(content, words[0].text)
    # RE2 is right for every list; the others are faster where they can be used.
    by_regex = _RegexFinder(content, matcher)
    if len(words) > 1 and not occurrences_are_bounded(words):
        return by_regex
    finder: WordFinder = by_regex
    if len(words) <= FEW:
        finder = _WordByWordFinder(content, words)
    database = word_database(words)
    if database is not None:
        finder = _OnePassFinder(content, database, words, finder)
    right_in_ascii_only = any(word.ascii_only for word in words)
    if right_in_ascii_only:
        return _AsciiOrRegexFinder(content, finder, by_regex)
    return finder


class _NeedleFinder:
    """One needle as it stands."""

    def __init__(self, content: Buffer, needle: bytes) -> None:
        self._hay, self._data, self._needle = haystack(content), octets(content), needle

    def count(self, start: int, stop: int) -> int:
        return self._hay.count(self._needle, start, stop)

    def find(self, start: int, stop: int) -> SpanArrays:
        starts = find_disjoint(self._hay, self._data, self._needle, start, stop)
        return starts, starts + len(self._needle)


class _RegexFinder:
    """RE2 over each range."""

    def __init__(self, content: Buffer, matcher: Matcher) -> None:
        self._view, self._regex = memoryview(content), matcher.regex_without_groups

    def count(self, start: int, stop: int) -> int:
        return len(self.find(start, stop)[0])

    def find(self, start: int, stop: int) -> SpanArrays:
        cursor = RegexCursor(self._regex, self._view[start:stop], stop - start)
        batches = [np.zeros((0, 2), np.int64)]
        while not cursor.is_done:
            matches = cursor.next_matches(_BATCH, MANY)
            whole_matches = matches[:, 0]
            batches.append(whole_matches)
        spans = np.concatenate(batches) + start
        return spans[:, 0], spans[:, 1]


class _AsciiOrRegexFinder:
    """A finder that is right in ASCII only, and RE2 for every other range."""

    def __init__(self, content: Buffer, in_ascii: WordFinder, by_regex: WordFinder) -> None:
        self._view, self._in_ascii, self._by_regex = memoryview(content), in_ascii, by_regex

    def count(self, start: int, stop: int) -> int:
        return self._finder_for(start, stop).count(start, stop)

    def find(self, start: int, stop: int) -> SpanArrays:
        return self._finder_for(start, stop).find(start, stop)

    def _finder_for(self, start: int, stop: int) -> WordFinder:
        return self._in_ascii if is_ascii(self._view[start:stop]) else self._by_regex


class _SearchRange(NamedTuple):
    """[start, stop) of the bytes that `hay` and `data` show: the content itself, or a lower-case copy of a range."""

    hay: Haystack
    data: Octets
    start: int
    stop: int


class _WordByWordFinder:
    """One word after the other by SIMD search, then what does not overlap.

    To count, only words that can overlap another are looked at place by place: see `overlap_groups`.
    """

    def __init__(self, content: Buffer, words: tuple[Word, ...]) -> None:
        self._view, self._hay, self._data = memoryview(content), haystack(content), octets(content)
        self._words = words

    def count(self, start: int, stop: int) -> int:
        exact, lower = self._ranges(start, stop)
        total = 0
        for group in overlap_groups(self._words):
            if len(group) > 1:
                total += len(_find_words(group, exact, lower)[0])
            else:
                word = group[0]
                place = lower if word.folded else exact
                total += place.hay.count(word.text, place.start, place.stop)
        return total

    def find(self, start: int, stop: int) -> SpanArrays:
        starts, stops = _find_words(self._words, *self._ranges(start, stop))
        return starts + start, stops + start

    def _ranges(self, start: int, stop: int) -> tuple[_SearchRange, _SearchRange]:
        """The range as it stands, and in lower case if a word asks for that."""
        exact = _SearchRange(self._hay, self._data, start, stop)
        if not any(word.folded for word in self._words):
            return exact, exact
        lower = lower_ascii(self._view[start:stop])
        return exact, _SearchRange(haystack(lower), octets(lower), 0, stop - start)


def _find_words(words: tuple[Word, ...], exact: _SearchRange, lower: _SearchRange) -> SpanArrays:
    """The matches of words, as offsets from the start of the range."""
    # Of several words every place is needed: one that overlaps its own word may still win over another word.
    find_word = find_disjoint if len(words) == 1 else find_overlapping
    starts_by_word: list[IntArray] = []
    stops_by_word: list[IntArray] = []
    for word in words:
        hay, data, start, stop = lower if word.folded else exact
        word_starts = find_word(hay, data, word.text, start, stop) - start
        starts_by_word.append(word_starts)
        stops_by_word.append(word_starts + len(word.text))
    starts = np.concatenate(starts_by_word)
    stops = np.concatenate(stops_by_word)
    # Stable, so that at one place the words keep the order of the list, and the first of them wins.
    order = np.argsort(starts, kind="stable")
    return drop_overlaps(starts[order], stops[order])


class _OnePassFinder:
    """All words in one pass, until a range shows that hits are too many for a report of each."""

    def __init__(self, content: Buffer, database: WordDatabase, words: tuple[Word, ...], if_dense: WordFinder) -> None:
        self._view, self._database, self._if_dense = memoryview(content), database, if_dense
        self._sizes = int_array([len(word.text) for word in words])
        self._is_dense = False

    def count(self, start: int, stop: int) -> int:
        if self._is_dense:
            return self._if_dense.count(start, stop)
        starts, _ = self.find(start, stop)
        return len(starts)

    def find(self, start: int, stop: int) -> SpanArrays:
        if self._is_dense:
            return self._if_dense.find(start, stop)
        starts, words = self._database.find_overlapping(self._view[start:stop])
        # A short range says little about the rest, so it does not decide.
        size = stop - start
        is_long_enough = size > _BATCH
        self._is_dense = is_long_enough and len(starts) * _DENSE > size
        stops = starts + self._sizes[words]
        starts, stops = drop_overlaps(starts, stops)
        # Places count in the range; what is handed out counts in the content.
        return starts + start, stops + start
