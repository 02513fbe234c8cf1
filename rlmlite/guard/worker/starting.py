"""The host's end of the nursery: started when a worker is first needed, used by all threads, ended with the process."""

import atexit
import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from rlmlite.guard.worker.limits import WorkerStartError
from rlmlite.guard.worker.nursery import LENGTH, MAX_REQUEST, Request

_BOOT = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from rlmlite.guard.worker.nursery import main
main(int(sys.argv[1]))
"""

_PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ", "SYSTEMROOT")
"""Variables that the nursery gets: where shared libraries are, and the time zone. No others: they may hold keys."""

_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    # A library that starts threads when it is imported would have them in every fork, dead.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Memory is limited by what is allocated; pools and arenas would reserve far more than they use.
    "MALLOC_ARENA_MAX": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}

_WAIT = 2.0
"""Seconds for a nursery to end by itself at the end of this process."""


class NurseryHandle:
    """A running nursery, and the socket to it."""

    def __init__(self) -> None:
        """Start it. Raises `WorkerStartError`."""
        if not sys.executable:
            raise WorkerStartError("no process for parsers can be started: Python does not know its own program")
        ours, theirs = map(_above_standard, socket.socketpair())
        try:
            environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            words = (str(theirs.fileno()), json.dumps(_import_path()))
            self._process = subprocess.Popen(
                # Isolated: no folder of the user on its path, no variable of Python obeyed, no `site`.
                [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, *words],
                env={**environment, **_ENVIRONMENT},
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                # Not in the terminal's group: a Ctrl-C is for the host, which then lets go of its workers.
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise WorkerStartError(f"no process for parsers can be started: {error.strerror or error}") from None
        finally:
            theirs.close()
        self._socket = ours

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def send(self, request: bytes, descriptors: Sequence[int]) -> None:
        """Send one request. Raises `OSError` if the nursery is gone."""
        data = LENGTH.pack(len(request)) + request
        sent = socket.send_fds(self._socket, [data], descriptors)
        self._socket.sendall(memoryview(data)[sent:])

    def close(self) -> None:
        """Hang up, and wait for its end."""
        self._socket.close()
        try:
            self._process.wait(_WAIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def forget(self) -> None:
        """Close this process's copy of the socket, in a fork of the host: the nursery is the parent's."""
        self._socket.close()
        # Whose child it is not: so that nobody waits for it here.
        self._process.returncode = 0


class _Nurseries:
    """The nursery of this process, if it has started one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.handle: NurseryHandle | None = None

    def request(self, request: Request, descriptors: Sequence[int]) -> None:
        """Hand a job to the nursery, started if need be. Raises `WorkerStartError`, `ValueError`."""
        body = msgspec.msgpack.encode(request)
        if len(body) > MAX_REQUEST:
            raise ValueError(f"an argument of {len(body):,} bytes; at most {MAX_REQUEST:,} are allowed: use a feed")
        with self.lock:
            if self.handle is not None:
                try:
                    return self.handle.send(body, descriptors)
                except OSError:
                    # It was killed, by the system for want of memory perhaps. Once more, with a new one.
                    self.end()
            self.handle = NurseryHandle()
            try:
                self.handle.send(body, descriptors)
            except OSError as error:
                self.end()
                raise WorkerStartError(f"the process for parsers ended at once: {error.strerror or error}") from None

    def end(self) -> None:
        """End the nursery, if there is one. Call it with the lock held, or where nobody else can run."""
        if self.handle is not None:
            self.handle.close()
            self.handle = None

    def forget(self) -> None:
        """In a fork of this process: leave the nursery to the parent."""
        self.lock = threading.Lock()
        if self.handle is not None:
            self.handle.forget()
            self.handle = None


NURSERIES = _Nurseries()
"""Of this process. A worker costs a fork because there is one nursery, not one for each caller."""

atexit.register(NURSERIES.end)
os.register_at_fork(after_in_child=NURSERIES.forget)


def _above_standard(end: socket.socket) -> socket.socket:
    """The socket under a number above 2. A host without standard streams would give it one of theirs."""
    if end.fileno() > 2:
        return end
    moved = socket.socket(fileno=fcntl.fcntl(end.fileno(), fcntl.F_DUPFD_CLOEXEC, 3))
    end.close()
    return moved


def _import_path() -> list[str]:
    """Where the nursery imports from: what this process imports from, but not the current folder."""
    # This package itself may lie in the current folder.
    own = str(Path(__file__).resolve().parents[3])
    # `""` and relative entries are the current folder, whatever it is at the time; `python -m` spells it out. Where
    # that is the package's own, it keeps its place: behind another copy of the package, workers would run that one.
    here = os.path.realpath(os.curdir)
    absolute = filter(os.path.isabs, sys.path)
    entries = [entry for entry in absolute if here == own or os.path.realpath(entry) != here]
    return list(dict.fromkeys([*entries, own]))
