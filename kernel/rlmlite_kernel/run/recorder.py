"""The record of one turn: finished steps, in the order of the program, become records and the next state.

A recorder only records. When a step commits, and whether the turn goes on, is decided in `run.machine`. What the step
made comes with it: its value, its change to the variables, what it used, its calls. Only two things are computed here:
what the step shows, and the state after it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from rlmlite_kernel.actions.end import Noted
from rlmlite_kernel.effects.call_records import record_calls, sum_up_calls
from rlmlite_kernel.evaluation.taint import origin_words
from rlmlite_kernel.faults import OUT_OF_MEMORY
from rlmlite_kernel.observation.observations import Observation, fit_text
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Unparsed
from rlmlite_kernel.program.recorded import encode_reading
from rlmlite_kernel.records.reasons import HELD
from rlmlite_kernel.records.records import (
    Entry,
    Observed,
    Remark,
    Spoken,
    Step,
    Turn,
    Written,
)
from rlmlite_kernel.records.refs import blob
from rlmlite_kernel.records.remarks import StepRemark, merge_remarks
from rlmlite_kernel.records.settings import Role, Settings
from rlmlite_kernel.run.holding.earlier import offers_after
from rlmlite_kernel.run.holding.lineage import lineage_after
from rlmlite_kernel.run.holding.speech import Speech
from rlmlite_kernel.run.holding.verdict import Verdict, answer_of, fields_after, judge_step
from rlmlite_kernel.run.show import (
    UNSEEN_FAILURE,
    exposure_of,
    fails_unseen,
    is_withheld,
    need_of,
    origins_of,
    show_nothing,
    show_step,
)
from rlmlite_kernel.run.status import note_losses
from rlmlite_kernel.run.steps.answers import Answer, HeldAnswer
from rlmlite_kernel.run.steps.covered import covered_below, texts_read_by
from rlmlite_kernel.run.steps.remarks import record_remarks, say_lines
from rlmlite_kernel.run.steps.state import State, state_digest
from rlmlite_kernel.run.steps.step import FinalAnswer, FinishedStep, StepOutcome
from rlmlite_kernel.run.turns.aftermath import Surroundings
from rlmlite_kernel.run.turns.moment import NO_SURROUNDINGS, Layout, Moment, Watch
from rlmlite_kernel.run.turns.room import Outlook, is_look, room_of_echo, room_of_look
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text

_NEWLINE_BYTES = 1


class Recorder:
    """Commits the finished steps of one turn, one after another. `shown` is what each of them showed, if anything."""

    def __init__(
        self, state: State, text: str, room: int, speech: Speech, *entries: Entry, watch: Watch | None = None
    ) -> None:
        self.state, self._text, self._room, self._speech = state, text, room, speech
        self._watch = watch
        self._entries = list(entries)
        self.shown: list[str] = []
        self._fails_unseen = False
        # The bytes that looks need which are not committed yet, by the numbers that their steps will have.
        self._needs: dict[int, int] = {}

    def take_entries(self) -> tuple[Entry, ...]:
        """The records made since the last time."""
        entries, self._entries = tuple(self._entries), []
        return entries

    def copy(self) -> "Recorder":
        """The same recorder, to go on from without touching this one."""
        other = Recorder(self.state, self._text, self._room, self._speech, watch=self._watch)
        other.shown, other._fails_unseen = list(self.shown), self._fails_unseen
        other._needs = dict(self._needs)
        return other

    def tell(self, remarks: Sequence[StepRemark]) -> None:
        """Show remarks on how the program was read, before its steps."""
        text, _ = fit_text(say_lines(remarks), self._room)
        if text:
            self._room -= len(text.encode()) + len("\n")
            self.shown.append(text)

    def commit(
        self,
        step: FinishedStep,
        outlook: Outlook,
        blobs: Blobs,
        *,
        is_shown: bool = True,
        surroundings: Surroundings = NO_SURROUNDINGS,
    ) -> None:
        """Record one step, and make the state after it. `is_shown`: there is memory to show it in.

        `surroundings` are what it found of its turn, for whoever watches.

        Raises `InputChangedError` if a file that is to be shown has changed, and `MemoryError`; then nothing is
        recorded, and nothing has changed.
        """
        planned, outcome, ast = step.planned, step.outcome, step.ast
        before = self.state
        if outcome.record is not None:
            self._take(step, outcome.record)
            return
        number = before.step + 1
        # First all that may fail, so that a step that cannot be recorded has touched neither the state nor the records.
        texts_read = texts_read_by(outcome, before)
        below = covered_below(outcome, before)
        answer = answer_of(planned, outcome.effect, before)
        is_secret = answer is not None and is_withheld(step, before)
        verdict = judge_step(step, answer, before, self._speech, blobs, is_withheld=is_secret)
        layout = self._layout_of(step, outlook, blobs)
        if self._watch is not None:
            self._watch(Moment(before, step, layout, surroundings, self._speech, self._text, verdict))
        observation = self._observe(step, layout, blobs, is_shown, verdict)
        shown = blob(before.run.salts, observation.text.encode()) if observation.text else None
        rounds = [(each.ask.calls, each.results, each.same_as) for each in outcome.calls]
        calls, call_blobs = record_calls(rounds, ast.salt, before.run.salts, number)
        covered = {**below, "read": [*texts_read, *below["read"]]}
        after = self._state_after(step, observation, covered, number, answer, verdict)
        remarks = (*outcome.context.remarks, *verdict.beside(outcome.context.remarks))
        warnings, notes, examples = record_remarks(remarks, before)
        record = Step(
            turn=before.turn,
            step=number,
            statement=planned.statement,
            op=planned.op,
            ast=ast.ref,
            reads=tuple(name for name in sorted(planned.reads) if name in before.variables),
            writes=_writes(step),
            effects=sum_up_calls(calls),
            observation=Observed(
                ref=None if shown is None else shown.ref,
                size=0 if shown is None else len(shown.content),
                origins=origin_words(origins_of(outcome)),
                cut=observation.cut,
            ),
            coverage=after.coverage.since(before.coverage),
            priced=_needs_before_calls(outcome),
            used=dict(sorted(outcome.context.used.items())),
            status=HELD if verdict.is_held else outcome.status,
            code=verdict.code or outcome.code,
            state=after.digest,
            warnings=warnings if is_shown else (*warnings, Remark(code=OUT_OF_MEMORY)),
            notes=notes,
        )
        # The order of blobs is part of the trace's bytes.
        held = (ast, *(() if shown is None else (shown,)), *examples, *call_blobs)
        unseen = fails_unseen(step, before)
        # From here on nothing can fail any more.
        self._entries.append(Entry(record, held, calls))
        self._fails_unseen |= unseen
        self.state = after
        self._room -= len(observation.text.encode()) + _NEWLINE_BYTES
        if observation.text:
            self.shown.append(observation.text)

    def _take(self, step: FinishedStep, record: Step) -> None:
        """Take a step from the record, and make the state after it, as far as the record tells."""
        state = self.state
        variables, used = state.variables.apply(step.change), dict(state.used)
        for name, amount in record.used.items():
            used[name] = used.get(name, 0) + amount
        used["value_bytes"] = variables.size_bytes
        exposure = state.exposure | exposure_of(step, state, is_shown=record.observation.size > 0)
        failures = state.failures if record.status == "ok" else (*state.failures, record.code)
        self._entries.append(Entry(record))
        self._room -= record.observation.size + _NEWLINE_BYTES
        self.state = msgspec.structs.replace(
            state,
            variables=variables,
            used=used,
            step=record.step,
            digest=record.state,
            exposure=exposure,
            failures=failures,
        )

    def _layout_of(self, step: FinishedStep, outlook: Outlook, blobs: Blobs) -> Layout:
        """How the step is shown: in which share of what is left of the turn."""
        left = max(0, self._room - _NEWLINE_BYTES)
        is_last = step.planned.last and not outlook.statements
        tells_failure = is_last and (self._fails_unseen or fails_unseen(step, self.state))
        kept = len(f"\n{UNSEEN_FAILURE}") if tells_failure else 0
        room = self._share_of(step, outlook, blobs, max(0, left - kept))
        return Layout(room, left, outlook.is_looked_at, tells_failure)

    def _observe(
        self, step: FinishedStep, layout: Layout, blobs: Blobs, is_shown: bool, verdict: Verdict
    ) -> Observation:
        """What the step shows."""
        state, room = self.state, layout.room
        if is_shown:
            against = verdict.reasons if verdict.is_held else ()
            whole = show_step(step, state, blobs, self._text, room, is_brief=layout.is_brief, against=against)
        else:
            whole = show_nothing(step, state)
        # Messages of faults and problems are not bounded where they are made, so the bound is kept here.
        text, cut = fit_text(whole.text, room)
        after = f"\n{UNSEEN_FAILURE}" if layout.tells_failure else ""
        # Where there is no room for this either, it is cut as well.
        text, _ = fit_text(f"{text}{after}".lstrip("\n"), layout.left)
        return Observation(text, whole.spans, whole.cut + cut)

    def _share_of(self, step: FinishedStep, outlook: Outlook, blobs: Blobs, left: int) -> int:
        """The bytes of a step, of those that are left."""
        if not is_look(step.planned, self.state.run.table):
            return room_of_echo(left, outlook)
        if not outlook.neighbours:
            return room_of_look(left, outlook, [left])
        needs = [self._need(step, blobs, left)]
        for number, each in enumerate(outlook.neighbours, self.state.step + 2):
            # Once for each, though all before it ask: hundreds of looks would be laid out tens of thousands of times.
            if number not in self._needs:
                self._needs[number] = self._need(each, blobs, left)
            needs.append(self._needs[number])
        return room_of_look(left, outlook, needs)

    def _need(self, step: FinishedStep, blobs: Blobs, left: int) -> int:
        return need_of(show_step(step, self.state, blobs, self._text, left))

    def _state_after(
        self,
        step: FinishedStep,
        observation: Observation,
        covered: Mapping[str, Sequence[Text]],
        number: int,
        answer: Answer | None,
        verdict: Verdict,
    ) -> State:
        """The state after a step that showed this. `covered` are the texts that its calls have looked at, by kind."""
        state, outcome, context = self.state, step.outcome, step.outcome.context
        offers = offers_after(step, answer, state)
        variables = state.variables.apply(step.change)
        # Never taken back: what a controller has read once may speak through it in every later turn.
        exposure = state.exposure | exposure_of(step, state, is_shown=bool(observation.text))
        used = dict(state.used)
        for name, amount in context.used.items():
            used[name] = used.get(name, 0) + amount
        # What is held now, not a sum over steps: an overwritten value gives its bytes back.
        used["value_bytes"] = variables.size_bytes
        coverage = state.coverage
        marks = {
            "shown": [*observation.spans, *covered["shown"]],
            "scanned": [*context.scanned, *covered["scanned"]],
            "read": covered["read"],
        }
        if any(marks.values()):
            coverage = coverage.mark(marks)
        rounds = ((each.ask, each.results, each.same_as) for each in outcome.calls)
        memo = state.memo.learn(rounds, state.run.flags, state.run.barred)
        notes, failures = state.notes, state.failures
        if isinstance(outcome.effect, Noted):
            notes = (*notes, outcome.effect.text)
        if outcome.status != "ok":
            failures = (*failures, outcome.code)
        state = msgspec.structs.replace(
            state,
            variables=variables,
            used=used,
            coverage=coverage,
            step=number,
            digest=state_digest(variables, used, exposure, state.run.flags, memo.digest),
            exposure=exposure,
            notes=notes,
            failures=failures,
            remarks=merge_remarks((*state.remarks, *context.remarks)),
            lineage=lineage_after(step, state),
            memo=memo,
            offers=offers,
            **note_losses(state, step),
        )
        if answer is None:
            return state
        is_draft = isinstance(outcome.effect, FinalAnswer) and outcome.effect.is_draft
        return msgspec.structs.replace(state, **fields_after(answer, verdict, state, is_draft=is_draft))


def _writes(step: FinishedStep) -> tuple[Written, ...]:
    variable = step.change.variable
    if variable is None:
        return ()
    return (Written(step.change.name, variable.kind, variable.size, variable.ref),)


def _needs_before_calls(outcome: StepOutcome) -> dict[str, int]:
    """What the calls of a step were known to need before any went out."""
    names = ("sub_calls", "prompt_bytes", "output_tokens", "tool_calls")
    used = outcome.context.used
    # The hard budgets are charged for all calls before the first goes out, so what is used of them is what was needed.
    needs = {name: used[name] for name in names if name in used}
    for each in outcome.calls:
        needs |= {name: amount * len(each.ask.calls) for name, amount in each.ask.holds.items()}
    return needs


def turn_entry(
    before: State,
    after: State,
    said: Parsed | Unparsed,
    reply: str | None,
    origin: str,
    call: Spoken | None,
    used: dict[str, int],
    remarks: Sequence[StepRemark] = (),
    refused: HeldAnswer | None = None,
    earlier: Written | None = None,
) -> Entry:
    """The record of a turn as it opens, with its blobs: the reply, what was read from it, examples of the remarks."""
    salts = before.run.salts
    reading = blob(salts, encode_reading(said, reply))
    blobs = [reading]
    reply_ref = None
    if reply is not None:
        reply_blob = blob(salts, utf8_of(reply))
        reply_ref = reply_blob.ref
        blobs.append(reply_blob)
    is_parsed = isinstance(said, Parsed)
    warnings, notes, examples = record_remarks(remarks, before)
    (held_back, *_), _, said_against = record_remarks(refused.reasons, before) if refused else ((None,), (), ())
    record = Turn(
        turn=after.turn,
        origin=origin,
        reply=reply_ref,
        ast=reading.ref if is_parsed else None,
        diagnostics=None if is_parsed else reading.ref,
        call=call,
        used=used,
        state=after.digest,
        held_back=held_back,
        earlier=earlier,
        warnings=warnings,
        notes=notes,
    )
    return Entry(record, (*blobs, *examples, *said_against))


def controller_charges(call: Spoken, settings: Settings) -> dict[str, int]:
    """What a controller's call costs: as reported, or as its role reserves where that is unknown."""
    role = settings.roles.get(call.role, Role(model=call.model, max_output_tokens=call.max_output_tokens))
    input_tokens, output_tokens, cost = call.usage
    # The same rules as for the calls of steps (`effects.reservations`): unknown is charged as reserved, never as zero.
    if call.cached:
        tokens = 0
    elif input_tokens is None or output_tokens is None:
        tokens = role.reserved_tokens(call.prompt_bytes)
    else:
        tokens = input_tokens + output_tokens
    if cost is None:
        cost = 0 if call.cached else role.reserved_cost(call.prompt_bytes)
    charges = {"tokens": tokens}
    # Still `None` for a model of unknown price.
    if cost is not None:
        charges["cost_nano"] = cost
    return charges


def utf8_of(text: str) -> bytes:
    """What a model said, as UTF-8. Half a surrogate pair, which UTF-8 cannot hold, is spelled out as an escape."""
    return text.encode("utf-8", "backslashreplace")
