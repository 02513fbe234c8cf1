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
    INPUTS_FOLDER,
    JOURNAL,
    LARGE_FOLDER,
    ORIGIN,
    RECORDS,
    REDACTIONS,
    SIGNATURES,
    STORE,
    TIMING,
)

NESTED_FOLDER: Final = "nested"
PACKED: Final = frozenset(
    {RECORDS, BLOBS, EFFECTS, TIMING, SIGNATURES, REDACTIONS, LARGE_FOLDER, INPUTS_FOLDER, NESTED_FOLDER}
)
"""What may be passed on. Keys, locks, notes of this machine and calls under way are for the one who runs it."""

_KNOWN: Final = PACKED | {JOURNAL, STORE, "run.key", "lock", ORIGIN, CHECKPOINT}
_NAMED: Final = 100
"""At most so many extra names are told: a folder may hold millions."""


def extra_files(folder: Folder) -> tuple[str, ...]:
    """The names, sorted, with the folder for those in `blobs/`. At most 100; then the last is `...`."""
    names = sorted(_extra_in(folder))
    return tuple(names) if len(names) <= _NAMED else (*names[:_NAMED], "...")


def _extra_in(folder: Folder) -> Iterator[str]:
    known = PACKED if folder.is_packed else _KNOWN
    yield from (name for name in folder.names() if name not in known)
    for name in (LARGE_FOLDER, INPUTS_FOLDER):
        if folder.exists(name):
            with folder.below(name) as below:
                yield from (f"{name}/{each}" for each in below.names() if HEX.fullmatch(each) is None)
