"""Parquet, Arrow files and data frames, by pyarrow: `pip install 'rlmlite[tables]'`.

Anything that gives an Arrow stream (`__arrow_c_stream__`: polars, pandas, pyarrow, duckdb) or the dataframe interchange
protocol (`__dataframe__`) is a table.
"""

import importlib
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from rlmlite.errors import InputError
from rlmlite.inputs.tables.cells import NULL, ROWS, Altered, Batch, column, seconds, texts, trimmed
from rlmlite.inputs.tables.places import TableFile
from rlmlite.inputs.tables.table import TableRead

Arrow: TypeAlias = Any
"""Something of pyarrow's, which is imported only when it is needed and has no types."""

BATCH = 65_536
"""How many rows are asked for at once, where one can ask."""

_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def library(name: str) -> Any:
    """A module of the extra `tables`. Raises `InputError` if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(f"this table needs {name.partition('.')[0]}: pip install 'rlmlite[tables]'") from None


def is_frame(value: object) -> bool:
    """Whether a Python value is a data frame."""
    return hasattr(value, "__arrow_c_stream__") or hasattr(value, "__dataframe__")


def read_parquet(path: TableFile, told: dict[str, str]) -> TableRead:
    """A Parquet file. Raises `InputError`, `OSError`."""
    parquet = library("pyarrow.parquet")
    file = _or_refused(lambda: parquet.ParquetFile(path.at), f"{path} is no Parquet file")
    return _table(file.schema_arrow, lambda: file.iter_batches(BATCH), str(path))


def read_arrow(path: TableFile, told: dict[str, str]) -> TableRead:
    """An Arrow IPC file (Feather is one) or stream. Raises `InputError`, `OSError`."""
    ipc = library("pyarrow.ipc")

    def opened() -> Arrow:
        mapped = library("pyarrow").memory_map(str(path.at))
        try:
            return ipc.open_file(mapped)
        except library("pyarrow").ArrowInvalid:
            mapped.seek(0)
            return ipc.open_stream(mapped)

    file = _or_refused(opened, f"{path} is no Arrow file")
    if hasattr(file, "num_record_batches"):
        return _table(file.schema, lambda: map(file.get_batch, range(file.num_record_batches)), str(path))
    return _table(file.schema, lambda: iter(file), str(path))


def read_frame(value: object) -> TableRead:
    """A data frame. Raises `InputError`."""
    pyarrow, what = library("pyarrow"), type(value).__name__

    def opened() -> Arrow:
        if hasattr(value, "__arrow_c_stream__"):
            return pyarrow.RecordBatchReader.from_stream(value)
        return library("pyarrow.interchange").from_dataframe(value).to_reader()

    reader = _or_refused(opened, f"the {what} is no table")
    return _table(reader.schema, lambda: iter(reader), what)


def read_stream(reader: Arrow, what: str) -> TableRead:
    """An Arrow stream, which is read once."""
    return _table(reader.schema, lambda: iter(reader), what)


def _or_refused(work: Callable[[], Any], message: str) -> Any:
    """What pyarrow gives, or its error in a word of ours."""
    pyarrow = library("pyarrow")
    try:
        return work()
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"{message}: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from None


def _table(schema: Arrow, opened: Callable[[], Iterator[Arrow]], what: str) -> TableRead:
    def batches(altered: Altered) -> Iterator[Batch]:
        rest = _or_refused(opened, what)
        while (batch := _or_refused(lambda: next(rest, None), what)) is not None:
            for start in range(0, batch.num_rows, ROWS):
                part = batch.slice(start, ROWS)
                yield [_cells(array, altered) for array in part.columns]

    return TableRead(tuple(schema.names), batches, library("pyarrow").__version__, {})


def _cells(array: Arrow, altered: Altered) -> list[str]:
    """One column of a batch as cells."""
    types = library("pyarrow").types
    kind = array.type
    if types.is_dictionary(kind):
        return _cells(array.dictionary_decode(), altered)
    if types.is_integer(kind):
        return [NULL if value is None else str(value) for value in array.to_pylist()]
    if types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view":
        values = array.to_pylist()
        return texts(values) if not array.null_count else [NULL if v is None else f'"{v}"' for v in values]
    if types.is_timestamp(kind):
        return _timestamps(array)
    if types.is_duration(kind):
        counts = array.cast(library("pyarrow").int64()).to_pylist()
        return [NULL if count is None else f'"{seconds(count, _DIGITS[kind.unit])}"' for count in counts]
    if types.is_time(kind):
        return [NULL if v is None else f'"{trimmed(v)}"' for v in array.cast(library("pyarrow").string()).to_pylist()]
    return column(array.to_pylist(), altered)


def _timestamps(array: Arrow) -> list[str]:
    """Moments in ISO form, in UTC if they have a zone, to the nanosecond: Python's own stop at microseconds."""
    pyarrow, zone = library("pyarrow"), "" if array.type.tz is None else "Z"
    moments = array.cast(pyarrow.timestamp(array.type.unit)).cast(pyarrow.string()).to_pylist()
    return [NULL if moment is None else f'"{trimmed(moment.replace(" ", "T"))}{zone}"' for moment in moments]
