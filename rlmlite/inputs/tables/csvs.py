"""CSV and TSV by Python's `csv`: what separates, whether there is a header, and what is a number, each by one rule.

- The delimiter is the one of `,` `;` tab `|` that is most often in the first line; of a `.tsv` file it is tab.
- The first row is a header if its cells are all there, no two are alike, and none is a number.
- A column holds whole numbers, numbers, or true and false, if each of its cells that is not empty spells one (`007` and
  `+1` do not); else text. An empty cell is null, and so is one that a short row lacks.
"""

import csv
import itertools
import math
import platform
import re
import sys
from collections.abc import Iterator, Sequence

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.cells import NULL, ROWS, Altered, Batch, decimals, texts
from rlmlite.inputs.tables.places import TableFile
from rlmlite.inputs.tables.table import TableRead

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
"""Delimiters with their names; of those that are equally frequent the first."""

TYPES = ("int", "number", "bool", "text")
"""What a column can hold, the narrowest first."""

_INT = r"(?:0|-?[1-9][0-9]{0,999})"
_NUMBER = r"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_SPELLED = {"int": _INT, "number": _NUMBER, "bool": "(?:true|false|True|False|TRUE|FALSE)"}
_WHOLE = {kind: re.compile(f"(?:{one})?(?:\n(?:{one})?)*") for kind, one in _SPELLED.items()}
_IS_NUMBER = re.compile(_NUMBER)


class Dialect(msgspec.Struct, frozen=True):
    """How a file is cut into cells."""

    delimiter: str
    header: bool
    encoding: str | None = None


def read(path: TableFile, told: dict[str, str]) -> TableRead:
    """A CSV file. Raises `InputError`, `OSError`."""
    dialect, why = _dialect(path, told)
    width, first = _first(path, dialect)
    is_data = told.get("header", "auto") == "auto" and not dialect.header
    names = first if dialect.header else [f"column_{number}" for number in range(1, width + 1)]
    given = told.get("types", "auto") != "auto"
    types = _given_types(told["types"], width) if given else _types(path, dialect, width)
    known = {
        "delimiter": next(name for name, sign in DELIMITERS.items() if sign == dialect.delimiter),
        "header": "yes" if dialect.header else "no",
        "types": ",".join(types),
        **({} if dialect.encoding is None else {"encoding": dialect.encoding}),
    }

    def batches(altered: Altered) -> Iterator[Batch]:
        altered.note("row at the top was taken as data, not as names; header=yes or header=no says it", is_data)
        for columns in _columns(path, dialect, width, altered):
            yield [_cells(column, kind, given) for column, kind in zip(columns, types, strict=True)]

    return TableRead(tuple(names), batches, platform.python_version(), known, why)


def _dialect(path: TableFile, told: dict[str, str]) -> tuple[Dialect, str]:
    delimiter = _chosen("delimiter", told, (*DELIMITERS, "auto"))
    header = _chosen("header", told, ("yes", "no", "auto"))
    encoding = told.get("encoding")
    line = next(_lines(path, encoding), "")
    sign = DELIMITERS.get(delimiter) or _most_frequent(line, path)
    decided = [] if delimiter in DELIMITERS else ["delimiter by the first line"]
    if header == "auto":
        decided.append("header by the first row")
        row = next(_rows(path, Dialect(sign, False, encoding)), [])
        found = bool(row) and all(row) and len(set(row)) == len(row) and not any(map(_IS_NUMBER.fullmatch, row))
    else:
        found = header == "yes"
    return Dialect(sign, found, encoding), "; ".join(decided)


def _chosen(name: str, told: dict[str, str], words: Sequence[str]) -> str:
    value = told.get(name, "auto")
    if value not in words:
        raise InputError(f"option {name}={value}: expected one of {', '.join(words)}")
    return value


def _most_frequent(line: str, path: TableFile) -> str:
    if path.named.suffix.lower() == ".tsv":
        return "\t"
    outside = re.sub('"[^"]*"', "", line)
    return max(DELIMITERS.values(), key=outside.count)


