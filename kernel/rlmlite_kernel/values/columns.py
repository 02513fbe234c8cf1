"""Columns: many values of one kind, without one object for each.

A million hits are two arrays of offsets: 16 MB, where a million records would be a gigabyte. A column is such an array,
or a list of cells, or it is computed from another column when it is looked at (a hit's line number, its whole line).

    Spans(("3f2a..",), starts=[0, 8], stops=[3, 11])      the texts content[0:3] and content[8:11]
    LineNumbers(those spans)                              [1, 2], once somebody asks

A column reads content, by digest, only through the blobs that it is handed. Columns never change.
"""

import hashlib
import operator
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray, digest_of
from rlmlite_kernel.records.canonical import PLAIN, value_bytes
from rlmlite_kernel.values.blobs import Blobs, digest_of_name

if TYPE_CHECKING:
    from rlmlite_kernel.values.values import Value


class Text(msgspec.Struct, frozen=True):
    """`start:stop` (UTF-8 bytes, at code points) of a content, by name (`values.blobs`): a slice is never a copy."""

    blob: str
    start: int
    stop: int

    def __len__(self) -> int:
        """The length in bytes."""
        return self.stop - self.start

    def read(self, blobs: Blobs) -> bytes:
        """The bytes themselves."""
        return bytes(blobs.read(digest_of_name(self.blob))[self.start : self.stop])

    def string(self, blobs: Blobs) -> str:
        """The text as a `str`."""
        return self.read(blobs).decode()


class Column(Protocol):
    """One value per row."""

    def __len__(self) -> int:
        """The number of rows."""
        ...

    def at(self, row: int, blobs: Blobs) -> "Value":
        """The value of one row."""
        ...

    def cells(self, blobs: Blobs) -> "Sequence[Value]":
        """The values of all rows."""
        ...

    def take(self, rows: IntArray) -> "Column":
        """The column of these rows, in this order."""
        ...

    def describe(self) -> Any:
        """JSON that identifies what the column holds, with digests in place of what is long."""
        ...


class Ints:
    """Numbers."""

    def __init__(self, values: IntArray) -> None:
        self.values = values
        self._digest = ""

    def __len__(self) -> int:
        return len(self.values)

    def at(self, row: int, blobs: Blobs) -> "Value":
        """See `Column.at`."""
        return int(self.values[row])

    def cells(self, blobs: Blobs) -> "Sequence[Value]":
        """See `Column.cells`."""
        cells: list[Value] = self.values.tolist()
        return cells

    def take(self, rows: IntArray) -> "Ints":
        """See `Column.take`."""
        return Ints(self.values[rows])

    def describe(self) -> Any:
        """See `Column.describe`."""
        self._digest = self._digest or digest_of(self.values)
        return ["ints", len(self), self._digest]


_SIZED = 1 << 16


