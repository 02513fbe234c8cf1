"""Jobs for workers: some do as they should, some do what a parser does that was taken over."""

import ctypes
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rlmlite.guard.worker.child import Assignment


def echo(assignment: Assignment) -> Iterator[Any]:
    """Send back what came: the argument, the files, the feed."""
    yield assignment.argument
    for file in assignment.files:
        yield os.pread(file, 1 << 20, 0)
    while assignment.feed is not None and (block := os.read(assignment.feed, 1 << 20)):
        yield block


def die(assignment: Assignment) -> Iterator[bytes]:
    """End by the signal or the exit status that the argument names, after a first block."""
    yield b"a first block"
    how, number = assignment.argument
    if how == "exit":
        os._exit(number)
    if how == "null":
        ctypes.string_at(number)
    os.abort()


def fail(assignment: Assignment) -> Iterator[bytes]:
    """Raise."""
    yield b"a first block"
    raise ValueError(assignment.argument)


def use_memory(assignment: Assignment) -> Iterator[bytes]:
    """Use memory without end."""
    blocks = []
    while True:
        blocks.append(bytearray(10**7))
        yield b"more"


def use_time(assignment: Assignment) -> Iterator[bytes]:
    """Use time without end: the processor's, or only the clock's."""
    yield b"a first block"
    while True:
        if assignment.argument == "asleep":
            time.sleep(1)


def talk(assignment: Assignment) -> Iterator[bytes]:
    """Talk without end."""
    while True:
        yield b"x" * 1024


def stay(assignment: Assignment) -> Iterator[int]:
    """Say which process this is, and stay."""
    yield os.getpid()
    time.sleep(1_000)


def write_raw(assignment: Assignment) -> Iterator[bytes]:
    """Write bytes that are no frames into the pipe: what a worker can do whose code is another's."""
    yield b"a first block"
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, assignment.argument)
        except OSError:
            continue
    os._exit(0)


def attempt(assignment: Assignment) -> Iterator[str]:
    """Try one forbidden thing, and say how it ended."""
    try:
        found = ATTEMPTS[assignment.argument]()
    except BaseException as error:
        yield f"refused: {type(error).__name__}"
    else:
        yield f"done: {found!r}"[:200]


def _connect() -> None:
    socket.create_connection(("127.0.0.1", 9), timeout=1)


def _connect_by_path() -> None:
    socket.socket(socket.AF_UNIX).connect("/run/systemd/private")


def _call(number: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, 0, 0, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "refused")


ATTEMPTS: dict[str, Callable[[], object]] = {
    "connect": _connect,
    "connect by path": _connect_by_path,
    "listen": lambda: socket.create_server(("127.0.0.1", 0)),
    "a pair of sockets": socket.socketpair,
    "read a foreign file": lambda: Path("/etc/passwd").read_bytes(),
    "read the tests": lambda: Path(__file__).read_bytes(),
    "list a folder": lambda: os.listdir("/root"),
    "list the root": lambda: os.listdir("/"),
    "read another process": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "write a file": lambda: Path("/tmp/written-by-a-worker").write_bytes(b"x"),
    "make a folder": lambda: os.mkdir("/tmp/made-by-a-worker"),
    "remove a file": lambda: os.unlink("/tmp/removed-by-a-worker"),
    "make a link": lambda: os.symlink("/etc", "/tmp/linked-by-a-worker"),
    "make a pipe": lambda: os.mkfifo("/tmp/piped-by-a-worker"),
    "fork": os.fork,
    "execute": lambda: os.execv("/bin/true", ["true"]),
    "signal the nursery": lambda: os.kill(os.getppid(), 0),
    "signal everybody": lambda: os.kill(-1, 0),
    "raise a limit": lambda: __import__("resource").setrlimit(7, (10_000, 10_000)),
    "open a terminal": lambda: os.open("/dev/tty", os.O_RDONLY),
    "open a disk": lambda: os.open("/dev/mem", os.O_RDONLY),
    "memory of another": lambda: _call(310),  # process_vm_readv
    "trace another": lambda: _call(101),  # ptrace
    "keys of the kernel": lambda: _call(250),  # keyctl
    "io_uring": lambda: _call(425),
    "a namespace": lambda: _call(272),  # unshare
    "mount": lambda: _call(165),
    "bpf": lambda: _call(321),
    "signals by a file": lambda: __import__("fcntl").fcntl(0, 8, os.getppid()),
    "to outlive the nursery": lambda: _prctl(1, 0),
    "to be looked at": lambda: _prctl(4, 1),
    "memory without a name": lambda: os.memfd_create("x"),
}
"""What a parser has no business with."""


def harmless(assignment: Assignment) -> Iterator[Any]:
    """What libraries do, and must be able to: threads, modules, time zones, the environment."""
    thread = threading.Thread(target=time.sleep, args=(0,))
    thread.start()
    thread.join()
    import zoneinfo

    yield str(zoneinfo.ZoneInfo("UTC"))
    yield dict(os.environ)
    yield os.getcwd()
    yield os.listdir("/dev/fd") if not os.path.exists("/proc") else _open_descriptors()


def _open_descriptors() -> list[int]:
    found = []
    for descriptor in range(1024):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.append(descriptor)
    return found
