"""The rules of layout: what must touch, and what may not begin a line. A filter over the tokens.

White space means nothing to the grammar, so that programs may be laid out freely. The price: some slips would be read,
silently, as something else. They are refused, each where it stands:

    x = a⏎[b]                 would be the index a[b]             `[` touches what it looks into
    x = a⏎(b)                 would be the call a(b)              `(` touches the name of its action
    where(rows .n > 1)        would be rows.n, a comma is missing `.` touches its record
    x = y⏎-1                  would be y - 1                      outside of brackets no operator begins a line
    x = 5m                    would be two statements             a blank or a newline goes between

lark calls the filter between its lexer and its parser, so a rule is checked at the first token that breaks it, before
the grammar has a chance to report something that follows from it. Nesting is counted here too, at the bracket that goes
too deep: readers of the tree are recursive and rely on the limit.
"""

from collections.abc import Iterator
from typing import Final

from lark import Token
from lark.lark import PostLex

from rlmlite_grammar.syntax.names import OPERATOR_WORDS
from rlmlite_grammar.syntax.refusal import refuse

DEEPEST: Final = 64
"""Brackets, and levels of an expression, inside one another."""

_OPENERS: Final = {"LPAR": "(", "LSQB": "[", "LBRACE": "{"}
_CLOSERS: Final = frozenset({"RPAR", "RSQB", "RBRACE"})
_POSTFIX: Final = frozenset({"LPAR", "LSQB", "DOT"})
_VALUE_ENDS: Final = frozenset({"NAME", "NUMBER", "STRING", "REGEX", *_CLOSERS})
_OPERATORS: Final = frozenset(
    {"OR", "AND", "NOT", "IN", "CONTAINS", "MATCHES", "COMPARE", "PLUS", "MINUS", "STAR", "PERCENT", "VBAR"}
)


class LayoutRules(PostLex):
    """The filter, in the form in which lark takes one. It holds no state between programs."""

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The same tokens. Raises `ProgramRefusedError` at the first that breaks a rule."""
        depth = 0
        before: Token | None = None
        for token in stream:
            if before is not None:
                token = _as_name(before, token, depth)
                _check(before, token, depth)
            kind = token.type
            if kind in _OPENERS:
                depth += 1
                if depth > DEEPEST:
                    refuse_depth(token.start_pos or 0)
            elif kind in _CLOSERS:
                depth -= 1
            before = token
            yield token


def _as_name(before: Token, token: Token, depth: int) -> Token:
    """`matches` at the beginning of a line is a name: outside of brackets no operator may begin one."""
    is_first = not depth and token.line != before.end_line
    if is_first and token.type in ("CONTAINS", "MATCHES"):
        return Token.new_borrow_pos("NAME", token.value, token)
    return token


def refuse_depth(offset: int) -> None:
    """Refuse the bracket or expression at `offset`: it is nested too deeply."""
    refuse("depth", f"nested more than {DEEPEST} levels deep", offset, "assign the inner parts to names first")


def _check(before: Token, token: Token, depth: int) -> None:
    """Check a token against the one before it; `depth` is the number of open brackets."""
    # Runs for every token of every program, so facts are worked out only on the branch that needs them.
    touching = before.end_pos == token.start_pos
    kind = token.type
    # A misplaced `not` or `in` may come as a NAME, from a lexer that expects no operator; no value ends with it.
    if before.type in _VALUE_ENDS and before not in OPERATOR_WORDS:
        if touching:
            # A name could begin the next statement (`x = 5m`). With any other token the grammar itself stops.
            if kind == "NAME":
                _refuse_glued(before, token)
        elif kind in _POSTFIX:
            _refuse_loose_postfix(before, token, depth)
        # Inside brackets a statement cannot end, so a line may begin with an operator there.
        elif not depth and kind in _OPERATORS and token.line != before.end_line:
            _refuse_operator_first(token)
    elif before.type == "DOT" and not touching:
        refuse("layout", "there is a space after `.`", token.start_pos or 0, f"write `.{token}`")


def _refuse_glued(before: Token, token: Token) -> None:
    name = token[:20]
    message = f"a space is missing between `{_tail(before)}` and `{name}`"
    # After a number it was most likely meant as a part of the number: `5m`, `0x1f`.
    if before.type == "NUMBER":
        hint = "write numbers as 12, 3.5 or 1e-9"
    else:
        hint = "statements are separated by a newline or `;`"
    refuse("layout", message, token.start_pos or 0, hint)


def _refuse_loose_postfix(before: Token, token: Token, depth: int) -> None:
    sign = str(token)
    place = token.start_pos or 0
    value = _tail(before)
    space = f"there is a space between `{value}` and `{sign}`"
    # Between brackets a new argument or item may have been meant: `where(rows .n > 1)`.
    if depth:
        message = f"expected ',' before `{sign}`: {space}"
        refuse("layout", message, place, f"missing comma? or write `{value}{sign}` without a space")
    # On one line the two can only belong together.
    if token.line == before.end_line:
        refuse("layout", space, place, f"write `{value}{sign}` without a space")
    # On a line of its own it was meant as a statement.
    refuse("layout", f"a statement cannot begin with `{sign}`", place, _LINE_STARTS[token.type])


_LINE_STARTS: Final = {
    "LSQB": "to show a list use show([b]); for an index write a[b] on one line",
    "LPAR": "to show a value use show(b); for a call write f(b) on one line",
    "DOT": "for a field write a.b on one line; there are no methods",
}


def _refuse_operator_first(token: Token) -> None:
    hint = f"end the previous line with `{token}`, or put the whole expression in ( )"
    refuse("layout", f"a line cannot begin with `{token}`", token.start_pos or 0, hint)


def _tail(token: Token) -> str:
    """The end of a token, for a message: it may be a text of a thousand lines."""
    return str(token)[-20:]
