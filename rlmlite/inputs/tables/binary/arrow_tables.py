"""Parquet, Arrow files and data frames, read with pyarrow: `pip install 'rlmlite[tables]'`.

Whatever offers an Arrow stream (`__arrow_c_stream__`: polars, pandas, pyarrow, duckdb) or the older interchange
protocol (`__dataframe__`) counts as a data frame. pyarrow is imported only when one of these is read.

Columns go over as Arrow has them (`arrow_columns`). The spelled cells below are what a sheet had, for traces of older
versions: they are read again by the rules of then, and are not to be changed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from rlmlite.errors import InputError
from rlmlite.inputs.tables.binary.arrow_columns import Conversion, arrow_batches
from rlmlite.inputs.tables.binary.libraries import library
from rlmlite.inputs.tables.binary.whole_numbers import Whole
from rlmlite.inputs.tables.reading.reader import OpenTable, TableFile
from rlmlite.inputs.tables.sheets.cells import NULL, column_cells, duration, text_cells, trim_fraction
from rlmlite.inputs.tables.sheets.sheet_writer import ROWS, Batch, Losses
from rlmlite_kernel.values.tables.writer import Batch as ColumnBatch

Arrow: TypeAlias = Any
"""An object of pyarrow, which has no type annotations."""

_CODE_BYTES = 2.5

BATCH = 65_536
"""How many rows to request at once, where the source lets us choose."""

_DECIMALS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Digits after the decimal point of a count in each of Arrow's time units."""


def is_frame(value: object) -> bool:
    """Whether a Python value is a data frame."""
    return hasattr(value, "__arrow_c_stream__") or hasattr(value, "__dataframe__")


def read_parquet(path: TableFile, options: dict[str, str]) -> OpenTable:
    """Open a Parquet file. See `TableReader`."""
    parquet = library("pyarrow.parquet")
    message = f"{path} is not a valid Parquet file"
    plain = _translate_errors(lambda: parquet.ParquetFile(path.at), message)
    coded = _translate_errors(lambda: _coded_columns(plain), message)
    file = parquet.ParquetFile(path.at, read_dictionary=coded) if coded else plain
    return _open_table(plain.schema_arrow, lambda: file.iter_batches(BATCH), str(path))


def _coded_columns(file: Arrow) -> list[str]:
    """The columns of texts whose dictionary holds all of the first row group: their codes are read as they are.

    What a row takes in the file tells it: a code has two bytes at most, and texts that did not fit in have more.
    """
    if not file.metadata.num_row_groups:
        return []
    group, coded = file.metadata.row_group(0), []
    for index in range(group.num_columns):
        column = group.column(index)
        is_text = column.physical_type == "BYTE_ARRAY" and "." not in column.path_in_schema
        if is_text and column.has_dictionary_page and column.total_uncompressed_size <= _CODE_BYTES * column.num_values:
            coded.append(column.path_in_schema)
    return coded


def read_arrow(path: TableFile, options: dict[str, str]) -> OpenTable:
    """Open an Arrow IPC file (Feather is one) or stream. See `TableReader`."""
    pyarrow, ipc = library("pyarrow"), library("pyarrow.ipc")

    def open_file() -> Arrow:
        # Nothing but the attempt tells a file with a footer from a stream.
        mapped = pyarrow.memory_map(str(path.at))
        try:
            return ipc.open_file(mapped)
        except pyarrow.ArrowInvalid:
            mapped.seek(0)
            return ipc.open_stream(mapped)

    file = _translate_errors(open_file, f"{path} is not a valid Arrow file")
    # A file can be read from its beginning again and again, a stream only once.
    if hasattr(file, "num_record_batches"):
        numbers = range(file.num_record_batches)
        return _open_table(file.schema, lambda: map(file.get_batch, numbers), str(path))
    return _open_table(file.schema, lambda: iter(file), str(path))


def read_frame(frame: object) -> OpenTable:
    """Open a data frame. Raises `InputError`."""
    type_name = type(frame).__name__

    def open_stream() -> Arrow:
        # The Arrow stream first: it loses nothing. The interchange protocol has no lists or records.
        if hasattr(frame, "__arrow_c_stream__"):
            return library("pyarrow").RecordBatchReader.from_stream(frame)
        return library("pyarrow.interchange").from_dataframe(frame).to_reader()

    reader = _translate_errors(open_stream, f"the {type_name} cannot be read as a table")
    return read_stream(reader, type_name)


