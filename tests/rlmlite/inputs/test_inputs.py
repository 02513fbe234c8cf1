"""Inputs on their way in: what is taken, what is refused, and that nothing is left out in silence."""

import gzip
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import Reading, from_arguments, from_path, from_value, from_values, notes
from rlmlite.inputs.names import named_paths
from rlmlite_kernel.values.inputs import Input, Source
from rlmlite_kernel.values.values import Rows, Text, plain
from rlmlite_traces import FileBlobs


def content(found: Input, blobs: FileBlobs) -> Any:
    return plain(found.value, blobs)


def words(name: str, found: Input) -> str:
    return "\n".join(notes(name, found))


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
    assert named_paths(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a/app.log", "b/app.log"], "two inputs are called `app`.*name one"),
        (["1.log", "2.log"], "`1` of 1.log is no name; write name=1.log"),
        (["x=-", "y=-"], "one input only"),
        (["not=x"], "cannot be called `not`"),
        (["logs="], "has no path; write logs=PATH"),
        ([""], "empty path"),
    ],
)
def test_names_that_do_not_work_are_explained(arguments: list[str], message: str) -> None:
    """Each message says what to write instead."""
    with pytest.raises(InputError, match=message):
        named_paths(arguments)


def test_a_file_is_read_in_place(tmp_path: Path) -> None:
    """A file's text is a span of the file, and nothing of it is kept in the trace."""
    (tmp_path / "a.txt").write_text("grüße\n", "utf-8")
    blobs = FileBlobs()

    found = from_path(str(tmp_path / "a.txt"), blobs)

    assert content(found, blobs) == "grüße\n"
    assert found.memory is None
    assert found.source.files[0].size == 8
    assert words("a", found) == ""


def test_a_missing_file_is_named_with_its_neighbour(tmp_path: Path) -> None:
    """A typing mistake is met with the name that is there."""
    (tmp_path / "server.log").touch()

    with pytest.raises(InputError, match=r"there is no .*servre\.log; did you mean `server\.log`"):
        from_path(str(tmp_path / "servre.log"), FileBlobs())


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    """A NUL in the first 8 KiB means that this is no text; the message says what to do."""
    (tmp_path / "a.bin").write_bytes(b"PNG" + b"x" * 100 + b"\0")

    with pytest.raises(InputError, match=r"a\.bin is binary \(a NUL byte at 103\).*convert it first"):
        from_path(str(tmp_path / "a.bin"), FileBlobs())


def test_an_empty_file_is_taken_and_said(tmp_path: Path) -> None:
    """Nothing is also an input."""
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
def test_what_may_not_be_read_is_refused(tmp_path: Path) -> None:
    """A file or folder without permission is named with the system's reason."""
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "a.txt").chmod(0)
    (tmp_path / "folder").mkdir(0)

    for name in ("a.txt", "folder"):
        with pytest.raises(InputError, match=f"{name} cannot be read: Permission denied"):
            from_path(str(tmp_path / name), FileBlobs())


def test_an_unreadable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As above, for whoever runs the tests as root."""

    def denied(path: str) -> Any:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("rlmlite.inputs.folders.listing.os.scandir", denied)

    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        from_path(str(tmp_path), FileBlobs())


def test_a_name_that_is_no_unicode_is_refused_or_left_out(tmp_path: Path) -> None:
    """A trace could not say it. In a folder such a file is left out, and said."""
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


def test_a_path_that_cannot_be_is_refused() -> None:
    """A NUL in a path is the caller's mistake, not a crash."""
    with pytest.raises(InputError, match="is no path"):
        from_path("a\0b", FileBlobs())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a bit of everything."""
    files: dict[str, bytes] = {
        "b.txt": b"b",
        "a/z.txt": b"z",
        "a/ae.txt": b"\xe4",
        "a.txt": b"a",
        "a/x.bin": b"\0",
        "empty.txt": b"",
        ".hidden": b"h",
        ".git/config": b"g",
        "a/__pycache__/m.pyc": b"\0",
    }
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    (tmp_path / "link.txt").symlink_to("b.txt")
    return tmp_path


def test_a_folder_is_one_input_in_path_order(tree: Path) -> None:
    """Files are in code-point order of their path; what is left out is listed with its reason."""
    blobs = FileBlobs()

    found = from_path(str(tree), blobs)

    assert isinstance(found.value, Rows)
    assert [row["path"] for row in content(found, blobs)] == ["a.txt", "a/ae.txt", "a/z.txt", "b.txt", "empty.txt"]
    assert [row["text"] for row in content(found, blobs)] == ["a", "\ufffd", "z", "b", ""]
    assert found.source.skipped == (
        (".git/", "hidden"),
        (".hidden", "hidden"),
        ("a/__pycache__/", "cache"),
        ("a/x.bin", "binary: a NUL byte at 0"),
        ("link.txt", "symbolic link"),
    )


def test_what_a_folder_left_out_is_said(tree: Path) -> None:
    """Each reason is a line with its count and an example."""
    said = words("tree", from_path(str(tree), FileBlobs()))

    assert "2 left out, hidden: .git/, ..." in said
    assert "1 left out, binary: a/x.bin" in said
    assert "1 bad bytes became U+FFFD in a/ae.txt" in said


def test_an_unreadable_file_in_a_folder_is_left_out_and_said(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad file does not cost the others."""
    real = os.open

    def denied(path: Any, *rest: Any, **named: Any) -> int:
        if str(path).endswith("z.txt"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **named)

    monkeypatch.setattr("rlmlite_traces.files.mapped.os.open", denied)

    found = from_path(str(tree), FileBlobs())

    assert ("a/z.txt", "unreadable: Permission denied") in found.source.skipped
    assert "left out, unreadable: a/z.txt" in words("tree", found)


