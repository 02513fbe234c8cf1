"""`rlmlite show`, `verify` and `replay`: what they say of a trace, sound or broken."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlmlite.cli.output.exits import Exit
from rlmlite_traces import Difference, Replayed, Verdict
from tests.rlmlite.cli.commands import COUNT_ERRORS, document, rlmlite


def write_trace(*more: str) -> dict[str, Any]:
    return document("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm", *more)


def test_a_trace_is_listed_record_by_record() -> None:
    """`trace show --records` prints one line per record."""
    write_trace()

    result = rlmlite("trace", "show", "t.rlm", "--records")

    assert result.exit_code == Exit.COMPLETED
    assert "SEALED" in result.stdout
    assert "search" in result.stdout
    assert [record["kind"] for record in document("trace", "show", "t.rlm", "--records")["value"]][:2] == [
        "genesis",
        "turn",
    ]


def test_a_trace_verifies_and_replays() -> None:
    """Both commands print the root, as plain lines and as JSON."""
    root = write_trace()["root"]

    assert "SEALED" in rlmlite("trace", "verify", "t.rlm", "--root", root, "--at-least", "sealed").stdout
    assert document("trace", "verify", "t.rlm")["value"] == "SEALED"
    replayed = rlmlite("trace", "replay", "t.rlm", "--root", root)
    assert replayed.exit_code == Exit.COMPLETED, replayed.stdout
    assert "reproduced" in replayed.stdout
    assert document("trace", "replay", "t.rlm")["value"] == "reproduced"


def test_a_broken_trace_is_refused() -> None:
    """A flipped byte, another root, too little proof and a missing trace have exit codes of their own."""
    write_trace()
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
    """A changed or moved file neither contradicts the trace nor proves it; `--input` says where the file is."""
    write_trace()
    Path("app.log").rename("moved.log")
    Path("app.log").write_text("something else", "utf-8")

    missing = rlmlite("trace", "replay", "t.rlm")
    found = rlmlite("trace", "replay", "t.rlm", "--input", "context=moved.log")

    assert missing.exit_code == Exit.UNVERIFIABLE
    assert "--input context=app.log" in missing.stdout
    assert found.exit_code == Exit.COMPLETED


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.FORGED, Exit.DIFFERS), (Verdict.ENGINES, Exit.ENGINES)])
def test_a_difference_is_named(verdict: Verdict, code: Exit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the record, the field, the recorded value and the computed one."""
    write_trace()
    difference = Difference(3, "writes[0].ref", "aa", "bb\x1b")
    replayed = Replayed(verdict, 2, 4, difference, {}, {"re2": ("1", "2")}, None, None)
    monkeypatch.setattr("rlmlite.cli.commands.traces.replaying.replay.replay", lambda *_, **__: replayed)

    result = rlmlite("trace", "replay", "t.rlm")

    assert result.exit_code == code
    for words in ("record 3, writes[0].ref", "recorded aa", "computed bb\\x1b", "re2: recorded 1, here 2"):
        assert words in result.stdout
