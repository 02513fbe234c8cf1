"""Comprehensions of Python, spelled as the actions that do the same.

    [r.n for r in rows if r.ok]          map(where(rows, r => r.ok), r => r.n)
    {r.key: r.n for r in rows}           to_object(rows, r => r.key, r => r.n)
    sum(r.n for r in rows)               sum(map(rows, r => r.n))
    sum(1 for r in rows if r.ok)         count(where(rows, r => r.ok))        as counting is written

Those with one name and one loop only; of others the message says that there are no loops.
"""

import re
from typing import Final, NamedTuple

from rlmlite_grammar.diagnosis.scan import Lexeme, lexeme_at

_CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
_LONGEST: Final = 2_000
"""Characters of a comprehension. A bound, since every bracket may begin one."""


class Comprehension(NamedTuple):
    """What a comprehension is spelled as, where it ends, and the note."""

    text: str
    stop: int
    note: str


class _Parts(NamedTuple):
    """The texts between the words of a comprehension: `head for name in rows if condition`."""

    head: str
    name: str
    rows: str
    condition: str


def find_comprehension(text: str, start: int, *, is_call: bool) -> Comprehension | None:
    """The comprehension that begins with the bracket at `start`; `is_call`: the bracket is that of a call."""
    bracket = text[start]
    if (bracket == "[" and is_call) or (bracket == "(" and not is_call):
        return None
    lexemes = _inside(text, start)
    if lexemes is None:
        return None
    inside, stop = lexemes
    parts = _parts(text, start + 1, inside, stop - 1)
    if parts is None:
        return None
    spelled = _spell(parts, bracket)
    if spelled is None:
        return None
    is_argument = bracket == "("
    what = "{k: v for x in y}" if bracket == "{" else "[x for x in y]"
    return Comprehension(f"({spelled})" if is_argument else spelled, stop, f"`{what}` was read as `{spelled[:60]}`")


def _inside(text: str, start: int) -> tuple[list[tuple[int, Lexeme]], int] | None:
    """The lexemes inside of a bracket, each with its depth, and where the bracket ends; nothing without a `for`."""
    window = text[start : start + _LONGEST]
    if not re.search(r"\sfor\s", window):
        return None
    stack = [text[start]]
    found: list[tuple[int, Lexeme]] = []
    place = start + 1
    before: Lexeme | None = None
    while place < min(len(text), start + _LONGEST):
        lexeme = lexeme_at(text, place, before is not None and before.ends_value)
        if lexeme.text in _CLOSERS and lexeme.kind == "bracket":
            stack.append(lexeme.text)
        elif lexeme.kind == "bracket":
            if lexeme.text != _CLOSERS[stack.pop()]:
                return None
            if not stack:
                return found, place + 1
        if lexeme.kind != "skip":
            before = lexeme
            found.append((len(stack), lexeme))
        place += len(lexeme.text)
    return None


def _parts(text: str, start: int, inside: list[tuple[int, Lexeme]], stop: int) -> _Parts | None:
    own = [lexeme for depth, lexeme in inside if depth == 1]
    words = [lexeme for lexeme in own if lexeme.kind == "word" and lexeme.text in ("for", "in", "if", "else")]
    fors = [index for index, lexeme in enumerate(own) if lexeme.text == "for" and lexeme.kind == "word"]
    if len(fors) != 1 or any(lexeme.text == "else" for lexeme in words):
        return None
    at = fors[0]
    follows = own[at + 1 : at + 3]
    if len(follows) < 2 or follows[0].kind != "word" or follows[1].text != "in":
        return None
    after_in = follows[1].start + 2
    ifs = [lexeme for lexeme in own[at + 3 :] if lexeme.kind == "word" and lexeme.text == "if"]
    if len(ifs) > 1:
        return None
    rows_stop = ifs[0].start if ifs else stop
    condition = text[ifs[0].start + 2 : stop].strip() if ifs else ""
    return _Parts(text[start : own[at].start].strip(), follows[0].text, text[after_in:rows_stop].strip(), condition)


def _spell(parts: _Parts, bracket: str) -> str | None:
    rows = f"where({parts.rows}, {parts.name} => {parts.condition})" if parts.condition else parts.rows
    if bracket == "{":
        key, colon, value = parts.head.partition(":")
        if not colon or not key.strip() or not value.strip():
            return None
        return f"to_object({rows}, {parts.name} => {key.strip()}, {parts.name} => {value.strip()})"
    if parts.head == parts.name:
        return rows
    return f"map({rows}, {parts.name} => {parts.head})"
