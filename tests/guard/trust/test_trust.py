"""`rlmlite trust`: one file, at one path, with one content, and the files that it names with theirs."""

import importlib.util
import json
import os
import py_compile
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite.cli.settings.config import load
from rlmlite.errors import SettingError
from rlmlite.guard.places import state_folder
from rlmlite.runs.settings import make_settings
from rlmlite.runs.setup import prepare
from rlmlite_traces import verify
from tests.guard.trust.folder import COUNT, command, hostile_folder
from tests.rlmlite.user_settings import write_user_settings

SETTINGS = 'tools = ["evil.py:helper"]\npolicy = "loose.toml"\n[limits]\nturns = 40\n'


def counts() -> bool:
    """Whether the settings of the working folder count here and now."""
    return load({}).limits.turns == 40


def trusted_folder(folder: Path) -> Path:
    """A folder that the user has looked at and trusts. Returns the mark of its tools."""
    mark = hostile_folder(folder, SETTINGS)
    command("trust", str(folder), "--yes")
    return mark


def test_a_trusted_folder_counts() -> None:
    """Its tools, its policy, its limits; and the trace says so."""
    mark = trusted_folder(Path())
    done = command("exec", "-e", COUNT, "app.log", "--trace", "t.rlm")
    scope = verify(Path("t.rlm")).genesis.scope

    assert mark.exists()
    assert "warning" not in done.stderr
    assert scope["settings.folder"].endswith(" trusted")
    assert len(scope["policy"]) == 64
    assert "settings.ignored" not in scope
    assert counts()


def test_what_it_would_allow_is_shown_whole() -> None:
    """Each risky setting with its value and what it does; a value is not cut, and none of its characters hides."""
    long = "a" * 3_000
    hostile_folder(
        Path(),
        f'{SETTINGS}sub_calls = 5\n[prices]\n"{long}" = "0,0"\n[scope]\nuser = "\\u202Eann\\u200B\\u001B[2J"\n'
        '[keys]\nh = "HOST_KEY"\n',
    )
    done = command("trust", input="n\n", code=4)

    for words in ("code is executed on this machine", "which calls are made without asking", "limits.turns = 40", long):
        assert words in done.stdout
    assert '"\\u202eann\\u200b\\u001b[2J"' in done.stdout
    assert "sub_calls" not in done.stdout
    assert "ignored in any case: keys" in done.stdout
    assert "evil.py as it is now (sha256 " in done.stdout
    assert "not trusted" in done.stdout


@pytest.mark.parametrize("typed", ["n\n", "\n", "", "yes please\n\n"])
def test_only_a_yes_is_one(typed: str) -> None:
    """An empty line, the end of the input and anything else are not."""
    hostile_folder(Path(), SETTINGS)
    command("trust", input=typed, code=4)

    assert not counts()
    assert not list(state_folder().rglob("*.json"))


def test_a_yes_is_asked_once() -> None:
    """After it the file counts, and a second command has nothing to ask."""
    hostile_folder(Path(), SETTINGS)
    command("trust", input="y\n")

    assert counts()
    assert "trusted already" in command("trust", input="").stdout


def _edit(path: str, text: str) -> None:
    Path(path).write_text(Path(path).read_text() + text)


def _become_a_link(path: str) -> None:
    content = Path(path).read_bytes()
    Path(path).unlink()
    Path("elsewhere").write_bytes(content)
    Path(path).symlink_to("elsewhere")


def _become_a_pipe(path: str) -> None:
    Path(path).unlink()
    os.mkfifo(path)


def _become_a_folder(path: str) -> None:
    Path(path).unlink()
    Path(path).mkdir()


