"""Rows of databases as parts of columns.

SQLite gives Python's values. Arrow lays some thousands of them end to end while they are in a processor's cache, and
what it made of a segment becomes one part for each column:

    [7, None, 9] [12, 4]      two arrays of integers, one part
    [7, None, 9] ["n/k", 4]   the second has no type: it is read value by value, and the two parts are joined

A text that is not valid UTF-8 ends a query, so the query is run once more by a connection
that mends such texts, from the row on which it stopped: that cell is said, and the rest is read.

DuckDB gives Arrow, which has no form for some of its types: integers of 128 bits, times with a zone, bits. Arrow
would hold other values there, so DuckDB is asked for their text; of integers it is read as integers again.
"""

import base64
import itertools
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

from rlmlite.errors import InputError
from rlmlite.inputs.tables.binary.arrow_columns import INFINITE, Conversion, arrow_part
from rlmlite.inputs.tables.binary.libraries import library
from rlmlite.inputs.tables.binary.whole_numbers import Whole, cast_type, needs_cast, quoted, whole_numbers
from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.layout import SEGMENT
from rlmlite_kernel.values.tables.parts import Part
from rlmlite_kernel.values.tables.writer import Batch

_ROWS = 2_048
"""Rows that are read from SQLite together: as Python's objects they still fit into a processor's cache."""

_MOST_BYTES = 16 * 1024 * 1024
"""Bytes of a batch from which on it is handed over, however few rows it has."""

_BAD_TEXT = "Could not decode to UTF-8"
_MOST_PLACES = 3


class _Mended(str):
    """A text that was not valid UTF-8, with U+FFFD for what was not."""


