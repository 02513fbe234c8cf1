r"""One pattern of an ignore file as a regular expression: git's own matching (its `wildmatch`), without backtracking.

Git compares bytes, and so do the expressions here: paths and patterns are bytes, spelled as the characters of Latin-1.
A pattern matches a whole path or nothing of it; what lies below a matching folder is a matter of the walk.

    *.log           [^/]*\.log
    a/**/b          a/(?:.*/)?b         `**` between slashes stands for any folders, also for none
    a*b**c          a[^/]*b[^/]*c       anywhere else it is `*`
    [!0-9]          every character but the digits and the slash
    [[:digit:]]     the digits
    [a              matches nothing: the set has no end

Not here: which paths a line of a file is about (`rules`).
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

_SLASH: Final = ord("/")
_SETS: Final[Mapping[str, Callable[[str], bool]]] = {
    "alnum": str.isalnum,
    "alpha": str.isalpha,
    "blank": lambda char: char in " \t",
    "cntrl": lambda char: not char.isprintable(),
    "digit": str.isdigit,
    "graph": lambda char: char.isprintable() and char != " ",
    "lower": str.islower,
    "print": str.isprintable,
    "punct": lambda char: char.isprintable() and not char.isalnum() and char != " ",
    "space": lambda char: char in " \t\n\r",
    "upper": str.isupper,
    "xdigit": lambda char: char in "0123456789abcdefABCDEF",
}
"""The named sets of characters. They hold characters of ASCII only, as git has them."""


class BadPatternError(ValueError):
    """A pattern that matches nothing, in git as here. The message says what is wrong with it."""


def plain_length(pattern: str) -> int:
    """How many characters at the start of a pattern stand for themselves."""
    return next((place for place, char in enumerate(pattern) if char in "*?[\\"), len(pattern))


def expression(pattern: str) -> str:
    """The regular expression of a pattern, without anchors. Raises `BadPatternError`.

    Git compares the plain beginning first, and what follows as a pattern of its own: hence `a**/b` matches `ax/b`, as
    if its `**` stood at the beginning.
    """
    length = plain_length(pattern)
    return re.escape(pattern[:length]) + _Translation(pattern[length:]).text()


class _Translation:
    """A pattern on its way to an expression."""

    def __init__(self, pattern: str) -> None:
        self._pattern, self._place = pattern, 0

    def text(self) -> str:
        """The whole expression."""
        parts = []
        while self._place < len(self._pattern):
            parts.append(self._next_part())
        return "".join(parts)

    def _next_part(self) -> str:
        char = self._take()
        match char:
            case "?":
                return "[^/]"
            case "*":
                return self._stars()
            case "[":
                return self._set()
            case "\\":
                return re.escape(self._take())
        return re.escape(char)

    def _take(self) -> str:
        """The next character. Raises `BadPatternError` at the end, where it is asked for by a bracket or backslash."""
        if self._place == len(self._pattern):
            raise BadPatternError("it ends within a set of characters, or with a backslash")
        self._place += 1
        return self._pattern[self._place - 1]

    def _stars(self) -> str:
        """What one star, two or more stand for; the first one is taken."""
        start = self._place - 1
        while self._pattern.startswith("*", self._place):
            self._place += 1
        rest = self._pattern[self._place :]
        begins_part = start == 0 or self._pattern[start - 1] == "/"
        ends_part = rest == "" or rest.startswith(("/", "\\/"))
        if self._place - start == 1 or not (begins_part and ends_part):
            return "[^/]*"
        # `a/**/b` matches `a/b` as well: with the slash that follows, the stars may stand for nothing.
        if rest.startswith("/"):
            self._place += 1
            return "(?s:.*/)?"
        return "(?s:.*)"

    def _set(self) -> str:
        """A set of characters; its bracket is taken."""
        is_negated = self._pattern.startswith(("!", "^"), self._place)
        self._place += is_negated
        members = self._members()
        if is_negated:
            members = set(range(256)) - members
        members.discard(_SLASH)
        numbers = "".join(rf"\x{{{member:x}}}" for member in sorted(members))
        # RE2 refuses a set without members: one of all that is no byte matches nothing either.
        return f"[{numbers}]" if members else r"[^\x{0}-\x{ff}]"

    def _members(self) -> set[int]:
        """The characters of a set, by number, up to the bracket that ends it."""
        members: set[int] = set()
        # The character before, which a dash would make the low end of a range; none after a range or a named set.
        low = ""
        char = self._take()
        # A bracket that comes first is a member, and does not end the set.
        while True:
            after = self._pattern[self._place : self._place + 1]
            named = self._named() if char == "[" and after == ":" else None
            if named is not None:
                members |= named
                low = ""
            elif char == "-" and low and after not in ("", "]"):
                high = self._literal(self._take())
                members |= set(range(ord(low), ord(high) + 1))
                low = ""
            else:
                low = self._literal(char)
                members.add(ord(low))
            char = self._take()
            if char == "]":
                return members

    def _literal(self, char: str) -> str:
        return self._take() if char == "\\" else char

    def _named(self) -> set[int] | None:
        """The members of a named set, after its bracket; None if this is none, and the bracket stands for itself."""
        end = self._pattern.find("]", self._place + 1)
        if end < 0:
            raise BadPatternError("it ends within a set of characters")
        name = self._pattern[self._place + 1 : end - 1]
        if end - 1 <= self._place or self._pattern[end - 1] != ":":
            return None
        if name not in _SETS:
            raise BadPatternError(f"there is no set of characters `[:{name}:]`")
        self._place = end + 1
        return {number for number in range(128) if _SETS[name](chr(number))}
