"""What does it cost that a parser runs in a worker?

The same load, with the parser in a worker and in this process: everything else is the same, the checks of what comes
back included. Anchor: the load in this process. Targets: 250 ms more for the first file of a process, which starts the
nursery and imports the library there; then a fifth more, and 30 ms for each file.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from benchmarks.measure import MB, Figure, Row, Scale, Target, bytes_text, interleaved, print_table, scale_of
from rlmlite.guard.worker.child import Assignment, Job
from rlmlite.guard.worker.frames import Message
from rlmlite.guard.worker.limits import WorkerLimits
from rlmlite.guard.worker.running import run
from rlmlite.inputs import from_path
from rlmlite_traces import FileBlobs

pyarrow: Any = import_module("pyarrow")  # it has no type annotations
parquet: Any = import_module("pyarrow.parquet")

FIRST = Target("≤ +250 ms", lambda row: row.base is not None and row.ours.median <= row.base.median + 0.25)
LATER = Target("≤ +20 % +30 ms", lambda row: row.base is not None and row.ours.median <= 1.2 * row.base.median + 0.03)


def run_here(
    job: Job, argument: Any, limits: WorkerLimits, *, files: Any = (), feed: object = None, **_: object
) -> Iterator[bytes | Message]:
    """`run` without a worker."""
    assert feed is None
    for item in job(Assignment(argument, tuple(map(os.dup, files)), None)):
        yield item if isinstance(item, bytes) else Message(msgspec.msgpack.encode(item))


def load(path: str, runner: Callable[..., object] = run) -> None:
    """Load an input, its parser run by `runner`."""
    with patch("rlmlite.inputs.formats.parsing.run", runner):
        from_path(path, FileBlobs())


START = """
import sys
from benchmarks.worker import load, run, run_here
load(sys.argv[1], run_here if sys.argv[2] == "here" else run)
"""


def start(path: str, where: str) -> None:
    """A process that loads one input."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", START, path, where], check=True, env=environment)


def rows_of(count: int) -> list[tuple[int, float, str]]:
    """Rows of three columns."""
    return [(number, number / 7, f"customer {number % 1_000} bought something") for number in range(count)]


def parquet_file(folder: Path, size: int) -> str:
    """A Parquet file whose sheet has about so many bytes."""
    numbers, prices, texts = zip(*rows_of(size // 60), strict=True)
    parquet.write_table(pyarrow.table({"a": numbers, "b": prices, "c": texts}), folder / "a.parquet")
    return str(folder / "a.parquet")


def arrow_file(folder: Path, size: int) -> str:
    """An Arrow file, the same."""
    numbers, prices, texts = zip(*rows_of(size // 60), strict=True)
    table = pyarrow.table({"a": numbers, "b": prices, "c": texts})
    with pyarrow.ipc.new_file(folder / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    return str(folder / "a.arrow")


def sqlite_file(folder: Path, size: int) -> str:
    """A SQLite file, the same."""
    connection = sqlite3.connect(folder / "a.db")
    connection.execute("CREATE TABLE t (a, b, c)")
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows_of(size // 60))
    connection.commit()
    connection.close()
    return f"sqlite:{folder / 'a.db'}?table=t"


def zip_file(folder: Path, size: int) -> str:
    """A zip of ten CSV files."""
    lines = "".join(f"{a},{b},{c}\n" for a, b, c in rows_of(size // 600))
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}.csv", lines)
    return str(folder / "a.zip")


def small_file(folder: Path, size: int) -> str:
    """A zip with one small text, over in a millisecond: what is left is the price of a worker."""
    with zipfile.ZipFile(folder / "small.zip", "w") as archive:
        archive.writestr("a.txt", "x" * min(size, 1_000))
    return str(folder / "small.zip")


LOADS: dict[str, Callable[[Path, int], str]] = {
    "Parquet": parquet_file,
    "Arrow": arrow_file,
    "SQLite": sqlite_file,
    "zip of CSV": zip_file,
    "a small zip": small_file,
}


def main(scale: Scale) -> None:
    """Print the table."""
    size = scale.pick(100 * MB, 10 * MB, 100_000)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, make in LOADS.items():
            path = make(folder, size)
            times = scale.pick(3, 3, 1)
            here, there = interleaved(times, partial(load, path, run_here), partial(load, path))
            shown = "1 kB" if kind == "a small zip" else bytes_text(size)
            rows.append(Row(kind, shown, "parsed in this process", Figure(here), Figure(there), LATER))
        small = parquet_file(folder, 10_000)
        here, there = interleaved(scale.pick(5, 3, 1), partial(start, small, "here"), partial(start, small, "there"))
        rows.append(Row("the first Parquet", "10 kB", "parsed in this process", Figure(here), Figure(there), FIRST))
    print_table("Parsers in a worker", rows)


if __name__ == "__main__":
    main(scale_of(__doc__))