class Spans:
    """Texts by reference: `which[row]` picks a content (all of them the first when `None`).

    A start of -1 marks null.
    """

    def __init__(
        self, blobs: tuple[str, ...], starts: IntArray, stops: IntArray, which: IntArray | None = None
    ) -> None:
        self.blobs, self.which = blobs, which
        self._starts, self._stops = starts, stops
        self._description: Any = None

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def starts(self) -> IntArray:
        """Where each text begins."""
        return self._starts

    @property
    def stops(self) -> IntArray:
        """Where each text ends."""
        return self._stops

    def blob_at(self, row: int) -> str:
        """The digest of the content that a row's text lies in."""
        return self.blobs[0 if self.which is None else int(self.which[row])]

    def at(self, row: int, blobs: Blobs) -> "Value":
        """See `Column.at`."""
        start = int(self.starts[row])
        return None if start < 0 else Text(self.blob_at(row), start, int(self.stops[row]))

    def cells(self, blobs: Blobs) -> "Sequence[Value]":
        """See `Column.cells`."""
        names = self.blobs
        pairs = zip(self.starts.tolist(), self.stops.tolist(), strict=True)
        if self.which is None:
            return [None if a < 0 else Text(names[0], a, b) for a, b in pairs]
        which = self.which.tolist()
        return [None if a < 0 else Text(names[w], a, b) for w, (a, b) in zip(which, pairs, strict=True)]

    def take(self, rows: IntArray) -> "Spans":
        """See `Column.take`."""
        which = None if self.which is None else self.which[rows]
        return Spans(self.blobs, self.starts[rows], self.stops[rows], which)

    def longest(self) -> int:
        """The bytes of the longest text."""
        return self._sizes[0]

    def total_bytes(self) -> int:
        """The bytes of all texts that have to be read to know them all."""
        return self._sizes[1]

    @cached_property
    def _sizes(self) -> tuple[int, int]:
        """The bytes of the longest text, and of all. In blocks, whose lengths stay in the processor's cache."""
        starts, stops = self.starts, self.stops
        longest = total = 0
        for start in range(0, len(starts), _SIZED):
            lengths = stops[start : start + _SIZED] - starts[start : start + _SIZED]
            longest = max(longest, int(lengths.max()))
            total += int(lengths.clip(0).sum())
        return longest, total

    def record_bytes(self) -> int:
        """The bytes that rows are charged for standing at these places: the offsets, and the number of the content."""
        return 24 * len(self)

    def describe(self) -> Any:
        """See `Column.describe`."""
        if self._description is None:
            arrays = [None if each is None else digest_of(each) for each in (self.starts, self.stops, self.which)]
            self._description = ["spans", len(self), list(self.blobs), *arrays]
        return self._description

    def by_blob(self) -> "list[tuple[str, IntArray]]":
        """For each content, the rows whose text lies in it."""
        if self.which is None:
            return [(self.blobs[0], np.arange(len(self)))] if len(self) else []
        order = np.argsort(self.which, kind="stable")
        which = self.which[order]
        cuts = np.flatnonzero(np.diff(which)) + 1
        return [(self.blobs[int(self.which[rows[0]])], rows) for rows in np.split(order, cuts) if len(rows)]


_BLOCK = 4_096
"""Cells that are written as JSON together."""


class Cells:
    """Any values, one object each."""

    def __init__(self, values: "Sequence[Value]") -> None:
        self.values = values
        self._digest = ""

    def __len__(self) -> int:
        return len(self.values)

    def at(self, row: int, blobs: Blobs) -> "Value":
        """See `Column.at`."""
        return self.values[row]

    def cells(self, blobs: Blobs) -> "Sequence[Value]":
        """See `Column.cells`."""
        return self.values

    def take(self, rows: IntArray) -> "Cells":
        """See `Column.take`."""
        values = self.values
        return Cells([values[row] for row in rows.tolist()])

    def describe(self) -> Any:
        """See `Column.describe`."""
        if not self._digest:
            digest = hashlib.sha256(b"[")
            # In blocks, since the JSON of all cells takes several times what the cells take.
            for start in range(0, len(self.values), _BLOCK):
                cells = value_bytes(describe_value(list(self.values[start : start + _BLOCK])))
                digest.update(b"," if start else b"")
                digest.update(memoryview(cells)[1:-1])
            digest.update(b"]")
            self._digest = digest.hexdigest()
        return ["cells", len(self), self._digest]


class Constant:
    """One value for every row."""

    def __init__(self, value: "Value", rows: int) -> None:
        self.value, self._rows = value, rows

    def __len__(self) -> int:
        return self._rows

    def at(self, row: int, blobs: Blobs) -> "Value":
        """See `Column.at`."""
        return self.value

    def cells(self, blobs: Blobs) -> "Sequence[Value]":
        """See `Column.cells`."""
        return [self.value] * self._rows

    def take(self, rows: IntArray) -> "Constant":
        """See `Column.take`."""
        return Constant(self.value, len(rows))

    def describe(self) -> Any:
        """See `Column.describe`."""
        return ["constant", self._rows, describe_value(self.value)]


class _OfSpans:
    """What is computed from texts, one value for each, when it is asked for."""

    _tag: ClassVar[str]

    def __init__(self, spans: Spans) -> None:
        self.spans = spans

    def __len__(self) -> int:
        return len(self.spans)

    def take(self, rows: IntArray) -> "Self":
        """See `Column.take`."""
        return type(self)(self.spans.take(rows))

    def describe(self) -> Any:
        """See `Column.describe`."""
        return [self._tag, self.spans.describe()]


