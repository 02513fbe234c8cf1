"""Every kind of content of a trace, with another one in its place, under its salt and named by whoever named it."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from rlmlite_kernel.records.records import Addition, Blob, EffectRecord, Entry, Genesis, Question, Seal, Step, Turn
from rlmlite_traces import CheckedTrace
from tests.traces.forge.edits import Edit
from tests.traces.forge.folders import salted_as


def content_edits(trace: CheckedTrace, entries: list[Entry]) -> Iterator[Edit]:
    """Each kind of content with other contents, and every ref to it changed along."""
    for name, ref in _roles(trace, entries):
        content = trace.content(ref)
        for part, other in _other_contents(name, content):
            if other != content:
                new = salted_as(trace, ref, other)
                yield Edit(f"content: {name}{part}", other[:60].decode("utf-8", "replace"), _renamed(entries, ref, new))


def _roles(trace: CheckedTrace, entries: list[Entry]) -> Iterator[tuple[str, str]]:
    """The kinds of content, each with the first ref of it, and the last."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        for name, ref in _named_by(trace, entry):
            if ref is not None and ref not in found.setdefault(name, []):
                found[name].append(ref)
    for name, refs in found.items():
        yield from ((name, ref) for ref in dict.fromkeys((refs[0], refs[-1])))


def _named_by(trace: CheckedTrace, entry: Entry) -> Iterator[tuple[str, str | None]]:
    match entry.record:
        case Genesis() | Addition() as record:
            if isinstance(record, Genesis):
                yield "settings", record.settings
            for each in record.inputs:
                yield "source", each.source
                if each.source is not None:
                    content = json.loads(trace.content(each.source)).get("content")
                    yield "input", content
        case Question() as question:
            yield "question", question.text
            yield "form", question.form
        case Turn() as turn:
            yield "reply", turn.reply
            yield "program", turn.ast
            yield "diagnostics", turn.diagnostics
        case Step() as step:
            yield "step", step.ast
            yield "observation", step.observation.ref
        case Seal() as seal:
            yield "answer", seal.result
    for call in entry.effects:
        yield from (("prompt part", part) for part in call.recipe if isinstance(part, str))
        yield "result", call.result
        yield "failure", call.detail


def _other_contents(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Other contents of a kind, each with the part of it that differs."""
    if name in ("settings", "source", "answer"):
        document = json.loads(content)
        for key, value in document.items():
            for other in _other_values(value):
                yield f".{key}", _encode({**document, key: other})
        missing = {"settings": ("kept", "policy", "scope", "parent"), "source": ("part", "skipped"), "answer": ()}[name]
        for key in missing:
            if key not in document:
                yield f".{key}", _encode({**document, key: _ADDED[key]})
        return
    if name in ("program", "diagnostics", "step"):
        document = json.loads(content)
        yield "", _encode(_shifted(document))
        return
    yield "", content + b" "
    yield "", content[:-1]


def _other_values(value: Any) -> Iterator[Any]:
    match value:
        case bool() | None:
            yield 1
        case int() | float():
            yield value + 1
        case str():
            yield f"{value}x"
        case list() if value:
            yield value[:-1]
        case dict() if value:
            key = next(iter(value))
            for other in _other_values(value[key]):
                yield {**value, key: other}
            yield {name: each for name, each in value.items() if name != key}


_ADDED = {
    "kept": {"tokens": 1},
    "policy": {"actions": ["search"]},
    "scope": {"user": "mallory"},
    "parent": "0" * 32,
    "part": [0, 1],
    "skipped": [["a", "b"]],
}


def _shifted(document: Any) -> Any:
    """The same with its first literal changed, or its first name."""
    text = json.dumps(document)
    for old, new in (('["lit", 1]', '["lit", 2]'), ('["lit", "', '["lit", "x'), ('["var", "', '["var", "x')):
        if old in text:
            return json.loads(text.replace(old, new, 1))
    return [*document[:-1], "changed"] if isinstance(document, list) else document


def _encode(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _renamed(entries: list[Entry], old: str, new: Blob) -> list[Entry]:
    """The entries with one ref in place of another, wherever it stands."""
    return [
        Entry(
            _with_ref(entry.record, old, new.ref),
            tuple(_with_ref_in(blob, old, new) for blob in entry.blobs),
            tuple(_with_ref(call, old, new.ref) for call in entry.effects),
        )
        for entry in entries
    ]


def _with_ref_in(blob: Blob, old: str, new: Blob) -> Blob:
    """The new blob in place of the old. A source that names its content by the old ref is not changed here."""
    return new if blob.ref == old else blob


def _with_ref(struct: Any, old: str, new: str) -> Any:
    if isinstance(struct, EffectRecord):
        recipe = tuple(new if part == old else part for part in struct.recipe)
        struct = msgspec.structs.replace(struct, recipe=recipe)
    fields = {name: getattr(struct, name) for name in struct.__struct_fields__}
    changed: dict[str, Any] = {}
    for name, value in fields.items():
        if value == old:
            changed[name] = new
        elif isinstance(value, msgspec.Struct) and name in ("observation",):
            changed[name] = _with_ref(value, old, new)
        elif name == "inputs" and isinstance(value, tuple):
            changed[name] = tuple(_with_ref(each, old, new) for each in value)
    return msgspec.structs.replace(struct, **changed) if changed else struct
