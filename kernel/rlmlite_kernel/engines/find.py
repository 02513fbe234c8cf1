"""Search and count: `find` gives every match, `count` only how many; both stop where their work units end.

The result is the same whichever engine runs: matches are leftmost first and do not overlap, each inside one
window of `windows`, each window a text of its own (by lines) or a view of one text (by blocks).

The charge is computed, not measured: for each window its bytes x (matches in it + 1) x the matcher's weight,
but for plain text its bytes once. When it passes what is left, the search ends before the first window that
does not fit.
"""

from typing import TypeAlias

import msgspec
import numpy as np

from rlmlite_kernel.engines.buffers import (
    Buffer,
    Haystack,
    Ints,
    Octets,
    haystack,
    is_ascii,
    lower_ascii,
    octets,
    snap,
    vector,
)
from rlmlite_kernel.engines.literal import any_occurrences, occurrences
from rlmlite_kernel.engines.query import Matcher
from rlmlite_kernel.engines.regex import UNANCHORED
from rlmlite_kernel.engines.scan import Cursor, Ready, Table
from rlmlite_kernel.engines.windows import HALF, NEWLINE, Run, Window, block_windows, last_window_end, runs

Range: TypeAlias = tuple[Ints, Ints]
"""Starts and stops, one of each for every match."""

_BATCH = 4_096  # matches between two looks at what is left
_STEP = 32 * HALF  # bytes that a plain search by blocks takes at once
_DENSE = 64  # matches in a run from which every newline of it is looked up at once
_MANY = 1 << 62


class Found(msgspec.Struct, frozen=True, eq=False):
    """Every match that starts before `scanned_to`, as offsets of the content.

    `groups` has a range for each group, -1 where it took no part. `work` is what to charge. `out_of_work`
    says that the search ended early; `cut_windows` counts the lines longer than 64 KiB, which were searched
    in pieces.
    """

    starts: Ints
    stops: Ints
    groups: tuple[Range, ...]
    work: int
    scanned_to: int
    out_of_work: bool
    cut_windows: int


class Counted(msgspec.Struct, frozen=True):
    """How many matches start before `scanned_to`; the rest as in `Found`."""

    count: int
    work: int
    scanned_to: int
    out_of_work: bool
    cut_windows: int


def find(content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int, limit: int | None = None) -> Found:
    """The matches in content[start:stop], read as a text of its own; the first `limit` if that is given.

    `start` and `stop` are snapped to code points. With a limit that is reached, windows are charged for the
    matches kept.
    """
    search = _Search(content, matcher, start, stop, work_left)
    search.run(_MANY if limit is None else limit, keep=True)
    table = search.table()
    starts, stops = (np.ascontiguousarray(table[:, 0, side]) for side in (0, 1))
    groups = tuple((table[:, index, 0].copy(), table[:, index, 1].copy()) for index in range(1, table.shape[1]))
    return Found(starts, stops, groups, search.work, search.scanned_to, search.out_of_work, search.cut_windows)


def count(content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int) -> Counted:
    """How many matches `find` would give, at the same charge, without holding them."""
    search = _Search(content, matcher, start, stop, work_left)
    search.run(_MANY, keep=False)
    return Counted(search.count, search.work, search.scanned_to, search.out_of_work, search.cut_windows)


def occurs(content: bytes, matcher: Matcher) -> bool | None:
    """Whether there is a match in a short text of one line, without the making ready that `find` needs.

    None for any other text: ask `find`.
    """
    if len(content) > HALF or b"\n" in content:
        return None
    if matcher.needle is not None and not matcher.folded:
        return matcher.needle in content
    start, _ = matcher.counting.match(UNANCHORED, content, 0, len(content))[0]
    return start >= 0


