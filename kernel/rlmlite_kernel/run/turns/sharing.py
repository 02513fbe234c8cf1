"""Calls of a turn that are the same: one is made, the others take its result.

Before calls go out they are sorted, in the order of the program and of their indexes:

    a = extract_over_chunks(["x", "y", "x"], "{value}?")    calls 0 and 1 go out; call 2 waits for call 0
    b = sub_lm("x?")                                        the prompt of call 0: waits for it, too

- *known*: answered in an earlier turn or suspension. It takes that answer at once.
- *waits*: the same call is out. It takes its result when that is in, an answer or a failure: both were asked together,
  and one of them failed. A statement that comes later asks anew, since failures are not remembered (`effects.memo`).
- *own*: all others. They are reserved and charged.

A call that was charged, but did not fit what was left of tokens, may find on its second try that another step has made
the same one. Then what was charged for it is given back.

Not here: whether own calls fit the budgets (`effects.reservations`), and when a step goes on (`run.turns.progress`).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from rlmlite_kernel.effects.calls import Ask
from rlmlite_kernel.effects.memo import Known, Memo, is_good, key_of, may_share
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.records.call_lines import request_id
from rlmlite_kernel.run.turns.waves import OpenStep


class SortedCalls(NamedTuple):
    """Calls by what becomes of them: indexes to make, results that are known, and keys of calls to wait for."""

    own: tuple[int, ...]
    known: Mapping[int, Known]
    waits: Mapping[int, str]


class Sharing:
    """The calls of one turn by their keys: which are answered, which are out, which have just come back."""

    def __init__(self, memo: Memo, flags: Collection[int], barred: int) -> None:
        self._memo, self._flags, self._barred = memo, flags, barred
        self._known: dict[str, Known] = {}
        self._out: set[str] = set()
        # Of the suspension that was just resumed: also results that are not remembered.
        self._back: dict[str, Known] = {}

    def copy(self) -> "Sharing":
        """The same, to go on from without touching this one."""
        other = Sharing(self._memo, self._flags, self._barred)
        other._known, other._out, other._back = dict(self._known), set(self._out), dict(self._back)
        return other

    def sort(self, ask: Ask, indexes: Sequence[int]) -> SortedCalls:
        """Sort calls that are to be made."""
        if not may_share(ask, self._flags, self._barred):
            return SortedCalls(tuple(indexes), {}, {})
        own: dict[str, int] = {}
        known: dict[int, Known] = {}
        waits: dict[int, str] = {}
        for index in indexes:
            key = key_of(ask.calls, index)
            answer = self._memo.entries.get(key) or self._known.get(key)
            if answer is not None:
                known[index] = answer
            elif key in self._out or key in own:
                waits[index] = key
            else:
                own[key] = index
        return SortedCalls(tuple(own.values()), known, waits)

    def send(self, ask: Ask, indexes: Sequence[int]) -> None:
        """These calls go out."""
        if may_share(ask, self._flags, self._barred):
            self._out.update(key_of(ask.calls, index) for index in indexes)

    def forget_results(self) -> None:
        """New results are about to come in: those of the suspension before were taken."""
        self._back = {}

    def take_results(self, ask: Ask, indexes: Sequence[int], results: Sequence[Result]) -> None:
        """Calls that were out have results."""
        if not may_share(ask, self._flags, self._barred):
            return
        for index, result in zip(indexes, results, strict=True):
            key = key_of(ask.calls, index)
            made = Known(request_id(*ask.calls.place, index), result)
            self._out.discard(key)
            self._back[key] = made
            if is_good(ask, index, result):
                self._known.setdefault(key, made)

    def resolve(self, step: OpenStep) -> OpenStep:
        """A step with the results that its calls waited for, and with those that others have got for its own meanwhile.

        Calls that were charged, and are not to be made now, are given back to the budgets.
        """
        found = {index: self._back.get(key) or self._known.get(key) for index, key in step.waits.items()}
        step = step.with_shared({index: known for index, known in found.items() if known is not None})
        again = self.sort(step.ask, step.reserved.rest)
        if len(again.own) == len(step.reserved.rest):
            return step
        others = [index for index in step.reserved.rest if index not in again.own]
        _give_back(step, others)
        reserved = msgspec.structs.replace(step.reserved, rest=again.own)
        step = msgspec.structs.replace(step, reserved=reserved, waits={**step.waits, **again.waits})
        return step.with_shared(again.known)


def drop_too_long(
    ask: Ask, too_long: Sequence[int], waits: Mapping[int, str]
) -> tuple[frozenset[int], Mapping[int, str]]:
    """The calls whose prompts are too long, with those that would have waited for one of them, and the other waits."""
    if not too_long or not waits:
        return frozenset(too_long), waits
    keys = {key_of(ask.calls, index) for index in too_long}
    others = frozenset(index for index, key in waits.items() if key in keys)
    return others | frozenset(too_long), {index: key for index, key in waits.items() if index not in others}


def _give_back(step: OpenStep, indexes: Sequence[int]) -> None:
    """Take back what was charged for calls before they went out (`effects.reservations`)."""
    calls = step.ask.calls
    step.context.spend("sub_calls", -len(indexes))
    step.context.spend("prompt_bytes", -int(calls.sizes[list(indexes)].sum()))
    step.context.spend("output_tokens", -len(indexes) * calls.model.max_output_tokens)
