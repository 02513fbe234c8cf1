"""The log: what a writer leaves on disk, and how it goes on after a stop."""

import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from rlmlite_kernel.effects.requests import Answered, Failed
from rlmlite_kernel.records.records import Entry, Seal
from rlmlite_kernel.records.refs import blob
from rlmlite_traces import (
    Level,
    Log,
    TraceExistsError,
    TraceLockedError,
    TraceSealedError,
    verify,
)
from rlmlite_traces.files import append_only, guarded
from tests.traces import handmade


def test_entries_are_read_back(tmp_path: Path) -> None:
    """Records, calls, text, bytes and large contents are read back unchanged, under the log's root."""
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
    """A path where something exists is refused, and stays as it is."""
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
    """Closed after any record and opened again, a log ends with the same bytes as one that was never closed."""
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
    """After a crash between seal and deletion of the key, the next process that opens the log deletes the key."""
    path = tmp_path / "a.rlm"
    handmade.write(path, handmade.run())
    (path / "run.key").write_text(handmade.KEY.hex())

    with pytest.raises(TraceSealedError):
        Log.open(path)

    assert not (path / "run.key").exists()


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    """Closing twice is harmless; writing to a closed log is the caller's mistake."""
    log = Log.create(tmp_path / "a.rlm", handmade.KEY)
    log.journal("a", Failed("rate"))
    log.close()
    log.close()

    with pytest.raises(RuntimeError, match="closed"):
        log.append(handmade.genesis())


def test_append_returns_the_placed_record(tmp_path: Path) -> None:
    """`append` returns the record with its place in the trace."""
    with Log.create(tmp_path / "a.rlm", handmade.KEY) as log:
        placed = [log.append(entry) for entry in handmade.run()]

    assert [record.seq for record in placed] == list(range(7))
    assert isinstance(placed[-1], Seal)
    assert placed[-1].prev != "0" * 64
    assert blob(handmade.SALTS, b"x").ref == blob(handmade.SALTS, b"x").ref


@pytest.mark.parametrize("lost", range(1, 16))
def test_an_entry_that_found_no_memory_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """At whichever write memory runs out, the trace is as it was before the entry, and the entry can be appended."""
    written, count = guarded.write_all, 0

    def write_all(descriptor: int, data: bytes) -> None:
        nonlocal count
        count += 1
        if count == lost:
            written(descriptor, data[: len(data) // 2])
            raise MemoryError
        written(descriptor, data)

    entries = handmade.run()
    with Log.create(tmp_path / "a.rlm", handmade.KEY) as log:
        monkeypatch.setattr(append_only, "write_all", write_all)
        for entry in entries:
            size = log.size
            try:
                log.append(entry)
            except MemoryError:
                if size:
                    assert verify(tmp_path / "a.rlm").size == size
                log.append(entry)
        root = log.root

    assert count >= lost
    assert root == handmade.encode(entries)[1]
    assert verify(tmp_path / "a.rlm", root).level is Level.SEALED
