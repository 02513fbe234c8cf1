"""Rows of two tables that a program has joined, searched: each in its own text, unless the run is of before."""

from pathlib import Path

import pytest

from rlmlite.inputs import from_path
from rlmlite_grammar import parse
from rlmlite_kernel import Done, RunKey, advance, begin
from rlmlite_kernel.records.evolution import FLAGS, TABLES_APART
from rlmlite_kernel.values.values import to_json
from rlmlite_traces import FileBlobs
from tests.traces.replays import real_runs


@pytest.mark.parametrize(("flags", "found"), [(tuple(FLAGS), ["1,needle"]), ((*(set(FLAGS) - {TABLES_APART}),), [])])
def test_rows_of_two_tables_are_searched_each_in_its_own_text(
    tmp_path: Path, flags: tuple[int, ...], found: list[str]
) -> None:
    """The second table's row is found where it is; a run of before sought it in the text of the first."""
    (tmp_path / "a.csv").write_text("n,word\n7,straws\n")
    (tmp_path / "b.csv").write_text("n,word\n1,needle\n")
    blobs = FileBlobs()
    inputs = {name: from_path(str(tmp_path / f"{name}.csv"), blobs) for name in "ab"}
    begun = begin(inputs, real_runs.settings(), RunKey(real_runs.KEY), grammar="0" * 64, flags=flags)

    done = advance(begun.state, parse('h = search(union(a, b), "needle")\nx = h.text'), blobs)

    assert isinstance(done, Done)
    assert to_json(done.state.variables["x"].data.value, blobs) == found
