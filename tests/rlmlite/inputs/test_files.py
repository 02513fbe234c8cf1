"""Files, pipes and names as inputs: what is taken, what is refused, and what is said of it."""

import io
import os
import sys
from pathlib import Path

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import from_arguments, from_path
from rlmlite.inputs.names import name_paths
from rlmlite_kernel.values.inputs import Input, Source
from rlmlite_traces import FileBlobs
from tests.rlmlite.inputs.input_text import content, words


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["app.log"], {"context": "app.log"}),
        (["-"], {"context": "-"}),
        (["logs=app.log"], {"logs": "app.log"}),
        (["./a=b.log"], {"context": "./a=b.log"}),
        (["logs=-", "x/y-z.tar.gz"], {"logs": "-", "context": "x/y-z.tar.gz"}),
        (["logs/app.log", "db-1.log", "src/"], {"app": "logs/app.log", "db_1": "db-1.log", "src": "src/"}),
        (["a=x", "b=x"], {"a": "x", "b": "x"}),
    ],
)
def test_names_follow_from_arguments(arguments: list[str], expected: dict[str, str]) -> None:
    """A lone unnamed input is `context`; several take the stems of their paths."""
    assert name_paths(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a/app.log", "b/app.log"], "two inputs are called `app`.*name one"),
        (["1.log", "2.log"], "`1` cannot be one; write name=1.log"),
        (["x=-", "y=-"], "only one input can be standard input"),
        (["not=x"], "cannot be called `not`"),
        (["logs="], "has no path; write logs=PATH"),
        ([""], "empty path"),
    ],
)
def test_invalid_names_are_explained(arguments: list[str], message: str) -> None:
    """Each message says what to write instead."""
    with pytest.raises(InputError, match=message):
        name_paths(arguments)


def test_a_file_is_read_in_place(tmp_path: Path) -> None:
    """A file's text is a span of the file, and nothing of it is kept in the trace."""
    (tmp_path / "a.txt").write_text("grüße\n", "utf-8")
    blobs = FileBlobs()

    found = from_path(str(tmp_path / "a.txt"), blobs)

    assert content(found, blobs) == "grüße\n"
    assert found.memory is None
    assert found.source.files[0].size == 8
    assert words("a", found) == ""


def test_a_missing_file_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    """A typing mistake is answered with the name of the file that exists."""
    (tmp_path / "server.log").touch()

    with pytest.raises(InputError, match=r"servre\.log does not exist; did you mean `server\.log`"):
        from_path(str(tmp_path / "servre.log"), FileBlobs())


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    """A NUL in the first 8 KiB means that the file is not text; the message says what to do."""
    (tmp_path / "a.bin").write_bytes(b"PNG" + b"x" * 100 + b"\0")

    with pytest.raises(InputError, match=r"a\.bin is binary \(a NUL byte at 103\).*convert it first"):
        from_path(str(tmp_path / "a.bin"), FileBlobs())


def test_an_empty_file_is_accepted_with_a_note(tmp_path: Path) -> None:
    """An empty file is an input, and a note says that it is empty."""
    (tmp_path / "a.txt").touch()
    blobs = FileBlobs()

    found = from_path(str(tmp_path / "a.txt"), blobs)

    assert content(found, blobs) == ""
    assert "is empty" in words("a", found)


def test_bad_utf_8_is_transcoded_and_counted(tmp_path: Path) -> None:
    """Bad bytes become U+FFFD, are counted, and both digests are kept."""
    (tmp_path / "a.txt").write_bytes(b"caf\xe9 cr\xe8me")
    blobs = FileBlobs()

    found = from_path(str(tmp_path / "a.txt"), blobs)

    assert content(found, blobs) == "caf\ufffd cr\ufffdme"
    assert (found.source.files[0].replaced, len(found.source.files[0].original)) == (2, 64)
    assert "2 bad bytes became U+FFFD" in words("a", found)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_path_is_refused(tmp_path: Path) -> None:
    """A file or folder without permission is named with the system's reason."""
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "a.txt").chmod(0)
    (tmp_path / "folder").mkdir(0)

    for name in ("a.txt", "folder"):
        with pytest.raises(InputError, match=f"{name} cannot be read: Permission denied"):
            from_path(str(tmp_path / name), FileBlobs())


def test_a_name_that_is_not_unicode_is_refused_or_left_out(tmp_path: Path) -> None:
    """A trace could not record it; in a folder such a file is left out with a note."""
    name = os.fsdecode(b"caf\xe9.txt")
    (tmp_path / name).write_text("x")
    (tmp_path / "a.txt").write_text("x")

    with pytest.raises(InputError, match="not valid Unicode; rename it"):
        from_path(str(tmp_path / name), FileBlobs())
    found = from_path(str(tmp_path), FileBlobs())
    assert found.source.skipped == (("caf\ufffd.txt", "name is not valid Unicode"),)


def test_special_files_are_refused() -> None:
    """A device has no end."""
    with pytest.raises(InputError, match="neither a file nor a folder"):
        from_path("/dev/zero", FileBlobs())


def test_an_impossible_path_is_refused() -> None:
    """A NUL in a path is the caller's mistake, not a crash."""
    with pytest.raises(InputError, match="is not a valid path"):
        from_path("a\0b", FileBlobs())


def test_a_file_with_a_pattern_for_a_name_is_a_file(tmp_path: Path) -> None:
    """A path that exists is read as a file, not as a glob."""
    (tmp_path / "a[1].txt").write_text("one")
    blobs = FileBlobs()

    assert content(from_path(str(tmp_path / "a[1].txt"), blobs), blobs) == "one"


def test_standard_input_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """It could not be read again, so the trace keeps it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe")))
    blobs = FileBlobs()

    found = from_arguments(["-"], blobs)["context"]

    assert (content(found, blobs), found.memory) == ("from a pipe", b"from a pipe")


def test_a_named_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    """A shell's `<(command)` is a named pipe."""
    read, write = os.pipe()
    os.write(write, b"from a command")
    os.close(write)
    blobs = FileBlobs()

    found = from_path(f"/dev/fd/{read}", blobs)
    os.close(read)

    assert (content(found, blobs), found.memory) == ("from a command", b"from a command")


def test_a_reader_of_rows_is_asked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the reader accepts is its input; any other is read as usual."""
    (tmp_path / "a.jsonl").write_text('{"n": 1}\n')
    (tmp_path / "a.txt").write_text("text")
    blobs, rows = FileBlobs(), Input([{"n": 1}], Source("json", "rows"))

    class Tables:
        @staticmethod
        def from_table(path: str, *_: object) -> Input | None:
            return rows if path.endswith(".jsonl") else None

    monkeypatch.setitem(sys.modules, "rlmlite.inputs.tables", Tables)

    assert from_path(str(tmp_path / "a.jsonl"), blobs) is rows
    assert content(from_path(str(tmp_path / "a.txt"), blobs), blobs) == "text"
