"""Nested runs: their traces lie in their parent's folder, and their roots stand in their parent's records.

    A.rlm/effects.jsonl              a call, id 2919…, whose `child` has the root 8c0…
    A.rlm/nested/2919….rlm/          the trace of that run: its root must be 8c0…, its `parent` 2919…

The parent commits to the child by its root and the child names its call, so neither can be exchanged alone. A child's
trace may be absent, since the parent's proof does not need it; it may not differ.
"""

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
    """Whether the trace of a nested run is here, and is the one that its parent recorded."""

    SAME = "same"
    ABSENT = "absent"
    DIFFERS = "differs"


class NestedTrace(msgspec.Struct, frozen=True):
    """A nested run: the id of its call, the root that the parent recorded, and how its trace compares.

    `reason` says in what it differs; otherwise it is empty.
    """

    id: str
    root: str
    standing: Standing
    reason: str = ""


def nested_place(parent: Path, id_: str) -> Path:
    """The folder of a nested run's trace, by its parent's folder and the id of its call. It need not exist."""
    return parent / FOLDER / f"{id_}{SUFFIX}"


def nested_traces(trace: CheckedTrace, path: Path) -> Iterator[NestedTrace]:
    """The nested runs of a trace at `path`, to any depth, each verified against its recorded root.

    Below a trace that is absent or differs nothing is looked at.
    """
    for seq in range(trace.size):
        for call in trace.effects(seq):
            if call.child is not None and call.child.root:
                yield from _check_nested(call.id, call.child.root, nested_place(path, call.id))


def _check_nested(id_: str, root: str, place: Path) -> Iterator[NestedTrace]:
    if not place.exists():
        yield NestedTrace(id_, root, Standing.ABSENT)
        return
    try:
        child = verify(place, root)
    except TraceError as error:
        yield NestedTrace(id_, root, Standing.DIFFERS, str(error))
        return
    if child.genesis.parent != id_:
        yield NestedTrace(id_, root, Standing.DIFFERS, "it is the trace of another call")
        return
    yield NestedTrace(id_, root, Standing.SAME)
    yield from nested_traces(child, place)
