"""`rlmlite trace show` and `rlmlite trace verify`."""

from pathlib import Path

import msgspec

from rlmlite.cli.exits import Exit
from rlmlite.cli.faults import guarded
from rlmlite.cli.printing import emit, say
from rlmlite_traces import CheckedTrace, Level, verify
from rlmlite_traces import show as lines_of


def show(trace: Path, *, as_json: bool) -> Exit:
    """The records of a trace, after it was verified."""
    return guarded(lambda: _show(trace, as_json), as_json=as_json)


def check(trace: Path, root: str | None, at_least: str, *, as_json: bool) -> Exit:
    """What a trace proves."""
    return guarded(lambda: _check(trace, root, at_least, as_json), as_json=as_json)


def verified(trace: Path, root: str | None, at_least: str) -> CheckedTrace:
    """The trace, checked. Raises what `rlmlite_traces.verify` raises."""
    return verify(trace, root, Level[at_least.upper()])


def _show(trace: Path, as_json: bool) -> Exit:
    checked = verified(trace, None, "open")
    if as_json:
        records = [msgspec.json.decode(checked.line(seq)) for seq in range(checked.size)]
        emit(value=records, trace=str(trace), root=checked.root, level=checked.level.name)
    else:
        for line in lines_of(checked):
            say(line)
    return Exit.COMPLETED


def _check(trace: Path, root: str | None, at_least: str, as_json: bool) -> Exit:
    checked = verified(trace, root, at_least)
    if as_json:
        emit(value=checked.level.name, trace=str(trace), root=checked.root, records=checked.size)
        return Exit.COMPLETED
    sound = "the trace with this root" if root else "consistent in itself"
    say(f"{checked.level.name}: {checked.size:,} records, {sound}", "green")
    say(f"root: {checked.root}")
    if checked.level is Level.OPEN:
        say("it has no seal: its run goes on, was stopped, or its end was cut off;")
        say("without a known root these look alike")
    if root is None:
        say("the root was not compared with a known one: give it with --root")
    return Exit.COMPLETED
