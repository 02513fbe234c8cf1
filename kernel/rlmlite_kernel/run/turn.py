"""One turn under way: which steps may run, what waits for calls, what is spent.

Two steps are independent if neither reads or writes what the other writes; a barrier depends on everything.
Steps run in statement order, but past a step that waits for calls, so that independent ones suspend together.
All of it is decided by the program and the results, never by the order in which calls complete.
"""

from collections.abc import Mapping, Sequence
from typing import overload

import msgspec

from rlmlite_kernel.actions.end import Forgotten
from rlmlite_kernel.effects.prompts import Ask
from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.effects.reservations import Reservation, reserve, settled
from rlmlite_kernel.evaluation.context import StepContext, TaintedValue
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.lowering import Planned
from rlmlite_kernel.run.price import check_declared
from rlmlite_kernel.run.state import State
from rlmlite_kernel.run.step import Called, Outcome, run, settle
from rlmlite_kernel.values.blobs import Blobs, InputChangedError
from rlmlite_kernel.values.values import size_of


class Wave(msgspec.Struct, frozen=True, eq=False):
    """The calls of one step that are out now: their indexes, in order."""

    step: int
    ask: Ask
    indexes: Sequence[int]


class Waiting(msgspec.Struct, frozen=True, eq=False):
    """A step that waits: what it asked, the results so far by index, what is reserved and still to make.

    `earlier` are its rounds that are over.
    """

    ask: Ask
    context: StepContext
    results: tuple[Result | None, ...]
    reserved: Reservation
    too_long: frozenset[int]
    earlier: tuple[Called, ...] = ()

    def with_ledger(self, ledger: dict[str, int]) -> "Waiting":
        """The same, charging another ledger."""
        return msgspec.structs.replace(self, context=self.context.with_ledger(ledger))


