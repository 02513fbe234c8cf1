"""The log: what a writer leaves on disk."""

import json
import os
import random
import stat
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from rlmlite_kernel.effects.requests import Answered, Failed, Result, Usage
from rlmlite_kernel.records.canonical import NotCanonicalError
from rlmlite_kernel.records.records import Entry, Seal, Step
from rlmlite_kernel.records.refs import blob
from rlmlite_traces import (
    BlobAbsentError,
    BlobMismatchError,
    Level,
    Log,
    Presence,
    TraceBrokenError,
    TraceExistsError,
    TraceLockedError,
    TraceMissingError,
    TraceSealedError,
    verify,
)
from rlmlite_traces.format import lines
from rlmlite_traces.writing import journal
from tests.traces import handmade


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Records, calls, text, bytes and large contents come back as they were, under the log's root."""
    large = os.urandom(100_000)
    entries = [*handmade.run(sealed=False), handmade.step(4, 2, 3, shown=large), handmade.seal(4, 4)]
    root = handmade.write(tmp_path / "a.rlm", entries)

    trace = verify(tmp_path / "a.rlm", root, Level.SEALED)

    blank = [msgspec.structs.replace(record, seq=0, prev="0" * 64) for record in trace.records]
    assert blank == [entry.record for entry in entries]
    assert [tuple(trace.effects(seq)) for seq in range(trace.size)] == [entry.effects for entry in entries]
    kept = {item.ref: item.content for entry in entries for item in entry.blobs}
    assert {ref: trace.content(ref) for ref in trace.blobs} == kept
    assert large in kept.values()


def test_the_same_entries_give_the_same_bytes(tmp_path: Path) -> None:
    """Files hold nothing of the day, the machine or the order in which calls ended."""
    for name, seed in (("a.rlm", 1), ("b.rlm", 2)):
        with Log.create(tmp_path / name, handmade.KEY) as log:
            for entry in handmade.run():
                calls = list(entry.effects)
                random.Random(seed).shuffle(calls)
                for call in calls:
                    log.journal(call.id, Answered("ok"))
                    log.timing(call.id, {"ms": seed, "attempts": 1})
                log.extend([entry])

    assert handmade.files(tmp_path / "a.rlm") == handmade.files(tmp_path / "b.rlm")


def test_each_content_is_kept_once(tmp_path: Path) -> None:
    """A blob that comes again, in the same entry or after a restart, is not written again."""
    with Log.create(tmp_path / "a.rlm", handmade.KEY) as log:
        first = handmade.genesis()
        log.append(Entry(first.record, first.blobs * 2))
        log.append(handmade.turn(1, 0))
    with Log.open(tmp_path / "a.rlm") as log:
        log.append(handmade.turn(2, 0))

    assert len((tmp_path / "a.rlm" / "blobs.jsonl").read_bytes().splitlines()) == 5


