"""`DirectoryStore`: one process's use of a store.

What it promises, when all processes go through this class:

- A content whose digest was returned is whole, durable, and under its name.
- A name that can be read has all of its content; who is killed while writing leaves nothing that can be read.
- A content is checked against its digest when this process first meets it, and compared by size, time and inode
  each time that it is opened again.
- What was put, found or read here is not removed before this object is released, or this process ends.
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
from rlmlite_traces.files.append_only import sync_path
from rlmlite_traces.files.indexes import RecentIndexes
from rlmlite_traces.files.mapped import (
    HashedFile,
    Mark,
    RecentContents,
    check_unchanged,
    hash_file,
    open_content,
    open_plain,
)
from rlmlite_traces.format.lines import HEX

_PIECE = 1024 * 1024


class DirectoryStore:
    """`rlmlite_kernel.blobs.Blobs` in a directory. Close it, use it as a context manager, or let go of it.

    `DirectoryStore(path)` makes the store if nothing is there; `DirectoryStore.open_existing(path)` does not.
    After a fork the child opens its own. Where nothing can be written it is `read_only`.

    Raises `StoreMissingError`, and `OSError` of the file system.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._open(open_or_create_layout(Path(path)))

    @classmethod
    def open_existing(cls, path: str | os.PathLike[str]) -> "DirectoryStore":
        """The store that is there, also one that can only be read."""
        store = cls.__new__(cls)
        store._open(open_layout(Path(path)))
        return store

    # The former name, which hosts may still call.
    found = open_existing

    def _open(self, layout: Layout) -> None:
        self.layout, self.path = layout, layout.path.absolute()
        self._why_read_only = ""
        self._process = os.getpid()
        self._lease: Lease | UnleasedReader
        try:
            self._lease = Lease(layout)
        except OSError as error:
            if not isinstance(error, PermissionError) and error.errno != errno.EROFS:
                raise
            self._why_read_only = error.strerror or str(error)
            self._lease = UnleasedReader(layout)
        self._known: dict[str, HashedFile] = {}
        self._leased: set[str] = set()
        self._recent, self._lines, self._indexes = RecentContents(), RecentIndexes(), IndexCache()

    @property
    def read_only(self) -> bool:
        """Whether nothing can be added."""
        return bool(self._why_read_only)

    def put(self, content: bytes) -> str:
        """See `Blobs.put`. What is there already is not written again. Raises as `add_stream`."""
        digest = hashlib.sha256(content).hexdigest()
        return digest if self._adopt(digest) else self._write([content]).digest

    def add_stream(self, file: BinaryIO) -> str:
        """Keep what a file object gives, a piece at a time, and return its digest.

        Raises `StoreReadOnlyError`, `StoreCorruptError`, and `StoreWriteError` for a full disk; then nothing is left
        of it.
        """
        return self.add_pieces(iter(lambda: file.read(_PIECE), b""))

    def add_pieces(self, pieces: Iterable[Content]) -> str:
        """`add_stream` for what comes in pieces. What `pieces` raises is raised as it is."""
        return self._write(pieces).digest

    def add_file(self, path: Path, text: bool = True) -> HashedFile:
        """Keep a copy of a file, which may then change. The result's path is that of the object.

        `text` says whether it may be text, and is then looked at as such, as in `mapped.hash_file`.
        The file is never mapped, so it may also be cut while it is copied. Raises as `add_stream`,
        `InputChangedError` if it changes meanwhile, and `OSError` if it cannot be read.
        """
        source, status = open_plain(path)
        mark = Mark.of(status)
        try:
            if not self._adopt(digest := objects.hash_descriptor(source), text):
                self._require_writable()
                with (
                    self._raise_store_errors(),
                    objects.open_incoming(self.layout, self._lease.name) as (target, temporary),
                ):
                    objects.copy(source, target, mark.size)
                    digest = self._publish(target, temporary, text).digest
            now = Mark.of(os.fstat(source))
        finally:
            os.close(source)
        if now != mark:
            raise InputChangedError(str(path), str(mark), str(now))
        return self._known[digest]

    def read(self, digest: str) -> Content:
        """See `Blobs.read`. Raises `StoreCorruptError` for an object that is not what its name says."""
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
            if digest in self._known:
                check_unchanged(self._known[digest])

    def holds(self, digest: str) -> bool:
        """Whether a content is here; if so it stays. Raises `StoreCorruptError`."""
        return self._adopt(digest)

    def keep_for(self, trace: Path, digests: Iterable[str]) -> None:
        """Keep contents as long as there is a trace at this place. Durable when it returns."""
        self._require_writable()
        with self._raise_store_errors():
            roots.add(self.layout, trace, digests, self._lease.name)

    def close(self) -> None:
        """Use nothing of it any more."""
        self._lease.release()

    def __enter__(self) -> "DirectoryStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def file(self, digest: str) -> HashedFile:
        """The object that a content is; it stays. Raises `BlobMissingError`, `StoreCorruptError`."""
        if not self._adopt(digest):
            raise BlobMissingError(digest)
        return self._known[digest]

    def _adopt(self, digest: str, text: bool = False) -> bool:
        """Take a content in use that is there: leased, checked, and as durable as if it had been put here."""
        self._check_process()
        known = self._known.get(digest)
        if known is not None and (known.utf8 is not None or not text):
            return True
        if not HEX.fullmatch(digest):
            return False
        place = self.layout.place(digest)
        if self.read_only:
            there = place.exists()
        else:
            with self._raise_store_errors(), self.layout.lock():
                self._use(digest)
                there = place.exists()
                if there:
                    os.chmod(place, place.stat().st_mode & 0o777)  # its age (ctime) begins anew
        if there:
            if not self.read_only:
                sync_path(place.parent)  # who wrote it may have been killed just before
            self._remember(digest, hash_file(place, text=text))
        return there

    def _write(self, pieces: Iterable[Content]) -> HashedFile:
        self._require_writable()
        with ExitStack() as stack:
            with self._raise_store_errors():
                target, temporary = stack.enter_context(self._open_incoming())
            for piece in pieces:  # what making one raises is not the store's
                with self._raise_store_errors():
                    objects.write(target, [piece])
            with self._raise_store_errors():
                return self._publish(target, temporary)

    def _open_incoming(self) -> AbstractContextManager[tuple[int, Path]]:
        return objects.open_incoming(self.layout, self._lease.name)

    def _publish(self, target: int, temporary: Path, text: bool = False) -> HashedFile:
        """Give a written file its name, unless the same content has it already."""
        objects.freeze(target)
        file = hash_file(temporary, text=text)
        place = self.layout.place(file.digest)
        with self.layout.lock():
            self._use(file.digest)
            fresh = not place.exists()
            if fresh:
                temporary.rename(place)
        if fresh:
            sync_path(place.parent)
            self._remember(file.digest, msgspec.structs.replace(file, path=place))
        else:
            self._adopt(file.digest, text)
        return self._known[file.digest]

    def _use(self, digest: str) -> None:
        if digest not in self._leased:
            self._lease.add(digest)
            self._leased.add(digest)

    def _remember(self, digest: str, file: HashedFile) -> None:
        if file.digest != digest:
            raise StoreCorruptError(file.path, digest, file.digest)
        self._known[digest] = file

    @contextmanager
    def _raise_store_errors(self) -> Iterator[None]:
        """Say that it is the store that failed: who adds files takes an `OSError` for a file that is not readable."""
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
