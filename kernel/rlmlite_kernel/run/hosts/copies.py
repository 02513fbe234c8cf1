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
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from rlmlite_kernel.records.canonical import MAX_DIGITS
from rlmlite_kernel.values.blobs import BlobMissingError, Blobs
from rlmlite_kernel.values.columns import Cells, Constant, Spans, Text
from rlmlite_kernel.values.lines.kind import are_lines
from rlmlite_kernel.values.values import Rows, Value

_INSTEAD = {
    "set": "a list, in an order that is always the same",
    "frozenset": "a list, in an order that is always the same",
    "tuple": "a list",
    "bytes": "text",
    "bytearray": "text",
    "generator": "a list",
}
"""What to return instead of what is often returned."""

_TOO_LARGE = 10**MAX_DIGITS

_VALUES = "null, text, numbers, lists or records of these"


class NoValueError(Exception):
    """Something is no value; the message says what, and what it could be instead."""


class _Made:
    """What was made of each object, by identity: parts that several values share are made once, and stay shared."""

    def __init__(self) -> None:
        # The originals are held, so that no other object gets the identity of one.
        self._made: dict[int, tuple[Any, Any]] = {}

    def of(self, original: Any, make: Callable[[Any], Any]) -> Any:
        """What was made of an object, or is now. While it is made it is not known: what contains itself has no end."""
        known = self._made.get(id(original))
        if known is None:
            known = self._made[id(original)] = original, make(original)
        return known[1]

    def known(self, original: Any) -> Any:
        """What was made of an object; the object itself if nothing was."""
        return self._made.get(id(original), (original, original))[1]

    def pairs(self) -> Iterable[tuple[Any, Any]]:
        """Each original with what was made of it."""
        return self._made.values()


class Copies:
    """Copies of values, made together. Parts that several values share are copied once, and stay shared.

    `open_rows` gives rows whose columns are there, and charges for it: of lines of a large text they are not.
    """

    def __init__(self, open_rows: Callable[[Rows], Rows] = lambda rows: rows) -> None:
        self._open_rows = open_rows
        self._made = _Made()

    def of(self, value: Any) -> Any:
        """A copy of a value or a column; of anything else the thing itself."""
        if not isinstance(value, list | dict) and not hasattr(value, "describe"):
            return value
        return self._made.of(value, self._copy)

    def _copy(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.of(item) for item in value]
        if isinstance(value, dict):
            return {key: self.of(item) for key, item in value.items()}
        return copy_parts(self._open_rows(value) if isinstance(value, Rows) else value, self.of)

    def changed(self) -> bool:
        """Whether any copy is no longer what it was made of."""
        return any(not self._is_same(original, made) for original, made in self._made.pairs())

    def _is_same(self, original: Any, made: Any) -> bool:
        """Whether a copy has copies of the parts of its original; these are compared on their own."""
        if isinstance(original, list):
            return len(original) == len(made) and all(map(self._is_copy, original, made))
        if isinstance(original, dict):
            return list(original) == list(made) and all(map(self._is_copy, original.values(), made.values()))
        if isinstance(original, Rows) and are_lines(original):
            # What it was copied from was made for the copy alone.
            return True
        names = [name for name, part in vars(original).items() if isinstance(part, list | dict)]
        return all(self._is_copy(getattr(original, name), getattr(made, name, None)) for name in names)

    def _is_copy(self, original: Any, part: Any) -> bool:
        # A leaf cannot change: it is the same object, or another one was put in its place.
        return part is self._made.known(original)


def copy_parts(whole: Any, copy_part: Callable[[Any], Any]) -> Any:
    """Rows or a column, with copies of its parts; its arrays stay, and cannot be written to any more."""
    made = copy.copy(whole)
    for name, part in vars(made).items():
        if isinstance(part, np.ndarray):
            part.flags.writeable = False
        elif isinstance(part, tuple):
            setattr(made, name, tuple(map(copy_part, part)))
        else:
            setattr(made, name, copy_part(part))
    return made


def checked_copy(value: Any, blobs: Blobs) -> Value:
    """A copy that shares nothing that could change. Raises `NoValueError` if it is no value.

    `blobs` are where its texts by reference have to be.
    """
    try:
        checked: Value = _CheckedCopies(blobs).of_value(value)
    except RecursionError:
        raise NoValueError("a value that is nested too deeply, or contains itself") from None
    return checked


