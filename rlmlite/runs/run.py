"""A run with its receipts: begin, turns, calls, seal. `one_program` is one of a single program.

A turn is a generator that yields requests and is sent their results, so that it is written once and driven by an
event loop of its own (`execute`) or by the caller's (`execute_async`).
Not here: a controller that writes programs (the agent's), what a step does (the kernel's).
"""

import time
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from rlmlite.clients.interface.cost_permit import NOT_PERMITTED, Permit, anything, bound
from rlmlite.clients.interface.options import ATTEMPTS, WORKERS
from rlmlite.clients.interface.protocol import Client, role
from rlmlite.errors import InputError
from rlmlite.runs.driver import Journal, drive
from rlmlite.runs.events import ApprovalAsked, ApprovalGiven, FanoutProgress, StepDone, Tell, ToolCalled, unheard
from rlmlite.runs.history import CONTROLLER, HOST, Exchange, of_entries
from rlmlite.runs.log import Keeper, Rehearsed, Unkept, chosen_place, default_place
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.results import Receipts, Spent, outcome_of
from rlmlite.tools.services import Outside
from rlmlite_grammar import grammar_digest, parse
from rlmlite_kernel import (
    Done,
    Entry,
    InputChangedError,
    Scope,
    State,
    Suspended,
    TurnsSpentError,
    advance,
    all_problems,
    begin,
    check,
    conclusion,
    resume,
    seal,
)
from rlmlite_kernel.actions.calls.nested_settings import NESTED_ROLE
from rlmlite_kernel.actions.calls.tools import approves
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Requests, Result, render
from rlmlite_kernel.program.ast import Call, Lit, Parsed, walk
from rlmlite_kernel.program.problems import Problem, Unparsed
from rlmlite_kernel.records.records import Genesis, Seal, Spoken, Step
from rlmlite_kernel.records.refs import RunKey
from rlmlite_kernel.records.settings import Limits, Policy, Role, Settings
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs, Log, Unfinished

if TYPE_CHECKING:
    from rlmlite.runs.reopen import Past

T = TypeVar("T")

Calls: TypeAlias = Generator[Requests, Sequence[Result], T]
"""Something that stops at each fan-out, and goes on with its results."""


_LAST_PROMPT = 32_000  # bytes for which the last answer's prompt is provided
_TOLD = 100  # times that a fan-out's progress is told at most

_BOUNDS = frozenset({"budget", "too_large"})
"""Codes of steps that failed because a bound would have been passed."""


CONTROLLER_TOKENS = 8_192
"""Tokens that a controller may answer with: thoughts and a program."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is made. `trace` is the folder for its receipts, `None` the default one, `False` none at all.

    `scope` holds the host's labels, which the genesis records. `tell` hears what happens. `permit` is asked before
    every fan-out. `outside` is what it may reach besides models, `policy` what is permitted of it all, `nest` makes
    nested runs. A run that is nested itself is `under` a call, with the settings that this gives. With `last_answer`
    the calls of programs leave what a controller needs to answer in the end.
    """

    run_key: bytes
    clients: Mapping[str, Client] = {}
    limits: Limits = Limits()
    trace: Path | bool | None = None
    workers: int = WORKERS
    scope: Mapping[str, str] = {}
    tell: Tell = unheard
    permit: Permit = anything
    policy: Policy = Policy()
    outside: Outside = Outside()
    nest: "Callable[[Run, Request], Awaitable[Result]] | None" = None
    under: Request | None = None
    last_answer: bool = False


