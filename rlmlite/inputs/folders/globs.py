"""Globs: the files that a pattern such as `logs/**/*.log` matches, as a shell would.

`*` matches no hidden name. `**` crosses folders but not links; a link to a folder is followed where the pattern names
it. Not `glob.glob`: that follows links under `**`, and a loop of links would never end.

The pattern is run as a machine whose states are its parts: a folder is entered once, with all states that lead to it.

    a/**/b      parts 0 1 2             in the root                  state 0
                                        in a/                        states 1 and 2, since `**` may be no folder at all
                                        in a/x/                      states 1 and 2
                                        a/b, a/x/b                   matched by state 2, the last
"""

import fnmatch
import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rlmlite.inputs.folders.listing import Count, Listing, is_real_folder, make_listing, scan, skip_reason

_ANY_FOLDERS = "**"


def is_glob(path: str) -> bool:
    """Whether a path is a pattern. A file that is really called `a[1].txt` is not a pattern."""
    return glob.has_magic(path) and not os.path.lexists(path)


def list_glob(pattern: str, count: Count = lambda: None) -> Listing:
    """The files that a glob matches; a folder that matches is not entered. Raises what `count` raises."""
    # `a/b/*.log` is searched from `a/b`, which must not be matched itself: its own name may contain a bracket.
    parts = Path(pattern).parts
    first_magic = 0
    while not glob.has_magic(parts[first_magic]):
        first_magic += 1
    plain_parts, pattern_parts = parts[:first_magic], parts[first_magic:]
    # Without plain parts this is `.`, the folder where the user is.
    root = str(Path(*plain_parts))
    return make_listing(root, _matches(root, pattern_parts, count))


def _matches(root: str, parts: Sequence[str], count: Count) -> Iterator[tuple[str, str]]:
    """(path, reason to leave it out or an empty text) for what matches all parts below a root, each path once.

    A folder that cannot be read is among them: there is no telling what it holds.
    """
    if parts[-1] == _ANY_FOLDERS:
        # A last `**` stands for the files in all these folders.
        parts = [*parts, "*"]
    folders = [("", _with_skipped({0}, parts))]
    while folders:
        below, states = folders.pop()
        try:
            entries = scan(root, below, count)
        except OSError as error:
            # A root that is missing or no folder matches nothing, as in a shell.
            if below or isinstance(error, PermissionError):
                yield f"{below}/", f"unreadable: {error.strerror}"
            continue
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            inner = _states_in(entry, states, parts)
            if inner:
                folders.append((path, _with_skipped(inner, parts)))
            if len(parts) - 1 in states and _matches_part(entry, parts[-1]) and not _leads_to_folder(entry):
                yield path, skip_reason(path, entry)


def _states_in(entry: "os.DirEntry[str]", states: set[int], parts: Sequence[str]) -> set[int]:
    """The states in which a folder is entered; none for what is not a folder, or does not match."""
    inner: set[int] = set()
    for state in states:
        if parts[state] == _ANY_FOLDERS:
            if _matches_part(entry, "*") and is_real_folder(entry):
                inner.add(state)
        elif state + 1 < len(parts) and _matches_part(entry, parts[state]) and _leads_to_folder(entry):
            inner.add(state + 1)
    return inner


def _with_skipped(states: set[int], parts: Sequence[str]) -> set[int]:
    """The states, with those behind a `**` that stands for no folder."""
    reached = set(states)
    for state in range(min(states), len(parts)):
        if state in reached and parts[state] == _ANY_FOLDERS:
            reached.add(state + 1)
    return reached


def _matches_part(entry: "os.DirEntry[str]", part: str) -> bool:
    is_hidden = entry.name.startswith(".") and not part.startswith(".")
    return not is_hidden and fnmatch.fnmatchcase(entry.name, part)


def _leads_to_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder or a link to one."""
    try:
        return entry.is_dir()
    except OSError:
        # Links in a circle, or a path that is too long.
        return False
