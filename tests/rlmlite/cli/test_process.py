"""The command as a process: quick to start, plain in a pipe, stopped by Ctrl-C; the grammars that it prints."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from rlmlite.cli.output.exits import Exit
from tests.rlmlite.cli.commands import LOG, document, process, rlmlite


def test_decode_grammars_and_tools_are_printed() -> None:
    """A grammar for the names of a session, the tool that carries it, and a function that does not."""
    rlmlite("session", "new", "s.rlm", "app.log")
    grammar = rlmlite("grammar", "--format", "llguidance", "--session", "s.rlm").stdout.rstrip("\n")
    tool = json.loads(rlmlite("grammar", "--format", "openai-tool", "--session", "s.rlm").stdout)
    last = rlmlite("grammar", "--format", "llguidance", "--only-final").stdout

    assert 'name0: "context"' in grammar
    assert tool["format"]["definition"].rstrip("\n") == grammar
    assert last.startswith("start: end0")
    assert document("grammar", "--format", "function-tool")["value"]["parameters"]["required"] == ["text"]
    schema = document("grammar", "--format", "json-schema", "--session", "s.rlm")["value"]
    assert schema["$defs"]["name0"]["enum"] == ["context"]
    assert rlmlite("grammar", "--format", "gbnf", "--only-final").stdout.startswith("root ::= end0\n")


def test_a_grammar_of_no_session_is_refused() -> None:
    """Asking for the grammar of a session begins none, and is refused if there is none."""
    assert rlmlite("grammar", "--format", "llguidance", "--session", "no.rlm").exit_code == Exit.INPUT
    assert not Path("no.rlm").exists()
    assert rlmlite("grammar", "--only-final").exit_code == Exit.USAGE


def test_the_grammar_is_printed() -> None:
    """`grammar` prints the grammar as the parser has it, or the table of actions."""
    assert "statement" in rlmlite("grammar").stdout
    assert "search(target" in rlmlite("grammar", "--format", "actions").stdout
    assert "search" in {action["name"] for action in document("grammar", "--format", "actions")["value"]}
    assert len(document("grammar")["digest"]) == 64


def test_a_pipe_gets_plain_lines() -> None:
    """In a pipe there are no styles and no boxes, and the text is the same in any locale."""
    done = process("exec", "-e", "final(context)", "-", input="größe", env={**os.environ, "LC_ALL": "C"})

    assert done.returncode == Exit.COMPLETED, done.stderr
    assert "\x1b" not in done.stdout
    assert "size" not in done.stderr


def _heed_interrupts() -> None:
    """What a shell runs in the background ignores SIGINT, and so would our process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_leaves_a_valid_open_trace(tmp_path: Path) -> None:
    """Ctrl-C during a fan-out exits with 130 and no traceback, and the trace verifies as OPEN."""
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
