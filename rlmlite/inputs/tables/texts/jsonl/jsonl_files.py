"""JSON Lines: one record per line.

The file is read twice: once for the columns, once for the rows, so that memory holds one batch at a time. The columns
are all keys in the order in which they first appear; a key that is missing from a line is null there; if a line gives a
key twice, the last one counts. Blank lines are skipped.

    {"a": 1}                 a     b
    {"a": 2, "b": "x"}       1     null
                             2     "x"

Lines that are JSON but no records have a column of their own, `value`. Where a file has both, `value` is every line as
it is, so that neither takes the other along:

    {"a": 1}                 a     value
    "restart"                1     {"a": 1}
                             null  "restart"

If more lines are left out, because they are not JSON, than are read, the file is refused. This is the definition; a
large file is read by `fast_jsonl`, once, to the same rows and notes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.reading.reader import OpenTable, TableFile
from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import MAX_COLUMNS, ROWS, Losses
from rlmlite.inputs.tables.sheets.sheet_writer import Batch as SpelledBatch
from rlmlite.inputs.tables.texts.jsonl.json_rows import BAD_LINE, JsonRow, batch_of, columns_of, read_values
from rlmlite.inputs.tables.texts.lines import TextFile
from rlmlite.inputs.tables.texts.odd import Odd
from rlmlite.inputs.tables.texts.pieces import is_worth_it
from rlmlite_kernel.values.tables.writer import Batch

_WHOLE = "value"
"""The column of lines as they are."""


def read_jsonl(path: TableFile, options: Mapping[str, str]) -> OpenTable:
    """Open a file of JSON Lines. See `TableReader`."""
    file = TextFile(path)
    if is_worth_it(file):
        from rlmlite.inputs.tables.texts.jsonl.fast_jsonl import open_fast  # which imports pyarrow

        table = open_fast(file, options, lambda: _open(file, options))
        if table is not None:
            return table
    return _open(file, options)


def _open(file: TextFile, options: Mapping[str, str]) -> OpenTable:
    path = file.path
    keys, has_whole = find_columns(file, read_values(file, odd := Odd()), odd)
    names = [*keys, _WHOLE] if has_whole else list(keys)
    # A sheet is from when one line that is not a record decided for all.
    is_first = has_whole and path.is_sheet

    def batches(losses: Losses) -> Iterator[SpelledBatch]:
        for rows in _batches(file, losses):
            values = [row.value for row in rows]
            columns = _first_columns(values) if is_first else columns_of(values, keys, has_whole)
            yield [column_cells(column, losses) for column in columns]

    def columns(losses: Losses) -> Iterator[Batch]:
        for rows in _batches(file, losses):
            yield batch_of(rows, keys, has_whole, losses)

    names = [_WHOLE] if is_first else names
    return OpenTable(tuple(names), batches, msgspec.__version__, dict(options), "", columns, has_places=True)


def _batches(file: TextFile, losses: Losses) -> Iterator[list[JsonRow]]:
    odd = Odd()
    rows = read_values(file, odd)
    while batch := list(islice(rows, ROWS)):
        yield batch
    odd.tell(losses)


def _first_columns(rows: Sequence[Any]) -> Iterator[list[Any]]:
    """The one column of a file that holds other values than records, by the first rules.

    They took a batch of records alone for a file that has `value` as a key, which lost the records: recipes of those
    files are read as they were.
    """
    if all(type(row) is dict for row in rows):
        yield [row.get(_WHOLE) for row in rows]
    else:
        yield list(rows)


def find_columns(file: TextFile, rows: Iterable[JsonRow], odd: Odd) -> tuple[list[str], bool]:
    """All keys in the order of their first appearance, and whether a line is not a record. Raises `InputError`."""
    keys: dict[str, None] = {}
    has_whole, count = False, 0
    for row in rows:
        count, value = count + 1, row.value
        if type(value) is not dict:
            has_whole = True
        # Most lines have the same keys as those before, and the comparison is cheaper than an update.
        elif not keys.keys() >= value.keys():
            keys.update(dict.fromkeys(value))
            if len(keys) > MAX_COLUMNS:
                path = file.path
                raise InputError(f"{path} has more than {MAX_COLUMNS:,} different keys; text:{path} reads it as text")
    check_lines(file, count, odd)
    if not keys and not has_whole:
        path = file.path
        raise InputError(f"{path} has no line with a key, and a table needs a column; text:{path} reads it as text")
    return list(keys), has_whole


def check_lines(file: TextFile, count: int, odd: Odd) -> None:
    """Raise `InputError` if more lines are not JSON than are read."""
    if odd.count(BAD_LINE) > count:
        path, first = file.path, odd.first(BAD_LINE)
        raise InputError(f"{path} {first}, and so are most lines; text:{path} reads it as text")
