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
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.files.mapped import Mark
from rlmlite_traces.format.lines import HEX

_MOST_BYTES = 1 << 30
"""The longest root that is read: what names 16 million contents."""


class Root(msgspec.Struct, frozen=True):
    """The contents that a trace needs. `trace` is its absolute path."""

    trace: str
    digests: frozenset[str]

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing at the trace's path. Nothing else is ever done with that path."""
        return not os.path.lexists(self.trace)


def add(layout: Layout, trace: Path, digests: Iterable[str], writer: str) -> None:
    """Keep contents for a trace, beside those that are kept for it already. `writer` is the name of a live lease."""
    trace_path = os.path.abspath(trace)
    name = _name(trace_path)
    temporary = f"{writer}.{name}"
    with layout.lock(), layout.folder("roots") as folder, layout.folder("incoming") as incoming:
        digests_before = _read(folder, name).digests if folder.exists(name) else frozenset()
        content = {"trace": trace_path, "digests": sorted(digests_before.union(digests))}
        # `dumps` writes ASCII only, so even a path that is not valid Unicode can be written. The content is durable
        # before it has its name: after a loss of power the name must not stand for an empty file.
        incoming.write_new(temporary, json.dumps(content).encode() + b"\n")
        incoming.move(temporary, folder, name)
        folder.sync()


def forget_trace(layout: Layout, trace: Path) -> None:
    """Keep nothing any more for a trace that was removed on purpose. What a running process has a lease on stays."""
    with layout.lock(), layout.folder("roots") as folder:
        folder.remove(_name(os.path.abspath(trace)))


def _name(trace_path: str) -> str:
    """The name of a root: by a hash of the path, which may hold any character, and be longer than a file name."""
    return f"{hashlib.sha256(os.fsencode(trace_path)).hexdigest()}.json"


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
        with self._layout.folder("roots") as folder:
            for name in folder.names():
                try:
                    roots[name] = self._read_if_changed(folder, name)
                except FileNotFoundError:
                    # Removed since the folder was listed. It can happen to callers that do not hold the store's lock.
                    continue
        if roots != self._roots:
            self._roots = roots
            keeping = (root for _, root in roots.values() if self._missing or not root.is_missing)
            self._needed = frozenset().union(*(root.digests for root in keeping))

    def _read_if_changed(self, folder: Folder, name: str) -> tuple[Mark, Root]:
        """A root and the mark of its file. A root is replaced by a rename, so another root has another mark."""
        mark = Mark.of(folder.status(name))
        before = self._roots.get(name)
        if before is not None and before[0] == mark:
            return before
        return mark, _read(folder, name)

    def __iter__(self) -> Iterator[Root]:
        roots = [root for _, root in self._roots.values()]
        return iter(sorted(roots, key=lambda root: root.trace))

    def holds(self, digest: str) -> bool:
        """Whether some trace needs a content."""
        return digest in self._needed

    def remove_missing(self) -> None:
        """Remove the roots of traces that are no longer at their path. The caller holds the store's lock."""
        with self._layout.folder("roots") as folder:
            for name, (_, root) in self._roots.items():
                if root.is_missing:
                    folder.remove(name)


def _read(folder: Folder, name: str) -> Root:
    """A root. Raises `StoreCorruptError` for anything else, `FileNotFoundError`."""
    path = folder.path / name
    try:
        content = folder.read(name, _MOST_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreCorruptError(path, "a trace and its digests", error.strerror or str(error)) from None
    try:
        fields = json.loads(content)
        trace, digests = str(fields["trace"]), frozenset(map(str, fields["digests"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        trace, digests = "", frozenset()
    # Whoever wrote the file chose both: a path is only ever looked for, and a digest names an object and nothing else.
    if not os.path.isabs(trace) or not all(map(HEX.fullmatch, digests)):
        raise StoreCorruptError(path, "a trace and its digests", repr(content[:40]))
    return Root(trace, digests)
