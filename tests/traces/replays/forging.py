"""Change a trace and recompute every hash, as an attacker would who knows the format."""

from collections.abc import Callable

import msgspec

from rlmlite_kernel.records.records import AnyRecord, Blob, Entry
from rlmlite_traces import (
    CheckedTrace,
    verify,
)
from tests.traces import handmade

Change = Callable[[list[Entry]], list[Entry]]


def entries_of(trace: CheckedTrace) -> list[Entry]:
    """The trace as entries again; the genesis carries all blobs."""
    kept = trace.contents.places
    blobs = tuple(Blob(ref, kept[ref].salt, trace.content(ref)) for ref in kept)
    return [
        Entry(record, blobs if seq == 0 else (), tuple(trace.effects(seq))) for seq, record in enumerate(trace.records)
    ]


def forge(trace: CheckedTrace, change: Change) -> CheckedTrace:
    """The trace after somebody changed it and recomputed every hash; unused blobs are dropped."""
    entries = change(entries_of(trace))
    files, _ = handmade.encode(entries)
    while True:
        try:
            return verify(handmade.unchecked_trace(files))
        except Exception as error:
            ref = getattr(error, "ref", None)
            if type(error).__name__ != "BlobUnreferencedError":
                raise
            whole = files["blobs.jsonl"].splitlines(keepends=True)
            files["blobs.jsonl"] = b"".join(line for line in whole if handmade.ref_of(line) != ref)


def with_fields(kind: type[AnyRecord], number: int, **fields: object) -> Change:
    """Change fields of the record that is the `number`-th of its kind."""

    def change(entries: list[Entry]) -> list[Entry]:
        at = [seq for seq, entry in enumerate(entries) if type(entry.record) is kind][number]
        entry = entries[at]
        entries[at] = Entry(msgspec.structs.replace(entry.record, **fields), entry.blobs, entry.effects)
        return entries

    return change
