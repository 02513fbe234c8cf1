"""Turns: execute one recorded turn again, with the recorded results of its calls and nothing from outside.

The kernel runs a program until it needs calls, and then returns their requests. Ids of calls follow from the run, the
turn, the step and the index, so the replay's requests have the ids of the recorded calls, and the answers are looked
up by them:

    advance(state, program)        Suspended, requests 2919…, 77ab…
    resume(…, their results)       Suspended, request 0c4e…
    resume(…, its result)          Done, with the entries of the turn

Not here: comparing the entries (`comparison`), what follows from a difference (`replay`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from rlmlite_kernel import Answered, Done, Failed, Parsed, State, Suspended, Unparsed, advance, resume
from rlmlite_kernel.effects.requests import Request, Result, Usage
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.evolution import EVIDENCE_OF_NESTED_RUNS
from rlmlite_kernel.records.reasons import NOT_ACCEPTED, REASONS
from rlmlite_kernel.records.records import AnyRecord, Child, EffectRecord, Entry, Remark, Step, Turn
from rlmlite_kernel.run.turns.moment import Watch
from rlmlite_kernel.run.turns.outages import Outage, recorded_outage
from rlmlite_kernel.run.turns.taken import NOTHING_TAKEN, Taking
from rlmlite_kernel.values.blobs import Blobs, InputChangedError, PassedBlobs
from rlmlite_kernel.values.parsers import Parser
from rlmlite_traces.errors import OverLimitError
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.limits import check_depth, check_items
from rlmlite_traces.replays.verdicts import Unfinished

Hear: TypeAlias = Callable[[Request, Result], None]
"""Is told of each call of a replay, with its recorded result. It may be told of one more than once."""


class Unreadable(msgspec.Struct, frozen=True):
    """The blob that a turn names as its program or diagnostics is neither: the field that names it, and why."""

    field: str
    reason: str


def refusal_in(trace: CheckedTrace, remarks: Iterable[Remark]) -> str:
    """What the host had against an answer, among the remarks of a record; empty if it had nothing."""
    said = (remark.example for remark in remarks if remark.code == NOT_ACCEPTED and remark.example is not None)
    example = next(said, None)
    return "" if example is None else trace.content(example).decode("utf-8", "replace")


def result_of(call: EffectRecord, content: Callable[[str], str], flags: Collection[int]) -> Result:
    """The result of a call, as its line and the texts that it names say. `flags` are those of its run."""
    usage = Usage(*call.usage)
    child, findings = _nested_outcome(call, content, flags)
    if call.result is None:
        detail = "" if call.detail is None else content(call.detail)
        # `verify` knows the errors.
        return Failed(call.error, usage, detail, child, call.sampling, findings)  # type: ignore[arg-type]
    return Answered(content(call.result), usage, call.cached, child, call.sampling, findings)


def _nested_outcome(
    call: EffectRecord, content: Callable[[str], str], flags: Collection[int]
) -> tuple[Child | None, str]:
    """How a nested run ended, and what it has found. Fields that its run does not write are left out: they differ.

    The record is made anew of both, with the ref of the findings.
    """
    if call.child is None:
        return None, ""
    ref = call.child.evidence if EVIDENCE_OF_NESTED_RUNS in flags else None
    findings = "" if ref is None else content(ref)
    return msgspec.structs.replace(call.child, evidence=None, coverage={}), findings


class RecordedTurn:
    """A turn in a trace: the records `first` to `stop - 1`, a `Turn` and its steps, with their calls by id.

    `texts_compared`: observations are worded as they were, so what they have shown is known here.
    """

    def __init__(self, trace: CheckedTrace, first: int, stop: int, texts_compared: bool = True) -> None:
        record = trace.records[first]
        assert isinstance(record, Turn)
        self.trace, self.first, self.stop, self.record = trace, first, stop, record
        self._texts_compared = texts_compared
        self.nested: dict[str, Request] = {}
        self.watch: Watch | None = None
        self.hear: Hear | None = None
        self.taken: set[int] | None = None
        self.calls: dict[str, EffectRecord] = {
            call.id: call for seq in range(first, stop) for call in trace.effects(seq)
        }

    @property
    def taking(self) -> Taking:
        """Which steps are taken from the record; `taken` are those that read what is not here, None for none at all."""
        if self.taken is None:
            return NOTHING_TAKEN
        steps = (record for record in self.trace.records[self.first : self.stop] if isinstance(record, Step))
        return Taking({record.step: record for record in steps}, self.taken)

    @property
    def outages(self) -> dict[int, Outage]:
        """The steps that an outage ended, by their numbers: these are taken from the record, and not executed."""
        outages: dict[int, Outage] = {}
        for record in self.trace.records[self.first : self.stop]:
            outage = recorded_outage(record) if isinstance(record, Step) else None
            if isinstance(record, Step) and outage is not None:
                outages[record.step] = outage
        return outages

    @property
    def verdict(self) -> tuple[str, ...] | None:
        """The codes of what was said against the turn's answer, where it cannot be found again; `None` where it can."""
        if self._texts_compared:
            return None
        steps = (record for record in self.trace.records[self.first : self.stop] if isinstance(record, Step))
        return tuple(remark.code for step in steps for remark in step.warnings if remark.code in REASONS)

    @property
    def refusal(self) -> str:
        """What the host had against the answer of the turn before; empty if it had nothing."""
        return refusal_in(self.trace, () if self.record.held_back is None else (self.record.held_back,))

    @property
    def reply(self) -> str | None:
        """The controller's whole reply; `None` if no model spoke."""
        return None if self.record.reply is None else self.trace.content(self.record.reply).decode("utf-8", "replace")

    def read_program(self) -> Parsed | Unparsed | Unreadable:
        """The program, the diagnostics if the reply held no program, or why neither can be read."""
        field = "ast" if self.record.ast is not None else "diagnostics"
        try:
            reading = decode_reading(self.record, self._content_of_reading)
        except OverLimitError as error:
            if error.bound != "json_depth":
                raise
            return Unreadable(field, str(error))  # deeper than the language permits, so nobody can have read it
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return Unreadable(field, str(error))  # `verify` proves which bytes a blob holds, not what they mean
        if reading is None:
            return Unreadable(field, "neither a program nor diagnostics")
        if isinstance(reading, Parsed):
            count = len(reading.program.body)
            self.trace.contents.limits.check("statements", count, "a program has statements:")
        return reading if _places_are_in_text(reading) else Unreadable(field, "a place outside the text")

    def _content_of_reading(self, ref: str) -> bytes:
        """The program as JSON, or its text, within the reader's bounds: the kernel descends into each of its levels.

        Raises `OverLimitError`.
        """
        content = self.trace.contents.read_json(ref)
        if ref != self.record.reply:
            check_depth(content, self.trace.contents.limits)
        return content

    def result(self, id_: str) -> Result | None:
        """The recorded result of a call; `None` if there is none."""
        call = self.calls.get(id_)
        return None if call is None else result_of(call, self._content, self.trace.genesis.flags)

    def _content(self, ref: str) -> str:
        """A result's text. Many are JSON, which is read as such. Raises `OverLimitError`."""
        content = self.trace.content(ref)
        check_items(content, self.trace.contents.limits)
        return content.decode("utf-8", "replace")

    def answer(self, request: Request) -> Result:
        """What a request gets. Those for nested runs are noted: their traces are compared with them."""
        if request.nested is not None:
            self.nested[request.id] = request
        result = self.result(request.id) or Failed("unavailable")
        if self.hear is not None:
            self.hear(request, result)
        return result

    def unfinished(self, said: Parsed | Unparsed) -> Unfinished:
        """The turn as what is to be finished, by whoever goes on with the run."""
        record, recorded = self.record, self.stop - self.first
        ended = self.results(), self.outages, self.refusal
        return Unfinished(said, self.reply, record.origin, record.call, recorded, *ended)

    def results(self) -> Mapping[str, Result]:
        """All recorded results by the id of their call."""
        return {id_: result for id_ in self.calls if (result := self.result(id_)) is not None}


