"""From a path or a data frame to an input: the file is hashed, its rows are read into columns, a recipe is recorded.

The order of steps in `from_table` matters. The file is hashed before it is read and checked after it, so that the
digest in the trace is that of the bytes that were read. The recipe is made last: what could not be kept exactly is
known only after the last row. It is one `Derivation`, for example

    by="csv"  version="3.11.9"
    how='{"delimiter": "comma", "header": "yes", "layout": "columns-2", "types": "int,text"}'
    why="delimiter by the first line; header by the first row | short rows were filled up with null (2)"

`by` and `how` are what a replay reads; `why` is for people. A recipe without `layout` is of an older version: what was
derived then was a sheet, by the rules of then.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.formats.encodings.names import find_encoding, unknown_encoding
from rlmlite.inputs.formats.reading import READING, Reading, ReadingLimits
from rlmlite.inputs.formats.recipes import REDACT
from rlmlite.inputs.tables.binary.arrow_tables import is_frame, read_frame
from rlmlite.inputs.tables.reading.databases_beside import check_complete
from rlmlite.inputs.tables.reading.reader import (
    SHEET,
    OpenTable,
    ReadAgainError,
    TableFile,
    TableReader,
    read_columns,
    read_sheet,
)
from rlmlite.inputs.tables.reading.table_text import find_text
from rlmlite.inputs.tables.sheets.sheet_writer import Losses, column_names
from rlmlite.inputs.tables.specs import OPTIONS, READERS, TableSpec, parse_spec, with_settings
from rlmlite.inputs.tables.texts.delimited.csv_files import read_csv
from rlmlite.inputs.tables.texts.jsonl.jsonl_files import read_jsonl
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation, Input, Source, SourceFile
from rlmlite_kernel.values.tables.records import records
from rlmlite_kernel.values.tables.writer import COLUMNS, SAMPLES, columnar_blocks
from rlmlite_traces import FileBlobs, HashedFile
from rlmlite_traces.blobs.stores import DerivedContent
from rlmlite_traces.files.mapped import check_unchanged

if TYPE_CHECKING:
    from rlmlite.guard.redaction.redaction import Redaction

_TEXT_READERS: Mapping[str, TableReader] = {"csv": read_csv, "jsonl": read_jsonl}
"""Readers of text: they take an encoding, and bad UTF-8 becomes U+FFFD. The others of `READERS` run in a worker."""

WORTH_BYTES = 256 * 1024
"""The rows of smaller texts are read faster than they are kept and found again."""

WORTH_BYTES_IN_WORKER = 64 * 1024
"""Of files that a worker reads, which takes 0.2 s to start."""

_FRAME = "frame"
"""The step of a data frame, which no replay reads again: its sheet is kept in the trace."""

_LAYOUT = "layout"
"""What a recipe says of the content that it gives: one of `SAMPLES`, or nothing for a sheet."""

_NOT_REDACTED = "is not redacted here, since its cells are not text; redact its columns first"

_HEAD = 8 * 1024

_OPTIONS = msgspec.json.Decoder(dict[str, str])


def from_table(path: str, blobs: FileBlobs, reading: Reading = READING) -> Input | None:
    """The table that a path specifies by its suffix or reader, or None if it does not specify one.

    The encoding of `reading` is for readers of text whose options give none. Raises `InputError`, `OSError`.
    """
    spec = parse_spec(path)
    if spec is None:
        return None
    spec = with_settings(spec, reading)
    _check_redaction(spec, reading)
    # Hashed before it is read. From here on `file.path` may be a copy in the store; the user's path stays in the spec.
    is_text = spec.reader in _TEXT_READERS
    file = blobs.look(Path(spec.path), is_text)
    if is_text:
        spec = _resolve_encoding(spec, reading.encoding)
        if reading.redaction is not None:
            spec.options[REDACT] = reading.redaction.spelling
    derived, step = _find_or_derive(spec, path, file, blobs, reading)
    check_unchanged(file)
    # The hash looked at the file as UTF-8. In another encoding what it counted as bad is not.
    as_utf8 = is_text and "encoding" not in spec.options
    replaced = file.utf8.bad if file.utf8 is not None and as_utf8 else 0
    entry = SourceFile(spec.path, derived.digest, derived.size, replaced, file.digest, 1)
    source = Source("table", path, (entry,), recipes=((step,),))
    return Input(records(derived.digest, blobs), source)


def _find_or_derive(
    spec: TableSpec, path: str, file: HashedFile, blobs: FileBlobs, reading: Reading
) -> tuple[DerivedContent, Derivation]:
    """The content of a table, from the user's cache or read anew, and the step that derived it. Raises `InputError`."""
    limits = ReadingLimits(path, reading)
    is_worth_it = file.mark.size >= (WORTH_BYTES if spec.reader in _TEXT_READERS else WORTH_BYTES_IN_WORKER)
    if not is_worth_it or not reading.cache or blobs.copies:
        return _derive_new(spec, file, limits, blobs, blobs.derive)
    from rlmlite.inputs.cache.tables import open_tables, table_key  # here, because most tables are small

    named, cache = Path(spec.path), open_tables()
    key = table_key(file.digest, spec.reader, named.suffix.lower(), spec.options)
    cached = cache.find(key)
    if cached is not None and cached.file.size <= reading.max_bytes:
        _register_beside(spec, file, blobs, reading.redaction)
        return blobs.add_held(cached.digest, cached.file), cached.step
    with cache.writing(key) as writer:
        if writer is None:
            return _derive_new(spec, file, limits, blobs, blobs.derive)
        derived, step = _derive_new(spec, file, limits, blobs, lambda blocks: blobs.add_held(*writer.write(blocks)))
        # Only now it is known that the bytes that were read are those that were hashed.
        check_unchanged(file)
        writer.commit(step)
        return derived, step


