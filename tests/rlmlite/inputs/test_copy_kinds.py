"""Inputs of every kind with `--copy`: the same trace, read from the store alone, and found there again."""

import gzip
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import fsspec  # type: ignore[import-untyped]  # it has no types
import pyarrow  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

import rlmlite
from rlmlite import Session
from rlmlite.errors import InputError, SettingError
from rlmlite.inputs import Url, deriving, new_store
from rlmlite_traces import DirectoryStore, FileBlobs, StoreWriteError, Verdict, replay, verify
from rlmlite_traces.blobs.directory import collect, open_layout
from tests.rlmlite.inputs.input_files import docx_of, tar_of, zip_of

KEY = "5e" * 32
TEXT = "one ERROR\ntwo\n" * 2_000
PROGRAM = "final(count(context))"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _database(path: Path) -> str:
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (2, 'y');")
    connection.close()
    return f"sqlite:{path}?table=t"


def _parquet(path: Path) -> str:
    pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2], "b": ["x", "y"]}), path)
    return str(path)


def _write_file(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


KINDS: Mapping[str, Callable[[], str]] = {
    "text": lambda: _write_file(Path("a.log"), TEXT.encode()),
    "gzip": lambda: _write_file(Path("a.log.gz"), gzip.compress(TEXT.encode(), mtime=0)),
    "utf-16": lambda: _write_file(Path("a.txt"), TEXT.encode("utf-16")),
    "zip": lambda: str(zip_of(Path("a.zip"), {"b.txt": TEXT.encode(), "c.txt": b"caf\xe9 \xff\n"})),
    "tar.gz": lambda: str(tar_of(Path("a.tar.gz"), {"b.txt": TEXT.encode()}, "gz")),
    "docx": lambda: str(docx_of(Path("a.docx"), "one", "two")),
    "csv": lambda: _write_file(Path("a.csv"), b"a,b\n1,2\n3,4\n"),
    "one column": lambda: _write_file(Path("a.tsv"), b"a\nx\n"),
    "jsonl": lambda: _write_file(Path("a.jsonl"), b'{"a": 1}\n{"a": 2}\n'),
    "parquet": lambda: _parquet(Path("a.parquet")),
    "sqlite": lambda: _database(Path("a.db")),
}


def read_trace(trace: str) -> dict[str, bytes]:
    return {name: (Path(trace) / name).read_bytes() for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl")}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_the_same_trace_and_is_found_again(kind: str) -> None:
    """Without the file, without a process that holds it, and without the means to derive it."""
    path = Path(KINDS[kind]())
    program = 'final(count(search(context, "o")))' if kind in ("text", "gzip", "utf-16", "docx") else PROGRAM
    here = rlmlite.execute(program, path, trace="here.rlm", run_key=KEY)
    copied = rlmlite.execute(program, path, trace="copied.rlm", run_key=KEY, copy_to="store")

    assert here.value == copied.value
    assert read_trace("here.rlm") == read_trace("copied.rlm")
    for place in Path().glob("a.*"):
        place.unlink()
    collect(open_layout(Path("store")), grace=0)
    with DirectoryStore.open_existing("store") as store:
        assert (
            replay(verify(Path("copied.rlm")), blobs=FileBlobs(store=store), recorded_paths=True).verdict
            is Verdict.REPRODUCED
        )


def test_texts_are_derived_from_an_original_in_the_store() -> None:
    """If only the archive is left there, its members are derived from it."""
    path = zip_of(Path("a.zip"), {"b.txt": TEXT.encode()})
    rlmlite.execute(PROGRAM, path, trace="t.rlm")
    with DirectoryStore("store") as store:
        store.add_file(path)
        path.unlink()

        again = replay(verify(Path("t.rlm")), blobs=FileBlobs(store=store), derive=deriving(), recorded_paths=True)

    assert again.verdict is Verdict.REPRODUCED


def test_a_session_over_an_archive_goes_on_without_it() -> None:
    """While it runs and when it is opened again; a collection keeps what it needs, not the archive."""
    path = zip_of(Path("a.zip"), {"b.txt": TEXT.encode()})
    original = path.read_bytes()
    with Session("s.rlm", path, copy_to="store") as session:
        os.truncate(path, 10)
        assert session.exec('final(count(search(context, "ERROR")))').value == 2_000
    path.unlink()
    del session  # it holds what it used until somebody lets go of it
    collected = collect(open_layout(Path("store")), grace=0)

    assert collected.freed == len(original)
    with Session("s.rlm") as session:
        assert session.exec('final(count(search(context, "two")))').value == 2_000


def test_a_session_over_a_url_fetches_nothing_again() -> None:
    """The store has the content, so the server may be gone; without a store it is asked again, if it is named."""
    files = fsspec.filesystem("memory")
    files.pipe("/copied.log", TEXT.encode())
    Session("copied.rlm", Url("memory://copied.log"), copy_to="store").close()
    Session("here.rlm", Url("memory://copied.log")).close()
    files.rm("/copied.log")

    with Session("copied.rlm") as session:
        assert session.exec('final(count(search(context, "o")))').value == 4_000
    with pytest.raises(SettingError, match=r"context: it is fetched only if you name it; .*context=memory://"):
        Session("here.rlm")
    with pytest.raises(InputError, match=r"memory://.* does not exist"):
        Session("here.rlm", Url("memory://copied.log"))


def test_large_standard_input_is_found_in_the_store() -> None:
    """The trace does not keep it, so nothing else has it."""
    command = ["exec", "-e", 'final(count(search(x, "o")))', "x=-", "--read", "kept_bytes=10"]
    for trace, more in (("here.rlm", []), ("copied.rlm", ["--copy"])):
        code = f"import sys; sys.argv[1:] = {[*command, '--trace', trace, *more]}; "
        code += "from rlmlite.cli import main; main()"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", code], input=TEXT.encode(), env=environment, timeout=60, check=True)

    with DirectoryStore.open_existing(".rlmlite/store") as store:
        assert (
            replay(verify(Path("copied.rlm")), blobs=FileBlobs(store=store), recorded_paths=True).verdict
            is Verdict.REPRODUCED
        )
    assert replay(verify(Path("here.rlm")), recorded_paths=True).verdict is Verdict.UNVERIFIABLE


def test_a_database_with_a_log_beside_it_is_refused_with_a_copy_too() -> None:
    """The log is beside the original, and the message has the user's path."""
    named = _database(Path("a.db"))
    Path("a.db-wal").write_bytes(b"x")

    with pytest.raises(InputError, match=r"a\.db has changes that are still in a\.db-wal beside it"):
        rlmlite.execute(PROGRAM, Path(named), copy_to="store")


def test_messages_name_the_file_and_not_its_copy() -> None:
    """That holds for broken tables."""
    for name, content in (("a.csv", b"a,b\n1,2,3,4\n"), ("a.jsonl", b"{"), ("a.parquet", b"x")):
        Path(name).write_bytes(content)
        with pytest.raises(InputError) as error:
            rlmlite.execute(PROGRAM, Path(name), copy_to="store")
        assert name in str(error.value)
        assert "objects" not in str(error.value)


def test_an_error_in_deriving_is_not_the_stores() -> None:
    """The error comes back as it was, and nothing that was written before it is left."""

    def pieces() -> Iterator[bytes]:
        yield b"x" * 100
        raise OSError(5, "the source broke")

    with DirectoryStore("store") as store:
        with pytest.raises(OSError, match="the source broke") as error:
            FileBlobs(store=store, copy=True).derive(pieces())
        assert not isinstance(error.value, StoreWriteError)
        assert list(store.layout.digests()) == []
        assert list(store.layout.incoming.iterdir()) == []


def test_a_copy_is_checked_as_text_on_request() -> None:
    """Even if the same content was stored before without that check."""
    Path("a.txt").write_bytes(b"caf\xe9\n")
    with DirectoryStore("store") as store:
        blobs = FileBlobs(store=store, copy=True)
        assert blobs.look(Path("a.txt"), text=False).utf8 is None
        file = blobs.look(Path("a.txt"))
        assert file.utf8 is not None
        assert (file.utf8.valid, file.utf8.bad) == (False, 1)


def test_a_store_that_is_not_used_is_refused() -> None:
    """`--store` alone would do nothing."""
    Path("a.log").write_text(TEXT)
    code = "import sys; sys.argv[1:] = ['exec', '-e', 'x = 1', 'a.log', '--store', 'x']; "
    code += "from rlmlite.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "add copy_inputs (--copy)" in done.stderr
    assert not Path("x").exists()


def test_a_store_is_made_by_its_folder_alone() -> None:
    """`new_store` creates it; without `copy_to` there is none."""
    new_store()
    assert os.listdir() == []
    new_store(copy_to="there")
    assert Path("there/objects").is_dir()
