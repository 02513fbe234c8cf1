"""Nested runs as a replay of their parent asks for them: the settings, the inputs and the question, exactly.

What a nested run may do and see is worked out by its parent's kernel, so only who executes the parent knows it:

    parent, executed again    sub_rlm("How many?", part=log[0:400], share=0.5)
    asks for                  limits: 15 turns, ...; inputs: part = bytes 0:400 of the log; "How many?"
    nested trace              its genesis must have these settings and these inputs, and its question these words

What can be compared without executing is compared by `verify` (`nested.binding`).
"""

from collections.abc import Mapping

import msgspec

from rlmlite_kernel.effects.requests import Request
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json
from rlmlite_kernel.records.records import InputEntry, Question
from rlmlite_kernel.records.settings import Settings
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.inputs import Source
from rlmlite_kernel.values.tables.excerpts import EXCERPTS, Excerpts
from rlmlite_kernel.values.tables.places import forget_places
from rlmlite_kernel.values.values import DOCUMENTS, Rows, Value, to_json
from rlmlite_traces.format.reader import CheckedTrace
from rlmlite_traces.limits import check_items

_settings = msgspec.json.Decoder(Settings)
_sources = msgspec.json.Decoder(Source)


def contradicts_request(child: CheckedTrace, request: Request, blobs: Blobs) -> str:
    """In what a nested trace is not what its parent asked for, as a sentence; empty if in nothing.

    `blobs` are those of the parent's replay, which hold what the parent's values are made of.
    """
    nested = request.nested
    assert nested is not None
    try:
        settings = _settings.decode(child.contents.read_json(child.genesis.settings))
        if settings != nested.settings:
            return "its settings are not those that its parent gave it"
        question = child.records[1] if child.size > 1 else None
        if isinstance(question, Question) and child.content(question.text) != request.text.encode():
            return "its question is not the one that its parent asked"
        return _compare_inputs(child, nested.inputs, blobs)
    except (msgspec.DecodeError, UnicodeError, RecursionError, Fault) as error:
        return f"its settings or inputs cannot be read: {error}"


def _compare_inputs(child: CheckedTrace, inputs: "Mapping[str, Value | Excerpts]", blobs: Blobs) -> str:
    entries = {entry.name: entry for entry in child.genesis.inputs}
    if entries.keys() != inputs.keys():
        return "its inputs are not those that its parent gave it"
    for name, value in inputs.items():
        if not _is_value(child, entries[name], value, blobs):
            return f"its input {name} is not the value that its parent gave it"
    return ""


def _is_value(child: CheckedTrace, entry: InputEntry, value: Value | Excerpts, blobs: Blobs) -> bool:
    """Whether an input of a nested run is a value of its parent: the same files and ranges, or the same content."""
    if entry.source is None:
        return False
    source = _sources.decode(child.contents.read_json(entry.source))
    if isinstance(value, Excerpts):
        content = None if source.content is None else child.content(source.content)
        return source.kind == EXCERPTS and content == value.document
    value = forget_places(value)
    if source.content is not None:
        content = child.content(source.content)
        check_items(content, child.contents.limits)
        return _has_content(source.kind, content, value, blobs)
    if isinstance(value, Text):
        file = source.files[0] if len(source.files) == 1 and source.kind == "text" else None
        bounds = None if file is None else source.part or (0, file.size)
        return file is not None and (file.digest, bounds) == (value.blob, (value.start, value.stop))
    if isinstance(value, Rows) and value.kind == DOCUMENTS and value.spans is not None:
        spans = value.spans
        held = [spans.blob_at(row) for row in range(len(value))]
        return source.kind == DOCUMENTS and held == [file.digest for file in source.files]
    return False


def _has_content(kind: str, content: bytes, value: Value, blobs: Blobs) -> bool:
    """Whether an input from memory holds a value: its text, its JSON, or documents by their paths."""
    if isinstance(value, Rows) and value.kind == DOCUMENTS:
        rows = value.values(blobs)
        expected = {row["path"]: to_json(row["text"], blobs) for row in rows}  # type: ignore[index,call-overload]
        return bool(read_json(content.decode()) == expected)
    plain = to_json(value, blobs)
    if kind == "text":
        return isinstance(plain, str) and plain.encode() == content
    return bool(read_json(content.decode()) == plain)
