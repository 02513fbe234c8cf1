"""What the operators mean. Total and deterministic: a wrong type gives false or null, never an exception.

    1 == 1.0    true           "1" == 1     false, with a warning where it is evaluated
    "a" < "b"   by code point  "a" < 1      false
    1 + 2.5     3.5            "a" + 1      null
    7 div 2     3.5            6 div 2      3
    "2024-03-01" - "2024-02-01"  29         "a" - 1      null
    sort order  null, false, true, numbers, texts, lists, records: one total order over all values

A condition over a million rows must not stop at the one row that is odd; so nothing raises, except for a number of more
than 1,000 digits, which would fill memory. That something is null is said where it is evaluated (`evaluation.misses`).
"""

import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from rlmlite_kernel.engines.spelled import moments
from rlmlite_kernel.engines.spelled.moments import DAY_SECONDS, Moment, read_moment
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.canonical import MAX_DIGITS
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import Rows, Value

Number: TypeAlias = int | float

IS_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
"""What a text is that was most likely meant as a number."""

# The smallest whole number that has too many digits. Comparing with it is cheaper than counting digits.
_TOO_LARGE = 10**MAX_DIGITS


def is_number(value: Value) -> bool:
    """Whether a value is a number; true and false are not."""
    kind = type(value)
    return kind is int or kind is float


def truthy(value: Value) -> bool:
    """Whether a condition holds: all but null, false, 0, and what is empty."""
    if type(value) is Text:
        return value.stop > value.start
    if isinstance(value, Rows):
        return len(value) > 0
    return bool(value)


def equal(left: Value, right: Value) -> bool:
    """`==` on values whose texts are strings."""
    # Not Python's `==` for all: there 1 == True, and [1] == [True].
    kind = type(left)
    if kind is not type(right):
        return is_number(left) and is_number(right) and left == right
    if kind is list:
        return len(left) == len(right) and all(map(equal, left, right))  # type: ignore[arg-type]
    if kind is dict:
        same_keys = left.keys() == right.keys()  # type: ignore[union-attr]
        return same_keys and all(equal(left[key], right[key]) for key in left)  # type: ignore[index, union-attr]
    return left == right


def _compare_alike(compare: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    """An ordering that holds only between two texts or two numbers."""

    def ordered(left: Value, right: Value) -> bool:
        if type(left) is str and type(right) is str:
            return compare(left, right)
        return is_number(left) and is_number(right) and compare(left, right)

    return ordered


def contains(whole: Value, part: Value) -> bool:
    """`whole contains part`: a text within a text, an item of a list, a key of a record."""
    if type(whole) is str:
        return type(part) is str and part in whole
    if type(whole) is list:
        # Not `part in whole`: Python would find 1 in [True].
        return any(equal(item, part) for item in whole)
    if type(whole) is dict:
        # `part` may be a list, which Python cannot look up.
        return type(part) is str and part in whole
    return False


def chosen_place(parts: Sequence[Value]) -> int | None:
    """The place of the value that is chosen of `condition, value, condition, value, ..., default`; None for null."""
    for place in range(0, len(parts) - 1, 2):
        if truthy(parts[place]):
            return place + 1
    has_default = len(parts) % 2 == 1
    return len(parts) - 1 if has_default else None


COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _compare_alike(lambda a, b: a < b),
    "<=": _compare_alike(lambda a, b: a <= b),
    ">": _compare_alike(lambda a, b: a > b),
    ">=": _compare_alike(lambda a, b: a >= b),
    "contains": contains,
    "not contains": lambda whole, part: not contains(whole, part),
    "in": lambda part, whole: contains(whole, part),
    "not in": lambda part, whole: not contains(whole, part),
}
"""Operators that give true or false."""


ORDERINGS = ("==", "!=", "<", "<=", ">", ">=")
"""The comparisons that do not look into a list."""


def mixes_list_and_single(left: Value, right: Value) -> bool:
    """Whether a comparison met a list on one side and a text or a number on the other: most likely a slip."""
    # One list against another is a fair question, and a list against null or a record is plainly false.
    if type(left) is list:
        return type(right) is str or is_number(right)
    if type(right) is list:
        return type(left) is str or is_number(left)
    return False


def mixes_kinds(op: str, left: Value, right: Value) -> bool:
    """Whether a comparison met two kinds that it never holds between: most likely a slip. Null is no such kind."""
    if left is None or right is None:
        return False
    kinds = {"number" if is_number(side) else type(side) for side in (left, right)}
    if op in ("==", "!="):
        return len(kinds) == 2 and kinds <= {"number", str, bool}
    return kinds not in ({"number"}, {str})


def mixes_text_and_number(left: Value, right: Value) -> bool:
    """Whether a comparison met text on one side and a number on the other: most likely a slip."""
    if type(left) is str:
        return is_number(right)
    return type(right) is str and is_number(left)


def add(left: Value, right: Value) -> Value:
    """`+`: numbers add, texts and lists join; null for anything else."""
    if is_number(left) and is_number(right):
        return _calculate(operator.add, left, right)
    if type(left) is str and type(right) is str:
        return left + right
    if type(left) is list and type(right) is list:
        return left + right
    return None


def subtract(left: Value, right: Value) -> Value:
    """`-` on numbers; null for anything else."""
    return _calculate(operator.sub, left, right) if is_number(left) and is_number(right) else None


def multiply(left: Value, right: Value) -> Value:
    """`*` on numbers; null for anything else."""
    return _calculate(operator.mul, left, right) if is_number(left) and is_number(right) else None


def modulo(left: Value, right: Value) -> Value:
    """`%` on whole numbers, with the sign of the divisor; null for anything else and for zero."""
    # Decimals are left out: their remainder is a matter of rounding, and seldom what was meant.
    if type(left) is int and type(right) is int and right != 0:
        return left % right
    return None


