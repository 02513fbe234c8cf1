"""Word indexes kept between runs: in the user's cache folder, and switched off together with the digests."""

from pathlib import Path

import pytest

import rlmlite
from rlmlite import Session
from rlmlite.inputs import Reading
from rlmlite.inputs.cache.indexes import WordIndexes, open_indexes
from rlmlite_traces import IndexFolder, Verdict, replay, verify

TEXT = "disk failed\nok\n" * 100
PROGRAM = 'r = rank(context, "disk failed")\nshow(r)'
KEY = "5e" * 32


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for caches of this test alone, and a text to rank."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / "cache" / name))
    Path("a.txt").write_text(TEXT)
    return tmp_path / "cache" / "rlmlite" / "indexes"


def test_a_run_keeps_its_indexes_and_the_next_one_finds_them(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The traces are the same; a run that ranks nothing creates no folder."""
    rlmlite.execute("show(context)", Path("a.txt"), trace=False)
    assert not cache.exists()
    rlmlite.execute(PROGRAM, Path("a.txt"), trace="first.rlm", run_key=KEY)
    (kept,) = cache.iterdir()
    loaded: list[bytes | None] = []
    real = IndexFolder.load

    def load(self: IndexFolder, key: str) -> bytes | None:
        loaded.append(real(self, key))
        return loaded[-1]

    monkeypatch.setattr(IndexFolder, "load", load)

    rlmlite.execute(PROGRAM, Path("a.txt"), trace="second.rlm", run_key=KEY)

    assert loaded == [kept.read_bytes()]
    assert Path("first.rlm/trace.jsonl").read_bytes() == Path("second.rlm/trace.jsonl").read_bytes()


def test_without_a_cache_none_are_kept(cache: Path) -> None:
    """The setting `cache` is for indexes as well as for digests."""
    rlmlite.execute(PROGRAM, Path("a.txt"), trace=False, reading=Reading(cache=False))
    assert not cache.exists()


def test_a_replay_and_a_session_opened_again_use_none(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can write to the folder cannot influence what they find."""
    with Session("s.rlm", Path("a.txt")) as session:
        session.exec(PROGRAM)
    assert len(list(cache.iterdir())) == 1

    def fail_if_used(*_: object) -> None:
        raise AssertionError("the folder was used")

    monkeypatch.setattr(IndexFolder, "__init__", fail_if_used)
    with Session("s.rlm") as session:
        session.exec(PROGRAM)
        session.seal()
    assert replay(verify(Path("s.rlm")), recorded_paths=True).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("broken", ["a file", "not writable"])
def test_an_unusable_folder_is_reported_once(cache: Path, broken: str, caplog: pytest.LogCaptureFixture) -> None:
    """The run has the same result, and the user is warned once, not once per file."""
    plain = rlmlite.execute(PROGRAM, Path("a.txt"), trace=False, run_key=KEY).observation
    place = cache.parent / "other"
    if broken == "a file":
        place.write_text("")
    else:
        place.mkdir()
        for path in cache.iterdir():
            (place / path.name).mkdir()
    Path("docs").mkdir()
    for name in "ab":
        Path("docs", name).write_text(TEXT + name)
    with pytest.MonkeyPatch.context() as patch, caplog.at_level("WARNING", "rlmlite"):
        patch.setattr("rlmlite.inputs.load.open_indexes", lambda: WordIndexes(place))
        found = rlmlite.execute(PROGRAM, Path("a.txt"), trace=False, run_key=KEY).observation
        assert rlmlite.execute(PROGRAM, Path("docs"), trace=False).status == "completed"

    assert found == plain
    said = [message for message in caplog.messages if "word indexes are not kept" in message]
    assert len(said) == (2 if broken == "a file" else 1)  # a run that finds nothing wrong says nothing


def test_they_are_beside_the_digests(cache: Path) -> None:
    """The folder is in the user's cache folder."""
    assert open_indexes()._path == cache
