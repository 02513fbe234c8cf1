"""Tables that were read before: mapped again, unless anything about them is different."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import Reading, deriving, from_path
from rlmlite.inputs.cache import tables
from rlmlite.inputs.cache.digests import cache_folder
from rlmlite.inputs.cache.tables import TableCache
from rlmlite.inputs.formats.reading import READING
from rlmlite.inputs.load import new_store
from rlmlite.inputs.tables.load import WORTH_BYTES
from rlmlite_kernel.values.inputs import Derivation, Input
from rlmlite_kernel.values.values import to_json
from rlmlite_traces import FileBlobs, Verdict, replay, verify

ROWS = 20


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small table that counts as large, and a cache that is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("rlmlite.inputs.tables.load.WORTH_BYTES", 1)
    monkeypatch.setattr("rlmlite.inputs.tables.load.WORTH_BYTES_IN_WORKER", 1)
    return _write(tmp_path / "a.csv")


def _write(path: Path, name: str = "n") -> Path:
    path.write_text("id,name\n" + "".join(f"{row},{name}{row}\n" for row in range(ROWS)))
    return path


def _load(path: object, reading: Reading = READING) -> tuple[Input, list[str]]:
    """An input, and the names in it."""
    blobs = FileBlobs()
    found = from_path(str(path), blobs, reading)
    return found, [row["name"] for row in to_json(found.value, blobs)]


def _kept() -> list[str]:
    folder = cache_folder() / "tables"
    return sorted(path.suffix for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, reading a table fails."""

    def forbid() -> None:
        def fail(*_: object) -> None:
            raise AssertionError("the table was read")

        monkeypatch.setattr("rlmlite.inputs.tables.load._derive", fail)

    return forbid


def test_a_second_load_reads_nothing(table: Path, unread: Callable[[], None]) -> None:
    """The input is the same in all that a trace records."""
    first, names = _load(table)
    unread()
    second, again = _load(table)

    assert names == again == [f"n{row}" for row in range(ROWS)]
    assert first.source == second.source
    assert _kept() == [".columns", ".json"]


def test_a_copy_of_the_file_is_the_same_table(table: Path, unread: Callable[[], None]) -> None:
    """What counts is the content, not where it lies."""
    _load(table)
    other = table.with_name("b.csv")
    other.write_bytes(table.read_bytes())
    unread()

    assert _load(other)[1] == [f"n{row}" for row in range(ROWS)]


@pytest.mark.parametrize("told", ["{}?header=no", "{}?delimiter=semicolon&types=text"])
def test_other_options_are_another_table(table: Path, told: str) -> None:
    """Each way to read a file is kept by itself."""
    _load(table)
    blobs = FileBlobs()
    from_path(told.format(f"csv:{table}"), blobs)

    assert _kept() == [".columns", ".columns", ".json", ".json"]


def test_a_changed_file_is_read_again(table: Path) -> None:
    """Its digest is another one."""
    _load(table)
    _write(table, "m")

    assert _load(table)[1] == [f"m{row}" for row in range(ROWS)]


def test_without_the_cache_nothing_is_kept(table: Path, tmp_path: Path) -> None:
    """By the setting, and where files are copied to a store."""
    _load(table, Reading(cache=False))
    from_path(str(table), new_store(copy_to=tmp_path / "store"))

    assert _kept() == []


def _spoil_entry(folder: Path) -> None:
    next(folder.glob("*.json")).write_bytes(b"{")


def _spoil_content(folder: Path) -> None:
    path = next(folder.glob("*.columns"))
    path.write_bytes(b"x" * path.stat().st_size)


def _lose_content(folder: Path) -> None:
    next(folder.glob("*.columns")).unlink()


def _spoil_before_a_restart(folder: Path) -> None:
    """Other bytes in a file of which the file system says the same, as after a loss of power."""
    path, entry_path = next(folder.glob("*.columns")), next(folder.glob("*.json"))
    status = path.stat()
    with path.open("r+b") as file:
        file.write(b"\0")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    entry = msgspec.json.decode(entry_path.read_bytes())
    entry_path.write_bytes(msgspec.json.encode({**entry, "boot": "before"}))