def test_a_folder_without_text_is_refused_with_the_reason(tmp_path: Path) -> None:
    """An input that would hold nothing is a mistake, and why it holds nothing is said."""
    with pytest.raises(InputError, match="holds no text file: it holds nothing"):
        from_path(str(tmp_path), FileBlobs())

    (tmp_path / "x.bin").write_bytes(b"\0")
    with pytest.raises(InputError, match=r"1 left out, binary: x\.bin"):
        from_path(str(tmp_path), FileBlobs())


def test_a_glob_is_one_input(tree: Path) -> None:
    """Paths are below the part of the pattern that is fixed; `**` crosses folders."""
    blobs = FileBlobs()

    found = from_path(str(tree / "**" / "*.txt"), blobs)

    assert [row["path"] for row in content(found, blobs)] == ["a.txt", "a/ae.txt", "a/z.txt", "b.txt", "empty.txt"]
    assert found.source.skipped == (("link.txt", "symbolic link"),)
    assert found.source.path == str(tree / "**" / "*.txt")


def test_a_glob_without_a_match_is_refused(tmp_path: Path) -> None:
    """A pattern that finds nothing is a mistake."""
    with pytest.raises(InputError, match="holds no text file"):
        from_path(str(tmp_path / "*.txt"), FileBlobs())


def test_a_file_with_a_pattern_for_a_name_is_a_file(tmp_path: Path) -> None:
    """What is there is meant."""
    (tmp_path / "a[1].txt").write_text("one")
    blobs = FileBlobs()

    assert content(from_path(str(tmp_path / "a[1].txt"), blobs), blobs) == "one"


def test_standard_input_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could find it again, so the trace keeps it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe")))
    blobs = FileBlobs()

    found = from_arguments(["-"], blobs)["context"]

    assert (content(found, blobs), found.memory) == ("from a pipe", b"from a pipe")


def test_a_named_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    """As a shell's `<(command)` gives one."""
    read, write = os.pipe()
    os.write(write, b"from a command")
    os.close(write)
    blobs = FileBlobs()

    found = from_path(f"/dev/fd/{read}", blobs)
    os.close(read)

    assert (content(found, blobs), found.memory) == ("from a command", b"from a command")


@pytest.mark.parametrize(
    ("value", "expected", "kind"),
    [
        ("text", "text", "text"),
        (b"caf\xc3\xa9", "café", "text"),
        (["a", "b"], ["a", "b"], "json"),
        ([{"n": 1}, {"n": 2.5}], [{"n": 1}, {"n": 2.5}], "json"),
        ({"a": 1, "b": (1, 5.0, None)}, {"a": 1, "b": [1, 5, None]}, "json"),
        (12, 12, "json"),
        ({}, {}, "json"),
        (
            {"b.txt": "two", "a.txt": "one"},
            [{"path": "a.txt", "text": "one", "bytes": 3}, {"path": "b.txt", "text": "two", "bytes": 3}],
            "documents",
        ),
    ],
)
def test_values_are_inputs(value: Any, expected: Any, kind: str) -> None:
    """Texts, JSON and texts by path; all of them are kept in the trace."""
    blobs = FileBlobs()

    found = from_value(value, blobs)

    assert (content(found, blobs), found.source.kind) == (expected, kind)
    assert found.memory is not None


def test_a_path_is_an_input_from_python_too(tmp_path: Path) -> None:
    """A `Path` is the file, a `str` is the text."""
    (tmp_path / "a.txt").write_text("in the file")
    blobs = FileBlobs()

    found = from_values({"file": tmp_path / "a.txt", "text": "a.txt"}, blobs)

    assert [content(item, blobs) for item in found.values()] == ["in the file", "a.txt"]


def test_one_value_is_context_and_none_is_nothing() -> None:
    """What is not a dict of inputs is the one input `context`."""
    assert list(from_values("text", FileBlobs())) == ["context"]
    assert from_values(None, FileBlobs()) == {}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"a\0b", "binary"),
        ("a\ud800", "lone surrogate at character 1"),
        (float("nan"), "NaN"),
        ({1, 2}, "set is not JSON"),
        ([10**1001], "1000 digits|1,000 digits"),
        ({"a": {1: 2}}, "JSON"),
    ],
)
def test_values_that_are_no_input_are_refused(value: Any, message: str) -> None:
    """Each with the reason, never with a bare TypeError."""
    with pytest.raises(InputError, match=message):
        from_value(value, FileBlobs())


def test_deep_json_is_refused() -> None:
    """A bomb of brackets is a message."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(InputError, match="deeper"):
        from_value(deep, FileBlobs())


def test_a_wrong_name_from_python_is_refused() -> None:
    """A program could not say it."""
    with pytest.raises(InputError, match="cannot be called `my input`"):
        from_values({"my input": "x"}, FileBlobs())


def test_a_value_is_a_text() -> None:
    """A text is a span, so that slices of it are never copies."""
    assert isinstance(from_value("text", FileBlobs()).value, Text)


def test_a_reader_of_rows_is_asked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that it takes is its input; one that it does not take is read as ever."""
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


def test_packed_bytes_of_python_are_read_as_a_file_would_be() -> None:
    """And kept in the trace as text, whatever their size."""
    blobs = FileBlobs()

    found = from_value(gzip.compress(b"packed"), blobs, Reading(kept_bytes=0))

    assert (content(found, blobs), found.memory) == ("packed", b"packed")
