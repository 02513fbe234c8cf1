"""Work that may run out of memory, or that a process may not survive: a second try, and a try in a copy of the process.

    retry_once(lambda: resume(...))      the result, or `OutOfMemoryError` after two tries
    survivors_result(list_calls)         the bytes that a copy of this process made, or None if it died

Not here: how much memory there is (`memory`), and parsers of hostile files, which run in a confined `worker`.
"""

import gc
import os
import sys
from collections.abc import Callable
from typing import TypeVar

from rlmlite.errors import MORE_MEMORY, OutOfMemoryError

Value = TypeVar("Value")


def retry_once(work: Callable[[], Value]) -> Value:
    """The result of work that changes nothing until it is done, tried twice if memory runs out.

    Raises `OutOfMemoryError` if it runs out again.
    """
    try:
        return work()
    except MemoryError:
        pass
    # Not in the `except`: there the error still holds what the first try had in memory.
    gc.collect()
    try:
        return work()
    except MemoryError:
        raise OutOfMemoryError(f"memory ran out; {MORE_MEMORY}") from None


def survivors_result(work: Callable[[], bytes]) -> bytes | None:
    """What `work` returns in a copy of this process, or `None` if the copy was killed, crashed or ran out of memory.

    Where processes cannot be copied (not a POSIX system), it is done in this one.
    Raises what `work` raises in this process, if it is an exception that the copy survived: it is done here again.
    """
    if not hasattr(os, "fork"):
        return work()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work_and_exit(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == _RAISED:
        return work()
    return content if code == 0 else None


_RAISED, _NO_MEMORY = 3, 4
"""Exit codes of the copy."""


def _work_and_exit(work: Callable[[], bytes], writing: int) -> None:
    """Write the result and end this copy at once: what is done at the end of a process is for the original to do."""
    code = 0
    try:
        content = work()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(content)
    except MemoryError:
        code = _NO_MEMORY
    except BaseException:
        code = _RAISED
    sys.stderr.flush()
    os._exit(code)
