"""Whole processes, timed, with their processor time and peak of anonymous memory. Start at `run_process`.

What a kernel reports of a process that has ended counts the pages of mapped files, so it says nothing about a program
that maps its inputs. So the anonymous pages (`RssAnon`) of the process and its children are read every few milliseconds
while it runs, and the largest sum is kept. A page that a fork shares counts in both; a shorter peak is missed.
"""

import contextlib
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

EVERY = 0.005
"""Seconds between two looks."""


class Ended(NamedTuple):
    """What a process took, printed, and ended with.

    `processor` is in seconds, its children's among them; `anonymous` is 0 where the system does not say.
    """

    seconds: float
    processor: float
    anonymous: int
    code: int
    out: str
    err: str


def compiled_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of this process and these, but bytecode is kept: an installation has it, and so have the anchors.

    Without it every start compiles 400 modules again, which takes longer than the start itself.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, **environment}


def run_process(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run a command in `folder` to its end, with these variables beside those of this process."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun, spent_before, most = time.perf_counter(), _spent_by_children(), 0
        process = subprocess.Popen(command, cwd=folder, env=compiled_environment(environment), stdout=out, stderr=err)
        while True:
            # A process that has ended is only waited for after the last look: till then its number is nobody else's.
            most = max(most, sum(map(_anonymous, _tree(process.pid))))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(EVERY)
                break
        seconds = time.perf_counter() - begun
        spent = _spent_by_children() - spent_before
        out.seek(0)
        err.seek(0)
        return Ended(seconds, spent, most, process.returncode, out.read().decode(), err.read().decode())


def _spent_by_children() -> float:
    """The processor time of all children that have been waited for, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _tree(process: int) -> Iterator[int]:
    """A process and all that it has started."""
    yield process
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{process}/task"):
            for child in Path(f"/proc/{process}/task/{task}/children").read_text("ascii").split():
                yield from _tree(int(child))


def _anonymous(process: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text("utf-8", "replace").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0
