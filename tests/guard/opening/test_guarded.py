"""The one way to open files: what it refuses by itself, and that the trace package has no other."""

import ast
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import rlmlite_traces
from rlmlite_traces.files.guarded import Folder, split_nested
from rlmlite_traces.files.new_folders import make_folders
from tests.guard.opening.traps import TRAPS, fence, look

PACKAGE = Path(rlmlite_traces.__file__).parent

GUARDED = "files/guarded.py"
ELSEWHERE = {
    "files/mapped.py": {"os.stat", "open"},  # inputs, which the caller names
    "files/installed.py": {"os.listdir"},  # folders on Python's own path
    "replays/places.py": {"place.is_dir", "self.path.is_dir", "os.stat"},  # a look at what the caller names
    "files/new_folders.py": {"folder.mkdir", "folder.is_dir", "folder.chmod"},  # folders above one that we make
    "blobs/directory/roots.py": {"os.path.lexists"},  # whether a trace is still there
    "viewer/verifier/__init__.py": {"(files(__package__) / f'{name}.mjs').read_text"},  # a file of this package
    "viewer/page.py": {"(package_files(__package__) / name).read_text"},  # the same
    # A list of traces: what is there is looked at, and of each trace nothing is opened but through a `Folder`.
    "reading/library/names.py": {"os.path.lexists"},
    "reading/library/summary.py": {"entry.is_dir", "entry.is_file", "os.path.isfile", "os.scandir", "os.stat"},
    "reading/library/retention.py": {"os.lstat", "os.walk", "path.is_file"},
    "writing/removal.py": {"os.rename", "shutil.rmtree"},  # of a trace that its user removes, under its lock
    "viewer/contexts.py": {"place.is_dir", "story.passages.read_bytes"},  # where the caller says an input is
    "sharing/redacting/selection.py": {"path.read_bytes"},  # contents of a verified trace
    # Passages of a trace, not files.
    "reading/parts/passages.py": {"self.read_bytes"},
    "reading/parts/calls.py": {"self._passages.read_bytes"},
    # By descriptor, not by name.
    "blobs/directory/objects.py": {"open"},
}
"""Calls outside `guarded` that look at files, with the reason why each is harmless."""

_METHODS = {
    "read_bytes", "read_text", "write_bytes", "write_text", "unlink", "rmdir", "mkdir", "touch", "symlink_to",
    "hardlink_to", "iterdir", "glob", "rglob", "is_dir", "is_file", "lstat", "chmod", "samefile",
}  # fmt: skip
_MODULES = {"os", "os.path", "shutil", "tempfile"}
_FUNCTIONS = {
    "open", "stat", "lstat", "listdir", "scandir", "walk", "unlink", "remove", "rename", "replace", "rmdir", "mkdir",
    "makedirs", "chmod", "link", "symlink", "truncate", "readlink", "lexists", "exists", "isdir", "isfile", "rmtree",
    "copy", "copy2", "copyfile", "move", "utime",
}  # fmt: skip


def file_calls(source: str) -> Iterator[str]:
    """Calls that name a file to the system."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        owner, _, name = called.rpartition(".")
        if called == "open" or (owner in _MODULES and name in _FUNCTIONS) or (owner and name in _METHODS):
            yield called


def test_traces_open_files_in_one_way() -> None:
    """No module of the trace package opens, looks at or removes a file by its path, but for those that are listed."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        calls = set(file_calls(path.read_text("utf-8")))
        name = path.relative_to(PACKAGE).as_posix()
        if calls and name != GUARDED:
            found[name] = calls

    assert found == ELSEWHERE


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "../key", "a\0b", "a/../../key"])
def test_only_names_are_opened(name: str, outside: Path) -> None:
    """A path is refused by each method, whatever it leads to."""
    (outside / "inner").mkdir()
    before = look(outside)
    with Folder.open(outside / "inner") as folder:
        for method in (folder.read, folder.below, folder.make_below, folder.create, folder.remove, folder.status):
            with pytest.raises(OSError, match="not the name of a file"):
                method(name)
        with pytest.raises(OSError, match="not the name of a file"):
            folder.write_new(name, b"x")
    assert look(outside) == before


