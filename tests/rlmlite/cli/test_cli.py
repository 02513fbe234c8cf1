"""The command line: what it prints, its exit codes, and that a user's mistake is never a traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rlmlite.cli.main import app
from rlmlite.cli.output.exits import MEANINGS, Exit, table
from rlmlite.cli.output.printing import KEYS
from rlmlite_traces import Difference, Replayed, Verdict

KEY = "5a" * 32
COUNT_ERRORS = 'hits = search(context, "ERROR")\nfinal(count(hits), evidence=hits)'
LOG = "\n".join(f"{n:04} {'ERROR' if n % 10 == 0 else 'INFO'} disk {n}" for n in range(100)) + "\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.log").write_text(LOG, "utf-8")


def rlmlite(*arguments: str, input: str | None = None) -> Result:
    result = CliRunner().invoke(app, list(arguments), input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*arguments: str) -> dict[str, Any]:
    """The one JSON object on standard output."""
    found: dict[str, Any] = json.loads(rlmlite(*arguments, "--json").stdout)
    assert found.keys() >= KEYS.keys()
    return found


def process(*arguments: str, **named: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rlmlite", *arguments], capture_output=True, encoding="utf-8", timeout=60, **named
    )


def test_exec_answers_with_evidence() -> None:
    """The answer, the places that support it, and where the receipts are."""
    result = rlmlite("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm")

    assert result.exit_code == Exit.COMPLETED
    assert "answer\n    10\n" in result.stdout
    assert "evidence (10)" in result.stdout
    assert "app.log:11: ERROR [verbatim]" in result.stdout
    assert "status: completed" in result.stdout
    assert "trace: t.rlm" in result.stdout
    assert result.stderr == ""


def test_exec_as_json_is_one_object() -> None:
    """All the keys, with the whole outcome."""
    found = document("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm")

    assert (found["value"], found["status"], found["trace"]) == (10, "completed", "t.rlm")
    assert found["evidence"][1] == {
        "how": "verbatim",
        "text": "ERROR",
        "input": "context",
        "path": "app.log",
        "line": 11,
        "start": LOG.index("0010") + 5,
        "stop": LOG.index("0010") + 10,
    }
    assert found["coverage"]["context"]["scanned"] == len(LOG)
    assert found["budget"]["sub_calls"] == {"used": 0, "limit": 1_000}
    assert found["usage"] == {"calls": 0, "input_tokens": 0, "output_tokens": 0, "cost_nano": 0}
    assert len(found["root"]) == 64


def test_a_program_is_a_file_or_standard_input() -> None:
    """`-` reads the program where a file's name would stand."""
    Path("count.act").write_text(COUNT_ERRORS, "utf-8")

    assert "    10\n" in rlmlite("exec", "count.act", "app.log").stdout
    assert "    10\n" in rlmlite("exec", "-", "app.log", input=COUNT_ERRORS).stdout


def test_an_input_is_standard_input() -> None:
    """`-` among the inputs, named or not."""
    assert "    10\n" in rlmlite("exec", "-e", COUNT_ERRORS, "-", input=LOG).stdout
    assert "    100\n" in rlmlite("exec", "-e", "final(count(a.lines))", "a=-", input=LOG).stdout


def test_traces_go_to_a_folder_by_date() -> None:
    """Without `--trace` they are below `.rlmlite`, and two runs with one key do not collide."""
    first = document("exec", "-e", "final(1)", "--run-key", KEY)["trace"]
    second = document("exec", "-e", "final(1)", "--run-key", KEY)["trace"]

    assert first.startswith(".rlmlite/")
    assert Path(second).name == Path(first).stem + "-2.rlm"


