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
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from rlmlite.errors import InputError
from rlmlite.inputs.cache.digests import open_digests
from rlmlite.inputs.cache.indexes import open_indexes
from rlmlite.inputs.folders.listing import IGNORED, Listing, is_glob, list_folder, list_glob
from rlmlite.inputs.formats.reading import READING, Reading, ReadingLimits
from rlmlite.inputs.formats.recipes import DerivedText, Recipes
from rlmlite.inputs.formats.remote import fetch, fetch_step, file_name, is_remote, without_secrets
from rlmlite.inputs.formats.streams import HashingBlocks, file_blocks
from rlmlite.inputs.formats.text_reader import Payload, TextReader
from rlmlite.inputs.formats.unreadable import BrokenArchiveError, UnreadableError
from rlmlite.inputs.names import ALONE, STDIN, check_name, name_paths, strip_text_prefix
from rlmlite.inputs.user_notes import source_notes
from rlmlite.inputs.values import Data, Url, from_python, with_content
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.values.blobs import Content, InputChangedError
from rlmlite_kernel.values.inputs import Derivation, Input, Source, SourceFile
from rlmlite_kernel.values.values import Text, documents
from rlmlite_traces import FileBlobs, HashedFile
from rlmlite_traces.files.mapped import unchanged


def new_store(reading: Reading = READING, copy_to: str | os.PathLike[str] | None = None) -> FileBlobs:
    """The store through which a run reads its inputs: where they are, or as copies in the folder `copy_to`.

    With `reading.cache`, digests of large files and word indexes come from the user's cache. Raises `StoreError`, and
    `OSError` if the store cannot be created.
    """
    store = None
    if copy_to is not None:
        from rlmlite_traces import DirectoryStore

        store = DirectoryStore(copy_to)
    digests, indexes = (open_digests(), open_indexes()) if reading.cache else (None, None)
    return FileBlobs(digests, indexes, store, copy=store is not None)


def from_arguments(arguments: Sequence[str], blobs: FileBlobs, reading: Reading = READING) -> dict[str, Input]:
    """The inputs of a command line: `PATH`, `name=PATH`, `-`. Raises `InputError`."""
    return {name: from_path(path, blobs, reading) for name, path in name_paths(arguments).items()}


def from_values(data: Data | Mapping[str, Data], blobs: FileBlobs, reading: Reading = READING) -> dict[str, Input]:
    """The inputs of a Python call: a dict names several, any other value is one, `context`. Raises `InputError`."""
    if data is None:
        return {}
    named = data if isinstance(data, Mapping) else {ALONE: data}
    return {check_name(name): from_value(value, blobs, reading) for name, value in named.items()}


def from_value(value: Data, blobs: FileBlobs, reading: Reading = READING) -> Input:
    """A Python value as an input. Bytes are read like a file that holds them. Raises `InputError`."""
    match value:
        case Path():
            return from_path(str(value), blobs, reading)
        case Url():
            return _from_url(value.url, blobs, reading)
        case bytes() | bytearray() | memoryview():
            return _Loader("the input", blobs, reading).load_stream(iter([bytes(value)]), always_keep=True)
        case _:
            return _from_frame(value, blobs) or from_python(value, blobs)


def from_path(path: str, blobs: FileBlobs, reading: Reading = READING) -> Input:
    """A path as an input: a file, a folder, a glob, a URL, `-` for standard input. Raises `InputError`."""
    if any("\ud800" <= char <= "\udfff" for char in path):  # Python's form of bytes that are not valid Unicode
        raise InputError(f"{path} has a name that is not valid Unicode; rename it, or pipe it to standard input")
    if is_remote(path):
        return _from_url(path, blobs, reading)
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


