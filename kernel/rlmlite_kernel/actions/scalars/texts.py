"""Texts: str, lower, upper, strip, starts_with, ends_with.

starts_with("ERROR disk", "ERROR")             true
ends_with("a.tar.gz", [".zip", ".gz"])         true: any of them
starts_with(12, "1")                           null, and the step says so: only texts begin with something
"""

from collections.abc import Callable

from rlmlite_kernel.actions.scalars.plain import plain_value, say_null
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import row_values
from rlmlite_kernel.evaluation.texts import as_text
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.values import Value, kind_of, rows_of


def to_str(context: StepContext, value: Value) -> Value:
    """The value as text: a text as it is, null as nothing, anything else as canonical JSON."""
    if value is None and context.says_nulls:
        context.miss("null_as_text", "`str` made nothing of null", "values are null, which reads as nothing")
    return as_text(value, context)


def lower(context: StepContext, text: Value) -> Value:
    """In lower case; null for anything that is not text."""
    item = plain_value(text, context)
    return say_null("lower", item.lower() if isinstance(item, str) else None, item, "not_texts", "texts", context)


def upper(context: StepContext, text: Value) -> Value:
    """In upper case; null for anything that is not text."""
    item = plain_value(text, context)
    return say_null("upper", item.upper() if isinstance(item, str) else None, item, "not_texts", "texts", context)


def strip(context: StepContext, text: Value) -> Value:
    """Without white space at both ends; null for anything that is not text."""
    item = plain_value(text, context)
    return say_null("strip", item.strip() if isinstance(item, str) else None, item, "not_texts", "texts", context)


def starts_with(context: StepContext, text: Value, part: Value) -> Value:
    """Whether a text begins with another, or with any of a list."""
    return _has_end("starts_with", str.startswith, text, part, context)


def ends_with(context: StepContext, text: Value, part: Value) -> Value:
    """Whether a text ends with another, or with any of a list."""
    return _has_end("ends_with", str.endswith, text, part, context)


def _has_end(
    name: str, has: Callable[[str, tuple[str, ...]], bool], text: Value, part: Value, context: StepContext
) -> Value:
    item, ends = plain_value(text, context), _ends(part, context)
    if ends is None:
        if context.is_alone:
            raise Fault("type", f"`{name}` looks for a text or a list of texts, not {kind_of(part)}")
        return say_null(name, None, part, "not_texts", "texts to look for", context)
    return say_null(name, has(item, ends) if isinstance(item, str) else None, item, "not_texts", "texts", context)


def _ends(part: Value, context: StepContext) -> tuple[str, ...] | None:
    """What a text may begin or end with; None if it is no text."""
    plain = plain_value(part, context)
    rows = rows_of(plain)
    ends = [plain] if rows is None else row_values(rows, context)
    texts = tuple(end for end in ends if isinstance(end, str))
    return texts if len(texts) == len(ends) else None
