"""One turn under way: which steps may run, which wait for calls, and what is spent.

Two steps are independent if neither reads or writes what the other writes; a barrier depends on everything before it.
Steps run in the order of the program, but past a step that waits for calls, so that the calls of independent steps go
out together. When no step can go on, the turn is suspended with all calls that are out, one *wave* for each step.

    a = extract_over_chunks(parts, "{chunk}?")      wave 1: 12 calls      both go out at once
    b = sub_lm("{log}?")                            wave 2: 1 call
    c = [a, b]                                      depends on both: runs after `resume`

**Why the order of completion cannot show.** Results come back by index, all of a suspension together. First every wave
is settled (what its calls really used takes the place of what was reserved), and only then do steps that still have
calls to make reserve again, in the order of the program. So what fits a budget depends on the program and the results,
never on which call came back first.

Every step and the turn itself move through the tables of `run.transitions`. Not here: what a step does (`run.step`),
and what is recorded of it (`run.recorder`); the turn only says which finished step is to be committed next.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from rlmlite_kernel.effects.calls import Ask, CallSite
from rlmlite_kernel.effects.flow import doubt_of, speak_in_order
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.effects.reservations import Reservation, reserve, settle_usage
from rlmlite_kernel.evaluation.context import StepContext, TurnContext
from rlmlite_kernel.faults import CrashedError, Fault
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.records.canonical import encode_safely
from rlmlite_kernel.records.evolution import EXPOSURE_BY_INPUT
from rlmlite_kernel.records.refs import blob
from rlmlite_kernel.run.outages import (
    MESSAGES,
    Outage,
    as_before_work,
    as_paid,
    charge_work,
    code_of,
    count_made,
    outcome_of,
    recount,
)
from rlmlite_kernel.run.price import check_declared
from rlmlite_kernel.run.state import State
from rlmlite_kernel.run.step import (
    FinishedRound,
    FinishedStep,
    StepOutcome,
    change_of,
    check_room,
    fits_no_budget,
    refusal_of,
    run_action,
    settle_calls,
    temporaries_of,
)
from rlmlite_kernel.run.transitions import StepEvent, StepState, TurnEvent, TurnState, TurnStates
from rlmlite_kernel.run.variables import UNKNOWN
from rlmlite_kernel.run.waves import OpenStep, Wave
from rlmlite_kernel.values.blobs import Blobs, InputChangedError
from rlmlite_kernel.values.parsers import Parser

_JSON = msgspec.json.Encoder()


class RunningTurn:
    """The turn so far. `resume` works on a copy, so that a suspended turn can be resumed again.

    Steps are known by their number in the lowered program, from 0. `ledger` is what the run has used, with what is
    reserved for calls that are out; every step of the turn charges the same one. `_broken` are the variables whose step
    did not succeed, with the origins of what that step read: a step that needs one of them is skipped.
    """

    def __init__(
        self,
        before: State,
        steps: Sequence[PlannedStep],
        outages: Mapping[int, Outage] | None = None,
        stepwise: bool = False,
    ) -> None:
        self._before, self._steps, self._stepwise = before, list(steps), stepwise
        # By the numbers that steps have in the record.
        self.outages: Mapping[int, Outage] = {} if outages is None else outages
        self._turn_context = before.turn_context()
        # The variables as later steps see them, which is ahead of the run's state: see `run.variables`.
        self._variables = before.variables
        # Steps that have asked for calls and have no value yet: calls out, answered, or parked.
        self._open: dict[int, OpenStep] = {}
        self._finished: dict[int, FinishedStep] = {}
        # Some may be so from an earlier turn: those whose presence must not tell that they could not be written.
        self._broken = {name: each.data.origins for name, each in before.variables.items() if each.kind == UNKNOWN}
        # What the controller speaks for at each step, where that grows within a turn.
        is_strict = before.settings.policy.strict
        grows = is_strict or before.hides_budgets
        self._spoken = (
            speak_in_order(
                before.spoken, before.variables.data, self._steps, is_strict=is_strict, barred=before.run.barred
            )
            if grows
            else None
        )
        # By step, its context when the last results of its calls had been charged for: what an outage leaves charged.
        self._paid: dict[int, StepContext] = {}
        # Whether what has not begun yet is skipped.
        self._ended = False
        # How many steps are committed, which is also the number of the next one to commit.
        self._committed = 0
        # How many of these the host has been told of; before the first step, not even that the turn has begun.
        self._told = -1
        # The step that was worked on last. Until another one is, nobody has seen its value or what it was charged.
        self._latest = -1
        # `_broken` and `_ended` as that step found them.
        self._before_latest: tuple[dict[str, int], bool] = ({}, False)
        self.ledger: dict[str, int] = dict(before.used)
        self.states = TurnStates(len(self._steps))
        self.halt_reason = ""

    def copy(self) -> "RunningTurn":
        """The same turn, to go on from without touching this one."""
        other = RunningTurn(self._before, self._steps, self.outages, self._stepwise)
        other._variables, other._committed, other._ended = self._variables, self._committed, self._ended
        other._told, other._latest, other._before_latest = self._told, self._latest, self._before_latest
        other.ledger, other.states, other.halt_reason = dict(self.ledger), self.states.copy(), self.halt_reason
        # The contexts of open steps charge a ledger too: theirs must be the copy's, or both turns would charge one.
        other._open = {number: step.with_ledger(other.ledger) for number, step in self._open.items()}
        other._finished, other._broken, other._paid = dict(self._finished), dict(self._broken), dict(self._paid)
        return other

    @property
    def has_news(self) -> bool:
        """Whether the host wants to write down what is committed before the next step runs."""
        return self._stepwise and self._told < self._committed < len(self._steps)

    def mark_told(self) -> None:
        """The host has the records of all that is committed."""
        self._told = self._committed

    @property
    def is_halted(self) -> bool:
        """Whether the turn ended because a file has changed."""
        return self.states.turn is TurnState.HALTED

    def run_ready(self, blobs: Blobs, parser: Parser, commit: Callable[[], None]) -> tuple[Wave, ...]:
        """Run every step that can run. Gives the calls to suspend for, none if the turn is over or halted.

        `commit` commits what has finished. It is called after each step, before the next one sees what it made.
        """
        # What has not finished, from the top: steps that depend on any of it have to wait.
        blocked: list[PlannedStep] = []
        try:
            for number, planned in enumerate(self._steps):
                is_planned = self.states.steps[number] is StepState.PLANNED
                if is_planned and not any(planned.depends_on(earlier) for earlier in blocked):
                    self._start(number, planned, blobs, parser)
                    commit()
                    if self.is_halted or self.has_news:
                        return ()
                # A step that has just finished blocks nothing: later ones of this same pass may run.
                if number not in self._finished:
                    blocked.append(planned)
        except InputChangedError as error:
            self.halt(error)
            return ()
        waves: list[Wave] = []
        for number, step in sorted(self._open.items()):
            # A parked step has no calls out, and waits for what the others leave.
            if step.reserved.indexes:
                waves.append(Wave(number, step.ask, step.reserved.indexes))
        return tuple(waves)

    def receive(self, waves: Sequence[Wave], results: Sequence[Result], commit: Callable[[], None]) -> None:
        """Take the results of all waves, in their order, and go on with the steps that waited for them.

        `commit` as for `run_ready`.
        """
        self.states.move_turn(TurnEvent.RESULTS)
        # Every wave is settled before any step reserves again. Otherwise what is left for a step would depend on how
        # many of the others had been settled by then.
        start = 0
        for wave in waves:
            stop = start + len(wave.indexes)
            self._settle_wave(wave, results[start:stop])
            start = stop
        # In the order of the program, so that an earlier step has the first claim on what is left. A list of its own,
        # since a step that finishes leaves `_open`.
        try:
            for number in sorted(self._open):
                self._continue(number)
                commit()
                if self.is_halted:
                    return
        except InputChangedError as error:
            self.halt(error)

    def suspend(self) -> None:
        """Calls are out."""
        self.states.move_turn(TurnEvent.CALLS_OUT)

    def complete(self) -> None:
        """Every step is committed."""
        self.states.move_turn(TurnEvent.ALL_COMMITTED)

    def halt(self, error: InputChangedError) -> None:
        """End the turn, because a file has changed since earlier steps read it."""
        self.states.move_turn(TurnEvent.INPUT_CHANGED)
        self.halt_reason = str(error)

    def discard_rest(self) -> None:
        """Drop what a halted turn did not commit."""
        for number in range(self._committed, len(self._steps)):
            self.states.move_step(number, StepEvent.DISCARD)

    def next_to_commit(self) -> FinishedStep | None:
        """The first step that is not committed, if it has finished."""
        return self._finished.get(self._committed)

    def statements_after(self, step: FinishedStep) -> int:
        """How many statements of the program come after that of a step."""
        return self._steps[-1].statement - step.planned.statement

    def mark_committed(self) -> None:
        """The step that `next_to_commit` gave is in the record."""
        self.states.move_step(self._committed, StepEvent.COMMIT)
        self._committed += 1

    def can_fail_next(self) -> bool:
        """Whether the next step to commit can still fail: nobody has seen its value, or what it was charged."""
        step = self.next_to_commit()
        is_outage = step is not None and step.outcome.code in MESSAGES
        return self._latest == self._committed and not is_outage

    def fail_next(self, code: str) -> None:
        """The next step to commit ends in an outage after all."""
        step = self._finished[self._committed]
        self._end(self._committed, code, step.outcome.context, step.outcome.calls)

    def is_unshown(self) -> bool:
        """Whether the next step to commit is known to have had no memory to be shown in."""
        outage = self._outage(self._committed)
        return outage is not None and outage.is_unshown

    def _outage(self, number: int) -> Outage | None:
        return self.outages.get(self._before.step + number + 1)

    def _due(self, number: int, made: int) -> str:
        """The code of the outage that ends a step which has made so many calls; empty if none does."""
        outage = self._outage(number)
        if outage is None or outage.is_unshown or made < outage.calls:
            return ""
        return outage.code

    def _start(self, number: int, planned: PlannedStep, blobs: Blobs, parser: Parser) -> None:
        # The variables as they are now, as a value: what later steps write is not seen, whenever this one goes on.
        context = StepContext(self._variables.data, blobs, self._context_at(number), self.ledger, parser)
        self._latest = number
        try:
            code = self._run(number, planned, context)
        except (MemoryError, CrashedError) as error:
            code = code_of(error)
        # Not in the `except`: there the error still holds all that the step had in memory.
        if code:
            self._end(number, code, context)

    def _run(self, number: int, planned: PlannedStep, context: StepContext) -> str:
        """Run a step. Gives the code of the outage that is known to end it, if one is."""
        # First of all, also before it could be refused: a replay must end it as the run did, wherever that was.
        code = self._due(number, made=0)
        if code:
            return code
        refusal = refusal_of(planned, context, self._broken.keys(), is_over=self._ended)
        if refusal is not None:
            self._finish(number, refusal)
            return ""
        context.spend("steps", 1)
        place = CallSite(self._before.run.id, self._before.turn, number, round=0)
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
        try:
            reserved = reserve(result, tuple(range(count)), context, first=True)
        except Fault as fault:
            # Earlier rounds were called and paid for, so they go into the record of the failure.
            failure = StepOutcome(context, "failed", fault.code, fault.message, calls=rounds)
            self._finish(number, failure)
            return ""
        self._hold(reserved)
        no_results = (None,) * count
        step = OpenStep(result, context, no_results, reserved, frozenset(reserved.too_long), rounds)
        return self._call_park_or_settle(number, step)

    def _settle_wave(self, wave: Wave, results: Sequence[Result]) -> None:
        """Put what the calls of a wave really used in place of what was reserved for them."""
        step = self._open[wave.step]
        used = settle_usage(step.ask, wave.indexes, results)
        # `_hold` added these to the ledger without any step's charge, so they are taken back in the same way.
        for name, amount in step.reserved.amounts.items():
            self.ledger[name] -= amount
        # Through the step's context: that charges the ledger, and the step's own share of it, which its record names.
        for name, amount in used.items():
            step.context.spend(name, amount)
        if "overrun" in used:
            step.context.warn(f"calls used {used['overrun']:,} tokens more than were reserved for them")
        self._open[wave.step] = step.with_results(wave.indexes, results)
        self._paid[wave.step] = as_paid(step.context)
        self.states.move_step(wave.step, StepEvent.ANSWER)

    def _continue(self, number: int) -> None:
        """Go on with a step that is open."""
        # Out of `_open` while it is decided what becomes of it, so that it does not count among the others.
        step = self._open.pop(number)
        self._latest = number
        try:
            code = self._reserve_rest(number, step)
        except (MemoryError, CrashedError) as error:
            code = code_of(error)
        if code:
            self._end(number, code, step.context, step.rounds)

    def _reserve_rest(self, number: int, step: OpenStep) -> str:
        """Reserve for the calls of a step that are still to make. Gives what `_go_on_with` gives."""
        reserved = reserve(step.ask, step.reserved.rest, step.context, first=False)
        self._hold(reserved)
        return self._call_park_or_settle(number, msgspec.structs.replace(step, reserved=reserved))

    def _call_park_or_settle(self, number: int, step: OpenStep) -> str:
        """Let its calls go out; or, if none fitted the budget, park it until other steps' calls settle. Otherwise no
        call is left that could be made: make a value of the results, or go on with its next round.
        """
        due = self._due(number, count_made(step.rounds))
        if step.reserved.indexes and not due:
            self._open[number] = step
            self.states.move_step(number, StepEvent.CALL)
            return ""
        unmade = len(step.reserved.rest)
        others_out = any(other.reserved.indexes for other in self._open.values())
        if unmade and others_out and not step.reserved.indexes:
            self._open[number] = step
            self.states.move_step(number, StepEvent.PARK)
            return ""
        if due:
            return due
        # No calls of others are out, so nothing can come back to the budget: to wait longer would be to wait for ever.
        if unmade:
            message = f"{unmade:,} of {len(step.results):,} calls were not made: tokens or cost ran out"
            step.context.mark_partial("budget", message)
        result = settle_calls(step.rounds, step.too_long, step.context)
        return self._go_on_with(number, result, step.context, step.rounds)

    def _end(self, number: int, code: str, context: StepContext, rounds: tuple[FinishedRound, ...] = ()) -> None:
        """A step ends in an outage: what it did is undone, but for its calls, and its work stays charged."""
        paid, known = self._paid.get(number), self._outage(number)
        kept = as_before_work(context, code) if paid is None else as_paid(paid)
        charge_work(kept, context.used if known is None else known.work)
        outcome = outcome_of(code, kept, rounds if paid is not None else ())
        self._open.pop(number, None)
        if self._finished.pop(number, None) is not None:
            # Nobody has seen what it meant for later ones.
            broken, self._ended = self._before_latest
            self._broken = dict(broken)
        # Nobody knows how far the step had come with changing them.
        self._variables, ledger = recount(self._before, self._open.values(), self._finished.values())
        # In place: the contexts of all steps charge this very dict.
        self.ledger.clear()
        self.ledger.update(ledger)
        self._finish(number, outcome)

    def _hold(self, reserved: Reservation) -> None:
        """Set aside what calls may use that are about to go out."""
        for name, amount in reserved.amounts.items():
            self.ledger[name] = self.ledger.get(name, 0) + amount

    def _finish(self, number: int, outcome: StepOutcome) -> None:
        """A step has its outcome. From here on later steps see its value; the record comes when it commits."""
        planned = self._steps[number]
        constants = self._before.run
        if outcome.code not in MESSAGES:
            check_declared(planned, constants.table, outcome.context.used_by_action())
        outcome = check_room(planned, outcome, self._variables, self._before, self._nested_reserve())
        # The step as it will be recorded. Its salt is the key under which the record commits to the value.
        ast = blob(constants.salts, encode_safely(_JSON, planned.as_statement()))
        doubt = self._doubt(planned, outcome)
        is_over = self._ended or self._ends_program(outcome)
        dropped = temporaries_of(self._steps, number, self._variables) if planned.last else ()
        change = change_of(planned, outcome, ast.salt, self._before, dropped, doubt)
        if outcome.status != "ok" and not self._variables.has_name_for(change.name, self._before.settings.limits):
            # Nobody could have written it.
            change = msgspec.structs.replace(change, variable=None)
        self._before_latest = (dict(self._broken), self._ended)
        self._variables = self._variables.apply(change)
        self._finished[number] = FinishedStep(planned, outcome, ast, change)
        is_finished = self.states.steps[number] is StepState.FINISHED
        self.states.move_step(number, StepEvent.FAIL if is_finished else StepEvent.FINISH)
        if planned.target is not None and outcome.status != "ok":
            self._broken[planned.target] = doubt
        elif change.variable is not None:
            # An earlier statement may have failed to write it; this one has written it anew.
            self._broken.pop(change.name, None)
        if self._before.hides_budgets:
            # A variable that is gone says no more whether it could be written.
            for name in change.dropped:
                self._broken.pop(name, None)
        self._ended = is_over
        # Set, not added: value bytes are what is held at a time, and an overwritten value gives its own back.
        self.ledger["value_bytes"] = self._variables.size_bytes + self._nested_reserve()

    def _nested_reserve(self) -> int:
        """Bytes that are set aside for the values of nested runs under way."""
        return sum(step.reserved.amounts.get("value_bytes", 0) for step in self._open.values())

    def _doubt(self, planned: PlannedStep, outcome: StepOutcome) -> int:
        """The origins of what decided whether a step writes its variable, if it turns out not to."""
        if EXPOSURE_BY_INPUT not in self._before.run.flags:
            return 0
        return doubt_of(planned.reads, outcome.data, self._variables.data, self._broken)

    def _ends_program(self, outcome: StepOutcome) -> bool:
        """Whether the rest of the program does not run: content is withheld, and a step did not fit a budget."""
        return self._before.hides_budgets and fits_no_budget(outcome)

    def _context_at(self, number: int) -> TurnContext:
        """What a step shares with the others, with what the controller speaks for at this place of its program."""
        if self._spoken is None:
            return self._turn_context
        return msgspec.structs.replace(self._turn_context, spoken=self._spoken[number])
