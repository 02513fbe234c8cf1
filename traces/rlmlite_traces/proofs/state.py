"""The state before a step, from its proof alone; every part is compared with the hash that commits to it.

    genesis line, settings, sources     `begin`: the rules of the run, and the inputs that the step reads
    table, used, exposure, memo         their digest must be that in the record before
    values                              each must have the ref that the table gives it

An input that the step does not read has no source in the file. Something stands in for it, of its name and size, which
no content is known of. Coverage begins empty: what earlier steps have covered is in no digest.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from rlmlite_kernel import State, add, begin
from rlmlite_kernel.effects.memo import Known, Memo
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.evaluation.work import Meter
from rlmlite_kernel.faults import SettingsError
from rlmlite_kernel.observation.coverage import Coverage
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.records.records import Addition, Genesis, InputEntry, Ref, Step, Turn
from rlmlite_kernel.records.refs import SALT_BYTES, commit
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.run.snapshots.graph import GraphWriter, UnkeptError, read_graph, walk
from rlmlite_kernel.run.steps.state import state_digest
from rlmlite_kernel.run.steps.variables import Variable, Variables
from rlmlite_kernel.run.turns.changes import with_changes
from rlmlite_kernel.values.blobs import BlobMissingError
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.inputs import Input, Source, SourceFile
from rlmlite_kernel.values.values import descriptor_digest
from rlmlite_traces.blobs.stores import FileBlobs
from rlmlite_traces.limits import ReaderLimits, check_json
from rlmlite_traces.proofs.form import ProofBrokenError, Row, StepProof, encode_canonically
from rlmlite_traces.replays.beginning import check_claims
from rlmlite_traces.replays.rebuild import InputMissingError, build_input

_MOST_ROWS = 10_000_000
"""Rows of a value, at most: one of a text of 1 MiB has fewer."""

_COUNTS = {"constant": 2, "groups": 2, "chosen": 2, "rows": 3}
"""Where nodes say how many rows there are, by their tag."""

_sources = msgspec.json.Decoder(Source)
_settings = msgspec.json.Decoder(Settings)


class ChainedLines(msgspec.Struct, frozen=True):
    """What the lines of a proof say: the genesis, the record, the digest of the state before it, what was added."""

    genesis: Genesis
    record: Step | Turn
    state: str
    additions: tuple[Addition, ...] = ()

    @property
    def inputs(self) -> tuple[InputEntry, ...]:
        """All inputs that there are before the record."""
        return (*self.genesis.inputs, *(entry for each in self.additions for entry in each.inputs))


class ProofSalts:
    """The salts of a proof: of its blobs by their content, and of what the step makes by the refs that are recorded.

    `unused` are those that nothing was made with.
    """

    def __init__(self, proof: StepProof, run: str, refs: Collection[Ref]) -> None:
        self._run, self._refs = run, frozenset(refs)
        self._of_blobs = {hashlib.sha256(each.content()).digest(): _salt(each.salt) for each in proof.blobs}
        self._others = {salt: _salt(salt) for salt in proof.salts}
        self.unused = set(proof.salts)

    @property
    def run_id(self) -> str:
        """See `Salts.run_id`."""
        return self._run

    def salt(self, digest: bytes) -> bytes:
        """See `Salts.salt`. Zeros for what is not recorded: its ref then differs."""
        known = self._of_blobs.get(digest)
        if known is not None:
            return known
        for name, salt in self._others.items():
            if commit(salt, digest) in self._refs:
                self.unused.discard(name)
                return salt
        return bytes(SALT_BYTES)


def _salt(digits: str) -> bytes:
    try:
        salt = bytes.fromhex(digits)
    except ValueError:
        salt = b""
    if len(salt) != SALT_BYTES or salt.hex() != digits:
        raise ProofBrokenError("a salt", f"{2 * SALT_BYTES} hex digits are expected, not {digits[:40]!r}")
    return salt


class ProofBlobs:
    """The blobs of a proof by ref, each as its salt and content commit to it. `unused` are those that nobody asked for.
    `others` gives those that are too large for the file, to whoever has the trace.

    Raises `ProofBrokenError` for one that is there twice.
    """

    def __init__(self, proof: StepProof, others: Callable[[Ref], bytes] | None = None) -> None:
        self._larger, self._others = frozenset(proof.larger), others
        self._contents: dict[Ref, bytes] = {}
        for each in proof.blobs:
            content = each.content()
            ref = commit(_salt(each.salt), hashlib.sha256(content).digest())
            if ref in self._contents:
                raise ProofBrokenError("a blob", f"{ref[:12]} is in the file twice")
            self._contents[ref] = content
        self.refs = tuple(self._contents)
        self.unused = set(self._contents)
        self.larger_read: set[Ref] = set()

    def has(self, ref: Ref) -> bool:
        """Whether the file holds it, or says that it is too large to be held."""
        return ref in self._contents or ref in self._larger

    def read(self, ref: Ref) -> bytes:
        """The content of a ref. Raises `ProofBrokenError`, and `BlobMissingError` for one that is too large."""
        if ref in self._larger:
            self.larger_read.add(ref)
            if self._others is None:
                raise BlobMissingError(ref)
            return self._others(ref)
        if ref not in self._contents:
            raise ProofBrokenError("a blob", f"the file lacks {ref[:12]}, which the step needs, or it was altered")
        self.unused.discard(ref)
        return self._contents[ref]


def state_before(
    proof: StepProof,
    chained: ChainedLines,
    place: tuple[int, int],
    blobs: ProofBlobs,
    salts: ProofSalts,
    store: FileBlobs,
    results: Mapping[str, Result],
    table: Table,
    limits: ReaderLimits,
) -> State:
    """The state before a record, in turn `place[0]` after step `place[1]`. `results` are known by the ids of calls.

    Raises `ProofBrokenError`, `OverLimitError`, and `BlobMissingError` for a content that is in neither file nor store.
    """
    digest = chained.state
    turn, step = place
    # The record of a turn opens the next one, by what holds there.
    of_turn = turn if isinstance(chained.record, Step) else turn + 1
    begun = _begin(proof, chained, of_turn, blobs, salts, store, table, limits)
    known = {key: Known(id_, results[id_]) for key, id_ in proof.known.items() if id_ in results}
    if len(known) < len(proof.known):
        raise ProofBrokenError("known", "it names a call that is not one of this step")
    exposure = _hex(proof.exposure, "exposure")
    variables = Variables(_variables(proof, chained, begun, blobs))
    computed = state_digest(variables, proof.used, exposure, begun.run.flags, proof.memo)
    if computed != digest:
        raise ProofBrokenError("the state", f"its digest is {computed[:12]}, and the record before says {digest[:12]}")
    return msgspec.structs.replace(
        begun,
        variables=variables,
        used=proof.used,
        exposure=exposure,
        memo=Memo(known, proof.memo),
        turn=turn,
        step=step,
        coverage=Coverage(begun.coverage.layout),
    )


def _begin(
    proof: StepProof,
    chained: ChainedLines,
    turn: int,
    blobs: ProofBlobs,
    salts: ProofSalts,
    store: FileBlobs,
    table: Table,
    limits: ReaderLimits,
) -> State:
    genesis = chained.genesis
    recorded = blobs.read(genesis.settings)
    check_json(recorded, limits)
    try:
        settings = _settings.decode(recorded)
        check_claims(settings.limits, limits)
        inputs = {entry.name: _input(entry, blobs, store, limits) for entry in genesis.inputs}
        meter = Meter(limits.uncharged_work, limits.uncharged_bytes)
        state = begin(
            inputs,
            settings,
            salts,
            grammar=genesis.grammar,
            table=table,
            engines=genesis.engines,
            flags=genesis.flags,
            recorded=recorded,
            meter=meter,
        ).state
        for number in range(turn):
            state = with_changes(msgspec.structs.replace(state, turn=number))
        for each in chained.additions:
            more = {entry.name: _input(entry, blobs, store, limits) for entry in each.inputs}
            state = add(state, more, each.limits, each.kept).state
        check_claims(state.settings.limits, limits)
    except (msgspec.DecodeError, UnicodeError, RecursionError, SettingsError) as error:
        raise ProofBrokenError("the settings", f"no run can begin with them: {error}") from None
    except InputMissingError as error:
        raise ProofBrokenError("an input", str(error)) from None
    _check_inputs(chained, state, blobs)
    return state


def _input(entry: InputEntry, blobs: ProofBlobs, store: FileBlobs, limits: ReaderLimits) -> Input:
    if entry.source is None or not blobs.has(entry.source):
        digest = stand_in(entry.name)
        file = SourceFile("", digest, entry.size)
        return Input(Text(digest, 0, entry.size), Source("text", files=(file,)))
    recorded = blobs.read(entry.source)
    check_json(recorded, limits)
    source = _sources.decode(recorded)
    if source.kind == "table" and source.content is None and source.files and not store.has(source.files[0].digest):
        raise BlobMissingError(source.files[0].digest)
    built = build_input(blobs.read, store, entry.name, source, {}, limits)
    return msgspec.structs.replace(built, recorded=recorded)


def stand_in(name: str) -> str:
    """What stands in for the digest of an input that is not read."""
    return hashlib.sha256(f"an input that is not read: {name}".encode()).hexdigest()


def _check_inputs(chained: ChainedLines, begun: State, blobs: ProofBlobs) -> None:
    for entry in chained.inputs:
        is_here = entry.source is not None and blobs.has(entry.source)
        if is_here and begun.variables[entry.name].ref != entry.ref:
            raise ProofBrokenError(f"input {entry.name}", "it is not the one that its record commits to")


def _variables(proof: StepProof, chained: ChainedLines, begun: State, blobs: ProofBlobs) -> dict[str, Variable]:
    objects = objects_of_inputs(begun, here_in(chained.inputs, blobs.has))
    resolve = _read_nodes(proof, objects)
    by_name: dict[str, Variable] = {}
    for row in proof.table:
        if row.name in by_name:
            raise ProofBrokenError("the table", f"{row.name} is in it twice")
        value = _value(row, proof, begun, resolve)
        data = TaintedValue(value, _hex(row.origins, "origins"))
        by_name[row.name] = Variable(data, row.kind, row.ref, row.size, 0)
    unknown = proof.values.keys() - by_name.keys()
    if unknown:
        raise ProofBrokenError("values", f"{min(unknown)} is not in the table")
    _check_spelling(proof, objects, by_name)
    return by_name


def _value(row: Row, proof: StepProof, begun: State, resolve: Callable[[Any], Any]) -> Any:
    made = proof.values.get(row.name)
    if made is None:
        of_input = begun.variables.get(row.name)
        return of_input.data.value if of_input is not None and of_input.ref == row.ref else None
    try:
        value = resolve(made.node)
        digest = descriptor_digest(value)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ProofBrokenError(f"the value of {row.name}", f"it cannot be read: {error}") from None
    if commit(_salt(made.salt), digest) != row.ref:
        raise ProofBrokenError(f"the value of {row.name}", "it is not the one that its ref commits to")
    return value


def _read_nodes(proof: StepProof, objects: Sequence[Any]) -> Callable[[Any], Any]:
    for node in proof.nodes:
        # A count takes a few digits, and what is made of it may take gigabytes.
        count = (
            node[_COUNTS[node[0]] : _COUNTS[node[0]] + 1]
            if node and isinstance(node[0], str) and node[0] in _COUNTS
            else []
        )
        if any(isinstance(rows, int) and rows > _MOST_ROWS for rows in count):
            raise ProofBrokenError("nodes", f"a value has more than {_MOST_ROWS:,} rows")
    try:
        return read_graph(proof.nodes, objects)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ProofBrokenError("nodes", f"they cannot be read: {error}") from None


def _check_spelling(proof: StepProof, objects: Sequence[Any], variables: Mapping[str, Variable]) -> None:
    """Raise unless the values, written again, give the same nodes: one value has one spelling."""
    writer = GraphWriter({id(each): number for number, each in enumerate(objects)})
    try:
        numbers = {name: writer.number(variables[name].data.value) for name in sorted(proof.values)}
    except UnkeptError as error:
        raise ProofBrokenError("values", str(error)) from None
    written = encode_canonically([writer.nodes, numbers])
    if written != encode_canonically([proof.nodes, {name: made.node for name, made in proof.values.items()}]):
        raise ProofBrokenError("nodes", "they are not spelled as they are written")


def here_in(inputs: Iterable[InputEntry], has: Callable[[Ref], bool]) -> tuple[str, ...]:
    """The inputs whose source is here, in their order."""
    return tuple(entry.name for entry in inputs if entry.source is not None and has(entry.source))


def objects_of_inputs(begun: State, names: Sequence[str]) -> list[Any]:
    """The objects that these inputs are made of, in the order in which nodes number them."""
    return walk(begun.variables[name].data.value for name in names)


def _hex(digits: str, what: str) -> int:
    try:
        number = int(digits, 16)
    except ValueError:
        number = -1
    if number < 0 or hex(number) != digits:
        raise ProofBrokenError(what, f"hex digits are expected, not {digits[:40]!r}")
    return number
