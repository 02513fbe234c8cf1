"""CSV and TSV files: opened with a dialect (`csv_dialect`) and column types (`csv_types`), then read in batches.

The file is read twice when types are inferred: once to find them, once for the rows. Both passes hold one batch at a
time. A row that is too short ends in nulls, and that is counted; a row that is too long is an error, because shifting
or cutting cells would put values under the wrong names.
"""

import itertools
import platform
from collections.abc import Iterator, Sequence

from rlmlite.errors import InputError
from rlmlite.inputs.tables.csv_dialect import Dialect, choose_dialect, is_header_inferred, read_rows
from rlmlite.inputs.tables.csv_types import infer_types, parse_types, typed_cells
from rlmlite.inputs.tables.reading.reader import OpenTable, TableFile
from rlmlite.inputs.tables.sheets.sheet_writer import ROWS, Batch, Losses

_NOT_A_HEADER = "the first row was read as data, not as names; header=yes or header=no decides it"


def read_csv(path: TableFile, options: dict[str, str]) -> OpenTable:
    """Open a CSV file. See `TableReader`."""
    dialect, why = choose_dialect(path, options)
    first_row = _read_first_row(path, dialect)
    width = len(first_row)
    names = first_row if dialect.header else [f"column_{number}" for number in range(1, width + 1)]
    types_given = options.get("types", "auto") != "auto"
    if types_given:
        types = parse_types(options["types"], width)
    else:
        # The whole file, once. What this pass loses is not counted: `batches` will lose it again.
        types = infer_types(_read_columns(path, dialect, width, Losses()), width)
    note_header = is_header_inferred(options) and not dialect.header

    def batches(losses: Losses) -> Iterator[Batch]:
        # Noted here, not when the table is opened: the losses belong to one reading of the rows.
        if note_header:
            losses.remark(_NOT_A_HEADER)
        for columns in _read_columns(path, dialect, width, losses):
            typed = zip(columns, types, strict=True)
            yield [typed_cells(column, kind, check=types_given) for column, kind in typed]

    return OpenTable(tuple(names), batches, platform.python_version(), _recorded_options(dialect, types), why)


def _recorded_options(dialect: Dialect, types: list[str]) -> dict[str, str]:
    """The options that make a replay read the same cells, whatever was inferred here."""
    options = {
        "delimiter": dialect.delimiter_name,
        "header": "yes" if dialect.header else "no",
        "types": ",".join(types),
    }
    if dialect.encoding is not None:
        options["encoding"] = dialect.encoding
    return options


def _read_first_row(path: TableFile, dialect: Dialect) -> list[str]:
    row = next(read_rows(path, dialect), None)
    if row is None:
        raise InputError(f"{path} is empty: a table needs at least one row")
    return row


def _read_columns(path: TableFile, dialect: Dialect, width: int, losses: Losses) -> Iterator[list[Sequence[str]]]:
    """The rows below the header in batches, each as columns."""
    # Counted for the row numbers in messages. The header is a row too, and is skipped.
    rows_before = 1 if dialect.header else 0
    rows = itertools.islice(read_rows(path, dialect), rows_before, None)
    while batch := list(itertools.islice(rows, ROWS)):
        # Rows of the right width are the rule, and comparing the set of lengths is all that they cost.
        widths = set(map(len, batch))
        is_regular = widths == {width}
        if not is_regular:
            numbered = enumerate(batch, rows_before + 1)
            batch = [_pad(row, width, number, path, losses) for number, row in numbered]
        rows_before += len(batch)
        yield list(zip(*batch, strict=True))


def _pad(row: list[str], width: int, number: int, path: TableFile, losses: Losses) -> list[str]:
    """A row of the right width. Raises `InputError` if it is too long."""
    if len(row) > width:
        raise InputError(
            f"{path} row {number:,} has {len(row)} cells, expected {width}; "
            f"if the delimiter is wrong, give csv:{path}?delimiter=...; text:{path} reads it as text"
        )
    losses.add("short rows were filled up with null", len(row) < width)
    return row + [""] * (width - len(row))
