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
import re
import secrets
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rlmlite_traces.blobs.directory.layout import Layout, wait_for_lock
from rlmlite_traces.errors import StoreBusyError, StoreError
from rlmlite_traces.files.guarded import Folder

_LINE = 65
"""Bytes of a line: a digest of 64 hex digits and a newline."""

_MOST_BYTES = 1 << 30
"""How much is read of a lease at a time: what names 16 million contents."""

LEASE = re.compile(r"[0-9]+-[0-9a-f]{16}")
"""The names of leases: the number of the process, and chance."""


class Lease:
    """The contents that this process uses.

    It ends with `release`, with the process, or when this object is garbage collected.
    """

    def __init__(self, layout: Layout) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(8)}"
        # Under the store's lock: a collection that saw the file after it was created and before it was locked would
        # take it for the lease of a dead process.
        with layout.lock(), layout.folder("leases") as folder:
            self._descriptor = folder.create(self.name, flags=os.O_WRONLY | os.O_APPEND)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._size = 0
        owner = os.getpid()
        self.release = weakref.finalize(self, _release, self._descriptor, layout, self.name, owner)

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


def _release(descriptor: int, layout: Layout, name: str, owner: int) -> None:
    # A fork inherits the finalizer. When the child ends, it must not remove the lease of its parent.
    if os.getpid() == owner:
        # The store may be gone, or be another one by now. A lease that is left is dead as soon as it is closed.
        with suppress(OSError, StoreError), layout.folder("leases") as folder:
            folder.remove(name)
    os.close(descriptor)


class UnleasedReader:
    """Stands in for a lease where none can be written: while it lives, no collection removes anything."""

    name = ""

    def __init__(self, layout: Layout) -> None:
        with layout.readers() as descriptor:
            self._descriptor = os.dup(descriptor)
        self.release = weakref.finalize(self, os.close, self._descriptor)
        # This waits for a collection that is running.
        wait_for_lock(self._descriptor, fcntl.LOCK_SH, layout.path)

    def add(self, digest: str) -> None:
        """Do nothing: all contents are kept."""


@contextmanager
def exclude_readers(layout: Layout) -> Iterator[None]:
    """Keep out readers without a lease. Raises `StoreBusyError` while there is one.

    The caller must be the only collection: a second one would be taken for such a reader.
    """
    with layout.readers() as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreBusyError(layout.path) from None
        yield


class Leases:
    """The live leases of a store, read again and again; each time only the lines that were added since."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._digests: dict[str, set[str]] = {}

    def renew(self) -> None:
        """Read which leases are alive, and which contents they hold. The caller holds the store's lock."""
        with self._layout.folder("leases") as folder:
            names = set(_plain_leases(folder))
            for name in self._digests.keys() - names:
                del self._digests[name]
            for name in names:
                self._refresh(folder, name)

    def is_alive(self, name: str) -> bool:
        """Whether a lease was alive at the last `renew`."""
        return name in self._digests

    def holders(self, digest: str) -> list[str]:
        """The names of the live leases that hold a content."""
        return sorted(name for name, digests in self._digests.items() if digest in digests)

    def holds(self, digest: str) -> bool:
        """Whether a live lease holds a content."""
        return any(digest in digests for digests in self._digests.values())

    def _refresh(self, folder: Folder, name: str) -> None:
        """Read what was added to one lease, or drop it if it is dead."""
        try:
            descriptor = folder.open_file(name)
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
        with self._layout.folder("leases") as folder:
            for name in _plain_leases(folder):
                if name not in self._digests:
                    folder.remove(name)


def _plain_leases(folder: Folder) -> list[str]:
    """The leases in their folder. Whatever else somebody put there is not ours to read, and above all not to remove."""
    return [name for name in folder.names() if LEASE.fullmatch(name) and folder.is_plain(name)]


def _is_locked(descriptor: int) -> bool:
    """Whether another open file holds the lock. If not, ours holds it until the descriptor is closed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _read_lines(descriptor: int, offset: int) -> list[str]:
    """The complete lines from a byte offset on."""
    added = os.fstat(descriptor).st_size - offset
    lines = os.pread(descriptor, min(max(added, 0), _MOST_BYTES), offset).split(b"\n")
    # What follows the last newline is empty, or a line that is still being written.
    return [line.decode("ascii", "replace") for line in lines[:-1]]
