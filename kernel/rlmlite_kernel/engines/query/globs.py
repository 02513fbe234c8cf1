"""File globs as regexes, so that they are matched in linear time.

`*` is any characters but `/`, `?` one of them, `[abc]` one of these (`[!abc]` none of these), `{a,b}` either, and `**`
as a whole part of the path any number of folders, none included. A glob without `/` is matched with the name of the
file, any other with the whole path. Capitals count. A backslash takes the next character as it is.
"""

from rlmlite_kernel.engines.query.query import Query, QueryError, regex
from rlmlite_kernel.engines.query.regex import quote


def glob_query(glob: str) -> Query:
    """The query that matches a path as the glob does. Raises QueryError."""
    if not glob:
        raise QueryError('the glob is empty; "**" is every path')
    parts = _Glob(glob).parts()
    head = r"\A" if "/" in glob else r"\A(?:.*/)?"
    return regex(head + "".join(parts) + r"\z", "s")


class _Glob:
    """One pass over a glob."""

    def __init__(self, glob: str) -> None:
        self._glob, self._place = glob, 0
        self._open = 0  # braces

    def parts(self) -> list[str]:
        """The regex, piece by piece."""
        found: list[str] = []
        while self._place < len(self._glob):
            found.append(self._next())
        if self._open:
            raise QueryError(f"`{{` is not closed in the glob {self._glob!r}")
        return found

    def _next(self) -> str:
        char = self._glob[self._place]
        if char == "*":
            return self._stars()
        if char == "[":
            return self._class()
        self._place += 1
        if char == "?":
            return "[^/]"
        if char == "{":
            self._open += 1
            return "(?:"
        if char in ",}" and self._open:
            self._open -= char == "}"
            return "|" if char == "," else ")"
        if char == "\\" and self._place < len(self._glob):
            char = self._glob[self._place]
            self._place += 1
        return quote(char)

    def _stars(self) -> str:
        start = self._place
        while self._glob[self._place : self._place + 1] == "*":
            self._place += 1
        before, after = self._glob[:start], self._glob[self._place :]
        if self._place - start < 2 or (before and not before.endswith("/")) or (after and not after.startswith("/")):
            return "[^/]*"
        if not after:
            return ".*"
        self._place += 1
        return "(?:.*/)?"

    def _class(self) -> str:
        stop = self._glob.find("]", self._place + 2)
        if stop < 0:
            raise QueryError(f"`[` is not closed in the glob {self._glob!r}; write `\\[` for the character")
        inner = self._glob[self._place + 1 : stop]
        self._place = stop + 1
        negated = inner[0] in "!^"
        chars = inner[negated:].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^").replace("]", "\\]")
        if not chars:
            raise QueryError(f"a class of the glob {self._glob!r} is empty")
        return f"[^/{chars}]" if negated else f"[{chars}]"
