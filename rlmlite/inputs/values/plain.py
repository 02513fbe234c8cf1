"""Python values as JSON, by their meaning: what programs compute with is what the value stands for.

    a dataclass, a model of pydantic, a struct, a named tuple     a record of its fields
    a set, a range, an iterator, a deque                          a list; of a set in the order of its JSON
    an array, a series, a data frame within other values          a list; NaN is null, as in a table
    a date, a Decimal, bytes, a UUID, a path                      a text, as in a table: 2024-02-03, 1.50, base64
    a member of an enum                                           its value

    Point(x=1, when=date(2024, 2, 3), tags={"b", "a"})   ->   {"x": 1, "when": "2024-02-03", "tags": ["a", "b"]}

Kinds are known by their methods, so that no library is imported for them. What has no meaning here stays as it is, and
whoever writes it as JSON refuses it by its type.
"""

import dataclasses
import enum
import math
import uuid
from collections import deque
from collections.abc import Iterator, KeysView, Mapping, Set, ValuesView
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Address
from pathlib import PurePath
from typing import Any

import msgspec

from rlmlite.errors import InputError
from rlmlite_kernel.records.canonical import PLAIN, VALUE_DEPTH, NotCanonicalError, value_bytes

_SPELLED = (uuid.UUID, PurePath, Fraction, IPv4Address, IPv6Address)
"""What stands for the text that `str` gives."""

_LISTS = (list, tuple, deque, range, Iterator, KeysView, ValuesView)

_MISSING = ("NAType", "NaTType")
"""Types of pandas for what is not there."""

_TO_LIST = ("to_dicts", "to_pylist", "to_list", "tolist")
"""Methods by which libraries give the values of arrays, series and frames: polars, pyarrow, pandas, NumPy and torch."""


def to_plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON. Raises `InputError` for nesting without end."""
    if type(value) in PLAIN or type(value) is float:
        return value
    if depth > VALUE_DEPTH:
        raise InputError(f"the input is nested deeper than {VALUE_DEPTH}")
    fields = _fields(value)
    if fields is not None:
        return {_key(key): to_plain(item, depth + 1) for key, item in fields.items()}
    if isinstance(value, _LISTS):
        return [to_plain(item, depth + 1) for item in value]
    if isinstance(value, Set):
        return sorted((to_plain(item, depth + 1) for item in value), key=_order)
    return _of_other(value, depth)


def _fields(value: Any) -> Mapping[Any, Any] | None:
    """The fields of a record of any kind, or None for what is no record."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, msgspec.Struct):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    if hasattr(value, "model_dump"):
        dumped = value.model_dump()
        # A root model is its root, which need be no record.
        return dumped if isinstance(dumped, Mapping) else None
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    if hasattr(type(value), "__attrs_attrs__"):
        return {field.name: getattr(value, field.name) for field in type(value).__attrs_attrs__}
    return None


def _key(key: Any) -> Any:
    # Keys that stand for a text; others are refused by whoever writes JSON.
    return to_plain(key) if isinstance(key, enum.Enum | str | uuid.UUID | PurePath) else key


def _order(plain: Any) -> bytes:
    try:
        return value_bytes(plain)
    except NotCanonicalError as error:
        raise InputError(f"a set holds what is not JSON: {error}") from None


def _of_other(value: Any, depth: int) -> Any:
    if isinstance(value, enum.Enum):
        return to_plain(value.value, depth + 1)
    # Subclasses, such as those of NumPy.
    if isinstance(value, str | int | float) and not hasattr(value, "dtype"):
        return str(value) if isinstance(value, str) else int(value) if isinstance(value, int) else float(value)
    if hasattr(value, "model_dump"):
        return to_plain(value.model_dump(), depth + 1)
    if isinstance(value, _SPELLED):
        return str(value)
    if type(value).__name__ in _MISSING:
        return None
    if getattr(getattr(value, "dtype", None), "kind", "") == "M" and hasattr(value, "astype"):
        return _of_times(value.astype(str).tolist())
    names = getattr(getattr(value, "dtype", None), "names", None)
    for method in ("item",) if getattr(value, "shape", None) == () and not names else _TO_LIST:
        if hasattr(value, method):
            return _of_array(getattr(value, method)(), names, depth)
    return _of_moment(value)


def _of_array(items: Any, names: Any, depth: int) -> Any:
    """What a library's array gives as Python values. Rows of a structured array have its names."""
    if names and isinstance(items, list):
        items = [dict(zip(names, row, strict=True)) for row in items]
    return _without_nan(to_plain(items, depth + 1))


def _without_nan(value: Any) -> Any:
    """The value with null for NaN, which is how arrays spell a value that is not there."""
    match value:
        case float():
            return None if math.isnan(value) else value
        case list():
            return [_without_nan(item) for item in value]
        case dict():
            return {key: _without_nan(item) for key, item in value.items()}
    return value


def _of_times(moments: Any) -> Any:
    """NumPy's moments, which it spells to the nanosecond, as tables spell them."""
    from rlmlite.inputs.tables.sheets.cells import trim_fraction

    if isinstance(moments, list):
        return [_of_times(moment) for moment in moments]
    return None if moments == "NaT" else trim_fraction(moments)


def _of_moment(value: Any) -> Any:
    """Dates, times, decimals and bytes as tables spell them; anything else as it is."""
    from rlmlite.inputs.tables.sheets.cells import to_json_value  # here, because few values need it
    from rlmlite.inputs.tables.sheets.sheet_writer import Losses

    try:
        return to_json_value(value, Losses())
    except InputError:
        return value
