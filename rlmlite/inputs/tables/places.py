"""What a path says of a table: a suffix, or `reader:PATH?name=value&name=value`.

`query=` is last and takes everything after it as it stands, so that SQL needs no escaping.
"""

import os
from collections.abc import Mapping
from pathlib import Path, PurePath

import msgspec

from rlmlite.errors import InputError
from rlmlite_kernel.program.problems import did_you_mean

READERS: Mapping[str, tuple[str, ...]] = {
    "csv": (".csv", ".tsv"),
    "jsonl": (".jsonl", ".ndjson"),
    "parquet": (".parquet",),
    "arrow": (".arrow", ".feather", ".ipc"),
    "sqlite": (),
    "duckdb": (),
}
"""Each reader with the suffixes that choose it. Databases are chosen by name: they hold more than one table."""

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "csv": ("delimiter", "header", "types", "encoding"),
    "jsonl": ("encoding",),
    "parquet": (),
    "arrow": (),
    "sqlite": ("table", "query"),
    "duckdb": ("table", "query"),
}
"""What each reader may be told."""


class Place(msgspec.Struct, frozen=True):
    """A file, how it is to be read, and what the reader was told."""

    reader: str
    path: str
    options: dict[str, str]


class TableFile(msgspec.Struct, frozen=True):
    """A file that holds a table: where it is read, and the path that it was named by.

    The two differ where a copy is read. Messages, a suffix and what lies beside it are those of the named path.
    """

    at: Path
    named: Path

    def __str__(self) -> str:
        return str(self.named)


def place_of(path: str) -> Place | None:
    """The table that a path names; None if it names none. Raises `InputError` for options that there are not."""
    scheme, colon, rest = path.partition(":")
    if colon and scheme in READERS and not os.path.lexists(path):
        file, _, told = rest.partition("?")
        if not file:
            raise InputError(f"{path} has no path; write {scheme}:PATH")
        return Place(scheme, file, _options(scheme, told))
    suffix = PurePath(path).suffix.lower()
    reader = next((name for name, suffixes in READERS.items() if suffix in suffixes), None)
    return Place(reader, path, {}) if reader is not None and os.path.isfile(path) else None


def _options(reader: str, told: str) -> dict[str, str]:
    options: dict[str, str] = {}
    while told:
        name, equals, rest = told.partition("=")
        if name not in OPTIONS[reader]:
            known = ", ".join(OPTIONS[reader]) or "none"
            hint = did_you_mean(name, OPTIONS[reader]) or f"options of {reader}: {known}"
            raise InputError(f"{reader} has no option `{name}`; {hint}")
        if not equals:
            raise InputError(f"option {name} has no value; write {name}=...")
        value, told = (rest, "") if name == "query" else (rest.partition("&")[0], rest.partition("&")[2])
        options[name] = value
    return options