class LineNumbers(_OfSpans):
    """The 1-based line on which each text begins, looked up when it is asked for."""

    _tag = "line-numbers"

    def __init__(self, spans: Spans) -> None:
        super().__init__(spans)
        self._numbers: IntArray | None = None

    def at(self, row: int, blobs: Blobs) -> "Value":
        """See `Column.at`."""
        if self._numbers is not None:
            return int(self._numbers[row])
        return blobs.lines(digest_of_name(self.spans.blob_at(row))).line_at(int(self.spans.starts[row]))

    def cells(self, blobs: Blobs) -> "Sequence[Value]":
        """See `Column.cells`."""
        return self.numbers(blobs).tolist()  # type: ignore[no-any-return]

    def numbers(self, blobs: Blobs) -> IntArray:
        """The line numbers as an array."""
        if self._numbers is None:
            self._numbers = np.zeros(len(self), np.int64)
            for blob, rows in self.spans.by_blob():
                self._numbers[rows] = blobs.lines(digest_of_name(blob)).lines_at(self.spans.starts[rows])
        return self._numbers


class LineCounts(_OfSpans):
    """How many lines each text has, counted when it is asked for."""

    _tag = "line-counts"

    def at(self, row: int, blobs: Blobs) -> "Value":
        """See `Column.at`."""
        start, stop = int(self.spans.starts[row]), int(self.spans.stops[row])
        if stop <= start:
            return 0
        index = blobs.lines(digest_of_name(self.spans.blob_at(row)))
        return index.line_at(stop - 1) - index.line_at(start) + 1

    def cells(self, blobs: Blobs) -> "Sequence[Value]":
        """See `Column.cells`."""
        return [self.at(row, blobs) for row in range(len(self))]


class LineTexts(_OfSpans):
    """The whole line around the start of each text, looked up when it is asked for."""

    _tag = "line-texts"

    def __init__(self, spans: Spans) -> None:
        super().__init__(spans)
        self._lines: Spans | None = None

    def at(self, row: int, blobs: Blobs) -> "Value":
        """See `Column.at`."""
        if self._lines is not None:
            return self._lines.at(row, blobs)
        blob = self.spans.blob_at(row)
        return Text(blob, *blobs.lines(digest_of_name(blob)).bounds_at(int(self.spans.starts[row])))

    def cells(self, blobs: Blobs) -> "Sequence[Value]":
        """See `Column.cells`."""
        return self.lines(blobs).cells(blobs)

    def lines(self, blobs: Blobs) -> Spans:
        """The lines as spans."""
        if self._lines is None:
            starts, stops = np.zeros((2, len(self)), np.int64)
            for blob, rows in self.spans.by_blob():
                starts[rows], stops[rows] = blobs.lines(digest_of_name(blob)).bounds(self.spans.starts[rows])
            self._lines = Spans(self.spans.blobs, starts, stops, self.spans.which)
        return self._lines


class Groups:
    """A list per row: the texts of a regular expression's groups."""

    def __init__(self, groups: tuple[Spans, ...], rows: int) -> None:
        self.groups, self._rows = groups, rows

    def __len__(self) -> int:
        return self._rows

    def at(self, row: int, blobs: Blobs) -> "Value":
        """See `Column.at`."""
        return [group.at(row, blobs) for group in self.groups]

    def cells(self, blobs: Blobs) -> "Sequence[Value]":
        """See `Column.cells`."""
        if not self.groups:
            return [[]] * self._rows
        return [list(row) for row in zip(*(group.cells(blobs) for group in self.groups), strict=True)]

    def take(self, rows: IntArray) -> "Groups":
        """See `Column.take`."""
        return Groups(tuple(group.take(rows) for group in self.groups), len(rows))

    def describe(self) -> Any:
        """See `Column.describe`."""
        return ["groups", self._rows, [group.describe() for group in self.groups]]


def describe_value(value: "Value") -> Any:
    """JSON that identifies a value in digests: texts as `[blob, start, stop]`, under a key that no user key can be."""
    kind = type(value)
    if kind is Text:
        return {"$text": [value.blob, value.start, value.stop]}  # type: ignore[union-attr]
    if kind is list:
        if PLAIN.issuperset(map(type, value)):  # type: ignore[arg-type]
            return value
        items = [describe_value(item) for item in value]  # type: ignore[union-attr]
        # The list itself, if no text by reference is in it: a list of lists of one list is far larger than it is.
        return value if all(map(operator.is_, items, value)) else items  # type: ignore[arg-type]
    if kind is dict:
        return {"$" * key.startswith("$") + key: describe_value(item) for key, item in value.items()}  # type: ignore[union-attr]
    if isinstance(value, (str, int, float)) or value is None:
        return value
    return {"$rows": value.describe()}  # type: ignore[union-attr]
