"""Conditional values of Python, spelled as `pick`: `x = 1 if n > 2 else 0` is `x = pick(n > 2, 1, 0)`.

    x = a if c else b                 x = pick(c, a, b)
    f(a if c else b if d else e)      f(pick(c, a, pick(d, b, e)))

The value before `if` begins after the sign, comma or bracket before it; the one after `else` ends at the next comma,
closing bracket, or end of the line. Both are computed, which matters only where they call a model: the note says so.
"""

import re
from typing import Final, NamedTuple

from rlmlite_grammar.diagnosis.scan import Lexeme, lexeme_at

_IF: Final = re.compile(r"if\b[ \t]*")
_LONGEST: Final = 2_000
"""Characters of a condition and its value. A bound, since every `if` may begin one."""


class Ternary(NamedTuple):
    """The condition, where the value after `else` begins, and where it ends."""

    condition: str
    other: int
    end: int


def find_ternary(text: str, start: int, *, is_inside: bool) -> Ternary | None:
    """The rest of a conditional value whose `if` stands at `start`; `is_inside`: a bracket is open there."""
    match = _IF.match(text, start)
    if match is None:
        return None
    depth, other, place = 0, 0, match.end()
    condition_stop = 0
    before: Lexeme | None = None
    while place < min(len(text), start + _LONGEST):
        lexeme = lexeme_at(text, place, before is not None and before.ends_value)
        if not depth and _ends(lexeme, is_inside):
            break
        if lexeme.kind == "bracket":
            depth += 1 if lexeme.text in "([{" else -1
        if lexeme.text == "else" and lexeme.kind == "word" and not depth and not other:
            condition_stop, other = place, place + len(lexeme.text)
        if lexeme.kind != "skip":
            before = lexeme
        place += len(lexeme.text)
    condition = text[match.end() : condition_stop].strip()
    is_whole = other and condition and text[other:place].strip()
    return Ternary(condition, other, place) if is_whole else None


def _ends(lexeme: Lexeme, is_inside: bool) -> bool:
    """Whether a value ends before a lexeme that stands in none of its brackets."""
    if lexeme.kind == "skip":
        return "#" in lexeme.text or ("\n" in lexeme.text and not is_inside)
    return lexeme.text in (",", ";", ")", "]", "}")
