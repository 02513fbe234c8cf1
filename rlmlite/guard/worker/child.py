"""The worker itself: one job in a process of its own, from the fork to the end.

It gives up its rights first, so that no byte of a stranger's file is looked at with them. What the function yields goes
out as frames; an exception does too, as its class and words. It ends with `_exit`: nothing of the nursery's is run.
"""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeAlias

import msgspec

from rlmlite.guard.worker.confinement import close_all_but, confine
from rlmlite.guard.worker.frames import FrameWriter
from rlmlite.guard.worker.limits import WorkerLimits


class Assignment(msgspec.Struct, frozen=True):
    """What a job's function is called with.

    argument: what the caller gave, after a way through MessagePack.
    files: the descriptors of open files, in the caller's order, to read.
    feed: the descriptor of a pipe that the caller feeds, to read up to its end; None without one.
    """

    argument: Any
    files: tuple[int, ...]
    feed: int | None


Job: TypeAlias = Callable[[Assignment], Iterator[Any]]
"""A function of a module, run in a worker: it yields `bytes` as blocks, and other values as messages."""


def run_child(
    job: Job, assignment: Assignment, out: int, limits: WorkerLimits, paths: tuple[str, ...], nursery: int
) -> NoReturn:
    """Do a job in this process, which is a fresh fork of the nursery, and end.

    `nursery` is its process number, `out` the pipe for frames.
    """
    writer = FrameWriter(out)
    # 1 is a failure that could not even be said; see the end.
    status = 1
    try:
        _separate(assignment, out)
        mapped = sum(os.fstat(file).st_size for file in assignment.files)
        confine(limits, paths, mapped, nursery)
        for item in job(assignment):
            if isinstance(item, bytes | bytearray | memoryview):
                writer.block(item)
            else:
                writer.message(item)
        writer.end()
        status = 0
    except MemoryError:
        # What the job held is free again by now, so that these few words find room.
        writer.exception(MemoryError())
    except BaseException as error:
        writer.exception(error)
    finally:
        os._exit(status)


def _separate(assignment: Assignment, out: int) -> None:
    """Keep the job's own descriptors and the empty 0, 1 and 2, and none of the nursery's handlers of signals."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # The end of its time must end it, whatever the host had made of this signal.
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    feed = () if assignment.feed is None else (assignment.feed,)
    close_all_but((0, 1, 2, out, *assignment.files, *feed))
