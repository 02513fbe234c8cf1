"""Actions on single values: pick, case, div, int, float, str, lower, upper, strip, replace. `date` is in `dates`.

They may stand inside row expressions, where they are applied to each row of a million, and one odd row must not end the
step. So what cannot be converted is null, not a fault: `int("12 MB")` is null, as is `float("n/a")`, and the step says
of how many values. Only an argument that is the same for every row (the pattern of `replace`, say) can be at fault.
"""

import re

from rlmlite_kernel.engines.query.query import Matcher, QueryError
from rlmlite_kernel.engines.search.replace import OutOfWorkError, ReplacementTooLargeError
from rlmlite_kernel.engines.search.replace import replace as replace_bytes
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.misses import example_of
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.evaluation.texts import as_text
from rlmlite_kernel.evaluation.work import NODE, READ
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.canonical import MAX_DIGITS
from rlmlite_kernel.records.evolution import CHARGED_BEFORE
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.memory import LONG, MEMORY_PER_VALUE_BYTE, string_size
from rlmlite_kernel.values.operators import chosen_place, divide, is_number, why_null
from rlmlite_kernel.values.values import Value, kind_of


def pick(context: StepContext, cond: Value, a: Value, b: Value) -> Value:
    """`a` when the condition holds, else `b`."""
    place = chosen_place((cond, a, b))
    return a if place == 1 else b


def case(context: StepContext, *parts: Value) -> Value:
    """The value after the first condition that holds, else the last argument (null if there is none)."""
    place = chosen_place(parts)
    return None if place is None else parts[place]


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
    return _said("int", number, item, "not_numbers", "whole numbers", context)


def _said(name: str, result: Value, value: Value, code: str, wanted: str, context: StepContext) -> Value:
    """The result; that there is none of a value that is there is said."""
    if result is None and value is not None and context.says_nulls:
        one = f"`{name}` has no result: the value is not one of {wanted}"
        context.miss(code, one, f"values are not {wanted}", example_of(value, context.blobs))
    return result


def plain_value(value: Value, context: StepContext) -> Value:
    """A text by reference as a string, any other value as it is. What is done to a long text is charged here."""
    item = resolve(value, context)
    if isinstance(item, str) and len(item) > LONG:
        context.work(_WORK * len(item), f"going over a text of {len(item):,} characters")
        context.ensure_fits(string_size(item))
    return item


_WORK = 3 * READ
"""Work for each character: at most it is copied, searched and copied again."""


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
    return _said("float", _float_of(item, context), item, "not_numbers", "numbers", context)


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


def to_str(context: StepContext, value: Value) -> Value:
    """The value as text: a text as it is, null as nothing, anything else as canonical JSON."""
    if value is None and context.says_nulls:
        context.miss("null_as_text", "`str` made nothing of null", "values are null, which reads as nothing")
    return as_text(value, context)


def lower(context: StepContext, text: Value) -> Value:
    """In lower case; null for anything that is not text."""
    item = plain_value(text, context)
    return _said("lower", item.lower() if isinstance(item, str) else None, item, "not_texts", "texts", context)


def upper(context: StepContext, text: Value) -> Value:
    """In upper case; null for anything that is not text."""
    item = plain_value(text, context)
    return _said("upper", item.upper() if isinstance(item, str) else None, item, "not_texts", "texts", context)


def strip(context: StepContext, text: Value) -> Value:
    """Without white space at both ends; null for anything that is not text."""
    item = plain_value(text, context)
    return _said("strip", item.strip() if isinstance(item, str) else None, item, "not_texts", "texts", context)


def replace(context: StepContext, text: Value, what: Matcher | list[tuple[Matcher, Value]], to: Value) -> Value:
    """Every match replaced; `$1`, `${name}`, `$0` in the replacement are groups.

    A list of pairs is applied one after the other, each to the result of the one before.
    """
    # A row without this field stays null; any other value that is not text is a slip in the program.
    if text is None:
        return None
    result = context.require_text(text, "what replace works on").encode()
    pairs = what if isinstance(what, list) else [(what, to)]
    for matcher, replacement in pairs:
        if not isinstance(replacement, str | Text):
            raise Fault("type", f"a replacement must be text, not {kind_of(replacement)}")
        template = context.require_text(replacement, "the replacement")
        result = _replace_all(result, matcher, template, context)
    return result.decode()


def _replace_all(text: bytes, matcher: Matcher, replacement: str, context: StepContext) -> bytes:
    limit = context.settings.limits.value_bytes
    work_left = context.budget_left("search_work")
    # Each match and each of its groups is two numbers of eight bytes, which are held twice for a moment.
    memory = 4 * 8 * (1 + matcher.groups)
    most_matches = context.most_metered(memory)
    if context.follows(CHARGED_BEFORE):
        most_matches = limit * MEMORY_PER_VALUE_BYTE // memory
        context.ensure_fits(len(text))
        limit = context.room_left()
    # The engine refuses a result beyond the limit: its length may be far more than that of the text.
    try:
        result = replace_bytes(text, matcher, replacement, limit, work_left, most_matches)
    except ReplacementTooLargeError as error:
        if not context.follows(CHARGED_BEFORE):
            context.ensure_fits(memory * error.matches // MEMORY_PER_VALUE_BYTE)
        raise Fault("too_large", f"the result would exceed the {limit:,} value_bytes of this run") from None
    except OutOfWorkError as error:
        raise Fault("budget", f"replace needs more than the {error.work:,} search_work that are left") from None
    except QueryError as error:
        raise Fault("query", str(error)) from None
    context.spend("search_work", result.work)
    is_plain = matcher.needle is not None
    if not is_plain:
        context.work(NODE * result.replaced, f"replacing {result.replaced:,} matches")
    context.ensure_room(len(result.text))
    return result.text
