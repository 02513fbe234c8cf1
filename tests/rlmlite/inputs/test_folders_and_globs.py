"""Folders and globs as inputs: one input in path order; nothing is left out in silence."""

import os
from pathlib import Path
from typing import Any

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import from_path
from rlmlite_kernel.values.values import Rows
from rlmlite_traces import FileBlobs
from tests.rlmlite.inputs.input_text import content, words


def test_an_unreadable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be listed is named with the system's reason, also where tests run as root."""

    def deny(path: str) -> Any:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("rlmlite.inputs.folders.listing.os.scandir", deny)

    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        from_path(str(tmp_path), FileBlobs())


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


def test_what_a_folder_left_out_is_reported(tree: Path) -> None:
    """Each reason is a line with its count and an example."""
    said = words("tree", from_path(str(tree), FileBlobs()))

    assert "2 left out, hidden: .git/, ..." in said
    assert "1 left out, binary: a/x.bin" in said
    assert "1 bad byte became U+FFFD in a/ae.txt" in said


def test_an_unreadable_file_in_a_folder_is_left_out_with_a_note(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad file does not prevent the others."""
    real = os.open

    def deny(path: Any, *rest: Any, **named: Any) -> int:
        if str(path).endswith("z.txt"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **named)

    monkeypatch.setattr("rlmlite_traces.files.mapped.os.open", deny)

    found = from_path(str(tree), FileBlobs())

    assert ("a/z.txt", "unreadable: Permission denied") in found.source.skipped
    assert "left out, unreadable: a/z.txt" in words("tree", found)


def test_a_folder_without_text_is_refused_with_the_reason(tmp_path: Path) -> None:
    """An input that would hold nothing is a mistake; the message says why it holds nothing."""
    with pytest.raises(InputError, match="holds no text file: it is empty"):
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
    """A pattern that matches nothing is a mistake."""
    with pytest.raises(InputError, match="holds no text file"):
        from_path(str(tmp_path / "*.txt"), FileBlobs())
