"""Files as content: read only, mapped, and still the bytes that were hashed, as far as the file system can tell.

A run is recorded over the digests of its inputs, but reads the files themselves, for hours perhaps. Hashing a gigabyte
before each read is too slow. So a file is hashed once, and its mark (size, mtime, inode) is remembered; each time that
it is opened or confirmed, the marks are compared, and a file with another mark is never read.

    hash_file(a.log)        digest 3f0c..., mark (1000, 12:00:00.1, 77)
    open_content(file)      mark (1000, 12:00:00.1, 77): mapped
    $ echo x >> a.log
    check_unchanged(file)   mark (1002, 12:07:31.8, 77): InputChangedError

A `DigestCache` saves even that one hashing in the next run. It sees the whole `stat` result, so that it may compare
more than the mark, and a file whose digest it supplied is checked by its mark later on like any other. Whoever checks
a trace passes no cache: a verdict must rest on the bytes, not on what an earlier run remembered of them.

What this cannot see: a file that changes while it is mapped and keeps its mark. And truncating a mapped file kills the
process that reads it (SIGBUS). Hosts that cannot rule these out copy their inputs first (`--copy`).
"""

import hashlib
import mmap
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from rlmlite_kernel.engines.bytes.utf8 import Utf8, check
from rlmlite_kernel.values.blobs import Content, InputChangedError
from rlmlite_traces.files.guarded import open_plain

SMALL = 256 * 1024
"""Files below this many bytes are read, not mapped: a folder may have thousands, and a process may have few maps."""

OPEN_MAPS = 64
"""How many files stay mapped. The least recently used is dropped first."""

CACHED_BYTES = 16 * 1024 * 1024
"""How many bytes of small files stay in memory. The least recently used is dropped first."""

_HASH_BLOCK = 4 * 1024 * 1024
_THREAD_THRESHOLD = 8 * 1024 * 1024
"""Contents below this many bytes are hashed and then checked: a second thread would save too little."""


class Mark(msgspec.Struct, frozen=True, gc=False):
    """What the file system says of a file, and what changes, in practice, whenever its content does."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Mark":
        """The mark in a `stat` result."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)

    def __str__(self) -> str:
        return f"{self.size} bytes, mtime {self.mtime_ns}, inode {self.inode}"


class HashedFile(msgspec.Struct, frozen=True):
    """A file whose content was hashed. `digest` is that of the bytes on disk, whether or not they are UTF-8.

    `utf8` is `None` if nobody asked, because the bytes on disk are known not to be text (a PDF, an archive).
    """

    path: Path
    digest: str
    mark: Mark
    utf8: Utf8 | None


class DigestCache(Protocol):
    """Digests of files that were hashed before, by path and by what the file system said of them then."""

    def find(self, path: Path, status: os.stat_result) -> tuple[str, Utf8 | None] | None:
        """The digest of a file that has not changed since, and its UTF-8 check; `None` if it must be hashed."""
        ...

    def keep(self, path: Path, status: os.stat_result, begun_ns: int, digest: str, utf8: Utf8 | None) -> None:
        """Remember a file that had this status when hashing began, at `begun_ns` (Unix time, nanoseconds).

        A cache needs that time to refuse a file that was changed just before: it could be changed again within the
        same tick of the file system's clock, and would keep its mark.
        """
        ...


def hash_file(path: Path, cache: DigestCache | None = None, text: bool = True) -> HashedFile:
    """Read a file once for its digest and, with `text`, check whether it is UTF-8. A cache may save the reading.

    Raises `InputChangedError` if the file changes meanwhile, `OSError` if it cannot be read or is not a plain file.
    """
    # Taken before the file is opened, so that the cache errs on the side of hashing again.
    begun_ns = time.time_ns()
    descriptor, status = open_plain(path)
    remembered = None if cache is None else cache.find(path, status)
    if remembered is not None:
        digest, utf8 = remembered
        # An entry without a UTF-8 check comes from a run that did not need one.
        if utf8 is not None or not text:
            os.close(descriptor)
            return HashedFile(path, digest, Mark.of(status), utf8)
    file = hash_open(descriptor, path, text)
    if cache is not None:
        cache.keep(path, status, begun_ns, file.digest, file.utf8)
    return file


def hash_open(descriptor: int, path: Path, text: bool = True) -> HashedFile:
    """`hash_file` for a file that is open, which is closed. `path` is where it can be opened again."""
    try:
        mark = Mark.of(os.fstat(descriptor))
        digest, utf8 = digest_and_check(_map(descriptor, mark.size), text)
        # A file that was written meanwhile has a digest that belongs to no version of it.
        _require_same(path, mark, Mark.of(os.fstat(descriptor)))
        return HashedFile(path, digest, mark, utf8)
    finally:
        os.close(descriptor)


