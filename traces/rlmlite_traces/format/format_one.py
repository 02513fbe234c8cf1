"""Trace format 1, which is read and no longer written: the shapes of its lines, and their meaning as today's records.

It repeats what format 2 leaves out. Every field is written, even if it has its default; a record holds the state
before it as well as the one after, and the ref of each value that it read; each call is written whole, with its id and
everything that it shares with its neighbours; each blob names its ref.

    old    {"kind":"step","reads":[["log","5c2f…"]],"state":["a1…","b2…"],"v":1, …}
    today  Step(reads=("log",), state="b2…", …), and beside it the state before, "a1…", for the chain to check

An old line is decoded in its own shape, and checked in it for its one spelling, before it becomes a record of today.
Not here: the way back, which a replay needs (`replays.as_format_one`).
"""

from collections.abc import Iterator
from typing import TypeAlias, assert_never

import msgspec

from rlmlite_kernel.records.records import (
    ZERO,
    AnyRecord,
    EffectRecord,
    Effects,
    Genesis,
    InputEntry,
    Observed,
    Ref,
    Seal,
    Span,
    Spoken,
    Step,
    Turn,
    Usage3,
    Written,
)
from rlmlite_kernel.records.refs import SALT_BYTES
from rlmlite_traces.errors import TraceBrokenError
from rlmlite_traces.format.lines import BLOBS, EFFECTS, HEX, RECORDS, AnyBlobLine, BlobLine, TextLine, decode_strictly


class OldRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What every line of `trace.jsonl` has. `v` is the format's number, in each line again."""

    v: int = 1
    seq: int = 0
    prev: str = ZERO


class OldInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `InputEntry`."""

    name: str
    kind: str
    ref: Ref
    size: int
    source: Ref | None
    sha256: str | None


class OldGenesis(OldRecord, tag="genesis", frozen=True, kw_only=True):
    """See `Genesis`. `semantics` was 1 as long as this format was written."""

    run: str
    semantics: int
    kernel: str
    engines: dict[str, str]
    grammar: str
    actions: str
    settings: Ref
    inputs: tuple[OldInput, ...]
    scope: dict[str, str]
    state: str
    parent: str | None


class OldSpoken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `Spoken`."""

    role: str
    model: str
    prompt: Ref
    prompt_bytes: int
    max_output_tokens: int
    usage: Usage3
    cached: bool = False
    error: str = ""


class OldTurn(OldRecord, tag="turn", frozen=True, kw_only=True):
    """See `Turn`."""

    turn: int
    origin: str
    reply: Ref | None
    program: Ref | None
    ast: Ref | None
    diagnostics: Ref | None
    call: OldSpoken | None
    used: dict[str, int]
    state: tuple[str, str]


class OldObserved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `Observed`. An empty text had a blob too."""

    ref: Ref
    size: int
    origins: tuple[str, ...]
    cut: int


class OldWritten(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `Written`."""

    name: str
    kind: str
    ref: Ref
    size: int


