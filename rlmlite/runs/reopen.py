"""Opening a trace that is not sealed, to go on with its run.

    the trace           genesis, turn 1 (3 steps), turn 2: its turn record and 2 of 4 steps; the journal has 1 result
    verified            hashes and order are right; the torn end of a crash is cut off
    executed again      each record is computed anew and must be the same: so this kernel can add to it
    the past            the state after turn 1, and turn 2 as unfinished: 3 records and 1 result of it are known

What goes on from there is a `Run`. It executes turn 2 from its start, writes what is not recorded yet, and asks for
what is not known yet.
Not here: who asks for it (`session`, `nested`).
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from rlmlite.errors import MORE_MEMORY, OutOfMemoryError, SettingError
from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite.inputs import READING, Reading, deriving
from rlmlite.inputs.refetch import refetch
from rlmlite.runs.history import Exchange, exchanges_of_records
from rlmlite.runs.outcome import ModelUsage
from rlmlite_kernel.effects.requests import Failed, Usage
from rlmlite_kernel.records.records import Turn
from rlmlite_kernel.records.refs import RunKey
from rlmlite_kernel.run.state import State
from rlmlite_kernel.values.inputs import Input, Source
from rlmlite_traces import CheckedTrace, FileBlobs, Log, Replayed, Unfinished, Verdict, replay, store_of

_SOURCE = msgspec.json.Decoder(Source)


class Past(msgspec.Struct, frozen=True):
    """A run from its trace: the state after its last whole turn, and the turn that something stopped, if one was."""

    log: Log
    state: State
    blobs: FileBlobs
    inputs: Mapping[str, Input]
    history: tuple[Exchange, ...]
    unfinished: Unfinished | None
    usage: ModelUsage


def reopen(path: Path, reading: Reading = READING) -> Past:
    """The past of a trace. Its log is then open, and locked for this process.

    Raises `SettingError` for a run that cannot go on here, `OutOfMemoryError`, and what `Log.open` raises.
    """
    log = Log.open(path)
    try:
        if log.recovered is None:
            raise SettingError(
                f"{path} holds no run: its process was stopped before the run began; delete it and start again"
            )
        return _past(log, log.recovered, reading)
    except BaseException:
        log.close()
        raise


def _past(log: Log, trace: CheckedTrace, reading: Reading) -> Past:
    # A run that copied its inputs goes on copying, and reads the copies: files may have changed since.
    store = store_of(log.path)
    blobs = FileBlobs(store=store, copy=store is not None)
    key = RunKey(log.run_key)
    with refetch(trace, reading, blobs) as places:
        replayed = replay(trace, places, blobs, key, derive=deriving(reading), parser=CODE_PARSER)
    _check(replayed, log.path)
    state, unfinished = replayed.state, replayed.unfinished
    assert state is not None  # the genesis was reproduced

    # History and usage are those of whole turns. What the unfinished one has recorded is added when it ends.
    of_unfinished_turn = 0 if unfinished is None else unfinished.recorded
    whole = trace.size - of_unfinished_turn
    whole_turns = trace.records[:whole]
    room = state.settings.limits.observation_bytes
    return Past(
        log=log,
        state=state,
        blobs=blobs,
        inputs=_inputs(trace, state),
        history=exchanges_of_records(whole_turns, trace.content, room),
        unfinished=unfinished,
        usage=usage_in(trace, whole),
    )


def _check(replayed: Replayed, path: Path) -> None:
    """Raise `SettingError` unless the trace is what this kernel computes, with these engines and these inputs.

    In this order, because a missing input or another engine is why a verdict is bad, and something to act on.
    """
    for name, reason in replayed.missing.items():
        raise SettingError(f"{path} cannot go on without its input {name}: {reason}")
    for name, (recorded, here) in replayed.engines.items():
        if recorded:  # none is recorded for an extra that was installed since: the run has not used it
            raise SettingError(f"{path} was written with {name} {recorded}, and this is {here}: begin a new one")
    if replayed.stopped:
        raise OutOfMemoryError(f"{path}: {replayed.stopped}; {MORE_MEMORY}")
    if replayed.verdict is not Verdict.REPRODUCED:
        raise SettingError(f"{path} is not what its run computes: see `rlmlite trace replay {path}`")


def _inputs(trace: CheckedTrace, state: State) -> dict[str, Input]:
    """The inputs, each with where it came from."""
    inputs: dict[str, Input] = {}
    for entry in trace.genesis.inputs:
        if entry.source is not None:
            source = _SOURCE.decode(trace.content(entry.source))
            inputs[entry.name] = Input(state.variables[entry.name].data.value, source)
    return inputs


def usage_in(trace: CheckedTrace, whole: int) -> ModelUsage:
    """What models reported in the first `whole` records of a trace."""
    usage = ModelUsage()
    for seq, record in enumerate(trace.records[:whole]):
        if isinstance(record, Turn) and record.call is not None:
            usage.add_reply(record.call)
        # Only the usage of these results counts, so it does not matter that none of them failed.
        calls = trace.effects(seq)
        usage.add(Failed("unavailable", Usage(*call.usage)) for call in calls)
    return usage
