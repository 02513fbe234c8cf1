"""Why an answer is what it is: the steps that it rests on, and no others.

A backward slice over the records of a verified trace. It starts from what the last `final` read, and goes back:

    hits = search(context, "ERROR")      made `hits`, which count read: kept
    unused = search(context, "INFO")     made `unused`, which nothing behind the answer read: left out
    n = count(hits)                      made `n`, which final read: kept; from here `hits` is wanted, too
    final(n)                             read `n`

Joined line by line, the texts of the steps are a program that gives the same answer. What the kernel writes for itself
gets a name there that a program may write: the parts of a nested call are `step_1`, `step_2`, ..., and a question that
a step read is a statement of its own. An earlier answer that a step read is what its `final` was given, by its name.

It needs no model, no input and no kernel.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from rlmlite_grammar import show
from rlmlite_kernel.program.ast import ASSIGNMENT, Call, Lit, Program, Statement, Var
from rlmlite_kernel.program.checker import is_temporary
from rlmlite_kernel.records.reasons import HELD
from rlmlite_kernel.records.records import AnyRecord, Question, Step, Turn
from rlmlite_traces import CheckedTrace, verify

_STATEMENT = msgspec.json.Decoder(Statement)


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
    trace = verify(path, root)
    behind = steps_behind(trace.records)
    spelling = _Spelling(behind, trace)
    return tuple(spelling.supporting_step(record) for record in behind)


def steps_behind(records: Sequence[AnyRecord]) -> tuple[Step | Question, ...]:
    """The last `final`, and every step or question that made something which it or a step behind it read, in order."""
    # A step that failed wrote nothing, so nothing can rest on it.
    answers = earlier_answers(records)
    steps = (record for record in records if isinstance(record, Step | Question))
    makers = [maker for maker in steps if isinstance(maker, Question) or maker.status == "ok" or maker.step in answers]
    finals = [place for place, maker in enumerate(makers) if isinstance(maker, Step) and maker.op == "final"]
    if not finals:
        return ()
    last = finals[-1]
    final, earlier = makers[last], makers[:last]
    behind = [final]
    wanted = {*_reads(final)}
    for maker in reversed(earlier):
        made = _made(maker, answers)
        # Names can be written again. Going backward, the first step that wrote a name is the one whose value was read;
        # after it the name is not wanted any more, unless this step read an older value of it.
        is_read = not made.isdisjoint(wanted)
        if is_read:
            behind.append(maker)
            wanted = (wanted - made) | {*_reads(maker)}
    return tuple(reversed(behind))


def earlier_answers(records: Sequence[AnyRecord]) -> dict[int, str]:
    """The variables that hold earlier answers, each by the number of the step that answered."""
    names: dict[int, str] = {}
    answered = 0
    for record in records:
        if isinstance(record, Step) and record.op == "final" and record.status in ("ok", HELD):
            answered = record.step
        elif isinstance(record, Question | Turn) and record.earlier is not None:
            names[answered] = record.earlier.name
    return names


def _made(maker: Step | Question, answers: Mapping[int, str]) -> set[str]:
    """The variables that a step or a question wrote, or became later."""
    if isinstance(maker, Question):
        return {maker.writes.name}
    own = {variable.name for variable in maker.writes}
    return own | {answers[maker.step]} if maker.step in answers else own


def _reads(maker: Step | Question) -> tuple[str, ...]:
    return maker.reads if isinstance(maker, Step) else ()


class _Spelling:
    """Spells steps as statements of a program, in order. Each `_1` of several statements gets a name of its own."""

    def __init__(self, behind: Sequence[Step | Question], trace: CheckedTrace) -> None:
        self._trace = trace
        self._answers = earlier_answers(trace.records)
        self._last = behind[-1] if behind else None
        taken = {entry.name for entry in trace.input_entries}
        for maker in behind:
            taken.update(_reads(maker), _made(maker, self._answers))
        self._fresh: Iterator[str] = (name for number in count(1) if (name := f"step_{number}") not in taken)
        # The name in the program of each name that the kernel wrote itself, as it stands now.
        self._names: dict[str, str] = {}
        self._turn = 0

    def supporting_step(self, maker: Step | Question) -> SupportingStep:
        """The step, under the names of the program."""
        if isinstance(maker, Question):
            statement = Statement(Lit(self._trace.content(maker.text).decode()), maker.writes.name)
            return SupportingStep(self._turn, 0, show(Program((statement,))), (), maker.writes.name, "")
        self._turn = maker.turn
        # What a step reads was written before it writes.
        reads = tuple(self._names.get(name, name) for name in maker.reads)
        of_kernel = {name: self._names[name] for name in maker.reads if name in self._names}
        written = maker.writes[0].name if maker.writes else ""
        if is_temporary(written):
            self._names[written] = next(self._fresh)
            written = self._names[written]
        # The statement as it was executed, printed anew: the trace has the text of whole programs only.
        value = _renamed(_STATEMENT.decode(self._trace.content(maker.ast)).value, of_kernel)
        if maker.step in self._answers and maker is not self._last:
            # It answered then; here it is one of the steps behind a later answer, which reads it by name.
            written, value = self._answers[maker.step], _answered(value)
        if isinstance(value, Call) and value.name == ASSIGNMENT:
            # What `x = a + b` is executed as; a program may not write it so.
            value = value.args[1]
        observation = maker.observation.ref
        return SupportingStep(
            turn=maker.turn,
            step=maker.step,
            text=show(Program((Statement(value, written or None),))),
            reads=reads,
            writes=written,
            shown="" if observation is None else self._trace.content(observation).decode(),
            calls=0 if maker.effects is None else maker.effects.n,
        )


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
