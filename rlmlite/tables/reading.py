"""From a file or a frame to an input: hashed, read into a sheet, with the recipe that reads it again."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from rlmlite.errors import InputError
from rlmlite.tables import arrows, csvs, databases, jsonl
from rlmlite.tables.cells import Altered, blocks, column_names
from rlmlite.tables.places import READERS, TableFile, place_of
from rlmlite.tables.table import TableRead
from rlmlite_kernel.inputs import Derivation, Input, Source, SourceFile
from rlmlite_kernel.sheets import records
from rlmlite_traces import FileBlobs, HashedFile
from rlmlite_traces.mapped import unchanged

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


def from_table(path: str, blobs: FileBlobs) -> Input | None:
    """The table that a path names by its suffix or reader; None if it names none. Raises `InputError`, `OSError`."""
    place = place_of(path)
    if place is None:
        return None
    file = blobs.look(Path(place.path))
    read, words, altered = _read(place.reader, TableFile(file.path, Path(place.path)), place.options)
    made = blobs.derive(words)
    unchanged(file)
    replaced = file.utf8.bad if file.utf8 is not None and place.reader in _OF_TEXT else 0
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


def _read(reader: str, file: TableFile, told: Mapping[str, str]) -> tuple[TableRead, Iterable[bytes], Altered]:
    altered = Altered()
    read = _READ[reader](file, dict(told))
    return read, blocks(column_names(read.names), read.batches(altered), altered), altered


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