class OldEffects(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `Effects`."""

    n: int
    root: str
    ok: int
    failed: int


class OldStep(OldRecord, tag="step", frozen=True, kw_only=True):
    """See `Step`. `coverage` had every input, each time."""

    turn: int
    step: int
    statement: int
    op: str
    ast: Ref
    reads: tuple[tuple[str, Ref], ...]
    writes: tuple[OldWritten, ...]
    effects: OldEffects | None
    observation: OldObserved
    coverage: dict[str, tuple[int, int, int]]
    priced: dict[str, int]
    used: dict[str, int]
    status: str
    code: str
    state: tuple[str, str]


class OldSeal(OldRecord, tag="seal", frozen=True, kw_only=True):
    """See `Seal`."""

    steps: int
    outcome: str
    reason: str
    result: Ref | None
    state: str


class OldChild(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See `Child`."""

    root: str
    status: str
    reason: str
    used: dict[str, int]


class OldEffect(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="effect", forbid_unknown_fields=True):
    """See `EffectRecord`."""

    v: int = 1
    step: int
    index: int
    id: str
    effect: str = "lm"
    role: str
    model: str
    max_output_tokens: int
    recipe: tuple[Ref | Span, ...]
    rendered: Ref
    prompt_bytes: int
    result: Ref | None
    error: str
    detail: Ref | None = None
    usage: Usage3
    cached: bool
    inputs: dict[str, Ref] = {}
    child: OldChild | None = None


class OldBlob(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """See `TextLine` and `BlobLine`: one shape for all contents, with the ref in each line and the salt in hex."""

    ref: str
    salt: str
    text: str | None = None
    base64: bytes | None = None
    size: int | None = None


AnyOld: TypeAlias = OldGenesis | OldTurn | OldStep | OldSeal

_records: msgspec.json.Decoder[AnyOld] = msgspec.json.Decoder(AnyOld)
_effects = msgspec.json.Decoder(OldEffect)
_blobs = msgspec.json.Decoder(OldBlob)


def decode_record(line: bytes, position: int) -> tuple[AnyRecord, str | None]:
    """A line of `trace.jsonl` as today's record, and the state before it. Raises `TraceBrokenError`."""
    old = decode_strictly(_records, line, RECORDS, position)
    _check_version(old.v, RECORDS, position)
    match old:
        case OldStep():
            return _convert_step(old, position), old.state[0]
        case OldTurn():
            return _convert_turn(old), old.state[0]
        case OldGenesis():
            return _convert_genesis(old), None
        case OldSeal():
            return _convert_seal(old), None
        case _:
            assert_never(old)


def decode_effect(line: bytes, position: int) -> OldEffect:
    """A line of `effects.jsonl`. Raises `TraceBrokenError`."""
    old = decode_strictly(_effects, line, EFFECTS, position)
    _check_version(old.v, EFFECTS, position)
    return old


def decode_blob(line: bytes, position: int) -> tuple[AnyBlobLine, Ref]:
    """A line of `blobs.jsonl` as today's, and the ref that it names. Raises `TraceBrokenError`."""
    old = decode_strictly(_blobs, line, BLOBS, position)
    ways = sum(way is not None for way in (old.text, old.base64, old.size))
    if ways != 1:
        raise TraceBrokenError(BLOBS, position, "one-content", "exactly one of text, base64, size", str(ways))
    if HEX.fullmatch(old.ref) is None:
        raise TraceBrokenError(BLOBS, position, "ref", "64 hex digits", old.ref)
    try:
        salt = bytes.fromhex(old.salt)
    except ValueError:
        salt = b""
    if salt.hex() != old.salt:
        raise TraceBrokenError(BLOBS, position, "salt", f"{SALT_BYTES} bytes in hex", old.salt)
    if old.text is not None:
        return TextLine(salt, old.text), old.ref
    ref = "" if old.size is None else old.ref
    return BlobLine(salt, ref, old.base64, old.size), old.ref


def convert_call(old: OldEffect) -> EffectRecord:
    """A call as today's record. Format 1 did not write down its round."""
    fields = {name: getattr(old, name) for name in old.__struct_fields__ if name not in ("v", "child")}
    child = None if old.child is None else msgspec.convert(msgspec.to_builtins(old.child), _CHILD)
    return EffectRecord(**fields, child=child)


_CHILD = EffectRecord.__annotations__["child"]


def reads_of(line: bytes, position: int) -> Iterator[tuple[str, Ref]]:
    """The names that a step's line says it read, each with the ref of its value."""
    old = decode_strictly(_records, line, RECORDS, position)
    if isinstance(old, OldStep):
        yield from old.reads


def _check_version(found: int, file: str, position: int) -> None:
    if found != 1:
        raise TraceBrokenError(file, position, "format", "1, as in the first line", str(found))


def _convert_genesis(old: OldGenesis) -> Genesis:
    inputs = tuple(
        InputEntry(name=each.name, kind=each.kind, ref=each.ref, size=each.size, source=each.source, sha256=each.sha256)
        for each in old.inputs
    )
    return Genesis(
        v=1,
        seq=old.seq,
        prev=old.prev,
        run=old.run,
        rendering=1,
        kernel=old.kernel,
        engines=old.engines,
        grammar=old.grammar,
        actions=old.actions,
        settings=old.settings,
        inputs=inputs,
        scope=old.scope,
        state=old.state,
        parent=old.parent,
    )


def _convert_turn(old: OldTurn) -> Turn:
    call = None
    if old.call is not None:
        call = Spoken(**{name: getattr(old.call, name) for name in old.call.__struct_fields__})
    return Turn(
        seq=old.seq,
        prev=old.prev,
        turn=old.turn,
        origin=old.origin,
        reply=old.reply,
        program=old.program,
        ast=old.ast,
        diagnostics=old.diagnostics,
        call=call,
        used=old.used,
        state=old.state[1],
    )


def _convert_step(old: OldStep, position: int) -> Step:
    return Step(
        seq=old.seq,
        prev=old.prev,
        turn=old.turn,
        step=old.step,
        statement=old.statement,
        op=old.op,
        ast=old.ast,
        reads=tuple(name for name, _ in old.reads),
        writes=tuple(Written(each.name, each.kind, each.size, each.ref) for each in old.writes),
        effects=None if old.effects is None else _convert_effects(old.effects, position),
        observation=_convert_observed(old.observation),
        coverage=old.coverage,
        priced=old.priced,
        used=old.used,
        status=old.status,
        code=old.code,
        state=old.state[1],
    )


def _convert_effects(old: OldEffects, position: int) -> Effects:
    sums_up = old.ok + old.failed == old.n
    if not sums_up:  # today's record holds only two of the three numbers, so it cannot be checked later
        raise TraceBrokenError(RECORDS, position, "effects-count", "ok and failed add up to n", str(old))
    return Effects(n=old.n, root=old.root, failed=old.failed)


def _convert_observed(old: OldObserved) -> Observed:
    return Observed(ref=old.ref, size=old.size, origins=old.origins, cut=old.cut)


def _convert_seal(old: OldSeal) -> Seal:
    return Seal(
        seq=old.seq,
        prev=old.prev,
        steps=old.steps,
        outcome=old.outcome,
        reason=old.reason,
        result=old.result,
        state=old.state,
    )
