"""Replaying a trace of which some input is missing: what does not need it is executed, the rest is taken as recorded.

    step 1   reads docs/a.txt, which is here               executed, compared
    step 2   reads docs/b.txt, which has changed           taken
    step 3   reads what step 2 has made                    taken
    step 4   reads docs/c.txt                              executed; compared but for what may follow from steps 2 and 3

What follows from a step that nobody can execute: the digests of states, sums of coverage, and how the run ended. A
difference there shows nothing, so it is said and is no forgery; a value or an action that differs is one.
"""

from collections.abc import Mapping

import msgspec

from rlmlite_kernel import Entry, Input, State
from rlmlite_kernel.evaluation.taint import DERIVED, TaintedValue
from rlmlite_kernel.records.records import AnyRecord, Genesis, InputEntry, Question, Step, Turn, Written
from rlmlite_kernel.run.steps.variables import Variable, Variables
from rlmlite_kernel.run.turns.taken import NOT_HERE
from rlmlite_kernel.values.inputs import Source
from rlmlite_traces.replays.verdicts import Difference

_OF_VALUES = frozenset({"op", "ast", "writes", "statement"})
"""Fields of a step that follow from what it reads alone."""


def stand_in(source: Source) -> Input:
    """An input whose content is needed for its value, and is not here."""
    return Input(NOT_HERE, source)


def adopt_consequences(entry: Entry, recorded: AnyRecord) -> Entry:
    """The computed entry with what may follow from steps that were not executed, as it is recorded."""
    if type(entry.record) is not type(recorded):
        return entry
    names = [name for name in ("state", "coverage") if hasattr(entry.record, name)]
    # An answer that nobody could make here is no value that a later record could write (`name_earlier`).
    if isinstance(entry.record, Turn | Question) and entry.record.earlier is None:
        names.append("earlier")
    fields = {name: getattr(recorded, name) for name in names}
    return Entry(msgspec.structs.replace(entry.record, **fields), entry.blobs, entry.effects)


def is_of_values(difference: Difference, recorded: AnyRecord) -> bool:
    """Whether a difference shows something, though not all before it was executed."""
    fields = difference.fields or (difference.field,)
    names = {field.partition(".")[0].partition("[")[0] for field in fields}
    return isinstance(recorded, Step) and not names.isdisjoint(_OF_VALUES)


def adopt_inputs(entry: Entry, recorded: Genesis, absent: Mapping[str, InputEntry]) -> Entry:
    """The computed genesis with the recorded entries of inputs that have no value here."""
    record = entry.record
    assert isinstance(record, Genesis)
    inputs = tuple(absent.get(each.name, each) for each in record.inputs)
    return Entry(msgspec.structs.replace(record, inputs=inputs, state=recorded.state), entry.blobs)


def name_inputs(state: State, absent: Mapping[str, InputEntry]) -> State:
    """The state in which inputs without a value have the recorded kind and ref."""
    by_name = dict(state.variables)
    for name, entry in absent.items():
        if name in by_name:
            data = TaintedValue(NOT_HERE, by_name[name].data.origins)
            by_name[name] = msgspec.structs.replace(by_name[name], data=data, kind=entry.kind, ref=entry.ref)
    return msgspec.structs.replace(state, variables=Variables(by_name))


def name_earlier(state: State, earlier: Written | None) -> State:
    """The state with the variable of an answer that was not made here, so that what reads it is taken as well.

    `earlier` is what the next record writes of it. An answer that was made here is an offer of the state.
    """
    if earlier is None or state.offers or earlier.name in state.variables:
        return state
    variable = Variable(TaintedValue(NOT_HERE, DERIVED), earlier.kind, earlier.ref, earlier.size, state.turn)
    return msgspec.structs.replace(state, variables=Variables({**dict(state.variables), earlier.name: variable}))
