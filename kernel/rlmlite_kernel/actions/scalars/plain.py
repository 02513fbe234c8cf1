"""What scalar actions share: a value as they work on it, and what is said of one that has no result."""

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.misses import example_of
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.evaluation.work import READ
from rlmlite_kernel.values.memory import LONG, string_size
from rlmlite_kernel.values.values import Value


def plain_value(value: Value, context: StepContext) -> Value:
    """A text by reference as a string, any other value as it is. What is done to a long text is charged here."""
    item = resolve(value, context)
    if isinstance(item, str) and len(item) > LONG:
        context.work(_WORK * len(item), f"going over a text of {len(item):,} characters")
        context.ensure_fits(string_size(item))
    return item


_WORK = 3 * READ
"""Work for each character: at most it is copied, searched and copied again."""


def say_null(
    name: str, result: Value, value: Value, code: str, wanted: str, context: StepContext, why: str = ""
) -> Value:
    """The result; that there is none of a value that is there is said, and `why`: what to do instead."""
    if result is None and value is not None and context.says_nulls:
        one = f"`{name}` has no result: the value is not one of {wanted}"
        context.miss(code, one, f"values are not {wanted}", example_of(value, context.blobs), why)
    return result
