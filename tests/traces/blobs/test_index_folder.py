"""Word indexes on disk: found again, never trusted when broken, bounded, and no reason for a run to fail."""

from pathlib import Path

import pytest

from rlmlite_kernel import MemoryBlobs
from rlmlite_kernel.engines.ranking.index_cache import IndexCache
from rlmlite_traces import FileBlobs, IndexFolder
from tests.kernel.machine import Machine

DOCS = {"a.txt": "disk failed\nok\n", "b.txt": "no disk\n\nok\n"}
PROGRAM = 'r = rank(docs, "disk failed")\nshow(r)'


def ran(folder: IndexFolder | None) -> bytes:
    """What a run puts out, in a process whose memory holds no index."""
    machine = Machine({"docs": DOCS}, blobs=MemoryBlobs() if folder is None else FileBlobs(indexes=folder))
    machine.turn(PROGRAM)
    return machine.ran()


def files(folder: Path) -> list[Path]:
    """What is in a folder."""
    return sorted(folder.iterdir())


def test_a_run_is_the_same_with_and_without_a_folder(tmp_path: Path) -> None:
    """Empty, filled by the run before, or full of rubbish, which is written anew."""
    plain = ran(None)
    folder = IndexFolder(tmp_path / "new" / "indexes")

    assert [ran(folder), ran(folder)] == [plain, plain]
    kept = {path: path.read_bytes() for path in files(tmp_path / "new" / "indexes")}
    assert len(kept) == len(DOCS)
    for path, data in kept.items():
        path.write_bytes(data[:-1])
    assert ran(folder) == plain
    assert {path: path.read_bytes() for path in files(tmp_path / "new" / "indexes")} == kept
    assert folder.error is None


def test_what_was_longest_unused_goes(tmp_path: Path) -> None:
    """The folder stays within its bytes."""
    folder = IndexFolder(tmp_path, room=25)
    for name in ("a", "b", "c"):
        folder.save(name, b"x" * 10)

    assert [path.name for path in files(tmp_path)] == ["b", "c"]
    assert (folder.load("a"), folder.load("b")) == (None, b"x" * 10)


def test_a_folder_that_cannot_be_used_is_no_fault_of_the_run(tmp_path: Path) -> None:
    """The reason is kept for whoever asks; nothing half-written stays."""
    folder = IndexFolder(tmp_path / "indexes")
    plain = ran(folder)
    for path in files(tmp_path / "indexes"):
        path.unlink()
        path.mkdir()

    assert ran(folder) == plain
    assert isinstance(folder.error, OSError)
    assert [path.name for path in files(tmp_path / "indexes") if path.name.startswith(".")] == []


def test_a_file_in_the_way_of_the_folder_is_said_at_once(tmp_path: Path) -> None:
    """Before any run."""
    (tmp_path / "indexes").write_text("")
    with pytest.raises(OSError, match="indexes"):
        IndexFolder(tmp_path / "indexes")


def test_indexes_take_a_folder(tmp_path: Path) -> None:
    """It is an `IndexStore`."""
    assert IndexCache(IndexFolder(tmp_path)) is not None
