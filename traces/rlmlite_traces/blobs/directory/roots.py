"""Roots: which contents each trace needs, so that they are kept after the process that wrote it has ended.

A root is a file with the path of a trace and the digests of its inputs. It is durable before the trace is begun, and
while the writer still has its lease, so at no moment is a content that a trace needs without protection:

    lease   |--- put ---------------------- end of the process
    root              |--- keep_for --------------------------------- ...
    trace                  |--- begun ------------------------------- ...

A trace that is no longer at its path may have been deleted or moved, or lie on a disk that is not mounted. The store
cannot tell, so the root stays until somebody says that such traces are gone (`--forget-missing`).
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
    """The contents that a trace needs. `trace` is its absolute path."""

    trace: str
    digests: frozenset[str]

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing at the trace's path."""
        return not os.path.lexists(self.trace)


def add(layout: Layout, trace: Path, digests: Iterable[str], writer: str) -> None:
    """Keep contents for a trace, beside those that are kept for it already. `writer` is the name of a live lease."""
    trace_path = os.path.abspath(trace)
    # Named by a hash of the path: it may hold any character, and be longer than a file name can be.
    path_hash = hashlib.sha256(os.fsencode(trace_path)).hexdigest()
    path = layout.roots / f"{path_hash}.json"
    temporary = layout.incoming / f"{writer}.{path.name}"
    with layout.lock():
        digests_before = _read(path).digests if path.exists() else frozenset()
        content = {"trace": trace_path, "digests": sorted(digests_before.union(digests))}
        # `dumps` writes ASCII only, so even a path that is not valid Unicode can be written.
        write_new(temporary, json.dumps(content).encode() + b"\n")
        # Content before name: after a loss of power the name must not stand for an empty file.
        sync_path(temporary)
        temporary.rename(path)
    sync_path(layout.roots)


class Roots:
    """The roots of a store, read again and again; each only if its file is another one than before.

    Without `missing`, roots of traces that are no longer at their path keep nothing.
    """

    def __init__(self, layout: Layout, *, missing: bool = True) -> None:
        self._layout, self._missing = layout, missing
        self._roots: dict[str, tuple[Mark, Root]] = {}
        self._needed: frozenset[str] = frozenset()

    def renew(self) -> None:
        """Read the roots that are new or changed.

        Raises `StoreCorruptError` if one cannot be read, since it is then unknown what must be kept.
        """
        roots: dict[str, tuple[Mark, Root]] = {}
        for name in os.listdir(self._layout.roots):
            try:
                roots[name] = self._read_if_changed(name)
            except FileNotFoundError:
                # Removed since the folder was listed. It can happen to callers that do not hold the store's lock.
                continue
        if roots != self._roots:
            self._roots = roots
            keeping = (root for _, root in roots.values() if self._missing or not root.is_missing)
            self._needed = frozenset().union(*(root.digests for root in keeping))

    def _read_if_changed(self, name: str) -> tuple[Mark, Root]:
        """A root and the mark of its file. A root is replaced by a rename, so another root has another mark."""
        path = self._layout.roots / name
        mark = Mark.of(path.stat())
        before = self._roots.get(name)
        if before is not None and before[0] == mark:
            return before
        return mark, _read(path)

    def __iter__(self) -> Iterator[Root]:
        roots = [root for _, root in self._roots.values()]
        return iter(sorted(roots, key=lambda root: root.trace))

    def holds(self, digest: str) -> bool:
        """Whether some trace needs a content."""
        return digest in self._needed

    def remove_missing(self) -> None:
        """Remove the roots of traces that are no longer at their path. The caller holds the store's lock."""
        for name, (_, root) in self._roots.items():
            if root.is_missing:
                (self._layout.roots / name).unlink()


def _read(path: Path) -> Root:
    content = path.read_bytes()
    try:
        fields = json.loads(content)
        return Root(str(fields["trace"]), frozenset(map(str, fields["digests"])))
    except (ValueError, KeyError, TypeError):
        raise StoreCorruptError(path, "a trace and its digests", repr(content[:40])) from None
