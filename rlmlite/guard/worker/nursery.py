"""The nursery: the process that workers are forked from. It imports parsers, and never reads a stranger's file.

Importing pyarrow takes a quarter of a second, forking a process that has done so a few milliseconds. So one process per
host imports what is asked for and forks for every file. It is started afresh, not forked from the host: nothing of the
host's memory is in it, nor in any worker.

One thread, one loop, three kinds of events:

    a request on the socket      import its module, fork, remember the child by its lifeline
    the end of a lifeline        whoever asked has gone away: kill the child
    the end of a child           say how it ended through its lifeline

When the socket ends, the host is gone: the nursery kills what is left and ends too.
"""

import importlib
import os
import selectors
import signal
import socket
import struct
from contextlib import suppress
from typing import Any

import msgspec

from rlmlite.guard.worker.child import Assignment, Job, run_child
from rlmlite.guard.worker.confinement import call_filter, library_paths
from rlmlite.guard.worker.limits import WorkerLimits

MAX_REQUEST = 16 * 1024 * 1024
"""Bytes of a request. What is longer is not an argument but an input: a file, or a feed."""

MAX_DESCRIPTORS = 16

LENGTH = struct.Struct("!I")


class Request(msgspec.Struct, frozen=True):
    """One job. With it come descriptors: lifeline, out, the feed if there is one, and the files.

    module, function: the job, by name. preload: modules to import before the fork. paths: what it may open besides.
    """

    module: str
    function: str
    argument: Any
    limits: WorkerLimits
    has_feed: bool
    preload: tuple[str, ...]
    paths: tuple[str, ...]


class Ending(msgspec.Struct, frozen=True):
    """How a worker ended: its exit status or its signal (one of them is 0), and its processor time in seconds."""

    status: int
    signal: int
    seconds: float


class Nursery:
    """The loop. `requests` is the socket to the host."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._lifelines: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._ended, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else _plain_pipe()
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._selector.register(self._requests, selectors.EVENT_READ, "request")
        self._selector.register(self._ended, selectors.EVENT_READ, "ended")

    def run(self) -> None:
        """Serve until the host is gone."""
        call_filter()
        while True:
            for key, _ in self._selector.select():
                if key.data == "request":
                    if not self._take_request():
                        self._kill_all()
                        return
                elif key.data == "ended":
                    with suppress(BlockingIOError):
                        os.read(self._ended, 4096)
                    self._bury()
                else:
                    self._drop(key.data)

    def _take_request(self) -> bool:
        """Fork a worker for the next request. False at the end of the socket."""
        received = _receive(self._requests)
        if received is None:
            return False
        request, descriptors = received
        lifeline = socket.socket(fileno=descriptors[0])
        pid: int | None = None
        try:
            pid = _fork(_find_job(request), request, descriptors)
        # An import may raise anything, and the system may have no room for another process.
        except Exception as error:
            words = getattr(error, "strerror", None) or error  # without the system's number
            _say(lifeline, {"failed": f"{type(error).__name__}: {words}"[:1_000]})
            lifeline.close()
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        if pid is not None:
            self._lifelines[pid] = lifeline
            self._selector.register(lifeline, selectors.EVENT_READ, pid)
        return True

    def _drop(self, pid: int) -> None:
        """Kill a child whose lifeline ended. Nobody has waited for it yet, so its number is still its own."""
        lifeline = self._lifelines.get(pid)
        # Its own end was noticed in this same round, just before.
        if lifeline is None:
            return
        self._selector.unregister(lifeline)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _bury(self) -> None:
        """Take note of every child that has ended, and say so."""
        while self._lifelines:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            lifeline = self._lifelines.pop(pid)
            with suppress(KeyError):
                self._selector.unregister(lifeline)
            code = os.waitstatus_to_exitcode(status)
            ending = Ending(max(code, 0), max(-code, 0), usage.ru_utime + usage.ru_stime)
            _say(lifeline, ending)
            lifeline.close()

    def _kill_all(self) -> None:
        for pid in self._lifelines:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def main(descriptor: int) -> None:
    """Serve requests from a socket that is open under this number."""
    # A Ctrl-C at the terminal is for the host, which then hangs up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A thread of the host that blocks signals hands that down, and the end of a child would not be noticed.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    Nursery(socket.socket(fileno=descriptor)).run()
    # At once: what the libraries do at an ordinary end takes longer than the host should wait.
    os._exit(0)


def _fork(job: Job, request: Request, descriptors: list[int]) -> int:
    """Fork a worker that does the job. Returns here only, in the nursery, with the worker's process number."""
    # Remembered here, so that the fork does not look for them.
    library_paths()
    nursery = os.getpid()
    pid = os.fork()
    if pid == 0:
        first_file = 3 if request.has_feed else 2
        feed = descriptors[2] if request.has_feed else None
        assignment = Assignment(request.argument, tuple(descriptors[first_file:]), feed)
        run_child(job, assignment, descriptors[1], request.limits, request.paths, nursery)
    return pid


def _say(lifeline: socket.socket, what: object) -> None:
    # The host may have hung up.
    with suppress(OSError):
        lifeline.send(msgspec.json.encode(what))


def _find_job(request: Request) -> Any:
    for name in request.preload:
        # Missing libraries are told by the job itself, in its own words.
        with suppress(ImportError):
            importlib.import_module(name)
    found: Any = importlib.import_module(request.module)
    for name in request.function.split("."):
        found = getattr(found, name)
    return found


def _receive(requests: socket.socket) -> tuple[Request, list[int]] | None:
    """The next request and its descriptors, or None at the end."""
    head, descriptors, _, _ = socket.recv_fds(requests, LENGTH.size, MAX_DESCRIPTORS)
    body = bytearray()
    try:
        head += _receive_exactly(requests, LENGTH.size - len(head)) if head else b""
        if not head:
            return None
        body += _receive_exactly(requests, LENGTH.unpack(head)[0])
    except EOFError:
        return None
    return msgspec.msgpack.decode(body, type=Request), descriptors


def _receive_exactly(requests: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = requests.recv(min(size - len(parts), 1 << 16))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _plain_pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    return reading, writing
