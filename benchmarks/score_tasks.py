"""Scores of action programs on the shared task set: python benchmarks/score_tasks.py [--data DIR] [KIND ...]

Every kind of question has one program, `tasks/<use case>/<kind>.act`. Its first line is a comment with a regex for the
question: what the named groups find becomes a variable. `# with: FILE` puts another file's statements before it; before
a log's program goes the line that parses the log, from `tasks/log_qa/formats.toml`. Python works nothing else out.

The model of the labelling tasks is an oracle that looks every line up in `*.labels.json`: what is scored is the
program, not a model.
"""

import argparse
import json
import re
import runpy
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from rlmlite_grammar import parse
from rlmlite_kernel import (
    Answered,
    Input,
    MemoryBlobs,
    Role,
    RunKey,
    Settings,
    Source,
    Suspended,
    Text,
    advance,
    begin,
    render,
    resume,
)

PROGRAMS = Path(__file__).parent / "tasks"
USE_CASES = ("log_qa", "aggregation", "categorization")
SETTINGS = Settings(roles={"sub": Role(model="scripted:oracle")})
KEY = RunKey(bytes(32))


class Task(NamedTuple):
    """A question, with where the data for it is."""

    use_case: str
    kind: str
    id: str
    question: str
    files: dict[str, Path]
    labels: Path | None
    given: dict[str, Any]


class Outcome(NamedTuple):
    """What a program answered, the lines that it gave as evidence, and how long it took."""

    answer: Any
    lines: frozenset[int]
    ms: float


class Figures(NamedTuple):
    """The score of an answer, the share of its evidence that is right, and the milliseconds it took."""

    score: float
    evidence: float
    ms: float


Row: TypeAlias = tuple[Task, Figures]
Score: TypeAlias = Callable[[dict[str, Any], Any], float]


class ProgramError(Exception):
    """A program that gave no answer, with what it showed instead."""


def tasks(data: Path, use_case: str) -> list[Task]:
    """The tasks of a use case."""
    lines = (data / "dev" / "tasks" / f"{use_case}.jsonl").read_text("utf-8").splitlines()
    return [_task(json.loads(line), data / "dev") for line in lines]


def _task(given: dict[str, Any], root: Path) -> Task:
    files = {name: root / value["file"] for name, value in given["inputs"].items()}
    labels = root / given["oracle_labels"]["file"] if "oracle_labels" in given else None
    kind = given.get("kind") or re.sub(r"^cat-\d+-", "", given["id"].removeprefix("dev/")).split("-")[0]
    return Task(given["use_case"], kind, given["id"], given["question"], files, labels, given)


def program(task: Task) -> str:
    """The program of a task: its parameters and the lines of its log, then the program of its kind."""
    text = (PROGRAMS / task.use_case / f"{task.kind}.act").read_text("utf-8")
    pattern = text.split("\n", 1)[0].removeprefix("# question: ")
    found = re.search(pattern, task.question)
    if found is None:
        raise ProgramError(f"{task.id}: {pattern!r} does not find its question")
    parameters = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in found.groupdict().items()]
    names = re.findall(r"^# with: (\S+)$", text, re.MULTILINE)
    before = [(PROGRAMS / task.use_case / name).read_text("utf-8") for name in names]
    return "".join([line_form(task), *parameters, *before, text])


def line_form(task: Task) -> str:
    """The statement that parses the lines of a log; nothing for other tasks."""
    if task.use_case != "log_qa":
        return ""
    formats = tomllib.loads((PROGRAMS / "log_qa" / "formats.toml").read_text("utf-8"))
    return f"lines = parse_lines(logs, /{formats[task.files['logs'].name.split('_')[0]]}/)\n"


def run(task: Task) -> Outcome:
    """A task's program, run over its inputs. Raises `ProgramError`."""
    text, oracle = program(task), oracle_of(task)
    began, blobs = time.perf_counter(), MemoryBlobs()
    inputs = {name: _input(path.read_bytes(), blobs) for name, path in task.files.items()}
    turn = advance(begin(inputs, SETTINGS, KEY).state, parse(text), blobs)
    while isinstance(turn, Suspended):
        replies = [Answered(oracle(render(request.prompt, blobs))) for request in turn.requests]
        turn = resume(turn, replies, blobs)
    answer = turn.state.answer
    if answer is None:
        raise ProgramError(f"{task.id}: no answer\n{turn.observation}")
    lines = frozenset(item.line for item in answer.evidence)
    return Outcome(answer.value, lines, (time.perf_counter() - began) * 1e3)


def _input(content: bytes, blobs: MemoryBlobs) -> Input:
    return Input(Text(blobs.put(content), 0, len(content)), Source("text"), content)


def oracle_of(task: Task) -> Callable[[str], str]:
    """A sub-model that knows the label of every line, by the number that the line begins with."""
    if task.labels is None:
        return lambda prompt: ""
    known: dict[str, str] = json.loads(task.labels.read_text("utf-8"))

    def oracle(prompt: str) -> str:
        numbers = re.findall(r"^(\d+) ", prompt, re.MULTILINE)
        return json.dumps([{"id": number, "label": known[number]} for number in numbers])

    return oracle


def scorer(data: Path) -> Score:
    """The `score` of the task set."""
    score: Score = runpy.run_path(str(data / "score.py"))["score"]
    return score


def main(arguments: list[str]) -> int:
    """Prints one table."""
    parser = argparse.ArgumentParser(description="Scores of action programs on the shared task set.")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="only these kinds of question")
    given = parser.parse_args(arguments)
    if not (given.data / "score.py").is_file():
        print(f"skipped: no task set in {given.data}; name its folder: --data DIR")
        return 0
    score = scorer(given.data)
    every = [task for use_case in USE_CASES for task in tasks(given.data, use_case)]
    unknown = set(given.kinds) - {task.kind for task in every}
    if unknown:
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    _print([(task, scored(task, score)) for task in every if not given.kinds or task.kind in given.kinds])
    return 0


def scored(task: Task, score: Score) -> Figures:
    """A task run and scored; a program without an answer scores nothing, and what it showed is printed."""
    try:
        outcome = run(task)
    except ProgramError as error:
        print(error, file=sys.stderr)
        return Figures(0.0, 0.0, 0.0)
    right = len(outcome.lines.intersection(task.given["evidence_lines"]))
    return Figures(score(task.given, outcome.answer), right / max(1, len(outcome.lines)), outcome.ms)


def _print(rows: list[Row]) -> None:
    print(f"{'use case':<16}{'kind':<22}{'n':>4}{'score':>8}{'evidence':>10}{'ms each':>9}")
    for use_case, kind in dict.fromkeys((task.use_case, task.kind) for task, _ in rows):
        _line(use_case, kind, [row for row in rows if (row[0].use_case, row[0].kind) == (use_case, kind)])
    for use_case in dict.fromkeys(task.use_case for task, _ in rows):
        _line(use_case, "all", [row for row in rows if row[0].use_case == use_case])
    _line("all", "", rows)


def _line(use_case: str, kind: str, rows: list[Row]) -> None:
    score, evidence, ms = (sum(column) / len(rows) for column in zip(*(figures for _, figures in rows), strict=True))
    print(f"{use_case:<16}{kind:<22}{len(rows):>4}{score:>8.3f}{evidence:>10.3f}{ms:>9.1f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
