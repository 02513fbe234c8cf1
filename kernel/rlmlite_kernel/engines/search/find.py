"""Search and count: `Search` hands out matches as it comes upon them, `find` returns all, `count` only how many.

The result is the same whichever engine runs and however many threads there are: matches are leftmost first and do not
overlap, each inside one window of `windows`. By lines, each window is a text of its own; by blocks, all windows are
views of one text.

The charge is computed, not measured: for each window its bytes x (matches in it + 1) x the matcher's weight, but for
plain text its bytes once. The search ends before the first window that does not fit in what is left.

    find(b"ab ab\\nxx\\nab\\n", compile_query(regex("a.")), 0, 12, work_left=1_000)
    starts [0, 3, 9], stops [2, 5, 11], work 6 * 3 + 3 * 1 + 3 * 2 = 27, scanned_to 12
    with work_left=20: starts [0, 3], work 18, scanned_to 6, out_of_work: lines 1 and 2 would cost 21
"""

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, SpanArrays, snap
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.query.regex import UNANCHORED
from rlmlite_kernel.engines.search.by_blocks import ByBlocks
from rlmlite_kernel.engines.search.by_lines import ByLines
from rlmlite_kernel.engines.search.regex_cursor import MatchArray
from rlmlite_kernel.engines.search.tally import MANY, SearchBounds, Tally
from rlmlite_kernel.engines.search.windows import HALF, NEWLINE


class SearchResult(msgspec.Struct, frozen=True, eq=False):
    """Every match that starts before `scanned_to`, as offsets of the content.

    `groups` has the spans of each group, -1 where it took no part. `work` is what to charge. `out_of_work`: the search
    ended early. `cut_windows` counts the lines that were searched in pieces (before `WHOLE_LINES`).
    """

    starts: IntArray
    stops: IntArray
    groups: tuple[SpanArrays, ...]
    work: int
    scanned_to: int
    out_of_work: bool
    cut_windows: int


class SearchCount(msgspec.Struct, frozen=True):
    """How many matches start before `scanned_to`; the rest as in `SearchResult`."""

    count: int
    work: int
    scanned_to: int
    out_of_work: bool
    cut_windows: int


def open_text(lines: LineIndex, matcher: Matcher) -> tuple[Buffer, Matcher]:
    """The text of an index as a matcher is to search it, and the matcher that does so.

    It is another than was given where the text has no `\\r`, so that no search looks for any.
    """
    if not matcher.reads_line_ends:
        return lines.text, matcher
    if not lines.has_returns:
        return lines.text, replace(matcher, sees_returns=True)
    return lines.content, matcher


class Search:
    """One search of content[start:stop], read as a text of its own. Iterate `matches`, then ask `count` how it went.

    `start` and `stop` are snapped to code points. Where line ends matter, the content is one of `open_text`, or a
    `newline_view`: at the same places each of its lines ends with a newline.
    """

    def __init__(self, content: Buffer, matcher: Matcher, start: int, stop: int, bounds: SearchBounds) -> None:
        first, last = snap(content, start), snap(content, stop)
        self._tally = Tally(first, bounds)
        way = ByBlocks if matcher.reads_blocks else ByLines
        self._way = way(content, matcher, first, last, self._tally)
        # Where no byte can be paid for, none is looked at: of 100,000 texts, each would cost a first batch for nothing.
        # An empty line has no bytes, so it can be.
        has_bytes = first < last and bytes(content[first : first + 1]) != NEWLINE
        if bounds.work_left <= 0 and has_bytes and not self._tally.is_over:
            self._tally.out_of_work = True

    def matches(self) -> Iterator[MatchArray]:
        """The matches that are kept, some at a time."""
        if self._tally.is_over:
            return
        for _ in self._way.run():
            yield from self._tally.drain()

    def count(self) -> SearchCount:
        """How it went so far; the number is of all matches, kept or only counted."""
        tally = self._tally
        return SearchCount(tally.count, tally.work, tally.scanned_to, tally.out_of_work, tally.cut_windows)


def find(
    content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int, limit: int | None = None
) -> SearchResult:
    """The matches in content[start:stop], or the first `limit` of them.

    If the limit is reached, windows are charged for the matches kept, not for those beyond it.
    """
    bounds = SearchBounds(max(0, work_left), MANY if limit is None else max(0, limit))
    search = Search(content, matcher, start, stop, bounds)
    # Gives the result its shape where there is no match.
    empty = np.zeros((0, 1 + matcher.groups, 2), np.int64)
    # [match, whole or group, start or stop]; each column is copied out, so that the array itself can go.
    matches = np.concatenate([empty, *search.matches()])
    columns = [(matches[:, number, 0].copy(), matches[:, number, 1].copy()) for number in range(1 + matcher.groups)]
    (starts, stops), *groups = columns
    # Only now: the search has gone as far as its matches were taken.
    total = search.count()
    return SearchResult(
        starts, stops, tuple(groups), total.work, total.scanned_to, total.out_of_work, total.cut_windows
    )


def count(content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int) -> SearchCount:
    """How many matches `find` would return, at the same charge, without holding them."""
    work = max(0, work_left)
    # Nothing is kept, so the engines count without building matches.
    search = Search(content, matcher, start, stop, SearchBounds(work, 0, work))
    for _ in search.matches():
        raise AssertionError("nothing is kept")
    return search.count()


def occurs(content: bytes, matcher: Matcher) -> bool | None:
    """Whether there is a match in a short text of one line; None for any other text: ask `find`.

    A condition asks this for every row, and setting up a `Search` costs more than searching a few hundred bytes.
    """
    is_short_line = len(content) <= HALF and b"\n" not in content
    if not is_short_line:
        return None
    words = matcher.words
    if len(words) == 1 and not words[0].folded:
        # Python's `in` needs no set-up at all.
        return words[0].text in content
    if not matcher.sees_returns and b"\r" in content:
        return None
    # A line of half a window is one window either way, so reading by lines and by blocks agree here.
    start, _ = matcher.regex_without_groups.match(UNANCHORED, content, 0, len(content))[0]
    return start >= 0
