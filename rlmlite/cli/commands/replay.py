"""`rlmlite trace replay`: every step is executed again, offline, with the recorded results of calls."""

from pathlib import Path

import msgspec

from rlmlite.cli.commands.reparse import Reparsed, reparse
from rlmlite.cli.commands.store import blobs_for_replay
from rlmlite.cli.commands.trace import verified
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import guarded
from rlmlite.cli.output.printing import emit, say
from rlmlite.cli.settings.config import load, reading_flags
from rlmlite.errors import SettingError
from rlmlite.inputs import deriving
from rlmlite.terminal import one_line
from rlmlite_traces import CheckedTrace, Replayed, Verdict, replay

EXITS = {
    Verdict.REPRODUCED: Exit.COMPLETED,
    Verdict.FORGED: Exit.DIFFERS,
    Verdict.ENGINES: Exit.ENGINES,
    Verdict.UNVERIFIABLE: Exit.UNVERIFIABLE,
}


def replay_trace(
    trace: Path,
    root: str | None,
    at_least: str,
    inputs: list[str],
    read: list[str],
    store: Path | None,
    *,
    as_json: bool,
) -> Exit:
    """The command."""

    def work() -> Exit:
        settings = load({"reading": reading_flags(read) or None})
        checked = verified(trace, root, at_least)
        blobs = blobs_for_replay(store or settings.store)
        found = replay(checked, places(inputs), blobs, derive=deriving(settings.reading))
        return _said(trace, checked, found, as_json)

    return guarded(work, as_json=as_json)


def _said(trace: Path, checked: CheckedTrace, found: Replayed, as_json: bool) -> Exit:
    reparsed = reparse(checked)
    if as_json:
        emit(
            value=found.verdict.value,
            trace=str(trace),
            root=checked.root,
            level=checked.level.name,
            executed=found.executed,
            steps=found.steps,
            difference=msgspec.to_builtins(found.difference),
            missing=found.missing,
            engines=found.engines,
            texts=msgspec.to_builtins(reparsed),
        )
    else:
        print_replayed(found)
        _print_reparsed(reparsed)
    return max(EXITS[found.verdict], Exit.COMPLETED if reparsed.differs is None else Exit.DIFFERS)


def _print_reparsed(reparsed: Reparsed) -> None:
    if reparsed.differs is not None:
        say(f"turn {reparsed.differs}: its text is another program than the one that was executed", "red")
    elif reparsed.skipped:
        say(f"texts of programs were not read again: {reparsed.skipped}", "yellow")
    else:
        say(f"texts of programs: {reparsed.texts:,} read again, each gives the program that was executed")


def print_replayed(found: Replayed) -> None:
    """The verdict in words."""
    sentence, colour = _SENTENCES[found.verdict]
    say(f"replayed: {found.verdict.value}: {found.executed:,} of {found.steps:,} steps re-executed; {sentence}", colour)
    for name, (recorded, here) in found.engines.items():
        say(f"    {name}: recorded {recorded}, here {here}")
    for name, reason in found.missing.items():
        say(f"    input {name} is not to be had: {one_line(reason)}; say where it is with --input {name}=PATH")
    if found.difference is not None:
        say(f"    record {found.difference.seq}, {found.difference.field}:")
        say(f"        recorded {one_line(found.difference.recorded)}")
        say(f"        computed {one_line(found.difference.computed)}")


_SENTENCES = {
    Verdict.REPRODUCED: ("every record is what the kernel computes", "green"),
    Verdict.FORGED: ("a record is not what the kernel computes from the one before", "red"),
    Verdict.ENGINES: ("a record differs, and other engines wrote it, which may be why", "yellow"),
    Verdict.UNVERIFIABLE: (
        "no difference as far as it goes; steps that need what is missing were left out",
        "yellow",
    ),
}


def places(inputs: list[str]) -> dict[str, Path]:
    """Where inputs are now, from `name=PATH`. Raises `SettingError`."""
    found: dict[str, Path] = {}
    for text in inputs:
        name, _, path = text.partition("=")
        if not name or not path:
            raise SettingError(f"--input {text}: write --input name=PATH")
        found[name] = Path(path)
    return found
