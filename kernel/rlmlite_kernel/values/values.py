"""Values: what a variable can hold.

    scalar   None, bool, int, float, str
    Text     a span of a content, never a copy
    list     values; dict: values by name, a record
    Rows     columns: hits, lines, chunks, documents, or any list that a row action made

No value is changed once it is built, so values can be shared between variables, turns and threads. A value of any size
has a short descriptor: JSON with digests in place of content. Refs commit to that, so the ref of a million hits is
computed from two arrays of offsets and not from a million records.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, Union

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Cells, Column, Groups, Ints, Spans, Text, describe_value

__all__ = [
    "Rows",
    "Text",
    "Value",
    "descriptor",
    "documents",
    "json_size",
    "kind_of",
    "rows_of",
    "size_of",
    "text_of",
    "to_json",
]

Value: TypeAlias = Union[bool, int, float, str, Text, list["Value"], dict[str, "Value"], "Rows", None]
"""What a variable holds, and what a field of a row can be."""

LIST = "list"
"""The kind of rows whose only column is `value`: a plain list with provenance."""

RECORDS = "records"
"""The kind of rows of a table that is an input: each is a span of its sheet."""


class Rows:
    """A table: named columns of one length, of a kind that says what a row is.

    `spans` is the text that each row stands for (a hit's match, a chunk), or None; row actions keep it.
    `aside` holds rows that were set apart when these were made (lines that did not match, calls that failed).
    `held` is the bytes that they are charged for where their columns are not held at all; None for all other rows.
    """

    held: int | None = None

    def __init__(
        self,
        kind: str,
        columns: Mapping[str, Column],
        count: int,
        spans: Spans | None = None,
        aside: "Mapping[str, Rows] | None" = None,
    ) -> None:
        self.kind, self.columns, self.count, self.spans = kind, columns, count, spans
        self.aside: Mapping[str, Rows] = aside or {}

    def __len__(self) -> int:
        return self.count

    def row(self, index: int, blobs: Blobs) -> Value:
        """One row: a record, or the bare value of a list."""
        if self.kind == LIST:
            return self.columns["value"].at(index, blobs)
        return {name: column.at(index, blobs) for name, column in self.columns.items()}

    def take(self, rows: IntArray) -> "Rows":
        """These rows in this order, of the same kind."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        spans = None if self.spans is None else self.spans.take(rows)
        # Without `aside`: what was set apart belongs to all rows, and a part of them cannot say which.
        return Rows(self.kind, columns, len(rows), spans)

    def slice(self, lo: int, hi: int) -> "Rows":
        """Rows lo..hi-1, of the same kind."""
        if (lo, hi) == (0, self.count):
            return self
        return self.take(np.arange(lo, max(lo, hi)))

    def values(self, blobs: Blobs) -> Sequence[Value]:
        """Every row as a record, or the bare values of a list."""
        if self.kind == LIST:
            return self.columns["value"].cells(blobs)
        names = list(self.columns)
        # Column by column, then turned: a column of spans decodes all its texts at once.
        cells = [column.cells(blobs) for column in self.columns.values()]
        return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]

    def json_size(self, blobs: Blobs) -> int:
        """The bytes that `to_json` builds of them."""
        return 8 + sum(json_size(item, blobs) for item in self.values(blobs))

    def describe(self) -> Any:
        """JSON that identifies the rows in digests."""
        # Lists of pairs, not objects: the order of columns is part of the value, and canonical JSON sorts keys.
        columns = [[name, column.describe()] for name, column in self.columns.items()]
        spans = None if self.spans is None else self.spans.describe()
        aside = [[name, rows.describe()] for name, rows in self.aside.items()]
        return [self.kind, self.count, columns, spans, aside]


def list_rows(values: Sequence[Value], spans: Spans | None = None) -> Rows:
    """Rows of kind `list` over plain values."""
    return Rows(LIST, {"value": Cells(values)}, len(values), spans)


DOCUMENTS = "documents"
"""The kind of rows that a folder is."""


def documents(files: Iterable[tuple[str, str, int]]) -> Rows:
    """A folder, a codebase, a mailbox: rows {path, text, bytes} from (path, digest, size in bytes)."""
    paths: list[Value] = []
    digests: list[str] = []
    sizes: list[int] = []
    for path, digest, size in files:
        paths.append(path)
        digests.append(digest)
        sizes.append(size)
    # Equal files are one content: the spans name each digest once, and `which` says whose a span is.
    contents = tuple(dict.fromkeys(digests))
    number_of = {digest: number for number, digest in enumerate(contents)}
    which = np.array([number_of[digest] for digest in digests], np.int64)
    starts = np.zeros(len(digests), np.int64)
    stops = np.array(sizes, np.int64)
    # Every span is a whole file, so its end is the file's size too.
    texts = Spans(contents, starts, stops, which)
    columns: dict[str, Column] = {"path": Cells(paths), "text": texts, "bytes": Ints(stops)}
    return Rows(DOCUMENTS, columns, len(digests), texts)


