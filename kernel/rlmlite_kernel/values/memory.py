"""The memory that values take, by one rule on every machine.

`values.size_of` counts what a value says: 2 bytes for "ab". In memory a text of two characters takes 60. So a list of
short texts could take thirty times what it was charged. Here a value byte pays for at most four bytes of memory, or a
few more in the worst case, and what is charged is never less than what `size_of` counts:

    "ab"            16     an object of about 60 bytes
    []              16     64 bytes
    {"a": 1}        57     184 bytes for the record, 32 for the number; its key is mostly shared with other records
    "a" * 1000    1000     as before: from 22 bytes on, what a text says is more than a quarter of what it takes

Values may share parts, and a program can build `[x, x]` sixty times over: a tree of 2^60 leaves, in memory sixty lists.
What counts is the tree, since every reader of the value walks through it. So measuring stops where the value is known
to be larger than what the caller can use.
"""

from typing import NamedTuple

from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import (
    Cells,
    Column,
    Constant,
    Groups,
    Ints,
    LineCounts,
    LineNumbers,
    LineTexts,
    Spans,
    Text,
)
from rlmlite_kernel.values.values import LIST, RECORDS, Rows, Value, column_size, size_of
from rlmlite_kernel.values.vectors import HasVector, SharesRows

MEMORY_PER_VALUE_BYTE = 4
"""Bytes of memory that a value byte pays for."""

_TEXT, _LIST, _RECORD, _FIELD = 16, 16, 48, 16
"""A quarter of the memory of a text, a list, a record of up to five fields, and of each further field."""

_FIELDS_INCLUDED = 5

_ROWS, _COLUMN = 64, 160
"""A quarter of the memory of rows, and of a column with its arrays, without what grows with the number of rows."""

_WRITTEN, _OPENED = 100, 2_000
"""Work for each value that is written as JSON, and for each list or record."""

_LEAST = 8
"""Bytes that any part of a value is charged for, at the least."""

LONG = 1_024
"""Bytes up to which a text is short: reading it is part of what its row costs."""


class Size(NamedTuple):
    """The size of a value: the bytes that it is charged for, and the work of writing it as JSON for its digest."""

    charged: int
    digest_work: int


def charged_size(value: Value, most: int, with_objects: bool = True) -> Size:
    """The size of a value, in which a text by reference has 24 bytes, whatever its length.

    A value of more than `most` bytes has `most` + 1. `with_objects`: rows have a size even if there are none, since a
    list may hold a million of them (`records.evolution.ROWS_WITH_OBJECTS`).
    """
    # Most values that are measured are single cells.
    if isinstance(value, str):
        return Size(string_size(value), 0)
    if not isinstance(value, list | dict | Rows):
        return Size(size_of(value), 0)
    measure = _Measure(most, with_objects)
    charged = _bounded(measure, value)
    # Columns of numbers and of places are hashed as they are, and cost next to nothing.
    return Size(charged, _WRITTEN * measure.parts + _OPENED * measure.containers)


def resolved_size(value: Value, most: int, blobs: Blobs) -> int:
    """The bytes that a value would be charged for if its texts by reference were strings, and its rows records.

    `most` + 1 if it is more.
    """
    return _bounded(_ResolvedMeasure(most, blobs), value)


def _bounded(measure: "_Measure", value: Value) -> int:
    try:
        return min(measure.of(value), measure.most + 1)
    except _LargerError:
        return measure.most + 1


def record_size(fields: int) -> int:
    """The bytes that a record is charged for, without its keys and values."""
    return _RECORD + _FIELD * max(0, fields - _FIELDS_INCLUDED)


def string_size(text: str) -> int:
    """The bytes that a string is charged for."""
    characters = len(text)
    size = characters if text.isascii() else len(text.encode())
    memory = _TEXT + characters // MEMORY_PER_VALUE_BYTE
    return size if size > memory else memory


class _LargerError(Exception):
    """The value is larger than what is of interest."""


