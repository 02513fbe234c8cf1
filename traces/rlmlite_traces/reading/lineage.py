"""Lineage: which steps made what a step read, by the names of variables alone.

A record names the variables that its step read and wrote. Names can be written again, so what a step read is what was
last written under that name before it. Walking back from a step gives the steps that its value rests on, and no others:

    hits = search(context, "ERROR")      made `hits`, which count read: kept
    unused = search(context, "INFO")     made `unused`, which nothing behind the answer read: left out
    n = count(hits)                      made `n`, which final read: kept; from here `hits` is wanted, too
    final(n)                             read `n`

Walking forward gives, for each variable, the inputs that it was made of.
It needs no model, no input and no kernel. It follows data, not decisions: that a step ran at all may have depended on
what its controller had seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from rlmlite_kernel.records.reasons import HELD, NOT_ACCEPTED
from rlmlite_kernel.records.records import AnyRecord, Question, Step, Turn

Maker: TypeAlias = Step | Question
"""What makes a variable, or an answer."""

ANSWER: Final = "final"
DRAFT: Final = "draft"
"""The actions that answer, and that keep an answer for the case that no other one is taken."""


def answering_step(records: Sequence[AnyRecord]) -> Step | None:
    """The step whose answer stands: taken, else held back in the last turn, drafted, or held back before.

    Where none stands, the last that was taken at any time, as in a session that went on after it. The rule is that of
    the kernel (`run.holding.standing`).
    """
    taken: Step | None = None
    last: Step | None = None
    draft: Step | None = None
    held: list[Step] = []
    turn = 0
    for record in records:
        match record:
            case Question():
                taken, draft, held = None, None, []
            case Turn():
                turn = record.turn
                # What the host refused never stands.
                refused = record.held_back is not None and record.held_back.code == NOT_ACCEPTED
                last = None if refused and last is taken else last
                taken = None
            case Step() if record.op == ANSWER and record.status == "ok":
                taken = last = record
            case Step() if record.op == ANSWER and record.status == HELD:
                held.append(record)
            case Step() if record.op == DRAFT and record.status == "ok":
                draft = record
            case _:
                pass
    if taken is not None:
        return taken
    if held and (held[-1].turn == turn or draft is None):
        return held[-1]
    return draft if draft is not None else last


def steps_behind(records: Sequence[AnyRecord], name: str | None = None) -> tuple[Maker, ...]:
    """The step that answered, or that made the variable `name` last, and all that it rests on, in order.

    Empty where there is no answer, or nothing made such a variable.
    """
    answers = earlier_answers(records)
    makers = _makers(records, answers)
    last = answering_step(records) if name is None else _maker_of(name, makers, answers)
    if last is None:
        return ()
    behind = [last]
    wanted = {*_reads(last)}
    for maker in reversed([each for each in makers if each.seq < last.seq]):
        made = made_by(maker, answers)
        # Going backward, the first step that wrote a name is the one whose value was read; after it the name is not
        # wanted any more, unless this step read an older value of it.
        if not made.isdisjoint(wanted):
            behind.append(maker)
            wanted = (wanted - made) | {*_reads(maker)}
    return tuple(reversed(behind))


def earlier_answers(records: Iterable[AnyRecord]) -> dict[int, str]:
    """The variables that hold earlier answers, each by the number of the step that answered."""
    names: dict[int, str] = {}
    answered = 0
    for record in records:
        if isinstance(record, Step) and record.op == ANSWER and record.status in ("ok", HELD):
            answered = record.step
        elif isinstance(record, Question | Turn) and record.earlier is not None:
            names[answered] = record.earlier.name
    return names


def made_by(maker: Maker, answers: Mapping[int, str]) -> set[str]:
    """The variables that a step or a question wrote, or became later."""
    if isinstance(maker, Question):
        return {maker.writes.name}
    own = {variable.name for variable in maker.writes}
    return own | {answers[maker.step]} if maker.step in answers else own


class InputsBehind:
    """The inputs that each variable was made of, as one reads on: `of` before `pass_over` of the same record."""

    def __init__(self, records: Sequence[AnyRecord], inputs: Iterable[str]) -> None:
        self._answers = earlier_answers(records)
        self._inputs: dict[str, frozenset[str]] = {name: frozenset({name}) for name in inputs}

    def of(self, names: Iterable[str]) -> frozenset[str]:
        """The inputs behind some variables."""
        names = tuple(names)
        if len(names) == 1:  # as it is: most steps read one variable, which may be made of ten thousand inputs
            return self._inputs.get(names[0], frozenset())
        return frozenset().union(*(self._inputs.get(name, frozenset()) for name in names))

    def pass_over(self, record: AnyRecord) -> None:
        """Take note of what a record wrote."""
        if isinstance(record, Step | Question):
            behind = self.of(_reads(record))
            self._inputs.update(dict.fromkeys(made_by(record, self._answers), behind))


def _makers(records: Iterable[AnyRecord], answers: Mapping[int, str]) -> list[Maker]:
    # A step that failed wrote nothing, so nothing can rest on it; an answer that was held back may be a variable later.
    steps = (record for record in records if isinstance(record, Step | Question))
    return [maker for maker in steps if isinstance(maker, Question) or maker.status == "ok" or maker.step in answers]


def _maker_of(name: str, makers: Sequence[Maker], answers: Mapping[int, str]) -> Maker | None:
    return next((maker for maker in reversed(makers) if name in made_by(maker, answers)), None)


def _reads(maker: Maker) -> tuple[str, ...]:
    return maker.reads if isinstance(maker, Step) else ()
