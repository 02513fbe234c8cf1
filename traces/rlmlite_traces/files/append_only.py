"""Files that only grow, written without buffers, and the lock that keeps a second writer out."""

import fcntl
import os
from pathlib import Path

from rlmlite_traces.errors import TraceLockedError, TraceMissingError


class AppendOnlyFile:
    """A file that lines are added to. After a failed write it takes no more: its end may be torn."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, 0o644)
        except OSError as error:
            raise TraceMissingError(path, error.strerror or "cannot be opened") from None
        self._torn = False

    def write(self, data: bytes) -> None:
        """Append all of it. It survives the end of this process, not yet a loss of power."""
        if self._torn:
            raise RuntimeError("an earlier write failed: close the log and open it again to recover")
        self._torn = True
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._torn = False

    def sync(self) -> None:
        """Make what was written survive a loss of power."""
        os.fsync(self._descriptor)

    def truncate(self, size: int) -> None:
        """Keep the first bytes only."""
        os.ftruncate(self._descriptor, size)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


class WriterLock:
    """The right to write a trace. It goes with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise TraceLockedError(path.parent) from None

    def release(self) -> None:
        """Let others write."""
        os.close(self._descriptor)


def write_new(path: Path, data: bytes, mode: int = 0o644) -> None:
    """A file with this content. Something that is there is replaced, never followed."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as file:
        file.write(data)


def sync_path(path: Path) -> None:
    """Make a file's content, or a folder's names, survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
