"""Forms of lines, spelled for a regex engine that is handed each line as a text of its own.

Arrow has the same regexes as the kernel, RE2's, but two things are different there. A group that nobody asks for must
not be one, since each costs time; and RE2 is not told that no part of a pattern matches a newline. Lines lie end to end
in a content, with a newline after each. So either no part of the pattern can match that newline, or the lines are
copied without it. A `^` becomes `\\A`, as RE2 is several times faster where it need not look for other lines.

    spell_for_groups(r"^(\\w+) (\\d+)\\s*$", (2,))
    pattern            \\A(?:\\w+) (?P<g2>\\d+)[\\t\\f\\r ]*(?m:$)
    spares_newlines    True: `\\s` lost its newline, and the pattern matches no empty text after the last one
"""

import re

import msgspec

from rlmlite_kernel.engines.query.pattern import outline
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.query.regex import UNANCHORED

_WITHOUT_NEWLINE = {r"\s": r"[\t\f\r ]", r"\W": r"[^\n0-9A-Za-z_]", r"\D": r"[^\n0-9]"}
"""Escapes that match a newline, as they are spelled for lines."""

_ENDS = {"^": r"\A", "$": "(?m:$)", r"\z": "(?m:$)"}
"""The ends of a line, where a line is a text whose newline may still be there."""

_PLAIN_CLASS = re.compile(r"\[(?:[ -,./-Z^-~-]|\\[wdS]|\\[^A-Za-z0-9\s]|\\s(?!-)|\\t(?!-))*\]")
"""A class of printable characters: none of its ranges can hold a newline, but for `\\s`."""

_UNICODE = re.compile(r"\\[pP]|\[:")
"""What depends on the tables of Unicode of a version of RE2, and named classes, which are seldom."""


class SpelledForm(msgspec.Struct, frozen=True):
    """A pattern whose group number n is called `g<n>`. `spares_newlines`: it may be run over lines with their ends."""

    pattern: str
    spares_newlines: bool


def spell_for_groups(matcher: Matcher, groups: tuple[int, ...]) -> SpelledForm | None:
    """A form with these groups alone (from 1); None for one that only the kernel's own engine may run."""
    query = matcher.query
    if query.kind != "regex" or matcher.reads_blocks or _UNICODE.search(query.text):
        return None
    if "i" in query.flags + query.text and not query.text.isascii():
        return None
    parts: list[str] = []
    spares_newlines = matcher.regex_without_groups.match(UNANCHORED, b"", 0, 0)[0][0] < 0
    number = 0
    for part in outline(query.text).parts:
        if part == "(" or part.startswith("(?P<"):
            number += 1
            parts.append(f"(?P<g{number}>" if number in groups else "(?:")
        elif part.startswith("["):
            spelled = _spell_class(part)
            spares_newlines = spares_newlines and spelled is not None
            parts.append(part if spelled is None else spelled)
        else:
            parts.append(_ENDS.get(part) or _WITHOUT_NEWLINE.get(part, part))
    return SpelledForm(("(?i)" if "i" in query.flags else "") + "".join(parts), spares_newlines)


def _spell_class(part: str) -> str | None:
    """A class that does not match a newline; None if that cannot be said."""
    if part.startswith("[^"):
        return "[^\\n" + part[2:]
    if not _PLAIN_CLASS.fullmatch(part):
        return None
    return part.replace(r"\s", r"\t\f\r ")


class _OpenGroup:
    """A group that is not closed yet: its number (0 for one without), and what is known of the groups in it."""

    def __init__(self, number: int) -> None:
        self.number, self.inside, self.has_alternatives = number, set[int](), False

    def certain(self) -> set[int]:
        """The groups that are there whenever it is."""
        mine = {self.number} if self.number else set()
        return mine if self.has_alternatives else mine | self.inside


def certain_groups(matcher: Matcher) -> frozenset[int]:
    """The groups (from 1) that are there in every match: in no alternative, and in nothing that may be left out.

    (a)(b)?(c|(d))      {1, 3}
    """
    parts = outline(matcher.query.text).parts if matcher.query.kind == "regex" else ()
    open_groups, number = [_OpenGroup(0)], 0
    for part, after in zip(parts, (*parts[1:], ""), strict=True):
        if part == "|":
            open_groups[-1].has_alternatives = True
        elif part.startswith("(") and not part.endswith(")"):
            is_numbered = part == "(" or part.startswith("(?P<")
            number += is_numbered
            open_groups.append(_OpenGroup(number if is_numbered else 0))
        elif part == ")" and len(open_groups) > 1:
            closed = open_groups.pop()
            if not after.startswith(("?", "*", "{0")):
                open_groups[-1].inside |= closed.certain()
    return frozenset(open_groups[0].certain())
