"""Which refs of a record name blobs, that is, content which the trace holds.

All other refs (reads, writes, an input's value, what a prompt rendered to, spans) are commitments to values that
are never stored.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

import msgspec

from rlmlite_kernel.records.records import (
    Addition,
    AnyRecord,
    Checkpoint,
    EffectRecord,
    Genesis,
    Question,
    Redact,
    Ref,
    Remark,
    Seal,
    Step,
    Turn,
)
from rlmlite_kernel.values.inputs import Source

_sources = msgspec.json.Decoder(Source)


def of_record(record: AnyRecord) -> Iterator[Ref]:
    """The blobs that a record itself names."""
    match record:
        case Step():
            yield record.ast
            yield from _named(record.observation.ref)
            yield from _examples(record.warnings, record.notes)
        case Turn():
            yield from _named(record.reply, record.program, record.ast, record.diagnostics)
            yield from _named(None if record.call is None else record.call.detail)
            yield from _examples(record.warnings, record.notes, () if record.held_back is None else (record.held_back,))
        case Genesis():
            yield from _named(record.settings, record.signature)
            yield from _named(*(entry.source for entry in record.inputs))
        case Addition():
            yield from _named(*(entry.source for entry in record.inputs))
        case Question():
            yield record.text
            yield from _named(record.form)
        case Checkpoint():
            yield record.variables
        case Redact():
            pass  # the blobs that it names are no longer there
        case Seal():
            yield from _named(record.result, record.findings)
            yield from _examples(record.warnings, record.notes)
        case _:
            assert_never(record)


def in_order(record: AnyRecord, calls: Sequence[EffectRecord], source: Callable[[Ref], bytes | None]) -> Iterator[Ref]:
    """The blobs that a record and its calls name, in the order in which a writer stores them before the record.

    The order is a rule of the format, so that lines of `blobs.jsonl` cannot be moved. `source` gives the content of an
    input's source, if it is there: an input from memory has its content right after it.

        genesis    settings; for each input its source and content
        addition   the same of the inputs that it adds
        turn       what was read of the reply, the reply
        step       its AST, what it showed; for each call the literal parts of its prompt, its result or failure
    """
    match record:
        case Genesis() | Addition():
            yield from (record.settings,) if isinstance(record, Genesis) else ()
            for entry in record.inputs:
                yield from _named(entry.source)
                content = None if entry.source is None else source(entry.source)
                yield from () if content is None else of_source(content)
        case Turn():
            yield from _named(record.ast, record.diagnostics, record.reply)
        case Step():
            yield from _named(record.ast, record.observation.ref)
        case _:
            pass  # the others name one, or name them in the order of their fields
    yield from of_record(record)
    for call in calls:
        yield from of_effect(call)


def of_effect(effect: EffectRecord) -> Iterator[Ref]:
    """The blobs that a call names: the literal parts of its prompt, its reply, the details of its failure."""
    yield from (part for part in effect.recipe if isinstance(part, str))
    yield from _named(effect.result, effect.detail, None if effect.child is None else effect.child.evidence)


def of_source(content: bytes) -> Iterator[Ref]:
    """The blob that an input's source names: its content, if it came from memory.

    A blob that is not a source names nothing. It is for replay to complain: a ref proves which bytes a blob holds, not
    what they mean.
    """
    try:
        yield from _named(_sources.decode(content).content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return


def _examples(*remarks: tuple[Remark, ...]) -> Iterator[Ref]:
    yield from _named(*(remark.example for group in remarks for remark in group))


def _named(*refs: Ref | None) -> Iterator[Ref]:
    yield from (ref for ref in refs if ref is not None)
