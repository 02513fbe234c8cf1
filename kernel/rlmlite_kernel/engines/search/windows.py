"""Windows: the stretches of a text in which a match can lie, and by which a search is charged.

A search must end at the same byte on every machine, so it cannot be timed: it is charged for windows, and stops before
the first that it cannot pay for.

By lines, a window is a line with its newline, which no match touches, however long it is. A line that the work left
does not pay for ends the search. Only plain text may be looked for in a part of a long line: it needs nothing around
it, and what it costs grows with its bytes alone. (In runs from before the flag `WHOLE_LINES` every line of more than
64 KiB was cut into pieces of that size, and no match crossed a cut.)

By blocks, a window starts every 32 KiB and is 64 KiB long, both ends moved down to a code point. A match belongs to the
window in whose first half it starts. So every match of up to 32 KiB is found, and none is longer than 64 KiB:

    with windows of 8 and halves of 4, over 12 bytes
    [0, 8) owns starts 0..3, [4, 12) owns 4..7, [8, 12) owns 8..11
    a match [3, 8) is found in the first window; one of [3, 9) is not
"""

from collections.abc import Iterator
from enum import Enum

import msgspec

from rlmlite_kernel.engines.bytes.buffers import Buffer, Haystack, snap

WINDOW = 65_536
HALF = WINDOW // 2
NEWLINE = b"\n"

# Bytes per run: enough that the work per run in Python does not show, few enough to stay in the processor's cache.
_RUN = 1 << 19


class WindowRun(msgspec.Struct, frozen=True):
    """Whole windows by lines, one after the other: content[start:stop], newlines included.

    A long line, or a piece of it, is a run by itself: one window, or a part of one. `is_first_piece` marks one of each
    line that is cut although a match could cross the cut, to count these lines.
    """

    start: int
    stop: int
    is_piece: bool = False
    is_first_piece: bool = False


class LongLines(Enum):
    """What becomes of a line of more than 64 KiB."""

    WHOLE = "one run"
    PARTS = "runs of half a megabyte, for a search that finds what crosses from one into the next"
    CUT = "pieces of 64 KiB, each a text of its own"


def line_runs(content: Buffer, hay: Haystack, start: int, stop: int, long_lines: LongLines) -> Iterator[WindowRun]:
    """The windows by lines of content[start:stop], some 512 KiB at a time."""
    while start < stop:
        end = _end_of_whole_lines(hay, start, stop)
        if end > start:
            yield WindowRun(start, end)
            start = end
        elif long_lines is LongLines.CUT:
            for run in _pieces(content, hay, start, stop):
                yield run
                start = run.stop
        else:
            newline = hay.find(NEWLINE, start, stop)
            end = stop if newline < 0 else newline + 1
            step = end - start if long_lines is LongLines.WHOLE else _RUN
            for place in range(start, end, step):
                yield WindowRun(place, min(place + step, end), is_piece=True)
            start = end


def _end_of_whole_lines(hay: Haystack, start: int, stop: int) -> int:
    """Where a run of lines that need no cut ends: after some 512 KiB, at the first line too long, or at `stop`."""
    place = start
    while place - start < _RUN:
        # Nothing that is left can be too long.
        if stop - place <= WINDOW:
            return stop
        # The last newline that is near enough: all lines before it fit, so they need no look one by one.
        newline = hay.rfind(NEWLINE, place, place + WINDOW + 1)
        line_is_too_long = newline < 0
        if line_is_too_long:
            return place
        place = newline + 1
    return place


def _pieces(content: Buffer, hay: Haystack, start: int, stop: int) -> Iterator[WindowRun]:
    """The pieces of the line at `start`, which is longer than a window."""
    place = start
    while True:
        # One byte more than a window: a newline right after a full piece goes with it.
        newline = hay.find(NEWLINE, place, min(place + WINDOW + 1, stop))
        is_first_piece = place == start
        is_last_piece = newline >= 0 or stop - place <= WINDOW
        if is_last_piece:
            end = newline + 1 if newline >= 0 else stop
            yield WindowRun(place, end, is_piece=True, is_first_piece=is_first_piece)
            return
        cut = snap(content, place + WINDOW)
        yield WindowRun(place, cut, is_piece=True, is_first_piece=is_first_piece)
        place = cut


def last_window_end(hay: Haystack, start: int, stop: int) -> int:
    """The end of the last whole line in [start, stop), or `start` if there is none."""
    newline = hay.rfind(NEWLINE, start, stop) if stop > start else -1
    return max(start, newline + 1)


class BlockWindow(msgspec.Struct, frozen=True):
    """A window by blocks: content[start:stop]. Matches that start before `half` belong to it."""

    start: int
    half: int
    stop: int


def block_windows(content: Buffer, start: int, stop: int) -> Iterator[BlockWindow]:
    """The windows by blocks of content[start:stop]."""

    def snap_inside(offset: int) -> int:
        return stop if offset >= stop else max(start, snap(content, offset))

    for place in range(start, stop, HALF):
        yield BlockWindow(snap_inside(place), snap_inside(place + HALF), snap_inside(place + WINDOW))
