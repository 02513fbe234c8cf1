"""Threads: how many the engines may use, and a map over them that keeps the order.

No result, charge or message depends on the number: work is divided the same way for any, and results are taken in the
order of the items. So threads may run ahead of what the caller turns out to need, but never change what it gets.

    use_threads(2)
    list(map_in_order(len, [b"abc", b"", b"a"]))     [3, 0, 1], whichever finished first

The kernel does not look up the number of processors, since a result could then depend on the machine: the shell sets
it. NumPy and RE2 release the interpreter lock while they work, so plain threads are enough.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_THREADS = 64


class _Allowance:
    """The number of threads allowed in this process."""

    number = 1


def use_threads(number: int) -> None:
    """Let every search, count and index that begins from now on use so many threads. Raises `ValueError`."""
    if not 1 <= number <= MAX_THREADS:
        raise ValueError(f"threads are 1 to {MAX_THREADS}, not {number}")
    _Allowance.number = number


def threads() -> int:
    """How many threads the engines may use: 1 unless `use_threads` said otherwise."""
    return _Allowance.number


def map_in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The result of `work` for each item, in the items' order.

    At most two items per thread are in work or waiting to be taken, so `items` may be endless and results large.
    """
    rest = iter(items)
    # Two items are taken first: with one, or none, a pool of threads is not worth its start.
    first = list(islice(rest, 2))
    if threads() == 1 or len(first) < 2:
        yield from map(work, chain(first, rest))
        return
    # Imported here: it brings `logging`, which takes longer than a small search.
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(threads())
    try:
        in_work = deque(pool.submit(work, item) for item in chain(first, islice(rest, 2 * threads() - 2)))
        while in_work:
            result = in_work.popleft().result()
            in_work.extend(pool.submit(work, item) for item in islice(rest, 1))
            yield result
    except RuntimeError as error:
        # Python has no error of its own for "no memory for the stack of another thread".
        if "start new thread" in str(error):
            raise MemoryError(str(error)) from None
        raise
    finally:
        # A caller that stops early does not wait for items that have not begun.
        pool.shutdown(cancel_futures=True)
