"""JSON Lines: a record a line.

The columns are all keys in the order in which they first appear; a key that a line lacks is null, and of a key that a
line gives twice the last counts. Blank lines are left out.

If a line is no record, the table has one column, `value`.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.cells import MAX_COLUMNS, ROWS, Altered, Batch, column
from rlmlite.inputs.tables.places import TableFile
from rlmlite.inputs.tables.table import TableRead
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json

_BOM = b"\xef\xbb\xbf"


def read(path: TableFile, told: dict[str, str]) -> TableRead:
    """A file of JSON Lines. Raises `InputError`, `OSError`."""
    encoding = told.get("encoding")
    keys = _keys(path, encoding)
    if not keys:
        raise InputError(f"{path} has no line with a key: a table has a column; text:{path} takes it as text")

    def batches(altered: Altered) -> Iterator[Batch]:
        values = _values(path, encoding)
        while batch := list(islice(values, ROWS)):
            yield [column(one, altered) for one in _spread(batch, keys)]

    return TableRead(tuple(keys), batches, msgspec.__version__, told)


def _spread(batch: list[Any], keys: list[str]) -> Iterator[list[Any]]:
    if keys == ["value"] and not all(type(value) is dict for value in batch):
        yield batch
        return
    for key in keys:
        yield [value.get(key) for value in batch]


def _keys(path: TableFile, encoding: str | None) -> list[str]:
    """All keys, or `value` alone if a line is no record."""
    keys: dict[str, None] = {}
    for value in _values(path, encoding):
        if type(value) is not dict:
            return ["value"]
        if not keys.keys() >= value.keys():
            keys.update(dict.fromkeys(value))
            if len(keys) > MAX_COLUMNS:
                raise InputError(f"{path} has more than {MAX_COLUMNS:,} different keys; text:{path} takes it as text")
    return list(keys)


def _values(path: TableFile, encoding: str | None) -> Iterator[Any]:
    if encoding is None:
        with path.at.open("rb") as file:
            yield from _decoded(file, path)
        return
    with path.at.open(encoding=encoding, newline="\n") as text:
        try:
            yield from _decoded((line.encode("utf-8", "surrogatepass") for line in text), path)
        except UnicodeError as error:
            raise InputError(f"{path} is not in the encoding {encoding}: {error}") from None


def _decoded(lines: Iterable[bytes], path: TableFile) -> Iterator[Any]:
    decode = msgspec.json.Decoder().decode
    for number, line in enumerate(lines, 1):
        if number == 1:
            line = line.removeprefix(_BOM)
        try:
            yield decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if line.strip():
                yield _again(line, number, path)


def _again(line: bytes, number: int, path: TableFile) -> Any:
    """What msgspec refused, read slowly: for lines with bytes that are no UTF-8, and for a message that helps."""
    try:
        return read_json(line.rstrip(b"\r\n").decode(errors="replace"))
    except Fault as fault:
        raise InputError(f"{path} line {number:,}: {fault.message}; text:{path} takes it as text") from None
