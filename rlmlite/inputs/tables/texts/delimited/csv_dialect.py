"""The dialect of a CSV file: where its table begins, and how it is cut into rows and cells.

Options decide where they are given. The rest is inferred by fixed rules, so that the same file is always read the same
way, and the trace records what was inferred as if it had been given:

- Beginning: after a line `sep=;`, after blank lines and rows without a single cell; or after `skip=` lines.
- Delimiter: that of the line `sep=`; a tab for a `.tsv` file; else of `,` `;` tab `|` the one that cuts most of the
  first lines into as many cells as the first of them. Of equals, the one that makes more cells, then the rarer one: a
  file with semicolons may have a comma in every number.
- Header: the first row names the columns if none of its cells is repeated, a number or a date, and none is empty but
  at its ends.
- Quotes: `"`; in a file with tabs see `csv_quotes`.

    sep=;                 the delimiter, and the table begins on line 3
                          (a blank line)
    name;"a;b";price      a header
    tea;x;1,50            three cells
"""

import csv
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.texts.delimited.csv_dates import IS_ISO, ORDERS
from rlmlite.inputs.tables.texts.delimited.csv_numbers import IS_NUMBER
from rlmlite.inputs.tables.texts.delimited.csv_quotes import infer_quote
from rlmlite.inputs.tables.texts.delimited.csv_rows import Cut, read_rows
from rlmlite.inputs.tables.texts.delimited.csv_types import Spelling
from rlmlite.inputs.tables.texts.lines import Place, TextFile, text_of
from rlmlite.inputs.tables.texts.odd import Odd

DELIMITERS: Mapping[str, str] = {"tab": "\t", "semicolon": ";", "bar": "|", "comma": ",", "space": " "}
"""Delimiters by the names that options use. All but the space are inferred; of equals, the first wins."""

QUOTES: Mapping[str, str | None] = {"double": '"', "single": "'", "none": None}
"""Quotes by the names that options use; `none` says that quotes are text."""

DECIMALS: Mapping[str, str] = {"point": ".", "comma": ","}

_AUTO = "auto"
_INFERRED = ("tab", "semicolon", "bar", "comma")
_SEP = re.compile(r'"?sep=(?P<sign>[^\w"\s]|\t)"?\s*', re.IGNORECASE)
_SAMPLE_LINES, _SAMPLE_CHARS = 100, 1 << 20


class Dialect(msgspec.Struct, frozen=True):
    """Where the table begins, whether with a header, and how it is cut and spelled."""

    start: Place
    cut: Cut
    header: bool
    spelling: Spelling


class Inferred(msgspec.Struct, frozen=True):
    """What no option said: how it was chosen, and what the user should know of it."""

    why: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def choose_dialect(file: TextFile, options: Mapping[str, str]) -> tuple[Dialect, Inferred]:
    """The dialect of a file, and how the parts that no option gave were inferred. Raises `InputError`, `OSError`."""
    why: list[str] = []
    notes: list[str] = []
    start, sign = _find_start(file, options)
    delimiter = _delimiter_option(options)
    if delimiter is None:
        why.append("delimiter by the first lines")
        delimiter = sign or _infer_delimiter(file, start)
    quote_name = _one_of("quote", options, (*QUOTES, _AUTO))
    cut = Cut(delimiter, QUOTES.get(quote_name, '"'))
    if quote_name == _AUTO and delimiter == DELIMITERS["tab"] and not file.path.is_sheet:
        cut, note = infer_quote(file, start, cut)
        notes += note
    # Rows of empty cells before the first one that has any are blank lines, as a spreadsheet writes them.
    rows = read_rows(file, start, cut, Odd())
    first = next((row for row in rows if any(row.cells) or file.path.is_sheet), None)
    if first is None:
        raise InputError(f"{file.path} is empty: a table needs at least one row")
    header_name = _one_of("header", options, ("yes", "no", _AUTO))
    header = header_name == "yes"
    if header_name == _AUTO:
        why.append("header by the first row")
        header = _is_header(first.cells)
        if not header:
            notes.append("the first row was read as data, not as names; header=yes or header=no decides it")
    return Dialect(first.place, cut, header, _spelling(options)), Inferred(tuple(why), tuple(notes))


