"""How many threads the engines may use. No result, charge or message depends on it.

The kernel asks nobody how many processors there are: the shell says so with `use_threads`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_THREADS = 64


class _Allowed:
    """The number that holds for this process."""

    number = 1


def use_threads(number: int) -> None:
    """Lets every search, count and index that begins from now on use so many threads. Raises ValueError."""
    if not 1 <= number <= MAX_THREADS:
        raise ValueError(f"threads are 1 to {MAX_THREADS}, not {number}")
    _Allowed.number = number


def threads() -> int:
    """How many threads the engines may use; 1 unless `use_threads` said otherwise."""
    return _Allowed.number


def map_in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """What `work` gives for each item, in the items' order. At most two items a thread are under way or waiting."""
    rest = iter(items)
    first = list(islice(rest, 2))
    if threads() == 1 or len(first) < 2:
        yield from map(work, chain(first, rest))
        return
    from concurrent.futures import ThreadPoolExecutor  # it brings `logging`, which takes longer than a small search

    pool = ThreadPoolExecutor(threads())
    try:
        waiting = deque(pool.submit(work, item) for item in chain(first, islice(rest, 2 * threads() - 2)))
        while waiting:
            done = waiting.popleft().result()
            waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
            yield done
    finally:
        pool.shutdown(cancel_futures=True)  # whoever needs no more need not wait for what has not begun
