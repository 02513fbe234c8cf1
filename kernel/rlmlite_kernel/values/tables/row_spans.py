"""The rows of a table as spans, which share one list of row numbers with its columns.

Taking a million rows of a table of ten columns makes one array of a million numbers, not eleven: every column, and the
spans of the rows, hold the same `Chosen`.

    where(table, .n > 5)     Chosen([3, 17, 20]), shared by the columns n, name, ... and by the spans

Rows of a text (CSV, JSON Lines) are spans of that text: of the file's own bytes. Rows of a binary table have no text to
lie in. They get places beyond the end of the columnar content, each the same number of bytes, so that they can be told
apart and counted; no byte is ever read there.

    content of 1,000 bytes, 10 rows      row 3 is [1300, 1400)

Not here: how a content is read (`store`), which most runs never need.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray, digest_of
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.values import Value

if TYPE_CHECKING:
    from rlmlite_kernel.values.tables.store import ColumnStore


class Chosen:
    """Row numbers that several columns share; `numbers` is None for all rows."""

    def __init__(self, numbers: IntArray | None, count: int) -> None:
        self.numbers, self.count = numbers, count
        self._taken: tuple[IntArray, Chosen] | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the numbers; empty for all rows."""
        return "" if self.numbers is None else digest_of(self.numbers)

    @cached_property
    def rises(self) -> bool:
        """Whether the numbers rise, as those of rows that were left out of others do."""
        return self.numbers is None or bool((self.numbers[1:] > self.numbers[:-1]).all())

    def at(self, row: int) -> int:
        """The number of a row in the table."""
        return row if self.numbers is None else int(self.numbers[row])

    def all_numbers(self) -> IntArray:
        """The numbers, also of all rows."""
        return np.arange(self.count) if self.numbers is None else self.numbers

    def take(self, rows: IntArray) -> "Chosen":
        """Of these rows those at some places. The columns of one table all ask with the same array: they share it."""
        if self._taken is None or self._taken[0] is not rows:
            numbers = rows if self.numbers is None else self.numbers[rows]
            self._taken = (rows, Chosen(numbers, len(numbers)))
        return self._taken[1]


def join_row_spans(parts: Sequence[Spans]) -> "RowSpans | None":
    """Rows of one table end to end, or None if these are not all of one."""
    tables = [part for part in parts if isinstance(part, RowSpans)]
    if len(tables) < len(parts) or len({part.store.blob for part in tables}) != 1:
        return None
    numbers = [part.chosen.all_numbers() for part in tables]
    joined = np.concatenate(numbers)
    return RowSpans(tables[0].store, Chosen(joined, len(joined)))