def recorded(dialect: Dialect) -> dict[str, str]:
    """The options that make a replay cut the same cells, whatever was inferred here."""
    options = {
        "delimiter": _name_of(dialect.cut.delimiter, DELIMITERS),
        "header": "yes" if dialect.header else "no",
        "quote": _name_of(dialect.cut.quote, QUOTES),
        "skip": str(dialect.start.line - 1),
        "decimal": _name_of(dialect.spelling.decimal, DECIMALS),
    }
    if dialect.spelling.dates is not None:
        options["dates"] = dialect.spelling.dates
    return options


def _name_of(sign: str | None, names: Mapping[str, str | None] | Mapping[str, str]) -> str:
    return next((name for name, named in names.items() if named == sign), str(sign))


def _one_of(name: str, options: Mapping[str, str], allowed: Sequence[str]) -> str:
    value = options.get(name, _AUTO)
    if value not in allowed:
        raise InputError(f"option {name}={value}: expected one of {', '.join(allowed)}")
    return value


def _delimiter_option(options: Mapping[str, str]) -> str | None:
    """The delimiter that an option gives, or None. Raises `InputError`."""
    value = options.get("delimiter", _AUTO)
    if value == _AUTO:
        return None
    sign = DELIMITERS.get(value, value)
    if len(sign) != 1 or sign in "\"'\r\n":
        raise InputError(
            f"option delimiter={value}: expected one of {', '.join(DELIMITERS)}, {_AUTO}, or a single character"
        )
    return sign


def _spelling(options: Mapping[str, str]) -> Spelling:
    decimal = _one_of("decimal", options, (*DECIMALS, _AUTO))
    dates = _one_of("dates", options, (*ORDERS, _AUTO))
    return Spelling(DECIMALS.get(decimal, "."), None if dates == _AUTO else dates)


def _find_start(file: TextFile, options: Mapping[str, str]) -> tuple[Place, str | None]:
    """Where to look for the first row, and the delimiter that a line `sep=` gives."""
    lines = file.lines()
    skip = "0" if file.path.is_sheet else options.get("skip")
    if skip is not None:
        if not (skip.isascii() and skip.isdigit()):
            raise InputError(f"option skip={skip}: expected a number of lines")
        for _ in itertools.islice(lines, int(skip)):
            pass
        return lines.place, None
    place = lines.place
    for line in lines:
        if line.strip():
            sep = _SEP.fullmatch(text_of(line))
            return (place, None) if sep is None else (lines.place, sep["sign"])
        place = lines.place
    return place, None


def _infer_delimiter(file: TextFile, start: Place) -> str:
    # By the name that the user gave: a copy in a store has no suffix.
    if PurePath(file.path.named).suffix.lower() == ".tsv":
        return DELIMITERS["tab"]
    sample: list[str] = []
    for line in file.lines(start):
        if line.strip():
            sample.append(text_of(line))
        if len(sample) == _SAMPLE_LINES or sum(map(len, sample)) > _SAMPLE_CHARS:
            break
    signs = [DELIMITERS[name] for name in _INFERRED]
    best = max(signs, key=lambda sign: _fit(sample, sign))
    return best if _fit(sample, best)[0] else DELIMITERS["comma"]


def _fit(sample: Sequence[str], sign: str) -> tuple[int, int]:
    """How many rows of a sample a delimiter cuts as it does the first, and into how many cells; 0 if it cuts none."""
    widths = [len(row) for row in csv.reader(sample, delimiter=sign)]
    if not widths or widths[0] == 1:
        return 0, 0
    return widths.count(widths[0]), widths[0]


def _is_header(row: Sequence[str]) -> bool:
    names = [cell.strip() for cell in row]
    # A table that was written with its row numbers has no name for them, one with a delimiter at the end none there.
    inner = names[1:] if not names[0] else names
    while inner and not inner[-1]:
        inner = inner[:-1]
    complete = bool(inner) and all(inner)
    unique = len(set(inner)) == len(inner)
    has_value = any(IS_NUMBER.fullmatch(name) or IS_ISO.fullmatch(name) for name in inner)
    return complete and unique and not has_value