def _register_beside(spec: TableSpec, file: HashedFile, blobs: FileBlobs, own: "Redaction | None") -> None:
    """What reading a table does besides: the text of its rows is registered, a database is found to be complete."""
    if spec.reader in _TEXT_READERS:
        find_text(file, Path(spec.path), spec.options, blobs, own)
    else:
        check_complete(file.path, Path(spec.path), spec.reader)


def _derive_new(
    spec: TableSpec,
    file: HashedFile,
    limits: ReadingLimits,
    blobs: FileBlobs,
    keep: Callable[[Iterator[Content]], DerivedContent],
) -> tuple[DerivedContent, Derivation]:
    table, derived, losses = _derive(spec.reader, file, Path(spec.path), spec.options, limits, blobs, keep)
    return derived, _record_step(spec.reader, table, losses)


def from_frame(value: object, blobs: FileBlobs, reading: Reading = READING) -> Input | None:
    """The table that a data frame is, or None if the value is not a data frame. Raises `InputError`."""
    if not is_frame(value):
        return None
    if reading.redaction is not None:
        raise InputError(f"a data frame {_NOT_REDACTED}, or give its rows as a list of dicts")
    losses = Losses()
    table = read_frame(value)
    # Joined in memory, since the trace keeps it: nobody could find a data frame again.
    names = column_names(table.names)
    assert table.columns is not None
    content = b"".join(columnar_blocks(names, table.columns(losses)))
    entry = SourceFile("", blobs.put(content), len(content), recipe=1)
    recipe = (_record_step(_FRAME, table, losses),)
    source = Source("table", None, (entry,), recipes=(recipe,))
    return Input(records(entry.digest, blobs), source, content)


def derive_table(
    file: HashedFile, source: Source, files: Sequence[SourceFile], blobs: FileBlobs, reading: Reading = READING
) -> str:
    """Read a recorded table again into the store, under the limits of `reading`: a trace may come from a stranger.

    Returns why that failed, or an empty text.
    """
    steps = [step for entry in files for step in source.recipe(entry)]
    # A trace may come from a newer version, or from a stranger who wrote it by hand.
    if len(steps) != 1 or steps[0].by not in READERS:
        named = ", ".join(step.by for step in steps) or "(none named)"
        return f"{file.path}: this version has no table reader {named}"
    step = steps[0]
    try:
        options = _recorded_options(step)
        limits = ReadingLimits(str(file.path), reading)
        layout = options.pop(_LAYOUT, SHEET)
        _derive(step.by, file, file.path, options, limits, blobs, blobs.derive, layout)
        check_unchanged(file)
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"{file.path} cannot be read: {error.strerror or error}"
    return ""


def _recorded_options(step: Derivation) -> dict[str, str]:
    """The options that a trace recorded. Raises `InputError`, since a stranger may have written anything there."""
    try:
        options = _OPTIONS.decode(step.how or "{}")
    except (msgspec.DecodeError, RecursionError):
        raise InputError(f"the recorded options of {step.by} are not options") from None
    known = {*OPTIONS[step.by], _LAYOUT, *((REDACT,) if step.by in _TEXT_READERS else ())}
    if not options.keys() <= known or options.get(_LAYOUT, SHEET) not in (*SAMPLES, SHEET):
        raise InputError(f"the recorded options of {step.by} are not those of this version: {', '.join(options)}")
    encoding = options.get("encoding")
    if encoding is not None and find_encoding(encoding) is None:
        raise InputError(f"option encoding=: {unknown_encoding(encoding)}")
    return options


