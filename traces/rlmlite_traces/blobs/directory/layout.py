"""The layout of a store on disk, how one is created, and its lock.

    STORE/store.json          the number of this format
    STORE/objects/ab/cdef...  a content, named by its SHA-256; read only, and never changed
    STORE/incoming/           contents that are being written, each named by the lease of its writer
    STORE/leases/             which contents each running process uses
    STORE/roots/              which contents each trace needs
    STORE/quarantine/         damaged objects that somebody had moved aside
    STORE/lock                held to rename an object, to extend a lease, or to remove something
    STORE/collecting          held by the one collection that runs
    STORE/readers             held shared by readers without a lease

A content `hello` is thus `objects/2c/f24dba5f...`. The 256 folders keep each one small enough to list.

A store is created so that a crash at any moment leaves either no store or one that can be completed: the marker
`store.json` appears first, in one rename; everything else is created again by the next process that opens the store
to write. Content is the opposite: the file is complete and durable first, and gets its name last (`store.py`).

The lock is held for microseconds; by a collection for as long as it takes to remove 64 objects.
"""

import errno
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from rlmlite_traces.errors import StoreBusyError, StoreCorruptError, StoreMissingError
from rlmlite_traces.files.guarded import Folder, folder_of, open_below
from rlmlite_traces.files.new_folders import make_folders
from rlmlite_traces.format.lines import HEX

FORMAT: Final = 1
MARKER: Final = "store.json"

_FOLDERS: Final = ("objects", "incoming", "leases", "roots", "quarantine")
_READERS: Final = "readers"
_SHARDS: Final = tuple(f"{number:02x}" for number in range(256))
_MARKER_BYTES: Final = 4_096

WAIT_SECONDS: Final = 60.0
"""How long a lock is waited for. It is held for microseconds, or as long as one collection takes."""

_POLL_SECONDS = 0.001
_LONGEST_POLL_SECONDS = 0.05


class Layout(msgspec.Struct, frozen=True):
    """The paths of a store. Nothing is checked here: `open_layout` and `open_or_create_layout` do that."""

    path: Path

    @property
    def objects(self) -> Path:
        """The folder of the contents."""
        return self.path / "objects"

    @property
    def incoming(self) -> Path:
        """The folder of contents that are being written."""
        return self.path / "incoming"

    @property
    def leases(self) -> Path:
        """The folder of the leases, one file per open store."""
        return self.path / "leases"

    @property
    def roots(self) -> Path:
        """The folder of the roots, one file per trace."""
        return self.path / "roots"

    @property
    def quarantine(self) -> Path:
        """The folder of damaged objects that were moved aside."""
        return self.path / "quarantine"

    @contextmanager
    def readers(self) -> Iterator[int]:
        """A descriptor of the file that a process holds shared if it may not write a lease."""
        try:
            with self.folder() as folder:
                descriptor = folder.open_file(_READERS)
        except OSError as error:
            raise StoreCorruptError(self.path / _READERS, "a plain file", error.strerror or "none") from None
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def object_path(self, digest: str) -> Path:
        """The path of a content, whether or not it is there. `digest` is 64 hex digits."""
        return self.objects / digest[:2] / digest[2:]

    @contextmanager
    def folder(self, *names: str) -> Iterator[Folder]:
        """A folder of the store, open while the block lasts: `folder("objects", "ab")`, or `folder()` for its own.

        Opened anew each time, and never by a link: what is changed or removed in it lies in this store.
        Raises `StoreCorruptError` for a link or a file in its place, `OSError`.
        """
        try:
            folder = open_below(self.path, *names)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOTDIR):
                found = error.strerror or "something else"
                raise StoreCorruptError(self.path.joinpath(*names), "a folder", found) from None
            raise
        with folder:
            yield folder

    @contextmanager
    def lock(self, name: str = "lock") -> Iterator[None]:
        """Hold a lock file exclusively; waits for it. Raises `StoreBusyError` after a minute."""
        # Opened anew each time: flock belongs to the open file, so threads and forks that shared a descriptor would
        # share the lock as well, and would not exclude each other.
        with self.folder() as folder:
            descriptor = folder.open_to_write(name, os.O_RDWR)
        try:
            wait_for_lock(descriptor, fcntl.LOCK_EX, self.path)
            yield
        finally:
            os.close(descriptor)

    def digests(self) -> Iterator[str]:
        """The digest of every content in the store, in order."""
        for shard in _SHARDS:
            with self.folder("objects", shard) as folder:
                names = folder.names()
            for name in names:
                # Whatever else somebody put here is not ours to list, and above all not to remove.
                if HEX.fullmatch(shard + name):
                    yield shard + name