class WaveRequests(Sequence[Request]):
    """The requests of several waves end to end, built when they are read."""

    def __init__(self, waves: Sequence[Wave]) -> None:
        self._waves = waves
        self._count = sum(len(wave.indexes) for wave in waves)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Request: ...
    @overload
    def __getitem__(self, index: slice) -> list[Request]: ...
    def __getitem__(self, index: int | slice) -> Request | list[Request]:
        """The request at a place."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        for wave in self._waves:
            if 0 <= index < len(wave.indexes):
                return wave.ask.calls[wave.indexes[index]]
            index -= len(wave.indexes)
        raise IndexError("no such request")


class Progress:
    """The turn so far. `resume` works on a copy, so a suspended turn can be resumed again."""

    def __init__(self, state: State, steps: Sequence[Planned], turn: int) -> None:
        self.state, self.steps, self.turn = state, list(steps), turn
        self._turn_context = state.turn_context()
        self.names: dict[str, TaintedValue] = {name: variable.data for name, variable in state.variables.items()}
        self.sizes = {name: variable.size for name, variable in state.variables.items()}
        self.outcomes: dict[int, Outcome] = {}
        self.waiting: dict[int, Waiting] = {}
        self.broken: set[str] = set()
        self.spent: dict[str, int] = dict(state.used)
        self.halted = self.why = ""
        self.statements = 1 + max((planned.statement for planned in steps), default=0)

    def copy(self) -> "Progress":
        """The same progress, to go on from without touching this one."""
        other = Progress(self.state, self.steps, self.turn)
        other.names, other.sizes, other.spent = dict(self.names), dict(self.sizes), dict(self.spent)
        other.outcomes = dict(self.outcomes)
        other.waiting = {number: wait.with_ledger(other.spent) for number, wait in self.waiting.items()}
        other.broken, other.halted, other.why = set(self.broken), self.halted, self.why
        return other

    def go(self, blobs: Blobs) -> Sequence[Wave]:
        """Run every step that can run; gives the waves of calls to wait for, none when the turn is over."""
        blocked: list[Planned] = []
        try:
            for number, planned in enumerate(self.steps):
                if number in self.outcomes:
                    continue
                if number not in self.waiting and not any(_depends(other, planned) for other in blocked):
                    self._start(number, planned, blobs)
                if number not in self.outcomes:
                    blocked.append(planned)
        except InputChangedError as error:
            self.halt(error)
            return ()
        out = [(number, wait) for number, wait in sorted(self.waiting.items()) if wait.reserved.indexes]
        return [Wave(number, wait.ask, wait.reserved.indexes) for number, wait in out]

    def halt(self, error: InputChangedError) -> None:
        """The turn ends here: a file is no longer what was worked on."""
        self.halted, self.why = "input_changed", str(error)

    def take(self, waves: Sequence[Wave], results: Sequence[Result]) -> None:
        """The results of all waves, in their order. All are settled before any that waits reserves again."""
        place = 0
        for wave in waves:
            self._settle(wave, results[place : place + len(wave.indexes)])
            place += len(wave.indexes)
        try:
            for number in sorted(self.waiting):
                self._go_on(number)
        except InputChangedError as error:
            self.halt(error)

    def _start(self, number: int, planned: Planned, blobs: Blobs) -> None:
        context = StepContext(self.names, blobs, self._turn_context, self.spent)
        refusal = self._refusal(planned)
        if refusal is not None:
            status, code, message = refusal
            self._end(number, Outcome(context, status, code, message))
            return
        context.spend("steps", 1)
        place = (self.state.run.id, self.turn, number, 0)
        result = run(planned, context, self.state.run, place)
        if isinstance(result, Ask):
            self._ask(number, result, context)
        else:
            self._end(number, result)

    def _refusal(self, planned: Planned) -> tuple[str, str, str] | None:
        """Why a step does not run at all."""
        if planned.problems:
            return "failed", planned.problems[0].code, ""
        needed = sorted(planned.reads & self.broken)
        if needed:
            return "skipped", "depends", f"it needs {', '.join(f'`{name}`' for name in needed)}, which was not made"
        if self.state.settings.limits.steps <= self.spent.get("steps", 0):
            return "failed", "budget", f"the {self.state.settings.limits.steps:,} steps of this run are used up"
        return None

    def _ask(self, number: int, ask: Ask, context: StepContext, earlier: tuple[Called, ...] = ()) -> None:
        try:
            reserved = reserve(ask, tuple(range(len(ask.calls))), context, first=True)
        except Fault as fault:
            self._end(number, Outcome(context, "failed", fault.code, fault.message, calls=earlier))
            return
        self._hold(reserved)
        none_yet = (None,) * len(ask.calls)
        self._wait_or_end(number, Waiting(ask, context, none_yet, reserved, frozenset(reserved.too_long), earlier))

    def _settle(self, wave: Wave, results: Sequence[Result]) -> None:
        wait = self.waiting[wave.step]
        whole = list(wait.results)
        for index, result in zip(wave.indexes, results, strict=True):
            whole[index] = result
        self._release(wait, settled(wait.ask, wave.indexes, results))
        none = Reservation((), wait.reserved.rest, (), {})
        self.waiting[wave.step] = msgspec.structs.replace(wait, results=tuple(whole), reserved=none)

    def _go_on(self, number: int) -> None:
        """Reserve for the calls of a step that are still to make."""
        wait = self.waiting.pop(number)
        reserved = reserve(wait.ask, wait.reserved.rest, wait.context, first=False)
        self._hold(reserved)
        self._wait_or_end(number, msgspec.structs.replace(wait, reserved=reserved))

    def _wait_or_end(self, number: int, wait: Waiting) -> None:
        """A step waits for its calls; one whose calls did not fit, for what the calls of others leave."""
        others_out = any(other.reserved.indexes for other in self.waiting.values())
        if wait.reserved.indexes or (wait.reserved.rest and others_out):
            self.waiting[number] = wait
            return
        unmade = len(wait.reserved.rest)
        if unmade:
            wait.context.mark_partial(
                "budget", f"{unmade:,} of {len(wait.results):,} calls were not made: tokens or cost ran out"
            )
        called = (*wait.earlier, Called(wait.ask, wait.results))
        result = settle(called, wait.too_long, wait.context)
        if isinstance(result, Ask):
            self._ask(number, result, wait.context, called)
        else:
            self._end(number, result)

    def _hold(self, reserved: Reservation) -> None:
        for name, amount in reserved.amounts.items():
            self.spent[name] = self.spent.get(name, 0) + amount

    def _release(self, wait: Waiting, used: Mapping[str, int]) -> None:
        """Put what was really used in place of what was reserved."""
        for name, amount in wait.reserved.amounts.items():
            self.spent[name] -= amount
        for name, amount in used.items():
            wait.context.spend(name, amount)
        if "overrun" in used:
            wait.context.warn(f"calls used {used['overrun']:,} tokens more than were reserved for them")

    def _end(self, number: int, outcome: Outcome) -> None:
        planned = self.steps[number]
        check_declared(planned, self.state.run.table, outcome.context.used)
        outcome = self._written(planned, outcome)
        self.outcomes[number] = outcome
        if planned.target is not None and outcome.status != "ok":
            self.broken.add(planned.target)
        if planned.last:
            self._drop_temporaries(number)
        self.spent["value_bytes"] = sum(self.sizes.values()) + self._held_for_nested()

    def _held_for_nested(self) -> int:
        """Bytes of values that nested runs may hold which are under way."""
        return sum(wait.reserved.amounts.get("value_bytes", 0) for wait in self.waiting.values())

    def _written(self, planned: Planned, outcome: Outcome) -> Outcome:
        """Write the variable, unless there are too many; a variable dropped frees its bytes."""
        name = planned.target
        if isinstance(outcome.effect, Forgotten):
            self.names.pop(outcome.effect.name, None)
            self.sizes.pop(outcome.effect.name, None)
        if name is not None and outcome.status == "ok" and outcome.data is not None:
            size = size_of(outcome.data.value)
            fault = self._no_room(name, size)
            if fault is not None:
                return msgspec.structs.replace(outcome, status="failed", code=fault.code, message=fault.message)
            self.names[name], self.sizes[name] = outcome.data, size
            self.broken.discard(name)
        return outcome

    def _no_room(self, name: str, size: int) -> Fault | None:
        """Why a variable of this size cannot be written."""
        limits = self.state.settings.limits
        if name not in self.names and len(self.names) >= limits.variables:
            return Fault("budget", f"there are {limits.variables:,} variables already")
        held = sum(self.sizes.values()) - self.sizes.get(name, 0) + self._held_for_nested()
        if held + size > limits.value_bytes:
            what = f"{size:,} bytes more would pass the {limits.value_bytes:,} value_bytes of this run"
            return Fault("too_large", f"{what} ({held:,} are held)")
        return None

    def _drop_temporaries(self, last: int) -> None:
        for planned in reversed(self.steps[:last]):
            if planned.statement != self.steps[last].statement:
                return
            if planned.target in self.names:
                del self.names[planned.target], self.sizes[planned.target]


def _depends(first: Planned, second: Planned) -> bool:
    """Whether the second step has to wait for the first."""
    if first.barrier or second.barrier:
        return True
    wrote = first.target is not None and (first.target in second.reads or first.target == second.target)
    return wrote or (second.target is not None and second.target in first.reads)
