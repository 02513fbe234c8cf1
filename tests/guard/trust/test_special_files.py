"""A settings file that is no file: refused with a message, at once, and nothing of what it leads to is read."""

import json
import os
import socket
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite.cli.settings.config import load
from rlmlite.cli.settings.files import MOST_BYTES, user_path
from rlmlite.errors import SettingError
from rlmlite.guard.places import make_private_folder, settings_folder, state_folder
from rlmlite.guard.regular_file import read_regular
from tests.guard.trust.folder import COUNT, command, hostile_folder
from tests.rlmlite.user_settings import write_user_settings

FILE = Path("rlmlite.toml")


def _socket() -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(FILE))


def _sparse() -> None:
    with FILE.open("wb") as file:
        file.truncate(10**12)


def _in_a_circle() -> None:
    FILE.symlink_to("other.toml")
    Path("other.toml").symlink_to(FILE)


def _to_a_pipe() -> None:
    os.mkfifo("pipe")
    FILE.symlink_to("pipe")


SPECIAL: dict[str, Callable[[], object]] = {
    "a pipe": lambda: os.mkfifo(FILE),
    "a folder": lambda: FILE.mkdir(),
    "a socket": _socket,
    "a terabyte": _sparse,
    "a byte too many": lambda: FILE.write_bytes(b"#" * (MOST_BYTES + 1)),
    "a link to a file": lambda: FILE.symlink_to("loose.toml"),
    "a link to a secret": lambda: FILE.symlink_to("/etc/passwd"),
    "a link to zeros": lambda: FILE.symlink_to("/dev/zero"),
    "a link to a terminal": lambda: FILE.symlink_to("/dev/tty"),
    "a link to standard input": lambda: FILE.symlink_to("/dev/stdin"),
    "a link to nothing": lambda: FILE.symlink_to("nothing"),
    "a link to itself": lambda: FILE.symlink_to(FILE),
    "links in a circle": _in_a_circle,
    "a link to a pipe": _to_a_pipe,
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_file_is_refused_at_once(kind: str) -> None:
    """By every command that reads settings, and by `rlmlite trust`."""
    hostile_folder(Path())
    SPECIAL[kind]()

    for words in (["exec", "-e", COUNT, "app.log"], ["trust", "--yes"], ["store", "ls"]):
        done = command(*words, code=2)
        assert "rlmlite.toml" in done.stderr
        assert "root:" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_said() -> None:
    """And not taken for none."""
    FILE.write_text("workers = 1")
    FILE.chmod(0)
    with pytest.raises(SettingError, match="cannot be read"):
        load({})


def test_settings_of_a_folder_above_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the working folder is looked at."""
    hostile_folder(Path(), "workers = 1")
    Path("below").mkdir()
    monkeypatch.chdir("below")

    assert load({}).workers == 32


@pytest.mark.parametrize("mode", [0o666, 0o622, 0o662, 0o646])
def test_users_settings_that_others_can_write_are_refused(mode: int) -> None:
    """They decide where keys go."""
    write_user_settings("workers = 1").chmod(mode)
    with pytest.raises(SettingError, match="chmod go-w"):
        load({})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_users_settings_of_another_user_are_refused() -> None:
    """Whoever put them there."""
    os.chown(write_user_settings("workers = 1"), 12345, 12345)
    with pytest.raises(SettingError, match="can be written by others"):
        load({})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_folder_of_another_user_is_like_any_other() -> None:
    """Its harmless settings count; trusting it says whose it is, and holds for this content only."""
    hostile_folder(Path(), "workers = 1\ntools = ['evil.py:helper']")
    os.chown(FILE, 12345, 12345)
    found = load({})
    assert (found.workers, found.tools) == (1, ())
    assert "it belongs to another user" in command("trust", "--yes").stdout
    assert len(load({}).tools) == 1
    FILE.write_text(FILE.read_text() + "\n")
    assert load({}).tools == ()


@pytest.mark.parametrize(
    "text",
    [
        "keys = 5",
        "keys = {h = 5}",
        "keys = {h = ['A']}",
        "keys = ['h']",
        "scope = 5",
        "scope = {user = 1}",
        "limits = 1",
    ],
)
@pytest.mark.parametrize("where", ["file", "environment"])
def test_nonsense_of_the_users_own_is_a_message(where: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it stands."""
    hostile_folder(Path(), "workers = 1")
    if where == "file":
        write_user_settings(text)
    else:
        ((name, value),) = tomllib.loads(text).items()
        monkeypatch.setenv(f"RLMLITE_{name.upper()}", json.dumps(value))
    with pytest.raises(SettingError):
        load({})


def test_users_settings_may_be_a_link() -> None:
    """Many keep their settings elsewhere; the folder is their own."""
    path = write_user_settings("")
    Path("mine.toml").write_text("workers = 3")
    path.unlink()
    path.symlink_to(Path("mine.toml").absolute())

    assert load({}).workers == 3


@pytest.mark.parametrize("kind", ["a pipe", "a folder"])
def test_users_settings_that_are_no_file_are_refused(kind: str) -> None:
    """A pipe would be waited for."""
    path = user_path()
    path.parent.mkdir(parents=True)
    os.mkfifo(path) if kind == "a pipe" else path.mkdir()
    with pytest.raises(SettingError, match="expected a plain file, found"):
        load({})


def test_in_the_users_own_folder_there_is_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its settings are the user's, and need no trust."""
    write_user_settings('sub = "extractive:"\n')
    monkeypatch.chdir(settings_folder())

    assert load({}).sub == "extractive:"
    assert "settings.folder" not in load({}).scope


def test_paths_in_users_settings_are_relative_to_them() -> None:
    """Wherever the command is called."""
    lines = ('tools = ["t.py:f", "m:g"]', 'policy = "p.toml"', 'sub = "scripted:s.jsonl"', 'nested = "ollama:m"')
    write_user_settings("\n".join(lines))
    found, home = load({}), settings_folder()

    assert found.tools == (f"{home}/t.py:f", "m:g")
    assert (found.policy, found.sub, found.nested) == (home / "p.toml", f"scripted:{home}/s.jsonl", ("ollama:m",))


def test_the_places_are_those_of_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux they are worked out without platformdirs, and are the same."""
    import platformdirs

    monkeypatch.delenv("RLMLITE_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")  # relative: to be ignored, says its specification
    assert settings_folder().is_relative_to(Path.home())
    for value in (None, "", "/somewhere", "/some where/"):
        for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            monkeypatch.delenv(variable, raising=False) if value is None else monkeypatch.setenv(variable, value)
        assert settings_folder() == Path(platformdirs.user_config_dir("rlmlite"))
        assert state_folder() == Path(platformdirs.user_state_dir("rlmlite"))


def test_a_private_folder_is_closed() -> None:
    """Also one that was open."""
    Path("open").mkdir(mode=0o777)
    assert make_private_folder(Path("open")).stat().st_mode & 0o777 == 0o700


def test_a_file_is_read_to_its_bound_and_no_further() -> None:
    """However large it says it is."""
    Path("f").write_bytes(b"12345")

    assert read_regular(Path("f"), 5).content == b"12345"
    with pytest.raises(SettingError, match="more than 4 bytes"):
        read_regular(Path("f"), 4)
