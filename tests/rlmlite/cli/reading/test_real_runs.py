"""Every command that reads traces, over traces as this version writes them: of each command, ended in each way."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite.cli.output.exits import Exit
from rlmlite_kernel.records.records import Step, Turn
from rlmlite_traces import verify
from rlmlite_traces.reading.story import Story
from tests.rlmlite.cli.commands import document, rlmlite
from tests.traces.reading.kept import redacted

READERS = (
    ("trace", "show"),
    ("trace", "show", "--full", "--prompts", "--answers"),
    ("trace", "show", "--json"),
    ("trace", "show", "--records"),
    ("trace", "why"),
    ("trace", "egress"),
    ("trace", "egress", "--exact", "--json"),
    ("trace", "audit"),
    ("trace", "audit", "--full", "--json"),
)
"""What is run over each trace, whose path follows the first two words."""

MAY_END = {Exit.COMPLETED, Exit.FAILED, Exit.UNVERIFIABLE}
"""How they end: `why` fails where there is no answer, an audit where something cannot be verified."""

NESTED = 'a = sub_rlm("How many?", context=context.lines[0:5])\nfinal(a)'


def scripted(name: str, *replies: str) -> str:
    Path(name).write_text("".join(json.dumps({"text": each}) + "\n" for each in replies))
    return f"scripted:{name}"


def an_exec() -> None:
    rlmlite("exec", "-e", 'h = search(context, "ERROR")\nfinal(count(h), evidence=h)', "app.log", "--trace", "t.rlm")


def a_refusal() -> None:
    rlmlite("exec", "-e", "x = serach(context", "app.log", "--trace", "t.rlm")


def a_failure() -> None:
    rlmlite("exec", "-e", "x = 1 + context", "app.log", "--trace", "t.rlm")


def a_question() -> None:
    controller = scripted("c", 'h = search(context, "ERROR")', "prose", "final(count(h), evidence=h)")
    rlmlite("ask", "How many?", "app.log", "--controller", controller, "--trace", "t.rlm")


def a_question_that_runs_out() -> None:
    controller = scripted("c", *["x = count(context.lines)"] * 3)
    limits = ("--limit", "turns=3", "--require-evidence")
    rlmlite("ask", "How many?", "app.log", "--controller", controller, "--trace", "t.rlm", *limits)


def a_nested_run() -> None:
    controller = scripted("c", NESTED)
    nested = scripted("n", 'h = count(search(context, "ERROR"))', "final(h)")
    rlmlite("ask", "How many?", "app.log", "--controller", controller, "--nested", nested, "--trace", "t.rlm")


def a_tool() -> None:
    Path("mine.py").write_text(
        "from rlmlite.tools import tool\n\n"
        "@tool(side_effects=False)\n"
        'def owner(part: str) -> str:\n    """Whose it is."""\n    return f"ann of {part}"\n'
    )
    program = "x = owner(part=context.lines[1])\ny = tool_over_rows(context.lines[1:3], owner, {part: .text})\nfinal(x)"
    rlmlite("exec", "-e", program, "app.log", "--tool", "mine.py:owner", "--trace", "t.rlm")


def an_open_session() -> None:
    rlmlite("session", "new", "t.rlm", "app.log")
    rlmlite("session", "exec", "t.rlm", "-e", 'h = search(context, "ERROR")\nfinal(count(h))')
    Path("more.log").write_text("more ERROR\n")
    rlmlite("session", "add", "t.rlm", "more=more.log", "--limit", "turns=40")
    rlmlite("session", "exec", "t.rlm", "-e", "n = count(search(more, /ERROR/)) + answer_1")


def a_sealed_session() -> None:
    an_open_session()
    rlmlite("session", "seal", "t.rlm")


def a_session_that_waits() -> None:
    rlmlite("session", "new", "t.rlm", "app.log")
    rlmlite("session", "exec", "t.rlm", "-e", 'a = sub_lm("What? {x}", x=context.lines[0:2])\nfinal(a)')


def a_packed_trace() -> None:
    a_nested_run()
    rlmlite("trace", "pack", "t.rlm", "p.rlmz")
    Path("t.rlm").rename("elsewhere")
    Path("p.rlmz").rename("t.rlm")


OFTEN = (a_question, a_nested_run, a_sealed_session)
RARELY: tuple[Callable[[], None], ...] = (
    an_exec,
    a_refusal,
    a_failure,
    a_question_that_runs_out,
    a_tool,
    an_open_session,
    a_session_that_waits,
    a_packed_trace,
)
"""Those that only the sweep tries."""


def read_all(trace: str) -> dict[tuple[str, ...], int]:
    """How each reader ended. What it does not expect, the helper raises."""
    ends: dict[tuple[str, ...], int] = {}
    for words in READERS:
        result = rlmlite(*words[:2], trace, *words[2:])
        ends[words] = result.exit_code
        assert result.stdout or words[1] == "why"
    return ends


@pytest.mark.parametrize("run", [*OFTEN, *(pytest.param(run, marks=pytest.mark.slow) for run in RARELY)])
def test_every_reader_reads_every_run(run: Callable[[], None]) -> None:
    """And tells nothing as wrong: it is as it was written. Its inputs may be gone."""
    run()

    assert set(read_all("t.rlm").values()) <= MAY_END
    assert document("trace", "diff", "t.rlm", "t.rlm")["value"]["divergence"] is None
    Path("app.log").unlink()
    assert rlmlite("trace", "show", "t.rlm").exit_code == Exit.COMPLETED
    assert rlmlite("trace", "egress", "t.rlm", "--exact").exit_code == Exit.COMPLETED


def test_a_run_that_was_killed_is_read() -> None:
    """In the middle of its calls: what it has written is whole."""
    program = 'h = search(context, "ERROR")\na = sub_lm("wait {x}", x=h)\nfinal(a)'
    slow = "import time, rlmlite\nfrom pathlib import Path\nclass Slow:\n    model = 'slow'\n"
    slow += "    async def complete(self, text, request):\n        time.sleep(60)\n"
    slow += f"rlmlite.execute({program!r}, Path('app.log'), sub=Slow(), trace=Path('t.rlm'))\n"
    process = subprocess.Popen([sys.executable, "-c", slow])
    until = time.monotonic() + 30
    while time.monotonic() < until and not _has_step(Path("t.rlm/trace.jsonl")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()

    assert set(read_all("t.rlm").values()) <= MAY_END
    assert "open: there is no seal" in rlmlite("trace", "show", "t.rlm").stdout
    assert document("trace", "ls", ".")["value"][0]["status"] == "open"


def _has_step(path: Path) -> bool:
    return path.exists() and b'"kind":"step"' in path.read_bytes()


def test_what_was_redacted_cannot_be_explained() -> None:
    """`why` says which step cannot be told; whatever else is asked is answered."""
    a_question()
    trace = redacted(verify(Path("t.rlm")), lambda record: [record.ast] if isinstance(record, Step) else [])
    Path("t.rlm/trace.jsonl").write_bytes(trace.lines[0])
    Path("t.rlm/blobs.jsonl").write_bytes(trace.contents._data)

    result = rlmlite("trace", "why", "t.rlm")

    assert result.exit_code == Exit.UNVERIFIABLE
    assert "[redacted]" in result.stdout
    assert "a statement behind it was redacted" in result.stderr
    assert set(read_all("t.rlm").values()) <= MAY_END


def test_a_session_that_is_sealed_is_shown_by_its_trace() -> None:
    """`session show` opens no sealed one for writing, and shows it all the same."""
    a_sealed_session()
    Path("app.log").unlink()

    shown = rlmlite("session", "show", "t.rlm")

    assert shown.exit_code == Exit.COMPLETED
    assert "added by the host:\n  input more: text, 11 bytes, more.log, sha256 " in shown.stdout
    assert "  limits: turns 40\n" in shown.stdout
    assert [type(each).__name__ for each in Story(verify(Path("t.rlm"))).chapters()] == [
        "TurnStory",
        "AdditionStory",
        "TurnStory",
    ]
    assert isinstance(verify(Path("t.rlm")).records[1], Turn)
