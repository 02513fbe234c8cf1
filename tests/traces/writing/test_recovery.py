"""Recovery: what is left of a trace after a crash at any byte."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlmlite_kernel.records.call_lines import lines_of
from rlmlite_kernel.records.canonical import record_bytes
from rlmlite_kernel.records.records import Entry
from rlmlite_traces import (
    BlobAbsentError,
    BlobMismatchError,
    Level,
    Log,
    Recovered,
    TraceBrokenError,
    TraceError,
    recover,
)
from rlmlite_traces.format import lines
from rlmlite_traces.format.chain import Chain
from tests.sizes import stride_of
from tests.traces import handmade

Files = dict[str, bytes]
NAMES = ("trace.jsonl", "blobs.jsonl", "effects.jsonl")
TAILS = [b"", b"\x00" * 40, b'{"kind":"st\xff garbage\n']


@pytest.fixture(autouse=True)
def _large_begins_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LARGE", 70)


def entries() -> list[Entry]:
    long = handmade.step(2, 1, 1, shown=b"long " * 15)
    return [handmade.genesis(), handmade.turn(1, 0), handmade.step(1, 1, 0, count=2), long, handmade.seal(2, 2)]


def writes() -> Iterator[tuple[str, bytes, bool]]:
    """What a log writes, in order: file, bytes, and whether a record is whole after it."""
    chain = Chain()
    kept: set[str] = set()
    for entry in entries():
        new = {blob.ref: blob for blob in entry.blobs if blob.ref not in kept}
        kept.update(new)
        for blob in new.values():
            if len(blob.content) > lines.LARGE:
                yield f"blobs/{blob.ref}", blob.content, False
        yield "blobs.jsonl", b"".join(lines.encode_blob(blob) + b"\n" for blob in new.values()), False
        yield "effects.jsonl", b"".join(line + b"\n" for line in lines_of(entry.effects)), False
        record = chain.place(entry.record)
        line = record_bytes(record)
        chain.add(record, line)
        yield "trace.jsonl", line + b"\n", True


def crashes(stride: int = 1) -> Iterator[tuple[Files, str, int]]:
    """States that a crash between two bytes leaves: the files, which one was written, the whole records.

    With a stride only some of them, but always those between two writes.
    """
    files: Files = dict.fromkeys(NAMES, b"")
    records = 0
    for name, data, record in writes():
        before = files.get(name, b"")
        for at in range(0, len(data), stride):
            yield files | {name: before + data[:at]}, name, records
        files[name] = before + data
        records += record
    yield files, "trace.jsonl", records


def recover_files(files: Files) -> Recovered:
    return recover(handmade.unchecked_trace(files))


def size(found: Recovered) -> int:
    return found.trace.size if found.trace is not None else 0


@pytest.mark.parametrize("tail", TAILS)
def test_a_crash_at_any_byte_is_recovered(tail: bytes) -> None:
    """Every record that was whole is kept, nothing else is, and no crash is taken for tampering.

    Every seventh byte in the suite, every byte in the sweep.
    """
    tried, stride = 0, stride_of(7)
    for files, name, records in crashes(stride):
        found = recover_files(files | {name: files[name] + tail})
        tried += 1
        assert size(found) == records, (name, len(files[name]))
        kept = {name: files[name][: found.keep[name]] for name in NAMES}
        assert size(recover_files(files | kept)) == records
    assert tried > 3_500 // stride


def test_after_a_crash_a_log_ends_as_without_one(tmp_path: Path) -> None:
    """Opened after a crash and given the rest, a log has the same bytes in the end."""
    whole = tmp_path / "whole.rlm"
    handmade.write(whole, entries())

    for number, (files, name, records) in enumerate(crashes()):
        if number % 101:
            continue
        path = tmp_path / f"{number}.rlm"
        Log.create(path, handmade.KEY).close()
        put(path, files | {name: files[name] + TAILS[number % 3]})
        if records == len(entries()):
            continue
        with Log.open(path) as log:
            assert log.size == records
            log.extend(entries()[records:])
        assert handmade.files(path) == handmade.files(whole)


def put(path: Path, files: Files) -> None:
    (path / "blobs").mkdir(exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)


def test_a_loss_of_power_may_cut_each_file_by_itself() -> None:
    """Files reach the disk in any order: any combination of cuts recovers to a sound prefix."""
    files: Files = {}
    for name, data, _ in list(writes())[:-3]:  # all but the seal
        files[name] = files.get(name, b"") + data
    whole = size(recover_files(files))
    rng = random.Random(5)
    sizes = set()

    for _ in range(2_000):
        cut = {name: content[: rng.randint(0, len(content))] for name, content in files.items() if name in NAMES}
        chosen = {name: cut[name] if name in cut and rng.random() < 0.5 else files[name] for name in files}
        found = recover_files(chosen)
        sizes.add(size(found))
        assert size(found) <= whole

    assert sizes == set(range(whole + 1))


def test_damage_before_the_end_is_tampering() -> None:
    """A flipped byte anywhere but in a file's last line is raised, not cut off."""
    files: Files = {}
    for name, data, _ in list(writes())[:-3]:
        files[name] = files.get(name, b"") + data
    for name in NAMES:
        last = files[name].rstrip(b"\n").rfind(b"\n") + 1
        for at in range(0, last - 1):
            content = files[name]
            changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            with pytest.raises(TraceError):
                recover_files(files | {name: changed})


