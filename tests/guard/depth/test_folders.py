"""Folders of strangers: deep, wide, in circles, with odd names and hostile ignore files. Bounded, and said in words."""

import fnmatch
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite.errors import InputError
from rlmlite.inputs import Reading, from_path, new_store
from rlmlite.inputs.folders import ignore_files, rules
from rlmlite.inputs.folders.globs import list_glob
from rlmlite.inputs.folders.listing import list_folder
from rlmlite_kernel.values.inputs import Input
from tests.sizes import scale

DEEP = 1_500


@pytest.fixture(scope="module")
def deep_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A chain of folders `a/a/a/...` with a file at its end. Made and removed step by step: no path is as long."""
    root = tmp_path_factory.mktemp("deep")
    before = os.getcwd()
    os.chdir(root)
    for _ in range(DEEP):
        os.mkdir("a")
        os.chdir("a")
    Path("end.txt").write_text("end")
    os.chdir(before)
    yield root
    os.chdir(before)
    # `shutil.rmtree` would need as many frames, and pytest uses that.
    os.chdir(root)
    for _ in range(DEEP):
        os.chdir("a")
    os.remove("end.txt")
    for _ in range(DEEP):
        os.chdir("..")
        os.rmdir("a")
    os.chdir(before)


def load(path: Path | str, reading: Reading | None = None) -> Input:
    reading = reading or Reading(cache=False)
    return from_path(str(path), new_store(reading), reading)


def test_a_deep_folder_is_read(deep_folder: Path) -> None:
    """Where its longest path is one of the system; with ignore files too."""
    (deep_folder / ".gitignore").write_text("*.log\n")
    loaded = load(deep_folder)

    assert [file.path for file in loaded.source.files] == ["a/" * DEEP + "end.txt"]


@pytest.mark.parametrize("pattern", ["**/*.txt", "**", "**/a/**/a/**/a/**/*.txt", "**/**/**/end.*"])
def test_a_deep_folder_is_matched(deep_folder: Path, pattern: str) -> None:
    """Each folder is entered once, whatever the number of `**`: five of them could be split in a trillion ways."""
    begun = time.perf_counter()
    listing = list_glob(str(deep_folder / pattern))

    assert listing.paths == ("a/" * DEEP + "end.txt",)
    assert time.perf_counter() - begun < 3


def test_a_path_that_the_system_refuses_is_left_out(tmp_path: Path) -> None:
    """With the reason: names of 255 bytes, in folders until no path is that long."""
    before = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(20):
            os.mkdir("n" * 255)
            os.chdir("n" * 255)
    finally:
        os.chdir(before)
    (tmp_path / "a.txt").write_text("a")
    try:
        loaded = load(tmp_path)
        ((path, reason),) = loaded.source.skipped

        assert [file.path for file in loaded.source.files] == ["a.txt"]
        assert path.endswith("n/")
        assert reason == "unreadable: File name too long"
        assert list_glob(str(tmp_path / "**" / "*.txt")).paths == ("a.txt",)
    finally:
        os.chdir(before)
        shutil.rmtree(tmp_path / ("n" * 255))


@pytest.mark.parametrize("path", ["", "*", "**/*"])
def test_a_folder_of_too_many_files_is_refused(tmp_path: Path, path: str) -> None:
    """By `max_members`, as an archive is; what is left out counts as well, since it was looked at."""
    for number in range(30):
        (tmp_path / f".{number}").touch()
        (tmp_path / str(number)).touch()

    with pytest.raises(InputError, match=r"has more than 50 members \(the limit max_members\)"):
        load(tmp_path / path, Reading(max_members=50))


@pytest.mark.parametrize("pattern", ["*/*/*/*/*/*/*.txt", "**/*/**/*/**/*.txt", "*/" * 40 + "*.txt"])
def test_links_in_circles_end(tmp_path: Path, pattern: str) -> None:
    """Ten links to their own folder would be 10^6 paths for six stars."""
    (tmp_path / "a.txt").write_text("a")
    for number in range(10):
        os.symlink(".", tmp_path / f"loop{number}")
    os.symlink("other", tmp_path / "one")
    os.symlink("one", tmp_path / "other")

    with pytest.raises(InputError, match="max_members"):
        load(tmp_path / pattern, Reading(max_members=500))
    assert [file.path for file in load(tmp_path).source.files] == ["a.txt"]


NAMES = (
    b"\x1b[2J.txt",
    b"a\nb.txt",
    b"\r.txt",
    b"\xff\xfe.txt",
    b"\xed\xa0\x80.txt",
    "\u202etxt.a".encode(),
    b"-rf.txt",
    b"..txt",
    b"n" * 255,
    b"\x1b]8;;mailto:evil\x07link",
)


def test_odd_names_are_read_or_left_out(tmp_path: Path) -> None:
    """Any name that is Unicode is a path; any other is left out, and what is recorded of it is Unicode."""
    for name in NAMES:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x")
    loaded = load(tmp_path)

    assert len(loaded.source.files) + len(loaded.source.skipped) == len(NAMES)
    for path, _ in loaded.source.skipped:
        path.encode()
    assert {reason for _, reason in loaded.source.skipped} == {"hidden", "name is not valid Unicode"}


# Ignore files.


@pytest.mark.parametrize("name", rules.IGNORE_FILE_NAMES)
def test_an_ignore_file_is_a_plain_file(tmp_path: Path, name: str) -> None:
    """A pipe is not waited for, a link is not followed, a folder and a socket are no rules."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/b.txt").write_text("b")
    os.mkfifo(tmp_path / name)
    os.symlink("/dev/zero", tmp_path / "b" / name)

    assert [file.path for file in load(tmp_path).source.files] == ["a.txt", "b/b.txt"]


