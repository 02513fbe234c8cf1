"""`rlmlite trace witness`: roots that are known to be right, noted out of reach of whoever holds the trace."""

from pathlib import Path

from rlmlite.cli.commands.traces.opening import read_public_keys, reader_limits, verify_trace
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.guard.terminal import one_line
from rlmlite_traces import RootStanding, witness


def witness_trace(
    trace: Path, roots: Path, root: str | None, keys: list[Path], allow: list[str], *, as_json: bool
) -> Exit:
    """Note the root of a trace. `keys` are files of public keys that must have signed it, and are noted with it."""

    def work() -> Exit:
        public = read_public_keys(keys)
        checked = verify_trace(trace, root, "open", reader_limits(allow), public)
        before = witness(checked, roots, [key.keyid for key in public]).standing
        if as_json:
            print_json(value=before.value, trace=str(trace), root=checked.root, roots=str(roots))
        else:
            was = "was there already" if before is RootStanding.KNOWN else "noted"
            say(f"{was} in {one_line(str(roots))}: {checked.root} over {checked.size:,} records", "green")
        return Exit.COMPLETED

    return exit_code_of(work, as_json=as_json)
