"""Durability: when a log syncs, and what it does after a write or a sync that failed."""

import json
import os
import threading
from pathlib import Path

import pytest

from rlmlite_kernel.effects.requests import Failed
from rlmlite_traces import (
    Level,
    Log,
    verify,
)
from tests.traces import handmade


def test_timing_is_written_and_not_checked(tmp_path: Path) -> None:
    """Latency goes to its own file; whatever is in there, the trace verifies."""
    path = tmp_path / "a.rlm"
    with Log.create(path, handmade.KEY) as log:
        log.extend(handmade.run(sealed=False))
        log.timing("aabb", {"ms": 12, "attempts": 2, "note": None})
        log.append(handmade.seal(3, 3))
        root = log.root

    assert json.loads((path / "timing.jsonl").read_bytes()) == {"id": "aa", "ms": 12, "attempts": 2, "note": None}
    (path / "timing.jsonl").write_bytes(b"\xff")
    verify(path, root, Level.SEALED)


def test_a_program_with_calls_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records are synced once for a program with calls and once for the seal, and not otherwise."""
    counts: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: counts.append(descriptor))
    with Log.create(tmp_path / "a.rlm", handmade.KEY) as log:
        counts.clear()
        log.extend([handmade.genesis(), handmade.turn(1, 0), handmade.step(1, 1, 0)])
        assert counts == []
        log.extend(
            [handmade.turn(2, 1), handmade.step(2, 2, 1, count=3, first=2), handmade.step(3, 2, 2, count=3, first=2)]
        )
        assert len(counts) == 3
        log.extend([handmade.seal(3, 3)])
        assert len(counts) == 7


def test_calls_are_durable_before_the_next_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a host that appends one by one gets a sync for each program with calls."""
    with Log.create(tmp_path / "a.rlm", handmade.KEY) as log:
        log.journal("a", Failed("rate"))
        for entry in (handmade.genesis(), handmade.turn(1, 0), handmade.step(1, 1, 0, count=3)):
            log.append(entry)
        assert log.journal_results()
        log.append(handmade.turn(2, 1))
        assert not log.journal_results()


def test_a_failed_write_closes_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a full disk a log takes no more records, and what it wrote can be recovered."""
    path = tmp_path / "a.rlm"
    with Log.create(path, handmade.KEY) as log:
        log.append(handmade.genesis())
        real = os.write

        def full(descriptor: int, data: bytes) -> int:
            monkeypatch.setattr(os, "write", no_space)
            return real(descriptor, data[:10])

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            log.append(handmade.turn(1, 0))
        monkeypatch.setattr(os, "write", real)
        with pytest.raises(RuntimeError, match="recover"):
            log.append(handmade.turn(1, 0))
    with Log.open(path) as log:
        assert log.size == 1
        log.append(handmade.turn(1, 0))


def no_space(descriptor: int, data: bytes) -> int:
    raise OSError(28, "No space left on device")


def test_a_failed_journal_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that could not be journalled whole raises, and nothing is written after its torn line."""
    path = tmp_path / "a.rlm"
    with Log.create(path, handmade.KEY) as log:
        log.journal("a", Failed("rate"))
        monkeypatch.setattr(os, "write", no_space)
        with pytest.raises(OSError, match="No space"):
            log.journal("b", Failed("rate"))
        monkeypatch.undo()
        with pytest.raises(RuntimeError, match="recover"):
            log.journal("c", Failed("rate"))
    with Log.open(path) as log:
        assert set(log.journal_results()) == {"a"}


def test_a_failed_sync_is_raised_by_the_next_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The background thread that syncs cannot raise to anybody, so the next call raises its error."""
    tried = threading.Event()

    def fsync(descriptor: int) -> None:
        tried.set()
        raise OSError(5, "Input/output error")

    with Log.create(tmp_path / "a.rlm", handmade.KEY) as log:
        monkeypatch.setattr(os, "fsync", fsync)
        log.journal("a", Failed("rate"))
        assert tried.wait(10)
        monkeypatch.undo()
        for _ in range(2):
            with pytest.raises(OSError, match="Input/output"):
                log.journal("b", Failed("rate"))
