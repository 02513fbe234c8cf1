"""Where things are in a store, how one is made, and its lock.

    STORE/store.json          the number of this format
    STORE/objects/ab/cdef...  a content, by its SHA-256; read only, and never changed
    STORE/incoming/           contents that are being written, each named by the lease of its writer
    STORE/leases/             which contents each running process uses
    STORE/roots/              which contents each trace needs
    STORE/quarantine/         damaged objects that somebody had moved aside
    STORE/lock                 held to rename, lease or remove
    STORE/collecting           held by the one collection
    STORE/readers              held by who reads without a lease

The lock is held for microseconds, by a collection for as long as 64 removals take.
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
from rlmlite_traces.files.append_only import sync_path, write_new
from rlmlite_traces.format.lines import HEX

FORMAT: Final = 1
MARKER: Final = "store.json"

_FOLDERS: Final = ("objects", "incoming", "leases", "roots", "quarantine")
_SHARDS: Final = tuple(f"{number:02x}" for number in range(256))


class Layout(msgspec.Struct, frozen=True):
    """The paths of a store. `found` and `made` give one; nothing is checked here."""

    path: Path

    @property
    def objects(self) -> Path:
        """The folder of the contents."""
        return self.path / "objects"

    @property
    def incoming(self) -> Path:
        """The folder of what is being written."""
        return self.path / "incoming"

    @property
    def leases(self) -> Path:
        """The folder of the leases."""
        return self.path / "leases"

    @property
    def roots(self) -> Path:
        """The folder of the roots."""
        return self.path / "roots"

    @property
    def quarantine(self) -> Path:
        """The folder of what is damaged."""
        return self.path / "quarantine"

    @property
    def readers(self) -> Path:
        """The file that a process holds which may not write a lease."""
        return self.path / "readers"

    def place(self, digest: str) -> Path:
        """Where a content is, if it is there. `digest` is 64 hex digits."""
        return self.objects / digest[:2] / digest[2:]

    @contextmanager
    def lock(self, name: str = "lock") -> Iterator[None]:
        """Hold the lock. Opened anew each time, so that threads and forks of a process exclude each other too."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.path / name, flags, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def digests(self) -> Iterator[str]:
        """Every content that is there, in order."""
        for shard in _SHARDS:
            for name in sorted(os.listdir(self.objects / shard)):
                if HEX.fullmatch(shard + name):
                    yield shard + name


def open_layout(path: Path) -> Layout:
    """The store at a path. Raises `StoreMissingError` if none is there, or one of another format."""
    try:
        content = (path / MARKER).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissingError(path, "there is no store; the first run with --copy makes one") from None
    try:
        number = json.loads(content)["format"]
    except (ValueError, KeyError, TypeError):
        raise StoreMissingError(path, f"{MARKER} is not readable") from None
    if number != FORMAT:
        raise StoreMissingError(path, f"this is a store of format {number}; this version knows {FORMAT}")
    return Layout(path)


def open_or_create_layout(path: Path) -> Layout:
    """The store at a path, which is made if nothing is there. Raises `StoreMissingError` where something else is."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreMissingError(path, "this is a file, and no store") from None
    if not (path / MARKER).exists():
        others = sorted(name for name in os.listdir(path) if not name.startswith(MARKER))
        if others and not (path / MARKER).exists():  # another process may have made it just now
            raise StoreMissingError(path, f"this folder holds other things ({others[0]}) and is no store")
        _write_marker(path)
    layout = open_layout(path)
    _fill(layout)
    return layout


def _write_marker(path: Path) -> None:
    """First of all, and in one rename: who sees other things without it sees no store."""
    temporary = path / f"{MARKER}.{secrets.token_hex(8)}"
    write_new(temporary, json.dumps({"format": FORMAT}).encode() + b"\n")
    sync_path(temporary)
    temporary.rename(path / MARKER)
    sync_path(path)
    sync_path(path.parent)


def _fill(layout: Layout) -> None:
    """All folders, durable before anything is in one of them, and made again if a crash left some out."""
    for name in _FOLDERS:
        (layout.path / name).mkdir(exist_ok=True)
    missing = set(_SHARDS) - set(os.listdir(layout.objects))
    for shard in sorted(missing):
        (layout.objects / shard).mkdir(exist_ok=True)
    os.close(os.open(layout.readers, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644))
    if missing:
        sync_path(layout.objects)
        sync_path(layout.path)
