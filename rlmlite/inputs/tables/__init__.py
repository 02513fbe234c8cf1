"""Tables: inputs that are rows. JSON Lines, CSV, Parquet, Arrow, SQLite and DuckDB queries, data frames.

Each is read once into a sheet (`rlmlite_kernel.sheets`), which is derived content: memory does not grow with it. Start
at `from_table` and `from_frame`; `derive_table` reads a recorded one again. Which reader, what it was told and how
that was decided stands in the recipe of the input's source.
"""

from rlmlite.inputs.tables.reading import derive_table, from_frame, from_table, remarks

__all__ = ["derive_table", "from_frame", "from_table", "remarks"]
