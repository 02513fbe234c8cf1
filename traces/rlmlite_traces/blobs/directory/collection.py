"""Garbage collection: objects that nobody needs are removed.

An object stays while one of these holds, and each is looked at again, under the store's lock, just before it would go:

- a live lease holds it: a running process put, found or read it;
- a root holds it: a trace needs it, or needed it where it was;
- it is young: it was put or found within the grace period, by whatever clock the file system has.

Leases are read before roots: a process adds its root while its lease lives, so whoever has no lease any more has its
root already. Nothing is removed while somebody reads without a lease.
"""

import os
import time
from collections.abc import Iterator
from itertools import islice

import msgspec

from rlmlite_traces.blobs.directory.layout import Layout
from rlmlite_traces.blobs.directory.leases import Leases, exclude_readers
from rlmlite_traces.blobs.directory.roots import Roots

GRACE_SECONDS = 24 * 60 * 60
"""How long an object stays that nobody needs: somebody may just be about to."""

BATCH = 64
"""Objects that are looked at, and removed, for one hold of the lock."""


_REASONS = ("lease", "trace", "young")


class CollectionReport(msgspec.Struct):
    """What a collection removed, or would have. `kept` counts objects by the first reason that held.

    `leftovers` are files of writers that were killed; `missing` are traces that are not where they were.
    """

    removed: list[str] = []
    freed: int = 0
    kept: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(_REASONS, 0))
    leftovers: int = 0
    missing: list[str] = []


def collect(
    layout: Layout, *, grace: float = GRACE_SECONDS, dry_run: bool = False, forget_missing: bool = False
) -> CollectionReport:
    """Remove what nobody needs. `forget_missing`: also what only traces need that are not where they were.

    Raises `StoreBusyError`, `StoreCorruptError` for a root that is not readable, `OSError`; what was removed until
    then was needed by nobody.
    """
    collection = _Collection(layout, grace, dry_run, forget_missing)
    if dry_run:
        return collection.run()
    with layout.lock("collecting"), exclude_readers(layout):
        return collection.run()


class _Collection:
    def __init__(self, layout: Layout, grace: float, dry_run: bool, forget_missing: bool) -> None:
        self._layout, self._grace = layout, grace
        self._dry_run, self._forget_missing = dry_run, forget_missing
        self._leases, self._roots = Leases(layout), Roots(layout, missing=not forget_missing)
        self._found = CollectionReport()

    def run(self) -> CollectionReport:
        with self._layout.lock():
            self._renew()
            self._found.missing = [root.trace for root in self._roots if root.is_missing]
            self._sweep_leftovers()
            if not self._dry_run:
                self._leases.remove_dead()
                if self._forget_missing:
                    self._roots.remove_missing()
        for batch in _batches(self._layout.digests()):
            with self._layout.lock():
                self._renew()
                for digest in batch:
                    self._decide(digest)
        return self._found

    def _renew(self) -> None:
        self._leases.renew()
        self._roots.renew()

    def _sweep_leftovers(self) -> None:
        for name in os.listdir(self._layout.incoming):
            if not self._leases.is_alive(name.partition(".")[0]):
                path = self._layout.incoming / name
                self._found.leftovers += 1
                self._found.freed += path.stat().st_size
                if not self._dry_run:
                    path.unlink()

    def _decide(self, digest: str) -> None:
        place = self._layout.place(digest)
        try:
            status = place.stat()
        except FileNotFoundError:  # another collection was here
            return
        if reason := self._reason(digest, time.time() - status.st_ctime):
            self._found.kept[reason] += 1
            return
        if not self._dry_run:
            place.unlink()
        self._found.removed.append(digest)
        self._found.freed += status.st_size

    def _reason(self, digest: str, age: float) -> str:
        """Why an object stays; empty if it goes. A file from the future is young."""
        if self._leases.holds(digest):
            return "lease"
        if self._roots.holds(digest):
            return "trace"
        return "young" if age < self._grace else ""


def _batches(digests: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(digests, BATCH)):
        yield batch
