"""Copies of values for code that is not trusted to leave them alone, and checked copies of what such code gives.

A value is shared by variables and turns, since nothing changes it. Code of a host may do so by mistake. So it gets
copies, and what it gives is copied before it becomes a variable, in case it keeps a hold of it:

    copies = Copies()
    copies.of([1, {"a": 2}])          a new list with a new record; numbers and texts are the same objects
    copies.changed()                  whether any of these copies differs by now from what it was made of
    checked_copy({1, 2})              raises `NoValueError`: a set is no value

Arrays in columns are not copied: they are marked as read-only, so that writing to one raises an error.
"""

import copy
import math
from typing import Any

import numpy as np

from rlmlite_kernel.values.columns import Cells, Column, Constant, Text
from rlmlite_kernel.values.values import Rows, Value

_LEAVES = frozenset([type(None), bool, int, str, Text])

_INSTEAD = {
    "set": "a list, in an order that is always the same",
    "frozenset": "a list, in an order that is always the same",
    "tuple": "a list",
    "bytes": "text",
    "bytearray": "text",
    "generator": "a list",
}
"""What to return instead of what is often returned."""

_VALUES = "null, text, numbers, lists or records of these"


class NoValueError(Exception):
    """Something is no value; the message says what, and what it could be instead."""


class Copies:
    """Copies of values, made together. Parts that several values share are copied once, and stay shared."""

    def __init__(self) -> None:
        # By identity. The originals are held, so that no other object gets the identity of one.
        self._made: dict[int, tuple[Any, Any]] = {}

    def of(self, value: Any) -> Any:
        """A copy of a value; of anything else the thing itself."""
        if not isinstance(value, list | dict | Rows | Cells | Constant):
            return _frozen_column(value) if hasattr(value, "describe") else value
        known = self._made.get(id(value))
        if known is not None:
            return known[1]
        made = self._copy(value)
        self._made[id(value)] = value, made
        return made

    def _copy(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.of(item) for item in value]
        if isinstance(value, dict):
            return {key: self.of(item) for key, item in value.items()}
        if isinstance(value, Cells):
            return Cells([self.of(cell) for cell in value.values])
        if isinstance(value, Constant):
            return Constant(self.of(value.value), len(value))
        columns = {name: self.of(column) for name, column in value.columns.items()}
        aside = {name: self.of(rows) for name, rows in value.aside.items()}
        spans = None if value.spans is None else self.of(value.spans)
        return _like(value, columns, spans, aside)

    def changed(self) -> bool:
        """Whether any copy is no longer what it was made of."""
        return any(not self._is_same(original, made) for original, made in self._made.values())

    def _is_same(self, original: Any, made: Any) -> bool:
        """Whether a copy has the parts of its original; copied parts are compared on their own."""
        if isinstance(original, Cells):
            original, made = original.values, made.values
        if isinstance(original, Rows):
            original, made = original.columns, made.columns
        if isinstance(original, list | tuple):
            return len(original) == len(made) and all(map(self._is_copy, original, made))
        if isinstance(original, dict):
            return list(original) == list(made) and all(map(self._is_copy, original.values(), made.values()))
        return True

    def _is_copy(self, original: Any, part: Any) -> bool:
        known = self._made.get(id(original))
        # Arrays cannot change, and neither can a leaf: it is the same object or another one was put in its place.
        return part is known[1] if known is not None else part is original or hasattr(part, "describe")


def _like(rows: Rows, columns: dict[str, Column], spans: Any, aside: dict[str, Rows]) -> Rows:
    """Rows of the same class, which may hold more than these parts."""
    made = copy.copy(rows)
    made.columns, made.spans, made.aside = columns, spans, aside
    return made


def _frozen_column(column: Any) -> Any:
    """A column whose arrays cannot be written to, and whose own parts can be replaced without a trace in the other."""
    made = copy.copy(column)
    for name, part in vars(made).items():
        if isinstance(part, np.ndarray):
            part.flags.writeable = False
        elif hasattr(part, "describe"):
            setattr(made, name, _frozen_column(part))
    return made


def checked_copy(value: Any) -> Value:
    """A copy that shares nothing that could change. Raises `NoValueError` if it is no value."""
    try:
        return _checked(value)  # type: ignore[no-any-return]
    except RecursionError:
        raise NoValueError("a value that is nested too deeply, or contains itself") from None


def _checked(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return _checked_text(value)
    if kind in _LEAVES:
        return value
    if kind is float:
        if not math.isfinite(value):
            raise NoValueError(f"the number {value}, which no value can be; return None for it")
        return value
    if kind is list:
        return [_checked(item) for item in value]
    if kind is dict:
        return {_checked_key(key): _checked(item) for key, item in value.items()}
    if isinstance(value, Rows):
        return _checked_rows(value)
    raise NoValueError(_named(value))


def _named(value: Any) -> str:
    """What something is that is no value: a class by its name, never by an address."""
    kind = type(value)
    if kind.__module__ == "numpy":
        # `numpy.float64` is a float for `isinstance`, and would be printed in another way.
        instead = "x.tolist()"
    else:
        base = next((base.__name__ for base in (bool, int, float, str, list, dict) if isinstance(value, base)), "")
        instead = (
            f"{base}(x)" if base else _INSTEAD.get(kind.__name__, "null, text, numbers, lists or records of these")
        )
    return f"something of the type {kind.__name__}, which is no value; return {instead}"


def _checked_text(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NoValueError("a text that is not valid Unicode") from None
    return text


def _checked_key(key: Any) -> str:
    if type(key) is not str:
        raise NoValueError(f"a record with a key that is no text but a {type(key).__name__}")
    return _checked_text(key)


def _checked_rows(rows: Rows) -> Rows:
    lengths = {name: len(column) for name, column in rows.columns.items()}
    wrong = next((name for name, length in lengths.items() if length != len(rows)), None)
    if wrong is not None:
        raise NoValueError(f"{len(rows):,} rows whose column `{wrong}` has {lengths[wrong]:,} values")
    columns = {_checked_key(name): _checked_column(column) for name, column in rows.columns.items()}
    aside = {name: _checked_rows(others) for name, others in rows.aside.items()}
    return _like(rows, columns, None if rows.spans is None else _frozen_column(rows.spans), aside)


def _checked_column(column: Column) -> Column:
    if isinstance(column, Cells):
        return Cells([_checked(cell) for cell in column.values])
    if isinstance(column, Constant):
        return Constant(_checked(column.value), len(column))
    return _frozen_column(column)  # type: ignore[no-any-return]
