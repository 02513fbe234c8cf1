"""Inputs of a replay: read where they were or where one says; without them a run is unverifiable, never forged."""

import os
import shutil
from pathlib import Path

import msgspec
import pytest

import rlmlite
from rlmlite_kernel import (
    Answered,
    Input,
    Request,
    Result,
    Source,
    SourceFile,
    documents,
)
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.records import Entry, Genesis, Step, Written
from rlmlite_kernel.records.refs import RunKey, blob
from rlmlite_traces import (
    CheckedTrace,
    FileBlobs,
    Level,
    Verdict,
    replay,
    show,
    verify,
)
from tests.traces.replays import real_runs
from tests.traces.replays.forging import forge, with_fields
from tests.traces.replays.real_runs import is_reproduced


@pytest.fixture
def on_disk(tmp_path: Path) -> tuple[CheckedTrace, Path]:
    """A run over a file, a folder and JSON; the folder is read first in turn 2. The trace, and where the files are."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "app.log").write_text(real_runs.LOG)
    for name in ("a.txt", "b.txt"):
        (tmp_path / "folder" / name).write_text(f"{name}: ERROR\n" * 50)
    (tmp_path / "folder" / "c.bin").write_bytes(b"ERROR \xff\xfe\n")
    blobs = FileBlobs()
    inputs = {
        "log": real_runs.file_input(tmp_path / "app.log", blobs),
        "docs": real_runs.folder_input(tmp_path / "folder", blobs),
        "spare": real_runs.text_input("not read", blobs),
    }
    programs = ("n = len(search(log, /ERROR/))", "m = len(search(docs, /ERROR/))\nk = len(log)", "final([n, m])")
    real_runs.record(tmp_path / "a.rlm", inputs, blobs, programs)
    return verify(tmp_path / "a.rlm"), tmp_path


def test_files_are_found_where_they_were(on_disk: tuple[CheckedTrace, Path]) -> None:
    """Files and folders by path, transcoded ones among them, are hashed and used again."""
    trace, _ = on_disk

    assert is_reproduced(replay(trace, recorded_paths=True))


def test_moved_files_are_found_by_places(on_disk: tuple[CheckedTrace, Path]) -> None:
    """`places` gives the new path of an input, for a file and for a folder."""
    trace, folder = on_disk
    moved = folder / "moved"
    moved.mkdir()
    (folder / "app.log").rename(moved / "other.log")
    (folder / "folder").rename(moved / "other")

    assert replay(trace, recorded_paths=True).verdict is Verdict.UNVERIFIABLE
    assert is_reproduced(replay(trace, {"log": moved / "other.log", "docs": moved / "other"}, recorded_paths=True))


def test_without_an_input_some_steps_are_unverifiable(on_disk: tuple[CheckedTrace, Path]) -> None:
    """What was executed before a missing input was read is counted; nothing contradicts the trace."""
    trace, folder = on_disk
    shutil.rmtree(folder / "folder")

    found = replay(trace, recorded_paths=True)

    assert (found.verdict, found.executed, found.steps) == (Verdict.UNVERIFIABLE, 2, 4)
    assert found.missing == {"docs": "no such file"}
    assert found.difference is None


def test_a_changed_input_is_missing(on_disk: tuple[CheckedTrace, Path]) -> None:
    """A file with other content than the recorded digest is not used."""
    trace, folder = on_disk
    (folder / "app.log").write_text("something else")

    found = replay(trace, recorded_paths=True)

    assert (found.verdict, found.executed) == (Verdict.UNVERIFIABLE, 2)
    assert "other content" in found.missing["log"]


def test_a_forged_value_is_found_without_an_input(on_disk: tuple[CheckedTrace, Path]) -> None:
    """A step that does not need what is missing must give what is recorded, before a taken step and after it."""
    trace, folder = on_disk
    shutil.rmtree(folder / "folder")
    steps = [record for record in trace.records if isinstance(record, Step)]
    for number in (0, 2):
        (written,) = steps[number].writes
        other = Written(written.name, written.kind, written.size, "0" * 64)
        forged = forge(trace, with_fields(Step, number, writes=(other,)))
        found = replay(forged, recorded_paths=True)

        assert found.verdict is Verdict.FORGED
        assert found.difference is not None
        assert found.difference.seq == steps[number].seq


def test_a_missing_input_that_was_never_read_does_no_harm(tmp_path: Path) -> None:
    """A run that never read an input is reproduced without it; the input is still listed as missing."""
    (tmp_path / "app.log").write_text(real_runs.LOG)
    blobs = FileBlobs()
    inputs = {
        "log": real_runs.file_input(tmp_path / "app.log", blobs),
        "ask": real_runs.text_input("why?", blobs),
    }
    real_runs.record(tmp_path / "a.rlm", inputs, blobs, ("final(len(search(ask, /w/)))",))
    (tmp_path / "app.log").unlink()

    found = replay(verify(tmp_path / "a.rlm"), recorded_paths=True)

    assert is_reproduced(found)
    assert set(found.missing) == {"log"}


def test_a_run_that_a_changed_file_ended_is_reproduced(tmp_path: Path) -> None:
    """The steps before the change are executed again, the discarded one and those after it are not expected."""
    path = tmp_path / "app.log"
    path.write_text(real_runs.LOG)
    blobs = FileBlobs()
    inputs = {"log": real_runs.file_input(path, blobs)}
    status = os.stat(path)

    def changing(request: Request, prompt: str) -> Result:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
        return Answered("yes")

    programs = (
        "n = len(search(log, /ERROR/))",
        'x = extract_over_chunks(chunk(log, size=9000), "Any? {chunk}")',
        "a = n + 1\nb = len(search(log, /ok/))\nc = 4",
        "never = 1",
    )
    done = real_runs.record(tmp_path / "a.rlm", inputs, blobs, programs, call=changing)
    trace = verify(tmp_path / "a.rlm", at_least=Level.SEALED)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert done.halted == "input_changed"
    found = replay(trace, recorded_paths=True)

    assert found.difference is None
    assert is_reproduced(found), list(show(trace))


def test_inputs_from_memory_come_from_the_trace(tmp_path: Path) -> None:
    """Documents and JSON that were handed over in memory need no file."""
    blobs = FileBlobs()
    texts = {"a.txt": "ERROR a\n", "b.txt": "Zoë ERROR\n"}
    files = tuple(SourceFile(name, blobs.put(text.encode()), len(text.encode())) for name, text in texts.items())
    inputs = {
        "docs": Input(
            documents((file.path, file.digest, file.size) for file in files),
            Source("documents", files=files),
            value_bytes(texts),
        ),
        "data": Input({"n": [1, 2.5, None]}, Source("json"), value_bytes({"n": [1, 2.5, None]})),
    }
    programs = ("n = len(search(docs, /ERROR/))", "final([n, data.n[1]])")
    real_runs.record(tmp_path / "a.rlm", inputs, blobs, programs)

    assert is_reproduced(replay(verify(tmp_path / "a.rlm"), recorded_paths=True))


@pytest.mark.parametrize(
    "source",
    [
        b"[]",
        b'{"kind":"json","content":"CONTENT"}',
        b'{"kind":"documents","content":"CONTENT"}',
        b'{"kind":"text","path":"x"}',
        b'{"kind":"json","path":"x"}',
        b'{"kind":"text","path":"x","files":[["x","DIGEST",1]]}',
        b'{"kind":"documents","path":"*/x","files":[["x","DIGEST",1]]}',
        b"none",
    ],
)
def test_an_input_that_cannot_be_rebuilt_is_missing(honest_run: CheckedTrace, source: bytes) -> None:
    """Whatever a source says, a trace whose input cannot be had is unverifiable or forged, never an exception."""
    entry = honest_run.genesis.inputs[0]
    assert entry.source is not None
    content = next(iter(recorded_refs(honest_run, entry.source)))
    spelled = source.replace(b"CONTENT", content.encode()).replace(b"DIGEST", b"0" * 64)
    other = blob(RunKey(real_runs.KEY), spelled)
    changed = msgspec.structs.replace(entry, source=None if source == b"none" else other.ref)

    def change(entries: list[Entry]) -> list[Entry]:
        entries = with_fields(Genesis, 0, inputs=(changed,))(entries)
        entries[0] = Entry(entries[0].record, (*entries[0].blobs, other))
        return entries

    found = replay(forge(honest_run, change), recorded_paths=True)

    assert found.executed == 0
    assert found.verdict in (Verdict.UNVERIFIABLE, Verdict.FORGED)
    assert found.missing or found.difference


def recorded_refs(trace: CheckedTrace, source: str) -> list[str]:
    return [str(msgspec.json.decode(trace.content(source))["content"])]


def test_a_file_that_changes_during_replay_is_reported(
    on_disk: tuple[CheckedTrace, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an input changes during the replay, the rest is unverifiable, and nothing is called forged."""
    trace, folder = on_disk
    real = FileBlobs.confirm

    def confirm(self: FileBlobs, digests: frozenset[str]) -> None:
        os.utime(folder / "app.log", ns=(3, 3))
        real(self, digests)

    monkeypatch.setattr(FileBlobs, "confirm", confirm)

    found = replay(trace, recorded_paths=True)

    assert found.verdict is Verdict.UNVERIFIABLE
    assert found.difference is None
    assert set(found.missing) == {"log"}


