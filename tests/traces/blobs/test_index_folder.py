"""Word indexes on disk: loaded again, rebuilt if broken, bounded in size, and never a reason for a run to fail."""

from pathlib import Path

import pytest

from rlmlite_kernel import MemoryBlobs
from rlmlite_kernel.engines.ranking.index_cache import IndexCache
from rlmlite_traces import FileBlobs, IndexFolder
from tests.kernel.machine import Machine

DOCS = {"a.txt": "disk failed\nok\n", "b.txt": "no disk\n\nok\n"}
PROGRAM = 'r = rank(docs, "disk failed")\nshow(r)'


def run(folder: IndexFolder | None) -> bytes:
    """The output of a run, in a process whose memory holds no index."""
    machine = Machine({"docs": DOCS}, blobs=MemoryBlobs() if folder is None else FileBlobs(indexes=folder))
    machine.turn(PROGRAM)
    return machine.ran()


def files(folder: Path) -> list[Path]:
    """The files in a folder, in order."""
    return sorted(folder.iterdir())


def test_a_run_is_the_same_with_and_without_a_folder(tmp_path: Path) -> None:
    """The folder may be empty, filled by the run before, or hold broken indexes, which are rebuilt."""
    plain = run(None)
    folder = IndexFolder(tmp_path / "new" / "indexes")

    assert [run(folder), run(folder)] == [plain, plain]
    indexes = {path: path.read_bytes() for path in files(tmp_path / "new" / "indexes")}
    assert len(indexes) == len(DOCS)
    for path, data in indexes.items():
        path.write_bytes(data[:-1])
    assert run(folder) == plain
    assert {path: path.read_bytes() for path in files(tmp_path / "new" / "indexes")} == indexes
    assert folder.error is None


def test_the_least_recently_used_index_is_deleted(tmp_path: Path) -> None:
    """The folder stays within its limit in bytes."""
    folder = IndexFolder(tmp_path, room=25)
    for name in ("a", "b", "c"):
        folder.save(name, b"x" * 10)

    assert [path.name for path in files(tmp_path)] == ["b", "c"]
    assert (folder.load("a"), folder.load("b")) == (None, b"x" * 10)


def test_a_run_does_not_fail_if_the_folder_cannot_be_used(tmp_path: Path) -> None:
    """The reason is in `error`, and no half-written file stays."""
    folder = IndexFolder(tmp_path / "indexes")
    plain = run(folder)
    for path in files(tmp_path / "indexes"):
        path.unlink()
        path.mkdir()

    assert run(folder) == plain
    assert isinstance(folder.error, OSError)
    assert [path.name for path in files(tmp_path / "indexes") if path.name.startswith(".")] == []


def test_a_file_in_place_of_the_folder_is_refused_at_once(tmp_path: Path) -> None:
    """The error comes before any run begins."""
    (tmp_path / "indexes").write_text("")
    with pytest.raises(OSError, match="indexes"):
        IndexFolder(tmp_path / "indexes")


def test_an_index_cache_accepts_a_folder(tmp_path: Path) -> None:
    """It is an `IndexStore`."""
    assert IndexCache(IndexFolder(tmp_path)) is not None
