"""`rlmlite store`: list a store's objects (`ls`), remove what nobody needs (`gc`), check for damage (`verify`).

This only prints; what the commands do is in `rlmlite_traces.blobs.directory`. All three are safe while other processes
use the store: an object on which a running process has a lease, or that a trace needs, is never removed.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_indented, print_json, say
from rlmlite.cli.settings.config import load
from rlmlite.guard.places import without_links
from rlmlite.runs.settings.setting import DEFAULT_STORE
from rlmlite_traces.blobs.directory import (
    GRACE_SECONDS,
    CollectionReport,
    Damage,
    Layout,
    ObjectUse,
    check_objects,
    collect,
    list_objects,
    open_layout,
    quarantine_object,
)


def ls(store: Path | None, *, as_json: bool) -> Exit:
    """`store ls`: list every object, with the traces and processes that need it."""
    return exit_code_of(lambda: _ls(_layout(store), as_json), as_json=as_json)


def gc(store: Path | None, grace: int | None, *, dry_run: bool, forget_missing: bool, as_json: bool) -> Exit:
    """`store gc`: remove the objects that no trace and no process needs. `grace` is in seconds."""
    seconds = GRACE_SECONDS if grace is None else grace
    return exit_code_of(lambda: _gc(_layout(store), seconds, dry_run, forget_missing, as_json), as_json=as_json)


def verify(store: Path | None, *, quarantine: bool, as_json: bool) -> Exit:
    """`store verify`: hash every object and compare it with its name; with `quarantine`, move damaged ones aside."""
    return exit_code_of(lambda: _verify(_layout(store), quarantine, as_json), as_json=as_json)


def _layout(store: Path | None) -> Layout:
    """The store that the flag names, else the settings, else the default one."""
    return open_layout(store or load({}).store or without_links(DEFAULT_STORE))


def _ls(layout: Layout, as_json: bool) -> Exit:
    if as_json:
        print_json(value=[msgspec.to_builtins(entry) for entry in list_objects(layout)], store=str(layout.path))
        return Exit.COMPLETED
    count = total_bytes = 0
    # Printed one by one, so that the first lines of a large store appear at once.
    for entry in list_objects(layout):
        count += 1
        total_bytes += entry.size
        say(f"{entry.digest} {entry.size:>15,} bytes  {_format_age(entry.age):>6}  {_needed_by(entry)}")
    say(f"{_quantity(count, 'object')}, {total_bytes:,} bytes")
    return Exit.COMPLETED


def _quantity(count: int, noun: str) -> str:
    """A number with its noun, in the singular or the plural."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _needed_by(entry: ObjectUse) -> str:
    processes = [f"process {number}" for number in entry.processes]
    return ", ".join([*entry.traces, *processes]) or "-"


def _format_age(seconds: int) -> str:
    """An age in its largest unit, rounded down."""
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
    "lease": "in use by a running process",
    "trace": "needed by a trace",
    "young": "used recently",
}
"""The words for each reason in `CollectionReport.kept`."""

_TRACES_LISTED = 10


def _print(collected: CollectionReport, dry_run: bool, forget_missing: bool) -> None:
    would = "would be " if dry_run else ""
    objects = _quantity(len(collected.removed), "object")
    leftovers = _quantity(collected.leftovers, "unfinished file")
    say(f"{objects} and {leftovers} {would}removed")
    say(f"{collected.freed:,} bytes {would}freed")
    for reason, words in _REASONS.items():
        if collected.kept[reason]:
            say(f"{_quantity(collected.kept[reason], 'object')} kept: {words}")
    if collected.missing:
        _print_missing(collected.missing, forget_missing)


def _print_missing(traces: Sequence[str], forget_missing: bool) -> None:
    """List traces that are no longer at their recorded path. They may have been moved, so their objects are kept."""
    say(f"{_quantity(len(traces), 'trace')} no longer at the recorded path:", "yellow")
    for trace in traces[:_TRACES_LISTED]:
        print_indented(trace)
    if len(traces) > _TRACES_LISTED:
        print_indented(f"... and {len(traces) - _TRACES_LISTED:,} more")
    if not forget_missing:
        say("objects that only these traces need are kept; if you deleted the traces, run again with --forget-missing")


def _verify(layout: Layout, quarantine: bool, as_json: bool) -> Exit:
    count, faults = _check_all(layout, quarantine)
    if as_json:
        print_json(value=[msgspec.to_builtins(fault) for fault in faults], store=str(layout.path), objects=count)
    else:
        _print_faults(count, faults, layout.quarantine if quarantine else None)
    return Exit.BROKEN if faults else Exit.COMPLETED


def _check_all(layout: Layout, quarantine: bool) -> tuple[int, list[Damage]]:
    """How many objects there are, and which are damaged. Each of those is moved aside as soon as it is found."""
    count, faults = 0, []
    for digest, fault in check_objects(layout):
        count += 1
        if fault is not None:
            faults.append(fault)
            if quarantine:
                quarantine_object(layout, digest)
    return count, faults


def _print_faults(count: int, faults: Sequence[Damage], quarantine: Path | None) -> None:
    """`quarantine` is the folder to which damaged objects were moved, `None` if they were not."""
    for fault in faults:
        say(f"{fault.digest} is damaged: expected that digest, found {fault.found}", "red")
    say(f"{_quantity(count, 'object')}, {len(faults):,} damaged", "red" if faults else "green")
    if not faults:
        return
    if quarantine is None:
        say("run again with --quarantine to move damaged objects aside")
    else:
        say(f"damaged objects were moved to {quarantine}")
