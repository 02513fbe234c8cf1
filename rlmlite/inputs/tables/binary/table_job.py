"""What a worker does with a binary table: it reads the rows, and sends them as the blocks of a content.

Imported in the nursery, before the first file: so it imports the readers, and of this project little else. The readers
themselves (`arrow_tables`, `databases`) do not know where they run. What comes of it is checked in `binary_tables`.
"""

import gc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from rlmlite.errors import InputError
from rlmlite.guard.worker.child import Assignment
from rlmlite.inputs.tables.binary.arrow_tables import read_arrow, read_parquet
from rlmlite.inputs.tables.binary.databases import read_duckdb, read_sqlite
from rlmlite.inputs.tables.binary.workbooks import read_workbook
from rlmlite.inputs.tables.reading.reader import TableFile, TableReader, read_columns, read_sheet
from rlmlite.inputs.tables.sheets.sheet_writer import MAX_COLUMNS
from rlmlite_kernel.engines.bytes.threads import use_threads

_READERS: Mapping[str, TableReader] = {
    "parquet": read_parquet,
    "arrow": read_arrow,
    "sqlite": read_sqlite,
    "duckdb": read_duckdb,
    "workbook": read_workbook,
}

_BLOCK = 1024 * 1024
"""Bytes of the content that travel together at least: a column of a segment may be a few."""

_LARGE = 128 * 1024
"""Bytes of a block that travels alone."""

MAX_TEXT = 10_000
"""Characters of a text that a worker sends beside the rows: a column's name, a message."""

_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class Opened(msgspec.Struct, frozen=True, tag=True):
    """A message: the table is open. The fields are those of `OpenTable`; the options are those that were given."""

    names: Annotated[tuple[_Text, ...], msgspec.Meta(max_length=10 * MAX_COLUMNS)]
    version: _Text


class Lost(msgspec.Struct, frozen=True, tag=True):
    """A message, after the last block: the counts of `Losses`."""

    counts: Annotated[dict[_Text, _Count | None], msgspec.Meta(max_length=MAX_COLUMNS)]


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A message: why there is no table, as `InputError` says it."""

    message: _Text


def read_table(assignment: Assignment) -> Iterator[Any]:
    """The content of a table as blocks, and the messages above.

    argument: reader, absolute path, the path for messages, options, bytes of memory, the layout, and the number of
    threads.
    files: the same file, open.
    """
    reader, at, named, options, memory, layout, threads = assignment.argument
    use_threads(threads)
    file = TableFile(Path(at), Path(named), memory, layout=layout)
    read = read_sheet if file.is_sheet else read_columns
    # Rows of a database are millions of tuples that are soon free again, and none is part of a circle.
    gc.disable()
    try:
        table, blocks, losses = read(_READERS[reader], file, options)
        if max(map(len, table.names)) > MAX_TEXT:
            raise InputError(
                f"{named}: the name of a column has more than {MAX_TEXT:,} characters; rename it: ... AS name"
            )
        yield Opened(table.names, table.version)
        yield from _join(blocks)
        yield Lost(losses.counts)
    except InputError as error:
        yield Refused(str(error)[:MAX_TEXT])


def _join(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in larger blocks; those that are large are not copied."""
    parts: list[bytes] = []
    size = 0
    for block in blocks:
        if not parts and len(block) >= _LARGE:
            yield block
            continue
        parts.append(block)
        size += len(block)
        if size >= _BLOCK:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)
