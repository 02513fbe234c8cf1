"""Drivers: they carry requests to a model and bring back one result for each, in order.

A fan-out is a fixed number of workers over an iterator of indices, never a task for each call.
In whatever order calls end, the results are a list by index, so a run does not depend on it.
Not here: what a request is for, or what its result means (see `rlmlite_kernel`).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from rlmlite.clients.interface.options import WORKERS
from rlmlite_kernel.effects.requests import Request, Requests, Result

Journal: TypeAlias = Callable[[str, Result], None]
"""Told of each finished call at once, so that what was paid for survives a killed process."""


def _unwritten(_id: str, _result: Result) -> None:
    """A journal that nobody keeps."""


async def drive(
    requests: Requests,
    call: Callable[[Request], Awaitable[Result]],
    *,
    journal: Journal = _unwritten,
    known: Mapping[str, Result] | None = None,
    workers: int = WORKERS,
) -> Sequence[Result]:
    """The results of all requests, by index. Calls begin in the order of their index.

    A call in `known` (a journal's, by id) is not made again.
    When it is cancelled, or a call raises, calls under way are cancelled; those that had ended are in the journal.
    """
    import asyncio  # here, because most programs call nobody

    results: dict[int, Result] = {}
    indices = iter(range(len(requests)))
    found = known or {}

    async def work() -> None:
        for index in indices:
            request = requests[index]
            result = found.get(request.id)
            if result is None:
                result = await call(request)
                journal(request.id, result)
                await asyncio.sleep(0)  # an instant client must not keep a cancellation from being heard
            results[index] = result

    await _together(work() for _ in range(min(workers, len(requests))))
    return [results[index] for index in range(len(requests))]


async def _together(works: Iterable[Awaitable[None]]) -> None:
    """Run all to the end; when one raises, cancel the others, wait for them, and raise the first error itself."""
    import asyncio

    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def drive_in_order(
    requests: Requests,
    call: Callable[[Request], Result],
    *,
    journal: Journal = _unwritten,
    known: Mapping[str, Result] | None = None,
) -> Sequence[Result]:
    """The same without asyncio, one call after the other, for a host that has a plain function."""
    results: list[Result] = []
    found = known or {}
    for request in requests:
        result = found.get(request.id)
        if result is None:
            result = call(request)
            journal(request.id, result)
        results.append(result)
    return results
