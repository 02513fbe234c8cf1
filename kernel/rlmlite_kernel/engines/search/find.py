"""Search and count: `Search` gives matches as it comes upon them, `find` all of them, `count` only how many.

The result is the same whichever engine runs and however many threads there are: matches are leftmost first and do not
overlap, each inside one window of `windows`, each window a text of its own (by lines) or a view of one text (by
blocks).

The charge is computed, not measured: for each window its bytes x (matches in it + 1) x the matcher's weight,
but for plain text its bytes once. When it passes what is left, the search ends before the first window that
does not fit.
"""

from collections.abc import Iterator

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, SpanArrays, snap
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.query.regex import UNANCHORED
from rlmlite_kernel.engines.search.by_blocks import ByBlocks
from rlmlite_kernel.engines.search.by_lines import ByLines
from rlmlite_kernel.engines.search.regex_cursor import MatchArray
from rlmlite_kernel.engines.search.tally import MANY, SearchBounds, Tally
from rlmlite_kernel.engines.search.windows import HALF


class SearchResult(msgspec.Struct, frozen=True, eq=False):
    """Every match that starts before `scanned_to`, as offsets of the content.

    `groups` has a range for each group, -1 where it took no part. `work` is what to charge. `out_of_work`
    says that the search ended early; `cut_windows` counts the lines longer than 64 KiB, which were searched
    in pieces.
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


class Search:
    """One search of content[start:stop], read as a text of its own. Iterate `tables`; then ask how it went.

    `start` and `stop` are snapped to code points.
    """

    def __init__(self, content: Buffer, matcher: Matcher, start: int, stop: int, bounds: SearchBounds) -> None:
        first, last = snap(content, start), snap(content, stop)
        self._tally = Tally(first, bounds)
        way = ByBlocks if matcher.reads_blocks else ByLines
        self._way = way(content, matcher, first, last, self._tally)

    def tables(self) -> Iterator[MatchArray]:
        """The matches that are kept, some at a time, as [match, whole or group, start or stop]."""
        if self._tally.over:
            return
        for _ in self._way.run():
            yield from self._tally.drain()

    def counted(self) -> SearchCount:
        """How it went so far; `count` is of the matches kept and of those only counted."""
        tally = self._tally
        return SearchCount(tally.count, tally.work, tally.scanned_to, tally.out_of_work, tally.cut_windows)


def find(
    content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int, limit: int | None = None
) -> SearchResult:
    """The matches in content[start:stop]; the first `limit` if that is given.

    With a limit that is reached, windows are charged for the matches kept.
    """
    search = Search(
        content, matcher, start, stop, SearchBounds(max(0, work_left), MANY if limit is None else max(0, limit))
    )
    empty = np.zeros((0, 1 + matcher.groups, 2), np.int64)
    table = np.concatenate([empty, *search.tables()])
    starts, stops = (np.ascontiguousarray(table[:, 0, side]) for side in (0, 1))
    groups = tuple((table[:, index, 0].copy(), table[:, index, 1].copy()) for index in range(1, table.shape[1]))
    how = search.counted()
    return SearchResult(starts, stops, groups, how.work, how.scanned_to, how.out_of_work, how.cut_windows)


def count(content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int) -> SearchCount:
    """How many matches `find` would give, at the same charge, without holding them."""
    left = max(0, work_left)
    search = Search(content, matcher, start, stop, SearchBounds(left, 0, left))
    for _ in search.tables():
        raise AssertionError("nothing is kept")
    return search.counted()


def occurs(content: bytes, matcher: Matcher) -> bool | None:
    """Whether there is a match in a short text of one line, without the making ready that `find` needs.

    None for any other text: ask `find`.
    """
    if len(content) > HALF or b"\n" in content:
        return None
    if len(matcher.words) == 1 and not matcher.words[0].folded:
        return matcher.words[0].text in content
    start, _ = matcher.regex_without_groups.match(UNANCHORED, content, 0, len(content))[0]
    return start >= 0
