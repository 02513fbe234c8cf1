"""A disk that is full, or broken, at any write of a run: the trace is valid up to its last whole record.

Each test runs a session to the end once to count what it asks of the system, then again with a fault at each of these
requests. The fault stays until the session is opened again, as a full disk does.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rlmlite import Session
from rlmlite.cli.output.exits import Exit
from rlmlite.clients.scripted import Scripted
from rlmlite.runs.settings.setting import KEY_BYTES
from rlmlite_traces import Level, Log, TraceError, TraceWriteError, verify
from tests.rlmlite.cli.commands import rlmlite

KEY = "3" * 2 * KEY_BYTES
LARGE = "word " * 20_000
PROGRAMS = (
    'hits = search(context, "ERROR")',
    'read = map_over_chunks(chunk(context, size=1500), "What? {chunk}")',
    "big = context",
)
FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def open_session(path: str) -> Session:
    if Path(path).exists():
        # Named again: without room there is no tag of its origin either.
        return Session(path, {"context": Path("app.log")}, sub=Scripted(lambda text, request: request.id))
    inputs = {"context": Path("app.log"), "large": LARGE}
    return Session(path, inputs, sub=Scripted(lambda text, request: request.id), run_key=KEY)


def run_all(path: str) -> None:
    """Every program that is not done yet, whatever was stopped before, and the seal."""
    with open_session(path) as session:
        if session.run.unfinished is not None:
            session.resume()
        for program in PROGRAMS[len(session.run.history) :]:
            session.exec(program)
        session.seal()


class Disk:
    """Counts requests of one kind, and lets those from a number on fail."""

    def __init__(self, code: int, half: bool) -> None:
        self.count, self.fails_from, self.code, self.half = 0, 1 << 60, code, half
        self.left_half = False

    def ask(self) -> None:
        self.count += 1
        if self.count >= self.fails_from:
            raise OSError(self.code, os.strerror(self.code))


@contextmanager
def disk_with(call: str, code: int, half: bool, fails_from: int) -> Iterator[Disk]:
    """The disk, while its calls `os.write`, `os.fsync` or `os.mkdir` go through it. Some of a write may succeed."""
    disk = Disk(code, half)
    disk.fails_from = fails_from
    real: Callable[..., Any] = getattr(os, call)

    def asked(*arguments: Any, **named: Any) -> Any:
        if call == "write" and disk.half and disk.count + 1 == disk.fails_from:
            disk.count += 1
            descriptor, data = arguments
            return real(descriptor, bytes(data)[: max(1, len(data) // 2)])
        disk.ask()
        return real(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, asked)
        yield disk


def requests_of(call: str) -> int:
    """How often a whole run makes a call."""
    Session("first.rlm").close()  # makes the user's key, which later ones find
    with disk_with(call, 0, False, 1 << 60) as disk:
        run_all("whole.rlm")
    return disk.count


@pytest.mark.parametrize("code", FAULTS, ids=errno.errorcode.get)
@pytest.mark.parametrize(("call", "half"), [("write", False), ("write", True), ("fsync", False), ("mkdir", False)])
def test_a_trace_is_valid_up_to_its_last_whole_record(call: str, half: bool, code: int) -> None:
    """At every request: what was recorded verifies, the error says where it ends, and the run goes on to the same."""
    count = requests_of(call)
    whole = verify(Path("whole.rlm"))
    lines = [whole.line(seq) for seq in range(whole.size)]

    for number in range(1, count + 1):
        path = Path("s.rlm")
        with disk_with(call, code, half, number), pytest.raises((OSError, TraceError)) as caught:
            run_all(str(path))
        if path.exists() and (path / "trace.jsonl").stat().st_size:
            trace = verify(path)
            assert [trace.line(seq) for seq in range(trace.size)] == lines[: trace.size]
            if isinstance(caught.value, TraceWriteError):
                assert caught.value.records == trace.size
                assert f"valid up to record {trace.size - 1}" in str(caught.value)
            if trace.level is Level.OPEN:
                run_all(str(path))
            assert verify(path).root == whole.root
        shutil.rmtree(path, ignore_errors=True)
    assert count >= (1 if call == "mkdir" else 5)


def test_a_disk_that_does_not_even_cut_is_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torn line stays behind. Opening the trace again cuts it off, as after a crash."""
    with open_session("s.rlm") as session:
        session.exec(PROGRAMS[0])
        with monkeypatch.context() as patch, disk_with("write", errno.EIO, True, 2):
            patch.setattr(os, "ftruncate", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "broken")))
            with pytest.raises(TraceWriteError):
                session.exec(PROGRAMS[2])
    run_all("s.rlm")

    assert verify(Path("s.rlm"), at_least=Level.SEALED).level is Level.SEALED


def test_without_room_to_begin_nothing_is_left() -> None:
    """So the same command works when there is room."""
    with disk_with("write", errno.ENOSPC, False, 1), pytest.raises((OSError, TraceError)):
        Log.create(Path("deep/s.rlm"), bytes(KEY_BYTES))

    assert list(Path("deep").iterdir()) == []
    Log.create(Path("deep/s.rlm"), bytes(KEY_BYTES)).close()


def test_the_command_says_what_is_left() -> None:
    """One line, with the reason, where the trace ends, and an exit code of its own."""
    rlmlite("session", "new", "s.rlm", "app.log")
    with disk_with("write", errno.ENOSPC, True, 2):
        result = rlmlite("session", "exec", "s.rlm", "-e", PROGRAMS[0])

    assert result.exit_code == Exit.FAILED
    assert "s.rlm cannot be written: No space left on device; the trace is valid up to record" in result.output
    assert rlmlite("trace", "verify", "s.rlm").exit_code == Exit.COMPLETED
    assert rlmlite("session", "exec", "s.rlm", "-e", PROGRAMS[0]).exit_code == Exit.COMPLETED
