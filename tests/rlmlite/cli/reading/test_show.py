"""`rlmlite trace show`: a trace as its reader needs it, whoever wrote it."""

import json
import shutil
from pathlib import Path

import pytest

from rlmlite.cli.commands.traces.reading.show import show
from rlmlite.cli.commands.traces.reading.story_lines import Details
from rlmlite.cli.output.exits import Exit
from tests.rlmlite.cli.commands import COUNT_ERRORS, document, rlmlite
from tests.traces.reading.kept import GOLDEN, KEPT

FAN_OUT = """parts = chunk(context, size=600)
said = extract_over_chunks(parts, "Errors? {chunk}")
final(said[0])"""


@pytest.fixture
def fan_out() -> str:
    """A run with calls, whose model answers with an escape sequence."""
    replies = [{"text": f"\x1b]0;owned\x07 {n}\nstatus: completed"} for n in range(9)]
    Path("sub.jsonl").write_text("".join(json.dumps(each) + "\n" for each in replies))
    rlmlite("exec", "-e", FAN_OUT, "app.log", "--sub", "scripted:sub.jsonl", "--trace", "fan.rlm")
    return "fan.rlm"


def test_a_trace_is_shown() -> None:
    """Models, inputs, the program with its lines, steps with what they showed, the answer and its evidence."""
    rlmlite("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm")

    shown = rlmlite("trace", "show", "t.rlm").stdout

    assert "t.rlm: SEALED, 6 records, root " in shown
    assert "input context: text, 1,800 bytes, app.log, sha256 " in shown
    assert '    1  hits = search(context, "ERROR")\n    2  final(count(hits), evidence=hits)\n' in shown
    assert "  step 1, line 1: search reads context writes hits (hits, " in shown
    assert "status: completed, after 3 steps\nanswer:\n    | 10\n" in shown
    assert "context:app.log:1 bytes 5 to 10 [verbatim]: ERROR" in shown


def test_prompts_and_answers_are_shown_on_demand(fan_out: str) -> None:
    """Without the flags, calls are counted only; content that the trace does not hold is named by its place."""
    plain = rlmlite("trace", "show", fan_out).stdout
    whole = rlmlite("trace", "show", fan_out, "--prompts", "--answers").stdout

    assert "    calls: 4\n" in plain
    assert "Errors?" in plain
    assert "      > Errors? <data" not in plain
    assert "      > Errors? <data" in whole
    assert "      > [588 bytes of context:app.log, from byte 0 on]" in whole
    assert "      < " in whole


def test_a_hostile_trace_can_neither_steer_the_terminal_nor_pass_for_our_words(fan_out: str) -> None:
    """Control characters are spelled out, and each quoted line stands behind a bar."""
    shown = rlmlite("trace", "show", fan_out, "--full", "--prompts", "--answers").stdout

    assert "\x1b" not in shown
    assert "\\x1b]0;owned\\x07" in shown
    assert [line for line in shown.split("\n") if line.startswith("status:")] == ["status: completed, after 3 steps"]


def test_json_is_the_whole_story(fan_out: str) -> None:
    """Chapters in order, each step with its calls, each call with its prompt; or the records as they are."""
    story = document("trace", "show", fan_out)["value"]
    records = document("trace", "show", fan_out, "--records")["value"]

    (turn,) = story["chapters"]
    assert [step["op"] for step in turn["steps"]] == ["chunk", "extract_over_chunks", "index", "final"][
        : len(turn["steps"])
    ] or turn
    assert [len(step.get("made", ())) for step in turn["steps"]][1] == 4
    assert turn["steps"][1]["made"][0]["prompt"][1]["input"] == "context"
    assert [record["kind"] for record in records][:2] == ["genesis", "turn"]


@pytest.mark.parametrize("place", KEPT, ids=lambda place: f"{place.parent.name}-{place.stem}")
def test_every_kept_trace_is_shown(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In short and in full."""
    for details in (Details(), Details(full=True, prompts=True, answers=True)):
        assert show(place, [], details, records=False, as_json=False) is Exit.COMPLETED
        assert "status: " in capsys.readouterr().out


def test_sessions_are_shown_without_their_inputs() -> None:
    """An open one, whose inputs are gone, and a sealed one, which no session command opens."""
    rlmlite("session", "new", "s.rlm", "app.log")
    rlmlite("session", "exec", "s.rlm", "-e", 'hits = search(context, "ERROR")')
    Path("app.log").unlink()

    opened = rlmlite("trace", "show", "s.rlm")
    assert "open: there is no seal" in opened.stdout
    assert 'hits = search(context, "ERROR")' in opened.stdout

    shutil.copytree(GOLDEN / "2.3" / "agent.rlm", "sealed.rlm")
    assert "status: completed" in rlmlite("trace", "show", "sealed").stdout
