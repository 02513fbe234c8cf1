"""Nested traces cannot be made to cost more than their folders, or to lead outside. (S7)"""

import shutil
from pathlib import Path

import pytest

from rlmlite_traces import CheckedTrace, OverLimitError, ReaderLimits, Standing, nested_place, nested_traces, verify
from rlmlite_traces.reading.nested import walk
from tests.guard.verifying.hostile_nests import ID, write_nest
from tests.traces.replays.test_golden import KEPT


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that a walk opens. Whatever they say of each other is believed, which costs it most."""
    folders: list[Path] = []

    def count(source: Path, limits: ReaderLimits) -> CheckedTrace:
        folders.append(source)
        return verify(source, limits=limits)

    monkeypatch.setattr(walk, "verify", count)
    monkeypatch.setattr(walk, "find_contradiction", lambda *_: "")
    return folders


@pytest.mark.parametrize("steps", [3, 30])
def test_one_id_at_many_steps_is_one_folder(tmp_path: Path, steps: int, opened: list[Path]) -> None:
    """Calls of one id on eight levels, 30^8 paths: each folder is opened once, however many steps name it."""
    place = tmp_path / "a.rlm"
    write_nest(place, steps=steps, levels=8)

    found = list(nested_traces(verify(place), place, ReaderLimits(nested_depth=9)))

    assert len(opened) == 8
    assert [each.standing for each in found] == [*[Standing.SAME] * 8, Standing.ABSENT]


def test_levels_have_a_bound(tmp_path: Path, opened: list[Path]) -> None:
    """Deeper than the reader goes, the error names the bound, the level and how to go on."""
    place = tmp_path / "a.rlm"
    write_nest(place, steps=1, levels=5)

    with pytest.raises(OverLimitError, match="nested_depth") as caught:
        list(nested_traces(verify(place), place, ReaderLimits(nested_depth=3)))

    assert (caught.value.bound, caught.value.allowed, caught.value.found) == ("nested_depth", 3, 4)
    assert "--allow nested_depth=4" in str(caught.value)


def test_traces_have_a_bound(tmp_path: Path, opened: list[Path]) -> None:
    """So many nested traces, and no more."""
    place = tmp_path / "a.rlm"
    write_nest(place, steps=1, levels=5)

    with pytest.raises(OverLimitError, match="nested_traces"):
        list(nested_traces(verify(place), place, ReaderLimits(nested_traces=2)))


@pytest.mark.parametrize(
    "id_", ["../../x", "..", "", "/etc", "a/../../../x", "A" * 32, "0" * 31, "0" * 33, "\x1b[31m", "0" * 31 + "\n"]
)
def test_an_id_is_no_path(tmp_path: Path, id_: str) -> None:
    """A call's id becomes part of a path, so what is not 32 hex digits leads nowhere."""
    place = tmp_path / "deep" / "a.rlm"
    write_nest(place, steps=1, levels=0, id_=id_)
    write_nest(tmp_path / "deep" / "x.rlm", steps=1, levels=0)

    (found,) = nested_traces(verify(place), place)

    assert (found.standing, found.place) == (Standing.DIFFERS, None)


@pytest.mark.parametrize("what", ["nested", "trace"])
def test_a_link_leads_nowhere(tmp_path: Path, what: str) -> None:
    """A link in place of the folder of nested runs, or of one of them, is not followed."""
    place, outside = tmp_path / "a.rlm", tmp_path / "outside"
    write_nest(place, steps=1, levels=0)
    write_nest(outside / f"{ID}.rlm", steps=1, levels=0)
    if what == "nested":
        (place / "nested").symlink_to(outside)
    else:
        (place / "nested").mkdir()
        nested_place(place, ID).symlink_to(outside / f"{ID}.rlm")

    (found,) = nested_traces(verify(place), place)

    assert (found.standing, found.place) == (Standing.DIFFERS, None)


def test_a_nested_run_within_itself_ends(tmp_path: Path) -> None:
    """A link back up would make a circle of folders; it is a link, so the walk ends there."""
    place = tmp_path / "a.rlm"
    write_nest(place, steps=1, levels=1)
    inner = nested_place(place, ID)
    shutil.rmtree(inner / "nested", ignore_errors=True)
    (inner / "nested").symlink_to(place / "nested")

    assert [each.standing for each in nested_traces(verify(place), place)] == [Standing.DIFFERS]


@pytest.mark.parametrize(
    "place", [place for place in KEPT if place.stem == "nested"], ids=lambda place: place.parent.name
)
def test_kept_nested_runs_are_the_same(place: Path) -> None:
    """Of both formats."""
    assert [each.standing for each in nested_traces(verify(place), place)] == [Standing.SAME]
