"""Kept traces: today's kernel still computes what it computed when they were written."""

import shutil
from pathlib import Path

import pytest

from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.records.records import Seal, Step
from rlmlite_traces import Level, Verdict, replay, verify
from rlmlite_traces.errors import TraceError
from rlmlite_traces.format.chain import OUTCOMES

KEPT = sorted((Path(__file__).parents[3] / "traces" / "golden").glob("*/*.rlm"))


def test_there_are_kept_traces() -> None:
    """The folder is not empty, so that the tests below say something."""

    assert len(KEPT) >= 3


def test_every_outcome_and_every_family_of_actions_has_one() -> None:
    """Each way in which a run can end, and each family of the action table, is in a trace of today's format."""
    records = [record for place in KEPT if place.parent.name == "2.3" for record in verify(place).records]

    assert {record.outcome for record in records if isinstance(record, Seal)} == set(OUTCOMES)
    operations = {record.op for record in records if isinstance(record, Step)}
    families = {ACTIONS[name].family for name in ACTIONS}
    assert {ACTIONS[name].family for name in operations if name in ACTIONS} == families


@pytest.mark.parametrize("place", KEPT, ids=lambda place: f"{place.parent.name}-{place.stem}")
def test_a_kept_trace_replays(place: Path) -> None:
    """It is sealed and sound, and every record is what the kernel computes today, but for another wording of texts."""
    replayed = replay(verify(place, at_least=Level.SEALED))
    # Traces of format 1 do not say how they were worded; those of rendering 2 are said to be worded otherwise.
    is_of_rendering_2 = place.parent.name == "2"

    assert replayed.difference is None
    assert replayed.executed == replayed.steps
    assert replayed.verdict is (Verdict.UNVERIFIABLE if is_of_rendering_2 else Verdict.REPRODUCED)
    assert list(replayed.unchecked) == (["observations"] if is_of_rendering_2 else [])


@pytest.mark.parametrize("place", KEPT, ids=lambda place: f"{place.parent.name}-{place.stem}")
def test_a_kept_trace_with_another_letter_is_refused(place: Path, tmp_path: Path) -> None:
    """One letter of one record is altered, and the trace does not verify."""
    copy = tmp_path / place.name
    shutil.copytree(place, copy)
    records = (copy / "trace.jsonl").read_bytes()
    middle = records.rindex(b'"kind":"') + 9  # of the seal; some have no step
    (copy / "trace.jsonl").write_bytes(records[:middle] + b"x" + records[middle + 1 :])

    with pytest.raises(TraceError):
        verify(copy)