class _CheckedCopies:
    """Copies of one result and its parts, each checked."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._made = _Made()
        self._sizes: dict[str, int] = {}

    def of_value(self, value: Any) -> Any:
        """A copy of what has to be a value."""
        kind = type(value)
        if kind is str:
            return _check_text(value)
        if kind is int or kind is float:
            return _check_number(value)
        if kind is Text:
            self._check_places(value.blob, value.start, value.stop)
            return value
        if value is None or kind is bool:
            return value
        if kind is not list and kind is not dict and not isinstance(value, Rows):
            raise NoValueError(_named(value))
        return self._made.of(value, self._copy)

    def _copy(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.of_value(item) for item in value]
        if isinstance(value, dict):
            return {_check_key(key): self.of_value(item) for key, item in value.items()}
        return self._copy_rows(value)

    def _copy_rows(self, rows: Rows) -> Rows:
        strange = next((each for each in [*rows.columns.values(), rows.spans] if not _is_column(each)), None)
        if strange is not None or type(rows.count) is not int:
            raise NoValueError(f"rows with {_named(rows.count if strange is None else strange)}")
        lengths = {name: len(column) for name, column in rows.columns.items()}
        wrong = next((name for name, length in lengths.items() if length != len(rows)), None)
        if wrong is not None:
            raise NoValueError(f"{len(rows):,} rows whose column `{wrong}` has {lengths[wrong]:,} values")
        made = copy.copy(rows)
        made.columns = {_check_key(name): self._of_column(column) for name, column in rows.columns.items()}
        made.spans = None if rows.spans is None else self._of_column(rows.spans)
        made.aside = {name: self._copy_rows(others) for name, others in rows.aside.items()}
        return made

    def _of_column(self, column: Any) -> Any:
        """A copy of a column. What two columns share, or rows and a column of theirs, stays shared."""
        return self._made.of(column, self._copy_column)

    def _copy_column(self, column: Any) -> Any:
        if isinstance(column, Cells):
            return Cells([self.of_value(cell) for cell in column.values])
        if isinstance(column, Constant):
            return Constant(self.of_value(column.value), len(column))
        if type(column) is Spans:
            self._check_spans(column)
        return copy_parts(column, lambda part: self._of_column(part) if hasattr(part, "describe") else part)

    def _check_spans(self, spans: Spans) -> None:
        for blob, rows in spans.by_blob():
            there = rows[spans.starts[rows] >= 0]
            if len(there):
                starts, stops = spans.starts[there], spans.stops[there]
                self._check_places(blob, int(starts.min()), int(stops.max()), bool((starts > stops).any()))

    def _check_places(self, blob: str, first: int, last: int, are_turned: bool = False) -> None:
        """A place is in a content that there is, and not beyond its end."""
        if blob not in self._sizes:
            try:
                self._sizes[blob] = len(self._blobs.read(blob))
            except BlobMissingError:
                raise NoValueError(f"a text of a content that is not there ({blob!r})") from None
        if are_turned or not 0 <= first <= last <= self._sizes[blob]:
            size = self._sizes[blob]
            raise NoValueError(f"a text from {first:,} to {last:,} of a content of {size:,} bytes")


def _is_column(column: Any) -> bool:
    return column is None or all(hasattr(column, name) for name in ("at", "cells", "take", "describe", "__dict__"))


def _named(value: Any) -> str:
    """What something is that is no value: a class by its name, never by an address."""
    kind = type(value)
    if kind.__module__ == "numpy":
        # `numpy.float64` is a float for `isinstance`, and would be printed in another way.
        instead = "x.tolist()"
    else:
        # A subclass, such as an enum or a Counter.
        base = next((base.__name__ for base in (int, float, str, list, dict) if isinstance(value, base)), "")
        instead = f"{base}(x)" if base else _INSTEAD.get(kind.__name__, _VALUES)
    return f"something of the type {kind.__name__}, which is no value; return {instead}"


def _check_number(number: float) -> float:
    if isinstance(number, int):
        if abs(number) >= _TOO_LARGE:
            raise NoValueError(f"a whole number of more than {MAX_DIGITS:,} digits")
    elif not math.isfinite(number):
        raise NoValueError(f"the number {number}, which no value can be; return None for it")
    return number


def _check_text(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NoValueError("a text that is not valid Unicode") from None
    return text


def _check_key(key: Any) -> str:
    if type(key) is not str:
        raise NoValueError(f"a record with a key that is no text but a {type(key).__name__}")
    return _check_text(key)
