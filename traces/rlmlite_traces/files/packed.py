"""`PackedFolder`: a packed trace (`NAME.rlmz`), read as if it were the folder that was packed.

`Folder.open` gives one where a path leads to a file, so whatever reads traces reads packed ones as well, nested runs
included. Contents are stored in the archive as they are, so nothing is unpacked to read them. Nothing in it can be
changed: whatever would write is refused.

    Folder.open("a.rlmz/nested/29….rlm").read("trace.jsonl")     the entry `nested/29….rlm/trace.jsonl` of a.rlmz
"""

import errno
import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NoReturn

from rlmlite_traces.errors import PackEncryptedError
from rlmlite_traces.files.archive import Member, read_archive, read_blocks
from rlmlite_traces.files.guarded import MOST_BYTES, PRIVATE_FILE, PRIVATE_FOLDER, Folder, open_plain

ENCRYPTED: Final = b"age-encryption.org/"
"""How a file begins that was encrypted with age."""

_ZIP: Final = b"PK"
_RECENT: Final = 4
"""Archives whose directory is remembered: each large content and each nested run opens the trace again."""

_TICK_NS: Final = 2_000_000_000
"""More than any file system's clock takes from one time to the next."""


class Directory:
    """The names in an archive: its members, and of each folder (`""`, `nested/`) the names in it."""

    def __init__(self, members: Mapping[str, Member]) -> None:
        self.members = members
        self.folders: dict[str, set[str]] = {"": set()}
        for whole in members:
            folder = ""
            for name in whole.split("/"):
                self.folders.setdefault(folder, set()).add(name)
                folder += f"{name}/"


class PackedFolder(Folder):
    """A folder of an archive. It has the descriptor of the whole archive, and a prefix of names."""

    def __init__(self, descriptor: int, path: Path, directory: "Directory", prefix: str = "") -> None:
        """Not for callers: see `open_packed`."""
        super().__init__(descriptor, path)
        self._directory, self._prefix = directory, prefix

    @property
    def is_packed(self) -> bool:
        """See `Folder.is_packed`."""
        return True

    def below(self, name: str) -> Folder:
        """See `Folder.below`."""
        self._require_name(name)
        if not stat.S_ISDIR(self.status(name).st_mode):
            raise OSError(errno.ENOTDIR, "expected a folder, found a plain file", self._shown(name))
        return PackedFolder(os.dup(self._descriptor), self.path / name, self._directory, f"{self._prefix}{name}/")

    def names(self) -> list[str]:
        """See `Folder.names`."""
        return sorted(self._directory.folders.get(self._prefix, ()))

    def status(self, name: str) -> os.stat_result:
        """See `Folder.status`."""
        self._require_name(name)
        member = self._directory.members.get(self._prefix + name)
        if member is not None:
            return _status(stat.S_IFREG | PRIVATE_FILE, member.size)
        if f"{self._prefix}{name}/" not in self._directory.folders:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._shown(name))
        return _status(stat.S_IFDIR | PRIVATE_FOLDER, 0)

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """See `Folder.read`."""
        size = self.status(name).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"{size} bytes; at most {most} are read", self._shown(name))
        return b"".join(self.blocks(name))

    def blocks(self, name: str) -> Iterator[bytes]:
        """See `Folder.blocks`. Raises `PackBrokenError` at the end if the content is not what was packed."""
        if not stat.S_ISREG(self.status(name).st_mode):
            raise OSError(errno.EINVAL, "expected a plain file, found a folder", self._shown(name))
        yield from read_blocks(self._descriptor, self._directory.members[self._prefix + name], str(self.path))

    def _open(self, name: str, flags: int, mode: int = 0) -> int:
        self._refuse(name)

    def make_below(self, name: str, exist_ok: bool = True) -> Folder:
        """Refused."""
        self._refuse(name)

    def remove(self, name: str) -> None:
        """Refused."""
        self._refuse(name)

    def remove_folder(self, name: str) -> None:
        """Refused."""
        self._refuse(name)

    def move(self, name: str, to: Folder, new: str) -> None:
        """Refused."""
        self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        raise OSError(
            errno.EROFS, "a packed trace is only read; unpack it first: rlmlite trace unpack", self._shown(name)
        )


def open_packed(path: Path) -> PackedFolder:
    """The folder that a packed trace holds. Raises `PackBrokenError`, and `OSError` for what is no plain file."""
    descriptor, status = open_plain(path)
    try:
        begin = os.pread(descriptor, len(ENCRYPTED), 0)
        if begin == ENCRYPTED:
            raise PackEncryptedError(path)
        if not begin.startswith(_ZIP):
            raise NotADirectoryError(errno.ENOTDIR, "neither a folder nor a packed trace", str(path))
        return PackedFolder(descriptor, path, _recent.directory(descriptor, status, str(path)))
    except BaseException:
        os.close(descriptor)
        raise


class _RecentArchives:
    """The directories of the archives that were read last, each by what the system says of its file.

    A file that was written just before is read again: it could be written once more within the same tick of the file
    system's clock, and nothing would tell the two apart.
    """

    def __init__(self) -> None:
        self._directories: OrderedDict[tuple[int, ...], Directory] = OrderedDict()
        self._lock = threading.Lock()

    def directory(self, descriptor: int, status: os.stat_result, shown: str) -> Directory:
        """The directory of an open archive. A content is compared with its CRC-32 whenever it is read, not here."""
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        with self._lock:
            directory = self._directories.get(key) or Directory(read_archive(descriptor, shown))
            if time.time_ns() - status.st_ctime_ns > _TICK_NS:
                self._directories[key] = directory
                self._directories.move_to_end(key)
            if len(self._directories) > _RECENT:
                self._directories.popitem(last=False)
            return directory


_recent = _RecentArchives()


def _status(mode: int, size: int) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, os.getuid(), os.getgid(), size, 0, 0, 0))
