"""Running a tool's function: whatever it returns or raises becomes a `Result`.

An async function runs in the run's loop and can be cancelled. A plain function runs in a thread of its own, because it
may block; Python cannot stop a thread, so after a timeout it goes on and its result is dropped.

Whose exception is it? In a thread, neither Ctrl-C nor a cancellation of the run can arrive, so everything raised there
is the tool's. In the loop, a `CancelledError` is the tool's own only if nobody has cancelled this task.
"""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Result
from rlmlite_kernel.records.canonical import NotCanonicalError, value_bytes

_DETAIL = 2_000
"""Characters of an error that are kept: the controller pays for each of them at every further turn."""

_MOST_MISTAKES = 5
"""Wrong arguments that are named."""


async def run_async(work: Awaitable[Any]) -> Result:
    """The result of a coroutine of a tool. Raises what is not the tool's: see the module."""
    try:
        return _to_answer(await work)
    # Somebody wants the whole process, or this coroutine, to end. Both arrive here only because the tool was waiting.
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except asyncio.CancelledError as error:
        # `cancelling` counts requests to cancel this task; at 0 the error was raised by the tool.
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return _to_failure(error)
    # Not only `Exception`: a tool that calls `sys.exit` has failed, and must not end the run.
    except BaseException as error:
        return _to_failure(error)


async def run_in_thread(work: Callable[[], Any]) -> Result:
    """The result of a tool's plain function, run in a thread of its own.

    A daemon thread, and not one of asyncio's pool: a function that never returns must not keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[Result] = loop.create_future()

    def deliver(result: Result) -> None:
        # It is done already if the wait was cancelled, by a timeout.
        if not finished.done():
            finished.set_result(result)

    def run(context: contextvars.Context) -> None:
        result = context.run(_run_function, work)
        # Futures are not safe to set from another thread, so the loop does it.
        try:
            loop.call_soon_threadsafe(deliver, result)
        except RuntimeError:
            # The run is over and its loop closed: nobody waits for the result.
            return

    # A copy of the caller's context, as `asyncio.to_thread` makes one: a tool sees the same context variables.
    context = contextvars.copy_context()
    threading.Thread(target=run, args=(context,), name="rlmlite-tool", daemon=True).start()
    return await finished


def _run_function(work: Callable[[], Any]) -> Result:
    try:
        return _to_answer(work())
    except BaseException as error:
        return _to_failure(error)


def _to_answer(value: Any) -> Result:
    """A returned value as canonical JSON; a failure if there is none for it."""
    # "constants" keeps NaN as NaN, which canonical JSON then refuses; "null" would lose it in silence.
    try:
        plain = to_jsonable_python(value, inf_nan_mode="constants")
        return Answered(value_bytes(plain).decode(), NO_USE)
    except (PydanticSerializationError, NotCanonicalError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        reason = str(error).partition("\n")[0]
        return Failed("schema", NO_USE, _truncate(f"its value is not JSON: {reason}"))


def _to_failure(error: BaseException) -> Result:
    """The error's class and message. Not the traceback, which tells of the host and not of the call."""
    name = type(error).__name__
    # An exception's `__str__` is code of a stranger, too. Whatever it raised here would end the thread, and the run
    # would wait for an answer that never comes.
    try:
        message = str(error)
    except BaseException:
        message = "(its message cannot be read)"
    return Failed("raised", NO_USE, _truncate(f"{name}: {message}" if message else name))


def describe_mistakes(error: ValidationError) -> str:
    """What is wrong with a call's arguments, by name. It quotes none of them: they may be secret."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    mistakes = []
    for detail in details[:_MOST_MISTAKES]:
        # Empty where the arguments as a whole are wrong, such as a list where an object is expected.
        path = ".".join(map(str, detail["loc"]))
        mistakes.append(f"{path or 'the arguments'}: {detail['msg']}")
    more = len(details) - _MOST_MISTAKES
    if more > 0:
        mistakes.append(f"and {more:,} more")
    return _truncate("; ".join(mistakes))


def _truncate(text: str) -> str:
    missing = len(text) - _DETAIL
    if missing <= 0:
        return text
    return f"{text[:_DETAIL]} ...(+{missing:,} characters)"
