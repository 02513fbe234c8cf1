"""Plain text in lines: one needle or several words, exact or ignoring the case of ASCII.

Matches are leftmost first and do not overlap; at one place the first of the words wins. A range is whole lines, or a
piece of a line, and no word holds a newline.
"""

from typing import NamedTuple, Protocol

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import (
    Buffer,
    Haystack,
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

_BATCH = 4_096
_DENSE = 512  # bytes a place, below which looking for one word after the other is quicker than a report of each


class Finder(Protocol):
    """Finds plain text in ranges of one content."""

    def count(self, start: int, stop: int) -> int:
        """How many matches there are in content[start:stop]."""

    def places(self, start: int, stop: int) -> SpanArrays:
        """Where they are, as offsets of the content."""


def finder(content: Buffer, matcher: Matcher) -> Finder:
    """The quickest there is for what a matcher of plain text looks for; all find the same."""
    words = matcher.words
    if len(words) == 1 and not words[0].folded:
        return _Needle(content, words[0].text)
    regex = _ByRegex(content, matcher)
    if len(words) > 1 and not occurrences_are_bounded(words):
        return regex
    plain: Finder = _OneByOne(content, words) if len(words) <= FEW else regex
    quick = word_database(words)
    if quick is not None:
        plain = _AllAtOnce(content, quick, words, plain)
    return _OrRegex(content, plain, regex) if any(word.ascii_only for word in words) else plain


class _Needle:
    """One needle as it stands."""

    def __init__(self, content: Buffer, needle: bytes) -> None:
        self._hay, self._data, self._needle = haystack(content), octets(content), needle

    def count(self, start: int, stop: int) -> int:
        return self._hay.count(self._needle, start, stop)

    def places(self, start: int, stop: int) -> SpanArrays:
        found = find_disjoint(self._hay, self._data, self._needle, start, stop)
        return found, found + len(self._needle)


class _ByRegex:
    """RE2 over each range."""

    def __init__(self, content: Buffer, matcher: Matcher) -> None:
        self._view, self._program = memoryview(content), matcher.regex_without_groups

    def count(self, start: int, stop: int) -> int:
        return len(self.places(start, stop)[0])

    def places(self, start: int, stop: int) -> SpanArrays:
        cursor = RegexCursor(self._program, self._view[start:stop], stop - start)
        parts = [np.zeros((0, 2), np.int64)]
        while not cursor.done:
            parts.append(cursor.take(_BATCH, MANY)[:, 0])
        found = np.concatenate(parts) + start
        return found[:, 0], found[:, 1]


class _OrRegex:
    """A finder that is right in ASCII only, and RE2 for every other range."""

    def __init__(self, content: Buffer, ascii_finder: Finder, regex: Finder) -> None:
        self._view, self._ascii, self._regex = memoryview(content), ascii_finder, regex

    def count(self, start: int, stop: int) -> int:
        return self._for(start, stop).count(start, stop)

    def places(self, start: int, stop: int) -> SpanArrays:
        return self._for(start, stop).places(start, stop)

    def _for(self, start: int, stop: int) -> Finder:
        return self._ascii if is_ascii(self._view[start:stop]) else self._regex


class _Block(NamedTuple):
    """A range to look into, from `start` to `stop` of what `hay` and `data` show."""

    hay: Haystack
    data: Octets
    start: int
    stop: int


class _OneByOne:
    """One word after the other by SIMD search; then what does not overlap.

    To count, only words that may overlap another are looked at place by place.
    """

    def __init__(self, content: Buffer, words: tuple[Word, ...]) -> None:
        self._view, self._hay, self._data = memoryview(content), haystack(content), octets(content)
        self._words = words

    def count(self, start: int, stop: int) -> int:
        blocks = self._blocks(start, stop)
        total = 0
        for team in overlap_groups(self._words):
            if len(team) > 1:
                total += len(_matches(team, blocks)[0])
            else:
                block = blocks[team[0].folded]
                total += block.hay.count(team[0].text, block.start, block.stop)
        return total

    def places(self, start: int, stop: int) -> SpanArrays:
        starts, stops = _matches(self._words, self._blocks(start, stop))
        return starts + start, stops + start

    def _blocks(self, start: int, stop: int) -> tuple[_Block, _Block]:
        """The range as it stands, and in small letters if a word asks for that."""
        exact = _Block(self._hay, self._data, start, stop)
        if not any(word.folded for word in self._words):
            return exact, exact
        small = lower_ascii(self._view[start:stop])
        return exact, _Block(haystack(small), octets(small), 0, stop - start)


def _matches(words: tuple[Word, ...], blocks: tuple[_Block, _Block]) -> SpanArrays:
    """The matches of words, from the start of the range."""
    places = []
    for word in words:
        hay, data, start, stop = blocks[word.folded]
        search = find_disjoint if len(words) == 1 else find_overlapping
        places.append(search(hay, data, word.text, start, stop) - start)
    starts = np.concatenate(places)
    stops = np.concatenate([each + len(word.text) for each, word in zip(places, words, strict=True)])
    order = np.argsort(starts, kind="stable")
    return drop_overlaps(starts[order], stops[order])


class _AllAtOnce:
    """All words in one pass, as long as hits are not too many for a report of each."""

    def __init__(self, content: Buffer, quick: WordDatabase, words: tuple[Word, ...], dense: Finder) -> None:
        self._view, self._quick, self._dense = memoryview(content), quick, dense
        self._sizes = int_array([len(word.text) for word in words])
        self._many = False

    def count(self, start: int, stop: int) -> int:
        return self._dense.count(start, stop) if self._many else len(self.places(start, stop)[0])

    def places(self, start: int, stop: int) -> SpanArrays:
        if self._many:
            return self._dense.places(start, stop)
        starts, which = self._quick.everywhere(self._view[start:stop])
        self._many = len(starts) * _DENSE > stop - start > _BATCH
        starts, stops = drop_overlaps(starts, starts + self._sizes[which])
        return starts + start, stops + start
