"""`rlmlite exec`: the answer, its evidence, where the trace is, and what a run may cost."""

import json
from pathlib import Path

import pytest

from rlmlite.cli.output.exits import Exit
from tests.rlmlite.cli.commands import COUNT_ERRORS, LOG, document, rlmlite

KEY = "5a" * 32


def test_exec_answers_with_evidence() -> None:
    """It prints the answer, the places that support it, and where the trace is."""
    result = rlmlite("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm")

    assert result.exit_code == Exit.COMPLETED
    assert "answer\n    10\n" in result.stdout
    assert "evidence (10)" in result.stdout
    assert "app.log:11: ERROR [verbatim]" in result.stdout
    assert "status: completed" in result.stdout
    assert "trace: t.rlm" in result.stdout
    assert result.stderr == ""


def test_evidence_is_counted_whole() -> None:
    """What is written out is told from how much there is, on the screen and as JSON; a quote says its count."""
    Path("long.log").write_text("ERROR disk\n" * 2_500)
    program = 'h = search(context, "ERROR")\nfinal(count(h), evidence=h)'
    screen = rlmlite("exec", "-e", program, "long.log").stdout
    found = document("exec", "-e", program, "long.log")
    quoted = rlmlite("exec", "-e", 'final(1, evidence="ERROR")', "long.log").stdout

    assert "evidence (1,000 of 2,500)\n" in screen
    assert "... and 2,480 more\n" in screen
    assert (len(found["evidence"]), found["evidence_total"]) == (1_000, 2_500)
    assert "long.log:1: ERROR [verbatim, 2,500 times]" in quoted


def test_equal_files_of_a_folder_are_cited_apart() -> None:
    """Of two equal files the one is cited that was searched."""
    Path("docs").mkdir()
    for name in ("a.txt", "b.txt"):
        (Path("docs") / name).write_text("ERROR disk\n")
    program = 'h = search(context, "ERROR")\nb = where(h, .doc == "b.txt")\nfinal(b.doc, evidence=b)'
    screen = rlmlite("exec", "-e", program, "docs").stdout

    assert "evidence (1)\n    b.txt:1: ERROR [verbatim]\n" in screen


def test_exec_as_json_is_one_object() -> None:
    """The object has all documented keys, with the whole outcome."""
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
    assert found["budget"]["sub_calls"] == {"used": 0, "reserved": 0, "limit": 1_000}
    assert found["usage"] == {"calls": 0, "input_tokens": 0, "output_tokens": 0, "cost_nano": 0}
    assert len(found["root"]) == 64


def test_a_program_is_a_file_or_standard_input() -> None:
    """`-` in place of a file name reads the program from standard input."""
    Path("count.act").write_text(COUNT_ERRORS, "utf-8")

    assert "    10\n" in rlmlite("exec", "count.act", "app.log").stdout
    assert "    10\n" in rlmlite("exec", "-", "app.log", input=COUNT_ERRORS).stdout


def test_an_input_may_be_standard_input() -> None:
    """`-` among the inputs, with or without a name, is standard input."""
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


def test_a_limit_that_is_reached_makes_the_run_partial() -> None:
    """With three calls where two are allowed, the work that was done is in the result."""
    Path("script.jsonl").write_text('"a"\n"b"\n"c"\n', "utf-8")
    program = 'final(extract_over_chunks(chunk(context, size=34, by="lines"), "Read {chunk}"))'

    result = rlmlite("exec", "-e", program, "app.log", "--sub", "scripted:script.jsonl", "--limit", "sub_calls=2")

    assert result.exit_code == Exit.PARTIAL
    assert "sub_calls" in result.stdout


def test_calls_are_answered_by_the_sub() -> None:
    """Replies of a script come back in the order of the chunks; a sum that includes an unknown is unknown."""
    Path("script.jsonl").write_text('"a"\n"b"\n"c"\n', "utf-8")
    program = 'final(extract_over_chunks(chunk(context, size=34, by="lines"), "Read {chunk}"))'

    found = document("exec", "-e", program, "app.log", "--sub", "scripted:script.jsonl")

    assert (found["value"], found["status"]) == (["a", "b", "c"], "completed")
    assert found["usage"] == {"calls": 3, "input_tokens": None, "output_tokens": None, "cost_nano": None}


