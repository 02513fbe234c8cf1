"""Replay: execute a recorded run again, offline, and compare every record.

It proves that this kernel, given the recorded results of calls, does what the trace says. It does not prove that a
model really gave these results, nor that an answer is right.

    genesis   inputs and settings from the trace (`rebuild`), `begin`      compare
    addition  its inputs from the trace, `add`                             compare
    turn      the recorded program, `advance`; when it asks for calls,
              their recorded results, `resume`                             compare the turn and its steps, in order
    seal      `seal` with the recorded outcome, if it was possible         compare

Each record is compared before the next turn is executed, so the first difference is where the run was changed and not
where that showed. There is no network here, and no clock: a call whose result is not recorded is not made.
What cannot be executed is not called forged: without an input, replay stops and says which is missing.
"""

from collections.abc import Mapping
from pathlib import Path

from rlmlite_kernel import ACTIONS, Entry, Parsed, State, Unparsed, add, ask
from rlmlite_kernel.evaluation.work import Meter, OverMeterError
from rlmlite_kernel.faults import SettingsError
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.records.evolution import FLAGS
from rlmlite_kernel.records.records import (
    Addition,
    AnyRecord,
    Checkpoint,
    Question,
    Redact,
    Seal,
    Turn,
)
from rlmlite_kernel.records.refs import KnownSalts, Salts
from rlmlite_kernel.run.machine import TurnsSpentError
from rlmlite_kernel.run.questions import RoomSpentError
from rlmlite_kernel.run.turns.moment import Watch
from rlmlite_kernel.run.turns.taken import StepUnavailableError
from rlmlite_kernel.values.blobs import BlobMissingError, InputChangedError
from rlmlite_kernel.values.parsers import NO_PARSER, Parser
from rlmlite_traces.blobs.stores import FileBlobs
from rlmlite_traces.errors import BlobAbsentError, OverLimitError, UnknownFormatError
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.replays.account import Account, Stop
from rlmlite_traces.replays.beginning import (
    adopt_recorded_versions,
    begin_again,
    check_claims,
    other_versions,
    read_settings,
)
from rlmlite_traces.replays.comparison import Comparison
from rlmlite_traces.replays.incomplete import adopt_inputs, name_earlier, name_inputs
from rlmlite_traces.replays.rebuild import Derive, InputContradictionError, InputMissingError, Rebuilder
from rlmlite_traces.replays.rules.controller import ControllerCheck, Finding, check_speaker
from rlmlite_traces.replays.rules.no_parser import MissedParser
from rlmlite_traces.replays.rules.seals import Ending, compute_seal
from rlmlite_traces.replays.turns import (
    ExecutedTurn,
    Hear,
    RecordedTurn,
    Unreadable,
    end_of_turn,
    execute_halted,
    execute_turn,
    refusal_in,
)
from rlmlite_traces.replays.verdicts import Difference, Replayed, Unfinished


