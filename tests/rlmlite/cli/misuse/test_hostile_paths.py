"""Every option and argument of every command that takes a path, a name or a file: odd ones end in a message.

Commands and their options are read from the command line itself, so a new one is tried without being listed here.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from rlmlite.cli.app import app
from rlmlite.cli.output.exits import Exit
from tests.rlmlite.cli.commands import rlmlite
from tests.sizes import with_the_rest_slow

_PATHS = {"DIR", "FILE", "S", "TRACE"}
"""How options and arguments are called that name something on disk."""

ODD = [
    ".", "..", "/", "", " ", "~", "app.log", "app.log/x", "folder", "gone", "a\nb", "\udcff", "-", "link",
    "n" * 300, "/".join(["d" * 200] * 30), "/proc/self/mem", "/proc/none/x", "/dev/null", "/dev/full", "closed",
    "closed/x", "fifo/x", "a=b", "x:y", "*", "[", "\U0001f600",
]  # fmt: skip
"""Paths that are no folder, no file, no trace; that cannot be written, or cannot be at all."""

_VALID: dict[str, list[str]] = {
    "ask": ["?", "app.log", "--controller", "extractive:"],
    "exec": ["-e", "final(1)", "app.log"],
    "session new": ["new.rlm", "app.log"],
    "session exec": ["old.rlm", "-e", "x = 1"],
}
"""What a command needs beside the option that is tried."""


def _leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, child in getattr(command, "commands", {}).items():
        yield from _leaves(child, (*words, name))
    if not hasattr(command, "commands"):
        yield " ".join(words), command


def _calls() -> Iterator[Any]:
    """Each command with each of its parameters that names a path: words before and behind that path."""
    for words, command in _leaves(get_command(app)):
        arguments = [param for param in command.params if param.param_type_name == "argument"]
        needed = _VALID.get(words) or ["old.rlm" for param in arguments if param.required]
        for param in command.params:
            if param.metavar not in _PATHS:
                continue
            is_option = param.param_type_name == "option"
            yield pytest.param(
                [*words.split(), *needed, param.opts[-1]] if is_option else words.split(),
                id=f"{words} {param.opts[-1]}",
            )


CALLS = list(_calls())


@pytest.fixture
def odd_places(tmp_path: Path) -> None:
    """What the paths name, in the current folder: a session, a folder, a link to nothing, one closed to others."""
    rlmlite("session", "new", "old.rlm", "app.log")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "closed").mkdir(mode=0)
    os.mkfifo(tmp_path / "fifo")


@pytest.mark.usefixtures("odd_places")
@pytest.mark.parametrize("path", with_the_rest_slow(ODD, ["."]), ids=repr)
@pytest.mark.parametrize("words", CALLS)
def test_an_odd_path_ends_in_a_message(words: list[str], path: str) -> None:
    """Whatever it names, the command ends with a code of its own; if it failed, it says why, in a line."""
    result = rlmlite(*words, path, input="")

    assert result.exit_code in list(Exit)
    if result.exit_code:
        assert result.stderr.strip() or result.stdout.strip()
    assert "Traceback" not in result.output


@pytest.mark.parametrize("path", [".", "/", "", "..", "folder/.."])
def test_a_trace_needs_a_name_of_its_own(path: str) -> None:
    """A folder that is there already, under whatever name, is refused, and another one is suggested."""
    Path("folder").mkdir()
    result = rlmlite("exec", "-e", "final(1)", "app.log", "--trace", path)

    assert result.exit_code == Exit.USAGE
    assert "exists already; a trace needs a new folder, such as" in result.stderr
