"""Every field of every record, with other values that it might have.

A field is named by the type that has it, as the reference lists it: `Spoken.prompt`, `CallLine.usage`. An edit gives
the entries of a trace with one field changed in one place, and nothing else: `rechain` then makes it consistent.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from rlmlite_kernel.records.call_lines import CallLine, CallsHead, Rare
from rlmlite_kernel.records.records import (
    Blob,
    Checkpoint,
    Child,
    EffectRecord,
    Effects,
    Entry,
    Redact,
    Remark,
    Spoken,
    Written,
)
from rlmlite_traces import CheckedTrace
from tests.traces.forge.folders import with_record

HEX = "ab" * 32


class Edit(NamedTuple):
    """One changed field: its name in the table, what it became, and the entries that have it."""

    field: str
    value: str
    entries: list[Entry]


PLACE: Final = frozenset({"seq", "prev", "kind"})
"""A record's place, which `verify` computes: they are changed by moving lines, not here."""


def edits(trace: CheckedTrace, entries: list[Entry]) -> Iterator[Edit]:
    """Each field of each kind of record in a trace, in the first place and the last one that have it."""
    yield from _of_records(trace, entries)
    yield from _of_calls(trace, entries)


def _of_records(trace: CheckedTrace, entries: list[Entry]) -> Iterator[Edit]:
    seen: dict[str, set[int]] = {}
    places = [*range(len(entries)), *range(len(entries) - 1, -1, -1)]
    for at in places:
        record = entries[at].record
        for name, changed, value in _variants(record, trace):
            tried = seen.setdefault(name, set())
            # The first two places that have it, and the last: a later one seldom differs.
            if at in tried or len(tried) >= 3:
                continue
            yield Edit(name, value, with_record(entries, at, changed))
        for name in {name for name, _, _ in _variants(record, trace)}:
            if len(seen.setdefault(name, set())) < 3:
                seen[name].add(at)


def _variants(struct: Any, trace: CheckedTrace) -> Iterator[tuple[str, Any, str]]:
    """Each field of a struct with other values, and of the structs in it: the name, the changed struct, the value."""
    kind = type(struct).__name__
    for name in struct.__struct_fields__:
        if name in PLACE:
            continue
        value = getattr(struct, name)
        for other in _others(name, value, trace):
            yield f"{kind}.{name}", msgspec.structs.replace(struct, **{name: other}), repr(other)[:60]
        for inner, put in _inside(value):
            for field, changed, shown in _variants(inner, trace):
                yield field, msgspec.structs.replace(struct, **{name: put(changed)}), shown


def _inside(value: Any) -> Iterator[tuple[Any, Any]]:
    """The structs in a field, each with what puts another one in its place."""
    if isinstance(value, msgspec.Struct):
        yield value, lambda changed: changed
    elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
        yield value[0], lambda changed: (changed, *value[1:])


def _others(name: str, value: Any, trace: CheckedTrace) -> Iterator[Any]:
    """Other plausible values of a field."""
    if name in _SAMPLES and not value:
        yield _SAMPLES[name](trace)
    elif isinstance(value, int):
        yield from _other_numbers(value)
    elif isinstance(value, str):
        yield from _other_texts(name, value, trace)
    elif isinstance(value, dict):
        yield from _other_dicts(value)
        if name == "engines":
            yield {**value, "google-re2": "1.0.20220101"}
    elif isinstance(value, tuple) and value:
        yield value[:-1]
        if isinstance(value[0], int) or value[0] is None:
            yield tuple((each or 0) + 1 for each in value)
    elif isinstance(value, msgspec.Struct) and name in ("call", "held_back", "effects", "earlier"):
        yield None


def _other_numbers(value: int) -> Iterator[int]:
    if isinstance(value, bool):
        yield not value
        return
    yield value + 1
    if value:
        yield 0


def _other_texts(name: str, value: str, trace: CheckedTrace) -> Iterator[str]:
    is_hex = len(value) in (32, 64) and set(value) <= set("0123456789abcdef")
    if is_hex and name != "run":
        yield HEX[: len(value)]
    if is_hex and len(value) == 64:
        yield next(ref for ref in trace.contents.places if ref != value)
    if not is_hex:
        yield f"{value}x"
        yield from (word for word in _WORDS.get(name, ()) if word != value)
        if value:
            yield ""
    if name == "run":
        yield value[::-1]