class _Measure:
    """Measures one value, as long as it is not known to be larger than `most`."""

    def __init__(self, most: int, with_objects: bool = True) -> None:
        self.most, self._with_objects = most, with_objects
        # What has been seen so far, at the least: no part is smaller than this.
        self._seen = 0
        self.containers = 0
        self.parts = 0

    def of(self, value: Value) -> int:
        """The size of a value. Raises `_LargerError`."""
        # This runs for every part of a value, and nearly all of them are numbers and texts.
        kind = type(value)
        if kind is str:
            return string_size(value)  # type: ignore[arg-type]
        if kind is int:
            return 8 + value.bit_length() // 8  # type: ignore[union-attr]
        if isinstance(value, list | dict | Rows):
            return self._of_parts(value)
        return size_of(value)

    def _of_parts(self, value: "list[Value] | dict[str, Value] | Rows") -> int:
        if isinstance(value, Rows):
            return self.of_rows(value)
        self._see(len(value))
        if isinstance(value, list):
            return _LIST + sum(map(self.of, value))
        fields = sum(len(key) + self.of(item) for key, item in value.items())
        return record_size(len(value)) + fields

    def _see(self, parts: int) -> None:
        self.containers += 1
        self.parts += parts
        self._seen += _LEAST + _LEAST * parts
        if self._seen > self.most:
            raise _LargerError

    def of_rows(self, rows: Rows) -> int:
        """The size of rows: of their columns, and of the places that they stand for."""
        if rows.held is not None:
            return rows.held + sum(map(self.of, rows.aside.values()))
        columns = list(rows.columns.values())
        size = self._objects(rows) + sum(map(self.of_column, columns)) + sum(map(self.of, rows.aside.values()))
        if rows.kind == RECORDS and rows.spans is not None:
            # Where each row is; its cells are in the content.
            return size + rows.spans.record_bytes()
        return size + 24 // MEMORY_PER_VALUE_BYTE * len(rows) * self._count_places(rows)

    def _count_places(self, rows: Rows) -> int:
        """How many arrays of places rows hold, besides the columns of spans, which have been counted."""
        columns = list(rows.columns.values())
        places = [] if rows.spans is None else [rows.spans]
        if self._with_objects:
            # Of computed columns: those of hits share one array, and those of a part of the hits have one each.
            places += [column.spans for column in columns if isinstance(column, LineNumbers | LineCounts | LineTexts)]
        # By identity, one by one: there are a dozen columns, and comparing arrays would cost their length.
        counted: list[object] = list(columns)
        for spans in places:
            if not any(spans is other for other in counted):
                counted.append(spans)
        return len(counted) - len(columns)

    def _objects(self, rows: Rows) -> int:
        """The size of the objects of rows, whose memory does not depend on how many rows there are."""
        size = _ROWS + _COLUMN * len(rows.columns) if self._with_objects else 0
        self._seen += size
        return size

    def of_column(self, column: Column) -> int:
        """The size of a column."""
        if not isinstance(column, Cells):
            return column_size(column)
        self._see(len(column))
        return sum(map(self.of, column.values))


class _ResolvedMeasure(_Measure):
    """Measures what a value becomes when all of it is needed as plain values."""

    def __init__(self, most: int, blobs: Blobs) -> None:
        super().__init__(most)
        self._blobs = blobs

    def of(self, value: Value) -> int:
        """The size of a value."""
        return _TEXT + len(value) if isinstance(value, Text) else super().of(value)

    def of_rows(self, rows: Rows) -> int:
        """The size of rows as a list of records."""
        size = cells_memory(rows) // MEMORY_PER_VALUE_BYTE
        if size > self.most:
            # Before any column is looked at: of lines that means to read them.
            raise _LargerError
        for column in rows.columns.values():
            is_plain = isinstance(column, Cells)
            size += self.of_column(column) if is_plain else text_bytes(column, self._blobs)
        return size


def cells_memory(rows: Rows) -> int:
    """The memory that rows take as plain values, one object for each cell; texts stay references."""
    record = 0 if rows.kind == LIST else 184 + 36 * len(rows.columns)
    return len(rows) * (8 + record) + sum(map(column_memory, rows.columns.values()))


def column_memory(column: Column) -> int:
    """The memory that the cells of a column take as objects."""
    if isinstance(column, Cells):
        # They are objects already.
        return 0
    if isinstance(column, Groups):
        return 72 * len(column) + sum(map(column_memory, column.groups))
    if isinstance(column, Ints | LineNumbers | LineCounts):
        return 40 * len(column)
    return 8 * len(column) if isinstance(column, Constant) else 136 * len(column)


def taken_memory(rows: Rows) -> int:
    """The memory that taking one row adds to a copy of the columns."""
    columns = [*rows.columns.values(), *([] if rows.spans is None else [rows.spans])]
    return 8 + sum(map(_taken_memory, columns))


def _taken_memory(column: Column) -> int:
    if isinstance(column, Groups):
        return sum(map(_taken_memory, column.groups))
    if isinstance(column, Constant):
        return 0
    if isinstance(column, SharesRows):
        return column.bytes_per_row
    # A computed column takes the spans that it is computed from.
    return 8 if isinstance(column, Ints | Cells) else 24


def text_bytes(column: Column, blobs: Blobs) -> int:
    """The bytes of all texts of a column that are in a content."""
    if isinstance(column, LineTexts):
        return text_bytes(column.lines(blobs), blobs)
    if isinstance(column, Groups):
        return sum(text_bytes(group, blobs) for group in column.groups)
    if isinstance(column, Spans):
        return column.total_bytes()
    if isinstance(column, Cells):
        return sum(len(cell) for cell in column.values if isinstance(cell, Text))
    vector = column.vector(blobs) if isinstance(column, HasVector) else None
    return text_bytes(vector.data, blobs) if vector is not None and isinstance(vector.data, Spans) else 0


class Holding:
    """Plain values that are all held at the same time. Equal long texts become one string, which is counted once.

    Two thousand hits on one long line have that line as their `text`: one string, and 2,000 references to it.
    """

    def __init__(self) -> None:
        self._strings: dict[str, str] = {}

    def add(self, value: Value) -> tuple[Value, int]:
        """The value to hold, and the bytes to charge for it without what is held already."""
        if isinstance(value, str):
            return self._add_text(value)
        if isinstance(value, list):
            items = [self.add(item) for item in value]
            return [item for item, _ in items], _LIST + sum(size for _, size in items)
        if isinstance(value, dict):
            fields = {key: self.add(item) for key, item in value.items()}
            size = sum(len(key) + size for key, (_, size) in fields.items())
            return {key: item for key, (item, _) in fields.items()}, record_size(len(value)) + size
        return value, size_of(value)

    def _add_text(self, text: str) -> tuple[str, int]:
        size = string_size(text)
        if size <= LONG:
            return text, size
        held = self._strings.get(text)
        if held is not None:
            return held, 0
        self._strings[text] = text
        return text, size
