"""The kernel: begin a run, advance it by programs, resume it with the results of calls, seal it. All goes through here.

    begin(inputs, settings, salts)          -> Done
    ask(state, question)                    -> Done
    add(state, inputs, limits)              -> Done
    advance(state, parsed, blobs)           -> Done | Suspended
    resume(suspended, results, blobs)       -> Done | Suspended
    seal(state)                             -> Entry

Pure: no clock, chance, files, network or log. What is needed from outside is asked for (`Suspended.requests`) or read
by its digest (`blobs`, and what a `parser` makes of code). The same state, program and results give the same bytes
everywhere.

**One turn.** `advance` checks the program, lowers it to *steps* of one action each, and runs every step that can run:

* What **suspends**: steps that call models, tools, approvers, nested runs or the clock. Independent ones suspend
  together; the turn is `Suspended` when nothing can go on without results, and `resume` takes all results at once.
* When a step **commits**: once every step before it has. Only then is its record written and the state moved on, though
  later steps may have seen its value before.
* What **halts**: a file that has changed since it was read (`InputChangedError`). What is committed stays, the rest
  never happened, and the run is to be sealed. Mistakes of a program halt nothing: they are outcomes with a code.
* Why the **order of completion** cannot show: results come by index, all calls of a suspension are settled before any
  step reserves for its next ones, and records are written in the order of the program.

For example `a = sub_lm("?")`, `b = count(log)`, `c = [a, b]`: `advance` runs `b`, and is `Suspended` with one request
and no records but the turn's own, since `a` comes first. `resume` settles `a`, runs `c`, and is `Done` with the records
of `a`, `b` and `c`.

The states of a turn and of its steps, and every move between them, are tables in `run.turns.transitions`. What decides
which step runs is `run.turns.turn`, what a step does is `run.steps.step`, what is recorded of it `run.recorder`. Not
here: any driver.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from operator import or_

import msgspec

from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.effects.requests import Requests, Result
from rlmlite_kernel.evaluation.work import Meter
from rlmlite_kernel.faults import OUT_OF_MEMORY
from rlmlite_kernel.observation.observations import fit_text
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.checker import Scope, check
from rlmlite_kernel.program.lowering import lower
from rlmlite_kernel.program.problems import Unparsed, explain
from rlmlite_kernel.records.evolution import (
    ANSWERS_ARE_HELD,
    EVIDENCE_BY_PLACE,
    EXPOSURE_BY_INPUT,
    FLAGS,
)
from rlmlite_kernel.records.records import Counts, Entry, Spoken
from rlmlite_kernel.records.refs import Salts
from rlmlite_kernel.records.remarks import merge_remarks
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.run.genesis import first_state
from rlmlite_kernel.run.holding.earlier import Earlier, write_earlier
from rlmlite_kernel.run.holding.speech import speech_of
from rlmlite_kernel.run.holding.standing import refuse_answer
from rlmlite_kernel.run.hosts.past import TurnPast
from rlmlite_kernel.run.hosts.results import NotSuspendedError, in_order
from rlmlite_kernel.run.questions import write_question
from rlmlite_kernel.run.recorder import Recorder, controller_charges, turn_entry, utf8_of
from rlmlite_kernel.run.status import INPUT_CHANGED, begin_turn, write_seal
from rlmlite_kernel.run.steps.remarks import remarks_of_reading
from rlmlite_kernel.run.steps.state import State, state_digest
from rlmlite_kernel.run.turns.changes import with_changes
from rlmlite_kernel.run.turns.moment import Watch
from rlmlite_kernel.run.turns.outages import Outage
from rlmlite_kernel.run.turns.taken import NOTHING_TAKEN, StepUnavailableError, Taking
from rlmlite_kernel.run.turns.turn import RunningTurn
from rlmlite_kernel.run.turns.waves import Wave, WaveRequests
from rlmlite_kernel.values.blobs import BlobMissingError, Blobs, InputChangedError, PlacedBlobs, blobs_for
from rlmlite_kernel.values.inputs import Input
from rlmlite_kernel.values.parsers import NO_PARSER, Parser

_JSON = msgspec.json.Encoder(order="sorted")


class TurnsSpentError(RuntimeError):
    """`advance` was called with no turn left. Nothing changed; seal the run."""


class Done(msgspec.Struct, frozen=True, eq=False):
    """A turn is over (or the run has begun): the new state, the records since last time, the observation.

    `halted` is `input_changed` if a file has changed: what was not committed by then was discarded, and the run is to
    be sealed.
    """

    state: State
    entries: tuple[Entry, ...]
    observation: str
    halted: str = ""


class Suspended(msgspec.Struct, frozen=True, eq=False):
    """Calls are needed. `resume` goes on with one result for each request, in their order.

    Of a turn that is executed `stepwise` there may be no requests: only records to write before it goes on.

    `entries` are the records of what is committed so far; they are final. To go on in another process, `save_run`.
    """

    requests: Requests
    entries: tuple[Entry, ...]
    turn: RunningTurn
    recorder: Recorder
    waves: tuple[Wave, ...]
    past: TurnPast


def begin(
    inputs: Mapping[str, Input],
    settings: Settings,
    salts: Salts,
    *,
    grammar: str = "",
    table: Table = ACTIONS,
    engines: Mapping[str, str] | None = None,
    flags: Collection[int] = tuple(FLAGS),
    recorded: bytes | None = None,
    meter: Meter | None = None,
) -> Done:
    """A run before its first turn. `grammar` is the digest of the grammar that will read programs, if one will.

    `engines` are the versions of `engine_versions`, for a host that has looked them up already; with those of its
    `parser`, if it has one.

    A nested run begins exposed: who began it may have been, and speaks through its question.
    A replay gives what the trace holds: its `flags`, and its settings as they were `recorded`, since another version
    may spell the same settings otherwise; and its `meter`, for a run that is not charged for the work on its values.

    Raises `SettingsError`.
    """
    state, entry = first_state(
        inputs,
        settings,
        salts,
        grammar=grammar,
        table=table,
        engines=engines,
        flags=flags,
        recorded=recorded,
        meter=meter,
    )
    return Done(with_changes(state), (entry,), "")


def ask(state: State, question: str, name: str = "question", form: str = "") -> Done:
    """Put a question on the record, and into the variable `name`, where programs find it. It takes no turn.

    `form` is the JSON schema that its answer must match, empty if any answer will do.
    The answer before it, if there is one, becomes a variable too (`run.holding.earlier`).

    Raises `RoomSpentError` if there is no room for it; then nothing has changed.
    """
    asked, entry = write_question(state, question, name, form)
    return Done(asked, (entry,), "")


def add(
    state: State,
    inputs: Mapping[str, Input],
    limits: Mapping[str, int | None] | None = None,
    kept: Counts | None = None,
) -> Done:
    """Put more inputs, and higher limits, on the record, between two turns. It takes no turn (`run.additions`).

    `kept` is what is held back of the new limits for the last answer (`Settings.kept`).

    Raises `SettingsError` for a name that is there, a limit that is lower than before, and where there is no room; then
    nothing has changed.
    """
    from rlmlite_kernel.run.additions import write_addition  # most runs are not added to

    added, entry = write_addition(state, inputs, limits or {}, kept or {})
    return Done(added, (entry,), "")


def advance(
    state: State,
    said: Parsed | Unparsed,
    blobs: Blobs,
    *,
    reply: str | None = None,
    origin: str = "host",
    call: Spoken | None = None,
    parser: Parser = NO_PARSER,
    outages: Mapping[int, Outage] | None = None,
    stepwise: bool = False,
    verdict: tuple[str, ...] | None = None,
    refusal: str = "",
    watch: Watch | None = None,
    taking: Taking = NOTHING_TAKEN,
) -> Done | Suspended:
    """One turn. `reply` is the controller's whole reply, `origin` who spoke, `call` its call, if a model was asked.

    `parser` reads source code for `symbols`; its versions belong into the genesis (`begin`).
    `outages` are, by the numbers of steps in the record, those that are known to have ended in an outage: they are not
    executed (`run.turns.outages`). An outage that is not among them is found here, and becomes the code of its step.
    `stepwise`: suspend, without requests, before the first step and after each one that is committed. So a host can
    write each record before the next step runs, which the process may not survive.
    `verdict` are the codes of the reasons that a trace has against the answer of this turn. A replay gives them where
    it words observations otherwise, and so cannot know what had been shown.
    `refusal` is what the host has against the answer of the turn before, where the gate `accept` is armed: that answer
    is revoked, and the record of this turn says so.
    `watch` is told of each step before it is recorded; `taking` are steps that are not executed (`run.turns.taken`).

    The controller's call is charged here. It has been made by now, so the host has to check beforehand that it fits
    (`State.left`, `Role.reserved_tokens`).

    Raises `TurnsSpentError`, and host faults such as `BlobMissingError`, or `MemoryError` where no single step can be
    blamed for it; then nothing has changed.
    """
    if state.left("turns") < 1:
        raise TurnsSpentError(f"all {state.settings.limits.turns} turns of this run are used")
    remarks = remarks_of_reading(said)
    before, earlier = state, Earlier(state)
    if origin == "host" and state.answer is not None:
        # A program after an answer begins anew, as a question does.
        earlier = write_earlier(state, state.run.key)
        state, remarks = earlier.state, (*remarks, *earlier.remarks)
    # The turn is charged before anything runs, whatever comes of it: prose costs a turn as well.
    charges = {"turns": 1}
    if call is not None:
        charges.update(controller_charges(call, state.settings))
    used = dict(state.used)
    for name, amount in charges.items():
        used[name] = used.get(name, 0) + amount
    exposure = state.exposure
    if call is not None and EXPOSURE_BY_INPUT in state.run.flags:
        # Its prompt has said of these inputs how long they are, and what columns they have.
        described = [state.variables[name].data.origins for name in state.run.inputs if state.describes(name)]
        exposure |= reduce(or_, described, 0)
    fields = begin_turn(state, origin, call)
    revoked = refuse_answer(state, refusal)
    if revoked is not None:
        fields["held"] = (*state.held, revoked)
    opened = msgspec.structs.replace(
        state,
        turn=state.turn + 1,
        used=used,
        digest=state_digest(state.variables, used, exposure, state.run.flags, state.memo.digest),
        exposure=exposure,
        **fields,
        remarks=merge_remarks((*state.remarks, *remarks)),
    )
    entry = turn_entry(state, opened, said, reply, origin, call, charges, remarks, revoked, earlier.writes)
    if isinstance(said, Unparsed):
        # One code for all of them: the record's `diagnostics` names the blob that has each problem.
        # Where the controller said nothing, that is what failed.
        refused = msgspec.structs.replace(opened, failures=opened.failures or ("syntax",))
        # The message quotes the text, half a surrogate pair too.
        message = utf8_of(explain(said.problems, said.text)).decode()
        text, _ = fit_text(message, state.settings.limits.observation_bytes)
        return Done(with_changes(refused), (entry,), text)
    run = state.run
    # Checked against the variables as they are before the turn; `check` adds those that the program itself writes.
    scope = Scope(frozenset(state.variables), run.inputs, run.table, state.settings.policy)
    steps = lower(said.program, run.table, check(said, scope))
    blobs = blobs_for(run.flags, blobs)
    speech = speech_of(said, origin, verdict)
    recorder = Recorder(opened, said.text, state.settings.limits.observation_bytes, speech, entry, watch=watch)
    recorder.tell(remarks)
    is_whole = outages is None and verdict is None and taking is NOTHING_TAKEN
    past = TurnPast(before, said, reply, origin, call, stepwise, refusal, is_whole=is_whole)
    running = RunningTurn(opened, steps, outages, stepwise, taking=taking)
    return _go_on(running, recorder, blobs_by_name(blobs, opened), parser, past)


def resume(
    suspended: Suspended,
    results: Sequence[Result] | Mapping[str, Result],
    blobs: Blobs,
    *,
    parser: Parser = NO_PARSER,
    outages: Mapping[int, Outage] | None = None,
) -> Done | Suspended:
    """Go on with the result of every request, in their order or by their ids. The suspended turn is not changed.

    `outages`, if given, take the place of those that `advance` was told: a host gives a turn up with them.

    Raises `NotSuspendedError` for a turn that is over, `ResultsError` for results that do not fit the requests.
    """
    if not isinstance(suspended, Suspended):
        raise NotSuspendedError("this turn waits for no results; advance its `state` by the next program, or seal it")
    results = in_order(suspended.requests, results)
    # Copies, so that the same suspension can be resumed again, after a host fault such as a missing blob.
    turn, recorder = suspended.turn.copy(outages), suspended.recorder.copy()
    blobs = blobs_by_name(blobs_for(recorder.state.run.flags, blobs), recorder.state)
    if suspended.waves:
        turn.receive(suspended.waves, results, lambda: _commit_finished(turn, recorder, blobs))
    return _go_on(turn, recorder, blobs, parser, suspended.past.resumed(results, is_whole=outages is None))


def seal(state: State, outcome: str | None = None, reason: str = "", refusal: str = "") -> Entry:
    """The record that ends a run. Without `outcome` it is what `conclusion` says.

    `refusal` is what the host has against the answer, where the gate `accept` is armed: no turn is left to record it.
    """
    return write_seal(state, outcome, reason, refusal)


def blobs_by_name(blobs: Blobs, state: State) -> Blobs:
    """The host's blobs, as the run reads them: by names that tell equal inputs apart."""
    return PlacedBlobs(blobs, state.run.document_names.names) if EVIDENCE_BY_PLACE in state.run.flags else blobs


