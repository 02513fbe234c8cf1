"""The windows of a text: what one match can lie in, and what search is charged for.

By lines: a window is a line. A line longer than 64 KiB is cut into pieces of 64 KiB, each moved down to a
code point. The newline is charged with its window but no match touches it.

By blocks: a window starts every 32 KiB and is 64 KiB long, both moved down to a code point. A match belongs
to the window in whose first half it starts, so every match of up to 32 KiB is found and none is longer than
64 KiB.
"""

from collections.abc import Iterator

import msgspec

from rlmlite_kernel.engines.bytes.buffers import Buffer, Haystack, snap

WINDOW = 65_536
HALF = WINDOW // 2
_RUN = 1 << 19
NEWLINE = b"\n"


class WindowRun(msgspec.Struct, frozen=True):
    """Whole windows one after the other: content[start:stop], newlines included. A piece of a cut line is
    alone.
    """

    start: int
    stop: int
    piece: bool = False
    first_piece: bool = False


def line_runs(content: Buffer, hay: Haystack, start: int, stop: int) -> Iterator[WindowRun]:
    """The windows by lines of content[start:stop], some 512 KiB at a time."""
    while start < stop:
        end = _whole_lines(hay, start, stop)
        if end > start:
            yield WindowRun(start, end)
            start = end
        else:
            for run in _pieces(content, hay, start, stop):
                yield run
                start = run.stop


def _whole_lines(hay: Haystack, start: int, stop: int) -> int:
    """Where the lines that need no cut end: at most 512 KiB ahead, at the first line that is too long, or at
    the stop.
    """
    place = start
    while place - start < _RUN:
        if stop - place <= WINDOW:
            return stop
        found = hay.rfind(NEWLINE, place, place + WINDOW + 1)
        if found < 0:
            return place
        place = found + 1
    return place


def _pieces(content: Buffer, hay: Haystack, start: int, stop: int) -> Iterator[WindowRun]:
    """The pieces of the line at `start`, which is longer than a window."""
    place = start
    while True:
        found = hay.find(NEWLINE, place, min(place + WINDOW + 1, stop))
        if found >= 0 or stop - place <= WINDOW:
            yield WindowRun(place, found + 1 if found >= 0 else stop, True, place == start)
            return
        cut = snap(content, place + WINDOW)
        yield WindowRun(place, cut, True, place == start)
        place = cut


def last_window_end(hay: Haystack, start: int, stop: int) -> int:
    """The end of the last whole line in [start, stop), or `start`."""
    found = hay.rfind(NEWLINE, start, stop) if stop > start else -1
    return max(start, found + 1)


class BlockWindow(msgspec.Struct, frozen=True):
    """A window by blocks: content[start:stop]; matches that start below `half` are its own."""

    start: int
    half: int
    stop: int


def block_windows(content: Buffer, start: int, stop: int) -> Iterator[BlockWindow]:
    """The windows by blocks of content[start:stop]."""

    def at(offset: int) -> int:
        return stop if offset >= stop else max(start, snap(content, offset))

    for place in range(start, stop, HALF):
        yield BlockWindow(at(place), at(place + HALF), at(place + WINDOW))
