"""Folders that nobody named (`.rlmlite`) are not behind links that whoever wrote the working folder has put there."""

import hashlib
from pathlib import Path

import pytest

from tests.guard.trust.folder import COUNT, command, files_below, hostile_folder

LINKS = {
    ".rlmlite": "../outside",
    ".rlmlite/store": "../../outside",
    ".rlmlite that leads nowhere": "../outside/new",
}
COMMANDS = {
    ".rlmlite": [
        "exec -e 1 app.log",
        "exec -e 1 app.log --copy",
        "ask How? app.log --controller scripted:script.jsonl",
    ],
    ".rlmlite/store": ["exec -e 1 app.log --copy", "store ls", "store gc --grace 0", "store verify --quarantine"],
    ".rlmlite that leads nowhere": ["exec -e 1 app.log", "store gc"],
}


@pytest.mark.parametrize("link", LINKS)
def test_nothing_is_written_or_removed_behind_a_link(
    link: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trace, copies of inputs, a collection, a quarantine: each is refused, and says which folder to name."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    for folder in (outside, inside):
        folder.mkdir()
    monkeypatch.chdir(outside)
    hostile_folder(outside)
    command("exec", "-e", COUNT, "app.log", "--copy", "--store", "objects", "--trace", "t.rlm")
    (outside / "private").write_text("mine")
    monkeypatch.chdir(inside)
    hostile_folder(inside)
    place = Path(link.partition(" ")[0])
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(LINKS[link])
    before = files_below(outside)

    for words in COMMANDS[link]:
        arguments = [COUNT if word == "1" else word for word in words.split()]
        done = command(*arguments, code=2)
        assert "is a link, and nobody has named where it leads" in done.stderr, words
    assert files_below(outside) == before


def test_a_day_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """The folder of a day is as much of our choosing."""
    hostile_folder(tmp_path)
    command("exec", "-e", COUNT, "app.log")
    (day,) = Path(".rlmlite").iterdir()
    day.rename("elsewhere")
    day.symlink_to("../elsewhere")

    assert "is a link" in command("exec", "-e", COUNT, "app.log", code=2).stderr


def test_a_folder_that_is_named_may_be_a_link(tmp_path: Path) -> None:
    """Whoever names it says where."""
    hostile_folder(tmp_path)
    Path("there").mkdir()
    Path("link").symlink_to("there")
    command("exec", "-e", COUNT, "app.log", "--trace", "link/t.rlm", "--copy", "--store", "link/store")

    assert (Path("there/t.rlm")).is_dir()
    assert (Path("there/store")).is_dir()


def test_a_foreign_object_is_not_taken_for_an_input(tmp_path: Path) -> None:
    """A store that came with the folder holds other bytes under the digest of the input: found, and not read."""
    hostile_folder(tmp_path)
    command("exec", "-e", COUNT, "app.log", "--copy")
    digest = hashlib.sha256(Path("app.log").read_bytes()).hexdigest()
    (stored,) = [Path(path) for path in files_below(Path(".rlmlite/store")) if Path(path).name.endswith(digest[2:])]
    stored.chmod(0o600)
    stored.write_text("INFO only\n")

    assert "10" not in command("exec", "-e", COUNT, "app.log", "--copy", code=6).stdout
