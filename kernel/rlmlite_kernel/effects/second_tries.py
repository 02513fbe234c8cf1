"""Asking again once for answers that are not of the form which their call asked for.

A model that answers in prose, forgets a field or is cut off often does better when it is told so. So every round of
calls that ask for a form may be followed by one more, which the action does not know of: it gets the better results.

    sub_lm("Who?", schema={who: str})     round 0: "It was Ann."
                                          round 1: "Who? ... Your last answer was refused: it is not JSON. ..."
                                                   {"who": "Ann"}
    settle                                {"who": "Ann"}, as if that had been the answer

- A reply without content, and one that was cut off, are asked for again like one of another form.
- If the run has a role `repair`, it is asked to mend what there is: it gets the answer, what is wrong with it and the
  form, and not the question. Where there is nothing to mend, or content may not go to it, the role itself is asked.
- Both rounds are in the receipt and paid for, and a note says how many answers it was. Where the budget has no room for
  the second, there is none.

Not here: batches, whose rows are asked about again in rounds of their own (`actions.calls.row_batches`).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from rlmlite_kernel.effects.calls import Ask, CallSet, model_calls
from rlmlite_kernel.effects.prompts import mending
from rlmlite_kernel.effects.requests import NO_USE, Answered, Failed, Result
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import DERIVED, LM, TaintedValue, input_bits_of
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import CALLS_ARE_SHARED
from rlmlite_kernel.records.settings import REPAIR_ROLE

_SHORTER: Final = "it was cut off, so it was too long; be brief"
_EMPTY: Final = "it was empty"


class _Group(NamedTuple):
    """Calls whose answers are asked for again together: of whom, and what was wrong with each, by index."""

    role: str
    wrong: Mapping[int, str]


def second_try(ask: Ask, made: Sequence[Result | None], results: Sequence[Result], context: StepContext) -> Ask | None:
    """The calls that ask again after a round, if there are any to make.

    `made` are the results of the round, `None` for a call that was not made; `results` has a failure there.
    """
    is_asked = ask.calls.kind == "lm" and ask.calls.prompts.schema is not None and not ask.is_second
    # An action with a check of its own asks again itself.
    if not is_asked or ask.check is not None or not context.follows(CALLS_ARE_SHARED):
        return None
    wrong = {index: what for index, result in enumerate(made) if (what := _what_is_wrong(ask, index, result))}
    groups = _groups(ask, results, wrong)
    return _ask_group(ask, results, groups, tuple(wrong), context)


def _what_is_wrong(ask: Ask, index: int, result: Result | None) -> str:
    if isinstance(result, Answered):
        return ask.what_is_wrong(index, result.text)
    return _what_failed(result)


def _what_failed(result: Result | None) -> str:
    """What was wrong with a reply that was none, empty if nobody replied."""
    if not isinstance(result, Failed):
        return ""
    if result.error == "schema":
        return _EMPTY
    # The same word stands for a prompt that was too long; but that was refused, and nothing was paid for it.
    is_cut = result.error == "too_long" and result.usage != NO_USE and result.usage.output_tokens != 0
    return _SHORTER if is_cut else ""


def replied(result: Result) -> bool:
    """Whether somebody replied to a call, if only with nothing or with more than is taken."""
    return isinstance(result, Answered) or bool(_what_failed(result))


def _groups(ask: Ask, results: Sequence[Result], wrong: Mapping[int, str]) -> tuple[_Group, ...]:
    """Whom to ask again about what: `repair` where there is an answer to mend, then whoever gave none."""
    mendable = {index: what for index, what in wrong.items() if isinstance(results[index], Answered)}
    others = {index: what for index, what in wrong.items() if index not in mendable}
    groups = (_Group(REPAIR_ROLE, mendable), _Group(ask.calls.role, others))
    return tuple(group for group in groups if group.wrong)


def _ask_group(
    ask: Ask, results: Sequence[Result], groups: tuple[_Group, ...], wrong: tuple[int, ...], context: StepContext
) -> Ask | None:
    """The calls of the first group that there is room for; the others follow in rounds of their own."""
    for place, group in enumerate(groups):
        calls = _calls_of(ask, results, group, context)
        if _has_room(calls, context):
            settle = partial(_take, ask, tuple(results), group, groups[place + 1 :], wrong)
            # Not `whole`: a prompt that is now too long is not sent, and the first answer stands.
            return Ask(calls, settle, whole=False, is_second=True)
    return None


def _calls_of(ask: Ask, results: Sequence[Result], group: _Group, context: StepContext) -> CallSet:
    prompts, indexes, wrong = ask.calls.prompts, tuple(group.wrong), tuple(group.wrong.values())
    has_repair = REPAIR_ROLE in context.settings.roles and ask.calls.role != REPAIR_ROLE
    if group.role == REPAIR_ROLE and has_repair:
        answers = [result.text for index in indexes if isinstance(result := results[index], Answered)]
        # As a model's answers they are under the rules of the inputs that the prompts were made of.
        origins = LM | DERIVED | input_bits_of(prompts.origins)
        try:
            return model_calls(mending(answers, wrong, prompts, origins), REPAIR_ROLE, ask.calls.place, context)
        except Fault as fault:
            # Content that may not go to it goes to whoever gave the answer.
            if fault.code != "egress":
                raise
    return model_calls(prompts.again(indexes, wrong), ask.calls.role, ask.calls.place, context)


def _has_room(calls: CallSet, context: StepContext) -> bool:
    """Whether the hard budgets have room for all of the calls."""
    count = len(calls)
    needed = {
        "sub_calls": count,
        "prompt_bytes": int(calls.sizes.sum()),
        "output_tokens": count * calls.model.max_output_tokens,
    }
    return all(amount <= context.budget_left(name) for name, amount in needed.items())


def _take(
    ask: Ask,
    first: tuple[Result, ...],
    group: _Group,
    later: tuple[_Group, ...],
    wrong: tuple[int, ...],
    context: StepContext,
    results: Sequence[Result],
) -> TaintedValue | Ask:
    """The next group of calls, or what the action makes of the better of both results."""
    better = list(first)
    for index, result in zip(group.wrong, results, strict=True):
        # A second call without an answer takes nothing away: the first stands, and says why it does not count.
        if isinstance(result, Answered):
            better[index] = result
    following = _ask_group(ask, better, later, wrong, context)
    if following is not None:
        return following
    mended = sum(not _what_is_wrong(ask, index, better[index]) for index in wrong)
    asked = f"{len(wrong):,} answers were not of the form and were asked for again"
    context.note(f"{asked}; {mended:,} then were", code="asked_again")
    return ask.settle(context, better)
