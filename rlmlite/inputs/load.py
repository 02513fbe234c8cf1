"""What a path, a URL or a value is as an input: the front of this room.

    report.csv        table             src/            documents, as a folder lists them
    app.log           text              logs/**/*.log   documents, as a glob matches them
    mail.tar.gz       documents         -               text or documents, from standard input
    https://host/x    as a file there   "some text"     a value of Python (`values`)

A file that already is text stays where it is and is read in place. What is produced from a file (unpacked, decoded,
converted) lies in an unnamed temporary file, and the recipe in the trace says by which steps. With a store that files
are copied to, the store holds both. What comes from memory or standard input is kept in the trace, up to a size, since
nobody could find it again. Nothing is left out or altered in silence: `user_notes` tells the user.

Not here: how one file becomes text (`formats`), rows (`tables`), names of inputs (`names`).
"""

import os
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from rlmlite.errors import InputError
from rlmlite.errors.unreadable import UnreadableError
from rlmlite.inputs.cache.digests import open_digests
from rlmlite.inputs.cache.indexes import open_indexes
from rlmlite.inputs.file_loader import FileLoader, documents_input, documents_source, file_entry
from rlmlite.inputs.folders.globs import is_glob, list_glob
from rlmlite.inputs.folders.listing import Listing, list_folder
from rlmlite.inputs.formats.reading import READING, Reading, ReadingLimits
from rlmlite.inputs.formats.recipes import Recipes
from rlmlite.inputs.formats.remote.urls import is_remote, without_secrets
from rlmlite.inputs.formats.streams.blocks import file_blocks
from rlmlite.inputs.formats.text_reader import Payload, TextReader
from rlmlite.inputs.names import ALONE, STDIN, check_name, name_paths, strip_text_prefix
from rlmlite.inputs.values import Data, Table, Url, from_python
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.values.blobs import InputChangedError
from rlmlite_kernel.values.inputs import FileNote, Input, SourceFile
from rlmlite_traces import FileBlobs

_PAGE = 4_096
"""Bytes."""


def new_store(reading: Reading = READING, copy_to: str | os.PathLike[str] | None = None) -> FileBlobs:
    """The store through which a run reads its inputs: where they are, or as copies in the folder `copy_to`.

    With `reading.cache`, digests of large files and word indexes come from the user's cache. Raises `StoreError`, and
    `OSError` if the store cannot be created.
    """
    store = None
    if copy_to is not None:
        # Here, because most runs copy nothing.
        from rlmlite_traces import DirectoryStore

        store = DirectoryStore(copy_to)
    digests, indexes = (open_digests(), open_indexes()) if reading.cache else (None, None)
    return FileBlobs(digests, indexes, store, copy=store is not None)


def from_arguments(
    arguments: Sequence[str], blobs: FileBlobs, reading: Reading = READING, *, are_first: bool = True
) -> dict[str, Input]:
    """The inputs of a command line: `PATH`, `name=PATH`, `-`. Raises `InputError`."""
    paths = name_paths(arguments, are_first=are_first)
    return {name: from_path(path, blobs, reading) for name, path in paths.items()}


def from_values(data: Data | Mapping[str, Data], blobs: FileBlobs, reading: Reading = READING) -> dict[str, Input]:
    """The inputs of a Python call: a dict names several, any other value is one, `context`. Raises `InputError`."""
    if data is None:
        return {}
    named = data if isinstance(data, Mapping) else {ALONE: data}
    # All names first: loading may take long.
    names = [check_name(name, "choose another key") for name in named]
    return {name: from_value(value, blobs, reading) for name, value in zip(names, named.values(), strict=True)}


def from_value(value: Data, blobs: FileBlobs, reading: Reading = READING) -> Input:
    """A Python value as an input. Bytes are read like a file that holds them. Raises `InputError`."""
    match value:
        case Path():
            return from_path(str(value), blobs, reading)
        case Url():
            return _from_url(value.url, blobs, reading)
        # Whatever their size they are kept: they are in memory already, and in no file.
        case bytes() | bytearray() | memoryview():
            loader = FileLoader("the input", blobs, reading)
            return loader.load_stream(iter([bytes(value)]), always_keep=True)
        # A `str` is a text, never a path: data must not name files.
        case Table():
            return from_path(value.spec(), blobs, reading)
        case _:
            return _from_value(value, blobs, reading)


def _from_value(value: Data, blobs: FileBlobs, reading: Reading) -> Input:
    redacted = partial(from_python, blobs=blobs, redaction=reading.redaction)
    # Exact types: a subclass may be a data frame.
    if type(value) in (str, dict):
        return redacted(value)
    from rlmlite.inputs.values.frames import as_frame, as_listing, is_series  # here, because most inputs are paths

    listing = as_listing(value)
    if listing is not None:
        return _from_paths(listing, blobs, reading)
    if type(value) is list:
        return redacted(value)
    frame = as_frame(value)
    return (None if is_series(frame) else _from_frame(frame, blobs, reading)) or redacted(frame)


def _from_paths(listing: Listing, blobs: FileBlobs, reading: Reading) -> Input:
    missing = next((path for path in listing.paths if not os.path.isfile(os.path.join(listing.root, path))), None)
    if missing is not None:
        raise InputError(f"{os.path.join(listing.root, missing)} is not a file; a list of paths names files")
    return from_listing(listing.root, listing, blobs, reading)


