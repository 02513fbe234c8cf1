"""Cells of a CSV column as values of its type.

    int      "12"  " 7"  "NA"  ""       12   7   null  null
    number   "12.50"  "x"               12.5  null, and said: the option `types=` said number
    text     "007"  ""                  "007"  null

Inferred types fit every cell. Those that an option gives may not: such a cell is null, and the note to the user counts
it and names the first.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rlmlite.inputs.tables.texts.delimited.csv_dates import read_date
from rlmlite.inputs.tables.texts.delimited.csv_numbers import read_int, read_number
from rlmlite.inputs.tables.texts.delimited.csv_rows import Row
from rlmlite.inputs.tables.texts.delimited.csv_table import CsvTable, columns_of
from rlmlite.inputs.tables.texts.delimited.csv_types import NULL_WORDS, Spelling
from rlmlite.inputs.tables.texts.lines import Place
from rlmlite.inputs.tables.texts.odd import NOT_OF_TYPE, NULL_WORD, Odd, excerpt

_BOOLS = {"true": True, "false": False}

_READ: Mapping[str, Callable[[str, Spelling], Any]] = {
    "int": lambda cell, spelling: read_int(cell),
    "number": lambda cell, spelling: read_number(cell),
    "bool": lambda cell, spelling: _BOOLS.get(cell.lower()),
    "date": lambda cell, spelling: read_date(cell, spelling.dates or "ymd"),
}


class Named(NamedTuple):
    """A column's number and name, for what is said of its cells."""

    number: int
    name: str


def read_cells(
    cells: Sequence[str], kind: str, spelling: Spelling, column: Named, places: Sequence[Place], odd: Odd
) -> list[Any]:
    """A column's cells as values. `column` and `places` are for what is said of odd ones."""
    if kind == "text":
        return [cell or None for cell in cells]
    read, values = _READ[kind], []
    for index, cell in enumerate(spelling.plain(cells)):
        stripped = cell.strip(" ")
        value = read(stripped, spelling) if stripped else None
        if value is None and stripped:
            is_null = stripped in NULL_WORDS
            what = f"{excerpt(cells[index])} in {column.name}"
            odd.add(NULL_WORD if is_null else NOT_OF_TYPE, places[index], what, column=column.number)
        values.append(value)
    return values


def read_batch(
    rows: Sequence[Row], kinds: Sequence[str], table: CsvTable, names: Sequence[str], odd: Odd
) -> list[list[Any]]:
    """The columns of some rows as values."""
    places, spelling = [row.place for row in rows], table.dialect.spelling
    columns = zip(columns_of(rows), kinds, map(Named, range(len(names)), names), strict=True)
    return [read_cells(cells, kind, spelling, named, places, odd) for cells, kind, named in columns]
