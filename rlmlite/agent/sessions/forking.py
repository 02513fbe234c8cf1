"""A fork: a run that goes as another one did up to a step, and another way from there.

    fork("t.rlm", 5, "other.rlm", sub="openai:gpt-5")

    the parent        verified, executed again, taken apart at step 5 (`runs.past.parent`)
    before step 5     done again in a trace of its own, with the parent's replies and results
    from step 5 on    the new program, or what the parent did next, with the new models, limits, policy
    calls             one that is the same gets the parent's result, and nothing is paid; the others are made

The genesis of the fork names the parent: its run, its root, the step. Where nothing is to be made, `offline` is enough;
`rehearse` says what would be, and what it can cost, before anything is.
"""

import copy
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Unpack

import msgspec

from rlmlite.agent.ask import as_typed, prepare_agent
from rlmlite.agent.loop import Agent, ask, check_question, go_on
from rlmlite.agent.sessions.additions import limits_to_raise
from rlmlite.agent.sessions.reopening import explicit_clients, places_of, with_redaction
from rlmlite.agent.verdicts import End
from rlmlite.clients.interface.cost_permit import cost_bound
from rlmlite.clients.interface.keys import check_shared_key
from rlmlite.clients.interface.placeholders import ByHand
from rlmlite.clients.recorded import ClientRebuilder
from rlmlite.errors import RlmliteError, SettingError
from rlmlite.guard.trust.access import Access
from rlmlite.guard.trust.origin import is_begun_from_here
from rlmlite.inputs import Data
from rlmlite.inputs.formats.recipes import REDACT
from rlmlite.runs.driver import FanOuts, drive_turn, refuse_running_loop
from rlmlite.runs.history import CONTROLLER
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.past.lineage import AT, ROOT, RUN, TURN
from rlmlite.runs.past.parent import Asked, Cut, Item, Parent, Said, cut_at, read_parent
from rlmlite.runs.past.recorded_calls import RecordedCalls, is_of_controller
from rlmlite.runs.program import conclude_program, problems_of, read_habits, read_program
from rlmlite.runs.run import Run
from rlmlite.runs.settings import RunSettings, SettingKeywords, from_keywords
from rlmlite.runs.setup import Setup, controller_roles, reserve_for_last_turn, role_of
from rlmlite_kernel import TurnsSpentError
from rlmlite_kernel.effects.requests import Request, Requests, Result
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Problem, Unparsed
from rlmlite_kernel.records.settings import ACCEPT, Change, Policy, Role, Settings


class MissesError(RlmliteError):
    """Calls are needed that the parent has no result of, and none may be made."""

    def __init__(self, requests: Sequence[Request], bound: int | None, reused: int) -> None:
        counts = Counter((request.role, request.model) for request in requests)
        words = ", ".join(f"{count:,} of {role} ({model})" for (role, model), count in counts.items())
        super().__init__(f"{len(requests):,} calls are not recorded, and have to be made: {words}")
        self.requests, self.bound, self.reused = tuple(requests), bound, reused


class Rehearsed(msgspec.Struct, frozen=True):
    """What a fork will do: how many results it takes from its parent, and the first calls that have to be made.

    `bound` is the most that these can cost in nano-dollars, None if that is unknown. Which calls come after them
    depends on what they give. `kept` and `reused` count turns that are done as before, and results that are used again.
    """

    kept: int
    reused: int
    calls: tuple[Request, ...] = ()
    bound: int | None = 0


def fork(
    source: str | os.PathLike[str],
    at: int,
    out: str | os.PathLike[str],
    program: str | None = None,
    inputs: Data | Mapping[str, Data] = None,
    offline: bool = False,
    **settings: Unpack[SettingKeywords],
) -> Outcome:
    """Go another way from step `at` of the run in the trace `source` on, in a new trace at `out`.

    `program` is done in place of what the parent did from there on; without one, that is done again. Models, limits
    (`limits`) and the `policy` hold from that step on; what is not given stays as it was. With `offline` no call is
    made. `inputs` says where inputs are now.

    Raises `SettingError` for a run that cannot be forked there, `MissesError` with `offline` if calls would have to be
    made, and what `Session(...)` raises.
    """
    refuse_running_loop("fork in a thread of its own, asyncio.to_thread(rlmlite.fork, ...)")
    chosen = from_keywords("fork", settings)
    store = settings.get("store")
    access = Access(places_of(Path(source), inputs), None if store is None else Path(store))
    return Fork(Path(source), at, access, chosen, program).run(Path(out), offline=offline)


