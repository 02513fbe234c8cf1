"""Running a program from Python: `execute`, and `execute_async` for a caller with an event loop."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import msgspec

from rlmlite.clients.interface.options import Calling
from rlmlite.clients.interface.prices import nano
from rlmlite.clients.interface.protocol import Client
from rlmlite.clients.registry import client
from rlmlite.inputs import READING, Data, Reading, from_values, new_store
from rlmlite.runs.log import run_key as drawn_key
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.run import Calls, Options, Run, T, one_program, read_program
from rlmlite.tools.approvals import Approver
from rlmlite.tools.permissions import Granted, PolicyGiven, Tools, granted, tell_of_unmet
from rlmlite_kernel.effects.requests import Requests, Result
from rlmlite_kernel.records.settings import Limits

Player: TypeAlias = str | Client
"""A model: its string, or a client."""


def execute(
    program: str,
    inputs: Data | Mapping[str, Data] = None,
    *,
    sub: Player | None = None,
    limits: Limits | None = None,
    max_cost: str | None = None,
    trace: str | os.PathLike[str] | bool | None = None,
    run_key: str | None = None,
    tools: Tools = (),
    policy: PolicyGiven = None,
    approve: Approver | str | None = None,
    reading: Reading = READING,
    copy_to: str | os.PathLike[str] | None = None,
) -> Outcome:
    """Run a program over inputs and seal its trace.

    Args:
        inputs: one input, which is then called `context`, or several by name.
        sub: the model that reads chunks, such as `"extractive:"`, or a `Client`.
        max_cost: what all calls may cost, in dollars, such as `"2.00"`; the prices of the models must be known.
        trace: the folder for the receipts; the default is `.rlmlite/DATE/RUN.rlm`; `False` keeps none.
        run_key: 64 hex digits, for a trace that is the same byte for byte each time.
        tools: functions that the program may call; see `rlmlite.tool`.
        policy: a policy file, or a `Policy`: what is permitted.
        approve: who is asked before calls that need it: a function of an `Approval`, `"terminal"`, `"mailbox:DIR"`;
            without it they are not made.
        reading: how inputs are read.
        copy_to: the folder of a store that files are copied to first, so that nothing can change them under the run.

    Raises:
        InputError: an input cannot be taken, or the program is no text.
        ModelError: there is no such model.
        SettingError: the cost, the key or the folder makes no sense.
        StoreError: there is something else where the store should be.
        RuntimeError: an event loop is running in this thread; await `execute_async` there.
    """
    refuse_running_loop()
    blobs = new_store(reading, copy_to)
    options = _options(sub, capped(limits, max_cost), trace, run_key, granted(tools, policy, approve, _tell))
    said = read_program(program)
    with Run(from_values(inputs, blobs, reading), blobs, options) as run:
        tell_of_unmet(run.state.settings, run.inputs, _tell)
        return drive_turn(run, one_program(run, said))


async def execute_async(
    program: str,
    inputs: Data | Mapping[str, Data] = None,
    *,
    sub: Player | None = None,
    limits: Limits | None = None,
    max_cost: str | None = None,
    trace: str | os.PathLike[str] | bool | None = None,
    run_key: str | None = None,
    tools: Tools = (),
    policy: PolicyGiven = None,
    approve: Approver | str | None = None,
    reading: Reading = READING,
    copy_to: str | os.PathLike[str] | None = None,
) -> Outcome:
    """`execute` in the running event loop. A cancellation leaves an open, valid trace."""
    blobs = new_store(reading, copy_to)
    options = _options(sub, capped(limits, max_cost), trace, run_key, granted(tools, policy, approve, _tell))
    said = read_program(program)
    with Run(from_values(inputs, blobs, reading), blobs, options) as run:
        tell_of_unmet(run.state.settings, run.inputs, _tell)
        return await drive_turn_async(run, one_program(run, said))


class Answers(Protocol):
    """Who gets the results of calls. A `Run` is one."""

    async def results(self, requests: Requests) -> Sequence[Result]:
        """One result for each request, in their order."""
        ...


def drive_turn(run: Answers, calls: Calls[T]) -> T:
    """Carry the calls of a turn with an event loop of its own, which is made when there is a first call."""
    try:
        requests = next(calls)
    except StopIteration as end:
        at_once: T = end.value
        return at_once
    import asyncio  # here, because a program that calls nobody needs no loop

    with asyncio.Runner() as runner:
        try:
            while True:
                requests = calls.send(runner.run(run.results(requests)))
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            calls.close()


async def drive_turn_async(run: Answers, calls: Calls[T]) -> T:
    """Carry the calls of a turn in the running event loop."""
    try:
        requests = next(calls)
        while True:
            requests = calls.send(await run.results(requests))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        calls.close()


def refuse_running_loop(twin: str = "rlmlite.execute_async(...)") -> None:
    """Raise `RuntimeError` where a loop of our own cannot be."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return  # who has not imported it has no loop that runs
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(f"an event loop is running in this thread: await {twin} instead")


def capped(limits: Limits | None, max_cost: str | None) -> Limits:
    """The limits with a cap in dollars. Raises `SettingError`."""
    given = limits or Limits()
    return given if max_cost is None else msgspec.structs.replace(given, cost_nano=nano(max_cost))


_tell = Calling().tell


def _options(
    sub: Player | None,
    limits: Limits,
    trace: str | os.PathLike[str] | bool | None,
    run_key: str | None,
    given: Granted,
) -> Options:
    place = trace if isinstance(trace, bool) or trace is None else Path(trace)
    players = {} if sub is None else {"sub": client(sub) if isinstance(sub, str) else sub}
    return Options(
        run_key=drawn_key(run_key),
        clients=players,
        limits=limits,
        trace=place,
        scope=given.scope,
        policy=given.policy,
        outside=given.outside,
    )
