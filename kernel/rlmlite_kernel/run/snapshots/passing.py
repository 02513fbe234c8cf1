"""A run between turns, or a turn that waits for calls, as bytes: to go on in another process, on another day.

    one process                                     another one
    turn = advance(begun.state, program, blobs)
    data = save_run(turn, blobs)              ->    begun = begin(the same inputs, settings and key)
                                                    turn = load_run(data, begun.state, blobs)
                                                    turn = resume(turn, results, blobs)

What `begin` gives is not in the bytes: settings, inputs, the key. So nothing secret is in them but what the run has
made of its inputs. Whoever can write the bytes can change notes, evidence and labels of the run, which no digest
covers: keep them as you keep the run's key. The turn is executed again up to where it waited (`run.hosts.past`),
without any call.
"""

import hashlib
from typing import Final

import msgspec

from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.program.ast import Parsed
from rlmlite_kernel.program.recorded import read_program, write_program
from rlmlite_kernel.records.evolution import KERNEL
from rlmlite_kernel.records.records import Spoken
from rlmlite_kernel.run.machine import Done, Suspended, advance, resume
from rlmlite_kernel.run.snapshots.graph import UnkeptError
from rlmlite_kernel.run.snapshots.snapshot import Snapshot, SnapshotError, restore, take_snapshot
from rlmlite_kernel.run.steps.state import State
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.parsers import NO_PARSER, Parser


class SavedTurn(msgspec.Struct, frozen=True):
    """A turn that waits: what it was begun and resumed with (`TurnPast`), and the ids of the calls it waits for."""

    said: bytes
    reply: str | None
    origin: str
    call: Spoken | None
    stepwise: bool
    refusal: str
    results: tuple[tuple[Result, ...], ...]
    waits_for: tuple[str, ...]


class SavedRun(msgspec.Struct, frozen=True):
    """A run as bytes. `run`, `settings` and `inputs` (digests) say which one; between turns there is no `turn`."""

    kernel: str
    run: str
    settings: str
    inputs: str
    snapshot: Snapshot
    observation: str = ""
    halted: str = ""
    turn: SavedTurn | None = None


_DECODER: Final = msgspec.msgpack.Decoder(SavedRun)


def save_run(turn: Done | Suspended, blobs: Blobs) -> bytes:
    """The bytes of a run, after `begin` or a turn, or while one waits.

    Its `entries` are not in them: append them to the log before, or keep them beside the bytes.

    Raises `UnkeptError` for what has no form as bytes (lines of texts of 16 MiB and more that a variable holds, more
    than 64 MiB of made texts): then go on from the trace, with `rlmlite_traces.replay`.
    """
    state = turn.past.state if isinstance(turn, Suspended) else turn.state
    saved = SavedRun(
        kernel=KERNEL,
        run=state.run.id,
        settings=_digest_of_settings(state),
        inputs=_digest_of_inputs(state),
        snapshot=take_snapshot(state, blobs),
        observation="" if isinstance(turn, Suspended) else turn.observation,
        halted="" if isinstance(turn, Suspended) else turn.halted,
        turn=_saved_turn(turn) if isinstance(turn, Suspended) else None,
    )
    return msgspec.msgpack.encode(saved)


def load_run(data: bytes, begun: State, blobs: Blobs, *, parser: Parser = NO_PARSER) -> Done | Suspended:
    """The run or turn that `save_run` was given, without its `entries`. `begun` is the state that `begin` gave.

    A host that has added inputs or limits since adds them again before (`add`). Raises `SnapshotError` for bytes of
    another run or version, and for others than `save_run` gives.
    """
    try:
        saved = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise SnapshotError(f"these bytes are no saved run: {error}") from None
    _check_is_of(saved, begun)
    state = restore(saved.snapshot, begun, blobs)
    if saved.turn is None:
        return Done(state, (), saved.observation, saved.halted)
    return msgspec.structs.replace(_wait_again(saved.turn, state, blobs, parser), entries=())


def _check_is_of(saved: SavedRun, begun: State) -> None:
    """Raise `SnapshotError` for the bytes of another run than the one that was begun."""
    expected = {
        "kernel": KERNEL,
        "run": begun.run.id,
        "settings": _digest_of_settings(begun),
        "inputs": _digest_of_inputs(begun),
    }
    advice = {
        "kernel": "load it with the version that wrote it, or go on from the trace",
        "run": "begin it with the same key",
        "settings": "begin it with the same settings and flags",
        "inputs": "begin it with the same inputs, in the same order",
    }
    for name, value in expected.items():
        found = getattr(saved, name)
        if found != value:
            raise SnapshotError(f"the {name} differ: expected {value[:40]}, found {found[:40]}; {advice[name]}")


def _digest_of_settings(state: State) -> str:
    return _digest((state.settings, sorted(state.run.flags)))


def _digest_of_inputs(state: State) -> str:
    # Their refs commit to their contents.
    return _digest([(name, state.variables[name].ref) for name in state.run.sources])


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def _saved_turn(turn: Suspended) -> SavedTurn:
    past = turn.past
    if not past.is_whole:
        raise UnkeptError("the turn was told of outages, or of a verdict, which a saved turn has no place for")
    return SavedTurn(
        write_program(past.said),
        past.reply,
        past.origin,
        past.call,
        past.stepwise,
        past.refusal,
        past.results,
        tuple(request.id for request in turn.requests),
    )


def _wait_again(saved: SavedTurn, state: State, blobs: Blobs, parser: Parser) -> Suspended:
    """The turn, executed again up to where it waited. Raises `SnapshotError` if it waits for other calls then."""
    try:
        said: Parsed = read_program(saved.said)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise SnapshotError(f"its program cannot be read: {error}") from None
    turn = advance(
        state,
        said,
        blobs,
        reply=saved.reply,
        origin=saved.origin,
        call=saved.call,
        parser=parser,
        stepwise=saved.stepwise,
        refusal=saved.refusal,
    )
    for results in saved.results:
        if not isinstance(turn, Suspended) or len(turn.requests) != len(results):
            break
        turn = resume(turn, results, blobs, parser=parser)
    if not isinstance(turn, Suspended) or tuple(request.id for request in turn.requests) != saved.waits_for:
        raise SnapshotError("the turn now waits for other calls; begin it with the same inputs, actions and parser")
    return turn
