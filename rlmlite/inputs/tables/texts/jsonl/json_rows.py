"""Lines of JSON as values, and values as columns.

A line that is not JSON is left out, and said. What JSON writes and values cannot hold becomes null (NaN, Infinity,
1e999) or U+FFFD (half of a surrogate pair), and is said too.

    {"a": NaN}      {"a": null}     NaN in line 1
    {"a": 1         left out        line 2, not JSON: Expecting ',' delimiter at column 8
"""

import json
import math
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite.inputs.tables.texts.lines import Place, TextFile, end_size, text_of
from rlmlite.inputs.tables.texts.odd import Odd
from rlmlite_kernel.program.schemas import json_depth
from rlmlite_kernel.records.canonical import MAX_DIGITS, VALUE_DEPTH
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.parts import Part
from rlmlite_kernel.values.tables.writer import Batch

BAD_LINE = "lines that are not JSON were left out"
_NO_VALUE = "NaN and infinite numbers in JSON became null"
_HALF_PAIR = "halves of surrogate pairs became U+FFFD"
_LONG_NUMBER = re.compile(b"[0-9]{%d}" % (MAX_DIGITS + 1))
_HALVES = re.compile("[\ud800-\udfff]")
_NOTHING = object()
_NESTED = frozenset((list, dict))


class JsonRow(NamedTuple):
    """The value of a line, where it begins, and the byte where it ends, without its line end."""

    place: Place
    stop: int
    value: Any


def read_values(file: TextFile, odd: Odd, start: Place | None = None, stop: int = sys.maxsize) -> Iterator[JsonRow]:
    """The lines that are JSON and begin from a place on, before the byte `stop`."""
    decode = msgspec.json.Decoder().decode
    # A lone carriage return is white space in JSON.
    lines = file.lines(start, only_feeds=True)
    place = lines.place
    for line in lines:
        try:
            value = _read_slowly(line, place, odd) if _may_exceed_bounds(line) else decode(line)
        except (msgspec.DecodeError, RecursionError):
            # Blank lines end up here too, since testing every line for them would slow the others down.
            value = _read_slowly(line, place, odd) if line.strip() else _NOTHING
        if value is not _NOTHING:
            yield JsonRow(place, place.offset + len(line) - end_size(line), value)
        place = lines.place
        if place.offset >= stop:
            return


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
        odd.add(BAD_LINE, place, f"not JSON: {why}")
        return _NOTHING
    for word in replaced:
        odd.add(_NO_VALUE, place, word)
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
                odd.add(_HALF_PAIR, place, times=times)
            return whole
        case list():
            return [_without_halves(item, place, odd) for item in value]
        case dict():
            return {_without_halves(key, place, odd): _without_halves(item, place, odd) for key, item in value.items()}
    return value


def batch_of(rows: Sequence[JsonRow], keys: Sequence[str], has_whole: bool, losses: Losses) -> Batch:
    """Some rows as columns: the keys, and if it is asked for the lines as they are."""
    starts = parts.of_values([row.place.offset for row in rows])
    stops = parts.of_values([row.stop for row in rows])
    columns = columns_of([row.value for row in rows], keys, has_whole)
    return Batch([_part(column, losses) for column in columns], len(rows), starts, stops)


def _part(values: list[Any], losses: Losses) -> Part:
    """A column as a part; lists and records are spelled."""
    is_nested = not _NESTED.isdisjoint(map(type, values))
    return parts.spelled(column_cells(values, losses)) if is_nested else parts.of_values(values)


def columns_of(rows: Sequence[Any], keys: Sequence[str], has_whole: bool) -> Iterator[list[Any]]:
    """The values of each key, and if it is asked for the values themselves."""
    records = [row if type(row) is dict else {} for row in rows]
    for key in keys:
        yield [record.get(key) for record in records]
    if has_whole:
        yield list(rows)
