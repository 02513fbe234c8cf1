"""Regexes: RE2 with types. The only module that touches `re2`.

RE2 matches in time linear in the text, so no pattern of a model can hang a run; what it cannot do in linear time
(look-around, back-references) it refuses.

    regex = CompiledRegex(r"(\\d+) ms", lines=False, captures=True)
    regex.match(UNANCHORED, b"in 25 ms", 0, 8)     [(3, 8), (3, 5)]: the whole match, then each group

The binding's own `Match` is called and not `finditer`, which costs 0.9 µs a match where this costs 0.5. Offsets are
bytes. Bytes outside [pos, end) are never matched, but `^`, `$` and `\\b` see them.
"""

from collections.abc import Callable
from typing import TypeAlias, cast

# It ships no stubs; this module gives it types.
import re2  # type: ignore[import-untyped]

from rlmlite_kernel.engines.bytes.buffers import Buffer

MatchSpans: TypeAlias = list[tuple[int, int]]
"""A match: [start, stop) of the whole and of each group; (-1, -1) is none."""

MatchFunction: TypeAlias = Callable[[object, Buffer, int, int], MatchSpans]
"""(UNANCHORED, text, pos, end) -> the leftmost match in [pos, end)."""

MAX_MEMORY = 8 << 20
"""Bytes that RE2 may use for one program and its tables. A larger program is refused."""


class PatternRefusedError(Exception):
    """RE2 refuses the pattern; the message is RE2's own."""


class CompiledRegex:
    """A compiled pattern: `match` runs it, `groups` counts its groups, `names` has the number and name of some."""

    def __init__(self, pattern: str, *, lines: bool, captures: bool) -> None:
        """With `lines`, nothing in the pattern matches a newline. Without `captures`, groups only group.

        Raises `PatternRefusedError`.
        """
        options = re2.Options()
        options.max_mem = MAX_MEMORY
        options.log_errors = False
        options.never_nl = lines
        options.never_capture = not captures
        try:
            compiled = re2.compile(pattern.encode(), options)
        except re2.error as error:
            raise PatternRefusedError(_message(error)) from None
        except UnicodeEncodeError:
            raise PatternRefusedError("the pattern holds a lone surrogate") from None
        self.groups = cast(int, compiled.groups)
        name_numbers = cast("dict[bytes, int]", compiled.groupindex)
        self.names = {index: name.decode() for name, index in name_numbers.items()}
        self.match = cast(MatchFunction, compiled._regexp.Match)


def quote(text: str) -> str:
    """A pattern that matches exactly this text."""
    return cast(str, re2.escape(text))


def _message(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)


UNANCHORED: object = re2._re2.RE2.Anchor.UNANCHORED
"""The first argument of a `MatchFunction`: the match may start anywhere."""
