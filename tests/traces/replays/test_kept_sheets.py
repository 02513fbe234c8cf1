"""Traces of tables that were sheets, row by row: the same files are read into the same sheets, by the rules of then.

They were written by the version before tables were kept by columns. `sheets/` has the traces and the files.
"""

from pathlib import Path

import pytest

from rlmlite.inputs import deriving
from rlmlite_traces import Level, Verdict, replay, verify

SHEETS = Path(__file__).parent / "sheets"
FILES = {
    "csv": "people.csv",
    "jsonl": "events.jsonl",
    "sqlite": "shop.db",
    "arrow": "values.arrow",
    "frame": "",
}
"""The file of each trace; a frame is in its trace."""


@pytest.mark.parametrize("name", FILES)
def test_a_trace_of_a_sheet_replays(name: str) -> None:
    """Every record is what it was: refs, hits with their separators, evidence, what was scanned and read."""
    if name == "arrow":
        pytest.importorskip("pyarrow", reason="needs the extra `tables`")
    places = {"context": SHEETS / FILES[name]} if FILES[name] else {}

    replayed = replay(verify(SHEETS / f"{name}.rlm", at_least=Level.SEALED), places, derive=deriving())

    # Their texts are of an earlier rendering, and are the one thing that is not compared.
    assert (replayed.difference, replayed.missing) == (None, {})
    assert (replayed.verdict, list(replayed.unchecked)) == (Verdict.UNVERIFIABLE, ["observations"])