def _lines(path: TableFile, encoding: str | None) -> Iterator[str]:
    """The lines of the file. Bytes that are not valid UTF-8 become U+FFFD, which whoever hashed the file has counted.

    Raises `InputError` for what is not in an encoding that was given.
    """
    errors = "replace" if encoding is None else "strict"
    with path.at.open(encoding=encoding or "utf-8-sig", errors=errors, newline="") as file:
        try:
            yield from file
        except UnicodeError as error:
            raise InputError(f"{path} is not in the encoding {encoding}: {error}") from None


def _rows(path: TableFile, dialect: Dialect) -> Iterator[list[str]]:
    """Every row that is not blank. Raises `InputError` with the line for what is no CSV."""
    csv.field_size_limit(sys.maxsize)  # a cell can be a whole document
    reader = csv.reader(_lines(path, dialect.encoding), delimiter=dialect.delimiter, strict=True)
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        raise InputError(f"{path} line {reader.line_num:,} is no CSV: {error}; text:{path} takes it as text") from None


def _first(path: TableFile, dialect: Dialect) -> tuple[int, list[str]]:
    row = next(_rows(path, dialect), None)
    if row is None:
        raise InputError(f"{path} is empty: a table has at least a row")
    return len(row), row


def _columns(path: TableFile, dialect: Dialect, width: int, altered: Altered) -> Iterator[list[Sequence[str]]]:
    """The rows in batches, column by column."""
    rows = itertools.islice(_rows(path, dialect), int(dialect.header), None)
    count = int(dialect.header)
    while batch := list(itertools.islice(rows, ROWS)):
        if set(map(len, batch)) != {width}:
            batch = [_fitted(row, width, count + number, path, altered) for number, row in enumerate(batch, 1)]
        count += len(batch)
        yield list(zip(*batch, strict=True))


def _fitted(row: list[str], width: int, number: int, path: TableFile, altered: Altered) -> list[str]:
    if len(row) > width:
        raise InputError(
            f"{path} row {number:,} has {len(row)} cells, expected {width}; "
            f"give csv:{path}?delimiter=..., or text:{path} for text"
        )
    altered.note("rows are short, and null where they end", len(row) < width)
    return row + [""] * (width - len(row))


def _given_types(types: str, width: int) -> list[str]:
    kinds = types.split(",") if types != "text" else ["text"] * width
    if len(kinds) != width or not set(kinds) <= set(TYPES):
        raise InputError(f"option types={types}: expected auto, text, or one of {', '.join(TYPES)} for {width} columns")
    return kinds


def _types(path: TableFile, dialect: Dialect, width: int) -> list[str]:
    """The narrowest type that every cell of a column has; a column with nothing in it is text."""
    open_: list[set[str]] = [set(_WHOLE) for _ in range(width)]
    some = [False] * width
    for columns in _columns(path, dialect, width, Altered()):
        for index, column in enumerate(columns):
            some[index] = some[index] or any(column)
            if open_[index]:
                open_[index] = _still(column, open_[index])
    return [
        next((kind for kind in TYPES if kind in kinds), "text") if there else "text"
        for kinds, there in zip(open_, some, strict=True)
    ]


def _still(column: Sequence[str], kinds: set[str]) -> set[str]:
    joined = "\n".join(column)
    if joined.count("\n") != len(column) - 1:
        return set()
    fits = {kind for kind in kinds if _WHOLE[kind].fullmatch(joined)}
    if "number" in fits and not _all_finite(column, joined):
        fits.discard("number")
    return fits


def _all_finite(column: Sequence[str], joined: str) -> bool:
    """Whether no number of a column is out of range; only long ones and those with an exponent can be."""
    if "e" not in joined and "E" not in joined and len(max(column, key=len)) < _SHORT:
        return True
    return all(math.isfinite(float(cell)) for cell in column if cell)


_SHORT = 300  # digits that are always in range


def _cells(column: Sequence[str], kind: str, given: bool) -> list[str]:
    """The cells of one column as a sheet spells them. Raises `InputError` where a type that was given does not fit."""
    if kind == "text":
        return [f'"{value}"' if value else NULL for value in column] if not all(column) else texts(column)
    if given and not _still(column, {kind}):
        raise InputError(f"types: a column that was said to be {kind} holds something else")
    if kind == "int":
        return [value or NULL for value in column]
    if kind == "bool":
        return [value.lower() or NULL for value in column]
    there = iter(decimals([float(value) for value in column if value], Altered()))
    return [next(there) if value else NULL for value in column]
