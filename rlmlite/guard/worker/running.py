"""`run`: a job in a worker, from this side. What it yields is what the worker sent, checked in form only.

    for item in run(convert_pdf, {"pages": 3}, WorkerLimits(seconds=60), files=[descriptor]):
        ...                    bytes, or a `Message` to decode into the type that is expected

The worker is killed when the iterator is closed, also by Ctrl-C, when it takes too long, and when it sends something
that is not a frame. It runs while its blocks are used here, as far ahead as its pipe holds.
"""

import fcntl
import os
import select
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from rlmlite.guard.worker.child import Job
from rlmlite.guard.worker.frames import BLOCK, END, EXCEPTION, FrameReader, Message, exception_words
from rlmlite.guard.worker.limits import (
    LIMITS,
    WAIT_FACTOR,
    JobError,
    WorkerCrashError,
    WorkerLimitError,
    WorkerLimits,
    WorkerStartError,
    signal_text,
)
from rlmlite.guard.worker.nursery import Ending, Request
from rlmlite.guard.worker.starting import NURSERIES

_SIGXCPU = 24
_PIPE = 1024 * 1024
_F_SETPIPE_SZ = 1031
_GRACE = 30.0
"""Seconds in which a worker that closed its pipe must have ended."""


def run(
    job: Job,
    argument: Any = None,
    limits: WorkerLimits = LIMITS,
    *,
    files: Sequence[int] = (),
    feed: Iterator[bytes | memoryview] | None = None,
    preload: Sequence[str] = (),
    paths: Sequence[str] = (),
) -> Iterator[bytes | Message]:
    """Run a job in a worker, and yield what it yields: blocks as `bytes`, other values as `Message`.

    job: a function at the top of a module; see `child.Job`. argument: anything that MessagePack can carry.
    files: open descriptors that it may read. They stay open here. feed: blocks for it to read from a pipe, as it asks.
    preload: modules to import before the fork, so that the next job finds them there.
    paths: files that it may open by name, for libraries that take nothing else.

    Raises `WorkerError` in all its kinds, and what `feed` raises.
    """
    exchange = _Exchange(limits, feed)
    try:
        request = Request(
            job.__module__, job.__qualname__, argument, limits, feed is not None, tuple(preload), tuple(paths)
        )
        exchange.begin(request, files)
        yield from exchange.items()
    finally:
        exchange.close()


class _Exchange:
    """The descriptors of one job, and the clock that it runs against."""

    def __init__(self, limits: WorkerLimits, feed: Iterator[bytes | memoryview] | None) -> None:
        self._limits, self._feed = limits, feed
        self._block: memoryview = memoryview(b"")
        self._left = limits.seconds * WAIT_FACTOR
        self._answers = self._feeding = -1
        self._lifeline, self._their_lifeline = socket.socketpair()

    def begin(self, request: Request, files: Sequence[int]) -> None:
        """Hand the job to the nursery. Raises `WorkerStartError`."""
        self._answers, out = os.pipe()
        theirs = [self._their_lifeline.fileno(), out]
        _enlarge(out)
        fed = -1
        if self._feed is not None:
            fed, self._feeding = os.pipe()
            _enlarge(fed)
            os.set_blocking(self._feeding, False)
            theirs.append(fed)
        try:
            NURSERIES.request(request, [*theirs, *files])
        finally:
            # The worker has them now, or nobody.
            os.close(out)
            if fed >= 0:
                os.close(fed)
            self._their_lifeline.close()

    def items(self) -> Iterator[bytes | Message]:
        """What the worker sends, up to its end. Raises `WorkerError`."""
        try:
            for kind, body in FrameReader(self._read_into).frames():
                if kind == END:
                    return
                if kind == EXCEPTION:
                    raise self._job_error(*exception_words(body))
                yield body if kind == BLOCK else Message(body)
        except EOFError:
            raise self._crash() from None
        # The pipe ended between two frames, but without the last.
        raise self._crash()

    def close(self) -> None:
        """Close everything. The nursery then kills the worker, if it still runs."""
        self._lifeline.close()
        self._their_lifeline.close()
        self._end_feed()
        if self._answers >= 0:
            os.close(self._answers)
            self._answers = -1

    def _read_into(self, buffer: memoryview) -> int:
        """Fill a buffer with what has come; meanwhile feed the worker. Raises `WorkerLimitError`."""
        self._wait_for(self._answers)
        return os.readv(self._answers, [buffer])

    def _wait_for(self, descriptor: int) -> None:
        """Wait until a descriptor can be read. Raises `WorkerLimitError` when the time is over."""
        while True:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            if self._feeding >= 0:
                # Fetching the next block may take its time, which is not the worker's.
                self._fetch()
            if self._feeding >= 0:
                poll.register(self._feeding, select.POLLOUT)
            begun = time.monotonic()
            ready = dict(poll.poll(max(0.0, self._left) * 1000))
            self._left -= time.monotonic() - begun
            if descriptor in ready:
                return
            if not ready:
                raise WorkerLimitError("seconds", f"{round(self._limits.seconds, 1):,g} seconds")
            self._write_feed()

    def _fetch(self) -> None:
        """Have a block to feed, or hang up at the end of the feed."""
        assert self._feed is not None
        while not self._block:
            block = next(self._feed, None)
            if block is None:
                self._end_feed()
                return
            self._block = memoryview(block)

    def _write_feed(self) -> None:
        try:
            self._block = self._block[os.write(self._feeding, self._block) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            # It has read enough.
            self._end_feed()

    def _end_feed(self) -> None:
        if self._feeding >= 0:
            os.close(self._feeding)
            self._feeding = -1

    def _job_error(self, kind: str, text: str) -> Exception:
        if kind == "MemoryError":
            return self._memory_error()
        return JobError(kind, text)

    def _memory_error(self) -> WorkerLimitError:
        return WorkerLimitError("memory", f"{self._limits.memory:,} bytes of memory")

    def _crash(self) -> Exception:
        """Why the worker's pipe ended before its answer did."""
        ending = self._read_ending()
        if isinstance(ending, str):
            return WorkerStartError(ending)
        if ending is None:
            return WorkerCrashError("crashed")
        if ending.signal == _SIGXCPU:
            return WorkerLimitError("seconds", f"{round(self._limits.seconds, 1):,g} seconds")
        if ending.signal:
            return WorkerCrashError(f"crashed: {signal_text(ending.signal)}")
        return WorkerCrashError(f"ended by itself: status {ending.status}")

    def _read_ending(self) -> Ending | str | None:
        """What the nursery says of the worker's end; a text if it never began; None if it says nothing."""
        self._lifeline.settimeout(_GRACE)
        try:
            said = self._lifeline.recv(4096)
        except OSError:
            return None
        if not said:
            return None
        if said.startswith(b'{"failed"'):
            return str(msgspec.json.decode(said)["failed"])
        return msgspec.json.decode(said, type=Ending)


def _enlarge(pipe: int) -> None:
    """Let a pipe hold a megabyte, so that neither side waits for each 64 kB. Only Linux can."""
    try:
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE)
    except OSError:
        # A limit on the pipes of a user. It is slower, and nothing else.
        return
