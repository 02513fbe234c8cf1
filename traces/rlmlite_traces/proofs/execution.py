"""Executing the step of a proof: once to compare its record, and again with other circumstances.

    prepare       the state before, from the file; the results of its calls
    execute       a step by itself, or a turn up to where its program would run
    compare       the record and the lines of its calls, byte for byte, but for coverage

Not here: whether the record is in the trace, and what follows from a difference (`check`).
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping

import msgspec

from rlmlite_kernel import Parsed, State, Unparsed, advance
from rlmlite_kernel.effects.memo import Memo
from rlmlite_kernel.effects.requests import Failed, Request, Result
from rlmlite_kernel.engines.versions import engine_versions
from rlmlite_kernel.faults import CrashedError, Fault
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import Call, Statement
from rlmlite_kernel.program.recorded import decode_reading
from rlmlite_kernel.records.call_lines import lines_of
from rlmlite_kernel.records.evolution import RENDERING
from rlmlite_kernel.records.reasons import REASONS
from rlmlite_kernel.records.records import EffectRecord, Entry, Ref, Step, Turn
from rlmlite_kernel.run.snapshots.alone import Circumstances, LoneStep, execute_alone
from rlmlite_kernel.run.steps.answers import Answer
from rlmlite_kernel.run.turns.outages import recorded_outage
from rlmlite_kernel.values.blobs import BlobMissingError, Content
from rlmlite_kernel.values.parsers import NO_PARSER, Parser
from rlmlite_traces.blobs.stores import FileBlobs
from rlmlite_traces.files.installed import installed_version
from rlmlite_traces.format.calls import check_calls, check_rounds
from rlmlite_traces.format.formats import FormatTwo
from rlmlite_traces.format.lines import decode_call_line, encode
from rlmlite_traces.format.referenced import in_order
from rlmlite_traces.limits import ReaderLimits, check_depth, check_items, check_json
from rlmlite_traces.proofs.circumstances import canonical, lesser
from rlmlite_traces.proofs.form import ProofBrokenError, StepProof
from rlmlite_traces.proofs.state import ChainedLines, ProofBlobs, ProofSalts, state_before
from rlmlite_traces.replays.beginning import Versions, compare_versions
from rlmlite_traces.replays.rules.controller import check_speaker
from rlmlite_traces.replays.rules.engines import explains
from rlmlite_traces.replays.rules.no_parser import MissedParser
from rlmlite_traces.replays.turns import result_of
from rlmlite_traces.replays.verdicts import CALL_FIELDS, Difference, Verdict, first_difference

_OF_DATA = (Fault, CrashedError, ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""What executing may raise of data that no kernel has written, beside what is raised on purpose."""


class StepCheck(msgspec.Struct, frozen=True):
    """What the check of a proof found: of which record, in a trace of which root and how many records.

    `unverifiable` says why the record was not computed, or not whole; `engines` which versions wrote it, where they
    are not today's. Of a turn, `reading` is what was read of the `reply`, or of a host's text, with `names` for
    variables, by the `grammar` with this digest.
    """

    verdict: Verdict
    record: Step | Turn
    root: str
    size: int
    difference: Difference | None = None
    unverifiable: str = ""
    engines: Mapping[str, tuple[str, str]] = {}
    reading: Parsed | Unparsed | None = None
    reply: str | None = None
    names: tuple[str, ...] = ()
    grammar: str = ""


class _ReadBlobs(FileBlobs):
    """The contents of a proof. `read_digests` are those that somebody has read, `made` those that the step has made."""

    def __init__(self, proof: StepProof, others: FileBlobs) -> None:
        super().__init__()
        self._others = others
        self.made: set[str] = set()
        self.read_digests: set[str] = set()
        self.given = {self.put(each.content()) for each in proof.contents}
        self.made.clear()

    def put(self, content: bytes) -> str:
        """See `Blobs.put`."""
        digest = super().put(content)
        self.made.add(digest)
        return digest

    def put_blocks(self, blocks: Iterable[Content]) -> str:
        """See `TakesBlocks.put_blocks`."""
        digest = super().put_blocks(blocks)
        self.made.add(digest)
        return digest

    def read(self, digest: str) -> Content:
        """See `Blobs.read`."""
        self.read_digests.add(digest)
        return super().read(digest) if self.has(digest) else self._others.read(digest)


