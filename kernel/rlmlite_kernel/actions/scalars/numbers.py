"""Numbers: div, int, float, round, abs.

int("1,024")          1024; "12 MB" is no number, so it is null, and the step says so
round(2.675, 2)       2.68: as the number is written, and a half goes away from zero
abs(-3)               3
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from rlmlite_kernel.actions.scalars.plain import plain_value, say_null
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.misses import example_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.canonical import MAX_DIGITS
from rlmlite_kernel.values.operators import divide, is_number, why_null, within_digits
from rlmlite_kernel.values.values import Value, kind_of


def div(context: StepContext, a: Value, b: Value) -> Value:
    """Division; null by zero."""
    value = divide(a, b)
    if value is None and context.says_nulls and a is not None and b is not None:
        reason = why_null("div", a, b)
        if reason.code == "kinds_unfit" and context.is_alone:
            raise Fault("type", f"`div` has no result for {kind_of(a)} and {kind_of(b)}: {reason.why}")
        pair = f"{example_of(a, context.blobs)} / {example_of(b, context.blobs)}"
        context.miss(reason.code, "`div` has no result", "have no result", pair, reason.why)
    return value


def to_int(context: StepContext, value: Value) -> Value:
    """A whole number: `"1,024"` and `1024.9` give 1024. Null for anything else; decimals are cut towards zero."""
    item = plain_value(value, context)
    if isinstance(item, str):
        number = _int_of_text(item, context)
    else:
        number = int(item) if is_number(item) and isinstance(item, int | float) else None
    return say_null("int", number, item, "not_numbers", "whole numbers", context)


_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
"""A number whose thousands are separated by commas. `3,5` and `1,2345` are none: nobody can say what they mean."""

_DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


def _ungrouped(text: str, context: StepContext) -> str:
    """A number without the commas between its thousands."""
    stripped = text.strip()
    if not context.says_nulls or _GROUPED.fullmatch(stripped) is not None:
        return stripped.replace(",", "")
    return stripped


def _int_of_text(text: str, context: StepContext) -> Value:
    # Logs and tables separate thousands by commas. Python's `int` would also take `1_000` and other digits than 0-9.
    digits = _ungrouped(text, context)
    body = digits[1:] if digits[:1] in ("-", "+") else digits
    is_whole_number = body.isascii() and body.isdecimal()
    if not is_whole_number or len(body) > MAX_DIGITS:
        return None
    return int(digits)


def to_float(context: StepContext, value: Value) -> Value:
    """A decimal: `"1,204.75"` gives 1204.75. Null for anything that is not a finite number."""
    item = plain_value(value, context)
    return say_null("float", _float_of(item, context), item, "not_numbers", "numbers", context)


def _float_of(item: Value, context: StepContext) -> Value:
    if isinstance(item, str) and context.says_nulls:
        item = _ungrouped(item, context)
        # Python's `float` also takes `1_000`, `infinity` and other digits than 0-9.
        if _DECIMAL.fullmatch(item) is None:
            return None
    if not isinstance(item, str) and not is_number(item):
        return None
    try:
        number = float(item)  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return None
    # inf - inf and nan - nan are nan, which equals nothing.
    is_finite = number - number == 0
    return number if is_finite else None


_FOR_TEXTS = "write int(...) or float(...) for a text"


def absolute(context: StepContext, value: Value) -> Value:
    """A number without its sign."""
    result = abs(value) if isinstance(value, int | float) and is_number(value) else None
    return say_null("abs", result, value, "not_numbers", "numbers", context, _FOR_TEXTS)


def round_(context: StepContext, value: Value, digits: int | None) -> Value:
    """A number with so many digits after the point; a whole number for none, or fewer: round(1250, -2) is 1300."""
    # Beyond these every number is 0, or stays as it is.
    places = min(max(digits or 0, -MAX_DIGITS - 1), MAX_DIGITS)
    result = _rounded(value, places) if isinstance(value, int | float) and is_number(value) else None
    return say_null("round", result, value, "not_numbers", "numbers", context, _FOR_TEXTS)


_EXACT = Context(prec=MAX_DIGITS + 400, rounding=ROUND_HALF_UP)
"""Room for every digit of a number of the language: 1,000 of a whole one, or 309 and a fraction of a decimal."""


def _rounded(number: float, places: int) -> Value:
    """The nearest number with so many places; of two the one farther from zero.

    What is rounded is the number as it is written, since that is what one sees: 2.675 is stored as 2.67499999999999982
    and still gives 2.68. Python's `round` gives 2.67, and 2 of 2.5.
    """
    is_whole = isinstance(number, int) or number.is_integer()
    if is_whole and places >= 0:
        return number if places > 0 else int(number)
    exact = Decimal(int(number)) if is_whole else Decimal(repr(number))
    rounded = exact.quantize(Decimal(1).scaleb(-places, _EXACT), context=_EXACT)
    return float(rounded) if places > 0 else within_digits(int(rounded))
