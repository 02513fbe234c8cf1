"""The one way to open what lies in a folder of ours: a trace, a store, a cache. No link is followed, nothing blocks.

A folder may come from a stranger, so each name in it may be a trap: a link to a private key, a pipe that never ends, a
device, a sparse file of 20 GB. The caller chose the folder itself, and nothing else. So the folder is opened by its
path, and everything below it by name, relative to the open folder (`openat`), where a link is refused by the system:

    Folder.open("t.rlm")           a link here is the caller's own
        .read("trace.jsonl")       a link here: refused     a pipe, a device: refused, and never waited for
        .below("blobs")            a link here: refused
        .read("../../etc/passwd")  refused: not a name

What a name is, is asked of the *open* file, since between a look at a name and its opening anyone may exchange it.
There is a look before as well, because opening some devices already has effects.
A second name of a file (a hard link) can be read: its content is proved by a digest like any other. It is never
written to, since the other name may stand in somebody's home, or in a backup of this folder.

`OSError` says what was found instead. Folders that we make are for their user alone (0700), and files as well (0600).
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEVER_FOLLOW = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""O_NONBLOCK: opening a pipe would wait for its other end. O_CLOEXEC: tools that we start inherit no descriptor."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600

MOST_BYTES = 1 << 30
"""How many bytes of one file are read into memory, unless a caller says otherwise."""

_BLOCK = 1 << 20

_NESTED = re.compile(r"[0-9a-f]{32}\.rlm")
_KINDS = {
    stat.S_IFREG: "a plain file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Folder:
    """An open folder. Close it, or use it as a context manager; folders and files below it live on by themselves."""

    def __init__(self, descriptor: int, path: Path) -> None:
        """Not for callers: see `open` and `below`. `path` is for messages."""
        self._descriptor, self.path = descriptor, path

    @classmethod
    def open(cls, path: Path) -> "Folder":
        """The folder that the caller names. A nested trace (`A.rlm/nested/ID.rlm`) is opened from its parent down.

        A packed trace is a folder as well, which can only be read. Raises `OSError`.
        """
        outermost, names = split_nested(path)
        try:
            folder = cls(os.open(outermost, _FOLDER), outermost)
        except NotADirectoryError:
            from rlmlite_traces.files.packed import open_packed  # most folders are folders

            folder = open_packed(outermost)
        for name in names:
            with folder:
                folder = folder.below(name)
        return folder

    @property
    def is_packed(self) -> bool:
        """Whether it is in an archive, and so can only be read."""
        return False

    def below(self, name: str) -> "Folder":
        """A folder in this one. Raises `OSError`; a link is refused even if it leads to a folder."""
        self._require_name(name)
        try:
            descriptor = self._open(name, _FOLDER | os.O_NOFOLLOW)
        except NotADirectoryError:
            # The system says the same of a link, which would be a riddle.
            raise _wrong_kind(self.status(name), "a folder", self._shown(name)) from None
        return Folder(descriptor, self.path / name)

    def make_below(self, name: str, exist_ok: bool = True) -> "Folder":
        """A folder in this one, which is made if nothing is there. Raises `OSError`."""
        self._require_name(name)
        try:
            os.mkdir(name, PRIVATE_FOLDER, dir_fd=self._descriptor)
        except FileExistsError:
            if not exist_ok:
                raise
            return self.below(name)
        made = self.below(name)
        _set_mode(made._descriptor, PRIVATE_FOLDER)
        return made

    def names(self) -> list[str]:
        """The names in this folder, in order."""
        return sorted(os.listdir(self._descriptor))

    def status(self, name: str) -> os.stat_result:
        """What the system says of a name; of a link, it is the link itself."""
        self._require_name(name)
        try:
            return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except OSError as error:
            raise self._with_path(error, name) from None

    def is_plain(self, name: str) -> bool:
        """Whether there is a plain file of this name."""
        try:
            return stat.S_ISREG(self.status(name).st_mode)
        except FileNotFoundError:
            return False

    def exists(self, name: str) -> bool:
        """Whether there is anything of this name, be it a link that leads nowhere."""
        try:
            self.status(name)
        except FileNotFoundError:
            return False
        return True

    def open_file(self, name: str) -> int:
        """A descriptor for reading a plain file. Raises `OSError`."""
        return self._open_plain(name, os.O_RDONLY)

    def open_to_write(self, name: str, flags: int = os.O_WRONLY) -> int:
        """A descriptor for changing a plain file, which is made if nothing is there. Raises `OSError`.

        `flags` may add O_APPEND, or be O_RDWR. A file with a second name is refused.
        """
        try:
            return self.create(name, flags=flags)
        except FileExistsError:
            descriptor = self._open_plain(name, flags)
        try:
            self._require_one_name(descriptor, name)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def create(self, name: str, mode: int = PRIVATE_FILE, flags: int = os.O_WRONLY) -> int:
        """A descriptor of a new file. Raises `FileExistsError`."""
        self._require_name(name)
        descriptor = self._open(name, flags | os.O_CREAT | os.O_EXCL | _NEVER_FOLLOW, mode)
        _set_mode(descriptor, mode)
        return descriptor

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """The content of a plain file of at most so many bytes. Raises `OSError`.

        What is appended meanwhile is left out: the size is that of the moment of opening.
        """
        with open(self.open_file(name), "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > most:
                raise OSError(errno.EFBIG, f"{size} bytes; at most {most} are read", self._shown(name))
            return _read_all(file.fileno(), size)

    def blocks(self, name: str) -> Iterator[bytes]:
        """The content of a plain file, a piece at a time. Raises `OSError`."""
        with open(self.open_file(name), "rb", buffering=0) as file:
            while block := file.read(_BLOCK):
                yield block

    def write_new(self, name: str, data: bytes, mode: int = PRIVATE_FILE) -> None:
        """Write a new file, durably, or leave none. What had this name is replaced; a link is never followed."""
        self.remove(name)
        descriptor = self.create(name, mode)
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        except OSError:
            self.remove(name)
            raise
        finally:
            os.close(descriptor)

    def replace(self, name: str, data: bytes, mode: int = PRIVATE_FILE) -> None:
        """Write a file in place of what has this name: nobody reads half of it. A loss of power may cost it."""
        unfinished = f"{name}.new"
        self.remove(unfinished)
        descriptor = self.create(unfinished, mode)
        try:
            write_all(descriptor, data)
        except OSError:
            self.remove(unfinished)
            raise
        finally:
            os.close(descriptor)
        self.move(unfinished, self, name)

    def cut(self, name: str, size: int) -> None:
        """Keep only the first `size` bytes of a plain file, durably. Raises `OSError`."""
        descriptor = self._open_plain(name, os.O_WRONLY)
        try:
            self._require_one_name(descriptor, name)
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, name: str) -> None:
        """Remove a name that is no folder; nothing happens if there is none."""
        self._require_name(name)
        try:
            os.unlink(name, dir_fd=self._descriptor)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._with_path(error, name) from None

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder. Raises `OSError`."""
        self._require_name(name)
        os.rmdir(name, dir_fd=self._descriptor)

    def move(self, name: str, to: "Folder", new: str) -> None:
        """Give a file of this folder a name in another one."""
        self._require_name(name)
        self._require_name(new)
        os.rename(name, new, src_dir_fd=self._descriptor, dst_dir_fd=to._descriptor)

    def renew(self, name: str) -> None:
        """Set the time of a plain file to now."""
        descriptor = self.open_file(name)
        try:
            os.utime(descriptor)
        finally:
            os.close(descriptor)

    def sync(self) -> None:
        """Make the names in this folder survive a loss of power."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Release the descriptor."""
        os.close(self._descriptor)

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_plain(self, name: str, flags: int) -> int:
        """A descriptor of a plain file that is there."""
        status = self.status(name)
        if not stat.S_ISREG(status.st_mode):
            raise _wrong_kind(status, "a plain file", self._shown(name))
        descriptor = self._open(name, flags | _NEVER_FOLLOW)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):  # exchanged since the look before
            os.close(descriptor)
            raise _wrong_kind(status, "a plain file", self._shown(name))
        return descriptor

    def _open(self, name: str, flags: int, mode: int = 0) -> int:
        try:
            return os.open(name, flags, mode, dir_fd=self._descriptor)
        except OSError as error:
            raise self._with_path(error, name) from None

    def _with_path(self, error: OSError, name: str) -> OSError:
        """The error with the whole path: the system knows only the name."""
        return OSError(error.errno, error.strerror, self._shown(name))

    def _require_one_name(self, descriptor: int, name: str) -> None:
        if os.fstat(descriptor).st_nlink > 1:
            raise OSError(
                errno.EMLINK,
                "it has a second name (a hard link), under which it would change too; copy the folder",
                self._shown(name),
            )

    def _require_name(self, name: str) -> None:
        """Raise `OSError` for a path: what a stranger wrote must not lead out of the folder."""
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise OSError(errno.EINVAL, "not the name of a file", self._shown(repr(name)))

    def _shown(self, name: str) -> str:
        return str(self.path / name)


