"""Marks: where the writer of a trace stood when it left, so that it can go on without decoding all of it again.

To open a trace is to verify it, which takes as long as it is. A mark holds what the verifying comes to: the end of the
chain, the refs that have been written, and the digests of the three files that it was about.

    the files have these sizes and digests      nothing has changed: the chain goes on from the mark
    anything else                               it is verified from its beginning, as if there were no mark

A mark vouches for a trace, so it must be known who wrote it: whoever can write one can hide from this writer that a
record does not follow. `verify` and `replay` take none. Not here: who keeps it (`rlmlite.runs.past.checkpoints`).
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from rlmlite_kernel.records.records import Genesis, Ref
from rlmlite_traces.format.chain import Chain, ChainEnd
from rlmlite_traces.format.formats import format_of
from rlmlite_traces.format.lines import BLOBS, EFFECTS, RECORDS, split
from rlmlite_traces.format.reader import CheckedTrace, UncheckedTrace
from rlmlite_traces.format.verify import verify

_REF_BYTES: Final = 32


class FileEnd(msgspec.Struct, frozen=True):
    """The size of a file and the SHA-256 of all its bytes."""

    size: int
    sha256: bytes


class Mark(msgspec.Struct, frozen=True):
    """The end of a trace: of its files, by name, and of its chain. `refs` are those written, end to end."""

    files: dict[str, FileEnd]
    chain: ChainEnd
    refs: bytes


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
    """What a mark gives back: the chain, the refs, the checked beginning of the trace, which is its genesis, and the
    digests of its files, to go on with.
    """

    chain: Chain
    refs: WrittenRefs
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
    return Resumed(chain, WrittenRefs(mark.refs), beginning_of(trace), digests)


def beginning_of(trace: UncheckedTrace) -> CheckedTrace:
    """The genesis of a trace with its contents, checked: what says how the run began. Raises as `verify`."""
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
    return verify(UncheckedTrace(trace.records[: stop + 1], trace.blobs[:end], b"", trace.large))
