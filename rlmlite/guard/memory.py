"""The memory of this process: how much of it its own data may take, and a second try where memory ran out."""

import gc
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
