"""A run with its receipts: begin, turns, seal.

    run = Run(inputs, blobs, prepare(settings))       # the genesis is written
    drive_turn(run, run.turn(parse("x = 1")))         # a turn: its steps are written as they are done
    run.seal()                                        # the end is written; the trace takes no more

A `Run` holds the state after the last whole turn, and the turn that is under way. Only its own methods change it. What
it has done is on disk at each moment, so a process can be killed anywhere and `reopen` gives what `past` is here.
Not here: how calls are made (`calls`), where a past comes from (`past`), a whole program (`program`), a controller (the
agent), what a step does (the kernel).
"""

from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from functools import partial

import msgspec

from rlmlite.clients.bounds.deadline import NO_DEADLINE
from rlmlite.clients.interface.protocol import Client
from rlmlite.errors import MORE_MEMORY, OutOfMemoryError
from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite.guard.memory.attempts import retry_once
from rlmlite.guard.trust.origin import mark_begun
from rlmlite.runs.calls import Dispatcher, GivingUp
from rlmlite.runs.driver import FanOuts
from rlmlite.runs.events import Event, WindowKnown, step_done
from rlmlite.runs.history import HOST, Exchange, History, exchange_of_entries
from rlmlite.runs.log import Keeper, NoLog, Rehearsal, keep_contents, new_log
from rlmlite.runs.outcome import ModelUsage, Outcome, TraceRoot, budget_of, notices_of, outcome_of
from rlmlite.runs.settings import unheard
from rlmlite.runs.setup import Setup, kernel_settings
from rlmlite_grammar import grammar_digest
from rlmlite_kernel import Done, Entry, State, Suspended, add, advance, ask, begin, resume, seal
from rlmlite_kernel.effects.requests import NO_USE, Answered, Requests, Result
from rlmlite_kernel.engines.versions import engine_versions
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.problems import Problem, Unparsed
from rlmlite_kernel.records.records import Genesis, Seal, Spoken, Step
from rlmlite_kernel.records.refs import RunKey
from rlmlite_kernel.records.settings import Policy
from rlmlite_kernel.records.usage import CallCounts
from rlmlite_kernel.run.turns.outages import Outage, recorded_outage
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import FileBlobs, Log, Unfinished
from rlmlite_traces.files.installed import installed_version


class Past(msgspec.Struct, frozen=True):
    """A run from its trace: the state after its last whole turn, and the turn that something stopped, if one was.

    `refusal` says why a checkpoint that is there was not believed.
    """

    log: Log
    state: State
    blobs: FileBlobs
    inputs: Mapping[str, Input]
    history: History
    unfinished: Unfinished | None
    usage: ModelUsage
    refusal: str = ""