class _Search:
    """One search: what it has spent, found and finished."""

    def __init__(self, content: Buffer, matcher: Matcher, start: int, stop: int, work_left: int) -> None:
        self.content, self.view, self.matcher = content, memoryview(content), matcher
        self.hay = haystack(content)
        self.data = octets(content)
        self.start, self.stop, self.work_left = snap(content, start), snap(content, stop), max(0, work_left)
        self.work = self.count = self.cut_windows = 0
        self.scanned_to = self.start
        self.out_of_work = False
        self.limit, self.keep, self.program = _MANY, True, matcher.program
        self._kept: list[Table] = []

    def run(self, limit: int, keep: bool) -> None:
        """Searches until the text, the limit or the work ends."""
        self.limit, self.keep = limit, keep
        self.program = self.matcher.program if keep else self.matcher.counting
        if limit <= 0:
            return
        if not self.matcher.multiline_text:
            self._by_lines()
        elif self.matcher.needle is None:
            self._regex_by_blocks()
        else:
            self._plain_by_blocks(self.matcher.needle)

    def table(self) -> Table:
        """Everything kept."""
        empty = np.zeros((0, 1 + self.matcher.groups, 2), np.int64)
        return np.concatenate([empty, *self._kept])

    @property
    def _left(self) -> int:
        return self.work_left - self.work

    @property
    def _full(self) -> bool:
        return self.count >= self.limit

    def _accept(self, table: Table | None, found: int, charge: int, scanned_to: int) -> None:
        self.count += found
        self.work += charge
        self.scanned_to = scanned_to
        if table is not None and self.keep and found:
            self._kept.append(table)

    def _by_lines(self) -> None:
        for run in runs(self.content, self.hay, self.start, self.stop):
            if self.matcher.needle is None:
                self._regex_run(run)
            else:
                self._plain_run(run, self.matcher.needle)
            self.cut_windows += run.first_piece and self.scanned_to > run.start
            if self.out_of_work or self._full:
                return

    def _plain_run(self, run: Run, needle: bytes) -> None:
        stop = run.stop
        if stop - run.start > self._left:
            stop = run.start if run.piece else last_window_end(self.hay, run.start, run.start + self._left)
        if not self.keep:
            self._accept(None, self._plain_count(needle, run.start, stop), stop - run.start, stop)
        else:
            self._keep_plain(self._plain_places(needle, run.start, stop), len(needle), run.start, stop)
        self.out_of_work = stop < run.stop and not self._full

    def _keep_plain(self, places: Ints, length: int, start: int, stop: int) -> None:
        """Takes what the limit has room for; charges to the end of the last line taken."""
        room = self.limit - self.count
        charged = scanned_to = stop
        if len(places) >= room:
            places = places[:room]
            scanned_to = int(places[-1]) + length
            line_end = self.hay.find(NEWLINE, scanned_to, stop)
            charged = stop if line_end < 0 else line_end + 1
        self._accept(_table(places, length), len(places), charged - start, scanned_to)

    def _plain_count(self, needle: bytes, start: int, stop: int) -> int:
        if not self.matcher.folded:
            return self.hay.count(needle, start, stop)
        block = self.view[start:stop]
        if self.matcher.ascii_only and not is_ascii(block):
            return len(self._regex_places(block))
        return haystack(lower_ascii(block)).count(needle, 0, len(block))

    def _plain_places(self, needle: bytes, start: int, stop: int) -> Ints:
        if not self.matcher.folded:
            return occurrences(self.hay, self.data, needle, start, stop)
        block = self.view[start:stop]
        if self.matcher.ascii_only and not is_ascii(block):
            return self._regex_places(block) + start
        small = lower_ascii(block)
        return occurrences(haystack(small), octets(small), needle, 0, len(small)) + start

    def _regex_places(self, block: memoryview) -> Ints:
        cursor = Cursor(self.program, block, len(block))
        parts = [vector([])]
        while not cursor.done:
            parts.append(cursor.take(_BATCH, _MANY)[:, 0, 0])
        return np.concatenate(parts)

    def _plain_by_blocks(self, needle: bytes) -> None:
        at = self.start
        free = self.start  # where the last match ended
        for offset in range(self.start, self.stop, _STEP):
            end = self._grid(offset + _STEP)
            if end - at > self._left:
                end = max(at, self._grid(self.start + (at + self._left - self.start) // HALF * HALF))
                self.out_of_work = True
            reach = min(end + len(needle) - 1, self.stop)
            places = occurrences(self.hay, self.data, needle, max(at, free), reach) if end > free else vector([])
            free = int(places[-1]) + len(needle) if len(places) else free
            room = self.limit - self.count
            if len(places) >= room:
                self._last_by_blocks(places[:room], len(needle), at)
                return
            self._accept(_table(places, len(needle)), len(places), end - at, end)
            at = end
            if self.out_of_work:
                return

    def _last_by_blocks(self, places: Ints, length: int, at: int) -> None:
        """Takes the matches that the limit has room for; charges to the end of the last one's half window."""
        self.out_of_work = False
        last = int(places[-1])
        charged = self._grid(self.start + (last - self.start) // HALF * HALF + HALF)
        self._accept(_table(places, length), len(places), charged - at, last + length)

    def _grid(self, offset: int) -> int:
        return self.stop if offset >= self.stop else max(self.start, snap(self.content, offset))

    def _regex_run(self, run: Run) -> None:
        """Searches a run; accepts it whole, or up to the limit, or the windows that fit what is left."""
        size = run.stop - run.start
        cursor = self._cursor(run)
        lines = _Lines(self.hay, self.data, run)
        weight = self.matcher.weight
        tables: list[Table] = []
        bounds: list[Table] = []
        found = charge = 0
        while True:
            table = cursor.take(min(_BATCH, self.limit - self.count - found), _MANY)
            tables.append(table)
            bounds.append(lines.around(table[:, 0, 0]))
            found += len(table)
            charge += int((bounds[-1][:, 1] - bounds[-1][:, 0]).sum()) * weight
            reached = size if cursor.done else int(bounds[-1][-1, 1])
            over = charge + reached * weight > self._left
            if cursor.done or over or self.count + found >= self.limit:
                break
        rows = np.concatenate(tables) if len(tables) > 1 else tables[0]
        if over:
            self._cut(run, rows, np.concatenate(bounds))
        else:
            last = run.stop if cursor.done else run.start + int(rows[-1, 0, 1])
            self._accept(_moved(rows, run.start), found, charge + reached * weight, last)

    def _cursor(self, run: Run) -> Cursor | Ready:
        """The matches of a run, from its start; its last newline is out of reach."""
        stop = run.stop - (self.content[run.stop - 1] == 10)
        if self.matcher.words:
            starts, stops = any_occurrences(self.hay, self.data, self.matcher.words, run.start, stop)
            return Ready(np.stack((starts, stops), axis=1).reshape(-1, 1, 2) - run.start)
        return Cursor(self.program, self.view[run.start : stop], stop - run.start)

    def _cut(self, run: Run, rows: Table, bounds: Table) -> None:
        """Accepts the largest prefix of the run's windows that fits, of which `bounds` holds those with a
        match.
        """
        weight, left = self.matcher.weight, self._left
        starts, stops = bounds[:, 0], bounds[:, 1]
        spent = (stops + np.cumsum(stops - starts)) * weight
        whole = np.append(stops[1:] != stops[:-1], True)[: len(stops)] & (spent <= left)
        taken = int(np.flatnonzero(whole)[-1]) + 1 if whole.any() else 0
        place, charge = (int(stops[taken - 1]), int(spent[taken - 1])) if taken else (0, 0)
        barrier = int(starts[taken]) if taken < len(starts) else run.stop - run.start
        bound = min(barrier, place + (left - charge) // weight)
        end = run.start if run.piece else last_window_end(self.hay, run.start + place, run.start + bound)
        charge += (end - run.start - place) * weight
        self._accept(_moved(rows[:taken], run.start), taken, charge, end)
        self.out_of_work = True

    def _regex_by_blocks(self) -> None:
        cursor = Cursor(self.program, self.view[self.start : self.stop], 0)
        for window in block_windows(self.content, self.start, self.stop):
            self._regex_window(cursor, window)
            if self.out_of_work or self._full:
                return

    def _regex_window(self, cursor: Cursor, window: Window) -> None:
        final = window.half == self.stop
        before = window.half - self.start + final  # an empty match may stand at the very end
        cursor.into(window.start - self.start, window.stop - self.start)
        price = (window.stop - window.start) * self.matcher.weight
        tables: list[Table] = []
        found = 0
        while cursor.place < before and not cursor.done:
            tables.append(cursor.take(min(_BATCH, self.limit - self.count - found), before))
            found += len(tables[-1])
            if price * (found + 1) > self._left or self.count + found >= self.limit:
                break
        if price * (found + 1) > self._left:
            self.out_of_work = True
            return
        rows = np.concatenate(tables) if tables else None
        kept = None if rows is None else _moved(rows, self.start)
        full = rows is not None and self.count + found >= self.limit
        scanned_to = self.start + int(rows[-1, 0, 1]) if full and rows is not None else window.half
        self._accept(kept, found, price * (found + 1), scanned_to)


class _Lines:
    """The windows of a run, by the matches in them: [start, stop) from the start of the run, newline
    included.
    """

    def __init__(self, hay: Haystack, data: Octets, run: Run) -> None:
        self._hay, self._data, self._run = hay, data, run
        self._breaks: Ints | None = None

    def around(self, starts: Ints) -> Table:
        """The window of each match, as [match, start or stop]."""
        run = self._run
        if run.piece:
            return np.tile(vector([0, run.stop - run.start]), (len(starts), 1))
        if len(starts) < _DENSE:
            return vector([self._one(run.start + int(start)) for start in starts]).reshape(-1, 2)
        if self._breaks is None:
            found = np.flatnonzero(self._data[run.start : run.stop] == 10) + 1
            size = run.stop - run.start
            ends = found if len(found) and found[-1] == size else np.append(found, size)
            self._breaks = np.concatenate(([0], ends))
        line = np.searchsorted(self._breaks, starts, side="right")
        return np.stack((self._breaks[line - 1], self._breaks[line]), axis=1)

    def _one(self, place: int) -> tuple[int, int]:
        run = self._run
        start = self._hay.rfind(NEWLINE, run.start, place) + 1 if place > run.start else 0
        stop = self._hay.find(NEWLINE, place, run.stop) + 1
        return max(0, start - run.start), (stop or run.stop) - run.start


def _table(places: Ints, length: int) -> Table:
    return np.stack((places, places + length), axis=1).reshape(-1, 1, 2)


def _moved(rows: Table, shift: int) -> Table:
    """Offsets of the run as offsets of the content; -1 stays."""
    return np.where(rows < 0, rows, rows + shift)
