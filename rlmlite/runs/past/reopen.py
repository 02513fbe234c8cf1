"""Opening a trace that is not sealed, to go on with its run.

    the trace           genesis, turn 1 (3 steps), turn 2: its turn record and 2 of 4 steps; the journal has 1 result
    verified            hashes and order are right; the torn end of a crash is cut off
    a checkpoint        gives the past at once, if it is to be believed (`checkpoints`); otherwise
    executed again      each record is computed anew and must be the same: so this kernel can add to it
    the past            the state after turn 1, and turn 2 as unfinished: 3 records and 1 result of it are known

What goes on from there is a `Run`. It executes turn 2 from its start, writes what is not recorded yet, and asks for
what is not known yet.

The trace may be a stranger's, so of what it names outside its folder nothing is touched, unless the folder's tag says
that this user began it here, or the caller names it again (`Access`). What leaves the machine is always named again.
Not here: who asks for it (`session`, `nested`).
"""

from pathlib import Path

import msgspec

from rlmlite.errors import MORE_MEMORY, OutOfMemoryError, SettingError
from rlmlite.guard.code.parser import CODE_PARSER
from rlmlite.guard.terminal import one_line
from rlmlite.guard.trust.access import NO_ACCESS, Access
from rlmlite.guard.trust.origin import is_begun_here, store_begun_with
from rlmlite.inputs import READING, Reading, deriving
from rlmlite.inputs.formats.remote.urls import is_remote
from rlmlite.inputs.refetch import how_to_name, how_to_trust, open_places, sources_of
from rlmlite.runs.history import History, exchanges_of_records
from rlmlite.runs.outcome import ModelUsage
from rlmlite.runs.past.checkpoints import Checkpoint, CheckpointReader
from rlmlite.runs.run import Past
from rlmlite_kernel.records.evolution import lacked_guards
from rlmlite_kernel.records.records import Turn
from rlmlite_kernel.records.refs import RunKey
from rlmlite_kernel.run.snapshots.snapshot import SnapshotError, restore
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.values.inputs import Input
from rlmlite_traces import (
    READER_LIMITS,
    CheckedTrace,
    DirectoryStore,
    FileBlobs,
    Log,
    Replayed,
    Verdict,
    allow_claims,
    replay,
)
from rlmlite_traces.replays.beginning import read_settings


def reopen(
    path: Path,
    reading: Reading = READING,
    access: Access = NO_ACCESS,
    blobs: FileBlobs | None = None,
    *,
    lock_seconds: float = 0,
) -> Past:
    """The past of a trace. Its log is then open, and locked for this process.

    `blobs` are those of a parent, in which a nested run finds what its parent has read.
    Another process that works on it is waited for, up to `lock_seconds`.
    Raises `SettingError` for a run that cannot go on here, `OutOfMemoryError`, and what `Log.open` raises.
    """
    checkpoints = CheckpointReader()
    log = Log.open(path, checkpoints.read if blobs is None else None, lock_seconds=lock_seconds)
    try:
        if log.recovered is None:
            raise SettingError(
                f"{path} holds no run: its process was stopped before the run began; delete it and start again"
            )
        past = _past(log, log.recovered, reading, access, blobs)
        if log.is_resumed and checkpoints.checkpoint is not None:
            return _resumed(past, checkpoints.checkpoint)
        return msgspec.structs.replace(past, refusal=checkpoints.refusal)
    except SnapshotError as error:
        log.close()
        return msgspec.structs.replace(_executed_again(path, reading, access, lock_seconds), refusal=str(error))
    except BaseException:
        log.close()
        raise


def _executed_again(path: Path, reading: Reading, access: Access, lock_seconds: float) -> Past:
    """The past of a trace, whatever checkpoint is there."""
    log = Log.open(path, lock_seconds=lock_seconds)
    try:
        assert log.recovered is not None  # it was there a moment ago
        return _past(log, log.recovered, reading, access, None)
    except BaseException:
        log.close()
        raise


def _resumed(begun: Past, checkpoint: Checkpoint) -> Past:
    """The past that a checkpoint is of; `begun` is that of the genesis and of additions. Raises `SnapshotError`."""
    return msgspec.structs.replace(
        begun,
        state=restore(checkpoint.snapshot, begun.state, begun.blobs),
        history=History(encoded=checkpoint.history),
        usage=ModelUsage.of(checkpoint.counts, checkpoint.succeeded),
    )