def _places_are_in_text(reading: Parsed | Unparsed) -> bool:
    """Whether every place that is named lies in the text: the kernel slices by them, and a forger may name any."""
    if isinstance(reading, Parsed):
        return all(0 <= place <= len(reading.text) for place in reading.at)
    return all(0 <= (problem.offset or 0) <= len(reading.text) for problem in reading.problems)


class ExecutedTurn(msgspec.Struct, frozen=True):
    """A turn that was executed again: its entries, and its end, or `None` if the record stops before it."""

    entries: tuple[Entry, ...]
    done: Done | None


def end_of_turn(records: Sequence[AnyRecord], first: int) -> int:
    """The place after the last step of the turn that begins at `first`."""
    stop = first + 1
    while stop < len(records) and isinstance(records[stop], Step):
        stop += 1
    return stop


def execute_turn(
    state: State,
    reading: Parsed | Unparsed,
    turn: RecordedTurn,
    blobs: Blobs,
    parser: Parser,
    *,
    is_last: bool = False,
) -> ExecutedTurn:
    """Run a turn with recorded results.

    A call without a recorded result gets an error as its result, so that the turn goes on, and the step that made the
    call is the one that differs.
    Of the last turn of an open trace only the steps that are recorded are executed: what stopped the run may have been
    the step that comes next.
    """
    record = turn.record
    done = advance(
        state,
        reading,
        blobs,
        reply=turn.reply,
        origin=record.origin,
        call=record.call,
        parser=parser,
        outages=turn.outages,
        stepwise=is_last,
        verdict=turn.verdict,
        refusal=turn.refusal,
        watch=turn.watch,
        taking=turn.taking,
    )
    entries = [*done.entries]
    while isinstance(done, Suspended):
        if is_last and len(entries) >= turn.stop - turn.first:
            return ExecutedTurn(tuple(entries), None)
        results = [turn.answer(request) for request in done.requests]
        done = resume(done, results, blobs, parser=parser)
        entries += done.entries
    return ExecutedTurn(tuple(entries), done)


