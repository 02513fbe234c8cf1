"""Table specifications: how a path says that an input is a table, and how to read it.

    sales.csv                                   a suffix chooses the reader
    csv:sales.txt?delimiter=tab&header=no       READER:PATH?name=value&name=value
    sqlite:shop.db?query=SELECT a & b FROM t    `query=` comes last and takes the rest verbatim

`query=` takes everything that follows, so that SQL needs no escaping: `&`, `=` and `?` are part of the query.
"""

import os
from collections.abc import Mapping
from pathlib import PurePath

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.formats.reading import Reading
from rlmlite_kernel.program.problems import did_you_mean

READERS: Mapping[str, tuple[str, ...]] = {
    "csv": (".csv", ".tsv"),
    "jsonl": (".jsonl", ".ndjson"),
    "parquet": (".parquet",),
    "arrow": (".arrow", ".feather", ".ipc"),
    "sqlite": (),
    "duckdb": (),
    "workbook": (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
}
"""Each reader with the suffixes that choose it. Databases have none: they hold several tables, so one must be named."""

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "csv": ("delimiter", "header", "quote", "decimal", "skip", "types", "dates", "encoding"),
    "jsonl": ("encoding",),
    "parquet": (),
    "arrow": (),
    "sqlite": ("table", "query"),
    "duckdb": ("table", "query"),
    "workbook": ("table", "header"),
}
"""The options of each reader."""


class TableSpec(msgspec.Struct, frozen=True):
    """A reader, the path of its file, and its options."""

    reader: str
    path: str
    options: dict[str, str]


def parse_spec(path: str) -> TableSpec | None:
    """The table that a path specifies, or None if it does not specify one. Raises `InputError` for unknown options."""
    reader, colon, rest = path.partition(":")
    # A file that is really called `csv:x` is that file, not a specification.
    if colon and reader in READERS and not os.path.lexists(path):
        file, _, options = rest.partition("?")
        if not file:
            raise InputError(f"{path} has no path; write {reader}:PATH")
        return TableSpec(reader, file, _parse_options(reader, options))
    by_suffix = reader_by_suffix(path)
    # A folder may be called `data.csv` too; it is then read as a folder.
    if by_suffix is None or not os.path.isfile(path):
        return None
    return TableSpec(by_suffix, path, {})


def with_settings(spec: TableSpec, reading: Reading) -> TableSpec:
    """The specification with those of the settings for all inputs that its reader takes and its path does not say."""
    settings = {name: getattr(reading, name, None) for name in OPTIONS[spec.reader] if name != "encoding"}
    said = {name: str(value) for name, value in settings.items() if value is not None}
    return TableSpec(spec.reader, spec.path, said | spec.options)


def reader_by_suffix(path: str) -> str | None:
    """The reader that a path's suffix chooses, or None."""
    suffix = PurePath(path).suffix.lower()
    for reader, suffixes in READERS.items():
        if suffix in suffixes:
            return reader
    return None


def _parse_options(reader: str, text: str) -> dict[str, str]:
    # Not `urllib.parse.parse_qsl`, which decodes `%` and `+`: both are common in SQL.
    options: dict[str, str] = {}
    while text:
        name, equals, rest = text.partition("=")
        if name not in OPTIONS[reader]:
            raise InputError(f"{reader} has no option `{name}`; {_suggest_option(reader, name)}")
        if not equals:
            raise InputError(f"option {name} has no value; write {name}=...")
        # Last by definition: SQL may contain `&`.
        if name == "query":
            options[name], text = rest, ""
        else:
            options[name], _, text = rest.partition("&")
    return options


def _suggest_option(reader: str, name: str) -> str:
    known = OPTIONS[reader]
    listed = ", ".join(known) or "none"
    return did_you_mean(name, known) or f"options of {reader}: {listed}"
