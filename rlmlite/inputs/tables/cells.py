"""Values as cells of a sheet (`rlmlite_kernel.sheets`), a column at a time; and rows as blocks of bytes.

The rule for each kind of value is in `docs/reference/tables.md`.
"""

import base64
import datetime
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from rlmlite.errors import InputError
from rlmlite_kernel.program.schemas import MAX_DIGITS
from rlmlite_kernel.records.canonical import NotCanonicalError, number_text, value_bytes

Batch: TypeAlias = Sequence[Sequence[str]]
"""Some rows as cells, column by column."""

NULL = "null"

MAX_COLUMNS = 1_000
"""More columns than this are no table but records with keys of their own."""

ROWS = 500
"""How many rows are read and written together: few enough to stay in a cache and out of the garbage collector's way."""

_CELL, _ROW = "\x1f", "\x1e\n"
_ENDS = re.compile("[\x1e\x1f]")
_UNLIKE_NAME = re.compile(r"[^A-Za-z0-9_]+")


class Altered:
    """What could not be kept as it was, counted."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def note(self, what: str, times: int = 1) -> None:
        """So many values were altered in a way."""
        if times:
            self.counts[what] = self.counts.get(what, 0) + times

    def words(self) -> str:
        """All of it, for people."""
        return "; ".join(f"{count:,} {what}" for what, count in sorted(self.counts.items()))


def column_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names that a program can say, each once: what is no letter, digit or `_` becomes `_`; one alike gets `_2`."""
    found: dict[str, None] = {}
    for number, name in enumerate(names, 1):
        word = _UNLIKE_NAME.sub("_", name).strip("_") if _UNLIKE_NAME.search(name) else name
        word = word or f"column_{number}"
        word = f"_{word}" if word[0].isdigit() else word
        free, times = word, 2
        while free in found:
            free, times = f"{word}_{times}", times + 1
        found[free] = None
    if not found:
        raise InputError("the table has no columns")
    if len(found) > MAX_COLUMNS:
        raise InputError(f"the table has {len(found):,} columns, and {MAX_COLUMNS:,} are the most; read it as text")
    return tuple(found)


def blocks(names: Sequence[str], batches: Iterable[Batch], altered: Altered) -> Iterator[bytes]:
    """A sheet, block by block. Raises `InputError` for text that is no Unicode."""
    yield (_CELL.join(names) + _ROW).encode()
    for batch in batches:
        if batch and len(batch[0]):
            yield _block(batch, altered)


def _block(batch: Batch, altered: Altered) -> bytes:
    rows, columns = len(batch[0]), len(batch)
    text = _ROW.join(map(_CELL.join, zip(*batch, strict=True))) + _ROW
    if text.count(_ROW[0]) != rows or text.count(_CELL) != rows * (columns - 1):
        cleaned = [[_ENDS.sub("\ufffd", cell) for cell in column] for column in batch]
        altered.note(
            "control characters 1E or 1F became U+FFFD", sum(len(_ENDS.findall(c)) for col in batch for c in col)
        )
        text = _ROW.join(map(_CELL.join, zip(*cleaned, strict=True))) + _ROW
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InputError("a text holds half of a surrogate pair, which is no Unicode") from None


def texts(values: Iterable[str]) -> list[str]:
    """Texts as cells."""
    return [f'"{value}"' for value in values]


def column(values: Sequence[Any], altered: Altered) -> list[str]:
    """Python values as cells; those of one plain kind together, which is quicker."""
    kinds = set(map(type, values))
    together = _TOGETHER.get(next(iter(kinds - {type(None)}))) if len(kinds - {type(None)}) == 1 else None
    if together is None:
        return [cell(value, altered) for value in values]
    if type(None) not in kinds:
        return together(values, altered)
    there = iter(together([value for value in values if value is not None], altered))
    return [NULL if value is None else next(there) for value in values]


