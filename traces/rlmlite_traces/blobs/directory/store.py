"""`DirectoryStore`: one process's use of a store.

What it promises, as long as all processes go through this class:

- A content whose digest was returned is complete, durable, and under its name.
- A name that can be read has all of its content; a process that is killed while it writes leaves nothing to be read.
- A content is hashed and compared with its name when this process first meets it. Each time that it is opened again,
  the size, time and inode of its file are compared.
- What was put, looked up or read here is not removed until this object is closed or this process ends.

The order in which things happen is what makes this hold. To add a content that is not there yet:

    write the bytes to incoming/   a crash leaves a leftover, which a collection removes
    fsync the file                 else a name could outlive a loss of power, and its bytes not
    hash the file                  the name comes from what is on the disk
    lock; lease it; rename it      leased first, so that a collection that comes next sees the lease
    fsync the folder               else the digest could be returned, and the name be lost
    return the digest

To use one that is there: lock, lease it, see that it exists, make it young, unlock; sync its folder; hash it.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.ranking.index_cache import IndexCache
from rlmlite_kernel.engines.ranking.postings import WordIndex
from rlmlite_kernel.values.blobs import BlobMissingError, Content, InputChangedError
from rlmlite_traces.blobs.directory import objects, roots
from rlmlite_traces.blobs.directory.layout import Layout, open_layout, open_or_create_layout
from rlmlite_traces.blobs.directory.leases import Lease, UnleasedReader
from rlmlite_traces.errors import StoreCorruptError, StoreReadOnlyError, StoreWriteError
from rlmlite_traces.files.guarded import Folder, open_plain
from rlmlite_traces.files.indexes import RecentIndexes
from rlmlite_traces.files.mapped import (
    HashedFile,
    Mark,
    RecentContents,
    check_unchanged,
    hash_open,
    open_content,
)
from rlmlite_traces.format.lines import HEX

_PIECE = 1024 * 1024
"""How many bytes `add_stream` reads at a time."""


class DirectoryStore:
    """`rlmlite_kernel.values.blobs.Blobs` in a directory.

    `DirectoryStore(path)` creates the store if nothing is there; `DirectoryStore.open_existing(path)` does not.
    It is released by `close`, at the end of a `with` block, or when it is garbage collected. After a fork, the child
    must open its own. Where nothing can be written, the store is `read_only`.

    Raises `StoreMissingError` if there is no store or something else, and `OSError` of the file system.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._open(open_or_create_layout(Path(path)))

    @classmethod
    def open_existing(cls, path: str | os.PathLike[str]) -> "DirectoryStore":
        """Open a store that exists, also one that can only be read. Raises as the constructor."""
        store = cls.__new__(cls)
        store._open(open_layout(Path(path)))
        return store

    # The former name, which hosts may still call.
    found = open_existing

    @classmethod
    def open_to_read(cls, path: str | os.PathLike[str]) -> "DirectoryStore":
        """Open a store that exists, and change nothing in it, not even the age of what is read."""
        store = cls.__new__(cls)
        store._open(open_layout(Path(path)), why_read_only="it was opened to read")
        return store

    def _open(self, layout: Layout, why_read_only: str = "") -> None:
        self.layout, self.path = layout, layout.path.absolute()
        self._why_read_only = why_read_only
        self._process = os.getpid()
        self._lease: Lease | UnleasedReader
        try:
            self._lease = UnleasedReader(layout) if why_read_only else Lease(layout)
        except OSError as error:
            # Trying is the only sure test: permissions, mounts and access lists all have a say.
            is_read_only = isinstance(error, PermissionError) or error.errno == errno.EROFS
            if not is_read_only:
                raise
            self._why_read_only = error.strerror or str(error)
            self._lease = UnleasedReader(layout)
        # What this process has checked, and what its lease names. Both only grow: a lease is not given up in parts.
        self._checked_files: dict[str, HashedFile] = {}
        self._leased: set[str] = set()
        self._recent, self._lines, self._indexes = RecentContents(), RecentIndexes(), IndexCache()

    @property
    def read_only(self) -> bool:
        """Whether this process may only read the store."""
        return bool(self._why_read_only)

    def put(self, content: bytes) -> str:
        """See `Blobs.put`. A content that is there already is not written again. Raises as `add_stream`."""
        digest = hashlib.sha256(content).hexdigest()
        return digest if self._adopt(digest) else self._write([content]).digest

    def add_stream(self, file: BinaryIO) -> str:
        """Add what a file object reads, one piece at a time, and return its digest.

        Raises `StoreReadOnlyError`, `StoreCorruptError`, and `StoreWriteError`, for example for a full disk. Nothing
        of the content is left then.
        """
        return self.add_pieces(iter(lambda: file.read(_PIECE), b""))

    def add_pieces(self, pieces: Iterable[Content]) -> str:
        """Add a content in pieces, and return its digest. Raises as `add_stream`, and whatever `pieces` raises."""
        return self._write(pieces).digest

    def add_file(self, path: Path, text: bool = True, expected: HashedFile | None = None) -> HashedFile:
        """Add a copy of a file, which may then change. The path in the result is that of the object.

        With `text`, the copy is checked for UTF-8 as well, as in `mapped.hash_file`. The file is never mapped, so
        truncating it while it is copied does no harm. Nothing is copied of a file that is no longer as `expected`.
        Raises as `add_stream`, `InputChangedError` if the file changes meanwhile, and `OSError` if it cannot be read.
        """
        source, status = open_plain(path)
        mark = Mark.of(status)
        try:
            if expected is not None and mark != expected.mark:
                raise InputChangedError(str(path), str(expected.mark), str(mark))
            # Hashed first, at the cost of a second reading: most files of a second run are in the store already.
            digest = objects.hash_descriptor(source)
            if expected is not None and digest != expected.digest:
                raise InputChangedError(str(path), expected.digest, digest)
            if not self._adopt(digest, text):
                digest = self._copy(source, mark.size, text)
            mark_after = Mark.of(os.fstat(source))
        finally:
            os.close(source)
        if mark_after != mark:
            raise InputChangedError(str(path), str(mark), str(mark_after))
        return self._checked_files[digest]

    def read(self, digest: str) -> Content:
        """See `Blobs.read`. Raises `StoreCorruptError` if the object's content does not match its name."""
        file = self.file(digest)
        return self._recent.content(digest, file.mark.size, partial(open_content, file))

    def lines(self, digest: str) -> LineIndex:
        """See `Blobs.lines`."""
        return self._lines.index(digest, self.read)

    def index(self, key: str, make: Callable[[], WordIndex], stored: bool = True) -> WordIndex:
        """See `Blobs.index`."""
        return self._indexes.get(key, make, stored)

    def confirm(self, digests: Set[str]) -> None:
        """See `Blobs.confirm`."""
        for digest in digests:
            # What this process never met cannot have changed under it.
            if digest in self._checked_files:
                check_unchanged(self._checked_files[digest])

    def holds(self, digest: str) -> bool:
        """Whether the store has a content. If so, it is leased and stays. Raises `StoreCorruptError`."""
        return self._adopt(digest)

    def keep_for(self, trace: Path, digests: Iterable[str]) -> None:
        """Keep contents for as long as there is a trace at this path. This is durable when the call returns."""
        self._require_writable()
        with self._raise_store_errors():
            roots.add(self.layout, trace, digests, self._lease.name)

    def close(self) -> None:
        """Release the lease: what this process used may now be removed. Later reads and additions raise."""
        self._lease.release()

    def __enter__(self) -> "DirectoryStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def file(self, digest: str) -> HashedFile:
        """The file of a content, which is leased and stays. Raises `BlobMissingError`, `StoreCorruptError`."""
        if not self._adopt(digest):
            raise BlobMissingError(digest)
        return self._checked_files[digest]

    def _adopt(self, digest: str, text: bool = False) -> bool:
        """Start to use a content if it is there: lease it, sync it and check it, as if it had been put here.

        With `text`, it is checked for UTF-8 as well. Returns whether it is there.
        """
        self._check_process()
        checked = self._checked_files.get(digest)
        if checked is not None and (checked.utf8 is not None or not text):
            return True
        # A digest from a trace may be any string, such as a path that leads out of the store.
        if not HEX.fullmatch(digest):
            return False
        try:
            with self.layout.folder("objects", digest[:2]) as shard:
                if not (shard.exists(digest[2:]) if self.read_only else self._lease_existing(shard, digest)):
                    return False
                descriptor = self._open_object(shard, digest)
                if not self.read_only:
                    # The process that renamed it here may have been killed before it could sync the folder.
                    shard.sync()
        except FileNotFoundError:
            return False  # of a store that lacks a folder; only one that can be written to has all of them
        self._remember(digest, hash_open(descriptor, self.layout.object_path(digest), text))
        return True

    def _lease_existing(self, shard: Folder, digest: str) -> bool:
        """Lease a content and renew its age, and return whether it is there."""
        with self._raise_store_errors(), self.layout.lock():
            # Leased before looking: once the lock is free, a collection may run, and it must see the lease.
            self._lease_once(digest)
            if not shard.exists(digest[2:]):
                return False
            descriptor = self._open_object(shard, digest)
            try:
                # A chmod to the same mode renews ctime, the object's age, and leaves mtime, which others compare.
                os.fchmod(descriptor, os.fstat(descriptor).st_mode & 0o777)
            finally:
                os.close(descriptor)
        return True

    def _open_object(self, shard: Folder, digest: str) -> int:
        """A descriptor of an object. Raises `StoreCorruptError` for a link, or whatever else is no plain file."""
        try:
            return shard.open_file(digest[2:])
        except FileNotFoundError:
            raise
        except OSError as error:
            path = self.layout.object_path(digest)
            raise StoreCorruptError(path, "a plain file", error.strerror or str(error)) from None

    def _write(self, pieces: Iterable[Content]) -> HashedFile:
        """Add a content from pieces."""
        self._require_writable()
        with ExitStack() as stack:
            with self._raise_store_errors():
                target, temporary = stack.enter_context(self._open_incoming())
            # The loop is not covered as a whole: an error in making a piece is not an error of the store.
            for piece in pieces:
                with self._raise_store_errors():
                    objects.write(target, [piece])
            with self._raise_store_errors():
                return self._publish(target, temporary)

    def _copy(self, source: int, size: int, text: bool) -> str:
        """Add a copy of an open file, and return the digest of what was copied."""
        self._require_writable()
        with self._raise_store_errors(), self._open_incoming() as (target, temporary):
            objects.copy(source, target, size)
            return self._publish(target, temporary, text).digest

    def _open_incoming(self) -> AbstractContextManager[tuple[int, str]]:
        return objects.open_incoming(self.layout, self._lease.name)

    def _publish(self, target: int, temporary: str, text: bool = False) -> HashedFile:
        """Give a written file its name, unless a file with the same content has it already.

        The order is that of the table at the top: sync, hash, lease, rename, sync the folder.
        """
        objects.freeze(target)
        incoming_path = self.layout.incoming / temporary
        file = hash_open(os.dup(target), incoming_path, text)
        name = file.digest[2:]
        with self.layout.folder("objects", file.digest[:2]) as shard:
            with self.layout.lock(), self.layout.folder("incoming") as incoming:
                self._lease_once(file.digest)
                is_new = not shard.exists(name)
                if is_new:
                    incoming.move(temporary, shard, name)
            if is_new:
                shard.sync()
        if is_new:
            self._remember(file.digest, msgspec.structs.replace(file, path=self.layout.object_path(file.digest)))
        else:
            # An object is never replaced, so processes that have it open keep seeing the same file. Ours is removed
            # by `open_incoming`, and the one that is there is checked like any other.
            self._adopt(file.digest, text)
        return self._checked_files[file.digest]

    def _lease_once(self, digest: str) -> None:
        if digest not in self._leased:
            self._lease.add(digest)
            self._leased.add(digest)

    def _remember(self, digest: str, file: HashedFile) -> None:
        """Take a file as the content with a digest. Raises `StoreCorruptError` if it is not."""
        if file.digest != digest:
            raise StoreCorruptError(file.path, digest, file.digest)
        self._checked_files[digest] = file

    @contextmanager
    def _raise_store_errors(self) -> Iterator[None]:
        """Raise `StoreWriteError` instead of `OSError`, by which callers of `add_file` know an unreadable input."""
        try:
            yield
        except OSError as error:
            raise StoreWriteError(self.path, error.strerror or str(error)) from error

    def _require_writable(self) -> None:
        self._check_process()
        if self.read_only:
            raise StoreReadOnlyError(self.path, self._why_read_only)

    def _check_process(self) -> None:
        if os.getpid() != self._process or not self._lease.release.alive:
            raise RuntimeError("this store is closed, or was opened before a fork: open it again")
