"""Collection of a store: what it keeps, and for how long, even if processes begin or end while it runs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlmlite_traces import (
    DirectoryStore,
    StoreBusyError,
    StoreCorruptError,
)
from rlmlite_traces.blobs.directory import collect, collection, list_objects, objects
from rlmlite_traces.blobs.directory.leases import UnleasedReader
from rlmlite_traces.blobs.directory.roots import Roots
from tests.traces.blobs.store_contents import put_and_close, sha256


def test_an_unneeded_object_is_removed(store: DirectoryStore) -> None:
    """An object with no lease and no trace is removed after the grace period; a dry run only reports it."""
    (digest,) = put_and_close(store.path, b"12345")

    assert collect(store.layout).kept["young"] == 1
    forecast = collect(store.layout, grace=0, dry_run=True)
    assert list(store.layout.digests()) == [digest]
    report = collect(store.layout, grace=0)

    assert forecast == report
    assert (report.removed, report.freed) == ([digest], 5)
    assert list(store.layout.digests()) == []
    assert store.put(b"12345") == digest


def test_a_process_keeps_what_it_used(store: DirectoryStore) -> None:
    """Contents that a process put, found, read or copied stay until its store is closed or garbage collected."""
    digests = put_and_close(store.path, b"a", b"b", b"c", b"d")
    other = DirectoryStore(store.path)
    other.put(b"a")
    other.holds(digests[1])
    other.read(digests[2])

    assert collect(store.layout, grace=0).removed == [digests[3]]
    assert next(iter(list_objects(store.layout))).processes == (os.getpid(),)
    del other
    assert sorted(collect(store.layout, grace=0).removed) == sorted(digests[:3])


def test_use_renews_the_age(store: DirectoryStore) -> None:
    """A content that was put again a moment ago counts as new."""
    (digest,) = put_and_close(store.path, b"a")
    place = store.layout.object_path(digest)
    before = place.stat()
    while place.stat().st_ctime_ns == before.st_ctime_ns:
        put_and_close(store.path, b"a")

    assert place.stat().st_mtime_ns == before.st_mtime_ns  # so that others see the same file


def test_a_trace_keeps_its_inputs(store: DirectoryStore, tmp_path: Path) -> None:
    """A trace keeps its inputs while it exists; a missing trace is named, and keeps them until it is forgotten."""
    digests = put_and_close(store.path, b"a", b"b", b"c")
    trace = tmp_path / "Zoë \udcff.rlm"
    trace.mkdir()
    store.keep_for(trace, digests[:1])
    store.keep_for(trace, digests[1:2])

    assert collect(store.layout, grace=0).removed == digests[2:]
    assert {entry.traces for entry in list_objects(store.layout)} == {(str(trace),)}
    trace.rmdir()
    report = collect(store.layout, grace=0)
    assert (report.removed, report.missing) == ([], [str(trace)])
    forecast = collect(store.layout, grace=0, forget_missing=True, dry_run=True)
    assert sorted(forecast.removed) == sorted(digests[:2])
    assert sorted(collect(store.layout, grace=0, forget_missing=True).removed) == sorted(digests[:2])
    assert collect(store.layout, grace=0).missing == []


def test_a_root_that_cannot_be_read_stops_a_collection(store: DirectoryStore, tmp_path: Path) -> None:
    """If a root cannot be read, it is not known what to keep, so nothing is removed."""
    digests = put_and_close(store.path, b"a")
    (store.layout.roots / "x.json").write_text('{"trace": 1}')

    with pytest.raises(StoreCorruptError):
        collect(store.layout, grace=0)
    assert list(store.layout.digests()) == digests


def test_a_process_that_ends_during_a_collection(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are read before roots, so a process that ends in between has already left its root."""
    other = DirectoryStore(store.path)
    digest = other.put(b"a")
    renew, calls = Roots.renew, list[Roots]()

    def renew_and_end_other(self: Roots) -> None:
        renew(self)
        calls.append(self)
        if len(calls) == 2:  # just after the roots were read for the batch, the other adds its root and ends
            (self._layout.roots / "other.json").write_text(f'{{"trace": "/", "digests": ["{digest}"]}}')
            other.close()

    monkeypatch.setattr(Roots, "renew", renew_and_end_other)
    assert collect(store.layout, grace=0).removed == []
    assert collect(store.layout, grace=0).kept["trace"] == 1


def test_a_process_that_begins_during_a_collection(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A content that is found between two batches of a collection stays."""
    digests = sorted(put_and_close(store.path, *(str(number).encode() for number in range(30))))
    batches = collection._batches

    def batches_with_uses_between(names: Iterator[str]) -> Iterator[list[str]]:
        for batch in batches(names):
            assert store.holds(batch[0])
            yield batch

    monkeypatch.setattr(collection, "BATCH", 10)
    monkeypatch.setattr(collection, "_batches", batches_with_uses_between)
    assert set(digests) - set(collect(store.layout, grace=0).removed) == {digests[0], digests[10], digests[20]}
    assert bytes(store.read(digests[20])) is not None


def test_leftovers_of_killed_writers_are_removed(store: DirectoryStore) -> None:
    """Half-written files and leases of dead processes are removed; those of live processes stay."""
    with objects.open_incoming(store.layout, store._lease.name) as (_, mine):
        dead = store.layout.incoming / "999999-0123456789abcdef.0123"
        dead.write_bytes(b"half")
        (store.layout.leases / "999999-0123456789abcdef").write_text(sha256(b"a") + "\n01")

        report = collect(store.layout)

        assert (report.leftovers, report.freed) == (1, 4)
        assert os.listdir(store.layout.incoming) == [mine]
        assert os.listdir(store.layout.leases) == [store._lease.name]


def test_nothing_is_removed_during_a_read_without_a_lease(store: DirectoryStore) -> None:
    """A reader without write access holds off a collection, and does not keep other readers out."""
    (digest,) = put_and_close(store.path, b"a")
    readers = [UnleasedReader(store.layout), UnleasedReader(store.layout)]

    with pytest.raises(StoreBusyError):
        collect(store.layout, grace=0)
    assert collect(store.layout, grace=0, dry_run=True).removed == [digest]
    for reader in readers:
        reader.release()
    assert collect(store.layout, grace=0).removed == [digest]
