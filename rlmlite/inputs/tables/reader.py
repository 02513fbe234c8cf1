"""The interface of every table reader, a file and options in, an `OpenTable` out; and from there to a sheet."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.sheets.sheet_writer import Batch, Losses, column_names, sheet_blocks


class TableFile(msgspec.Struct, frozen=True):
    """A file that holds a table: the path to read it from (`at`), and the path that the user gave (`named`).

    The two differ when the store reads a copy. Messages, the suffix and the search for a write-ahead log use `named`.
    `memory` is how many bytes reading it may use, for libraries that can be told.
    """

    at: Path
    named: Path
    memory: int = 1024**3

    def __str__(self) -> str:
        return str(self.named)


class OpenTable(msgspec.Struct, frozen=True):
    """A table whose column names are known and whose rows have not been read yet.

    `names` are the columns as the file spells them. `batches` reads the rows, once per call, and counts what it cannot
    keep exactly. `version` is the version of the library that reads. `options` make a later reading identical: the
    given ones, plus those that were inferred. `why` says how the inferred ones were chosen, for people.
    """

    names: tuple[str, ...]
    batches: Callable[[Losses], Iterator[Batch]]
    version: str
    options: Mapping[str, str]
    why: str = ""


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


def _name_file_in_errors(path: str, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks. An error about a value does not know its file, so the file is added here."""
    try:
        yield from blocks
    except InputError as error:
        if path in str(error):
            raise
        raise InputError(f"{path}: {error}; text:{path} reads it as text") from None