def _mend(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return _Mended(text.decode(errors="replace"))


def sqlite_batches(
    run: Callable[[], tuple[sqlite3.Connection, sqlite3.Cursor]], names: Sequence[str], losses: Losses, what: str
) -> Iterator[Batch]:
    """The rows of a query. `run` runs it in a new connection. Raises `InputError`."""
    mended, gathering = _MendedTexts(names), _Gathering(len(names), losses)
    for rows, has_mended in _sqlite_rows(run, what):
        cells = list(itertools.chain.from_iterable(rows))
        columns: list[Sequence[Any]] = [cells[index :: len(names)] for index in range(len(names))]
        if has_mended:
            columns = list(map(mended.column, range(len(columns)), columns))
        mended.rows += len(rows)
        gathering.add(columns)
        if gathering.is_full:
            yield gathering.take()
    if gathering.rows:
        yield gathering.take()
    mended.report(losses)


def _sqlite_rows(
    run: Callable[[], tuple[sqlite3.Connection, sqlite3.Cursor]], what: str
) -> Iterator[tuple[list[Any], bool]]:
    """Rows, and whether texts among them may have been mended."""
    seen = 0
    # With the quick way of reading texts; after one that it cannot read, with the other.
    for mend in (None, _mend):
        connection, cursor = run()
        if mend is not None:
            connection.text_factory = mend
        try:
            rows = itertools.islice(cursor, seen, None)
            while batch := list(itertools.islice(rows, _ROWS)):
                seen += len(batch)
                yield batch, mend is not None
            return
        except sqlite3.Error as error:
            if mend is not None or not str(error).startswith(_BAD_TEXT):
                raise InputError(f"{what}: {error}") from None
        finally:
            connection.close()


class _MendedTexts:
    """Which cells had a text that was not valid UTF-8. `rows` counts those of the batches before."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names, self.rows = names, 0
        self._count = 0
        self._places: list[str] = []

    def column(self, index: int, values: Sequence[Any]) -> Sequence[Any]:
        """The values of a column, mended texts as plain ones."""
        if _Mended not in set(map(type, values)):
            return values
        for row, value in enumerate(values):
            if type(value) is _Mended:
                self._count += 1
                if len(self._places) < _MOST_PLACES:
                    self._places.append(f"row {self.rows + row + 1:,} column {self._names[index]}")
        return [str(value) if type(value) is _Mended else value for value in values]

    def report(self, losses: Losses) -> None:
        """Say how many there were, and where the first of them are."""
        if self._count:
            more = ", ..." if self._count > len(self._places) else ""
            losses.add(
                f"texts that are not valid UTF-8 have U+FFFD in them: {', '.join(self._places)}{more}", self._count
            )


class _Gathering:
    """Columns that grow by some rows at a time, until they are enough for a batch."""

    def __init__(self, columns: int, losses: Losses) -> None:
        self._pieces: list[list[Any]] = [[] for _ in range(columns)]
        self._losses = losses
        self.rows = self._bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether the rows are those of a segment, or large."""
        return self.rows >= SEGMENT or self._bytes >= _MOST_BYTES

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """Add rows, as Python's values by column."""
        self.rows += len(columns[0])
        for pieces, values in zip(self._pieces, columns, strict=True):
            array = _array(values)
            pieces.append(_part_of_values(values, self._losses) if array is None else array)
            self._bytes += 0 if array is None else array.nbytes

    def take(self) -> Batch:
        """The rows so far as a batch."""
        columns, rows = [_join(pieces, self._losses) for pieces in self._pieces], self.rows
        self._pieces, self.rows, self._bytes = [[] for _ in columns], 0, 0
        return Batch(columns, rows)


def _array(values: Sequence[Any]) -> Any | None:
    """Values of one kind as an Arrow array: integers, decimals, texts, or nulls. None for others."""
    arrow = _arrow()
    if arrow is None:
        return None
    try:
        array = arrow.array(values)
    # Values of several kinds, and whole numbers that are not exact among decimals.
    except (arrow.ArrowException, OverflowError):
        return None
    # Texts of more than 2 GB come as several arrays.
    return array if str(array.type) in _KINDS and isinstance(array, arrow.Array) else None


_KINDS = ("int64", "double", "string", "null")


def _join(pieces: Sequence[Any], losses: Losses) -> Part:
    """Arrays and parts of one column as one part."""
    arrays = [piece for piece in pieces if not isinstance(piece, Part)]
    kinds = {str(array.type) for array in arrays} - {"null"}
    if len(arrays) == len(pieces) and len(kinds) == 1:
        return arrow_part(_join_arrays(arrays, kinds.pop()), Conversion(losses))
    how = Conversion(losses)
    return parts.concatenate([piece if isinstance(piece, Part) else arrow_part(piece, how) for piece in pieces])


def _join_arrays(arrays: Sequence[Any], kind: str) -> Any:
    arrow = library("pyarrow")
    # Many texts may be too long for offsets of 4 bytes.
    wide = arrow.large_string() if kind == "string" else arrow.type_for_alias(kind)
    return arrow.concat_arrays([array.cast(wide) for array in arrays])


@cache
def _arrow() -> Any | None:
    """pyarrow, or None where it is not installed. Looked for once, not for each of many batches."""
    return None if find_spec("pyarrow") is None else library("pyarrow")


def _part_of_values(values: Sequence[Any], losses: Losses) -> Part:
    """Values of any kinds."""
    kinds = set(map(type, values))
    if bytes in kinds:
        values = [base64.b64encode(value).decode() if isinstance(value, bytes) else value for value in values]
    if float in kinds:
        values = [_finite(value, losses) for value in values]
    return parts.of_values(values)


def _finite(value: Any, losses: Losses) -> Any:
    """A value, or null for an infinite number."""
    if type(value) is float and not math.isfinite(value):
        losses.add(INFINITE)
        return None
    return value


def spell_for_arrow(relation: Any) -> tuple[Any, Mapping[int, Whole]]:
    """A relation of DuckDB with texts for what Arrow cannot hold, and where in which columns they are whole numbers."""
    types = list(relation.types)
    if not any(map(needs_cast, types)):
        return relation, {}
    columns = []
    for number, (name, kind) in enumerate(zip(relation.columns, types, strict=True), 1):
        # By position: names may recur.
        column = f"CAST(#{number} AS {cast_type(kind)})" if needs_cast(kind) else f"#{number}"
        columns.append(f"{column} AS {quoted(name)}")
    whole = {index: found for index, kind in enumerate(types) if (found := whole_numbers(kind)) is not None}
    return relation.project(", ".join(columns)), whole
