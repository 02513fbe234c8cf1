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

A line that is not JSON is left out, and said. If those are more than the others, the file is refused. What JSON writes
and values cannot hold becomes null (NaN, Infinity, 1e999) or U+FFFD (half of a surrogate pair), and is said too.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.reading.reader import OpenTable, TableFile
from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import MAX_COLUMNS, ROWS, Losses
from rlmlite.inputs.tables.sheets.sheet_writer import Batch as SpelledBatch
from rlmlite.inputs.tables.texts.lines import Place, TextFile, end_size, text_of
from rlmlite.inputs.tables.texts.odd import Odd
from rlmlite_kernel.program.schemas import json_depth
from rlmlite_kernel.records.canonical import MAX_DIGITS, VALUE_DEPTH
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.parts import Part
from rlmlite_kernel.values.tables.writer import Batch

_BAD_LINE = "lines that are not JSON were left out"
_NO_VALUE = "NaN and infinite numbers in JSON became null"
_HALF_PAIR = "halves of surrogate pairs became U+FFFD"
_LONG_NUMBER = re.compile(b"[0-9]{%d}" % (MAX_DIGITS + 1))
_HALVES = re.compile("[\ud800-\udfff]")

_NOTHING = object()
_NESTED = frozenset((list, dict))

_WHOLE = "value"
"""The column of lines as they are."""


class _Row(NamedTuple):
    """The value of a line, and the bytes of the line, without its end."""

    start: int
    stop: int
    value: Any


def read_jsonl(path: TableFile, options: Mapping[str, str]) -> OpenTable:
    """Open a file of JSON Lines. See `TableReader`."""
    file = TextFile(path)
    keys, has_whole = _find_columns(file)
    if not keys and not has_whole:
        raise InputError(f"{path} has no line with a key, and a table needs a column; text:{path} reads it as text")
    names = [*keys, _WHOLE] if has_whole else list(keys)
    # A sheet is from when one line that is not a record decided for all.
    is_first = has_whole and path.is_sheet

    def batches(losses: Losses) -> Iterator[SpelledBatch]:
        for rows in _batches(file, losses):
            values = [row.value for row in rows]
            columns = _first_columns(values) if is_first else _columns(values, keys, has_whole)
            yield [column_cells(column, losses) for column in columns]

    def columns(losses: Losses) -> Iterator[Batch]:
        for rows in _batches(file, losses):
            starts = parts.of_values([row.start for row in rows])
            stops = parts.of_values([row.stop for row in rows])
            values = [row.value for row in rows]
            columns = [_part(column, losses) for column in _columns(values, keys, has_whole)]
            yield Batch(columns, len(rows), starts, stops)

    return OpenTable(
        (_WHOLE,) if is_first else tuple(names),
        batches,
        msgspec.__version__,
        dict(options),
        columns=columns,
        has_places=True,
    )


def _batches(file: TextFile, losses: Losses) -> Iterator[list[_Row]]:
    odd = Odd()
    rows = _read_rows(file, odd)
    while batch := list(islice(rows, ROWS)):
        yield batch
    odd.tell(losses)


def _part(values: list[Any], losses: Losses) -> Part:
    """A column as a part; lists and records are spelled."""
    is_nested = not _NESTED.isdisjoint(map(type, values))
    return parts.spelled(column_cells(values, losses)) if is_nested else parts.of_values(values)


def _columns(rows: Sequence[Any], keys: Sequence[str], has_whole: bool) -> Iterator[list[Any]]:
    records = [row if type(row) is dict else {} for row in rows]
    for key in keys:
        yield [record.get(key) for record in records]
    if has_whole:
        yield list(rows)


def _first_columns(rows: Sequence[Any]) -> Iterator[list[Any]]:
    """The one column of a file that holds other values than records, by the first rules.

    They took a batch of records alone for a file that has `value` as a key, which lost the records: recipes of those
    files are read as they were.
    """
    if all(type(row) is dict for row in rows):
        yield [row.get(_WHOLE) for row in rows]
    else:
        yield list(rows)


