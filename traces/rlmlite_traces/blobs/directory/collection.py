"""Garbage collection: objects that nothing needs are removed, while other processes add, look up and read.

An object stays while one of these holds:

- a live lease holds it: a running process put it, looked it up, or read it;
- a root holds it: a trace needs it, or needed it at the path where it was;
- it is young: it was put or looked up within the grace period, by the file system's clock.

Each reason is checked again, under the store's lock, just before the object would go. So an object is either leased
before that moment, and stays, or looked up after it, and is then missing and put again. The lock is taken for 64
objects at a time, so that nobody waits for the whole collection.

    objects   3f0c (leased)   77ab (in a root)   90d1 (put 5 min ago)   c4e8 (put 2 days ago)
    collect   stays: lease    stays: trace       stays: young           removed

Leases are read before roots. A process adds its root while its lease lives, so one whose lease is gone when leases are
read has its root already when roots are read. In the other order it could slip through: no root yet, no lease any more.

The grace period protects what neither lease nor root does: contents of a process that ended before it wrote a root,
because it was killed or because a program only put them. And it saves writing again what the next run probably needs.
Nothing is removed while somebody reads without a lease.
"""

import os
import stat
import time
from collections.abc import Iterator
from itertools import islice

import msgspec

from rlmlite_traces.blobs.directory.layout import Layout
from rlmlite_traces.blobs.directory.leases import LEASE, Leases, exclude_readers
from rlmlite_traces.blobs.directory.roots import Roots
from rlmlite_traces.files.guarded import Folder

GRACE_SECONDS = 24 * 60 * 60
"""How long an object stays that nothing needs, in seconds: the next run may need it again."""

BATCH = 64
"""Objects that are checked, and removed, each time that the lock is held."""

_REASONS = ("lease", "trace", "young")


class CollectionReport(msgspec.Struct):
    """What a collection removed, or would remove. `freed` is in bytes.

    `kept` counts objects by the first reason that held. `leftovers` counts files of writers that were killed.
    `missing` are the paths of traces that are no longer there.
    """

    removed: list[str] = []
    freed: int = 0
    kept: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(_REASONS, 0))
    leftovers: int = 0
    missing: list[str] = []


def collect(
    layout: Layout, *, grace: float = GRACE_SECONDS, dry_run: bool = False, forget_missing: bool = False
) -> CollectionReport:
    """Remove the objects that nothing needs. `grace` is in seconds.

    With `forget_missing`, contents go as well if only traces need them that are no longer at their path. With
    `dry_run`, nothing is removed.

    Raises `StoreBusyError`, `StoreCorruptError` if a root cannot be read, and `OSError`. What was removed before that
    was not needed.
    """
    collection = _Collection(layout, grace, dry_run, forget_missing)
    if dry_run:
        # It removes nothing, so it may run beside readers and beside another collection.
        return collection.run()
    with layout.lock("collecting"), exclude_readers(layout):
        return collection.run()


class _Collection:
    def __init__(self, layout: Layout, grace: float, dry_run: bool, forget_missing: bool) -> None:
        self._layout, self._grace = layout, grace
        self._dry_run, self._forget_missing = dry_run, forget_missing
        self._leases, self._roots = Leases(layout), Roots(layout, missing=not forget_missing)
        self._report = CollectionReport()

    def run(self) -> CollectionReport:
        with self._layout.lock():
            self._renew()
            self._report.missing = [root.trace for root in self._roots if root.is_missing]
            self._sweep_leftovers()
            if not self._dry_run:
                self._leases.remove_dead()
                if self._forget_missing:
                    self._roots.remove_missing()
        for batch in _batches(self._layout.digests()):
            with self._layout.lock():
                # Since the last batch, others may have taken leases and added roots.
                self._renew()
                for digest in batch:
                    self._remove_unless_needed(digest)
        return self._report

    def _renew(self) -> None:
        # In this order; see the top of the file.
        self._leases.renew()
        self._roots.renew()

    def _sweep_leftovers(self) -> None:
        """Remove files in `incoming/` whose writer is dead. Their names begin with the name of its lease."""
        with self._layout.folder("incoming") as folder:
            for name in folder.names():
                writer, dot, _ = name.partition(".")
                # What does not have such a name, or is no plain file, no store has made.
                if not dot or not LEASE.fullmatch(writer) or self._leases.is_alive(writer):
                    continue
                if not folder.is_plain(name):
                    continue
                self._report.leftovers += 1
                self._report.freed += folder.status(name).st_size
                if not self._dry_run:
                    folder.remove(name)

    def _remove_unless_needed(self, digest: str) -> None:
        with self._layout.folder("objects", digest[:2]) as shard:
            try:
                status = shard.status(digest[2:])
            except FileNotFoundError:
                # Removed by another collection since the folder was listed (this one is a dry run), or quarantined.
                return
            # A link or a folder is damage, for `verify` to report; no store has made it.
            if stat.S_ISREG(status.st_mode):
                self._remove_file_unless_needed(shard, digest, status)

    def _remove_file_unless_needed(self, shard: Folder, digest: str, status: os.stat_result) -> None:
        # ctime, not mtime: a lookup renews it by a chmod, and mtime is part of the mark by which others recognise
        # the file.
        age = time.time() - status.st_ctime
        reason = self._reason_to_keep(digest, age)
        if reason:
            self._report.kept[reason] += 1
            return
        if not self._dry_run:
            shard.remove(digest[2:])
        self._report.removed.append(digest)
        self._report.freed += status.st_size

    def _reason_to_keep(self, digest: str, age: float) -> str:
        """Why an object stays; empty if it goes. `age` is in seconds; below 0, if clocks differ, it counts as young."""
        if self._leases.holds(digest):
            return "lease"
        if self._roots.holds(digest):
            return "trace"
        return "young" if age < self._grace else ""


def _batches(digests: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(digests, BATCH)):
        yield batch
