"""Calls: the lines of `effects.jsonl` that belong to a step, under the root in its record.

Lines have no chain of their own: the step's `effects` counts them and commits to them.
"""

from collections.abc import Sequence
from typing import get_args

from rlmlite_kernel.effects.requests import Failure
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import VERSION, AnyRecord, EffectRecord, Effects, Step
from rlmlite_traces.errors import TraceBrokenError, UnknownFormatError
from rlmlite_traces.format.lines import EFFECTS, decode_effect, split

FAILURES = frozenset(get_args(Failure))


class Calls:
    """The lines of `effects.jsonl`, taken step by step in the order of the records."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._spans = list(split(data, EFFECTS))
        self.taken = 0

    @property
    def left(self) -> int:
        """How many lines no step has taken."""
        return len(self._spans) - self.taken

    def take(self, record: AnyRecord) -> tuple[tuple[int, int], list[EffectRecord]]:
        """The calls of the next record, checked, and which lines they are."""
        first, count = self.taken, count_of(record)
        if count > self.left:
            raise TraceBrokenError(EFFECTS, first, "effects-missing", f"{count} lines", f"{self.left} lines")
        self.taken += count
        lines = [self._data[start:stop] for start, stop in self._spans[first : self.taken]]
        calls = [decode_effect(line, first + index) for index, line in enumerate(lines)]
        check_calls(record, calls, lines, first)
        return (first, self.taken), calls

    def again(self, lines: tuple[int, int]) -> list[EffectRecord]:
        """Calls that were taken before."""
        return [decode_effect(line, lines[0] + index) for index, line in enumerate(self.lines(lines))]

    def lines(self, lines: tuple[int, int]) -> list[bytes]:
        """Lines that were taken before, without their newlines."""
        return [self._data[start:stop] for start, stop in self._spans[lines[0] : lines[1]]]


def count_of(record: AnyRecord) -> int:
    """How many calls a record says it has."""
    return record.effects.n if isinstance(record, Step) and record.effects is not None else 0


def check_calls(record: AnyRecord, calls: Sequence[EffectRecord], lines: Sequence[bytes], first: int = 0) -> None:
    """Raise `TraceBrokenError` unless these are the calls that the record commits to."""
    if not isinstance(record, Step):
        _same("effects-step", first, "calls of a step", f"{len(calls)} calls of another record", not calls)
        return
    last = -1
    for position, call in enumerate(calls, first):
        _check_call(record, call, last, position)
        last = call.index
    if record.effects is None:
        _same("effects-count", first, "no calls", f"{len(calls)} calls", not calls)
        return
    failed = sum(1 for call in calls if call.error)
    found = Effects(n=len(calls), root=root_of(lines), ok=len(calls) - failed, failed=failed)
    _same("effects-root", first, repr(record.effects), repr(found), record.effects == found)
    _same("effects-id", first, "each id once", "an id twice", len({call.id for call in calls}) == len(calls))


def _check_call(step: Step, call: EffectRecord, last: int, position: int) -> None:
    if call.v != VERSION:
        raise UnknownFormatError("format", VERSION, call.v)
    place = f"step {step.step}, an index above {last}"  # a call that was never made leaves its index out
    placed = call.step == step.step and call.index > last
    _same("effects-place", position, place, f"step {call.step}, index {call.index}", placed)
    sound = call.error in FAILURES if call.result is None else call.error == ""
    _same("effects-result", position, "a result, or one of the known errors", repr(call.error), sound)


def _same(check: str, position: int, expected: str, found: str, holds: bool) -> None:
    if not holds:
        raise TraceBrokenError(EFFECTS, position, check, expected, found)
