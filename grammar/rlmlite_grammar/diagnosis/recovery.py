"""Reading on after a mistake: every mistake of a text, and the statements around them that can be read.

Idea: reading stops at the first mistake. The statement that it is in goes from the last line before which all can be
read to the next line that looks like a statement, and from there reading starts again:

    logs = docs["app.log"]           read
    hits = search(logs /ERROR/)      <- mistake 1: expected ',' or ')'
    n = count(logs.lines)            read again from here
    final(n                          <- mistake 2: the '(' is not closed

`read_around` gives a program with an `Unread` in place of each: `logs` and `n` have values, and the controller is told
of both mistakes. Nothing is repaired, and nothing is guessed about what a mistake left open: after a bracket or a text
that is not closed, the lines that follow may be parts of it, so they are not read as statements.

Only the beginning of a mistake is certain. What follows may be its echo (a bracket that closes what was opened before
reading went on), and echoes are dropped: a message about a mistake that is not there is worse than one message less.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from rlmlite_grammar.diagnosis.messages import problem_at
from rlmlite_grammar.diagnosis.scan import next_statement, open_bracket
from rlmlite_grammar.syntax.reader import ReadResult, SyntaxFailure, read
from rlmlite_kernel.program.ast import Parsed, Program, Statement, Unread
from rlmlite_kernel.program.problems import Problem, Unparsed

MOST_PROBLEMS: Final = 5
"""Mistakes that one message names."""

_MOST_LINES_BACK: Final = 50
"""Lines before a mistake at which its statement is looked for. Each is one more reading of what stands before it."""

_TARGET: Final = re.compile(r"\s*([A-Za-z_]\w{0,63})\s*=(?!=)", re.ASCII)


class Mistake(NamedTuple):
    """A mistake that was met when reading began at `start`; `end` is where reading goes on, if it does.

    `stop` is where reading stopped, at or after the statement's first line.
    """

    problem: Problem
    start: int
    stop: int
    end: int | None


class _Reading(NamedTuple):
    """Statements with the offsets of their nodes, as `Parsed.at` has them."""

    statements: tuple[Statement, ...] = ()
    at: tuple[int, ...] = ()

    def __add__(self, other: "_Reading") -> "_Reading":  # type: ignore[override]  # of two readings, not of tuples
        return _Reading(self.statements + other.statements, self.at + other.at)


def find_mistakes(text: str, outcome: Problem | SyntaxFailure) -> list[Mistake]:
    """Up to five mistakes of a text, of which `outcome` is the first."""
    mistakes: list[Mistake] = []
    start = 0
    failure: ReadResult = outcome
    while not isinstance(failure, Parsed):
        # Only what is read after a mistake can be its echo, never the first.
        if start > 0 and _is_echo(text[start:], failure):
            mistakes[-1] = mistakes[-1]._replace(end=None)
            break
        stop = start + (failure.offset or 0)
        problem = _shift(problem_at(text[start:], failure), start)
        # The grammar stops where an unclosed statement meets the next one, so that next one may be sound. A rule
        # beside the grammar stops inside the statement that breaks it.
        end = next_statement(text, start, stop + isinstance(failure, Problem))
        # Two failures may be the same mistake: in `x = f(a⏎for (c` the `for` is where the first statement meets the
        # next one, and it is the mistake in the next one too.
        if mistakes and problem.offset == mistakes[-1].problem.offset:
            mistakes[-1] = mistakes[-1]._replace(end=end)
        else:
            mistakes.append(Mistake(problem, start, stop, end))
        if len(mistakes) == MOST_PROBLEMS:
            mistakes[-1] = mistakes[-1]._replace(end=None)
            break
        if end is None:
            break
        start = end
        failure = read(text[start:])
    return mistakes


def read_around(text: str, outcome: Problem | SyntaxFailure) -> Parsed | Unparsed:
    """The statements of a text that can be read, with an `Unread` for each mistake; `Unparsed` if there are none."""
    mistakes = find_mistakes(text, outcome)
    reading = _Reading()
    is_closed = True
    for mistake in mistakes:
        if not is_closed:
            # It stands among lines that were given up already, and is only told.
            reading += _unread(text, mistake.start, mistake.start, mistake.problem)
            continue
        first = _first_unread(text, mistake)
        end = len(text) if mistake.end is None else mistake.end
        is_closed = _is_closed(text, first, end, mistake.problem)
        reading += _read_part(text, mistake.start, first)
        reading += _unread(text, first, end if is_closed else len(text), mistake.problem)
    last = mistakes[-1].end
    if is_closed and last is not None:
        reading += _read_part(text, last, len(text))
    if all(isinstance(statement.value, Unread) for statement in reading.statements):
        return Unparsed(text, tuple(mistake.problem for mistake in mistakes))
    return Parsed(Program(reading.statements), text, reading.at)


def _read_part(text: str, start: int, end: int) -> _Reading:
    """The statements between two places, where there are no mistakes."""
    if not text[start:end].strip():
        return _Reading()
    part = read(text[start:end])
    assert isinstance(part, Parsed)
    return _Reading(part.program.body, tuple(start + offset for offset in part.at))


def _first_unread(text: str, mistake: Mistake) -> int:
    """Where the statement with the mistake begins: at the last line before which everything can be read."""
    lines = _line_starts_before(text, mistake.start, max(mistake.stop, mistake.problem.offset or 0))
    for tries, line_start in enumerate(lines):
        before = text[mistake.start : line_start]
        if not before.strip() or isinstance(read(before), Parsed):
            return line_start
        if tries == _MOST_LINES_BACK:
            break
    return mistake.start


def _line_starts_before(text: str, start: int, end: int) -> Iterator[int]:
    """The beginnings of lines from `end` back to `start`, the nearest first."""
    # One more, for a mistake that is the first character of its line.
    place = text.rfind("\n", start, end) + 1
    while place > start:
        yield place
        place = text.rfind("\n", start, place - 1) + 1
    yield start


def _is_closed(text: str, start: int, end: int, problem: Problem) -> bool:
    """Whether a statement with a mistake ends where the next one begins: no bracket and no text is open there."""
    return problem.code != "unclosed" and open_bracket(text[start:end], end - start) is None


def _unread(text: str, start: int, end: int, problem: Problem) -> _Reading:
    """The statement between two places, which could not be read."""
    body = text[start:end]
    begin = start + len(body) - len(body.lstrip())
    lines = body.strip().count("\n")
    hint = problem.hint
    if lines:
        first = text.count("\n", 0, begin) + 1
        hint = "; ".join(filter(None, (hint, f"lines {first} to {first + lines} were not run")))
    target = _TARGET.match(body)
    node = Unread(problem.code, problem.message, hint)
    place = begin if problem.offset is None else problem.offset
    return _Reading((Statement(node, target[1] if target else None),), (begin, place))


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
