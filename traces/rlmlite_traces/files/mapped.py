"""Files as content: read only, mapped, and still what was hashed.

A file is known by its path, its SHA-256 and the mark (size, mtime_ns, inode) that it had when it was hashed. Each time
that it is opened, and whenever somebody asks, the mark is compared; a file with another mark is never read.
Not here: a file that changes while it is mapped and keeps its mark, and one that is cut (SIGBUS); hosts that cannot
rule these out copy their inputs first.
"""

import hashlib
import mmap
import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from rlmlite_kernel.engines.bytes.utf8 import Utf8, check
from rlmlite_kernel.values.blobs import Content, InputChangedError

SMALL = 256 * 1024
"""Files below this many bytes are read, not mapped: a folder has many, and maps are few."""

OPEN_MAPS = 64
"""How many files stay mapped, the last used first."""

CACHED_BYTES = 16 * 1024 * 1024
"""How much of small files stays in memory, the last used first."""

_HASH_BLOCK = 4 * 1024 * 1024
_THREAD_THRESHOLD = 8 * 1024 * 1024


class Mark(msgspec.Struct, frozen=True, gc=False):
    """What tells cheaply that a file is another one."""

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
    """A file whose content is known. Its own `digest` is of the bytes on disk, whether or not they are UTF-8.

    `utf8` is `None` where nobody asked, since it is known to be no text as it lies there.
    """

    path: Path
    digest: str
    mark: Mark
    utf8: Utf8 | None


class DigestCache(Protocol):
    """What is known of files that were hashed before, by their path and what the file system says of them."""

    def find(self, path: Path, status: os.stat_result) -> tuple[str, Utf8 | None] | None:
        """The digest of a file that has not changed since, and what was kept with it; `None` if it must be hashed."""
        ...

    def keep(self, path: Path, status: os.stat_result, begun_ns: int, digest: str, utf8: Utf8 | None) -> None:
        """Remember a file that had this status when hashing began, at `begun_ns` (Unix time, nanoseconds)."""
        ...


def hash_file(path: Path, cache: DigestCache | None = None, text: bool = True) -> HashedFile:
    """Read a file once for its digest and, if it may be text, whether it is UTF-8, unless a cache knows that.

    Raises `InputChangedError` if it changes meanwhile, `OSError` if it cannot be read or is no plain file.
    """
    begun_ns = time.time_ns()
    descriptor, status = open_plain(path)
    try:
        mark = Mark.of(status)
        known = None if cache is None else cache.find(path, status)
        if known is not None and (known[1] is not None or not text):
            return HashedFile(path, known[0], mark, known[1])
        digest, utf8 = digest_and_check(_map(descriptor, mark.size), text)
        _require_same(path, mark, Mark.of(os.fstat(descriptor)))
    finally:
        os.close(descriptor)
    if cache is not None:
        cache.keep(path, status, begun_ns, digest, utf8)
    return HashedFile(path, digest, mark, utf8)


def check_unchanged(file: HashedFile) -> None:
    """Raise `InputChangedError` unless the file has the mark that it had when it was hashed."""
    try:
        found = Mark.of(os.stat(file.path))
    except OSError as error:
        raise InputChangedError(str(file.path), str(file.mark), error.strerror or "no file") from None
    _require_same(file.path, file.mark, found)


def open_content(file: HashedFile) -> Content:
    """The content of a file: bytes if it is small, else a map that lives as long as somebody uses it."""
    try:
        descriptor, status = open_plain(file.path)
    except OSError as error:
        raise InputChangedError(str(file.path), str(file.mark), error.strerror or "no file") from None
    try:
        found = Mark.of(status)
        _require_same(file.path, file.mark, found)
        content = _read(descriptor, found.size) if found.size < SMALL else _map(descriptor, found.size)
        if len(content) != found.size:
            raise InputChangedError(str(file.path), str(file.mark), f"{len(content)} bytes")
        return content
    finally:
        os.close(descriptor)


class RecentContents:
    """The contents that were used last: of files, and of what was made of them."""

    def __init__(self) -> None:
        self._maps: OrderedDict[str, Content] = OrderedDict()
        self._small: OrderedDict[str, Content] = OrderedDict()
        self._small_bytes = 0
        self._lock = threading.Lock()

    def content(self, digest: str, size: int, open_: Callable[[], Content]) -> Content:
        """The content with a digest, which `open_` opens if need be."""
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
        self._small_bytes += added
        while self._small_bytes > CACHED_BYTES:
            self._small_bytes -= len(self._small.popitem(last=False)[1])
        while len(self._maps) > OPEN_MAPS:
            self._maps.popitem(last=False)  # the map closes when its last view goes


def open_plain(path: Path) -> tuple[int, os.stat_result]:
    """A descriptor to read a plain file by, and its status. Raises `OSError`; a pipe is refused, not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise OSError(22, "not a plain file", str(path))
    return descriptor, status


def _require_same(path: Path, expected: Mark, found: Mark) -> None:
    if expected != found:
        raise InputChangedError(str(path), str(expected), str(found))


def _map(descriptor: int, size: int) -> Content:
    if size == 0:
        return b""  # nothing cannot be mapped
    return memoryview(mmap.mmap(descriptor, size, access=mmap.ACCESS_READ))


def _read(descriptor: int, size: int) -> bytes:
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        return file.read(size) or b""


def digest_and_check(content: Content, text: bool) -> tuple[str, Utf8 | None]:
    """The SHA-256 of a content and, if it may be text, whether it is UTF-8.

    Both readings at once: hashing and checking let go of the interpreter lock, and share the page cache.
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
        hashing.join()
    return digest.hexdigest(), utf8


def _hash(digest: "hashlib._Hash", view: memoryview) -> None:
    for start in range(0, len(view), _HASH_BLOCK):
        digest.update(view[start : start + _HASH_BLOCK])
