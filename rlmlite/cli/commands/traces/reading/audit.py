"""`rlmlite trace audit`: what ran, on what, and of each claim of a trace whether it holds, fails or cannot be checked.

It verifies the trace, executes it again where its inputs are at hand, and looks for each piece of evidence. The exit
code tells the worst that was found.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from rlmlite.cli.commands.traces.opening import read_public_keys, reader_limits, verify_trace
from rlmlite.cli.commands.traces.replaying.recheck import Recheck
from rlmlite.cli.commands.traces.replaying.replay import Again, replay_settings
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_heading, print_indented, print_json, say
from rlmlite.cli.output.usage import budget_line
from rlmlite.guard.terminal import one_line
from rlmlite_kernel import BlobMissingError, InputChangedError
from rlmlite_traces import CheckedTrace, ReaderLimits, Replayed, Verdict
from rlmlite_traces.reading.audits.audit import Rerun, audit_of
from rlmlite_traces.reading.audits.findings import FAILS, HOLDS, UNKNOWN, Audit, Check
from rlmlite_traces.reading.story import open_story

_EXITS = {HOLDS: Exit.COMPLETED, UNKNOWN: Exit.UNVERIFIABLE, FAILS: Exit.DIFFERS}
_COLOURS = {HOLDS: "green", UNKNOWN: "yellow", FAILS: "red"}
_SHOWN = 20


class Flags(msgspec.Struct, frozen=True):
    """Flags of the command: where inputs are, how they are read, and whether all steps are listed.

    `root` is the one that the trace must have, `keys` are those that must have signed it.
    """

    root: str | None = None
    keys: tuple[Path, ...] = ()
    inputs: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    store: Path | None = None
    full: bool = False


def audit(trace: Path, flags: Flags, allow: list[str], *, as_json: bool) -> Exit:
    """Print the audit."""
    return exit_code_of(lambda: _audit(trace, flags, allow, as_json), as_json=as_json)


def _audit(path: Path, flags: Flags, allow: list[str], as_json: bool) -> Exit:
    settings = replay_settings(list(flags.read), None)
    limits = reader_limits(allow)
    story = open_story(path, limits)
    identity = tuple(_identity(path, story.trace, flags, limits))
    again = Again(path, story.trace, settings, list(flags.inputs), flags.store, limits)
    found = audit_of(story, path, _rerun(again, again.replay_as_far_as_possible(Recheck())), limits)
    found = msgspec.structs.replace(found, checks=(*identity, *found.checks))
    if as_json:
        print_json(value=found.standing, trace=str(path), root=found.root, audit=msgspec.to_builtins(found))
    else:
        _print(found, str(path), full=flags.full)
    return _EXITS[found.standing]


def _identity(path: Path, trace: CheckedTrace, flags: Flags, limits: ReaderLimits) -> Iterator[Check]:
    """Whether it is the trace that is meant: by its root, and by who signed it. Raises as `verify` does."""
    from rlmlite_traces import claimed_signers

    keys = read_public_keys(flags.keys)
    if flags.root is not None or keys:
        verify_trace(path, flags.root, "open", limits, keys)
    if flags.root is not None:
        yield Check(what="the root is the one that was given", standing=HOLDS)
    for key in keys:
        yield Check(what=f"the signature of {key.keyid}", standing=HOLDS)
    for keyid in claimed_signers(trace):
        if keyid not in {key.keyid for key in keys}:
            yield Check(what=f"a signature of {keyid}", standing=UNKNOWN, why="name the file of its key with --key")


def _rerun(again: Again, replayed: Replayed | str) -> Rerun:
    def content(digest: str) -> bytes | None:
        try:
            return bytes(again.blobs.read(digest))
        except (BlobMissingError, InputChangedError):
            return None

    if isinstance(replayed, str):
        return Rerun(executed=0, stopped=f"it cannot be executed again: {replayed}", content=content)
    difference = replayed.difference
    return Rerun(
        # Steps that the machine ended are taken from the record, and are said to be (`unchecked`).
        executed=replayed.executed + sum(replayed.not_executed.values()) + len(replayed.unavailable),
        unavailable=replayed.unavailable,
        difference=None if difference is None else (difference.seq, f"{difference.field} differs"),
        is_excused=replayed.verdict is Verdict.ENGINES,
        missing=replayed.missing,
        unchecked=_left_out(replayed),
        stopped=replayed.stopped,
        content=content,
    )


def _left_out(replayed: Replayed) -> dict[str, str]:
    """What else was not made again, and why."""
    texts = {} if replayed.texts_compared else {"texts of observations": "another version worded them"}
    ended = {
        f"steps that ended with {code}": "by the record the machine failed there" for code in replayed.not_executed
    }
    return dict(replayed.unchecked) | texts | ended


def _print(audit: Audit, name: str, *, full: bool) -> None:
    say(f"{name}: {audit.standing}", _COLOURS[audit.standing])
    # Whoever can rewrite all of a trace can make one in which everything holds.
    say(f"{audit.level}, root {audit.root}, run {audit.run}, kernel {one_line(audit.kernel)}")
    for question in audit.questions:
        say(f"question: {one_line(str(question))}")
    reason = f" ({one_line(audit.reason)})" if audit.reason else ""
    say(f"outcome: {audit.outcome or 'none yet'}{reason}")
    say(f"programs: {audit.host_turns:,} of the host, {audit.controller_turns:,} of a controller")
    for role, model in audit.models.items():
        print_indented(f"role {one_line(role)}: {one_line(model)}")
    say(f"gates: {one_line(', '.join(audit.gates)) or 'none beyond those of every run'}")
    say("policy: " + (one_line(msgspec.json.encode(audit.policy).decode(), 2_000) if audit.policy else "none"))
    _print_bounds(audit)
    _print_checks(audit, full)


def _print_bounds(audit: Audit) -> None:
    print_heading("budgets")
    for name, budget in audit.budgets.items():
        line = budget_line({"used": budget.used, "reserved": 0, "limit": budget.limit})
        print_indented(f"{name}: {line or 'nothing used'}")
    for approval in audit.approvals:
        said = "approved" if approval.is_approved else f"not approved {one_line(approval.error)}".rstrip()
        say(f"approval at step {approval.step}, tool {one_line(approval.tool)}: {said}")
        print_indented(f"| {one_line(str(approval.asked), 300)}")
    for redaction in audit.redactions:
        say(f"redacted: {one_line(redaction, 300)}")


def _print_checks(audit: Audit, full: bool) -> None:
    lines = [(check.standing, check.what, check.why) for check in audit.checks]
    for each in audit.inputs:
        digest = f" sha256 {each.input.sha256}" if each.input.sha256 else ""
        lines.append((each.standing, f"input {each.input.name}{digest}", each.why))
    lines += [(step.standing, f"step {step.step} (turn {step.turn}, {step.op})", step.why) for step in audit.steps]
    for piece in audit.evidence:
        place = ":".join(filter(None, (piece.evidence.input, piece.evidence.path, str(piece.evidence.line or ""))))
        text = f" {piece.evidence.text}" if piece.evidence.text else ""
        lines.append((piece.standing, f"evidence {place}{text}", piece.why))
    for standing in (FAILS, UNKNOWN, HOLDS):
        these = [(what, why) for each, what, why in lines if each == standing]
        if not these:
            continue
        print_heading(f"{standing}: {len(these):,}")
        for what, why in these if full or standing != HOLDS else these[:_SHOWN]:
            print_indented(one_line(f"{what}: {why}" if why else what, 300))
        if not full and standing == HOLDS and len(these) > _SHOWN:
            print_indented(f"... and {len(these) - _SHOWN:,} more; --full lists all")
