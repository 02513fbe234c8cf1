"""The way in: `parse` makes a `Parsed` program of a text, or an `Unparsed` with the problems to fix.

No exception leaves it, whatever the text. Nothing is repaired: a text with any problem yields no program, since a guess
at what was meant would run something that nobody wrote.

A model pays a turn for each message, so one message names up to five mistakes. After each, reading starts again at the
next line that looks like a statement:

    hits = search(logs /ERROR/)      <- problem 1: expected ',' or ')'
    n = count(hits)                  <- read again from here
    final(n                          <- problem 2: the '(' is not closed

Only the beginning of a mistake is certain. What follows may be its echo (a bracket that closes what was opened before
reading went on), and echoes are dropped: a message about a mistake that is not there is worse than one message less.
"""

from typing import Final

import msgspec

from rlmlite_grammar.syntax.reader import ReadResult, SyntaxFailure, read
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Problem, Unparsed

LARGEST: Final = 1_000_000
"""Bytes of UTF-8 that a program may have."""

MOST_STATEMENTS: Final = 1_000
"""Statements that a program may have. Each leaves a receipt, even when no budget is left for it."""

MOST_PROBLEMS: Final = 5
"""Mistakes that one message names."""

_SHORTER: Final = "write a shorter program, and the rest in the next turn"


def parse(text: str) -> Parsed | Unparsed:
    """Read a text as one program."""
    outcome = try_parse(text)
    if isinstance(outcome, Parsed):
        return outcome
    return Unparsed(text, _problems(text, outcome))


def try_parse(text: str) -> ReadResult:
    """Read a text as one program. If it is none, say only where reading stopped: messages cost a second look."""
    problem_of_text = _check_text(text)
    if problem_of_text is not None:
        return problem_of_text
    return _check_statements(read(text))


def _check_statements(outcome: ReadResult) -> ReadResult:
    if not isinstance(outcome, Parsed):
        return outcome
    count = len(outcome.program.body)
    if count <= MOST_STATEMENTS:
        return outcome
    message = f"a program may have at most {MOST_STATEMENTS:,} statements; this one has {count:,}"
    return Problem("size", message, None, _SHORTER)


def _check_text(text: str) -> Problem | None:
    """The problem of a text that is too long to read, or not text at all."""
    # Characters are at least one byte: what is too long need not be encoded to know.
    if len(text) > LARGEST:
        return Problem("size", f"a program may have at most {LARGEST:,} bytes; this one has more", None, _SHORTER)
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        return Problem("text", "half of a surrogate pair is not a character", error.start)
    if size > LARGEST:
        return Problem("size", f"a program may have at most {LARGEST:,} bytes; this one has {size:,}", None, _SHORTER)
    return None


def _problems(text: str, outcome: Problem | SyntaxFailure) -> tuple[Problem, ...]:
    # These are about the whole text, which was not read or not stopped at any place: there is no way to go on.
    if isinstance(outcome, Problem) and outcome.code in ("size", "text"):
        return (outcome,)
    # Here, because most programs parse, and need no diagnosis.
    from rlmlite_grammar.diagnosis.messages import problem_at
    from rlmlite_grammar.diagnosis.scan import next_statement

    problems: list[Problem] = []
    start = 0
    failure: ReadResult = outcome
    while not isinstance(failure, Parsed):
        # Only what is read after a mistake can be its echo, never the first.
        if start > 0 and _is_echo(text[start:], failure):
            break
        stopped_at = start + (failure.offset or 0)
        problem = _shift(problem_at(text[start:], failure), start)
        # Two failures may be the same mistake: in `x = f(a⏎for (c` the `for` is where the first statement meets the
        # next one, and it is the mistake in the next one too.
        is_repeated = bool(problems) and problem.offset == problems[-1].offset
        if not is_repeated:
            problems.append(problem)
        # The grammar stops where an unclosed statement meets the next one, so that next one may be sound. A rule
        # beside the grammar stops inside the statement that breaks it.
        search_from = stopped_at + isinstance(failure, Problem)
        following = next_statement(text, start, search_from)
        if following is None or len(problems) == MOST_PROBLEMS:
            break
        start = following
        failure = read(text[start:])
    return tuple(problems)


def _is_echo(text: str, failure: Problem | SyntaxFailure) -> bool:
    """Whether this repeats an earlier mistake: a bracket closes what was opened before reading went on."""
    if not isinstance(failure, SyntaxFailure):
        return False
    stopped_before = text[failure.offset : failure.offset + 1]
    return stopped_before in (")", "]", "}")


def _shift(problem: Problem, start: int) -> Problem:
    """The problem with an offset into the whole text, not into the part that was read."""
    if problem.offset is None:
        return problem
    return msgspec.structs.replace(problem, offset=problem.offset + start)
