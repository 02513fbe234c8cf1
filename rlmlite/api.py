"""Running a program from Python: `execute`, and `execute_async` for a caller with an event loop."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from rlmlite.clients import Client, client
from rlmlite.inputs import Data, from_values
from rlmlite.limits import run_key as drawn_key
from rlmlite.outcome import Outcome
from rlmlite.runner import Calls, Options, Run, T, one_program, read_program
from rlmlite_kernel.settings import Limits
from rlmlite_traces import FileBlobs

Player: TypeAlias = str | Client
"""A model: its string, or a client."""


def execute(
    program: str,
    inputs: Data | Mapping[str, Data] = None,
    *,
    sub: Player | None = None,
    limits: Limits | None = None,
    trace: str | os.PathLike[str] | bool | None = None,
    run_key: str | None = None,
) -> Outcome:
    """Run a program over inputs and seal its trace.

    Args:
        inputs: one input, which is then called `context`, or several by name.
        sub: the model that reads chunks, such as `"extractive:"`, or a `Client`.
        trace: the folder for the receipts; the default is `.rlmlite/DATE/RUN.rlm`; `False` keeps none.
        run_key: 64 hex digits, for a trace that is the same byte for byte each time.

    Raises:
        InputError: an input cannot be taken, or the program is no text.
        ModelError: there is no such model.
        SettingError: the key or the folder makes no sense.
        RuntimeError: an event loop is running in this thread; await `execute_async` there.
    """
    _refuse_running_loop()
    blobs = FileBlobs()
    options = _options(sub, limits, trace, run_key)
    said = read_program(program)
    with Run(from_values(inputs, blobs), blobs, options) as run:
        return drive_turn(run, one_program(run, said))


async def execute_async(
    program: str,
    inputs: Data | Mapping[str, Data] = None,
    *,
    sub: Player | None = None,
    limits: Limits | None = None,
    trace: str | os.PathLike[str] | bool | None = None,
    run_key: str | None = None,
) -> Outcome:
    """`execute` in the running event loop. A cancellation leaves an open, valid trace."""
    blobs = FileBlobs()
    options = _options(sub, limits, trace, run_key)
    said = read_program(program)
    with Run(from_values(inputs, blobs), blobs, options) as run:
        return await drive_turn_async(run, one_program(run, said))


def drive_turn(run: Run, calls: Calls[T]) -> T:
    """Carry the calls of a turn with an event loop of its own, which is made when there is a first call."""
    runner = asyncio.Runner()  # as a context manager it would make its loop at once
    try:
        requests = next(calls)
        while True:
            requests = calls.send(runner.run(run.results(requests)))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        runner.close()


async def drive_turn_async(run: Run, calls: Calls[T]) -> T:
    """Carry the calls of a turn in the running event loop."""
    try:
        requests = next(calls)
        while True:
            requests = calls.send(await run.results(requests))
    except StopIteration as end:
        result: T = end.value
        return result


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return  # none is running, as it should be
    raise RuntimeError("an event loop is running in this thread: await rlmlite.execute_async(...) instead")


def _options(
    sub: Player | None, limits: Limits | None, trace: str | os.PathLike[str] | bool | None, run_key: str | None
) -> Options:
    place = trace if isinstance(trace, bool) or trace is None else Path(trace)
    players = {} if sub is None else {"sub": client(sub) if isinstance(sub, str) else sub}
    return Options(run_key=drawn_key(run_key), clients=players, limits=limits or Limits(), trace=place)