def decimals(values: Sequence[float], altered: Altered) -> list[str]:
    """Decimals as cells. Most are spelled as Python spells them, less a final `.0`."""
    spelled = list(map(repr, values))
    if _UNLIKE.search(",".join(spelled)):
        return [_decimal(value, altered) for value in values]
    return [text[:-2] if text[-2:] == ".0" else text for text in spelled]


_UNLIKE = re.compile(r"[en]|-0\.0(?:,|$)")


def _integers(values: Sequence[int], altered: Altered) -> list[str]:
    if max(values) < _TOO_LARGE and min(values) > -_TOO_LARGE:
        return list(map(str, values))
    raise InputError(f"an integer of more than {MAX_DIGITS:,} digits")


_TOO_LARGE = 10**MAX_DIGITS

_TOGETHER: dict[type, Callable[[Sequence[Any], Altered], list[str]]] = {
    str: lambda values, altered: texts(values),
    int: _integers,
    float: decimals,
    bool: lambda values, altered: ["true" if value else "false" for value in values],
}
"""What spells many values of one kind."""


def cell(value: Any, altered: Altered) -> str:
    """One value as a cell. Raises `InputError` for what no rule covers."""
    spell = _SPELL.get(type(value))
    if spell is not None:
        return spell(value, altered)
    plain = plainly(value, altered)
    return _SPELL[type(plain)](plain, altered)


def plainly(value: Any, altered: Altered) -> Any:
    """A value as JSON: dates and times in ISO form, decimals as text, bytes in base64, NaN as null."""
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            altered.note("infinite numbers became null", math.isinf(value))
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): plainly(item, altered) for key, item in value.items()}
        case list() | tuple():
            return [plainly(item, altered) for item in value]
    if hasattr(value, "item"):  # a number of numpy
        return plainly(value.item(), altered)
    return _worded(value)


def _worded(value: Any) -> str:
    """What JSON has no form for, as text."""
    match value:
        case datetime.datetime():
            return timestamp(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case datetime.timedelta():
            return seconds(value // datetime.timedelta(microseconds=1), 6)
        case Decimal():
            return format(value, "f")
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode()
    raise InputError(f"a table holds JSON, dates, decimals and bytes, not {type(value).__name__}")


def timestamp(value: datetime.datetime) -> str:
    """A moment in ISO form: in UTC with `Z` if it has a zone, without trailing zeros in the fraction."""
    zone = "" if value.tzinfo is None else "Z"
    moment = value if value.tzinfo is None else value.astimezone(datetime.UTC)
    return trimmed(moment.replace(tzinfo=None).isoformat()) + zone


def trimmed(moment: str) -> str:
    """A moment without trailing zeros in its fraction."""
    return moment.rstrip("0").rstrip(".") if "." in moment else moment


def seconds(count: int, digits: int) -> str:
    """A duration in ISO form, `PT90.5S`, from a count of 10^-digits seconds."""
    sign, (whole, part) = "-" if count < 0 else "", divmod(abs(count), 10**digits)
    return f"{sign}PT{trimmed(f'{whole}.{part:0{digits}d}') if digits else whole}S"


def _decimal(value: float, altered: Altered) -> str:
    if math.isfinite(value):
        return number_text(value)
    altered.note("infinite numbers became null", math.isinf(value))
    return NULL


def _nested(value: Any, altered: Altered) -> str:
    try:
        return value_bytes(plainly(value, altered)).decode()
    except NotCanonicalError as error:
        raise InputError(f"a list or record in the table is not JSON within the limits: {error}") from None


_SPELL: dict[type, Callable[[Any, Altered], str]] = {
    str: lambda value, altered: f'"{value}"',
    type(None): lambda value, altered: NULL,
    bool: lambda value, altered: "true" if value else "false",
    int: lambda value, altered: _integers([value], altered)[0],
    float: _decimal,
    list: _nested,
    dict: _nested,
}
"""How each kind of value is spelled in a cell."""
