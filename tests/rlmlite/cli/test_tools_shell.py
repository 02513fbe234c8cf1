"""Tools, policies and approvals from a shell: flags, settings, and calls that somebody answers by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlmlite.cli.output.exits import Exit
from rlmlite_traces import Verdict, replay, verify
from tests.rlmlite.cli.commands import rlmlite

TOOLS = """
import rlmlite

@rlmlite.tool(side_effects=False)
def look(key: str) -> dict:
    "Looks."
    return {"key": key}

def send(to: str, body: str) -> str:
    "Sends."
    with open("sent.txt", "a") as file:
        file.write(f"{to} {body}\\n")
    return "sent"

number = 3
"""
POLICY = 'version = 1\n[tools.send]\nrule = "ask"\n[tools.look]\n'


@pytest.fixture(autouse=True)
def _tools_and_policy(tmp_path: Path) -> None:
    (tmp_path / "hands.py").write_text(TOOLS)
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)\n")
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "notes.txt").write_text("words\n")


WITH = ("--tool", "hands.py:look", "--tool", "hands.py:send", "--policy", "policy.toml")


def test_exec_calls_a_tool() -> None:
    """By its file and name; one that needs an approval is not called without a terminal, and that is said."""
    result = rlmlite("exec", "-e", 'x = look(key="a")\nfinal(x.key)', "notes.txt", *WITH)
    denied = rlmlite("exec", "-e", 'send(to="a", body="b")', "notes.txt", *WITH)

    assert result.exit_code == Exit.COMPLETED
    assert "answer\n    a\n" in result.stdout
    assert denied.exit_code == Exit.FAILED
    assert "no terminal to ask at" in denied.stderr
    assert "it was not approved; the policy says `ask`" in denied.stdout
    assert not Path("sent.txt").exists()


def test_ask_offers_tools_and_settings_may_name_them() -> None:
    """The same from a `rlmlite.toml` that is trusted."""
    Path("rlmlite.toml").write_text('tools = ["hands.py:look"]\npolicy = "policy.toml"\napprove = "never"\n')
    replies = ('x = look(key="b")', "final(x.key)")
    Path("c.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    assert rlmlite("trust", "--yes").exit_code == Exit.COMPLETED
    result = rlmlite("ask", "What?", "notes.txt", "--controller", "scripted:c.jsonl", "--trace", "t.rlm")

    assert result.exit_code == Exit.COMPLETED
    assert "answer\n    b\n" in result.stdout
    assert "warning: the policy names the tool `send`" in result.stderr
    assert len(verify(Path("t.rlm")).genesis.scope["policy"]) == 64


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--tool", "hands.py"), "MODULE:NAME or FILE.py:NAME"),
        (("--tool", "leaves.py:look"), "tool leaves.py:look: SystemExit: 0"),
        (("--tool", "hands.py:nope"), "hands.py has no function `nope`; its tools: look"),
        (("--tool", "hands.py:number"), "no function `number`"),
        (("--tool", "nothere.py:a"), "nothere.py does not exist"),
        (("--tool", "no.such.module:a"), "ModuleNotFoundError"),
        (("--policy", "none.toml"), "the policy file none.toml does not exist"),
        (("--approve", "maybe"), "approve must be terminal"),
        (("--tool", "hands.py:look", "--tool", "hands.py:look"), "two tools are called `look`"),
    ],
)
def test_what_makes_no_sense_is_one_message(arguments: tuple[str, ...], said: str) -> None:
    """With the exit code for usage, before anything runs."""
    result = rlmlite("exec", "-e", "x = 1", "notes.txt", *arguments)

    assert result.exit_code == Exit.USAGE
    assert said in result.stderr
    assert len(result.stderr.strip().split("\n")) == 1


def pending() -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = json.loads(rlmlite("session", "pending", "s.rlm").stdout)["calls"]
    return calls


def test_approvals_and_tools_are_answered_by_hand() -> None:
    """A session without hands of its own shows what waits, with its kind, and takes JSON for answers."""
    assert rlmlite("session", "new", "s.rlm", "notes.txt", *WITH).exit_code == Exit.COMPLETED
    waiting = rlmlite("session", "exec", "s.rlm", "-e", 'x = send(to="a", body=str(context))\ny = look(key="k")')
    (approval,) = pending()

    assert waiting.exit_code == Exit.WAITING
    assert "approval of send" in waiting.stdout
    assert (approval["kind"], approval["role"]) == ("approve", "send")
    assert json.loads(approval["prompt"])["reasons"][0] == "the policy says `ask`"

    Path("a.json").write_text(json.dumps({"calls": [approval | {"answer": True}]}))
    assert rlmlite("session", "resume", "s.rlm", "a.json").exit_code == Exit.WAITING
    (call,) = pending()
    assert (call["kind"], call["role"], json.loads(call["prompt"])) == ("tool", "send", {"to": "a", "body": "words\n"})

    Path("a.json").write_text(json.dumps({call["id"]: "sent by hand"}))
    assert rlmlite("session", "resume", "s.rlm", "a.json").exit_code == Exit.WAITING
    (look,) = pending()
    assert look["role"] == "look"
    done = rlmlite("session", "resume", "s.rlm", "--tool", "hands.py:look")

    assert done.exit_code == Exit.COMPLETED
    assert "sent by hand" in rlmlite("session", "exec", "s.rlm", "-e", "show(x, y)").stdout
    assert not Path("sent.txt").exists()
    assert replay(verify(Path("s.rlm")), recorded_paths=True).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("answer", [False, "yes", {"approved": "true"}])
def test_another_answer_is_a_no(answer: object) -> None:
    """The call is denied, and the session goes on."""
    rlmlite("session", "new", "s.rlm", "notes.txt", *WITH)
    rlmlite("session", "exec", "s.rlm", "-e", 'send(to="a", body="b")')
    (approval,) = pending()
    Path("a.json").write_text(json.dumps({approval["id"]: answer}))
    result = rlmlite("session", "resume", "s.rlm", "a.json")

    assert "it was not approved" in result.stdout
    assert result.exit_code == Exit.FAILED


def test_a_session_keeps_its_policy_and_its_tools() -> None:
    """Another policy, a tool that it has not, and one that is not what it was are refused."""
    rlmlite("session", "new", "s.rlm", "notes.txt", "--tool", "hands.py:look", "--policy", "policy.toml")
    program = ("session", "exec", "s.rlm", "-e", "z = 1")

    assert "policy cannot be changed" in rlmlite(*program, "--policy", "policy.toml").stderr
    assert "begun without the tool `send`" in rlmlite(*program, "--tool", "hands.py:send").stderr
    Path("hands.py").write_text(TOOLS.replace("Looks.", "Looks and sends."))
    assert "is not what it was" in rlmlite(*program, "--tool", "hands.py:look").stderr
    assert rlmlite(*program).exit_code == Exit.COMPLETED
