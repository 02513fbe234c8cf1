"""Search by lines: each line is a text of its own, without its line end.

A Python call for each of 20 million lines would take minutes. So the content is taken in runs of whole lines, some 512
KiB, and a run is searched as one text: no pattern here can match a newline, so a match stays in its line. Of a line end
`\\r\\n` both bytes are newlines for the pattern, and what it finds between the two is dropped. Which lines had matches,
and what they cost, follows from the matches:

    one run, b"ab ab\\nxx\\nab\\n", and /a./ at weight 1
    matches  [0, 2) [3, 5) [9, 11)      their windows  [0, 6) [0, 6) [9, 12)
    charge   12 + 6 + 6 + 3 = 27        each byte once, and each match its window once more

If that is more than what is left, the largest affordable prefix of windows counts: with 20 units it is the first line,
6 + 6 + 6 = 18, as the second would make it 21.

A regex with few matches is looked for in several runs at a time, by threads, ahead of what has been accepted. What they
found is used only if it is what a search of that run, begun now, would find; so no result depends on the threads.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import (
    Buffer,
    Haystack,
    IntArray,
    Octets,
    SpanArrays,
    haystack,
    int_array,
    octets,
)
from rlmlite_kernel.engines.bytes.line_ends import RETURN, hide_returns, is_between
from rlmlite_kernel.engines.bytes.threads import map_in_order, threads
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.plain import WordFinder, word_finder
from rlmlite_kernel.engines.search.regex_cursor import MatchArray, RegexCursor
from rlmlite_kernel.engines.search.tally import MANY, Tally, matches_without_groups, shift_matches
from rlmlite_kernel.engines.search.windows import NEWLINE, LongLines, WindowRun, last_window_end, line_runs

# Bytes that a letter may be in a text for one of the word: U+212A, three bytes, is a k without regard to case.
_LONGEST_FOLD = 3
# Matches between two looks at the work that is left.
_BATCH = 4_096
# Matches in a run from which all its newlines are looked up at once, rather than those around each match.
_MANY_LINES = 128
# Runs per task of a thread.
_AHEAD = 8
# Bytes from which threads are worth starting.
_LARGE = 16 << 20
# Bytes per match below which threads mostly wait for each other: the loop over matches holds the interpreter lock.
_SPARSE = 65_536
# The most that a look ahead may cost, in units per byte at weight 1. What the runs before it will leave of the work is
# not known yet; without a cap, a run full of matches would be searched to its end and held in memory, perhaps in vain.
_AHEAD_CAP = 16


class _RunScan(msgspec.Struct, frozen=True, eq=False):
    """What the search of a run found, as offsets from the start of the run.

    `windows` has [start, stop) of the window of each match. `charge` is for all windows up to where the scan ended.
    `is_complete`: it ended because there are no more matches. `is_over`: the charge passed what was left.
    """

    matches: MatchArray
    windows: IntArray
    charge: int
    is_complete: bool
    is_over: bool


class _AffordablePrefix(msgspec.Struct, frozen=True):
    """The first windows of a run, as many as can be charged: how many matches, the charge, where they end."""

    count: int
    charge: int
    end: int


class ByLines:
    """One search by lines of content[start:stop]."""

    def __init__(self, content: Buffer, matcher: Matcher, start: int, stop: int, tally: Tally) -> None:
        self._content, self._view, self._matcher, self._tally = content, memoryview(content), matcher, tally
        self._hay, self._data = haystack(content), octets(content)
        self._start, self._stop = start, stop
        self._finder = word_finder(content, matcher) if matcher.words else None
        self._is_dense = False
        # Where the last match of a long line's part ended: the next part goes on from there.
        self._free_from = start
        self._word_reach = max((_LONGEST_FOLD * len(word.text) for word in matcher.words), default=0)

    def run(self) -> Iterator[None]:
        """Searches, and yields after each run, so that the caller can take what the tally kept."""
        tally = self._tally
        for run, scan in self._runs():
            if self._finder is not None:
                self._accept_words(run)
            else:
                self._accept_regex(run, scan)
            tally.cut_windows += run.is_first_piece and tally.scanned_to > run.start
            yield
            if tally.is_over:
                return

    def _runs(self) -> Iterator[tuple[WindowRun, _RunScan | None]]:
        """The runs, each with its scan if a thread has looked ahead."""
        long_lines = LongLines.WHOLE if self._finder is None else LongLines.PARTS
        if not self._matcher.whole_lines:
            long_lines = LongLines.CUT
        runs = line_runs(self._content, self._hay, self._start, self._stop, long_lines)
        is_large = self._stop - self._start >= _LARGE
        # A search that ends early would throw away what threads find beyond its end.
        looks_ahead = threads() > 1 and is_large and self._finder is None and self._tally.find_at_most == MANY
        if not looks_ahead:
            return ((run, None) for run in runs)
        return (pair for pairs in map_in_order(self._scan_ahead, _in_groups(runs)) for pair in pairs)

    def _scan_ahead(self, runs: list[WindowRun]) -> list[tuple[WindowRun, _RunScan | None]]:
        """The work of a thread."""
        scans: list[tuple[WindowRun, _RunScan | None]] = []
        for run in runs:
            # Without a scan the run is searched when it is accepted, by the main thread.
            if self._is_dense:
                scans.append((run, None))
                continue
            cap = _AHEAD_CAP * (run.stop - run.start) * self._matcher.weight
            scan = self._scan(run, min(self._tally.work_left, cap), MANY)
            scans.append((run, scan))
        return scans

    def _accept_words(self, run: WindowRun) -> None:
        """Enter a run of a search for plain text: whole, or as far as the work or the matches wanted go."""
        tally, finder = self._tally, self._finder
        assert finder is not None
        # Plain text is charged its bytes, so how far the work goes is known before anything is searched.
        stop = self._affordable_stop(run, tally.work_left)
        if not tally.is_keeping and not run.is_piece:
            # Counting needs no offsets: SIMD counts at the speed of memory.
            count = finder.count(run.start, stop)
            tally.accept(None, count, stop - run.start, stop)
            tally.out_of_work = stop < run.stop
            return
        starts, stops = self._find_words(finder, run, stop)
        find_at_most = tally.find_at_most
        only_counting_ran_out = stop < run.stop and len(starts) < tally.keep_at_most
        if only_counting_ran_out:
            # Matches that are to be kept may lie beyond what counting could pay for.
            stop = self._affordable_stop(run, tally.work_left_to_keep)
            find_at_most = tally.keep_at_most
            starts, stops = self._find_words(finder, run, stop)
        charged_to = scanned_to = stop
        if len(starts) >= find_at_most:
            # The last match that is wanted: it is charged to the end of its line, but nothing after it was looked at.
            starts, stops = starts[:find_at_most], stops[:find_at_most]
            scanned_to = int(stops[-1])
            line_end = self._hay.find(NEWLINE, scanned_to, stop)
            charged_to = stop if line_end < 0 else line_end + 1
        if len(stops):
            self._free_from = int(stops[-1])
        matches = matches_without_groups(starts, stops)
        tally.accept(matches, len(starts), charged_to - run.start, scanned_to)
        # With nothing more to find the search is over as it should be, however much is left of the run.
        tally.out_of_work = scanned_to < run.stop and tally.find_at_most > 0

    def _find_words(self, finder: WordFinder, run: WindowRun, stop: int) -> SpanArrays:
        """The matches that start in a run before `stop`; in a part of a long line they may end beyond it."""
        if not run.is_piece or not self._matcher.whole_lines:
            return finder.find(run.start, stop)
        # Which matches overlap is decided from left to right, so the part that was searched before decides for this.
        first = max(run.start, self._free_from)
        if first >= stop:
            return int_array([]), int_array([])
        starts, stops = finder.find(first, min(stop + self._word_reach, self._stop))
        count = int(np.searchsorted(starts, stop))
        return starts[:count], stops[:count]

    def _affordable_stop(self, run: WindowRun, work_left: int) -> int:
        """Where the windows of a run end for which each byte can be charged once."""
        if run.stop - run.start <= work_left:
            return run.stop
        return run.start if run.is_piece else last_window_end(self._hay, run.start, run.start + work_left)

    def _accept_regex(self, run: WindowRun, scan: _RunScan | None) -> None:
        """Enter a run of a search for a regex: whole, or as far as the work or the matches wanted go."""
        tally = self._tally
        # A scan ahead did not know what the runs before it would leave. It counts only if that makes no difference.
        is_what_a_scan_now_would_find = scan is not None and not scan.is_over and scan.charge <= tally.work_left
        if scan is None or not is_what_a_scan_now_would_find:
            scan = self._scan(run, tally.work_left, tally.find_at_most)
        prefix = self._affordable_prefix(run, scan, tally.work_left) if scan.is_over else None
        only_counting_ran_out = prefix is not None and prefix.count < tally.keep_at_most
        if only_counting_ran_out:
            # Matches that are to be kept are still missing, and for these there may be more work left.
            scan = self._scan(run, tally.work_left_to_keep, tally.keep_at_most)
            prefix = self._affordable_prefix(run, scan, tally.work_left_to_keep) if scan.is_over else None
        if prefix is not None:
            affordable_matches = shift_matches(scan.matches[: prefix.count], run.start)
            tally.accept(affordable_matches, prefix.count, prefix.charge, prefix.end)
            tally.out_of_work = True
            return
        count = len(scan.matches)
        scanned_to = run.stop
        if not scan.is_complete:
            # It ended with the last match wanted: nothing after that was looked at.
            scanned_to = run.start + int(scan.matches[-1, 0, 1])
        tally.accept(shift_matches(scan.matches, run.start), count, scan.charge, scanned_to)
        tally.out_of_work = not scan.is_complete and tally.find_at_most > 0
        # Read by the threads that look ahead: in a dense text they would only wait for each other.
        self._is_dense = count * _SPARSE > run.stop - run.start

    def _scan(self, run: WindowRun, work_left: int, find_at_most: int) -> _RunScan:
        """Search a run to its end, to its last match wanted, or to where its charge passes `work_left`."""
        size, weight = run.stop - run.start, self._matcher.weight
        text, hides_returns = self._text_of(run)
        regex = self._matcher.regex if self._tally.is_keeping else self._matcher.regex_without_groups
        cursor = RegexCursor(regex, text, len(text))
        lines = _RunLines(self._hay, self._data, run)
        batches: list[MatchArray] = []
        windows: list[IntArray] = []
        count = match_charge = searched_to = 0
        while True:
            matches = cursor.next_matches(min(_BATCH, find_at_most - count), MANY)
            if hides_returns:
                # Nothing but an empty match can be inside a line end.
                matches = matches[~is_between(self._data, matches[:, 0, 0] + run.start)]
            around = lines.around(matches[:, 0, 0])
            batches.append(matches)
            windows.append(around)
            count += len(matches)
            window_sizes = around[:, 1] - around[:, 0]
            match_charge += int(window_sizes.sum()) * weight
            # Each byte once, to the end of the last window that is known to have been searched.
            searched_to = size if cursor.is_done else int(around[-1, 1]) if len(around) else searched_to
            charge = match_charge + searched_to * weight
            is_over = charge > work_left
            if cursor.is_done or is_over or count >= find_at_most:
                # The one batch of most runs is not copied.
                all_matches = np.concatenate(batches) if len(batches) > 1 else batches[0]
                return _RunScan(all_matches, np.concatenate(windows), charge, cursor.is_done, is_over)

    def _text_of(self, run: WindowRun) -> tuple[Buffer, bool]:
        """A run as the regex is to see it, and whether that is a copy in which every `\\r` of a line end is hidden."""
        # Without the last line end: an empty match after it would be on a line that does not exist.
        stop = run.stop - (self._content[run.stop - 1] == ord(NEWLINE))
        if not self._matcher.sees_returns:
            stop -= stop > run.start and self._content[stop - 1] == RETURN
            has_more_returns = not run.is_piece and self._hay.find(b"\r\n", run.start, stop) >= 0
            if has_more_returns:
                return hide_returns(bytes(self._view[run.start : stop])), True
        return self._view[run.start : stop], False

    def _affordable_prefix(self, run: WindowRun, scan: _RunScan, work_left: int) -> _AffordablePrefix:
        """The most windows of a run whose charge fits."""
        weight = self._matcher.weight
        count, end, charge = _affordable_matches(scan.windows, weight, work_left)
        # Then lines without a match, each byte once, as far as the work goes or to the line of the next match.
        next_window = int(scan.windows[count, 0]) if count < len(scan.windows) else run.stop - run.start
        affordable_bytes = (work_left - charge) // weight
        farthest = min(next_window, end + affordable_bytes)
        # A piece is one window, and all of it did not fit: then nothing of it is charged.
        stop = run.start
        if not run.is_piece:
            stop = last_window_end(self._hay, run.start + end, run.start + farthest)
        bytes_without_match = stop - run.start - end
        return _AffordablePrefix(count, charge + bytes_without_match * weight, stop)


def _affordable_matches(windows: IntArray, weight: int, work_left: int) -> tuple[int, int, int]:
    """The most matches whose windows can be paid for: their number, where the last window ends, the charge so far."""
    starts, stops = windows[:, 0], windows[:, 1]
    # Through the window of a match: each byte to its end once, and for each match so far its window once more.
    match_bytes = np.cumsum(stops - starts)
    charge_through = (stops + match_bytes) * weight
    # Windows are paid for as a whole, so a prefix ends with the last match of its window. The slice is for no match at
    # all, where the one flag that is appended would be too many.
    next_is_in_another = stops[1:] != stops[:-1]
    is_last_in_window = np.append(next_is_in_another, True)[: len(stops)]
    affordable = np.flatnonzero(is_last_in_window & (charge_through <= work_left))
    if not len(affordable):
        return 0, 0, 0
    last = int(affordable[-1])
    return last + 1, int(stops[last]), int(charge_through[last])


def _in_groups(runs: Iterable[WindowRun]) -> Iterator[list[WindowRun]]:
    rest = iter(runs)
    while group := list(islice(rest, _AHEAD)):
        yield group


class _RunLines:
    """The windows of a run, by offset: [start, stop) from the start of the run, newline included."""

    def __init__(self, hay: Haystack, data: Octets, run: WindowRun) -> None:
        self._hay, self._data, self._run = hay, data, run
        # Where each line starts, then the size of the run.
        self._bounds: IntArray | None = None

    def around(self, starts: IntArray) -> IntArray:
        """The window of each match, as [match, start or stop]."""
        run = self._run
        if run.is_piece:
            whole_run = int_array([0, run.stop - run.start])
            return np.tile(whole_run, (len(starts), 1))
        if len(starts) < _MANY_LINES:
            lines = [self._line_around(run.start + int(start)) for start in starts]
            # The shape is for no match at all: an empty list has none of its own.
            return int_array(lines).reshape(-1, 2)
        # Once per run: later batches of matches use the same bounds.
        if self._bounds is None:
            self._bounds = self._all_bounds()
        line = np.searchsorted(self._bounds, starts, side="right")
        # An empty match at the very end belongs to the last line.
        line = line.clip(max=len(self._bounds) - 1)
        return np.stack((self._bounds[line - 1], self._bounds[line]), axis=1)

    def _all_bounds(self) -> IntArray:
        size = self._run.stop - self._run.start
        line_stops = np.flatnonzero(self._data[self._run.start : self._run.stop] == 10) + 1
        ends_with_newline = len(line_stops) and line_stops[-1] == size
        if not ends_with_newline:
            line_stops = np.append(line_stops, size)
        return np.concatenate(([0], line_stops))

    def _line_around(self, place: int) -> tuple[int, int]:
        run = self._run
        # -1 becomes 0, below the run: then the line starts with the run, or ends with it.
        start = self._hay.rfind(NEWLINE, run.start, place) + 1 if place > run.start else 0
        stop = self._hay.find(NEWLINE, place, run.stop) + 1
        return max(0, start - run.start), (stop or run.stop) - run.start
