"""Values to cells: how each kind of Python value is spelled in a sheet, a column at a time.

The rule for each kind is in `docs/reference/tables.md`. A cell is `null`, `true`, `false`, a number in canonical
spelling, `"` + a text as it is + `"`, or canonical JSON for a list or record.

Columns are mostly of one type, and Python's per-value dispatch is what a table costs. So `column_cells` looks at the
set of types first: [1, None, 3] is {int, None}, and all integers are then spelled by one loop; only a mixed column is
spelled value by value. Both ways give the same cells.
"""

import base64
import datetime
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rlmlite.errors import InputError
from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite_kernel.records.canonical import MAX_DIGITS, VALUE_DEPTH, NotCanonicalError, number_text, value_bytes

NULL = "null"

_INFINITE = "infinite numbers became null"
_TOO_LARGE = 10**MAX_DIGITS
_NOT_PLAIN_DECIMAL = re.compile(r"[en]|-0\.0(?:,|$)")  # an exponent, `inf` or `nan`, or minus zero


def column_cells(values: Sequence[Any], losses: Losses) -> list[str]:
    """Python values as cells. Raises `InputError` for a value that no rule covers."""
    # One pass for the types buys a loop without a look-up per value, for nearly all columns.
    types = set(map(type, values))
    has_nulls = type(None) in types
    types.discard(type(None))
    spell_all = None
    if len(types) == 1:
        spell_all = _SPELL_COLUMN.get(types.pop())
    # Mixed types, or one that has no loop of its own.
    if spell_all is None:
        return [spell(value, losses) for value in values]
    if not has_nulls:
        return spell_all(values, losses)
    # The loops expect values of their type only: the nulls are taken out, and put back at their places.
    spelled = iter(spell_all([value for value in values if value is not None], losses))
    return [NULL if value is None else next(spelled) for value in values]


def spell(value: Any, losses: Losses) -> str:
    """One value as a cell. Raises `InputError` for a value that no rule covers."""
    by_type = _SPELL.get(type(value))
    if by_type is not None:
        return by_type(value, losses)
    plain = to_json_value(value, losses)
    return _SPELL[type(plain)](plain, losses)


def text_cells(values: Iterable[str]) -> list[str]:
    """Texts as cells."""
    return [f'"{value}"' for value in values]


def float_cells(values: Sequence[float], losses: Losses) -> list[str]:
    """Floats as cells. Python's `repr` is the canonical spelling for most of them, but for a final `.0`."""
    spelled = [repr(value) for value in values]
    # One search over the joined column costs less than a look at every number.
    if _NOT_PLAIN_DECIMAL.search(",".join(spelled)):
        return [_float_cell(value, losses) for value in values]
    return [text.removesuffix(".0") for text in spelled]


def _float_cell(value: float, losses: Losses) -> str:
    if math.isfinite(value):
        return number_text(value)
    # NaN is how many libraries spell "missing", so only infinity counts as a loss.
    losses.add(_INFINITE, math.isinf(value))
    return NULL


def _integer_cells(values: Sequence[int], losses: Losses) -> list[str]:
    # `str` of a longer integer would take quadratic time, and Python refuses it by default.
    if max(values) < _TOO_LARGE and min(values) > -_TOO_LARGE:
        return list(map(str, values))
    raise InputError(f"an integer has more than {MAX_DIGITS:,} digits")


def _json_cell(value: Any, losses: Losses) -> str:
    try:
        return value_bytes(to_json_value(value, losses)).decode()
    except NotCanonicalError as error:
        raise InputError(f"a list or record in the table exceeds the limits of JSON values: {error}") from None
    except RecursionError:
        # Of `to_json_value`, whose stack ends at some hundred levels.
        raise InputError(f"a list or record in the table is nested deeper than {VALUE_DEPTH}") from None


def to_json_value(value: Any, losses: Losses) -> Any:
    """A value as JSON: dates and times in ISO form, decimals as text, bytes in base64, NaN as null."""
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            losses.add(_INFINITE, math.isinf(value))
            return value if math.isfinite(value) else None
        case Mapping():
            # Keys of JSON are text; Arrow's maps and Python's dicts may have others.
            return {str(key): to_json_value(item, losses) for key, item in value.items()}
        case list() | tuple():
            return [to_json_value(item, losses) for item in value]
    # A NumPy scalar, known by its method: NumPy itself need not be installed.
    if hasattr(value, "item"):
        return to_json_value(value.item(), losses)
    return _to_text(value)


def _to_text(value: Any) -> str:
    """A value that JSON has no form for, as text."""
    match value:
        # Before `date`, of which it is a subclass.
        case datetime.datetime():
            return timestamp(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case datetime.timedelta():
            return duration(value // datetime.timedelta(microseconds=1), 6)
        case Decimal():
            # With all digits and without an exponent: a price of 1.50 must not become 1.5, as a number would.
            return format(value, "f")
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode()
    raise InputError(f"a table can hold JSON, dates, decimals and bytes; found {type(value).__name__}")


def timestamp(value: datetime.datetime) -> str:
    """A moment in ISO form: in UTC with `Z` if it has a zone, without trailing zeros in the fraction."""
    if value.tzinfo is None:
        return trim_fraction(value.isoformat())
    in_utc = value.astimezone(datetime.UTC).replace(tzinfo=None)
    return trim_fraction(in_utc.isoformat()) + "Z"


def duration(count: int, digits: int) -> str:
    """A duration in ISO form from a count of 10^-digits seconds: `duration(90_500, 3)` is `PT90.5S`."""
    sign = "-" if count < 0 else ""
    # Of the absolute count: `divmod` of a negative one rounds towards minus infinity.
    whole, part = divmod(abs(count), 10**digits)
    amount = str(whole)
    if digits:
        amount = trim_fraction(f"{whole}.{part:0{digits}d}")
    return f"{sign}PT{amount}S"


def trim_fraction(moment: str) -> str:
    """A moment or duration without trailing zeros in its fraction: `04:05:06.500` is `04:05:06.5`."""
    return moment.rstrip("0").rstrip(".") if "." in moment else moment


_SPELL_COLUMN: dict[type, Callable[[Sequence[Any], Losses], list[str]]] = {
    str: lambda values, losses: text_cells(values),
    int: _integer_cells,
    float: float_cells,
    bool: lambda values, losses: ["true" if value else "false" for value in values],
}
"""Spells a column of one type."""

_SPELL: dict[type, Callable[[Any, Losses], str]] = {
    str: lambda value, losses: f'"{value}"',
    type(None): lambda value, losses: NULL,
    bool: lambda value, losses: "true" if value else "false",
    int: lambda value, losses: _integer_cells([value], losses)[0],
    float: _float_cell,
    list: _json_cell,
    dict: _json_cell,
}
"""Spells a value by its type. What is not here becomes one of these first, by `to_json_value`."""
