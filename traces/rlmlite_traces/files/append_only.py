"""Files that only grow, and the lock that keeps a second writer out.

A trace's logs are written without a buffer in this process. After `write` returns, the kernel has the bytes, so they
survive the end of the process, however it ends; after `sync` they survive a loss of power as well.

    write(b"line 1\\n")   survives SIGKILL
    sync()               survives a power failure
    write(b"line 2\\n")   disk full after b"lin": b"lin" is cut off again; RuntimeError from now on

Cutting needs no room, so a full disk leaves whole lines. A disk that is broken may not even let us cut: then the file
ends in a torn line, and more lines behind it would hide the tear from recovery, which removes a torn line only at the
end of a file. So the object refuses to write on.
"""

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from typing import Final

from rlmlite_traces.errors import TraceLockedError, TraceMissingError
from rlmlite_traces.files.guarded import Folder, write_all

_LOCK_PAUSE: Final = 0.02
"""Seconds between two tries to get a lock."""


class AppendOnlyFile:
    """A file that lines are appended to, created if it is missing.

    Raises `TraceMissingError` if it cannot be opened, and `OSError` if a write fails. After a failed write every
    further one raises `RuntimeError`; a write that found no memory (`MemoryError`) can be tried again.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        try:
            self._descriptor = folder.open_to_write(name, os.O_WRONLY | os.O_APPEND)
        except OSError as error:
            raise TraceMissingError(folder.path / name, error.strerror or "cannot be opened") from None
        self.size = os.fstat(self._descriptor).st_size
        self._torn = False
        self._digest: hashlib._Hash | None = None

    def know(self, digest: "hashlib._Hash", size: int) -> None:
        """Take note of the digest of so many bytes, which are all that the file has by now. `end` goes on with it."""
        self._digest = digest if size == self.size else None

    def end(self) -> tuple[int, bytes] | None:
        """The size of the file and the SHA-256 of what was written; None if not all of it is known."""
        return None if self._digest is None or self._torn else (self.size, self._digest.digest())

    def write(self, data: bytes) -> None:
        """Append all of `data`. It survives the end of this process, but not yet a loss of power."""
        if self._torn:
            raise RuntimeError("an earlier write failed: close the log and open it again to recover")
        # Set before the first byte and cleared after the last, so that any way out in between leaves it set.
        self._torn = True
        try:
            write_all(self._descriptor, data)
        except OSError:
            self.cut_back(self.size)
            raise
        except MemoryError:
            # The disk is sound, so once the end is cut off, the same line can be written when there is memory again.
            self.rewind(self.size)
            raise
        self.size += len(data)
        self._torn = False
        if self._digest is not None:
            self._digest.update(data)

    def sync(self) -> None:
        """Make everything written so far survive a loss of power."""
        os.fsync(self._descriptor)

    def clear(self) -> None:
        """Forget all that was written."""
        os.ftruncate(self._descriptor, 0)
        self.size = 0

    def rewind(self, size: int) -> None:
        """Keep only the first `size` bytes, and go on from there. Raises `OSError`."""
        os.ftruncate(self._descriptor, size)
        if size != self.size:
            self._digest = None
        self.size = size
        self._torn = False

    def cut_back(self, size: int) -> None:
        """Keep only the first `size` bytes, after a write that failed. Nothing can be written any more."""
        self._torn = True
        # If not even this is possible, recovery cuts the end off when the trace is opened again.
        with suppress(OSError):
            os.ftruncate(self._descriptor, size)

    def close(self) -> None:
        """Release the descriptor. This does not sync."""
        os.close(self._descriptor)


class WriterLock:
    """The exclusive right to write a trace, held until `release` or the end of the process, however that ends.

    Raises `TraceLockedError` if somebody else still holds it after `seconds`, and `TraceMissingError` if there is
    something that cannot be locked.
    """

    def __init__(self, folder: Folder, name: str, seconds: float = 0) -> None:
        try:
            self._descriptor = folder.open_to_write(name, os.O_RDWR)
        except OSError as error:
            raise TraceMissingError(folder.path / name, error.strerror or "cannot be opened") from None
        until = time.monotonic() + seconds
        # Asked again and again: to wait inside of `flock` has no end that could be set from here.
        while not self._is_taken():
            if time.monotonic() >= until:
                os.close(self._descriptor)
                raise TraceLockedError(folder.path, seconds)
            time.sleep(_LOCK_PAUSE)

    def _is_taken(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let another writer in. Closing the descriptor releases the lock."""
        os.close(self._descriptor)
