"""replace: every match of a pattern in a text, or of several, one after the other."""

from rlmlite_kernel.engines.query.query import Matcher, QueryError
from rlmlite_kernel.engines.search.replace import OutOfWorkError, ReplacementTooLargeError
from rlmlite_kernel.engines.search.replace import replace as replace_bytes
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.work import NODE
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import CHARGED_BEFORE
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.values import Value, kind_of


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