def check_unchanged(file: HashedFile) -> None:
    """Raise `InputChangedError` unless the file still has the mark that it had when it was hashed."""
    try:
        mark = Mark.of(os.stat(file.path))
    except OSError as error:
        raise _unreadable(file, error) from None
    _require_same(file.path, file.mark, mark)


def open_content(file: HashedFile) -> Content:
    """The content of a file: bytes if it is small, otherwise a map that lives as long as somebody uses it.

    Raises `InputChangedError` if the file has another mark, cannot be opened, or is truncated while it is read.
    """
    try:
        descriptor, status = open_plain(file.path)
    except OSError as error:
        raise _unreadable(file, error) from None
    try:
        # Compared on the open descriptor: between a `stat` of the path and an `open`, the file could be replaced.
        mark = Mark.of(status)
        _require_same(file.path, file.mark, mark)
        content = _read(descriptor, mark.size) if mark.size < SMALL else _map(descriptor, mark.size)
        if len(content) != mark.size:
            raise InputChangedError(str(file.path), str(file.mark), f"{len(content)} bytes")
        return content
    finally:
        # A map keeps the file open by itself.
        os.close(descriptor)


class RecentContents:
    """A cache of open contents by digest: small ones within a number of bytes, mapped ones within a number of maps."""

    def __init__(self) -> None:
        self._maps: OrderedDict[str, Content] = OrderedDict()
        self._small: OrderedDict[str, Content] = OrderedDict()
        self._small_bytes = 0
        self._lock = threading.Lock()

    def content(self, digest: str, size: int, open_: Callable[[], Content]) -> Content:
        """The content with a digest. If it is not cached, it is what `open_()` returns. `size` is in bytes."""
        # Opening stays under the lock, so that two threads never map the same file twice.
        with self._lock:
            recent = self._small if size < SMALL else self._maps
            content = recent.get(digest)
            if content is not None:
                recent.move_to_end(digest)
                return content
            content = recent[digest] = open_()
            self._trim(len(content) if recent is self._small else 0)
            return content

    def _trim(self, added: int) -> None:
        """Drop the least recently used contents, after `added` bytes of a small one came in."""
        self._small_bytes += added
        while self._small_bytes > CACHED_BYTES:
            _, dropped = self._small.popitem(last=False)
            self._small_bytes -= len(dropped)
        while len(self._maps) > OPEN_MAPS:
            # Somebody may still read it; the map is closed when its last view is gone.
            self._maps.popitem(last=False)


def _require_same(path: Path, expected: Mark, found: Mark) -> None:
    if expected != found:
        raise InputChangedError(str(path), str(expected), str(found))


def _unreadable(file: HashedFile, error: OSError) -> InputChangedError:
    """A file that was hashed before and cannot be opened now has changed as well."""
    return InputChangedError(str(file.path), str(file.mark), error.strerror or "no file")


def _map(descriptor: int, size: int) -> Content:
    if size == 0:
        return b""  # the system refuses a map of no bytes
    return memoryview(mmap.mmap(descriptor, size, access=mmap.ACCESS_READ))


def _read(descriptor: int, size: int) -> bytes:
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        return file.read(size) or b""


def digest_and_check(content: Content, text: bool) -> tuple[str, Utf8 | None]:
    """The SHA-256 of a content (64 hex digits) and, with `text`, whether it is UTF-8.

    For a large content both passes run at the same time, in two threads: each releases the interpreter lock, and
    bytes that one has read from the disk are in the page cache for the other.
    """
    if not text:
        return hashlib.sha256(content).hexdigest(), None
    if len(content) < _THREAD_THRESHOLD:
        return hashlib.sha256(content).hexdigest(), check(content)
    digest = hashlib.sha256()
    hashing = threading.Thread(target=_hash, args=(digest, memoryview(content)))
    hashing.start()
    try:
        utf8 = check(content)
    finally:
        # Also if the check raises: the thread must not outlive the map that it reads.
        hashing.join()
    return digest.hexdigest(), utf8


def _hash(digest: "hashlib._Hash", view: memoryview) -> None:
    # In blocks, so that the pages that were hashed and those that are being checked stay close together.
    for start in range(0, len(view), _HASH_BLOCK):
        digest.update(view[start : start + _HASH_BLOCK])