def _find_columns(file: TextFile) -> tuple[list[str], bool]:
    """All keys in the order of their first appearance, and whether a line is not a record. Raises `InputError`."""
    keys: dict[str, None] = {}
    has_whole = False
    odd, rows = Odd(), 0
    for row in _read_rows(file, odd):
        rows, value = rows + 1, row.value
        if type(value) is not dict:
            has_whole = True
        # Most lines have the same keys as those before, and the comparison is cheaper than an update.
        elif not keys.keys() >= value.keys():
            keys.update(dict.fromkeys(value))
            if len(keys) > MAX_COLUMNS:
                path = file.path
                raise InputError(f"{path} has more than {MAX_COLUMNS:,} different keys; text:{path} reads it as text")
    if odd.count(_BAD_LINE) > rows:
        raise InputError(
            f"{file.path} {odd.first(_BAD_LINE)}, and so are most lines; text:{file.path} reads it as text"
        )
    return list(keys), has_whole


def _read_rows(file: TextFile, odd: Odd) -> Iterator[_Row]:
    """The lines that are JSON."""
    decode = msgspec.json.Decoder().decode
    # A lone carriage return is white space in JSON.
    lines = file.lines(only_feeds=True)
    place = lines.place
    for line in lines:
        try:
            value = _read_slowly(line, place, odd) if _may_exceed_bounds(line) else decode(line)
        except (msgspec.DecodeError, RecursionError):
            # Blank lines end up here too, since testing every line for them would slow the others down.
            value = _read_slowly(line, place, odd) if line.strip() else _NOTHING
        if value is not _NOTHING:
            yield _Row(place.offset, place.offset + len(line) - end_size(line), value)
        place = lines.place


def _may_exceed_bounds(line: bytes) -> bool:
    """Whether a line has so many brackets or digits that a value in it may be too deep or too long."""
    if len(line) <= VALUE_DEPTH:
        return False
    too_many_brackets = line.count(b"[") + line.count(b"{") > VALUE_DEPTH
    return too_many_brackets or (len(line) > MAX_DIGITS and _LONG_NUMBER.search(line) is not None)


def _read_slowly(line: bytes, place: Place, odd: Odd) -> Any:
    """The value of a line that msgspec refused, perhaps only for a part of it, which is replaced; else `_NOTHING`."""
    text = text_of(line.rstrip(b"\r\n"))
    replaced: list[str] = []
    try:
        if json_depth(text) > VALUE_DEPTH:
            raise ValueError(f"nested deeper than {VALUE_DEPTH}")
        value = json.loads(
            text,
            parse_int=_integer,
            parse_float=lambda digits: _finite(digits, replaced),
            parse_constant=lambda word: _finite(word, replaced),
        )
    except ValueError as error:
        why = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
        odd.add(_BAD_LINE, f"{place.name}, not JSON: {why}")
        return _NOTHING
    for word in replaced:
        odd.add(_NO_VALUE, f"{word} in {place.name}")
    if "\\u" in text:
        return _without_halves(value, place, odd)
    return value


def _integer(digits: str) -> int:
    # Before the conversion, which takes time in the square of the digits.
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise ValueError(f"an integer of more than {MAX_DIGITS} digits")
    return int(digits)


def _finite(word: str, replaced: list[str]) -> float | None:
    number = float(word)
    if math.isfinite(number):
        return number
    replaced.append(word[:20])
    return None


def _without_halves(value: Any, place: Place, odd: Odd) -> Any:
    """The value with U+FFFD for every escaped half of a surrogate pair, which is not text."""
    match value:
        case str():
            whole, times = _HALVES.subn("\ufffd", value)
            if times:
                odd.add(_HALF_PAIR, place.name, times)
            return whole
        case list():
            return [_without_halves(item, place, odd) for item in value]
        case dict():
            return {_without_halves(key, place, odd): _without_halves(item, place, odd) for key, item in value.items()}
    return value
