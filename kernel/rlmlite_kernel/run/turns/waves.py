"""Calls under way: the steps that wait for some, what is set aside for these, and the requests that go out together.

What calls may use is *held* in the ledger from before they go out until they come back. Then what they really used is
charged in its place, to the step that asked for them. While it is held, no step is charged for it.

    3 calls go out, 4,000 tokens reserved for each    ledger: tokens +12,000    the step's own share: nothing
    they come back having used 7,500                  ledger: tokens  +7,500    the step's own share: 7,500

Not here: whether calls fit the budgets (`effects.reservations`), and when a step goes on (`run.turns.progress`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import overload

import msgspec

from rlmlite_kernel.effects.calls import Ask
from rlmlite_kernel.effects.memo import Known
from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.effects.reservations import Reservation, settle_usage
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.run.steps.step import FinishedRound


class OpenStep(msgspec.Struct, frozen=True, eq=False):
    """A step that has asked for calls and has no value yet.

    `results` are by index; `None` stands for a call that is out, still to be made, or never made. `reserved` says which
    of these it is, and what is held for the calls that are out. `earlier_rounds` are over. `same_as` are the ids of the
    calls whose results some of these took, `waits` the keys of those that others wait for (`run.turns.sharing`).
    """

    ask: Ask
    context: StepContext
    results: tuple[Result | None, ...]
    reserved: Reservation
    too_long: frozenset[int]
    earlier_rounds: tuple[FinishedRound, ...] = ()
    same_as: Mapping[int, str] = {}
    waits: Mapping[int, str] = {}

    @property
    def rounds(self) -> tuple[FinishedRound, ...]:
        """All rounds so far, with the one that is not over."""
        return (*self.earlier_rounds, FinishedRound(self.ask, self.results, self.same_as))

    def with_ledger(self, ledger: dict[str, int]) -> "OpenStep":
        """The same, charging another ledger."""
        return msgspec.structs.replace(self, context=self.context.with_ledger(ledger))

    def with_shared(self, known: Mapping[int, Known]) -> "OpenStep":
        """The same with the results of calls that others have made."""
        if not known:
            return self
        results = list(self.results)
        for index, call in known.items():
            results[index] = call.shared()
        same_as = {**self.same_as, **{index: call.id for index, call in known.items()}}
        waits = {index: key for index, key in self.waits.items() if index not in known}
        return msgspec.structs.replace(self, results=tuple(results), same_as=same_as, waits=waits)

    def with_results(self, indexes: Sequence[int], results: Sequence[Result]) -> "OpenStep":
        """The same with the results of the calls that were out; nothing is reserved any more."""
        by_index = list(self.results)
        for index, result in zip(indexes, results, strict=True):
            by_index[index] = result
        # What still has to be called stays known; what was held is settled by now, and held no longer.
        nothing_out = Reservation((), self.reserved.rest, (), {})
        return msgspec.structs.replace(self, results=tuple(by_index), reserved=nothing_out)


class Wave(msgspec.Struct, frozen=True, eq=False):
    """The calls of one step that are out now: their indexes, in order."""

    step: int
    ask: Ask
    indexes: Sequence[int]


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
        """The request at an index over all waves."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        # Waves are as few as the steps that wait, so they are gone through; calls may be many, and are not.
        for wave in self._waves:
            if 0 <= index < len(wave.indexes):
                call_index = wave.indexes[index]
                return wave.ask.calls[call_index]
            index -= len(wave.indexes)
        raise IndexError("no such request")


class OpenSteps:
    """The open steps of a turn, by their numbers: calls out, answered, or parked.

    `ledger` is the turn's: the contexts of the steps charge the same one.
    """

    def __init__(self, ledger: dict[str, int]) -> None:
        self._ledger = ledger
        self._by_number: dict[int, OpenStep] = {}

    def copy(self, ledger: dict[str, int]) -> "OpenSteps":
        """The same steps, charging another ledger: otherwise two turns would charge one."""
        other = OpenSteps(ledger)
        other._by_number = {number: step.with_ledger(ledger) for number, step in self._by_number.items()}
        return other

    def put(self, number: int, step: OpenStep) -> None:
        """A step waits."""
        self._by_number[number] = step

    def take(self, number: int) -> OpenStep:
        """A step that waits no longer."""
        return self._by_number.pop(number)

    def drop(self, number: int) -> None:
        """A step is over, whether it has waited or not."""
        self._by_number.pop(number, None)

    def numbers(self) -> Sequence[int]:
        """The numbers of all, in the order of the program. It does not change when steps come and go."""
        return sorted(self._by_number)

    def steps(self) -> Iterable[OpenStep]:
        """All of them, in the order in which they began to wait."""
        return self._by_number.values()

    def waves(self) -> tuple[Wave, ...]:
        """The calls that are out, in the order of the program."""
        waves: list[Wave] = []
        for number, step in sorted(self._by_number.items()):
            # A parked step has no calls out, and waits for what the others leave.
            if step.reserved.indexes:
                waves.append(Wave(number, step.ask, step.reserved.indexes))
        return tuple(waves)

    @property
    def have_calls_out(self) -> bool:
        """Whether any of them waits for calls, and does not only park."""
        return any(step.reserved.indexes for step in self._by_number.values())

    @property
    def held_bytes(self) -> int:
        """Bytes that are set aside for the values of nested runs under way."""
        return sum(step.reserved.amounts.get("value_bytes", 0) for step in self._by_number.values())

    def hold(self, reserved: Reservation) -> None:
        """Set aside what calls may use that are about to go out."""
        for name, amount in reserved.amounts.items():
            self._ledger[name] = self._ledger.get(name, 0) + amount

    def settle(self, wave: Wave, results: Sequence[Result]) -> StepContext:
        """Put what the calls of a wave really used in place of what was held for them. Gives the context charged."""
        step = self._by_number[wave.step]
        used = settle_usage(step.ask, wave.indexes, results)
        # `hold` added these to the ledger without any step's charge, so they are taken back in the same way.
        for name, amount in step.reserved.amounts.items():
            self._ledger[name] -= amount
        # Through the step's context: that charges the ledger, and the step's own share of it, which its record names.
        for name, amount in used.items():
            step.context.spend(name, amount)
        if "overrun" in used:
            step.context.warn(f"calls used {used['overrun']:,} tokens more than were reserved for them", code="overrun")
        self._by_number[wave.step] = step.with_results(wave.indexes, results)
        return step.context
