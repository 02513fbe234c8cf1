"""The dialect of a CSV file: delimiter, header, encoding; and its rows, cut by Python's `csv`.

Options decide where they are given. The rest is inferred by fixed rules, not by a scoring sniffer, so that anyone can
predict the result, and the same file is always read the same way:

- Delimiter: the most frequent of `,` `;` tab `|` in the first line, outside quotes; a `.tsv` file uses tab.
- Header: the first row names the columns if none of its cells is empty, repeated, or a number.

    name;"a,b";price      `;` occurs twice, the `,` stands in quotes: delimiter `;`, and a header
    1;2                   numbers: the first row is data
"""

import csv
import re
import sys
from collections.abc import Iterator, Sequence

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.csv_types import IS_NUMBER
from rlmlite.inputs.tables.reading.reader import TableFile

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
"""Delimiters by the names that options use. Of equally frequent ones the first wins."""

_AUTO = "auto"
_QUOTED = re.compile('"[^"]*"')


class Dialect(msgspec.Struct, frozen=True):
    """How a file is cut into rows and cells. `encoding` is None for UTF-8."""

    delimiter: str
    header: bool
    encoding: str | None = None

    @property
    def delimiter_name(self) -> str:
        """The delimiter as the option `delimiter=` names it."""
        return next(name for name, sign in DELIMITERS.items() if sign == self.delimiter)


def choose_dialect(path: TableFile, options: dict[str, str]) -> tuple[Dialect, str]:
    """The dialect of a file, and how the parts that no option gave were inferred. Raises `InputError`, `OSError`."""
    delimiter_option = _read_option("delimiter", options, (*DELIMITERS, _AUTO))
    header_option = _read_option("header", options, ("yes", "no", _AUTO))
    encoding = options.get("encoding")
    inferred = []
    if delimiter_option == _AUTO:
        inferred.append("delimiter by the first line")
        delimiter = _infer_delimiter(path, encoding)
    else:
        # The first line is read all the same, so that a wrong encoding is an error of opening, not of reading.
        next(_read_lines(path, encoding), "")
        delimiter = DELIMITERS[delimiter_option]
    if header_option == _AUTO:
        inferred.append("header by the first row")
        # Read as a row, not as a line: a header cell in quotes may hold a newline.
        first_row = next(read_rows(path, Dialect(delimiter, False, encoding)), [])
        header = _is_header(first_row)
    else:
        header = header_option == "yes"
    return Dialect(delimiter, header, encoding), "; ".join(inferred)


def is_header_inferred(options: dict[str, str]) -> bool:
    """Whether no option says if the first row is a header."""
    return options.get("header", _AUTO) == _AUTO


def _read_option(name: str, options: dict[str, str], allowed: Sequence[str]) -> str:
    value = options.get(name, _AUTO)
    if value not in allowed:
        raise InputError(f"option {name}={value}: expected one of {', '.join(allowed)}")
    return value


def _infer_delimiter(path: TableFile, encoding: str | None) -> str:
    # Read even where the suffix decides, so that a wrong encoding is an error of opening.
    first_line = next(_read_lines(path, encoding), "")
    # By the name that the user gave: a copy in a store has no suffix.
    if path.named.suffix.lower() == ".tsv":
        return DELIMITERS["tab"]
    outside_quotes = _QUOTED.sub("", first_line)
    return max(DELIMITERS.values(), key=outside_quotes.count)


def _is_header(row: list[str]) -> bool:
    complete = bool(row) and all(row)
    unique = len(set(row)) == len(row)
    has_number = any(IS_NUMBER.fullmatch(cell) for cell in row)
    return complete and unique and not has_number


def read_rows(path: TableFile, dialect: Dialect) -> Iterator[list[str]]:
    """Every row that is not blank, the header too. Raises `InputError` with the line for what is not valid CSV."""
    # A cell may be a whole document; the module's default is 128 KiB.
    csv.field_size_limit(sys.maxsize)
    lines = _read_lines(path, dialect.encoding)
    # Strict: by default a misplaced quote is taken as text in silence.
    reader = csv.reader(lines, delimiter=dialect.delimiter, strict=True)
    # Blank lines come as empty lists.
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        where = f"{path} line {reader.line_num:,}"
        raise InputError(f"{where} is not valid CSV: {error}; text:{path} reads it as text") from None


def _read_lines(path: TableFile, encoding: str | None) -> Iterator[str]:
    """The lines of the file. Raises `InputError` for bytes that are not in a given encoding.

    Without one, bytes that are not valid UTF-8 become U+FFFD; they were counted when the file was hashed.
    """
    # Without an encoding a broken byte must not stop the reading; with one, it shows that the encoding is wrong.
    errors = "replace" if encoding is None else "strict"
    # `utf-8-sig` drops a byte order mark; `newline=""` leaves line ends within quotes to the `csv` module.
    with path.at.open(encoding=encoding or "utf-8-sig", errors=errors, newline="") as file:
        try:
            yield from file
        except UnicodeError as error:
            raise InputError(f"{path} is not in the encoding {encoding}: {error}") from None