class RowSpans(Spans):
    """The rows of a table as spans: of its text, or of the places that stand for rows."""

    bytes_per_row = 8

    def __init__(self, store: "ColumnStore", chosen: Chosen) -> None:
        super().__init__((store.text or store.blob,), _NONE, _NONE)
        self.store, self.chosen = store, chosen

    def __len__(self) -> int:
        return self.chosen.count

    @property
    def has_text(self) -> bool:
        """Whether the rows are records of a text."""
        return bool(self.store.text)

    @cached_property
    def starts(self) -> IntArray:
        """See `Spans.starts`; computed when somebody asks."""
        return self._bounds[0]

    @cached_property
    def stops(self) -> IntArray:
        """See `Spans.stops`."""
        return self._bounds[1]

    @cached_property
    def _bounds(self) -> tuple[IntArray, IntArray]:
        numbers = self.chosen.numbers
        if not self.has_text:
            rows = np.arange(self.store.rows) if numbers is None else numbers
            starts = len(self.store.content) + rows * self._share
            return starts, starts + self._share
        first = len(self.store.names)
        starts, lengths = self.store.integers(first), self.store.integers(first + 1)
        if numbers is not None:
            starts, lengths = starts[numbers], lengths[numbers]
        return starts, starts + lengths

    @cached_property
    def _record_starts(self) -> IntArray:
        """Where the record of each row of the table begins in its text."""
        return self.store.integers(len(self.store.names))

    @property
    def _share(self) -> int:
        """Bytes that stand for a row of a binary table."""
        return max(1, len(self.store.content) // max(1, self.store.rows))

    def at(self, row: int, blobs: Blobs) -> Value:
        """See `Column.at`."""
        return self.text_of(self.chosen.at(row))

    def text_of(self, number: int) -> Text:
        """The span of a row of the table."""
        if not self.has_text:
            start = len(self.store.content) + number * self._share
            return Text(self.store.blob, start, start + self._share)
        first = len(self.store.names)
        begin, length = self.store.cell(first, number), self.store.cell(first + 1, number)
        assert isinstance(begin, int)
        assert isinstance(length, int)
        return Text(self.blobs[0], begin, begin + length)

    @property
    def axis(self) -> tuple[str, int, int]:
        """The places that all rows lie in: which content, the first of them, and how many."""
        store = self.store
        if self.has_text:
            return self.blobs[0], 0, store.description.text_size
        return store.blob, len(store.content), store.rows * self._share

    def row_of(self, text: Text) -> int | None:
        """The number of the row that a text is of: of a cell, of a line of the rendered table, of a row's place.

        None for a text that lies elsewhere; in the text that rows are records of, that of the record it begins in.
        """
        store = self.store
        if self.has_text and text.blob == self.blobs[0]:
            number = int(np.searchsorted(self._record_starts, text.start, side="right")) - 1
            return number if number >= 0 else None
        if store.rendered is not None and text.blob == store.rendered.blob:
            return int(np.searchsorted(store.rendered.starts, text.start, side="right")) - 1
        if text.blob != store.blob:
            return None
        beyond = text.start - len(store.content)
        return store.row_of(text.start) if beyond < 0 else beyond // self._share

    @property
    def text_blobs(self) -> tuple[str, ...]:
        """The text that the rows are records of, if there is one."""
        return self.blobs if self.has_text else ()

    def cells_of(self, number: int) -> list[Value]:
        """The cells of a row of the table, in the order of its columns."""
        return [self.store.cell(index, number) for index in range(len(self.store.names))]

    def has_cell(self, text: Text) -> bool:
        """Whether a text is a cell of the columns: its place says nothing of its row where texts recur."""
        return text.blob == self.store.blob and text.start < len(self.store.content)

    def place_in(self, number: int, cell: Text, blobs: Blobs) -> Text:
        """Where a cell stands in the record of its row; the whole row where it is in no text, or spelled otherwise."""
        record = self.text_of(number)
        if not self.has_text:
            return record
        words = cell.read(blobs)
        found = bytes(blobs.read(record.blob)[record.start : record.stop]).find(words)
        if not words or found < 0:
            return record
        return Text(record.blob, record.start + found, record.start + found + len(words))

    def place_of(self, text: Text) -> Text | None:
        """The rows that a text is of, see `row_of`, as one span; None for one that lies elsewhere, also in a record."""
        first = None if text.blob in self.text_blobs else self.row_of(text)
        if first is None:
            return None
        last = first
        if text.blob != self.store.blob and text.stop > text.start:
            last = self.row_of(Text(text.blob, text.stop - 1, text.stop)) or first
        begins, ends = self.text_of(first), self.text_of(last)
        return Text(begins.blob, begins.start, ends.stop)

    def take(self, rows: IntArray) -> "RowSpans":
        """See `Column.take`."""
        return RowSpans(self.store, self.chosen.take(rows))

    def record_bytes(self) -> int:
        """See `Spans.record_bytes`: the row numbers, once for all columns."""
        return 0 if self.chosen.numbers is None else 8 * len(self)

    def describe(self) -> Any:
        """See `Column.describe`."""
        chosen = [self.chosen.digest] if self.chosen.digest else []
        return ["stored-rows", self.store.blob, len(self), *chosen]


_NONE = np.zeros(0, np.int64)
