"""SIGKILL: a real process writes a trace and is killed, again and again, until the run is sealed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rlmlite_kernel.records import Entry
from rlmlite_traces import Level, Log, TraceSealedError, recover, verify
from rlmlite_traces.reader import UncheckedTrace
from tests.traces import made

WRITER = """
import sys
from pathlib import Path
from tests.traces import made, test_kill
from rlmlite_traces import Log
from rlmlite_kernel.effects import Answered
entries = test_kill.long_run()
with Log.open(Path(sys.argv[1])) as log:
    print("ready", flush=True)
    for entry in entries[log.size:]:
        known = log.journalled()
        for call in entry.effects:
            if call.id not in known:
                print(call.id, flush=True)
                log.journal(call.id, Answered("x" * 200))
        log.append(entry)
"""


def long_run() -> list[Entry]:
    entries = [made.genesis(), made.turn(1, 0)]
    for number in range(1, 40):
        entries.append(made.step(number, 1, number - 1, count=40 if number % 3 == 0 else 0))
    return [*entries, made.seal(39, 39)]


def kill_until_sealed(path: Path, kills: int, seed: int) -> tuple[int, list[str]]:
    """How often the writer was killed, and the ids of all calls that it said it made."""
    rng = random.Random(seed)
    Log.create(path, made.KEY).close()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed, calls = 0, list[str]()
    while True:
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            if killed < kills:
                time.sleep(rng.random() * 0.004)
                writer.send_signal(signal.SIGKILL)
            calls += writer.stdout.read().split()
        if writer.returncode == 0:
            return killed, calls
        assert writer.returncode == -signal.SIGKILL
        killed += 1
        left = recover(UncheckedTrace.read(path)).trace
        if left is not None and left.level is Level.SEALED:
            return killed, calls


def check_kills(folder: Path, kills: int, seed: int) -> int:
    expected = made.write(folder / "whole.rlm", long_run())
    killed, calls = kill_until_sealed(folder / "a.rlm", kills, seed)

    assert verify(folder / "a.rlm", expected, Level.SEALED).size == len(long_run())
    assert made.files(folder / "a.rlm") == made.files(folder / "whole.rlm")
    again = len(calls) - len(set(calls))
    assert again <= killed  # a call is said before it is journalled: at most that one for each kill
    with pytest.raises(TraceSealedError):
        Log.open(folder / "a.rlm")
    return killed


def test_a_killed_writer_loses_nothing_that_it_finished(tmp_path: Path) -> None:
    """Killed a few times at random moments, a writer ends with the bytes of one that never was."""
    check_kills(tmp_path, kills=3, seed=1)


@pytest.mark.slow
def test_a_thousand_kills(tmp_path: Path) -> None:
    """The same, 1,000 times."""
    killed = 0
    for seed in range(1_000):
        (tmp_path / str(seed)).mkdir()
        killed += check_kills(tmp_path / str(seed), kills=10, seed=seed)
        if killed >= 1_000:
            break

    assert killed >= 1_000
