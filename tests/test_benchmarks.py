"""Every benchmark still runs and prints its table. What it measures is no test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = (
    "chunk",
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
)
PATHS = (".", "grammar", "kernel", "traces")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_prints_its_table(name: str, tmp_path: Path) -> None:
    """At the smallest size, alone, and with nothing left in the user's folder for temporary files."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / path) for path in PATHS), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", f"benchmarks.{name}", "--tiny"]

    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("## ")
    assert "| question" in done.stdout


def test_make_runs_them_all() -> None:
    """The Makefile names the same benchmarks."""
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()

    assert f"BENCHMARKS := {' '.join(BENCHMARKS)}" in lines
