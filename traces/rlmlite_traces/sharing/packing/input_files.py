"""The files that a run read, as its trace names them: found again to be packed, or checked where they came along.

A trace names the files of its inputs by path and SHA-256. Text that was derived (unpacked, decoded, converted) is not
packed, but the file that it was derived from: a replay derives it again.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import msgspec

from rlmlite_kernel.values.inputs import Source
from rlmlite_traces.blobs.stores import FileBlobs
from rlmlite_traces.errors import InputDiffersError, words_of
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.files.mapped import HashedFile
from rlmlite_traces.format.lines import INPUTS_FOLDER
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.replays.places import Search, candidates
from rlmlite_traces.sharing.packing.parts import FileContent, check_digest

_NOT_BEGUN_HERE = "where it was recorded is not looked at, since this trace was not begun here"


class InputSearch(msgspec.Struct, frozen=True):
    """Where files of inputs may be: at the `places` that a caller names, by input; in a store; in the trace itself.

    With `recorded_paths` also where the trace says, which is for a trace of the caller's own.
    """

    places: Mapping[str, Path] = {}
    store: FileBlobs | None = None
    recorded_paths: bool = False


class InputFiles(msgspec.Struct, frozen=True):
    """The files of a trace's inputs by SHA-256, and why others are missing, by the names of their inputs."""

    files: Mapping[str, FileContent]
    missing: Mapping[str, str]


def named_files(trace: CheckedTrace) -> Iterator[tuple[str, Source, str, str]]:
    """Each file that the inputs of a trace were read from: the input's name, its source, its path and its SHA-256."""
    for entry in trace.input_entries:
        if entry.source is None:
            continue
        try:
            source = msgspec.json.decode(trace.contents.read_json(entry.source), type=Source)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue  # a replay says so
        if source.content is not None:
            continue
        files = source.files if source.archive is None else (source.archive,)
        for file in files:
            yield entry.name, source, file.path, file.original or file.digest


def find_inputs(trace: CheckedTrace, where: InputSearch, limits: ReaderLimits = READER_LIMITS) -> InputFiles:
    """The files of a trace's inputs, wherever they are. Raises `OverLimitError` and `StoreCorruptError`."""
    files: dict[str, FileContent] = {}
    missing: dict[str, str] = {}
    search = Search(limits)
    for name, source, path, digest in named_files(trace):
        if digest in files:
            continue
        found = _find(trace, where, search, name, source, path, digest)
        if isinstance(found, str):
            missing.setdefault(name, found)
        else:
            files[digest] = found
    return InputFiles(files, missing)


def _find(
    trace: CheckedTrace, where: InputSearch, search: Search, name: str, source: Source, path: str, digest: str
) -> FileContent | str:
    """One file, or why it is missing."""
    place = where.places.get(name)
    if place is None and digest in trace.inputs:
        return content_along(trace.inputs[digest])
    stored = None if place is not None or where.store is None else where.store.find(digest)
    if stored is not None:
        return _content(stored)
    if place is None and not where.recorded_paths:
        return _NOT_BEGUN_HERE
    reason = "no such file"
    for candidate in candidates(path, place, source.path):
        try:
            found = search.hash(candidate, text=False)
        except OSError as error:
            reason = words_of(error)
            continue
        if found is not None and found.digest == digest:
            return _content(found)
        if found is not None:
            reason = f"{candidate} has other content: expected {digest[:12]}, found {found.digest[:12]}"
    return reason


def _content(file: HashedFile) -> FileContent:
    def read() -> Iterator[bytes]:
        with Folder.open(file.path.parent) as folder:
            yield from check_digest(str(file.path), folder.blocks(file.path.name), file.digest)

    return FileContent(file.mark.size, read)


def inputs_along(trace: CheckedTrace) -> Iterator[tuple[str, FileContent]]:
    """The files of inputs that lie in a trace, by their names in it. Those that no input names are left out."""
    named = {digest for _, _, _, digest in named_files(trace)} if trace.inputs else set()
    for digest, place in trace.inputs.items():
        if digest in named:
            yield f"{INPUTS_FOLDER}/{digest}", content_along(place)


def content_along(place: Path) -> FileContent:
    """A file that lies in a trace, `TRACE/inputs/HEX`. Reading raises `InputDiffersError` for another digest."""
    with Folder.open(place.parent.parent) as trace, trace.below(INPUTS_FOLDER) as folder:
        return FileContent(folder.status(place.name).st_size, partial(_read_along, place))


def _read_along(place: Path) -> Iterator[bytes]:
    digest = hashlib.sha256()
    with Folder.open(place.parent.parent) as trace, trace.below(INPUTS_FOLDER) as folder:
        for block in folder.blocks(place.name):
            digest.update(block)
            yield block
    if digest.hexdigest() != place.name:
        raise InputDiffersError(str(place), digest.hexdigest())
