"""Actions on single values: pick, case, div, int, float, str, lower, upper, strip, replace. `date` is in `dates`.

They may stand inside row expressions, where they are applied to each row of a million, and one odd row must not end the
step. So what cannot be converted is null, not a fault: `int("12 MB")` is null, as is `float("n/a")`. Only an
argument that is the same for every row (the pattern of `replace`, say) can be at fault.
"""

from rlmlite_kernel.engines.query.query import Matcher, QueryError
from rlmlite_kernel.engines.search.replace import OutOfWorkError, ReplacementTooLargeError
from rlmlite_kernel.engines.search.replace import replace as replace_bytes
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.evaluation.texts import as_text
from rlmlite_kernel.evaluation.work import NODE, READ
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.canonical import MAX_DIGITS
from rlmlite_kernel.records.evolution import CHARGED_BEFORE
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.memory import LONG, MEMORY_PER_VALUE_BYTE, string_size
from rlmlite_kernel.values.operators import divide, is_number, truthy
from rlmlite_kernel.values.values import Value, kind_of


def pick(context: StepContext, cond: Value, a: Value, b: Value) -> Value:
    """`a` when the condition holds, else `b`."""
    return a if truthy(cond) else b


def case(context: StepContext, *parts: Value) -> Value:
    """The value after the first condition that holds, else the last argument (null if there is none)."""
    # Pairs of condition and value; an odd argument at the end is the value for none of them.
    for index in range(0, len(parts) - 1, 2):
        if truthy(parts[index]):
            return parts[index + 1]
    has_default = len(parts) % 2 == 1
    return parts[-1] if has_default else None


def div(context: StepContext, a: Value, b: Value) -> Value:
    """Division; null by zero."""
    return divide(a, b)


def to_int(context: StepContext, value: Value) -> Value:
    """A whole number: `"1,024"` and `1024.9` give 1024. Null for anything else; decimals are cut towards zero."""
    item = plain_value(value, context)
    if isinstance(item, str):
        return _int_of_text(item)
    return int(item) if is_number(item) and isinstance(item, int | float) else None


def plain_value(value: Value, context: StepContext) -> Value:
    """A text by reference as a string, any other value as it is. What is done to a long text is charged here."""
    item = resolve(value, context)
    if isinstance(item, str) and len(item) > LONG:
        context.work(_WORK * len(item), f"going over a text of {len(item):,} characters")
        context.ensure_fits(string_size(item))
    return item


_WORK = 3 * READ
"""Work for each character: at most it is copied, searched and copied again."""


def _int_of_text(text: str) -> Value:
    # Logs and tables separate thousands by commas. Python's `int` would also take `1_000` and other digits than 0-9.
    digits = text.strip().replace(",", "")
    body = digits[1:] if digits[:1] in ("-", "+") else digits
    is_whole_number = body.isascii() and body.isdecimal()
    if not is_whole_number or len(body) > MAX_DIGITS:
        return None
    return int(digits)


def to_float(context: StepContext, value: Value) -> Value:
    """A decimal; null for anything that is not a finite number."""
    item = plain_value(value, context)
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
    """The value as text: a text as it is, anything else as canonical JSON."""
    return as_text(value, context)


def lower(context: StepContext, text: Value) -> Value:
    """In lower case; null for anything that is not text."""
    item = plain_value(text, context)
    return item.lower() if isinstance(item, str) else None


def upper(context: StepContext, text: Value) -> Value:
    """In upper case; null for anything that is not text."""
    item = plain_value(text, context)
    return item.upper() if isinstance(item, str) else None


def strip(context: StepContext, text: Value) -> Value:
    """Without white space at both ends; null for anything that is not text."""
    item = plain_value(text, context)
    return item.strip() if isinstance(item, str) else None


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
