"""The interface of every table reader: a file and options in, an `OpenTable` out."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from rlmlite.inputs.tables.sheet_writer import Batch, Losses


class TableFile(msgspec.Struct, frozen=True):
    """A file that holds a table: the path to read it from (`at`), and the path that the user gave (`named`).

    The two differ when the store reads a copy. Messages, the suffix and the search for a write-ahead log use `named`.
    """

    at: Path
    named: Path

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