@pytest.mark.parametrize("trap", [name for name in TRAPS if name not in ("sparse", "unreadable", "hard_link")])
def test_what_is_no_plain_file_is_not_opened(trap: str, tmp_path: Path, outside: Path) -> None:
    """To read, to write, to append, to cut: nothing is waited for, and nothing outside is changed."""
    TRAPS[trap](tmp_path / "trap", outside)
    before = look(outside)
    with Folder.open(tmp_path) as folder, fence():
        for use in (
            lambda: folder.read("trap"),
            lambda: folder.open_to_write("trap", os.O_WRONLY | os.O_APPEND),
            lambda: folder.open_to_write("trap", os.O_RDWR),
            lambda: folder.cut("trap", 0),
        ):
            with pytest.raises(OSError, match="expected a plain file, found"):
                use()
    assert look(outside) == before


def test_a_socket_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As any other special file."""
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listener, Folder.open(tmp_path) as folder:
        listener.bind("trap")
        with pytest.raises(OSError, match="found a socket"):
            folder.read("trap")


def test_a_file_that_is_exchanged_while_it_is_opened_is_noticed(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the open file, not the look before."""
    (tmp_path / "file").write_bytes(b"plain")
    with Folder.open(tmp_path) as folder:
        plain = folder.status("file")
        for exchange in ("link", "pipe"):
            (tmp_path / "file").unlink()
            if exchange == "link":
                (tmp_path / "file").symlink_to(outside / "key")
            else:
                os.mkfifo(tmp_path / "file")
            with monkeypatch.context() as patch, fence():
                patch.setattr(folder, "status", lambda name: plain)
                with pytest.raises(OSError, match=r"symbolic link|found a pipe|Too many levels"):
                    folder.read("file")


def test_a_second_name_is_read_and_never_written(tmp_path: Path, outside: Path) -> None:
    """A hard link would change the file under its other name too."""
    os.link(outside / "key", tmp_path / "file")
    before = look(outside)
    with Folder.open(tmp_path) as folder:
        assert folder.read("file") == b"a private key"
        for use in (lambda: folder.open_to_write("file"), lambda: folder.cut("file", 0)):
            with pytest.raises(OSError, match="second name") as caught:
                use()
            assert caught.value.errno == errno.EMLINK
        folder.write_new("file", b"another")  # replaces the name, not the file
    assert look(outside) == before


def test_a_file_is_read_up_to_a_bound(tmp_path: Path) -> None:
    """By its size, before a byte of it is read; and no further than the size that it had when it was opened."""
    (tmp_path / "file").write_bytes(b"12345")
    with Folder.open(tmp_path) as folder:
        assert folder.read("file", 5) == b"12345"
        with pytest.raises(OSError, match="5 bytes; at most 4 are read"):
            folder.read("file", 4)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_what_is_made_is_private_whatever_the_umask(mask: int, tmp_path: Path) -> None:
    """Folders 0700 and files 0600: no wider, and no narrower, since we must be able to use them."""
    before = os.umask(mask)
    try:
        make_folders(tmp_path / "a" / "b")
        with Folder.open(tmp_path / "a" / "b") as folder:
            folder.make_below("c").close()
            folder.write_new("file", b"x")
            os.close(folder.open_to_write("other"))
    finally:
        os.umask(before)

    made = [tmp_path / "a", *(tmp_path / "a").rglob("*")]
    modes = {path.name: path.stat().st_mode & 0o777 for path in made}
    assert modes == {"a": 0o700, "b": 0o700, "c": 0o700, "file": 0o600, "other": 0o600}


def test_nested_traces_are_split_from_their_parent() -> None:
    """Only what is called like one: a user's own folder `nested` is nothing special."""
    id_ = "0" * 32
    assert split_nested(Path(f"a.rlm/nested/{id_}.rlm")) == (Path("a.rlm"), ("nested", f"{id_}.rlm"))
    assert split_nested(Path(f"a/nested/{id_}.rlm/nested/{id_}.rlm"))[0] == Path("a")
    for path in (Path("a.rlm"), Path("nested/b.rlm"), Path(f"nested/{id_}"), Path(f"x/other/{id_}.rlm")):
        assert split_nested(path) == (path, ())
