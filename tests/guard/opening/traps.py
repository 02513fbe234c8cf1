"""Traps that a stranger can put in the place of a file, and the fence inside which they are tried.

A trap that works would hang the tests or fill the machine's memory. So each is tried with an alarm and with a bound on
the memory of this process; either one raises, and the test fails instead of the machine.
"""

import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SECONDS = 4.0
MEMORY = 2 << 30
SPARSE = 20 << 30


class CaughtError(BaseException):
    """A trap worked. No `except Exception` on the way may swallow it."""


def link_to_copy(place: Path, outside: Path) -> None:
    """A link to the same content outside: whoever follows it notices nothing."""
    copy = outside / f"copy of {place.name}"
    if place.is_dir():
        shutil.copytree(place, copy)
        shutil.rmtree(place)
    elif place.exists():
        shutil.copy2(place, copy)
        place.unlink()
    else:
        copy.write_bytes(b"")
    place.symlink_to(copy)


def dangling_link(place: Path, outside: Path) -> None:
    """A link to a name outside that is not there: whoever writes through it makes a file there."""
    clear(place)
    place.symlink_to(outside / "made through a link")


def link_to_zeros(place: Path, _: Path) -> None:
    """A link to a file that never ends."""
    clear(place)
    place.symlink_to("/dev/zero")


def pipe(place: Path, _: Path) -> None:
    """A pipe that nobody writes to."""
    clear(place)
    os.mkfifo(place)


def folder(place: Path, _: Path) -> None:
    """A folder with something in it, in the place of a file; of a folder, a file."""
    was_folder = place.is_dir()
    clear(place)
    if was_folder:
        place.write_bytes(b"no folder")
    else:
        place.mkdir()
        (place / "inside").write_bytes(b"")


def sparse(place: Path, _: Path) -> None:
    """A file of 20 GB that takes up no room."""
    clear(place)
    with place.open("wb") as file:
        file.truncate(SPARSE)


def unreadable(place: Path, _: Path) -> None:
    """A file that this user may not read; for the superuser, as any."""
    if place.exists():
        place.chmod(0)


def device(place: Path, _: Path) -> None:
    """A device, as an archive that was unpacked by the superuser can hold one; for others, a pipe."""
    clear(place)
    try:
        os.mknod(place, 0o666 | 0o020000, os.makedev(1, 5))  # what /dev/zero is
    except PermissionError:
        os.mkfifo(place)


def hard_link(place: Path, outside: Path) -> None:
    """A second name of a file outside: whoever writes to it changes that."""
    if place.is_dir():
        folder(place, outside)
        return
    other = outside / f"other name of {place.name}"
    other.write_bytes(place.read_bytes() if place.exists() else b"")
    place.unlink(missing_ok=True)
    os.link(other, place)


TRAPS: dict[str, Callable[[Path, Path], None]] = {
    trap.__name__: trap
    for trap in (link_to_copy, dangling_link, link_to_zeros, pipe, folder, sparse, unreadable, device, hard_link)
}


def clear(place: Path) -> None:
    """Remove whatever is at a place."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def look(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything below a folder: mode, time of change and content, to see that nothing was touched."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, content)
    return found


@contextmanager
def fence(seconds: float = SECONDS) -> Iterator[None]:
    """Raise `CaughtError` after some seconds, and `MemoryError` beyond 2 GB more than now."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()

    def stop(number: int, frame: FrameType | None) -> None:
        raise CaughtError(f"still busy after {seconds} s")

    previous = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.signal(signal.SIGALRM, previous)