class Execution:
    """A step of a proof, to be executed: also more than once, with other circumstances."""

    def __init__(
        self,
        proof: StepProof,
        chained: ChainedLines,
        others: FileBlobs,
        parser: Parser,
        table: Table,
        limits: ReaderLimits,
        blob_of: Callable[[Ref], bytes] | None = None,
    ) -> None:
        self._proof, self._limits, self._table, self._chained = proof, limits, table, chained
        self.genesis, self.record = chained.genesis, chained.record
        self._parser = MissedParser() if parser is NO_PARSER else parser
        self._blobs = ProofBlobs(proof, blob_of)
        self._calls = self._read_calls()
        refs = [ref for ref in in_order(self.record, self._calls, lambda _: None) if not self._blobs.has(ref)]
        self._salts = ProofSalts(proof, self.genesis.run, refs)
        self.store = _ReadBlobs(proof, others)
        self._before: State | None = None
        self._reading: Parsed | Unparsed | None = None
        self._reply: str | None = None
        self._results: Mapping[str, Result] = {}

    def difference(
        self, found: Circumstances | None = None, known: Mapping[str, str] | None = None
    ) -> Difference | None:
        """In what the record differs from what is computed; `found` and `known` take the place of those in the file.

        Raises `BlobMissingError`, and `ProofBrokenError` for what cannot be executed.
        """
        try:
            if self._before is None:
                self._prepare()
            assert self._before is not None
            before = self._before
            if known is not None:
                entries = {key: call for key, call in before.memo.entries.items() if key in known}
                before = msgspec.structs.replace(before, memo=Memo(entries, before.memo.digest))
            entry = self._execute(before, self._proof.found if found is None else found)
        except BlobMissingError:
            raise
        except _OF_DATA as error:
            raise ProofBrokenError("the step", f"it cannot be executed: {type(error).__name__}: {error}") from None
        return self._compare(entry)

    def refuse_needless(self) -> None:
        """Raise `ProofBrokenError` for anything in the file without which the record would be computed as well."""
        proof = self._proof
        self._check_order()
        for what, needless in (
            ("blobs", self._blobs.unused),
            ("salts", self._salts.unused if self.genesis.rendering == RENDERING else ()),
            ("contents", self.store.given - self.store.read_digests),
            ("larger", set(proof.larger) - self.store.read_digests - self._blobs.larger_read),
            ("values", proof.values.keys() ^ self._made()),
        ):
            if needless:
                raise ProofBrokenError(what, f"more or less than the step needs: {min(needless)[:12]}")
        if not self._is_canonical():
            raise ProofBrokenError("found", "it says more than can show in a record")
        for what, found in lesser(proof.found, self.call):
            if self.is_same_with(found):
                raise ProofBrokenError(f"found.{what}", "the record is the same with less of it")
        for key in proof.known:
            if self.is_same_with(proof.found, {other: proof.known[other] for other in proof.known if other != key}):
                raise ProofBrokenError("known", "the record is the same without it")

    def _made(self) -> set[str]:
        """The variables that the step reads and that are no inputs as they were at the beginning."""
        assert self._before is not None
        begun = {entry.name: entry.ref for entry in self._chained.inputs}
        refs = {name: self._before.variables[name].ref for name in self._reads()}
        return {name for name, ref in refs.items() if begun.get(name) != ref}

    def _check_order(self) -> None:
        """Raise `ProofBrokenError` unless lists whose order says nothing are in the one order that they have."""
        proof = self._proof
        digests = [hashlib.sha256(each.content()).hexdigest() for each in proof.contents]
        for what, names in (
            ("the table", [row.name for row in proof.table]),
            ("blobs", self._blobs.refs),
            ("salts", proof.salts),
            ("contents", digests),
            ("larger", proof.larger),
        ):
            if list(names) != sorted(set(names)):
                raise ProofBrokenError(what, "they are not in order, or one is there twice")

    def is_same_with(self, found: Circumstances, known: Mapping[str, str] | None = None) -> bool:
        """Whether the record is computed with these circumstances too."""
        try:
            return self.difference(found, known) is None
        except (ProofBrokenError, BlobMissingError):
            return False

    @property
    def call(self) -> Call | None:
        """The call that the step is."""
        if not isinstance(self.record, Step):
            return None
        value = self._statement(self.record).value
        return value if isinstance(value, Call) else None

    def _is_canonical(self) -> bool:
        try:
            return canonical(self._proof.found) == self._proof.found
        except ValueError:
            return False

    def judge(self, difference: Difference) -> StepCheck:
        """The verdict on a difference."""
        statement = self._blobs.read(self.record.ast) if isinstance(self.record, Step) else b""
        is_explained = self.genesis.actions != self._table.digest or explains(
            statement, difference.fields, self._versions()
        )
        return self.conclude(Verdict.ENGINES if is_explained else Verdict.FORGED, difference)

    def conclude(self, verdict: Verdict, difference: Difference | None = None, unverifiable: str = "") -> StepCheck:
        """What is to be said."""
        proof = self._proof
        names = tuple(row.name for row in proof.table)
        return StepCheck(
            verdict,
            self.record,
            proof.root,
            proof.size,
            difference,
            unverifiable,
            self._versions(),
            self._reading,
            self._reply,
            names,
            self.genesis.grammar,
        )

    def _versions(self) -> Versions:
        installed = {**engine_versions(installed_version), **self._parser.versions}
        others, of_parsers = compare_versions(self.genesis, installed, isinstance(self._parser, MissedParser))
        is_missed = isinstance(self._parser, MissedParser) and self._parser.is_missed
        return {**others, **of_parsers} if is_missed else others

    def _reads(self) -> tuple[str, ...]:
        return self.record.reads if isinstance(self.record, Step) else ()

    def _read_calls(self) -> list[EffectRecord]:
        lines, record = [line.encode() for line in self._proof.calls], self.record
        items = [decode_call_line(line, position) for position, line in enumerate(lines)]
        if isinstance(record, Turn):
            if lines:
                raise ProofBrokenError("calls", "a turn has none")
            return []
        calls = FormatTwo().calls(items, self.genesis.run, record, self._proof.found.place)
        check_rounds(record, items, calls, 0)
        check_calls(record, calls, lines)
        return calls

    def _text(self, ref: Ref) -> str:
        content = self._blobs.read(ref)
        check_items(content, self._limits)
        return content.decode("utf-8", "replace")

    def _prepare(self) -> None:
        self._results = {call.id: result_of(call, self._text, self.genesis.flags) for call in self._calls}
        record = self.record
        place = (record.turn, record.step - 1) if isinstance(record, Step) else (record.turn - 1, 0)
        known = {call.same_as: self._results[call.id] for call in self._calls if call.same_as}
        self._before = state_before(
            self._proof, self._chained, place, self._blobs, self._salts, self.store, known, self._table, self._limits
        )

    def _execute(self, before: State, found: Circumstances) -> Entry:
        record = self.record
        if isinstance(record, Turn):
            return self._open_turn(before, record)
        codes = tuple(remark.code for remark in record.warnings if remark.code in REASONS)
        statement = self._statement(record)
        step = LoneStep(statement, record.statement, found, codes, recorded_outage(record))
        return execute_alone(before, step, self._answer, self.store, self._parser)

    def _statement(self, record: Step) -> Statement:
        content = self._blobs.read(record.ast)
        check_json(content, self._limits)
        check_depth(content, self._limits)
        return msgspec.json.decode(content, type=Statement)

    def _answer(self, request: Request) -> Result:
        return self._results.get(request.id) or Failed("unavailable")

    def _open_turn(self, before: State, record: Turn) -> Entry:
        """The entry that opens a turn. Nothing of its program is executed."""
        reading = decode_reading(record, self._blobs.read)
        if reading is None:
            raise ProofBrokenError("the record", "it names neither a program nor diagnostics")
        finding = check_speaker(before, record)
        if finding is not None:
            raise ProofBrokenError("the record", f"{finding.field} is {finding.recorded}, not {finding.computed}")
        self._reading = reading
        self._reply = reply = None if record.reply is None else self._text(record.reply)
        refusal = ""
        if record.held_back is not None and record.held_back.example is not None:
            refusal = self._text(record.held_back.example)
            # Which answer that was is in no digest; that there was one, the record says.
            before = msgspec.structs.replace(before, answer=Answer(None, (), 0, "", ()))
        opened = advance(
            before,
            reading,
            self.store,
            reply=reply,
            origin=record.origin,
            call=record.call,
            stepwise=True,
            refusal=refusal,
        )
        return opened.entries[0]

    def _compare(self, entry: Entry) -> Difference | None:
        recorded = self.record
        record = entry.record
        if isinstance(record, Step) and isinstance(recorded, Step):
            if is_part_of(record.coverage, recorded.coverage):
                record = msgspec.structs.replace(record, coverage=recorded.coverage)
            if self.genesis.rendering != RENDERING:
                observed = msgspec.structs.replace(recorded.observation, origins=record.observation.origins)
                record = msgspec.structs.replace(record, observation=observed)
        seq = recorded.seq
        pairs = zip(self._proof.calls, lines_of(entry.effects), strict=False)
        for index, (line, computed) in enumerate(pairs):
            if line.encode() != computed:
                return first_difference(seq, line.encode(), computed, f"calls[{index}]", CALL_FIELDS)
        placed = msgspec.structs.replace(record, seq=seq, prev=recorded.prev)
        return first_difference(seq, self._proof.record.line.encode(), encode(placed))


def is_part_of(own: Mapping[str, tuple[int, int, int]], recorded: Mapping[str, tuple[int, int, int]]) -> bool:
    """Whether what one step has looked at fits the totals after it.

    An input that it looked at and that is not recorded was covered as far before.
    """
    return all(
        all(mine <= total for mine, total in zip(own[name], recorded[name], strict=True))
        for name in own.keys() & recorded.keys()
    )