class Run:
    """A run that has begun, or goes on from a `past`. `close` it, or use it as a context manager."""

    def __init__(self, inputs: Mapping[str, Input], blobs: FileBlobs, setup: Setup, past: Past | None = None) -> None:
        self.inputs, self.blobs, self.setup = inputs, blobs, setup
        self._usage = ModelUsage()
        self._history = History()
        self._unfinished: Unfinished | None = None
        self._observation = ""
        self.deadline = NO_DEADLINE
        if past is None:
            self._begin()
        else:
            self._go_on_from(past)

    def _begin(self) -> None:
        done = begin(
            self.inputs,
            kernel_settings(self.setup),
            RunKey(self.setup.run_key),
            grammar=grammar_digest(),
            flags=self.setup.flags,
            engines={**engine_versions(installed_version), **CODE_PARSER.versions},
        )
        genesis = done.entries[0].record
        assert isinstance(genesis, Genesis)
        self._state = done.state
        # After the genesis is made: settings that the kernel refuses leave no folder behind.
        self.log: Log | None = new_log(self.setup.settings.trace, genesis.run, self.setup.run_key)
        keep_contents(self.log, self.blobs, self.inputs)
        self._keeper: Keeper = self.log or NoLog()
        self._keeper.extend(done.entries)
        if self.log is not None:
            mark_begun(self.log.path, self.log.root)

    def _go_on_from(self, past: Past) -> None:
        self.log = self._keeper = past.log
        self._state, self._usage, self._unfinished = past.state, past.usage, past.unfinished
        self._history = past.history.copy()
        self._observation = past.history[-1].observation if past.history else ""

    @property
    def id(self) -> str:
        """The run's id, from its key."""
        return self._state.run.id

    @property
    def state(self) -> State:
        """The state after the last whole turn."""
        return self._state

    @property
    def history(self) -> Sequence[Exchange]:
        """The whole turns."""
        return self._history

    @property
    def encoded_history(self) -> tuple[bytes, ...]:
        """The whole turns, as a checkpoint holds them."""
        return self._history.encoded()

    @property
    def unfinished(self) -> Unfinished | None:
        """The turn that is under way, or was when something stopped it."""
        return self._unfinished

    @property
    def clients(self) -> Mapping[str, Client]:
        """The client of each role."""
        return self.setup.clients

    @property
    def usage(self) -> dict[str, int | None]:
        """Calls, tokens and cost of the whole turns, as models reported them."""
        return self._usage.report()

    @property
    def succeeded(self) -> Mapping[str, int]:
        """The calls of programs that succeeded, by the name of a tool or a role."""
        return self._usage.succeeded

    @property
    def counts(self) -> CallCounts:
        """The counts of all their calls."""
        return self._usage.counts

    @property
    def budget(self) -> dict[str, dict[str, int | None]]:
        """For each limit what was used of it, what is reserved, and the limit."""
        return budget_of(self._state, self._usage)

    def start(self) -> None:
        """Begin to count the time for what is driven now: a question, a program, what is left of one."""
        if self.setup.parent is None:
            self.setup.slots.renew()
        self.deadline = self.setup.deadline()

    def tell(self, event: Event) -> None:
        """Tell whoever watches."""
        self.setup.settings.on_event(event)

    def observe(self, text: str) -> None:
        """Say in place of an observation why the last turn has none."""
        self._observation = text

    def turn(
        self,
        said: Parsed | Unparsed,
        *,
        reply: str | None = None,
        origin: str = HOST,
        call: Spoken | None = None,
        refusal: str = "",
    ) -> FanOuts[Done]:
        """Execute one program. What it did is in the trace when this ends.

        `refusal` is what the host has against the answer of the turn before.
        """
        return (yield from self._turn(Unfinished(said, reply, origin, call, 0, {}, refusal=refusal)))

    def go_on(self) -> FanOuts[Done]:
        """Execute what is left of the unfinished turn. No call is made again that has ended."""
        if self._unfinished is None:
            raise RuntimeError("no turn is under way")
        return (yield from self._turn(self._unfinished))

    def abandon(self) -> Done:
        """Give up what is left of the unfinished turn: its steps fail with the code `abandoned`, on the record.

        Nothing is executed that may have stopped the run. Steps whose calls are in the journal were executed before the
        calls went out, so they are executed again up to there: what was paid for is recorded.
        """
        if self._unfinished is None:
            raise RuntimeError("no turn is under way")
        calls = self._turn(self._unfinished, abandons=True)
        try:
            next(calls)
        except StopIteration as end:
            done: Done = end.value
            return done
        raise AssertionError("a turn that is given up makes no calls")

    def _turn(self, turn: Unfinished, *, abandons: bool = False) -> FanOuts[Done]:
        """Execute a turn, of which the first `turn.recorded` records are in the trace already.

        After a kill, say two steps are recorded and the third had calls out. The program is executed from its start:
        the first two entries come again, the same byte for byte, and are skipped; the third step's requests are
        yielded, and the journal knows some of their results.

        Each step is recorded before the next one runs, so that a process that dies has lost only the step that it died
        in. `append` and not `extend`, which ends the turn and empties the journal.
        """
        known = self.known()
        giving_up = GivingUp(turn, known, self._keeper.intents()) if abandons else None
        done = retry_once(lambda: self._advance(turn))
        self._unfinished = turn
        entries: list[Entry] = []
        kinds: list[str] = []
        results: list[Result] = []
        while isinstance(done, Suspended):
            self._record(done.entries, entries, turn)
            answers: Sequence[Result] = ()
            outages = None
            if giving_up is not None:
                answers, outages = giving_up.answers(done.requests, entries)
            elif done.requests:
                answers = yield done.requests
            kinds.extend(wave.ask.calls.kind for wave in done.waves for _ in wave.indexes)
            results.extend(answers)
            done = retry_once(partial(resume, done, answers, self.blobs, parser=CODE_PARSER, outages=outages))
        self._record(done.entries, entries, turn)
        self._keeper.extend(())
        # Now that all is on disk, the turn is over.
        self._state, self._observation, self._unfinished = done.state, done.observation, None
        self._remember(entries)
        if done.halted:
            # What it had asked for is paid, and some of it is in no record.
            self._usage.add_entries(entries[:1])
            self._usage.add_results(kinds, results)
        else:
            self._usage.add_entries(entries)
        return done

    def _advance(self, turn: Unfinished) -> Done | Suspended:
        return advance(
            self._state,
            turn.said,
            self.blobs,
            reply=turn.reply,
            origin=turn.origin,
            call=turn.call,
            parser=CODE_PARSER,
            outages=turn.outages,
            stepwise=True,
            refusal=turn.refusal,
        )

    def _record(self, new: Sequence[Entry], entries: list[Entry], turn: Unfinished) -> None:
        """Write the entries of a turn that are not in the trace yet, and add all of them to `entries`."""
        for entry in new:
            entries.append(entry)
            outages = turn.outages if self._unfinished is None else self._unfinished.outages
            found = _outage_in(entry)
            if len(entries) <= turn.recorded:
                # Memory ran out now, in a step whose record says otherwise: what follows would not fit that record.
                if not found.keys() <= turn.outages.keys():
                    raise OutOfMemoryError(f"a step that is recorded could not be executed again; {MORE_MEMORY}")
                continue
            self._keeper.append(entry)
            self._unfinished = msgspec.structs.replace(turn, recorded=len(entries), outages={**outages, **found})
            if isinstance(entry.record, Step):  # the record of the turn itself comes before its steps
                self.tell(step_done(entry.record, entry.blobs))

    def ask(self, question: str, name: str, form: str = "") -> None:
        """Put a question on the record, and into a variable. Raises `RoomSpentError`, and then nothing was asked.

        `form` is the JSON schema that the answer must match, if any.
        """
        redaction = self.setup.settings.reading.redaction
        asked = ask(self._state, question if redaction is None else redaction.text(question), name, form)
        self._keeper.extend(asked.entries)
        self._state = asked.state
        self._remember(asked.entries)

    def add(self, inputs: Mapping[str, Input], limits: Mapping[str, int | None], kept: dict[str, int]) -> None:
        """Put more inputs and higher limits on the record, of which so much is `kept`. Raises `SettingsError`."""
        added = add(self._state, inputs, limits, kept)
        keep_contents(self.log, self.blobs, inputs)
        verdict = self.verdict  # in the journal alone, which is emptied with a record
        self._keeper.extend(added.entries)
        if verdict is not None:
            self.judge(verdict)
        self.inputs, self._state = {**self.inputs, **inputs}, added.state
        self._remember(added.entries)

    def _remember(self, entries: Sequence[Entry]) -> None:
        seen = self._history[-1].seen if self._history else ()
        room = self._state.settings.limits.observation_bytes
        self._history.append(exchange_of_entries(entries, room, seen))

    async def results(self, requests: Requests) -> Sequence[Result]:
        """The results of a fan-out. A call whose result is known already is not made again."""
        # Nothing that a run keeps refers back to it: it is freed, with its inputs, as soon as its owner drops it.
        nest = None if self.setup.nest is None else partial(self.setup.nest, self)
        dispatcher = Dispatcher(self.setup, self.blobs, self._keeper, self._state, nest, self.deadline)
        return await dispatcher.results(requests, self.known())

    def known(self) -> Mapping[str, Result]:
        """The results of finished calls of a turn that is not over, by the id of the call."""
        recorded = {} if self._unfinished is None else self._unfinished.results
        journalled = {id_: each for id_, each in self._keeper.journal_results().items() if id_ != self._verdict_id}
        return {**recorded, **journalled}

    def answer(self, id_: str, result: Result, kind: str = "lm") -> None:
        """Take the result of a call of a `kind` that somebody else made: it is journalled at once, and `known`."""
        redaction = self.setup.settings.reading.redaction
        self._keeper.journal(id_, result if redaction is None else redaction.result(result, kind))

    @property
    def _verdict_id(self) -> str:
        return f"accept/{self._state.turn}"  # no call has such an id: theirs are digests

    @property
    def verdict(self) -> str | None:
        """What the host said against the answer of the last turn, empty if nothing; `None` if it was not asked."""
        verdict = self._keeper.journal_results().get(self._verdict_id)
        return verdict.text if isinstance(verdict, Answered) else None

    def judge(self, refusal: str) -> None:
        """Journal the host's verdict, so that it is not asked again; a refusal is recorded with the next turn."""
        self.answer(self._verdict_id, Answered(refusal, NO_USE))

    def rehearsal(self) -> "Run":
        """A copy of this run that goes on in memory alone: it writes nothing, and nobody hears of it.

        States are immutable, so the rest of a turn can be executed over the results that are known, to see what it
        would ask for next, and be thrown away.
        """
        twin = copy(self)
        twin.log = None
        twin._keeper = Rehearsal(self._keeper)
        settings = msgspec.structs.replace(self.setup.settings, on_event=unheard)
        twin.setup = msgspec.structs.replace(self.setup, settings=settings)
        # The two mutable parts; all else is frozen.
        twin._history = self._history.copy()
        twin._usage = deepcopy(self._usage)  # `accept` is told of the calls that succeeded
        return twin

    def seal(self, outcome: str | None = None, reason: str = "", refusal: str = "") -> Seal:
        """End the run. Without an outcome the kernel says which it is. `refusal` is the host's, of the answer."""
        entry = retry_once(lambda: seal(self._state, outcome, reason, refusal))
        assert isinstance(entry.record, Seal)
        self._keeper.extend([entry])
        return entry.record

    def outcome(self, sealed: Seal, problems: tuple[Problem, ...] = (), refusal: str = "") -> Outcome:
        """The outcome of the sealed run."""
        return self.outcome_so_far((sealed.outcome, sealed.reason), problems, refusal)

    def outcome_so_far(self, end: tuple[str, str], problems: tuple[Problem, ...] = (), refusal: str = "") -> Outcome:
        """What there is so far, under a status and a reason. `refusal` is what the host has against the answer."""
        receipts = TraceRoot() if self.log is None else TraceRoot(self.log.path, self.log.root)
        of_inputs = notices_of(self.inputs)
        return outcome_of(self._state, end, self._usage, receipts, self._observation, problems, of_inputs, refusal)

    def close(self) -> None:
        """Close the trace and release its lock. Without a seal it stays open, and valid."""
        self._keeper.close()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _outage_in(entry: Entry) -> dict[int, Outage]:
    """The outage of the step that an entry is of, by its number; nothing if there is none."""
    if not isinstance(entry.record, Step):
        return {}
    outage = recorded_outage(entry.record)
    return {} if outage is None else {entry.record.step: outage}


def begin_run(inputs: Mapping[str, Input], blobs: FileBlobs, setup: Setup) -> Run:
    """A new run. A policy that names what the run does not have is most likely a slip, so the user is told."""
    run = Run(inputs, blobs, setup)
    for name, role in run.state.settings.roles.items():
        if role.window is not None:
            run.tell(WindowKnown(name, role.model, role.window, role.window_source))
    if setup.policy != Policy():
        from rlmlite.tools.permissions import warn_of_unknown_names  # a run without a policy does not need it

        try:
            warn_of_unknown_names(run.state.settings, inputs, setup.settings.tell)
        except BaseException:
            run.close()
            raise
    return run
