"""Which files a folder or a glob stands for, and which are left out, each with its reason: never in silence.

Left out: hidden files and folders (version control among them), `__pycache__`, symbolic links below the folder,
anything that is not a regular file, and names that are not valid Unicode; in a folder also what ignore files name.

Files are in the code-point order of their paths, not in that of the file system, so that the same folder gives the
same documents on every machine. A folder that is left out is one entry, with a `/` at its end, and is not entered.
"""

import fnmatch
import glob
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

IGNORED = "ignored"
"""The reason for leaving out what an ignore file names."""

NOT_ENTERED: Mapping[str, str] = {"__pycache__": "cache"}
"""Folders that are left out wherever they lie, with the reason. Hidden folders are left out anyway."""


class Listing(msgspec.Struct, frozen=True):
    """The files below `root`, by their paths from it with `/`; and what was left out, as (path, reason)."""

    root: str
    paths: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


class IgnoreRules(Protocol):
    """Further rules for what to leave out of a folder."""

    def ignores(self, path: str, is_folder: bool) -> bool:
        """Whether to leave out the entry at a path from the root. A folder is asked about before its contents."""
        ...


def is_glob(path: str) -> bool:
    """Whether a path is a pattern. A file that is really called `a[1].txt` is not a pattern."""
    return glob.has_magic(path) and not os.path.lexists(path)


def list_folder(
    root: str, not_entered: Mapping[str, str] = NOT_ENTERED, ignore_files: IgnoreRules | None = None
) -> Listing:
    """Everything below a folder. Raises `OSError` if the folder itself cannot be read."""
    # A folder below that cannot be read is left out; this one is an error, so it is opened once to see.
    with os.scandir(root):
        pass
    return _make_listing(root, _walk(root, "", not_entered, ignore_files))


def list_glob(pattern: str) -> Listing:
    """The files that a glob matches. `**` crosses folders but not links; a folder that matches is not entered."""
    # `a/b/*.log` is searched from `a/b`, which must not be matched itself: its own name may contain a bracket.
    parts = Path(pattern).parts
    first_magic = 0
    while not glob.has_magic(parts[first_magic]):
        first_magic += 1
    plain_parts, pattern_parts = parts[:first_magic], parts[first_magic:]
    # Without plain parts this is `.`, the folder where the user is.
    root = str(Path(*plain_parts))
    # A set, because `**` may come to the same file in several ways.
    matches: set[tuple[str, str]] = set()
    for path, entry in _matches(root, "", pattern_parts):
        mode = entry.stat(follow_symlinks=False).st_mode
        matches.add((path, _skip_reason(path, mode)))
    return _make_listing(root, matches)


def _make_listing(root: str, entries: Iterable[tuple[str, str]]) -> Listing:
    """A listing of (path, reason to leave it out or an empty text)."""
    paths: list[str] = []
    skipped: list[tuple[str, str]] = []
    for path, reason in entries:
        if reason:
            # Recorded in the trace, which is Unicode; the path of a file that is read is Unicode already.
            skipped.append((_as_unicode(path), reason))
        else:
            paths.append(path)
    return Listing(root, tuple(sorted(paths)), tuple(sorted(skipped)))


def _matches(root: str, below: str, parts: tuple[str, ...]) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """What lies below a folder and matches the parts of a pattern. As in a shell, `*` matches no hidden name.

    Not `glob.glob`: that follows links under `**`, and a loop of links would never end. A path may come up more than
    once (`**/**`), so the caller collects a set.
    """
    part, rest = parts[0], parts[1:]
    if part == "**":
        # `**/**` matches what `**` does, but would visit every folder once for each way to split the path.
        while rest[:1] == ("**",):
            rest = rest[1:]
        # `**` matches no folder at all, too: `a/**/b` matches `a/b`.
        yield from _matches(root, below, rest or ("*",))
    for entry in _scan(root, below):
        path = f"{below}/{entry.name}" if below else entry.name
        is_hidden = entry.name.startswith(".") and not part.startswith(".")
        if part == "**":
            if not is_hidden and entry.is_dir(follow_symlinks=False):
                yield from _matches(root, path, ("**", *rest))
        elif is_hidden or not fnmatch.fnmatchcase(entry.name, part):
            continue
        elif rest and entry.is_dir():
            # A link to a folder is followed where the pattern names it, as a shell does; `**` above does not.
            yield from _matches(root, path, rest)
        elif not rest and not entry.is_dir():
            yield path, entry


def _scan(root: str, below: str) -> "list[os.DirEntry[str]]":
    """The entries of a folder; one that cannot be read matches nothing, as in a shell."""
    try:
        with os.scandir(os.path.join(root, below)) as entries:
            return list(entries)
    except OSError:
        return []


def _walk(
    root: str, below: str, not_entered: Mapping[str, str], ignore_files: IgnoreRules | None
) -> Iterator[tuple[str, str]]:
    """(path, reason to leave it out or an empty text) for everything below a folder."""
    # Listed whole before anything is yielded: the descriptor must not stay open while deeper folders are read.
    try:
        with os.scandir(os.path.join(root, below)) as scan:
            entries = list(scan)
    except OSError as error:
        yield below + "/", f"unreadable: {error.strerror}"
        return
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder:
            hidden = "hidden" if entry.name.startswith(".") else ""
            reason = not_entered.get(entry.name, hidden)
        else:
            mode = entry.stat(follow_symlinks=False).st_mode
            reason = _skip_reason(path, mode)
        # Asked last: reading ignore files is worth nothing for what is left out anyway.
        if not reason and ignore_files is not None and ignore_files.ignores(path, is_folder):
            reason = IGNORED
        if is_folder and not reason:
            yield from _walk(root, path, not_entered, ignore_files)
        else:
            yield path + "/" * is_folder, reason


def _skip_reason(path: str, mode: int) -> str:
    """Why to leave out what is not a folder; an empty text for a file that is read."""
    # What a user would name first: a hidden link is hidden.
    name = path.rpartition("/")[2]
    if name.startswith("."):
        return "hidden"
    if stat.S_ISLNK(mode):
        return "symbolic link"
    if not stat.S_ISREG(mode):
        return "not a regular file"
    # Last: of a link or a device the name does not matter.
    if path != _as_unicode(path):
        return "name is not valid Unicode"
    return ""


def _as_unicode(path: str) -> str:
    """The path as valid Unicode; bytes that are not become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")
