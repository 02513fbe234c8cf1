"""What finished steps leave to the later steps of their turn, which see it before anything is recorded.

    a = search(log, "x")     fails        `a` is broken: it has no value, or only the one from before the turn
    b = count(a)             skipped      since it needs `a`; so `b` is broken too
    c = 1                    runs         needs neither

It is a value: a step that finishes makes the next one of it. So to take a step back is to go on from the one before it.

Not here: what is recorded of a step (`run.recorder`), and which step runs next (`run.turns.turn`).
"""

from collections.abc import Mapping, Sequence

import msgspec

from rlmlite_kernel.effects.flow import NO_ROOM_AFTER, NOT_GATED, doubt_of
from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.records.canonical import encode_safely
from rlmlite_kernel.records.evolution import EXPOSURE_BY_INPUT
from rlmlite_kernel.records.records import Step
from rlmlite_kernel.records.refs import blob
from rlmlite_kernel.run.steps.price import check_declared
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.steps.step import (
    FinishedStep,
    StepOutcome,
    change_of,
    check_room,
    fits_no_budget,
    temporaries_of,
)
from rlmlite_kernel.run.steps.variables import UNKNOWN, Variable, Variables
from rlmlite_kernel.run.turns.outages import MESSAGES
from rlmlite_kernel.run.turns.taken import change_taken

_JSON = msgspec.json.Encoder()

_UNSEEN = Variable(TaintedValue(None, 0), "", "", 0, 0)
"""Stands for a variable of which only the name is known."""


class Aftermath(msgspec.Struct, frozen=True, eq=False):
    """What a step finds of the steps before it.

    `variables` are ahead of the run's state: see `run.steps.variables`. `broken` are those whose step did not succeed,
    with the origins of what that step read: a step that needs one of them is skipped. `over` is why what has not begun
    yet is skipped as well, if it is.
    """

    variables: Variables
    broken: Mapping[str, int]
    over: str = ""


class Surroundings(msgspec.Struct, frozen=True):
    """What a step finds of its turn: its number in the lowered program, which variables are broken, what is over.

    `ledger` is what counted as used when it was started: also what was held for calls of others. `spoken` are the
    origins of what the controller writes in its place: those of what it had learned of when the turn began. `names` are
    the variables that it saw, in their order: what waits for calls above it has written none yet, and what stands
    below it may have.
    """

    place: int = 0
    broken: Mapping[str, int] = {}
    over: str = ""
    ledger: Mapping[str, int] = {}
    spoken: int | None = None
    names: tuple[str, ...] | None = None

    def aftermath(self, before: State) -> Aftermath:
        """The same, as the first step of a turn finds it. Of a variable that is not in the state there is no value."""
        variables = before.variables
        if self.names is not None:
            variables = Variables({name: before.variables.get(name, _UNSEEN) for name in self.names})
        return Aftermath(variables, {**first_aftermath(before).broken, **self.broken}, self.over)


def first_aftermath(before: State) -> Aftermath:
    """What the first step of a turn finds."""
    # Some may be broken from an earlier turn: those whose presence must not tell that they could not be written.
    broken = {name: each.data.origins for name, each in before.variables.items() if each.kind == UNKNOWN}
    return Aftermath(before.variables, broken)


def finish(
    outcome: StepOutcome, number: int, steps: Sequence[PlannedStep], now: Aftermath, before: State, held_bytes: int
) -> tuple[FinishedStep, Aftermath]:
    """The step `number` of a turn with its outcome, and what later steps find then.

    `now` is what they would have found without it, `before` the state before the turn. `held_bytes` are promised to
    nested runs under way.
    """
    planned, run = steps[number], before.run
    if outcome.record is not None:
        return _finish_taken(outcome, outcome.record, number, steps, now, before)
    if outcome.code not in MESSAGES:
        check_declared(planned, run.table, outcome.context.used_by_action())
    outcome = check_room(planned, outcome, now.variables, before, held_bytes)
    # The step as it will be recorded. Its salt is the key under which the record commits to the value.
    ast = blob(run.salts, encode_safely(_JSON, planned.as_statement()))
    doubt = _doubt(planned, outcome, now, before)
    dropped = temporaries_of(steps, number, now.variables) if planned.last else ()
    change = change_of(planned, outcome, ast.salt, before, dropped, doubt)
    if outcome.status != "ok" and not now.variables.has_name_for(change.name, before.settings.limits):
        # Nobody could have written it.
        change = msgspec.structs.replace(change, variable=None)
    step = FinishedStep(planned, outcome, ast, change)
    over = now.over or _end_after(planned, outcome, before)
    return step, Aftermath(now.variables.apply(change), _broken_after(step, doubt, now, before), over)


def _finish_taken(
    outcome: StepOutcome, record: Step, number: int, steps: Sequence[PlannedStep], now: Aftermath, before: State
) -> tuple[FinishedStep, Aftermath]:
    """`finish` for a step that is taken from the record."""
    planned = steps[number]
    ast = blob(before.run.salts, encode_safely(_JSON, planned.as_statement()))
    dropped = temporaries_of(steps, number, now.variables) if planned.last else ()
    change = change_taken(record, planned, now.variables, dropped, before.turn)
    step = FinishedStep(planned, outcome, ast, change)
    return step, Aftermath(now.variables.apply(change), _broken_after(step, 0, now, before), now.over)


def _end_after(planned: PlannedStep, outcome: StepOutcome, before: State) -> str:
    """Why no later step of the turn may run, if none may."""
    action = before.run.table.get(planned.op)
    # Whatever it failed of: a condition that could not be looked at does not hold either.
    if action is not None and action.gates and outcome.status != "ok":
        return NOT_GATED
    # Content is withheld, and the step did not fit a budget.
    return NO_ROOM_AFTER if before.hides_budgets and fits_no_budget(outcome) else ""


def _doubt(planned: PlannedStep, outcome: StepOutcome, now: Aftermath, before: State) -> int:
    """The origins of what decided whether a step writes its variable, if it turns out not to."""
    if EXPOSURE_BY_INPUT not in before.run.flags:
        return 0
    return doubt_of(planned.reads, outcome.data, now.variables.data, now.broken)


def _broken_after(step: FinishedStep, doubt: int, now: Aftermath, before: State) -> dict[str, int]:
    """The broken variables once a step has finished."""
    broken, target, change = dict(now.broken), step.planned.target, step.change
    if target is not None and step.outcome.status != "ok":
        broken[target] = doubt
    elif change.variable is not None:
        # An earlier statement may have failed to write it; this one has written it anew.
        broken.pop(change.name, None)
    if before.hides_budgets:
        # A variable that is gone says no more whether it could be written.
        for name in change.dropped:
            broken.pop(name, None)
    return broken
