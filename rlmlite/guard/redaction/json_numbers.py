r"""Numbers of JSON: what stands in their place has quotes, so that the text stays JSON.

    {"card": 4111111111111111, "n": 2}         ->  {"card": "[card]", "n": 2}
    {\"card\": 4111111111111111}                 ->  {\"card\": \"[card]\"}      JSON in a text: quotes as it has them
    [5, 4111111111111111]                      ->  [5, "[card]"]
    "[5, 4111111111111111]"                    ->  "[5, \"[card]\"]"
    5,4111111111111111                         ->  5,[card]                     no JSON

The text is never parsed as a whole: it may be a piece of a file, or a line of a log that ends with an object.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from rlmlite.guard.redaction.spans import Span

_DIGITS: Final = re.compile(r"\d+(?:\.\d+)?(?:[eE][+\-]?\d+)?")
_REST: Final = re.compile(r"(?:\.\d+)?(?:[eE][+\-]?\d+)?")
_NAME_ENDS: Final = re.compile(r"\\*[\"']\Z")
_LONGEST_QUOTE: Final = 16  # characters, with the backslashes of texts within texts
_TOKEN: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"?|[\[\]]')
_SPACES: Final = re.compile(r"(?:[ \t\r\n]|\\+[nrt])*")  # also as a text within a text has them


class _Inner(NamedTuple):
    """What is known of a text within a text up to `stop`: whether it has had a list, and its quotes."""

    stop: int
    has_list: bool
    quote: str


class JsonNumbers:
    """Which spans of a text are numbers of JSON. Asked for spans from the left to the right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: Iterator[re.Match[str]] = _TOKEN.finditer(text)
        self._next: re.Match[str] | None = next(self._tokens, None)
        self._depth = 0  # of lists
        self._inner = _Inner(0, False, "")

    def whole(self, span: Span) -> tuple[Span, str]:
        """The whole number that a span is of, and the quotes that its place has to have; else the span, and none."""
        text = self._text
        if not _DIGITS.fullmatch(text, span.start, span.stop):
            return span, ""
        start = span.start - 1 if text[span.start - 1 : span.start] == "-" else span.start
        rest = _REST.match(text, span.stop)
        stop = span.stop if rest is None else rest.end()
        quote = self._quote(start, stop)
        return (Span(start, stop), quote) if quote else (span, "")

    def _quote(self, start: int, stop: int) -> str:
        before = self._before(start)
        after = self._text[stop : stop + 1]
        if self._text[before - 1 : before] == ":":
            name = self._before(before - 1)
            quote = _NAME_ENDS.search(self._text, max(0, name - _LONGEST_QUOTE), name)
            return "" if quote is None or after.isalnum() or after in ("_", ".", "-") else quote[0]
        if self._text[before - 1 : before] not in ("[", ","):
            return ""
        behind = _SPACES.match(self._text, stop)
        end = stop if behind is None else behind.end()
        return self._quote_in_list(start) if self._text[end : end + 1] in (",", "]") else ""

    def _before(self, place: int) -> int:
        """The place behind the last character before this one that is no space."""
        text = self._text
        while place:
            if text[place - 1] in " \t\r\n":
                place -= 1
            elif text[place - 1] in "nrt" and text[place - 2 : place - 1] == "\\":
                place -= 2
                while place and text[place - 1] == "\\":
                    place -= 1
            else:
                break
        return place

    def _quote_in_list(self, place: int) -> str:
        """The quotes of texts in the list that a place is in; none if it is in no list."""
        while self._next is not None and self._next.start() < place:
            if self._next.end() > place:
                return self._within(self._next.start() + 1, place)
            self._depth = max(0, self._depth + {"[": 1, "]": -1}.get(self._next[0], 0))
            self._next = next(self._tokens, None)
        return '"' if self._depth else ""

    def _within(self, begin: int, place: int) -> str:
        """The same in a text that begins there, and may be JSON itself: the quotes are those of the last text in it.

        Lists are not counted: a number between commas has quotes behind the first of them.
        """
        if begin > self._inner.stop:
            self._inner = _Inner(begin, False, '\\"')
        seen = self._text[self._inner.stop : place]
        end = seen.rfind('"') + 1
        quote = self._inner.quote if not end else seen[len(seen[: end - 1].rstrip("\\")) : end]
        self._inner = _Inner(place, self._inner.has_list or "[" in seen, quote)
        return quote if self._inner.has_list else ""
