"""Inputs on their way in: files, folders, globs, archives, URLs, standard input and values become what a run can read.

A file that is text stays where it is and is read in place. What is made of one (unpacked, decoded, converted) lies in
an unnamed temporary file, and the trace says by which steps; a store that files are copied to holds both. What comes
from memory or standard input is kept in the trace up to a size, since nobody could find it again. Nothing is left out
or altered in silence: `notes` says it.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from rlmlite.errors import InputError
from rlmlite.inputs.cache.digests import open_digests
from rlmlite.inputs.cache.indexes import open_indexes
from rlmlite.inputs.folders.ignored import Ignored
from rlmlite.inputs.folders.listing import IGNORED, Listing, folder, is_glob, matching
from rlmlite.inputs.formats.archives import BrokenError
from rlmlite.inputs.formats.kinds import frame, rows
from rlmlite.inputs.formats.members import Recipes, members_of, unpack
from rlmlite.inputs.formats.reading import READING, Allowance, Reading
from rlmlite.inputs.formats.remote import fetch_step, fetched, is_remote, name_of, without_secrets
from rlmlite.inputs.formats.streams import Hashed, of_file
from rlmlite.inputs.formats.texts import Made, Opened, Texts
from rlmlite.inputs.formats.unfit import UnfitError
from rlmlite.inputs.names import ALONE, STDIN, as_text, check_name, named_paths
from rlmlite.inputs.notices import of_source
from rlmlite.inputs.values import Data, Url, from_python, in_memory
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.values.blobs import Content, InputChangedError
from rlmlite_kernel.values.inputs import Derivation, Input, Source, SourceFile
from rlmlite_kernel.values.values import Text, documents
from rlmlite_traces import DirectoryStore, FileBlobs, HashedFile
from rlmlite_traces.files.mapped import unchanged


def new_store(reading: Reading = READING, copy_to: str | os.PathLike[str] | None = None) -> FileBlobs:
    """What the inputs of a run are read through: where they are, or as copies in the store `copy_to`.

    Large files that were hashed before are not read for it again, and word indexes are kept. Raises `StoreError`, and
    `OSError` if there can be no store.
    """
    store = None if copy_to is None else DirectoryStore(copy_to)
    digests, indexes = (open_digests(), open_indexes()) if reading.cache else (None, None)
    return FileBlobs(digests, indexes, store, copy=store is not None)


def from_arguments(arguments: Sequence[str], blobs: FileBlobs, reading: Reading = READING) -> dict[str, Input]:
    """The inputs of a command line: `PATH`, `name=PATH`, `-`. Raises `InputError`."""
    return {name: from_path(path, blobs, reading) for name, path in named_paths(arguments).items()}


def from_values(data: Data | Mapping[str, Data], blobs: FileBlobs, reading: Reading = READING) -> dict[str, Input]:
    """The inputs of a Python call: a dict names several, anything else is one, `context`. Raises `InputError`."""
    named = data if isinstance(data, Mapping) else {} if data is None else {ALONE: data}
    return {check_name(name): from_value(value, blobs, reading) for name, value in named.items()}


def from_value(value: Data, blobs: FileBlobs, reading: Reading = READING) -> Input:
    """The input that a Python value is; bytes are read as a file of them would be. Raises `InputError`."""
    match value:
        case Path():
            return from_path(str(value), blobs, reading)
        case Url():
            return _remote(value.url, blobs, reading)
        case bytes() | bytearray() | memoryview():
            return _Taker("the input", blobs, reading).unnamed(iter([bytes(value)]), keep=True)
        case _:
            return frame(value, blobs) or from_python(value, blobs)


def from_path(path: str, blobs: FileBlobs, reading: Reading = READING) -> Input:
    """The input that a path names: a file, a folder, a glob, a URL, `-` for standard input. Raises `InputError`."""
    if any("\ud800" <= char <= "\udfff" for char in path):  # how Python shows bytes that are no Unicode
        raise InputError(f"{path} has a name that is not valid Unicode; rename it, or give it as standard input")
    if is_remote(path):
        return _remote(path, blobs, reading)
    try:
        return _local(path, blobs, reading)
    except FileNotFoundError:
        raise InputError(f"there is no {path}" + _nearby(path)) from None
    except InputChangedError as error:
        raise InputError(f"{error}; is something still writing it? take a copy") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(f"{path!r} is no path: {error}") from None


def from_listing(path: str, listing: Listing, blobs: FileBlobs, reading: Reading = READING) -> Input:
    """The texts of the files of a listing as documents; the others are noted as skipped. Raises `InputError`."""
    texts, recipes = Texts(blobs, reading, Allowance(path, reading)), Recipes()
    files: list[SourceFile] = []
    skipped = list(listing.skipped)
    for below in listing.paths:
        try:
            file = texts.look(os.path.join(listing.root, below), below)
            made = texts.of_file(file, below)
            files.append(
                _source_file(below, file, texts.text(made) if isinstance(made, Opened) else made, recipes, blobs)
            )
        except UnfitError as error:
            skipped.append((below, error.brief))
        except OSError as error:
            skipped.append((below, f"unreadable: {error.strerror}"))
    return _documents(Source("documents", path, tuple(files), tuple(sorted(skipped)), recipes=recipes.all()))


def _remote(url: str, blobs: FileBlobs, reading: Reading) -> Input:
    if not is_remote(url):
        raise InputError(f"{url} is no URL; a URL begins with a protocol, as in https://host/path")
    return _Taker(without_secrets(url), blobs, reading).remote(url)


def _local(path: str, blobs: FileBlobs, reading: Reading) -> Input:
    if path == STDIN:
        return _Taker("standard input", blobs, reading).unnamed(of_file(sys.stdin.buffer))
    path, text = as_text(path)
    table = None if text else rows(path, blobs, reading)
    if table is not None:
        return table
    if is_glob(path):
        return from_listing(path, matching(path), blobs, reading)
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        ignored = Ignored(path) if reading.ignore else None
        return from_listing(path, folder(path, ignored=ignored), blobs, reading)
    if stat.S_ISREG(mode):
        return _Taker(path, blobs, reading).file(path)
    if not stat.S_ISFIFO(mode):
        raise InputError(f"{path} is neither a file nor a folder")
    with open(path, "rb") as pipe:  # as a shell's `<(command)` gives one
        return _Taker(path, blobs, reading).unnamed(of_file(pipe))


class _Taker:
    """Takes one input that is a single file, or an archive. `what` is what messages call it."""

    def __init__(self, what: str, blobs: FileBlobs, reading: Reading) -> None:
        self._what, self._blobs, self._reading = what, blobs, reading
        self._allowance = Allowance(what, reading)
        self._texts, self._recipes = Texts(blobs, reading, self._allowance), Recipes()

    def file(self, path: str) -> Input:
        """The input that a file on disk is."""
        try:
            file = self._texts.look(path, path)
            made = self._texts.of_file(file, path)
            if isinstance(made, Opened):
                found = self._archive(made, path, lambda: file.digest, lambda: file.mark.size)
                unchanged(file)
                return found
        except (UnfitError, BrokenError) as error:
            raise self._refused(error) from None
        return _text(_source_file(path, file, made, self._recipes, self._blobs), path, self._recipes)

    def remote(self, url: str) -> Input:
        """The input that a URL is."""
        step = fetch_step(url)
        blocks = Hashed(self._allowance.blocks(fetched(url), "fetch"))
        return self._stream(blocks, without_secrets(url), (step,))

    def unnamed(self, blocks: Iterator[Content], keep: bool = False) -> Input:
        """The input that bytes from nowhere are. They are kept in the trace, up to a size unless `keep` says always."""
        found = self._stream(Hashed(blocks), None, ())
        if not keep and sum(file.size for file in found.source.files) > self._reading.kept_bytes:
            return found
        return in_memory(found, self._blobs)

    def _stream(self, blocks: Hashed, path: str | None, before: tuple[Derivation, ...]) -> Input:
        name = path or ""
        try:
            opened = self._texts.opened(iter(blocks), name_of(name), lambda: blocks.size)
            if opened.is_archive:
                return self._archive(opened, path, blocks.digest, lambda: blocks.size, before)
            made = self._texts.text(opened)
        except (UnfitError, BrokenError) as error:
            raise self._refused(error) from None
        made = Made(made.digest, made.size, (*before, *made.steps), made.replaced)
        return _text(self._recipes.file(name, made, blocks.digest()), path, self._recipes)

    def _archive(
        self,
        opened: Opened,
        path: str | None,
        digest: Callable[[], str],
        size: Callable[[], int],
        before: tuple[Derivation, ...] = (),
    ) -> Input:
        """The members of an archive, whose own digest and size may be known at its end only."""
        assert opened.kind is not None
        members = members_of(opened, self._blobs)
        found = unpack(members, size, self._texts, self._recipes, self._allowance)
        number = self._recipes.number((*before, *opened.steps, Derivation(opened.kind.name)))
        archive = SourceFile(path or "", digest(), size(), recipe=number)
        source = Source("documents", path, found.files, found.skipped, recipes=self._recipes.all(), archive=archive)
        return _documents(source)

    def _refused(self, error: UnfitError | BrokenError) -> InputError:
        said = f"is damaged, or ends early: {error}" if isinstance(error, BrokenError) else str(error)
        return InputError(f"{self._what} {said}")


def _source_file(path: str, file: HashedFile, made: Made, recipes: Recipes, blobs: FileBlobs) -> SourceFile:
    """A file on disk as a file of an input; one that is its own text is read in place."""
    unchanged(file)
    if made.digest == file.digest:
        blobs.add_hashed(file)
    return recipes.file(path, made, file.digest)


def _text(file: SourceFile, path: str | None, recipes: Recipes) -> Input:
    return Input(Text(file.digest, 0, file.size), Source("text", path, (file,), recipes=recipes.all()))


def _documents(source: Source) -> Input:
    if not source.files:
        what = source.path or "the archive"
        why = "; ".join(of_source(what, source)) or "it holds nothing"
        ignored = any(reason == IGNORED for _, reason in source.skipped)
        remedy = "; --read ignore=false takes in what ignore files name" if ignored else ""
        raise InputError(f"{what} holds no text file: {why}{remedy}")
    return Input(documents((file.path, file.digest, file.size) for file in source.files), source)


def _nearby(path: str) -> str:
    place = Path(path)
    if not place.parent.is_dir() or not os.access(place.parent, os.R_OK):
        return ""
    hint = did_you_mean(place.name, os.listdir(place.parent))
    return f"; {hint}" if hint else ""
