"""`rlmlite store`: what is in a store, what can go, and whether it is sound."""

from pathlib import Path

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import guarded
from rlmlite.cli.output.printing import emit, indented, say
from rlmlite.cli.settings.config import load
from rlmlite.runs.log import DEFAULT_STORE
from rlmlite_traces import DirectoryStore, FileBlobs
from rlmlite_traces.blobs.directory import (
    GRACE_SECONDS,
    Collected,
    Held,
    Layout,
    collect,
    damaged,
    found,
    held_objects,
    set_aside,
)


def ls(store: Path | None, *, as_json: bool) -> Exit:
    """`store ls`: every object and who needs it."""
    return guarded(lambda: _ls(_layout(store), as_json), as_json=as_json)


def gc(store: Path | None, grace: int | None, *, dry_run: bool, forget_missing: bool, as_json: bool) -> Exit:
    """`store gc`: remove what nobody needs."""
    seconds = GRACE_SECONDS if grace is None else grace
    return guarded(lambda: _gc(_layout(store), seconds, dry_run, forget_missing, as_json), as_json=as_json)


def verify(store: Path | None, *, quarantine: bool, as_json: bool) -> Exit:
    """`store verify`: hash every object again."""
    return guarded(lambda: _verify(_layout(store), quarantine, as_json), as_json=as_json)


def blobs_for_replay(store: Path | None) -> FileBlobs:
    """What the inputs of a replay are read through: the default store need not be there. Nothing is put there."""
    if store is None and not DEFAULT_STORE.exists():
        return FileBlobs()
    return FileBlobs(store=DirectoryStore.found(store or DEFAULT_STORE))


def _layout(store: Path | None) -> Layout:
    """The store of the flag, else of the settings, else the default one."""
    return found(store or load({}).store or DEFAULT_STORE)


def _ls(layout: Layout, as_json: bool) -> Exit:
    if as_json:
        emit(value=[msgspec.to_builtins(held) for held in held_objects(layout)], store=str(layout.path))
        return Exit.COMPLETED
    count = size = 0
    for held in held_objects(layout):
        count, size = count + 1, size + held.size
        say(f"{held.digest} {held.size:>15,} bytes  {_age(held.age):>6}  {_needed_by(held)}")
    say(f"{count:,} objects, {size:,} bytes")
    return Exit.COMPLETED


def _needed_by(held: Held) -> str:
    return ", ".join([*held.traces, *(f"process {number}" for number in held.processes)]) or "-"


def _age(seconds: int) -> str:
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def _gc(layout: Layout, grace: int, dry_run: bool, forget_missing: bool, as_json: bool) -> Exit:
    collected = collect(layout, grace=grace, dry_run=dry_run, forget_missing=forget_missing)
    if as_json:
        emit(value=msgspec.to_builtins(collected), store=str(layout.path), dry_run=dry_run)
    else:
        _print(collected, dry_run, forget_missing)
    return Exit.COMPLETED


def _print(collected: Collected, dry_run: bool, forget_missing: bool) -> None:
    would = "would be " if dry_run else ""
    say(f"{len(collected.removed):,} objects and {collected.leftovers:,} unfinished files {would}removed")
    say(f"{collected.freed:,} bytes {would}freed")
    reasons = {"lease": "for running processes", "trace": "for traces", "young": "because they were used lately"}
    for reason, words in reasons.items():
        if collected.kept[reason]:
            say(f"{collected.kept[reason]:,} objects stay {words}")
    if collected.missing:
        say(f"{len(collected.missing):,} traces are not where they were:", "yellow")
        for trace in collected.missing[:_LISTED]:
            indented(trace)
        if len(collected.missing) > _LISTED:
            indented(f"... and {len(collected.missing) - _LISTED:,} more")
        if not forget_missing:
            say("what they need stays; if they are gone for good, say --forget-missing")


_LISTED = 10


def _verify(layout: Layout, quarantine: bool, as_json: bool) -> Exit:
    checked, wrong = 0, []
    for digest, fault in damaged(layout):
        checked += 1
        if fault is not None:
            wrong.append(fault)
            if quarantine:
                set_aside(layout, digest)
    if as_json:
        emit(value=[msgspec.to_builtins(fault) for fault in wrong], store=str(layout.path), objects=checked)
    else:
        for fault in wrong:
            say(f"{fault.digest} is damaged: found {fault.found}", "red")
        say(f"{checked:,} objects, {len(wrong):,} damaged", "red" if wrong else "green")
        if wrong:
            say(f"they were moved to {layout.quarantine}" if quarantine else "move them aside with --quarantine")
    return Exit.BROKEN if wrong else Exit.COMPLETED
