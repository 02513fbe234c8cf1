"""Removing contents from the files of one trace, so that no crash leaves a trace that nobody can finish.

    1. redactions.jsonl   the new line is durable                  kill here: the trace says what is to go
    2. blobs.jsonl        written anew without the lines           kill here: files of large contents are left
    3. blobs/REF          removed                                  kill here: so are files of inputs
    4. inputs/HEX         removed

The line comes first: a content that is gone without one looks like damage, and one that is still here although a line
names it can be removed by anybody who reads the line. The salt goes with the line of its content, so that what was in
it cannot be guessed and confirmed against its ref.
The new files are verified before the first of them is written. The disk's blocks are let go of, not overwritten.
"""

from collections.abc import Collection, Iterator

import msgspec

from rlmlite_kernel.records.merkle import leaf
from rlmlite_kernel.records.records import Redact, Ref
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.contents import Contents
from rlmlite_traces.format.formats import format_of
from rlmlite_traces.format.lines import BLOBS, INPUTS_FOLDER, LARGE_FOLDER, REDACTIONS, encode
from rlmlite_traces.format.reader import CheckedTrace, UncheckedTrace
from rlmlite_traces.limits import ReaderLimits

_UNFINISHED = ".new"


def settle(trace: UncheckedTrace, limits: ReaderLimits) -> UncheckedTrace:
    """A trace as it is once all is gone that its redactions name."""
    return without(trace, set(_refs_in(trace.redactions)), limits)


def without(trace: UncheckedTrace, refs: Collection[Ref], limits: ReaderLimits) -> UncheckedTrace:
    """A trace's files without some contents. Nothing is written."""
    if not refs:
        return trace
    places = Contents(trace.blobs, trace.large, format_of(trace.records), limits).places
    kept = (trace.blobs[place.start : place.stop + 1] for ref, place in places.items() if ref not in refs)
    large = {ref: file for ref, file in trace.large.items() if ref not in refs}
    return msgspec.structs.replace(trace, blobs=b"".join(kept), large=large)


def refs_here(trace: UncheckedTrace, refs: Collection[Ref], limits: ReaderLimits) -> set[Ref]:
    """Those of some contents that a trace's files still hold, or a line of."""
    if not refs:
        return set()
    places = Contents(trace.blobs, trace.large, format_of(trace.records), limits).places
    return (places.keys() | trace.large.keys()) & set(refs)


def with_line(trace: UncheckedTrace, checked: CheckedTrace, refs: Collection[Ref], reason: str, who: str) -> bytes:
    """The redactions of a trace and one more, of these contents."""
    count = len(checked.redactions)
    *_, last = (trace.redactions or checked.line(checked.size - 1) + b"\n").splitlines()
    record = Redact(refs=tuple(sorted(refs)), reason=reason, who=who, seq=checked.size + count, prev=leaf(last).hex())
    return trace.redactions + encode(record) + b"\n"


def write(folder: Folder, before: UncheckedTrace, after: UncheckedTrace, inputs: Collection[str]) -> None:
    """Bring the files of a trace from `before` to `after`, and remove files of inputs. Raises `OSError`."""
    if after.redactions != before.redactions:
        _replace(folder, REDACTIONS, after.redactions)
    if after.blobs != before.blobs:
        _replace(folder, BLOBS, after.blobs)
    _remove(folder, LARGE_FOLDER, before.large.keys() - after.large.keys())
    _remove(folder, INPUTS_FOLDER, inputs)
    for name in (REDACTIONS, BLOBS):
        folder.remove(name + _UNFINISHED)  # what a crash left
    folder.sync()


def _refs_in(redactions: bytes) -> Iterator[Ref]:
    """The contents that redactions name. What they say is verified later."""
    for line in redactions.splitlines():
        try:
            yield from msgspec.json.decode(line, type=Redact).refs
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return


def _replace(folder: Folder, name: str, data: bytes) -> None:
    """Write a file in place of the one of this name, so that a crash leaves one of the two, whole."""
    folder.write_new(name + _UNFINISHED, data)
    folder.move(name + _UNFINISHED, folder, name)
    folder.sync()


def _remove(folder: Folder, name: str, files: Collection[str]) -> None:
    if not files:
        return
    with folder.below(name) as below:
        for file in sorted(files):
            below.remove(file)
        below.sync()