def _other_dicts(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {}
    for key in list(value)[:2]:
        old = value[key]
        other: Any = old + 1 if isinstance(old, int) else HEX if isinstance(old, str) else tuple(n + 1 for n in old)
        yield {**value, key: other}


_WORDS: Final = {
    "origin": ("host", "controller"),
    "outcome": ("completed", "partial", "failed", "refused"),
    "reason": ("budget", "stuck", "host.stopped", "no_answer", "last_answer"),
    "status": ("ok", "failed", "skipped", "completed", "partial"),
    "code": ("type", "budget", "out_of_memory"),
    "error": ("timeout", "refused"),
    "role": ("sub", "controller"),
    "effect": ("lm", "tool", "rlm"),
    "op": ("count", "final"),
    "kernel": ("0.0.9",),
}

_remark = Remark(code="made_up")


def _some_blob(trace: CheckedTrace) -> str:
    return next(iter(trace.contents.places))


_SAMPLES: Final[Mapping[str, Any]] = {
    "parent": lambda trace: "0" * 32,
    "strategy": lambda trace: "fast",
    "compiled": lambda trace: HEX,
    "signature": _some_blob,
    "program": _some_blob,
    "form": _some_blob,
    "reply": _some_blob,
    "detail": _some_blob,
    "evidence": _some_blob,
    "example": _some_blob,
    "findings": _some_blob,
    "result": _some_blob,
    "ast": _some_blob,
    "diagnostics": _some_blob,
    "ref": _some_blob,
    "call": lambda trace: Spoken(
        role="controller", model="m", prompt=HEX, prompt_bytes=1, max_output_tokens=1, usage=(1, 1, 1)
    ),
    "effects": lambda trace: Effects(n=1, root=HEX),
    "clock_ms": lambda trace: 1,
    "held_back": lambda trace: _remark,
    "earlier": lambda trace: Written("answer_1", "int", 8, HEX),
    "warnings": lambda trace: (_remark,),
    "notes": lambda trace: (_remark,),
    "sampling": lambda trace: {"temperature": "0"},
    "coverage": lambda trace: {"log": (1, 1, 1)},
    "priced": lambda trace: {"sub_calls": 1},
    "used": lambda trace: {"steps": 1},
    "scope": lambda trace: {"user": "mallory"},
    "flags": lambda trace: (1,),
    "reads": lambda trace: ("log",),
    "origins": lambda trace: ("lm",),
    "calls": lambda trace: {"sub": 1},
    "same_as": lambda trace: "0" * 32,
    "trial": lambda trace: 1,
    "child": lambda trace: Child(HEX, "completed", "", {}),
    "inputs": lambda trace: {"log": HEX},
    "sha256": lambda trace: HEX,
    "source": lambda trace: None,
}
"""What a field that has its default could say."""


OF_HEAD: Final = frozenset(CallsHead.__struct_fields__)
OF_LINE: Final = frozenset(CallLine.__struct_fields__)
OF_RARE: Final = frozenset(Rare.__struct_fields__)


def _of_calls(trace: CheckedTrace, entries: list[Entry]) -> Iterator[Edit]:
    """The fields of calls: a head's in all calls of the step, any other in the first call."""
    for at in [at for at, entry in enumerate(entries) if entry.effects][:2]:
        entry = entries[at]
        for name in EffectRecord.__struct_fields__:
            shared = name in OF_HEAD
            for field, calls, shown in _changed_calls(name, shared, entry.effects, trace):
                changed = list(entries)
                changed[at] = Entry(entry.record, entry.blobs, calls)
                yield Edit(field, shown, changed)


def _changed_calls(
    name: str, shared: bool, calls: tuple[EffectRecord, ...], trace: CheckedTrace
) -> Iterator[tuple[str, tuple[EffectRecord, ...], str]]:
    first = calls[0]
    owner = "CallsHead" if shared else "CallLine" if name in OF_LINE else "Rare"
    for other in _others(name, getattr(first, name), trace):
        touched = calls if shared else calls[:1]
        changed = tuple(msgspec.structs.replace(call, **{name: other}) for call in touched)
        yield f"{owner}.{name}", (*changed, *calls[len(changed) :]), repr(other)[:60]
    if name == "result" and first.result is not None:
        failed = msgspec.structs.replace(first, result=None, error="timeout")
        yield "CallLine.result", (failed, *calls[1:]), "none: timeout"
    if name == "recipe":
        spans = [at for at, part in enumerate(first.recipe) if not isinstance(part, str)]
        for at in spans[:1]:
            part = first.recipe[at]
            assert not isinstance(part, str)
            other_part = msgspec.structs.replace(part, start=part.start + 1)
            recipe = (*first.recipe[:at], other_part, *first.recipe[at + 1 :])
            yield "CallLine.spans", (msgspec.structs.replace(first, recipe=recipe), *calls[1:]), repr(other_part)[:60]
    if name == "inputs":
        # Calls of one round may have inputs of their own.
        alone = msgspec.structs.replace(first, inputs={"log": HEX})
        yield "Rare.inputs", (alone, *calls[1:]), HEX
    if name == "sampling":
        # What is said of one call stands in its own line, what is said of all in the head.
        for said in ({"form": "grammar"}, {"form": HEX}):
            alone, *others = [msgspec.structs.replace(call, sampling=said) for call in calls]
            yield "CallsHead.sampling", (alone, *others), repr(said)[:60]
            yield "Rare.sampling", (alone, *calls[1:]), repr(said)[:60]
    if name == "child" and first.child is not None:
        for field, child, shown in _variants(first.child, trace):
            yield field, (msgspec.structs.replace(first, child=child), *calls[1:]), shown


_Inserted = Checkpoint | Redact


def inserted(trace: CheckedTrace, entries: list[Entry]) -> Iterator[Edit]:
    """Records that no writer writes yet, put before the end: whatever they say."""
    state = next(entry.record.state for entry in reversed(entries[:-1]) if hasattr(entry.record, "state"))
    some: Blob = entries[0].blobs[0]
    samples: dict[str, _Inserted] = {
        "Checkpoint.variables": Checkpoint(variables=some.ref, state=state),
        "Checkpoint.state": Checkpoint(variables=some.ref, state=HEX),
        "Redact.refs": Redact(refs=(HEX,), reason="wish"),
        "Redact.reason": Redact(refs=(), reason="no reason"),
        "Redact.who": Redact(refs=(), reason="", who="mallory"),
    }
    for field, record in samples.items():
        yield Edit(field, repr(record)[:60], [*entries[:-1], Entry(record), entries[-1]])