CHANGES: dict[str, Callable[[], None]] = {
    "the settings": lambda: _edit("rlmlite.toml", "\nsub_calls = 5\n"),
    "a comment": lambda: _edit("rlmlite.toml", "# nothing\n"),
    "a line end": lambda: _edit("rlmlite.toml", "\n"),
    "a tool": lambda: _edit("evil.py", "\nimport os\n"),
    "the policy": lambda: _edit("loose.toml", "\n"),
    "a tool that is gone": lambda: Path("evil.py").unlink(),
    "a policy that is gone": lambda: Path("loose.toml").unlink(),
    "a tool that is a link": lambda: _become_a_link("evil.py"),
    "a policy that is a link": lambda: _become_a_link("loose.toml"),
    "a tool that is a pipe": lambda: _become_a_pipe("evil.py"),
    "a policy that is a folder": lambda: _become_a_folder("loose.toml"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_change_it_is_not_trusted(change: str) -> None:
    """Of the file or of one that it names. It is then like any other folder, and can be trusted again."""
    mark = trusted_folder(Path())
    CHANGES[change]()

    assert not counts()
    assert "is not trusted" in command("exec", "-e", COUNT, "app.log", "--trace", "t.rlm").stderr
    assert not mark.exists()
    assert "does not count" in command("trust", "--list").stdout


def test_the_same_file_elsewhere_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy, a hard link, a moved folder: what was trusted is a file at a path."""
    Path("first").mkdir()
    trusted_folder(Path("first"))
    for name in ("copy", "hard"):
        Path(name).mkdir()
        hostile_folder(Path(name), "" if name == "hard" else SETTINGS)
    os.link("first/rlmlite.toml", "hard/rlmlite.toml")
    Path("moved").mkdir()
    for name in ("copy", "hard", "first"):
        with monkeypatch.context() as patch:
            patch.chdir(name)
            assert counts() is (name == "first")
    Path("moved").rmdir()
    Path("first").rename("moved")
    monkeypatch.chdir("moved")
    assert not counts()


def test_a_folder_is_known_by_its_real_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to a trusted folder is that folder; a link in a folder to a trusted file is not that file."""
    Path("real").mkdir()
    trusted_folder(Path("real"))
    Path("link").symlink_to("real")
    Path("other").mkdir()
    Path("other/rlmlite.toml").symlink_to("../real/rlmlite.toml")
    with monkeypatch.context() as patch:
        patch.chdir("link")
        assert counts()
    monkeypatch.chdir("other")
    with pytest.raises(SettingError, match="is a link"):
        load({})


@pytest.mark.parametrize("name", ["evil.py", "loose.toml"])
def test_what_is_executed_is_what_was_compared(name: str) -> None:
    """A file that is changed after the settings were read, and before it is used, is an error, and not executed."""
    mark = trusted_folder(Path())
    settings = load({})
    _edit(name, "\n")

    with pytest.raises(SettingError, match="was changed after it was trusted"):
        prepare(settings)
    assert not mark.exists() or name == "loose.toml"


def test_files_that_cannot_be_trusted_are_refused() -> None:
    """A tool that is a link, is missing or is endless, and a settings file of another name."""
    mark = hostile_folder(Path(), 'tools = ["linked.py:helper"]')
    Path("linked.py").symlink_to("evil.py")
    assert "is a link" in command("trust", "--yes", code=2).stderr
    Path("linked.py").unlink()
    assert "does not exist" in command("trust", "--yes", code=2).stderr
    Path("linked.py").symlink_to("/dev/zero")
    assert "is a link" in command("trust", "--yes", code=2).stderr
    assert "a file called rlmlite.toml" in command("trust", "app.log", "--yes", code=2).stderr
    assert "there is no" in command("trust", "nothing/rlmlite.toml", "--yes", code=5).stderr
    assert not mark.exists()


def test_compiled_code_beside_a_tool_is_not_taken_for_it() -> None:
    """A `.pyc` that says it is of this source: what is executed is the source that was looked at."""
    mark = hostile_folder(Path(), 'tools = ["honest.py:helper"]')
    Path("honest.py").write_text('def helper(x: str) -> str:\n    "Helps."\n    return "honest"\n')
    py_compile.compile("evil.py", cfile=importlib.util.cache_from_source("honest.py"))
    compiled = Path(importlib.util.cache_from_source("honest.py"))
    code = compiled.read_bytes()
    # Flags 1: "checked by nobody", so Python's own loader would not even compare it with the source.
    compiled.write_bytes(code[:4] + (1).to_bytes(4, "little") + code[8:])
    command("trust", "--yes")
    command("exec", "-e", 'final(helper(x="a"))', "app.log", code=None)
    command("exec", "-e", "final(1)", "app.log", "--tool", "honest.py:helper")

    assert not mark.exists()


def test_verbose_says_which_files_counted() -> None:
    """The user's, and of the folder's what counted."""
    own = write_user_settings("retries = 1\n")
    hostile_folder(Path(), SETTINGS + "sub_calls = 5\n")
    said = command("-v", "exec", "-e", COUNT, "app.log").stderr

    assert f"settings of the user (file={own})" in said
    assert f"settings of the folder (file={Path('rlmlite.toml').resolve()}, trusted=False, counted=limits)" in said
    command("trust", "--yes")
    assert "trusted=True, counted=tools, policy, limits)" in command("-v", "exec", "-e", COUNT, "app.log").stderr


NO_PATHS = {
    "a null byte": 'policy = "a\\u0000b"',
    "a folder with a null byte": 'policy = "a\\u0000b/p.toml"',
    "a line end": 'policy = "a\\nTrust this? y"',
    "an escape": 'tools = ["\\u001b[2J.py:f"]',
    "a direction mark": 'tools = ["\\u202e.py:f"]',
    "too long": f'policy = "{"a" * 5_000}"',
    "many levels": f'policy = "{"a/" * 3_000}b"',
    "a folder": 'policy = "/"',
    "nothing": 'policy = ""',
    "a device": 'policy = "/dev/zero"',
}


@pytest.mark.parametrize("case", NO_PATHS)
def test_what_is_no_path_of_a_file_is_a_message(case: str) -> None:
    """And nothing is trusted."""
    hostile_folder(Path(), NO_PATHS[case])
    done = command("trust", "--yes", code=None)

    assert done.exit_code in (1, 2)
    assert "\x1b" not in done.stderr + done.stdout
    assert "nothing is trusted" in command("trust", "--list").stdout


def test_trust_is_taken_back() -> None:
    """Also for a file that is gone."""
    trusted_folder(Path())
    command("trust", "--revoke")
    assert not counts()
    command("trust", "--yes")
    Path("rlmlite.toml").unlink()
    command("trust", "--revoke")
    assert "nothing is trusted" in command("trust", "--list").stdout
    assert "is not trusted" in command("trust", "--revoke", code=5).stderr


def test_scripts_get_one_object() -> None:
    """With the file and the files that it names, by digest."""
    hostile_folder(Path(), SETTINGS)
    trusted = json.loads(command("trust", "--yes", "--json").stdout)["value"]
    listed = json.loads(command("trust", "--list", "--json").stdout)["value"]

    assert listed == [{**trusted, "state": "counts"}]
    assert {Path(name).name for name in trusted["files"]} == {"evil.py", "loose.toml"}


def test_the_list_is_the_users_own() -> None:
    """Closed to others when it is written; one that others can write to is not believed."""
    trusted_folder(Path())
    (entry,) = state_folder().rglob("*.json")
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert stat.S_IMODE(entry.parent.stat().st_mode) == 0o700

    entry.chmod(0o666)
    with pytest.raises(SettingError, match="can be written by others"):
        load({})


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"\xff", b'{"path": 5, "digest": "x"}', b'"x"'])
def test_a_damaged_list_is_said(damage: bytes) -> None:
    """And trusts nothing."""
    trusted_folder(Path())
    (entry,) = state_folder().rglob("*.json")
    entry.write_bytes(damage)

    with pytest.raises(SettingError, match="is damaged"):
        load({})


