"""The journal: calls that ended are there after a restart."""

import os
import threading
from pathlib import Path

import pytest

from rlmlite_kernel.effects.requests import Answered, Failed, Result, Usage
from rlmlite_traces import (
    Log,
    TraceBrokenError,
)
from rlmlite_traces.writing import journal
from tests.traces import handmade

RESULTS: dict[str, Result] = {
    "a": Answered("Zoë \x00\x1b[31m", Usage(1, 2, 3), cached=True),
    "b": Failed("timeout"),
    "c": Answered("", Usage(None, 7, None)),
}


def test_the_journal_survives_the_process(tmp_path: Path) -> None:
    """A call that ended is there after a restart, whether or not the log was closed, and is kept once."""
    path = tmp_path / "a.rlm"
    with Log.create(path, handmade.KEY) as log:
        log.extend([handmade.genesis(), handmade.turn(1, 0)])
        for id_, result in RESULTS.items():
            log.journal(id_, result)
        log.journal("a", Failed("rate"))
        assert log.journal_results() == RESULTS

    with Log.open(path) as log:
        assert log.journal_results() == RESULTS
        log.journal("d", Failed("rate"))
    with Log.open(path) as log:
        assert log.journal_results() == RESULTS | {"d": Failed("rate")}
        log.extend([handmade.step(1, 1, 0, count=2)])
        assert log.journal_results() == {}
    with Log.open(path) as log:
        assert log.journal_results() == {}


@pytest.mark.parametrize("tail", [b"", b"\x00\x00\x00", b"garbage\n"])
def test_a_journal_may_be_torn_anywhere(tmp_path: Path, tail: bytes) -> None:
    """Cut at any byte, a journal keeps its whole lines and accepts more."""
    path = tmp_path / "a.rlm"
    with Log.create(path, handmade.KEY) as log:
        log.append(handmade.genesis())
        for id_, result in RESULTS.items():
            log.journal(id_, result)
    whole = (path / "journal.jsonl").read_bytes()

    for at in {*range(0, len(whole), 7), whole.find(b"\n"), whole.find(b"\n") + 1, len(whole)}:
        (path / "journal.jsonl").write_bytes(whole[:at] + (tail if at < len(whole) else b""))
        with Log.open(path) as log:
            count = len(log.journal_results())
            assert log.journal_results() == dict(list(RESULTS.items())[:count])
            assert count == whole[:at].count(b"\n")
            log.journal("z", Failed("rate"))
        with Log.open(path) as log:
            assert "z" in log.journal_results()


def test_a_journal_that_was_altered_is_refused(tmp_path: Path) -> None:
    """Only the last line of a journal may be torn."""
    path = tmp_path / "a.rlm"
    with Log.create(path, handmade.KEY) as log:
        for id_, result in RESULTS.items():
            log.journal(id_, result)
    whole = (path / "journal.jsonl").read_bytes()
    (path / "journal.jsonl").write_bytes(whole[:5] + b"!" + whole[6:])

    with pytest.raises(TraceBrokenError, match=r"journal\.jsonl: line 0"):
        Log.open(path)


def test_journalled_calls_become_durable_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """256 calls are synced at once; fewer within the time limit, although no other call ends."""
    synced = threading.Event()
    counts: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        counts.append(1)
        synced.set()
        real(descriptor)

    log = Log.create(tmp_path / "a.rlm", handmade.KEY)
    monkeypatch.setattr(os, "fsync", fsync)
    with log:
        log.journal("first", Failed("rate"))
        assert synced.wait(10 * journal.SYNC_SECONDS + 5)
        synced.clear()
        for number in range(journal.SYNC_CALLS):
            log.journal(str(number), Failed("rate"))
        assert counts


def test_a_journal_may_be_written_from_many_threads(tmp_path: Path) -> None:
    """Lines of calls that end in several threads are never mixed."""
    path = tmp_path / "a.rlm"

    def work(worker: int) -> None:
        for number in range(200):
            log.journal(f"{worker}.{number}", Answered("x" * number))

    with Log.create(path, handmade.KEY) as log:
        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with Log.open(path) as log:
        assert len(log.journal_results()) == 800
