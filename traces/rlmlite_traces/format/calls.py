"""Calls: the lines of `effects.jsonl` that belong to a step, under the root in its record.

Lines have no chain of their own: the step's `effects` counts them and commits to them.
"""

from collections.abc import Sequence
from typing import get_args

from rlmlite_kernel.effects.requests import Failure
from rlmlite_kernel.records.call_lines import CallLine, CallsHead, head_of
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import AnyRecord, EffectRecord, Effects, Span, Step
from rlmlite_traces.errors import TraceBrokenError
from rlmlite_traces.format.formats import CallItem, Format
from rlmlite_traces.format.lines import EFFECTS, split

FAILURES = frozenset(get_args(Failure))


class StepCalls:
    """The lines of `effects.jsonl`, handed out step by step in the order of the records."""

    def __init__(self, data: bytes, layout: Format, run: str) -> None:
        self._data, self._layout, self._run = data, layout, run
        self._spans = list(split(data, EFFECTS))
        self._first_steps: dict[int, int] = {}
        self.next_line = 0

    @property
    def remaining(self) -> int:
        """How many lines no step has taken."""
        return len(self._spans) - self.next_line

    def take(self, record: AnyRecord) -> tuple[tuple[int, int], list[EffectRecord]]:
        """The calls of the next record, checked, and which lines they are. Every step is to be asked for, in order."""
        if isinstance(record, Step):
            self._first_steps.setdefault(record.turn, record.step)
        first, count = self.next_line, self._layout.line_count(record)
        if count > self.remaining:
            raise TraceBrokenError(EFFECTS, first, "effects-missing", f"{count} lines", f"{self.remaining} lines")
        self.next_line += count
        lines = self.lines((first, self.next_line))
        items = self._items(lines, first)
        calls = self._calls(items, record) if isinstance(record, Step) else []
        check_items(record, items, calls, first)
        check_calls(record, calls, lines, first)
        return (first, self.next_line), calls

    def reread(self, lines: tuple[int, int], step: Step) -> list[EffectRecord]:
        """Calls that were taken before."""
        return self._calls(self._items(self.lines(lines), lines[0]), step)

    def lines(self, lines: tuple[int, int]) -> list[bytes]:
        """Lines that were taken before, without their newlines."""
        return [self._data[start:stop] for start, stop in self._spans[lines[0] : lines[1]]]

    def _calls(self, items: Sequence[CallItem], step: Step) -> list[EffectRecord]:
        return self._layout.calls(items, self._run, step, step.step - self._first_steps[step.turn])

    def _items(self, lines: Sequence[bytes], first: int) -> list[CallItem]:
        return [self._layout.call_item(line, first + place) for place, line in enumerate(lines)]


def check_items(record: AnyRecord, items: Sequence[CallItem], calls: Sequence[EffectRecord], first: int) -> None:
    """Raise `TraceBrokenError` unless heads and calls fit together, and the heads say all that the calls share."""
    heads = [(place, item) for place, item in enumerate(items) if isinstance(item, CallsHead)]
    if not heads and not any(isinstance(item, CallLine) for item in items):
        return
    _same("effects-head", first, "the head of a round first", "a call", bool(heads) and heads[0][0] == 0)
    begun = 0
    last_round = -1
    for (place, head), stop in zip(heads, [*(place for place, _ in heads[1:]), len(items)], strict=True):
        position, found = first + place, stop - place - 1
        _same("effects-head", position, f"{head.n} calls", f"{found} calls", head.n == found and found > 0)
        _same("effects-round", position, f"a round above {last_round}", str(head.round), head.round > last_round)
        of_round = calls[begun : begun + found]
        _check_spans(items[place + 1 : stop], head, position)
        _same("effects-head", position, repr(head_of(of_round)), repr(head), head_of(of_round) == head)
        begun, last_round = begun + found, head.round
    if isinstance(record, Step) and record.effects is not None:
        _same(
            "effects-round",
            first,
            f"{record.effects.rounds} rounds",
            str(len(heads)),
            record.effects.rounds == len(heads),
        )


def _check_spans(items: Sequence[CallItem], head: CallsHead, position: int) -> None:
    """Each call has a span for each mark in the head, and a range of its own where only the range is."""
    marks = [part.start for part in head.recipe if isinstance(part, Span) and part.start < 0]
    for place, item in enumerate(items, 1):
        assert isinstance(item, CallLine)
        sound = len(item.spans) == len(marks) and all(
            0 <= span.start <= span.stop and (mark == -2 or (span.blob, span.source) == ("", ""))
            for span, mark in zip(item.spans, marks, strict=False)
        )
        _same("effects-spans", position + place, f"{len(marks)} spans", repr(item.spans), sound)
        low = head.first <= item.index
        _same("effects-place", position + place, f"an index from {head.first} on", str(item.index), low)


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
    found = Effects(n=len(calls), root=root_of(lines), failed=failed, rounds=record.effects.rounds)
    _same("effects-root", first, repr(record.effects), repr(found), record.effects == found)
    _same("effects-id", first, "each id once", "an id twice", len({call.id for call in calls}) == len(calls))


def _check_call(step: Step, call: EffectRecord, last: int, position: int) -> None:
    place = f"step {step.step}, an index above {last}"  # a call that was never made leaves its index out
    placed = call.step == step.step and call.index > last
    _same("effects-place", position, place, f"step {call.step}, index {call.index}", placed)
    sound = call.error in FAILURES if call.result is None else call.error == ""
    _same("effects-result", position, "a result, or one of the known errors", repr(call.error), sound)


def _same(check: str, position: int, expected: str, found: str, holds: bool) -> None:
    if not holds:
        raise TraceBrokenError(EFFECTS, position, check, expected, found)
