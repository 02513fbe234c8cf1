"""Making a proof: the trace is executed again up to the record, and what it rests on then is written down.

    replay            every record before it is compared, so a proof is only made of what this kernel computes
    the moment        state, outcome and circumstances of the step, as it is about to be recorded
    the file          with the values that it reads, the blobs that it names, the contents that it reads
    check             the file is checked as its reader will check it; circumstances that change nothing are dropped

So a proof that cannot be checked is never made. Not here: the form of the file (`form`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from rlmlite_kernel import ACTIONS, State
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.records.records import Addition, Ref, Step, Turn
from rlmlite_kernel.records.refs import commit, value_salt
from rlmlite_kernel.run.snapshots.alone import Circumstances
from rlmlite_kernel.run.snapshots.graph import INPUT, GraphWriter, UnkeptError
from rlmlite_kernel.run.turns.moment import Moment, Watch
from rlmlite_kernel.values.blobs import BlobMissingError
from rlmlite_kernel.values.parsers import NO_PARSER, Parser
from rlmlite_kernel.values.values import descriptor_digest
from rlmlite_traces.blobs.stores import FileBlobs
from rlmlite_traces.errors import TraceError
from rlmlite_traces.format.contents import Presence
from rlmlite_traces.format.formats import is_current
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.format.referenced import in_order, of_source
from rlmlite_traces.format.verify import blob_refs
from rlmlite_traces.limits import READER_LIMITS, ReaderLimits
from rlmlite_traces.proofs.check import check, check_lines
from rlmlite_traces.proofs.circumstances import known_calls, learn
from rlmlite_traces.proofs.execution import Execution
from rlmlite_traces.proofs.form import (
    FORM,
    LARGEST,
    Leaf,
    MadeValue,
    PlainText,
    ProofBrokenError,
    Row,
    SaltedText,
    StepProof,
    plain_text,
    salted,
)
from rlmlite_traces.proofs.inclusion import make_path
from rlmlite_traces.proofs.paring import pare
from rlmlite_traces.proofs.state import objects_of_inputs, stand_in
from rlmlite_traces.replays.rebuild import Derive
from rlmlite_traces.replays.replay import replay
from rlmlite_traces.replays.rules.controller import ControllerCheck, Finding
from rlmlite_traces.replays.verdicts import Difference, Verdict


class UnprovableError(TraceError):
    """A record cannot be proved alone, and why."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(f"record {seq} cannot be proved alone: {why}")
        self.seq, self.why = seq, why


class _Reached(Exception):
    """Ends the replay at the record that is to be proved."""


class Reached(msgspec.Struct, frozen=True, eq=False):
    """Where the replay has stopped: the state before the record, and of a step also the moment."""

    before: State
    moment: Moment | None = None


def prove(
    trace: CheckedTrace,
    seq: int,
    places: Mapping[str, Path] | None = None,
    *,
    blobs: FileBlobs | None = None,
    table: Table = ACTIONS,
    derive: Derive | None = None,
    parser: Parser = NO_PARSER,
    limits: ReaderLimits = READER_LIMITS,
    recorded_paths: bool = False,
) -> StepProof:
    """The proof of the record `seq`, a step or a turn. The arguments are those of `replay`.

    Raises `UnprovableError`, and what `replay` raises.
    """
    store = blobs if blobs is not None else FileBlobs()
    record = trace.records[seq]
    if not isinstance(record, Step | Turn) or not is_current(trace.genesis):
        raise UnprovableError(seq, "only steps and turns can be, of a trace of the format that this version writes")
    if isinstance(record, Turn) and record.earlier is not None:
        raise UnprovableError(seq, "it makes a variable of an answer before it; its steps can be")
    reached = _replay_to(
        trace,
        record,
        lambda watch, follow: (
            replay(
                trace,
                places,
                store,
                table=table,
                derive=derive,
                parser=parser,
                controller_check=follow,
                limits=limits,
                recorded_paths=recorded_paths,
                watch=watch,
            ).difference
        ),
    )
    proof = _Proving(trace, record, reached, store, table, parser, limits).run()
    try:
        checked = check(proof, trace.root, table=table, parser=parser, limits=limits)
    except ProofBrokenError as error:
        raise UnprovableError(seq, f"its file would be refused: {error}") from None
    if checked.verdict in (Verdict.FORGED, Verdict.ENGINES):
        raise UnprovableError(seq, f"checked by itself it differs: {checked.difference}")
    return proof


class _Follower:
    """Stops a replay before a turn opens (`ControllerCheck`)."""

    def __init__(self, seq: int) -> None:
        self._seq = seq
        self.reached: Reached | None = None

    def follow(self, before: State, trace: CheckedTrace, first: int, stop: int) -> Sequence[Finding]:
        """See `ControllerCheck.follow`."""
        if first == self._seq:
            self.reached = Reached(before)
            raise _Reached
        return ()

    def watch(self, moment: Moment, step: int) -> None:
        """Stop before that step is recorded."""
        if moment.before.step + 1 == step:
            self.reached = Reached(moment.before, moment)
            raise _Reached


