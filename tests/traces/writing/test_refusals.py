"""What a log refuses: entries that cannot follow, and files and links that it does not trust."""

import os
from pathlib import Path

import msgspec
import pytest

from rlmlite_kernel.records.canonical import NotCanonicalError
from rlmlite_kernel.records.records import Entry, Step
from rlmlite_traces import (
    BlobAbsentError,
    BlobMismatchError,
    Level,
    Log,
    Presence,
    TraceBrokenError,
    TraceMissingError,
    verify,
)
from rlmlite_traces.format import lines
from tests.traces import handmade


def test_a_bad_entry_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that cannot follow is refused before a byte is written, and the next good one is accepted."""
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
    """A content of an input from memory is required even though only its source names it."""
    entry = handmade.genesis()
    settings, _, source = entry.blobs
    with Log.create(tmp_path / "a.rlm", handmade.KEY) as log, pytest.raises(BlobAbsentError):
        log.append(Entry(entry.record, (settings, source)))


def test_what_cannot_be_opened_is_a_typed_error(tmp_path: Path) -> None:
    """No folder, no file, a link, a pipe or no key: each has an error of its own."""
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
    with pytest.raises(TraceMissingError, match="expected a folder"):
        verify(path, root)
    with pytest.raises(TraceMissingError, match="no such folder"):
        verify(tmp_path / "none.rlm")


def test_links_are_not_written_through(tmp_path: Path) -> None:
    """A file of the trace that became a link is refused, its target stays as it is, and the lock is released."""
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
