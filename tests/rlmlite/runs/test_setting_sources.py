"""Settings from a file, the environment and flags: the same names, the same meaning, read once."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlmlite import SettingError
from rlmlite.cli.settings import files
from rlmlite.cli.settings.config import anchored, load
from rlmlite.cli.settings.files import FILE
from rlmlite.guard.regular_file import RegularFile, read_regular
from rlmlite.runs.settings import SETTINGS, make_settings
from tests.rlmlite.runs.entry_points import PROGRAM, TEXT, VALUES
from tests.rlmlite.user_settings import write_user_settings

TEXTS: dict[str, Any] = {
    "controller": "extractive:",
    "policy": "policy.toml",
    "tools": ["tools.py:look_up"],
    "approve": "never",
    "trace": "t.rlm",
    "answer_type": None,
}
"""The values of settings as a file has them, where they are others than in Python."""


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if not setting.python_only])
def test_the_file_and_the_environment_have_the_same_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the same names, with the same meaning."""
    value = {"limits": {"turns": 9}, "temperature": 1.0}.get(name, TEXTS.get(name, VALUES[name]))
    monkeypatch.setenv(f"RLMLITE_{name.upper()}", value if isinstance(value, str) else json.dumps(value))
    assert getattr(load({}), name) == make_value(name, value)
    monkeypatch.delenv(f"RLMLITE_{name.upper()}")
    path = write_user_settings(f"{name} = {_toml(value)}\n")
    anchored_value = anchored({name: value}, path.parent)[name]  # a path in a file is relative to that file
    found = load({})
    if name == "scope":  # the trace says which files counted
        assert found.scope == VALUES["scope"] | {"settings.user": "scope"}
    else:
        assert getattr(found, name) == make_value(name, anchored_value)


def make_value(name: str, value: Any) -> Any:
    """The setting that a value is, when nothing else is given."""
    values = {name: value, "copy_inputs": True} if name == "store" else {name: value}
    return getattr(make_settings(values), name)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_toml(item)}' for key, item in value.items()) + "}"
    return json.dumps(value)


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.python_only])
def test_what_only_python_can_say_is_refused_elsewhere(name: str) -> None:
    """With the reason."""
    FILE.write_text(f'{name} = "x"\n')
    with pytest.raises(SettingError, match=f"`{name}` .*can only be given in Python"):
        load({})


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("RLMLITE_WORKER", "there is no setting `worker` .*RLMLITE_WORKER.*did you mean `workers`"),
        ("RLMLITE_LIMITS__TURN", "no limit `turn`; did you mean `turns`"),
        ("RLMLITE_WORKERS", "setting workers: expected a whole number"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what there is instead."""
    monkeypatch.setenv(variable, "many")
    with pytest.raises(SettingError, match=message):
        load({})


def test_a_wrong_key_of_the_file_is_named() -> None:
    """With what there is instead."""
    FILE.write_text('polcy = "x.toml"\n')
    with pytest.raises(SettingError, match=r"there is no setting `polcy` \(in rlmlite.toml\); did you mean `policy`"):
        load({})


def test_the_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that reads it twice could see two versions of it."""
    from typer.testing import CliRunner

    from rlmlite.cli.app import app

    FILE.write_text("workers = 2\n")
    Path("a.txt").write_text(TEXT)
    reads: list[Path] = []

    def counted(path: Path, most: int, **how: Any) -> RegularFile:
        reads.append(path)
        return read_regular(path, most, **how)

    monkeypatch.setattr(files, "read_regular", counted)
    for command in (["exec", "-e", PROGRAM, "a.txt"], ["ask", "?", "a.txt", "--controller", "extractive:"]):
        reads.clear()
        CliRunner().invoke(app, [*command, "--trace", f"{command[0]}.rlm"])
        assert reads.count(FILE) == 1, command


FLAGS_WITHOUT_SETTING = {
    "json", "session", "dry_run", "yes", "program", "arguments", "paths", "path", "question", "answers", "input",
}  # fmt: skip
NAMES = {
    "limit": "limits",
    "price": "prices",
    "role": "roles",
    "tool": "tools",
    "read": "reading",
    "copy": "copy_inputs",
}
"""Flags that may be given more than once are called by the singular."""


def test_every_flag_is_a_setting() -> None:
    """Of the commands that run something: by the same name, or the singular of it."""
    import typer

    from rlmlite.cli.app import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    sessions = commands["session"].commands
    for command in (commands["ask"], commands["exec"], sessions["new"], sessions["exec"], sessions["resume"]):
        for parameter in command.params:
            name = NAMES.get(parameter.name, parameter.name)
            assert name in SETTINGS or name in FLAGS_WITHOUT_SETTING, (command.name, name)


def test_reading_has_a_short_name_outside_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """`read`, as the flag is called; both names mean the same."""
    write_user_settings('[read]\nencoding = "cp1252"\n')
    monkeypatch.setenv("RLMLITE_READ__IGNORE", "false")

    reading = load({"reading": {"html": "text"}}).reading
    assert (reading.encoding, reading.ignore, reading.html) == ("cp1252", False, "text")