def divide(left: Value, right: Value) -> Value:
    """`div`: a whole number when it goes out even, else the nearest decimal; null by zero."""
    both_numbers = is_number(left) and is_number(right)
    if not both_numbers or right == 0:
        return None
    # Whole numbers stay whole where they can: through a float, those above 2**53 would lose digits.
    if type(left) is int and type(right) is int and left % right == 0:
        return left // right
    return _calculate(operator.truediv, left, right)


def negate(value: Value) -> Value:
    """Unary `-`."""
    return -value if is_number(value) else None  # type: ignore[operator]


ARITHMETIC: dict[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "%": modulo,
}


def _calculate(work: Callable[[Any, Any], Number], left: Value, right: Value) -> Value:
    try:
        return within_digits(work(left, right))
    except OverflowError:
        # A whole number that no decimal can hold met a decimal.
        return None


def within_digits(value: Number) -> Value:
    """A result within the limits: at most 1,000 digits; a decimal that overflows is null."""
    # A fault and not null, which a program would take for a type that does not fit. Products of products grow fast.
    if type(value) is int:
        if abs(value) >= _TOO_LARGE:
            raise Fault("too_large", "the result is a number of more than 1,000 digits")
        return value
    return value if math.isfinite(value) else None


def days_between(left: Value, right: Value) -> Value:
    """`-` on two dates as `date` gives them, in days; null for other texts. 2024-03-01 - 2024-02-01 is 29."""
    days = [_day_of(side) for side in (left, right)]
    return None if days[0] is None or days[1] is None else days[0] - days[1]


def _day_of(value: Value) -> int | None:
    moment = _moment_of(value)
    return moment.seconds // DAY_SECONDS if moment is not None and moment.kind == "day" else None


def seconds_between(left: Value, right: Value) -> Value:
    """`-` on two times as `time` gives them, in seconds; null for other texts, and where only one knows its offset."""
    first, second = _moment_of(left), _moment_of(right)
    if first is None or second is None or first.kind != second.kind or first.kind == "day":
        return None
    return moments.seconds_between(first, second)


def _moment_of(value: Value) -> Moment | None:
    return read_moment(value) if type(value) is str else None


class NoResult(NamedTuple):
    """Why an operation on two values that are there has no result: a code, and what to do instead."""

    code: str
    why: str


def why_null(op: str, left: Value, right: Value) -> NoResult:
    """Why arithmetic gave null for two values, neither of which is null."""
    if is_number(left) and is_number(right):
        if op in ("%", "div") and right == 0:
            return NoResult("by_zero", "the divisor is 0")
        if op != "%":
            return NoResult("too_large", "the result is too large for a decimal")
    first, second = _moment_of(left), _moment_of(right)
    if op == "-" and first is not None and second is not None and first.kind != second.kind:
        return NoResult("kinds_unfit", _OF_TWO_CLOCKS if "day" not in (first.kind, second.kind) else _OF_DAY_AND_TIME)
    return NoResult("kinds_unfit", _ADVICE[op])


_OF_DAY_AND_TIME = "one is a day and the other a time; date(...) makes days of both"
_OF_TWO_CLOCKS = 'one time has an offset from UTC and the other none; say time(..., zone="+01:00") for those without'


_ADVICE = {
    "+": "it adds numbers, and joins two texts or two lists; write str(...) to join a number to a text, "
    'int(...) or float(...) to add what a text says, render(rows, "{text}") for rows as text',
    "-": "it subtracts numbers, dates as date(...) and times as time(...) gives them; write int(...) or float(...) for "
    "a text",
    "*": "it multiplies numbers; write int(...) or float(...) for a text",
    "%": "it takes whole numbers; write int(...) for a text or a decimal",
    "div": "it divides numbers; write int(...) or float(...) for a text",
}
"""What each operation takes."""


def can_take(op: str, value: Value, knows_times: bool) -> bool:
    """Whether there is any other operand with which the operation has a result."""
    kind = type(value)
    if op == "+":
        return is_number(value) or kind is str or kind is list
    if op == "-":
        return is_number(value) or (_moment_of(value) if knows_times else _day_of(value)) is not None
    return kind is int if op == "%" else is_number(value)


def sort_key(value: Value) -> tuple[Any, ...]:
    """A sort key that puts any values, whose texts are strings, in the total order."""
    # The first number is the kind's place in the total order. Texts and numbers come first here: they are most cells.
    kind = type(value)
    if kind is str:
        return (4, value)
    if kind is int or kind is float:
        return (3, value)
    if value is None:
        return (0,)
    if kind is bool:
        return (2,) if value else (1,)
    if kind is list:
        return (5, [sort_key(item) for item in value])  # type: ignore[union-attr]
    if kind is dict:
        # By name: two records with the same fields in another order are equal, so they must sort alike.
        return (6, [(key, sort_key(item)) for key, item in sorted(value.items())])  # type: ignore[union-attr]
    raise TypeError(f"{kind.__name__} has to be resolved first")


def group_key(value: Value) -> Any:
    """A hashable key that equal values share, and `1`, `true` and `"1"` do not."""
    # A text and null are their own keys, which saves a tuple per cell. Everything else is marked with its kind, since
    # in a Python dict 1 and True are one key.
    kind = type(value)
    if kind is str or value is None:
        return value
    if kind is int or kind is float:
        return (3, value)
    if kind is bool:
        return (1, value)
    if kind is list:
        return (5, *map(group_key, value))  # type: ignore[arg-type]
    if kind is dict:
        return (6, *((key, group_key(item)) for key, item in sorted(value.items())))  # type: ignore[union-attr]
    raise TypeError(f"{kind.__name__} has to be resolved first")
