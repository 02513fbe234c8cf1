"""`rlmlite trace gc`: what is old goes, dry first; what somebody may still need stays, with the reason."""

import os
import shutil
import time
from pathlib import Path

import pytest

from rlmlite.cli.output.exits import Exit
from rlmlite_traces import Log
from tests.rlmlite.cli.commands import document, rlmlite
from tests.traces.reading.kept import GOLDEN

DAY = 86_400


def place(name: str, age_days: float) -> Path:
    """A sealed trace below `.rlmlite`, written so long ago."""
    path = Path(".rlmlite") / "2026-01-01" / name
    shutil.copytree(GOLDEN / "2.3" / "agent.rlm", path)
    written = time.time() - age_days * DAY
    os.utime(path / "trace.jsonl", (written, written))
    return path


def kept() -> dict[str, str]:
    """Why each trace stays, by its name; empty for those that would go."""
    value = document("trace", "gc", "--older-than", "30d")["value"]
    return {Path(each["path"]).name: each["keep"] for each in value}


def test_it_is_dry_first() -> None:
    """What would go is listed with its bytes; `--yes` does it, and no more than it."""
    old, young = place("old.rlm", 40), place("young.rlm", 3)

    listed = rlmlite("trace", "gc", "--older-than", "30d")
    size = sum(each.stat().st_size for each in old.rglob("*"))
    assert f"1 trace, {size:,} bytes would be removed" in listed.stdout
    assert "kept, young: 1" in listed.stdout
    assert old.exists()

    done = rlmlite("trace", "gc", "--older-than", "30d", "--yes")
    assert (done.exit_code, old.exists(), young.exists()) == (Exit.COMPLETED, False, True)
    assert [path.name for path in young.parent.iterdir()] == ["young.rlm"]


def test_what_is_open_locked_packed_or_unreadable_stays() -> None:
    """An open one goes when that is asked for; one that is being written never does."""
    lines = (GOLDEN / "2.3" / "agent.rlm" / "trace.jsonl").read_bytes().splitlines(keepends=True)
    for name in ("open.rlm", "held.rlm"):
        opened = place(name, 40) / "trace.jsonl"
        opened.write_bytes(b"".join(lines[:3]))
        os.utime(opened, (0, 0))
    broken = place("broken.rlm", 40) / "trace.jsonl"
    broken.write_text("nonsense\n")
    os.utime(broken, (0, 0))
    packed = Path(".rlmlite/old.rlmz")
    rlmlite("trace", "pack", str(place("sealed.rlm", 1)), str(packed))
    os.utime(packed, (0, 0))
    log = Log.create(Path(".rlmlite/live.rlm"), bytes(32))
    try:
        (Path(".rlmlite/live.rlm") / "trace.jsonl").write_bytes(lines[0])
        os.utime(".rlmlite/live.rlm/trace.jsonl", (0, 0))

        assert kept() == {
            "open.rlm": "open",
            "held.rlm": "open",
            "broken.rlm": "unreadable",
            "old.rlmz": "packed",
            "sealed.rlm": "young",
            "live.rlm": "locked",
        }
        rlmlite("trace", "gc", "--older-than", "30d", "--open", "--yes")
    finally:
        log.close()
    assert set(kept()) == {"broken.rlm", "old.rlmz", "sealed.rlm", "live.rlm"}


def test_what_a_link_leads_to_stays() -> None:
    """A link among the traces is no trace, and links inside of one are removed as links."""
    outside = Path("outside.rlm")
    shutil.copytree(GOLDEN / "2.3" / "agent.rlm", outside)
    os.utime(outside / "trace.jsonl", (0, 0))
    old = place("old.rlm", 40)
    (old.parent / "link.rlm").symlink_to(outside.absolute())
    (old / "nested").symlink_to(outside.absolute())

    rlmlite("trace", "gc", "--older-than", "30d", "--yes")

    assert not old.exists()
    assert (outside / "trace.jsonl").exists()
    assert (old.parent / "link.rlm").is_symlink()


def test_the_store_lets_go_of_what_only_a_removed_trace_needed() -> None:
    """And keeps what another trace needs, or what lies elsewhere."""
    rlmlite("exec", "-e", "final(1)", "app.log", "--copy", "--trace", ".rlmlite/old.rlm")
    rlmlite("exec", "-e", "final(1)", "app.log", "--copy", "--trace", "mine.rlm")
    os.utime(".rlmlite/old.rlm/trace.jsonl", (0, 0))
    (before,) = document("store", "ls")["value"]
    assert len(before["traces"]) == 2

    rlmlite("trace", "gc", "--older-than", "1h", "--yes")

    (after,) = document("store", "ls")["value"]
    assert [Path(each).name for each in after["traces"]] == ["mine.rlm"]
    assert document("store", "gc", "--grace", "0")["value"]["missing"] == []


@pytest.mark.parametrize("age", ["30", "d", "-1d", "1y", "1.5d", ""])
def test_an_age_is_a_number_with_a_unit(age: str) -> None:
    """Anything else is refused before a trace is looked at."""
    assert rlmlite("trace", "gc", "--older-than", age).exit_code == Exit.USAGE