def test_a_trace_is_created_once(tmp_path: Path) -> None:
    """Whatever is at the path stays as it is."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")

    for name in ("folder", "file"):
        with pytest.raises(TraceExistsError):
            Log.create(tmp_path / name, handmade.KEY)
    assert (tmp_path / "file").read_text() == "mine"
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_trace_has_one_writer(tmp_path: Path) -> None:
    """A second log is refused in this process and in another, until the first is closed."""
    path = tmp_path / "a.rlm"
    code = (
        "import sys; from pathlib import Path; from rlmlite_traces import Log, TraceLockedError\n"
        "try: Log.open(Path(sys.argv[1]))\nexcept TraceLockedError: sys.exit(7)"
    )
    with Log.create(path, handmade.KEY) as log:
        log.append(handmade.genesis())
        with pytest.raises(TraceLockedError):
            Log.open(path)
        assert subprocess.run([sys.executable, "-c", code, str(path)], env=environment()).returncode == 7

    Log.open(path).close()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_log_goes_on_where_it_was(tmp_path: Path) -> None:
    """Closed after any record and opened again, a log ends as if it had never been closed."""
    expected = handmade.write(tmp_path / "whole.rlm", handmade.run())

    for at in range(len(handmade.run())):
        path = tmp_path / f"{at}.rlm"
        with Log.create(path, handmade.KEY) as log:
            log.extend(handmade.run()[:at])
        with Log.open(path) as log:
            assert log.size == at
            assert log.run_key == handmade.KEY
            log.extend(handmade.run()[at:])
            assert log.root == expected
        assert handmade.files(path) == handmade.files(tmp_path / "whole.rlm")


def test_the_run_key_is_secret_and_goes_with_the_seal(tmp_path: Path) -> None:
    """Only its owner reads the key; the seal deletes it, and the journal."""
    path = tmp_path / "a.rlm"
    with Log.create(path, handmade.KEY) as log:
        log.extend(handmade.run(sealed=False))
        assert stat.S_IMODE((path / "run.key").stat().st_mode) == 0o600
        log.append(handmade.seal(3, 3))
        assert not (path / "run.key").exists()

    assert sorted(item.name for item in path.iterdir()) == [
        "blobs.jsonl",
        "effects.jsonl",
        "lock",
        "timing.jsonl",
        "trace.jsonl",
    ]
    assert all(handmade.KEY.hex().encode() not in item.read_bytes() for item in path.iterdir())


def test_nothing_follows_a_seal(tmp_path: Path) -> None:
    """A sealed log takes no record, and cannot be opened for more."""
    path = tmp_path / "a.rlm"
    with Log.create(path, handmade.KEY) as log:
        log.extend(handmade.run())
        before = handmade.files(path)
        with pytest.raises(TraceSealedError):
            log.append(handmade.turn(3, 3))
    with pytest.raises(TraceSealedError):
        Log.open(path)

    assert handmade.files(path) == before


def test_a_seal_whose_key_was_not_deleted_is_finished(tmp_path: Path) -> None:
    """A crash between the seal and the deletion of the key is mended by the next who opens."""
    path = tmp_path / "a.rlm"
    handmade.write(path, handmade.run())
    (path / "run.key").write_text(handmade.KEY.hex())

    with pytest.raises(TraceSealedError):
        Log.open(path)

    assert not (path / "run.key").exists()


def test_a_bad_entry_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that cannot follow is refused before a byte is written, and the next good one is taken."""
    path = tmp_path / "a.rlm"
    calls = handmade.step(1, 1, 0, count=3)
    assert isinstance(calls.record, Step)
    bare = handmade.step(1, 1, 0)
    key = msgspec.structs.replace(bare.record, used={"käse": 1})
    huge = msgspec.structs.replace(bare.record, used={"steps": 2**53})
    odd = msgspec.structs.replace(bare.record, op="\ud800")
    long = msgspec.structs.replace(bare.record, op="x" * 5_000)
    bad = [
        (handmade.genesis(), TraceBrokenError),
        (handmade.turn(3, 0), TraceBrokenError),
        (handmade.step(2, 1, 0), TraceBrokenError),
        (handmade.step(1, 1, 4), TraceBrokenError),
        (Entry(calls.record, calls.blobs, calls.effects[:2]), TraceBrokenError),
        (Entry(bare.record, calls.blobs, calls.effects), TraceBrokenError),
        (Entry(handmade.turn(2, 0).record, calls.blobs, calls.effects), TraceBrokenError),
        (Entry(calls.record, (), calls.effects), BlobAbsentError),
        (Entry(bare.record, ()), BlobAbsentError),
        (Entry(key, bare.blobs), NotCanonicalError),
        (Entry(huge, bare.blobs), NotCanonicalError),
        (Entry(odd, bare.blobs), NotCanonicalError),
        (Entry(long, bare.blobs), NotCanonicalError),
        (handmade.seal(1, 0), TraceBrokenError),
    ]
    monkeypatch.setattr(lines, "MAX_LINE", 5_000)
    with Log.create(path, handmade.KEY) as log:
        log.extend([handmade.genesis(), handmade.turn(1, 0)])
        before = handmade.files(path)
        for entry, error in bad:
            with pytest.raises(error):
                log.append(entry)
            assert handmade.files(path) == before
        log.append(calls)
        log.append(handmade.seal(1, 1))

    assert verify(path).size == 4


