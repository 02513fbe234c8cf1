"""The table of figures: time, memory and record of the same scripts, by system and size. Start at `table`.

A cell is the median, in brackets what nine of ten stay within, and how many times rlmlite with its receipts that is.
"""

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.logs import log_file
from benchmarks.measure import KB, MB, Figure, Scale, Unit, bytes_text, seconds_text
from benchmarks.peers.jobs import Job, Turn
from benchmarks.peers.processes import done


class System(NamedTuple):
    """A column: a system, with the record that it can write, or without."""

    title: str
    name: str
    keep: bool


ANCHOR = System("rlmlite, receipts", "rlmlite", True)
SYSTEMS = (
    ANCHOR,
    System("rlmlite, none kept", "rlmlite", False),
    System("rlms, log", "rlms", True),
    System("rlms, none kept", "rlms", False),
    System("dspy", "dspy", True),
)


class Task(NamedTuple):
    """A question, its script, and the right answer as the input's bytes have it."""

    name: str
    question: str
    turns: tuple[Turn, ...]
    expected: Callable[[bytes], int]


CALLS, PIECE = 1_000, 8

TWO_TURNS = Task(
    "two turns",
    "How many lines have the level ERROR?",
    (
        Turn(
            'n = context.count(" ERROR ")\nprint(n, context[:200])',
            'hits = search(context, " ERROR ")\nn = count(hits)\npreview(context[0:200])',
        ),
        Turn("", "", "n", "n"),
    ),
    lambda raw: raw.count(b" ERROR "),
)
LOOKS = Task(
    "looks",
    "How long is the last piece that you looked at?",
    (
        *(
            Turn(
                f"x = context[{at}:{at + 2000}]\nprint(context[-{500 + at}:])\nn = len(x)",
                f"x = context[{at}:{at + 2000}]\npreview(context[-{500 + at}:])\nn = count(x)",
            )
            for at in range(0, 600, 100)
        ),
        Turn("", "", "n", "n"),
    ),
    lambda _: 2_000,
)
FAN_OUT = Task(
    "fan-out",
    f"How many of the first {CALLS:,} pieces of {PIECE} bytes hold INFO?",
    (
        Turn(
            f"head = context[:{CALLS * PIECE}]\n"
            f'asks = ["What is it? " + head[i:i + {PIECE}] for i in range(0, len(head), {PIECE})]\n'
            "said = llm_query_batched(asks)",
            f"cuts = map(range(0, {CALLS * PIECE}, {PIECE}), context[.value:.value + {PIECE}])\n"
            'said = extract_over_chunks(cuts, "What is it? {chunk}")',
        ),
        Turn("", "", 'said.count("yes")', 'count(where(said, .value == "yes"))'),
    ),
    lambda raw: sum(b"INFO" in raw[at : at + PIECE] for at in range(0, CALLS * PIECE, PIECE)),
)
TASKS = (TWO_TURNS, LOOKS, FAN_OUT)

Values = dict[tuple[str, str, int], list[float]]
"""What was measured, by question, column and size."""


class Question(NamedTuple):
    """A row: what it asks, of which task, and the figures in what was seen of one process."""

    text: str
    task: Task
    weighed: bool
    values: Callable[[dict[str, Any]], list[float]]
    unit: Unit


def _of_runs(pick: Callable[[dict[str, Any]], list[float]]) -> Callable[[dict[str, Any]], list[float]]:
    return lambda seen: [value for run in seen["runs"] for value in pick(run)]


QUESTIONS = (
    Question("set-up, to the first call", TWO_TURNS, False, _of_runs(lambda run: [run["setup"]]), seconds_text),
    Question("a turn of three looks", LOOKS, False, _of_runs(lambda run: run["turns"]), seconds_text),
    Question(
        f"a sub-call, of {CALLS:,}", FAN_OUT, False, _of_runs(lambda run: [run["turns"][0] / CALLS]), seconds_text
    ),
    Question("a whole run of 2 turns", TWO_TURNS, False, _of_runs(lambda run: [run["whole"]]), seconds_text),
    Question("peak memory above idle", TWO_TURNS, True, lambda seen: [seen["peak"]], bytes_text),
    Question("held between turns, no file's pages", TWO_TURNS, True, lambda seen: [seen["held"]], bytes_text),
    Question("record of 2 turns", TWO_TURNS, False, lambda seen: [seen["record_bytes"]], bytes_text),
    Question("record of 7 turns", LOOKS, False, lambda seen: [seen["record_bytes"]], bytes_text),
    Question(f"record of {CALLS:,} sub-calls", FAN_OUT, False, lambda seen: [seen["record_bytes"]], bytes_text),
)
ONCE = (("imports", "imports", seconds_text), ("memory after imports", "idle", bytes_text))


