"""A regex over one text, match by match: leftmost first, without overlap, and what happens at an empty match.

RE2's binding finds one match from a place on, so the loop over matches is ours. An empty match is reported unless the
match before it ended there, or it is inside a code point (RE2 looks at bytes). After it the search goes on at the next
code point, since from the same place it would be found again.

    a* in "baa\\u00e9"    (0, 0), (1, 3), (5, 5); not (3, 3), where the match before ended
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import Buffer
from rlmlite_kernel.engines.query.regex import UNANCHORED, CompiledRegex

MatchArray: TypeAlias = npt.NDArray[np.int64]
"""Matches as [match, whole or group, start or stop]; -1 where a group took no part."""


class RegexCursor:
    """A search of `text`: the next match is looked for in [place, end)."""

    def __init__(self, regex: CompiledRegex, text: Buffer, end: int) -> None:
        self.regex, self.text, self.end = regex, text, end
        self.place = 0
        self.is_done = False
        self._previous_stop = -1

    def move_to(self, place: int, end: int) -> None:
        """Go on, not before `place`, in a window that ends at `end`."""
        self.place, self.end, self.is_done = max(self.place, place), end, False

    def next_matches(self, room: int, start_before: int) -> MatchArray:
        """The next matches that start before an offset, at most `room`. Sets `is_done` when there are no more."""
        # Locals only: the loop runs once per match, and attribute look-ups in it would show.
        match, text, end = self.regex.match, self.text, self.end
        place, previous_stop = self.place, self._previous_stop
        flat: list[tuple[int, int]] = []
        width = 1 + self.regex.groups
        room *= width
        while len(flat) < room:
            # After an empty match at the very end, `place` is one beyond it.
            spans = match(UNANCHORED, text, place, end) if place <= end else _NO_MATCH
            start, stop = spans[0]
            # A match that starts too late is left where it is: `place` stays before it, and it is found again.
            if not 0 <= start < start_before:
                self.is_done = True
                break
            if start < stop:
                place = stop
            else:
                # An empty match. The place moves on in any case, or the loop would never end.
                place = _next_code_point(text, start)
                is_inside_code_point = start < len(text) and text[start] & 0xC0 == 0x80
                if start == previous_stop or is_inside_code_point:
                    continue
            previous_stop = stop
            flat += spans
        self.place, self._previous_stop = place, previous_stop
        return np.array(flat, np.int64).reshape(-1, width, 2)


_NO_MATCH = [(-1, -1)]


def _next_code_point(text: Buffer, place: int) -> int:
    place += 1
    while place < len(text) and text[place] & 0xC0 == 0x80:
        place += 1
    return place
