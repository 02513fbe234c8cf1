"""Format 1's spelling: the entries of a replay, line by line, as the writer of format 1 would have written them.

A trace of format 1 is re-executed by today's kernel, whose records say less: no state before, no refs of what was read,
only the coverage that changed. All of that follows from earlier records, so `Spelling` remembers it as it goes along:

    today  {"kind":"step","reads":["log"],"coverage":{},"state":"b2…", ...}
    memory log -> 5c2f…, coverage {"log": [500, 0, 0]}, state a1…
    old    {"kind":"step","reads":[["log","5c2f…"]],"coverage":{"log":[500,0,0]},"state":["a1…","b2…"], ...}

The result must be the recorded line byte for byte. So an old trace is compared as strictly as a new one.
The shapes of the old lines are in `format_one`, which also reads them.
"""

import msgspec

from rlmlite_kernel import Answer
from rlmlite_kernel.program.recorded import decode_reading, encode_reading_as_format_one
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.merkle import root_of
from rlmlite_kernel.records.records import (
    AnyRecord,
    Child,
    EffectRecord,
    Entry,
    Genesis,
    Ref,
    Seal,
    Spoken,
    Step,
    Turn,
    Written,
)
from rlmlite_kernel.records.refs import Salts, blob
from rlmlite_traces.format.format_one import (
    OldChild,
    OldEffect,
    OldEffects,
    OldGenesis,
    OldInput,
    OldObserved,
    OldRecord,
    OldSeal,
    OldSpoken,
    OldStep,
    OldTurn,
    OldWritten,
)
from rlmlite_traces.format.lines import encode


class Spelling:
    """Spells the entries of one run. Give it each entry once, in order: it remembers what the next ones need."""

    def __init__(self, salts: Salts) -> None:
        self._salts = salts
        self._state = ""  # after the last record
        self._refs: dict[str, Ref] = {}  # the value of each variable that a record has written
        self._coverage: dict[str, tuple[int, int, int]] = {}

    def spell_calls(self, entry: Entry) -> list[bytes]:
        """The old lines of an entry's calls."""
        return [encode(_spell_call(call)) for call in entry.effects]

    def spell(self, entry: Entry, answer: Answer | None) -> OldRecord:
        """The old record, without its place, and remember what it changes. `answer` is the run's, for its seal.

        Raises `ValueError` for a kind of record that format 1 did not have.
        """
        record = entry.record
        match record:
            case Genesis():
                old: OldRecord = _spell_genesis(record)
                self._refs = {each.name: each.ref for each in record.inputs}
                self._coverage = {each.name: (0, 0, 0) for each in record.inputs}
            case Turn():
                old = self._spell_turn(entry, record)
            case Step():
                self._coverage |= record.coverage
                old = self._spell_step(entry, record)
                self._refs |= {each.name: each.ref for each in record.writes}
            case Seal():
                old = _spell_seal(record, self._commit_answer(answer))
            case _:
                raise ValueError(f"format 1 has no record of kind {type(record).__name__.lower()}")
        self._state = _state_of(record)
        return old

    def _spell_turn(self, entry: Entry, record: Turn) -> OldTurn:
        """The old turn. It kept the text that was read in a blob of its own (`program`)."""
        contents = {item.ref: item.content for item in entry.blobs}
        reading = decode_reading(record, contents.__getitem__)
        assert reading is not None
        read = blob(self._salts, encode_reading_as_format_one(reading)).ref
        return OldTurn(
            turn=record.turn,
            origin=record.origin,
            reply=record.reply,
            program=blob(self._salts, reading.text.encode()).ref,
            ast=read if record.ast is not None else None,
            diagnostics=read if record.diagnostics is not None else None,
            call=None if record.call is None else _spell_spoken(record.call),
            used=record.used,
            state=(self._state, record.state),
        )

    def _spell_step(self, entry: Entry, record: Step) -> OldStep:
        observation = record.observation
        lines = self.spell_calls(entry)
        return OldStep(
            turn=record.turn,
            step=record.step,
            statement=record.statement,
            op=record.op,
            ast=record.ast,
            reads=tuple((name, self._refs[name]) for name in record.reads),
            writes=tuple(_spell_written(each) for each in record.writes),
            effects=_spell_effects(record, lines),
            observation=OldObserved(
                ref=observation.ref or blob(self._salts, b"").ref,
                size=observation.size,
                origins=observation.origins,
                cut=observation.cut,
            ),
            coverage=dict(self._coverage),
            priced=record.priced,
            used=record.used,
            status=record.status,
            code=record.code,
            state=(self._state, record.state),
        )

    def _commit_answer(self, answer: Answer | None) -> Ref | None:
        """The ref of the answer as format 1 spelled it: each piece of evidence by itself."""
        return None if answer is None else blob(self._salts, value_bytes(msgspec.to_builtins(answer))).ref


def _state_of(record: AnyRecord) -> str:
    return getattr(record, "state", "")


def _spell_genesis(record: Genesis) -> OldGenesis:
    inputs = tuple(
        OldInput(name=each.name, kind=each.kind, ref=each.ref, size=each.size, source=each.source, sha256=each.sha256)
        for each in record.inputs
    )
    return OldGenesis(
        run=record.run,
        semantics=1,
        kernel=record.kernel,
        engines=record.engines,
        grammar=record.grammar,
        actions=record.actions,
        settings=record.settings,
        inputs=inputs,
        scope=record.scope,
        state=record.state,
        parent=record.parent,
    )


def _spell_spoken(call: Spoken) -> OldSpoken:
    return OldSpoken(
        role=call.role,
        model=call.model,
        prompt=call.prompt,
        prompt_bytes=call.prompt_bytes,
        max_output_tokens=call.max_output_tokens,
        usage=call.usage,
        cached=call.cached,
        error=call.error,
    )


def _spell_written(written: Written) -> OldWritten:
    return OldWritten(name=written.name, kind=written.kind, ref=written.ref, size=written.size)


def _spell_effects(record: Step, lines: list[bytes]) -> OldEffects | None:
    effects = record.effects
    if effects is None:
        return None
    return OldEffects(n=effects.n, root=root_of(lines), ok=effects.ok, failed=effects.failed)


def _spell_seal(record: Seal, result: Ref | None) -> OldSeal:
    return OldSeal(
        steps=record.steps,
        outcome=record.outcome,
        reason=record.reason,
        result=result,
        state=record.state,
    )


def _spell_call(call: EffectRecord) -> OldEffect:
    return OldEffect(
        step=call.step,
        index=call.index,
        id=call.id,
        effect=call.effect,
        role=call.role,
        model=call.model,
        max_output_tokens=call.max_output_tokens,
        recipe=call.recipe,
        rendered=call.rendered,
        prompt_bytes=call.prompt_bytes,
        result=call.result,
        error=call.error,
        detail=call.detail,
        usage=call.usage,
        cached=call.cached,
        inputs=call.inputs,
        child=None if call.child is None else _spell_child(call.child),
    )


def _spell_child(child: Child) -> OldChild:
    return OldChild(root=child.root, status=child.status, reason=child.reason, used=child.used)
