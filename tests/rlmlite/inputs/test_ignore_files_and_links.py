"""Folders and globs: what ignore files leave out, and that links lead nowhere."""

import os
from pathlib import Path

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import Reading
from rlmlite.inputs.folders.globs import list_glob
from tests.rlmlite.inputs.input_files import load_plain, notes_text


def make(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_ignore_files_leave_out_with_a_note(tmp_path: Path) -> None:
    """Git's rules hold: nested files, negated rules, folders that are not entered."""
    root = make(
        tmp_path,
        {
            ".gitignore": "*.log\n!keep.log\n/build/\n# a comment\n",
            ".ignore": "secret.txt\n",
            "a.txt": "a",
            "x.log": "x",
            "keep.log": "k",
            "secret.txt": "s",
            "build/deep/b.txt": "b",
            "sub/build/c.txt": "c",
            "sub/.gitignore": "!x.log\nc*.txt\n",
            "sub/x.log": "x",
            "sub/deep/cc.txt": "cc",
        },
    )

    found, texts = load_plain(root)

    assert sorted(texts) == ["a.txt", "keep.log", "sub/x.log"]
    assert [path for path, reason in found.source.skipped if reason == "ignored"] == [
        "build/",
        "secret.txt",
        "sub/build/c.txt",
        "sub/deep/cc.txt",
        "x.log",
    ]
    assert "5 left out, ignored: build/, ..." in notes_text(found)


def test_an_ignored_folder_says_how_to_read_it(tmp_path: Path) -> None:
    """Naming a folder does not switch off the rules of the repository above it."""
    root = make(tmp_path, {".git/HEAD": "", ".gitignore": "/versions\n", "versions/lib/a.py": "a"})

    with pytest.raises(InputError, match=r"holds no text file: .*ignored: a\.py; --read ignore=false"):
        load_plain(root / "versions" / "lib")


def test_ignore_files_can_be_switched_off(tmp_path: Path) -> None:
    """Then only the rules that always hold remain."""
    root = make(tmp_path, {".gitignore": "*.log\n", "a.log": "a", ".hidden": "h"})

    found, texts = load_plain(root, Reading(ignore=False))

    assert texts == {"a.log": "a"}
    assert found.source.skipped == ((".gitignore", "hidden"), (".hidden", "hidden"))


def test_the_rules_of_the_repository_hold_in_a_folder_of_it(tmp_path: Path) -> None:
    """Rules above the repository do not count."""
    make(tmp_path, {".gitignore": "*\n", "repo/.git/HEAD": "", "repo/.gitignore": "*.log\nsrc/gen/\n"})
    make(tmp_path / "repo/src", {"a.txt": "a", "a.log": "l", "gen/b.txt": "b"})

    assert load_plain(tmp_path / "repo/src")[1] == {"a.txt": "a"}
    assert load_plain(tmp_path / "repo")[1] == {"src/a.txt": "a"}


def test_odd_ignore_files_do_no_harm(tmp_path: Path) -> None:
    """One that is not UTF-8, a folder of that name, a pattern that could take for ever."""
    long = "a" * 200
    root = make(tmp_path, {"a.txt": "a", "sub/.gitignore/x": "x", "sub/b.txt": "b", long: "long", "c.log": "c"})
    (root / ".gitignore").write_bytes(b"\xff\n[\n*.log\n" + b"**/" * 5000 + b"zzz\n!\n" + b"a*" * 60 + b"b\n")

    assert load_plain(root)[1] == {"a.txt": "a", "sub/b.txt": "b", long: "long"}


def test_ignore_files_do_not_apply_to_globs(tmp_path: Path) -> None:
    """A glob names what it wants."""
    root = make(tmp_path, {".gitignore": "*.log\n", "a.log": "a"})

    assert load_plain(root / "*.log")[1] == {"a.log": "a"}


def test_loops_of_links_are_not_walked(tmp_path: Path) -> None:
    """Two links to the folder itself would make 2^40 paths."""
    root = make(tmp_path, {"a.txt": "a", "sub/b.txt": "b"})
    for name in ("loop", "again", "sub/up"):
        os.symlink(root, root / name)

    assert load_plain(root)[1] == {"a.txt": "a", "sub/b.txt": "b"}
    assert list_glob(str(root / "**" / "*.txt")).paths == ("a.txt", "sub/b.txt")
    assert list_glob(str(root / "**" / "**" / "**" / "*.txt")).paths == ("a.txt", "sub/b.txt")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ("a.txt",)),
        ("*", ("a.txt", "b.md")),
        ("**", ("a.txt", "b.md", "sub/c.txt", "sub/deep/d.txt")),
        ("**/*.txt", ("a.txt", "sub/c.txt", "sub/deep/d.txt")),
        ("sub/**/d.*", ("deep/d.txt",)),
        ("s?b/*.txt", ("sub/c.txt",)),
        ("*/deep/[a-d].txt", ("sub/deep/d.txt",)),
        ("nothing/*", ()),
    ],
)
def test_patterns_are_as_in_a_shell(tmp_path: Path, pattern: str, expected: tuple[str, ...]) -> None:
    """`**` crosses folders, and hidden files are matched only by name."""
    make(tmp_path, {"a.txt": "", "b.md": "", ".h.txt": "", "sub/c.txt": "", "sub/deep/d.txt": "", ".hid/e.txt": ""})

    assert list_glob(str(tmp_path / pattern)).paths == expected
