"""The lines of `effects.jsonl`: what the calls of a round share is written once, in a head before them.

A round is the calls that a step asks for at one time; a step that needs their results to ask again has several.

A fan-out over 1,000 chunks has one role, one model and one template; its calls differ in a span, a reply and what was
used. So a round is a head and then one short array for each call:

    {"id":"2919c539…","kind":"calls","max_output_tokens":1024,"model":"m","recipe":["97d9…",["1302…",-1,-1,"text"]],"role":"sub","step":1}
    [0,140,"af192cc2…",[["",0,35,""]],"f97c…",[52,9,null],null]
    [1,139,"4ffd421e…",[["",36,70,""]],"0b1d…",[51,8,null],null]

In the head's recipe a span with `start` -1 is a mark: there each call has a range of its own of that content under
that source. With `start` -2, content and source are the call's own too. With `start` -3, each call has a text of its
own that the trace holds, such as the arguments of a tool: its span is `[ref, 0, 0, ""]`. A call's spans fill the marks
in order, so the prompt of the first call above is the text 97d9…, then bytes 0 to 35 of 1302….
Only the first id of a round is written, since each follows from run, turn, step, round and index. Fields that few
calls have come last, as an object, or null.
The step's record commits to all lines of its rounds by the root of a Merkle tree over them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from rlmlite_kernel.records.canonical import record_bytes
from rlmlite_kernel.records.records import Child, EffectRecord, Ref, Span, Usage3

COMMITMENT_DIGITS = 32
"""How many hex digits of a prompt's commitment are written: 128 bits, enough to find a prompt that one already has."""

OWN_RANGE, OWN_SPAN, OWN_TEXT = -1, -2, -3
"""The `start` of a mark in a head's recipe: each call has its own range of one content, its own span altogether, or its
own text."""


