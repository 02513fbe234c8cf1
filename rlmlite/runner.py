"""A run with its receipts: begin, turns, calls, seal. `run_program` is one of a single program.

A turn is a generator that yields requests and is sent their results, so that it is written once and driven by an
event loop of its own (`execute`) or by the caller's (`execute_async`).
Not here: a controller that writes programs (the agent's), what a step does (the kernel's).
"""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec

from rlmlite.clients import Client, role
from rlmlite.driver import WORKERS, drive
from rlmlite.errors import InputError
from rlmlite.keeping import Keeper, Unkept, chosen_place, default_place
from rlmlite.outcome import Outcome
from rlmlite.results import Receipts, Spent, outcome_of
from rlmlite_grammar import grammar_digest, parse
from rlmlite_kernel import (
    Done,
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
from rlmlite_kernel.ast import Call, Lit, Parsed, walk
from rlmlite_kernel.effects import Failed, Request, Requests, Result, render
from rlmlite_kernel.inputs import Input
from rlmlite_kernel.problems import Problem, Unparsed
from rlmlite_kernel.records import Genesis, Seal
from rlmlite_kernel.refs import RunKey
from rlmlite_kernel.settings import Limits, Settings
from rlmlite_traces import FileBlobs, Log

T = TypeVar("T")

Calls: TypeAlias = Generator[Requests, Sequence[Result], T]
"""Something that stops at each fan-out, and goes on with its results."""


_BOUNDS = frozenset({"budget", "too_large"})
"""Codes of steps that failed because a bound would have been passed."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is made. `trace` is the folder for its receipts, `None` the default one, `False` none at all."""

    run_key: bytes
    clients: Mapping[str, Client] = {}
    limits: Limits = Limits()
    trace: Path | bool | None = None
    workers: int = WORKERS


class Run:
    """A run that has begun. Its first receipt is kept; `close` it, or use it as a context manager."""

    def __init__(self, inputs: Mapping[str, Input], blobs: FileBlobs, options: Options) -> None:
        roles = {name: role(player) for name, player in options.clients.items()}
        settings = Settings(limits=options.limits, roles=roles)
        begun = begin(inputs, settings, RunKey(options.run_key), grammar=grammar_digest())
        genesis = begun.entries[0].record
        assert isinstance(genesis, Genesis)
        self.id = genesis.run
        self.state: State = begun.state
        self.observation = begun.observation
        self.blobs, self.inputs, self.options = blobs, inputs, options
        self._spent = Spent()
        self.log = _log(options, self.id)
        self._keeper: Keeper = self.log or Unkept()
        self._keeper.extend(begun.entries)

    def turn(self, said: Parsed | Unparsed, *, reply: str | None = None, origin: str = "host") -> Calls[Done]:
        """Execute one program. What it did is kept when this ends."""
        done = advance(self.state, said, self.blobs, reply=reply, origin=origin)
        while isinstance(done, Suspended):
            for entry in done.entries:  # not `extend`: the turn is not over, so the journal is still needed
                self._keeper.append(entry)
            results = yield done.requests
            self._spent.add(results)
            done = resume(done, results, self.blobs)
        self.state, self.observation = done.state, done.observation
        self._keeper.extend(done.entries)
        return done

    def seal(self, outcome: str | None = None, reason: str = "") -> Seal:
        """End the run. Without an outcome the kernel says which it is."""
        entry = seal(self.state, outcome, reason)
        assert isinstance(entry.record, Seal)
        self._keeper.extend([entry])
        return entry.record

    def outcome(self, sealed: Seal, problems: tuple[Problem, ...] = ()) -> Outcome:
        """What the sealed run leaves."""
        receipts = Receipts(None, None) if self.log is None else Receipts(self.log.path, self.log.root)
        return outcome_of(self.state, sealed, self._spent, receipts, self.observation, problems)

    async def results(self, requests: Requests) -> Sequence[Result]:
        """The results of a fan-out; finished calls are journalled at once and not paid for twice."""
        return await drive(
            requests,
            self._call,
            journal=self._keeper.journal,
            known=self._keeper.journalled(),
            workers=self.options.workers,
        )

    async def _call(self, request: Request) -> Result:
        player = self.options.clients.get(request.role)
        if player is None:
            return Failed("unavailable")
        started = time.monotonic_ns()
        try:
            text = render(request.prompt, self.blobs)
        except InputChangedError:
            return Failed("cancelled")  # the kernel sees the change too, and ends the run with what was done
        result = await player.complete(text, request)
        if self.log is not None:
            self.log.timing(request.id, {"ms": (time.monotonic_ns() - started) // 1_000_000})
        return result

    def close(self) -> None:
        """Let go of the trace. Without a seal it stays open, and valid."""
        self._keeper.close()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
    return run.outcome(run.seal(*_end(run.state)))


def _end(state: State) -> tuple[str, str]:
    """How a run of one program ends: as the kernel concludes, but for two that have no answer.

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
        action = state.run.table.get(node.name) if isinstance(node, Call) else None
        if isinstance(node, Call) and action is not None and action.ask is not None:
            named = [item.value for item in node.named if item.name == "role"]
            role_name = named[0].v if named and isinstance(named[0], Lit) else "sub"
            if role_name not in state.settings.roles:
                offset = said.at[place] if place < len(said.at) else None
                hint = f"give one with --{role_name} MODEL, in Python with {role_name}="
                yield Problem("not_permitted", f"no model plays the role `{role_name}`", offset, hint)


def _log(options: Options, run: str) -> Log | None:
    if options.trace is False:
        return None
    place = chosen_place(options.trace) if isinstance(options.trace, Path) else default_place(run)
    return Log.create(place, options.run_key)
