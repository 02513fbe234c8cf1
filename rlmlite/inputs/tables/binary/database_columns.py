"""Rows of databases as parts of columns.

SQLite gives Python's values. A text that is not valid UTF-8 ends a query, so the query is run once more by a connection
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
from rlmlite_kernel.values.tables.parts import Part
from rlmlite_kernel.values.tables.writer import Batch

_ROWS = 2_000
"""Rows that are read from SQLite together: as Python's objects they still fit into a processor's cache."""

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
    mended = _MendedTexts(names)
    for rows, has_mended in _sqlite_rows(run, what):
        columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True))
        if has_mended:
            columns = list(map(mended.column, range(len(columns)), columns))
        mended.rows += len(rows)
        yield Batch([_sqlite_part(column, losses) for column in columns], len(rows))
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


def _sqlite_part(values: Sequence[Any], losses: Losses) -> Part:
    kinds = set(map(type, values)) - {type(None)}
    kind = _arrow_types().get(next(iter(kinds))) if len(kinds) == 1 else None
    if kind is not None:
        # Arrow lays values of one type end to end, and codes texts that recur, many times faster than Python.
        return arrow_part(library("pyarrow").array(values, kind), Conversion(losses))
    if bytes in kinds:
        values = [base64.b64encode(value).decode() if isinstance(value, bytes) else value for value in values]
    if float in kinds:
        values = [_finite(value, losses) for value in values]
    return parts.of_values(values)


@cache
def _arrow_types() -> Mapping[type, Any]:
    """The types of Arrow for those of Python; none without pyarrow. Looked for once, not for each of many batches."""
    if find_spec("pyarrow") is None:
        return {}
    arrow = library("pyarrow")
    return {str: arrow.large_string(), int: arrow.int64(), float: arrow.float64()}


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