def _go_on(turn: RunningTurn, recorder: Recorder, blobs: Blobs, parser: Parser, past: TurnPast) -> Done | Suspended:
    """Run what can run, commit what has finished, and say how the turn stands: suspended, done or halted."""
    # Halted before it is run: a file may have changed while results were settled.
    waves: tuple[Wave, ...] = ()
    if not turn.is_halted and not turn.has_news:
        waves = turn.run_ready(blobs, parser, lambda: _commit_finished(turn, recorder, blobs))
    # Also of a halted turn: a step that finished before the change is sound, if nothing that it shows has changed.
    _commit_finished(turn, recorder, blobs)
    entries = recorder.take_entries()
    if turn.is_halted:
        # Calls that would go out now are dropped with the rest: their answers could not be recorded.
        turn.discard_rest()
        state = msgspec.structs.replace(recorder.state, partial=(*recorder.state.partial, INPUT_CHANGED))
        observation = "\n".join([*recorder.shown, f"! the run ends here: {turn.halt_reason}"])
        return Done(_note_shown(state, observation), entries, observation, INPUT_CHANGED)
    if turn.has_news:
        turn.mark_told()
        return Suspended(WaveRequests(()), entries, turn, recorder, (), past)
    if waves:
        turn.suspend()
        return Suspended(WaveRequests(waves), entries, turn, recorder, waves, past)
    turn.complete()
    observation = "\n".join(recorder.shown)
    return Done(with_changes(_note_shown(recorder.state, observation)), entries, observation)


