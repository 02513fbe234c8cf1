"""Opening a trace that is not sealed, to go on with its run: verified, executed again, and only then added to.

Not here: what goes on from there (`runner.Run`), or who asks (`session`).
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from rlmlite.errors import SettingError
from rlmlite.inputs import READING, Reading, deriving
from rlmlite.inputs.refetch import refetch
from rlmlite.runs.history import Exchange, of_records
from rlmlite.runs.outcome import ModelUsage
from rlmlite_kernel.effects.requests import Failed, Usage
from rlmlite_kernel.records.records import Turn
from rlmlite_kernel.records.refs import RunKey
from rlmlite_kernel.run.state import State
from rlmlite_kernel.values.inputs import Input, Source
from rlmlite_traces import CheckedTrace, FileBlobs, Log, Replayed, Unfinished, Verdict, replay, store_of

_SOURCE = msgspec.json.Decoder(Source)


class Past(msgspec.Struct, frozen=True):
    """A run as its trace tells it: the state after its last whole turn, and the turn that something stopped."""

    log: Log
    state: State
    blobs: FileBlobs
    inputs: Mapping[str, Input]
    history: tuple[Exchange, ...]
    unfinished: Unfinished | None
    usage: ModelUsage


def reopen(path: Path, reading: Reading = READING) -> Past:
    """The past of a trace, whose log is then open for this process alone.

    Raises `SettingError` for a run that cannot go on here, and what `Log.open` raises.
    """
    log = Log.open(path)
    try:
        if log.recovered is None:
            raise SettingError(f"{path} holds no run: it was stopped before it began; remove it and make it again")
        return _past(log, log.recovered, reading)
    except BaseException:
        log.close()
        raise


def _past(log: Log, trace: CheckedTrace, reading: Reading) -> Past:
    store = store_of(log.path)
    blobs = FileBlobs(store=store, copy=store is not None)
    with refetch(trace, reading, blobs) as places:
        found = replay(trace, places, blobs, RunKey(log.run_key), derive=deriving(reading))
    _check(found, log.path)
    assert found.state is not None
    recorded = 0 if found.unfinished is None else found.unfinished.recorded
    whole = trace.size - recorded
    history = of_records(trace.records[:whole], trace.content, found.state.settings.limits.observation_bytes)
    return Past(log, found.state, blobs, _inputs(trace, found.state), history, found.unfinished, usage_in(trace, whole))


def _check(found: Replayed, path: Path) -> None:
    """Raise unless what is recorded is what this kernel computes, with these engines and these inputs."""
    for name, reason in found.missing.items():
        raise SettingError(f"{path} cannot go on without its input {name}: {reason}")
    for name, (recorded, here) in found.engines.items():
        if not recorded:  # an extra that is new here: what was done without it stays as it is
            continue
        raise SettingError(f"{path} was written with {name} {recorded}, here is {here}: begin a new one")
    if found.verdict is not Verdict.REPRODUCED:
        raise SettingError(f"{path} is not what its run computes: see `rlmlite trace replay {path}`")


def _inputs(trace: CheckedTrace, state: State) -> dict[str, Input]:
    """The inputs with where they came from."""
    return {
        entry.name: Input(state.variables[entry.name].data.value, _SOURCE.decode(trace.content(entry.source)))
        for entry in trace.genesis.inputs
        if entry.source is not None
    }


def usage_in(trace: CheckedTrace, whole: int) -> ModelUsage:
    """What models reported in the turns that the first `whole` records are."""
    usage = ModelUsage()
    for seq, record in enumerate(trace.records[:whole]):
        if isinstance(record, Turn) and record.call is not None:
            usage.add_reply(record.call)
        usage.add(Failed("unavailable", Usage(*call.usage)) for call in trace.effects(seq))
    return usage
