"""From the place where reading stopped to a `Problem`: what was expected, what was found, what to write instead.

The first of these that applies makes the message, from the most certain to the least:

1. a text or regex that is never closed         `x = "a`            at its beginning, not at the end of the line
2. a keyword of another language nearby         `x = a if b`        `if` is named, not the place where reading stopped
3. nothing at all, or a bracket still open      `f(a`               the bracket is named, with its line and column
4. otherwise what was expected and found        `f(a b)`            with a hint of `hints`, if one fits

The parser knows every terminal that could have followed, often a dozen. Only kinds are named ("a value", "a new
statement", "an operator") and the signs that would close or continue: a list of all would hide what matters.
"""

import re
from typing import Final

from rlmlite_grammar.diagnosis.hints import find_foreign_word, find_hint
from rlmlite_grammar.diagnosis.scan import Lexeme, lexeme_at, lexemes, open_bracket
from rlmlite_grammar.syntax.reader import END, SyntaxFailure
from rlmlite_kernel.program.problems import Problem, line_and_column

_LONGEST_FOUND: Final = 24
"""Characters of a lexeme that a message quotes."""

_SIGNS: Final = {
    "COMMA": "','",
    "RPAR": "')'",
    "RSQB": "']'",
    "RBRACE": "'}'",
    "COLON": "':'",
    "QMARK": "'?'",
    "EQUAL": "'='",
    "LPAR": "'('",
    "REGEX": "a /regex/",
    "IN": "`in`",
    "CONTAINS": "`contains`",
    "MATCHES": "`matches`",
}
_CLOSES: Final = {")": "(", "]": "[", "}": "{"}
_OPERATOR_SIGNS: Final = ("IN", "CONTAINS", "MATCHES", "LPAR", "EQUAL")


def problem_at(text: str, failure: SyntaxFailure | Problem) -> Problem:
    """The problem of a text that could not be read. A layout rule gives way to a foreign word: `return (x)`."""
    if isinstance(failure, SyntaxFailure):
        return _unclosed_literal(text, failure) or _foreign_keyword(text, failure.offset) or _unexpected(text, failure)
    if failure.code == "layout":
        return _foreign_keyword(text, failure.offset or 0) or failure
    return failure


def _unclosed_literal(text: str, failure: SyntaxFailure) -> Problem | None:
    """A text or a regex that has no end, at the place where it begins."""
    offset = failure.offset
    # Where a """ never ends, the lexer reads an empty text `""` and stops at the third quote.
    if text[max(0, offset - 2) : offset + 1] == '"""':
        return Problem("unclosed", 'this """ is never closed', offset - 2, 'end the text with """')
    if offset >= len(text):
        return None
    lexeme = lexeme_at(text, offset)
    if lexeme.kind == "open":
        # `r` is the prefix of a raw text.
        is_of_several_lines = lexeme.text.lstrip("r").startswith('"""')
        if is_of_several_lines:
            return Problem("unclosed", 'this """ is never closed', offset, 'end the text with """')
        hint = 'a text must end on the line where it begins; for several lines write """…"""'
        return Problem("unclosed", f"the text {_shorten(lexeme.text)} is not closed", offset, hint)
    # Where a value was expected a `/` can only have been meant to begin a regex; elsewhere it was meant to divide.
    if lexeme.text == "/" and "REGEX" in failure.expected:
        hint = r"a regex must end on the line where it begins; inside it write \/ for / and \[ for ["
        return Problem("unclosed", "this /regex/ is empty or not closed", offset, hint)
    return None


def _foreign_keyword(text: str, offset: int) -> Problem | None:
    """A keyword of another language, at the failure or up to two words before it, or first on its line."""
    # A failure at the end of the text is about its last line, whatever newlines follow it.
    end_of_words = len(text[:offset].rstrip())
    line_start = text.rfind("\n", 0, end_of_words) + 1
    # The lexeme at the failure may be the keyword itself, so it is included, unless the text ends here.
    on_line = list(lexemes(text, line_start, min(offset + 1, len(text))))
    words: list[Lexeme] = []
    for lexeme in _suspects(on_line):
        # A field may have any name: `.from`, `.class`.
        is_field = text[lexeme.start - 1 : lexeme.start] == "."
        if lexeme.kind == "word" and not is_field:
            words.append(lexeme)
    foreign = find_foreign_word(tuple(lexeme.text for lexeme in words))
    if foreign is None:
        return None
    word, hint = foreign
    start = next(lexeme.start for lexeme in words if lexeme.text == word)
    return Problem("foreign", f"`{word}` is not part of this language", start, hint)


def _suspects(on_line: list[Lexeme]) -> list[Lexeme]:
    """The lexemes of a line that may be a foreign keyword, the likeliest first."""
    # Two words begin a line of prose ("Here is my plan"), unless the first is a keyword.
    if len(on_line) == 2 and on_line[0].kind == "word":
        return on_line[:1]
    # `x = a if b`: the nearest word counts first, and last the one that begins the line, as in `for c in chunks:`.
    nearest_first = on_line[-3:][::-1]
    return [*nearest_first, *on_line[:1]]