class HaltingBlobs(PassedBlobs):
    """Blobs that report a changed input at the `at`-th time that a step asks (`confirm`). With `at` 0 they never do."""

    def __init__(self, blobs: Blobs, at: int) -> None:
        super().__init__(blobs)
        self._at = at
        self.asked = 0

    def confirm(self, digests: frozenset[str]) -> None:
        """See `Blobs.confirm`."""
        self.asked += 1
        if self.asked == self._at:
            raise InputChangedError("an input", "what it was", "what the run found then")


def execute_halted(
    state: State, reading: Parsed | Unparsed, turn: RecordedTurn, blobs: Blobs, parser: Parser
) -> ExecutedTurn | None:
    """Execute a turn that a changed input ended early, so that it gives as many entries as are recorded.

    Steps ask whether the inputs are unchanged (`confirm`), and the first that hears of a change halts the turn. Which
    one heard of it is not recorded. But the later it was, the more entries the turn has, so it is found by halving:

        recorded 4 entries; an undisturbed turn asks 8 times
        change at question 4   6 entries, too many: earlier
        change at question 2   3 entries, too few: later
        change at question 3   4 entries: this one

    `None` if no question gives that number. Each try executes the turn once, hence few tries rather than all.
    """
    recorded = turn.stop - turn.first
    undisturbed = HaltingBlobs(blobs, 0)
    execute_turn(state, reading, turn, undisturbed, parser)
    low, high = 1, undisturbed.asked
    while low <= high:
        middle = (low + high) // 2
        executed = execute_turn(state, reading, turn, HaltingBlobs(blobs, middle), parser)
        count = len(executed.entries)
        if count == recorded:
            return executed
        if count < recorded:
            low = middle + 1
        else:
            high = middle - 1
    return None
