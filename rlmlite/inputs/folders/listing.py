"""Which files a folder or a glob stands for, and which it leaves out, with the reason. Nothing is left out in silence.

Left out: hidden files and folders (so version control too), `__pycache__`, symbolic links below the folder,
what is no regular file, and names that are not valid Unicode; of a folder also what ignore files name. Files are in
code-point order of their path.
"""

import fnmatch
import glob
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

IGNORED = "ignored"
"""Why what an ignore file names is left out."""

NOT_ENTERED: Mapping[str, str] = {"__pycache__": "cache"}
"""Folders that are left out wherever they lie, with the reason; hidden ones are besides."""


class Listing(msgspec.Struct, frozen=True):
    """The files below `root`, by their path from it with `/`; what was left out, as (path, reason)."""

    root: str
    paths: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


class Ignores(Protocol):
    """What else is left out of a folder."""

    def ignored(self, path: str, is_folder: bool) -> bool:
        """Whether to leave out what lies at a path from the root. A folder is asked about before what it holds."""
        ...


def is_glob(path: str) -> bool:
    """Whether a path is a pattern. A file that really has such a name is no pattern."""
    return glob.has_magic(path) and not os.path.lexists(path)


def folder(root: str, not_entered: Mapping[str, str] = NOT_ENTERED, ignored: Ignores | None = None) -> Listing:
    """Everything below a folder. Raises `OSError` when the folder itself cannot be read."""
    with os.scandir(root):
        pass
    paths: list[str] = []
    skipped: list[tuple[str, str]] = []
    for path, reason in _walk(root, "", not_entered, ignored):
        if reason:
            skipped.append((_spelled(path), reason))
        else:
            paths.append(path)
    return Listing(root, tuple(sorted(paths)), tuple(sorted(skipped)))


def matching(pattern: str) -> Listing:
    """The files that a glob matches (`**` crosses folders, not links); folders that it matches are not entered."""
    parts = Path(pattern).parts
    fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    root = str(Path(*parts[:fixed])) if fixed else "."
    paths: set[str] = set()
    skipped: set[tuple[str, str]] = set()
    for path, entry in _matches(root, "", parts[fixed:]):
        reason = _why_not(path, entry.stat(follow_symlinks=False).st_mode)
        if reason:
            skipped.add((_spelled(path), reason))
        else:
            paths.add(path)
    return Listing(root, tuple(sorted(paths)), tuple(sorted(skipped)))


def _matches(root: str, below: str, parts: tuple[str, ...]) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """What lies below a folder and matches the parts of a pattern. As in a shell, `*` matches no hidden name."""
    part, rest = parts[0], parts[1:]
    if part == "**":
        while rest[:1] == ("**",):
            rest = rest[1:]
        yield from _matches(root, below, rest or ("*",))
    for entry in _entries(root, below):
        path = f"{below}/{entry.name}" if below else entry.name
        hidden = entry.name.startswith(".") and not part.startswith(".")
        if part == "**":
            if not hidden and entry.is_dir(follow_symlinks=False):
                yield from _matches(root, path, ("**", *rest))
        elif hidden or not fnmatch.fnmatchcase(entry.name, part):
            continue
        elif rest and entry.is_dir():
            yield from _matches(root, path, rest)
        elif not rest and not entry.is_dir():
            yield path, entry


def _entries(root: str, below: str) -> "list[os.DirEntry[str]]":
    """What a folder holds; one that cannot be read matches nothing, as in a shell."""
    try:
        with os.scandir(os.path.join(root, below)) as found:
            return list(found)
    except OSError:
        return []


def _walk(root: str, below: str, not_entered: Mapping[str, str], ignored: Ignores | None) -> Iterator[tuple[str, str]]:
    """(path, reason to leave it out) for everything below a folder."""
    try:
        with os.scandir(os.path.join(root, below)) as found:
            entries = list(found)
    except OSError as error:
        yield below + "/", f"unreadable: {error.strerror}"
        return
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder:
            reason = not_entered.get(entry.name, "hidden" if entry.name.startswith(".") else "")
        else:
            reason = _why_not(path, entry.stat(follow_symlinks=False).st_mode)
        if not reason and ignored is not None and ignored.ignored(path, is_folder):
            reason = IGNORED
        if is_folder and not reason:
            yield from _walk(root, path, not_entered, ignored)
        else:
            yield path + "/" * is_folder, reason


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
