"""Extra files: names in a trace's folder that no writer of traces makes.

They are no part of the trace, so nothing vouches for them. A reader says that they are there: whoever is sent a folder
might take a `notes.txt` in it, or a nested run that no call began, for something that was checked.
"""

from collections.abc import Iterator
from typing import Final

from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import (
    BLOBS,
    CHECKPOINT,
    EFFECTS,
    HEX,
    JOURNAL,
    LARGE_FOLDER,
    ORIGIN,
    RECORDS,
    STORE,
    TIMING,
)

NESTED_FOLDER: Final = "nested"
_KNOWN: Final = frozenset(
    {
        RECORDS,
        BLOBS,
        EFFECTS,
        JOURNAL,
        TIMING,
        STORE,
        LARGE_FOLDER,
        NESTED_FOLDER,
        "run.key",
        "lock",
        ORIGIN,
        CHECKPOINT,
    }
)
_NAMED: Final = 100
"""At most so many extra names are told: a folder may hold millions."""


def extra_files(folder: Folder) -> tuple[str, ...]:
    """The names, sorted, with the folder for those in `blobs/`. At most 100; then the last is `...`."""
    names = sorted(_extra_in(folder))
    return tuple(names) if len(names) <= _NAMED else (*names[:_NAMED], "...")


def _extra_in(folder: Folder) -> Iterator[str]:
    yield from (name for name in folder.names() if name not in _KNOWN)
    if folder.exists(LARGE_FOLDER):
        with folder.below(LARGE_FOLDER) as large:
            yield from (f"{LARGE_FOLDER}/{name}" for name in large.names() if HEX.fullmatch(name) is None)