def _past(log: Log, trace: CheckedTrace, reading: Reading, access: Access, parent: FileBlobs | None) -> Past:
    is_own = is_begun_here(log.path, trace)
    blobs = parent or _blobs(log.path, trace, access)
    key = RunKey(log.run_key)
    with open_places(trace, access.inputs, reading, blobs) as places:
        derive = deriving(reading)
        # Whoever began a run has set its limits. A stranger's are bounded by what any reader allows.
        limits = allow_claims(trace) if is_own or parent is not None else READER_LIMITS
        replayed = replay(
            trace,
            places,
            blobs,
            key,
            derive=derive,
            parser=CODE_PARSER,
            recorded_paths=is_own and parent is None,
            limits=limits,
            is_beginning=log.is_resumed,
        )
    check_reproduced(replayed, log.path, trace, is_own)
    state, unfinished = replayed.state, replayed.unfinished
    assert state is not None  # the genesis was reproduced

    # History and usage are those of whole turns. What the unfinished one has recorded is added when it ends.
    of_unfinished_turn = 0 if unfinished is None else unfinished.recorded
    whole = trace.size - of_unfinished_turn
    whole_turns = trace.records[:whole]
    settings = read_settings(trace)
    assert not isinstance(settings, str)  # the genesis was reproduced
    room = settings.limits.observation_bytes
    return Past(
        log=log,
        state=state,
        blobs=blobs,
        inputs=inputs_of(trace, state),
        history=History(exchanges_of_records(whole_turns, trace.content, room)),
        unfinished=unfinished,
        usage=usage_in(trace, whole),
    )


def _blobs(path: Path, trace: CheckedTrace, access: Access) -> FileBlobs:
    """The blobs through which a run that goes on reads its inputs."""
    if access.store is not None:
        # Named to find inputs there. Nothing is added to it: the store that the run had is not known.
        return FileBlobs(store=DirectoryStore.open_to_read(access.store))
    store_path = store_begun_with(path, trace)
    if store_path is None:
        return FileBlobs()
    # A run that copied its inputs goes on copying, and reads the copies: files may have changed since.
    return FileBlobs(store=DirectoryStore.open_existing(store_path), copy=True)


def check_reproduced(replayed: Replayed, path: Path, trace: CheckedTrace, is_own: bool) -> None:
    """Raise `SettingError` unless the trace is what this kernel computes, with these engines and these inputs.

    In this order, because a missing input or another engine is why a verdict is bad, and something to act on.
    """
    sources = sources_of(trace)
    for name, reason in replayed.missing.items():
        source = sources.get(name)
        advice = how_to_name(name, source)
        if source is not None and source.path is not None and is_remote(source.path):
            reason = "it is fetched only if you name it"
        own = "" if is_own else how_to_trust(path)
        lacks = f"{path} cannot go on without its input {one_line(name)}: {one_line(reason)}"
        raise SettingError(f"{lacks}; say where it is: {advice}{own}")
    for name, (recorded, here) in replayed.engines.items():
        if recorded:  # none is recorded for an extra that was installed since: the run has not used it
            raise SettingError(f"{path} was written with {name} {recorded}, and this is {here}: begin a new one")
    if replayed.stopped:
        raise OutOfMemoryError(f"{path}: {replayed.stopped}; {MORE_MEMORY}")
    if replayed.verdict is not Verdict.REPRODUCED:
        raise SettingError(f"{path} is not what its run computes: see `rlmlite trace replay {path}`")


def refusal_to_go_on(path: Path, trace: CheckedTrace, is_own: bool) -> str:
    """Why a session that is not the user's own may not execute more; empty if it may.

    A genesis names the rules that its run follows, whoever wrote it. Under old rules some of today's guards are off.
    """
    lacked = "" if is_own else lacked_guards(trace.genesis.flags)
    if not lacked:
        return ""
    return (
        f"{path} follows rules of an older version, which let {lacked}, and it was not begun here; "
        f"begin a new session, or, if you know who began this one, run `rlmlite trust {path}` once"
    )


def inputs_of(trace: CheckedTrace, state: State) -> dict[str, Input]:
    """The inputs as they were when the run began, each with where it came from."""
    inputs: dict[str, Input] = {}
    for name, source in sources_of(trace).items():
        # An input from memory has its content in the trace, and no file that a nested run could be told of.
        memory = None if source.content is None else trace.content(source.content)
        value = state.variables[name].data.value
        inputs[name] = Input(value, msgspec.structs.replace(source, content=None), memory)
    return inputs


def usage_in(trace: CheckedTrace, whole: int) -> ModelUsage:
    """What models reported in the first `whole` records of a trace."""
    usage = ModelUsage()
    for seq, record in enumerate(trace.records[:whole]):
        if isinstance(record, Turn) and record.call is not None:
            usage.add_reply(record.call)
        usage.add(trace.effects(seq))
    return usage
