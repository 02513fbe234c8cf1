"""Sessions and questions from a shell: each call a process of its own, which may be killed at any moment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlmlite.agent.sessions.session import Session
from rlmlite.cli.output.exits import Exit
from rlmlite.errors import SettingError
from rlmlite_traces import Level, Verdict, replay, verify
from tests.rlmlite.cli.commands import LOG, document, process, rlmlite

FAN_OUT = 'read = extract_over_chunks(chunk(context, size=640), "Read {chunk}", schema={n: int})'


def script(*replies: str) -> str:
    Path("controller.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies), "utf-8")
    return "scripted:controller.jsonl"


def test_ask_answers_with_evidence() -> None:
    """The answer on standard output; what is done, as plain lines, on standard error."""
    model = script("hm", 'hits = search(context, "ERROR")', "final(count(hits), evidence=hits)")
    result = rlmlite("ask", "How many errors?", "app.log", "--controller", model, "--trace", "t.rlm")

    assert result.exit_code == Exit.COMPLETED
    assert result.stdout.startswith("answer\n    10\nevidence (10)\n    app.log:1: ERROR [verbatim]")
    assert "status: completed\ntrace: t.rlm\n" in result.stdout
    assert "turn 2: no program: line 1 col 1:" in result.stderr
    assert "turn 3: search -> hits: ok\n" in result.stderr
    assert rlmlite("trace", "replay", "t.rlm", "--at-least", "sealed").exit_code == Exit.COMPLETED


def test_ask_as_json_is_one_object() -> None:
    """The same object as `exec` prints, and nothing on standard error."""
    result = rlmlite("ask", "?", "app.log", "--controller", script("final(1)"), "--json")
    found = json.loads(result.stdout)

    assert found.keys() == document("exec", "-e", "final(1)", "app.log").keys()
    assert (found["value"], found["status"], result.stderr) == (1, "completed", "")


def test_ask_says_when_it_is_partial() -> None:
    """By its exit code too."""
    result = rlmlite("ask", "?", "--controller", script("x = 1", "final(x)"), "--limit", "turns=2")

    assert result.exit_code == Exit.PARTIAL
    assert "status: partial (last_answer)" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["?", "app.log"], Exit.USAGE, "no controller"),
        (["", "app.log", "--controller", "extractive:"], Exit.INPUT, "the question is empty"),
        (["?", "nosuch", "--controller", "extractive:"], Exit.INPUT, "nosuch does not exist"),
        (["?", "--controller", "nosuch:"], Exit.USAGE, "no model `nosuch:`"),
        (["?", "--session", "s.rlm", "--trace", "t.rlm"], Exit.USAGE, "leave out --trace"),
        (["?", "--controller", "extractive:", "--limit", "turns=x"], Exit.USAGE, "turns"),
    ],
)
def test_mistakes_of_ask_are_messages(arguments: list[str], code: Exit, message: str) -> None:
    """With a code, and no traceback."""
    result = rlmlite("ask", *arguments)

    assert result.exit_code == code
    assert message in result.stderr


def test_a_session_with_models() -> None:
    """Questions and programs in one trace."""
    first = rlmlite("ask", "How many?", "app.log", "--session", "s.rlm", "--controller", script("final(7)"))
    assert first.exit_code == Exit.COMPLETED
    assert document("session", "exec", "s.rlm", "-e", "x = count(context.lines)")["status"] == "completed"
    assert document("ask", "And lines?", "--session", "s.rlm", "--controller", script("final(x)"))["value"] == 100
    shown = document("session", "show", "s.rlm")
    assert [turn["origin"] for turn in shown["turns"]] == ["host", "controller", "host", "controller"]
    assert shown["questions"] == ["How many?", "And lines?"]
    assert document("session", "seal", "s.rlm")["value"] == 100
    assert rlmlite("trace", "replay", "s.rlm", "--at-least", "sealed").exit_code == Exit.COMPLETED


def test_pending_calls_are_json_to_fill_in() -> None:
    """What `pending` prints goes back with its answers; some may come later."""
    rlmlite("session", "new", "s.rlm", "app.log")
    assert rlmlite("session", "exec", "s.rlm", "-e", FAN_OUT).exit_code == Exit.WAITING
    calls = json.loads(rlmlite("session", "pending", "s.rlm").stdout)["calls"]
    assert [call["role"] for call in calls] == ["sub"] * 3
    assert "0000 ERROR disk 0" in calls[0]["prompt"]

    calls[0]["answer"] = {"n": 1}
    calls[1]["error"] = "refused"
    Path("answers.json").write_text(json.dumps({"calls": calls}), "utf-8")
    later = document("session", "resume", "s.rlm", "answers.json")
    assert (later["status"], [call["id"] for call in later["calls"]]) == ("waiting", [calls[2]["id"]])
    done = rlmlite("session", "resume", "s.rlm", "-", input=json.dumps({calls[2]["id"]: '{"n": 3}'}))

    assert done.exit_code == Exit.PARTIAL
    assert document("session", "exec", "s.rlm", "-e", "final(read)")["value"] == [{"n": 1}, None, {"n": 3}]


def test_pending_and_show_write_nothing() -> None:
    """Not a byte, also when the answers are there already and the rest of the program could run."""
    rlmlite("session", "new", "s.rlm", "app.log")
    rlmlite("session", "exec", "s.rlm", "-e", FAN_OUT)
    with Session("s.rlm") as session:
        session.answer({call.id: '{"n": 1}' for call in session.pending()})
    before = {file.name: file.read_bytes() for file in Path("s.rlm").iterdir()}

    assert json.loads(rlmlite("session", "pending", "s.rlm").stdout) == {"calls": []}
    assert "under way: 0 calls wait" in rlmlite("session", "show", "s.rlm").stdout
    assert {file.name: file.read_bytes() for file in Path("s.rlm").iterdir()} == before
    assert rlmlite("session", "resume", "s.rlm").exit_code == Exit.COMPLETED


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not valid JSON"),
        ("[]", "expected {"),
        ('{"calls": [1]}', "expected each call as"),
        ('{"calls": [{"id": "x", "error": "nosuch"}]}', "there is no error `nosuch`"),
        ('{"x": "y"}', "no call x waits"),
    ],
)
def test_mistakes_in_answers_are_messages(content: str, message: str) -> None:
    """And nothing is lost."""
    rlmlite("session", "new", "s.rlm", "app.log")
    rlmlite("session", "exec", "s.rlm", "-e", FAN_OUT)
    Path("answers.json").write_text(content, "utf-8")
    result = rlmlite("session", "resume", "s.rlm", "answers.json")

    assert message in result.stderr
    assert result.exit_code in (Exit.INPUT, Exit.USAGE)
    assert len(json.loads(rlmlite("session", "pending", "s.rlm").stdout)["calls"]) == 3


def test_mistakes_of_sessions_are_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is not there, that is there, that is over, that others hold."""
    assert rlmlite("session", "exec", "nosuch.rlm", "-e", "x = 1").exit_code == Exit.INPUT
    assert rlmlite("session", "new", "s.rlm").exit_code == Exit.COMPLETED
    assert rlmlite("session", "new", "s.rlm").exit_code == Exit.USAGE
    monkeypatch.setattr("rlmlite.cli.commands.sessions.session.LOCK_SECONDS", 0.2)
    with Session("s.rlm"):
        assert "is being written by another process" in rlmlite("session", "show", "s.rlm").stderr
    refused = rlmlite("session", "exec", "s.rlm", "-e", "x = nosuch(")
    assert (refused.exit_code, "the program was refused" in refused.stdout) == (Exit.REFUSED, True)
    assert rlmlite("ask", "?", "app.log", "--session", "s.rlm").exit_code == Exit.USAGE
    rlmlite("session", "seal", "s.rlm")
    assert "is sealed" in rlmlite("session", "exec", "s.rlm", "-e", "x = 1").stderr


