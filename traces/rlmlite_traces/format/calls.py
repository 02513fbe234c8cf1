"""Calls: the lines of `effects.jsonl` that belong to a step, checked against what its record commits to.

The lines have no chain of their own, so nothing in them says where a step's share begins. The records do: each step
counts its calls and rounds, and its `root` is the Merkle tree head over its lines. Walking the records in order
therefore deals the file out, and a line that is added, dropped, moved or changed breaks some step's count or root.

    trace.jsonl    step 1, no effects       takes no line
                   step 2, n 3, rounds 2    takes lines 0 to 4: head, call, call, head, call
                   step 3, n 1, rounds 1    takes lines 5 and 6: head, call
    effects.jsonl  7 lines in all; an eighth would be a stray

Heads are checked beyond the root, because a writer can commit to anything: a head must say *all* that its calls share
and nothing else, so that a round has one spelling.
Not here: what the lines look like (`call_lines` in the kernel), who decodes them (`formats`).
"""

from collections.abc import Sequence
from typing import get_args

from rlmlite_kernel.effects.requests import FORM, EffectKind, Form, is_way_of_asking
from rlmlite_kernel.records.call_lines import OWN_SPAN, OWN_TEXT, CallLine, CallsHead, head_of
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import AnyRecord, EffectRecord, Effects, Span, Step
from rlmlite_traces.errors import TraceBrokenError
from rlmlite_traces.format.chain import FAILURES
from rlmlite_traces.format.formats import CallItem, Format
from rlmlite_traces.format.lines import EFFECTS, split
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits

EFFECTS_KNOWN = frozenset(get_args(EffectKind))
FORMS_KNOWN = frozenset(get_args(Form))


class StepCalls:
    """The lines of `effects.jsonl`, dealt out step by step in the order of the records."""

    def __init__(self, data: bytes, layout: Format, run: str, limits: ReaderLimits = READER_LIMITS) -> None:
        self._data, self._layout, self._run, self._limits = data, layout, run, limits
        self._prompt_parts = 0
        limits.check("calls", data.count(b"\n"), "effects.jsonl has lines:")
        self._spans = list(split(data, EFFECTS))
        # The first step of each turn. Ids of calls name a step by its number within its turn, not within the run.
        self._first_steps: dict[int, int] = {}
        self.next_line = 0

    @property
    def remaining(self) -> int:
        """How many lines no step has taken yet."""
        return len(self._spans) - self.next_line

    def take(self, record: AnyRecord) -> tuple[tuple[int, int], list[EffectRecord]]:
        """The checked calls of the next record, and the range of lines that they stand in.

        Call it once for every record, in order: each call moves on by the lines that the record counts.
        """
        if isinstance(record, Step):
            self._first_steps.setdefault(record.turn, record.step)
        first, count = self.next_line, self._layout.line_count(record)
        if count > self.remaining:
            raise TraceBrokenError(EFFECTS, first, "effects-missing", f"{count} lines", f"{self.remaining} lines")
        self.next_line += count
        line_range = (first, self.next_line)
        lines = self.lines(line_range)
        items = self._decode_items(lines, first)
        self._count_parts(items)
        calls = self._decode_calls(items, record) if isinstance(record, Step) else []
        check_rounds(record, items, calls, first)
        check_calls(record, calls, lines, first)
        return line_range, calls

    def reread(self, line_range: tuple[int, int], step: Step) -> list[EffectRecord]:
        """The calls of a step that were taken, and checked, before. They are decoded again rather than kept."""
        return self._decode_calls(self._decode_items(self.lines(line_range), line_range[0]), step)

    def lines(self, line_range: tuple[int, int]) -> list[bytes]:
        """The lines of a range, without their newlines."""
        first, stop = line_range
        spans = self._spans[first:stop]
        if spans:
            longest = max(end - begin for begin, end in spans)
            self._limits.check("line_bytes", longest, "a call or a head has")
        return [self._data[begin:end] for begin, end in spans]

    def _count_parts(self, items: Sequence[CallItem]) -> None:
        """Count the parts of prompts. A head's recipe is filled in for each of its calls, so it counts for each."""
        shared = 0
        for item in items:
            if isinstance(item, CallsHead):
                shared = len(item.recipe)
            elif isinstance(item, CallLine):
                self._prompt_parts += shared + len(item.spans)
            else:
                self._prompt_parts += len(item.recipe)
        self._limits.check("prompt_parts", self._prompt_parts, "recipes have parts:")

    def _decode_calls(self, items: Sequence[CallItem], step: Step) -> list[EffectRecord]:
        number_in_turn = step.step - self._first_steps[step.turn]
        return self._layout.calls(items, self._run, step, number_in_turn)

    def _decode_items(self, lines: Sequence[bytes], first: int) -> list[CallItem]:
        return [self._layout.call_item(line, position) for position, line in enumerate(lines, first)]


