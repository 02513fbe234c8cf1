"""Merging with a model: `reduce`, a tree of calls of bounded width. Each level is a round of the step."""

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from rlmlite_kernel.effects.prompts import Ask, Place, PromptWriter, model_calls, next_round
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation.context import DERIVED, LM, StepContext, TaintedValue, input_bits_of
from rlmlite_kernel.evaluation.texts import as_text, line_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import Schema, read_reply
from rlmlite_kernel.program.templates import holes
from rlmlite_kernel.values.columns import Cells
from rlmlite_kernel.values.values import Rows, Value, size_of

_BETWEEN = "\n\n"  # items of one call


class _Merge(msgspec.Struct, frozen=True, eq=False):
    """What every level of the tree does alike."""

    prompt: str
    fan_in: int
    schema: Schema | None
    role: str
    inputs: Mapping[str, TaintedValue]


def ask_reduce(
    context: StepContext,
    place: Place,
    items: TaintedValue,
    prompt: str,
    fan_in: int,
    schema: Schema | None,
    role: str,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """Merges items `fan_in` at a time until one is left."""
    if not any(hole.name == "items" for hole in holes(prompt)):
        raise Fault("template", "the prompt does not show the items: write {items} where they go")
    rows = context.require_rows(items.value, "what reduce merges")
    texts = [as_text(line_of(rows, item), context) for item in rows.values(context.blobs)]
    if not texts:
        raise Fault("bound", "there is nothing to merge: the list is empty")
    needed, left = calls_to_merge(len(texts), fan_in), context.budget_left("sub_calls")
    if needed > left:
        how = f"{len(texts):,} items, {fan_in} at a time"
        raise Fault("budget", f"{how}, need {needed:,} calls > {left:,} sub_calls left; use a larger fan_in")
    return _level(_Merge(prompt, fan_in, schema, role, inputs), texts, items.origins, place, context)


def calls_to_merge(count: int, fan_in: int) -> int:
    """How many calls it takes in all."""
    level = -(-count // fan_in)
    return level if level <= 1 else level + calls_to_merge(level, fan_in)


def _level(merge: _Merge, texts: Sequence[str], origins: int, place: Place, context: StepContext) -> Ask:
    groups = [_BETWEEN.join(texts[at : at + merge.fan_in]) for at in range(0, len(texts), merge.fan_in)]
    context.ensure_room(sum(map(size_of, groups)))
    rows = Rows("rows", {"items": Cells(groups)}, len(groups))
    prompts = PromptWriter(context, dict(merge.inputs), TaintedValue(rows, origins)).write(merge.prompt, merge.schema)
    calls = model_calls(prompts, merge.role, place, context)
    return Ask(calls, partial(_merged, merge, prompts.origins, place))


def _merged(
    merge: _Merge, origins: int, place: Place, context: StepContext, results: Sequence[Result]
) -> TaintedValue | Ask:
    values = [_value(result, merge.schema) for result in results]
    context.ensure_room(sum(map(size_of, values)))
    made = LM | DERIVED | input_bits_of(origins)
    if len(values) == 1:
        return TaintedValue(values[0], made)
    return _level(merge, [as_text(value, context) for value in values], made, next_round(place), context)


def _value(result: Result, schema: Schema | None) -> Value:
    if not isinstance(result, Answered):
        raise Fault("calls_failed", f"a call of the tree failed ({result.error}), and the rest rests on it")
    if schema is None:
        return result.text
    try:
        value: Value = read_reply(result.text, schema)
    except Fault as fault:
        raise Fault("calls_failed", f"a reply of the tree has not the form: {fault.message}") from None
    return value