def replay(
    trace: CheckedTrace,
    places: Mapping[str, Path] | None = None,
    blobs: FileBlobs | None = None,
    salts: Salts | None = None,
    table: Table = ACTIONS,
    derive: Derive | None = None,
    parser: Parser = NO_PARSER,
    controller_check: ControllerCheck | None = None,
    limits: ReaderLimits = READER_LIMITS,
    recorded_paths: bool = False,
    is_beginning: bool = False,
    watch: Watch | None = None,
    computed: list[Entry] | None = None,
    hear: Hear | None = None,
) -> Replayed:
    """Execute a verified trace again, and stop at the first difference.

    The trace keeps its meaning: the replay follows the flags in its genesis. Its texts (observations) are compared if
    they were worded as they are today, and left out otherwise (`Replayed.texts_compared`).

    Args:
        trace: what `verify` returned.
        places: where the file or folder of an input is now, by the input's name.
        recorded_paths: look for other inputs where the trace says that they were. Only for a trace of the caller's own:
            a stranger's may name any file of this machine.
        blobs: the store that a host will continue the run with. By default a new one.
        salts: `RunKey(log.run_key)`, for a host that will continue the run: new content needs new salts. By default
            those in the trace, which are enough for everything that it holds.
        table: the actions. A run with actions of its host's own needs the same ones again.
        derive: derives texts from files again (unpacks, decodes, converts). Without it such texts are missing.
        parser: reads source code for `symbols`, as that of the run did. Without one its versions are missing.
        controller_check: renders prompts and reads replies again. Without it they are taken as recorded, and
            `Replayed.controller_checked` is false.
        limits: what this reader allows a trace to cost.
        is_beginning: the trace is only the genesis and what was added, without turns: additions are not compared.
        watch: is told of each step before it is compared. What it raises ends the replay.
        computed: gets every entry that was found to be the recorded one, as this version words and spells it.
        hear: is told of each call and its result.

    Raises:
        OverLimitError: the trace claims, or needs, more than `limits` allow.
        UnknownFormatError: the trace has a flag that this version does not know. Its meaning is not guessed.
    """
    for flag in trace.genesis.flags:
        if flag not in FLAGS:
            raise UnknownFormatError("flag", max(FLAGS, default=0), flag)
    store = blobs if blobs is not None else FileBlobs()
    salts_or_recorded = salts if salts is not None else KnownSalts(trace.salts(), trace.genesis.run)
    rebuilder = Rebuilder(trace, store, places or {}, derive, recorded_paths, limits)
    replaying = _Replay(
        trace, store, salts_or_recorded, table, rebuilder, parser, controller_check, limits, is_beginning, watch, hear
    )
    replaying.comparison.computed = computed
    return replaying.run()


_UNCHARGED = "the run follows rules by which it is not charged, and needs at least"


