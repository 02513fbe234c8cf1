"""Every benchmark still runs and prints its table. What it measures is no test."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measure import Figure, Scale
from benchmarks.rows import OURS, Outcome, files_of, outcomes, plan_of, same
from benchmarks.rows import PROGRAMS as ROW_PROGRAMS
from benchmarks.rows_engines import ENGINES

ROOT = Path(__file__).parents[1]
BENCHMARKS = (
    "chunk",
    "cold_start",
    "decode",
    "fanout",
    "hostile",
    "hostile_programs",
    "http",
    "load",
    "memory",
    "patterns",
    "positions",
    "prompts",
    "rank",
    "receipts",
    "row_actions",
    "rows",
    "search",
    "sessions",
    "trace_size",
    "turn",
    "worker",
)
PATHS = (".", "grammar", "kernel", "traces")


ALL = """
import importlib, runpy, sys, warnings
warnings.simplefilter("ignore", RuntimeWarning)  # that one benchmark was imported by another
run, load = sys.argv.pop(1), sys.argv.pop(1)
for name in run.split():
    runpy.run_module(f"benchmarks.{name}", run_name="__main__")
for name in load.split():
    importlib.import_module(f"benchmarks.{name}")
"""
"""Runs the benchmarks that its first argument names, one after the other, in one process: the imports take longest.

Those that its second argument names are only imported.
"""


LONG = {"cold_start", "fanout", "hostile_programs", "memory", "prompts", "rows", "worker"}
"""Benchmarks that run in the sweep alone: they start processes, or play whole tasks, and take seconds at any size."""


def tables_of(command: list[str], folder: Path) -> str:
    """What a command prints on standard output, and nothing on standard error; temporary files go to `folder`."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / path) for path in PATHS), "TMPDIR": str(folder)}
    command = [sys.executable, *command, "--tiny"]

    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=100)

    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_benchmark_prints_its_table(tmp_path: Path) -> None:
    """At the smallest size, all in one process; those that take long at any size are imported."""
    quick = [name for name in BENCHMARKS if name not in LONG]
    output = tables_of(["-c", ALL, " ".join(quick), " ".join(LONG)], tmp_path)
    tables = re.split("^## ", output, flags=re.MULTILINE)

    assert ["| question" in table for table in tables] == [False, *[True] * len(quick)]


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs_alone(name: str, tmp_path: Path) -> None:
    """As `make bench` runs it, in a process of its own."""
    output = tables_of(["-m", f"benchmarks.{name}"], tmp_path)

    assert output.startswith("## ")
    assert "| question" in output


@pytest.mark.slow
@pytest.mark.parametrize("kind", ROW_PROGRAMS)
def test_engines_agree_about_rows(kind: str) -> None:
    """Each engine that can answer about a kind of file gives our answer; at the smallest size."""
    engines = [*OURS, *(engine for engine, (_, kinds) in ENGINES.items() if kind in kinds)]
    path = next(path for _, _, path in files_of(kind, plan_of(Scale.TINY, (), huge=False)))
    came = outcomes(kind, path, engines, 1)

    assert [engine for engine in engines if not same(came[engine].rows, came["first"].rows)] == []


def test_no_answer_has_no_ratio() -> None:
    """What was refused, and what differs from the anchor's answer, is shown as such and not timed."""
    figure = Figure([1.0])
    anchor = Outcome(figure, figure, figure, [["a", 1, 0.30000000000000004]], "")
    equal = Outcome(figure, figure, figure, [["a", 1, 0.3]], "")
    other = Outcome(figure, figure, figure, [["a", 2, 0.3]], "")
    none = Outcome(figure, figure, figure, None, "refused: too_large")

    assert [each.ratio(anchor) for each in (equal, other, none)] == [1.0, None, None]
    assert [each.cell(anchor) for each in (other, none)] == ["differs", "refused: too_large"]


def test_make_runs_them_all() -> None:
    """The Makefile names the same benchmarks."""
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()

    assert f"BENCHMARKS := {' '.join(BENCHMARKS)}" in lines
