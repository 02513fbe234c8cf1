"""Rebuild: the inputs of a recorded run, from the trace and from the files that it names.

A file counts only if its content has the recorded digest. An input without its files is still an input: its value
is references, so steps that never read it can be executed.
Text that was derived from a file (unpacked, decoded, converted) is derived again by whoever asks (`Derive`): this layer
knows no formats. Where that gives another text, as another version of a converter may, the text is missing; that is no
proof of forgery.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from rlmlite_kernel.engines.sheets.cells import SheetBrokenError
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.records import InputEntry
from rlmlite_kernel.values.blobs import BlobMissingError, InputChangedError
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.inputs import Derivation, Input, Source, SourceFile
from rlmlite_kernel.values.sheets import records
from rlmlite_kernel.values.values import Value, documents
from rlmlite_traces.blobs.stores import FileBlobs
from rlmlite_traces.errors import TraceError
from rlmlite_traces.files.mapped import HashedFile
from rlmlite_traces.format.reader import CheckedTrace

_GLOB = "*?["

Derive: TypeAlias = Callable[[HashedFile, Source, Sequence[SourceFile], FileBlobs], str]
"""Derives texts again from the file that they were derived from, which is what it was, by the recipes of their source.

It puts them in the store, and returns why one could not be derived, or nothing. What it puts there is compared by its
digest, so it need not be trusted.
"""


class InputMissingError(TraceError):
    """An input has no value without its content, and the content is not to be had."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"input {name}: {reason}")
        self.name, self.reason = name, reason


class RebuiltInputs(msgspec.Struct, frozen=True):
    """Inputs by name, and for the content that is missing, by digest, the input's name and the reason."""

    inputs: dict[str, Input]
    missing: dict[str, tuple[str, str]]


def rebuild(
    trace: CheckedTrace, store: FileBlobs, places: Mapping[str, Path], derive: Derive | None = None
) -> RebuiltInputs:
    """The inputs of a trace; `places` says where an input's file or folder is now. Raises `InputMissingError`."""
    rebuilt = RebuiltInputs({}, {})
    for entry in trace.genesis.inputs:
        source = _read_source(trace, entry)
        if source.content is None:
            finder = _Finder(source, places.get(entry.name), store, derive)
            rebuilt.missing.update((digest, (entry.name, reason)) for digest, reason in finder.find())
        given = _build_input(trace, store, entry.name, source, rebuilt.missing)
        recorded = None if entry.source is None else trace.content(entry.source)
        rebuilt.inputs[entry.name] = msgspec.structs.replace(given, recorded=recorded)
    return rebuilt


def _build_input(
    trace: CheckedTrace, store: FileBlobs, name: str, source: Source, missing: Mapping[str, tuple[str, str]]
) -> Input:
    if source.content is not None:
        content = trace.content(source.content)
        unfilled = msgspec.structs.replace(source, content=None)
        return Input(_build_from_memory(name, source, content, store), unfilled, content)
    if source.kind == "documents":
        return Input(_build_documents(source), source)
    if source.kind not in ("text", "table") or len(source.files) != 1:
        raise InputMissingError(name, "the trace does not say which file it is")
    file = source.files[0]
    if source.kind == "table":
        return Input(_build_table(name, file.digest, store, missing), source)
    start, stop = source.part or (0, file.size)
    return Input(Text(file.digest, start, stop), source)


def _read_source(trace: CheckedTrace, entry: InputEntry) -> Source:
    if entry.source is None:
        raise InputMissingError(entry.name, "the trace does not say where it came from")
    try:
        source = msgspec.json.decode(trace.content(entry.source), type=Source)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InputMissingError(entry.name, "what says where it came from is not readable") from None
    if any(not 0 <= file.recipe <= len(source.recipes) for file in source.files):
        raise InputMissingError(entry.name, "what says where it came from names a recipe that it does not hold")
    return source


def _build_documents(source: Source) -> Value:
    return documents((file.path, file.digest, file.size) for file in source.files)


def _build_table(name: str, digest: str, store: FileBlobs, missing: Mapping[str, tuple[str, str]]) -> Value:
    """The rows of a sheet. They are found in its content, so without it there are none."""
    try:
        return records(digest, store)
    except BlobMissingError:
        raise InputMissingError(name, missing.get(digest, (name, "its rows are not here"))[1]) from None
    except (SheetBrokenError, UnicodeError):
        raise InputMissingError(name, "its content is no table") from None


