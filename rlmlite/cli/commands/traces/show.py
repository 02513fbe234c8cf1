"""`rlmlite trace show` and `rlmlite trace verify`: what a trace records, and what it proves.

Both read the whole trace first, and print nothing of one that is not consistent in itself.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.errors import SettingError
from rlmlite.guard.terminal import one_line
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_traces import (
    READER_LIMITS,
    CheckedTrace,
    Level,
    ReaderLimits,
    verify,
)
from rlmlite_traces import show as lines_of

if TYPE_CHECKING:
    from rlmlite_traces import NestedTrace


def show(trace: Path, allow: list[str], *, as_json: bool) -> Exit:
    """Print the records of a trace."""
    return exit_code_of(lambda: _show(trace, reader_limits(allow), as_json), as_json=as_json)


def check(trace: Path, root: str | None, at_least: str, allow: list[str], *, as_json: bool) -> Exit:
    """Print what a trace proves."""
    return exit_code_of(lambda: _check(trace, root, at_least, reader_limits(allow), as_json), as_json=as_json)


def verify_trace(trace: Path, root: str | None, at_least: str, limits: ReaderLimits) -> CheckedTrace:
    """The trace, checked. Raises what `rlmlite_traces.verify` raises."""
    return verify(trace, root, Level[at_least.upper()], limits)


def reader_limits(allow: list[str]) -> ReaderLimits:
    """What this reader allows a trace to cost: the defaults, or more, from `NAME=NUMBER`. Raises `SettingError`."""
    allowances: dict[str, int] = {}
    for text in allow:
        name, _, number = text.partition("=")
        digits = number.replace("_", "").replace(",", "")
        if not (digits.isascii() and digits.isdigit()):
            raise SettingError(f"--allow {text}: write --allow NAME=NUMBER")
        if name not in ReaderLimits.__struct_fields__:
            known = did_you_mean(name, ReaderLimits.__struct_fields__) or ", ".join(ReaderLimits.__struct_fields__)
            raise SettingError(f"--allow {text}: there is no limit `{name}`; {known}")
        allowances[name] = int(digits)
    return msgspec.structs.replace(READER_LIMITS, **allowances)


def _show(trace: Path, limits: ReaderLimits, as_json: bool) -> Exit:
    checked = verify_trace(trace, None, "open", limits)
    if as_json:
        records = [msgspec.json.decode(checked.line(seq)) for seq in range(checked.size)]
        print_json(value=records, trace=str(trace), root=checked.root, level=checked.level.name)
    else:
        for line in lines_of(checked):
            say(line)
    return Exit.COMPLETED


def _check(trace: Path, root: str | None, at_least: str, limits: ReaderLimits, as_json: bool) -> Exit:
    checked = verify_trace(trace, root, at_least, limits)
    # A parent records the roots of its nested runs, so their traces are checked with it. One that is not here is no
    # fault: its answer is in the parent's record, and somebody may have been sent the parent alone.
    from rlmlite_traces import Standing, nested_traces  # a replay, which has this module too, seldom needs them

    nested = [msgspec.structs.replace(each, trace=None) for each in nested_traces(checked, trace, limits)]
    differs = any(each.standing is Standing.DIFFERS for each in nested)
    if as_json:
        print_json(
            value=checked.level.name,
            trace=str(trace),
            root=checked.root,
            records=checked.size,
            nested=[{"id": each.id, "root": each.root, "trace": each.standing.value} for each in nested],
            extra=list(checked.extra),
        )
    else:
        _print_check(checked, root)
        _print_extra(checked.extra)
        for each in nested:
            _print_nested(each)
    return Exit.BROKEN if differs else Exit.COMPLETED


def _print_check(checked: CheckedTrace, root: str | None) -> None:
    sound = "the trace with this root" if root else "consistent in itself"
    say(f"{checked.level.name}: {checked.size:,} records, {sound}", "green")
    say(f"root: {checked.root}")
    if checked.level is Level.OPEN:
        say("it has no seal: its run is under way, was stopped, or its end was cut off;")
        say("without a known root nobody can tell which")
    if root is None:
        say("the root was not compared with a known one: give it with --root")


def _print_extra(names: tuple[str, ...]) -> None:
    """Files that are no part of a trace: whoever sees the folder might take them for checked."""
    if names:
        say(f"not part of the trace, and not checked: {one_line(', '.join(names), 500)}", "yellow")


def _print_nested(nested: "NestedTrace") -> None:
    from rlmlite_traces import Standing

    sentences = {
        Standing.SAME: ("its trace is here and has the recorded root", "green"),
        Standing.ABSENT: ("its trace is not here; its answer is in the record", "yellow"),
        Standing.DIFFERS: (f"its trace is not the recorded one: {one_line(nested.reason)}", "red"),
    }
    sentence, colour = sentences[nested.standing]
    say(f"nested run {nested.id[:8]}: {sentence}", colour)