def test_a_source_must_bring_its_content(tmp_path: Path) -> None:
    """The content of an input from memory is named by its source only, and is missed all the same."""
    entry = handmade.genesis()
    settings, _, source = entry.blobs
    with Log.create(tmp_path / "a.rlm", handmade.KEY) as log, pytest.raises(BlobAbsentError):
        log.append(Entry(entry.record, (settings, source)))


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
        assert log.journalled() == RESULTS

    with Log.open(path) as log:
        assert log.journalled() == RESULTS
        log.journal("d", Failed("rate"))
    with Log.open(path) as log:
        assert log.journalled() == RESULTS | {"d": Failed("rate")}
        log.extend([handmade.step(1, 1, 0, count=2)])
        assert log.journalled() == {}
    with Log.open(path) as log:
        assert log.journalled() == {}


@pytest.mark.parametrize("tail", [b"", b"\x00\x00\x00", b"garbage\n"])
def test_a_journal_may_be_torn_anywhere(tmp_path: Path, tail: bytes) -> None:
    """Cut at any byte, the journal keeps its whole lines, and takes more."""
    path = tmp_path / "a.rlm"
    with Log.create(path, handmade.KEY) as log:
        log.append(handmade.genesis())
        for id_, result in RESULTS.items():
            log.journal(id_, result)
    whole = (path / "journal.jsonl").read_bytes()

    for at in {*range(0, len(whole), 7), whole.find(b"\n"), whole.find(b"\n") + 1, len(whole)}:
        (path / "journal.jsonl").write_bytes(whole[:at] + (tail if at < len(whole) else b""))
        with Log.open(path) as log:
            count = len(log.journalled())
            assert log.journalled() == dict(list(RESULTS.items())[:count])
            assert count == whole[:at].count(b"\n")
            log.journal("z", Failed("rate"))
        with Log.open(path) as log:
            assert "z" in log.journalled()


def test_a_journal_that_was_altered_is_refused(tmp_path: Path) -> None:
    """Only the last line may be torn."""
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
        assert len(log.journalled()) == 800


def test_timing_is_written_and_not_checked(tmp_path: Path) -> None:
    """Latency goes to its own file; whatever is in there, the trace verifies."""
    path = tmp_path / "a.rlm"
    with Log.create(path, handmade.KEY) as log:
        log.extend(handmade.run(sealed=False))
        log.timing("a", {"ms": 12, "attempts": 2, "note": None})
        log.append(handmade.seal(3, 3))
        root = log.root

    assert json.loads((path / "timing.jsonl").read_bytes()) == {"id": "a", "ms": 12, "attempts": 2, "note": None}
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
        log.extend([handmade.turn(2, 1), handmade.step(2, 2, 1, count=3), handmade.step(3, 2, 2, count=3)])
        assert len(counts) == 3
        log.extend([handmade.seal(3, 3)])
        assert len(counts) == 7


def test_calls_are_durable_before_the_next_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a host that appends one by one gets a sync for each program with calls."""
    with Log.create(tmp_path / "a.rlm", handmade.KEY) as log:
        log.journal("a", Failed("rate"))
        for entry in (handmade.genesis(), handmade.turn(1, 0), handmade.step(1, 1, 0, count=3)):
            log.append(entry)
        assert log.journalled()
        log.append(handmade.turn(2, 1))
        assert not log.journalled()


def test_a_failed_write_closes_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a full disk a log takes no more, and what it left recovers."""
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


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    """Closing twice is fine; writing after it is the caller's mistake."""
    log = Log.create(tmp_path / "a.rlm", handmade.KEY)
    log.journal("a", Failed("rate"))
    log.close()
    log.close()

    with pytest.raises(RuntimeError, match="closed"):
        log.append(handmade.genesis())


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    """No folder, no file, a link, a pipe, no key: each is a typed error."""
    with pytest.raises(TraceMissingError, match="no such folder"):
        Log.open(tmp_path / "a.rlm")
    for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl", "run.key"):
        path = tmp_path / f"{name}.rlm"
        with Log.create(path, handmade.KEY) as log:
            log.append(handmade.genesis())
        (path / name).rename(tmp_path / name)
        with pytest.raises(TraceMissingError, match=name.replace(".", r"\.")):
            Log.open(path)
        if name != "run.key":
            (path / name).symlink_to(tmp_path / name)
            with pytest.raises(TraceMissingError):
                verify(path)
            (path / name).unlink()
            os.mkfifo(path / name)
            with pytest.raises(TraceMissingError, match="plain"):
                verify(path)


