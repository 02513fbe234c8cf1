"""A snapshot of a state between turns, and the state again.

    state after turn 900  ->  take_snapshot  ->  data: variables with labels and provenance, budgets, marks, notes, ...
    inputs, from their files  ->  `begin`  ->  restore  ->  the same state: each next record is the same, byte for byte

What does not change during a run (its settings, rules, inputs) is not in it: `begin` gives that. What programs have
made and variables refer to is.

A snapshot is believed as it is: nothing in it can be checked against a record but the digest of the state. Whoever
reads one has to know who wrote it. Not here: where it is kept, and how that is known (`rlmlite.runs.past.checkpoints`).
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from rlmlite_kernel.effects.memo import Known, Memo
from rlmlite_kernel.effects.requests import Answered
from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.observation.coverage import Coverage
from rlmlite_kernel.records.findings import Range
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.run.snapshots.graph import GraphWriter, Node, UnkeptError, read_graph, walk
from rlmlite_kernel.run.steps.answers import Answer, HeldAnswer, Lineage, Offer
from rlmlite_kernel.run.steps.state import State, state_digest
from rlmlite_kernel.run.steps.variables import Variable, Variables
from rlmlite_kernel.values.blobs import Blobs, digest_of_name

MOST_BYTES: Final = 64 << 20
"""Bytes of contents that programs have made, up to which a snapshot is taken."""


class SnapshotError(ValueError):
    """Data that is no snapshot of this run."""


class KeptValue(msgspec.Struct, frozen=True, array_like=True):
    """A value with where it came from, by the numbers of nodes. Origins are hex digits: there may be many bits."""

    value: Any
    origins: str
    sources: tuple[Any, ...]
    words: tuple[Any, ...]


class KeptVariable(msgspec.Struct, frozen=True, array_like=True):
    """A variable (`run.steps.variables.Variable`)."""

    name: str
    data: KeptValue
    kind: str
    ref: str
    size: int
    turn: int


class Snapshot(msgspec.Struct, frozen=True):
    """The parts of a `State` that turns change. `rendered` are objects of inputs whose text has been made."""

    nodes: list[Node]
    contents: list[bytes]
    rendered: tuple[int, ...]
    variables: tuple[KeptVariable, ...]
    used: dict[str, int]
    marks: tuple[tuple[str, str, tuple[Range, ...]], ...]
    turn: int
    step: int
    digest: str
    notes: tuple[str, ...]
    partial: tuple[str, ...]
    failures: tuple[str, ...]
    earlier_failures: tuple[str, ...]
    lossy: dict[str, tuple[str, ...]]
    exposure: str
    remarks: tuple[StepRemark, ...]
    shown: tuple[str, ...]
    answers: int
    given: Any
    offers: tuple[KeptValue, ...]
    memo: dict[str, tuple[str, Answered]]
    memo_digest: str


class Answers(msgspec.Struct, frozen=True):
    """The parts of a state in which any JSON may stand, with numbers of any length: they are written as values are."""

    answer: Answer | None
    held: tuple[HeldAnswer, ...]
    draft: Answer | None
    lineage: dict[str, Lineage]
    offers: tuple[tuple[str, bool, Lineage, tuple[str, ...]], ...]


SAME: Final = (
    "turn",
    "step",
    "digest",
    "notes",
    "partial",
    "failures",
    "earlier_failures",
    "lossy",
    "remarks",
    "shown",
    "answers",
)
"""Fields that a snapshot holds as the state has them."""


def take_snapshot(state: State, blobs: Blobs) -> Snapshot:
    """The snapshot of a state. Raises `UnkeptError`, also if a program has forgotten an input."""
    if any(name not in state.variables for name in state.run.sources):
        raise UnkeptError("an input was forgotten")
    if state.settings.changes:
        raise UnkeptError("settings change from a turn on")
    objects = _objects_of_inputs(state)
    writer = GraphWriter({id(each): number for number, each in enumerate(objects)})
    variables = tuple(_kept(name, variable, writer) for name, variable in state.variables.items())
    offers = tuple((each.of, each.is_draft, each.lineage, each.lost) for each in state.offers)
    given = Answers(state.answer, state.held, state.draft, dict(state.lineage), offers)
    return Snapshot(
        given=writer.number(msgspec.to_builtins(given)),
        offers=tuple(_kept_value(each.data, writer) for each in state.offers),
        memo=_calls_in(state.memo),
        memo_digest=state.memo.digest,
        variables=variables,
        nodes=writer.nodes,
        contents=_made_contents(writer, state, blobs),
        rendered=tuple(number for number, each in enumerate(objects) if getattr(each, "rendered", None) is not None),
        used=dict(state.used),
        marks=tuple((name, kind, tuple(ranges)) for (name, kind), ranges in state.coverage.marks.items()),
        exposure=hex(state.exposure),
        **{name: getattr(state, name) for name in SAME},
    )


def restore(snapshot: Snapshot, begun: State, blobs: Blobs) -> State:
    """The state that a snapshot is of. Raises `SnapshotError`."""
    objects = _objects_of_inputs(begun)
    try:
        for content in snapshot.contents:
            blobs.put(content)
        for number in snapshot.rendered:
            _render(objects[number], blobs)
        resolve = read_graph(snapshot.nodes, objects)
        variables = Variables({each.name: _variable(each, resolve) for each in snapshot.variables})
        given = msgspec.convert(resolve(snapshot.given), Answers)
        offers = tuple(_offers(snapshot.offers, given, resolve))
        memo = Memo({key: Known(*call) for key, call in snapshot.memo.items()}, snapshot.memo_digest)
        exposure = int(snapshot.exposure, 16)
        marks = {(name, kind): list(ranges) for name, kind, ranges in snapshot.marks}
        coverage = Coverage(begun.coverage.layout, marks)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise SnapshotError(f"it cannot be read: {error}") from None
    if state_digest(variables, snapshot.used, exposure, begun.run.flags, memo.digest) != snapshot.digest:
        raise SnapshotError("its state is not the one that it names")
    return msgspec.structs.replace(
        begun,
        variables=variables,
        used=snapshot.used,
        coverage=coverage,
        exposure=exposure,
        **{name: getattr(snapshot, name) for name in SAME},
        answer=given.answer,
        held=given.held,
        draft=given.draft,
        lineage=given.lineage,
        offers=offers,
        memo=memo,
    )


def _objects_of_inputs(state: State) -> list[Any]:
    # In the order in which they were given: the names of inputs are a set.
    return walk(state.variables[name].data.value for name in state.run.sources)


def _kept(name: str, variable: Variable, writer: GraphWriter) -> KeptVariable:
    data = _kept_value(variable.data, writer)
    return KeptVariable(name, data, variable.kind, variable.ref, variable.size, variable.turn)


def _calls_in(memo: Memo) -> dict[str, tuple[str, Answered]]:
    # Only good answers are remembered.
    return {key: (call.id, call.result) for key, call in memo.entries.items() if isinstance(call.result, Answered)}


def _kept_value(data: TaintedValue, writer: GraphWriter) -> KeptValue:
    sources = tuple(writer.number(each) for each in data.sources)
    words = tuple(writer.number(each) for each in data.words)
    return KeptValue(writer.number(data.value), hex(data.origins), sources, words)


def _variable(kept: KeptVariable, resolve: Any) -> Variable:
    return Variable(_value(kept.data, resolve), kept.kind, kept.ref, kept.size, kept.turn)


def _value(kept: KeptValue, resolve: Any) -> TaintedValue:
    sources, words = tuple(map(resolve, kept.sources)), tuple(map(resolve, kept.words))
    return TaintedValue(resolve(kept.value), int(kept.origins, 16), sources, words)


def _offers(values: Sequence[KeptValue], given: Answers, resolve: Any) -> Iterator[Offer]:
    for kept, (of, is_draft, lineage, lost) in zip(values, given.offers, strict=True):
        yield Offer(of, is_draft, _value(kept, resolve), lineage, lost)


def _made_contents(writer: GraphWriter, state: State, blobs: Blobs) -> list[bytes]:
    """The contents that programs have made and variables refer to."""
    names = state.run.document_names
    of_inputs = {digest_of_name(name) for name in (*names.names, *names.tables)}
    contents: list[bytes] = []
    size = 0
    for digest in writer.names:
        if digest in of_inputs:
            continue
        content = blobs.read(digest)
        size += len(content)
        if size > MOST_BYTES:
            raise UnkeptError(f"programs have made more than {MOST_BYTES:,} bytes of text")
        contents.append(bytes(content))
    return contents


def _render(store: Any, blobs: Blobs) -> None:
    from rlmlite_kernel.values.tables.rendering import render  # most runs have no table

    render(store, blobs)
