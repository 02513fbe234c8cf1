"""Processes that work on one session in turns: a command waits for the one before it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rlmlite import Session
from rlmlite.cli.commands.sessions import session as commands
from rlmlite.cli.output.exits import Exit
from rlmlite_traces import TraceLockedError
from tests.rlmlite.cli.commands import rlmlite

HOLDS = (
    "import sys, time; from rlmlite import Session\n"
    "session = Session(sys.argv[1]); session.exec('x = 1'); print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_text("ERROR a\n", "utf-8")
    Session(tmp_path / "s.rlm", tmp_path / "app.log").close()
    return tmp_path / "s.rlm"


def holder(place: Path) -> "subprocess.Popen[str]":
    """Another process that works on the session, and does not end."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(place)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    return other


def test_a_command_goes_on_when_the_other_was_killed(place: Path) -> None:
    """It waits for the lock, which ends with whoever held it; all that the other had recorded is there."""
    with holder(place) as other:
        killer = subprocess.Popen(["sh", "-c", f"sleep 0.4; kill -9 {other.pid}"])
        result = rlmlite("session", "exec", str(place), "-e", "final(x + 1)")
        killer.wait()
    assert other.returncode == -signal.SIGKILL
    assert result.exit_code == Exit.COMPLETED
    assert "answer\n    2\n" in result.stdout


def test_a_command_says_how_long_it_has_waited(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up after some seconds, and nothing was done."""
    monkeypatch.setattr(commands, "LOCK_SECONDS", 0.2)
    with Session(place):
        result = rlmlite("session", "exec", str(place), "-e", "y = 1")
    assert result.exit_code == Exit.USAGE
    assert "waited for 0.2 seconds" in result.stderr


def test_a_host_is_told_at_once(place: Path) -> None:
    """In Python, whoever holds a session for long may be this very process."""
    with Session(place), pytest.raises(TraceLockedError, match=r"one writer at a time$"):
        Session(place)
