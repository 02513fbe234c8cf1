"""Globs: patterns of file paths, as regexes, so that they match in linear time.

`*` is any characters but `/`, `?` one of them, `[abc]` one of these (`[!abc]` none of these), `{a,b}` either, and `**`
as a whole part of a path any number of folders, including none. A glob without `/` is matched with the file's name, any
other with the whole path. Case matters. A backslash takes the next character as it is.

    *.py            \\A(?:.*/)?[^/]*\\.py\\z       the file's name, in any folder
    src/**/t?.md    \\Asrc\\/(?:.*/)?t[^/]\\.md\\z

Python's `fnmatch` is no help: its `*` crosses `/`, and its patterns are for `re`, which can take exponential time.
"""

from rlmlite_kernel.engines.query.query import Query, QueryError, regex
from rlmlite_kernel.engines.query.regex import quote


def glob_query(glob: str) -> Query:
    """The query that matches a path as the glob does. Raises `QueryError`."""
    if not glob:
        raise QueryError('the glob is empty; "**" matches every path')
    parts = _GlobReader(glob).read()
    any_folder = "" if "/" in glob else "(?:.*/)?"
    return regex(rf"\A{any_folder}" + "".join(parts) + r"\z", "s")


class _GlobReader:
    """One pass over a glob, token by token."""

    def __init__(self, glob: str) -> None:
        self._glob, self._place = glob, 0
        self._open_braces = 0

    def read(self) -> list[str]:
        """The regex for each token."""
        parts: list[str] = []
        while self._place < len(self._glob):
            parts.append(self._read_token())
        if self._open_braces:
            raise QueryError(f"`{{` is not closed in the glob {self._glob!r}")
        return parts

    def _read_token(self) -> str:
        char = self._glob[self._place]
        if char == "*":
            return self._read_stars()
        if char == "[":
            return self._read_class()
        self._place += 1
        if char == "?":
            return "[^/]"
        if char == "{":
            self._open_braces += 1
            return "(?:"
        # Outside of braces a comma and a closing brace are characters.
        if char in ",}" and self._open_braces:
            self._open_braces -= char == "}"
            return "|" if char == "," else ")"
        if char == "\\" and self._place < len(self._glob):
            char = self._glob[self._place]
            self._place += 1
        return quote(char)

    def _read_stars(self) -> str:
        start = self._place
        while self._glob[self._place : self._place + 1] == "*":
            self._place += 1
        stars = self._place - start
        before, after = self._glob[:start], self._glob[self._place :]
        starts_a_part = not before or before.endswith("/")
        ends_a_part = not after or after.startswith("/")
        is_folder_wildcard = stars >= 2 and starts_a_part and ends_a_part
        if not is_folder_wildcard:
            # In `a**b` two stars mean no more than one.
            return "[^/]*"
        if not after:
            return ".*"
        # The slash after it belongs to the folders, as there may be none.
        self._place += 1
        return "(?:.*/)?"

    def _read_class(self) -> str:
        # From the second member on, as `]` in first place is a character.
        stop = self._glob.find("]", self._place + 2)
        if stop < 0:
            raise QueryError(f"`[` is not closed in the glob {self._glob!r}; write `\\[` for the character")
        inner = self._glob[self._place + 1 : stop]
        self._place = stop + 1
        # `!` is the glob's own sign, `^` that of some shells.
        negated = inner[0] in "!^"
        members = inner[negated:]
        if not members:
            raise QueryError(f"a class of the glob {self._glob!r} is empty")
        # Ranges such as a-z mean the same in both languages; only what RE2 reads otherwise is escaped.
        for special in ("\\", "[", "^", "]"):
            members = members.replace(special, f"\\{special}")
        # Even a class of all but some characters takes no slash.
        return f"[^/{members}]" if negated else f"[{members}]"
