"""Leases: which contents each running process uses, so that none is removed under it.

A lease is a file that its process holds locked (flock). The lock goes with the process, however that ends, so a lease
that can be locked is dead. Its lines are digests; they are added before a content is read, written or found there.
A process that may not write here (another user, a read-only mount) holds the file `readers` shared instead, and
while anyone does nothing is removed at all.
"""

import fcntl
import os
import secrets
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rlmlite_traces.blobs.directory.layout import Layout
from rlmlite_traces.errors import StoreBusyError

_LINE = 65  # a digest and a newline


class Lease:
    """What this process uses. It ends with `release`, with the process, or when nobody holds this object."""

    def __init__(self, layout: Layout) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(8)}"
        path = layout.leases / self.name
        with layout.lock():  # else it could be found between its making and its locking, and be taken for dead
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._size = 0
        self.release = weakref.finalize(self, _release, self._descriptor, path, os.getpid())

    def add(self, digest: str) -> None:
        """Use a content, once. The caller holds the store's lock. Raises `OSError` for a full disk."""
        rest = digest.encode() + b"\n"
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            os.ftruncate(self._descriptor, self._size)  # a torn line would hide those after it
            raise
        self._size += _LINE


def _release(descriptor: int, path: Path, owner: int) -> None:
    if os.getpid() == owner:  # a fork that ends leaves its parent's lease alone
        path.unlink(missing_ok=True)
    os.close(descriptor)


class UnleasedReader:
    """Stands for a lease where none can be written."""

    name = ""

    def __init__(self, layout: Layout) -> None:
        self._descriptor = os.open(layout.readers, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self.release = weakref.finalize(self, os.close, self._descriptor)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)  # waits for a collection that is under way

    def add(self, digest: str) -> None:
        """Nothing to do: all contents are kept."""


@contextmanager
def exclude_readers(layout: Layout) -> Iterator[None]:
    """Keep out those without a lease. Raises `StoreBusyError` while there is one.

    The caller is the only collection: another one would be taken for such a reader.
    """
    descriptor = os.open(layout.readers, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StoreBusyError(layout.path) from None
    finally:
        os.close(descriptor)


class Leases:
    """The leases of a store, read again and again; of each only what was added since."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._digests: dict[str, set[str]] = {}

    def renew(self) -> None:
        """Look which leases are alive, and what they hold. The caller holds the store's lock."""
        names = set(os.listdir(self._layout.leases))
        for name in self._digests.keys() - names:
            del self._digests[name]
        for name in names:
            self._refresh(name)

    def is_alive(self, name: str) -> bool:
        """Whether a lease was alive when last looked at."""
        return name in self._digests

    def holders(self, digest: str) -> list[str]:
        """The live leases that hold a content."""
        return sorted(name for name, digests in self._digests.items() if digest in digests)

    def holds(self, digest: str) -> bool:
        """Whether a live lease holds a content."""
        return any(digest in digests for digests in self._digests.values())

    def _refresh(self, name: str) -> None:
        try:
            descriptor = os.open(self._layout.leases / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:  # its process ended just now; that needs no lock
            self._digests.pop(name, None)
            return
        try:
            if _is_locked(descriptor):
                held = self._digests.setdefault(name, set())
                held.update(_lines_from(descriptor, len(held) * _LINE))
            else:
                self._digests.pop(name, None)
        finally:
            os.close(descriptor)

    def remove_dead(self) -> None:
        """Remove the files of dead leases. The caller holds the store's lock and has just renewed."""
        for name in os.listdir(self._layout.leases):
            if name not in self._digests:
                (self._layout.leases / name).unlink(missing_ok=True)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _lines_from(descriptor: int, offset: int) -> list[str]:
    """The whole lines from an offset on. A lease names each digest once, so that its lines count them."""
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(offset)
        return file.read().decode("ascii").split("\n")[:-1]
