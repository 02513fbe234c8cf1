"""Asking from Python: `run`, `arun` for a caller with an event loop, `stream` for one who wants to watch.

All three begin a run over the inputs, and drive the same generator, `ask_and_seal`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Unpack

import msgspec

from rlmlite.agent.answer_type import AnswerType
from rlmlite.agent.loading import take_inputs
from rlmlite.agent.loop import Agent, ask, check_question
from rlmlite.agent.nested import nested_run
from rlmlite.agent.prompts.card import card
from rlmlite.agent.prompts.instructions import digest, instructions
from rlmlite.agent.verdicts import End
from rlmlite.clients.interface.protocol import Client
from rlmlite.errors import ModelError
from rlmlite.inputs import Data
from rlmlite.runs.driver import FanOuts, drive_turn, drive_turn_async, refuse_running_loop
from rlmlite.runs.events import Event, Finished
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.run import Run, begin_run
from rlmlite.runs.settings import RunSettings, SettingKeywords, from_keywords
from rlmlite.runs.setup import Setup, controller_roles, prepare
from rlmlite_kernel.actions.calls.tools import add_tools
from rlmlite_kernel.actions.table import ACTIONS


def run(question: str, inputs: Data | Mapping[str, Data] = None, **settings: Unpack[SettingKeywords]) -> Outcome:
    """Answer a question over inputs, and seal the trace. `controller` is required.

    Every setting is documented in `rlmlite.runs.settings.RunSettings`.

    Raises:
        TypeError: a keyword is not a setting.
        InputError: an input or the question cannot be taken.
        ModelError: there is no such model, or no controller.
        SettingError: a setting has a value that it cannot have.
        RuntimeError: an event loop is running in this thread, and it is not a notebook's; await `arun` there.
    """
    refuse_running_loop("rlmlite.arun(...)")
    setup, begin = _prepare("run", question, inputs, settings)
    run, calls = begin(setup.with_windows())
    with run:
        return drive_turn(run, calls)


async def arun(question: str, inputs: Data | Mapping[str, Data] = None, **settings: Unpack[SettingKeywords]) -> Outcome:
    """`run` in the running event loop. A cancellation leaves an open, valid trace."""
    setup, begin = _prepare("arun", question, inputs, settings)
    run, calls = begin(await setup.with_windows_async())
    with run:
        return await drive_turn_async(run, calls)


async def stream(
    question: str, inputs: Data | Mapping[str, Data] = None, **settings: Unpack[SettingKeywords]
) -> AsyncIterator[Event]:
    """The events of a run as they happen; the last is `Finished`. Leaving the loop early cancels the run."""
    import asyncio

    events: asyncio.Queue[Event | None] = asyncio.Queue()
    watcher = from_keywords("stream", settings).on_event

    def publish(event: Event) -> None:
        watcher(event)
        events.put_nowait(event)

    # An unbounded queue: a consumer that is slow must not hold the run up, and events are small.
    settings["on_event"] = publish
    task = asyncio.ensure_future(arun(question, inputs, **settings))
    # `None` ends the events, also of a run that raises: its error then comes from `await task`.
    task.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        await task
    finally:
        task.cancel()  # has no effect on a task that is done
        # Wait until the trace is closed. The errors were raised above, or nobody is there any more to hear of them.
        await asyncio.gather(task, return_exceptions=True)


def _prepare(
    function: str, question: str, inputs: Data | Mapping[str, Data], keywords: SettingKeywords
) -> tuple[Setup, Callable[[Setup], tuple[Run, FanOuts[Outcome]]]]:
    """What the run is begun with, and what begins it: the run, and the work that answers the question in it.

    Nothing is written before all is known to be right.
    """
    settings = from_keywords(function, keywords)
    agent, setup = prepare_agent(settings)
    loaded, blobs, settings = take_inputs(inputs, settings)
    setup = msgspec.structs.replace(setup, settings=settings)
    check_question(question, loaded)

    def begin(setup: Setup) -> tuple[Run, FanOuts[Outcome]]:
        run = begin_run(loaded, blobs, setup)
        return run, ask_and_seal(run, question, agent)

    return setup, begin


def prepare_agent(settings: RunSettings, otherwise: Client | None = None) -> tuple[Agent, Setup]:
    """How questions are answered, and what a run is begun with. `otherwise` plays what no model was given for.

    Raises `ModelError` and `SettingError`.
    """
    if not settings.controller and otherwise is None:
        raise ModelError("no controller; give the model that writes the programs: --controller MODEL, controller=")
    controller_count = max(1, len(settings.controller))  # `otherwise` is one
    agent = Agent(
        controllers=controller_roles(controller_count),
        patience=settings.patience,
        last_answer=settings.last_answer,
        answer_type=None if settings.answer_type is None else AnswerType(settings.answer_type),
        accept=settings.accept,
    )
    setup = prepare(settings, nest=nested_run, otherwise=otherwise)
    labels = _labels(agent, setup)
    return agent, setup.labelled(labels)


def _labels(agent: Agent, setup: Setup) -> dict[str, str]:
    """What the genesis records of the agent: the digests of what its controllers read."""
    tools = {name: tool.declaration for name, tool in setup.services.tools.items()}
    table = add_tools(ACTIONS, tools)
    page = card(table, setup.policy)
    labels = {"strategy": "rlm", "instructions": digest(instructions()), "card": digest(page)}
    # No label for a type that was not asked for, rather than the digest of an empty text.
    if agent.form:
        labels["answer_type"] = digest(agent.form)
    return labels


def ask_and_seal(run: Run, question: str, agent: Agent) -> FanOuts[Outcome]:
    """Answer a question and seal the run with what came of it."""
    end = yield from ask(run, question, agent)
    seal = run.seal(end.status, end.reason, end.refusal)
    outcome = as_typed(run.outcome(seal, refusal=end.refusal), end)
    run.tell(Finished(outcome))
    return outcome


def as_typed(outcome: Outcome, end: End) -> Outcome:
    """The outcome with the answer as a value of its type, if one was asked for."""
    # `typed` is not the value itself, because `None` may be a value of the type.
    if end.typed is None:
        return outcome
    return msgspec.structs.replace(outcome, value=end.typed.value)
