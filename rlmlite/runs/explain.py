"""Why an answer is what it is: the steps that it rests on, spelled as a program that gives the same answer.

Which steps those are follows from the records alone (`rlmlite_traces.reading.lineage`). Joined line by line, their
texts are a program. What the kernel writes for itself gets a name there that a program may write: the parts of a nested
call are `step_1`, `step_2`, ..., and a question that a step read is a statement of its own. An earlier answer that a
step read is what its `final` was given, by its name. An answer that was drafted, or held back and stands in the end, is
a `final` there.

It needs no model, no input and no kernel.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec

from rlmlite.errors import SettingError
from rlmlite_grammar import show
from rlmlite_kernel.program.ast import ASSIGNMENT, Call, Lit, Program, Statement, Var
from rlmlite_kernel.program.checker import is_temporary
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.records import Question, Step
from rlmlite_traces import CheckedTrace, TraceError, verify
from rlmlite_traces.reading.lineage import ANSWER, DRAFT, Maker, earlier_answers, made_by, steps_behind
from rlmlite_traces.reading.parts.passages import REDACTED as REDACTION
from rlmlite_traces.reading.parts.passages import Passages

_STATEMENT = msgspec.json.Decoder(Statement)

REDACTED: Final = f"[{REDACTION}]"
"""What stands where a statement, or what it showed, was removed on purpose. It is no program."""


class UnexplainedError(TraceError):
    """A step behind an answer whose statement is not in the trace, or is no statement."""

    def __init__(self, step: int, absence: str) -> None:
        super().__init__(f"step {step} is behind it, and cannot be told: its statement is {absence}")
        self.step, self.absence = step, absence


class SupportingStep(msgspec.Struct, frozen=True):
    """A step that the answer rests on: what was executed, what it read and wrote, what it showed, and its calls.

    A question that programs read is a step 0 of the turn before it.
    """

    turn: int
    step: int
    text: str
    reads: tuple[str, ...]
    writes: str
    shown: str
    calls: int = 0


def explain(path: Path, root: str | None = None) -> tuple[SupportingStep, ...]:
    """The steps behind the last answer of a trace, in order. Raises what `rlmlite_traces.verify` raises."""
    return explain_trace(verify(path, root))


def explain_trace(trace: CheckedTrace, name: str | None = None) -> tuple[SupportingStep, ...]:
    """The steps behind the answer of a trace, or behind the variable `name`, in order.

    Raises `SettingError` for a name that no step wrote, `UnexplainedError` where a statement is not here, and gives
    `[redacted]` for one that was removed on purpose.
    """
    behind = steps_behind(trace.records, name)
    if name is not None and not behind:
        raise SettingError(_unknown_name(name, trace))
    spelling = _Spelling(behind, trace, is_answer=name is None)
    return tuple(spelling.supporting_step(record) for record in behind)


def explained_program(steps: Sequence[SupportingStep], name: str | None = None) -> str:
    """The steps as a program whose answer is that of the trace, or the value of the variable `name`."""
    lines = [step.text for step in steps]
    if name is not None:
        lines.append(f"{ANSWER}({steps[-1].writes})")
    return "\n".join(lines) + "\n"


def _unknown_name(name: str, trace: CheckedTrace) -> str:
    if any(entry.name == name for entry in trace.input_entries):
        return f"`{name}` is an input: it rests on nothing in the trace"
    answers = earlier_answers(trace.records)
    makers = (record for record in trace.records if isinstance(record, Maker))
    names = {each for maker in makers for each in made_by(maker, answers) if not is_temporary(each)}
    known = did_you_mean(name, names) or f"the variables are: {', '.join(sorted(names)) or 'none'}"
    return f"no step wrote `{name}`; {known}"


class _Spelling:
    """Spells steps as statements of a program, in order. Each `_1` of several statements gets a name of its own."""

    def __init__(self, behind: Sequence[Maker], trace: CheckedTrace, *, is_answer: bool) -> None:
        self._passages = Passages(trace)
        self._answers = earlier_answers(trace.records)
        # The step whose answer is that of the program.
        self._last = behind[-1] if behind and is_answer else None
        taken = {entry.name for entry in trace.input_entries}
        for maker in behind:
            taken.update(() if isinstance(maker, Question) else maker.reads, made_by(maker, self._answers))
        self._fresh: Iterator[str] = (name for number in count(1) if (name := f"step_{number}") not in taken)
        # The name in the program of each name that the kernel wrote itself, as it stands now.
        self._names: dict[str, str] = {}
        self._turn = 0

    def _statement(self, maker: Step) -> Statement:
        statement, absence = self._passages.decode(maker.ast, _STATEMENT.decode)
        if statement is None:
            raise UnexplainedError(maker.step, absence)
        return statement

    def supporting_step(self, maker: Maker) -> SupportingStep:
        """The step, under the names of the program."""
        if isinstance(maker, Question):
            statement = Statement(Lit(str(self._passages.read(maker.text))), maker.writes.name)
            return SupportingStep(self._turn, 0, show(Program((statement,))), (), maker.writes.name, "")
        self._turn = maker.turn
        # What a step reads was written before it writes.
        reads = tuple(self._names.get(name, name) for name in maker.reads)
        of_kernel = {name: self._names[name] for name in maker.reads if name in self._names}
        written = maker.writes[0].name if maker.writes else ""
        if is_temporary(written):
            self._names[written] = next(self._fresh)
            written = self._names[written]
        if self._passages.absence(maker.ast) == REDACTION:
            calls = 0 if maker.effects is None else maker.effects.n
            return SupportingStep(maker.turn, maker.step, REDACTED, reads, written, self._shown(maker), calls)
        # The statement as it was executed, printed anew: the trace has the text of whole programs only.
        value = _renamed(self._statement(maker).value, of_kernel)
        if maker.step in self._answers and maker is not self._last:
            # It answered then; here it is one of the steps behind a later answer, which reads it by name.
            written, value = self._answers[maker.step], _answered(value)
        if maker is self._last and isinstance(value, Call) and value.name == DRAFT:
            # It stands in the end, so here it is the answer.
            value = msgspec.structs.replace(value, name=ANSWER)
        if isinstance(value, Call) and value.name == ASSIGNMENT:
            # What `x = a + b` is executed as; a program may not write it so.
            value = value.args[1]
        return SupportingStep(
            turn=maker.turn,
            step=maker.step,
            text=show(Program((Statement(value, written or None),))),
            reads=reads,
            writes=written,
            shown=self._shown(maker),
            calls=0 if maker.effects is None else maker.effects.n,
        )

    def _shown(self, step: Step) -> str:
        shown = self._passages.read_if(step.observation.ref)
        return "" if shown is None else str(shown)


def _answered(value: Any) -> Any:
    """What `final` was given."""
    if not isinstance(value, Call):
        return value
    return next(iter(value.args), None) or next(each.value for each in value.named if each.name == "value")


def _renamed(part: Any, names: dict[str, str]) -> Any:
    """A part of a syntax tree with other names of variables."""
    if not names:
        return part
    if isinstance(part, Var):
        return Var(names.get(part.name, part.name))
    if isinstance(part, tuple):
        return tuple(_renamed(item, names) for item in part)
    if isinstance(part, msgspec.Struct):
        inside = {name: _renamed(getattr(part, name), names) for name in part.__struct_fields__}
        return msgspec.structs.replace(part, **inside)
    return part
