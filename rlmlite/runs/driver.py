"""Drivers: they carry requests out and bring the results back. One for a turn, and one for a fan-out inside it.

A turn is a generator: it yields the requests of a fan-out, is sent their results in the same order, and returns what
the turn gives. So it is written once, and needs no event loop and no callbacks.

    calls = run.turn(said)              # nothing has happened yet
    requests = next(calls)              # executed up to the first fan-out: 3 requests
    calls.send([a, b, c])               # its results; raises StopIteration with the turn's value at the end

`drive_turn` does this with an event loop of its own, `drive_turn_async` in the caller's.
A fan-out is a fixed number of workers over one iterator of indices, never a task for each call: 100,000 calls would be
100,000 tasks. In whatever order calls end, the results are a list by index, so a run does not depend on it.
Not here: what a request is for, or what its result means (see `rlmlite_kernel`).
asyncio is imported where it is used: a program without calls needs no event loop, and starts sooner.
"""

import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from rlmlite.clients.interface.options import WORKERS
from rlmlite_kernel.effects.requests import NO_USE, Failed, Request, Requests, Result
from rlmlite_kernel.values.blobs import InputChangedError

if TYPE_CHECKING:
    import asyncio

    from rlmlite.guard.notebook import ThreadRunner

T = TypeVar("T")

FanOuts: TypeAlias = Generator[Requests, Sequence[Result], T]
"""Work as a series of fan-outs: it yields the requests of each, is sent their results, and ends with a `T`."""

JournalWriter: TypeAlias = Callable[[str, Result], None]
"""Writes down each finished call at once, so that what was paid for survives a killed process."""


NO_MEMORY_TO_ASK = Failed("cancelled", NO_USE, "this machine has not enough memory for its prompt")
"""The result of a call that was not made, because its prompt could not be rendered."""


IN_VAIN = Failed("cancelled", NO_USE, "other calls of the step have failed")
"""That of one whose step fails in any case."""


class Answers(Protocol):
    """Answers the requests of a fan-out. A `Run` is one, a `Session` another."""

    async def results(self, requests: Requests) -> Sequence[Result]:
        """One result for each request, in their order."""
        ...

    def start(self) -> None:
        """Begin to count the time of what is driven."""
        ...


def drive_turn(answers: Answers, calls: FanOuts[T]) -> T:
    """Drive to the end with an event loop of its own, which is made when there is a first fan-out.

    The loop runs only while calls are out. What a program computes is computed outside of it, where Ctrl-C interrupts
    a long search at once: inside, asyncio would hold the signal back until something awaits.
    """
    runner = None
    answers.start()
    try:
        requests = next(calls)
        # One loop for all fan-outs of this work. A loop for each would have to be opened and closed every time.
        runner = _own_loop()
        while True:
            results = runner.run(answers.results(requests))
            requests = calls.send(results)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        calls.close()
        if runner is not None:
            runner.close()


async def drive_turn_async(answers: Answers, calls: FanOuts[T]) -> T:
    """Drive to the end in the running event loop."""
    answers.start()
    try:
        requests = next(calls)
        while True:
            results = await answers.results(requests)
            requests = calls.send(results)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        calls.close()


def refuse_running_loop(twin: str) -> None:
    """Raise `RuntimeError` where a call must not wait, because an event loop is running in this thread.

    In a notebook's cell it may: nothing else runs in that loop until the cell ends.
    """
    asyncio = sys.modules.get("asyncio")  # not imported: then none of its loops is running
    loop = None if asyncio is None else asyncio._get_running_loop()
    if loop is None:
        return
    from rlmlite.guard.notebook import is_loop_of_cells

    if not is_loop_of_cells(loop):
        raise RuntimeError(f"an event loop is running in this thread: await {twin} instead")


def _own_loop() -> "asyncio.Runner | ThreadRunner":
    """A loop of our own; in a notebook's cell, where one is running, it is in another thread."""
    import asyncio

    if asyncio._get_running_loop() is None:
        return asyncio.Runner()
    from rlmlite.guard.notebook import ThreadRunner

    return ThreadRunner()


def _no_journal(_id: str, _result: Result) -> None:
    """Write nothing down."""


class _Failures:
    """How many calls of each step have failed so far."""

    def __init__(self) -> None:
        self._by_step: Counter[int] = Counter()

    def count(self, request: Request, result: Result) -> None:
        """Take the result of a call."""
        self._by_step[request.step] += isinstance(result, Failed)

    def are_too_many(self, request: Request) -> bool:
        """Whether the step of a call fails in any case, so that the call is of no use."""
        return request.bears is not None and self._by_step[request.step] > request.bears


async def drive(
    requests: Requests,
    call: Callable[[Request], Awaitable[Result]],
    *,
    journal: JournalWriter = _no_journal,
    known: Mapping[str, Result] | None = None,
    workers: int = WORKERS,
) -> Sequence[Result]:
    """The results of a fan-out, by index. Calls begin in the order of their index.

    A call in `known` (a journal's, by id) is not made again.
    When more calls of a step have failed than it can bear, its others are not made: the step fails whatever they say.
    When this is cancelled, or a call raises, calls under way are cancelled; those that had ended are in the journal.
    """
    import asyncio

    results: dict[int, Result] = {}
    indices = iter(range(len(requests)))  # shared: each worker takes the next index that nobody has
    finished = known or {}
    failures = _Failures()

    async def work() -> None:
        for index in indices:
            try:
                request = requests[index]
            except InputChangedError:
                # Its prompt cannot be read. The kernel sees the change too, and ends the run with what was done.
                results[index] = Failed("cancelled")
                continue
            except MemoryError:
                results[index] = NO_MEMORY_TO_ASK
                continue
            result = finished.get(request.id)
            if result is None and failures.are_too_many(request):
                results[index] = IN_VAIN
                continue
            if result is None:
                result = await call(request)
                journal(request.id, result)
                await asyncio.sleep(0)  # a client that answers at once must not keep a cancellation from being heard
            failures.count(request, result)
            results[index] = result

    # A worker without a call to make would only cost its task.
    worker_count = min(workers, len(requests))
    await _run_together(work() for _ in range(worker_count))
    return [results[index] for index in range(len(requests))]


async def _run_together(works: Iterable[Awaitable[None]]) -> None:
    """Run all to the end. When one raises, cancel the others, wait for them, and raise the first error itself.

    Not a `TaskGroup`: it would wrap the error in an exception group, and callers catch the error by its own class.
    """
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
    journal: JournalWriter = _no_journal,
    known: Mapping[str, Result] | None = None,
) -> Sequence[Result]:
    """The same without asyncio, one call after the other, for a host that has a plain function."""
    results: list[Result] = []
    finished = known or {}
    failures = _Failures()
    for request in requests:
        result = finished.get(request.id)
        if result is None and failures.are_too_many(request):
            results.append(IN_VAIN)
            continue
        if result is None:
            result = call(request)
            journal(request.id, result)
        failures.count(request, result)
        results.append(result)
    return results
