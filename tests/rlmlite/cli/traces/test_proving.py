"""`rlmlite trace prove` and `trace check`."""

import json
from pathlib import Path

import pytest

from rlmlite.cli.output.exits import Exit
from tests.rlmlite.cli.commands import COUNT_ERRORS, document, rlmlite


@pytest.fixture
def root() -> str:
    return str(document("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm")["root"])


def test_a_step_is_proved_and_checked(root: str) -> None:
    """The file alone is enough, and only its owner can read it."""
    proved = rlmlite("trace", "prove", "t.rlm", "1", "-o", "p.json")
    assert proved.exit_code == Exit.COMPLETED, proved.stderr
    assert f"rlmlite trace check p.json --root {root}" in proved.stdout
    assert Path("p.json").stat().st_mode & 0o077 == 0

    checked = rlmlite("trace", "check", "p.json", "--root", root)
    assert checked.exit_code == Exit.COMPLETED, checked.stdout
    assert "reproduced: record 2 of" in checked.stdout
    assert document("trace", "check", "p.json")["value"] == "reproduced"


def test_a_proof_goes_to_standard_output() -> None:
    """Where no file is named."""
    rlmlite("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm")

    assert json.loads(rlmlite("trace", "prove", "t.rlm", "turn:1").stdout)["form"] == "rlmlite-step/1"


def test_a_refused_reply_is_proved(root: str) -> None:
    """A turn whose text is no program; its text is read again."""
    rlmlite("session", "new", "s.rlm", "app.log")
    rlmlite("session", "exec", "s.rlm", "-e", "x = = 1")
    rlmlite("trace", "prove", "s.rlm", "turn:1", "-o", "p.json")
    checked = rlmlite("trace", "check", "p.json")

    assert checked.exit_code == Exit.COMPLETED, checked.stdout
    assert "turn 1" in checked.stdout


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("ERROR", "ERRORS", Exit.BROKEN),
        ('"size":', '"size":1', Exit.BROKEN),
        ('{"', '{ "', Exit.BROKEN),
    ],
)
def test_an_altered_proof_is_refused(root: str, old: str, new: str, code: Exit) -> None:
    """With what is wrong, and an exit code of its own."""
    rlmlite("trace", "prove", "t.rlm", "1", "-o", "p.json")
    Path("q.json").write_text(Path("p.json").read_text().replace(old, new, 1))

    assert rlmlite("trace", "check", "q.json").exit_code == code


def test_what_cannot_be_proved_is_said(root: str) -> None:
    """A step that there is not, a file that there is, a file that there is not."""
    assert "it has 3, counted from 1" in rlmlite("trace", "prove", "t.rlm", "99").stderr
    assert "turn:2" in rlmlite("trace", "prove", "t.rlm", "second").stderr
    Path("p.json").write_text("")
    assert "exists already" in rlmlite("trace", "prove", "t.rlm", "1", "-o", "p.json").stderr
    assert rlmlite("trace", "check", "nosuch.json").exit_code == Exit.INPUT
