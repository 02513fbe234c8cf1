r"""Patterns over texts in linear time, whatever the text: RE2 as the kernel has it, with places in characters.

    Pattern(r"(?i)bearer (\w+)").find("ü: Bearer abc")   ->   [Span(3, 13), Span(10, 13)]

RE2 counts in bytes of UTF-8. In a text without other characters than ASCII these are the same; else what lies between
two matches is decoded once to count it.
"""

from collections.abc import Iterator

from rlmlite.guard.redaction.spans import Span
from rlmlite_kernel.engines.query.regex import UNANCHORED, CompiledRegex

NOT_THERE = Span(-1, -1)
"""The span of a group that took no part in a match."""


class Pattern:
    """A pattern in the syntax of RE2."""

    def __init__(self, pattern: str) -> None:
        self._regex = CompiledRegex(pattern, lines=False, captures=True)

    def find(self, text: str) -> Iterator[list[Span]]:
        """Every match from the left, none overlapping: the whole, then each group."""
        data = text.encode()
        place = _ascii_span if len(data) == len(text) else _Counter(data).span
        start = 0
        while start <= len(data):
            match = self._regex.match(UNANCHORED, data, start, len(data))
            if not match or match[0] == NOT_THERE:
                return
            yield [place(begin, end) for begin, end in match]
            # Past an empty match by one byte: it says nothing, and would be found again for ever.
            start = max(match[0][1], match[0][0] + 1)

    def search(self, text: str) -> bool:
        """Whether it matches anywhere."""
        return next(self.find(text), None) is not None


def _ascii_span(start: int, stop: int) -> Span:
    return Span(start, stop)


class _Counter:
    """Counts characters of UTF-8 up to places that only grow from match to match."""

    def __init__(self, data: bytes) -> None:
        self._data, self._bytes, self._characters = data, 0, 0

    def span(self, start: int, stop: int) -> Span:
        """The span in characters. Within one match the whole comes first, so its start is the least place."""
        if start < 0:
            return NOT_THERE
        begin = self._count(start)
        return Span(begin, begin + len(self._data[start:stop].decode()))

    def _count(self, place: int) -> int:
        if place >= self._bytes:
            self._characters += len(self._data[self._bytes : place].decode())
            self._bytes = place
            return self._characters
        return self._characters - len(self._data[place : self._bytes].decode())
