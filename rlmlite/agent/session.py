"""A session: one space of variables and one open trace over many questions and programs.

    with Session("triage.rlm", Path("app.log"), controller="openai:gpt-5") as session:
        session.ask("which component fails most?")
        session.exec("hits = search(context, /ERROR/)")

Everything is in the trace as soon as it is done, so a session that is left, or killed, goes on where it was: opening
it verifies the trace and executes it again. A model that is `by hand` has no client: its calls wait, in the trace,
until somebody answers them (`pending`, `answer`), in this process or in another.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Unpack

import msgspec

from rlmlite.agent.ask import Asking, agent_of, options_of, tell_of, with_type
from rlmlite.agent.loop import Agent, End, ask, check_question, controllers, go_on
from rlmlite.clients import Calling, Client, client
from rlmlite.errors import CallsWaitingError, ModelError, SettingError
from rlmlite.inputs import READING, Data, from_values, new_store
from rlmlite.runs.events import Finished
from rlmlite.runs.execute import drive_turn, drive_turn_async, refuse_running_loop
from rlmlite.runs.history import CONTROLLER, open_question
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.reopen import reopen
from rlmlite.runs.run import Calls, Run, end_without_controller, read_program
from rlmlite.tools.permissions import tell_of_unmet
from rlmlite.tools.services import Outside
from rlmlite_kernel import Parsed, Unparsed
from rlmlite_kernel.effects.requests import NO_USE, Answered, Request, Requests, Result
from rlmlite_kernel.records.settings import Role, Tool
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs

BY_HAND = "hand:"
"""The model string of a role whose calls somebody answers by hand."""


class ByHand:
    """Stands where a client would, for calls that wait."""

    model = BY_HAND

    def role(self) -> Role:
        """How its calls are reserved: they cost nothing."""
        return Role(model=BY_HAND, input_price=0, output_price=0)

    async def complete(self, text: str, request: Request) -> Result:
        """Never called: a session stops before."""
        raise RuntimeError("a call by hand has no client")


class Unmade:
    """Stands where a client would that cannot be made from the name in the trace: whoever opens must give it."""

    def __init__(self, model: str, error: ModelError) -> None:
        self.model, self._error = model, error

    async def complete(self, text: str, request: Request) -> Result:
        """Raises the `ModelError` that making it raised."""
        raise self._error


class Session:
    """Opens the session at `store`, or begins one there with these inputs.

    `Asking` says what can be set. Roles, limits and inputs are fixed when it is begun; a client that is given when it
    is opened again must be of the model that plays the role. Without `controller` and `sub` these are by hand.

    So is the policy. Tools are given each time; calls of those that are not, and approvals without `approve`, wait.

    Raises `InputError`, `ModelError`, `SettingError`, and what `rlmlite_traces.Log` raises.
    """

    def __init__(
        self, store: str | os.PathLike[str], inputs: Data | Mapping[str, Data] = None, **settings: Unpack[Asking]
    ) -> None:
        self.path = Path(store)
        if self.path.exists():
            if inputs is not None:
                raise SettingError(f"the session {self.path} is there already; its inputs cannot be changed")
            self._run, self._agent = _opened(self.path, settings)
        else:
            reading = settings.get("reading", READING)
            blobs = new_store(reading, settings.get("copy_to"))
            self._run, self._agent = _begun(self.path, from_values(inputs, blobs, reading), blobs, settings)

    @classmethod
    def begin(cls, path: Path, inputs: Mapping[str, Input], blobs: FileBlobs, **settings: Unpack[Asking]) -> "Session":
        """A new session over inputs that were taken already."""
        session = cls.__new__(cls)
        session.path = path
        session._run, session._agent = _begun(path, inputs, blobs, settings)
        return session

    @property
    def run(self) -> Run:
        """The run behind it: its state and its history."""
        return self._run

    def exec(self, program: str) -> Outcome:
        """Execute a program. What something stopped before is finished first.

        Raises `InputError`; `CallsWaitingError` when calls by hand are needed: answer them, and `resume`.
        """
        refuse_running_loop("session.aexec(...)")
        return drive_turn(self, self._exec(program))

    async def aexec(self, program: str) -> Outcome:
        """`exec` in the running event loop."""
        return await drive_turn_async(self, self._exec(program))

    def ask(self, question: str) -> Outcome:
        """Answer a question. Raises as `exec`."""
        refuse_running_loop("session.aask(...)")
        return drive_turn(self, self._ask(question))

    async def aask(self, question: str) -> Outcome:
        """`ask` in the running event loop."""
        return await drive_turn_async(self, self._ask(question))

    def resume(self) -> Outcome:
        """Go on with what is unfinished: a program, a question. Raises as `exec`."""
        refuse_running_loop("session.aresume(...)")
        return drive_turn(self, self._resume(self._run))

    async def aresume(self) -> Outcome:
        """`resume` in the running event loop."""
        return await drive_turn_async(self, self._resume(self._run))

    def pending(self) -> tuple[Request, ...]:
        """The calls that are needed to go on. None is made, nothing is written, nothing is told.

        Suppose that a program was stopped after its second call, and the journal holds the results of both. The rest
        of the program is executed over them in a copy of the run, until it asks for a call that has no result: that
        one is pending. The copy is then dropped; `resume` executes the same again, and writes it.
        """
        rehearsal = self._run.rehearsal()
        calls = self._resume(rehearsal)
        try:
            requests = next(calls)
            while True:
                results = rehearsal.known()
                waiting = tuple(request for request in requests if request.id not in results)
                if waiting:
                    return waiting
                requests = calls.send([results[request.id] for request in requests])
        except StopIteration:
            return ()
        finally:
            calls.close()

    def answer(self, answers: Mapping[str, str | Result]) -> None:
        """Answer pending calls by their ids; `resume` goes on. Raises `SettingError` for ids that nobody asked."""
        waiting = {request.id for request in self.pending()}
        unknown = sorted(answers.keys() - waiting - self._run.known().keys())
        if unknown:
            raise SettingError(f"no call {unknown[0]} waits for an answer")
        for id_ in sorted(answers.keys() & waiting):
            given = answers[id_]
            self._run.take(id_, Answered(given, NO_USE) if isinstance(given, str) else given)

    def seal(self) -> Outcome:
        """End the session for good: its trace is sealed, and takes no more."""
        if self._run.unfinished is not None:
            raise SettingError("a program is under way; resume it first")
        return self._run.outcome(self._run.seal(*end_without_controller(self._run.state)))

    def close(self) -> None:
        """Let go of the trace. It stays open, and can be gone on with."""
        self._run.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def results(self, requests: Requests) -> Sequence[Result]:
        """The results of calls: those that have a client are made, then those by hand must be known."""
        known = self._run.known()
        by_hand = [request for request in requests if self._is_by_hand(request) and request.id not in known]
        if not by_hand:
            return await self._run.results(requests)
        waiting = {request.id for request in by_hand}
        await self._run.results([request for request in requests if request.id not in waiting])
        raise CallsWaitingError(by_hand)

    def _is_by_hand(self, request: Request) -> bool:
        """Whether nobody is there for a call but who holds the session."""
        options = self._run.options
        match request.kind:
            case "tool":
                return request.role not in options.outside.tools
            case "approve":
                return options.outside.approve is None
            case "clock":
                return False
            case "rlm":
                return any(isinstance(player, ByHand) for player in options.clients.values())
        return isinstance(options.clients.get(request.role), ByHand)

    def _exec(self, program: str) -> Calls[Outcome]:
        said = read_program(program)
        yield from self._finish()
        return (yield from _turn(self._run, lambda: self._run.turn(said), said))

    def _finish(self) -> Calls[None]:
        """Finish a turn that something stopped."""
        if self._run.unfinished is not None:
            yield from self._run.go_on()

    def _ask(self, question: str) -> Calls[Outcome]:
        check_question(question, self._run.inputs)
        yield from self._finish()
        return _ended(self._run, (yield from ask(self._run, question, self._agent)))

    def _resume(self, run: Run) -> Calls[Outcome]:
        """Go on with what is unfinished, in the run itself or in a rehearsal of it."""
        outcome = run.standing(end_without_controller(run.state))
        if run.unfinished is not None:
            outcome = yield from _turn(run, run.go_on, run.unfinished.said)
        if open_question(run.history) is not None:
            return _ended(run, (yield from go_on(run, self._agent)))
        return outcome


def _turn(run: Run, turn: Callable[[], Calls[object]], said: Parsed | Unparsed) -> Calls[Outcome]:
    if run.unfinished is None and run.state.left("turns") < 1:
        return run.standing(("partial", "budget"))
    yield from turn()
    if isinstance(said, Unparsed):
        return run.standing(("refused", said.problems[0].code), said.problems)
    return run.standing(end_without_controller(run.state))


def _ended(run: Run, end: End) -> Outcome:
    outcome = with_type(run.standing((end.status, end.reason)), end)
    run.options.tell(Finished(outcome))
    return outcome


def _begun(path: Path, inputs: Mapping[str, Input], blobs: FileBlobs, settings: Asking) -> tuple[Run, Agent]:
    agent = agent_of(settings)
    options = options_of(_at(path, settings), agent, ByHand())
    run = Run(inputs, blobs, options)
    tell_of_unmet(run.state.settings, inputs, tell_of(settings))
    return run, agent


def _opened(path: Path, settings: Asking) -> tuple[Run, Agent]:
    agent = agent_of(settings)
    given = options_of(_at(path, settings), agent, ByHand())
    named = set(agent.controllers if "controller" in settings else ()) | ({"sub"} if "sub" in settings else set())
    if settings.get("copy_to") is not None:
        raise SettingError(f"the session {path} is there already; where its inputs are cannot be changed")
    if "limits" in settings or settings.get("run_key") is not None:
        raise SettingError(f"the session {path} is there already; its limits and its key cannot be changed")
    if settings.get("policy") is not None:
        raise SettingError(f"the session {path} is there already; its policy cannot be changed")
    past = reopen(path, settings.get("reading", READING))
    try:
        outside = _with_declared(given.outside, past.state.settings.tools)
        players = {name: given.clients[name] for name in named}
        clients = _clients(past.state.settings.roles, players, settings.get("calling"))
    except BaseException:
        past.log.close()
        raise
    count = sum(name.startswith(CONTROLLER) for name in clients)
    options = msgspec.structs.replace(given, clients=clients, outside=outside)
    return Run(past.inputs, past.blobs, options, past), msgspec.structs.replace(agent, controllers=controllers(count))


def _with_declared(given: Outside, declared: Mapping[str, Tool]) -> Outside:
    """The tools that are given again, as the session knows them. Raises `SettingError` for what it does not."""
    for name, tool in given.tools.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise SettingError(f"this session was begun without the tool `{name}`; it has: {known}")
        if msgspec.structs.replace(tool.declaration, side_effects=declared[name].side_effects) != declared[name]:
            raise SettingError(f"the tool `{name}` is not what it was when this session was begun; begin a new one")
        if tool.declaration.side_effects and not declared[name].side_effects:
            raise SettingError(f"the tool `{name}` has side effects now; begin a new session")
    return given


def _at(path: Path, settings: Asking) -> Asking:
    return {**settings, "trace": path}


def _clients(roles: Mapping[str, Role], given: Mapping[str, Client], calling: Calling | None) -> dict[str, Client]:
    """Who plays each role that the session has. Raises `SettingError` for another model."""
    for name, player in given.items():
        if name not in roles or roles[name].model != player.model:
            there = roles[name].model if name in roles else "nobody"
            raise SettingError(f"in this session {there} plays the role `{name}`, not {player.model}")
    return {name: given.get(name) or _recorded(role.model, calling) for name, role in roles.items()}


def _recorded(model: str, calling: Calling | None) -> Client:
    """The client that the trace names."""
    if model == BY_HAND:
        return ByHand()
    try:
        return client(model, calling)
    except ModelError as error:
        return Unmade(model, error)