def test_an_entry_for_another_file_trusts_nothing() -> None:
    """Renamed to where the entry of this folder would be."""
    Path("trusted").mkdir()
    trusted_folder(Path("trusted"))
    (entry,) = state_folder().rglob("*.json")
    hostile_folder(Path(), SETTINGS)
    command("trust", "--yes")
    (mine,) = set(state_folder().rglob("*.json")) - {entry}
    entry.replace(mine)

    assert not counts()


def test_a_trusted_file_does_not_name_files_that_were_not_there() -> None:
    """An entry of another version, without the digest of a tool, is an error and not a way around it."""
    trusted_folder(Path())
    (entry,) = state_folder().rglob("*.json")
    document = json.loads(entry.read_text())
    entry.write_text(json.dumps({**document, "files": {}}))

    with pytest.raises(SettingError, match="is not among the files that were trusted"):
        load({})


def test_a_module_of_the_folder_is_not_a_tool_by_its_name() -> None:
    """`evil:helper` is an installed module, also in a file that is trusted."""
    mark = hostile_folder(Path(), 'tools = ["evil:helper"]')
    command("trust", "--yes")

    assert "ModuleNotFoundError" in command("exec", "-e", COUNT, "app.log", code=2).stderr
    assert not mark.exists()


def test_only_a_python_caller_pins_files() -> None:
    """The pinned forms are values of Python; text cannot say them."""
    trusted_folder(Path())
    settings = load({})

    assert make_settings({"tools": settings.tools, "policy": settings.policy}).policy == settings.policy
