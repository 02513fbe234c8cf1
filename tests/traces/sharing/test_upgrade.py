"""A trace of format 1 becomes one of today's, beside it, where that can be said truly."""

import shutil
from pathlib import Path

import pytest

from rlmlite_kernel.records.evolution import FORMAT, RENDERING
from rlmlite_kernel.records.records import Step
from rlmlite_traces import NotUpgradedError, TraceExistsError, Verdict, replay, upgrade_trace, verify
from tests.traces.sharing.archives import GOLDEN

OLD = GOLDEN.parent / "1"
HOSTS = ["calls", "fan-out", "faults", "search"]


@pytest.mark.parametrize("name", HOSTS)
def test_it_is_executed_again_and_says_the_same(tmp_path: Path, name: str) -> None:
    """A new trace of today's format: same run, flags and values, contents under their salts; and what it stands for."""
    old = verify(OLD / f"{name}.rlm")
    upgraded = upgrade_trace(old, OLD / f"{name}.rlm", tmp_path / "new.rlm")
    new = verify(tmp_path / "new.rlm")

    assert (new.root, new.genesis.v, new.genesis.rendering) == (upgraded.new_root, FORMAT, RENDERING)
    assert new.genesis.scope == {**old.genesis.scope, "upgraded.format": "1", "upgraded.root": old.root}
    assert (new.genesis.run, new.genesis.flags) == (old.genesis.run, ())
    assert [record.state for record in new.records if isinstance(record, Step)] == [
        record.state for record in old.records if isinstance(record, Step)
    ]
    replayed = replay(new)
    assert (replayed.verdict, replayed.texts_compared) == (Verdict.REPRODUCED, True)
    assert replay(old).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("name", "reason"),
    [("1/agent", "controller"), ("1/nested", "controller"), ("2.3/search", "today's format"), ("2/search", "today's")],
)
def test_what_cannot_be_said_truly_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    """With the reason, and nothing is written."""
    place = GOLDEN.parent / f"{name}.rlm"
    with pytest.raises(NotUpgradedError, match=reason):
        upgrade_trace(verify(place), place, tmp_path / "new.rlm")
    assert list(tmp_path.iterdir()) == []


def test_an_open_trace_is_left_to_its_version(tmp_path: Path) -> None:
    """It may go on there."""
    place = Path(shutil.copytree(OLD / "search.rlm", tmp_path / "a.rlm"))
    lines = (place / "trace.jsonl").read_bytes().splitlines(keepends=True)
    (place / "trace.jsonl").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(NotUpgradedError, match="it is open"):
        upgrade_trace(verify(place), place)


def test_a_try_writes_nothing_and_nothing_is_overwritten(tmp_path: Path) -> None:
    """Without a place for the new one it is only executed."""
    old = verify(OLD / "search.rlm")
    tried = upgrade_trace(old, OLD / "search.rlm")
    assert (tried.new_root, tried.records, tried.old_format) == ("", old.size, 1)
    (tmp_path / "new.rlm").mkdir()
    with pytest.raises(TraceExistsError):
        upgrade_trace(old, OLD / "search.rlm", tmp_path / "new.rlm")