def test_a_seal_of_an_entry_is_typed(tmp_path: Path) -> None:
    """`append` gives the record back with its place."""
    with Log.create(tmp_path / "a.rlm", handmade.KEY) as log:
        placed = [log.append(entry) for entry in handmade.run()]

    assert [record.seq for record in placed] == list(range(7))
    assert isinstance(placed[-1], Seal)
    assert placed[-1].prev != "0" * 64
    assert blob(handmade.SALTS, b"x").ref == blob(handmade.SALTS, b"x").ref


def test_a_failed_journal_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that could not be written whole is said, and nothing is written behind its torn line."""
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
        assert set(log.journalled()) == {"a"}


def test_a_failed_sync_is_told_to_the_next_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that syncs in time has nobody to raise to: the next call hears of it."""
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


def test_a_folder_of_large_blobs_is_read_with_care(tmp_path: Path) -> None:
    """In `blobs/` only plain files named by 64 hex digits count; other names are not looked at, links are refused."""
    path = tmp_path / "a.rlm"
    large = handmade.step(1, 1, 0, shown=b"x" * 100_000)
    root = handmade.write(path, [handmade.genesis(), handmade.turn(1, 0), large, handmade.seal(1, 1)])
    (path / "blobs" / ".DS_Store").write_bytes(b"?")
    (path / "blobs" / ("A" * 64)).write_bytes(b"?")
    trace = verify(path, root, Level.SEALED)
    name = next(item for item in (path / "blobs").iterdir() if len(item.name) == 64 and item.name != "A" * 64)
    assert trace.blobs[name.name] is Presence.PRESENT

    name.rename(tmp_path / "elsewhere")
    with pytest.raises(TraceMissingError):
        trace.content(name.name)
    name.write_bytes(b"y" * 100_000)
    with pytest.raises(BlobMismatchError):
        trace.content(name.name)
    name.unlink()
    name.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TraceMissingError):
        verify(path, root)
    name.unlink()
    with pytest.raises(BlobAbsentError):
        verify(path, root)
    with pytest.raises(BlobAbsentError):
        trace.content(handmade.state(9))
    (path / "blobs" / ".DS_Store").unlink()
    (path / "blobs" / ("A" * 64)).unlink()
    (path / "blobs").rmdir()
    (path / "blobs").write_text("no folder")
    with pytest.raises(TraceMissingError, match="not a folder"):
        verify(path, root)
    with pytest.raises(TraceMissingError, match="no such folder"):
        verify(tmp_path / "none.rlm")


def test_links_are_not_written_through(tmp_path: Path) -> None:
    """A file of the trace that became a link is refused, and what it points to stays as it is; the lock is let go."""
    path = tmp_path / "a.rlm"
    handmade.write(path, handmade.run(sealed=False))
    (tmp_path / "mine").write_text("mine")
    (path / "timing.jsonl").unlink()
    (path / "timing.jsonl").symlink_to(tmp_path / "mine")

    with pytest.raises(TraceMissingError):
        Log.open(path)

    assert (tmp_path / "mine").read_text() == "mine"
    (path / "timing.jsonl").unlink()
    (path / "journal.jsonl").unlink()
    (path / "journal.jsonl").symlink_to(tmp_path / "mine")
    with pytest.raises(TraceMissingError):
        Log.open(path)
    (path / "journal.jsonl").unlink()
    Log.open(path).close()
