"""`make fuzz`: try every reader with edited files, each in a process of its own, and print what came of it.

    python -m tests.fuzz --seconds 300           all targets, five minutes each
    python -m tests.fuzz arrow pdf --seconds 60   two of them
    python -m tests.fuzz arrow --example FILE     one kept example again

With atheris installed, libFuzzer chooses the bytes by the branches that they reach; without it they are random. Both
drive the same structure-aware edits (`edits`). A target is tried by one process after the other, each for `SLICE`
seconds: atheris 3.0 leaks the result of every comparison of arrays, a kilobyte and more, so that a process that reads
tables has grown to 2 GB within five minutes. What reached new branches is kept for the next process.

An example that ends the process, takes too long or raises what it must not is kept in `.fuzz/`, with its name in the
table.
"""

import argparse
import json
import math
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from hypothesis import HealthCheck, given, settings

from tests.fuzz.bounds import MEMORY, SECONDS
from tests.fuzz.edits import examples

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

FINDINGS = Path(".fuzz")
OURS = ("rlmlite", "rlmlite_grammar", "rlmlite_kernel", "rlmlite_traces")
LONGEST_SEED = 8_192
"""Bytes from which an example is drawn."""

SLICE = 60
"""Seconds of one process."""


class Watch:
    """Runs examples of one target, and keeps on disk what is needed if the process ends in one of them."""

    def __init__(self, name: str, target: "Target", seconds: float) -> None:
        self._read, self._ends = target.read, time.monotonic() + seconds
        self._example, self._report = FINDINGS / f"{name}.example", report_path(name)
        self._count, self._slowest = 0, 0.0

    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._ends

    def run(self, content: bytes) -> None:
        """One example. An exception is a finding and passes through; SIGALRM ends the process if it takes too long."""
        self._example.write_bytes(content)
        signal.alarm(SECONDS)
        started = time.monotonic()
        self._read(content)
        signal.alarm(0)
        self._slowest = max(self._slowest, time.monotonic() - started)
        self._count += 1
        if self._count % 50 == 1:
            self.report()

    def report(self) -> None:
        """Write down how far it has come."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        figures = {"examples": self._count, "slowest": self._slowest, "peak": peak}
        self._report.write_text(json.dumps(figures), "utf-8")
        if peak > MEMORY:
            raise MemoryError(f"the process has grown to {peak:,} bytes")


def report_path(name: str) -> Path:
    """Where a process says how far it has come."""
    return FINDINGS / f"{name}.json"


def fuzz(name: str, target: "Target", seconds: float, seed: int) -> None:
    """Try one target in this process until the time is up. Raises what the target must not."""
    watch = Watch(name, target, seconds)

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(examples(target.seeds))
    def run(content: bytes) -> None:
        watch.run(content)

    feed: Callable[[bytes], object] = run.hypothesis.fuzz_one_input  # type: ignore[attr-defined]
    for content in target.seeds:
        watch.run(content)
    if find_spec("atheris") is not None:
        _drive_by_atheris(feed, seconds, seed, FINDINGS / f"{name}.corpus")
    chance = random.Random(seed)
    while not watch.over():
        feed(chance.randbytes(chance.choice((64, 512, LONGEST_SEED))))
    watch.report()


def _drive_by_atheris(feed: Callable[[bytes], object], seconds: float, seed: int, corpus: Path) -> None:
    import atheris

    corpus.mkdir(exist_ok=True)
    # Of an own process nothing comes back: libFuzzer ends it.
    arguments = [
        sys.argv[0],
        f"-max_total_time={math.ceil(seconds)}",
        f"-max_len={LONGEST_SEED}",
        f"-timeout={SECONDS}",
    ]
    arguments += [str(corpus), f"-seed={seed + 1}"]  # 0 would be the time of day
    arguments += [f"-rss_limit_mb={MEMORY // 1024**2}", f"-artifact_prefix={FINDINGS}/", "-print_final_stats=0"]

    def drive(content: bytes) -> None:
        feed(content)

    atheris.Setup(arguments, drive)
    atheris.Fuzz()


def main() -> int:
    """The command. Its exit code is the number of targets with a finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the readers of strangers' files.")
    parser.add_argument("targets", nargs="*", help="which; without any, all")
    parser.add_argument("--seconds", type=float, default=300, help="for each target")
    parser.add_argument("--seed", type=int, default=0, help="of the random bytes, where atheris is not installed")
    parser.add_argument("--example", type=Path, help="read this file instead")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    FINDINGS.mkdir(exist_ok=True)
    with _watching_branches() if chosen.here else nullcontext():
        from tests.fuzz.targets import targets  # only here, so that what it imports is watched
    table = targets()
    names = chosen.targets or list(table)
    if chosen.example is not None:
        table[names[0]].read(chosen.example.read_bytes())
        return 0
    if chosen.here:
        fuzz(names[0], table[names[0]], chosen.seconds, chosen.seed)
        return 0
    print(f"{'target':<16} {'examples':>9} {'slowest':>8} {'peak':>8}  result")
    return sum(_supervise(name, chosen.seconds, chosen.seed) for name in names)


def _watching_branches() -> AbstractContextManager[Any]:
    """Our modules that are imported in this block tell atheris which branches are reached."""
    if find_spec("atheris") is None:
        return nullcontext()
    import atheris

    context: AbstractContextManager[Any] = atheris.instrument_imports(include=list(OURS), enable_loader_override=False)
    return context


class Figures(NamedTuple):
    """What the processes of a target did: how many examples, the seconds of the slowest, the largest process."""

    examples: int = 0
    slowest: float = 0.0
    peak: int = 0

    def beside(self, other: "Figures") -> "Figures":
        """Those of both."""
        return Figures(self.examples + other.examples, max(self.slowest, other.slowest), max(self.peak, other.peak))


def _supervise(name: str, seconds: float, seed: int) -> bool:
    """Fuzz a target in processes of its own and print its row. Whether there is a finding."""
    log = FINDINGS / f"{name}.log"
    shutil.rmtree(FINDINGS / f"{name}.corpus", ignore_errors=True)
    figures, code, spent = Figures(), 0, 0.0
    with log.open("wb") as out:
        while spent < seconds and code == 0:
            part = min(SLICE, seconds - spent)
            code, more = _run_slice(name, part, seed, out)
            figures, spent, seed = figures.beside(more), spent + part, seed + 1
    row = f"{name:<16} {figures.examples:>9,} {figures.slowest:>6.1f} s {figures.peak / 1e6:>5.0f} MB"
    if code == 0:
        print(f"{row}  nothing found", flush=True)
        return False
    reason = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    print(f"{row}  {reason}: {FINDINGS / f'{name}.example'}, {log}", flush=True)
    return True


def _run_slice(name: str, seconds: float, seed: int, out: IO[bytes]) -> tuple[int, Figures]:
    """One process: its exit code and what it reported."""
    report = report_path(name)
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.fuzz", name, "--here", f"--seconds={seconds}", f"--seed={seed}"]
    code = subprocess.run(command, stdout=out, stderr=out, env=os.environ, check=False).returncode
    return code, Figures(**json.loads(report.read_text("utf-8"))) if report.exists() else Figures()


if __name__ == "__main__":
    sys.exit(main())