def from_listing(path: str, listing: Listing, blobs: FileBlobs, reading: Reading = READING) -> Input:
    """The texts of the listed files as documents; files that are not text are recorded as skipped.

    Raises `InputError` if no text is left.
    """
    texts, recipes = TextReader(blobs, reading, ReadingLimits(path, reading)), Recipes()
    files: list[SourceFile] = []
    skipped = list(listing.skipped)
    for below in listing.paths:
        try:
            file = texts.hash_file(os.path.join(listing.root, below), below)
            text = texts.read_file(file, below)
            if isinstance(text, Payload):
                text = texts.read_payload(text)  # which says why an archive in a folder is skipped
            files.append(_file_entry(below, file, text, recipes, blobs))
        except UnreadableError as error:
            skipped.append((below, error.brief))
        except OSError as error:
            skipped.append((below, f"unreadable: {error.strerror}"))
    return _documents_input(Source("documents", path, tuple(files), tuple(sorted(skipped)), recipes=recipes.all()))


def _from_url(url: str, blobs: FileBlobs, reading: Reading) -> Input:
    if not is_remote(url):
        raise InputError(f"{url} is not a URL; a URL begins with a protocol, as in https://host/path")
    return _Loader(without_secrets(url), blobs, reading).load_url(url)


def _from_local_path(path: str, blobs: FileBlobs, reading: Reading) -> Input:
    # The order matters: a table is recognised by its path before the path is looked up, since `csv:x?y` is not a file.
    if path == STDIN:
        return _Loader("standard input", blobs, reading).load_stream(file_blocks(sys.stdin.buffer))
    path, as_text = strip_text_prefix(path)
    table = None if as_text else _from_table(path, blobs, reading)
    if table is not None:
        return table
    if is_glob(path):
        return from_listing(path, list_glob(path), blobs, reading)
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        from rlmlite.inputs.folders.ignore_files import IgnoreFiles

        ignore_files = IgnoreFiles(path) if reading.ignore else None
        return from_listing(path, list_folder(path, ignore_files=ignore_files), blobs, reading)
    if stat.S_ISREG(mode):
        return _Loader(path, blobs, reading).load_file(path)
    if not stat.S_ISFIFO(mode):
        raise InputError(f"{path} is neither a file nor a folder")
    with open(path, "rb") as pipe:  # such as a shell's `<(command)`
        return _Loader(path, blobs, reading).load_stream(file_blocks(pipe))


def _from_table(path: str, blobs: FileBlobs, reading: Reading) -> Input | None:
    """The input that a reader of tables makes of a file or query; None if the path does not name a table."""
    from rlmlite.inputs.tables.specs import parse_spec

    if parse_spec(path) is None:
        return None  # before the readers of all kinds of tables are imported
    from rlmlite.inputs.tables import from_table

    return from_table(
        path, blobs, reading.encoding, lambda blocks: ReadingLimits(path, reading).blocks(blocks, "table")
    )


def _from_frame(value: object, blobs: FileBlobs) -> Input | None:
    """The input that a data frame is; None for any other value."""
    if type(value) in (str, list, dict):
        return None  # before the readers of all kinds of tables are imported
    from rlmlite.inputs.tables import from_frame

    return from_frame(value, blobs)


