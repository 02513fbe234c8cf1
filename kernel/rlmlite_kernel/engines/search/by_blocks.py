"""Search by blocks: a match may cross lines, and none is longer than a window.

All windows are views of one text: `^`, `$` and `\\b` see what is beside a window, and a search goes on where the last
match ended, whichever window that was in. A match belongs to the window in whose first half it starts (see `windows`).

    windows of 8 and halves of 4 over b"ab\\ncd\\nef\\n...", and /\\n./ at weight 1
    [0, 8)    owns the match [2, 4) and costs 8 * (1 + 1)
    [4, 12)   owns [5, 7): 8 * 2
    [8, 12)   owns [8, 10): 4 * 2

Plain text needs no windows to be found, as it fits in half of one: it is searched 1 MiB at a time and charged its bytes
once, to the half window at whose end the search stops.

No threads: a match decides where the next may start, so no window can be searched before the one in front of it.
"""

from collections.abc import Iterator

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, haystack, int_array, octets, snap
from rlmlite_kernel.engines.bytes.line_ends import is_between
from rlmlite_kernel.engines.query.literal import find_disjoint
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.query.regex import UNANCHORED
from rlmlite_kernel.engines.search.regex_cursor import MatchArray, RegexCursor
from rlmlite_kernel.engines.search.tally import Tally, matches_without_groups, shift_matches
from rlmlite_kernel.engines.search.windows import HALF, NEWLINE, BlockWindow, block_windows

# Matches between two looks at the work that is left.
_BATCH = 4_096
# Bytes of the longest code point: so many before a place are enough for `^` and `\\b` to see.
_CODE_POINT = 4
# Bytes that a search for plain text takes at a time. A multiple of half a window, so that steps end where charges do.
_STEP = 32 * HALF


