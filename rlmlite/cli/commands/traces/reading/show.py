"""`rlmlite trace show`: what a trace records.

It reads the whole trace first, and prints nothing of one that is not consistent in itself.
"""

from pathlib import Path

import msgspec

from rlmlite.cli.commands.traces.opening import reader_limits, verify_trace
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite_traces import ReaderLimits
from rlmlite_traces import show as lines_of


def show(trace: Path, allow: list[str], *, as_json: bool) -> Exit:
    """Print the records of a trace."""
    return exit_code_of(lambda: _show(trace, reader_limits(allow), as_json), as_json=as_json)


def _show(trace: Path, limits: ReaderLimits, as_json: bool) -> Exit:
    checked = verify_trace(trace, None, "open", limits)
    if as_json:
        records = [msgspec.json.decode(checked.line(seq)) for seq in range(checked.size)]
        print_json(value=records, trace=str(trace), root=checked.root, level=checked.level.name)
    else:
        for line in lines_of(checked):
            say(line)
    return Exit.COMPLETED
