"""Calls under way: what a step has asked for, and the requests that go out together while the turn is suspended."""

from collections.abc import Sequence
from typing import overload

import msgspec

from rlmlite_kernel.effects.calls import Ask
from rlmlite_kernel.effects.requests import Request, Result
from rlmlite_kernel.effects.reservations import Reservation
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.run.step import FinishedRound


class OpenStep(msgspec.Struct, frozen=True, eq=False):
    """A step that has asked for calls and has no value yet.

    `results` are by index; `None` stands for a call that is out, still to be made, or never made. `reserved` says which
    of these it is, and what is held for the calls that are out. `earlier_rounds` are over.
    """

    ask: Ask
    context: StepContext
    results: tuple[Result | None, ...]
    reserved: Reservation
    too_long: frozenset[int]
    earlier_rounds: tuple[FinishedRound, ...] = ()

    @property
    def rounds(self) -> tuple[FinishedRound, ...]:
        """All rounds so far, with the one that is not over."""
        return (*self.earlier_rounds, FinishedRound(self.ask, self.results))

    def with_ledger(self, ledger: dict[str, int]) -> "OpenStep":
        """The same, charging another ledger."""
        return msgspec.structs.replace(self, context=self.context.with_ledger(ledger))

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