class ByBlocks:
    """One search by blocks of content[start:stop]."""

    def __init__(self, content: Buffer, matcher: Matcher, start: int, stop: int, tally: Tally) -> None:
        self._content, self._view, self._matcher, self._tally = content, memoryview(content), matcher, tally
        self._hay, self._data = haystack(content), octets(content)
        self._start, self._stop = start, stop

    def run(self) -> Iterator[None]:
        """Searches, and yields after each window or step, so that the caller can take what the tally kept."""
        return self._run_regex() if self._matcher.needle is None else self._run_plain(self._matcher.needle)

    def _run_plain(self, needle: bytes) -> Iterator[None]:
        step_start = free_from = self._start
        for offset in range(self._start, self._stop, _STEP):
            step_stop = self._snap_inside(offset + _STEP)
            free_from = self._accept_step(needle, step_start, step_stop, free_from)
            step_start = step_stop
            yield
            if self._tally.is_over:
                return

    def _accept_step(self, needle: bytes, start: int, stop: int, free_from: int) -> int:
        """Enter a step: whole, or as far as the work or the matches wanted go. Returns where its last match ended."""
        tally = self._tally
        # The last match of the step before may reach into this one.
        first_place = max(start, free_from)
        reached = self._affordable_stop(start, stop, tally.work_left)
        places = self._find(needle, first_place, reached)
        find_at_most = tally.find_at_most
        only_counting_ran_out = reached < stop and tally.is_keeping and len(places) < tally.keep_at_most
        if only_counting_ran_out:
            # Matches that are to be kept may lie beyond what counting could pay for.
            reached = self._affordable_stop(start, stop, tally.work_left_to_keep)
            find_at_most = tally.keep_at_most
            places = self._find(needle, first_place, reached)
        if len(places):
            free_from = int(places[-1]) + len(needle)
        charged_to = scanned_to = reached
        is_enough = len(places) >= find_at_most
        if is_enough:
            # The last match that is wanted: it is charged to the end of the half window in which it starts.
            places = places[:find_at_most]
            last = int(places[-1])
            scanned_to = last + len(needle)
            charged_to = self._snap_inside(self._half_window_start(last) + HALF)
        matches = matches_without_groups(places, places + len(needle))
        tally.accept(matches, len(places), charged_to - start, scanned_to)
        ended_early = reached < stop or is_enough
        # With nothing more to find the search is over as it should be, however much is left of the step.
        tally.out_of_work = ended_early and tally.find_at_most > 0
        return free_from

    def _affordable_stop(self, start: int, stop: int, work_left: int) -> int:
        """Where the half windows end for which each byte can be charged once."""
        if stop - start <= work_left:
            return stop
        return max(start, self._snap_inside(self._half_window_start(start + work_left)))

    def _half_window_start(self, offset: int) -> int:
        """Where the half window that holds an offset starts, before it is snapped to a code point."""
        return self._start + (offset - self._start) // HALF * HALF

    def _find(self, needle: bytes, start: int, stop: int) -> IntArray:
        """Where the needle begins in [start, stop)."""
        if stop <= start:
            return int_array([])
        # A match that begins at the last byte of the range may end beyond it, but not beyond the text.
        reach = min(stop + len(needle) - 1, self._stop)
        return find_disjoint(self._hay, self._data, needle, start, reach)

    def _snap_inside(self, offset: int) -> int:
        return self._stop if offset >= self._stop else max(self._start, snap(self._content, offset))

    def _run_regex(self) -> Iterator[None]:
        regex = self._matcher.regex if self._tally.is_keeping else self._matcher.regex_without_groups
        cursor = RegexCursor(regex, self._view[self._start : self._stop], 0)
        for window in block_windows(self._content, self._start, self._stop):
            self._accept_window(cursor, window)
            yield
            if self._tally.is_over:
                return

    def _accept_window(self, cursor: RegexCursor, window: BlockWindow) -> None:
        """Enter a window, unless its charge does not fit: then the search is out of work."""
        tally = self._tally
        price = (window.stop - window.start) * self._matcher.weight
        batches = self._read_window(cursor, window, price)
        count = sum(map(len, batches))
        # All that are to be kept were found, but counting the others is too dear: the search ends with the last kept.
        only_counting_ran_out = (
            tally.is_keeping and count >= tally.keep_at_most and price * (count + 1) > tally.work_left
        )
        if only_counting_ran_out:
            count = min(count, tally.keep_at_most)
        charge = price * (count + 1)
        work_left = tally.work_left_to_keep if tally.is_keeping else tally.work_left
        if charge > work_left:
            tally.out_of_work = True
            return
        matches = None
        if batches:
            matches_in_window = np.concatenate(batches)[:count]
            matches = shift_matches(matches_in_window, self._start)
        ends_here = matches is not None and (only_counting_ran_out or count >= tally.find_at_most)
        scanned_to = window.half
        if matches is not None and ends_here and count:
            scanned_to = int(matches[-1, 0, 1])
        tally.accept(matches, count, charge, scanned_to)
        tally.out_of_work = only_counting_ran_out and tally.find_at_most > 0

    def _without_returns(self, matches: MatchArray) -> MatchArray:
        """The matches, none of which ends inside a `\\r\\n`: there `$` took the `\\r` with it, or `.` did."""
        starts, stops = matches[:, :, 0], matches[:, :, 1]
        ends_inside = (starts < stops) & is_between(self._data, stops + self._start)
        stops -= ends_inside
        # What is empty now was `$`, or a `.` that has no character to match here.
        emptied = np.flatnonzero(ends_inside[:, 0] & (starts[:, 0] == stops[:, 0]))
        wrong = [match for match in emptied.tolist() if not self._matches_line_end(int(starts[match, 0]))]
        return np.delete(matches, wrong, axis=0) if wrong else matches

    def _matches_line_end(self, place: int) -> bool:
        """Whether the regex has an empty match at the end of a line."""
        before = bytes(self._view[max(self._start, self._start + place - _CODE_POINT) : self._start + place])
        match = self._matcher.regex_without_groups.match
        return match(UNANCHORED, before + NEWLINE, len(before), len(before))[0][0] >= 0

    def _read_window(self, cursor: RegexCursor, window: BlockWindow, price: int) -> list[MatchArray]:
        """The matches that belong to a window, as offsets from the start of the search, or enough to decide on it."""
        tally = self._tally
        # At the very end an empty match may stand; anywhere else it belongs to the next window.
        is_last = window.half == self._stop
        start_before = window.half - self._start + is_last
        cursor.move_to(window.start - self._start, window.stop - self._start)
        batches: list[MatchArray] = []
        count = 0
        while cursor.place < start_before and not cursor.is_done:
            # First no more than are to be kept: for these there may be more work left than for counting on.
            room = max(0, tally.keep_at_most - count) or tally.find_at_most - count
            matches = cursor.next_matches(min(_BATCH, room), start_before)
            batches.append(matches if self._matcher.sees_returns else self._without_returns(matches))
            count += len(batches[-1])
            work_left = tally.work_left_to_keep if count < tally.keep_at_most else tally.work_left
            if price * (count + 1) > work_left or count >= tally.find_at_most:
                break
        return batches
