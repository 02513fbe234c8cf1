"""A notebook's event loop: plain calls in a cell, although a loop is running in its thread.

ipykernel runs each cell inside its own loop, so `asyncio.run` is refused there. But that loop has nothing to do until
the cell ends, and whoever writes a plain call in a cell means to wait for it. So the calls of a run go to a loop in a
thread of their own, and the cell waits for that thread:

    cell, main thread     compute ........ wait ................ compute .... close, join
    rlmlite-calls                          200 calls at a time

What a program computes stays in the cell's thread, where Ctrl-C interrupts it at once. While the cell waits, Ctrl-C
cancels the calls, waits until they are cancelled, and is then raised, as `asyncio.Runner` does.
In the loop of a server this would hold up all other requests, so there it stays an error: see `refuse_running_loop`.
"""

import asyncio
import sys
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def is_loop_of_cells(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether it is the loop in which a Jupyter kernel runs its cells. Nothing is imported to find out."""
    shell = sys.modules.get("IPython")
    kernel = getattr(shell.get_ipython(), "kernel", None) if "ipykernel" in sys.modules and shell else None
    return getattr(getattr(kernel, "io_loop", None), "asyncio_loop", None) is loop


class ThreadRunner:
    """An `asyncio.Runner` whose loop runs in a thread of its own."""

    def __init__(self) -> None:
        # With a factory, the runner leaves the loop alone that `asyncio.get_event_loop` gives in this thread.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._closing = asyncio.Event()
        # A daemon: a process that is told to end does not wait for models.
        self._thread = threading.Thread(target=self._serve, name="rlmlite-calls", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with self._runner:  # which cancels what is left
            self._runner.run(self._until_closed())

    async def _until_closed(self) -> None:
        await self._closing.wait()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for the work, in the context variables of the caller, and return or raise what came of it."""
        tasks: list[asyncio.Task[T]] = []
        is_done = threading.Event()

        def begin() -> None:
            task = self._loop.create_task(work)
            task.add_done_callback(lambda _: is_done.set())
            tasks.append(task)

        def cancel() -> None:
            for task in tasks:
                task.cancel()

        self._loop.call_soon_threadsafe(begin)  # which passes the context on
        try:
            is_done.wait()
        except KeyboardInterrupt:
            self._loop.call_soon_threadsafe(cancel)
            is_done.wait()  # what ended meanwhile gets into the journal
            raise
        return tasks[0].result()

    def close(self) -> None:
        """Cancel what is left, and end the thread."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
