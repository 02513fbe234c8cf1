"""Which files a folder or a glob stands for, and which it leaves out, with the reason. Nothing is left out in silence.

Left out: hidden files and folders (so version control too), `__pycache__`, symbolic links below the folder,
what is no regular file, and names that are not valid Unicode. Files are in code-point order of their path.
"""

import glob
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

NOT_ENTERED: Mapping[str, str] = {"__pycache__": "cache"}
"""Folders that are left out wherever they lie, with the reason; hidden ones are besides."""


class Listing(msgspec.Struct, frozen=True):
    """The files below `root`, by their path from it with `/`; what was left out, as (path, reason)."""

    root: str
    paths: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


def is_glob(path: str) -> bool:
    """Whether a path is a pattern. A file that really has such a name is no pattern."""
    return glob.has_magic(path) and not os.path.lexists(path)


def folder(root: str, not_entered: Mapping[str, str] = NOT_ENTERED) -> Listing:
    """Everything below a folder. Raises `OSError` when the folder itself cannot be read."""
    with os.scandir(root):
        pass
    paths: list[str] = []
    skipped: list[tuple[str, str]] = []
    for path, reason in _walk(root, "", not_entered):
        if reason:
            skipped.append((_spelled(path), reason))
        else:
            paths.append(path)
    return Listing(root, tuple(sorted(paths)), tuple(sorted(skipped)))


def matching(pattern: str) -> Listing:
    """The files that a glob matches (`**` crosses folders); folders that it matches are not entered."""
    root = _fixed_part(pattern)
    paths: list[str] = []
    skipped: list[tuple[str, str]] = []
    for found in glob.iglob(pattern, recursive=True):
        path = Path(os.path.relpath(found, root)).as_posix()
        if os.path.isdir(found):
            continue
        reason = _why_not(path, os.lstat(found).st_mode)
        if reason:
            skipped.append((_spelled(path), reason))
        else:
            paths.append(path)
    return Listing(root, tuple(sorted(set(paths))), tuple(sorted(set(skipped))))


def _fixed_part(pattern: str) -> str:
    """The longest leading folder of a pattern without wildcards."""
    parts = Path(pattern).parts
    fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    return str(Path(*parts[:fixed])) if fixed else "."


def _walk(root: str, below: str, not_entered: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(path, reason to leave it out) for everything below a folder."""
    try:
        with os.scandir(os.path.join(root, below)) as found:
            entries = list(found)
    except OSError as error:
        yield below + "/", f"unreadable: {error.strerror}"
        return
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        if not entry.is_dir(follow_symlinks=False):
            yield path, _why_not(path, entry.stat(follow_symlinks=False).st_mode)
            continue
        reason = not_entered.get(entry.name, "hidden" if entry.name.startswith(".") else "")
        if reason:
            yield path + "/", reason
        else:
            yield from _walk(root, path, not_entered)


def _why_not(path: str, mode: int) -> str:
    if path.rpartition("/")[2].startswith("."):
        return "hidden"
    if stat.S_ISLNK(mode):
        return "symbolic link"
    if not stat.S_ISREG(mode):
        return "not a regular file"
    return "" if path == _spelled(path) else "name is not valid Unicode"


def _spelled(path: str) -> str:
    """The path as valid Unicode; bytes that are none become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")
