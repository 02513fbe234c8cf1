"""A regex over one text, match by match: leftmost first, none overlapping, and the rule for empty matches.

An empty match is reported unless it is where the match before it ended, or inside a code point.
After it the search goes on at the next code point.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import Buffer
from rlmlite_kernel.engines.query.regex import UNANCHORED, CompiledRegex

MatchArray: TypeAlias = npt.NDArray[np.int64]
"""Matches as [match, whole or group, start or stop]; -1 where a group took no part."""


class RegexCursor:
    """Where a search of `text` stands: the next match is looked for in [place, end)."""

    def __init__(self, program: CompiledRegex, text: Buffer, end: int) -> None:
        self.program, self.text, self.end = program, text, end
        self.place = 0
        self.done = False
        self._previous = -1  # where the last match ended

    def into(self, place: int, end: int) -> None:
        """Goes on, not before `place`, in a window that ends at `end`."""
        self.place, self.end, self.done = max(self.place, place), end, False

    def take(self, room: int, before: int) -> MatchArray:
        """The next matches that start before `before`, at most `room`. Sets `done` when there are no more."""
        match, text, end, place, previous = (
            self.program.match,
            self.text,
            self.end,
            self.place,
            self._previous,
        )
        flat: list[tuple[int, int]] = []
        width = 1 + self.program.groups
        room *= width
        while len(flat) < room:
            spans = match(UNANCHORED, text, place, end) if place <= end else _NONE
            start, stop = spans[0]
            if not 0 <= start < before:
                self.done = True
                break
            if start < stop:
                place = stop
            else:
                place = _next_code_point(text, start)
                if start == previous or (start < len(text) and text[start] & 0xC0 == 0x80):
                    continue
            previous = stop
            flat += spans
        self.place, self._previous = place, previous
        return np.array(flat, np.int64).reshape(-1, width, 2)


_NONE = [(-1, -1)]


def _next_code_point(text: Buffer, place: int) -> int:
    place += 1
    while place < len(text) and text[place] & 0xC0 == 0x80:
        place += 1
    return place
