"""How far each step of a turn has come: it runs, waits for calls, goes on with their results, and has its outcome.

    x = extract_over_rows(rows, …)    `start`: asks for 3 calls, which are reserved and go out
                                      `settle`: they have results, and what they used is charged
                                      `go_on`: 1 answer does not match, so it asks for 1 call again, and waits
                                      `settle`, `go_on`: a value, which later steps see

Wherever it is, an outage may strike; then it ends there with what `salvage` leaves of it, and the others go on.

Not here: which step may run and when (`run.turns.turn`), or what a step does (`run.steps.step`).
"""

import copy
from collections.abc import Mapping, Sequence

import msgspec

from rlmlite_kernel.effects.calls import Ask, CallSite
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.effects.reservations import reserve
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import CrashedError, Fault
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import (
    FinishedRound,
    FinishedStep,
    StepOutcome,
    refusal_of,
    run_action,
    settle_calls,
)
from rlmlite_kernel.run.turns.aftermath import Surroundings, finish, first_aftermath
from rlmlite_kernel.run.turns.outages import MESSAGES, Outage, code_of
from rlmlite_kernel.run.turns.salvage import Salvage, count_made, recount
from rlmlite_kernel.run.turns.sharing import Sharing, drop_too_long
from rlmlite_kernel.run.turns.taken import NOTHING_TAKEN, StepUnavailableError, Taking, taken_outcome
from rlmlite_kernel.run.turns.transitions import StepEvent, StepState, TurnStates
from rlmlite_kernel.run.turns.waves import OpenStep, OpenSteps, Wave
from rlmlite_kernel.values.blobs import BlobMissingError, Blobs
from rlmlite_kernel.values.parsers import Parser


