"""Rebuild: the inputs of a recorded run, from the trace and from the files that it names.

A file counts only if its content has the recorded digest. An input without its files is still an input: its value
is references, so steps that never read it can be executed.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from rlmlite_kernel.blobs import InputChangedError
from rlmlite_kernel.columns import Text
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.inputs import Input, Source, SourceFile
from rlmlite_kernel.records import InputEntry
from rlmlite_kernel.schemas import read_json
from rlmlite_kernel.values import Value, documents
from rlmlite_traces.errors import TraceError
from rlmlite_traces.reader import CheckedTrace
from rlmlite_traces.stores import FileBlobs

_GLOB = "*?["


class InputMissingError(TraceError):
    """An input has no value without its content, and the content is not to be had."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"input {name}: {reason}")
        self.name, self.reason = name, reason


class Rebuilt(msgspec.Struct, frozen=True):
    """Inputs by name, and for the content that is missing, by digest, the input's name and the reason."""

    inputs: dict[str, Input]
    missing: dict[str, tuple[str, str]]


def rebuild(trace: CheckedTrace, store: FileBlobs, places: Mapping[str, Path]) -> Rebuilt:
    """The inputs of a trace; `places` says where an input's file or folder is now. Raises `InputMissingError`."""
    rebuilt = Rebuilt({}, {})
    for entry in trace.genesis.inputs:
        rebuilt.inputs[entry.name] = _input(trace, store, entry, places.get(entry.name), rebuilt.missing)
    return rebuilt


def _input(
    trace: CheckedTrace,
    store: FileBlobs,
    entry: InputEntry,
    place: Path | None,
    missing: dict[str, tuple[str, str]],
) -> Input:
    source = _source(trace, entry)
    if source.content is not None:
        content = trace.content(source.content)
        unfilled = msgspec.structs.replace(source, content=None)
        return Input(_from_memory(entry.name, source, content, store), unfilled, content)
    for file in source.files:
        reason = _found(file, place, source.path, store)
        if reason:
            missing[file.digest] = (entry.name, reason)
    if source.kind == "documents":
        return Input(_documents(source), source)
    if source.kind != "text" or len(source.files) != 1:
        raise InputMissingError(entry.name, "the trace does not say which file it is")
    file = source.files[0]
    start, stop = source.part or (0, file.size)
    return Input(Text(file.digest, start, stop), source)


def _source(trace: CheckedTrace, entry: InputEntry) -> Source:
    if entry.source is None:
        raise InputMissingError(entry.name, "the trace does not say where it came from")
    try:
        return msgspec.json.decode(trace.content(entry.source), type=Source)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InputMissingError(entry.name, "what says where it came from is not readable") from None


def _documents(source: Source) -> Value:
    return documents((file.path, file.digest, file.size) for file in source.files)


def _from_memory(name: str, source: Source, content: bytes, store: FileBlobs) -> Value:
    if source.kind == "text":
        return Text(store.put(content), 0, len(content))
    try:
        value: Value = read_json(content.decode())
    except (Fault, UnicodeError):
        raise InputMissingError(name, "its content is not JSON") from None
    if source.kind != "documents":
        return value
    for text in value.values() if isinstance(value, dict) else ():
        store.put(str(text).encode())
    return _documents(source)


def _found(file: SourceFile, place: Path | None, recorded: str | None, store: FileBlobs) -> str:
    """Register the file with the recorded content; else the reason why there is none."""
    reason = "no such file"
    for path in _candidates(file.path, place, recorded):
        try:
            if not path.is_file():
                continue
            found = store.add_file(path, file.path)
        except (OSError, InputChangedError) as error:
            reason = str(error)
            continue
        if found.digest == file.digest:
            return ""
        reason = f"{path} has other content: expected {file.digest[:12]}, found {found.digest[:12]}"
    return reason


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