def _note_shown(state: State, observation: str) -> State:
    """The state after a turn whose observation goes to the controller."""
    if ANSWERS_ARE_HELD not in state.run.flags or not observation:
        return state
    return msgspec.structs.replace(state, shown=(*state.shown, observation))


def _commit_finished(turn: RunningTurn, recorder: Recorder, blobs: Blobs) -> None:
    """Commit steps in the order of the program, up to the first that has not finished.

    What a step shows is read only now. If a file has changed by then, the step would show something else than it worked
    on, so it is not committed, and the turn halts.
    """
    try:
        while turn.next_to_commit() is not None:
            _commit_next(turn, recorder, blobs)
            turn.mark_committed()
    except InputChangedError as error:
        turn.halt(error)


def _commit_next(turn: RunningTurn, recorder: Recorder, blobs: Blobs) -> None:
    """Commit one step. If memory runs out on the way, it fails, or if others have used its value, it is not shown.

    The second try needs hardly any memory. If that fails too, no step can be blamed, and the error is the host's.
    """
    step = turn.next_to_commit()
    assert step is not None
    after, found = turn.outlook(step), turn.surroundings()
    try:
        recorder.commit(step, after, blobs, is_shown=not turn.is_unshown(), surroundings=found)
        return
    except BlobMissingError as error:
        raise StepUnavailableError(recorder.state.step + 1, error.digest) from None
    except MemoryError:
        if step.outcome.status != "ok" and not turn.can_fail_next():
            raise
    # Not in the `except`: there the error still holds what the first try had in memory.
    if turn.can_fail_next():
        turn.fail_next(OUT_OF_MEMORY)
        step = turn.next_to_commit()
        assert step is not None
        recorder.commit(step, after, blobs, surroundings=found)
    else:
        recorder.commit(step, after, blobs, is_shown=False, surroundings=found)
