"""What every reader gives: column names, batches of cells, and what is needed to read the same again."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from rlmlite.inputs.tables.cells import Altered, Batch


class TableRead(msgspec.Struct, frozen=True):
    """A table that is being read.

    `names` are its columns as they are called there. `batches` reads the rows, and notes what it alters. `version` is
    that of the library, `told` are the options that give the same again, `why` says how those nobody gave were decided.
    """

    names: tuple[str, ...]
    batches: Callable[[Altered], Iterator[Batch]]
    version: str
    told: Mapping[str, str]
    why: str = ""
