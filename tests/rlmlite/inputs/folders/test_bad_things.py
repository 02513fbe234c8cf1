"""One bad thing in a folder ends itself only: it is said, with its place, and everything else is read."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import rlmlite
from rlmlite.inputs import deriving, from_path, notes
from rlmlite.inputs.folders.globs import list_glob
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs, Verdict, replay, verify
from tests.rlmlite.inputs.input_files import load_plain, notes_text


def make(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_a_named_set_of_characters_is_followed(tmp_path: Path) -> None:
    """`[[:digit:]]` is git's way to write a digit."""
    make(tmp_path, {".ignore": b"run[[:digit:]].txt\n", "run1.txt": b"1", "r.txt": b"r", "rund.txt": b"d"})

    assert sorted(load_plain(tmp_path)[1]) == ["r.txt", "rund.txt"]


def test_a_rule_that_is_none_is_said_and_the_others_hold(tmp_path: Path) -> None:
    """By file and line; what cannot be matched leaves nothing out."""
    make(tmp_path, {".gitignore": b"*.log\n[[:nope:]]x\n[a\n!k.log\n", "a.log": b"a", "k.log": b"k", "b": b"b"})
    make(tmp_path, {"sub/.ignore": b"\\\n", "sub/c": b"c"})

    found, texts = load_plain(tmp_path)

    assert sorted(texts) == ["b", "k.log", "sub/c"]
    assert "3 a rule of an ignore file matches nothing in .gitignore (line 2: there is no set" in notes_text(found)
    assert [(note.path, note.where.partition(":")[0]) for note in found.source.notes] == [
        (".gitignore", "line 2"),
        (".gitignore", "line 3"),
        ("sub/.ignore", "line 1"),
    ]
    assert not found.source.incomplete


def test_rules_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    """A file that is too large, and a link, are not followed, and nothing is refused for it."""
    make(tmp_path, {".gitignore": b"a\n" * 600_000, "a": b"a", "sub/b": b"b", "rules": b"b\n"})
    (tmp_path / "sub/.gitignore").symlink_to(tmp_path / "rules")

    found, texts = load_plain(tmp_path)

    assert sorted(texts) == ["a", "rules", "sub/b"]
    assert "2 the rules of an ignore file are not followed in .gitignore (it is larger than" in notes_text(found)


def test_a_folder_taken_back_in_takes_back_nothing_below_it(tmp_path: Path) -> None:
    """`!packages/` is about the folder itself."""
    make(tmp_path, {".gitignore": b"\xef\xbb\xbfnode_modules/\n!packages/\n", "packages/ui/node_modules/x": b"x"})
    make(tmp_path, {"packages/y": b"y", "node_modules/z": b"z"})

    assert sorted(load_plain(tmp_path)[1]) == ["packages/y"]


