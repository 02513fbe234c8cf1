"""The law `elsewhere`: another process, with another hash seed and number of threads, gives the same bytes.

The trials go to a child as JSON, with the name under which it can import the table; what comes back is a digest for
each. One child does for all trials, since it takes a second to start.

    {"table": "shop.actions:TABLE", "trials": [[{"text": "ab"}, [program as JSON]], ...]}   ->   ["9f86d0…", ...]
"""

import hashlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from rlmlite_kernel.engines import use_threads
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import Program
from rlmlite_kernel.testing.examples.trials import Trial
from rlmlite_kernel.testing.laws.case import LawBrokenError, play
from rlmlite_kernel.testing.play.turns import start_run
from rlmlite_kernel.values.blobs import MemoryBlobs

ELSEWHERE = "elsewhere"
"""The name of the law."""

SEED, THREADS = "12345", 3
"""What is other in the child."""

_CHILD = "from rlmlite_kernel.testing.laws.elsewhere import main; main()"


def check_elsewhere(table: Table, trials: Sequence[Trial]) -> None:
    """Play trials here and in another process. Raises `LawBrokenError` with the smallest that differs.

    Raises `ValueError` for a table that no module holds, which a child could not import.
    """
    job = {"table": name_of(table), "trials": [_to_json(trial) for trial in trials]}
    path = os.pathsep.join(each for each in sys.path if each)
    child = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=json.dumps(job),
        env={**os.environ, "PYTHONHASHSEED": SEED, "PYTHONPATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if child.returncode:
        raise RuntimeError(f"the other process failed:\n{child.stderr}")
    there = json.loads(child.stdout)
    differ = [trial for trial, digest in zip(trials, there, strict=True) if digest_of(table, trial) != digest]
    if differ:
        smallest = min(differ, key=lambda trial: len(str(trial)))
        raise LawBrokenError(ELSEWHERE, smallest, "another process, with another hash seed, gives something else")


def digest_of(table: Table, trial: Trial) -> str:
    """SHA-256 (hex) of everything that a trial puts out; of the error's name if it raises."""
    blobs = MemoryBlobs()
    try:
        content = play(start_run(trial.inputs, blobs, table=table).state, trial, blobs).content()
    except Exception as error:
        content = type(error).__name__.encode()
    return hashlib.sha256(content).hexdigest()


def name_of(table: Table) -> str:
    """`MODULE:NAME` of a table: the first module that holds it. Raises `ValueError`."""
    for module, contents in list(sys.modules.items()):
        # What is run as `__main__` has another name when it is imported.
        if module == "__main__":
            continue
        for name, value in list(getattr(contents, "__dict__", {}).items()):
            if value is table:
                return f"{module}:{name}"
    raise ValueError(
        "the table is in no module, so another process cannot import it: give it a name in a module, "
        f'or leave the law out with laws=[law for law in LAWS if law != "{ELSEWHERE}"]'
    )


def _to_json(trial: Trial) -> list[Any]:
    return [dict(trial.inputs), msgspec.to_builtins(trial.program)]


def _from_json(inputs: dict[str, Any], program: Any) -> Trial:
    return Trial(inputs, msgspec.convert(program, Program))


def main(lines: Iterable[str] = sys.stdin) -> None:
    """The child: read a job from standard input, and print the digest of each trial."""
    job = json.loads("".join(lines))
    module, _, name = job["table"].partition(":")
    table: Table = getattr(importlib.import_module(module), name)
    use_threads(THREADS)
    digests = [digest_of(table, _from_json(*trial)) for trial in job["trials"]]
    sys.stdout.write(json.dumps(digests))
