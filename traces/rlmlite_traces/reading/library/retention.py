"""Retention: which traces are old enough to go, and which stay, each with the reason.

    older than 30 days, sealed                 goes
    written since                              stays: young
    without a seal                             stays: open, unless that is asked for
    being written                              stays: locked, whatever is asked for
    no records that can be read                stays: unreadable, since nobody knows what it is
    packed                                     stays: packed, since somebody made that file to keep it

Nothing is removed here, and nothing is verified: a seal is what the last line says.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from rlmlite_traces.reading.library.summary import OPEN, UNREADABLE, find_traces, summarize
from rlmlite_traces.writing.removal import is_locked

YOUNG: Final = "young"
LOCKED: Final = "locked"
PACKED: Final = "packed"
"""Why a trace stays, beside `OPEN` and `UNREADABLE`."""


class Disposal(msgspec.Struct, frozen=True):
    """A trace with what is to become of it: `keep` is why it stays, empty if it goes.

    `age` is in seconds, `size` in bytes of all files below its folder.
    """

    path: Path
    age: float
    size: int
    keep: str = ""


def plan_disposal(places: Iterable[Path], older_than: float, now: float, *, with_open: bool) -> Iterator[Disposal]:
    """What is to become of each trace below some places. `older_than` and `now` are in seconds."""
    for path in find_traces(places):
        summary = summarize(path)
        age = max(0.0, now - summary.written)
        keep = ""
        if path.is_file():
            keep = PACKED
        elif summary.status == UNREADABLE:
            keep = UNREADABLE
        elif age < older_than:
            keep = YOUNG
        elif is_locked(path):
            keep = LOCKED
        elif summary.status == OPEN and not with_open:
            keep = OPEN
        yield Disposal(path, age, _size(path), keep)


def _size(path: Path) -> int:
    """The bytes of all files below a folder. Links are not followed, and count nothing."""
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            total += os.lstat(os.path.join(folder, name)).st_size
    return total