def _build_from_memory(name: str, source: Source, content: bytes, store: FileBlobs) -> Value:
    if source.kind == "text":
        return Text(store.put(content), 0, len(content))
    if source.kind == "table":
        return _build_table(name, store.put(content), store, {})
    try:
        value: Value = read_json(content.decode())
    except (Fault, UnicodeError):
        raise InputMissingError(name, "its content is not JSON") from None
    if source.kind != "documents":
        return value
    for text in value.values() if isinstance(value, dict) else ():
        store.put(str(text).encode())
    return _build_documents(source)


class _Finder:
    """Finds the contents of one input: in a store, and from files where they can be.

    A store is asked first, unless it is said where the input is: what it holds cannot change under the replay.
    """

    def __init__(self, source: Source, place: Path | None, store: FileBlobs, derive: Derive | None) -> None:
        self._source, self._place, self._store, self._derive = source, place, store, derive

    def find(self) -> Iterator[tuple[str, str]]:
        """Register every content that is to be had; for each of the others its digest and the reason."""
        source = self._source
        if source.archive is not None:
            if self._are_stored([file.digest for file in source.files]):
                return
            yield from self._derive_again(source.archive, source.archive.digest, source.files)
            return
        for file in source.files:
            if self._are_stored([file.digest]):
                continue
            if file.recipe:
                yield from self._derive_again(file, file.original or file.digest, [file])
                continue
            reason = self._add_file(file)
            if reason:
                yield file.digest, reason

    def _are_stored(self, digests: Sequence[str]) -> bool:
        return self._place is None and all(self._store.find(digest) is not None for digest in digests)

    def _add_file(self, file: SourceFile) -> str:
        """Register the file with the recorded content; else the reason why there is none."""

        def found(path: Path) -> str:
            return self._store.add_file(path, file.path).digest

        return self._try_places(file, file.digest, found)

    def _derive_again(self, at: SourceFile, original: str, files: Sequence[SourceFile]) -> Iterator[tuple[str, str]]:
        """Derive files again from the one that lies where `at` says."""
        steps = ", ".join(dict.fromkeys(step.by for file in files for step in self._source.recipe(file)))
        looked: list[HashedFile] = []

        def found(path: Path) -> str:
            looked[:] = [self._store.look(path, text=False)]
            return looked[0].digest

        stored = self._store.find(original) if self._place is None else None
        if stored is not None:
            looked.append(stored)
        reason = "" if stored is not None else self._try_places(at, original, found)
        if not reason:
            reason = (
                f"its text was derived ({steps}), and nobody here derives it again"
                if self._derive is None
                else self._derive(looked[0], self._source, files, self._store)
            )
        for file in files:
            if not self._store.has(file.digest):
                other = self._source.recipe(file)
                yield file.digest, reason or f"{file.path or at.path}: {_versions(other)} gives another text here"

    def _try_places(self, at: SourceFile, expected: str, digest_of: Callable[[Path], str]) -> str:
        """Look for the content `expected` where it can be; why it is nowhere."""
        reason = "no such file"
        for path in _candidates(at.path, self._place, self._source.path):
            try:
                if not path.is_file():
                    continue
                digest = digest_of(path)
            except (OSError, InputChangedError) as error:
                reason = str(error)
                continue
            if digest == expected:
                return ""
            reason = f"{path} has other content: expected {expected[:12]}, found {digest[:12]}"
        return reason


def _versions(recipe: Sequence[Derivation]) -> str:
    return ", ".join(f"{step.by} {step.version}".strip() for step in recipe) or "what unpacks it"


def _candidates(name: str, place: Path | None, recorded: str | None) -> Iterator[Path]:
    """Where a file can be: at the place given, else where it was."""
    if place is not None:
        yield place / name if place.is_dir() else place
        return
    if recorded is not None:
        parts = Path(recorded).parts
        fixed = next((k for k, part in enumerate(parts) if any(sign in part for sign in _GLOB)), len(parts))
        yield Path(*parts[:fixed]) / name
        yield Path(recorded)
    yield Path(name)