def test_a_trace_without_steps_is_unverifiable_without_its_input(tmp_path: Path) -> None:
    """A trace left by a process that died in its first step is not "0 of 0 reproduced"."""
    (tmp_path / "app.log").write_text(real_runs.LOG)
    blobs = FileBlobs()
    real_runs.record(tmp_path / "a.rlm", {"log": real_runs.file_input(tmp_path / "app.log", blobs)}, blobs, ())
    (tmp_path / "app.log").unlink()

    found = replay(verify(tmp_path / "a.rlm"), recorded_paths=True)

    assert (found.verdict, found.steps) == (Verdict.UNVERIFIABLE, 0)


@pytest.mark.parametrize("asks", [False, True])
def test_what_reads_an_answer_that_was_not_made_is_taken(tmp_path: Path, asks: bool) -> None:
    """An earlier answer that nobody could make here is named as the record says; what reads it is no forgery."""
    gone, here = tmp_path / "gone.txt", tmp_path / "here.txt"
    gone.write_text("one ERROR here\n")
    here.write_text("two\n")
    replies = ['```rlm\nx = upper(answer_1)\nfinal("ONE ERROR HERE", evidence=x)\n```']
    controller = rlmlite.Scripted(replies * 3)
    with rlmlite.Session(tmp_path / "s.rlm", {"a": gone, "b": here}, controller=controller) as session:
        session.exec("final(a)")
        if asks:
            session.ask("Which?")
        else:
            session.exec("x = upper(answer_1)\nfinal([x, count(b)])")
        session.seal()
    gone.unlink()

    replayed = replay(verify(tmp_path / "s.rlm"), recorded_paths=True)

    assert replayed.verdict is Verdict.UNVERIFIABLE
