"""Inputs that are copied to a store first, and `rlmlite store`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import rlmlite
from rlmlite import Session
from rlmlite.cli.app import app
from rlmlite.cli.output.exits import Exit
from rlmlite.errors import SettingError
from rlmlite_traces import DirectoryStore, StoreMissingError, Verdict, replay, verify
from rlmlite_traces.blobs.directory import collect, list_objects, open_layout
from rlmlite_traces.blobs.stores import FileBlobs
from tests.rlmlite.user_settings import write_user_settings

KEY = "5e" * 32
LOG = "".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}\n" for n in range(30_000))
COUNT = 'final(count(search(context, "ERROR")))'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("app.log").write_text(LOG, "utf-8")


def command(*arguments: str, code: Exit = Exit.COMPLETED) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def document(*arguments: str) -> dict[str, Any]:
    found_: dict[str, Any] = json.loads(command(*arguments, "--json").stdout)
    return found_


def read_trace(trace: Path) -> dict[str, bytes]:
    return {name: (trace / name).read_bytes() for name in ("trace.jsonl", "blobs.jsonl", "effects.jsonl")}


def test_a_copied_run_has_the_same_trace(tmp_path: Path) -> None:
    """Whether inputs were copied is not in the bytes of a trace, also for a file that is transcoded."""
    Path("texts").mkdir()
    Path("texts/a.txt").write_text("a ERROR\n")
    Path("texts/b.txt").write_bytes(b"caf\xe9 ERROR\n")
    program = 'hits = search(context, "ERROR"); more = search(texts, "ERROR"); final([count(hits), count(more)])'
    inputs = {"context": Path("app.log"), "texts": Path("texts")}

    there = rlmlite.execute(program, inputs, trace="there.rlm", run_key=KEY)
    copied = rlmlite.execute(program, inputs, trace="copied.rlm", run_key=KEY, copy_to="store")

    assert there.value == copied.value == [3_000, 2]
    assert read_trace(Path("there.rlm")) == read_trace(Path("copied.rlm"))
    assert sorted(os.listdir("there.rlm")) == sorted(os.listdir("copied.rlm"))
    kept = [held for held in list_objects(open_layout(Path("store"))) if held.traces]
    assert sorted(held.size for held in kept) == [8, 13, len(LOG)]
    assert {held.traces for held in kept} == {(str(tmp_path / "copied.rlm"),)}
    assert {held.processes for held in kept} == {()}  # the run is over, and holds nothing


def test_a_session_goes_on_when_its_file_is_cut() -> None:
    """Also when it is opened again: it knows its store."""
    with Session("s.rlm", Path("app.log"), copy_to="store") as session:
        session.exec('hits = search(context, "ERROR")')
        os.truncate("app.log", 5)
        session.exec("n = count(hits)")
    os.remove("app.log")
    collect(open_layout(Path("store")), grace=0)

    with Session("s.rlm") as session:
        assert session.exec(COUNT).value == 3_000
        with pytest.raises(SettingError, match="cannot be changed"):
            Session("s.rlm", copy_to="other")
        session.seal()
    with DirectoryStore.open_existing("store") as store:
        assert (
            replay(verify(Path("s.rlm")), blobs=FileBlobs(store=store), recorded_paths=True).verdict
            is Verdict.REPRODUCED
        )
    assert not Path("s.rlm/store").exists()  # a place on this machine is no part of a sealed trace


def test_a_session_whose_store_is_gone_says_so() -> None:
    """It does not continue with the original files, which may change under it."""
    Session("s.rlm", Path("app.log"), copy_to="store").close()
    shutil.rmtree("store")

    with pytest.raises(StoreMissingError, match="there is no store"):
        Session("s.rlm")
    command("session", "show", "s.rlm", code=Exit.INPUT)


@pytest.mark.parametrize("how", ["flag", "file", "environment"])
def test_where_the_store_is(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag, the user's settings or the environment names it; without them it is `.rlmlite/store`."""
    command("exec", "-e", COUNT, "app.log", "--copy")
    assert len(document("store", "ls")["value"]) == 1
    given = ["--store", "there"] if how == "flag" else []
    if how == "file":
        write_user_settings(f'store = "{Path("there").absolute()}"\ncopy_inputs = true\n')
    if how == "environment":
        monkeypatch.setenv("RLMLITE_STORE", "there")
    command("exec", "-e", COUNT, "app.log", *([] if how == "file" else ["--copy"]), *given)

    document_ = document("store", "ls", *given)
    # A path in a file of settings is relative to that file, so the test gives the whole path there.
    place = str(Path("there").absolute()) if how == "file" else "there"
    assert (document_["store"], len(document_["value"])) == (place, 1)