def test_each_call_is_a_process() -> None:
    """A question by hand, in five processes."""
    assert process("session", "new", "s.rlm", "app.log").returncode == Exit.COMPLETED
    assert process("ask", "How many errors?", "--session", "s.rlm").returncode == Exit.WAITING
    (call,) = json.loads(process("session", "pending", "s.rlm").stdout)["calls"]
    assert call["prompt"].endswith("# Question\nHow many errors?\n")
    Path("answers.json").write_text(json.dumps({call["id"]: 'final(count(search(context, "ERROR")))'}))
    done = process("session", "resume", "s.rlm", "answers.json")

    assert done.returncode == Exit.COMPLETED
    assert "answer\n    10\n" in done.stdout
    assert replay(verify(Path("s.rlm")), recorded_paths=True).verdict is Verdict.REPRODUCED


NURSERY = """
import json, os, random, signal, sys, time
from typer.testing import CliRunner
from rlmlite.cli.app import app
runner = CliRunner()
runner.invoke(app, ["session", "new", "warm.rlm"])
runner.invoke(app, ["session", "exec", "warm.rlm", "-e", 'x = count(search("a", "a"))'])
chance = random.Random(int(sys.argv[1]))
for line in sys.stdin:
    arguments, doomed = json.loads(line)
    child = os.fork()
    if child == 0:
        result = runner.invoke(app, arguments)
        os._exit(result.exit_code)
    if doomed:
        time.sleep(chance.random() * 0.06)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)
"""
"""Runs commands in forks and kills some of them: a fork is ready at once, where a new interpreter is not."""