class _Replay:
    """One replay in progress. What it has found so far is in its `account`."""

    def __init__(
        self,
        trace: CheckedTrace,
        blobs: FileBlobs,
        salts: Salts,
        table: Table,
        inputs: Rebuilder,
        parser: Parser,
        controller_check: ControllerCheck | None,
        limits: ReaderLimits,
        is_beginning: bool,
        watch: Watch | None,
        hear: Hear | None,
    ) -> None:
        self.watch, self.hear = watch, hear
        self.trace, self.blobs, self.salts, self.table = trace, blobs, salts, table
        self.inputs, self.controller_check, self.limits = inputs, controller_check, limits
        self.is_beginning = is_beginning
        self.last_turn: Turn | None = None  # unless a question came after it
        self.last_said: Parsed | Unparsed | None = None
        # Traces of earlier versions name the type of the answer by a label only.
        self.typed = "answer_type" in trace.genesis.scope
        self.asked = trace.genesis.v == 1 and "instructions" in trace.genesis.scope  # there a question was a program
        # Of this replay alone, as it is asked afterwards whether a step would have needed one.
        self.parser = MissedParser() if parser is NO_PARSER else parser
        self.parser_engines: dict[str, tuple[str, str]] = {}
        self.halted = False  # the last turn ended early, because an input had changed under the run
        self.state: State | None = None
        self.unfinished: Unfinished | None = None
        self.comparison = Comparison(trace, salts)
        self.account = Account(trace, self.comparison, inputs)

    def run(self) -> Replayed:
        """Replay from the genesis to the seal, or as far as it can be done."""
        account = self.account
        try:
            self._begin()
            self._replay_turns()
            account.is_complete = True
        except Stop:
            pass  # whoever raised it has noted why
        except InputContradictionError as error:
            account.difference = Difference(self.inputs.seq, f"inputs.{error.name}", error.recorded, error.computed)
        except BlobAbsentError as error:
            # `verify` accepts that only of content that was redacted.
            account.unchecked["contents"] = f"{error.ref[:12]} is needed here, and was redacted"
        except InputMissingError as error:
            account.missing[error.name] = error.reason
        except BlobMissingError as error:
            # One that is missing only matters if a step reads it: here.
            if error.digest not in self.inputs.absent:
                raise
        except InputChangedError as error:
            account.missing[error.path] = "it changed while it was replayed"
        except OverMeterError as error:
            bound = f"uncharged_{'work' if error.resource == 'work' else 'bytes'}"
            raise OverLimitError(bound, error.allowed, error.needed, _UNCHARGED) from None
        except MemoryError:
            account.stopped = "memory ran out here"
        account.missing |= {name: reason for name, reason in self.inputs.absent.values() if name not in account.missing}
        return self._report()

    def _begin(self) -> None:
        """Begin the run again and compare its genesis."""
        genesis = self.trace.genesis
        settings = read_settings(self.trace)
        if isinstance(settings, str):
            self.account.stop_with(0, "settings", "settings", settings)
        check_claims(settings.limits, self.limits)
        meter = Meter(self.limits.uncharged_work, self.limits.uncharged_bytes)
        inputs = self.inputs.rebuild(0, genesis.inputs)
        try:
            begun = begin_again(self.trace, inputs, settings, self.salts, self.table, self.parser, meter)
        except SettingsError as error:
            self.account.stop_with(0, "settings", "valid settings", str(error))
        self.account.engines, self.parser_engines = other_versions(
            genesis, begun, isinstance(self.parser, MissedParser)
        )
        entry = adopt_recorded_versions(genesis, begun.entries[0])
        if self.inputs.valueless:
            entry = adopt_inputs(entry, genesis, self.inputs.valueless)
        self._compare(0, entry)
        self.state = name_inputs(begun.state, self.inputs.valueless)

    def _replay_turns(self) -> None:
        """Replay everything after the genesis."""
        records = self.trace.records
        seq = 1
        while seq < len(records):
            record = records[seq]
            if isinstance(record, Seal):
                assert self.state is not None
                ending = Ending(self.state, self.last_turn, self.last_said, self.halted, self.typed, self.asked)
                self._compare(seq, compute_seal(ending, record, refusal_in(self.trace, record.warnings)))
                return
            if isinstance(record, Turn):
                stop = end_of_turn(records, seq)
                self._replay_turn(RecordedTurn(self.trace, seq, stop, self.comparison.texts_compared))
                seq = stop
                continue
            if isinstance(record, Question):
                self._replay_question(seq, record)
            elif isinstance(record, Addition):
                self._replay_addition(seq, record)
            elif not isinstance(record, Checkpoint | Redact):  # these are about the run, and change nothing in it
                self.account.stop_with(seq, "kind", "step", "turn")
            seq += 1

    def _replay_question(self, seq: int, record: Question) -> None:
        assert self.state is not None
        self._check_controller(seq, seq + 1)
        self.last_turn = self.last_said = None
        text = self.trace.content(record.text).decode("utf-8", "replace")
        form = "" if record.form is None else self.trace.content(record.form).decode("utf-8", "replace")
        self.typed, self.asked = bool(form), True
        try:
            before = name_earlier(self.state, record.earlier) if self.account.is_incomplete else self.state
            asked = ask(before, text, record.writes.name, form)
        except RoomSpentError as error:
            self.account.stop_with(seq, "text", "a question", str(error))
        self._compare(seq, asked.entries[0])
        self.state = asked.state

    def _replay_addition(self, seq: int, record: Addition) -> None:
        assert self.state is not None
        if self.halted:
            self.account.stop_with(seq, "kind", "addition", "seal")
        if not self.is_beginning:
            self._check_controller(seq, seq + 1)
        try:
            added = add(self.state, self.inputs.rebuild(seq, record.inputs), record.limits, record.kept)
        except SettingsError as error:
            self.account.stop_with(seq, "limits" if record.limits else "inputs", "what can be added", str(error))
        check_claims(added.state.settings.limits, self.limits)
        if not self.is_beginning:
            self._compare(seq, added.entries[0])
        self.state = added.state

    def _replay_turn(self, turn: RecordedTurn) -> None:
        """Execute one turn again, compare its entries, and move on to the state after it."""
        assert self.state is not None
        if self.account.is_incomplete:
            self.state = name_earlier(self.state, turn.record.earlier)
        reading = turn.read_program()
        if isinstance(reading, Unreadable):
            self.account.stop_with(turn.first, reading.field, "what a controller said", reading.reason)
        finding = check_speaker(self.state, turn.record)
        if finding is not None:
            self.account.stop_with(turn.first, finding.field, finding.recorded, finding.computed)
        self._check_controller(turn.first, turn.stop)
        self.last_turn, self.last_said = turn.record, reading
        is_last = turn.stop == len(self.trace.records)
        recorded = turn.stop - turn.first
        executed, halted_here = self._execute(turn, reading, is_last)
        self.account.nested |= turn.nested
        for seq, entry in enumerate(executed.entries[:recorded], turn.first):
            self._compare(seq, entry)
        if halted_here:
            # A file changed under the replay itself: the rest of the trace is left unverified.
            self.account.missing |= self.inputs.changed()
            raise Stop
        self._check_length(turn, executed, is_last)
        if executed.done is not None and len(executed.entries) == recorded:
            self.state = executed.done.state
            self.halted = bool(executed.done.halted)
        else:
            self.unfinished = turn.unfinished(reading)

    def _compare(self, seq: int, entry: Entry) -> None:
        self.account.enter(seq, entry, None if self.state is None else self.state.answer)

    def _check_controller(self, first: int, stop: int) -> None:
        """Have prompts rendered and replies read again, by whoever can."""
        assert self.state is not None
        if self.controller_check is None:
            return
        try:
            for finding in self.controller_check.follow(self.state, self.trace, first, stop):
                if not finding.unchecked and self.account.is_incomplete:
                    why = "what they were made of follows from steps that were not executed"
                    finding = Finding(computed=why, unchecked="prompts")
                if not finding.unchecked:
                    self.account.stop_with(first, finding.field, finding.recorded, finding.computed)
                self.account.unchecked.setdefault(finding.unchecked, finding.computed)
        except BlobAbsentError as error:
            # What follows was said on top of it, so no later prompt can be rendered either.
            self.account.unchecked["prompts"] = f"{error.ref[:12]}, which they held, was redacted"
            self.controller_check = None

    def _execute(self, turn: RecordedTurn, reading: Parsed | Unparsed, is_last: bool) -> tuple[ExecutedTurn, bool]:
        """Execute a turn again. The second value says that a file changed under this replay itself.

        Within a trace every call that a turn makes has a recorded result. Only after its last record may calls be
        missing: there the run was killed, and the turn ends where the trace does.
        """
        assert self.state is not None
        try:
            turn.watch, turn.hear = self.watch, self.hear
            executed = self._execute_available(turn, reading, is_last)
            halted_here = executed.done is not None and executed.done.halted != ""
            ends_run = not is_last and isinstance(self.trace.records[turn.stop], Seal)
            if ends_run and len(executed.entries) > turn.stop - turn.first:
                # The recorded turn is shorter. An input may have changed under the run, which ended it early.
                executed = execute_halted(self.state, reading, turn, self.blobs, self.parser) or executed
        except TurnsSpentError as error:
            self.account.stop_with(turn.first, "turn", str(turn.record.turn), str(error))
        except RecursionError:
            # Programs are bounded in depth, so it is a value that nothing could have made.
            self.account.stop_with(turn.first, "ast", "a program", "it cannot be executed: nested too deep")
        return executed, halted_here

    def _execute_available(self, turn: RecordedTurn, reading: Parsed | Unparsed, is_last: bool) -> ExecutedTurn:
        """Execute what can be executed of a turn. Each step that turns out to need what is not here is then taken."""
        assert self.state is not None
        turn.taken = set() if self.inputs.absent else None
        while True:
            try:
                return execute_turn(self.state, reading, turn, self.blobs, self.parser, is_last=is_last)
            except StepUnavailableError as error:
                if turn.taken is None or error.step in turn.taken or error.digest not in self.inputs.absent:
                    raise
                turn.taken.add(error.step)
                self.account.unavailable[error.step] = error.digest

    def _check_length(self, turn: RecordedTurn, executed: ExecutedTurn, is_last: bool) -> None:
        """Stop unless there are as many entries as records. The last turn of an open trace may have been cut short."""
        computed, recorded = len(executed.entries), turn.stop - turn.first
        if computed < recorded:
            seq = turn.first + computed
            self.account.stop_with(seq, "kind", _kind(self.trace.records[seq]), "nothing")
        if computed > recorded and not is_last:
            next_record = self.trace.records[turn.stop]
            self.account.stop_with(turn.stop, "kind", _kind(next_record), _kind(executed.entries[recorded].record))

    def _report(self) -> Replayed:
        if isinstance(self.parser, MissedParser) and self.parser.is_missed:
            self.account.engines |= self.parser_engines
        return self.account.report(self.state, self.unfinished, controller_checked=self.controller_check is not None)


def _kind(record: AnyRecord) -> str:
    return type(record).__name__.lower()
