"""SIGKILL: a real process writes a trace and is killed, again and again, until the run is sealed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlmlite_kernel.effects.requests import Answered
from rlmlite_kernel.records.records import Entry
from rlmlite_traces import Level, Log, TraceSealedError, verify
from tests.traces import handmade

NURSERY = """
import os, random, signal, sys, time
from pathlib import Path
from rlmlite_traces import Level, recover
from rlmlite_traces.format.reader import UncheckedTrace
from tests.traces.writing.test_kill import write_on
path, kills, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
killed = 0
while True:
    child = os.fork()
    if child == 0:
        write_on(path)
        os._exit(0)
    if killed < kills:
        time.sleep(rng.random() * 0.008)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    killed += status == signal.SIGKILL
    left = recover(UncheckedTrace.read(path)).trace
    if left is not None and left.level is Level.SEALED:
        break
print(killed)
"""
"""Forks writers and kills them: a fork is ready at once, where a new interpreter is not."""


def long_run() -> list[Entry]:
    entries = [handmade.genesis(), handmade.turn(1, 0)]
    for number in range(1, 40):
        entries.append(handmade.step(number, 1, number - 1, count=40 if number % 3 == 0 else 0))
    return [*entries, handmade.seal(39, 39)]


def write_on(path: Path) -> None:
    """Write what is missing of the long run; say each call in a file of its own before it is journalled."""
    entries = long_run()
    said = os.open(path.with_suffix(".said"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with Log.open(path) as log:
        for entry in entries[log.size :]:
            known = log.journal_results()
            for call in entry.effects:
                if call.id not in known:
                    os.write(said, call.id.encode() + b"\n")
                    log.journal(call.id, Answered("x" * 200))
            log.append(entry)


def kill_until_sealed(folder: Path, kills: int, seed: int) -> int:
    """How often the writer was killed until the run was sealed; what it left is checked."""
    expected = handmade.write(folder / "whole.rlm", long_run())
    path = folder / f"{seed}.rlm"
    Log.create(path, handmade.KEY).close()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", NURSERY, str(path), str(kills), str(seed)]

    killed = int(subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout)

    assert verify(path, expected, Level.SEALED).size == len(long_run())
    assert handmade.files(path) == handmade.files(folder / "whole.rlm")
    calls = path.with_suffix(".said").read_text().split()
    assert len(calls) - len(set(calls)) <= killed  # said before it is journalled: at most that one for each kill
    with pytest.raises(TraceSealedError):
        Log.open(path)
    return killed


def test_a_killed_writer_loses_nothing_that_it_finished(tmp_path: Path) -> None:
    """Killed at random moments, a writer ends with the bytes of one that never was."""
    assert kill_until_sealed(tmp_path, kills=20, seed=1) > 0


@pytest.mark.slow
def test_a_thousand_kills_lose_nothing(tmp_path: Path) -> None:
    """The same as above, over 1,000 kills."""
    killed, seed = 0, 0
    while killed < 1_000:
        folder = tmp_path / str(seed)
        folder.mkdir()
        killed += kill_until_sealed(folder, kills=100, seed=seed)
        seed += 1
