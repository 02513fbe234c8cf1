"""A snapshot of a state between turns, and the state again.

    state after turn 900  ->  take_snapshot  ->  data: variables with labels and provenance, budgets, marks, notes, ...
    inputs, from their files  ->  `begin`  ->  restore  ->  the same state: each next record is the same, byte for byte

What does not change during a run (its settings, rules, inputs) is not in it: `begin` gives that. What programs have
made and variables refer to is.

A snapshot is believed as it is: nothing in it can be checked against a record but the digest of the state. Whoever
reads one has to know who wrote it. Not here: where it is kept, and how that is known (`rlmlite.runs.past.checkpoints`).
"""

from typing import Any, Final

import msgspec

from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.observation.coverage import Coverage
from rlmlite_kernel.records.findings import Range
from rlmlite_kernel.records.remarks import StepRemark
from rlmlite_kernel.run.snapshots.graph import GraphWriter, Node, UnkeptError, read_graph, walk
from rlmlite_kernel.run.steps.answers import Answer, HeldAnswer, Lineage
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
    answers: Any


class Answers(msgspec.Struct, frozen=True):
    """The parts of a state in which any JSON may stand, with numbers of any length: they are written as values are."""

    answer: Answer | None
    held: tuple[HeldAnswer, ...]
    draft: Answer | None
    lineage: dict[str, Lineage]


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
)
"""Fields that a snapshot holds as the state has them."""


def take_snapshot(state: State, blobs: Blobs) -> Snapshot:
    """The snapshot of a state. Raises `UnkeptError`, also if a program has forgotten an input."""
    if any(name not in state.variables for name in state.run.sources):
        raise UnkeptError("an input was forgotten")
    objects = _objects_of_inputs(state)
    writer = GraphWriter({id(each): number for number, each in enumerate(objects)})
    variables = tuple(_kept(name, variable, writer) for name, variable in state.variables.items())
    answers = Answers(state.answer, state.held, state.draft, dict(state.lineage))
    return Snapshot(
        answers=writer.number(msgspec.to_builtins(answers)),
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
        answers = msgspec.convert(resolve(snapshot.answers), Answers)
        exposure = int(snapshot.exposure, 16)
        marks = {(name, kind): list(ranges) for name, kind, ranges in snapshot.marks}
        coverage = Coverage(begun.coverage.layout, marks)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise SnapshotError(f"it cannot be read: {error}") from None
    if state_digest(variables, snapshot.used, exposure, begun.run.flags) != snapshot.digest:
        raise SnapshotError("its state is not the one that it names")
    return msgspec.structs.replace(
        begun,
        variables=variables,
        used=snapshot.used,
        coverage=coverage,
        exposure=exposure,
        **{name: getattr(snapshot, name) for name in SAME},
        **msgspec.structs.asdict(answers),
    )


def _objects_of_inputs(state: State) -> list[Any]:
    # In the order in which they were given: the names of inputs are a set.
    return walk(state.variables[name].data.value for name in state.run.sources)


def _kept(name: str, variable: Variable, writer: GraphWriter) -> KeptVariable:
    data = _kept_value(variable.data, writer)
    return KeptVariable(name, data, variable.kind, variable.ref, variable.size, variable.turn)


def _kept_value(data: TaintedValue, writer: GraphWriter) -> KeptValue:
    sources = tuple(writer.number(each) for each in data.sources)
    words = tuple(writer.number(each) for each in data.words)
    return KeptValue(writer.number(data.value), hex(data.origins), sources, words)


def _variable(kept: KeptVariable, resolve: Any) -> Variable:
    data = kept.data
    sources, words = tuple(map(resolve, data.sources)), tuple(map(resolve, data.words))
    value = TaintedValue(resolve(data.value), int(data.origins, 16), sources, words)
    return Variable(value, kept.kind, kept.ref, kept.size, kept.turn)


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