def sheet_of(value: Value) -> str | None:
    """The digest of the sheet that the rows of an input table lie in; None for any other value."""
    if isinstance(value, Rows) and value.kind == RECORDS and value.spans is not None:
        # An input lies in one sheet. Two tables that a program has joined may lie in two, but only inputs are asked.
        return value.spans.blobs[0]
    return None


def rows_of(value: Value) -> Rows | None:
    """A value as rows: rows as they are, a list as a column `value`; None for anything else."""
    if isinstance(value, Rows):
        return value
    return list_rows(value) if isinstance(value, list) else None


def text_of(value: Value, blobs: Blobs) -> Text | None:
    """A value as a span: a `Text`, or a string after it was put in the blobs; None for anything else."""
    if isinstance(value, str):
        content = value.encode()
        digest = blobs.put(content)
        return Text(digest, 0, len(content))
    return value if isinstance(value, Text) else None


def to_json(value: Value, blobs: Blobs) -> Any:
    """The value as JSON, texts as strings. The caller has charged for its size."""
    if isinstance(value, Text):
        return value.string(blobs)
    if isinstance(value, list):
        return [to_json(item, blobs) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item, blobs) for key, item in value.items()}
    if isinstance(value, Rows):
        return [to_json(item, blobs) for item in value.values(blobs)]
    return value


_KIND_WORDS = {type(None): "null", bool: "bool", int: "int", float: "float", str: "text", Text: "text", list: "list"}


def kind_of(value: Value) -> str:
    """The word for a value's kind in receipts, messages and prompts."""
    if isinstance(value, Rows):
        return value.kind
    # A text by reference and a string are one kind: a program cannot tell them apart.
    return _KIND_WORDS.get(type(value), "record")


def size_of(value: Value) -> int:
    """The bytes that a value is charged for: an estimate of its memory, by one rule on every machine.

    A text by reference is 24, whatever its length.
    """
    # Not `sys.getsizeof`: it differs between versions of Python, and a limit must refuse the same step everywhere.
    if isinstance(value, Rows):
        # Where each row is; its cells are in the content.
        own = value.spans.record_bytes() if value.kind == RECORDS and value.spans is not None else 0
        return own + sum(column_size(column) for column in value.columns.values())
    if isinstance(value, str):
        # UTF-8 bytes; ASCII is asked first since it costs no copy.
        return len(value) if value.isascii() else len(value.encode())
    if isinstance(value, Text):
        return 24
    if isinstance(value, list):
        return 8 + sum(size_of(item) for item in value)
    if isinstance(value, dict):
        return 8 + sum(len(key) + size_of(item) for key, item in value.items())
    # A whole number may have 1,000 digits.
    if isinstance(value, int):
        return 8 + value.bit_length() // 8
    return 8


def json_size(value: Value, blobs: Blobs) -> int:
    """The bytes that `to_json` builds of a value: texts by reference count whole."""
    # Before anything is read: this is how a value that would not fit is refused without building it.
    if isinstance(value, Text):
        return len(value)
    if isinstance(value, Rows):
        return value.json_size(blobs)
    if isinstance(value, list):
        return 8 + sum(json_size(item, blobs) for item in value)
    if isinstance(value, dict):
        return 8 + sum(len(key) + json_size(item, blobs) for key, item in value.items())
    return size_of(value)


def column_size(column: Column) -> int:
    """The bytes that a column is charged for; one that is computed from another column (line numbers) adds nothing."""
    if isinstance(column, Cells):
        return sum(size_of(cell) for cell in column.values)
    if isinstance(column, Spans):
        # A start and a stop of 8 bytes each, and in several contents the number of the content.
        bytes_per_span = 16 if column.which is None else 24
        return bytes_per_span * len(column)
    if isinstance(column, Groups):
        return sum(map(column_size, column.groups))
    return 8 * len(column) if isinstance(column, Ints) else 0


def descriptor(value: Value) -> bytes:
    """The bytes that a value's ref commits to."""
    return value_bytes(describe_value(value))


def descriptor_digest(value: Value) -> bytes:
    """SHA-256 of the descriptor."""
    return hashlib.sha256(descriptor(value)).digest()
