"""`rlmlite trace verify`: what a trace proves.

It reads the whole trace first, and prints nothing of one that is not consistent in itself.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rlmlite.cli.commands.traces.opening import read_public_keys, reader_limits, verify_trace
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.guard.terminal import one_line
from rlmlite_traces import CheckedTrace, Level, ReaderLimits, TraceError


class ParentError(TraceError):
    """A fork is not what it says of its parent."""


if TYPE_CHECKING:
    from rlmlite_traces import Known, KnownRoots, NestedTrace


def check(
    trace: Path,
    root: str | None,
    at_least: str,
    keys: list[Path],
    roots: Path | None,
    allow: list[str],
    *,
    as_json: bool,
    parent: Path | None = None,
) -> Exit:
    """Print what a trace proves. `keys` must have signed it, and `roots` is a file of known roots: see `verify`.

    `parent` is the trace that a fork must come from.
    """

    def work() -> Exit:
        limits, public = reader_limits(allow), read_public_keys(keys)
        known_roots = None if roots is None else _read_roots(roots)
        checked = verify_trace(trace, root, at_least, limits, public)
        known = None if known_roots is None else known_roots.standing(checked)
        if parent is not None:
            _check_parent(checked, verify_trace(parent, None, "open", limits), as_json)
        return _report(trace, checked, root, limits, [key.keyid for key in public], known, as_json)

    return exit_code_of(work, as_json=as_json)


def _check_parent(fork: CheckedTrace, parent: CheckedTrace, as_json: bool) -> None:
    """Raise `ParentError` unless a fork goes as its parent did, up to the step that it names."""
    from rlmlite.runs.past.lineage import AT, contradicts_parent  # most traces are no forks

    contradiction = contradicts_parent(fork, parent)
    if contradiction:
        raise ParentError(contradiction)
    if not as_json:
        say(f"a fork: it goes as its parent did up to step {fork.genesis.scope[AT]}", "green")


def _read_roots(path: Path) -> "KnownRoots":
    from rlmlite_traces import KnownRoots  # few verifications look there

    return KnownRoots.read(path)


def _report(
    trace: Path,
    checked: CheckedTrace,
    root: str | None,
    limits: ReaderLimits,
    signers: Sequence[str],
    known: "Known | None",
    as_json: bool,
) -> Exit:
    # A parent records the roots of its nested runs, so their traces are checked with it. One that is not here is no
    # fault: its answer is in the parent's record, and somebody may have been sent the parent alone.
    from rlmlite_traces import (  # a replay, which has this module too, seldom needs them
        AlongCheck,
        Standing,
        claimed_signers,
        nested_traces,
    )

    nested, along_check = [], AlongCheck(trace, checked)
    for each in nested_traces(checked, trace, limits):
        along_check.add(each)
        nested.append(msgspec.structs.replace(each, trace=None))
    along = along_check.finish()
    unchecked = [keyid for keyid in claimed_signers(checked) if keyid not in signers]
    differs = any(each.standing is Standing.DIFFERS for each in nested)
    if as_json:
        print_json(
            value=str(checked.level),
            trace=str(trace),
            root=checked.root,
            records=checked.size,
            nested=[{"id": each.id, "root": each.root, "trace": each.standing.value} for each in nested],
            extra=[*checked.extra, *along.unnamed],
            inputs=along.inputs,
            signers=list(signers),
            unchecked_signers=unchecked,
            known=None if known is None else known.standing.value,
            redactions=[
                {"contents": len(each.refs), "reason": each.reason, "who": each.who} for each in checked.redactions
            ],
        )
    else:
        _print_check(checked, root, is_known=known is not None)
        if known is not None:
            say(known.sentence(), _KNOWN[known.standing.value][1])
        elif root is None and checked.level is not Level.SIGNED:
            say("the root was not compared with a known one: give it with --root, or --roots FILE")
        _print_signers(signers, unchecked)
        _print_redactions(checked)
        if along.inputs:
            say(f"files of inputs that came along, each as the run read it: {along.inputs:,}", "green")
        _print_extra((*checked.extra, *along.unnamed))
        for each in nested:
            _print_nested(each)
    if differs:
        return Exit.BROKEN
    return Exit.COMPLETED if known is None else _KNOWN[known.standing.value][0]


_KNOWN = {
    "known": (Exit.COMPLETED, "green"),
    "grown": (Exit.UNVERIFIABLE, "yellow"),
    "unknown": (Exit.UNVERIFIABLE, "yellow"),
    "other": (Exit.BROKEN, "red"),
}
"""The exit code and the colour of what a file of known roots says."""


def _print_check(checked: CheckedTrace, root: str | None, is_known: bool) -> None:
    sound = "the trace with this root" if root else "consistent in itself"
    say(f"{checked.level}: {checked.size:,} records, {sound}", "green")
    say(f"root: {checked.root}")
    if checked.level is Level.OPEN:
        say("it has no seal: its run is under way, was stopped, or its end was cut off;")
        if not is_known:
            say("without a known root nobody can tell which")


def _print_signers(signers: Sequence[str], unchecked: Sequence[str]) -> None:
    for keyid in signers:
        say(f"signed by the key {keyid}", "green")
    for keyid in unchecked:
        say(f"not checked: a signature by the key {one_line(keyid, 64)}; name its file with --key", "yellow")


def _print_redactions(checked: CheckedTrace) -> None:
    """What was removed on purpose. Nothing vouches for the words of whoever did it."""
    for each in dict.fromkeys(checked.redacted.values()):
        count = "1 content" if len(each.refs) == 1 else f"{len(each.refs):,} contents"
        by = f" by {one_line(each.who, 64)}" if each.who else ""
        say(f"redacted: {count}{by} ({one_line(each.reason, 200)})", "yellow")


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