class WrongAnswerError(Exception):
    """A system did not give the right answer, so its figures mean nothing."""


def measured(systems: Sequence[System], sizes: Mapping[int, int], rounds: int) -> Values:
    """All figures: sizes, tasks and systems in turns, each job in a fresh process, timed ones apart from weighed ones.

    `sizes` says how many runs of a process are timed at each size.
    """
    values: Values = {}
    for _ in range(rounds):
        for size, task in product(sizes, TASKS):
            path = log_file(size)
            expected = task.expected(path.read_bytes())
            values.setdefault(SYNC, []).extend(synced())
            for system, weighed in product(systems, sorted({each.weighed for each in QUESTIONS if each.task is task})):
                seen = seen_of(system, task, path, 0 if weighed else sizes[size], expected)
                for text, numbers, sized in _found(task, weighed, seen):
                    values.setdefault((text, system.title, size * sized), []).extend(numbers)
    return values


SYNC = ("one fsync of 2 kB", "", 0)


def synced() -> Iterator[float]:
    """The seconds of a few fsyncs of 2 kB: what a record on disk waits for."""
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(10):
            file.write(bytes(2_000))
            begun = time.perf_counter()
            os.fsync(file.fileno())
            yield time.perf_counter() - begun


def _found(task: Task, weighed: bool, seen: dict[str, Any]) -> Iterator[tuple[str, list[float], int]]:
    """The figures of one process: the question, the numbers, and whether the input's size matters."""
    for question in QUESTIONS:
        if question.task is task and question.weighed == weighed:
            yield question.text, question.values(seen), 1
    for text, field, _ in ONCE:
        yield text, [seen[field]], 0


def seen_of(system: System, task: Task, path: Path, runs: int, expected: int) -> dict[str, Any]:
    """What was seen of one process; 0 runs: it is weighed. Raises `WrongAnswerError`."""
    job = Job(system.name, str(path), task.question, task.turns, "", system.keep, runs)
    seen = done(job)
    if seen.get("raised", "killed") or str(seen["value"]) != str(expected):
        said = seen.get("raised") or seen.get("value") or seen
        raise WrongAnswerError(f"{system.title}, {task.name}, {path.name}: expected {expected}, found {said}")
    return seen


def table(systems: Sequence[System], scale: Scale) -> Iterator[str]:
    """The lines of the table."""
    small, medium, large = 10 * KB, 10 * MB, 100 * MB
    sizes = scale.pick({small: 5, medium: 3, large: 1}, {small: 2, MB: 2, medium: 1}, {small: 1})
    values = measured(systems, sizes, scale.pick(3, 2, 1))
    yield f"| question | input | {' | '.join(system.title for system in systems)} | n |"
    yield "|" + " --- |" * (3 + len(systems))
    for question in QUESTIONS:
        for size in sizes:
            yield _row(
                question.text, bytes_text(size), [values[question.text, s.title, size] for s in systems], question.unit
            )
    for text, _, unit in ONCE:
        yield _row(text, "", [values[text, system.title, 0] for system in systems], unit)
    yield ""
    yield f"Between the jobs, {SYNC[0]} took {_cell(Figure(values[SYNC]), 0)}, n = {len(values[SYNC])}."


def _row(text: str, size: str, found: Sequence[Sequence[float]], unit: Unit) -> str:
    figures = [Figure(numbers, unit) for numbers in found]
    cells = [_cell(figures[0], 0), *(_cell(figure, figures[0].median) for figure in figures[1:])]
    (count,) = {len(numbers) for numbers in found}
    return f"| {text} | {size} | {' | '.join(cells)} | {count} |"


def _cell(figure: Figure, base: float) -> str:
    if not figure.median:
        return "none"
    times = f", {_two_digits(figure.median / base)}x" if base else ""
    return f"{figure.unit(figure.median)} ({figure.unit(figure.p90)}){times}"


def _two_digits(ratio: float) -> str:
    """A ratio for people: two digits, and no more than are known."""
    return f"{ratio:,.{max(0, 1 - math.floor(math.log10(ratio)))}f}" if ratio > 0 else f"{ratio:.1f}"
