"""Private by default: whatever the umask, what a run leaves on disk is for its user alone."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlmlite import Session
from rlmlite.clients.scripted import Scripted
from rlmlite.inputs.cache.digests import Digests
from rlmlite.inputs.cache.indexes import WordIndexes
from tests.rlmlite.cli.commands import rlmlite

LARGE = "secret " * 20_000
SEARCH = 'final(count(search(context, "ERROR")), evidence=search(context, "ERROR"))'


@pytest.fixture(params=[0o000, 0o022, 0o002, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """A umask that leaves others everything, something or nothing."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """What others may read, write or enter, below a folder and itself."""
    places = [folder, *folder.rglob("*")]
    return [str(place) for place in places if not place.is_symlink() and stat.S_IMODE(place.stat().st_mode) & 0o077]


@pytest.mark.usefixtures("umask")
def test_a_trace_and_a_store_are_private() -> None:
    """The default folders, with each level above the trace, its blobs, its tag and the copies of inputs."""
    Path("big.txt").write_text(LARGE)
    rlmlite("exec", "-e", SEARCH, "context=app.log", "big=big.txt", "--copy")

    assert open_to_others(Path(".rlmlite")) == []


@pytest.mark.usefixtures("umask")
def test_a_session_with_nested_runs_is_private() -> None:
    """While it runs, with its key, lock, journal and times; and when it is sealed."""
    controller = Scripted({"# Question\nHow many?": "final(1)", "": 'final(sub_rlm("How many?", context=context))'})
    with Session("deep/s.rlm", {"context": LARGE}, controller=controller, sub=Scripted(["yes"])) as session:
        session.ask("What?")
        session.exec('x = sub_lm("?")')
        assert open_to_others(Path("deep")) == []
        session.seal()

    assert open_to_others(Path("deep")) == []
    assert {path.name for path in Path("deep").rglob("*")} >= {"blobs", "nested", "origin", "timing.jsonl"}


@pytest.mark.usefixtures("umask")
def test_a_copy_is_no_wider_than_its_input() -> None:
    """A private file that is copied into a store stays private there, and read only."""
    Path("key").write_text("a private key")
    Path("key").chmod(0o600)
    rlmlite("exec", "-e", "x = 1", "key", "--copy", "--store", "store")

    (place,) = Path("store/objects").glob("*/*")
    assert stat.S_IMODE(place.stat().st_mode) == 0o400


@pytest.mark.usefixtures("umask")
def test_files_are_private_in_a_folder_that_is_not(tmp_path: Path) -> None:
    """A folder that is there keeps its mode; what is made in it is for its user alone."""
    for name in ("store", "runs", "cache"):
        Path(name).mkdir()
        Path(name).chmod(0o777)
    rlmlite("exec", "-e", "x = 1", "app.log", "--copy", "--store", "store", "--trace", "runs/t.rlm")
    WordIndexes(Path("cache", "indexes")).save("k", b"words of inputs")
    file = Path("big.bin")
    file.write_bytes(b"x" * (9 << 20))
    os.utime(file, (1, 1))
    Digests(Path("cache", "digests.sqlite")).keep(file, file.stat(), 1 << 62, "0" * 64, None)

    for name in ("store", "runs", "cache"):
        assert open_to_others(Path(name)) == [name]
    assert Path("cache", "digests.sqlite").stat().st_size > 0


def test_modes_are_no_part_of_a_run() -> None:
    """A trace that was opened to others still replays."""
    with Session("s.rlm", Path("app.log")) as session:
        session.exec("x = 1")
    for place in Path("s.rlm").rglob("*"):
        place.chmod(0o755 if place.is_dir() else 0o644)

    assert rlmlite("trace", "replay", "s.rlm").exit_code == 0
