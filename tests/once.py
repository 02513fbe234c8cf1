"""What is made once for all workers of a run.

pytest-xdist runs each worker as a process with fixtures of its own, so a session fixture that installs something would
install it once for each worker. Here the first worker that needs it makes it, under a lock on a file; another one that
needs it meanwhile waits for the lock, and then finds it made.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder of this run that `make` has filled, once. If `make` raises, the next who asks tries again."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # a worker's folder lies in that of the run
    folder, finished = base / name, base / f"{name}.finished"
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released with the file, also by a worker that dies
        if not finished.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            finished.touch()
    return folder
