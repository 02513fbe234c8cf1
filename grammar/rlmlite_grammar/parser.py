"""The way in: `parse` makes a `Parsed` program of a text, or an `Unparsed` with the problems to fix.

No exception leaves it, whatever the text. Nothing is repaired: a text with any problem yields no program, since a guess
at what was meant would run something that nobody wrote.

A model pays a turn for each message, so one message names several mistakes (`diagnosis.recovery`). Of a controller's
reply the statements around them are run (`reply`); a host's program is refused whole.
"""

from typing import TYPE_CHECKING, Final, TypeGuard

import msgspec

from rlmlite_grammar.syntax.reader import ReadResult, SyntaxFailure, read
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Problem, Unparsed

if TYPE_CHECKING:
    from rlmlite_grammar.spelling.respelling import Respelled

LARGEST: Final = 1_000_000
"""Bytes of UTF-8 that a program may have."""

MOST_STATEMENTS: Final = 1_000
"""Statements that a program may have. Each leaves a receipt, even when no budget is left for it."""

_SHORTER: Final = "write a shorter program, and the rest in the next turn"


def parse(text: str) -> Parsed | Unparsed:
    """Read a text as one program: all of it, or nothing."""
    outcome = try_parse(text)
    if isinstance(outcome, Parsed):
        return outcome
    if _is_about_all(outcome):
        return Unparsed(text, (outcome,))
    # Here, because most programs parse, and need no second look.
    from rlmlite_grammar.spelling.respelling import respell

    respelled = respell(text)
    if respelled is None:
        return _refuse(text, outcome)
    outcome = try_parse(respelled.text)
    return _in_place(outcome if isinstance(outcome, Parsed) else _refuse(respelled.text, outcome), text, respelled)


def _refuse(text: str, outcome: Problem | SyntaxFailure) -> Unparsed:
    if _is_about_all(outcome):
        return Unparsed(text, (outcome,))
    from rlmlite_grammar.diagnosis.recovery import find_mistakes

    return Unparsed(text, tuple(mistake.problem for mistake in find_mistakes(text, outcome)))


def _in_place(result: Parsed | Unparsed, text: str, respelled: "Respelled") -> Parsed | Unparsed:
    """The result of a text that was spelled otherwise, with places in the text as it was written."""
    if isinstance(result, Parsed):
        at = tuple(map(respelled.place, result.at))
        notes = sorted((*_moved(result.notes, respelled), *respelled.notes()), key=lambda note: note.offset or 0)
        return msgspec.structs.replace(result, text=text, at=at, notes=tuple(notes))
    return Unparsed(text, _moved(result.problems, respelled))


def _moved(problems: tuple[Problem, ...], respelled: "Respelled") -> tuple[Problem, ...]:
    return tuple(
        problem if problem.offset is None else msgspec.structs.replace(problem, offset=respelled.place(problem.offset))
        for problem in problems
    )


def parse_around(text: str) -> Parsed | Unparsed:
    """Read what can be read: with an `Unread` for each statement that is none, and a note for each line of prose.

    `Unparsed` if no statement is left.
    """
    outcome = try_parse(text)
    if isinstance(outcome, Parsed):
        return outcome
    if _is_about_all(outcome):
        return Unparsed(text, (outcome,))
    from rlmlite_grammar.spelling.respelling import respell

    respelled = respell(text)
    if respelled is None:
        return _read_statements(text, outcome)
    return _in_place(_read_statements(respelled.text, try_parse(respelled.text)), text, respelled)


def _read_statements(text: str, outcome: ReadResult) -> Parsed | Unparsed:
    if isinstance(outcome, Parsed):
        return outcome
    if _is_about_all(outcome):
        return Unparsed(text, (outcome,))
    from rlmlite_grammar.diagnosis.prose import blank, find_prose
    from rlmlite_grammar.diagnosis.recovery import read_around

    prose = find_prose(text)
    statements = blank(text, prose)
    if prose and not statements.strip():
        return _refuse(text, outcome)
    around = read(statements) if prose else outcome
    read_statements = around if isinstance(around, Parsed) else read_around(statements, around)
    if isinstance(read_statements, Unparsed):
        return Unparsed(text, read_statements.problems)
    too_many = _too_many_statements(read_statements)
    if too_many is not None:
        return Unparsed(text, (too_many,))
    notes = tuple(Problem("prose", "this line is no statement, so it was skipped", start) for start, _ in prose)
    return msgspec.structs.replace(read_statements, text=text, notes=notes)


def try_parse(text: str) -> ReadResult:
    """Read a text as one program. If it is none, say only where reading stopped: messages cost a second look."""
    problem_of_text = _check_text(text)
    if problem_of_text is not None:
        return problem_of_text
    outcome = read(text)
    return (_too_many_statements(outcome) if isinstance(outcome, Parsed) else None) or outcome


def _too_many_statements(parsed: Parsed) -> Problem | None:
    count = len(parsed.program.body)
    if count <= MOST_STATEMENTS:
        return None
    message = f"a program may have at most {MOST_STATEMENTS:,} statements; this one has {count:,}"
    return Problem("size", message, None, _SHORTER)


def _is_about_all(outcome: Problem | SyntaxFailure) -> TypeGuard[Problem]:
    """Whether a problem is about the whole text, which was not read or not stopped at any place: nothing goes on."""
    return isinstance(outcome, Problem) and outcome.code in ("size", "text")


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