def wait_for_lock(descriptor: int, kind: int, path: Path) -> None:
    """Take a lock on an open file, `LOCK_SH` or `LOCK_EX`. Raises `StoreBusyError` after a minute.

    It is tried again and again instead of waiting in the system, since whoever may open the file may hold it for ever.
    """
    until = time.monotonic() + WAIT_SECONDS
    pause = _POLL_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise StoreBusyError(path, f"another process has held its lock for {WAIT_SECONDS:.0f} s") from None
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_POLL_SECONDS)
        else:
            return


def open_layout(path: Path) -> Layout:
    """The store at a path. Raises `StoreMissingError` if there is none, or one of another format."""
    try:
        with Folder.open(path) as folder:
            content = folder.read(MARKER, _MARKER_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise StoreMissingError(path, "there is no store; the first run with --copy creates one") from None
    except OSError as error:
        raise StoreMissingError(path, f"{MARKER} cannot be read: {error.strerror}; expected a store") from None
    try:
        number = json.loads(content)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StoreMissingError(path, f"{MARKER} is not valid JSON with a format number; expected a store") from None
    if number != FORMAT:
        raise StoreMissingError(path, f"the store has format {number}; this version can only use format {FORMAT}")
    return Layout(path)


def open_or_create_layout(path: Path) -> Layout:
    """The store at a path, which is created if nothing is there, for its user alone.

    Raises `StoreMissingError` if something else is there; that is left as it is.
    """
    try:
        make_folders(path)
    except FileExistsError:
        raise StoreMissingError(path, "expected a store, found a file; choose another folder") from None
    with Folder.open(path) as folder:
        if not folder.exists(MARKER):
            # Names that begin with the marker's are those of processes that are creating this store, or were killed
            # then.
            others = [name for name in folder.names() if not name.startswith(MARKER)]
            # The marker is looked for again: another process may have created it, and then its folders, since the
            # first look. Those folders are the `others`.
            if others and not folder.exists(MARKER):
                raise StoreMissingError(
                    path,
                    f"expected a store or an empty folder, found other files ({others[0]}); choose another folder",
                )
            _write_marker(folder)
    layout = open_layout(path)
    _create_folders(layout)
    return layout


def _write_marker(folder: Folder) -> None:
    """Create the marker before anything else, in one rename: a folder with files but no marker is never a store."""
    temporary = f"{MARKER}.{secrets.token_hex(8)}"
    folder.write_new(temporary, json.dumps({"format": FORMAT}).encode() + b"\n")
    folder.move(temporary, folder, MARKER)
    folder.sync()
    with folder_of(folder.path) as above:
        above.sync()


def _create_folders(layout: Layout) -> None:
    """Create all folders that are missing, for the first time or after a crash.

    They are durable before anything lies in one of them: a loss of power could otherwise take a folder, and with it
    contents that were acknowledged.
    """
    with layout.folder() as folder:
        for name in _FOLDERS:
            folder.make_below(name).close()
        os.close(folder.open_to_write(_READERS))
    with layout.folder("objects") as objects:
        # One listing instead of 256 calls: usually nothing is missing.
        missing_shards = sorted(set(_SHARDS) - set(objects.names()))
        for shard in missing_shards:
            objects.make_below(shard).close()
        if missing_shards:
            objects.sync()
    if missing_shards:
        with layout.folder() as folder:
            folder.sync()
