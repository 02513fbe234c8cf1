"""Whole folders: a trace with its nested runs, as entries that can be changed and written again.

A change in a nested run gives it another root, so its parent's call is given that root, and the parent another chain.
"""

from pathlib import Path

import msgspec

from rlmlite_kernel.records.call_lines import lines_of
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import AnyRecord, Blob, Child, Entry, Step
from rlmlite_kernel.records.refs import blob, commit
from rlmlite_traces import CheckedTrace, nested_place, verify
from tests.traces import handmade
from tests.traces.replays.forging import entries_of


class FixedSalts:
    """Any salt fits: a forger of a new content may choose it."""

    run_id = "0" * 32

    def salt(self, digest: bytes) -> bytes:
        """See `Salts.salt`."""
        return bytes(range(16))


def new_blob(content: bytes) -> Blob:
    """A content that the trace did not hold."""
    return blob(FixedSalts(), content)


def salted_as(trace: CheckedTrace, ref: str, content: bytes) -> Blob:
    """Another content under the salt of one that the trace holds."""
    import hashlib

    salt = trace.contents.places[ref].salt
    return Blob(commit(salt, hashlib.sha256(content).digest()), salt, content)


def children_of(trace: CheckedTrace) -> list[str]:
    """The ids of calls that have a nested run."""
    return [call.id for seq in range(trace.size) for call in trace.effects(seq) if call.child is not None]


def with_record(entries: list[Entry], at: int, record: AnyRecord, *blobs: Blob) -> list[Entry]:
    """The entries with another record in one place, and more blobs."""
    changed = list(entries)
    changed[at] = Entry(record, (*entries[at].blobs, *blobs), entries[at].effects)
    return changed


def with_child(entries: list[Entry], id_: str, **fields: object) -> list[Entry]:
    """The entries with other fields in the child that a call recorded, and the call's step committing to them."""
    changed = list(entries)
    for at, entry in enumerate(entries):
        if any(call.id == id_ for call in entry.effects):
            calls = []
            for call in entry.effects:
                if call.id == id_:
                    assert isinstance(call.child, Child)
                    call = msgspec.structs.replace(call, child=msgspec.structs.replace(call.child, **fields))
                calls.append(call)
            changed[at] = committed(entry, tuple(calls))
    return changed


def committed(entry: Entry, calls: tuple) -> Entry:  # type: ignore[type-arg]
    """A step with other calls, whose root fits them."""
    record = entry.record
    assert isinstance(record, Step)
    assert record.effects is not None
    failed = sum(call.result is None for call in calls)
    effects = msgspec.structs.replace(record.effects, root=root_of(lines_of(calls)), failed=failed, n=len(calls))
    return Entry(msgspec.structs.replace(record, effects=effects), entry.blobs, calls)


def write_folder(path: Path, entries: list[Entry]) -> str:
    """A trace's files, without what nothing names; its root. `nested/` stays as it is."""
    files, root = handmade.encode(entries)
    path.mkdir(parents=True, exist_ok=True)
    for name, content in dropped_strays(files).items():
        target = path / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
    return root


def dropped_strays(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files without blobs that no record names."""
    files = dict(files)
    while True:
        try:
            verify(handmade.unchecked_trace(files))
            return files
        except Exception as error:
            ref = getattr(error, "ref", None)
            if type(error).__name__ != "BlobUnreferencedError":
                return files  # a forgery that does not verify is written all the same
            whole = files["blobs.jsonl"].splitlines(keepends=True)
            files["blobs.jsonl"] = b"".join(line for line in whole if handmade.ref_of(line) != ref)


def rewrite_child(parent: Path, change: "object") -> None:
    """Change the (first) nested run of a trace on disk, and give its parent the new root."""
    trace = verify(parent)
    id_ = children_of(trace)[0]
    place = nested_place(parent, id_)
    entries = change(entries_of(verify(place)))  # type: ignore[operator]
    root = write_folder(place, entries)
    write_folder(parent, with_child(entries_of(trace), id_, root=root))
