"""reduce: many texts merged into one by a model, as a tree of calls.

All items together would not fit into one prompt. So `fan_in` of them go into each call, the answers are the items of
the next level, and so on until one answer is left. The tree depends on the number of items and on nothing else, so its
price is known before the first call:

    20 items, fan_in=4      level 1: 5 calls     level 2: 2 calls (4 + 1)     level 3: 1 call      8 calls in all

Where a model's window is known, a call has no more items than fit, but at least two: items of which not even two fit
cannot be merged, and the step says so.

Each level is a round of the step. A call that fails ends the step, since every later level rests on its answer. Answers
come from a model, so from the second level on the items in the prompts are fenced as such.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise

import msgspec

from rlmlite_kernel.effects.calls import Ask, CallSet, CallSite, model_calls, next_round
from rlmlite_kernel.effects.fitting import pack, room_for_batches
from rlmlite_kernel.effects.holdings import Holding
from rlmlite_kernel.effects.prompts import PromptWriter
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import DERIVED, LM, TaintedValue, input_bits_of
from rlmlite_kernel.evaluation.texts import as_text, line_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import Schema, read_reply
from rlmlite_kernel.program.templates import holes
from rlmlite_kernel.values.columns import Cells
from rlmlite_kernel.values.values import Rows, Value, size_of

# What separates the items of one call.
_BETWEEN = "\n\n"


class _MergePlan(msgspec.Struct, frozen=True, eq=False):
    """What all levels of the tree share."""

    prompt: str
    fan_in: int
    schema: Schema | None
    role: str
    inputs: Mapping[str, TaintedValue]


def ask_reduce(
    context: StepContext,
    place: CallSite,
    items: TaintedValue,
    prompt: str,
    fan_in: int,
    schema: Schema | None,
    role: str,
    inputs: dict[str, TaintedValue],
) -> Ask:
    """The first level. Raises `Fault("budget")` at once if the calls of the whole tree do not fit what is left."""
    if not any(hole.name == "items" for hole in holes(prompt)):
        raise Fault("template", "the prompt does not show the items: write {items} where they go")
    rows = context.require_rows(items.value, "the first argument of reduce")

    def holding_of(group: range) -> Holding:
        return Holding(rows.slice(group.start, group.stop), items.words)

    texts = [as_text(line_of(rows, item), context) for item in rows.values(context.blobs)]
    # Not null: the prompt would ask a model to merge nothing, and it would make something up.
    if not texts:
        raise Fault("bound", "there is nothing to merge: the list is empty")
    # Only looked at here: each level charges its own calls when it is asked. A tree that breaks off before its root
    # has no result, so what it had cost would be lost.
    _check_budget(len(texts), calls_to_merge(len(texts), fan_in), f"{fan_in} at a time", "use a larger fan_in", context)
    plan = _MergePlan(prompt, fan_in, schema, role, inputs)
    return _ask_level(plan, texts, items.origins, place, context, holding_of)


def _check_budget(count: int, needed: int, how: str, advice: str, context: StepContext) -> None:
    """Raise `Fault("budget")` if so many calls are not left."""
    left = context.budget_left("sub_calls")
    if needed > left:
        merging = f"merging {count:,} items, {how}"
        raise Fault("budget", f"{merging}, takes {needed:,} calls, {left:,} sub_calls are left; {advice}")


def calls_to_merge(count: int, fan_in: int) -> int:
    """The calls of the whole tree: `calls_to_merge(20, 4) == 5 + 2 + 1`."""
    calls_of_level = -(-count // fan_in)
    if calls_of_level <= 1:
        return calls_of_level
    return calls_of_level + calls_to_merge(calls_of_level, fan_in)


def _ask_level(
    plan: _MergePlan,
    texts: Sequence[str],
    origins: int,
    place: CallSite,
    context: StepContext,
    holding_of: Callable[[range], Holding],
) -> Ask:
    """One call for every `fan_in` texts. `holding_of` says what they are made of, by the places of a call's texts."""
    groups = [range(first, min(len(texts), first + plan.fan_in)) for first in range(0, len(texts), plan.fan_in)]
    calls = _calls(plan, texts, groups, origins, place, context, holding_of)
    smaller = _split(texts, groups, calls, context)
    if smaller != groups:
        needed = len(smaller) + (calls_to_merge(len(smaller), plan.fan_in) if len(smaller) > 1 else 0)
        _check_budget(len(texts), needed, "as many as fit", "shorten them first", context)
        with context.unsaid():
            calls = _calls(plan, texts, smaller, origins, place, context, holding_of)
    calls.bears = 0
    take_answers = partial(_take_answers, plan, calls.prompts.origins, place)
    return Ask(calls, take_answers)


