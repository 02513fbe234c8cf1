"""What a worker may use, and the errors of one that used more, crashed, or could not be started."""

import signal
import sys

import msgspec

MB = 1024 * 1024

IS_LINUX: bool = sys.platform.startswith("linux")
"""Where memory can be limited, and Landlock and seccomp may be there."""


class WorkerLimits(msgspec.Struct, frozen=True):
    """The bounds of one job.

    seconds: of processor time; and `WAIT_FACTOR` times as many of waiting for it, whatever it does.
    memory: bytes that it may allocate beyond what the nursery holds. Files that it maps do not count.
    open_files: how many descriptors it may have.
    """

    seconds: float = 60.0
    memory: int = 1024 * MB
    open_files: int = 64


LIMITS = WorkerLimits()
"""The defaults."""

WAIT_FACTOR = 4
"""A worker gets so many seconds of waiting for one of processor time: the machine may be busy with others."""


class WorkerError(Exception):
    """A job that did not come to its end. The message says what its worker did, as in `crashed: signal 11, SIGSEGV`."""


class WorkerCrashError(WorkerError):
    """The worker ended before its job did: killed by a signal, or by its own fault."""


class WorkerLimitError(WorkerError):
    """The worker reached a limit. `limit` is the field of `WorkerLimits`, `amount` its value for people."""

    def __init__(self, limit: str, amount: str) -> None:
        super().__init__(f"took more than {amount}")
        self.limit, self.amount = limit, amount


class WorkerProtocolError(WorkerError):
    """What came from the worker is not what the caller expected: a damaged parser, or one that was taken over."""


class WorkerStartError(WorkerError):
    """No worker could be started on this machine, now."""


class JobError(WorkerError):
    """The job's function raised an exception. `kind` is its class, `text` its words: both are the worker's."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind, self.text = kind, text


def signal_text(number: int) -> str:
    """A signal for people: `signal 11, SIGSEGV`."""
    try:
        return f"signal {number}, {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"