def test_a_whole_line_out_of_place_is_tampering() -> None:
    """The last line may be torn, but a whole one that does not follow was not torn by a crash."""
    files: Files = {}
    for name, data, _ in writes():
        files[name] = files.get(name, b"") + data
    whole = files["trace.jsonl"].splitlines(keepends=True)

    for changed in ([*whole[:3], whole[4]], [*whole, whole[0]], whole[1:2]):
        with pytest.raises(TraceBrokenError):
            recover_files(files | {"trace.jsonl": b"".join(changed)})


def test_what_is_missing_before_the_end_is_tampering() -> None:
    """A blob that is gone although later ones are there was taken out; of a sealed trace nothing may be gone."""
    files: Files = {}
    for name, data, _ in writes():
        files[name] = files.get(name, b"") + data
    blobs = files["blobs.jsonl"].splitlines(keepends=True)
    calls = files["effects.jsonl"].splitlines(keepends=True)
    opened = b"".join(files["trace.jsonl"].splitlines(keepends=True)[:-1])

    for at in range(len(blobs) - 1):
        with pytest.raises((BlobAbsentError, TraceBrokenError)):
            recover_files(files | {"blobs.jsonl": b"".join([*blobs[:at], *blobs[at + 1 :]])})
    with pytest.raises(BlobAbsentError):
        recover_files(files | {"blobs.jsonl": b"".join(blobs[:-1])})
    with pytest.raises(TraceBrokenError, match="effects-missing"):
        recover_files(files | {"effects.jsonl": b"".join(calls[:-1])})
    with pytest.raises(BlobAbsentError):
        recover_files(files | {"trace.jsonl": opened, "blobs.jsonl": b"".join([*blobs[:5], *blobs[6:]])})
    with pytest.raises(TraceBrokenError):
        recover_files(files | {"trace.jsonl": opened, "effects.jsonl": b"".join(calls[1:] + calls[:1])})


def test_a_large_blob_that_is_another_is_tampering() -> None:
    """A log writes the line of a large blob when its file is durable: no crash leaves another file beside it."""
    files: Files = {}
    for name, data, _ in list(writes())[:-3]:
        files[name] = files.get(name, b"") + data
    name = next(name for name in files if name.startswith("blobs/"))

    with pytest.raises(BlobAbsentError):
        recover_files(files | {name: files[name][:-1]})
    for changed in (b"L" + files[name][1:], files[name] + b"!"):
        with pytest.raises(BlobMismatchError):
            recover_files(files | {name: changed})


def test_an_empty_trace_is_nothing_yet(tmp_path: Path) -> None:
    """A crash before the genesis leaves a log that can begin."""
    path = tmp_path / "a.rlm"
    Log.create(path, handmade.KEY).close()
    (path / "trace.jsonl").write_bytes(b'{"actio')
    (path / "blobs").mkdir()
    (path / "blobs" / handmade.state(1)).write_bytes(b"orphan")

    with Log.open(path) as log:
        assert (log.size, log.recovered) == (0, None)
        assert list((path / "blobs").iterdir()) == []
        log.extend(entries())
        assert log.root
    assert size(recover_files(handmade.files(path))) == len(entries())


def test_what_was_left_out_is_said(tmp_path: Path) -> None:
    """Recovery says how many bytes of each file it keeps and leaves out, and changes nothing itself."""
    path = tmp_path / "a.rlm"
    handmade.write(path, handmade.run(sealed=False))
    with open(path / "trace.jsonl", "ab") as file:
        file.write(b"torn")

    found = recover_files(handmade.files(path))

    assert found.dropped == {"trace.jsonl": 4, "blobs.jsonl": 0, "effects.jsonl": 0}
    assert found.trace is not None
    assert found.trace.level is Level.OPEN
    assert (path / "trace.jsonl").read_bytes().endswith(b"torn")