def check_rounds(record: AnyRecord, items: Sequence[CallItem], calls: Sequence[EffectRecord], first: int) -> None:
    """Raise `TraceBrokenError` unless the lines are whole rounds: a head, the calls that it counts, the next head."""
    heads = [place for place, item in enumerate(items) if isinstance(item, CallsHead)]
    if not heads and not any(isinstance(item, CallLine) for item in items):
        return  # format 1 has no heads
    _require(heads[:1] == [0], first, "effects-head", "the head of a round first", "a call")
    first_call = 0
    last_round = -1
    stops = [*heads[1:], len(items)]
    for place, stop in zip(heads, stops, strict=True):
        head = items[place]
        assert isinstance(head, CallsHead)
        count = stop - place - 1  # as many calls as there are lines up to the next head
        round_lines = items[place + 1 : stop]
        round_calls = calls[first_call : first_call + count]
        _check_head(head, round_lines, round_calls, first + place, last_round)
        first_call += count
        last_round = head.round
    if isinstance(record, Step) and record.effects is not None:
        rounds = record.effects.rounds
        _require(rounds == len(heads), first, "effects-round", f"{rounds} rounds", str(len(heads)))


def _check_head(
    head: CallsHead, items: Sequence[CallItem], calls: Sequence[EffectRecord], position: int, last_round: int
) -> None:
    """Raise `TraceBrokenError` unless one head fits the calls below it. `position` is the line of the head."""
    count = len(items)
    _require(0 < count == head.n, position, "effects-head", f"{head.n} calls", f"{count} calls")
    _require(head.round > last_round, position, "effects-round", f"a round above {last_round}", f"round {head.round}")
    _check_spans(items, head, position)
    # Made anew from its calls, the head is the same: nothing that they share is left to them, nothing else is in it.
    expected = head_of(calls)
    _require(expected == head, position, "effects-head", repr(expected), repr(head))


def _check_spans(items: Sequence[CallItem], head: CallsHead, position: int) -> None:
    """Raise `TraceBrokenError` unless each call has one sound span for each mark in the head's recipe."""
    marks = [part.start for part in head.recipe if isinstance(part, Span) and part.start < 0]
    for at, item in enumerate(items, position + 1):
        assert isinstance(item, CallLine)  # the heads split the lines, so none is among them
        is_one_each = len(item.spans) == len(marks)
        if not is_one_each or not all(map(_fits_mark, item.spans, marks)):
            raise TraceBrokenError(EFFECTS, at, "effects-spans", f"{len(marks)} spans", repr(item.spans))
        if item.index < head.first:
            raise TraceBrokenError(EFFECTS, at, "effects-place", f"an index of at least {head.first}", str(item.index))


def _fits_mark(span: Span, mark: int) -> bool:
    """Whether a call's span can fill a mark of its head. For the mark of a range it must be a range and no more."""
    if not 0 <= span.start <= span.stop:
        return False
    if mark == OWN_TEXT:
        return span.blob != "" and (span.start, span.stop, span.source) == (0, 0, "")
    return mark == OWN_SPAN or (span.blob == "" and span.source == "")