def _replay_to(
    trace: CheckedTrace, record: Step | Turn, run: Callable[[Watch | None, ControllerCheck], Difference | None]
) -> Reached:
    """Replay up to a record. Raises `UnprovableError` if the replay ends before it."""
    follower = _Follower(record.seq if isinstance(record, Turn) else -1)
    watch = None if isinstance(record, Turn) else partial(follower.watch, step=record.step)
    try:
        difference = run(watch, follower)
    except _Reached:
        assert follower.reached is not None
        return follower.reached
    if difference is not None:
        why = f"record {difference.seq} before it is not what the kernel computes ({difference.field})"
    else:
        why = "what comes before it cannot be executed here: an input is missing, or a content was removed"
    raise UnprovableError(record.seq, why)


class _Proving:
    """Makes one proof. `inputs` are the names of those whose source goes into it."""

    def __init__(
        self,
        trace: CheckedTrace,
        record: Step | Turn,
        reached: Reached,
        store: FileBlobs,
        table: Table,
        parser: Parser,
        limits: ReaderLimits,
    ) -> None:
        self._trace, self._record, self._reached, self._store = trace, record, reached, store
        self._table, self._parser, self._limits = table, parser, limits
        self._calls = trace.effects(record.seq)
        records = trace.records[: record.seq]
        self._additions = tuple(each for each in records if isinstance(each, Addition))
        self._entries = (*trace.genesis.inputs, *(entry for each in self._additions for entry in each.inputs))
        self._all_inputs = tuple(entry.name for entry in self._entries)
        self._inputs: frozenset[str] = frozenset()
        self._larger: dict[str, None] = {}

    def run(self) -> StepProof:
        """The proof, with what it needs and no more."""
        self._inputs = self._inputs_read()
        while True:
            proof = self._write()
            execution = self._execution(proof)
            try:
                difference = execution.difference()
            except BlobMissingError as error:
                needed = self._input_of(error.digest)
                if needed is None:
                    raise
                self._inputs |= {needed}
                continue
            if difference is None:
                break
            if len(self._inputs) == len(self._all_inputs):
                raise UnprovableError(self._record.seq, _why(difference))
            # What it says of one input may depend on others: on which of two equal files comes first, say.
            self._inputs = frozenset(self._all_inputs)
        return self._with_contents(pare(proof, execution))

    def _execution(self, proof: StepProof) -> Execution:
        return Execution(
            proof, check_lines(proof), self._store, self._parser, self._table, self._limits, self._trace.content
        )

    def _inputs_read(self) -> frozenset[str]:
        """The inputs that a step reads itself, and those that values which it reads are made of."""
        before = self._reached.before
        begun = self._as_begun()
        writer = GraphWriter({id(each): number for number, each in enumerate(objects_of_inputs(before, begun))})
        for name in self._reads():
            if name not in begun:
                self._number(writer, name)
        used = {node[1] for node in writer.nodes if node[0] == INPUT}
        bounds = [len(objects_of_inputs(before, begun[:count])) for count in range(len(begun) + 1)]
        made_of = {
            name for name, low, high in zip(begun, bounds, bounds[1:], strict=False) if used & {*range(low, high)}
        }
        return frozenset(made_of | (set(begun) & set(self._reads())))

    def _as_begun(self) -> tuple[str, ...]:
        """The inputs that still are what they were at the beginning."""
        variables = self._reached.before.variables
        entries = self._entries
        return tuple(each.name for each in entries if each.name in variables and variables[each.name].ref == each.ref)

    def _reads(self) -> tuple[str, ...]:
        return self._record.reads if isinstance(self._record, Step) else ()

    def _input_of(self, digest: str) -> str | None:
        """The input that a stand-in is there for."""
        return next((name for name in self._all_inputs if stand_in(name) == digest), None)

    def _write(self) -> StepProof:
        """The proof with all circumstances, and without contents."""
        trace, record, before, moment = self._trace, self._record, self._reached.before, self._reached.moment
        lines = [trace.line(seq) for seq in range(trace.size)]
        is_last = record.seq == trace.size - 1
        rows = tuple(Row(n, v.kind, v.ref, v.size, hex(v.data.origins)) for n, v in sorted(before.variables.items()))
        values, nodes = self._values()
        blobs, salts, larger = self._blobs()
        return StepProof(
            form=FORM,
            root=trace.root,
            size=trace.size,
            genesis=_leaf(lines, 0),
            record=_leaf(lines, record.seq),
            last=None if is_last else _leaf(lines, trace.size - 1),
            additions=tuple(_leaf(lines, each.seq) for each in self._additions),
            before=tuple(line.decode() for line in lines[self._seq_of_state() : record.seq]),
            table=rows,
            used=dict(before.used),
            exposure=hex(before.exposure),
            memo=before.memo.digest,
            values=values,
            nodes=nodes,
            calls=tuple(line.decode() for line in trace.effect_lines(record.seq)),
            blobs=blobs,
            salts=salts,
            larger=larger,
            contents=(),
            known={} if moment is None else known_calls(moment),
            found=Circumstances() if moment is None else learn(moment),
        )

    def _seq_of_state(self) -> int:
        """The last record before this one that states the state; redactions do not."""
        seq = self._record.seq - 1
        while not hasattr(self._trace.records[seq], "state"):
            seq -= 1
        return seq

    def _values(self) -> tuple[dict[str, MadeValue], tuple[list[Any], ...]]:
        before, begun = self._reached.before, self._as_begun()
        objects = objects_of_inputs(before, [name for name in begun if name in self._inputs])
        writer = GraphWriter({id(each): number for number, each in enumerate(objects)})
        values = {
            name: MadeValue(self._salt_of(name).hex(), self._number(writer, name))
            for name in sorted(self._reads())
            if name not in begun
        }
        return values, tuple(writer.nodes)

    def _number(self, writer: GraphWriter, name: str) -> Any:
        try:
            return writer.number(self._reached.before.variables[name].data.value)
        except UnkeptError as error:
            raise UnprovableError(self._record.seq, f"the value of {name}: {error}") from None

    def _salt_of(self, name: str) -> bytes:
        """The salt of a variable's commitment: it follows from that of a blob of the record that has written it."""
        variable = self._reached.before.variables[name]
        digest = descriptor_digest(variable.data.value)
        for seq in range(self._record.seq - 1, -1, -1):
            for ref in (*blob_refs(self._trace.records[seq], [], self._trace.contents), self._trace.genesis.settings):
                salt = value_salt(self._trace.contents.places[ref].salt, digest)
                if commit(salt, digest) == variable.ref:
                    return salt
        raise UnprovableError(self._record.seq, f"the value of {name} is not the one that its ref commits to")

    def _blobs(self) -> tuple[tuple[SaltedText, ...], tuple[str, ...], tuple[str, ...]]:
        """The blobs that the step is made of, the salts of those that it makes, and the refs of those too large."""
        needed = dict.fromkeys([self._trace.genesis.settings, *self._sources(), *self._given()])
        made = [ref for ref in in_order(self._record, self._calls, lambda _: None) if ref not in needed]
        contents = self._trace.contents
        for ref in (*needed, *made):
            if contents.presence(ref) is not Presence.PRESENT:
                raise UnprovableError(self._record.seq, f"the blob {ref[:12]}, which it needs, was removed")
        held, larger = [], []
        for ref in sorted(needed):
            content = contents.read(ref)
            if len(content) > LARGEST:
                larger.append(ref)
            else:
                held.append(salted(contents.places[ref].salt, content))
        salts = {contents.places[ref].salt.hex() for ref in made}
        return tuple(held), tuple(sorted(salts)), tuple(sorted(larger))

    def _sources(self) -> Iterator[Ref]:
        for entry in self._entries:
            if entry.name in self._inputs and entry.source is not None:
                yield entry.source
                yield from of_source(self._trace.content(entry.source))

    def _given(self) -> Iterator[Ref]:
        """The blobs that a record begins with: what was read of a reply, the AST of a step, results of calls."""
        record = self._record
        if isinstance(record, Turn):
            refused = None if record.held_back is None else record.held_back.example
            yield from (ref for ref in (record.ast, record.diagnostics, record.reply, refused) if ref is not None)
            return
        yield record.ast
        for call in self._calls:
            evidence = None if call.child is None else call.child.evidence
            yield from (ref for ref in (call.result, call.detail, evidence) if ref is not None)

    def _with_contents(self, proof: StepProof) -> StepProof:
        """The proof with the contents that executing it reads."""
        execution = self._execution(proof)
        difference = execution.difference()
        if difference is not None:
            raise UnprovableError(self._record.seq, _why(difference))
        contents: list[PlainText] = []
        larger: list[str] = []
        for digest in sorted(execution.store.read_digests):
            if digest in execution.store.made:
                continue
            content = bytes(self._store.read(digest))
            if len(content) > LARGEST:
                larger.append(digest)
            else:
                contents.append(plain_text(content))
        return msgspec.structs.replace(proof, contents=tuple(contents), larger=tuple(sorted((*proof.larger, *larger))))


def _leaf(lines: Sequence[bytes], seq: int) -> Leaf:
    return Leaf(lines[seq].decode(), make_path(lines, seq))


def _why(difference: Difference) -> str:
    return (
        "executed by itself it gives another record, since it shares something with other steps of its turn "
        f"({difference.field}: recorded {difference.recorded[:80]}, computed {difference.computed[:80]})"
    )
