"""The programs of a trace: the text that was read, where each statement of it stands, what was wrong with it."""

from collections.abc import Iterable
from itertools import pairwise

import msgspec

from rlmlite_kernel.program.ast import Parsed, Statement, walk
from rlmlite_kernel.program.problems import Problem, Unparsed
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.records import Turn
from rlmlite_traces.errors import BlobAbsentError, BlobMismatchError
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.limits import check_json
from rlmlite_traces.reading.parts.chapters import ProblemStory
from rlmlite_traces.reading.parts.passages import CHANGED, UNDECODABLE, UNREADABLE, Passage, Passages


class StatementText(msgspec.Struct, frozen=True):
    """A statement as it was written, and the line of the program (from 1) on which it begins; 0 is unknown."""

    text: str = ""
    line: int = 0


_UNKNOWN = StatementText()


class Program(msgspec.Struct, frozen=True):
    """What was read of a reply: its text, its statements, problems of one that was refused, notes of the reading."""

    text: Passage
    statements: tuple[StatementText, ...] = ()
    problems: tuple[ProblemStory, ...] = ()
    notes: tuple[ProblemStory, ...] = ()

    def statement(self, number: int) -> StatementText:
        """The statement of a step; one without text where the program does not say where it stands."""
        return self.statements[number] if 0 <= number < len(self.statements) else _UNKNOWN


def program_of(trace: CheckedTrace, turn: Turn, passages: Passages) -> Program | None:
    """The program that a turn's record names; `None` if it names none. Raises `OverLimitError`."""
    ref = turn.ast if turn.ast is not None else turn.diagnostics
    if ref is None:
        return None
    for each in (ref, turn.program):
        absence = "" if each is None else passages.absence(each)
        if absence:
            return Program(Passage(absence=absence))
    try:
        check_json(trace.content(ref), trace.contents.limits)
        reading = decode_reading(turn, trace.content)
    except (BlobAbsentError, BlobMismatchError):
        # The text may be the whole reply, which is a content of its own.
        reply = None if turn.reply is None else passages.absence(turn.reply)
        return Program(Passage(absence=reply or CHANGED))
    except UNDECODABLE:
        return Program(Passage(absence=UNREADABLE))
    assert reading is not None  # the record names one
    text = Passage(reading.text, len(reading.text.encode("utf-8", "backslashreplace")))
    if isinstance(reading, Unparsed):
        return Program(text, problems=tell_problems(reading.problems, reading.text))
    return Program(text, tuple(_statements(reading)), notes=tell_problems(reading.notes, reading.text))


def tell_problems(problems: Iterable[Problem], text: str) -> tuple[ProblemStory, ...]:
    """Problems with their lines in place of offsets."""
    return tuple(
        ProblemStory(code=each.code, message=each.message, hint=each.hint, line=_line_at(text, each.offset))
        for each in problems
    )


def _line_at(text: str, offset: int | None) -> int:
    return 0 if offset is None else text.count("\n", 0, max(0, offset)) + 1


def _statements(parsed: Parsed) -> list[StatementText]:
    """Each statement's text, from its beginning to that of the next one."""
    text = parsed.text
    starts = [at for node, at in zip(walk(parsed.program), parsed.at, strict=False) if isinstance(node, Statement)]
    # The places are a stranger's too: they count only if they ascend within the text.
    is_sound = len(starts) == len(parsed.program.body) and all(a < b for a, b in pairwise([-1, *starts, len(text) + 1]))
    if not is_sound:
        return []
    told: list[StatementText] = []
    line, last = 1, 0
    for start, stop in pairwise([*starts, len(text)]):
        line += text.count("\n", last, start)
        last = start
        told.append(StatementText(text[start:stop].rstrip().rstrip(";"), line))
    return told
