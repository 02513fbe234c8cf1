"""The comparison with the peers runs, and says of each what was seen. What it measures is no test."""

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.logs import log_file
from benchmarks.peers.__main__ import BEGIN, END, paste
from benchmarks.peers.cases import CASES, Case, cell
from benchmarks.peers.doubts import DOUBTS
from benchmarks.peers.figures import (
    ANCHOR,
    FAN_OUT,
    ONCE,
    QUESTIONS,
    SYSTEMS,
    TASKS,
    TWO_TURNS,
    System,
    Task,
    WrongAnswerError,
    seen_of,
)
from benchmarks.peers.jobs import CallFailedError, Job, Turn, Watch
from benchmarks.peers.processes import PEERS, done, missing

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "beside-its-peers.md"
CASE = {case.text: case for case in (*CASES, *DOUBTS)}


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of 10 kB, with nothing left in the user's folder for temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return log_file(10**4)


def seen_of_case(text: str, system: str, log: Path) -> tuple[Case, dict[str, Any]]:
    return CASE[text], done(CASE[text].job(system, str(log)), 60)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_rlmlite_does_a_task(task: Task, log: Path) -> None:
    """It gives the answer that the input's bytes give, and there is a figure for every question."""
    expected = task.expected(log.read_bytes())

    timed, weighed = (seen_of(ANCHOR, task, log, runs, expected) for runs in (1, 0))

    assert timed["sub_calls"] == (1_000 if task is FAN_OUT else 0)
    for question in QUESTIONS:
        if question.task is task:
            assert all(value > 0 for value in question.values(weighed if question.weighed else timed))


@pytest.mark.parametrize("system", SYSTEMS[2:], ids=lambda system: system.title)
def test_a_peer_does_a_task(system: System, log: Path) -> None:
    """A peer gives the same answer to the same script."""
    if why := missing(system.name):
        pytest.skip(why)

    seen = seen_of(system, TWO_TURNS, log, 0, TWO_TURNS.expected(log.read_bytes()))

    assert seen["asked"] == 2
    assert bool(seen["record_bytes"]) == system.keep


def test_a_wrong_answer_is_not_measured(log: Path) -> None:
    """A system that gives another answer is not compared."""
    with pytest.raises(WrongAnswerError, match="expected -1, found"):
        seen_of(ANCHOR, TWO_TURNS, log, 0, -1)


@pytest.mark.parametrize("text", CASE)
def test_rlmlite_survives_a_case(text: str, log: Path) -> None:
    """Nothing that its controller sends hangs it or escapes from it."""
    case, seen = seen_of_case(text, "rlmlite", log)

    assert "; lived, asked " in cell(case, "rlmlite", seen)
    assert "recorded" in cell(case, "rlmlite", seen) or "the record" in cell(case, "rlmlite", seen)


@pytest.mark.parametrize("system", PEERS)
def test_a_peer_runs_its_own_fence(system: str, log: Path) -> None:
    """A peer's program is run when it stands in the fence that its prompt asks for."""
    if why := missing(system):
        pytest.skip(why)
    own = "a `python` fence" if system == "dspy" else "a `repl` fence"

    case, seen = seen_of_case(own, system, log)

    assert cell(case, system, seen) == "run at once; lived, asked 1 time; recorded"


def test_an_endless_loop_is_killed(log: Path) -> None:
    """A process that takes too long is killed, and the table says so."""
    job = CASE["prose only"].job("rlmlite", str(log))

    seen = done(job, 0.05)

    assert cell(CASE["prose only"], "rlmlite", seen) == "**hung**, killed after 0 s; no record"


def test_cells_follow_from_observations() -> None:
    """One case with three different endings is described in three ways."""
    case = CASE["10 sub-calls at once, cap 6"]
    seen = {"raised": "", "value": "42", "end": "", "asked": 2, "sub_calls": 0, "record": "{}"}
    raised = seen | {"raised": "LimitError: 10 of 6", "asked": 1, "sub_calls": 10}
    turn = {"record": case.turns[0].python.partition("\n")[0].replace('"', '\\"')}
    named = turn["record"] + " LLM call limit exceeded"

    assert cell(case, "rlms", seen) == "0 calls made; lived, asked 2 times; the record lacks the turn"
    assert cell(case, "rlms", seen | turn).endswith("the record does not name the fault")
    assert cell(case, "rlms", seen | {"record": named}).endswith("the record names the fault")
    assert cell(case, "rlms", raised | {"record": ""}) == (
        "**raised** `LimitError`; 10 calls made, more than the cap; asked 1 time; no record"
    )


def test_a_scripted_model_repeats_itself_and_fails_on_request() -> None:
    """It repeats its last reply, fails a sub-call by its prompt, and counts each call."""
    watch = Watch(["a", "b"], fails_on="bad")

    assert [watch.controller(), watch.controller(), watch.controller()] == ["a", "b", "b"]
    assert watch.sub("an INFO line") == "yes"
    with pytest.raises(CallFailedError):
        watch.sub("a bad line")
    assert (watch.sub_calls, len(watch.asked), len(watch.answered)) == (2, 3, 3)


def test_a_job_comes_through_a_pipe() -> None:
    """A job that is written to a pipe is read back unchanged."""
    job = Job("rlmlite", "a.log", "How many?", (Turn("x = 1", "x = 1"), Turn("", "", "x", "x", "open")), "there")

    assert Job.read(job.text()) == job


def test_tables_are_pasted_between_the_marks(tmp_path: Path) -> None:
    """The text before and after the marks stays; a page without marks is refused."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")

    paste("new\n", page)

    assert page.read_text("utf-8") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    page.write_text("no marks\n", "utf-8")
    with pytest.raises(SystemExit, match="expected the lines"):
        paste("new", page)


def test_the_page_has_every_row() -> None:
    """The tables of the page have a row for every question and every case, and no others."""
    tables = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = set(re.findall(r"^\| (.+?) \|", tables, re.MULTILINE))
    asked = {question.text for question in QUESTIONS} | {text for text, _, _ in ONCE}

    assert rows - {"question", "---", "the controller sends", "the controller sends, or meets"} == asked | CASE.keys()
