"""`rlmlite trace redact`: lists the contents that would be removed from a trace; with `--yes` it removes them."""

import getpass
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from rlmlite.cli.commands.traces.opening import reader_limits
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.errors import SettingError
from rlmlite.guard.terminal import one_line
from rlmlite_kernel.engines.query.regex import PatternRefusedError
from rlmlite_traces.sharing.redacting.redact import Redaction, plan_redaction, redact
from rlmlite_traces.sharing.redacting.selection import LEAST_PREFIX, Selection

_SHOWN = 20
"""Contents that are listed for each trace."""


class Flags(msgspec.Struct, frozen=True):
    """What the command line says: what to remove, why, by whom, and whether to do it."""

    selection: Selection
    reason: str
    who: str | None
    yes: bool


def redact_trace(trace: Path, flags: Flags, allow: list[str], *, as_json: bool) -> Exit:
    """Print what would go; with `yes`, remove it."""

    def work() -> Exit:
        _check(flags)
        limits = reader_limits(allow)
        try:
            if flags.yes:
                who = getpass.getuser() if flags.who is None else flags.who
                done = redact(trace, flags.selection, flags.reason, who, limits)
            else:
                done = plan_redaction(trace, flags.selection, limits)
        except PatternRefusedError as error:
            raise SettingError(f"--matching: {error}") from None
        if as_json:
            print_json(value=msgspec.to_builtins(done, enc_hook=str), removed=flags.yes)
        else:
            for line, colour in _lines(trace, done, removed=flags.yes):
                say(line, colour)
        return Exit.UNVERIFIABLE if any(each.remains for each in done) else Exit.COMPLETED

    return exit_code_of(work, as_json=as_json)


def _check(flags: Flags) -> None:
    short = [prefix for prefix in flags.selection.refs if len(prefix) < LEAST_PREFIX]
    if short:
        raise SettingError(f"--ref {short[0]}: write at least {LEAST_PREFIX} digits of it")
    if not all((*flags.selection.containing, *flags.selection.matching)):
        raise SettingError("--containing and --matching: the text is empty, and would be everywhere")
    if not flags.reason.strip():
        raise SettingError("--reason: say in a few words why; whoever verifies the trace reads it")


def _lines(trace: Path, done: Sequence[Redaction], *, removed: bool) -> Iterator[tuple[str, str]]:
    for each in done:
        yield from ((line, "") for line in _of_trace(trace, each))
    count = sum(len(each.removals) + len(each.pending) + len(each.inputs) for each in done)
    yield f"{'1 content' if count == 1 else f'{count:,} contents'} {'removed' if removed else 'would be removed'}", ""
    for each in done:
        if each.remains:
            names = ", ".join(each.remains)
            yield f"{_name(trace, each.place)}: it stays in {names}, which the root proves or nobody needs", "yellow"
    if count and not removed:
        yield "nothing was removed; --yes does it, and nothing brings it back", ""
    if count and removed:
        yield f"root: {done[0].root}, as before", "green"


def _of_trace(trace: Path, each: Redaction) -> Iterator[str]:
    if each.is_empty:
        return
    yield f"{_name(trace, each.place)}:"
    for removal in each.removals[:_SHOWN]:
        records = ", ".join(map(str, removal.records)) or "none: only a source that goes too"
        yield f"  {removal.ref[:12]}  {removal.size:>11,} bytes  records {records}"
    if len(each.removals) > _SHOWN:
        yield f"  ... and {len(each.removals) - _SHOWN:,} more"
    if each.pending:
        yield f"  {len(each.pending):,} that an earlier redaction left behind"
    for digest in each.inputs:
        yield f"  {digest[:12]}  a file of an input that came along"
    if each.steps:
        yield f"  steps that cannot be executed again: {', '.join(map(str, each.steps))}"


def _name(trace: Path, place: Path) -> str:
    return one_line(str(place if place == trace else place.relative_to(trace)), 300)
