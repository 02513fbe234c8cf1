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

from collections.abc import Sequence
from functools import reduce
from operator import or_

import msgspec

from rlmlite_kernel.actions.end import Forgotten
from rlmlite_kernel.effects.calls import Ask, CallSite
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.effects.reservations import Reservation, reserve, settle_usage
from rlmlite_kernel.evaluation.context import StepContext, TurnContext
from rlmlite_kernel.evaluation.taint import CONTROLLER, DERIVED, LM
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.records.evolution import EXPOSURE_BY_INPUT
from rlmlite_kernel.records.refs import blob, commit_value_digest
from rlmlite_kernel.run.price import check_declared
from rlmlite_kernel.run.state import State
from rlmlite_kernel.run.step import FinishedRound, FinishedStep, StepOutcome, run_action, settle_calls
from rlmlite_kernel.run.transitions import StepEvent, StepState, TurnEvent, TurnState, TurnStates
from rlmlite_kernel.run.variables import Change, Variable
from rlmlite_kernel.run.waves import OpenStep, Wave
from rlmlite_kernel.values.blobs import Blobs, InputChangedError
from rlmlite_kernel.values.parsers import Parser
from rlmlite_kernel.values.values import kind_of, size_of

_JSON = msgspec.json.Encoder()


class RunningTurn:
    """The turn so far. `resume` works on a copy, so that a suspended turn can be resumed again.

    Steps are known by their number in the lowered program, from 0. `ledger` is what the run has used, with what is
    reserved for calls that are out; every step of the turn charges the same one. `_broken` are the variables whose step
    did not succeed, with the origins of what that step read: a step that needs one of them is skipped.
    """

    def __init__(self, before: State, steps: Sequence[PlannedStep]) -> None:
        self._before, self._steps = before, list(steps)
        self._turn_context = before.turn_context()
        # The variables as later steps see them, which is ahead of the run's state: see `run.variables`.
        self._variables = before.variables
        # Steps that have asked for calls and have no value yet: calls out, answered, or parked.
        self._open: dict[int, OpenStep] = {}
        self._finished: dict[int, FinishedStep] = {}
        self._broken: dict[str, int] = {}
        # What the controller speaks for at each step, where that grows within a turn.
        self._spoken = _speak_in_order(before, self._steps) if before.settings.policy.strict else None
        # How many steps are committed, which is also the number of the next one to commit.
        self._committed = 0
        self.ledger: dict[str, int] = dict(before.used)
        self.states = TurnStates(len(self._steps))
        self.halt_reason = ""

    def copy(self) -> "RunningTurn":
        """The same turn, to go on from without touching this one."""
        other = RunningTurn(self._before, self._steps)
        other._variables, other._committed = self._variables, self._committed
        other.ledger, other.states, other.halt_reason = dict(self.ledger), self.states.copy(), self.halt_reason
        # The contexts of open steps charge a ledger too: theirs must be the copy's, or both turns would charge one.
        other._open = {number: step.with_ledger(other.ledger) for number, step in self._open.items()}
        other._finished, other._broken = dict(self._finished), dict(self._broken)
        return other

    @property
    def is_halted(self) -> bool:
        """Whether the turn ended because a file has changed."""
        return self.states.turn is TurnState.HALTED

    def run_ready(self, blobs: Blobs, parser: Parser) -> tuple[Wave, ...]:
        """Run every step that can run. Gives the calls to suspend for, none if the turn is over or halted."""
        # What has not finished, from the top: steps that depend on any of it have to wait.
        blocked: list[PlannedStep] = []
        try:
            for number, planned in enumerate(self._steps):
                is_planned = self.states.steps[number] is StepState.PLANNED
                if is_planned and not any(_depends(earlier, planned) for earlier in blocked):
                    self._start(number, planned, blobs, parser)
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

    def receive(self, waves: Sequence[Wave], results: Sequence[Result]) -> None:
        """Take the results of all waves, in their order, and go on with the steps that waited for them."""
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

    def _start(self, number: int, planned: PlannedStep, blobs: Blobs, parser: Parser) -> None:
        # The variables as they are now, as a value: what later steps write is not seen, whenever this one goes on.
        context = StepContext(self._variables.data, blobs, self._context_at(number), self.ledger, parser)
        refusal = self._refusal(planned, context)
        if refusal is not None:
            self._finish(number, refusal)
            return
        context.spend("steps", 1)
        place = CallSite(self._before.run.id, self._before.turn, number, round=0)
        result = run_action(planned, context, self._before.run, place)
        self._go_on_with(number, result, context)

    def _refusal(self, planned: PlannedStep, context: StepContext) -> StepOutcome | None:
        """Why a step does not run at all; it costs no step then."""
        if planned.problems:
            # No message: the observation explains every problem with its place in the text.
            return StepOutcome(context, "failed", planned.problems[0].code, "")
        # Skipped even if an older value of the variable exists: the program means the one that this turn should make.
        needed = sorted(planned.reads & self._broken.keys())
        if needed:
            words = ", ".join(f"`{name}`" for name in needed)
            return StepOutcome(context, "skipped", "depends", f"it needs {words}, which has no value")
        limit = self._before.settings.limits.steps
        if limit <= self.ledger.get("steps", 0):
            return StepOutcome(context, "failed", "budget", f"the {limit:,} steps of this run are used up")
        return None

    def _go_on_with(
        self, number: int, result: StepOutcome | Ask, context: StepContext, rounds: tuple[FinishedRound, ...] = ()
    ) -> None:
        """A step has its outcome, or asks for calls: its first ones, or those of a further round."""
        if isinstance(result, StepOutcome):
            self._finish(number, result)
            return
        count = len(result.calls)
        try:
            reserved = reserve(result, tuple(range(count)), context, first=True)
        except Fault as fault:
            # Earlier rounds were called and paid for, so they go into the record of the failure.
            failure = StepOutcome(context, "failed", fault.code, fault.message, calls=rounds)
            self._finish(number, failure)
            return
        self._hold(reserved)
        no_results = (None,) * count
        step = OpenStep(result, context, no_results, reserved, frozenset(reserved.too_long), rounds)
        self._call_park_or_settle(number, step)

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
        self.states.move_step(wave.step, StepEvent.ANSWER)

    def _continue(self, number: int) -> None:
        """Reserve for the calls of a step that are still to make."""
        # Out of `_open` while it is decided what becomes of it, so that it does not count among the others.
        step = self._open.pop(number)
        reserved = reserve(step.ask, step.reserved.rest, step.context, first=False)
        self._hold(reserved)
        self._call_park_or_settle(number, msgspec.structs.replace(step, reserved=reserved))

    def _call_park_or_settle(self, number: int, step: OpenStep) -> None:
        """Let its calls go out; or, if none fitted the budget, park it until other steps' calls settle. Otherwise no
        call is left that could be made: make a value of the results, or go on with its next round.
        """
        if step.reserved.indexes:
            self._open[number] = step
            self.states.move_step(number, StepEvent.CALL)
            return
        unmade = len(step.reserved.rest)
        others_out = any(other.reserved.indexes for other in self._open.values())
        if unmade and others_out:
            self._open[number] = step
            self.states.move_step(number, StepEvent.PARK)
            return
        # No calls of others are out, so nothing can come back to the budget: to wait longer would be to wait for ever.
        if unmade:
            message = f"{unmade:,} of {len(step.results):,} calls were not made: tokens or cost ran out"
            step.context.mark_partial("budget", message)
        rounds = (*step.earlier_rounds, FinishedRound(step.ask, step.results))
        result = settle_calls(rounds, step.too_long, step.context)
        self._go_on_with(number, result, step.context, rounds)

    def _hold(self, reserved: Reservation) -> None:
        """Set aside what calls may use that are about to go out."""
        for name, amount in reserved.amounts.items():
            self.ledger[name] = self.ledger.get(name, 0) + amount

    def _finish(self, number: int, outcome: StepOutcome) -> None:
        """A step has its outcome. From here on later steps see its value; the record comes when it commits."""
        planned = self._steps[number]
        constants = self._before.run
        check_declared(planned, constants.table, outcome.context.used)
        outcome = self._check_room(planned, outcome)
        # The step as it will be recorded. Its salt is the key under which the record commits to the value.
        ast = blob(constants.salts, _JSON.encode(planned.as_statement()))
        doubt = self._doubt(planned)
        change = self._change_of(number, outcome, ast.salt, doubt)
        self._variables = self._variables.apply(change)
        self._finished[number] = FinishedStep(planned, outcome, ast, change)
        self.states.move_step(number, StepEvent.FINISH)
        if planned.target is not None and outcome.status != "ok":
            self._broken[planned.target] = doubt
        elif change.variable is not None:
            # An earlier statement may have failed to write it; this one has written it anew.
            self._broken.pop(change.name, None)
        # Set, not added: value bytes are what is held at a time, and an overwritten value gives its own back.
        self.ledger["value_bytes"] = self._variables.size_bytes + self._nested_reserve()

    def _check_room(self, planned: PlannedStep, outcome: StepOutcome) -> StepOutcome:
        """The outcome, or a failure if there is no room for the variable that it writes."""
        if planned.target is None or outcome.data is None or outcome.status != "ok":
            return outcome
        size, limits = size_of(outcome.data.value), self._before.settings.limits
        fault = self._variables.room_fault(planned.target, size, limits, self._nested_reserve())
        if fault is None:
            return outcome
        return msgspec.structs.replace(outcome, status="failed", code=fault.code, message=fault.message)

    def _nested_reserve(self) -> int:
        """Bytes that are set aside for the values of nested runs under way."""
        return sum(step.reserved.amounts.get("value_bytes", 0) for step in self._open.values())

    def _change_of(self, number: int, outcome: StepOutcome, key: bytes, doubt: int) -> Change:
        """What a finished step does to the variables. The last step of a statement drops its temporaries."""
        planned = self._steps[number]
        data, effect = outcome.data, outcome.effect
        dropped: list[str] = []
        if isinstance(effect, Forgotten):
            dropped.append(effect.name)
        if planned.last:
            dropped += self._temporaries(number)
        if planned.target is None or data is None or outcome.status != "ok":
            return Change(planned.target or "", dropped=tuple(dropped), doubt=doubt)
        ref = commit_value_digest(key, outcome.digest)
        variable = Variable(data, kind_of(data.value), ref, size_of(data.value), self._before.turn)
        return Change(planned.target, variable, tuple(dropped))

    def _doubt(self, planned: PlannedStep) -> int:
        """The origins of what decides whether a step writes its variable, if it turns out not to."""
        if EXPOSURE_BY_INPUT not in self._before.run.flags:
            return 0
        read = [variable.data.origins for name in planned.reads if (variable := self._variables.get(name)) is not None]
        missing = [origins for name, origins in self._broken.items() if name in planned.reads]
        return reduce(or_, (*read, *missing), 0) & ~CONTROLLER

    def _context_at(self, number: int) -> TurnContext:
        """What a step shares with the others, with what the controller speaks for at this place of its program."""
        if self._spoken is None:
            return self._turn_context
        return msgspec.structs.replace(self._turn_context, spoken=self._spoken[number])

    def _temporaries(self, last: int) -> list[str]:
        """The temporaries that earlier steps of a statement have written."""
        names: list[str] = []
        statement = self._steps[last].statement
        # Backwards from the statement's last step: its other steps stand directly before it.
        for planned in reversed(self._steps[:last]):
            if planned.statement != statement:
                break
            # A step that failed has written none.
            if planned.target is not None and planned.target in self._variables:
                names.append(planned.target)
        return names