def remarks(source: Source) -> Iterator[str]:
    """What the recipes of a source say could not be kept exactly."""
    for file in source.files:
        for step in source.recipe(file):
            # Steps before it, such as a fetch, have reasons of another form.
            reads_table = step.by in READERS or step.by == _FRAME
            if not reads_table:
                continue
            losses = step.why.partition(" | ")[2]
            if losses:
                yield losses


def _check_redaction(spec: TableSpec, reading: Reading) -> None:
    """Raise `InputError` for a table that a run which redacts would read as it is."""
    if reading.redaction is not None and spec.reader not in _TEXT_READERS:
        raise InputError(f"{spec.path} {_NOT_REDACTED}, or export it as CSV or JSON Lines")


def _resolve_encoding(spec: TableSpec, encoding: str | None) -> TableSpec:
    """The specification with Python's name of its encoding, or without one for UTF-8.

    Raises `InputError` for an unknown encoding, and without one for a file that is binary.
    """
    given = spec.options.get("encoding", encoding)
    if given is None:
        _check_is_text(spec)
        return spec
    name = find_encoding(given)
    if name is None:
        raise InputError(f"option encoding=: {unknown_encoding(given)}")
    # Recorded by Python's name, so that `latin-1` and `iso-8859-1` give one recipe; UTF-8 is what readers do anyway.
    options = {key: value for key, value in spec.options.items() if key != "encoding"}
    if name != "utf-8":
        options["encoding"] = name
    return TableSpec(spec.reader, spec.path, options)


def _check_is_text(spec: TableSpec) -> None:
    with open(spec.path, "rb") as file:
        position = file.read(_HEAD).find(0)
    if position >= 0:
        raise InputError(
            f"{spec.path} is binary (a NUL byte at {position:,}), but {spec.reader} tables are text; "
            "unpack or convert it first, or give its encoding: --read encoding=NAME"
        )


def _derive(
    reader: str,
    file: HashedFile,
    named: Path,
    options: Mapping[str, str],
    limits: ReadingLimits,
    blobs: FileBlobs,
    keep: Callable[[Iterator[Content]], DerivedContent],
    layout: str = COLUMNS,
) -> tuple[OpenTable, DerivedContent, Losses]:
    """Read the rows, and `keep` their content: text here, everything else in a worker. Raises `InputError`."""
    if reader in _TEXT_READERS:
        open_text = partial(_open_text, _TEXT_READERS[reader], file, named, options, blobs, layout, limits.redaction)
        table, blocks, losses = open_text()
        try:
            return table, keep(limits.blocks(blocks, "table")), losses
        except ReadAgainError as again:
            table, blocks, losses = open_text(again.table or table)
            return table, keep(limits.blocks(blocks, "table")), losses
    from rlmlite.inputs.tables.binary.binary_tables import (  # here, because most tables are text
        check_table,
        open_in_worker,
    )

    table, blocks, losses = open_in_worker(reader, file, named, options, limits, layout)
    derived = keep(limits.blocks(blocks, "table"))
    check_table(blobs.read(derived.digest), reader, table, layout)
    return table, derived, losses


def _open_text(
    read: TableReader,
    file: HashedFile,
    named: Path,
    options: Mapping[str, str],
    blobs: FileBlobs,
    layout: str,
    own: "Redaction | None",
    table: OpenTable | None = None,
) -> tuple[OpenTable, Iterator[bytes], Losses]:
    counts = Counter[str]()
    text = find_text(file, named, options, blobs, own, counts)
    path = TableFile(file.path, named, text=blobs.read(text), layout=layout)
    if path.is_sheet:
        return read_sheet(read, path, options)
    table, blocks, losses = read_columns(read, path, options, text, table)
    if counts:
        from rlmlite.guard.redaction.redaction import summary  # here, because few runs redact

        losses.remark(f"redacted: {summary(counts)}")
    return table, blocks, losses


def _record_step(reader: str, table: OpenTable, losses: Losses) -> Derivation:
    """The step of the recipe. Call it after the last row has been read: only then are the losses complete."""
    names_in_sheet = column_names(table.names)
    renamed = []
    for original, name in zip(table.names, names_in_sheet, strict=True):
        if name != original:
            renamed.append(f"{original!r} is {name}")
    if renamed:
        losses.remark("columns were renamed: " + ", ".join(renamed))

    # Sorted keys: the same options must give the same recipe, and so the same digest of the source.
    options = json.dumps({**table.options, _LAYOUT: COLUMNS}, ensure_ascii=False, sort_keys=True)

    why = table.why
    lost = losses.summary()
    # `remarks` finds the losses again by this bar.
    if lost:
        why = f"{why} | {lost}"
    return Derivation(reader, table.version, options, why)
