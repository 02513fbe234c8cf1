"""pick and case: which of several values to take."""

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.values.operators import chosen_place
from rlmlite_kernel.values.values import Value


def pick(context: StepContext, cond: Value, a: Value, b: Value) -> Value:
    """`a` when the condition holds, else `b`."""
    place = chosen_place((cond, a, b))
    return a if place == 1 else b


def case(context: StepContext, *parts: Value) -> Value:
    """The value after the first condition that holds, else the last argument (null if there is none)."""
    place = chosen_place(parts)
    return None if place is None else parts[place]
