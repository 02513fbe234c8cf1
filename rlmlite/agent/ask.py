"""Asking from Python: `run`, `arun` for a caller with an event loop, `stream` for one who wants to watch."""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

import msgspec

from rlmlite.agent.answer_type import AnswerType
from rlmlite.agent.card import card
from rlmlite.agent.instructions import digest, instructions
from rlmlite.agent.loop import Agent, End, ask, check_question, controllers
from rlmlite.agent.nested import nested_run
from rlmlite.agent.stuck import PATIENCE
from rlmlite.clients import Calling, Client, client
from rlmlite.clients.interface.cost_permit import Permit, anything
from rlmlite.clients.interface.options import WORKERS
from rlmlite.errors import ModelError
from rlmlite.inputs import READING, Data, Reading, from_values, new_store
from rlmlite.runs.events import Event, Finished, Tell, unheard
from rlmlite.runs.execute import Player, drive_turn, drive_turn_async, refuse_running_loop
from rlmlite.runs.log import run_key as drawn_key
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.run import Calls, Options, Run
from rlmlite.tools.approvals import Approver
from rlmlite.tools.permissions import Granted, PolicyGiven, Tools, granted, tell_of_unmet
from rlmlite_kernel.actions.calls.nested_settings import nested_role
from rlmlite_kernel.actions.calls.tools import add_tools
from rlmlite_kernel.actions.table import ACTIONS
from rlmlite_kernel.records.settings import Limits


class Asking(TypedDict, total=False):
    """How a question is answered; `controller` is required.

    controller: the model that writes programs, or a list of models that take over when one is stuck.
    sub: the model that reads chunks; without it the first controller does.
    nested: the model that controls nested runs, or a list of them by depth; without it the first controller does.
    limits: the budgets.
    answer_type: a Python or pydantic type that the answer must have; `Outcome.value` is then of it.
    last_answer: whether the last turn, when a budget ends, is for an answer from what there is. It is, by default.
    patience: turns of nothing but mistakes before a controller is told that it is stuck.
    trace: the folder for the receipts; by default `.rlmlite/DATE/RUN.rlm`; `False` keeps none.
    run_key: 64 hex digits, for the same trace each time.
    scope: the host's own labels, which the trace records.
    on_event: called with every event of the run.
    workers: calls at a time.
    permit: asked before every fan-out, with the number of its calls and the most that they cost.
    copy_to: the folder of a store that files are copied to first, so that nothing can change them under the run.
    calling: how the servers of models that are named by a string are asked.
    tools: functions that programs may call; see `rlmlite.tool`.
    policy: a policy file, or a `Policy`: what is permitted.
    approve: who is asked before calls that need it: a function of an `Approval`, `"terminal"`, `"mailbox:DIR"`,
        `"never"`. Without it they are not made; in a session they wait.
    reading: how inputs are read.
    """

    controller: Player | Sequence[Player]
    sub: Player
    nested: Player | Sequence[Player]
    limits: Limits
    answer_type: Any
    last_answer: bool
    patience: int
    trace: str | os.PathLike[str] | bool | None
    run_key: str | None
    scope: Mapping[str, str]
    on_event: Tell
    workers: int
    permit: Permit
    copy_to: str | os.PathLike[str] | None
    calling: Calling
    tools: Tools
    policy: PolicyGiven
    approve: Approver | str | None
    reading: Reading


def run(question: str, inputs: Data | Mapping[str, Data] = None, **settings: Unpack[Asking]) -> Outcome:
    """Answer a question over inputs, and seal the trace. `Asking` says what can be set.

    Raises:
        InputError: an input or the question cannot be taken.
        ModelError: there is no such model.
        SettingError: the key, the folder or the answer's type makes no sense.
        RuntimeError: an event loop is running in this thread; await `arun` there.
    """
    refuse_running_loop("rlmlite.arun(...)")
    begun, agent = _begun(question, inputs, settings)
    with begun:
        return drive_turn(begun, to_the_end(begun, question, agent))


async def arun(question: str, inputs: Data | Mapping[str, Data] = None, **settings: Unpack[Asking]) -> Outcome:
    """`run` in the running event loop. A cancellation leaves an open, valid trace."""
    begun, agent = _begun(question, inputs, settings)
    with begun:
        return await drive_turn_async(begun, to_the_end(begun, question, agent))


