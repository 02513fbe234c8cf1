"""Tables that were read before, kept by columns between runs: a second run maps them and parses nothing.

An entry belongs to the bytes of a file and to how they are read, so its key is a digest over the file's SHA-256, the
reader and the options. There are two files for each:

    KEY.columns    the columnar content, as it was derived and checked
    KEY.json       its digest, the step of the recipe, and what the file system said of KEY.columns when it was written

Nothing of it is needed for a replay, and no replay looks here. The folder is its user's alone, so what the file system
says is enough to know the content again; only after a restart of the machine, which may have lost what was written
last, is the content hashed once more.
"""

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import msgspec

from rlmlite.inputs.cache.digests import cache_folder
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation
from rlmlite_traces.errors import words_of
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.files.held import HeldFile
from rlmlite_traces.files.new_folders import make_folders
from rlmlite_traces.files.room import make_room
from rlmlite_traces.files.scratch import write_and_hash

log = logging.getLogger("rlmlite")

ROOM = 8 << 30
"""The most bytes that the folder holds. Beyond it the least recently used tables are deleted."""

_FORM = 2
"""The form of what is kept. Raise it when readers give other values, or lay them out otherwise, for the same bytes."""

_CONTENT, _ENTRY = ".columns", ".json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MOST_ENTRY = 1 << 20


class _Entry(msgspec.Struct, frozen=True):
    """What is known of a content that was kept."""

    digest: str
    size: int
    mtime_ns: int
    inode: int
    boot: str
    step: Derivation


class CachedTable(msgspec.Struct, frozen=True):
    """A table that was kept: the digest of its content, the open file, and the step that derived it."""

    digest: str
    file: HeldFile
    step: Derivation


class TableCache:
    """Tables by key in a folder, which is created when there is something to keep.

    If it fails, tables are read again; that is logged once.
    """

    def __init__(self, path: Path | None = None, room: int = ROOM) -> None:
        self._given, self._room = path, room
        self._has_failed = False

    @cached_property
    def _path(self) -> Path:
        return self._given or cache_folder() / "tables"

    def find(self, key: str) -> CachedTable | None:
        """The table with a key, if it is there and has not changed since it was written."""
        if not self._path.exists():
            return None
        try:
            with Folder.open(self._path) as folder:
                entry = msgspec.json.decode(folder.read(key + _ENTRY, _MOST_ENTRY), type=_Entry)
                file = HeldFile(folder.open_file(key + _CONTENT))
                if not _is_same(entry, file):
                    return None
                if entry.boot != _boot():
                    self._write_entry(folder, key, entry.digest, file, entry.step)
                folder.renew(key + _ENTRY)  # the time of last use, by which `make_room` chooses
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            self._warn(error)
            return None
        return CachedTable(entry.digest, file, entry.step)

    @contextlib.contextmanager
    def writing(self, key: str) -> Iterator["TableWriter | None"]:
        """A writer for the table with a key, or None if nothing can be kept. What is not committed is removed."""
        part = f".{key}.{os.getpid()}"
        try:
            make_folders(self._path)
            folder = Folder.open(self._path)
        except OSError as error:
            self._warn(error)
            yield None
            return
        with folder:
            try:
                descriptor = folder.create(part, flags=os.O_RDWR)
            except OSError as error:
                self._warn(error)
                yield None
                return
            writer = TableWriter(self, folder, key, part, descriptor)
            try:
                yield writer
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    folder.remove(part)

    def commit(self, folder: Folder, key: str, part: str, digest: str, file: HeldFile, step: Derivation) -> None:
        """Give what was written its name, and note what it is."""
        try:
            folder.move(part, folder, key + _CONTENT)
            self._write_entry(folder, key, digest, file, step)
            make_room(folder, self._room)
        except OSError as error:
            self._warn(error)

    def _write_entry(self, folder: Folder, key: str, digest: str, file: HeldFile, step: Derivation) -> None:
        status = file.status()
        entry = _Entry(digest, status.st_size, status.st_mtime_ns, status.st_ino, _boot(), step)
        part = f".{key}{_ENTRY}.{os.getpid()}"
        folder.write_new(part, msgspec.json.encode(entry))
        folder.move(part, folder, key + _ENTRY)

    def _warn(self, error: Exception) -> None:
        if not self._has_failed:
            reason = words_of(error)
            log.warning(f"tables are not kept in {self._path}: {reason}; remove the folder if it is damaged")
        self._has_failed = True


class TableWriter:
    """A content that is being written into the cache."""

    def __init__(self, cache: TableCache, folder: Folder, key: str, part: str, descriptor: int) -> None:
        self._cache, self._folder, self._key, self._part = cache, folder, key, part
        self._descriptor = descriptor
        self._digest = ""
        self._file: HeldFile | None = None

    def write(self, blocks: Iterable[Content]) -> tuple[str, HeldFile]:
        """Write a content; returns its digest and the open file. Raises `OSError`, and what the blocks raise.

        After an error it may be written anew.
        """
        with open(self._descriptor, "r+b", buffering=0, closefd=False) as file:
            file.seek(0)
            file.truncate()
            self._digest = write_and_hash(file, blocks)
        self._file = HeldFile(self._descriptor)
        return self._digest, self._file

    def close(self) -> None:
        """Close the file, if no content came to be."""
        if self._file is None:
            os.close(self._descriptor)

    def commit(self, step: Derivation) -> None:
        """Keep it for later runs. Call it when it has been checked."""
        assert self._file is not None
        self._cache.commit(self._folder, self._key, self._part, self._digest, self._file, step)


def open_tables() -> TableCache:
    """The tables of this user: `rlmlite/tables` in the system's cache folder."""
    return TableCache()


def table_key(digest: str, reader: str, suffix: str, options: dict[str, str]) -> str:
    """The key of a file's bytes and how they are read. The suffix may decide, as that of a `.tsv` file does."""
    parts = [_FORM, digest, reader, suffix, sorted(options.items())]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _is_same(entry: _Entry, file: HeldFile) -> bool:
    """Whether a content is what was written. Hashed only if the machine has been started since then."""
    status = file.status()
    if (entry.size, entry.mtime_ns, entry.inode) != (status.st_size, status.st_mtime_ns, status.st_ino):
        return False
    boot = _boot()
    if boot and boot == entry.boot:
        return True
    return hashlib.sha256(file.content()).hexdigest() == entry.digest


def _boot() -> str:
    """What names this start of the machine; empty where the system does not say."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""
