"""Adding to a run that is under way: more inputs, and higher limits, between two turns.

    add({"old": <input>}, {"turns": 60})     `old` is a variable like the first inputs, 60 turns in all are permitted

What was there stays as it was: no input changes its name, its place among the inputs (which is its bit among the
origins), or the name of a place in it. Whatever follows from the inputs is made anew from all of them: which documents
evidence lies in, what coverage counts, what the policy keeps from whom. An added input is under the policy of the
genesis as if it had been there.

    inputs of the genesis     log "ERROR"                        bit 0, its content is named ba78..15ad
    added                     old "ERROR"                        bit 1, its content is named ba78..15ad+2

Limits only grow, so that no promise to a program or a nested run is broken. It takes no turn, and an answer stands.
Not here: when it may be done (`rlmlite.runs.additions`), how inputs are loaded.
"""

from collections.abc import Collection, Mapping

import msgspec

from rlmlite_kernel.effects.policy import Egress, barred_from_controllers
from rlmlite_kernel.faults import SettingsError
from rlmlite_kernel.observation.coverage import Coverage
from rlmlite_kernel.observation.evidence import DocumentNames
from rlmlite_kernel.records.evolution import ADDITIONS
from rlmlite_kernel.records.records import Addition, Counts, Entry
from rlmlite_kernel.records.settings import Limits, Settings
from rlmlite_kernel.run.genesis import check_names, document_names, input_entry, input_variables, source_blobs
from rlmlite_kernel.run.status import losses_of_inputs
from rlmlite_kernel.run.steps.state import RunConstants, State, state_digest
from rlmlite_kernel.run.steps.variables import Variables
from rlmlite_kernel.values.inputs import Input
from rlmlite_kernel.values.tables.places import place_inputs
from rlmlite_kernel.values.values import Value


def write_addition(
    state: State, inputs: Mapping[str, Input], limits: Mapping[str, int | None], kept: Counts
) -> tuple[State, Entry]:
    """The state with these inputs and limits, and the record of them. See `machine.add`. Raises `SettingsError`."""
    check_addition(state, inputs, limits)
    # In the order in which the record spells them, so that who reads it tells the same.
    changed = {name: limits[name] for name in sorted(limits) if limits[name] != getattr(state.settings.limits, name)}
    if not inputs and not changed:
        raise SettingsError("there is nothing to add: no input, and no limit that is higher than before")
    settings = raise_limits(state.settings, changed, kept)
    values, places = place_inputs({name: each.value for name, each in inputs.items()}, state.run.places)
    run = _constants_with(state.run, inputs, values, places, settings)
    after = _state_with(state, run, inputs, values)
    _check_room(after)
    sources = {name: source_blobs(each, run.salts) for name, each in inputs.items()}
    sizes = after.coverage.layout.sizes
    record = Addition(
        inputs=tuple(
            input_entry(name, each, after.variables[name], sources[name][0].ref, sizes[name])
            for name, each in inputs.items()
        ),
        limits=changed,
        kept=kept if changed else {},
        state=after.digest,
    )
    return after, Entry(record, tuple(item for each in sources.values() for item in each))


def raise_limits(settings: Settings, limits: Mapping[str, int | None], kept: Counts) -> Settings:
    """The settings with higher limits, of which so much is kept for the last answer. Raises `SettingsError`."""
    if not limits:
        return settings
    for name, amount in limits.items():
        if name not in Limits.__struct_fields__:
            raise SettingsError(f"there is no limit `{name}`")
        now: int | None = getattr(settings.limits, name)
        if amount is not None and (now is None or amount < now):
            least = "none, which is more than any number" if now is None else f"{now:,} or more"
            raise SettingsError(f"limits only grow: expected {name} of {least}, found {amount:,}; leave it out")
    if any(amount < 0 for amount in kept.values()):
        raise SettingsError("less than nothing cannot be kept for the last answer")
    return msgspec.structs.replace(settings, limits=msgspec.structs.replace(settings.limits, **limits), kept=kept)


def check_addition(state: State, inputs: Collection[str], limits: Mapping[str, int | None]) -> None:
    """Raise `SettingsError` where inputs of these names, or these limits, cannot be added."""
    if ADDITIONS not in state.run.flags:
        raise SettingsError("this run began under rules of an older version, by which nothing can be added; begin anew")
    if state.settings.parent is not None:
        raise SettingsError("nothing can be added to a nested run: its parent has fixed what it may see and spend")
    check_names(inputs)
    for name in inputs:
        if name in state.run.inputs:
            raise SettingsError(f"there is an input `{name}` already; add it under another name: OTHER=PATH")
        if name in state.variables:
            raise SettingsError(
                f"there is a variable `{name}` already; add it under another name: OTHER=PATH, or drop the variable "
                f"by a program: forget({name})"
            )
    raise_limits(state.settings, limits, {})


def _constants_with(
    run: RunConstants,
    inputs: Mapping[str, Input],
    values: Mapping[str, Value],
    places: Mapping[str, int],
    settings: Settings,
) -> RunConstants:
    """What holds from here on."""
    sources = {**run.sources, **{name: each.source for name, each in inputs.items()}}
    egress = Egress(settings.policy, sources)
    old, new = run.document_names, document_names(inputs, values, is_nested=False)
    return msgspec.structs.replace(
        run,
        settings=settings,
        inputs=run.inputs | inputs.keys(),
        document_names=DocumentNames({**old.names, **new.names}, {**old.tables, **new.tables}),
        egress=egress,
        barred=barred_from_controllers(settings, egress),
        is_incomplete=run.is_incomplete or any(each.source.incomplete for each in inputs.values()),
        sources=sources,
        places=places,
    )


def _state_with(state: State, run: RunConstants, inputs: Mapping[str, Input], values: Mapping[str, Value]) -> State:
    new = input_variables(inputs, values, run.key, first=len(state.run.sources), turn=state.turn)
    variables = Variables({**state.variables, **new})
    used = {**state.used, "value_bytes": variables.size_bytes}
    # An answer was given without the new inputs, so that they could not be read whole is no loss of it.
    lost = losses_of_inputs(any(each.source.incomplete for each in inputs.values())) if state.answer is None else ()
    return msgspec.structs.replace(
        state,
        run=run,
        variables=variables,
        used=used,
        coverage=Coverage(state.coverage.layout.with_inputs(values), state.coverage.marks),
        digest=state_digest(variables, used, state.exposure, run.flags, state.memo.digest),
        partial=tuple(dict.fromkeys((*state.partial, *lost))),
    )


def _check_room(state: State) -> None:
    limits = state.settings.limits
    for name, needed in (("value_bytes", state.variables.size_bytes), ("variables", len(state.variables))):
        limit: int = getattr(limits, name)
        if needed > limit:
            raise SettingsError(f"with the inputs {needed:,} {name} are needed, the limit is {limit:,}: raise it too")
