"""Values of the command line become what typer makes of them, with pydantic or without."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from rlmlite.cli.app import _narrow, app
from rlmlite.cli.coercion import coerce_plainly

VALUES: list[Any] = [
    None,
    "",
    "x",
    "-",
    "1",
    "-1",
    "1.5",
    "0012",
    "9" * 16,
    "٣",
    "sealed ",
    "sealed",
    "lark",
    "there.txt",
    True,
    False,
    -5,
    (),
    ("a", ""),
    ["b"],
]


def parameters(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every parameter of every command, by the words that lead to it."""
    for param in command.params:
        yield f"{path} {param.name}", param
    for name, below in getattr(command, "commands", {}).items():
        yield from parameters(below, f"{path} {name}")


PLAIN = dict(parameters(get_command(app)))
TYPERS = dict(parameters(get_command(app)))


def outcome(param: Any, value: Any) -> tuple[object, ...]:
    """What a value becomes, with its type, or the error."""
    try:
        coerced = param.process_value(None, value)
    except (typer.BadParameter, typer.Exit) as error:
        return type(error), str(error)
    return type(coerced), coerced


@pytest.mark.parametrize("name", PLAIN)
def test_a_value_becomes_what_typer_makes_of_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same type, or refused with the same words, whatever is given and in whatever order."""
    monkeypatch.chdir(tmp_path)
    Path("there.txt").touch()
    command = get_command(app)
    coerce_plainly(command)
    plain = dict(parameters(command))[name]

    for value in [*VALUES, *reversed(VALUES)]:
        assert outcome(plain, value) == outcome(TYPERS[name], value), value


def test_a_path_that_cannot_be_read_is_refused_by_typer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As typer does it, in its words."""
    secret = tmp_path / "secret.toml"
    secret.touch()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    command = get_command(app)
    coerce_plainly(command)

    refused = outcome(dict(parameters(command))[" ask policy"], str(secret))
    assert refused == outcome(TYPERS[" ask policy"], str(secret))
    assert refused[0] is typer.BadParameter


@pytest.mark.parametrize(
    ("words", "commands"),
    [
        (["exec", "--help"], {"exec"}),
        (["-v", "trace", "verify", "t.rlm"], {"trace"}),
        (["--help"], set(get_command(app).commands)),  # type: ignore[attr-defined]  # it is a group
        (["nonsense"], set(get_command(app).commands)),  # type: ignore[attr-defined]
        ([], set(get_command(app).commands)),  # type: ignore[attr-defined]
    ],
)
def test_only_the_command_that_is_called_is_made(words: list[str], commands: set[str]) -> None:
    """All of them where help or an error lists them."""
    assert set(get_command(_narrow(app, words)).commands) == commands  # type: ignore[attr-defined]
