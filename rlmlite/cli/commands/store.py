"""`rlmlite store`: what is in a store, what can be removed, and whether its contents are intact.

All three commands are safe while other processes use the store: an object that a running process has a lease on, or
that a trace needs, is never removed.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_indented, print_json, say
from rlmlite.cli.settings.config import load
from rlmlite.runs.log import DEFAULT_STORE
from rlmlite_traces import DirectoryStore, FileBlobs
from rlmlite_traces.blobs.directory import (
    GRACE_SECONDS,
    CollectionReport,
    Layout,
    ObjectUse,
    check_objects,
    collect,
    list_objects,
    open_layout,
    quarantine_object,
)


def ls(store: Path | None, *, as_json: bool) -> Exit:
    """`store ls`: every object and who needs it."""
    return exit_code_of(lambda: _ls(_layout(store), as_json), as_json=as_json)


def gc(store: Path | None, grace: int | None, *, dry_run: bool, forget_missing: bool, as_json: bool) -> Exit:
    """`store gc`: remove what no trace and no process needs."""
    seconds = GRACE_SECONDS if grace is None else grace
    return exit_code_of(lambda: _gc(_layout(store), seconds, dry_run, forget_missing, as_json), as_json=as_json)


def verify(store: Path | None, *, quarantine: bool, as_json: bool) -> Exit:
    """`store verify`: hash every object again."""
    return exit_code_of(lambda: _verify(_layout(store), quarantine, as_json), as_json=as_json)


def blobs_for_replay(store: Path | None) -> FileBlobs:
    """What the inputs of a replay are read through: the default store need not be there. Nothing is put there."""
    if store is None and not DEFAULT_STORE.exists():
        return FileBlobs()
    return FileBlobs(store=DirectoryStore.open_existing(store or DEFAULT_STORE))


def _layout(store: Path | None) -> Layout:
    """The store of the flag, else of the settings, else the default one."""
    return open_layout(store or load({}).store or DEFAULT_STORE)


def _ls(layout: Layout, as_json: bool) -> Exit:
    if as_json:
        print_json(value=[msgspec.to_builtins(held) for held in list_objects(layout)], store=str(layout.path))
        return Exit.COMPLETED
    count = total = 0
    for held in list_objects(layout):
        count, total = count + 1, total + held.size
        say(f"{held.digest} {held.size:>15,} bytes  {_age(held.age):>6}  {_needed_by(held)}")
    say(f"{_number(count, 'object')}, {total:,} bytes")
    return Exit.COMPLETED


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _needed_by(held: ObjectUse) -> str:
    return ", ".join([*held.traces, *(f"process {number}" for number in held.processes)]) or "-"


def _age(seconds: int) -> str:
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def _gc(layout: Layout, grace: int, dry_run: bool, forget_missing: bool, as_json: bool) -> Exit:
    collected = collect(layout, grace=grace, dry_run=dry_run, forget_missing=forget_missing)
    if as_json:
        print_json(value=msgspec.to_builtins(collected), store=str(layout.path), dry_run=dry_run)
    else:
        _print(collected, dry_run, forget_missing)
    return Exit.COMPLETED


_REASONS = {
    "lease": "because running processes use them",
    "trace": "because traces need them",
    "young": "because they were used recently",
}
"""Why objects are kept."""

_TRACES_LISTED = 10


def _print(collected: CollectionReport, dry_run: bool, forget_missing: bool) -> None:
    would = "would be " if dry_run else ""
    removed, leftovers = len(collected.removed), collected.leftovers
    say(f"{_number(removed, 'object')} and {_number(leftovers, 'unfinished file')} {would}removed")
    say(f"{collected.freed:,} bytes {would}freed")
    for reason, words in _REASONS.items():
        if collected.kept[reason]:
            say(f"{_number(collected.kept[reason], 'object')} kept {words}")
    if collected.missing:
        _print_missing(collected.missing, forget_missing)


def _print_missing(traces: Sequence[str], forget_missing: bool) -> None:
    """Traces that need objects and are not where they were: moved, perhaps, so their objects are kept."""
    say(f"{_number(len(traces), 'trace')} not found in the recorded place:", "yellow")
    for trace in traces[:_TRACES_LISTED]:
        print_indented(trace)
    if len(traces) > _TRACES_LISTED:
        print_indented(f"... and {len(traces) - _TRACES_LISTED:,} more")
    if not forget_missing:
        say("the objects that they need are kept; if the traces are deleted, run again with --forget-missing")


def _verify(layout: Layout, quarantine: bool, as_json: bool) -> Exit:
    count, faults = 0, []
    for digest, fault in check_objects(layout):
        count += 1
        if fault is not None:
            faults.append(fault)
            if quarantine:
                quarantine_object(layout, digest)
    if as_json:
        print_json(value=[msgspec.to_builtins(fault) for fault in faults], store=str(layout.path), objects=count)
        return Exit.BROKEN if faults else Exit.COMPLETED
    for fault in faults:
        say(f"{fault.digest} is damaged: its content has the digest {fault.found}", "red")
    say(f"{_number(count, 'object')}, {len(faults):,} damaged", "red" if faults else "green")
    if faults:
        say(f"they were moved to {layout.quarantine}" if quarantine else "move them aside with --quarantine")
    return Exit.BROKEN if faults else Exit.COMPLETED
