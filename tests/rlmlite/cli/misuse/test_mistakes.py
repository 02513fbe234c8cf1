"""Mistakes of a user: a message and an exit code, never a traceback, and nothing that steers the terminal."""

import json
from pathlib import Path

import pytest

from rlmlite.cli.output.exits import MEANINGS, Exit, exit_code_table
from rlmlite.cli.output.printing import KEYS
from tests.rlmlite.cli.commands import rlmlite


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-e", "final(", "app.log"], Exit.REFUSED, "line 1 col"),
        (["-e", "for x in context:\n    print(x)", "app.log"], Exit.REFUSED, "there are no loops"),
        (["-e", "final(1)", "nosuch.log"], Exit.INPUT, "nosuch.log does not exist"),
        (["-e", "final(1)", "ap.log"], Exit.INPUT, "did you mean `app.log`?"),
        (["nosuch.act", "app.log"], Exit.INPUT, "there is no program nosuch.act"),
        (["-e", "final(1)", "binary"], Exit.INPUT, "is binary"),
        (["-e", "final(1)", "true=app.log"], Exit.INPUT, "cannot be called `true`"),
        (["-e", "final(1)", "--sub", "anthropic:claude"], Exit.USAGE, "no model `anthropic:claude`"),
        (["-e", "final(1)", "--limit", "sub_cals=1"], Exit.USAGE, "did you mean `sub_calls`?"),
        (["-e", "final(1)", "--limit", "steps=-1"], Exit.USAGE, "expected a whole number"),
        (["-e", "final(1)", "--limit", "steps"], Exit.USAGE, "write steps=NUMBER"),
        (["-e", "final(1)", "--run-key", "12"], Exit.USAGE, "64 hex digits"),
        (["-e", "final(1)", "--trace", "app.log"], Exit.USAGE, "exists already"),
        (["-", "-"], Exit.USAGE, "cannot be both"),
        ([], Exit.USAGE, "no program"),
        (["-e", 'final("\udcff")'], Exit.INPUT, "the program is not valid Unicode"),
        (["-e", "final(1)", "app.log/"], Exit.INPUT, "cannot be read"),
        (["-e", "final(1)", "--trace", "/dev/null/t.rlm"], Exit.FAILED, "Not a directory"),
    ],
)
def test_mistakes_are_messages(arguments: list[str], code: Exit, message: str) -> None:
    """Each kind of mistake has its code, and says on standard error what to do; as JSON there is one object too."""
    Path("binary").write_bytes(b"\0")

    result = rlmlite("exec", *arguments)
    as_json = rlmlite("exec", *arguments, "--json")

    assert (result.exit_code, as_json.exit_code) == (code, code)
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    found = json.loads(as_json.stdout)
    assert found.keys() >= KEYS.keys()
    assert found["status"] == ("refused" if code == Exit.REFUSED else "failed")


def test_a_malformed_program_is_recorded() -> None:
    """The program is refused with line, column and caret, and the trace is sealed as refused."""
    result = rlmlite("exec", "-e", "hits = search(context limit=5)", "app.log", "--trace", "t.rlm")

    assert result.exit_code == Exit.REFUSED
    assert "line 1 col" in result.stderr
    assert "^" in result.stderr
    assert "status: refused (syntax)" in result.stdout
    assert rlmlite("trace", "verify", "t.rlm", "--at-least", "sealed").exit_code == Exit.COMPLETED


def test_an_unknown_action_is_refused_with_a_hint() -> None:
    """A program of which no statement can run is refused."""
    result = rlmlite("exec", "-e", 'final(serach(context, "x"))', "app.log")

    assert result.exit_code == Exit.REFUSED
    assert "did you mean `search`?" in result.stdout + result.stderr


def test_content_cannot_steer_the_terminal() -> None:
    """Escape codes of an input are written out, in plain lines and in JSON."""
    Path("evil.txt").write_text("\x1b[2J\x9b31m ERROR \u202e\r gone", "utf-8")
    program = "show(context)\nfinal(context, evidence=search(context, /.*/))"

    lines, as_json = rlmlite("exec", "-e", program, "evil.txt"), rlmlite("exec", "-e", program, "evil.txt", "--json")

    for text in (lines.stdout, as_json.stdout):
        assert not set(text) & set("\x1b\x9b\u202e\r")
    assert "\\x1b[2J" in lines.stdout
    assert json.loads(as_json.stdout)["value"] == "\x1b[2J\x9b31m ERROR \u202e\r gone"


def test_usage_errors_exit_with_two() -> None:
    """An unknown option exits with code 2."""
    assert rlmlite("exec", "--nonsense").exit_code == Exit.USAGE
    assert rlmlite("nonsense").exit_code == Exit.USAGE


def test_every_exit_code_is_explained() -> None:
    """The table of exit codes has each code once."""
    assert set(MEANINGS) == set(Exit)
    assert exit_code_table().count("\n") == len(Exit) + 1
