"""Parsers called in a worker, under the limits of one input; and what a failure there means for its file.

    the library raises       not readable as pdf (PdfReadError: EOF marker not found)
    it crashes               not readable as pdf (the parser crashed: signal 11, SIGSEGV)
    it takes too long        not readable as pdf (the parser took more than 61 seconds, the limit max_seconds); ...

Each is a fault of this file, never of this process: an input that is that file is refused, and in a folder it is
skipped with the reason. Where many files of one input run into a limit, the input is refused: a folder must not take
hours.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rlmlite.errors.unreadable import ParserError
from rlmlite.guard.worker.child import Job
from rlmlite.guard.worker.frames import Message
from rlmlite.guard.worker.limits import JobError, WorkerError, WorkerLimitError, WorkerStartError
from rlmlite.guard.worker.running import run
from rlmlite.inputs.formats.reading import ReadingLimits
from rlmlite.inputs.formats.streams.blocks import BLOCK
from rlmlite_kernel.values.blobs import Content, InputChangedError
from rlmlite_traces import HashedFile
from rlmlite_traces.files.guarded import open_plain
from rlmlite_traces.files.mapped import Mark

_SETTINGS = {"seconds": "max_seconds", "memory": "max_worker_bytes"}
"""The setting of `Reading` for each limit of a worker."""

_IN_MEMORY = 16 * 1024 * 1024
"""Copies up to this many bytes are kept in memory, larger ones in a temporary file."""


def parse(
    job: Job,
    argument: Any,
    limits: ReadingLimits,
    *,
    messages: Any,
    format: str,
    size: int | None,
    files: Sequence[int] = (),
    feed: Iterator[Content] | None = None,
    preload: Sequence[str] = (),
    paths: Sequence[str] = (),
) -> Iterator[Any]:
    """What a job yields in a worker, see `run`: blocks, and values of the type `messages`.

    `format` is for what users are told. The limits grow with `size`, in bytes; None is a stream of unknown size.

    Raises `ParserError` for whatever goes wrong there, `TooLargeError` when it did so too often, and what `feed`
    raises.
    """
    allowed = limits.worker_limits(size)
    try:
        for item in run(job, argument, allowed, files=files, feed=feed, preload=preload, paths=paths):
            yield item.decode(messages) if isinstance(item, Message) else item
    except WorkerLimitError as error:
        limits.count_stopped()
        setting = _SETTINGS[error.limit]
        raise ParserError(
            f"not readable as {format}",
            f"the parser took more than {error.amount}, the limit {setting}",
            f"if that is intended: --read {setting}=NUMBER",
        ) from None
    except JobError as error:
        raise ParserError(f"not readable as {format}", str(error)) from None
    except WorkerStartError as error:
        raise ParserError("not readable without a worker", str(error)) from None
    except WorkerError as error:
        raise parser_fault(format, str(error)) from None


def parser_fault(format: str, what: str) -> ParserError:
    """The error of a file whose parser did what it should not: `what` follows `the parser`."""
    return ParserError(f"not readable as {format}", f"the parser {what}")


@contextmanager
def open_file(file: HashedFile) -> Iterator[int]:
    """The descriptor of a file that was hashed, while the block lasts. Raises `InputChangedError`, `OSError`."""
    descriptor, status = open_plain(file.path)
    try:
        if Mark.of(status) != file.mark:
            raise InputChangedError(str(file.path), str(file.mark), str(Mark.of(status)))
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def open_copy(content: Content) -> Iterator[int]:
    """The descriptor of a copy of a content, without a name, while the block lasts.

    A worker gets a copy, not the file that the content lies in: that may hold other contents as well.
    """
    file = _unnamed_file(len(content))
    try:
        view = memoryview(content)
        for start in range(0, len(view), BLOCK):
            file.write(view[start : start + BLOCK])
        file.flush()
        file.seek(0)
        yield file.fileno()
    finally:
        file.close()


def _unnamed_file(size: int) -> Any:
    if size <= _IN_MEMORY and hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("rlmlite"), "w+b")
    return tempfile.TemporaryFile()
