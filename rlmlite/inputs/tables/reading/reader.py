"""The interface of every table reader, a file and options in, an `OpenTable` out; and from there to a content.

A new input becomes a columnar content (`rlmlite_kernel.values.tables.layout`). Traces of older versions name sheets,
and a replay of them reads the same file into a sheet, by the rules of then.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.sheets.sheet_writer import Batch as SpelledBatch
from rlmlite.inputs.tables.sheets.sheet_writer import Losses, column_names, sheet_blocks
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.writer import COLUMNS, Batch, columnar_blocks

SHEET = ""
"""The layout of traces that name none."""


class TableFile(msgspec.Struct, frozen=True):
    """A file that holds a table: the path to read it from (`at`), and the path that the user gave (`named`).

    The two differ when the store reads a copy. Messages, the suffix and the search for a write-ahead log use `named`.
    `memory` is how many bytes reading it may use, for libraries that can be told. `text` is the whole text in UTF-8, of
    formats that are text: the places of rows count in it. `layout` is what its rows become; where that is `SHEET`, a
    trace of before is read again, by the rules of then.
    """

    at: Path
    named: Path
    memory: int = 1024**3
    text: Content | None = None
    layout: str = COLUMNS

    @property
    def is_sheet(self) -> bool:
        """Whether the rows become a sheet."""
        return self.layout == SHEET

    def __str__(self) -> str:
        return str(self.named)


class OpenTable(msgspec.Struct, frozen=True):
    """A table whose column names are known and whose rows have not been read yet.

    `names` are the columns as the file spells them. `batches` reads the rows, once per call, and counts what it cannot
    keep exactly. `version` is the version of the library that reads. `options` make a later reading identical: the
    given ones, plus those that were inferred. `why` says how the inferred ones were chosen, for people.

    `batches` are spelled cells, for a sheet. `columns` are the same rows as parts of columns; a reader without them has
    its cells looked at once more. With `has_places` its batches say where in the text each row is.
    """

    names: tuple[str, ...]
    batches: Callable[[Losses], Iterator[SpelledBatch]]
    version: str
    options: Mapping[str, str]
    why: str = ""
    columns: Callable[[Losses], Iterator[Batch]] | None = None
    has_places: bool = False


TableReader: TypeAlias = Callable[[TableFile, dict[str, str]], OpenTable]
"""Opens a file with options. Raises `InputError` for content that is not such a table, `OSError` if it is unreadable.

`batches` raises the same two.
"""


def read_sheet(
    read: TableReader, file: TableFile, options: Mapping[str, str]
) -> tuple[OpenTable, Iterator[bytes], Losses]:
    """An open table, the blocks of its sheet, and the losses, which are complete after the last block.

    Raises `InputError`, and so do the blocks.
    """
    # One count for the whole reading: the reader, the writer of the sheet and the recipe share it.
    losses = Losses()
    table = read(file, dict(options))
    try:
        names = column_names(table.names)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    # Nothing is read yet: rows come as the blocks are taken.
    blocks = sheet_blocks(names, table.batches(losses), losses)
    return table, _name_file_in_errors(str(file), blocks), losses


class ReadAgainError(Exception):
    """The rows turned out otherwise than they began. They are to be read anew, from `table` if it is given.

    Without one the same table knows by now how they are.
    """

    def __init__(self, table: OpenTable | None = None) -> None:
        super().__init__("the rows turned out otherwise than they began")
        self.table = table


def read_columns(
    read: TableReader, file: TableFile, options: Mapping[str, str], text: str = "", table: OpenTable | None = None
) -> tuple[OpenTable, Iterator[bytes], Losses]:
    """As `read_sheet`, for a columnar content. `text` is the digest of the text that the rows are records of.

    The blocks raise `ReadAgainError` once at most; then give the `table`, which is not opened again.
    """
    losses = Losses()
    table = table or read(file, dict(options))
    try:
        names = column_names(table.names)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    batches = _spelled_batches(table, losses) if table.columns is None else table.columns(losses)
    places = (text, len(file.text)) if table.has_places and file.text is not None else ("", 0)
    return table, _name_file_in_errors(str(file), columnar_blocks(names, batches, *places, file.layout)), losses


def _spelled_batches(table: OpenTable, losses: Losses) -> Iterator[Batch]:
    """The batches of a reader that spells its cells."""
    for cells in table.batches(losses):
        if cells and len(cells[0]):
            yield Batch([parts.of_cells(column) for column in cells], len(cells[0]))


def _name_file_in_errors(path: str, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks. An error about a value does not know its file, so the file is added here."""
    try:
        yield from blocks
    except UnicodeEncodeError:
        raise InputError(
            f"{path}: a text holds half of a surrogate pair, which is not valid Unicode; text:{path} reads it as text"
        ) from None
    except InputError as error:
        if path in str(error):
            raise
        raise InputError(f"{path}: {error}; text:{path} reads it as text") from None