@pytest.mark.parametrize("spoil", [_spoil_entry, _spoil_content, _lose_content, _spoil_before_a_restart])
def test_a_spoilt_entry_is_not_used(table: Path, spoil: Callable[[Path], None]) -> None:
    """The table is read again, and kept again."""
    _load(table)
    spoil(cache_folder() / "tables")

    assert _load(table)[1] == [f"n{row}" for row in range(ROWS)]
    assert _kept() == [".columns", ".json"]


def test_after_a_restart_a_content_is_hashed_once(table: Path, unread: Callable[[], None]) -> None:
    """What is still right is used, and known from then on."""
    _load(table)
    entry_path = next((cache_folder() / "tables").glob("*.json"))
    entry = msgspec.json.decode(entry_path.read_bytes())
    entry_path.write_bytes(msgspec.json.encode({**entry, "boot": "before"}))
    unread()
    _load(table)

    assert msgspec.json.decode(entry_path.read_bytes()) == entry


def test_a_table_in_use_outlives_its_entry(table: Path) -> None:
    """Another process may make room while a run reads."""
    _load(table)
    blobs = FileBlobs()
    found = from_path(str(table), blobs)
    for path in (cache_folder() / "tables").iterdir():
        path.unlink()

    assert len(to_json(found.value, blobs)) == ROWS
    blobs.confirm(frozenset(file.digest for file in found.source.files))


def test_the_least_recently_used_is_deleted(tmp_path: Path) -> None:
    """Beyond the room, whole tables go."""
    cache = TableCache(tmp_path, room=4_000)
    for number in range(3):
        with cache.writing(f"k{number}") as writer:
            assert writer is not None
            writer.write([b"x" * 1_500])
            writer.commit(Derivation("csv"))
        os.utime(tmp_path / f"k{number}.json", ns=(number, number))

    assert cache.find("k0") is None
    assert cache.find("k2") is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k1.columns", "k1.json", "k2.columns", "k2.json"]


def test_a_table_that_is_refused_is_not_kept(table: Path) -> None:
    """Nothing is left of what was written so far."""
    path = table.with_suffix(".parquet")
    path.write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(InputError):
        _load(path)

    assert [path for path in (cache_folder() / "tables").iterdir() if path.suffix == ".columns"] == []


def test_a_folder_that_cannot_be_written_is_said_once(table: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The table is read all the same."""
    cache_folder().parent.mkdir(parents=True)
    cache_folder().write_text("in the way")

    assert _load(table)[1] == [f"n{row}" for row in range(ROWS)]
    assert "tables are not kept" in caplog.text


def test_a_log_beside_a_database_is_seen_again(table: Path) -> None:
    """A file that is the same may have changes beside it now."""
    path = table.with_name("a.db")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t(name)")
        connection.execute("INSERT INTO t VALUES ('x')")
    connection.close()
    assert _load(f"sqlite:{path}?table=t")[1] == ["x"]
    path.with_name("a.db-wal").write_bytes(b"changes")

    with pytest.raises(InputError, match=r"a\.db-wal"):
        _load(f"sqlite:{path}?table=t")


def test_a_replay_does_not_look_there(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads the file again, whatever the cache says."""
    import rlmlite

    outcome = rlmlite.execute("final(count(context))", table, trace=tmp_path / "run.rlm")
    assert outcome.trace is not None
    monkeypatch.setattr(tables.TableCache, "find", lambda *_: pytest.fail("the cache was asked"))

    assert replay(verify(outcome.trace), derive=deriving(), recorded_paths=True).verdict is Verdict.REPRODUCED


def test_small_tables_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them is faster than looking them up."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    _load(_write(tmp_path / "a.csv"))

    assert WORTH_BYTES > 1_000
    assert _kept() == []
