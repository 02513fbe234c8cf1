"""What does a fan-out cost when the model takes no time?

Anchor: bare asyncio workers that take an index and yield. Then, over the same number of calls: the driver alone; the
kernel alone (prompts, requests, results, receipts in memory); a whole run without a log; and one with journal,
receipts and seal on disk. Targets: driver 100,000 calls a second, with receipts and journal 20,000; memory flat.
Memory is the peak of a fresh process (`VmHWM` of /proc/self/status), for a tenth of the calls and for all; what one
more call adds is printed.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.logs import log_file
from benchmarks.measure import (
    KEY,
    SETTINGS,
    Figure,
    Row,
    Scale,
    Target,
    begun,
    bytes_text,
    done_turn,
    growth,
    interleaved,
    peak_bytes,
    per_second,
    print_table,
    program,
    rate_of,
    scale_of,
    waiting_turn,
)
from rlmlite.clients.interface.options import WORKERS
from rlmlite.inputs import from_path
from rlmlite.runs.driver import drive, drive_turn
from rlmlite.runs.program import run_program
from rlmlite.runs.run import Run
from rlmlite.runs.settings import make_settings
from rlmlite.runs.setup import prepare
from rlmlite_kernel import Answered, Request, Result, advance, resume
from rlmlite_traces import FileBlobs

PROGRAM = """\
lines = chunk(logs, size=1, by="lines")
said = extract_over_chunks(lines, "What happened? {chunk}")
final(count(said))
"""
ANSWER = Answered("a block was received")


class Instant:
    """A model that takes no time."""

    model = "scripted:instant"

    async def complete(self, text: str, request: Request) -> Result:
        """See `Client.complete`."""
        return ANSWER


def lines_file(count: int, folder: Path) -> Path:
    """A log of so many lines."""
    lines = log_file(count * 150).read_bytes().split(b"\n", count)
    assert len(lines) == count + 1
    path = folder / f"{count}-lines.log"
    path.write_bytes(b"\n".join(lines[:count]) + b"\n")
    return path


def bare(count: int) -> None:
    """The anchor: workers that yield."""

    async def fan_out() -> None:
        indices, results = iter(range(count)), {}

        async def work() -> None:
            for index in indices:
                await asyncio.sleep(0)
                results[index] = ANSWER

        await asyncio.gather(*(work() for _ in range(WORKERS)))

    asyncio.run(fan_out())


def driver_alone(requests: Sequence[Request]) -> None:
    """Requests that are there already, and a call that is over at once."""

    async def call(request: Request) -> Result:
        return ANSWER

    asyncio.run(drive(requests, call))


def kernel_alone(path: Path) -> int:
    """One fan-out without a driver; gives the number of its calls."""
    done, blobs = begun(path)
    suspended = waiting_turn(advance(done.state, program(PROGRAM), blobs))
    requests = list(suspended.requests)
    done_turn(resume(suspended, [ANSWER] * len(requests), blobs))
    return len(requests)


def whole_run(path: Path, trace: Path | bool) -> None:
    """As `rlmlite.execute` does it."""
    blobs = FileBlobs()
    settings = make_settings({"run_key": KEY.hex(), "sub": Instant(), "limits": SETTINGS.limits, "trace": trace})
    with Run({"logs": from_path(str(path), blobs)}, blobs, prepare(settings)) as run:
        outcome = drive_turn(run, run_program(run, program(PROGRAM)))
    assert outcome.status == "completed", outcome


def measured(count: int, times: int, folder: Path) -> list[Figure]:
    """All five in one interleaved run."""
    path = lines_file(count, folder)
    done, blobs = begun(path)
    requests = list(waiting_turn(advance(done.state, program(PROGRAM), blobs)).requests)
    assert len(requests) == count
    traces = iter(range(10**6))
    tasks: list[Callable[[], object]] = [
        lambda: bare(count),
        lambda: driver_alone(requests),
        lambda: kernel_alone(path),
        lambda: whole_run(path, False),
        lambda: whole_run(path, folder / f"{count}-{next(traces)}.rlm"),
    ]
    return [Figure(seconds, per_second(count)) for seconds in interleaved(times, *tasks)]


def peak(count: int, kept: bool, folder: Path) -> int:
    """What a whole run of a fresh process has at its peak beyond what it had before."""
    command = [sys.executable, __file__, "--child", str(lines_file(count, folder)), str(folder) if kept else ""]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def child(path: Path, folder: str) -> None:
    """In a process of its own."""
    before = peak_bytes()
    whole_run(path, Path(folder) / f"child-{path.stem}.rlm" if folder else False)
    print((peak_bytes() or 0) - (before or 0))


def memory_rows(small: int, large: int, folder: Path) -> list[Row]:
    """How much more memory ten times the calls need."""
    rows = []
    for what, kept in (("peak memory, no log", False), ("peak memory, log", True)):
        few, many = (Figure([float(peak(count, kept, folder))], bytes_text) for count in (small, large))
        each = (many.median - few.median) / (large - small)
        flat = Target("flat", lambda row: row.ratio is not None and row.ratio < 1.5)
        rows.append(Row(f"{what} (+{each:,.0f} B a call)", f"{large:,} calls", f"{small:,} calls", few, many, flat))
    return rows


NAMES = ("driver alone", "kernel alone", "run, no log", "run, receipts and journal")


def main(scale: Scale) -> None:
    """Print the table."""
    small, large = scale.pick((10_000, 100_000), (1_000, 10_000), (10, 100))
    rows: list[Row] = []
    notes: list[str] = []
    sized: list[tuple[float, Figure]] = []
    with tempfile.TemporaryDirectory() as folder:
        for count, times in ((small, scale.pick(5, 3, 1)), (large, scale.pick(3, 3, 1))):
            base, *figures = measured(count, times, Path(folder))
            targets = (rate_of(100_000, count), None, None, rate_of(20_000, count))
            for name, figure, target in zip(NAMES, figures, targets, strict=True):
                rows.append(Row(name, f"{count:,} calls", "bare workers", base, figure, target))
            sized.append((float(count), figures[-1]))
        notes.append(growth("a run with receipts with calls", *sized))
        if peak_bytes() is not None:
            rows += memory_rows(small, large, Path(folder))
    print_table("A fan-out of instant calls", rows, notes)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]), sys.argv[3])
    else:
        main(scale_of(__doc__))
