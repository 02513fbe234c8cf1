"""What stays of a step that an outage ends: only what a replay can tell without executing it.

Nobody knows how far the step had come, so it writes nothing, and its warnings and what it had reserved are gone. But
its calls are paid for, and its work was done:

    n = extract_over_rows(rows, …)    round 1: 3 calls, paid; memory runs out while round 2 is made of their results
    stays                             1 step, 3 calls and their tokens, the work so far
    is taken back                     the value, the warnings since, what was reserved for round 2

A replay makes the same 3 calls from the record, and then ends the step where it stands; the work it takes from there.

Not here: what an outage is (`run.turns.outages`), and what later steps had seen of it (`run.turns.aftermath`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import ABANDONED
from rlmlite_kernel.program.costs import MODEL_BUDGETS
from rlmlite_kernel.records.settings import Limits
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import FinishedRound, FinishedStep, StepOutcome
from rlmlite_kernel.run.steps.variables import Variables
from rlmlite_kernel.run.turns.outages import MESSAGES, Outage
from rlmlite_kernel.run.turns.waves import OpenStep

_COUNTED: Final = frozenset({"turns", "steps", "value_bytes", "variables", "tool_calls", "tokens", "cost_nano"})
"""Budgets of which a replay counts itself what calls and values used; beside them those of `MODEL_BUDGETS`."""


class Salvage:
    """The outages that a turn is told of, and what its steps have paid for by now.

    Outages are by the numbers that steps have in the record, the first of the turn being `first`. All else is by their
    numbers in the turn, from 0.
    """

    def __init__(self, first: int, outages: Mapping[int, Outage]) -> None:
        self._first, self._outages = first, outages
        # By step, its context when the last results of its calls had been charged for.
        self._paid: dict[int, StepContext] = {}

    def copy(self, outages: Mapping[int, Outage] | None = None) -> "Salvage":
        """The same. Other outages, if given, take the place of those that it was told of."""
        other = Salvage(self._first, self._outages if outages is None else outages)
        other._paid = dict(self._paid)
        return other

    def due(self, number: int, made: int) -> str:
        """The code of the outage that ends a step which has made so many calls; empty if none does."""
        outage = self._known(number)
        if outage is None or outage.is_unshown or made < outage.calls:
            return ""
        return outage.code

    def is_unshown(self, number: int) -> bool:
        """Whether a step is known to have had no memory to be shown in."""
        outage = self._known(number)
        return outage is not None and outage.is_unshown

    def mark_paid(self, number: int, context: StepContext) -> None:
        """A step has been charged for all calls that it has made so far."""
        # A copy, as it is to stay if an outage ends the step.
        self._paid[number] = context.with_ledger(context.ledger)

    def outcome(self, number: int, code: str, context: StepContext, rounds: Sequence[FinishedRound]) -> StepOutcome:
        """The outcome of a step that an outage ends; `context` and `rounds` are what it had come to."""
        paid, known = self._paid.get(number), self._known(number)
        # Another copy: the same step may be resumed again.
        stays = _as_before_work(context, code) if paid is None else paid.with_ledger(paid.ledger)
        _charge_work(stays, context.used if known is None else known.work)
        calls = () if paid is None else _paid_rounds(rounds)
        return StepOutcome(stays, "failed", code, MESSAGES[code], calls=calls)

    def _known(self, number: int) -> Outage | None:
        return self._outages.get(self._first + number)


def count_made(rounds: Sequence[FinishedRound]) -> int:
    """How many calls of these rounds have a result."""
    return sum(result is not None for each in rounds for result in each.results)


def recount(
    before: State, variables: Variables, open_steps: Iterable[OpenStep], finished: Iterable[FinishedStep]
) -> dict[str, int]:
    """The ledger of a turn: from what it began with, its variables, its open steps and its finished ones."""
    ledger = dict(before.used)
    charged: list[Mapping[str, int]] = [each.outcome.context.used for each in finished]
    held_bytes = 0
    for step in open_steps:
        charged += [step.context.used, step.reserved.amounts]
        held_bytes += step.reserved.amounts.get("value_bytes", 0)
    for amounts in charged:
        for name, amount in amounts.items():
            ledger[name] = ledger.get(name, 0) + amount
    # Not a sum over steps: what is held at a time, and what is promised to nested runs.
    ledger["value_bytes"] = variables.size_bytes + held_bytes
    return ledger


def _as_before_work(context: StepContext, code: str) -> StepContext:
    """The context of a step as if nothing of it had run: it is charged one step, if it was begun at all."""
    clean = context.with_ledger(context.ledger)
    clean.used = {} if code == ABANDONED else {"steps": 1}
    clean.remarks, clean.partial, clean.scanned = [], [], []
    return clean


def _charge_work(context: StepContext, used: Mapping[str, int]) -> None:
    """Let the work among what was used stay charged. Of a record, nothing else is believed, and never less than known.

    For example `{"steps": 1, "search_work": 900, "sub_calls": 70}` charges 900 of `search_work`.
    """
    for name, amount in used.items():
        is_work = name in Limits.__struct_fields__ and name not in _COUNTED and name not in MODEL_BUDGETS
        if is_work and amount > context.used.get(name, 0):
            context.used[name] = amount


def _paid_rounds(rounds: Sequence[FinishedRound]) -> tuple[FinishedRound, ...]:
    """The rounds up to the last one in which a call was made: a replay cannot tell that there were more."""
    count = len(rounds)
    while count and not count_made(rounds[count - 1 : count]):
        count -= 1
    return tuple(rounds[:count])
