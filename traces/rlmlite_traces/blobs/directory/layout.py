"""The layout of a store on disk, how one is created, and its lock.

    STORE/store.json          the number of this format
    STORE/objects/ab/cdef...  a content, named by its SHA-256; read only, and never changed
    STORE/incoming/           contents that are being written, each named by the lease of its writer
    STORE/leases/             which contents each running process uses
    STORE/roots/              which contents each trace needs
    STORE/quarantine/         damaged objects that somebody had moved aside
    STORE/lock                held to rename an object, to extend a lease, or to remove something
    STORE/collecting          held by the one collection that runs
    STORE/readers             held shared by readers without a lease

A content `hello` is thus `objects/2c/f24dba5f...`. The 256 folders keep each one small enough to list.

A store is created so that a crash at any moment leaves either no store or one that can be completed: the marker
`store.json` appears first, in one rename; everything else is created again by the next process that opens the store
to write. Content is the opposite: the file is complete and durable first, and gets its name last (`store.py`).

The lock is held for microseconds; by a collection for as long as it takes to remove 64 objects.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from rlmlite_traces.errors import StoreMissingError
from rlmlite_traces.files.append_only import SAFE_OPEN, sync_path, write_new
from rlmlite_traces.format.lines import HEX

FORMAT: Final = 1
MARKER: Final = "store.json"

_FOLDERS: Final = ("objects", "incoming", "leases", "roots", "quarantine")
_SHARDS: Final = tuple(f"{number:02x}" for number in range(256))


class Layout(msgspec.Struct, frozen=True):
    """The paths of a store. Nothing is checked here: `open_layout` and `open_or_create_layout` do that."""

    path: Path

    @property
    def objects(self) -> Path:
        """The folder of the contents."""
        return self.path / "objects"

    @property
    def incoming(self) -> Path:
        """The folder of contents that are being written."""
        return self.path / "incoming"

    @property
    def leases(self) -> Path:
        """The folder of the leases, one file per open store."""
        return self.path / "leases"

    @property
    def roots(self) -> Path:
        """The folder of the roots, one file per trace."""
        return self.path / "roots"

    @property
    def quarantine(self) -> Path:
        """The folder of damaged objects that were moved aside."""
        return self.path / "quarantine"

    @property
    def readers(self) -> Path:
        """The file that a process holds shared if it may not write a lease."""
        return self.path / "readers"

    def object_path(self, digest: str) -> Path:
        """The path of a content, whether or not it is there. `digest` is 64 hex digits."""
        return self.objects / digest[:2] / digest[2:]

    @contextmanager
    def lock(self, name: str = "lock") -> Iterator[None]:
        """Hold a lock file exclusively; waits for it."""
        # Opened anew each time: flock belongs to the open file, so threads and forks that shared a descriptor would
        # share the lock as well, and would not exclude each other.
        flags = os.O_RDWR | os.O_CREAT | SAFE_OPEN
        descriptor = os.open(self.path / name, flags, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def digests(self) -> Iterator[str]:
        """The digest of every content in the store, in order."""
        for shard in _SHARDS:
            for name in sorted(os.listdir(self.objects / shard)):
                # Whatever else somebody put here is not ours to list, and above all not to remove.
                if HEX.fullmatch(shard + name):
                    yield shard + name


def open_layout(path: Path) -> Layout:
    """The store at a path. Raises `StoreMissingError` if there is none, or one of another format."""
    try:
        content = (path / MARKER).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissingError(path, "there is no store; the first run with --copy creates one") from None
    try:
        number = json.loads(content)["format"]
    except (ValueError, KeyError, TypeError):
        raise StoreMissingError(path, f"{MARKER} is not valid JSON with a format number; expected a store") from None
    if number != FORMAT:
        raise StoreMissingError(path, f"the store has format {number}; this version can only use format {FORMAT}")
    return Layout(path)


def open_or_create_layout(path: Path) -> Layout:
    """The store at a path, which is created if nothing is there.

    Raises `StoreMissingError` if something else is there; that is left as it is.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreMissingError(path, "expected a store, found a file; choose another folder") from None
    marker = path / MARKER
    if not marker.exists():
        # Names that begin with the marker's are those of processes that are creating this store, or were killed then.
        others = sorted(name for name in os.listdir(path) if not name.startswith(MARKER))
        # The marker is looked for again: another process may have created it, and then its folders, since the
        # first look. Those folders are the `others`.
        if others and not marker.exists():
            raise StoreMissingError(
                path, f"expected a store or an empty folder, found other files ({others[0]}); choose another folder"
            )
        _write_marker(path)
    layout = open_layout(path)
    _create_folders(layout)
    return layout


def _write_marker(path: Path) -> None:
    """Create the marker before anything else, in one rename: a folder with files but no marker is never a store."""
    temporary = path / f"{MARKER}.{secrets.token_hex(8)}"
    write_new(temporary, json.dumps({"format": FORMAT}).encode() + b"\n")
    sync_path(temporary)
    temporary.rename(path / MARKER)
    sync_path(path)
    sync_path(path.parent)


def _create_folders(layout: Layout) -> None:
    """Create all folders that are missing, for the first time or after a crash.

    They are durable before anything lies in one of them: a loss of power could otherwise take a folder, and with it
    contents that were acknowledged.
    """
    for name in _FOLDERS:
        (layout.path / name).mkdir(exist_ok=True)
    # One listing instead of 256 calls: usually nothing is missing.
    missing_shards = sorted(set(_SHARDS) - set(os.listdir(layout.objects)))
    for shard in missing_shards:
        (layout.objects / shard).mkdir(exist_ok=True)
    readers = os.open(layout.readers, os.O_RDONLY | os.O_CREAT | SAFE_OPEN, 0o644)
    os.close(readers)
    if missing_shards:
        sync_path(layout.objects)
        sync_path(layout.path)