def check_calls(record: AnyRecord, calls: Sequence[EffectRecord], lines: Sequence[bytes], first: int = 0) -> None:
    """Raise `TraceBrokenError` unless these are the calls that the record commits to. `first` is their first line."""
    if not isinstance(record, Step):
        _require(not calls, first, "effects-step", "calls of a step", f"{len(calls)} calls of another record")
        return
    last_index = -1
    for position, call in enumerate(calls, first):
        _check_call(record, call, last_index, position)
        last_index = call.index
    if record.effects is None:
        _require(not calls, first, "effects-count", "no calls", f"{len(calls)} calls")
        return
    failed = sum(1 for call in calls if call.error)
    computed = Effects(n=len(calls), root=root_of(lines), failed=failed, rounds=record.effects.rounds)
    _require(record.effects == computed, first, "effects-root", repr(record.effects), repr(computed))
    ids = {call.id for call in calls}
    _require(len(ids) == len(calls), first, "effects-id", "a different id for each call", "an id that is used twice")


def _check_call(step: Step, call: EffectRecord, last_index: int, position: int) -> None:
    """Raise `TraceBrokenError` unless a call belongs to the step, comes after the last, and ended in one way.

    It runs once per call, so the messages are made only when they are needed.
    """
    # Indexes ascend but may have gaps: a call that was never made leaves its index out.
    if call.step != step.step or call.index <= last_index:
        expected = f"step {step.step}, an index above {last_index}"
        raise TraceBrokenError(EFFECTS, position, "effects-place", expected, f"step {call.step}, index {call.index}")
    if call.prompt_bytes < 0 or any(amount is not None and amount < 0 for amount in call.usage):
        raise TraceBrokenError(EFFECTS, position, "usage", "no amount below zero", str(call.usage))
    if call.sampling and not _is_sampling(call):
        raise TraceBrokenError(EFFECTS, position, "effects-sampling", "a known way of asking", repr(call.sampling))
    if call.same_as and not _is_shared(call):
        expected = "the id of a call, and nothing used"
        raise TraceBrokenError(EFFECTS, position, "effects-same", expected, f"{call.same_as!r}, {call.usage}")
    if call.effect == "lm":
        _require(call.child is None, position, "effects-kind", "a nested run for `rlm` only", "one of a model's call")
    else:
        _check_outside(call, position)
    ended_in_one_way = call.error in FAILURES if call.result is None else call.error == ""
    if not ended_in_one_way:
        raise TraceBrokenError(
            EFFECTS, position, "effects-result", "a result, or one of the known errors", repr(call.error)
        )


def _is_sampling(call: EffectRecord) -> bool:
    """Whether a call says of how it was asked only what a record may say, and is one of a model."""
    return call.effect == "lm" and is_way_of_asking(call.sampling, FORM, FORMS_KNOWN)


def _is_shared(call: EffectRecord) -> bool:
    """Whether a call that took the result of another names it and used nothing. Which one it was, a replay tells."""
    is_id = len(call.same_as) == 32 and set(call.same_as) <= set("0123456789abcdef")
    return call.effect == "lm" and is_id and call.same_as != call.id and not any(call.usage) and not call.cached


def _check_outside(call: EffectRecord, position: int) -> None:
    """Raise `TraceBrokenError` unless a call that went to no model says nothing that only those have."""
    _require(call.effect in EFFECTS_KNOWN, position, "effects-kind", "a known kind of call", repr(call.effect))
    _require(not call.cached, position, "effects-kind", "a model's call, if it is cached", repr(call.effect))
    if call.effect != "rlm":
        used_something = any(call.usage)
        _require(not used_something, position, "effects-kind", "no usage but of models", str(call.usage))
        _require(call.child is None, position, "effects-kind", "a nested run for `rlm` only", repr(call.effect))


def _require(holds: bool, position: int, check: str, expected: str, found: str) -> None:
    if not holds:
        raise TraceBrokenError(EFFECTS, position, check, expected, found)
