"""Every benchmark still runs and prints its table. What it measures is no test."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = (
    "chunk",
    "cold_start",
    "decode",
    "fanout",
    "hostile",
    "http",
    "load",
    "memory",
    "patterns",
    "positions",
    "rank",
    "receipts",
    "rows",
    "search",
    "trace_size",
    "turn",
    "worker",
)
PATHS = (".", "grammar", "kernel", "traces")


ALL = """
import runpy, sys, warnings
warnings.simplefilter("ignore", RuntimeWarning)  # that one benchmark was imported by another
for name in sys.argv.pop(1).split():
    runpy.run_module(f"benchmarks.{name}", run_name="__main__")
"""
"""Runs the benchmarks that its first argument names, one after the other, in one process: the imports take longest."""


def tables_of(command: list[str], folder: Path) -> str:
    """What a command prints on standard output, and nothing on standard error; temporary files go to `folder`."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / path) for path in PATHS), "TMPDIR": str(folder)}
    command = [sys.executable, *command, "--tiny"]

    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=100)

    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_benchmark_prints_its_table(tmp_path: Path) -> None:
    """At the smallest size, all in one process."""
    output = tables_of(["-c", ALL, " ".join(BENCHMARKS)], tmp_path)
    tables = re.split("^## ", output, flags=re.MULTILINE)

    assert ["| question" in table for table in tables] == [False, *[True] * len(BENCHMARKS)]


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs_alone(name: str, tmp_path: Path) -> None:
    """As `make bench` runs it, in a process of its own."""
    output = tables_of(["-m", f"benchmarks.{name}"], tmp_path)

    assert output.startswith("## ")
    assert "| question" in output


def test_make_runs_them_all() -> None:
    """The Makefile names the same benchmarks."""
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()

    assert f"BENCHMARKS := {' '.join(BENCHMARKS)}" in lines