def test_one_key_gives_one_trace() -> None:
    """The same run with the same key is the same, byte for byte."""
    roots = [document("exec", "-e", COUNT_ERRORS, "app.log", "--run-key", KEY)["root"] for _ in range(2)]

    assert roots[0] == roots[1]
    assert document("exec", "-e", COUNT_ERRORS, "app.log")["root"] != roots[0]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-e", "final(", "app.log"], Exit.REFUSED, "line 1 col"),
        (["-e", "for x in context:\n    print(x)", "app.log"], Exit.REFUSED, "there are no loops"),
        (["-e", "final(1)", "nosuch.log"], Exit.INPUT, "there is no nosuch.log"),
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


def test_a_malformed_program_is_a_receipt() -> None:
    """The program is refused with line, column and caret, and the trace is sealed as refused."""
    result = rlmlite("exec", "-e", "hits = search(context limit=5)", "app.log", "--trace", "t.rlm")

    assert result.exit_code == Exit.REFUSED
    assert "line 1 col" in result.stderr
    assert "^" in result.stderr
    assert "status: refused (syntax)" in result.stdout
    assert rlmlite("trace", "verify", "t.rlm", "--at-least", "sealed").exit_code == Exit.COMPLETED


def test_an_unknown_action_is_refused_with_a_hint() -> None:
    """A program of which nothing can run is refused."""
    result = rlmlite("exec", "-e", 'final(serach(context, "x"))', "app.log")

    assert result.exit_code == Exit.REFUSED
    assert "did you mean `search`?" in result.stdout + result.stderr


def test_a_bound_that_bites_is_partial() -> None:
    """Three calls where two are allowed: the work that was done is there."""
    Path("script.jsonl").write_text('"a"\n"b"\n"c"\n', "utf-8")
    program = 'final(extract_over_chunks(chunk(context, size=34, by="lines"), "Read {chunk}"))'

    result = rlmlite("exec", "-e", program, "app.log", "--sub", "scripted:script.jsonl", "--limit", "sub_calls=2")

    assert result.exit_code == Exit.PARTIAL
    assert "sub_calls" in result.stdout


def test_calls_are_answered_by_the_sub() -> None:
    """A script's replies come back in the chunks' order, and the sum of what is unknown is unknown."""
    Path("script.jsonl").write_text('"a"\n"b"\n"c"\n', "utf-8")
    program = 'final(extract_over_chunks(chunk(context, size=34, by="lines"), "Read {chunk}"))'

    found = document("exec", "-e", program, "app.log", "--sub", "scripted:script.jsonl")

    assert (found["value"], found["status"]) == (["a", "b", "c"], "completed")
    assert found["usage"] == {"calls": 3, "input_tokens": None, "output_tokens": None, "cost_nano": None}


def test_the_baseline_says_what_it_is() -> None:
    """An answer of the extractive client is never passed off as a model's."""
    program = 'final(sub_lm("Question: which disk is 42? {context}"))'

    result = rlmlite("exec", "-e", program, "app.log", "--sub", "extractive:")

    assert "0042 INFO disk 42" in result.stdout
    assert "reads no meaning" in result.stdout


def test_a_missing_sub_is_said() -> None:
    """A program that calls a model, without one: the message says so."""
    result = rlmlite("exec", "-e", 'final(sub_lm("hello"))')

    assert result.exit_code in (Exit.FAILED, Exit.REFUSED)
    assert "--sub" in result.stderr + result.stdout


def test_a_dry_run_runs_nothing() -> None:
    """It says what the program may cost, and leaves no trace."""
    Path("script.jsonl").write_text('"a"\n', "utf-8")
    program = 'final(extract_over_chunks(chunk(context, size=10, by="lines"), "Read {chunk}"))'

    result = rlmlite("exec", "-e", program, "app.log", "--sub", "scripted:script.jsonl", "--dry-run")

    assert result.exit_code == Exit.COMPLETED
    assert "sub_calls" in result.stdout
    assert not Path(".rlmlite").exists()


def test_a_dry_run_finds_mistakes() -> None:
    """All problems, of the grammar and of the checker."""
    assert rlmlite("exec", "-e", "final(", "app.log", "--dry-run").exit_code == Exit.REFUSED
    checked = rlmlite("exec", "-e", "x = serach(a)\ny = show(b)", "app.log", "--dry-run")

    assert checked.exit_code == Exit.REFUSED
    assert "serach" in checked.stderr
    assert "`b`" in checked.stderr


def test_what_was_left_out_is_said() -> None:
    """A folder's binary files are warned of, and listed in the JSON."""
    Path("tree").mkdir()
    Path("tree/a.txt").write_bytes(b"caf\xe9")
    Path("tree/b.bin").write_bytes(b"\0")

    result = rlmlite("exec", "-e", "final(count(context))", "tree", "--json")

    assert "warning: context (tree): 1 left out, binary: b.bin" in result.stderr
    assert "1 bad bytes became U+FFFD in a.txt" in result.stderr
    found = json.loads(result.stdout)["inputs"]["context"]
    assert found["skipped"] == [{"path": "b.bin", "reason": "binary: a NUL byte at 0"}]
    assert found["replaced"] == {"a.txt": 1}


def test_content_cannot_steer_the_terminal() -> None:
    """Escape codes of an input are spelled out, in lines and in JSON."""
    Path("evil.txt").write_text("\x1b[2J\x9b31m ERROR \u202e\r gone", "utf-8")
    program = "show(context)\nfinal(context, evidence=search(context, /.*/))"

    lines, as_json = rlmlite("exec", "-e", program, "evil.txt"), rlmlite("exec", "-e", program, "evil.txt", "--json")

    for text in (lines.stdout, as_json.stdout):
        assert not set(text) & set("\x1b\x9b\u202e\r")
    assert "\\x1b[2J" in lines.stdout
    assert json.loads(as_json.stdout)["value"] == "\x1b[2J\x9b31m ERROR \u202e\r gone"


def made(*more: str) -> dict[str, Any]:
    return document("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm", *more)


def test_a_trace_is_shown() -> None:
    """A line a record."""
    made()

    result = rlmlite("trace", "show", "t.rlm")

    assert result.exit_code == Exit.COMPLETED
    assert "SEALED" in result.stdout
    assert "search" in result.stdout
    assert [record["kind"] for record in document("trace", "show", "t.rlm")["value"]][:2] == ["genesis", "turn"]


def test_a_trace_verifies_and_replays() -> None:
    """With its root; as lines and as JSON."""
    root = made()["root"]

    assert "SEALED" in rlmlite("trace", "verify", "t.rlm", "--root", root, "--at-least", "sealed").stdout
    assert document("trace", "verify", "t.rlm")["value"] == "SEALED"
    replayed = rlmlite("trace", "replay", "t.rlm", "--root", root)
    assert replayed.exit_code == Exit.COMPLETED, replayed.stdout
    assert "reproduced" in replayed.stdout
    assert document("trace", "replay", "t.rlm")["value"] == "reproduced"


def test_a_broken_trace_is_found() -> None:
    """A flipped byte, another root, too little proof, no trace: each with its code."""
    made()
    assert rlmlite("trace", "verify", "t.rlm", "--root", "0" * 64).exit_code == Exit.BROKEN
    assert rlmlite("trace", "verify", "nosuch.rlm").exit_code == Exit.INPUT

    data = bytearray(Path("t.rlm/trace.jsonl").read_bytes())
    lines = data.splitlines(keepends=True)
    Path("t.rlm/trace.jsonl").write_bytes(b"".join(lines[:-1]))
    assert rlmlite("trace", "verify", "t.rlm", "--at-least", "sealed").exit_code == Exit.BROKEN

    data[len(data) // 2] ^= 1
    Path("t.rlm/trace.jsonl").write_bytes(data)
    result = rlmlite("trace", "verify", "t.rlm")
    assert result.exit_code == Exit.BROKEN
    assert "trace.jsonl: line" in result.stderr
    assert json.loads(rlmlite("trace", "replay", "t.rlm", "--json").stdout)["reason"] == "trace_broken"


def test_a_replay_without_the_input_is_unverifiable() -> None:
    """A changed or moved file: no contradiction, and no proof. `--input` says where it is."""
    made()
    Path("app.log").rename("moved.log")
    Path("app.log").write_text("something else", "utf-8")

    missing = rlmlite("trace", "replay", "t.rlm")
    found = rlmlite("trace", "replay", "t.rlm", "--input", "context=moved.log")

    assert missing.exit_code == Exit.UNVERIFIABLE
    assert "--input context=PATH" in missing.stdout
    assert found.exit_code == Exit.COMPLETED


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.FORGED, Exit.DIFFERS), (Verdict.ENGINES, Exit.ENGINES)])
def test_a_difference_is_named(verdict: Verdict, code: Exit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which record, which field, what is recorded and what is computed."""
    made()
    difference = Difference(3, "writes[0].ref", "aa", "bb\x1b")
    replayed = Replayed(verdict, 2, 4, difference, {}, {"re2": ("1", "2")}, None, None)
    monkeypatch.setattr("rlmlite.cli.commands.replay.replay", lambda *_, **__: replayed)

    result = rlmlite("trace", "replay", "t.rlm")

    assert result.exit_code == code
    for words in ("record 3, writes[0].ref", "recorded aa", "computed bb\\x1b", "re2: recorded 1, here 2"):
        assert words in result.stdout


def test_what_holds_a_decoder_is_printed() -> None:
    """A decode grammar of a session's names, the tool that carries it, and a function that carries none."""
    rlmlite("session", "new", "s.rlm", "app.log")
    grammar = rlmlite("grammar", "--format", "llguidance", "--session", "s.rlm").stdout.rstrip("\n")
    tool = json.loads(rlmlite("grammar", "--format", "openai-tool", "--session", "s.rlm").stdout)
    last = rlmlite("grammar", "--format", "llguidance", "--only-final").stdout

    assert 'name0: "context"' in grammar
    assert tool["format"]["definition"].rstrip("\n") == grammar
    assert last.startswith("start: end0")
    assert document("grammar", "--format", "json-schema")["value"]["parameters"]["required"] == ["text"]


def test_a_grammar_of_no_session_is_refused() -> None:
    """No session is begun by asking for its grammar, and what changes nothing is said to."""
    assert rlmlite("grammar", "--format", "llguidance", "--session", "no.rlm").exit_code == Exit.INPUT
    assert not Path("no.rlm").exists()
    assert rlmlite("grammar", "--only-final").exit_code == Exit.USAGE


def test_the_grammar_is_printed() -> None:
    """As the parser has it, and as the table of actions."""
    assert "statement" in rlmlite("grammar").stdout
    assert "search(target" in rlmlite("grammar", "--format", "actions").stdout
    assert "search" in {action["name"] for action in document("grammar", "--format", "actions")["value"]}
    assert len(document("grammar")["digest"]) == 64


def test_usage_errors_are_two() -> None:
    """An option that there is not."""
    assert rlmlite("exec", "--nonsense").exit_code == Exit.USAGE
    assert rlmlite("nonsense").exit_code == Exit.USAGE


def test_every_exit_code_is_explained() -> None:
    """The table holds each code once."""
    assert set(MEANINGS) == set(Exit)
    assert table().count("\n") == len(Exit) + 1


def test_help_imports_nothing_heavy() -> None:
    """`--help` and `import rlmlite` stay quick."""
    heavy = "{'numpy', 'lark', 'structlog', 'asyncio', 'rich', 'msgspec', 'openai', 'pydantic'}"
    code = f"import sys, rlmlite.cli, rlmlite; print(sorted({heavy} & set(sys.modules)))"

    assert subprocess.check_output([sys.executable, "-c", code], encoding="utf-8") == "[]\n"


def test_a_pipe_gets_plain_lines() -> None:
    """No styles, no boxes, and the same in any locale."""
    done = process("exec", "-e", "final(context)", "-", input="größe", env={**os.environ, "LC_ALL": "C"})

    assert done.returncode == Exit.COMPLETED, done.stderr
    assert "\x1b" not in done.stdout
    assert "size" not in done.stderr


def _heed_interrupts() -> None:
    """What a shell runs in the background ignores SIGINT, and so would our process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_leaves_a_valid_open_trace(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a fan-out: code 130, no traceback, and a trace that verifies as OPEN."""
    (tmp_path / "big.log").write_text(LOG, "utf-8")
    program = 'final(extract_over_chunks(chunk(context, size=1, by="lines"), "Question: disk? {chunk}"))'
    arguments = ["exec", "-e", program, "big.log", "--sub", "mailbox:box", "--trace", "t.rlm"]
    running = subprocess.Popen(
        [sys.executable, "-m", "rlmlite", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=_heed_interrupts,
    )
    box = tmp_path / "box"  # nobody answers, so the calls stay out
    until = time.monotonic() + 60
    while time.monotonic() < until and not (box.is_dir() and any(box.iterdir())):
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)

    assert running.returncode == Exit.INTERRUPTED, errors
    assert "Traceback" not in errors
    assert document("trace", "verify", "t.rlm")["value"] == "OPEN"