def _unexpected(text: str, failure: SyntaxFailure) -> Problem:
    """What was expected and found, with the hint that fits."""
    has_lexemes = next(lexemes(text), None) is not None
    if not has_lexemes:
        return Problem("empty", "there is no program", None, "write statements, such as x = search(logs, /ERROR/)")

    offset = _start_of_sign(text, failure.offset)
    # Within `==` what lark expected was expected after the first `=`, one place further on than the message points.
    is_within_sign = offset != failure.offset
    expected = "'='" if is_within_sign else _name_expected(text, failure)

    bracket = open_bracket(text, offset)
    is_at_end = offset >= len(text.rstrip())
    if bracket is not None and is_at_end:
        return Problem("unclosed", f"expected {expected} before the end", offset, _point_to_bracket(text, bracket))

    # A bracket of the wrong kind is certain, a pattern of the tables is likely: hence this order.
    inside = "" if bracket is None else bracket.text
    hint = _hint_at_bracket(text, offset, bracket) or find_hint(text, offset, inside)
    found = _name_lexeme(text, offset)
    return Problem("syntax", f"expected {expected} before {found}", offset, hint)


def _start_of_sign(text: str, offset: int) -> int:
    """Where the sign at a failure begins: the `=` of `x == 1` was read before the second one failed."""
    if text[offset : offset + 1] in ("=", ">"):
        while text[offset - 1 : offset] == "=":
            offset -= 1
    return offset


def _hint_at_bracket(text: str, offset: int, bracket: Lexeme | None) -> str:
    """A hint at the open bracket, if another kind of bracket closes here or a statement seems to begin."""
    if bracket is None:
        return ""
    closer = text[offset : offset + 1]
    if closer in _CLOSES and _CLOSES[closer] != bracket.text:
        return _point_to_bracket(text, bracket)
    # Arguments on lines of their own are indented; what begins at the left edge is the next statement.
    is_at_left_edge = text[offset - 1 : offset] == "\n"
    # A name has up to 64 characters, so a hundred show what follows it.
    begins_statement = re.match(r"[A-Za-z_]\w*\s*(=(?!=)|\()", text[offset : offset + 100])
    if is_at_left_edge and begins_statement:
        return _point_to_bracket(text, bracket)
    return ""


def _point_to_bracket(text: str, bracket: Lexeme) -> str:
    line, column = line_and_column(text, bracket.start)
    return f"the '{bracket.text}' at line {line} col {column} is not closed"


def _name_expected(text: str, failure: SyntaxFailure) -> str:
    """What could have followed, in words: `an operator, ',' or ')'`."""
    expected = failure.expected
    kinds = _name_kinds(text, failure)
    signs = [sign for sign in _SIGNS if sign in expected]
    # Where a value or a closing sign could stand, operators could stand nearly always: naming them would say nothing.
    could_close = {"COMMA", "RPAR", "RSQB", "RBRACE"} & expected
    if kinds or could_close:
        signs = [sign for sign in signs if sign not in _OPERATOR_SIGNS]
    # A regex is a value, and "a value" is among the kinds.
    if kinds:
        signs = [sign for sign in signs if sign != "REGEX"]
    *first, last = [*kinds, *(_SIGNS[sign] for sign in signs)]
    return f"{', '.join(first)} or {last}" if first else last


def _name_kinds(text: str, failure: SyntaxFailure) -> list[str]:
    """The kinds of things that could have followed. One terminal gives each away: only a value can be a number."""
    expected = failure.expected
    # Where the program may end, a statement is complete. After `x = a` an operator may go on with it, after `f(a)`
    # alone none may.
    if END in expected:
        return ["an operator", "a new statement"] if "PLUS" in expected else ["a new statement"]
    if "NUMBER" in expected:
        return ["a value"]
    if "STRING" in expected:
        return ["a key"]
    if "NAME" in expected:
        after_dot = text[: failure.offset].rstrip().endswith(".")
        return ["the name of a field"] if after_dot else ["a statement"]
    return []


def _name_lexeme(text: str, offset: int) -> str:
    """What stands at an offset, as a message names it."""
    if offset >= len(text):
        return "the end"
    lexeme = lexeme_at(text, offset)
    if lexeme.kind in ("sign", "bracket"):
        return f"'{lexeme.text}'"
    return "the end of the line" if lexeme.kind == "skip" else _shorten(lexeme.text)


def _shorten(words: str) -> str:
    """The beginning of a piece of program, on one line."""
    first_line = words.split("\n")[0].rstrip()
    is_whole = first_line == words and len(first_line) <= _LONGEST_FOUND
    return first_line if is_whole else first_line[:_LONGEST_FOUND] + "…"
