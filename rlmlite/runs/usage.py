"""What a run used: as models reported it, and what it was charged of each limit.

a call of 40 tokens, and one that reports nothing, for which 1,100 were reserved
report()      {"calls": 2, "input_tokens": 37, "output_tokens": 3, "cost_nano": None}
known()       {"calls": 2, "input_tokens": 1, "output_tokens": 1, "cost_nano": 0}
budget_of()   {"tokens": {"used": 40, "reserved": 1_100, "limit": None}, ...}
"""

from collections.abc import Iterable

from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.records.records import EffectRecord, Entry, Spoken, Turn
from rlmlite_kernel.records.settings import Limits
from rlmlite_kernel.records.usage import AMOUNTS, CONTROLLER, KINDS, CallCounts
from rlmlite_kernel.run.steps.state import State

_EACH = ("call_prompt_bytes", "observation_bytes")
"""Bounds on each prompt and each turn, which have no sum."""

_REPORTED = {"tokens": "tokens", "output_tokens": "answer_tokens", "cost_nano": "cost_nano"}
"""Limits that are charged before calls go out, each with the count of what was then reported."""


class ModelUsage:
    """What the calls of the whole turns of a run used."""

    def __init__(self) -> None:
        self._counts = CallCounts()

    def add_entries(self, entries: Iterable[Entry]) -> None:
        """Count the calls in the records of a turn."""
        for entry in entries:
            if isinstance(entry.record, Turn) and entry.record.call is not None:
                self.add_reply(entry.record.call)
            self.add(entry.effects)

    def add(self, calls: Iterable[EffectRecord]) -> None:
        """Count the calls of a step."""
        for call in calls:
            self._counts.add_call(call)

    def add_results(self, kinds: Iterable[str], results: Iterable[Result]) -> None:
        """Count calls that are in no record, since the turn that made them has halted."""
        for kind, result in zip(kinds, results, strict=True):
            usage = result.usage
            amounts = (usage.input_tokens, usage.output_tokens, usage.cost_nano)
            is_cached = isinstance(result, Answered) and result.cached
            self._counts.add(kind, amounts, cached=is_cached, child=result.child)

    def add_reply(self, call: Spoken) -> None:
        """Count a controller's call."""
        self._counts.add_controller(call)

    def report(self) -> dict[str, int | None]:
        """Calls, and the tokens and nano-dollars that are known of them; `None` if nothing is."""
        amounts = {name: self._counts.amount(name) for name in AMOUNTS}
        return {"calls": sum(self.calls().values()), **amounts}

    def known(self) -> dict[str, int]:
        """The calls of models, and of how many of them each amount is known."""
        return {"calls": self._counts.models, **{name: self._counts.known(name) for name in AMOUNTS}}

    def calls(self) -> dict[str, int]:
        """The calls by kind, those of nested runs included."""
        return {kind: self._counts.counts[kind] for kind in (CONTROLLER, *KINDS.values())}

    @property
    def counts(self) -> CallCounts:
        """The counts themselves."""
        return self._counts

    def reported(self, limit: str) -> int | None:
        """The part of what a limit was charged that was reported; `None` if nobody can say."""
        if limit == "cost_nano" and self._counts.amount(limit) is None:
            return None
        return self._counts.counts[_REPORTED[limit]]


def budget_of(state: State, usage: ModelUsage) -> dict[str, dict[str, int | None]]:
    """For each limit what was used of it, what is reserved, and the limit; `None` is unknown, no sum, or no limit.

    What is reserved is charged too: it is the most that calls may have used whose provider did not say.
    """
    limits = state.settings.limits
    charged: dict[str, int | None] = {name: state.used.get(name, 0) for name in Limits.__struct_fields__}
    charged |= dict.fromkeys(_EACH)
    # Variables can be written again, so they are counted as they stand, and not added up step by step.
    charged["variables"] = len(state.variables)
    budget: dict[str, dict[str, int | None]] = {}
    for name, amount in charged.items():
        used, reserved = amount, 0
        if name in _REPORTED and amount is not None:
            used = usage.reported(name)
            reserved = max(0, amount - (used or 0))
        budget[name] = {"used": used, "reserved": reserved, "limit": getattr(limits, name)}
    return budget
