"""Replay of runs over derived inputs: they are derived again by the recorded steps, or else `unverifiable`."""

import gzip
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rlmlite
from rlmlite.agent.sessions.session import Session
from rlmlite.inputs import READING, Reading, deriving
from rlmlite.inputs.formats import converters
from rlmlite_kernel import Request
from rlmlite_traces import Replayed, Verdict, replay, verify
from tests.rlmlite.inputs.input_files import PACKERS, docx_of, pdf_of, tar_of, zip_of

TEXT = "line of text\nERROR: größer als erlaubt, für Jürgen aus Köln\n" * 50
MEMBERS = {"a.txt": b"plain\n", "b/app.log.gz": gzip.compress(TEXT.encode()), "c.txt": TEXT.encode("utf-16")}


def folder_of(path: Path) -> Path:
    """A folder with a file of every kind."""
    path.mkdir()
    (path / "plain.txt").write_text(TEXT, "utf-8")
    (path / "packed.gz").write_bytes(gzip.compress(f"packed {TEXT}".encode()))
    (path / "latin.txt").write_bytes(TEXT.encode("latin-1"))
    (path / "broken.txt").write_bytes(b"caf\xe9")
    (path / "both.gz").write_bytes(gzip.compress(TEXT.encode("utf-16")))
    pdf_of(path / "a.pdf", "ERROR in a PDF")
    docx_of(path / "a.docx", "ERROR in a document")
    return path


def file_maker(content: bytes) -> Callable[[Path], Path]:
    """Makes a file with this content."""

    def write(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return write


KINDS: dict[str, Callable[[Path], Path]] = {
    **{f"a.{suffix}": file_maker(pack(TEXT.encode())) for suffix, pack in PACKERS.items()},
    "a.zip": lambda path: zip_of(path, MEMBERS),
    "a.tar": lambda path: tar_of(path, MEMBERS),
    "a.tgz": lambda path: tar_of(path, MEMBERS, "gz"),
    "zip.gz": lambda path: file_maker(gzip.compress(zip_of(path, MEMBERS).read_bytes()))(path),
    "latin.txt": file_maker(TEXT.encode("latin-1")),
    "wide.txt": file_maker(TEXT.encode("utf-16")),
    "broken.txt": file_maker(b"caf\xe9 au lait"),
    "bom.txt": file_maker(TEXT.encode("utf-8-sig")),
    "a.pdf": lambda path: pdf_of(path, "ERROR in a PDF"),
    "a.docx": lambda path: docx_of(path, "ERROR in a document"),
    "page.html": file_maker(b"<html><h1>ERROR</h1></html>"),
    "folder": folder_of,
}
PROGRAM = "hits = search(a, /ERROR|caf|plain/)\nfinal(count(hits), evidence=hits[0:2])"


def run(path: Path, trace: Path, reading: Reading = READING) -> rlmlite.Outcome:
    outcome = rlmlite.execute(PROGRAM, {"a": path}, trace=trace, reading=reading)
    assert outcome.status == "completed"
    return outcome


def replay_trace(trace: Path, place: Path | None = None, reading: Reading | None = READING) -> Replayed:
    derive = None if reading is None else deriving(reading)
    return replay(verify(trace), {} if place is None else {"a": place}, derive=derive, recorded_paths=True)


@pytest.mark.parametrize("name", KINDS)
def test_a_run_over_each_kind_replays(tmp_path: Path, name: str) -> None:
    """From where the file was, and from where it was moved to."""
    path = KINDS[name](tmp_path / name)
    run(path, tmp_path / "t.rlm", Reading(html="text"))

    here = replay_trace(tmp_path / "t.rlm")
    (tmp_path / "moved").mkdir()
    path.rename(tmp_path / "moved" / name)
    moved = replay_trace(tmp_path / "t.rlm", tmp_path / "moved" / name)
    gone = replay_trace(tmp_path / "t.rlm")

    assert (here.verdict, here.missing) == (Verdict.REPRODUCED, {})
    assert (moved.verdict, moved.missing) == (Verdict.REPRODUCED, {})
    assert (gone.verdict, list(gone.missing)) == (Verdict.UNVERIFIABLE, ["a"])


@pytest.mark.parametrize("name", sorted(KINDS.keys() - {"broken.txt"}))
def test_without_the_hook_a_derived_text_is_missing(tmp_path: Path, name: str) -> None:
    """Without the means to derive it, nobody can call the trace forged."""
    run(KINDS[name](tmp_path / name), tmp_path / "t.rlm", Reading(html="text"))

    found = replay_trace(tmp_path / "t.rlm", reading=None)

    assert found.verdict is Verdict.UNVERIFIABLE
    assert "nothing to derive it with" in found.missing["a"]


def test_what_needs_no_other_library_replays_without_the_hook(tmp_path: Path) -> None:
    """Broken UTF-8 is repaired by the store itself."""
    run(KINDS["broken.txt"](tmp_path / "a.txt"), tmp_path / "t.rlm")

    assert replay_trace(tmp_path / "t.rlm", reading=None).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "folder"])
