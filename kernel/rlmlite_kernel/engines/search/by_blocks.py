"""Search by blocks: matches may cross lines, and none is longer than a window."""

from collections.abc import Iterator

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, Haystack, IntArray, Octets, haystack, int_array, octets, snap
from rlmlite_kernel.engines.query.literal import find_disjoint
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.regex_cursor import MatchArray, RegexCursor
from rlmlite_kernel.engines.search.tally import Tally, matches_without_groups, shift_matches
from rlmlite_kernel.engines.search.windows import HALF, BlockWindow, block_windows

_BATCH = 4_096  # matches between two looks at what is left
_STEP = 32 * HALF  # bytes that a plain search takes at once


class ByBlocks:
    """One search by blocks of content[start:stop]."""

    def __init__(self, content: Buffer, matcher: Matcher, start: int, stop: int, tally: Tally) -> None:
        self._content, self._view, self._matcher, self._tally = content, memoryview(content), matcher, tally
        self._start, self._stop = start, stop

    def run(self) -> Iterator[None]:
        """Searches, and gives way after each window or step."""
        return self._regex() if self._matcher.needle is None else self._plain(self._matcher.needle)

    def _plain(self, needle: bytes) -> Iterator[None]:
        hay, data, tally = haystack(self._content), octets(self._content), self._tally
        at = free = self._start  # `free` is where the last match ended
        for offset in range(self._start, self._stop, _STEP):
            end = self._grid(offset + _STEP)
            reached = self._reach(at, end, tally.left)
            places = self._places(hay, data, needle, max(at, free), reached)
            most = tally.most
            if reached < end and tally.keeping and len(places) < tally.wanted:  # work to keep some, not to count all
                reached, most = self._reach(at, end, tally.left_to_keep), tally.wanted
                places = self._places(hay, data, needle, max(at, free), reached)
            free = int(places[-1]) + len(needle) if len(places) else free
            charged = scanned_to = reached
            if len(places) >= most:  # charged to the end of the last one's half window
                places = places[:most]
                scanned_to = int(places[-1]) + len(needle)
                charged = self._grid(self._start + (int(places[-1]) - self._start) // HALF * HALF + HALF)
            tally.accept(matches_without_groups(places, places + len(needle)), len(places), charged - at, scanned_to)
            tally.out_of_work = (reached < end or len(places) >= most) and tally.most > 0
            at = end
            yield
            if tally.over:
                return

    def _reach(self, at: int, end: int, left: int) -> int:
        """Where the half windows end of which each byte can be charged once."""
        if end - at <= left:
            return end
        return max(at, self._grid(self._start + (at + left - self._start) // HALF * HALF))

    def _places(self, hay: Haystack, data: Octets, needle: bytes, start: int, end: int) -> IntArray:
        """Where the needle begins in [start, end)."""
        reach = min(end + len(needle) - 1, self._stop)
        return find_disjoint(hay, data, needle, start, reach) if end > start else int_array([])

    def _grid(self, offset: int) -> int:
        return self._stop if offset >= self._stop else max(self._start, snap(self._content, offset))

    def _regex(self) -> Iterator[None]:
        program = self._matcher.regex if self._tally.keeping else self._matcher.regex_without_groups
        cursor = RegexCursor(program, self._view[self._start : self._stop], 0)
        for window in block_windows(self._content, self._start, self._stop):
            self._window(cursor, window)
            yield
            if self._tally.over:
                return

    def _window(self, cursor: RegexCursor, window: BlockWindow) -> None:
        tally = self._tally
        final = window.half == self._stop
        before = window.half - self._start + final  # an empty match may stand at the very end
        cursor.into(window.start - self._start, window.stop - self._start)
        price = (window.stop - window.start) * self._matcher.weight
        tables: list[MatchArray] = []
        found = 0
        while cursor.place < before and not cursor.done:
            room = max(0, tally.wanted - found) or tally.most - found
            tables.append(cursor.take(min(_BATCH, room), before))
            found += len(tables[-1])
            bound = tally.left_to_keep if found < tally.wanted else tally.left
            if price * (found + 1) > bound or found >= tally.most:
                break
        halted = tally.keeping and found >= tally.wanted and price * (found + 1) > tally.left
        found = min(found, tally.wanted) if halted else found
        if price * (found + 1) > (tally.left_to_keep if tally.keeping else tally.left):
            tally.out_of_work = True
            return
        rows = shift_matches(np.concatenate(tables)[:found], self._start) if tables else None
        full = halted or (rows is not None and found >= tally.most)
        scanned_to = int(rows[-1, 0, 1]) if full and rows is not None and found else window.half
        tally.accept(rows, found, price * (found + 1), scanned_to)
        tally.out_of_work = halted and tally.most > 0
