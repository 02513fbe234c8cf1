"""Search by lines: each line, or each piece of a long one, is a text of its own.

The content is taken in runs of whole windows, one after the other. A sparse regex is looked for in several runs at a
time, ahead of what has been accepted; a run that turns out to need more work than is left is searched again, to where
the work ends. So nothing depends on how many threads there are.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, Haystack, IntArray, Octets, haystack, int_array, octets
from rlmlite_kernel.engines.bytes.threads import map_in_order, threads
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.plain import finder
from rlmlite_kernel.engines.search.regex_cursor import MatchArray, RegexCursor
from rlmlite_kernel.engines.search.tally import MANY, Tally, matches_without_groups, shift_matches
from rlmlite_kernel.engines.search.windows import NEWLINE, WindowRun, last_window_end, line_runs

_BATCH = 4_096  # matches between two looks at what is left
_MANY_LINES = 128  # matches in a run from which every newline of it is looked up at once
_AHEAD = 8  # runs that one thread takes at a time
_LARGE = 16 << 20  # bytes from which threads are worth starting
_SPARSE = 65_536  # bytes a match, above which threads do not mostly wait for each other
_COSTLY = 16  # work units a byte, up to which a run is searched before it is known that there is so much work left


class _Read(msgspec.Struct, frozen=True, eq=False):
    """What the search of a run found, from the start of the run: matches, their windows as [start, stop), the charge.

    `reached` is where it ended; `over` says that the charge passed what there was.
    """

    rows: MatchArray
    windows: MatchArray
    charge: int
    reached: int
    done: bool
    over: bool


class _Fitting(msgspec.Struct, frozen=True):
    """The windows of a run that can be charged: the matches in them, the charge, where they end."""

    count: int
    charge: int
    end: int


class ByLines:
    """One search by lines of content[start:stop]."""

    def __init__(self, content: Buffer, matcher: Matcher, start: int, stop: int, tally: Tally) -> None:
        self._content, self._view, self._matcher, self._tally = content, memoryview(content), matcher, tally
        self._hay, self._data = haystack(content), octets(content)
        self._start, self._stop = start, stop
        self._finder = finder(content, matcher) if matcher.words else None
        self._dense = False

    def run(self) -> Iterator[None]:
        """Searches, and gives way after each run."""
        tally = self._tally
        for run, read in self._runs():
            if self._finder is not None:
                self._plain(run)
            else:
                self._regex(run, read)
            tally.cut_windows += run.first_piece and tally.scanned_to > run.start
            yield
            if tally.over:
                return

    def _runs(self) -> Iterator[tuple[WindowRun, _Read | None]]:
        """The runs, each with what was found if it was looked into ahead."""
        all_runs = line_runs(self._content, self._hay, self._start, self._stop)
        alone = threads() == 1 or self._finder is not None or self._tally.most < MANY
        if alone or self._stop - self._start < _LARGE:
            return ((run, None) for run in all_runs)
        return (pair for pairs in map_in_order(self._ahead, _grouped(all_runs)) for pair in pairs)

    def _ahead(self, group: list[WindowRun]) -> list[tuple[WindowRun, _Read | None]]:
        """Looks into runs in a thread of their own."""
        return [(run, self._read_ahead(run)) for run in group]

    def _read_ahead(self, run: WindowRun) -> _Read | None:
        if self._dense:
            return None
        cheap = _COSTLY * (run.stop - run.start) * self._matcher.weight
        return self._read(run, min(self._tally.left, cheap), MANY)

    def _plain(self, run: WindowRun) -> None:
        """Accepts a run whole, or as far as the matches that are wanted or the work go."""
        tally, found = self._tally, self._finder
        assert found is not None
        stop = self._reach(run, tally.left)
        if not tally.keeping:
            tally.accept(None, found.count(run.start, stop), stop - run.start, stop)
            tally.out_of_work = stop < run.stop
            return
        starts, stops = found.places(run.start, stop)
        most = tally.most
        if stop < run.stop and len(starts) < tally.wanted:  # there is work left to keep some, not to count the rest
            stop, most = self._reach(run, tally.left_to_keep), tally.wanted
            starts, stops = found.places(run.start, stop)
        charged = scanned_to = stop
        if len(starts) >= most:  # charged to the end of the last line taken
            starts, stops = starts[:most], stops[:most]
            scanned_to = int(stops[-1])
            line_end = self._hay.find(NEWLINE, scanned_to, stop)
            charged = stop if line_end < 0 else line_end + 1
        tally.accept(matches_without_groups(starts, stops), len(starts), charged - run.start, scanned_to)
        tally.out_of_work = scanned_to < run.stop and tally.most > 0

    def _reach(self, run: WindowRun, left: int) -> int:
        """Where the windows of a run end of which each byte can be charged once."""
        if run.stop - run.start <= left:
            return run.stop
        return run.start if run.piece else last_window_end(self._hay, run.start, run.start + left)

    def _regex(self, run: WindowRun, read: _Read | None) -> None:
        """Accepts a run whole, or as far as the matches that are wanted or the work go."""
        tally = self._tally
        if read is None or read.over or read.charge > tally.left:
            read = self._read(run, tally.left, tally.most)
        fitting = self._fitting(run, read, tally.left) if read.over else None
        if fitting is not None and fitting.count < tally.wanted:
            read = self._read(run, tally.left_to_keep, tally.wanted)
            fitting = self._fitting(run, read, tally.left_to_keep) if read.over else None
        if fitting is not None:
            tally.accept(
                shift_matches(read.rows[: fitting.count], run.start), fitting.count, fitting.charge, fitting.end
            )
            tally.out_of_work = True
            return
        last = run.stop if read.done else run.start + int(read.rows[-1, 0, 1])
        tally.accept(shift_matches(read.rows, run.start), len(read.rows), read.charge, last)
        tally.out_of_work = not read.done and tally.most > 0
        self._dense = len(read.rows) * _SPARSE > run.stop - run.start

    def _read(self, run: WindowRun, left: int, most: int) -> _Read:
        """Searches a run to its end, or to the `most`-th match, or to where its charge passes `left`."""
        size, weight = run.stop - run.start, self._matcher.weight
        stop = run.stop - (self._content[run.stop - 1] == 10)  # the last newline is out of reach
        program = self._matcher.regex if self._tally.keeping else self._matcher.regex_without_groups
        cursor = RegexCursor(program, self._view[run.start : stop], stop - run.start)
        lines = _Lines(self._hay, self._data, run)
        tables: list[MatchArray] = []
        windows: list[MatchArray] = []
        found = charge = 0
        while True:
            tables.append(cursor.take(min(_BATCH, most - found), MANY))
            windows.append(lines.around(tables[-1][:, 0, 0]))
            found += len(tables[-1])
            charge += int((windows[-1][:, 1] - windows[-1][:, 0]).sum()) * weight
            reached = size if cursor.done else int(windows[-1][-1, 1])
            over = charge + reached * weight > left
            if cursor.done or over or found >= most:
                rows = np.concatenate(tables) if len(tables) > 1 else tables[0]
                return _Read(rows, np.concatenate(windows), charge + reached * weight, reached, cursor.done, over)

    def _fitting(self, run: WindowRun, read: _Read, left: int) -> _Fitting:
        """The largest prefix of the run's windows that fits."""
        weight = self._matcher.weight
        starts, stops = read.windows[:, 0], read.windows[:, 1]
        spent = (stops + np.cumsum(stops - starts)) * weight
        whole = np.append(stops[1:] != stops[:-1], True)[: len(stops)] & (spent <= left)
        taken = int(np.flatnonzero(whole)[-1]) + 1 if whole.any() else 0
        place, charge = (int(stops[taken - 1]), int(spent[taken - 1])) if taken else (0, 0)
        barrier = int(starts[taken]) if taken < len(starts) else run.stop - run.start
        bound = min(barrier, place + (left - charge) // weight)
        end = run.start if run.piece else last_window_end(self._hay, run.start + place, run.start + bound)
        return _Fitting(taken, charge + (end - run.start - place) * weight, end)


def _grouped(all_runs: Iterable[WindowRun]) -> Iterator[list[WindowRun]]:
    rest = iter(all_runs)
    while group := list(islice(rest, _AHEAD)):
        yield group


class _Lines:
    """The windows of a run, by the matches in them: [start, stop) from the start of the run, newline included."""

    def __init__(self, hay: Haystack, data: Octets, run: WindowRun) -> None:
        self._hay, self._data, self._run = hay, data, run
        self._breaks: IntArray | None = None

    def around(self, starts: IntArray) -> MatchArray:
        """The window of each match, as [match, start or stop]."""
        run = self._run
        if run.piece:
            return np.tile(int_array([0, run.stop - run.start]), (len(starts), 1))
        if len(starts) < _MANY_LINES:
            return int_array([self._one(run.start + int(start)) for start in starts]).reshape(-1, 2)
        if self._breaks is None:
            found = np.flatnonzero(self._data[run.start : run.stop] == 10) + 1
            size = run.stop - run.start
            ends = found if len(found) and found[-1] == size else np.append(found, size)
            self._breaks = np.concatenate(([0], ends))
        line = np.searchsorted(self._breaks, starts, side="right").clip(
            max=len(self._breaks) - 1
        )  # one at the very end
        return np.stack((self._breaks[line - 1], self._breaks[line]), axis=1)

    def _one(self, place: int) -> tuple[int, int]:
        run = self._run
        start = self._hay.rfind(NEWLINE, run.start, place) + 1 if place > run.start else 0
        stop = self._hay.find(NEWLINE, place, run.stop) + 1
        return max(0, start - run.start), (stop or run.stop) - run.start
