"""From a file or a frame to an input: hashed, read into a sheet, with the recipe that reads it again."""

import codecs
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from rlmlite.errors import InputError
from rlmlite.inputs.tables import arrows, csvs, databases, jsonl
from rlmlite.inputs.tables.cells import Altered, blocks, column_names
from rlmlite.inputs.tables.places import READERS, Place, TableFile, place_of
from rlmlite.inputs.tables.table import TableRead
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation, Input, Source, SourceFile
from rlmlite_kernel.values.sheets import records
from rlmlite_traces import FileBlobs, HashedFile
from rlmlite_traces.files.mapped import unchanged

Read: TypeAlias = Callable[[TableFile, dict[str, str]], TableRead]

_READ: Mapping[str, Read] = {
    "csv": csvs.read,
    "jsonl": jsonl.read,
    "parquet": arrows.read_parquet,
    "arrow": arrows.read_arrow,
    "sqlite": databases.read_sqlite,
    "duckdb": databases.read_duckdb,
}
"""What reads each kind of table that `places.READERS` names."""

assert _READ.keys() == READERS.keys()

_OF_TEXT = ("csv", "jsonl")
"""Readers of text, in which bad UTF-8 becomes U+FFFD."""

_FRAME = "frame"

_HEAD = 8 * 1024

Bounded: TypeAlias = Callable[[Iterator[bytes]], Iterable[Content]]
"""What lets the blocks of a sheet through as long as they are few enough."""


def from_table(path: str, blobs: FileBlobs, encoding: str | None = None, bounded: Bounded = iter) -> Input | None:
    """The table that a path names by its suffix or reader; None if it names none.

    `encoding` is that of readers of text that are told none; `bounded` passes the blocks of the sheet on, and raises
    when they are too many. Raises `InputError`, `OSError`.
    """
    place = place_of(path)
    if place is None:
        return None
    file = blobs.look(Path(place.path))
    if place.reader in _OF_TEXT:
        place = _with_encoding(place, encoding)
    read, words, altered = _read(place.reader, TableFile(file.path, Path(place.path)), place.options)
    made = blobs.derive(bounded(words))
    unchanged(file)
    in_utf8 = place.reader in _OF_TEXT and "encoding" not in place.options
    replaced = file.utf8.bad if file.utf8 is not None and in_utf8 else 0
    entry = SourceFile(place.path, made.digest, made.size, replaced, file.digest, 1)
    source = Source("table", path, (entry,), recipes=((_step(place.reader, read, altered),),))
    return Input(records(made.digest, blobs), source)


def from_frame(value: object, blobs: FileBlobs) -> Input | None:
    """The table that a data frame is; None for what is none. Raises `InputError`."""
    if not arrows.is_frame(value):
        return None
    altered = Altered()
    read = arrows.read_frame(value)
    content = b"".join(blocks(column_names(read.names), read.batches(altered), altered))
    entry = SourceFile("", blobs.put(content), len(content), recipe=1)
    step = _step(_FRAME, read, altered)
    return Input(records(entry.digest, blobs), Source("table", None, (entry,), recipes=((step,),)), content)


def derive_table(file: HashedFile, source: Source, files: Sequence[SourceFile], blobs: FileBlobs) -> str:
    """Read a recorded table again: why it could not be, or nothing."""
    steps = [step for each in files for step in source.recipe(each)]
    if len(steps) != 1 or steps[0].by not in _READ:
        return f"{file.path}: this version reads no table by {', '.join(step.by for step in steps) or 'nothing'}"
    try:
        _, words, _ = _read(steps[0].by, TableFile(file.path, file.path), json.loads(steps[0].how or "{}"))
        blobs.derive(words)
        unchanged(file)
    except InputError as error:
        return str(error)
    return ""


def remarks(source: Source) -> Iterator[str]:
    """What of a table could not be kept as it was."""
    for file in source.files:
        for step in source.recipe(file):
            altered = step.why.partition(" | ")[2] if step.by in (*_READ, _FRAME) else ""
            if altered:
                yield altered


def _with_encoding(place: Place, encoding: str | None) -> Place:
    """A table of text with its encoding, if that is not UTF-8. Raises `InputError` for what is binary."""
    given = place.options.get("encoding", encoding)
    if given is not None:
        try:
            "".encode(given)
            name = codecs.lookup(given).name
        except LookupError:
            raise InputError(f"option encoding={given}: there is no such encoding; such as: utf-16, cp1252") from None
        rest = {key: value for key, value in place.options.items() if key != "encoding"}
        return Place(place.reader, place.path, rest if name == "utf-8" else {**rest, "encoding": name})
    with open(place.path, "rb") as file:
        zero = file.read(_HEAD).find(0)
    if zero >= 0:
        raise InputError(
            f"{place.path} is binary (a NUL byte at {zero:,}), and a table of {place.reader} is text; "
            "unpack or convert it first, or name its encoding: --read encoding=NAME"
        )
    return place


def _read(reader: str, file: TableFile, told: Mapping[str, str]) -> tuple[TableRead, Iterator[bytes], Altered]:
    altered = Altered()
    read = _READ[reader](file, dict(told))
    try:
        names = column_names(read.names)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    return read, _named(str(file), blocks(names, read.batches(altered), altered)), altered


def _named(path: str, made: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks; an error of a value, which does not know where it stood, says of which file."""
    try:
        yield from made
    except InputError as error:
        raise (
            error if path in str(error) else InputError(f"{path}: {error}; text:{path} takes a text as it is")
        ) from None


def _step(reader: str, read: TableRead, altered: Altered) -> Derivation:
    """What is recorded of a reading. It is made when the reading is over: what was altered is known then."""
    renamed = {old: new for old, new in zip(read.names, column_names(read.names), strict=True) if old != new}
    if renamed:
        altered.note(
            "columns were renamed: " + ", ".join(f"{old!r} is {new}" for old, new in renamed.items()), len(renamed)
        )
    words = altered.words()
    how = json.dumps(dict(read.told), ensure_ascii=False, sort_keys=True) if read.told else ""
    return Derivation(reader, read.version, how, f"{read.why} | {words}" if words else read.why)
