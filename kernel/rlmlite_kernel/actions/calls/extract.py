"""extract: the values of a schema, read by a model out of one text; or out of each of many.

    extract({who: str, n: int}, mail)           one call:   {"who": "Ann Bell", "n": 3}
    extract({who: str, n: int}, mails)          in batches: the rows {..., who, n}, as `extract_over_rows` gives them

What a model says of a text is no evidence; the places in the text where its words stand are. So each string of the
answer that the schema leaves to the model (a `str`, no alternative of a few words) is looked up in the text:

    "From: Ann Bell, 3 pieces"      "Ann Bell" stands at 6:14: the answer rests on these eight bytes
                                    "A. Bell"  stands nowhere: a note says so, and the answer rests on nothing

A string counts where it stands as whole words: the "ann" of "annual" is none.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from rlmlite_kernel.actions.calls import row_batches, sub_lm
from rlmlite_kernel.effects.calls import Ask, CallSite, Settle
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import TaintedValue, words_of
from rlmlite_kernel.evaluation.texts import as_text, spans_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import Basic, Many, OneOf, Schema, Shape, fits
from rlmlite_kernel.program.templates import holes
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.values import Value, kind_of, rows_of

WORDS = "Read these values out of the text. Copy words as they stand there, and make nothing up."
"""What a model is told if the program says nothing else."""

_SHOWN = "text"
"""The placeholder that the text stands for."""

_MOST_BYTES = 1 << 28
"""Bytes that are looked through for the strings of one answer. Beyond, a note says so, and it rests on what the text
itself rests on."""


def ask_extract(
    context: StepContext,
    place: CallSite,
    schema: Schema,
    text: TaintedValue,
    prompt: str | None,
    batch: int,
    role: str,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """One call about one value, or those of `extract_over_rows` about rows and lists."""
    question = WORDS if prompt is None else prompt
    if rows_of(text.value) is not None:
        return row_batches.ask_over_rows(context, place, text, question, schema, batch, role, inputs)
    if not isinstance(text.value, str | Text | dict):
        raise Fault("type", f"extract reads a text, a record or rows, not {kind_of(text.value)}")
    if not len(text.value):
        # A model that is shown nothing makes something up.
        raise Fault("bound", "there is nothing to extract from: the text is empty")
    if not any(hole.name == _SHOWN for hole in holes(question)):
        question = f"{question}\n\n{{{_SHOWN}}}"
    asked = sub_lm.ask_sub(context, place, question, role, schema, {**inputs, _SHOWN: text})
    return _rest_on_places(text, schema, asked)


def _rest_on_places(text: TaintedValue, schema: Schema, asked: Ask) -> Ask:
    """The same calls; what becomes of their results rests on places in the text."""
    return msgspec.structs.replace(asked, settle=partial(_settle, text, schema, asked.settle))


def _settle(
    text: TaintedValue, schema: Schema, settle: Settle, context: StepContext, results: Sequence[Result]
) -> TaintedValue | Ask:
    made = settle(context, results)
    if isinstance(made, Ask):
        return _rest_on_places(text, schema, made)
    strings = list(dict.fromkeys(string for string in _free_strings(made.value, schema) if string.strip()))
    sources = _sources_of(strings, text, context)
    return TaintedValue(made.value, made.origins, sources, words_of([text], made.value))


def _free_strings(value: Value, schema: Schema) -> Iterator[str]:
    """The strings of an answer that the schema leaves to the model. An alternative of a few words quotes nothing."""
    match schema:
        case Basic(name="str" | "any") if isinstance(value, str):
            yield value
        case OneOf(options=options):
            yield from _free_strings(value, next(option for option in options if fits(value, option)))
        case Many(item=item) if isinstance(value, list):
            for each in value:
                yield from _free_strings(each, item)
        case Shape(fields=fields) if isinstance(value, dict):
            for name, kind, _ in fields:
                yield from _free_strings(value.get(name), kind)


def _sources_of(strings: Sequence[str], text: TaintedValue, context: StepContext) -> tuple[Spans, ...]:
    """What an answer with these strings rests on: their places, or what the text itself rests on where it was made."""
    value = text.value
    shown = value if isinstance(value, Text) else as_text(value, context)
    size = len(shown)
    if size * len(strings) > _MOST_BYTES:
        message = (
            f"{len(strings):,} texts of the answer were not looked up in its {size:,} bytes: their places are not known"
        )
        context.note(message, code="evidence_limited")
        return text.sources
    content = shown.read(context.blobs) if isinstance(shown, Text) else shown.encode()
    places = [place_of(string.encode(), content) for string in strings]
    missing = places.count(-1)
    if missing:
        message = f"{missing:,} of {len(strings):,} texts of the answer do not stand in the text word for word"
        context.note(message, code="not_verbatim")
    if missing == len(strings):
        return ()
    if not isinstance(shown, Text):
        return text.sources
    found = {
        Text(shown.blob, shown.start + at, shown.start + at + len(string.encode()))
        for string, at in zip(strings, places, strict=True)
        if at >= 0
    }
    return (spans_of(sorted(found, key=lambda text: (text.start, text.stop))),)


def place_of(words: bytes, content: bytes) -> int:
    """Where words stand first in a content, and not within longer words; -1 if nowhere."""
    at = content.find(words)
    while at >= 0 and _is_within_a_word(at, at + len(words), content):
        at = content.find(words, at + 1)
    return at


def _is_within_a_word(start: int, stop: int, content: bytes) -> bool:
    # Only of ASCII it is certain: many scripts have no blanks between words.
    return any(0 < at < len(content) and content[at - 1 : at + 1].isalnum() for at in (start, stop))