@pytest.fixture
def deep_folder() -> Iterator[Path]:
    """2,100 folders, each in the one before, and a file in the thousandth.

    Not below `tmp_path`: pytest's own way to remove it is recursive, and would fail.
    """
    root = Path(tempfile.mkdtemp())
    here = os.open(root, os.O_RDONLY)
    for _ in range(2_100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    make(root, {"d/" * 1_000 + "x.txt": b"ERROR deep\n"})
    try:
        yield root
    finally:
        subprocess.run(["rm", "-rf", str(root)], check=True)


def test_a_thousand_nested_folders_are_read(deep_folder: Path) -> None:
    """What lies deeper than a path can be is said."""
    found, texts = load_plain(deep_folder)

    assert list(texts.values()) == ["ERROR deep\n"]
    assert [reason for _, reason in found.source.skipped] == ["unreadable: File name too long"]
    assert found.source.incomplete
    assert len(list_glob(f"{deep_folder}/d/**/*.txt").paths) == 1


def test_a_thousand_nested_folders_go_all_the_way(deep_folder: Path, tmp_path: Path) -> None:
    """A program, its evidence, its trace and the replay of it."""
    outcome = rlmlite.execute("final(search(context, /ERROR/))", deep_folder, trace=tmp_path / "t.rlm")

    assert [each.path for each in outcome.evidence] == ["d/" * 1_000 + "x.txt"]
    replayed = replay(verify(tmp_path / "t.rlm"), derive=deriving(), recorded_paths=True)
    assert replayed.verdict is Verdict.REPRODUCED


def test_a_folder_that_cannot_be_read_is_said_by_a_glob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell would say nothing, and the answer would look whole."""
    make(tmp_path, {"a/x.txt": b"x", "b/y.txt": b"y", "b/c/z.txt": b"z"})
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("/b"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)

    found = from_path(f"{tmp_path}/**/*.txt", FileBlobs())

    assert [file.path for file in found.source.files] == ["a/x.txt"]
    assert found.source.skipped == (("b/", "unreadable: Permission denied"),)
    assert found.source.incomplete


def test_files_that_are_no_files_do_no_harm(tmp_path: Path) -> None:
    """Pipes, sockets, links to nowhere and to themselves are left out by rule."""
    make(tmp_path, {"a.txt": b"a"})
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "itself").symlink_to("itself")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tmp_path)
        server.bind("socket")
        found, texts = load_plain(tmp_path)

    assert texts == {"a.txt": "a"}
    assert dict(found.source.skipped) == {
        "itself": "symbolic link",
        "nowhere": "symbolic link",
        "pipe": "not a regular file",
        "socket": "not a regular file",
    }
    assert not found.source.incomplete


def test_a_name_that_is_no_unicode_is_a_loss(tmp_path: Path) -> None:
    """The trace could not name it."""
    make(tmp_path, {"a.txt": b"a"})
    with open(os.fsencode(tmp_path) + b"/\xff.txt", "wb") as file:
        file.write(b"x")

    found, texts = load_plain(tmp_path)

    assert texts == {"a.txt": "a"}
    assert found.source.skipped == (("\ufffd.txt", "name is not valid Unicode"),)
    assert found.source.incomplete


@pytest.mark.parametrize("happens", ["vanishes", "changes", "is denied"])
def test_a_file_that_changes_while_a_folder_is_read_is_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, happens: str
) -> None:
    """Between the listing and the reading, or between two looks at it."""
    make(tmp_path, {"a.txt": b"a", "b.txt": b"b"})
    real = FileBlobs.look

    def look(blobs: FileBlobs, path: Path, *rest: bool) -> object:
        bad = path.name == "a.txt"
        if bad and happens == "vanishes":
            path.unlink()
        if bad and happens == "is denied":
            raise PermissionError(13, "Permission denied")
        file = real(blobs, path, *rest)
        if bad and happens == "changes":
            path.write_bytes(b"longer")
        return file

    monkeypatch.setattr(FileBlobs, "look", look)

    found, texts = load_plain(tmp_path)

    assert texts == {"b.txt": "b"}
    assert [path for path, _ in found.source.skipped] == ["a.txt"]
    assert found.source.incomplete


def test_an_encoding_that_does_not_fit_is_overridden_and_said(tmp_path: Path) -> None:
    """Whatever a file declares, it and the others are read."""
    text = "Müller schläft in Köln, später fährt er über Österreich\n" * 5
    for name in ("UTF-16", "utf-8", "Shift_JIS", "euc-jp", "nonsense", "hex", "ucs-4", "cp037"):
        page = f'<?xml version="1.0" encoding="{name}"?><a>{text}</a>\n'
        make(tmp_path, {f"{name}.xml": page.encode("latin-1")})

    found, texts = load_plain(tmp_path)

    assert len(texts) == 8
    assert all(text in read for read in texts.values())
    assert {note.where for note in found.source.notes} >= {"UTF-16; read as cp1252", "Shift_JIS; read as cp1252"}
    assert "8 the encoding that the text declares does not fit and is not used in" in notes_text(found)


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="there is no /proc")
def test_a_file_without_a_size_is_read_as_a_stream() -> None:
    """The system says 0 and makes it when it is read; the trace keeps it."""
    blobs = FileBlobs()

    found = from_path("/proc/self/status", blobs)

    assert found.memory is not None
    assert found.memory.startswith(b"Name:")
    assert "/proc/self" not in repr(found.source)


@pytest.mark.skipif(not Path("/proc/sys/kernel").exists(), reason="there is no /proc")
def test_files_without_a_size_in_a_folder_are_said() -> None:
    """They could not be read in place."""
    found = _or_error("/proc/sys/kernel/random")

    assert "without a size" in found


def _or_error(path: str) -> str:
    try:
        loaded: Input = from_path(path, FileBlobs())
    except Exception as error:
        return str(error)
    return "\n".join(notes("context", loaded))