def test_another_version_of_a_converter_is_no_forgery(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its text may differ; the verdict names the version that made the recorded one."""
    run(KINDS[name](tmp_path / name), tmp_path / "t.rlm")
    monkeypatch.setattr(converters, "convert", lambda *_: iter([b"another ERROR\n"]))

    found = replay_trace(tmp_path / "t.rlm")

    assert found.verdict is Verdict.UNVERIFIABLE
    assert "gives a different text here" in found.missing["a"]


@pytest.mark.parametrize("name", ["a.gz", "a.zip", "latin.txt", "a.pdf", "folder"])
def test_a_changed_original_is_not_taken_for_the_recorded_one(tmp_path: Path, name: str) -> None:
    """Its digest is compared before anything is derived from it."""
    path = KINDS[name](tmp_path / name)
    run(path, tmp_path / "t.rlm")
    changed = path / "packed.gz" if path.is_dir() else path
    changed.write_bytes(changed.read_bytes() + b" ")

    found = replay_trace(tmp_path / "t.rlm")

    assert found.verdict is Verdict.UNVERIFIABLE
    assert "has other content" in found.missing["a"]


def test_a_bomb_beside_a_trace_is_refused(tmp_path: Path) -> None:
    """A limit that was raised for the run must be raised for the replay too."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"plain\n" + b"." * 70_000_000, 9))
    run(tmp_path / "a.gz", tmp_path / "t.rlm", Reading(max_ratio=2000))

    refused, allowed = (
        replay_trace(tmp_path / "t.rlm"),
        replay_trace(tmp_path / "t.rlm", reading=Reading(max_ratio=2000)),
    )

    assert refused.verdict is Verdict.UNVERIFIABLE
    assert "limit max_ratio" in refused.missing["a"]
    assert allowed.verdict is Verdict.REPRODUCED


def test_a_replay_uses_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither does a session that is opened again."""
    (tmp_path / "a.txt").write_text("plain ERROR\n")
    run(tmp_path / "a.txt", tmp_path / "t.rlm")
    Session(tmp_path / "s.rlm", {"a": tmp_path / "a.txt"}).close()

    def fail_if_asked(*_: object) -> object:
        raise AssertionError("the cache was asked")

    monkeypatch.setattr("rlmlite.inputs.cache.digests.Digests.find", fail_if_asked)

    assert replay_trace(tmp_path / "t.rlm").verdict is Verdict.REPRODUCED
    Session(tmp_path / "s.rlm").close()


@pytest.mark.parametrize("name", ["a.gz", "a.zip", "latin.txt", "a.pdf"])
def test_evidence_names_both_digests(tmp_path: Path, name: str) -> None:
    """Positions refer to the derived text, and the original file is named beside it."""
    path = KINDS[name](tmp_path / name)

    piece = run(path, tmp_path / "t.rlm").evidence[0]

    assert piece.original == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(piece.digest) == 64
    assert piece.digest != piece.original


def test_evidence_of_plain_text_names_no_digest(tmp_path: Path) -> None:
    """The file is the text."""
    (tmp_path / "a.txt").write_text("plain ERROR\n")

    piece = run(tmp_path / "a.txt", tmp_path / "t.rlm").evidence[0]

    assert (piece.digest, piece.original) == ("", "")


@pytest.mark.parametrize("name", ["a.tgz", "a.pdf", "latin.txt", "folder"])
def test_a_session_over_derived_inputs_goes_on(tmp_path: Path, name: str) -> None:
    """In another process, which derives them again."""
    path = KINDS[name](tmp_path / name)
    with Session(tmp_path / "s.rlm", {"a": path}) as session:
        session.exec("x = count(search(a, 'ERROR'))")

    with Session(tmp_path / "s.rlm") as session:
        assert session.exec("final(x - count(search(a, 'ERROR')))").value == 0


def run_piped(content: bytes, folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """`rlmlite` with this on standard input."""
    command = [sys.executable, "-m", "rlmlite", *arguments]
    return subprocess.run(command, input=content, capture_output=True, cwd=folder, timeout=100)


def test_packed_standard_input_is_kept_as_text(tmp_path: Path) -> None:
    """A small one is kept in the trace, which then replays by itself."""
    done = run_piped(
        gzip.compress(TEXT.encode()), tmp_path, "exec", "-e", PROGRAM.replace("a,", "context,"), "-", "--trace", "t.rlm"
    )

    assert done.returncode == 0, done.stderr
    assert replay_trace(tmp_path / "t.rlm", reading=None).verdict is Verdict.REPRODUCED


def test_large_standard_input_is_not_kept_with_a_note(tmp_path: Path) -> None:
    """The trace is small, and a replay needs a copy of the content."""
    program = 'final(count(search(context, "ERROR")))'
    arguments = ["exec", "-e", program, "-", "--trace", "t.rlm", "--read", "kept_bytes=1_000"]
    done = run_piped(TEXT.encode(), tmp_path, *arguments)
    (tmp_path / "copy.txt").write_bytes(TEXT.encode())

    assert done.returncode == 0, done.stderr
    assert b"more than the trace keeps" in done.stderr
    assert "Jürgen".encode() not in (tmp_path / "t.rlm" / "blobs.jsonl").read_bytes()
    assert replay_trace(tmp_path / "t.rlm").verdict is Verdict.UNVERIFIABLE
    assert (
        replay(verify(tmp_path / "t.rlm"), {"context": tmp_path / "copy.txt"}, recorded_paths=True).verdict
        is Verdict.REPRODUCED
    )


def test_the_command_line_replays_with_the_hook(tmp_path: Path) -> None:
    """`rlmlite trace replay` derives texts without being told."""
    path = KINDS["a.tgz"](tmp_path / "a.tgz")
    done = run_piped(b"", tmp_path, "exec", "-e", PROGRAM, f"a={path}", "--trace", "t.rlm")
    again = run_piped(b"", tmp_path, "trace", "replay", "t.rlm")

    assert done.returncode == 0, done.stderr
    assert (again.returncode, again.stdout[:22]) == (0, b"replayed: reproduced: ")


@pytest.mark.parametrize("name", ["a.gz", "a.tgz", "latin.txt", "folder"])
@pytest.mark.parametrize("given", ["a", "a[0].text"])
def test_a_nested_run_over_a_derived_input_replays(tmp_path: Path, name: str, given: str) -> None:
    """The nested run's own trace says how its input was derived."""
    if given != "a" and name not in ("a.tgz", "folder"):
        given = "a[5:400]"
    path = KINDS[name](tmp_path / name)

    def says(text: str, _: Request) -> str:
        inner = "# Question\nInner?" in text
        return "final(count(search(part, /./)))" if inner else f'final(sub_rlm("Inner?", part={given}))'

    outcome = rlmlite.run("Outer?", {"a": path}, controller=rlmlite.Scripted(says), trace=tmp_path / "t.rlm")

    assert outcome.status == "completed", outcome.problems
    # The answer is held back for a turn, so the question was asked twice.
    child = min((tmp_path / "t.rlm" / "nested").iterdir())
    assert outcome.value > 0
    assert replay_trace(child).verdict is Verdict.REPRODUCED
    assert replay_trace(child, reading=None).verdict is Verdict.UNVERIFIABLE
