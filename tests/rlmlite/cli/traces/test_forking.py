"""`rlmlite trace fork` and `trace verify --parent`: what will be made is said first, and asked about."""

from pathlib import Path

import pytest

from rlmlite.cli.output.exits import Exit
from tests.rlmlite.cli.commands import document, rlmlite

PROGRAM = 'x = sub_lm("first?")\ny = sub_lm("second?")\nfinal([x, y])'


@pytest.fixture(autouse=True)
def parent() -> None:
    Path("one.jsonl").write_text('"one"\n"two"\n')
    Path("other.jsonl").write_text('"three"\n')
    run = rlmlite("exec", "-e", PROGRAM, "--sub", "scripted:one.jsonl", "--trace", "t.rlm")
    assert run.exit_code == Exit.COMPLETED, run.stderr


def test_another_model_from_a_step_on() -> None:
    """What is used again and what is called is said; the fork replays, and is what it says of its parent."""
    result = rlmlite("trace", "fork", "t.rlm", "--at", "2", "--out", "f.rlm", "--model", "sub=scripted:other.jsonl")
    assert result.exit_code == Exit.COMPLETED, result.stderr
    assert "results used again, at no cost: 1" in result.stdout
    assert "calls to make first: 1" in result.stdout
    assert "three" in result.stdout

    assert rlmlite("trace", "replay", "f.rlm").exit_code == Exit.COMPLETED
    verified = rlmlite("trace", "verify", "f.rlm", "--parent", "t.rlm")
    assert verified.exit_code == Exit.COMPLETED, verified.stderr
    assert "goes as its parent did up to step 2" in verified.stdout


def test_nothing_is_run_to_know_the_price() -> None:
    """`--dry-run` lists the calls; `--offline` too, where there are some, with an exit code of its own."""
    words = ("trace", "fork", "t.rlm", "--at", "2", "--out", "f.rlm", "--role", "sub=scripted:other.jsonl")
    dry = document(*words, "--dry-run")

    assert [call["model"] for call in dry["value"]] == ["scripted:other.jsonl"]
    assert (dry["reused"], dry["kept"]) == (1, 1)
    assert rlmlite(*words, "--offline").exit_code == Exit.PARTIAL
    assert not Path("f.rlm").exists()


def test_a_program_from_a_file_or_a_text() -> None:
    """In place of what was done from the step on; nothing is called for what stays."""
    Path("p.act").write_text("final(x)\n")
    by_file = document("trace", "fork", "t.rlm", "--at", "2", "--out", "f.rlm", "--program", "p.act", "--offline")
    by_text = document("trace", "fork", "t.rlm", "--at", "3", "--out", "g.rlm", "-e", "final(y)", "--offline")

    assert (by_file["value"], by_text["value"]) == ("one", "two")


def test_what_costs_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal to ask at, `--yes` is needed; to know the price takes no key."""
    words = ("trace", "fork", "t.rlm", "--at", "2", "--out", "f.rlm", "--model", "sub=openai:x", "--price", "9,9")
    assert document(*words, "--dry-run")["cost_nano"] > 0
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    result = rlmlite(*words)

    assert result.exit_code == Exit.USAGE
    assert "agree with --yes" in result.stderr
    assert not Path("f.rlm").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "9"), "has 3 steps"),
        (("--at", "2", "--model", "scripted:other.jsonl"), "--model NAME=MODEL"),
        (("--at", "2", "-e", "final(sub_lm("), "refused"),
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], said: str) -> None:
    """A step that there is not, a model for no role, a program with problems."""
    result = rlmlite("trace", "fork", "t.rlm", "--out", "f.rlm", *words)

    assert result.exit_code in (Exit.USAGE, Exit.REFUSED)
    assert said in result.stderr + result.stdout


def test_another_parent_is_refused() -> None:
    """With an exit code of its own."""
    rlmlite("trace", "fork", "t.rlm", "--at", "2", "--out", "f.rlm", "--offline")
    rlmlite("exec", "-e", "final(1)", "--trace", "u.rlm")

    assert rlmlite("trace", "verify", "f.rlm", "--parent", "u.rlm").exit_code == Exit.BROKEN
    assert rlmlite("trace", "verify", "t.rlm", "--parent", "u.rlm").exit_code == Exit.BROKEN