def _speak_in_order(before: State, steps: Sequence[PlannedStep]) -> list[int]:
    """What the controller speaks for at each step in strict mode: also for all that earlier steps have read.

    Whether a later step runs at all may depend on them, as on what they leave of the budgets. By what steps name and
    not by what they have made, since a later one may run while an earlier one waits for its calls.

        n = count(patients)         speaks for what the turn began with
        x = look(key="a")           speaks for `patients` too
    """
    origins = {name: variable.data.origins for name, variable in before.variables.items()}
    spoken = before.spoken
    in_order: list[int] = []
    for planned in steps:
        in_order.append(spoken)
        read = reduce(or_, (origins.get(name, 0) for name in planned.reads), 0) & ~(CONTROLLER | DERIVED)
        if planned.target is not None:
            origins[planned.target] = read
        spoken |= read | LM if read else 0
    return in_order


def _depends(earlier: PlannedStep, later: PlannedStep) -> bool:
    """Whether the later step has to wait for the earlier one."""
    if earlier.barrier or later.barrier:
        return True
    # `a = ...; b = a`, and `a = ...; a = ...`: the last write has to be the program's last.
    reads_it = earlier.target is not None and earlier.target in later.reads
    writes_it = earlier.target is not None and earlier.target == later.target
    # `b = a; a = ...`: a step whose turn has not come yet must still find the old `a`.
    overwrites_what_is_read = later.target is not None and later.target in earlier.reads
    return reads_it or writes_it or overwrites_what_is_read
