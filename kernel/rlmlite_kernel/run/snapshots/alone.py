"""One step alone: executed again without the turn that it stood in.

    state before, from a proof      variables that it reads, with values; of all others name, kind, ref and size
    `Circumstances`                 what else its record depends on, where that is not the default
    results of its calls            as they were recorded
    ->  the entry                   byte for byte the one that the whole turn gives, but for coverage

What the digest of a state commits to is the caller's to check. What it does not commit to comes as circumstances: how
many bytes of the turn's observation the step had, whether its variables were doubted, on how many places of the inputs
an answer rests that names no evidence. Coverage adds up over all steps of a run, so that of one step is its own part.

Not here: where circumstances are learned (`run.turns.moment`), files and proofs (`rlmlite_traces.proofs`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.observation.evidence import GIVEN, Evidence, EvidenceList
from rlmlite_kernel.program.ast import Call, Statement
from rlmlite_kernel.program.checker import is_temporary
from rlmlite_kernel.program.lowering import PlannedStep, plan_recorded, plan_refused
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.records.records import Entry
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.run.holding.speech import Speech
from rlmlite_kernel.run.holding.verdict import answer_of
from rlmlite_kernel.run.machine import blobs_by_name
from rlmlite_kernel.run.recorder import Recorder
from rlmlite_kernel.run.steps.answers import Doubt, HeldAnswer, Lineage
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import FinalAnswer, FinishedStep
from rlmlite_kernel.run.turns.aftermath import Surroundings
from rlmlite_kernel.run.turns.moment import Layout
from rlmlite_kernel.run.turns.outages import Outage
from rlmlite_kernel.run.turns.room import Outlook
from rlmlite_kernel.run.turns.turn import RunningTurn
from rlmlite_kernel.run.turns.waves import WaveRequests
from rlmlite_kernel.values.blobs import Blobs, blobs_for
from rlmlite_kernel.values.parsers import Parser

_VERBATIM = "verbatim"

BY_PROVENANCE: Final = ("evidence_limited", "coverage_bounded")
"""Codes of notes that say what was not found of evidence, or not counted as read."""


class Circumstances(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, tag=False
):
    """What a step's record depends on besides the state, its own AST and the results of its calls.

    `place` is its number in the lowered program, `broken` the variables that earlier steps of the turn did not write,
    with origins in hex, `over` why nothing more of the turn was to run. `meanwhile`: by how much the ledger that it was
    started with differs from what is used now, since calls of others were out. `spoken`: the origins of what the
    controller writes, in hex, as they were when the turn began. `seen` are the names of the variables that it saw,
    where that shows: a message may list them. `room` is its share of the observation in bytes, `is_brief` and
    `tells_failure` as in `Layout`. `written` is the call of its statement before lowering.
    `problems` are those of a refused statement, `text` the program with nothing but the lines that these name.
    `is_controller`, `said`: who spoke, and what else its reply said. `doubts` are of the variables that it reads.
    `pieces`, `is_verbatim`: on how many places an answer rests that names no evidence. `insists`: it was given before.
    `notes` are its notes on evidence and coverage that was not found, each with its place among all remarks, its code
    and count, where those are others: what is found depends on where its values come from.
    """

    place: int = 0
    broken: dict[str, str] = {}
    over: str = ""
    meanwhile: dict[str, int] = {}
    spoken: str = ""
    seen: tuple[str, ...] = ()
    room: int | None = None
    is_brief: bool = False
    tells_failure: bool = False
    written: Call | None = None
    problems: tuple[Problem, ...] = ()
    text: str = ""
    is_controller: bool = False
    said: tuple[str, ...] = ()
    doubts: tuple[tuple[str, str], ...] = ()
    pieces: int = 0
    is_verbatim: bool = False
    insists: bool = False
    notes: tuple[tuple[int, str, str, int], ...] | None = None


class LoneStep(msgspec.Struct, frozen=True, eq=False):
    """A step to execute: what the record holds of it, its statement's number, and its circumstances.

    `verdict` are the codes that its record has against its answer, `outage` is how the machine failed it, if it did.
    """

    statement: Statement
    number: int
    found: Circumstances
    verdict: tuple[str, ...] = ()
    outage: Outage | None = None


def execute_alone(
    before: State, step: LoneStep, answer: Callable[[Request], Result], blobs: Blobs, parser: Parser
) -> Entry:
    """The entry of a step. `before` is the state before it, with an empty coverage. Raises host faults."""
    found = step.found
    planned = _plan(step, before)
    blobs = blobs_by_name(blobs_for(before.run.flags, blobs), before)
    broken = {name: int(origins, 16) for name, origins in found.broken.items()}
    before = msgspec.structs.replace(before, lineage=_lineage(planned, before, found))
    outages: Mapping[int, Outage] = {} if step.outage is None else {before.step + 1: step.outage}
    ledger = {**before.used}
    for name, amount in found.meanwhile.items():
        ledger[name] = ledger.get(name, 0) + amount
    spoken = int(found.spoken, 16) if found.spoken else None
    names = (*found.seen, *sorted(planned.reads.difference(found.seen) & before.variables.keys()))
    surroundings = Surroundings(found.place, broken, found.over, ledger, spoken, names if found.seen else None)
    turn = RunningTurn(before, [planned], outages, surroundings=surroundings)
    finished = _mend(_run(turn, answer, blobs, parser), before, found)
    if found.insists and isinstance(finished.outcome.effect, FinalAnswer):
        again = answer_of(planned, finished.outcome.effect, before)
        assert again is not None
        before = msgspec.structs.replace(before, held=(HeldAnswer(0, again, (StepRemark("", code=""),)),))
    speech = Speech(found.is_controller, found.said, step.verdict)
    recorder = _LoneRecorder(before, speech, found)
    recorder.commit(finished, Outlook(), blobs, is_shown=not turn.is_unshown())
    return recorder.take_entries()[0]


def _plan(step: LoneStep, before: State) -> PlannedStep:
    statement, found = step.statement, step.found
    if found.problems:
        return plan_refused(statement, step.number, found.problems)
    # A step that ends its statement writes a variable of the program's, or none; the others write temporaries.
    is_last = statement.target is None or not is_temporary(statement.target)
    call = statement.value
    assert isinstance(call, Call)
    written = (found.written or call) if is_last else None
    return plan_recorded(statement, step.number, written, before.run.table)


def _lineage(planned: PlannedStep, before: State, found: Circumstances) -> Mapping[str, Lineage]:
    doubts = tuple(Doubt(code, name, before.turn) for code, name in found.doubts)
    read = sorted(name for name in planned.reads if name in before.variables)
    # All of them meet in the step, so it is the same which variable has brought them.
    return {read[0]: Lineage(doubts)} if doubts and read else {}


def _run(turn: RunningTurn, answer: Callable[[Request], Result], blobs: Blobs, parser: Parser) -> FinishedStep:
    waves = turn.run_ready(blobs, parser, _commit_nothing)
    while waves:
        turn.suspend()
        turn.receive(waves, [answer(request) for request in WaveRequests(waves)], _commit_nothing)
        waves = turn.run_ready(blobs, parser, _commit_nothing)
    finished = turn.next_to_commit()
    assert finished is not None
    return finished


def _commit_nothing() -> None:
    """The only step is committed when it is over."""


def _mend(finished: FinishedStep, before: State, found: Circumstances) -> FinishedStep:
    """The step with what it has of others: the temporaries of its statement, and the places that an answer rests on."""
    change, effect = finished.change, finished.outcome.effect
    if finished.planned.last:
        temporaries = tuple(name for name in before.variables if is_temporary(name))
        change = msgspec.structs.replace(change, dropped=(*change.dropped, *temporaries))
    if isinstance(effect, FinalAnswer) and effect.evidence.basis != GIVEN and found.pieces:
        how = _VERBATIM if found.is_verbatim else ""
        evidence = EvidenceList((Evidence(how, ""),), found.pieces, "derived")
        effect = msgspec.structs.replace(effect, evidence=evidence)
    if found.notes is not None:
        _exchange_notes(finished.outcome.context.remarks, found.notes)
    outcome = msgspec.structs.replace(finished.outcome, effect=effect)
    return msgspec.structs.replace(finished, change=change, outcome=outcome)


def _exchange_notes(remarks: list[StepRemark], notes: Sequence[tuple[int, str, str, int]]) -> None:
    """Put these notes in place of those that go by provenance. Raises `ValueError` for a place that there is not."""
    remarks[:] = [remark for remark in remarks if remark.code not in BY_PROVENANCE]
    for place, code, message, n in notes:
        if not 0 <= place <= len(remarks):
            raise ValueError(f"there is no remark {place}")
        remarks.insert(place, StepRemark(message, code=code, is_note=True, n=n))


class _LoneRecorder(Recorder):
    """Records a step in the room that it had in its turn."""

    def __init__(self, state: State, speech: Speech, found: Circumstances) -> None:
        room = state.settings.limits.observation_bytes
        super().__init__(state, found.text, room, speech)
        own_room = room - 1 if found.room is None else found.room
        self._layout = Layout(own_room, room, found.is_brief, found.tells_failure)

    def _layout_of(self, step: FinishedStep, outlook: Outlook, blobs: Blobs) -> Layout:
        return self._layout
