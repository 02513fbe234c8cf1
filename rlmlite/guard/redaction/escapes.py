r"""What a text says behind its escapes: most of what is redacted comes as JSON, or as JSON within a text of JSON.

    "to:\nann@example.org"            as written, the letter `n` of the escape would be part of the address
    to: (end of line) ann@example.org as it is read; what is found here is put in its place above: "to:\n[mail]"

So detectors look at a text as it is written and as it is read, level by level. What they find never begins or ends
within an escape, so a text of JSON stays one. In a text that is none, such as a path with backslashes, a letter that
only looks like an escape may stay beside what is replaced.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from rlmlite.guard.redaction.spans import Span

_ESCAPE: Final = re.compile(
    r'\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|["\\/bfnrt])'
)
_CHARACTERS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

LEVELS: Final = 4
"""How often a text of JSON may be in another. Each level doubles the backslashes of the next, and nobody goes on."""

_NOTHING: Final = Span(0, 0)

Finder: TypeAlias = Callable[[str], Iterable[tuple[Span, str]]]
"""Finds in a text what must not pass, each with the word in its place."""


def find_behind_escapes(text: str, find: Finder) -> Iterator[tuple[Span, str]]:
    """What `find` finds in a text as it is written, and as it is read."""
    readings: list[_Reading] = []
    written = text
    while len(readings) < LEVELS and (escapes := list(_ESCAPE.finditer(written)) if "\\" in written else []):
        readings.append(_Reading(written, escapes))
        written = readings[-1].text
    for level, each in enumerate([text, *(reading.text for reading in readings)]):
        for place, word in find(each):
            span = place
            for reading in readings[level:]:
                span = reading.read(span)
            for reading in reversed(readings):
                span = reading.written(span)
            yield span, word


class _Reading:
    """A text with one character in place of each escape, and where these were."""

    def __init__(self, text: str, escapes: list[re.Match[str]]) -> None:
        self._starts = [escape.start() for escape in escapes]
        self._stops = [escape.end() for escape in escapes]
        self._places: list[int] = []  # of the characters of the escapes, in what is read
        parts: list[str] = []
        size = stop = 0
        for escape in escapes:
            before = text[stop : escape.start()]
            size += len(before)
            self._places.append(size)
            parts += before, _character(escape[0])
            size += 1
            stop = escape.end()
        self.text = "".join(parts) + text[stop:]

    def read(self, span: Span) -> Span:
        """What of a span of the text as written is read, without the part of an escape that it begins or ends with."""
        start, stop = span
        first = bisect_right(self._starts, start - 1) - 1
        if first >= 0 and start < self._stops[first]:
            start = self._stops[first]
        last = bisect_right(self._starts, stop - 1) - 1
        if last >= 0 and stop < self._stops[last]:
            stop = self._starts[last]
        return Span(self._place(start), self._place(stop)) if start < stop else _NOTHING

    def _place(self, place: int) -> int:
        """The place in what is read of a place in the text that is in no escape."""
        last = bisect_right(self._starts, place - 1) - 1
        return place if last < 0 else self._places[last] + 1 + place - self._stops[last]

    def written(self, span: Span) -> Span:
        """Where a span of what is read was written."""
        if span.stop <= span.start:
            return _NOTHING
        return Span(self._of_character(span.start).start, self._of_character(span.stop - 1).stop)

    def _of_character(self, place: int) -> Span:
        last = bisect_right(self._places, place) - 1
        if last < 0:
            return Span(place, place + 1)
        if self._places[last] == place:
            return Span(self._starts[last], self._stops[last])
        start = self._stops[last] + place - self._places[last] - 1
        return Span(start, start + 1)


def _character(escape: str) -> str:
    """What an escape stands for; half of a pair stands for nothing that UTF-8 could hold."""
    if escape[1] != "u":
        return _CHARACTERS.get(escape[1], escape[1])
    units = bytes.fromhex(escape[2:].replace("\\u", ""))
    return units.decode("utf-16-be", errors="replace")
