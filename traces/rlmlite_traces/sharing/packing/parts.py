"""The parts of a whole trace: itself and its nested runs, each verified, with the files that belong to it.

Packing and unpacking copy what was verified and nothing else: the three files of a trace from the bytes that were
read, contents by their digest. What no record speaks for, such as notes in the folder, is left where it is.

    A.rlm                       trace.jsonl, blobs.jsonl, effects.jsonl, blobs/HEX, trace.dsse.json, timing.jsonl
    A.rlm/nested/29….rlm        the same below `nested/29….rlm/`, if a call of A.rlm recorded its root
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from rlmlite_traces.errors import NestedDiffersError, PackChangedError
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.contents import Presence
from rlmlite_traces.format.lines import BLOBS, EFFECTS, LARGE_FOLDER, RECORDS, REDACTIONS, SIGNATURES, TIMING
from rlmlite_traces.format.reader import CheckedTrace, Level, UncheckedTrace
from rlmlite_traces.format.verify import verify
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.reading.nested.walk import Standing, nested_traces


class FileContent(msgspec.Struct, frozen=True):
    """A file to be copied: its size in bytes, and how to read it."""

    size: int
    read: Callable[[], Iterable[bytes]]


class WholeTrace(msgspec.Struct, frozen=True):
    """A verified trace with its files by their names, nested ones included, and the ids of nested runs.

    `nested` are here, `absent` are not: their answers are in their parents' records.
    """

    checked: CheckedTrace
    files: dict[str, FileContent]
    nested: tuple[str, ...]
    absent: tuple[str, ...]


def read_whole(
    place: Path, at_least: Level = Level.OPEN, limits: ReaderLimits = READER_LIMITS, timing: bool = False
) -> WholeTrace:
    """A trace with all that was verified of it; `timing.jsonl`, of which nothing is known, if asked.

    Raises as `verify`, and `NestedDiffersError` for a nested run that is not the recorded one.
    """
    unchecked = UncheckedTrace.read(place, limits)
    checked = verify(unchecked, None, at_least, limits)
    files = dict(_files_of(place, "", unchecked, checked, timing))
    nested, absent = [], []
    prefixes = {place: ""}
    for each in nested_traces(checked, place, limits):
        if each.standing is Standing.ABSENT:
            absent.append(each.id)
        elif each.trace is None or each.place is None:
            raise NestedDiffersError(each.id, each.reason)
        else:
            # Again, and now its bytes: the walk lets go of each trace before it comes to the next one.
            child = UncheckedTrace.read(each.place, limits)
            prefix = f"{prefixes[each.place.parent.parent]}{each.place.relative_to(each.place.parent.parent)}/"
            prefixes[each.place] = prefix
            files.update(_files_of(each.place, prefix, child, verify(child, each.root, limits=limits), timing))
            nested.append(each.id)
    return WholeTrace(checked, files, tuple(nested), tuple(absent))


def _files_of(
    place: Path, prefix: str, unchecked: UncheckedTrace, checked: CheckedTrace, timing: bool
) -> Iterator[tuple[str, FileContent]]:
    """The files of one trace."""
    for name, data in ((RECORDS, unchecked.records), (BLOBS, unchecked.blobs), (EFFECTS, unchecked.effects)):
        yield prefix + name, in_memory(data)
    if unchecked.redactions:
        yield prefix + REDACTIONS, in_memory(unchecked.redactions)
    for ref, blob in checked.contents.places.items():
        if ref in unchecked.large and blob.presence is Presence.PRESENT:
            size = checked.contents.large_size(ref)
            yield f"{prefix}{LARGE_FOLDER}/{ref}", FileContent(size, _reader(checked, ref))
    with Folder.open(place) as folder:
        for name in (SIGNATURES, TIMING) if timing else (SIGNATURES,):
            if folder.is_plain(name):
                yield prefix + name, in_memory(folder.read(name))


def names_of(checked: CheckedTrace, prefix: str = "") -> Iterator[str]:
    """The names that the files of a verified trace may have, in an archive or a folder that holds it at `prefix`."""
    yield from (prefix + name for name in (RECORDS, BLOBS, EFFECTS, SIGNATURES, REDACTIONS, TIMING))
    yield from (f"{prefix}{LARGE_FOLDER}/{ref}" for ref in checked.contents.places)


def in_memory(data: bytes) -> FileContent:
    """A file whose bytes are here."""
    return FileContent(len(data), lambda: (data,))


def check_digest(name: str, blocks: Iterable[bytes], digest: str) -> Iterator[bytes]:
    """The blocks. Raises `PackChangedError` behind the last one if they have not this SHA-256 (64 hex digits)."""
    found = hashlib.sha256()
    for block in blocks:
        found.update(block)
        yield block
    if found.hexdigest() != digest:
        raise PackChangedError(name, f"the SHA-256 {digest}", found.hexdigest())


def _reader(checked: CheckedTrace, ref: str) -> Callable[[], Iterable[bytes]]:
    digest = checked.contents.places[ref].digest.hex()
    return lambda: check_digest(ref, checked.contents.blocks(ref), digest)