PROGRAMS = ['hits = search(context, "ERROR")', FAN_OUT, "n = count(hits)", "final({n: n, read: read})"]


def killed_until_done(seed: int, kills: int) -> int:
    """Drive a session by commands that are killed; what is recorded is never lost, and nothing runs twice."""
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(seed)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    path, killed, recorded = Path("s.rlm"), 0, 0
    Session(path, Path("app.log")).close()
    while (command := next_command(path, recorded)) is not None:
        nursery.stdin.write(json.dumps([command, killed < kills]) + "\n")
        nursery.stdin.flush()
        code = json.loads(nursery.stdout.readline())
        assert code in (-9, Exit.COMPLETED, Exit.PARTIAL, Exit.WAITING), command
        killed += code < 0
        recorded = max(recorded, len(programs_of(path)))
    nursery.stdin.close()
    nursery.wait()
    nursery.stdout.close()
    return killed


def programs_of(path: Path) -> list[str]:
    """The programs that are recorded as a whole."""
    with Session(path) as session:
        return [exchange.program for exchange in session.run.history]


def next_command(path: Path, recorded: int) -> list[str] | None:
    """What is to be done, of what the trace holds: go on, answer, or run the next program."""
    with Session(path) as session:
        history, unfinished = session.run.history, session.run.unfinished
        assert len(history) >= recorded
        assert [exchange.program for exchange in history] == PROGRAMS[: len(history)]
        if len(history) == len(PROGRAMS):
            return None
        if unfinished is None:
            return ["session", "exec", str(path), "-e", PROGRAMS[len(history)]]
        calls = session.pending()
    answers = path.with_suffix(".json")
    answers.write_text(json.dumps({call.id: {"n": len(call.id)} for call in calls}), "utf-8")
    return ["session", "resume", str(path), *([str(answers)] if calls else [])]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_killed_command_loses_nothing() -> None:
    """SIGKILL at random moments."""
    assert killed_until_done(seed=1, kills=25) > 0

    with Session("s.rlm") as session:
        assert session.exec("final({n: n, read: read})").value == {"n": 10, "read": [{"n": 32}] * 3}
        session.seal()
    assert replay(verify(Path("s.rlm"), None, Level.SEALED), recorded_paths=True).verdict is Verdict.REPRODUCED


@pytest.mark.slow
def test_many_killed_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same until 100 were killed in time; on a fast machine many are done before."""
    killed = seed = 0
    while killed <= 100:
        seed += 1
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "app.log").write_text(LOG, "utf-8")
        monkeypatch.chdir(folder)
        killed += killed_until_done(seed, 25)
    assert seed < 100


@pytest.mark.parametrize(
    ("flags", "ending"), [([], ("completed", "")), (["--require-evidence"], ("partial", "no_evidence"))]
)
def test_a_session_may_require_evidence(flags: list[str], ending: tuple[str, str]) -> None:
    """It is said once, when the session is begun, and holds for every process after it."""
    assert rlmlite("session", "new", "s.rlm", "app.log", *flags).exit_code == Exit.COMPLETED
    bare = document("session", "exec", "s.rlm", "-e", "final(7)")
    cited = document("session", "exec", "s.rlm", "-e", 'h = search(context, "ERROR")\nfinal(count(h), evidence=h)')

    assert (bare["status"], bare["reason"]) == ending
    assert cited["status"] == "completed"
    assert ("require_evidence" in cited["gates"]) == bool(flags)
    with pytest.raises(SettingError, match="require_evidence cannot be changed"):
        Session(Path("s.rlm"), require_evidence=True)


def test_a_session_in_python_may_require_evidence() -> None:
    """As a keyword of `Session`."""
    with Session("s.rlm", "a b", require_evidence=True) as session:
        assert session.exec("final(7)").reason == "no_evidence"
    with Session("s.rlm") as session:
        assert session.exec("final(8)").reason == "no_evidence"
