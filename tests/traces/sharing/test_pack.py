"""A packed trace is one file, the same bytes each time, and is read by whatever reads a trace."""

import hashlib
import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

import rlmlite
from rlmlite.inputs import deriving
from rlmlite.inputs.formats.reading import Reading
from rlmlite_traces import (
    FileBlobs,
    InputSearch,
    Level,
    LevelError,
    NestedDiffersError,
    PackChangedError,
    TraceExistsError,
    TraceMissingError,
    Verdict,
    nested_traces,
    pack,
    replay,
    show,
    unpack,
    verify,
)
from rlmlite_traces.files import archive
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.sharing.packing.archive_writer import ArchiveWriter
from rlmlite_traces.writing.log import Log
from tests.traces.sharing.archives import GOLDEN, packed_golden, write_archive

DIGESTS = {
    "nested": "75c207104091a9d1d242e85323aa274d906e6cd8b21d1f72c9690a851ac8999e",
    "tools": "baee91a66f689364d0f11c00b732cebf6a46ef93aaa44776bb524650b0987a2f",
}


def files_in(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != "origin"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def run_over(tmp_path: Path, size: int = 100) -> Path:
    """A run over a file and a folder, begun here, which has a content of its own that is large."""
    (tmp_path / "app.log").write_text("a ERROR x\nb INFO y\n" * size)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("one")
    (tmp_path / "docs" / "b.txt").write_bytes("zwölf".encode("utf-16"))
    place = tmp_path / "run.rlm"
    inputs = {"log": tmp_path / "app.log", "docs": tmp_path / "docs", "said": "x" * 70_000}
    rlmlite.execute('final(count(search(log, "ERROR")) + len(docs) + len(said))', inputs, trace=place)
    return place


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_the_bytes_are_the_same_everywhere(name: str) -> None:
    """The digest of a packed trace does not depend on machine, user, time, library or the order of a folder."""
    assert hashlib.sha256(packed_golden(name)).hexdigest() == DIGESTS[name]


def test_it_unpacks_to_what_was_packed(tmp_path: Path) -> None:
    """All files of the trace and its nested runs come back, for their user alone, and pack to the same bytes."""
    (tmp_path / "a.rlmz").write_bytes(packed_golden("nested"))

    unpacked = unpack(tmp_path / "a.rlmz", tmp_path / "a.rlm")
    pack(tmp_path / "a.rlm", tmp_path / "b.rlmz")
    pack(tmp_path / "a.rlmz", tmp_path / "c.rlmz")

    assert files_in(tmp_path / "a.rlm") == files_in(GOLDEN / "nested.rlm")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a.rlm").rglob("*")} == {0o600, 0o700}
    assert (unpacked.root, unpacked.nested) == (verify(GOLDEN / "nested.rlm").root, 1)
    assert packed_golden("nested") == (tmp_path / "b.rlmz").read_bytes() == (tmp_path / "c.rlmz").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a.rlm", "a.rlmz", "b.rlmz", "c.rlmz"]


def test_other_programs_read_it() -> None:
    """Python's zipfile finds the same contents, as any unzip does; the mode is 0600."""
    with zipfile.ZipFile(io.BytesIO(packed_golden("nested"))) as other:
        assert other.testzip() is None
        assert {name: other.read(name) for name in other.namelist()} == files_in(GOLDEN / "nested.rlm")
        assert {info.external_attr >> 16 for info in other.infolist()} == {0o100600}


def test_whatever_reads_a_trace_reads_a_packed_one(tmp_path: Path) -> None:
    """Verify, show, nested runs, replay and the parts of one say what they say of the folder."""
    place, file = GOLDEN / "nested.rlm", tmp_path / "a.rlmz"
    file.write_bytes(packed_golden("nested"))
    whole, packed = verify(place), verify(file)

    assert (packed.root, packed.level, packed.records) == (whole.root, whole.level, whole.records)
    assert list(show(packed)) == list(show(whole))
    assert [each.standing for each in nested_traces(packed, file)] == [
        each.standing for each in nested_traces(whole, place)
    ]
    assert replay(packed).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("is_packed", [True, False])
def test_inputs_come_along(tmp_path: Path, is_packed: bool) -> None:
    """With its inputs a trace replays where nothing else is; without them it does not. Large contents come too."""
    place = run_over(tmp_path)
    packed = pack(place, tmp_path / "with.rlmz", inputs=InputSearch(recorded_paths=True))
    pack(place, tmp_path / "without.rlmz")
    for name in ("app.log", "docs/a.txt", "docs/b.txt"):
        (tmp_path / name).unlink()
    file = tmp_path / "with.rlmz"
    if not is_packed:
        unpack(file, tmp_path / "far.rlm")
        file = tmp_path / "far.rlm"

    assert (packed.inputs, packed.missing) == (3, {})
    assert replay(verify(file), derive=deriving(Reading())).verdict is Verdict.REPRODUCED
    assert replay(verify(tmp_path / "without.rlmz"), derive=deriving(Reading())).verdict is not Verdict.REPRODUCED


def test_an_input_that_is_elsewhere_is_named(tmp_path: Path) -> None:
    """What is not where it was is missing, by name and reason, unless a caller says where it is now."""
    place = run_over(tmp_path)
    (tmp_path / "app.log").rename(tmp_path / "moved.log")

    lacking = pack(place, tmp_path / "a.rlmz", inputs=InputSearch(recorded_paths=True))
    whole = pack(place, tmp_path / "b.rlmz", inputs=InputSearch({"log": tmp_path / "moved.log"}, recorded_paths=True))
    stranger = pack(place, tmp_path / "c.rlmz", inputs=InputSearch(store=FileBlobs()))

    assert (lacking.missing, lacking.inputs) == ({"log": "no such file"}, 2)
    assert (whole.missing, whole.inputs) == ({}, 3)
    assert sorted(stranger.missing) == ["docs", "log"]


def test_what_belongs_to_the_machine_stays_behind(tmp_path: Path) -> None:
    """No key, lock, note of a store, tag or call under way is packed; how long calls took is, if asked."""
    place = run_over(tmp_path)
    for name in ("run.key", "journal.jsonl", "store", "checkpoint", "notes.txt"):
        (place / name).write_bytes(b"private")
    pack(place, tmp_path / "a.rlmz", timing=True)

    packed = (tmp_path / "a.rlmz").read_bytes()
    with Folder.open(tmp_path / "a.rlmz") as folder:
        assert folder.names() == ["blobs", "blobs.jsonl", "effects.jsonl", "timing.jsonl", "trace.jsonl"]
    assert b"private" not in packed
    assert (place / "origin").read_bytes().split()[0] not in packed


def test_an_open_trace_is_packed_only_if_asked(tmp_path: Path) -> None:
    """Its run may go on, so what was packed would be old."""
    place = tmp_path / "a.rlm"
    golden = verify(GOLDEN / "search.rlm")
    place.mkdir()
    for name in ("blobs.jsonl", "effects.jsonl"):
        (place / name).write_bytes((GOLDEN / "search.rlm" / name).read_bytes())
    (place / "trace.jsonl").write_bytes(b"".join(golden.line(seq) + b"\n" for seq in range(golden.size - 1)))

    with pytest.raises(LevelError):
        pack(place, tmp_path / "a.rlmz")
    assert pack(place, tmp_path / "b.rlmz", at_least=Level.OPEN).level is Level.OPEN
    assert sorted(os.listdir(tmp_path)) == ["a.rlm", "b.rlmz"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Neither a file nor a folder that is there is touched."""
    (tmp_path / "a.rlmz").write_bytes(packed_golden("tools"))
    (tmp_path / "a.rlm").mkdir()

    with pytest.raises(TraceExistsError):
        pack(GOLDEN / "tools.rlm", tmp_path / "a.rlmz")
    with pytest.raises(TraceExistsError):
        unpack(tmp_path / "a.rlmz", tmp_path / "a.rlm")
    with pytest.raises(TraceMissingError, match="nothing to unpack"):
        unpack(GOLDEN / "tools.rlm", tmp_path / "b.rlm")
    assert sorted(os.listdir(tmp_path)) == ["a.rlm", "a.rlmz"]


def test_a_packed_trace_is_never_changed(tmp_path: Path) -> None:
    """Whoever would write to it is told to unpack it."""
    file = tmp_path / "a.rlmz"
    file.write_bytes(packed_golden("tools"))

    with pytest.raises(TraceMissingError, match="rlmlite trace unpack"):
        Log.open(file)
    with Folder.open(file) as folder:
        for change in (
            lambda: folder.write_new("trace.jsonl", b""),
            lambda: folder.remove("trace.jsonl"),
            lambda: folder.make_below("blobs"),
            lambda: folder.open_to_write("lock"),
            lambda: folder.cut("trace.jsonl", 0),
            lambda: folder.move("trace.jsonl", folder, "x"),
            lambda: folder.remove_folder("blobs"),
        ):
            with pytest.raises(OSError, match="only read"):
                change()
    assert file.read_bytes() == packed_golden("tools")


def test_a_nested_run_that_is_another_one_is_not_passed_on(tmp_path: Path) -> None:
    """Neither packed nor unpacked, and nothing is left."""
    unpack(file := _file(tmp_path), tmp_path / "a.rlm")
    (nested,) = (tmp_path / "a.rlm" / "nested").iterdir()
    other = files_in(GOLDEN / "search.rlm")
    for name, content in other.items():
        (nested / name).write_bytes(content)
    with pytest.raises(NestedDiffersError):
        pack(tmp_path / "a.rlm", tmp_path / "b.rlmz")
    with zipfile.ZipFile(file) as packed:
        contents = {name: packed.read(name) for name in packed.namelist()}
    contents |= {f"nested/{nested.name}/{name}": content for name, content in other.items()}
    with pytest.raises(NestedDiffersError):
        unpack(write_archive(tmp_path / "c.rlmz", contents), tmp_path / "c.rlm")

    assert sorted(os.listdir(tmp_path)) == ["a.rlm", "a.rlmz", "c.rlmz"]


def _file(tmp_path: Path) -> Path:
    (tmp_path / "a.rlmz").write_bytes(packed_golden("nested"))
    return tmp_path / "a.rlmz"


def test_a_file_that_changes_meanwhile_is_not_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an input nor a large content that changed after it was checked; nothing is left of the archive."""
    place = run_over(tmp_path)
    (large,) = (place / "blobs").iterdir()
    real = archive.local_header

    def change(target: Path) -> None:
        content = target.read_bytes()

        def changing(member: archive.Member) -> bytes:
            target.write_bytes(bytes(len(content)))
            return real(member)

        monkeypatch.setattr("rlmlite_traces.sharing.packing.archive_writer.local_header", changing)
        with pytest.raises(PackChangedError):
            pack(place, tmp_path / "a.rlmz", inputs=InputSearch(recorded_paths=True))
        target.write_bytes(content)

    change(tmp_path / "app.log")
    change(large)
    assert [name for name in os.listdir(tmp_path) if name.endswith(".rlmz")] == []


def test_fields_of_zip64_where_and_only_where_they_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 4 GiB taken for 2 kB, and 65,535 entries for 3, the archive is what other programs read, and so do we."""
    contents = {"a": b"x" * 10, "b": b"y" * 3_000, "c": b"z" * 2_000, "d": b""}
    plain = write_archive(tmp_path / "plain.zip", contents).read_bytes()
    monkeypatch.setattr(archive, "_MOST_SHORT", 3)
    monkeypatch.setattr(archive, "_MOST_LONG", 2_000)
    file = write_archive(tmp_path / "a.zip", contents)
    # In `b` the size twice, and again in the directory, where `c` and `d` have their offset; then the end.
    assert len(file.read_bytes()) - len(plain) == 20 + 20 + 12 + 12 + 56 + 20

    with zipfile.ZipFile(file) as other:
        assert {name: other.read(name) for name in other.namelist()} == contents
    with Folder.open(file) as folder:
        assert {name: folder.read(name) for name in folder.names()} == contents


@pytest.mark.slow
def test_more_than_4_gib_and_65535_entries(tmp_path: Path) -> None:
    """A sparse content of 4.2 GiB, and 70,000 entries: Python's zipfile finds both, and so do we."""
    size = 4_200 * 1024 * 1024
    block = bytes(1 << 20)
    with (tmp_path / "a.zip").open("wb") as file:
        writer = ArchiveWriter(file.fileno())
        for number in range(70_000):
            writer.add(f"a/{number:05}", 1, [b"x"])
        writer.add("big", size, (block for _ in range(size >> 20)))
        writer.add("last", 1, [b"y"])
        writer.finish()

    with zipfile.ZipFile(tmp_path / "a.zip") as other:
        assert (len(other.namelist()), other.getinfo("big").file_size, other.read("last")) == (70_002, size, b"y")
    with Folder.open(tmp_path / "a.zip") as folder:
        assert (folder.status("big").st_size, folder.read("last")) == (size, b"y")
