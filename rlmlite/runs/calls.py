"""Carrying the requests of a run out: to models, tools, whoever approves, nested runs, the clock.

A fan-out goes through here whole. First the permit is asked, once, with the most that its new calls can cost. Then a
number of workers make the calls, and each result is journalled the moment it is there.

The journal is what makes a run survive a killed process. Suppose a fan-out of 100 calls is killed after 60: their
results are in the journal, by the id of each request. Ids follow from the run's key and the program, so whoever opens
the trace and executes the program again asks for the same 100 ids; 60 are known, and 40 are made. Nothing is paid
twice. Once the step's record is durable, the journal is emptied.
Not here: whether the budget allows a fan-out (the kernel decides before it asks for it).
"""

import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from rlmlite.clients.bounds.deadline import Deadline
from rlmlite.clients.interface.cost_permit import NOT_PERMITTED, cost_bound, permit_all
from rlmlite.clients.interface.options import ATTEMPTS
from rlmlite.errors import OutOfMemoryError
from rlmlite.guard.memory.attempts import retry_once
from rlmlite.runs.driver import NO_MEMORY_TO_ASK, JournalWriter, drive
from rlmlite.runs.events import ApprovalAsked, ApprovalGiven, FanoutProgress, ToolCalled
from rlmlite.runs.history import CONTROLLER
from rlmlite.runs.log import Keeper
from rlmlite.runs.setup import Setup
from rlmlite_kernel.actions.calls.tools import approves
from rlmlite_kernel.effects.requests import DEADLINE, NO_USE, Answered, Failed, Request, Requests, Result, render
from rlmlite_kernel.records.records import Entry, Step
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.run.turns.outages import AbandonedAfter, Outage
from rlmlite_kernel.values.blobs import Blobs, InputChangedError
from rlmlite_traces import Unfinished

if TYPE_CHECKING:
    from rlmlite.clients.bounds.spending import Held

NestedRun: TypeAlias = Callable[[Request], Awaitable[Result]]
"""Makes the nested run that answers a request."""

NOT_IN_TIME = Failed(DEADLINE, NO_USE)
"""The result of a call that was not made, because the time of the run was over."""

CUT_IN_TIME = Failed(DEADLINE)
"""That of one that a model was working on. It may be billed, so what was reserved for it is charged."""

_PROGRESS_EVENTS = 100  # per fan-out, at most about so many