def test_a_replay_finds_what_was_copied() -> None:
    """The file is gone and the store has it; a file named by the user is used instead."""
    command("exec", "-e", COUNT, "app.log", "--copy", "--trace", "t.rlm")
    Path("app.log").write_text("other")

    assert "reproduced" in command("trace", "replay", "t.rlm").stdout
    command("trace", "replay", "t.rlm", "--input", "context=app.log", code=Exit.UNVERIFIABLE)
    shutil.rmtree(".rlmlite/store")
    command("trace", "replay", "t.rlm", code=Exit.UNVERIFIABLE)


def test_ask_and_sessions_copy_too() -> None:
    """Each takes `--copy`; a session that exists already refuses it."""
    command("session", "new", "s.rlm", "app.log", "--copy", "--sub", "extractive:")
    assert [held["traces"] for held in document("store", "ls")["value"]] == [[str(Path("s.rlm").absolute())]]
    os.remove("app.log")
    assert "3000" in command("session", "exec", "s.rlm", "-e", COUNT).stdout.replace(",", "")
    said = command("ask", "How many?", "--session", "s.rlm", "--copy", code=Exit.USAGE)
    assert "cannot be changed" in said.stderr

    Path("replies.json").write_text(json.dumps(COUNT) + "\n")
    Path("b.log").write_text(LOG[:100])
    command("ask", "How many?", "b.log", "--controller", "scripted:replies.json", "--copy")
    assert len(document("store", "ls")["value"]) == 2


def test_ls_gc_and_verify() -> None:
    """They show what is there, what can go, and what is damaged, which has an exit code of its own."""
    command("exec", "-e", COUNT, "app.log", "--copy", "--trace", "t.rlm")
    with DirectoryStore(".rlmlite/store") as store:
        extra = store.put(b"12345")

    lines = command("store", "ls").stdout.splitlines()
    assert len(lines) == 3
    assert next(line for line in lines if extra in line).endswith("0 s  -")
    assert (
        "1 object and 0 unfinished files would be removed" in command("store", "gc", "--grace", "0", "--dry-run").stdout
    )
    assert document("store", "gc", "--grace", "0")["value"]["removed"] == [extra]
    shutil.rmtree("t.rlm")
    assert "run again with --forget-missing" in command("store", "gc", "--grace", "0").stdout
    assert "1 object, 0 damaged" in command("store", "verify").stdout

    (held,) = list_objects(store.layout)
    place = store.layout.object_path(held.digest)
    place.chmod(0o644)
    place.write_bytes(b"x")
    assert "--quarantine" in command("store", "verify", code=Exit.BROKEN).stdout
    command("exec", "-e", COUNT, "app.log", "--copy", code=Exit.BROKEN)
    assert "moved to" in command("store", "verify", "--quarantine", code=Exit.BROKEN).stdout
    command("exec", "-e", COUNT, "app.log", "--copy")
    assert document("store", "verify")["objects"] == 1


def test_there_is_no_store() -> None:
    """Looking for a store creates nothing."""
    for name in ("ls", "gc", "verify"):
        assert "there is no store" in command("store", name, code=Exit.INPUT).stderr
    assert not Path(".rlmlite").exists()
    command("exec", "-e", COUNT, "app.log", "--copy", "--store", "app.log", code=Exit.INPUT)


def test_derived_content_goes_to_the_store() -> None:
    """A transcoded file and its text are both there, and the text is mapped, not held in memory."""
    Path("latin.txt").write_bytes(b"caf\xe9\n" * 100_000)
    with DirectoryStore("store") as store:
        blobs = FileBlobs(store=store, copy=True)
        file = blobs.add_file(Path("latin.txt"))

        assert (file.size, file.replaced) == (700_000, 100_000)
        assert isinstance(blobs.read(file.digest), memoryview)
        assert set(store.layout.digests()) == {file.digest, file.original}


def test_a_full_disk_leaves_no_file_out() -> None:
    """A file that cannot be copied stops the run; it is not skipped as unreadable."""
    Path("logs").mkdir()
    Path("logs/a.log").write_text("small")
    Path("logs/b.log").write_text(LOG)
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
    arguments = ["exec", "-e", "final(count(context))", "logs", "--copy"]
    code = f"{limit} sys.argv[1:] = {arguments}; from rlmlite.cli import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == Exit.FAILED
    assert "cannot be written: File too large" in done.stderr
    assert not list(Path(".rlmlite").glob("*/*.rlm"))
