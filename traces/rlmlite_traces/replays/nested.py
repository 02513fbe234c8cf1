"""Nested runs: their traces lie in their parent's folder, and their roots stand in their parent's records."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import msgspec

from rlmlite_traces.errors import TraceError
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.format.verify import verify

FOLDER = "nested"
SUFFIX = ".rlm"


class Standing(Enum):
    """What there is of a nested run's trace."""

    SAME = "same"
    ABSENT = "absent"
    DIFFERS = "differs"


class NestedTrace(msgspec.Struct, frozen=True):
    """A nested run, by its call's id: the root that the parent recorded, and whether that trace is here."""

    id: str
    root: str
    standing: Standing
    reason: str = ""


def nested_place(parent: Path, id_: str) -> Path:
    """The folder of the trace of a nested run."""
    return parent / FOLDER / f"{id_}{SUFFIX}"


def nested_traces(trace: CheckedTrace, path: Path) -> Iterator[NestedTrace]:
    """The nested runs of a trace at `path`, those of nested runs included, each verified against its recorded root."""
    for seq in range(trace.size):
        for call in trace.effects(seq):
            if call.child is not None and call.child.root:
                yield from _check_nested(call.id, call.child.root, nested_place(path, call.id))


def _check_nested(id_: str, root: str, place: Path) -> Iterator[NestedTrace]:
    if not place.exists():
        yield NestedTrace(id_, root, Standing.ABSENT)
        return
    try:
        found = verify(place, root)
    except TraceError as error:
        yield NestedTrace(id_, root, Standing.DIFFERS, str(error))
        return
    if found.genesis.parent != id_:
        yield NestedTrace(id_, root, Standing.DIFFERS, "it is the run of another call")
        return
    yield NestedTrace(id_, root, Standing.SAME)
    yield from nested_traces(found, place)