class Progress:
    """The steps of a turn by their numbers in the lowered program, from 0.

    `outages` are by the numbers that steps have in the record. `surroundings` are those of a step that is executed
    without the others of its turn (`run.snapshots.alone`). Every move of a step goes through `states`. The contexts
    of all steps charge one ledger: what the run has used, with what is held for calls that are out.
    """

    def __init__(
        self,
        before: State,
        steps: Sequence[PlannedStep],
        outages: Mapping[int, Outage],
        states: TurnStates,
        surroundings: Surroundings | None = None,
        taking: Taking = NOTHING_TAKEN,
    ) -> None:
        self._before, self._steps, self._states, self._taking = before, steps, states, taking
        self._contexts = before.step_contexts(steps)
        if surroundings is not None and surroundings.spoken is not None:
            self._contexts = [msgspec.structs.replace(each, spoken=surroundings.spoken) for each in self._contexts]
        self._ledger: dict[str, int] = dict((surroundings and surroundings.ledger) or before.used)
        self._open = OpenSteps(self._ledger)
        self._sharing = Sharing(before.memo, before.run.flags, before.run.barred)
        self._finished: dict[int, FinishedStep] = {}
        self._first = 0 if surroundings is None else surroundings.place
        self._aftermath = first_aftermath(before) if surroundings is None else surroundings.aftermath(before)
        # What each step found of the others when it was started.
        self._found: dict[int, Surroundings] = {}
        self._salvage = Salvage(before.step + 1, outages)
        # The step that was worked on last. Until another one is, nobody has seen its value or what it was charged.
        self._latest = -1
        # What that step found of the others.
        self._before_latest = self._aftermath

    def copy(self, states: TurnStates, outages: Mapping[int, Outage] | None) -> "Progress":
        """The same, moving other states. `outages`, if given, take the place of its own."""
        # All that is not replaced here is a value, or does not change during a turn.
        other = copy.copy(self)
        other._states, other._ledger, other._finished = states, dict(self._ledger), dict(self._finished)
        other._found = dict(self._found)
        other._sharing = self._sharing.copy()
        other._open, other._salvage = self._open.copy(other._ledger), self._salvage.copy(outages)
        return other

    def finished_step(self, number: int) -> FinishedStep | None:
        """A step with its outcome, if it has one."""
        return self._finished.get(number)

    def surroundings(self, number: int) -> Surroundings:
        """What a step found of its turn."""
        return self._found[number]

    def open_numbers(self) -> Sequence[int]:
        """The numbers of steps that wait for calls, in the order of the program. Steps may go on while it is read."""
        return self._open.numbers()

    def waves(self) -> tuple[Wave, ...]:
        """The calls that are out, in the order of the program."""
        return self._open.waves()

    def start(self, number: int, blobs: Blobs, parser: Parser) -> None:
        """Run a step as far as it goes without calls."""
        # The variables as they are now, as a value: what later steps write is not seen, whenever this one goes on.
        variables = self._aftermath.variables
        found = self._aftermath
        spoken = self._contexts[number].spoken
        self._found[number] = Surroundings(
            self._first + number, found.broken, found.over, dict(self._ledger), spoken, tuple(variables)
        )
        context = StepContext(variables.data, blobs, self._contexts[number], self._ledger, parser)
        self._latest = number
        try:
            code = self._run(number, context)
        except BlobMissingError as error:
            raise StepUnavailableError(self._before.step + 1 + number, error.digest) from None
        except (MemoryError, CrashedError) as error:
            code = code_of(error)
        # Not in the `except`: there the error still holds all that the step had in memory.
        if code:
            self._end(number, code, context)

    def expect_results(self) -> None:
        """All waves are about to be settled, one after another."""
        self._sharing.forget_results()

    def settle(self, wave: Wave, results: Sequence[Result]) -> None:
        """The calls of a wave have results: they are charged for. The step goes on later, by `go_on`."""
        self._sharing.take_results(wave.ask, wave.indexes, results)
        self._salvage.mark_paid(wave.step, self._open.settle(wave, results))
        self._states.move_step(wave.step, StepEvent.ANSWER)

    def go_on(self, number: int) -> None:
        """Go on with a step that waits: with calls still to make, or with the results of all."""
        # Out of `_open` while it is decided what becomes of it, so that it does not count among the others.
        step = self._open.take(number)
        self._latest = number
        try:
            code = self._reserve_rest(number, step)
        except BlobMissingError as error:
            raise StepUnavailableError(self._before.step + 1 + number, error.digest) from None
        except (MemoryError, CrashedError) as error:
            code = code_of(error)
        if code:
            self._end(number, code, step.context, step.rounds)

    def can_fail(self, number: int) -> bool:
        """Whether a finished step can still fail: nobody has seen its value, or what it was charged."""
        step = self._finished.get(number)
        is_outage = step is not None and step.outcome.code in MESSAGES
        return self._latest == number and not is_outage

    def fail(self, number: int, code: str) -> None:
        """A finished step ends in an outage after all."""
        step = self._finished[number]
        self._end(number, code, step.outcome.context, step.outcome.calls)

    def is_unshown(self, number: int) -> bool:
        """Whether a step is known to have had no memory to be shown in."""
        return self._salvage.is_unshown(number)

    def _run(self, number: int, context: StepContext) -> str:
        """Run a step. Gives the code of the outage that is known to end it, if one is."""
        # First of all, also before it could be refused: a replay must end it as the run did, wherever that was.
        code = self._salvage.due(number, made=0)
        if code:
            return code
        planned = self._steps[number]
        record = self._taking.due(self._before.step + 1 + number, planned, self._aftermath.variables)
        if record is not None:
            self._finish(number, taken_outcome(record, context))
            return ""
        refusal = refusal_of(planned, context, self._aftermath.broken.keys(), self._aftermath.over)
        if refusal is not None:
            self._finish(number, refusal)
            return ""
        context.spend("steps", 1)
        place = CallSite(self._before.run.id, self._before.turn, self._first + number, round=0)
        result = run_action(planned, context, self._before.run, place)
        return self._go_on_with(number, result, context)

    def _go_on_with(
        self, number: int, result: StepOutcome | Ask, context: StepContext, rounds: tuple[FinishedRound, ...] = ()
    ) -> str:
        """A step has its outcome, or asks for calls: its first ones, or those of a further round.

        Gives the code of the outage that is known to end it here, if one is.
        """
        if isinstance(result, StepOutcome):
            self._finish(number, result)
            return ""
        count = len(result.calls)
        # An action counts the rounds that it asks for; between them may be some that ask again for malformed answers.
        result.calls.renumber(len(rounds))
        try:
            calls = self._sharing.sort(result, range(count))
            reserved = reserve(result, calls.own, context, first=True)
        except Fault as fault:
            # Earlier rounds were called and paid for, so they go into the record of the failure.
            failure = StepOutcome(context, "failed", fault.code, fault.message, calls=rounds)
            self._finish(number, failure)
            return ""
        self._open.hold(reserved)
        no_results = (None,) * count
        too_long, waits = drop_too_long(result, reserved.too_long, calls.waits)
        step = OpenStep(result, context, no_results, reserved, too_long, rounds, waits=waits)
        return self._call_park_or_settle(number, step.with_shared(calls.known))

    def _reserve_rest(self, number: int, step: OpenStep) -> str:
        """Reserve for the calls of a step that are still to make. Gives what `_go_on_with` gives."""
        step = self._sharing.resolve(step)
        reserved = reserve(step.ask, step.reserved.rest, step.context, first=False)
        self._open.hold(reserved)
        return self._call_park_or_settle(number, msgspec.structs.replace(step, reserved=reserved))

    def _call_park_or_settle(self, number: int, step: OpenStep) -> str:
        """Let its calls go out; or, if none fitted the budget, or all are out for other steps, park it until those
        settle. Otherwise no call is left that could be made: make a value of the results, or go on with its next round.
        """
        due = self._salvage.due(number, count_made(step.rounds))
        if step.reserved.indexes and not due:
            self._open.put(number, step)
            self._sharing.send(step.ask, step.reserved.indexes)
            self._states.move_step(number, StepEvent.CALL)
            return ""
        # Also those that wait for a call which another step, or this one, still has to make.
        unmade = len(step.reserved.rest) + len(step.waits)
        if unmade and self._open.have_calls_out and not step.reserved.indexes:
            self._open.put(number, step)
            self._states.move_step(number, StepEvent.PARK)
            return ""
        if due:
            return due
        # No calls of others are out, so nothing can come back to the budget: to wait longer would be to wait for ever.
        if unmade:
            message = f"{unmade:,} of {len(step.results):,} calls were not made: tokens or cost ran out"
            step.context.mark_partial("budget", message)
        result = settle_calls(step.rounds, step.too_long, step.context, self._before.run.document_names)
        return self._go_on_with(number, result, step.context, step.rounds)

    def _end(self, number: int, code: str, context: StepContext, rounds: tuple[FinishedRound, ...] = ()) -> None:
        """A step ends in an outage: what it did is undone, but for its calls, and its work stays charged."""
        outcome = self._salvage.outcome(number, code, context, rounds)
        self._open.drop(number)
        if self._finished.pop(number, None) is not None:
            # Nobody has seen what it meant for later ones.
            self._aftermath = self._before_latest
        ledger = recount(self._before, self._aftermath.variables, self._open.steps(), self._finished.values())
        # In place: the contexts of all steps charge this very dict.
        self._ledger.clear()
        self._ledger.update(ledger)
        self._finish(number, outcome)

    def _finish(self, number: int, outcome: StepOutcome) -> None:
        """A step has its outcome. From here on later steps see its value; the record comes when it commits."""
        held_bytes = self._open.held_bytes
        step, after = finish(outcome, number, self._steps, self._aftermath, self._before, held_bytes)
        self._before_latest = self._aftermath
        # Before what it means for others: an outage from here on finds it finished, and takes both back.
        self._finished[number] = step
        is_finished = self._states.steps[number] is StepState.FINISHED
        self._states.move_step(number, StepEvent.FAIL if is_finished else StepEvent.FINISH)
        self._aftermath = after
        # Set, not added: value bytes are what is held at a time, and an overwritten value gives its own back.
        self._ledger["value_bytes"] = after.variables.size_bytes + held_bytes
