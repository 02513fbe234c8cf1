"""Questions to the person at a terminal, with a real one: yes, no, the end of the input, Ctrl-C."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rlmlite_traces import Level, Verdict, replay, verify

TOOL = 'def send(to: str) -> str:\n    open("sent", "a").write(to)\n    return "sent"\n'
QUESTION = b"call? [y/N]: "


def typed(folder: Path, keys: bytes, seconds: float = 30) -> int:
    """The exit code of a run that asks for an approval at a terminal, where somebody types these keys."""
    (folder / "hands.py").write_text(TOOL)
    (folder / "in.txt").write_text("ann")
    main, ours = pty.openpty()
    command = ["exec", "-e", "send(to=str(context))", "in.txt", "--tool", "hands.py:send", "--trace", "t.rlm"]
    process = subprocess.Popen(
        ["setsid", "--ctty", sys.executable, "-m", "rlmlite", *command],
        cwd=folder, stdin=ours, stdout=ours, stderr=ours,
    )  # fmt: skip
    os.close(ours)
    said, answered, end = b"", False, time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([main], [], [], 0.05)[0]:
            try:
                said += os.read(main, 65_536)
            except OSError:  # the other end is closed
                break
        if QUESTION in said and not answered:
            time.sleep(0.3)  # a person is not faster
            os.write(main, keys)
            answered = True
    os.close(main)
    try:
        return process.wait(1)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        raise


@pytest.mark.parametrize(
    ("keys", "code", "sent"), [(b"y\n", 0, True), (b"n\n", 1, False), (b"\n", 1, False), (b"\x04", 1, False)]
)
def test_only_yes_is_a_yes(tmp_path: Path, keys: bytes, code: int, sent: bool) -> None:
    """An empty line and the end of the input are a no."""
    assert typed(tmp_path, keys) == code
    assert (tmp_path / "sent").exists() is sent


def test_ctrl_c_leaves_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no answer: nothing is called, and the trace is open and valid."""
    assert typed(tmp_path, b"\x03", 10) == 130
    assert not (tmp_path / "sent").exists()
    checked = verify(tmp_path / "t.rlm")
    assert checked.level is Level.OPEN
    monkeypatch.chdir(tmp_path)
    assert replay(checked, recorded_paths=True).verdict is Verdict.REPRODUCED
