"""Outages: steps that the machine could not finish, though nothing is wrong with the program.

Memory ran out, a parser crashed, a person gave the turn up. Whether that happens is no function of program and inputs,
so it is data of the run, as the results of calls are: the live run finds it out, the record has it as the step's code,
and a replay is told (`advance(..., outages=...)`) and does not execute the step.

    live      step 5 raises MemoryError           failed, `out_of_memory`, charged: 1 step       step 6 goes on
    replay    outages={5: Outage(OUT_OF_MEMORY)}  the same record, without executing step 5      step 6 goes on

What such a step leaves behind is only what a replay can tell without executing it. It writes nothing. Its calls are
paid for, so they stay: `Outage.calls` says how many had results, and a replay makes as many of them again from the
record before it ends the step. The work that it did (`Outage.work`) stays charged, so that running out of memory over
and over is not free; like the code, a replay takes that amount from the record.

A step that is *shown* late, when others have used its value already, cannot fail any more. Then it keeps its value, and
only what it would have shown is lost (`Outage.is_unshown`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import ABANDONED, CRASHED, OUT_OF_MEMORY, CrashedError
from rlmlite_kernel.program.costs import MODEL_BUDGETS
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.records.settings import Limits
from rlmlite_kernel.run.state import State
from rlmlite_kernel.run.step import FinishedRound, FinishedStep, StepOutcome
from rlmlite_kernel.run.variables import Variables
from rlmlite_kernel.run.waves import OpenStep

MESSAGES: Final = {
    OUT_OF_MEMORY: "this machine has not enough memory for it; work on less at a time, or on fewer fields",
    CRASHED: "a library that read a text did not survive it; leave that text out",
    ABANDONED: "the turn was given up before this was done",
}
"""What the observation says of each code. Fixed words: they must not depend on where the step ended."""

UNSHOWN: Final = "ok, but memory ran out before it could be shown; show a part of it"
"""What stands in place of a value that could not be shown."""


_COUNTED: Final = frozenset({"turns", "steps", "value_bytes", "variables", "tool_calls", "tokens", "cost_nano"})
"""Budgets of which a replay counts itself what calls and values used; beside them those of `MODEL_BUDGETS`."""


class Outage(NamedTuple):
    """How a step ended by an outage: the code, how many of its calls had results by then, and the work charged for it.

    `is_unshown`: it was executed and has its value, and only showing it failed.
    """

    code: str
    calls: int = 0
    work: Mapping[str, int] = {}
    is_unshown: bool = False


class AbandonedAfter(Mapping[int, Outage]):
    """Outages as they are known up to the step `last`, or of none; every later step is abandoned."""

    def __init__(self, known: Mapping[int, Outage], last: int | None) -> None:
        self._known, self._last = known, last

    def __getitem__(self, number: int) -> Outage:
        is_later = self._last is None or number > self._last
        return Outage(ABANDONED) if is_later else self._known[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def recorded_outage(step: Step) -> Outage | None:
    """The outage that a record tells of, if it does."""
    if step.status == "failed" and step.code in MESSAGES:
        return Outage(step.code, 0 if step.effects is None else step.effects.n, step.used)
    # A step that went well and was not shown has a warning instead of a code.
    if step.status == "ok" and any(each.code == OUT_OF_MEMORY for each in step.warnings):
        return Outage(OUT_OF_MEMORY, is_unshown=True)
    return None


def code_of(error: MemoryError | CrashedError) -> str:
    """The code of an error that ends a step but is no mistake of the program."""
    return CRASHED if isinstance(error, CrashedError) else OUT_OF_MEMORY


def outcome_of(code: str, context: StepContext, rounds: Sequence[FinishedRound]) -> StepOutcome:
    """The outcome of a step that an outage ended. `context` holds what stays charged."""
    return StepOutcome(context, "failed", code, MESSAGES[code], calls=paid_rounds(rounds))


def charge_work(context: StepContext, used: Mapping[str, int]) -> None:
    """Let the work among what was used stay charged. Of a record, nothing else is believed, and never less than known.

    For example `{"steps": 1, "search_work": 900, "sub_calls": 70}` charges 900 of `search_work`.
    """
    for name, amount in used.items():
        is_work = name in Limits.__struct_fields__ and name not in _COUNTED and name not in MODEL_BUDGETS
        if is_work and amount > context.used.get(name, 0):
            context.used[name] = amount


def paid_rounds(rounds: Sequence[FinishedRound]) -> tuple[FinishedRound, ...]:
    """The rounds up to the last one in which a call was made: a replay cannot tell that there were more."""
    count = len(rounds)
    while count and not count_made(rounds[count - 1 : count]):
        count -= 1
    return tuple(rounds[:count])


def count_made(rounds: Sequence[FinishedRound]) -> int:
    """How many calls of these rounds have a result."""
    return sum(result is not None for each in rounds for result in each.results)


def as_before_work(context: StepContext, code: str) -> StepContext:
    """The context of a step as if nothing of it had run: it is charged one step, if it was begun at all."""
    clean = context.with_ledger(context.ledger)
    clean.used = {} if code == ABANDONED else {"steps": 1}
    clean.warnings, clean.partial, clean.scanned = [], [], []
    return clean


def as_paid(context: StepContext) -> StepContext:
    """The context of a step whose calls have been charged for, as it is to stay if an outage ends the step."""
    return context.with_ledger(context.ledger)


def recount(
    before: State, open_steps: Iterable[OpenStep], finished: Iterable[FinishedStep]
) -> tuple[Variables, dict[str, int]]:
    """The variables and the ledger of a turn: from what it began with, its open steps, its finished ones in order."""
    variables, ledger = before.variables, dict(before.used)
    charged: list[Mapping[str, int]] = []
    held_bytes = 0
    for each in finished:
        variables = variables.apply(each.change)
        charged.append(each.outcome.context.used)
    for step in open_steps:
        charged += [step.context.used, step.reserved.amounts]
        held_bytes += step.reserved.amounts.get("value_bytes", 0)
    for amounts in charged:
        for name, amount in amounts.items():
            ledger[name] = ledger.get(name, 0) + amount
    # Not a sum over steps: what is held at a time, and what is promised to nested runs.
    ledger["value_bytes"] = variables.size_bytes + held_bytes
    return variables, ledger
