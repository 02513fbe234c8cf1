"""Replay: execute a recorded run again, offline, and compare every record.

It proves that this kernel, given the recorded results of calls, does what the trace says. It does not prove that a
model really gave these results, nor that an answer is right.
There is no network here, and no clock: a call whose result is not recorded is not made.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Never

import msgspec

from rlmlite_kernel import ACTIONS, Done, Entry, Input, State, ask, begin, conclusion, seal
from rlmlite_kernel.engines.versions import engine_versions
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.records.call_lines import lines_of
from rlmlite_kernel.records.evolution import FLAGS, RENDERING
from rlmlite_kernel.records.records import AnyRecord, Checkpoint, Genesis, Question, Redact, Seal, Step, Turn
from rlmlite_kernel.records.refs import KnownSalts, Salts
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.run.genesis import SettingsError
from rlmlite_kernel.run.machine import RoomSpentError, TurnsSpentError
from rlmlite_kernel.values.blobs import BlobMissingError, InputChangedError
from rlmlite_traces.blobs.stores import FileBlobs
from rlmlite_traces.errors import UnknownFormatError
from rlmlite_traces.files.installed import installed_version
from rlmlite_traces.format.lines import encode
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.replays.as_format_one import Spelling
from rlmlite_traces.replays.other_wording import UncomparedTexts
from rlmlite_traces.replays.rebuild import Derive, InputMissingError, rebuild
from rlmlite_traces.replays.turns import ExecutedTurn, RecordedTurn, Unreadable, execute_halted, execute_turn
from rlmlite_traces.replays.verdicts import CALL_FIELDS, Difference, Replayed, Unfinished, Verdict, first_difference

_settings = msgspec.json.Decoder(Settings)


def replay(
    trace: CheckedTrace,
    places: Mapping[str, Path] | None = None,
    blobs: FileBlobs | None = None,
    salts: Salts | None = None,
    table: Table = ACTIONS,
    derive: Derive | None = None,
) -> Replayed:
    """Execute a verified trace again, and stop at the first difference.

    `places` says where the file or folder of an input is now; else it is looked for where it was.
    A host that goes on with the run gives the `blobs` that it goes on with, and `salts` of the run's key
    (`RunKey(log.run_key)`): the state that comes back salts with them, and a trace knows no salts but those it holds.
    A run with actions of its host's own needs the same `table` again. Texts that were derived from files are derived
    again by `derive`; without it they are missing.

    The trace keeps its meaning: the replay follows the flags in its genesis. Its texts (observations) are compared if
    they were worded as they are today, and else left out (`Replayed.texts_compared`).

    Raises `UnknownFormatError` for a flag that this version does not know: what it means is not guessed.
    """
    for flag in trace.genesis.flags:
        if flag not in FLAGS:
            raise UnknownFormatError("flag", max(FLAGS, default=0), flag)
    kept = blobs if blobs is not None else FileBlobs()
    known = salts if salts is not None else KnownSalts(trace.salts(), trace.genesis.run)
    return _Replay(trace, kept, known, table, derive).run(places or {})


class _Stop(Exception):
    """Replay ends here, with what is in the `_Replay`."""


class _Replay:
    """One replay under way."""

    def __init__(
        self, trace: CheckedTrace, blobs: FileBlobs, salts: Salts, table: Table, derive: Derive | None = None
    ) -> None:
        self.trace, self.blobs, self.salts, self.table, self.derive = trace, blobs, salts, table, derive
        self.halted = False
        self.inputs: dict[str, Input] = {}
        self.executed = 0
        self.complete = False
        self.difference: Difference | None = None
        self.missing: dict[str, str] = {}
        self.engines: dict[str, tuple[str, str]] = {}
        self.state: State | None = None
        self.unfinished: Unfinished | None = None
        self.texts = UncomparedTexts() if trace.genesis.rendering != RENDERING else None
        self.spelling = Spelling(salts) if trace.genesis.v == 1 else None

    def run(self, places: Mapping[str, Path]) -> Replayed:
        """The whole trace."""
        absent: dict[str, tuple[str, str]] = {}
        try:
            self._begin(places, absent)
            self._replay_turns()
            self.complete = True
        except _Stop:
            pass  # what stopped it is noted
        except InputMissingError as error:
            self.missing[error.name] = error.reason
        except BlobMissingError as error:
            if error.digest not in absent:
                raise
        except InputChangedError as error:
            self.missing[error.path] = "it changed while it was replayed"
        self.missing |= {name: reason for name, reason in absent.values() if name not in self.missing}
        return self._report()

    def _begin(self, places: Mapping[str, Path], absent: dict[str, tuple[str, str]]) -> None:
        genesis = self.trace.genesis
        try:
            recorded = self.trace.content(genesis.settings)
            settings = _settings.decode(recorded)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            self._stop_with(0, "settings", "settings", str(error))
        rebuilt = rebuild(self.trace, self.blobs, places, self.derive)
        absent.update(rebuilt.missing)
        self.inputs = rebuilt.inputs
        try:
            begun = begin(
                rebuilt.inputs,
                settings,
                self.salts,
                grammar=genesis.grammar,
                table=self.table,
                engines=engine_versions(installed_version),
                flags=genesis.flags,
                recorded=recorded,
            )
        except SettingsError as error:
            self._stop_with(0, "settings", "settings that can be kept", str(error))
        self._note_engines(genesis, begun)
        self._compare(0, self._adopt_recorded_versions(begun.entries[0]))
        self.state = begun.state

    def _note_engines(self, genesis: Genesis, begun: Done) -> None:
        """What else wrote the trace; a difference that follows is then no proof of forgery."""
        here = begun.entries[0].record
        assert isinstance(here, Genesis)
        old, new = {"kernel": genesis.kernel, **genesis.engines}, {"kernel": here.kernel, **here.engines}
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                self.engines[name] = (old.get(name, ""), new.get(name, ""))

    def _adopt_recorded_versions(self, entry: Entry) -> Entry:
        """The genesis with the recorded versions, which are compared apart."""
        genesis, here = self.trace.genesis, entry.record
        assert isinstance(here, Genesis)
        actions = genesis.actions if genesis.kernel != here.kernel else here.actions
        record = msgspec.structs.replace(
            here,
            v=genesis.v,
            rendering=genesis.rendering,
            kernel=genesis.kernel,
            engines=genesis.engines,
            actions=actions,
            strategy=genesis.strategy,
            compiled=genesis.compiled,
            signature=genesis.signature,
        )
        return Entry(record, entry.blobs)

    def _replay_turns(self) -> None:
        records = self.trace.records
        first = 1
        while first < len(records):
            record = records[first]
            if isinstance(record, Seal):
                self._compare(first, self._compute_seal(record))
                return
            if isinstance(record, Question):
                self._replay_question(first, record)
                first += 1
                continue
            if isinstance(record, Checkpoint | Redact):
                first += 1  # they say something of the run and change nothing in it
                continue
            if not isinstance(record, Turn):
                self._stop_with(first, "kind", "step", "turn")
            stop = first + 1
            while stop < len(records) and isinstance(records[stop], Step):
                stop += 1
            self._replay_turn(RecordedTurn(self.trace, first, stop))
            first = stop

    def _replay_question(self, seq: int, record: Question) -> None:
        assert self.state is not None
        text = self.trace.content(record.text).decode("utf-8", "replace")
        try:
            asked = ask(self.state, text, record.writes.name)
        except RoomSpentError as error:
            self._stop_with(seq, "text", "a question", str(error))
        self._compare(seq, asked.entries[0])
        self.state = asked.state

    def _replay_turn(self, turn: RecordedTurn) -> None:
        assert self.state is not None
        said = turn.read_program()
        if isinstance(said, Unreadable):
            self._stop_with(turn.first, said.field, "what a controller said", said.reason)
        last = turn.stop == len(self.trace.records)
        ends_run = not last and isinstance(self.trace.records[turn.stop], Seal)
        try:
            executed = execute_turn(self.state, said, turn, self.blobs, strict=not last)
            recorded = turn.stop - turn.first
            halted_here = executed.done is not None and executed.done.halted != ""
            if ends_run and len(executed.entries) > recorded:
                executed = execute_halted(self.state, said, turn, self.blobs) or executed
        except TurnsSpentError as error:
            self._stop_with(turn.first, "turn", str(turn.record.turn), str(error))
        for seq, entry in enumerate(executed.entries[:recorded], turn.first):
            self._compare(seq, entry)
        if halted_here:
            self._note_changed()
        self._check_length(turn, executed, last)
        if executed.done is not None and len(executed.entries) == recorded:
            self.state = executed.done.state
            self.halted = bool(executed.done.halted)
        else:
            self.unfinished = Unfinished(
                said, turn.reply, turn.record.origin, turn.record.call, recorded, turn.results()
            )

    def _note_changed(self) -> None:
        """A file changed under the replay itself: say which, and stop without a verdict on the rest."""
        for name, given in self.inputs.items():
            try:
                self.blobs.confirm(frozenset(file.digest for file in given.source.files))
            except InputChangedError as error:
                self.missing[name] = str(error)
        raise _Stop

    def _check_length(self, turn: RecordedTurn, executed: ExecutedTurn, last: bool) -> None:
        """As many entries as recorded; the last turn of an open trace may have been cut short."""
        seq, recorded = turn.first + len(executed.entries), turn.stop - turn.first
        if len(executed.entries) < recorded:
            self._stop_with(seq, "kind", _kind(self.trace.records[seq]), "nothing")
        if len(executed.entries) > recorded and not last:
            found = _kind(self.trace.records[turn.stop])
            self._stop_with(turn.stop, "kind", found, _kind(executed.entries[recorded].record))

    def _compute_seal(self, record: Seal) -> Entry:
        """The seal that ends the run here. A host may say how it ended, but not that it was better than it was."""
        assert self.state is not None
        outcome, reason = record.outcome, record.reason
        if self.halted and (outcome, reason) != conclusion(self.state) and reason not in self.state.partial:
            return seal(self.state, "partial", "input_changed")  # nothing else ends a run within a turn
        return seal(self.state, outcome, reason) if _may_seal_as(self.state, outcome, reason) else seal(self.state)

    def _compare(self, seq: int, entry: Entry) -> None:
        """Calls first, so that a changed result is named as such; then the record.

        Equal refs are equal blobs: `verify` has proved that each ref of the trace commits to what is kept.
        """
        trace = self.trace
        if self.texts is not None:
            entry = self.texts.adopt_wording(entry, trace.records[seq])
        spelling = self.spelling
        computed = lines_of(entry.effects) if spelling is None else spelling.spell_calls(entry)
        for index, (old, new) in enumerate(zip(trace.effect_lines(seq), computed, strict=False)):
            self._stop_if(first_difference(seq, old, new, f"effects.jsonl[{index}]", CALL_FIELDS))
        answer = None if self.state is None else self.state.answer
        record = entry.record if spelling is None else spelling.spell(entry, answer)
        in_place = msgspec.structs.replace(record, seq=seq, prev=trace.records[seq].prev)
        self._stop_if(first_difference(seq, trace.line(seq), encode(in_place)))
        if isinstance(entry.record, Step):
            self.executed += 1

    def _stop_with(self, seq: int, field: str, recorded: str, computed: str) -> Never:
        self.difference = Difference(seq, field, recorded, computed)
        raise _Stop

    def _stop_if(self, difference: Difference | None) -> None:
        if difference is not None:
            self.difference = difference
            raise _Stop

    def _report(self) -> Replayed:
        if self.difference is not None:
            other_table = (self.difference.seq, self.difference.field) == (0, "actions")
            verdict = Verdict.ENGINES if self.engines or other_table else Verdict.FORGED
        else:
            shown = self.complete and (self.executed > 0 or not self.missing)  # nothing executed shows nothing
            verdict = Verdict.REPRODUCED if shown else Verdict.UNVERIFIABLE
        steps = sum(isinstance(record, Step) for record in self.trace.records)
        return Replayed(
            verdict,
            self.executed,
            steps,
            self.difference,
            self.missing,
            self.engines,
            self.state,
            self.unfinished,
            texts_compared=self.texts is None,
        )


def _kind(record: AnyRecord) -> str:
    return type(record).__name__.lower()


def _may_seal_as(state: State, outcome: str, reason: str) -> bool:
    """Whether a host can have sealed this state so: as the kernel concludes, or otherwise but not as a success.

    A host may call a run without an answer, limit or fault completed: a program that only looked.
    """
    if (outcome, reason) == conclusion(state):
        return True
    if outcome == "completed":
        return state.answer is None and not state.partial and not state.failures and reason == "no_answer"
    return reason != ""
