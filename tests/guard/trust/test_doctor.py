"""`rlmlite doctor`: facts about this machine and this folder; it prints no key, and executes nothing of the folder."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rlmlite.guard.places import state_folder
from tests.guard.trust.folder import command, files_below, hostile_folder
from tests.rlmlite.user_settings import write_user_settings

CANARY = "sk-canary-0123456789abcdef"


def facts() -> dict[tuple[str, str], dict[str, Any]]:
    """What it says, by subject and name."""
    found = json.loads(command("doctor", "--json").stdout)["value"]
    return {(fact["about"], fact["name"]): fact for fact in found}


def test_it_says_which_settings_count() -> None:
    """The user's, the folder's, what of it is ignored, and the variables by their names."""
    write_user_settings("workers = 4\n")
    mark = hostile_folder(Path(), 'tools = ["evil.py:helper"]\nworkers = 3\n')
    found = facts()[("settings", "this folder's")]

    assert (found["holds"], "ignored: tools" in found["text"]) == (False, True)
    assert "counts everywhere" in facts()[("settings", "yours")]["text"]
    assert "RLMLITE_HOME" in facts()[("settings", "variables")]["text"]
    command("trust", "--yes")
    assert facts()[("settings", "this folder's")]["holds"] is True
    assert facts()[("trust", str(Path("rlmlite.toml").resolve()))]["text"] == "counts"
    assert not mark.exists()


def test_it_says_which_key_goes_where_and_never_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of its variable."""
    write_user_settings('[keys]\n"api.host" = "HOST_KEY"\n"lab.host" = "LAB_KEY"\n')
    for name in ("HOST_KEY", "OPENAI_API_KEY", "RLMLITE_API_KEY"):
        monkeypatch.setenv(name, CANARY)
    found = facts()

    assert found[("keys", "https://api.host:443")]["text"] == "the key in HOST_KEY, which is set"
    assert found[("keys", "https://lab.host:443")]["text"] == "the key in LAB_KEY, which is not set"
    assert found[("keys", "https://api.openai.com:443")]["text"] == "the key in OPENAI_API_KEY, which is set"
    assert CANARY not in command("doctor").stdout


def test_one_fault_does_not_hide_the_rest() -> None:
    """A settings file that is no file is a line; so is a state folder that others can read."""
    os.mkfifo("rlmlite.toml")
    state_folder().mkdir(parents=True, mode=0o755)
    found = facts()

    assert found[("settings", "error")]["holds"] is False
    assert "expected a plain file, found" in found[("settings", "error")]["text"]
    assert any(about == "folders" and fact["holds"] is False for (about, _), fact in found.items())
    assert ("parsers of strangers' files", "process") in found
    assert ("installation", "Python") in found


def test_it_writes_nothing() -> None:
    """Not in the folder, and not in the state folder."""
    hostile_folder(Path(), "workers = 1\n")
    before = files_below(Path()), files_below(state_folder())
    command("doctor")

    assert (files_below(Path()), files_below(state_folder())) == before