def split_nested(path: Path) -> tuple[Path, tuple[str, ...]]:
    """The outermost trace of a path, and the names that lead from it to a nested one.

        A.rlm/nested/29.rlm/nested/77.rlm    A.rlm, (nested, 29.rlm, nested, 77.rlm)
        runs/A.rlm                           runs/A.rlm, ()

    Whoever names a nested trace names the outermost one; the folders in between are a part of that.
    """
    names: tuple[str, ...] = ()
    while path.parent.name == "nested" and _NESTED.fullmatch(path.name):
        names = ("nested", path.name, *names)
        path = path.parent.parent
    return path, names


def open_below(path: Path, *names: str) -> Folder:
    """A folder below one that the caller names, along names of which none is followed if it is a link."""
    folder = Folder.open(path)
    for name in names:
        with folder:
            folder = folder.below(name)
    return folder


def open_plain(path: Path, *, follow_link: bool = True) -> tuple[int, os.stat_result]:
    """Open a plain file that the caller names: its descriptor and its status. Nothing is waited for.

    Raises `OSError`, also for folders, pipes and devices, and without `follow_link` for a link.
    """
    flags = os.O_RDONLY | _NEVER_FOLLOW
    try:
        descriptor = os.open(path, flags & ~os.O_NOFOLLOW if follow_link else flags)
    except OSError as error:
        # The system calls a link "too many levels of links".
        if error.errno == errno.ELOOP and path.is_symlink():
            raise _wrong_kind(path.lstat(), "a plain file", str(path)) from None
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise _wrong_kind(status, "a plain file", str(path))
    return descriptor, status


@contextmanager
def folder_of(path: Path) -> Iterator[Folder]:
    """The open folder in which a path lies."""
    with Folder.open(path.parent) as folder:
        yield folder


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of `data` at the descriptor's position. Raises `OSError`."""
    rest = memoryview(data)
    while rest:
        written = os.write(descriptor, rest)
        if written == 0:  # no system says so of a plain file; if one does, trying again would never end
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]


def _wrong_kind(status: os.stat_result, expected: str, shown: str) -> OSError:
    found = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
    return OSError(errno.EINVAL, f"expected {expected}, found {found}", shown)


def _read_all(descriptor: int, size: int) -> bytes:
    blocks = []
    while size > 0 and (block := os.read(descriptor, size)):
        blocks.append(block)
        size -= len(block)
    return b"".join(blocks)


def _set_mode(descriptor: int, mode: int) -> None:
    """Undo what the umask took of the mode of something that we have just made."""
    if stat.S_IMODE(os.fstat(descriptor).st_mode) == mode:
        return
    try:
        os.fchmod(descriptor, mode)
    except OSError as error:
        # A file system without modes (FAT, some network mounts) shows the same one for all, and refuses to change it.
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
