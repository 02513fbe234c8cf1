"""The table of forgeries: for each field, what is said of traces in which only it was changed.

`python -m tests.traces.forge.table` writes it to `docs/forgeries.json`, from which the reference is generated. It takes
about a minute, so a quick test asks only whether each field has its row, and a slow one makes the table again.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import rlmlite
from rlmlite_traces import CheckedTrace, verify
from tests.traces.forge.contents import content_edits
from tests.traces.forge.edits import Edit, edits, inserted
from tests.traces.forge.verdicts import ORDER, judge
from tests.traces.replays import golden_programs, write_golden
from tests.traces.replays.forging import entries_of

FILE: Final = Path(__file__).parents[3] / "docs" / "forgeries.json"

RUNS: Final[dict[str, Callable[[Path], object]]] = {
    "agent": write_golden.agent_run,
    "tools": write_golden.tools_run,
    "nested": write_golden.nested_run,
    "rounds": write_golden.rounds_run,
    "added": write_golden.added_run,
    "fan-out": lambda place: write_golden.write(place, golden_programs.PROGRAMS["fan-out"]),
    "faults": lambda place: write_golden.write(place, golden_programs.PROGRAMS["faults"]),
    "a look": lambda place: rlmlite.execute('show(search(log, "ERROR"))', golden_programs.DATA, trace=place),
}
"""What is forged: one run of each kind."""

Table = dict[str, list[str]]
"""By field, the verdicts on its forgeries, the most lenient first."""


def make_table(names: tuple[str, ...] = tuple(RUNS)) -> Table:
    """Forge every field of these runs."""
    found: dict[str, set[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            place = Path(folder) / f"{name}.rlm"
            RUNS[name](place)
            nested = place / "nested"
            for edit in all_edits(verify(place)):
                verdict = judge(edit.entries, edit.field, nested if nested.exists() else None)
                found.setdefault(edit.field, set()).add(verdict)
    return {field: sorted(verdicts, key=ORDER.index) for field, verdicts in sorted(found.items())}


def all_edits(trace: CheckedTrace) -> Iterator[Edit]:
    """Every forgery of one trace."""
    entries = entries_of(trace)
    yield from edits(trace, entries)
    yield from content_edits(trace, entries)
    yield from inserted(trace, entries)


if __name__ == "__main__":
    FILE.write_text(json.dumps(make_table(), indent=1, sort_keys=True) + "\n", "utf-8")