async def stream(
    question: str, inputs: Data | Mapping[str, Data] = None, **settings: Unpack[Asking]
) -> AsyncIterator[Event]:
    """The events of a run as they happen; the last is `Finished`. Leaving the loop early cancels the run."""
    import asyncio

    happened: asyncio.Queue[Event | None] = asyncio.Queue()
    settings["on_event"] = happened.put_nowait
    task = asyncio.ensure_future(arun(question, inputs, **settings))
    task.add_done_callback(lambda _: happened.put_nowait(None))
    try:
        while (event := await happened.get()) is not None:
            yield event
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _begun(question: str, inputs: Data | Mapping[str, Data], settings: Asking) -> tuple[Run, Agent]:
    """The run, and the agent that is to answer in it. Nothing is written before all is known to be right."""
    agent = agent_of(settings)
    options = options_of(settings, agent)
    reading = settings.get("reading", READING)
    blobs = new_store(reading, settings.get("copy_to"))
    taken = from_values(inputs, blobs, reading)
    check_question(question, taken)
    begun = Run(taken, blobs, options)
    tell_of_unmet(begun.state.settings, taken, tell_of(settings))
    return begun, agent


def to_the_end(run: Run, question: str, agent: Agent) -> Calls[Outcome]:
    """Answer a question and seal the run with what came of it."""
    end = yield from ask(run, question, agent)
    outcome = with_type(run.outcome(run.seal(end.status, end.reason)), end)
    run.options.tell(Finished(outcome))
    return outcome


def with_type(outcome: Outcome, end: End) -> Outcome:
    """The outcome with the answer as its type has it."""
    return outcome if end.typed is None else msgspec.structs.replace(outcome, value=end.typed.value)


def agent_of(settings: Asking) -> Agent:
    """How to answer, of what was set. Raises `SettingError`."""
    return Agent(
        controllers=controllers(max(1, len(_listed(settings.get("controller"))))),
        patience=settings.get("patience", PATIENCE),
        last_answer=settings.get("last_answer", True),
        answer_type=AnswerType(settings["answer_type"]) if settings.get("answer_type") is not None else None,
    )


def options_of(settings: Asking, agent: Agent, otherwise: Client | None = None) -> Options:
    """What a run is begun with; `otherwise` plays what no model was given for.

    Raises `ModelError` and `SettingError`.
    """
    place = settings.get("trace")
    given = granted(settings.get("tools", ()), settings.get("policy"), settings.get("approve"), tell_of(settings))
    return Options(
        run_key=drawn_key(settings.get("run_key")),
        clients=_players(settings, agent, otherwise),
        limits=settings.get("limits") or Limits(),
        trace=place if isinstance(place, bool) or place is None else Path(place),
        scope={**settings.get("scope", {}), **labels(agent, given), **given.scope},
        tell=settings.get("on_event", unheard),
        workers=settings.get("workers", WORKERS),
        permit=settings.get("permit", anything),
        nest=nested_run,
        last_answer=agent.last_answer,
        policy=given.policy,
        outside=given.outside,
    )


def tell_of(settings: Asking) -> Callable[[str], None]:
    """Who hears what a person should know."""
    return (settings.get("calling") or Calling()).tell


def _players(settings: Asking, agent: Agent, otherwise: Client | None) -> dict[str, Client]:
    calling, sub = settings.get("calling"), settings.get("sub")
    given = [_client(player, calling) for player in _listed(settings.get("controller"))]
    if otherwise is not None:
        given.append(otherwise)
    if not given:
        raise ModelError("no controller; give the model that writes the programs: --controller MODEL, controller=")
    players = dict(zip(agent.controllers, given, strict=False))
    for level, player in enumerate(_listed(settings.get("nested")), 1):
        players[nested_role(level)] = _client(player, calling)
    return players | {"sub": given[0] if sub is None else _client(sub, calling)}


def labels(agent: Agent, given: Granted) -> dict[str, str]:
    """What the genesis records of the agent: which texts the controller is given."""
    declared = {name: tool.declaration for name, tool in given.outside.tools.items()}
    shown = card(add_tools(ACTIONS, declared), given.policy)
    found = {"strategy": "rlm", "instructions": digest(instructions()), "card": digest(shown)}
    return found | ({"answer_type": digest(agent.form)} if agent.form else {})


def _listed(given: Player | Sequence[Player] | None) -> Sequence[Player]:
    if given is None:
        return []
    return given if isinstance(given, Sequence) and not isinstance(given, str) else [given]


def _client(player: Player, calling: Calling | None) -> Client:
    return client(player, calling) if isinstance(player, str) else player
