"""Words between two values that are an action here: `.text starts with "ERR"`, `.name LIKE "%.py"`.

    where(rows, .text starts with "ERR")          where(rows, starts_with(.text, "ERR"))
    where(rows, .text does not end with ".py")    where(rows, not ends_with(.text, ".py"))
    where(rows, .name LIKE "%disk%")              where(rows, .name contains "disk")

The value before the words is what a call, a name, a field and what follows each of them make up; the value after them
likewise. A pattern of `LIKE` is read where its signs stand at its ends alone.
"""

import re
from typing import Final, NamedTuple

from rlmlite_grammar.diagnosis.scan import Lexeme, lexeme_at

_WORDS: Final = re.compile(
    r"(?P<no>(?:does[ \t]+not|doesn't|not)[ \t]+)?(?:(?P<end>start|begin|end)s?[ \t_]*with\b|(?P<like>like)\b)[ \t]*",
    re.IGNORECASE,
)
_LIKE: Final = re.compile(r"""(["'])(%?)((?:(?!\1)[^%_\\\n])*)(%?)\1""")
_QUOTED: Final = re.compile(
    "[\u201c\u201d\u201e][^\u201c\u201d\\n]*[\u201c\u201d]"
    "|[\u2018\u2019][^\u2018\u2019\\n]*[\u2018\u2019]"
    "|'''[^\\n]*?'''"
)
"""Texts in quotes that the grammar does not know, and that are spelled otherwise in their turn."""

_OPENERS: Final = "([{"
_LONGEST: Final = 2_000
"""Characters of the value after the words. A bound, since every bracket may begin one."""


class Infix(NamedTuple):
    """What is put before the first value, between the two, and after the second; where these stand, and the note."""

    before: str
    between: str
    after: str
    start: int
    stop: int
    end: int
    note: str


def find_infix(text: str, operand: int, start: int) -> Infix | None:
    """The words at `start` that follow the value which begins at `operand`, and what they are read as."""
    match = _WORDS.match(text, start)
    if match is None:
        return None
    end = _end_of_value(text, match.end())
    if end is None:
        return None
    no = "not " if match["no"] else ""
    written = f"x {' '.join(match[0].split())} y"
    if match["like"]:
        return _like(text, match, end, operand, no)
    action = "ends_with" if match["end"].lower() == "end" else "starts_with"
    note = f"`{written}` was read as `{no}{action}(x, y)`"
    return Infix(f"{no}{action}(", ", ", ")", operand, match.end(), end, note)


def _like(text: str, match: re.Match[str], end: int, operand: int, no: str) -> Infix | None:
    pattern = _LIKE.fullmatch(text, match.end(), end)
    if pattern is None or not pattern[3]:
        return None
    quote, first, words, last = pattern.groups()
    value = f"{quote}{words}{quote}"
    if bool(first) is bool(last):
        sign = ("not contains" if no else "contains") if first else ("!=" if no else "==")
        return Infix(
            "", f"{sign} {value}", "", operand, end, end, f"`x LIKE {pattern[0]}` was read as `x {sign} {value}`"
        )
    action = f"{no}ends_with" if first else f"{no}starts_with"
    note = f"`x LIKE {pattern[0]}` was read as `{action}(x, {value})`"
    return Infix(f"{action}(", f", {value})", "", operand, end, end, note)


def _end_of_value(text: str, start: int) -> int | None:
    """Where the value ends that begins at `start`: a text, a list, a name, a field and what follows it."""
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        return quoted.end()
    depth, place = 0, start
    before: Lexeme | None = None
    stop = min(len(text), start + _LONGEST)
    while place < stop:
        lexeme = lexeme_at(text, place, before is not None and before.ends_value)
        is_opener = lexeme.kind == "bracket" and lexeme.text in _OPENERS
        if not depth and not _goes_on(before, lexeme, is_opener):
            break
        if lexeme.kind == "bracket":
            depth += 1 if is_opener else -1
        before = lexeme
        place += len(lexeme.text)
    return place if not depth and before is not None and before.ends_value else None


def _goes_on(before: Lexeme | None, lexeme: Lexeme, is_opener: bool) -> bool:
    """Whether a lexeme that stands in no bracket is a part of the value that the one before it belongs to."""
    if before is None:
        return lexeme.kind in ("string", "word", "number", "regex") or is_opener or lexeme.text == "."
    if before.text == ".":
        return lexeme.kind == "word"
    if before.kind == "word" and lexeme.kind == "string":
        return len(before.text) == 1 and lexeme.start == before.start + 1  # b"a"
    return before.ends_value and (lexeme.text == "." or (is_opener and lexeme.text != "{" and before.kind != "string"))
