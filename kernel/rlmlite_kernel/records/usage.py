"""What the calls of a run used, added up from its records: how many of each kind, and what is known of their use.

Three things are kept apart. What providers *reported* is added up; of how many calls of models it is *known* is counted
beside it; and what is charged beyond what they reported is a *reservation* (`State.used` minus `tokens` here).

    three calls of a sub, the second without usage
    sub 3   input_tokens 14, known_input_tokens 2   output_tokens 6, known_output_tokens 2   tokens 20

A call of a nested run brings the counts of all calls below it, from its `Child` record. So the counts of the run at the
root are those of the whole tree, and a run that is opened again has the same counts as one that never stopped.

Not here: what is charged (`effects.reservations`), prices.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from rlmlite_kernel.records.records import Child, EffectRecord, Spoken, Usage3

CONTROLLER: Final = "controller"

KINDS: Final[Mapping[str, str]] = {
    "lm": "sub",
    "rlm": "nested",
    "tool": "tool",
    "approve": "approval",
    "clock": "clock",
}
"""The kinds of calls of programs, as they are counted; a controller's own are `controller`."""

MODELS: Final = (CONTROLLER, "sub")
"""The kinds of calls that a model answers, and so those that have a usage."""

AMOUNTS: Final = ("input_tokens", "output_tokens", "cost_nano")
"""What a provider reports of a call, in the order of `Usage3`."""


class CallCounts:
    """The counts of a run so far. `counts` are by name: kinds, amounts, `known_` amounts, `tokens`, `answer_tokens`.

    `tokens` are those that were charged as reported, `answer_tokens` the part of programs' calls in `output_tokens`.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add_controller(self, call: Spoken) -> None:
        """Count the controller's call of a turn."""
        self.counts[CONTROLLER] += 1
        self._add_usage(call.usage, cached=call.cached)

    def add_call(self, call: EffectRecord) -> None:
        """Count a call of a step. One that took the result of another was not made: no model has seen it."""
        if call.same_as:
            self.counts["shared"] += 1
            return
        self.add(call.effect, call.usage, cached=call.cached, child=call.child)

    def add(self, effect: str, usage: Usage3, *, cached: bool = False, child: Child | None = None) -> None:
        """Count a call of a kind of effect."""
        kind = KINDS.get(effect, effect)
        self.counts[kind] += 1
        if child is not None:
            self._add_nested(child, usage)
        elif kind in MODELS:
            self._add_usage(usage, cached=cached)
            if not cached:
                self.counts["answer_tokens"] += usage[1] or 0

    @property
    def models(self) -> int:
        """How many calls models were asked to answer."""
        return sum(self.counts[kind] for kind in MODELS)

    @property
    def usage(self) -> Usage3:
        """The sums over all calls of models; one that is not known of each of them is unknown."""
        input_tokens, output_tokens, cost = (
            self.counts[name] if self.known(name) == self.models else None for name in AMOUNTS
        )
        return input_tokens, output_tokens, cost

    def totals(self) -> dict[str, int]:
        """All counts that are not 0, by name, as the record of a nested run holds them."""
        return {name: amount for name, amount in sorted(self.counts.items()) if amount}

    def known(self, name: str) -> int:
        """Of how many of these an amount is known."""
        return self.counts[f"known_{name}"]

    def amount(self, name: str) -> int | None:
        """The sum of an amount as far as it is known; `None` if it is known of no call, and there were some."""
        return None if self.models and not self.known(name) else self.counts[name]

    def _add_nested(self, child: Child, usage: Usage3) -> None:
        if child.calls:
            self.counts.update(child.calls)
            return
        # A trace from before these counts: its sums stand for one call.
        self.counts["sub"] += 1
        self._add_usage(usage, cached=False)

    def _add_usage(self, usage: Usage3, *, cached: bool) -> None:
        for name, amount in zip(AMOUNTS, usage, strict=True):
            if amount is not None:
                self.counts[name] += amount
                self.counts[f"known_{name}"] += 1
        input_tokens, output_tokens, _ = usage
        # As the kernel charges: half a report is none, and an answer from a cache used nothing.
        if input_tokens is not None and output_tokens is not None and not cached:
            self.counts["tokens"] += input_tokens + output_tokens
