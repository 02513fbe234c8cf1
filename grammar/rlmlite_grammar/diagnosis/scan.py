"""A second, forgiving look at a text that does not parse: its lexemes, open brackets, beginnings of statements.

lark stops at the first thing that does not fit and gives no tokens after it, but messages need to know what stands
around that place. So this splits any text: a character that belongs to no lexeme is one by itself, and a text without
its closing quote is a lexeme of the kind `open`.

    x = f("a, [1      ->  word x, sign =, word f, bracket (, open "a, [1        the innermost open bracket is `(`

Used only for messages and for finding where to read on. What a program means is never decided here.
"""

import functools
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from rlmlite_grammar.syntax.names import OPERATOR_WORDS
from rlmlite_grammar.syntax.reader import terminal

_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
_STATEMENT: Final = re.compile(r"^[A-Za-z_]\w*[ \t]*(=(?!=)|\()", re.ASCII | re.MULTILINE)


class Lexeme(msgspec.Struct, frozen=True):
    """A piece of text. Kinds: word number string regex bracket sign, and open for a text that never ends."""

    kind: str
    text: str
    start: int

    @property
    def ends_value(self) -> bool:
        """Whether a value may end here, so that a `/` after it cannot begin a regex."""
        if self.kind == "word":
            return self.text not in OPERATOR_WORDS
        return self.kind in ("number", "string", "regex") or self.text in _PAIRS


@functools.cache
def _pattern() -> re.Pattern[str]:
    # The first that matches counts: `open` takes only quotes that `string` could not close, `sign` all that is left.
    kinds = {
        "skip": r"\s+|#[^\n]*",
        "string": terminal("STRING"),
        "open": r'r?("""[\s\S]*|["\'][^\n]*)',
        "word": terminal("NAME"),
        "number": terminal("NUMBER"),
        "bracket": r"[()\[\]{}]",
        "sign": r"[=<>!+\-*%&|:?@$^~]{1,3}|[\s\S]",
    }
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()))


@functools.cache
def _regex() -> re.Pattern[str]:
    # Apart from the other kinds, since whether a `/` begins a regex depends on the lexeme before it.
    return re.compile(terminal("REGEX"))


def lexemes(text: str, start: int = 0, end: int | None = None) -> Iterator[Lexeme]:
    """The lexemes that begin from `start` on and before `end`."""
    # Always from the beginning of a lexeme: in the middle of a text everything would be read inside out.
    before: Lexeme | None = None
    end = len(text) if end is None else end
    while start < end:
        lexeme = lexeme_at(text, start, after_value=before is not None and before.ends_value)
        start += len(lexeme.text)
        if lexeme.kind != "skip":
            before = lexeme
            yield lexeme


def lexeme_at(text: str, start: int, after_value: bool = False) -> Lexeme:
    """The lexeme that begins at `start`, which is not the end."""
    # After a value a `/` divides, in the eyes of its writer, and a regex from here on would swallow half the line.
    may_be_regex = text[start] == "/" and not after_value
    if may_be_regex:
        regex = _regex().match(text, start)
        if regex:
            return Lexeme("regex", regex[0], start)
    # The kind `sign` ends in "any character", so something always matches.
    match = _pattern().match(text, start)
    assert match is not None
    # `""` and then `"` is not an empty text and a quote, but a """ that never ends.
    is_empty_text = match[0].endswith('""') and len(match[0]) <= 3
    if is_empty_text and text.startswith('"""', match.end() - 2):
        return Lexeme("open", text[start:], start)
    return Lexeme(match.lastgroup or "sign", match[0], start)


def open_bracket(text: str, end: int) -> Lexeme | None:
    """The innermost bracket that is still open at `end`."""
    stack: list[Lexeme] = []
    for lexeme in lexemes(text, 0, end):
        if lexeme.kind == "bracket":
            is_opener = lexeme.text not in _PAIRS
            if is_opener:
                stack.append(lexeme)
            # A closer that does not fit is passed over: the bracket before it is then still the one to point at.
            elif stack and stack[-1].text == _PAIRS[lexeme.text]:
                stack.pop()
    return stack[-1] if stack else None


def next_statement(text: str, start: int, after: int) -> int | None:
    """Where the next statement seems to begin from `after` on: at the left edge of a line, not inside a text.

    What stands from `start` on has been read; a statement begins there.
    """
    line_starts = {match.start() for match in _STATEMENT.finditer(text, max(after, start + 1))}
    # Splitting the text costs more than the search above, and without a candidate it is needless.
    if not line_starts:
        return None
    # What only looks like a statement, inside a text of several lines, begins no lexeme.
    for lexeme in lexemes(text, start):
        if lexeme.start in line_starts:
            return lexeme.start
    return None
