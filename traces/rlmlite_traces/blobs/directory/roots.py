"""Roots: which contents each trace needs, so that they are kept after the process that wrote it has ended.

A root is a file with the place of a trace and the digests of its inputs. It is durable before the trace is begun.
A trace that is no longer where it was may be deleted, moved, or on a disk that is not mounted: its root stays until
somebody says that such traces are gone.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from rlmlite_traces.blobs.directory.layout import Layout
from rlmlite_traces.errors import StoreCorruptError
from rlmlite_traces.files.append_only import sync_path, write_new
from rlmlite_traces.files.mapped import Mark


class Root(msgspec.Struct, frozen=True):
    """The contents that a trace needs."""

    trace: str
    digests: frozenset[str]

    @property
    def is_missing(self) -> bool:
        """Whether no trace is at its place."""
        return not os.path.lexists(self.trace)


def add(layout: Layout, trace: Path, digests: Iterable[str], writer: str) -> None:
    """Keep contents for a trace, beside those that are kept for it already. `writer` is the name of a live lease."""
    place = os.path.abspath(trace)
    path = layout.roots / f"{hashlib.sha256(os.fsencode(place)).hexdigest()}.json"
    temporary = layout.incoming / f"{writer}.{path.name}"
    with layout.lock():
        before = _read(path).digests if path.exists() else frozenset()
        content = {"trace": place, "digests": sorted(before.union(digests))}
        write_new(temporary, json.dumps(content).encode() + b"\n")  # ASCII, so that any path can be written
        sync_path(temporary)
        temporary.rename(path)
    sync_path(layout.roots)


class Roots:
    """The roots of a store, read again and again; of each only if it is another file than before.

    Without `missing` those of traces that are not where they were hold nothing.
    """

    def __init__(self, layout: Layout, *, missing: bool = True) -> None:
        self._layout, self._missing = layout, missing
        self._read: dict[str, tuple[Mark, Root]] = {}
        self._needed: frozenset[str] = frozenset()

    def renew(self) -> None:
        """Read them. Raises `StoreCorruptError` for one that is not readable: then it is not known what to keep."""
        read: dict[str, tuple[Mark, Root]] = {}
        for name in os.listdir(self._layout.roots):
            path = self._layout.roots / name
            try:
                mark = Mark.of(path.stat())
                known = self._read.get(name)
                read[name] = known if known is not None and known[0] == mark else (mark, _read(path))
            except FileNotFoundError:  # forgotten meanwhile; not under the lock
                continue
        if read != self._read:
            self._read = read
            held = (root.digests for _, root in read.values() if self._missing or not root.is_missing)
            self._needed = frozenset().union(*held)

    def __iter__(self) -> Iterator[Root]:
        return iter(sorted((root for _, root in self._read.values()), key=lambda root: root.trace))

    def holds(self, digest: str) -> bool:
        """Whether some trace needs a content."""
        return digest in self._needed

    def remove_missing(self) -> None:
        """Remove the roots of traces that are not where they were. The caller holds the store's lock."""
        for name, (_, root) in self._read.items():
            if root.is_missing:
                (self._layout.roots / name).unlink()


def _read(path: Path) -> Root:
    content = path.read_bytes()
    try:
        found = json.loads(content)
        return Root(str(found["trace"]), frozenset(map(str, found["digests"])))
    except (ValueError, KeyError, TypeError):
        raise StoreCorruptError(path, "a trace and its digests", repr(content[:40])) from None
