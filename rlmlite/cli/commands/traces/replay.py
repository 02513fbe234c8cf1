"""`rlmlite trace replay`: every step is executed again, offline, with the recorded results of calls.

Two questions are answered apart. Does the kernel, given the programs as they were recorded, compute every record again?
And does the recorded text of each program still parse to the program that was executed? The first needs no parser, the
second no kernel, and each can fail alone.
"""

from pathlib import Path

import msgspec

from rlmlite.cli.commands.traces.reparse import ReparseResult, reparse
from rlmlite.cli.commands.traces.show import verify_trace
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.cli.settings.config import load, reading_flags
from rlmlite.errors import SettingError
from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite.guard.origin import is_begun_here
from rlmlite.guard.terminal import one_line
from rlmlite.inputs import deriving
from rlmlite.runs.log import DEFAULT_STORE
from rlmlite_traces import CheckedTrace, DirectoryStore, FileBlobs, Replayed, Verdict, replay

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
        checked = verify_trace(trace, root, at_least)
        is_own = is_begun_here(trace, checked)
        blobs = _blobs(store or settings.store, is_own)
        places = places_of(inputs)
        derive = deriving(settings.reading)
        replayed = replay(checked, places, blobs, recorded_paths=is_own, derive=derive, parser=CODE_PARSER)
        return _report(trace, checked, replayed, as_json)

    return exit_code_of(work, as_json=as_json)


def _blobs(store: Path | None, is_own: bool) -> FileBlobs:
    """The blobs through which a replay reads its inputs.

    Without a word of the user, only a run that was begun here may be looked for in the default store, which need not
    exist. Nothing is added to any store.
    """
    if store is None and not (is_own and DEFAULT_STORE.exists()):
        return FileBlobs()
    return FileBlobs(store=DirectoryStore.open_to_read(store or DEFAULT_STORE))


def _report(trace: Path, checked: CheckedTrace, replayed: Replayed, as_json: bool) -> Exit:
    reparsed = reparse(checked)
    if as_json:
        print_json(
            value=replayed.verdict.value,
            trace=str(trace),
            root=checked.root,
            level=checked.level.name,
            executed=replayed.executed,
            steps=replayed.steps,
            difference=msgspec.to_builtins(replayed.difference),
            missing=replayed.missing,
            engines=replayed.engines,
            texts_compared=replayed.texts_compared,
            not_executed=replayed.not_executed,
            stopped=replayed.stopped,
            texts=msgspec.to_builtins(reparsed),
        )
    else:
        print_replay(replayed)
        _print_reparse(reparsed)
    of_replay = EXITS[replayed.verdict]
    of_texts = Exit.COMPLETED if reparsed.differs is None else Exit.DIFFERS
    return max(of_replay, of_texts)


def _print_reparse(reparsed: ReparseResult) -> None:
    if reparsed.differs is not None:
        say(f"turn {reparsed.differs}: its text no longer parses to the program that was executed", "red")
    elif reparsed.skipped:
        say(f"texts of programs were not parsed again: {reparsed.skipped}", "yellow")
    else:
        say(f"texts of programs: {reparsed.texts:,} parsed again, each to the program that was executed")


def print_replay(replayed: Replayed) -> None:
    """The verdict in words."""
    sentence, colour = _SENTENCES[replayed.verdict]
    if replayed.verdict is Verdict.REPRODUCED and replayed.not_executed:
        sentence, colour = "every other record is what the kernel computes", "yellow"
    verdict = replayed.verdict.value
    say(f"replayed: {verdict}: {replayed.executed:,} of {replayed.steps:,} steps re-executed; {sentence}", colour)
    if replayed.not_executed:
        total = sum(replayed.not_executed.values())
        codes = ", ".join(f"{count:,} {code}" for code, count in replayed.not_executed.items())
        say(f"    {total:,} steps not re-executed: the record says that the machine failed there ({codes})", "yellow")
    if replayed.stopped:
        say(f"    {replayed.stopped}: raise --max-memory, or replay it on a machine with more memory", "yellow")
    # Below the verdict, what it rests on: what could not be compared, and why there may be a difference.
    if not replayed.texts_compared:
        say("    texts of observations were not compared: another version worded them", "yellow")
    for name, (recorded, here) in replayed.engines.items():
        say(f"    {name}: recorded {recorded}, here {here}")
    for name, reason in replayed.missing.items():
        say(f"    input {name} is not available: {one_line(reason)}; say where it is with --input {name}=PATH")
    difference = replayed.difference
    if difference is not None:
        say(f"    record {difference.seq}, {difference.field}:")
        say(f"        recorded {one_line(difference.recorded)}")
        say(f"        computed {one_line(difference.computed)}")


_SENTENCES = {
    Verdict.REPRODUCED: ("every record is what the kernel computes", "green"),
    Verdict.FORGED: ("a record is not what the kernel computes from the one before", "red"),
    Verdict.ENGINES: (
        "a record differs; other versions of the engines wrote it, which may be why",
        "yellow",
    ),
    Verdict.UNVERIFIABLE: (
        "no difference in the steps that could be executed; the others need a missing input, or more memory",
        "yellow",
    ),
}


def places_of(inputs: list[str]) -> dict[str, Path]:
    """Where inputs are now, by name, from `name=PATH`. Raises `SettingError`."""
    places: dict[str, Path] = {}
    for text in inputs:
        name, _, path = text.partition("=")
        if not name or not path:
            raise SettingError(f"--input {text}: write --input name=PATH")
        places[name] = Path(path)
    return places
