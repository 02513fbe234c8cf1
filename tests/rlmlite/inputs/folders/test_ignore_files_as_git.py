"""Ignore files against git: generated trees and rules, and which files `git ls-files -o --exclude-standard` lists.

The trees are small and their names few, so that most rules match something. Rules are made of pieces in which git's
reading is easily got wrong: stars, sets, escapes, spaces, slashes at either end, marks, line ends.
"""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from rlmlite.inputs.folders.ignore_files import IgnoreFiles
from rlmlite.inputs.folders.listing import list_folder

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

# Apart by blanks, as one reads them best.
_NAMES = r"a b ab abc a.txt b.log run1.txt build deep a] [a a! é a\b - #c !d f* A 1 a^"
_PIECES = r"""
    a b ab c * ** *** ? [ab] [!a] [^b] [a-c] []a] [a [!]a] [a-] [\]] [z-a] [--0] \ \* \a / / / **/ /** ! # - é
    [[:digit:]] [[:alpha:]] [[:nope:]] [[:space:]] [[:upper:] .txt .log run build deep
"""
NAMES = [*_NAMES.split(), "x y", "e "]
PIECES = [*_PIECES.split(), "x y", " "]
ENDS = ["\n"] * 6 + ["\r\n", " \n", "  \n", "\\ \n", "\t\n", "\r\r\n"]
STARTS = [""] * 8 + ["!", "!", "/", "!/", "#", "\\!", "\\#", " "]


def make_rules(chance: random.Random) -> bytes:
    """The content of an ignore file."""
    text = ""
    for _ in range(chance.randint(1, 7)):
        if chance.random() < 0.3:
            body = chance.choice(NAMES) + chance.choice(["", "/", "/*"])
        else:
            body = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 4)))
        text += chance.choice(STARTS) + body + chance.choice(["", "", "", "/"]) + chance.choice(ENDS)
    mark = b"\xef\xbb\xbf" if chance.random() < 0.15 else b""
    whole = text if chance.random() < 0.8 else text.rstrip("\n")
    return mark + whole.encode()


def make_tree(root: Path, chance: random.Random) -> None:
    """Files, folders and rules below a folder, which is the root of a repository."""
    (root / ".git/objects").mkdir(parents=True)
    (root / ".git/refs").mkdir()
    (root / ".git/info").mkdir()
    (root / ".git/HEAD").write_text("ref: refs/heads/main\n")
    folders = [root]
    for _ in range(chance.randint(3, 14)):
        at = chance.choice(folders) / chance.choice(NAMES)
        if at.exists():
            continue
        if chance.random() < 0.45:
            at.mkdir()
            folders.append(at)
        else:
            at.write_text("x\n")
    (root / ".gitignore").write_bytes(make_rules(chance))
    for folder in folders[1:]:
        if chance.random() < 0.25:
            (folder / ".gitignore").write_bytes(make_rules(chance))
    if chance.random() < 0.3:
        (root / ".git/info/exclude").write_bytes(make_rules(chance))


def git_lists(root: Path) -> list[str]:
    """The files that git takes for neither tracked nor ignored, without hidden ones."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(root)}
    environment["XDG_CONFIG_HOME"] = str(root)
    environment.pop("GIT_DIR", None)
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "-c",
        "core.ignorecase=false",
        "ls-files",
        "-o",
        "--exclude-standard",
        "-z",
    ]
    listed = subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True).stdout
    paths = [os.fsdecode(path) for path in listed.split(b"\0") if path]
    return sorted(path for path in paths if not any(part.startswith(".") for part in path.split("/")))


def differences(root: Path, seeds: range) -> list[str]:
    """For each seed whose tree is listed otherwise than by git: the seed, the rules, and what each lists."""
    found = []
    for seed in seeds:
        tree = root / str(seed)
        make_tree(tree, random.Random(seed))
        ours, gits = list(list_folder(str(tree), ignore_files=IgnoreFiles(str(tree))).paths), git_lists(tree)
        if ours != gits:
            rules = {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*ignore")}
            only = (sorted({*ours} - {*gits}), sorted({*gits} - {*ours}))
            found.append(f"{seed}: {rules}; read but ignored by git {only[0]}; left out but listed by git {only[1]}")
        shutil.rmtree(tree)
    return found


def test_ignore_files_mean_what_git_means(tmp_path: Path) -> None:
    """What is read of a folder is what git would list, whatever its ignore files hold."""
    assert differences(tmp_path, range(40)) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1_000, 5_000, 500))
def test_thousands_of_ignore_files_mean_what_git_means(tmp_path: Path, first: int) -> None:
    """The same, over 4,000 trees."""
    assert differences(tmp_path, range(first, first + 500)) == []
