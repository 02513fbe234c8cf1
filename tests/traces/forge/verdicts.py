"""What `verify` and `replay` say of a forgery, in one word or two, as the table has it."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from rlmlite.cli.commands.traces.replaying.recheck import Recheck
from rlmlite_kernel.records.call_lines import lines_of, request_id
from rlmlite_kernel.records.canonical import NotCanonicalError
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import Effects, Entry, Genesis, Step, Turn
from rlmlite_traces import (
    CheckedTrace,
    OverLimitError,
    Standing,
    TraceError,
    UnknownFormatError,
    nested_traces,
    replay,
    verify,
)
from tests.traces import handmade
from tests.traces.forge.folders import dropped_strays

BROKEN, FORGED, UNVERIFIABLE, ENGINES, REPRODUCED = (
    "does not verify",
    "forged",
    "unverifiable",
    "engines",
    "reproduced",
)
ORDER: Final = (REPRODUCED, ENGINES, UNVERIFIABLE, FORGED, BROKEN)
"""From what a forger wants to what finds him soonest."""


def rechained(entries: list[Entry], field: str = "") -> list[Entry]:
    """The entries with everything recomputed that follows from others: ids of calls, roots and counts of steps.

    What a step says of its calls stays where that is the `field` that was changed.
    """
    run = entries[0].record.run if isinstance(entries[0].record, Genesis) else ""
    turn, first = 0, 0
    done: list[Entry] = []
    for entry in entries:
        record = entry.record
        if isinstance(record, Turn):
            turn, first = record.turn, 0
        if isinstance(record, Step):
            first = first or record.step
            if entry.effects:
                entry = _recommitted(entry, record, run, turn, record.step - first, field)
        done.append(entry)
    return done


def _recommitted(entry: Entry, record: Step, run: str, turn: int, place: int, field: str) -> Entry:
    calls = entry.effects
    if field != "CallsHead.id":
        calls = tuple(
            msgspec.structs.replace(call, id=request_id(run, turn, place, call.round, call.index - call.first))
            for call in calls
        )
    if record.effects is None or field.startswith("Effects."):
        return Entry(record, entry.blobs, calls)
    failed = sum(call.result is None for call in calls)
    rounds = len({call.round for call in calls})
    effects = Effects(n=len(calls), root=root_of(lines_of(calls)), failed=failed, rounds=rounds)
    return Entry(msgspec.structs.replace(record, effects=effects), entry.blobs, calls)


def judge(entries: list[Entry], field: str = "", nested: Path | None = None) -> str:
    """The verdict on a trace of these entries, of which one `field` lies; `nested` is the folder of its nested runs."""
    try:
        files = dropped_strays(handmade.encode(rechained(entries, field))[0])
        trace = verify(handmade.unchecked_trace(files))
        if nested is not None and _contradicts(trace, nested):
            return BROKEN
    except OverLimitError:
        return BROKEN
    except (TraceError, NotCanonicalError):
        return BROKEN
    try:
        return str(replay(trace, controller_check=Recheck()).verdict.value)
    except UnknownFormatError:
        return BROKEN  # a flag that nobody knows is refused, and nothing is executed


def _contradicts(trace: CheckedTrace, nested: Path) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "a.rlm"
        shutil.copytree(nested, place / "nested")
        return any(each.standing is Standing.DIFFERS for each in nested_traces(trace, place))