class Run:
    """A run that has begun, or goes on from a `past`. `close` it, or use it as a context manager.

    `history` is its whole turns; `unfinished` the turn that is under way, or was when something stopped it.
    """

    def __init__(
        self, inputs: Mapping[str, Input], blobs: FileBlobs, options: Options, past: "Past | None" = None
    ) -> None:
        self.blobs, self.inputs, self.options = blobs, inputs, options
        self.observation = ""
        self.spent = Spent()
        self.history: list[Exchange] = []
        self.unfinished: Unfinished | None = None
        self.log: Log | None = None
        if past is None:
            self._begin()
        else:
            self.id, self.state, self.log = past.state.run.id, past.state, past.log
            self._keeper: Keeper = past.log
            self.spent, self.unfinished = past.spent, past.unfinished
            self.history.extend(past.history)
            self.observation = past.history[-1].observation if past.history else ""

    def _begin(self) -> None:
        options = self.options
        begun = begin(self.inputs, _settings(options), RunKey(options.run_key), grammar=grammar_digest())
        genesis = begun.entries[0].record
        assert isinstance(genesis, Genesis)
        self.id, self.state = genesis.run, begun.state
        self.log = _log(options, self.id)
        if self.log is not None:
            self.blobs.keep_for(self.log.path, _referred(self.inputs))
        self._keeper = self.log or Unkept()
        self._keeper.extend(begun.entries)

    def turn(
        self, said: Parsed | Unparsed, *, reply: str | None = None, origin: str = HOST, call: Spoken | None = None
    ) -> Calls[Done]:
        """Execute one program. What it did is kept when this ends."""
        return (yield from self._turn(Unfinished(said, reply, origin, call, 0, {})))

    def go_on(self) -> Calls[Done]:
        """Execute what is left of the unfinished turn. No call is made again that has ended."""
        if self.unfinished is None:
            raise RuntimeError("no turn is under way")
        return (yield from self._turn(self.unfinished))

    def _turn(self, turn: Unfinished) -> Calls[Done]:
        done = advance(self.state, turn.said, self.blobs, reply=turn.reply, origin=turn.origin, call=turn.call)
        self.unfinished = turn
        entries: list[Entry] = []
        results: list[Result] = []
        while isinstance(done, Suspended):
            for entry in done.entries:  # not `extend`: the turn is not over, so the journal is still needed
                entries.append(entry)
                if len(entries) > turn.recorded:
                    self._keeper.append(entry)
                    self.unfinished = msgspec.structs.replace(turn, recorded=len(entries))
                    self._told(entry)
            found = yield done.requests
            results.extend(found)
            done = resume(done, found, self.blobs)
        fresh = done.entries[max(0, turn.recorded - len(entries)) :]
        entries.extend(done.entries)
        self._keeper.extend(fresh)
        self.state, self.observation, self.unfinished = done.state, done.observation, None
        self.history.append(of_entries(entries, self.state.settings.limits.observation_bytes))
        self.spent.add(results)
        if turn.call is not None:
            self.spent.spoken(turn.call)
        for entry in fresh:
            self._told(entry)
        return done

    def seal(self, outcome: str | None = None, reason: str = "") -> Seal:
        """End the run. Without an outcome the kernel says which it is."""
        entry = seal(self.state, outcome, reason)
        assert isinstance(entry.record, Seal)
        self._keeper.extend([entry])
        return entry.record

    def outcome(self, sealed: Seal, problems: tuple[Problem, ...] = ()) -> Outcome:
        """What the sealed run leaves."""
        return self.standing((sealed.outcome, sealed.reason), problems)

    def standing(self, end: tuple[str, str], problems: tuple[Problem, ...] = ()) -> Outcome:
        """What there is so far, under a status and a reason."""
        receipts = Receipts(None, None) if self.log is None else Receipts(self.log.path, self.log.root)
        return outcome_of(self.state, end, self.spent, receipts, self.observation, problems)

    async def results(self, requests: Requests) -> Sequence[Result]:
        """The results of a fan-out; finished calls are journalled at once and not paid for twice."""
        known = self.known()
        if not self._permitted(requests, known):
            return [known.get(request.id, NOT_PERMITTED) for request in requests]
        async with AsyncExitStack() as held:
            for player in self.options.clients.values():
                if isinstance(player, AbstractAsyncContextManager):
                    await held.enter_async_context(player)
            return await drive(
                requests, self._call, journal=self._journal(requests), known=known, workers=self.options.workers
            )

    def _permitted(self, requests: Requests, known: Mapping[str, Result]) -> bool:
        if self.options.permit is anything:
            return True  # without making all the requests
        asked = [request for request in requests if request.id not in known]
        return self.options.permit(len(asked), bound(asked, self.state.settings.roles))

    def known(self) -> Mapping[str, Result]:
        """The calls that have ended, by id, of a turn that is not over."""
        recorded = {} if self.unfinished is None else self.unfinished.results
        return {**recorded, **self._keeper.journalled()}

    def take(self, id_: str, result: Result) -> None:
        """The result of a call that somebody else made: it is journalled at once, and `known`."""
        self._keeper.journal(id_, result)

    def _journal(self, requests: Requests) -> Journal:
        """Writes each call that has ended, and tells of a fan-out's progress."""
        total = len(requests)
        step, done = max(1, total // _TOLD), 0
        quiet = total == 0 or requests[0].role.startswith(CONTROLLER)

        def journal(id_: str, result: Result) -> None:
            nonlocal done
            self._keeper.journal(id_, result)
            done += 1
            if not quiet and (done % step == 0 or done == total):
                self.options.tell(FanoutProgress(self.state.turn + 1, done, total))

        return journal

    def _told(self, entry: Entry) -> None:
        record = entry.record
        if isinstance(record, Step):
            text = next(blob.content for blob in entry.blobs if blob.ref == record.observation.ref).decode()
            name = record.writes[0].name if record.writes else ""
            self.options.tell(
                StepDone(record.turn, record.step, record.statement, record.op, name, record.status, record.code, text)
            )

    async def _call(self, request: Request) -> Result:
        started = time.monotonic_ns()
        ATTEMPTS.set(1)
        try:
            text = render(request.prompt, self.blobs)
        except InputChangedError:
            return Failed("cancelled")  # the kernel sees the change too, and ends the run with what was done
        result = await self._carried(request, text)
        if self.log is not None:
            self.log.timing(request.id, {"ms": _ms_since(started), "attempts": ATTEMPTS.get()})
        return _writable(result)

    async def _carried(self, request: Request, text: str) -> Result:
        if request.kind == "rlm":
            nest = self.options.nest
            return Failed("unavailable") if nest is None else await nest(self, request)
        if request.kind != "lm":
            return await self._reached(request, text)
        player = self.options.clients.get(request.role)
        return Failed("unavailable") if player is None else await player.complete(text, request)

    async def _reached(self, request: Request, text: str) -> Result:
        """A call of a tool, an approval, the clock."""
        turn = self.state.turn + 1
        if request.kind == "tool":
            self.options.tell(ToolCalled(turn, request.role))
        elif request.kind == "approve":
            self.options.tell(ApprovalAsked(turn, request.role))
        result = await self.options.outside.call(request, text, self.state.settings, self._keeper)
        if request.kind == "approve":
            self.options.tell(ApprovalGiven(turn, request.role, approves(result)))
        return result

    def rehearsal(self) -> "Run":
        """A copy of this run that goes on in memory alone: it writes nothing, and nobody hears of it.

        States are immutable and a turn is a function of the state, the program and the results of calls. So the rest of
        a turn can be executed over the results that are known, to see what it would ask for next, and be thrown away.
        """
        twin = copy(self)
        twin.log, twin._keeper = None, Rehearsed(self._keeper)
        twin.options = msgspec.structs.replace(self.options, tell=unheard)
        twin.history, twin.spent = list(self.history), Spent()  # what a rehearsal spends, nobody reads
        return twin

    def close(self) -> None:
        """Let go of the trace. Without a seal it stays open, and valid."""
        self._keeper.close()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _referred(inputs: Mapping[str, Input]) -> frozenset[str]:
    """The contents that inputs refer to and that the trace does not hold."""
    return frozenset(file.digest for each in inputs.values() if each.memory is None for file in each.source.files)


def _settings(options: Options) -> Settings:
    """The settings of a run; those of a nested one are what its parent gave it."""
    if options.under is not None and options.under.nested is not None:
        return options.under.nested.settings
    roles = {name: _role(name, player) for name, player in options.clients.items()}
    return Settings(
        limits=options.limits,
        kept=_kept(options.limits, roles.get(CONTROLLER)) if options.last_answer else {},
        roles=roles,
        tools={name: tool.declaration for name, tool in options.outside.tools.items()},
        policy=options.policy,
        scope=dict(options.scope),
    )


def _kept(limits: Limits, controller: Role | None) -> dict[str, int]:
    """What the last answer needs of the budgets that only the bill shows; of a small one, a quarter."""
    if controller is None:
        return {}
    needed = {
        "tokens": controller.reserved_tokens(_LAST_PROMPT),
        "cost_nano": controller.reserved_cost(_LAST_PROMPT) or 0,
    }
    wanted = {name: getattr(limits, name) for name in needed}
    return {name: min(needed[name], limit // 4) for name, limit in wanted.items() if limit is not None}


def _writable(result: Result) -> Result:
    """A result as Unicode that can be written down: half a surrogate pair is spelled out."""
    field = "text" if isinstance(result, Answered) else "detail"
    given: str = getattr(result, field)
    try:
        given.encode()
    except UnicodeEncodeError:
        return msgspec.structs.replace(result, **{field: given.encode("utf-8", "backslashreplace").decode()})
    return result


def _ms_since(started: int) -> int:
    return (time.monotonic_ns() - started) // 1_000_000


def read_program(text: str) -> Parsed | Unparsed:
    """A program's text, parsed. Raises `InputError` for what no file could hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the program is not valid Unicode: a lone surrogate at character {error.start}") from None
    return parse(text)


def one_program(run: Run, said: Parsed | Unparsed) -> Calls[Outcome]:
    """Execute one program and end the run with it. A program with problems is refused whole: nothing of it runs."""
    if isinstance(said, Parsed):
        problems = problems_of(said, run)
        said = Unparsed(said.text, problems) if problems else said
    try:
        yield from run.turn(said)
    except TurnsSpentError as error:
        run.observation = str(error)
        return run.outcome(run.seal("partial", "budget"))
    if isinstance(said, Unparsed):
        return run.outcome(run.seal("refused", said.problems[0].code), said.problems)
    return run.outcome(run.seal(*end_without_controller(run.state)))


def end_without_controller(state: State) -> tuple[str, str]:
    """How a run of a host's programs stands: as the kernel concludes, but for two that have no answer.

    One that only looked, without a fault, is completed; one that a bound stopped is partial: its work is kept.
    """
    if state.answer is not None:
        return conclusion(state)
    bounds = [*state.partial, *(code for code in state.failures if code in _BOUNDS)]
    if bounds:
        return "partial", bounds[0]
    return conclusion(state) if state.failures else ("completed", "no_answer")


def problems_of(said: Parsed, run: Run) -> tuple[Problem, ...]:
    """What is wrong with a program before it runs: what the checker finds, and roles that no model plays."""
    state = run.state
    scope = Scope(frozenset(state.variables), run.state.run.inputs, state.run.table, state.settings.policy)
    return (*all_problems(check(said, scope)), *_unplayed(said, state))


def _unplayed(said: Parsed, state: State) -> Iterator[Problem]:
    for place, node in enumerate(walk(said.program)):
        role_name = _role_of(node, state) if isinstance(node, Call) else None
        if role_name is not None and role_name not in state.settings.roles:
            offset = said.at[place] if place < len(said.at) else None
            hint = f"give one with --{role_name} MODEL, in Python with {role_name}="
            yield Problem("not_permitted", f"no model plays the role `{role_name}`", offset, hint)


def _role_of(call: Call, state: State) -> str | None:
    """The role that a call needs somebody to play."""
    if call.name == "sub_rlm":
        return CONTROLLER if NESTED_ROLE not in state.settings.roles else None
    action = state.run.table.get(call.name)
    if action is None or action.ask is None or action.param("role") is None:
        return None
    named = [item.value for item in call.named if item.name == "role"]
    given = named[0].v if named and isinstance(named[0], Lit) else "sub"
    return given if isinstance(given, str) else None


def _role(name: str, player: Client) -> Role:
    made = role(player)
    return (
        msgspec.structs.replace(made, max_output_tokens=CONTROLLER_TOKENS)
        if name.startswith((CONTROLLER, NESTED_ROLE))
        else made
    )


def _log(options: Options, run: str) -> Log | None:
    if options.trace is False:
        return None
    place = chosen_place(options.trace) if isinstance(options.trace, Path) else default_place(run)
    return Log.create(place, options.run_key)