class CallsHead(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="calls",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """What the `n` calls of one round share.

    `round` is its number in the step, from 0; `first` is the index of its first call. `id` is that of the first call
    that was made; it follows from the run, the turn and the step, and so ties the whole round to them.
    `inputs` are the refs of the inputs of a nested run, by name, if all calls have the same. `sampling` is what each
    call says of how it was asked, if all say the same.
    """

    step: int
    id: str
    first: int = 0
    round: int = 0
    n: int
    effect: str = "lm"
    role: str
    model: str = ""
    max_output_tokens: int = 0
    recipe: tuple[Ref | Span, ...] = ()
    inputs: dict[str, Ref] = {}
    sampling: dict[str, str] = {}


class Rare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields that few calls have. See `EffectRecord`."""

    error: str = ""
    detail: Ref | None = None
    cached: bool = False
    child: Child | None = None
    same_as: str = ""
    trial: int = 0
    sampling: dict[str, str] = {}
    inputs: dict[str, Ref] = {}


class CallLine(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One call: `[index, prompt_bytes, rendered, spans, result, usage, rare]`."""

    index: int
    prompt_bytes: int
    rendered: str
    spans: tuple[Span, ...]
    result: Ref | None
    usage: Usage3
    rare: Rare | None = None


def request_id(run: str, turn: int, place: int, round_: int, index: int) -> str:
    """32 hex digits that name one call of a run.

    `place` is the step's number in its turn and `round_` the round's in its step, both from 0; `index` counts from the
    first call of its round. Nothing that depends on time or order of completion goes in, so a replay asks under the
    same ids.
    """
    return hashlib.sha256(f"{run}/{turn}/{place}/{round_}/{index}".encode()).hexdigest()[:32]


def lines_of(calls: Sequence[EffectRecord]) -> list[bytes]:
    """The lines of a step's calls, without newlines: for each round its head, then its calls in order."""
    lines: list[bytes] = []
    for _, members in groupby(calls, key=lambda call: call.round):
        of_round = list(members)
        head = head_of(of_round)
        lines.append(record_bytes(head))
        lines.extend(record_bytes(_call_line(call, head)) for call in of_round)
    return lines


def calls_of(
    heads_and_lines: Iterable[CallsHead | CallLine], run: str, turn: int, place: int
) -> Iterator[EffectRecord]:
    """The calls of a step from its decoded lines. `place` is the step's number in its turn, from 0.

    A call with no head before it is ignored here; `verify` refuses it.
    """
    head: CallsHead | None = None
    for item in heads_and_lines:
        if isinstance(item, CallsHead):
            head = item
        elif head is not None:
            yield _join(item, head, request_id(run, turn, place, head.round, item.index - head.first))


def head_of(calls: Sequence[EffectRecord]) -> CallsHead:
    """The one head that fits a round's calls: it holds all that they share. There must be at least one call."""
    call = calls[0]
    return CallsHead(
        step=call.step,
        id=call.id,
        first=call.first,
        round=call.round,
        n=len(calls),
        effect=call.effect,
        role=call.role,
        model=call.model,
        max_output_tokens=call.max_output_tokens,
        recipe=_shared_recipe(calls),
        inputs=call.inputs if all(each.inputs == call.inputs for each in calls) else {},
        sampling=call.sampling if all(each.sampling == call.sampling for each in calls) else {},
    )


def _shared_recipe(calls: Sequence[EffectRecord]) -> tuple[Ref | Span, ...]:
    """The parts of the prompt that all calls have, with a mark where each has its own.

    A single call shares everything with itself, so it has no marks.
    """
    first = calls[0].recipe
    if len(calls) == 1:
        return first
    shared: list[Ref | Span] = []
    for place, part in enumerate(first):
        others = [call.recipe[place] for call in calls]
        if all(other == part for other in others):
            shared.append(part)
        elif isinstance(part, str):
            shared.append(Span("", OWN_TEXT, OWN_TEXT, ""))
        else:
            shared.append(_mark(part, [other for other in others if isinstance(other, Span)]))
    return tuple(shared)


def _mark(span: Span, others: Sequence[Span]) -> Span:
    """What stands in the head for spans that differ from call to call."""
    is_one_content = all(other.blob == span.blob and other.source == span.source for other in others)
    if is_one_content:
        return Span(span.blob, OWN_RANGE, OWN_RANGE, span.source)
    return Span("", OWN_SPAN, OWN_SPAN, "")


def _call_line(call: EffectRecord, head: CallsHead) -> CallLine:
    rare = Rare(
        error=call.error,
        detail=call.detail,
        cached=call.cached,
        child=call.child,
        same_as=call.same_as,
        trial=call.trial,
        sampling={} if head.sampling else call.sampling,
        inputs={} if head.inputs else call.inputs,
    )
    return CallLine(
        index=call.index,
        prompt_bytes=call.prompt_bytes,
        rendered=call.rendered[:COMMITMENT_DIGITS],
        spans=tuple(_own_spans(call.recipe, head.recipe)),
        result=call.result,
        usage=call.usage,
        rare=None if rare == _NOTHING_RARE else rare,
    )


_NOTHING_RARE = Rare()


def _own_spans(recipe: tuple[Ref | Span, ...], shared: tuple[Ref | Span, ...]) -> Iterator[Span]:
    """The spans of one call that fill the marks in the shared recipe, each without what its mark says already."""
    for part, mark in zip(recipe, shared, strict=True):
        if isinstance(part, str):
            if isinstance(mark, Span):
                yield Span(part, 0, 0, "")
        elif isinstance(mark, Span):
            if mark.start == OWN_RANGE:
                yield Span("", part.start, part.stop, "")
            elif mark.start == OWN_SPAN:
                yield part


def _join(line: CallLine, head: CallsHead, id_: str) -> EffectRecord:
    own = iter(line.spans)
    rare = line.rare or _NOTHING_RARE
    return EffectRecord(
        step=head.step,
        index=line.index,
        first=head.first,
        round=head.round,
        id=id_,
        effect=head.effect,
        role=head.role,
        model=head.model,
        max_output_tokens=head.max_output_tokens,
        recipe=tuple(_fill(part, own) for part in head.recipe),
        rendered=line.rendered,
        prompt_bytes=line.prompt_bytes,
        result=line.result,
        error=rare.error,
        detail=rare.detail,
        usage=line.usage,
        cached=rare.cached,
        inputs=rare.inputs or head.inputs,
        child=rare.child,
        same_as=rare.same_as,
        trial=rare.trial,
        sampling=rare.sampling or head.sampling,
    )


def _fill(part: Ref | Span, own: Iterator[Span]) -> Ref | Span:
    """A part of the prompt: the head's, or where that is a mark, the call's next own span put in its place.

    A mark that no span is left for stays; `verify` refuses such a line.
    """
    if isinstance(part, str) or part.start >= 0:
        return part
    span = next(own, None)
    if span is None:
        return part
    if part.start == OWN_TEXT:
        return span.blob
    if part.start == OWN_SPAN:
        return span
    return Span(part.blob, span.start, span.stop, part.source)
