"""Which files a folder stands for, and which are left out, each with its reason: never in silence.

Left out: hidden files and folders (version control among them), `__pycache__`, symbolic links below the folder,
anything that is not a regular file, and names that are not valid Unicode; in a folder also what ignore files name.

Files are in the code-point order of their paths, not in that of the file system, so that the same folder gives the
same documents on every machine. A folder that is left out is one entry, with a `/` at its end, and is not entered.

A folder may be a stranger's: a million files, folders thousands deep, links in circles, names of any bytes. Every entry
that is seen is counted, and whoever counts may end it. Not here: globs (`globs`).
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeAlias

import msgspec

IGNORED = "ignored"
"""The reason for leaving out what an ignore file names."""

NOT_CHOSEN = ("not Python source", "not the standard library")
"""The reasons for leaving out what `rlmlite demo` does not read."""

REPLACED = "replaced by a later member of its name"

BY_RULE: frozenset[str] = frozenset(
    {
        *(IGNORED, *NOT_CHOSEN, REPLACED, "hidden", "cache", "binary"),
        *("symbolic link", "hard link", "not a regular file"),
        *("an SQLite database", "a DuckDB database", "a Parquet file", "an Arrow file"),
    }
)
"""Reasons that are no loss: what a folder or an archive stands for never had these. All others are."""

NOT_ENTERED: Mapping[str, str] = {"__pycache__": "cache"}
"""Folders that are left out wherever they lie, with the reason. Hidden folders are left out anyway."""


Count: TypeAlias = Callable[[], None]
"""Called for every entry that is seen; it raises when there are too many (`ReadingLimits.count_member`)."""


class Listing(msgspec.Struct, frozen=True):
    """The files below `root`, by their paths from it with `/`; and what was left out, as (path, reason)."""

    root: str
    paths: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


def is_loss(reason: str) -> bool:
    """Whether what was left out for this reason is missing from the input: damaged, encrypted, unreadable."""
    return reason.partition(":")[0] not in BY_RULE


class IgnoreRules(Protocol):
    """Further rules for what to leave out of a folder."""

    def ignores(self, path: str, is_folder: bool) -> bool:
        """Whether to leave out the entry at a path from the root. A folder is asked about before its contents."""
        ...


def list_folder(
    root: str,
    not_entered: Mapping[str, str] = NOT_ENTERED,
    ignore_files: IgnoreRules | None = None,
    count: Count = lambda: None,
) -> Listing:
    """Everything below a folder. Raises `OSError` if the folder itself cannot be read, and what `count` raises."""
    # A folder below that cannot be read is left out; this one is an error, so it is opened once to see.
    with os.scandir(root):
        pass
    return make_listing(root, _walk(root, not_entered, ignore_files, count))


def make_listing(root: str, entries: Iterable[tuple[str, str]]) -> Listing:
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


def _walk(
    root: str, not_entered: Mapping[str, str], ignore_files: IgnoreRules | None, count: Count
) -> Iterator[tuple[str, str]]:
    """(path, reason to leave it out or an empty text) for everything below a folder."""
    # A list of what is still to be entered, not recursion: folders may be thousands deep.
    folders = [""]
    while folders:
        below = folders.pop()
        try:
            entries = scan(root, below, count)
        except OSError as error:
            yield below + "/", f"unreadable: {error.strerror}"
            continue
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            is_folder = is_real_folder(entry)
            if is_folder:
                hidden = "hidden" if entry.name.startswith(".") else ""
                reason = not_entered.get(entry.name, hidden)
            else:
                reason = skip_reason(path, entry)
            # Asked last: reading ignore files is worth nothing for what is left out anyway.
            if not reason and ignore_files is not None and ignore_files.ignores(path, is_folder):
                reason = IGNORED
            if is_folder and not reason:
                folders.append(path)
            else:
                yield path + "/" * is_folder, reason


def scan(root: str, below: str, count: Count) -> "list[os.DirEntry[str]]":
    """The entries of a folder below a root, each counted. Raises `OSError`."""
    entries = []
    # Read to its end before anything is made of it: the descriptor must not stay open while deeper folders are read.
    with os.scandir(os.path.join(root, below)) as found:
        for entry in found:
            count()
            entries.append(entry)
    return entries


def is_real_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder itself, and no link to one."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        # A file system that does not tell kinds, and a path that is too long to ask.
        return False


def skip_reason(path: str, entry: "os.DirEntry[str]") -> str:
    """Why to leave out what is not a folder; an empty text for a file that is read."""
    # What a user would name first: a hidden link is hidden.
    if entry.name.startswith("."):
        return "hidden"
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError as error:
        return f"unreadable: {error.strerror}"
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