def test_the_baseline_says_what_it_is() -> None:
    """An answer of the extractive client is never presented as a model's."""
    program = 'final(sub_lm("Question: which disk is 42? {context}"))'

    result = rlmlite("exec", "-e", program, "app.log", "--sub", "extractive:")

    assert "0042 INFO disk 42" in result.stdout
    assert "reads no meaning" in result.stdout


def test_a_missing_sub_is_reported() -> None:
    """A program that calls a model without `--sub` fails with a message that says so."""
    result = rlmlite("exec", "-e", 'final(sub_lm("hello"))')

    assert result.exit_code in (Exit.FAILED, Exit.REFUSED)
    assert "--sub" in result.stderr + result.stdout


def test_a_dry_run_runs_nothing() -> None:
    """It prints what the program may cost, and leaves no trace."""
    Path("script.jsonl").write_text('"a"\n', "utf-8")
    program = 'final(extract_over_chunks(chunk(context, size=10, by="lines"), "Read {chunk}"))'

    result = rlmlite("exec", "-e", program, "app.log", "--sub", "scripted:script.jsonl", "--dry-run")

    assert result.exit_code == Exit.COMPLETED
    assert "sub_calls" in result.stdout
    assert not Path(".rlmlite").exists()


@pytest.mark.parametrize(
    "model", ["openai:gpt-5", "openai-responses:gpt-5", "ollama:llama3", "http://127.0.0.1:9/v1#m"]
)
def test_a_dry_run_needs_no_key_and_no_server(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It checks the program and prices it, whatever plays the roles; a run asks for the key."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    program = ("exec", "-e", 'final(sub_lm("What is in {context}?", context=context))', "app.log", "--sub", model)

    assert rlmlite(*program, "--dry-run").exit_code == Exit.COMPLETED
    if model.startswith("openai"):
        assert "OPENAI_API_KEY" in rlmlite(*program).stderr


def test_a_dry_run_finds_mistakes() -> None:
    """It lists every problem that the grammar and the checker find."""
    assert rlmlite("exec", "-e", "final(", "app.log", "--dry-run").exit_code == Exit.REFUSED
    checked = rlmlite("exec", "-e", "x = serach(a)\ny = show(b)", "app.log", "--dry-run")

    assert checked.exit_code == Exit.REFUSED
    assert "serach" in checked.stderr
    assert "`b`" in checked.stderr


def test_what_was_left_out_is_reported() -> None:
    """A folder's binary files are named in a warning, and listed in the JSON."""
    Path("tree").mkdir()
    Path("tree/a.txt").write_bytes(b"caf\xe9")
    Path("tree/b.bin").write_bytes(b"\0")

    result = rlmlite("exec", "-e", "final(count(context))", "tree", "--json")

    assert "warning: context (tree): 1 left out, binary: b.bin" in result.stderr
    assert "1 bad byte became U+FFFD in a.txt" in result.stderr
    found = json.loads(result.stdout)["inputs"]["context"]
    assert found["skipped"] == [{"path": "b.bin", "reason": "binary: a NUL byte at 0"}]
    assert found["replaced"] == {"a.txt": 1}


WITH_REMARKS = 'h = search(context, "ERROR", limit=1)\nfinal(count(where(h, .line == "1")))'
"""A search that keeps less than it finds, as requested, and a comparison that is most likely a slip."""


def test_exec_says_what_may_be_wrong_apart_from_what_was_requested() -> None:
    """Warnings and notes stand below the answer, and in the JSON object."""
    screen = rlmlite("exec", "-e", WITH_REMARKS, "app.log", "--trace", "a.rlm").stdout
    found = document("exec", "-e", WITH_REMARKS, "app.log", "--trace", "b.rlm")

    assert '\nwarnings\n    `.line == "1"`: 1 of 1 rows compared text with a number' in screen
    assert "\nnotes\n    1 of 10 hits are kept\n" in screen
    assert [each["code"] for each in found["warnings"]] == ["kinds_mixed", "rests_on_warning"]
    assert (found["status"], found["reason"]) == ("partial", "rests_on_warning")
    assert found["notes"] == [
        {"code": "hits_limited", "message": "1 of 10 hits are kept", "n": 1, "example": "", "input": "", "line": 0}
    ]