class Fork:
    """A fork that is about to be made. `rehearse` it first, to know what it costs; then `run` it."""

    def __init__(self, path: Path, at: int, access: Access, settings: RunSettings, program: str | None = None) -> None:
        self._settings = settings
        self._said = None if program is None else read_program(program)
        self.parent: Parent = read_parent(path, settings.reading, access)
        self.cut: Cut = cut_at(self.parent, at)
        self._agent, self._setup = self._prepare(access)

    def rehearse(self) -> Rehearsed:
        """What it will do, without doing any of it: nothing is written, and no call is made."""
        setup = msgspec.structs.replace(
            self._setup, settings=msgspec.structs.replace(self._settings, trace=False, on_event=_hear_nothing)
        )
        kept = self.cut.turn - 1
        with Run(self.parent.inputs, self.parent.blobs, setup) as run:
            answers = _Answers(run, copy.deepcopy(self.parent.calls), self.cut.turn, offline=True)
            try:
                drive_turn(answers, self._work(run))
            except MissesError as error:
                return Rehearsed(kept, error.reused, error.requests, error.bound)
            return Rehearsed(kept, answers.calls.taken)

    def run(self, out: Path, *, offline: bool = False) -> Outcome:
        """Make it, in a new trace at `out`. Raises `MissesError` with `offline`, and then nothing was written."""
        if offline:
            found = self.rehearse()
            if found.calls:
                raise MissesError(found.calls, found.bound, found.reused)
        settings = msgspec.structs.replace(self._settings, trace=out)
        setup = msgspec.structs.replace(self._setup, settings=settings).with_windows()
        with Run(self.parent.inputs, self.parent.blobs, setup) as run:
            return drive_turn(_Answers(run, self.parent.calls, self.cut.turn, offline=offline), self._work(run))

    def _prepare(self, access: Access) -> tuple[Agent, Setup]:
        parent, settings = self.parent, self._settings
        recorded = parent.settings
        if ACCEPT in recorded.gates and settings.accept is None:
            raise SettingError(f"{parent.path} was run with accept=, which judges answers: fork it from Python with it")
        self._check_types()
        agent, setup = prepare_agent(settings, ByHand())
        setup = with_redaction(setup, recorded.scope.get(REDACT, ""), parent.path)
        explicit = explicit_clients(setup)
        models = access.models | {client.model for client in explicit.values()}
        is_from_here = is_begun_from_here(parent.path, parent.trace)
        rebuild = ClientRebuilder(models, parent.is_own, is_from_here, settings.calling)
        roles = {name: role_of(name, client, settings) for name, client in explicit.items()}
        for name, options in settings.roles.items():
            # How a role is asked may change without its model.
            if "roles" in settings.explicit and options.model is None and name in recorded.roles:
                roles[name] = options.apply(recorded.roles[name])
        names = {**recorded.roles, **roles}
        clients = {name: explicit.get(name) or rebuild(name, role.model) for name, role in names.items()}
        check_shared_key(clients.values())
        count = sum(name.startswith(CONTROLLER) for name in clients)
        fixed = msgspec.structs.replace(
            recorded,
            scope={**recorded.scope, **self._labels()},
            changes=self._changes(recorded, roles, setup.policy),
        )
        setup = msgspec.structs.replace(setup, clients=clients, fixed=fixed, flags=parent.trace.genesis.flags)
        return msgspec.structs.replace(agent, controllers=controller_roles(count)), setup

    def _check_types(self) -> None:
        forms = [item.form for item in (*self.cut.kept, *self.cut.rest) if isinstance(item, Asked)]
        if any(forms) and self._settings.answer_type is None:
            raise SettingError("the answer was to have a type: fork it from Python, with answer_type=")

    def _labels(self) -> dict[str, str]:
        """What the genesis says of where the fork comes from."""
        trace = self.parent.trace
        return {RUN: trace.genesis.run, ROOT: trace.root, AT: str(self.cut.step), TURN: str(self.cut.turn)}

    def _changes(self, recorded: Settings, roles: Mapping[str, Role], policy: Policy) -> tuple[Change, ...]:
        """What is otherwise from the step on."""
        explicit = self._settings.explicit
        changed = {name: role for name, role in roles.items() if recorded.roles.get(name) != role}
        limits: dict[str, int | None] = {}
        if "limits" in explicit or "max_cost" in explicit:
            limits = limits_to_raise(self._settings.limits, self._settings.max_cost)
        is_changed = bool(changed or limits) or "policy" in explicit
        if not is_changed:
            return ()
        controller = {**recorded.roles, **changed}.get(CONTROLLER)
        kept = None
        if recorded.kept and controller is not None:
            kept = reserve_for_last_turn(msgspec.structs.replace(recorded.limits, **limits), controller)
        new_policy = policy if "policy" in explicit else None
        return (Change(turn=self.cut.turn, roles=changed, limits=limits, kept=kept, policy=new_policy),)

    def _work(self, run: Run) -> FanOuts[Outcome]:
        """What was kept, then what is new; and how the run stands in the end."""
        end: End | None = None
        problems: tuple[Problem, ...] = ()
        try:
            for item in self.cut.kept:
                end = yield from self._again(run, item)
            if self._said is None:
                for item in self.cut.rest:
                    end = yield from self._again(run, item)
            else:
                yield from self._up_to_cut(run)
                end, problems = None, (yield from _execute(run, self._said))
        except TurnsSpentError:
            end = End("partial", "budget")
        return self._conclude(run, end, problems)

    def _again(self, run: Run, item: Item) -> FanOuts[End | None]:
        """Do again what the parent did."""
        if isinstance(item, Said):
            yield from run.turn(item.said)
            return None
        return (yield from ask(run, item.text, self._agent))

    def _up_to_cut(self, run: Run) -> FanOuts[None]:
        """Ask the question whose turns are cut, and let its controller go on up to there."""
        item = self.cut.rest[0] if self.cut.rest else None
        if not isinstance(item, Asked):
            return
        run.ask(item.text, check_question(item.text, run.inputs), item.form)
        turns = go_on(run, self._agent)
        requests = next(turns)
        while run.state.turn + 1 < self.cut.turn:
            requests = turns.send((yield requests))
        turns.close()

    def _conclude(self, run: Run, end: End | None, problems: tuple[Problem, ...]) -> Outcome:
        status, reason = (end.status, end.reason) if end is not None else conclude_program(run.state)
        if problems:
            status, reason = "refused", problems[0].code
        if not self.parent.is_sealed:
            return run.outcome_so_far((status, reason), problems)
        refusal = "" if end is None else end.refusal
        outcome = run.outcome(run.seal(status, reason, refusal), problems, refusal)
        return outcome if end is None else as_typed(outcome, end)