class _Loader:
    """Loads one input from a single file or stream, which may be an archive. `what` is its name in messages."""

    def __init__(self, what: str, blobs: FileBlobs, reading: Reading) -> None:
        self._what, self._blobs, self._reading = what, blobs, reading
        self._limits = ReadingLimits(what, reading)
        self._texts, self._recipes = TextReader(blobs, reading, self._limits), Recipes()

    def load_file(self, path: str) -> Input:
        """The input from a file on disk."""
        try:
            file = self._texts.hash_file(path, path)
            text = self._texts.read_file(file, path)
            if isinstance(text, Payload):
                archive = self._load_archive(text, path, lambda: file.digest, lambda: file.mark.size)
                unchanged(file)
                return archive
        except (UnreadableError, BrokenArchiveError) as error:
            raise self._input_error(error) from None
        return _text_input(_file_entry(path, file, text, self._recipes, self._blobs), path, self._recipes)

    def load_url(self, url: str) -> Input:
        """The input from a URL."""
        step = fetch_step(url)
        blocks = HashingBlocks(self._limits.blocks(fetch(url), "fetch"))
        return self._load_blocks(blocks, without_secrets(url), (step,))

    def load_stream(self, blocks: Iterator[Content], always_keep: bool = False) -> Input:
        """An input from a stream that has no path: standard input, a pipe, Python bytes.

        The trace keeps its text, since nobody could find it again; above `kept_bytes` only with `always_keep`.
        """
        loaded = self._load_blocks(HashingBlocks(blocks), None, ())
        size = sum(file.size for file in loaded.source.files)
        return with_content(loaded, self._blobs) if always_keep or size <= self._reading.kept_bytes else loaded

    def _load_blocks(self, blocks: HashingBlocks, path: str | None, before: tuple[Derivation, ...]) -> Input:
        """The input from blocks that are read once. `before` are the steps that brought them here."""
        name = path or ""
        try:
            payload = self._texts.unwrap(iter(blocks), file_name(name), lambda: blocks.size)
            if payload.is_archive:
                return self._load_archive(payload, path, blocks.digest, lambda: blocks.size, before)
            text = self._texts.read_payload(payload)
        except (UnreadableError, BrokenArchiveError) as error:
            raise self._input_error(error) from None
        text = DerivedText(text.digest, text.size, (*before, *text.steps), text.replaced)
        return _text_input(self._recipes.entry(name, text, blocks.digest()), path, self._recipes)

    def _load_archive(
        self,
        payload: Payload,
        path: str | None,
        digest: Callable[[], str],
        size: Callable[[], int],
        before: tuple[Derivation, ...] = (),
    ) -> Input:
        """The members of an archive as documents.

        `digest` and `size` are functions, because those of a stream are known only after its last member.
        """
        from rlmlite.inputs.formats.members import open_members, read_members

        assert payload.kind is not None
        members = open_members(payload, self._blobs)
        unpacked = read_members(members, size, self._texts, self._recipes, self._limits)
        number = self._recipes.number((*before, *payload.steps, Derivation(payload.kind.name)))
        archive = SourceFile(path or "", digest(), size(), recipe=number)
        recipes = self._recipes.all()
        return _documents_input(
            Source("documents", path, unpacked.files, unpacked.skipped, recipes=recipes, archive=archive)
        )

    def _input_error(self, error: UnreadableError | BrokenArchiveError) -> InputError:
        fault = f"is damaged, or ends early: {error}" if isinstance(error, BrokenArchiveError) else str(error)
        return InputError(f"{self._what} {fault}")


def _file_entry(path: str, file: HashedFile, text: DerivedText, recipes: Recipes, blobs: FileBlobs) -> SourceFile:
    """The entry of a file on disk in its source. A file that is its own text is registered for reading in place."""
    unchanged(file)
    if text.digest == file.digest:
        blobs.add_hashed(file)
    return recipes.entry(path, text, file.digest)


def _text_input(file: SourceFile, path: str | None, recipes: Recipes) -> Input:
    return Input(Text(file.digest, 0, file.size), Source("text", path, (file,), recipes=recipes.all()))


def _documents_input(source: Source) -> Input:
    """Documents as an input. Raises `InputError` if there are none, with the reasons why files were skipped."""
    if not source.files:
        what = source.path or "the archive"
        why = "; ".join(source_notes(what, source)) or "it is empty"
        any_ignored = any(reason == IGNORED for _, reason in source.skipped)
        remedy = "; --read ignore=false includes what ignore files name" if any_ignored else ""
        raise InputError(f"{what} holds no text file: {why}{remedy}")
    return Input(documents((file.path, file.digest, file.size) for file in source.files), source)


def _suggest_neighbour(path: str) -> str:
    """A file beside a missing one whose name is similar, as the end of a message; else nothing."""
    missing = Path(path)
    if not missing.parent.is_dir() or not os.access(missing.parent, os.R_OK):
        return ""
    hint = did_you_mean(missing.name, os.listdir(missing.parent))
    return f"; {hint}" if hint else ""
