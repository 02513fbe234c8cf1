"""lark, wrapped once: text in, a `Parsed` or a `SyntaxFailure` out. The only place that calls lark's parser.

It says where reading stopped and what could have followed, not yet in words: that takes a second look at the text (see
`messages`), and programs that parse should not pay for it.
"""

import functools
from typing import Final, TypeAlias, cast

import msgspec
from lark import Lark, UnexpectedCharacters, UnexpectedToken

from rlmlite_grammar.syntax.builder import Body
from rlmlite_grammar.syntax.parse_table import load_parser
from rlmlite_grammar.syntax.refusal import ProgramRefusedError
from rlmlite_kernel.program.ast import Parsed, Program
from rlmlite_kernel.program.problems import Problem

END: Final = "$END"


class SyntaxFailure(msgspec.Struct, frozen=True):
    """Reading stopped at `offset`, where one of the `expected` terminals could have stood."""

    offset: int
    expected: frozenset[str]


ReadResult: TypeAlias = Parsed | SyntaxFailure | Problem
"""A program; or the place where the grammar stopped; or the problem that a rule beside the grammar found."""


@functools.cache
def _parser() -> Lark:
    return load_parser()


@functools.cache
def terminal(name: str) -> str:
    """The regular expression of one of the grammar's terminals, for scanning a text that does not parse."""
    return _parser().get_terminal(name).pattern.to_regexp()


def read(text: str) -> ReadResult:
    """Read a whole text as one program."""
    try:
        body: object = _parser().parse(text)
    except ProgramRefusedError as error:
        return error.problem
    except (UnexpectedToken, UnexpectedCharacters) as error:
        return _failure(text, error)
    assert isinstance(body, Body)
    # To the grammar white space is nothing, so `f(a) g(b)` is two statements. On one line that is a slip: most likely
    # something is missing between them.
    for start in body.starts[1:]:
        if _follows_on_its_line(text, start):
            hint = "put each statement on its own line, or `;` between them; or is a comma or bracket missing?"
            return Problem("crowded", "a second statement begins on this line", start, hint)
    return Parsed(Program(body.statements), text, body.at)


def _follows_on_its_line(text: str, start: int) -> bool:
    """Whether something other than `;` stands before a place on its line."""
    # The grammar skips the same blanks; a comment needs no thought, since it ends its line.
    while start and text[start - 1] in " \t\r":
        start -= 1
    return start > 0 and text[start - 1] not in "\n;"


def _failure(text: str, error: UnexpectedToken | UnexpectedCharacters) -> SyntaxFailure:
    if isinstance(error, UnexpectedCharacters):
        offset = cast(int, error.pos_in_stream)
    elif error.token.type == END:
        # lark places the end where its last token is; the text ends where its last visible character does.
        offset = len(text.rstrip())
    else:
        offset = error.token.start_pos or 0
    # What would have let the reading go on; the sets that lark puts in its errors name more.
    accepts: set[str] = error.interactive_parser.accepts()  # type: ignore[no-untyped-call]  # untyped in lark
    return SyntaxFailure(offset, frozenset(accepts))
