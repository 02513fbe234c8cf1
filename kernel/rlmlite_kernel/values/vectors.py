"""Vectors: the values of a column as arrays, where they are all of one kind, or null.

They are how actions process a million rows. What cannot be a vector (mixed kinds, lists, numbers beyond 64 bits) is
processed value by value. That way is the specification: a vector may be faster, and never gives another result.

    [3, null, 5]      data [3, 0, 5], null [no, yes, no]
    [3, "a"]          no vector
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray
from rlmlite_kernel.engines.sheets.spans import SpanBytes
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Cells, Column, Ints, LineNumbers, LineTexts, Spans
from rlmlite_kernel.values.values import Value

EXACT = 2**53
"""Whole numbers up to here are exact as decimals."""

LARGEST = 2**63 - 1

MANY = 1_000
"""Rows from which whole columns are processed at once; below, setting that up takes longer than it saves."""

GATHERED = 256 * 1024 * 1024
"""Texts of several contents are copied into one to be compared, unless they have more bytes than this."""


NOT_NULL: BoolArray = np.zeros(1, np.bool_)
"""The flag of a value that is there, to be broadcast: so it takes no memory, however many rows there are."""


def are_many(rows: int) -> bool:
    """Whether this many rows are processed as whole columns."""
    return rows >= MANY


class Vector:
    """Values of one kind. `null` marks the rows that have none.

    `data` has the others: integers (64 bits), decimals, flags, or the spans of texts. Of decimals `whole` marks those
    that are whole numbers of the language (2, not 2.0), which are at most `EXACT`.
    """

    def __init__(
        self, kind: Literal["int", "float", "bool", "text"], null: BoolArray, data: Any, whole: BoolArray | None = None
    ) -> None:
        self.kind, self.null, self.data, self.whole = kind, null, data, whole

    def __len__(self) -> int:
        return len(self.null)

    @property
    def nothing(self) -> bool:
        """Whether every value is null."""
        return bool(self.null.all())

    @cached_property
    def is_full(self) -> bool:
        """Whether no value is null."""
        # Of many columns without nulls, one flag stands for all rows.
        return not bool(self.null[:1].any() if self.null.strides == (0,) else self.null.any())

    def there(self) -> IntArray:
        """The rows that have a value."""
        return np.arange(len(self)) if self.is_full else np.flatnonzero(~self.null)

    def take(self, rows: IntArray) -> "Vector":
        """These rows, in this order."""
        data = self.data.take(rows) if isinstance(self.data, Spans | Strings) else self.data[rows]
        null = np.broadcast_to(NOT_NULL, (len(rows),)) if self.is_full else self.null[rows]
        return Vector(self.kind, null, data, None if self.whole is None else self.whole[rows])

    def values(self, blobs: Blobs) -> list[Value]:
        """Every value, as a column gives it."""
        if isinstance(self.data, Spans):
            return list(self.data.cells(blobs))
        values: list[Value] = self.data.cells(blobs) if isinstance(self.data, Strings) else self.data.tolist()
        if self.whole is not None:
            for row in np.flatnonzero(self.whole).tolist():
                values[row] = int(values[row])  # type: ignore[arg-type]
        for row in np.flatnonzero(self.null).tolist():
            values[row] = None
        return values

    def bytes(self, blobs: Blobs) -> SpanBytes | None:
        """The texts as bytes of one content, null as an empty one; None if there are too many to bring together."""
        if isinstance(self.data, Strings):
            return self.data.bytes
        spans: Spans = self.data
        if len(spans.blobs) == 1:
            starts, stops = spans.starts, spans.stops
            if self.null.any():
                starts, stops = np.where(self.null, 0, starts), np.where(self.null, 0, stops)
            return SpanBytes(blobs.read(spans.blobs[0]), starts, stops)
        if int((spans.stops - spans.starts)[~self.null].sum()) > GATHERED:
            return None
        return gather([b"" if text is None else text.read(blobs) for text in spans.cells(blobs)])  # type: ignore[union-attr]


class CodedSpans(Spans):
    """Texts that recur: a number for each row (-1 is null) into a dictionary, whose texts may be in it twice.

    What is asked of each text is asked of the dictionary, and the answers are handed out by number.
    """

    def __init__(self, codes: npt.NDArray[np.int32], dictionary: Spans) -> None:
        super().__init__(dictionary.blobs, dictionary.starts, dictionary.stops)
        self.codes, self.dictionary = codes, dictionary

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def starts(self) -> IntArray:
        """See `Spans.starts`."""
        return self._of_rows(self._starts)

    @property
    def stops(self) -> IntArray:
        """See `Spans.stops`."""
        return self._of_rows(self._stops)

    def _of_rows(self, bounds: IntArray) -> IntArray:
        # The number -1 picks the last, which is put there for null.
        return np.append(bounds, -1)[self.codes]

    def at(self, row: int, blobs: Blobs) -> Value:
        """See `Column.at`."""
        code = int(self.codes[row])
        return None if code < 0 else self.dictionary.at(code, blobs)

    def take(self, rows: IntArray) -> "CodedSpans":
        """See `Column.take`."""
        return CodedSpans(self.codes[rows], self.dictionary)

    def longest(self) -> int:
        """See `Spans.longest`: of the dictionary, which may have a longer one than these rows."""
        return self.dictionary.longest()

    def total_bytes(self) -> int:
        """See `Spans.total_bytes`: each text of the dictionary is read once."""
        return self.dictionary.total_bytes()

    def as_vector(self) -> "Vector":
        """The dictionary as a vector."""
        return Vector("text", np.zeros(len(self.dictionary), bool), self.dictionary)


class Strings:
    """Texts that are not spans of a content, such as the results of `lower`; null is an empty text here."""

    def __init__(self, texts: SpanBytes) -> None:
        self.bytes = texts

    def cells(self, blobs: Blobs) -> list[Value]:
        """The texts."""
        return [text.decode() for text in self.bytes.texts()]

    def take(self, rows: IntArray) -> "Strings":
        """These rows, in this order."""
        return Strings(self.bytes.take(rows))


def gather(texts: Sequence[bytes]) -> SpanBytes:
    """Texts laid end to end."""
    stops = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), dtype=np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]]) if len(texts) else stops
    return SpanBytes(b"".join(texts), starts, stops)


@runtime_checkable
class HasVector(Protocol):
    """A column that knows how to be a vector."""

    def vector(self, blobs: Blobs) -> Vector | None:
        """The values as arrays, if they are of one kind."""
        ...


@runtime_checkable
class SharesRows(Protocol):
    """A column that shares its row numbers with other columns of the same rows."""

    bytes_per_row: int
    """Memory that taking a row adds to this one."""


def vector_of(column: Column, blobs: Blobs) -> Vector | None:
    """A column as a vector, if its values are of one kind."""
    if isinstance(column, Ints):
        return Vector("int", _all_there(column), column.values)
    if isinstance(column, LineNumbers):
        return Vector("int", _all_there(column), column.numbers(blobs))
    if isinstance(column, Spans):
        return Vector("text", column.starts < 0, column)
    if isinstance(column, LineTexts):
        return vector_of(column.lines(blobs), blobs)
    if isinstance(column, Cells):
        return of_values(column.values)
    return column.vector(blobs) if isinstance(column, HasVector) else None


def _all_there(column: Column) -> BoolArray:
    return np.zeros(len(column), bool)


def as_decimals(vector: Vector) -> npt.NDArray[np.float64] | None:
    """Numbers as decimals, or None if one of them would not be exact."""
    if vector.kind == "int" and len(vector) and max(-int(vector.data.min()), int(vector.data.max())) > EXACT:
        return None
    decimals: npt.NDArray[np.float64] = vector.data.astype(np.float64)
    return decimals


def whole_numbers(vector: Vector, blobs: Blobs) -> Vector | None:
    """Texts of up to 18 digits as the numbers that they say, or None if one of them says something else."""
    if vector.kind == "int":
        return vector
    texts = vector.bytes(blobs) if vector.kind == "text" else None
    rows = np.flatnonzero(~vector.null)
    numbers = None if texts is None else texts.take(rows).whole_numbers()
    if numbers is None:
        return None
    values = np.zeros(len(vector), np.int64)
    values[rows] = numbers
    return Vector("int", vector.null, values)


def of_values(values: Sequence[Value]) -> Vector | None:
    """Values one by one as a vector, if they are of one kind."""
    kinds = set(map(type, values))
    null = np.fromiter((value is None for value in values), bool, len(values))
    kinds.discard(type(None))
    if kinds == {int}:
        return _of_ints(values, null)
    if kinds == {float}:
        return Vector("float", null, _fill_nulls(values, null, np.float64), np.zeros(len(values), bool))
    if kinds == {int, float}:
        return _of_numbers(values, null)
    if kinds == {bool}:
        return Vector("bool", null, _fill_nulls(values, null, np.bool_))
    if kinds == {str}:
        return Vector("text", null, Strings(gather([v.encode() if isinstance(v, str) else b"" for v in values])))
    return None


def _of_ints(values: Sequence[Any], null: BoolArray) -> Vector | None:
    try:
        return Vector("int", null, _fill_nulls(values, null, np.int64))
    except OverflowError:
        return None


def _of_numbers(values: Sequence[Any], null: BoolArray) -> Vector | None:
    whole = np.fromiter((type(value) is int for value in values), bool, len(values))
    if any(abs(values[row]) > EXACT for row in np.flatnonzero(whole).tolist()):
        return None
    return Vector("float", null, _fill_nulls(values, null, np.float64), whole)


def _fill_nulls(values: Sequence[Any], null: BoolArray, kind: Any) -> Any:
    if not null.any():
        return np.array(values, kind)
    return np.array([0 if value is None else value for value in values], kind)