def _execute(run: Run, said: Parsed | Unparsed) -> FanOuts[tuple[Problem, ...]]:
    """Execute a program of the host's. What is wrong with it is given, and then nothing of it runs."""
    said = read_habits(said, run.state)
    problems = problems_of(said, run) if isinstance(said, Parsed) else said.problems
    yield from run.turn(Unparsed(said.text, problems) if problems else said)
    return problems


def _hear_nothing(_event: object) -> None:
    """Nobody watches a rehearsal."""


class _Answers:
    """Answers the requests of a fork: by what the parent has recorded, and what is not by making the call."""

    def __init__(self, run: Run, calls: RecordedCalls, turn: int, *, offline: bool) -> None:
        self._run, self.calls, self._turn, self._offline = run, calls, turn, offline

    def start(self) -> None:
        """See `Answers.start`."""
        self._run.start()

    async def results(self, requests: Requests) -> Sequence[Result]:
        """See `Answers.results`. Raises `MissesError` offline."""
        found: dict[str, Result] = {}
        missing = tuple(self._take(requests, found))
        is_kept = self._run.state.turn + 1 < self._turn
        if missing and is_kept:
            raise SettingError(
                f"turn {self._run.state.turn + 1} comes before the step, and does not go as it did: "
                f"a call of {missing[0].role} is not the recorded one; fork at an earlier step"
            )
        if missing and self._offline:
            raise MissesError(missing, cost_bound(iter(missing), self._run.state.settings.roles), self.calls.taken)
        made = await self._run.results(missing) if missing else ()
        found |= {request.id: result for request, result in zip(missing, made, strict=True)}
        return [found[request.id] for request in requests]

    def _take(self, requests: Requests, taken: dict[str, Result]) -> Iterator[Request]:
        """Add the results that are known or recorded to `taken`. Gives the requests that have none."""
        known = self._run.known()
        turn = self._run.state.turn + 1
        is_kept = turn < self._turn
        for request in requests:
            if request.id in known:
                taken[request.id] = known[request.id]
                continue
            found = self.calls.take_reply(turn, request) if is_kept and is_of_controller(request) else None
            found = found or self.calls.take(request, is_kept=is_kept)
            if found is None:
                yield request
            else:
                self._run.answer(request.id, found)
                taken[request.id] = found
