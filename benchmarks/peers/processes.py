"""Which interpreter runs which system, and a job in a fresh process of it.

rlmlite runs in the environment that this runs in. The peers have one of their own (`.venv-peers`): what they depend on
excludes the version of `openai` that rlmlite wants.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.peers.child import RESULT
from benchmarks.peers.jobs import Job

ROOT = Path(__file__).parents[2]
PEERS = {"rlms": "rlm", "dspy": "dspy"}
"""The peers, and what each is imported as."""

LONG = 900.0
"""Seconds that a timed job may take."""

_QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # without it dspy's client asks the network while it is imported


def interpreter(system: str) -> str:
    """The Python that runs a system: `.venv-peers` for a peer, if there is one."""
    own = ROOT / ".venv-peers" / "bin" / "python"
    return str(own) if system in PEERS and own.exists() else sys.executable


@cache
def missing(system: str) -> str:
    """Why a system cannot be run here; empty if it can."""
    if system not in PEERS:
        return ""
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({PEERS[system]!r}) is None)"
    if subprocess.run([interpreter(system), "-c", look], check=False, timeout=60).returncode == 0:
        return ""
    return f"{system} is not installed; `make peers` makes an environment with it"


class JobFailedError(Exception):
    """A job's process ended without a result, which is this benchmark's fault and not the system's."""


def done(job: Job, seconds: float = LONG) -> dict[str, Any]:
    """What was seen of a job in a fresh process; of one that lasted longer and was killed, its record so far.

    `job.place` is replaced by a folder that is gone afterwards. Raises `JobFailedError`.
    """
    with tempfile.TemporaryDirectory(prefix="rlmlite-peers-") as folder:
        env = {**os.environ, **_QUIET, "DSPY_CACHEDIR": f"{folder}/cache", "TMPDIR": folder}
        place = Path(folder) / "runs"
        place.mkdir()
        said = _process(job._replace(place=str(place)), env, seconds)
        if said is None:
            files = [path for path in sorted(place.rglob("*")) if path.is_file()]
            return {"killed": seconds, "record": "".join(path.read_text("utf-8", "replace") for path in files)}
        result = place / RESULT
        if not result.exists():
            raise JobFailedError(f"{job.system}: {said}")
        found: dict[str, Any] = json.loads(result.read_text("utf-8"))
        return found


def _process(job: Job, env: Mapping[str, str], seconds: float) -> str | None:
    """What a process said on its error stream, or nothing for one that had to be killed, with its workers."""
    command = [interpreter(job.system), "-m", "benchmarks.peers.child"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        return process.communicate(job.text(), timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
