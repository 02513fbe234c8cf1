"""Tables: inputs that are rows. JSON Lines, CSV, Parquet, Arrow, queries of SQLite and DuckDB, data frames.

A table is read once, batch by batch, into a *columnar content*: one content with a digest, of which the kernel maps the
columns that a program asks for (see `rlmlite_kernel.values.tables.layout`). Memory therefore does not grow with the
table. Traces of older versions have sheets instead, row by row, and a replay reads the file into a sheet again.

Start at `load`: `from_table` for a path, `from_frame` for a data frame, `derive_table` for a replay. The recipe in the
input's source names the reader, its options, and how the options that nobody gave were chosen, so that a replay reads
the same rows from the same file.

Not here: what programs can do with rows (`rlmlite_kernel.actions.rows`).
"""

from typing import TYPE_CHECKING

from rlmlite_kernel import lazy_names

if TYPE_CHECKING:
    from rlmlite.inputs.tables.load import derive_table, from_frame, from_table, remarks

__all__ = ["derive_table", "from_frame", "from_table", "remarks"]

_HOMES = {
    "derive_table": "rlmlite.inputs.tables.load",
    "from_frame": "rlmlite.inputs.tables.load",
    "from_table": "rlmlite.inputs.tables.load",
    "remarks": "rlmlite.inputs.tables.load",
}
"""The module of each name, imported when the name is first used: nobody waits for what is not used."""

if not TYPE_CHECKING:  # a type checker would take every name to be there
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