def test_a_huge_ignore_file_is_not_followed(tmp_path: Path) -> None:
    """A sparse one as well: it is said, as git says it, and the folder is read by the rules of the other files."""
    (tmp_path / "a.txt").write_text("a")
    with open(tmp_path / ".gitignore", "wb") as file:
        file.truncate(1 << 40)

    (tmp_path / ".ignore").write_text("b.txt\n")
    (tmp_path / "b.txt").write_text("b")

    source = load(tmp_path).source

    assert [file.path for file in source.files] == ["a.txt"]
    assert [(note.path, note.where) for note in source.notes] == [
        (".gitignore", "it is larger than 1,048,576 bytes"),
    ]


RULES = {
    "stars": "*a" * 2_000 + "b",
    "many folders": "**/a/" * 800 + "b",
    "a class": "[" + "a-z" * 1_000 + "]*" * 20,
    "open classes": "[" * 4_000,
    "question marks": "?" * 4_000,
    "negations": "!" * 4_000,
    "escapes": "\\" * 3_999,
    "blanks": " " * 4_000,
    "a line that is too long": "*a" * 100_000 + "b",
    "three thousand rules": "\n".join(f"*a{number}*b*c" for number in range(3_000)),
    "three thousand rules and a bad one": "!\n" + "\n".join(f"a{number}/**/b" for number in range(3_000)),
    "ten thousand comments": "# a\n" * 10_000,
    "nulls": "\0" * 4_000,
}


@pytest.mark.parametrize("kind", RULES)
def test_hostile_rules_take_bounded_time(tmp_path: Path, kind: str) -> None:
    """Each text of rules, over paths that are made for it."""
    (tmp_path / ".gitignore").write_text(RULES[kind])
    folder = tmp_path / "/".join(["a" * 200] * 10)
    folder.mkdir(parents=True)
    for number in range(20):
        (folder / ("a" * 200 + str(number))).write_text("a")
    (tmp_path / "z.txt").write_text("z")
    begun = time.perf_counter()
    loaded = load(tmp_path)

    assert time.perf_counter() - begun < 10
    assert loaded.source.files[-1].path == "z.txt"


def test_the_time_for_rules_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is spent; the message says how to read the folder without them."""
    monkeypatch.setattr(ignore_files, "SECONDS", -1.0)
    (tmp_path / "a.txt").write_text("a")

    with pytest.raises(InputError, match="to read all files: --read ignore=false"):
        load(tmp_path)


def test_a_thousand_rules_are_those_of_git(tmp_path: Path) -> None:
    """In batches as in one: the last rule that matches decides."""
    lines = [f"a{number}.txt" for number in range(1_000)] + ["!a7.txt", "!a950.txt", "*.log"]
    (tmp_path / ".gitignore").write_text("\n".join(lines))
    for name in ("a7.txt", "a8.txt", "a950.txt", "a951.txt", "b.txt", "c.log"):
        (tmp_path / name).write_text("x")

    assert [file.path for file in load(tmp_path).source.files] == ["a7.txt", "a950.txt", "b.txt"]


# Globs are what they were.


def _by_definition(root: Path, below: str, parts: tuple[str, ...]) -> set[str]:
    """The files that a pattern matches, as the recursive definition says."""
    part, rest = parts[0], parts[1:]
    found: set[str] = set()
    if part == "**":
        found |= _by_definition(root, below, rest or ("*",))
    for entry in os.scandir(root / below):
        path = f"{below}/{entry.name}" if below else entry.name
        hidden = entry.name.startswith(".") and not part.startswith(".")
        if part == "**":
            if not hidden and entry.is_dir(follow_symlinks=False):
                found |= _by_definition(root, path, parts)
        elif not hidden and fnmatch.fnmatchcase(entry.name, part):
            if rest and entry.is_dir():
                found |= _by_definition(root, path, rest)
            elif not rest and not entry.is_dir():
                found.add(path)
    return found


PARTS = st.sampled_from(["**", "*", "a*", "b", "[ab]", "?", ".*", ".h", "*.txt", "a.txt"])


@settings(max_examples=scale(80), deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=5))
def test_globs_match_by_their_definition(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    """Links, hidden folders and all."""
    root = tmp_path_factory.getbasetemp() / "globs"
    if not root.exists():
        for path in ("a/b/a.txt", "a/a/b/b.txt", "b/.h/a.txt", ".h/a/b", "a.txt", "b/a/a/b/x"):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("x")
        os.symlink("a", root / "ab")
        os.symlink("../../a.txt", root / "b/a/l.txt")
        os.symlink("..", root / "b/up")
    if not any(mark in part for part in parts for mark in "*?["):
        parts = [*parts, "*"]
    pattern = root.joinpath(*parts)
    first = next(number for number, part in enumerate(parts) if any(mark in part for mark in "*?["))
    start = root.joinpath(*parts[:first])
    listing = list_glob(str(pattern))
    found = {*listing.paths, *(path for path, _ in listing.skipped)}

    assert found == (_by_definition(start, "", tuple(parts[first:])) if start.is_dir() else set())


def test_a_listing_counts_every_entry(tmp_path: Path) -> None:
    """Whoever counts sees each once."""
    for number in range(7):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "a").touch()
    seen: list[None] = []
    list_folder(str(tmp_path), count=lambda: seen.append(None))

    assert len(seen) == 14
