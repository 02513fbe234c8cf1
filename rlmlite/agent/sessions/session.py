"""A session: one space of variables and one open trace over many questions and programs.

    with Session("triage.rlm", Path("app.log"), controller="openai:gpt-5") as session:
        session.ask("which component fails most?")
        session.exec("hits = search(context, /ERROR/)")

Everything is in the trace as soon as it is done, so a session that is left, or killed, goes on where it was: opening it
verifies the trace and executes it again.

A role without a model is *by hand*: its calls wait, until somebody answers them, in this process or in another.

    session.exec('final(sub_lm("Is it urgent?"))')     raises CallsWaitingError; the turn is unfinished
    (call,) = session.pending()                        the program is rehearsed up to the call that has no result
    session.answer({call.id: "yes"})                   the journal has the result
    session.resume()                                   the turn is executed again, and ends: "yes"
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import msgspec

from rlmlite.agent.ask import as_typed, prepare_agent
from rlmlite.agent.loading import take_inputs
from rlmlite.agent.loop import ask, check_question, go_on
from rlmlite.agent.sessions.reopening import places_of, reopen_session
from rlmlite.agent.verdicts import End, review
from rlmlite.clients.interface.placeholders import ByHand
from rlmlite.errors import CallsWaitingError, SettingError
from rlmlite.guard.trust.access import NO_ACCESS, Access
from rlmlite.inputs import Data, from_values
from rlmlite.inputs.names import ALONE
from rlmlite.runs.driver import FanOuts, drive_turn, drive_turn_async, refuse_running_loop
from rlmlite.runs.events import Finished
from rlmlite.runs.history import open_question
from rlmlite.runs.outcome import Outcome
from rlmlite.runs.program import conclude_program, read_habits, read_program
from rlmlite.runs.run import Run, begin_run
from rlmlite.runs.settings import RunSettings, SettingKeywords, from_keywords
from rlmlite_kernel import Parsed, Unparsed
from rlmlite_kernel.effects.requests import NO_USE, Answered, Request, Requests, Result
from rlmlite_kernel.records.reasons import NOT_ACCEPTED
from rlmlite_kernel.records.settings import ACCEPT
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs

if TYPE_CHECKING:
    from rlmlite.agent.sessions.additions import HigherLimits
    from rlmlite_traces.format.showing.notebook import Facts


class Session:
    """Opens the session at `path`, or begins one there with these inputs.

    The settings are those of `run`, without `trace`. Roles, policy and labels are fixed when a session is begun, inputs
    and limits too but for what is added (`add`); a client that is given when it is opened again must be of the model
    that plays the role. Without `controller` and `sub` these roles are by hand. Tools are given each time; calls of
    tools that are not given wait, and so do approvals without `approve`.

    A model server is called, and a URL fetched, only if it is given again: `controller=`, `sub=`, `nested=`, and
    `inputs={"page": Url(...)}`. Of a session that somebody else began, or in another place, neither files nor a store
    are used either, unless they are given: `inputs={"logs": Path(...)}`, `store=`.

    Raises `TypeError` for a keyword that is not a setting, `InputError`, `ModelError`, `SettingError`, and what
    `rlmlite_traces.Log` raises.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        inputs: Data | Mapping[str, Data] = None,
        **settings: Unpack[SettingKeywords],
    ) -> None:
        if path is None:  # `Session(store="triage.rlm")`, as its first parameter was called before it was a setting
            path = settings.pop("store", None)
        if path is None:
            raise TypeError("Session() needs the path of its trace, such as Session('triage.rlm')")
        self.path = Path(path)
        exists = self.path.exists()
        # For a new session a store is where copies go, which is a setting; for this one, where contents are found.
        store = settings.pop("store", None) if exists else None
        chosen = from_keywords("Session", settings)
        if not exists:
            self._begin(*take_inputs(inputs, chosen))
        else:
            self._open(chosen, Access(places_of(self.path, inputs), None if store is None else Path(store)))

    @classmethod
    def begin(cls, path: Path, inputs: Mapping[str, Input], blobs: FileBlobs, settings: RunSettings) -> "Session":
        """A new session over inputs that are loaded already."""
        session = cls.__new__(cls)
        session.path = path
        session._begin(inputs, blobs, settings)
        return session

    @classmethod
    def open(
        cls,
        path: Path,
        settings: RunSettings,
        access: Access = NO_ACCESS,
        *,
        makes_calls: bool = True,
        lock_seconds: float = 0,
    ) -> "Session":
        """The session that is there. Raises as `Session(...)`. A command that makes no call needs no clients.

        Another process that works on it is waited for, up to `lock_seconds`.
        """
        session = cls.__new__(cls)
        session.path = path
        session._open(settings, access, makes_calls, lock_seconds)
        return session

    def _begin(self, inputs: Mapping[str, Input], blobs: FileBlobs, settings: RunSettings) -> None:
        self._agent, setup = prepare_agent(_with_trace(self.path, settings), ByHand())
        self._run = begin_run(inputs, blobs, setup.with_windows())
        self._refusal = self._kept_root = ""

    def _open(self, settings: RunSettings, access: Access, makes_calls: bool = True, lock_seconds: float = 0) -> None:
        settings = _with_trace(self.path, settings)
        self._run, self._agent, self._refusal = reopen_session(self.path, settings, access, makes_calls, lock_seconds)
        log = self._run.log
        self._kept_root = log.root if log is not None and log.is_resumed else ""

    def __repr__(self) -> str:
        from rlmlite_traces.format.showing.notebook import line  # most sessions are shown to nobody

        return line(self._facts())

    def _repr_html_(self) -> str:
        from rlmlite_traces.format.showing.notebook import table

        return table(self._facts())

    def _facts(self) -> "Facts":
        """What is shown of it: how its last question or program stands."""
        return self._run.outcome_so_far(conclude_program(self._run.state)).facts("Session")

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
        """The calls that are needed to go on. No call is made, nothing is written, and `on_event` is not called.

        Suppose that a program was stopped after its second call, and the journal holds the results of both. The rest
        of the program is executed over them in a copy of the run, until it asks for a call that has no result: that
        one is pending. The copy is then dropped; `resume` executes the same again, and writes it.
        """
        if review(self._run, self._agent) is None:
            return ()  # it is the host's verdict that is missing, and no call
        rehearsal = self._run.rehearsal()
        calls = self._resume(rehearsal)
        try:
            requests = next(calls)
            while True:
                # Asked for anew for each fan-out: in a turn that is over, results are no longer known.
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
        waiting = {request.id: request for request in self.pending()}
        # To answer a call again is no mistake, so that a file of answers can be given twice. The first answer stays.
        already_answered = self._run.known().keys()
        unknown = sorted(answers.keys() - waiting.keys() - already_answered)
        if unknown:
            raise SettingError(f"no call {unknown[0]} waits for an answer")
        # Sorted, so that the journal does not depend on the order in which somebody wrote the answers.
        for id_ in sorted(answers.keys() & waiting.keys()):
            answer = answers[id_]
            result = Answered(answer, NO_USE) if isinstance(answer, str) else answer
            self._run.answer(id_, result, waiting[id_].kind)

    def abandon(self) -> Outcome:
        """Give up what is left of the program under way: its steps fail with the code `abandoned`, on the record.

        For a program that cannot go on, such as one that the process does not survive: nothing of it is executed but
        what was executed before. Calls that were made for it stay on the record. A question stays open.
        Raises `SettingError` if no program is under way.
        """
        if self._run.unfinished is None:
            raise SettingError("no program is under way, so there is nothing to abandon")
        self._run.abandon()
        return self._run.outcome_so_far(conclude_program(self._run.state))

    def add(
        self,
        inputs: Data | Mapping[str, Data] = None,
        *,
        limits: "HigherLimits | None" = None,
        max_cost: str | int | float | Decimal | None = None,
    ) -> None:
        """Add inputs, and raise limits, between two turns. Inputs are read as the settings of the session say.

        They are under its policy as the first ones are. A name that is there is refused, and a limit that is lower
        than before. A controller is told with its next prompt.
        Raises `InputError`, `SettingError`, `SettingsError`, and then nothing was added.
        """
        from rlmlite.agent.sessions.additions import limits_to_raise  # most sessions are not added to

        names = () if inputs is None else inputs if isinstance(inputs, Mapping) else (ALONE,)
        reading = self._run.setup.settings.reading
        higher = limits_to_raise(limits, max_cost)
        self.add_loaded(names, lambda blobs: from_values(inputs, blobs, reading), higher)

    def add_loaded(
        self,
        names: Collection[str],
        load: Callable[[FileBlobs], Mapping[str, Input]],
        limits: Mapping[str, int | None],
    ) -> None:
        """`add` for inputs of these names, which are loaded once it is known that they can be added."""
        from rlmlite.agent.sessions.additions import check_can_add, check_nobody_is_asked, kept_under

        check_can_add(self._run, names, limits)
        if open_question(self._run.history) is not None:
            check_nobody_is_asked([call for call in self.pending() if self._is_by_hand(call)])
        kept = kept_under(self._run.state.settings, limits)
        self._run.add(load(self._run.blobs), limits, kept)

    def seal(self) -> Outcome:
        """End the session for good: its trace is sealed, and takes no more. A program under way is abandoned first."""
        if self._run.unfinished is not None:
            self.abandon()
            self._run.setup.settings.tell("a program was under way: what was left of it is abandoned, on the record")
        status, reason = conclude_program(self._run.state)
        refusal = review(self._run, self._agent)
        if refusal is None:
            refusal = _UNJUDGED
        if refusal:
            status, reason = "partial", NOT_ACCEPTED
        seal = self._run.seal(status, reason, refusal)
        return self._run.outcome(seal, refusal=refusal)

    def close(self) -> None:
        """Close the trace and release its lock. The session can be opened again: a checkpoint makes that quick."""
        from rlmlite.runs.past.checkpoints import keep_checkpoint  # most commands look at no session

        if self._run.log is not None and self._run.log.root != self._kept_root:
            keep_checkpoint(self._run)
        self._run.close()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Begin to count the time of this call of the session."""
        self._run.start()

    async def results(self, requests: Requests) -> Sequence[Result]:
        """The results of calls. Those that have a client are made first, so that a person waits for none of them.

        Raises `CallsWaitingError` for calls by hand that have no answer yet.
        """
        known = self._run.known()
        # A fan-out may have both: tools that are here, and approvals that somebody has to give.
        by_hand = [request for request in requests if self._is_by_hand(request) and request.id not in known]
        if not by_hand:
            return await self._run.results(requests)
        waiting = {request.id for request in by_hand}
        with_client = [request for request in requests if request.id not in waiting]
        # Their results go into the journal. When the turn is executed again, only those by hand are missing.
        await self._run.results(with_client)
        raise CallsWaitingError(by_hand)

    def _is_by_hand(self, request: Request) -> bool:
        """Whether only whoever holds the session can answer a call."""
        services, clients = self._run.setup.services, self._run.clients
        match request.kind:
            case "tool":
                return request.role not in services.tools
            case "approve":
                return services.approve is None
            case "clock":
                return False
            case "rlm":
                # Any role of this run may play in a nested one, and there nobody could be asked: the nested run is
                # driven to its end inside of one call.
                return any(isinstance(client, ByHand) for client in clients.values())
        return isinstance(clients.get(request.role), ByHand)

    def _exec(self, program: str) -> FanOuts[Outcome]:
        said = read_program(program)
        yield from self._finish_turn()
        said = read_habits(said, self._run.state)
        refusal = self._verdict()
        return (yield from _execute(self._run, lambda: self._run.turn(said, refusal=refusal), said))

    def _verdict(self) -> str:
        """What the host has against the last answer. Raises `SettingError` where nobody can say."""
        refusal = review(self._run, self._agent)
        if refusal is None:
            raise SettingError(f"the last answer of {self.path} was not judged: {_GIVE_ACCEPT}, or seal the session")
        return refusal

    def _require_accept(self) -> None:
        """Raise `SettingError` where answers are to be judged, and there is nobody to do it."""
        if ACCEPT in self._run.state.settings.gates and self._agent.accept is None:
            raise SettingError(f"the session {self.path} was begun with accept=, which judges answers; {_GIVE_ACCEPT}")

    def _finish_turn(self) -> FanOuts[None]:
        """Finish a turn that something stopped."""
        if self._run.unfinished is not None:
            yield from self._run.go_on()

    def _ask(self, question: str) -> FanOuts[Outcome]:
        check_question(question, self._run.inputs)  # first, so that a bad question does not set calls going
        self._require_accept()
        yield from self._finish_turn()
        refusal = self._verdict()
        if refusal and self._run.state.left("turns") > 0:
            # A question has no place for it, so a turn without a program has.
            yield from self._run.turn(read_program(""), refusal=refusal)
        end = yield from ask(self._run, question, self._agent)
        return _report(self._run, end)

    def _resume(self, run: Run) -> FanOuts[Outcome]:
        """Go on with what is unfinished, in the run itself or in a rehearsal of it."""
        is_under_way = run.unfinished is not None or open_question(run.history) is not None
        if is_under_way and self._refusal:
            raise SettingError(self._refusal)
        outcome = run.outcome_so_far(conclude_program(run.state))
        if run.unfinished is not None:
            outcome = yield from _execute(run, run.go_on, run.unfinished.said)
        is_rehearsal = run is not self._run
        # A rehearsal only looks, so it does without a verdict that nobody can give.
        refusal = (review(run, self._agent) or "") if is_rehearsal else self._verdict()
        # The turn that was just finished may have been one of a controller, whose question is still open.
        if refusal or open_question(run.history) is not None:
            if not is_rehearsal:
                self._require_accept()
            end = yield from go_on(run, self._agent, refusal)
            return _report(run, end)
        return outcome


def _execute(run: Run, turn: Callable[[], FanOuts[object]], said: Parsed | Unparsed) -> FanOuts[Outcome]:
    """Execute a turn of the host's, or the rest of one, and say how the session stands after it."""
    if run.unfinished is None and run.state.left("turns") < 1:
        return run.outcome_so_far(("partial", "budget"))
    yield from turn()
    if isinstance(said, Unparsed):
        return run.outcome_so_far(("refused", said.problems[0].code), said.problems)
    return run.outcome_so_far(conclude_program(run.state))


def _report(run: Run, end: End) -> Outcome:
    """The outcome of a question, told to whoever watches."""
    outcome = as_typed(run.outcome_so_far((end.status, end.reason), refusal=end.refusal), end)
    run.tell(Finished(outcome))
    return outcome


_GIVE_ACCEPT = "open it with Session(path, accept=...)"
_UNJUDGED = "nobody has judged it: the session was opened without accept="


def _with_trace(path: Path, settings: RunSettings) -> RunSettings:
    """The settings of a session: its trace is the session itself."""
    if "trace" in settings.explicit:
        raise SettingError("the trace of a session is the session itself; leave out trace (--trace)")
    return msgspec.structs.replace(settings, trace=path)