def _calls(
    plan: _MergePlan,
    texts: Sequence[str],
    groups: Sequence[range],
    origins: int,
    place: CallSite,
    context: StepContext,
    holding_of: Callable[[range], Holding],
) -> CallSet:
    """A call for each group of texts."""
    merged = [_BETWEEN.join(texts[group.start : group.stop]) for group in groups]
    context.ensure_room(sum(map(size_of, merged)))
    # One row per call: the prompt writer fills `{items}` from the column of that name.
    group_rows = Rows("rows", {"items": Cells(merged)}, len(merged))
    writer = PromptWriter(
        context, dict(plan.inputs), TaintedValue(group_rows, origins), lambda call: holding_of(groups[call])
    )
    return model_calls(writer.write(plan.prompt, plan.schema), plan.role, place, context)


def _split(texts: Sequence[str], groups: Sequence[range], calls: CallSet, context: StepContext) -> Sequence[range]:
    """The groups, all made smaller if one does not fit a prompt. Raises `Fault("budget")` if not even two texts fit."""
    room = room_for_batches(calls.model, context)
    if room is None or len(texts) < 2 or int(calls.sizes.max()) <= room:
        return groups
    sizes = [len(text.encode()) + len(_BETWEEN) for text in texts]
    rest = int(calls.sizes[0]) - sum(sizes[groups[0].start : groups[0].stop]) + len(_BETWEEN)
    smaller = pack(sizes, max(map(len, groups)), room - rest + len(_BETWEEN))
    # Only the last may be alone: otherwise a level might have as many calls as the one before, and never end.
    if any(len(group) < 2 for group in smaller[:-1]):
        pair = max(sum(pair) for pair in pairwise(sizes)) - len(_BETWEEN)
        least = f"the two longest neighbours have {pair:,} bytes, and {max(0, room - rest):,} fit a prompt"
        raise Fault("budget", f"not even two of these texts can be merged in one call: {least}; shorten each first")
    if len(smaller) > len(groups):
        message = f"{len(groups):,} calls did not all fit a prompt of {room:,} bytes, and are {len(smaller):,}"
        context.note(message, code="batches_split")
    return smaller


def _take_answers(
    plan: _MergePlan, origins: int, place: CallSite, context: StepContext, results: Sequence[Result]
) -> TaintedValue | Ask:
    """The answers as the items of the next level, or the only one as the value of the step."""
    values = [_read_answer(result, plan.schema) for result in results]
    context.ensure_room(sum(map(size_of, values)))
    # From here on the items are answers: the next level fences them as a model's words.
    answer_origins = LM | DERIVED | input_bits_of(origins)
    if len(values) == 1:
        return TaintedValue(values[0], answer_origins)
    texts = [as_text(value, context) for value in values]
    return _ask_level(plan, texts, answer_origins, next_round(place), context, _hold_answers)


def _hold_answers(group: range) -> Holding:
    """Answers of a model are no texts of inputs, whatever they quote."""
    return Holding(None)


def _read_answer(result: Result, schema: Schema | None) -> Value:
    """The value of a call. Raises `Fault("calls_failed")` where there is none: no later level could make up for it."""
    if not isinstance(result, Answered):
        raise Fault("calls_failed", f"one of the calls failed ({result.error}), and reduce needs the answers of all")
    if schema is None:
        return result.text
    try:
        value: Value = read_reply(result.text, schema)
    except Fault as fault:
        # As a failed call, so that a program meets one code whether a model is out of reach or talks nonsense.
        raise Fault("calls_failed", f"a reply does not match the schema: {fault.message}") from None
    return value