def from_path(path: str, blobs: FileBlobs, reading: Reading = READING) -> Input:
    """A path as an input: a file, a folder, a glob, a URL, `-` for standard input. Raises `InputError`."""
    # Surrogates are Python's form of bytes that are not valid Unicode; a trace could not name such a path.
    has_surrogates = any("\ud800" <= char <= "\udfff" for char in path)
    if has_surrogates:
        raise InputError(f"{path} has a name that is not valid Unicode; rename it, or pipe it to standard input")
    if is_remote(path):
        return _from_url(path, blobs, reading)
    # Every reader of files raises `OSError`; here it becomes a message with the path as the user wrote it.
    try:
        return _from_local_path(path, blobs, reading)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist" + _suggest_neighbour(path)) from None
    except InputChangedError as error:
        raise InputError(f"{error}; if something is still writing to it, use a copy") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(f"{path!r} is not a valid path: {error}") from None


def from_listing(
    path: str,
    listing: Listing,
    blobs: FileBlobs,
    reading: Reading = READING,
    notes: Iterable[FileNote] = (),
) -> Input:
    """The texts of the listed files as documents; files that are not text are recorded as skipped.

    `notes` are on what made the listing: the files of rules. Raises `InputError` if no text is left.
    """
    texts, recipes = TextReader(blobs, reading, ReadingLimits(path, reading)), Recipes()
    for note in notes:
        recipes.add_note(note)
    files: list[SourceFile] = []
    skipped = list(listing.skipped)
    for below in listing.paths:
        try:
            file = texts.hash_file(os.path.join(listing.root, below), below)
            text = texts.read_file(file, below)
            if isinstance(text, Payload):
                # An archive. In a folder it is skipped, not opened, and the error raised here says so: what a folder
                # holds must not depend on how deep an archive is nested.
                text = texts.read_payload(text)
            files.append(file_entry(below, file, text, recipes, blobs))
        except UnreadableError as error:
            skipped.append((below, error.brief))
        except InputChangedError:
            skipped.append((below, "changed while it was read"))
        except OSError as error:
            skipped.append((below, f"unreadable: {error.strerror}"))
    # Files keep the order of the listing. What was skipped comes from two places, so it is sorted.
    return documents_input(documents_source(path, tuple(files), skipped, recipes))


def _from_url(url: str, blobs: FileBlobs, reading: Reading) -> Input:
    if not is_remote(url):
        raise InputError(f"{url} is not a URL; a URL begins with a protocol, as in https://host/path")
    return FileLoader(without_secrets(url), blobs, reading).load_url(url)


def _from_local_path(path: str, blobs: FileBlobs, reading: Reading) -> Input:
    # The order matters. A table is recognised by its path before the path is looked up, since `csv:x?y` is not a file;
    # a glob before that too, since no file is called `*.log`.
    if path == STDIN:
        return FileLoader("standard input", blobs, reading).load_stream(file_blocks(sys.stdin.buffer))
    path, as_text = strip_text_prefix(path)
    table = None if as_text else _from_table(path, blobs, reading)
    if table is not None:
        return table
    if is_glob(path):
        return from_listing(path, list_glob(path, ReadingLimits(path, reading).count_member), blobs, reading)
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        from rlmlite.inputs.folders.ignore_files import IgnoreFiles

        ignore_files = IgnoreFiles(path) if reading.ignore else None
        listing = list_folder(path, ignore_files=ignore_files, count=ReadingLimits(path, reading).count_member)
        return from_listing(path, listing, blobs, reading, ignore_files.notes if ignore_files else ())
    if stat.S_ISREG(mode) and not _is_made_when_read(path):
        return FileLoader(path, blobs, reading).load_file(path)
    if not stat.S_ISFIFO(mode) and not stat.S_ISREG(mode):
        raise InputError(
            f"{path} is neither a file nor a folder; to read a device or socket, pipe it to standard input (-)"
        )
    # A pipe, such as a shell's `<(command)`, can be read once only; what is made when it is read differs each time. A
    # replay would find neither again.
    with open(path, "rb") as pipe:
        return FileLoader(path, blobs, reading).load_stream(file_blocks(pipe))


def _is_made_when_read(path: str) -> bool:
    """Whether the system makes the content of a file when it is read, as in `/proc`: then its size is not known."""
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        # Such files say 0, or a page whatever they hold.
        return size <= _PAGE and len(file.read(_PAGE + 1) or b"") != size


def _from_table(path: str, blobs: FileBlobs, reading: Reading) -> Input | None:
    """The input that a reader of tables makes of a file or query; None if the path does not name a table."""
    from rlmlite.inputs.tables.specs import parse_spec

    # Before the readers of all kinds of tables are imported.
    if parse_spec(path) is None:
        return None
    from rlmlite.inputs.tables import from_table

    return from_table(path, blobs, reading)


def _from_frame(value: object, blobs: FileBlobs, reading: Reading) -> Input | None:
    """The input that a data frame is; None for any other value."""
    if not hasattr(value, "__arrow_c_stream__") and not hasattr(value, "__dataframe__"):
        return None
    # Before the readers of all kinds of tables are imported.
    from rlmlite.inputs.tables import from_frame

    return from_frame(value, blobs, reading)


def _suggest_neighbour(path: str) -> str:
    """A file beside a missing one whose name is similar, as the end of a message; else nothing."""
    missing = Path(path)
    # `listdir` would raise, and the error of the suggestion would hide that of the path.
    if not missing.parent.is_dir() or not os.access(missing.parent, os.R_OK):
        return ""
    hint = did_you_mean(missing.name, os.listdir(missing.parent))
    return f"; {hint}" if hint else ""
