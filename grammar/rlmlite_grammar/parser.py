"""The way in: a text becomes a `Parsed` program, or an `Unparsed` with the problems to mend.

No exception leaves it, whatever the text.
A text with mistakes is read on from its next statement, so that one message names several of them.
Nothing is repaired: a text with any problem yields no program.
"""

from typing import Final

import msgspec

from rlmlite_grammar.syntax.reader import ReadResult, SyntaxFailure, read
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Problem, Unparsed

LARGEST: Final = 1_000_000
"""The size of the largest program, in bytes of UTF-8."""

MOST_STATEMENTS: Final = 1_000
"""Statements of one program. Each leaves a receipt, also when no budget is left for it."""

MOST_PROBLEMS: Final = 5


def parse(text: str) -> Parsed | Unparsed:
    """Read a text as one program."""
    outcome = try_parse(text)
    if isinstance(outcome, Parsed):
        return outcome
    return Unparsed(text, _problems(text, outcome))


def try_parse(text: str) -> ReadResult:
    """Read a text as one program, without working out the message."""
    return _unreadable(text) or _bounded(read(text))


def _bounded(outcome: ReadResult) -> ReadResult:
    count = len(outcome.program.body) if isinstance(outcome, Parsed) else 0
    if count <= MOST_STATEMENTS:
        return outcome
    message = f"a program has at most {MOST_STATEMENTS:,} statements, this one {count:,}"
    return Problem("size", message, None, "say less at a time")


def _unreadable(text: str) -> Problem | None:
    # Characters are at least one byte: what is too long need not be encoded to know.
    if len(text) > LARGEST:
        return Problem("size", f"a program has at most {LARGEST:,} bytes, this one more", None, "say less at a time")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        return Problem("text", "half of a surrogate pair is no character", error.start)
    if size > LARGEST:
        return Problem(
            "size", f"a program has at most {LARGEST:,} bytes, this one {size:,}", None, "say less at a time"
        )
    return None


def _problems(text: str, outcome: Problem | SyntaxFailure) -> tuple[Problem, ...]:
    if isinstance(outcome, Problem) and outcome.code in ("size", "text"):
        return (outcome,)
    from rlmlite_grammar.diagnosis.messages import problem_at  # most programs parse, and need no diagnosis
    from rlmlite_grammar.diagnosis.scan import next_statement

    problems: list[Problem] = []
    start = 0
    failed: ReadResult = outcome
    while not isinstance(failed, Parsed) and not (start and _echoes(text[start:], failed)):
        stopped = start + (failed.offset or 0)
        problem = _moved(problem_at(text[start:], failed), start)
        if not problems or problem.offset != problems[-1].offset:
            problems.append(problem)
        # A statement that begins right where the grammar stopped may be sound: the one before it has no end.
        following = next_statement(text, start, stopped + isinstance(failed, Problem))
        if following is None or len(problems) == MOST_PROBLEMS:
            break
        start = following
        failed = read(text[start:])
    return tuple(problems)


def _echoes(text: str, failed: Problem | SyntaxFailure) -> bool:
    """Whether this repeats an earlier mistake: a bracket closes what was opened before reading went on."""
    return isinstance(failed, SyntaxFailure) and text[failed.offset : failed.offset + 1] in (")", "]", "}")


def _moved(problem: Problem, start: int) -> Problem:
    return problem if problem.offset is None else msgspec.structs.replace(problem, offset=problem.offset + start)
