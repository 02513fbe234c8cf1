"""Leases: which contents each running process uses, so that none is removed while it does.

A lease is a file that its process keeps locked (flock). The system drops the lock when the process ends, however that
happens, so a lease that somebody else can lock is dead; no time-out and no process number is needed to know. Its lines
are digests, and a line is written before the content is read, written or reported as present.

    process 812   leases/812-9f3a...   locked      3f0c..., 77ab...   both contents stay
    process 640   leases/640-02bd...   unlocked    3f0c...            killed; the file is removed at the next collection

A process that may not write here (another user, a read-only mount) cannot have a lease. It holds the file `readers`
shared instead, and while anyone does, nothing is removed at all.
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
from rlmlite_traces.files.append_only import SAFE_OPEN

_LINE = 65
"""Bytes of a line: a digest of 64 hex digits and a newline."""


class Lease:
    """The contents that this process uses.

    It ends with `release`, with the process, or when this object is garbage collected.
    """

    def __init__(self, layout: Layout) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(8)}"
        path = layout.leases / self.name
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | SAFE_OPEN
        # Under the store's lock: a collection that saw the file after it was created and before it was locked would
        # take it for the lease of a dead process.
        with layout.lock():
            self._descriptor = os.open(path, flags, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._size = 0
        owner = os.getpid()
        self.release = weakref.finalize(self, _release, self._descriptor, path, owner)

    def add(self, digest: str) -> None:
        """Add a content, at most once each. The caller holds the store's lock. Raises `OSError` for a full disk."""
        rest = digest.encode() + b"\n"
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            # Readers go by whole lines of equal length; a torn one would hide all that follow.
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += _LINE


def _release(descriptor: int, path: Path, owner: int) -> None:
    # A fork inherits the finalizer. When the child ends, it must not remove the lease of its parent.
    if os.getpid() == owner:
        path.unlink(missing_ok=True)
    os.close(descriptor)


class UnleasedReader:
    """Stands in for a lease where none can be written: while it lives, no collection removes anything."""

    name = ""

    def __init__(self, layout: Layout) -> None:
        self._descriptor = os.open(layout.readers, os.O_RDONLY | SAFE_OPEN)
        self.release = weakref.finalize(self, os.close, self._descriptor)
        # This waits for a collection that is running.
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def add(self, digest: str) -> None:
        """Do nothing: all contents are kept."""


@contextmanager
def exclude_readers(layout: Layout) -> Iterator[None]:
    """Keep out readers without a lease. Raises `StoreBusyError` while there is one.

    The caller must be the only collection: a second one would be taken for such a reader.
    """
    descriptor = os.open(layout.readers, os.O_RDONLY | SAFE_OPEN)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StoreBusyError(layout.path) from None
    finally:
        os.close(descriptor)


class Leases:
    """The live leases of a store, read again and again; each time only the lines that were added since."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._digests: dict[str, set[str]] = {}

    def renew(self) -> None:
        """Read which leases are alive, and which contents they hold. The caller holds the store's lock."""
        names = set(os.listdir(self._layout.leases))
        for name in self._digests.keys() - names:
            del self._digests[name]
        for name in names:
            self._refresh(name)

    def is_alive(self, name: str) -> bool:
        """Whether a lease was alive at the last `renew`."""
        return name in self._digests

    def holders(self, digest: str) -> list[str]:
        """The names of the live leases that hold a content."""
        return sorted(name for name, digests in self._digests.items() if digest in digests)

    def holds(self, digest: str) -> bool:
        """Whether a live lease holds a content."""
        return any(digest in digests for digests in self._digests.values())

    def _refresh(self, name: str) -> None:
        """Read what was added to one lease, or drop it if it is dead."""
        try:
            descriptor = os.open(self._layout.leases / name, os.O_RDONLY | SAFE_OPEN)
        except FileNotFoundError:
            # Its process released it just now. That does not need the store's lock, so it can happen at any time.
            self._digests.pop(name, None)
            return
        try:
            if _is_locked(descriptor):
                digests = self._digests.setdefault(name, set())
                # A lease names each digest once, so the number of digests tells how many lines were read before.
                digests.update(_read_lines(descriptor, len(digests) * _LINE))
            else:
                self._digests.pop(name, None)
        finally:
            os.close(descriptor)

    def remove_dead(self) -> None:
        """Remove the files of dead leases. The caller holds the store's lock and has just called `renew`."""
        for name in os.listdir(self._layout.leases):
            if name not in self._digests:
                (self._layout.leases / name).unlink(missing_ok=True)


def _is_locked(descriptor: int) -> bool:
    """Whether another open file holds the lock. If not, ours holds it until the descriptor is closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _read_lines(descriptor: int, offset: int) -> list[str]:
    """The complete lines from a byte offset on."""
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(offset)
        # What follows the last newline is empty, or a line that is still being written.
        return file.read().decode("ascii").split("\n")[:-1]
