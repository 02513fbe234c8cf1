"""JSON Lines: one record per line.

The file is read twice: once for the columns, once for the rows, so that memory holds one batch at a time. The columns
are all keys in the order in which they first appear; a key that is missing from a line is null there; if a line gives a
key twice, the last one counts. Blank lines are skipped.

    {"a": 1}                 a     b
    {"a": 2, "b": "x"}       1     null
                             2     "x"

If any line is not a record, the table has one column, `value`, which holds the lines as they are.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.reading.reader import OpenTable, TableFile
from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import MAX_COLUMNS, ROWS, Batch, Losses
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json

_BOM = b"\xef\xbb\xbf"
_ONE_COLUMN = ["value"]


def read_jsonl(path: TableFile, options: dict[str, str]) -> OpenTable:
    """Open a file of JSON Lines. See `TableReader`."""
    encoding = options.get("encoding")
    keys = _read_keys(path, encoding)
    if not keys:
        raise InputError(f"{path} has no line with a key, and a table needs a column; text:{path} reads it as text")

    def batches(losses: Losses) -> Iterator[Batch]:
        values = _read_values(path, encoding)
        while rows := list(islice(values, ROWS)):
            yield [column_cells(column, losses) for column in _columns(rows, keys)]

    return OpenTable(tuple(keys), batches, msgspec.__version__, options)


def _columns(rows: list[Any], keys: list[str]) -> Iterator[list[Any]]:
    # A file of records may have `value` as its only key; then the rows are records all the same.
    if keys == _ONE_COLUMN:
        all_records = all(type(row) is dict for row in rows)
        if not all_records:
            yield rows
            return
    for key in keys:
        yield [row.get(key) for row in rows]


def _read_keys(path: TableFile, encoding: str | None) -> list[str]:
    """All keys in the order of their first appearance, or `value` alone if a line is not a record."""
    keys: dict[str, None] = {}
    for value in _read_values(path, encoding):
        # One line that is not a record decides: half of the lines as columns would leave the others without a place.
        if type(value) is not dict:
            return _ONE_COLUMN
        # Most lines have the same keys as those before, and the comparison is cheaper than an update.
        if not keys.keys() >= value.keys():
            keys.update(dict.fromkeys(value))
            if len(keys) > MAX_COLUMNS:
                raise InputError(f"{path} has more than {MAX_COLUMNS:,} different keys; text:{path} reads it as text")
    return list(keys)


def _read_values(path: TableFile, encoding: str | None) -> Iterator[Any]:
    if encoding is None:
        with path.at.open("rb") as file:
            yield from _parse_lines(file, path)
        return
    # JSON must be UTF-8, so lines are transcoded. `newline` keeps a lone carriage return from ending one.
    with path.at.open(encoding=encoding, newline="\n") as text:
        lines = (line.encode("utf-8", "surrogatepass") for line in text)
        try:
            yield from _parse_lines(lines, path)
        except UnicodeError as error:
            raise InputError(f"{path} is not in the encoding {encoding}: {error}") from None


def _parse_lines(lines: Iterable[bytes], path: TableFile) -> Iterator[Any]:
    decode = msgspec.json.Decoder().decode
    for number, line in enumerate(lines, 1):
        if number == 1:
            line = line.removeprefix(_BOM)
        try:
            yield decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Blank lines end up here too, since testing every line for them would slow the others down.
            if line.strip():
                yield _parse_slowly(line, number, path)


def _parse_slowly(line: bytes, number: int, path: TableFile) -> Any:
    """A line that msgspec refused, perhaps only for broken UTF-8, which is replaced here. Raises `InputError`.

    The kernel's parser is slower, but its errors say what is wrong.
    """
    try:
        return read_json(line.rstrip(b"\r\n").decode(errors="replace"))
    except Fault as fault:
        raise InputError(f"{path} line {number:,}: {fault.message}; text:{path} reads it as text") from None
