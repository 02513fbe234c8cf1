"""Implicit flow: what it tells that a step has run, has failed, or has left something of the budgets.

Labels of values follow what they were computed from. That a variable was *not* written, or that a step did not run, is
computed from something too, and this is the place where it is kept track of:

    x = "a"
    x = int(str(vault))     fails if the vault holds no number: `x` is "a" still, and from here on made of `vault`
    y = range(n)            does not fit what a step before it has left: `y` is made of every input

Where content is withheld from the controller, less is told as well:

- A step that read it and failed writes null, so that not even the presence of its variable says how it ended. Whoever
  reads the null is skipped, and is not shown either.
- After a step that does not fit a budget, the rest of the program does not run. Otherwise a hundred small steps would
  measure how much a withheld one has used; all that they tell now is which of them was the first.

Not here: what is shown of a step (`run.show`), which step may run (`run.turns.turn`).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Final

from rlmlite_kernel.effects.policy import Egress
from rlmlite_kernel.evaluation.taint import CONTROLLER, DERIVED, INPUT, LM, TaintedValue
from rlmlite_kernel.program.lowering import PlannedStep

BUDGET_CODES: Final = frozenset({"budget", "search_work", "too_large"})
"""Codes that say that something did not fit a budget: of faults, and of results that were cut short."""

NO_ROOM_AFTER: Final = "a step before it did not fit what is left of a budget"
"""Why a step is skipped after one that did not fit."""

NOT_GATED: Final = "what it requires does not hold, or is not known"
"""Why a step is skipped after a requirement that did not succeed."""


def speak_in_order(
    spoken: int, variables: Mapping[str, TaintedValue], steps: Sequence[PlannedStep], *, is_strict: bool, barred: int
) -> list[int]:
    """What the controller speaks for at each step: also for what earlier steps of the program have read.

    Whether a later step runs at all may depend on them, as on what they leave of the budgets. By what steps name and
    not by what they have made, since a later one may run while an earlier one waits for its calls.

        n = count(patients)         speaks for `spoken`, with which the turn begins
        x = look(key="a")           strict: speaks for `patients` too

    In normal mode only what is withheld (`barred`) counts, and as a model: a controller that has read an input may type
    it anyway, one that may not read it can be told of it only so.
    """
    origins = {name: value.origins for name, value in variables.items()}
    in_order: list[int] = []
    for planned in steps:
        in_order.append(spoken)
        read = reduce(or_, (origins.get(name, 0) for name in planned.reads), 0) & ~(CONTROLLER | DERIVED)
        if planned.target is not None:
            origins[planned.target] = read
        if is_strict:
            spoken |= read | LM if read else 0
        elif read & barred:
            spoken |= LM
    return in_order


def doubt_of(
    reads: Iterable[str], made: TaintedValue | None, variables: Mapping[str, TaintedValue], broken: Mapping[str, int]
) -> int:
    """The origins of what decided how a step ended: all that it read, and what it made, whatever came of it.

    `broken` are variables without a value, each with the origins of what decided that.
    """
    doubt = 0 if made is None else made.origins
    for name in reads:
        doubt |= broken.get(name, 0)
        if name in variables:
            doubt |= variables[name].origins
    return doubt & ~CONTROLLER


def misfit_doubt(code: str, message: str, egress: Egress) -> int:
    """The origins of what decided that a step did not fit what is left of a budget; 0 for any other end.

    What is left follows from whatever was read so far.
    """
    is_misfit = code in BUDGET_CODES or message == NO_ROOM_AFTER
    return INPUT | egress.input_bits if is_misfit and egress.ruled else 0
