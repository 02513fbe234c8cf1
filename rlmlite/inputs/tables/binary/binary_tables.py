"""Parquet, Arrow, SQLite, DuckDB and workbooks read in a worker, and what it sends made into a table again.

    worker    Opened(names, version)    blocks of the content ...    Lost(counts)
    here      names checked             the whole checked            counts checked

`table_job.read_table` is the job; `open_in_worker` calls it. Data frames are read in this process: they are its own
memory, and no stranger's file.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from rlmlite.errors import InputError
from rlmlite.errors.unreadable import ParserError
from rlmlite.guard.worker.limits import WorkerProtocolError
from rlmlite.inputs.formats.parsing import open_file, parse, parser_fault
from rlmlite.inputs.formats.reading import ReadingLimits
from rlmlite.inputs.tables.binary.table_job import Lost, Opened, Refused, read_table
from rlmlite.inputs.tables.reading.databases_beside import check_complete
from rlmlite.inputs.tables.reading.reader import SHEET, OpenTable
from rlmlite.inputs.tables.sheets.sheet_check import check_blocks, check_widths
from rlmlite.inputs.tables.sheets.sheet_writer import Losses, column_names
from rlmlite_kernel.engines.bytes.threads import threads
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.tables.check import check_columns
from rlmlite_kernel.values.tables.layout import ColumnsBrokenError, read_layout
from rlmlite_traces import HashedFile

_LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "parquet": ("pyarrow", "pyarrow.parquet"),
    "arrow": ("pyarrow", "pyarrow.ipc"),
    "sqlite": (),
    "duckdb": ("duckdb", "pyarrow"),
    "workbook": ("python_calamine",),
}
"""What each reader needs installed. The nursery imports it first, so that the next file finds it there."""


def open_in_worker(
    reader: str, file: HashedFile, named: Path, options: Mapping[str, str], limits: ReadingLimits, layout: str
) -> tuple[OpenTable, Iterator[bytes], Losses]:
    """As `read_columns` or `read_sheet`, by a worker: an open table, the blocks of its content, the losses.

    Raises `InputError`, and so do the blocks. The blocks of a columnar content are not checked yet: see `check_table`.
    """
    for library in _LIBRARIES[reader]:
        _require_library(library)
    check_complete(file.path, named, reader)
    items = _items(reader, file, named, options, limits, layout)
    opened = next(items, None)
    if not isinstance(opened, Opened):
        raise _unexpected(named, reader)
    losses = Losses()
    table = OpenTable(opened.names, lambda _: iter(()), opened.version, options)
    try:
        names = column_names(opened.names)
    except InputError as error:
        raise InputError(f"{named}: {error}") from None
    checked_names = names if layout == SHEET else None
    return table, _checked_blocks(items, checked_names, losses, named, reader), losses


def check_table(content: Content, reader: str, table: OpenTable, layout: str) -> None:
    """Look whether what a worker sent is the table that it announced. Raises `InputError`."""
    try:
        if layout == SHEET:
            check_widths(content, len(table.names))
        else:
            _check_columns(content, column_names(table.names))
    except WorkerProtocolError as error:
        raise InputError(f"the table {parser_fault(reader, str(error))}") from None


def _check_columns(content: Content, names: tuple[str, ...]) -> None:
    try:
        check_columns(content)
        _, description, _ = read_layout(content)
    except ColumnsBrokenError as error:
        raise WorkerProtocolError(f"sent something that is not a table: {error}") from None
    if description.names != names or description.text:
        raise WorkerProtocolError("sent other columns than it announced")


def _require_library(name: str) -> None:
    """Look whether a library of the extra `tables` is installed, without importing it. Raises `InputError`."""
    from importlib.util import find_spec

    top = name.partition(".")[0]
    if find_spec(top) is None:
        raise InputError(f"this table needs {top.replace('_', '-')}: pip install 'rlmlite[tables]'")


def _items(
    reader: str, file: HashedFile, named: Path, options: Mapping[str, str], limits: ReadingLimits, layout: str
) -> Iterator[bytes | Opened | Lost]:
    """What the worker sends. Raises `InputError`."""
    at = str(file.path.absolute())
    memory = limits.worker_limits(file.mark.size).memory
    argument = (reader, at, str(named), dict(options), memory, layout, threads())
    try:
        with open_file(file) as descriptor:
            # By its path as well: no library of a database reads an open file.
            items = parse(
                read_table,
                argument,
                limits,
                messages=Opened | Lost | Refused,
                format=reader,
                size=file.mark.size,
                files=[descriptor],
                preload=_LIBRARIES[reader],
                paths=[at],
            )
            for item in items:
                if isinstance(item, Refused):
                    raise InputError(item.message)
                yield item
    except ParserError as error:
        raise InputError(f"{named} {error}") from None


def _checked_blocks(
    items: Iterator[bytes | Opened | Lost], names: tuple[str, ...] | None, losses: Losses, named: Path, reader: str
) -> Iterator[bytes]:
    """The blocks up to the message that ends them, whose counts go to `losses`. Raises `InputError`.

    With `names` they are those of a sheet, which is checked as it comes.
    """
    ended = False

    def blocks() -> Iterator[bytes]:
        nonlocal ended
        for item in items:
            match item:
                case bytes() if not ended:
                    yield item
                case Lost(counts=counts) if not ended:
                    ended = True
                    losses.counts.update(counts)
                case _:
                    raise _unexpected(named, reader)

    try:
        yield from blocks() if names is None else check_blocks(blocks(), names)
    except WorkerProtocolError as error:
        raise InputError(f"{named} {parser_fault(reader, str(error))}") from None
    if not ended:
        raise _unexpected(named, reader)


def _unexpected(named: Path, reader: str) -> InputError:
    return InputError(f"{named} {parser_fault(reader, 'sent its answer in no order')}")
