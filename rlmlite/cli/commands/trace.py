"""`rlmlite trace show` and `rlmlite trace verify`."""

from pathlib import Path

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import guarded
from rlmlite.cli.output.printing import emit, say
from rlmlite.terminal import one_line
from rlmlite_traces import CheckedTrace, Level, NestedTrace, Standing, nested_traces, verify
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
    nested = list(nested_traces(checked, trace))
    exit_ = Exit.BROKEN if any(found.standing is Standing.DIFFERS for found in nested) else Exit.COMPLETED
    if as_json:
        emit(
            value=checked.level.name,
            trace=str(trace),
            root=checked.root,
            records=checked.size,
            nested=[{"id": found.id, "root": found.root, "trace": found.standing.value} for found in nested],
        )
        return exit_
    sound = "the trace with this root" if root else "consistent in itself"
    say(f"{checked.level.name}: {checked.size:,} records, {sound}", "green")
    say(f"root: {checked.root}")
    if checked.level is Level.OPEN:
        say("it has no seal: its run goes on, was stopped, or its end was cut off;")
        say("without a known root these look alike")
    if root is None:
        say("the root was not compared with a known one: give it with --root")
    for found in nested:
        _print_nested(found)
    return exit_


def _print_nested(found: NestedTrace) -> None:
    words = {
        Standing.SAME: ("its trace is here and has the recorded root", "green"),
        Standing.ABSENT: ("its trace is not here; its answer stands in the record", "yellow"),
        Standing.DIFFERS: (f"its trace is not what was recorded: {one_line(found.reason)}", "red"),
    }
    sentence, colour = words[found.standing]
    say(f"nested run {found.id[:8]}: {sentence}", colour)