class Dispatcher:
    """Carries the requests of one fan-out out. It lives as long as the fan-out, and so does what it refers to."""

    def __init__(
        self,
        setup: Setup,
        blobs: Blobs,
        keeper: Keeper,
        state: State,
        nest: NestedRun | None,
        deadline: Deadline,
    ) -> None:
        self._setup = setup
        self._blobs = blobs
        self._keeper = keeper
        self._state = state
        self._nest = nest
        self._deadline = deadline
        self._held: Held | None = None  # of the user's limits, while calls are out
        self._tell = setup.settings.on_event
        self._turn = state.turn + 1  # the state is that of before this turn

    async def results(self, requests: Requests, known: Mapping[str, Result]) -> Sequence[Result]:
        """The results of a fan-out, in the order of its requests. A call whose result is `known` is not made again."""
        spending = self._setup.spending
        # A fan-out is a lazy sequence. Without a question to ask, no request is made in advance.
        if self._setup.permit is permit_all and spending is None:
            return await self._results(requests, known)
        count, bound = self._bound_of_new(requests, known)
        if not self._setup.permit(count, bound):
            # What was paid for before the question was asked is used all the same.
            return [known.get(request.id, NOT_PERMITTED) for request in requests]
        if spending is None:
            return await self._results(requests, known)
        with spending.hold(bound or 0) as held:
            if isinstance(held, str):
                self._setup.settings.tell(held)
                refused = Failed("budget", NO_USE, held)
                return [known.get(request.id, refused) for request in requests]
            self._held = held
            return await self._results(requests, known)

    async def _results(self, requests: Requests, known: Mapping[str, Result]) -> Sequence[Result]:
        async with AsyncExitStack() as connections:
            # Entered for each fan-out anew: between two of them the event loop stands still, and in a session the next
            # one may run in another loop, where connections of this one are of no use.
            for client in self._setup.clients.values():
                if isinstance(client, AbstractAsyncContextManager):
                    await connections.enter_async_context(client)
            return await drive(
                requests,
                self._call,
                journal=self._journal(requests),
                known=known,
                workers=self._setup.settings.workers,
            )

    def _bound_of_new(self, requests: Requests, known: Mapping[str, Result]) -> tuple[int, int | None]:
        """How many calls have to be made, and the most that they can cost."""
        count = 0

        def new() -> Iterator[Request]:
            # One at a time: all prompts together may be the size of the inputs many times over.
            nonlocal count
            for request in requests:
                if request.id not in known:
                    count += 1
                    yield request

        bound = cost_bound(new(), self._state.settings.roles)
        return count, bound

    def _journal(self, requests: Requests) -> JournalWriter:
        """Writes each finished call down, and tells about the progress of a fan-out."""
        total = len(requests)
        done = 0
        # 100,000 events for 100,000 calls would take longer to show than they are worth.
        interval = max(1, total // _PROGRESS_EVENTS)
        # A controller's call is a fan-out of one, and has events of its own.
        is_controller = total > 0 and _is_of_controller(requests)

        def journal(id_: str, result: Result) -> None:
            nonlocal done
            # Tried twice: what was paid for should not be lost to a moment without memory.
            retry_once(lambda: self._keeper.journal(id_, result))
            done += 1
            is_due = done % interval == 0 or done == total
            if is_due and not is_controller:
                self._tell(FanoutProgress(self._turn, done, total))

        return journal

    async def _call(self, request: Request) -> Result:
        started = time.monotonic_ns()
        ATTEMPTS.set(1)  # a worker makes many calls in the same context: the count of the one before must not stay
        try:
            # Prompts are rendered here, one for each worker, and not with the fan-out: together they may be the size
            # of the inputs many times over.
            text = request.text or render(request.prompt, self._blobs)
        except InputChangedError:
            # No need to end the run here: the kernel sees the change too, and ends it with what was done.
            return Failed("cancelled")
        except MemoryError:
            return NO_MEMORY_TO_ASK
        try:
            result = await self._answer_in_time(request, text)
        except (MemoryError, OutOfMemoryError):
            # It may have been made and paid for: its usage is unknown, so what was reserved for it is charged.
            result = Failed("unavailable", detail="this machine has not enough memory for it")
        milliseconds = (time.monotonic_ns() - started) // 1_000_000
        self._keeper.timing(request.id, {"ms": milliseconds, "attempts": ATTEMPTS.get()})
        result, redaction = _as_unicode(result), self._setup.settings.reading.redaction
        return result if redaction is None else redaction.result(result, request.kind)

    async def _answer_in_time(self, request: Request, text: str) -> Result:
        """The answer, when there is a slot for the call; a failure if the time of the run is over before it comes."""
        import asyncio

        is_of_controller = request.kind == "lm" and request.role.startswith(CONTROLLER)
        until = self._deadline.for_call(is_of_controller=is_of_controller)
        seconds = None if until is None else until - self._deadline.clock()
        if seconds is not None and seconds <= 0:
            return NOT_IN_TIME
        # A nested run keeps to the time by itself: cut from here, it could not give the answer that it has.
        is_cut = request.kind != "rlm"
        limit = asyncio.timeout(seconds if is_cut else None)
        has_begun = False
        try:
            async with limit, self._setup.slots.slot(request, self._setup.level):
                has_begun = True
                return await self._answer_at_cost(request, text)
        except TimeoutError:
            if not limit.expired():
                raise  # somebody else's
            return CUT_IN_TIME if has_begun and request.kind == "lm" else NOT_IN_TIME

    async def _answer_at_cost(self, request: Request, text: str) -> Result:
        """The answer, with its cost counted against the limits of the user, if there are any."""
        role = self._state.settings.roles.get(request.role)
        if self._held is None or request.kind != "lm" or role is None:
            return await self._answer(request, text)
        most = role.reserved_cost(request.prompt_bytes) or 0
        self._held.begin(most)
        # Of a call that is cut nobody knows what it costs: it stays under way, and counts as the most.
        result = await self._answer(request, text)
        is_free = isinstance(result, Answered) and result.cached
        self._held.end(most, 0 if is_free else result.usage.cost_nano)
        return result

    async def _answer(self, request: Request, text: str) -> Result:
        """The answer of whoever a request is for."""
        if request.kind == "lm":
            client = self._setup.clients.get(request.role)
            if client is None:
                return Failed("unavailable")
            return self._refuse_cut(await client.complete(text, request), text, request)
        if request.kind == "rlm":
            if self._nest is None:
                return Failed("unavailable")
            return await self._nest(request)
        return await self._ask_services(request, text)

    def _refuse_cut(self, result: Result, text: str, request: Request) -> Result:
        """The result, but a failure if the server's window has cut the prompt: nobody knows what was read."""
        tokens = result.usage.input_tokens
        if not isinstance(result, Answered) or result.cached or not tokens:
            return result
        from rlmlite.clients.interface.failures import FAILURES  # with the first answer of a server
        from rlmlite.clients.interface.window import is_cut

        if not is_cut(text, tokens):
            return result
        kind = FAILURES["window"]
        detail = f"the server reports {tokens:,} tokens of a prompt of {request.prompt_bytes:,} bytes"
        self._setup.settings.tell(f"{request.model}: {kind.meaning}; {detail}; {kind.advice}")
        # A controller's prompt holds no input: what it misses shows in its program, which is checked.
        if request.role.startswith(CONTROLLER):
            return result
        return Failed("window", result.usage, detail)

    async def _ask_services(self, request: Request, text: str) -> Result:
        """A call of a tool, a request for approval, the time."""
        # For these two kinds the role is the name of the tool.
        if request.kind == "tool":
            self._tell(ToolCalled(self._turn, request.role))
        elif request.kind == "approve":
            self._tell(ApprovalAsked(self._turn, request.role))
        settings = self._state.settings
        result = await self._setup.services.call(request, text, settings, self._keeper)
        if request.kind == "approve":
            is_approved = approves(result)
            self._tell(ApprovalGiven(self._turn, request.role, is_approved))
        return result


def _is_of_controller(requests: Requests) -> bool:
    """Whether these are a controller's call. That of a step is rendered when it is read, and may fail for it."""
    try:
        return requests[0].role.startswith(CONTROLLER)
    except (MemoryError, InputChangedError):
        return False


def _as_unicode(result: Result) -> Result:
    """A result that can be written as UTF-8. A lone surrogate, which JSON can hold and UTF-8 cannot, is spelled out."""
    field = "text" if isinstance(result, Answered) else "detail"
    text: str = getattr(result, field)
    try:
        text.encode()
    except UnicodeEncodeError:
        spelled_out = text.encode("utf-8", "backslashreplace").decode()
        return msgspec.structs.replace(result, **{field: spelled_out})
    return result


class GivingUp:
    """Answers the requests of a turn that is given up, from what is known, and says when to stop.

    A step whose calls are in the journal ran before they went out, and so did all that ran before it: to execute these
    again is safe. So the turn is executed as long as the journal has results that nobody has asked for yet; then the
    rest is abandoned.

        journal: 60 of 100 results of step 3        steps 1 and 2 are executed, step 3 makes its calls: 60 results,
                                                    40 `cancelled`; step 3 and all after it are `abandoned`
        journal: empty                              nothing is executed but what is recorded
    """

    def __init__(self, turn: Unfinished, known: Mapping[str, Result], intents: Collection[str]) -> None:
        self._turn, self._known, self._intents = turn, known, intents
        self._asked: set[str] = set()
        # The journal may still hold the reply that the turn is made of.
        self._others = 0 if turn.call is None else 1

    def answers(
        self, requests: Requests, entries: Sequence[Entry]
    ) -> tuple[Sequence[Result], Mapping[int, Outage] | None]:
        """The results of requests, and the outages of the rest of the turn, if it is to stop here."""
        results: list[Result] = []
        for request in requests:
            self._asked.add(request.id)
            results.append(self._known.get(request.id) or self._unmade(request.id))
        # Also those that were begun and have no result: that they were must be on the record.
        left = len((self._known.keys() | set(self._intents)) - self._asked)
        if len(entries) < self._turn.recorded or left > self._others:
            return results, None
        last = max((entry.record.step for entry in entries if isinstance(entry.record, Step)), default=None)
        return results, AbandonedAfter(self._turn.outages, last)

    def _unmade(self, id_: str) -> Result:
        """The result of a call without one. Of one with side effects that was begun nobody knows the end."""
        return Failed("unknown" if id_ in self._intents else "cancelled", NO_USE)
