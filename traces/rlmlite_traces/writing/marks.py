"""Marks: where the writer of a trace stood when it left, so that it can go on without decoding all of it again.

To open a trace is to verify it, which takes as long as it is. A mark holds what the verifying comes to: the end of the
chain, the refs that have been written, and the digests of the three files that it was about.

    the files have these sizes and digests      nothing has changed: the chain goes on from the mark
    anything else                               it is verified from its beginning, as if there were no mark

A mark vouches for a trace, so it must be known who wrote it: whoever can write one can hide from this writer that a
record does not follow. `verify` and `replay` take none. Not here: who keeps it (`rlmlite.runs.past.checkpoints`).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from rlmlite_kernel.records.records import Genesis, Ref
from rlmlite_traces.format.chain import Chain, ChainEnd
from rlmlite_traces.format.contents import Contents, Presence
from rlmlite_traces.format.formats import format_of
from rlmlite_traces.format.lines import BLOBS, EFFECTS, RECORDS, split
from rlmlite_traces.format.reader import CheckedTrace, UncheckedTrace
from rlmlite_traces.format.verify import blob_refs, verify

_REF_BYTES: Final = 32


class FileEnd(msgspec.Struct, frozen=True):
    """The size of a file and the SHA-256 of all its bytes."""

    size: int
    sha256: bytes


class AdditionPlace(msgspec.Struct, frozen=True):
    """Where an addition lies: its line in `trace.jsonl`, and in `blobs.jsonl` those of the blobs that it names."""

    record: tuple[int, int]
    blobs: tuple[tuple[int, int], ...]


class Mark(msgspec.Struct, frozen=True):
    """The end of a trace: of its files, by name, and of its chain. `refs` are those written, end to end.

    `additions` are the places of what was added to the inputs and limits of the genesis, in order.
    """

    files: dict[str, FileEnd]
    chain: ChainEnd
    refs: bytes
    additions: tuple[AdditionPlace, ...] = ()


class WrittenRefs:
    """The refs that a writer has written: a sorted run of bytes, 32 for each, so that none is touched to be there."""

    def __init__(self, packed: bytes = b"") -> None:
        self.packed = packed

    def __contains__(self, ref: Ref) -> bool:
        digest = bytes.fromhex(ref)
        return self._at(self._place_of(digest)) == digest

    def update(self, refs: Iterable[Ref]) -> None:
        """Add some."""
        new = sorted({bytes.fromhex(ref) for ref in refs if ref not in self})
        pieces: list[bytes] = []
        start = 0
        # The run is copied once for all of them, not once for each.
        for digest in new:
            stop = self._place_of(digest) * _REF_BYTES
            pieces += [self.packed[start:stop], digest]
            start = stop
        if new:
            self.packed = b"".join([*pieces, self.packed[start:]])

    def _at(self, place: int) -> bytes:
        return self.packed[place * _REF_BYTES : (place + 1) * _REF_BYTES]

    def _place_of(self, digest: bytes) -> int:
        """Where a digest is, or would be."""
        low, high = 0, len(self.packed) // _REF_BYTES
        while low < high:
            middle = (low + high) // 2
            if self._at(middle) < digest:
                low = middle + 1
            else:
                high = middle
        return low


class Resumed(msgspec.Struct, frozen=True):
    """What a mark gives back: the chain, the refs, the beginning of the trace, and the digests of its files, to go on.

    The beginning (`begun`) is what says which inputs and limits the run has: the genesis, and what was added.
    """

    chain: Chain
    refs: WrittenRefs
    additions: tuple[AdditionPlace, ...]
    begun: CheckedTrace
    digests: Mapping[str, "hashlib._Hash"]


def resume_from(mark: Mark, trace: UncheckedTrace) -> Resumed | None:
    """What a mark says of a trace; None if the trace is not what the mark is of. Raises `TraceError` as `verify`."""
    contents = {RECORDS: trace.records, BLOBS: trace.blobs, EFFECTS: trace.effects}
    digests: dict[str, hashlib._Hash] = {}
    for name, content in contents.items():
        end = mark.files.get(name)
        if end is None or end.size != len(content):
            return None
        digests[name] = hashlib.sha256(content)
        if digests[name].digest() != end.sha256:
            return None
    chain = Chain.at(mark.chain, format_of(trace.records).record)
    begun = beginning_of(trace, mark.additions)
    return None if begun is None else Resumed(chain, WrittenRefs(mark.refs), mark.additions, begun, digests)


def place_in(trace: CheckedTrace, seq: int) -> AdditionPlace:
    """Where the record `seq` of a trace lies, which is an addition."""
    refs = blob_refs(trace.records[seq], [], trace.contents)
    places = (trace.contents.places[ref] for ref in dict.fromkeys(refs))
    return AdditionPlace(trace.lines[1][seq], tuple((place.start, place.stop) for place in places))


def beginning_of(trace: UncheckedTrace, additions: Sequence[AdditionPlace]) -> CheckedTrace | None:
    """The genesis of a trace, checked, and what was added later: what says which inputs and limits the run has.

    What was added is not checked again: the files are, byte for byte, those that the writer of the mark has verified.
    `None` if an addition names a blob that lies elsewhere. Raises as `verify`.
    """
    layout = format_of(trace.records)
    _, stop = next(split(trace.records, RECORDS))
    genesis, _ = layout.record(trace.records[:stop], 0)
    # Its blobs come first: its settings, and for each input where it came from, and what it is if that is nowhere else.
    most = 1 + 2 * len(genesis.inputs) if isinstance(genesis, Genesis) else 0
    end = 0
    for number, (_, blob_stop) in enumerate(split(trace.blobs, BLOBS)):
        if number >= most:
            break
        end = blob_stop + 1
    begun = verify(UncheckedTrace(trace.records[: stop + 1], trace.blobs[:end], b"", trace.large))
    if not additions:
        return begun
    lines = [trace.records[slice(*place.record)] for place in additions]
    records = (*begun.records, *(layout.record(line, number)[0] for number, line in enumerate(lines, 1)))
    blobs = dict.fromkeys(span for place in additions for span in place.blobs)
    more = (trace.blobs[start : stop + 1] for start, stop in blobs if start >= end)
    contents = Contents(b"".join([trace.blobs[:end], *more]), trace.large, layout)
    named = (ref for record in records for ref in blob_refs(record, [], contents))
    if any(contents.presence(ref) is not Presence.PRESENT for ref in named):
        return None
    data = trace.records[: stop + 1] + b"".join(line + b"\n" for line in lines)
    return msgspec.structs.replace(begun, records=records, lines=(data, list(split(data, RECORDS))), contents=contents)
