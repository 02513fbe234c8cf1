"""Walking the nested runs of a trace: each folder is verified once, and compared with the calls that name it.

    A.rlm/effects.jsonl              a call, id 2919…, whose `child` has the root 8c0…
    A.rlm/nested/2919….rlm/          the trace of that run: its root must be 8c0…, its `parent` 2919…

The parent commits to the child by its root and the child names its call, so neither can be exchanged alone. A child's
trace may be absent, since the parent's proof does not need it; it may not differ (`binding`).

A stranger may write one id into thirty calls, on eight levels: 30^8 paths through eight folders. So calls are grouped
by the folder that they name, and a folder is opened once however many calls name it. Folders lie within each other and
links are refused, so no walk comes back to where it was. Levels and folders have the reader's bounds.
"""

import re
import stat
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

import msgspec

from rlmlite_kernel.records.records import EffectRecord, Step
from rlmlite_traces.errors import OverLimitError, TraceError
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.format.verify import verify
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.reading.nested.binding import find_contradiction

FOLDER = "nested"
SUFFIX = ".rlm"

_ID = re.compile(r"[0-9a-f]{32}")


class Standing(Enum):
    """Whether the trace of a nested run is here, and is the one that its parent recorded."""

    SAME = "same"
    ABSENT = "absent"
    DIFFERS = "differs"


class NestedTrace(msgspec.Struct, frozen=True):
    """A nested run: the id of its call, the root that the parent recorded, and how its trace compares.

    `reason` says in what it differs; otherwise it is empty. `place` is its folder, `trace` the trace where it is the
    recorded one. `used` is what its parent recorded that it used.
    """

    id: str
    root: str
    standing: Standing
    reason: str = ""
    place: Path | None = None
    trace: CheckedTrace | None = None
    used: Mapping[str, int] = {}


def nested_place(parent: Path, id_: str) -> Path:
    """The folder of a nested run's trace, by its parent's folder and the id of its call. It need not exist.

    Raises `ValueError` for what is not an id: it becomes part of a path, and may come from a stranger's trace.
    """
    if _ID.fullmatch(id_) is None:
        raise ValueError(f"{id_[:64]!r} is not the id of a call: 32 hex digits")
    return parent / FOLDER / f"{id_}{SUFFIX}"


def nested_traces(trace: CheckedTrace, path: Path, limits: ReaderLimits = READER_LIMITS) -> Iterator[NestedTrace]:
    """The nested runs of a trace at `path`, to any depth, each verified and compared with its recorded call.

    Below a trace that is absent or differs nothing is looked at. Raises `OverLimitError`.
    """
    yield from _Walk(limits).below(trace, path, depth=1)


class _Walk:
    """One walk through nested traces, and how many it has opened."""

    def __init__(self, limits: ReaderLimits) -> None:
        self._limits, self._opened = limits, 0

    def below(self, trace: CheckedTrace, path: Path, depth: int) -> Iterator[NestedTrace]:
        """The nested runs of one trace, and those below them."""
        for id_, calls in _calls_by_id(trace).items():
            self._limits.check("nested_depth", depth, "nested runs are recorded to level")
            found = self._compare(trace, path, id_, calls)
            yield found
            if found.trace is not None and found.place is not None:
                yield from self.below(found.trace, found.place, depth + 1)

    def _compare(
        self, parent: CheckedTrace, path: Path, id_: str, calls: list[tuple[Step, EffectRecord]]
    ) -> NestedTrace:
        """How the trace under an id compares with the calls of that id, of which an honest trace has one."""
        _, first = calls[0]
        root = "" if first.child is None else first.child.root
        try:
            place = nested_place(path, id_)
            if not is_there(path, place):
                return NestedTrace(id_, root, Standing.ABSENT)
            self._opened += 1
            self._limits.check("nested_traces", self._opened, "the trace and those below it have nested runs:")
            child = verify(place, limits=self._limits)
        except OverLimitError:
            raise  # not a difference: the reader has to decide
        except (TraceError, ValueError) as error:
            return NestedTrace(id_, root, Standing.DIFFERS, str(error))
        for step, call in calls:
            contradiction = find_contradiction(parent, step, call, child)
            if contradiction:
                return NestedTrace(id_, root, Standing.DIFFERS, contradiction)
        used = {} if first.child is None else first.child.used
        return NestedTrace(id_, root, Standing.SAME, place=place, trace=child, used=used)


def _calls_by_id(trace: CheckedTrace) -> dict[str, list[tuple[Step, EffectRecord]]]:
    """The calls whose nested run has a trace, by their id, each with its step."""
    by_id: dict[str, list[tuple[Step, EffectRecord]]] = {}
    for seq, record in enumerate(trace.records):
        if isinstance(record, Step) and record.effects is not None:
            for call in trace.effects(seq):
                if call.child is not None and call.child.root:
                    by_id.setdefault(call.id, []).append((record, call))
    return by_id


def is_there(parent: Path, place: Path) -> bool:
    """Whether a folder is there. Raises `ValueError` for a link, in it or above it: it could lead anywhere."""
    with Folder.open(parent) as folder:
        if not _has_folder(folder, FOLDER):
            return False
        with folder.below(FOLDER) as nested:
            return _has_folder(nested, place.name)


def _has_folder(folder: Folder, name: str) -> bool:
    if not folder.exists(name):
        return False
    if not stat.S_ISDIR(folder.status(name).st_mode):
        raise ValueError(f"{name} is not a folder of the trace")
    return True