def read_stream(
    reader: Arrow, what: str, infinities: bool = False, whole: Mapping[int, Whole] | None = None
) -> OpenTable:
    """Open an Arrow stream, whose rows can be read once only. `what` is its name in messages.

    `infinities` and `whole` are as in `Conversion`.
    """
    return _open_table(reader.schema, lambda: iter(reader), what, infinities, whole)


def _translate_errors(work: Callable[[], Any], message: str) -> Any:
    """The result of work with pyarrow. Raises `InputError` with the message and the first line of pyarrow's error."""
    pyarrow = library("pyarrow")
    # pyarrow's own errors also derive from `ValueError` and others; what is not among these is a bug of ours.
    try:
        return work()
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        lines = str(error).splitlines()
        reason = lines[0] if lines else type(error).__name__
        raise InputError(f"{message}: {reason}") from None


def _open_table(
    schema: Arrow,
    open_batches: Callable[[], Iterator[Arrow]],
    what: str,
    infinities: bool = False,
    whole: Mapping[int, Whole] | None = None,
) -> OpenTable:
    def batches(losses: Losses) -> Iterator[Batch]:
        record_batches = _translate_errors(open_batches, what)
        while (batch := _translate_errors(lambda: _next_batch(record_batches), what)) is not None:
            # A file's own batches may hold a million rows, as Python objects several gigabytes.
            for start in range(0, batch.num_rows, ROWS):
                part = batch.slice(start, ROWS)
                yield [_array_cells(array, losses) for array in part.columns]

    def columns(losses: Losses) -> Iterator[ColumnBatch]:
        record_batches = _translate_errors(open_batches, what)
        sound = iter(lambda: _translate_errors(lambda: _next_batch(record_batches), what), None)
        return arrow_batches(sound, Conversion(losses, infinities, whole or {}))

    return OpenTable(tuple(schema.names), batches, library("pyarrow").__version__, {}, columns=columns)


def _next_batch(batches: Iterator[Arrow]) -> Arrow | None:
    """The next batch, or None after the last. Raises `ArrowInvalid` for one that is not sound.

    An Arrow file is offsets and lengths that nobody has checked: a wrong one reads whatever lies in memory there.
    """
    batch = next(batches, None)
    if batch is not None:
        batch.validate(full=True)
    return batch


def _array_cells(array: Arrow, losses: Losses) -> list[str]:
    """One column of a batch as cells."""
    # Each branch spells what `to_pylist` would lose or make slow; everything else goes by the rules for Python values.
    types = library("pyarrow").types
    kind = array.type
    if types.is_dictionary(kind):
        return _array_cells(array.dictionary_decode(), losses)
    # Integers of any width, unsigned ones too, so the check of `column_cells` for huge ones is not needed.
    if types.is_integer(kind):
        return [NULL if value is None else str(value) for value in array.to_pylist()]
    # Older versions of pyarrow know no test for string views, hence their name.
    is_text = types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view"
    if is_text:
        texts = array.to_pylist()
        if array.null_count:
            return [NULL if text is None else f'"{text}"' for text in texts]
        return text_cells(texts)
    if types.is_timestamp(kind):
        return _timestamp_cells(array)
    if types.is_duration(kind):
        return _duration_cells(array)
    if types.is_time(kind):
        times = array.cast(library("pyarrow").string()).to_pylist()
        return [NULL if time is None else f'"{trim_fraction(time)}"' for time in times]
    return column_cells(array.to_pylist(), losses)


def _timestamp_cells(array: Arrow) -> list[str]:
    """Moments in ISO form, in UTC with `Z` if they have a zone."""
    pyarrow = library("pyarrow")
    zone = "" if array.type.tz is None else "Z"
    # Without its zone, Arrow counts from 1970 in UTC, and spells it with a space: `2024-02-03 04:05:06.500`.
    in_utc = array.cast(pyarrow.timestamp(array.type.unit))
    moments = in_utc.cast(pyarrow.string()).to_pylist()
    cells = []
    for moment in moments:
        if moment is None:
            cells.append(NULL)
        else:
            iso_moment = trim_fraction(moment.replace(" ", "T"))
            cells.append(f'"{iso_moment}{zone}"')
    return cells


def _duration_cells(array: Arrow) -> list[str]:
    """Durations in ISO form, from counts of Arrow's unit."""
    counts = array.cast(library("pyarrow").int64()).to_pylist()
    decimals = _DECIMALS[array.type.unit]
    return [NULL if count is None else f'"{duration(count, decimals)}"' for count in counts]
