"""Scores of action programs on the shared task set: python benchmarks/score_tasks.py [--data DIR] [KIND ...]

Every kind of question has one program, `tasks/<use case>/<kind>.act`. Its first line is a comment with a regex for the
question: what the named groups find becomes a variable. Before a log's program goes the line that parses the log's
lines, from `tasks/log_qa/formats.toml`. Beyond that Python works out nothing: the program does.

The model of the labelling tasks is an oracle that looks every line up in `*.labels.json`: what is scored is the
program, not a model.
"""

import argparse
import json
import re
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

from rlmlite_grammar import parse
from rlmlite_kernel import (
    Answered,
    Done,
    Input,
    Limits,
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
SETTINGS = Settings(roles={"sub": Role(model="scripted:oracle")}, limits=Limits(observation_bytes=2_000))
KEY = RunKey(bytes(32))


class Task(NamedTuple):
    """A question, with where the data for it is."""

    use_case: str
    kind: str
    id: str
    question: str
    files: dict[str, Path]
    labels: Path | None
    scored: dict[str, Any]


class Outcome(NamedTuple):
    """What a program answered, and how it went."""

    answer: Any
    observation: str
    ms: float


class ProgramError(Exception):
    """A program that gave no answer, with what it showed instead."""


def tasks(data: Path, use_case: str) -> list[Task]:
    """The tasks of a use case."""
    root = data / "dev"
    lines = (root / "tasks" / f"{use_case}.jsonl").read_text("utf-8").splitlines()
    return [_task(json.loads(line), root) for line in lines]


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
    return "".join([*_line_form(task), *parameters, *_included(text, task), text])


def _included(text: str, task: Task) -> Iterator[str]:
    for name in re.findall(r"^# with: (\S+)$", text, re.MULTILINE):
        yield (PROGRAMS / task.use_case / name).read_text("utf-8")


def _line_form(task: Task) -> Iterator[str]:
    if task.use_case == "log_qa":
        source = task.files["logs"].name.split("_")[0]
        yield f"lines = parse_lines(logs, /{_formats()[source]}/)\n"


@cache
def _formats() -> dict[str, str]:
    return tomllib.loads((PROGRAMS / "log_qa" / "formats.toml").read_text("utf-8"))


def run(task: Task) -> Outcome:
    """A task's program, run over its inputs. Raises `ProgramError`."""
    text, oracle = program(task), oracle_of(task)
    began = time.perf_counter()
    blobs = MemoryBlobs()
    inputs = {name: _input(path.read_bytes(), blobs) for name, path in task.files.items()}
    state = begin(inputs, SETTINGS, KEY).state
    turn = advance(state, parse(text), blobs)
    while isinstance(turn, Suspended):
        replies = [Answered(oracle(render(request.prompt, blobs))) for request in turn.requests]
        turn = resume(turn, replies, blobs)
    return Outcome(_answer(task, turn), turn.observation, (time.perf_counter() - began) * 1e3)


def _input(content: bytes, blobs: MemoryBlobs) -> Input:
    return Input(Text(blobs.put(content), 0, len(content)), Source("text"), content)


def _answer(task: Task, turn: Done) -> Any:
    if turn.state.answer is None:
        raise ProgramError(f"{task.id}: no answer\n{turn.observation}")
    return turn.state.answer.value


def oracle_of(task: Task) -> Callable[[str], str]:
    """A sub-model that knows the label of every line, by the number that the line begins with."""
    if task.labels is None:
        return lambda prompt: ""
    known: dict[str, str] = json.loads(task.labels.read_text("utf-8"))

    def oracle(prompt: str) -> str:
        numbers = re.findall(r"^(\d+) ", prompt, re.MULTILINE)
        return json.dumps([{"id": number, "label": known[number]} for number in numbers])

    return oracle


def scorer(data: Path) -> Callable[[dict[str, Any], Any], float]:
    """The `score` of the task set."""
    spec = spec_from_file_location("task_score", data / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    score: Callable[[dict[str, Any], Any], float] = module.score
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
    wanted = [task for case in USE_CASES for task in tasks(given.data, case) if task.kind in given.kinds or not given.kinds]
    rows = [(task, *_scored(task, score)) for task in wanted]
    _print(rows)
    return 0


def _scored(task: Task, score: Callable[[dict[str, Any], Any], float]) -> tuple[float, float]:
    try:
        outcome = run(task)
    except ProgramError as error:
        print(error, file=sys.stderr)
        return 0.0, 0.0
    return score(task.scored, outcome.answer), outcome.ms


def _print(rows: list[tuple[Task, float, float]]) -> None:
    print(f"{'use case':<16}{'kind':<22}{'n':>4}{'score':>8}{'ms each':>10}")
    for use_case, kind in dict.fromkeys((task.use_case, task.kind) for task, _, _ in rows):
        _line(use_case, kind, [row for row in rows if (row[0].use_case, row[0].kind) == (use_case, kind)])
    for use_case in dict.fromkeys(task.use_case for task, _, _ in rows):
        _line(use_case, "all", [row for row in rows if row[0].use_case == use_case])
    _line("all", "", rows)


def _line(use_case: str, kind: str, rows: list[tuple[Task, float, float]]) -> None:
    score, ms = (sum(row[place] for row in rows) / max(1, len(rows)) for place in (1, 2))
    print(f"{use_case:<16}{kind:<22}{len(rows):>4}{score:>8.3f}{ms:>10.1f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
