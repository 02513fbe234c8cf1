"""Reserving before calls go out, settling when they are back.

Counts and bytes are hard and exact, so a step whose calls would pass them is refused before any goes out, with the
arithmetic. Tokens and cost are known only afterwards: the longest prefix of calls whose reservations fit goes out, it
settles, then the next.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from rlmlite_kernel.effects.prompts import Ask
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault


class Reservation(msgspec.Struct, frozen=True, eq=False):
    """Which calls go out now, which wait, which prompts are too long to go at all, and what is held for them."""

    indexes: tuple[int, ...]
    rest: tuple[int, ...]
    too_long: tuple[int, ...]
    amounts: Mapping[str, int]


def reserve(ask: Ask, todo: tuple[int, ...], context: StepContext, first: bool) -> Reservation:
    """Reserve for as many calls as fit. Raises `Fault("budget")` if, at `first`, the hard budgets do not cover all."""
    too_long: tuple[int, ...] = ()
    if first:
        limit = context.settings.limits.call_prompt_bytes
        too_long = tuple(index for index in todo if int(ask.calls.sizes[index]) > limit)
        _refuse_too_long(ask, too_long, limit, context)
        dropped = set(too_long)
        todo = tuple(index for index in todo if index not in dropped)
        _charge_hard(ask, todo, context)
    if ask.calls.kind != "lm":
        return Reservation(todo, (), too_long, ask.holds)
    count, amounts = _fitting(ask, todo, context)
    return Reservation(todo[:count], todo[count:], too_long, amounts)


def _refuse_too_long(ask: Ask, too_long: tuple[int, ...], limit: int, context: StepContext) -> None:
    if not too_long:
        return
    longest = int(ask.calls.sizes[list(too_long)].max())
    message = f"{len(too_long):,} prompts are longer than call_prompt_bytes {limit:,} (the longest has {longest:,})"
    if ask.whole:
        raise Fault("budget", f"{message}; use less text, such as smaller chunks")
    context.mark_partial("too_long", message)


_COUNTED = {"lm": "sub_calls", "tool": "tool_calls"}
"""The budget that counts the calls of a kind; the other kinds are bounded by `steps`, and by what they hold."""


def _charge_hard(ask: Ask, todo: tuple[int, ...], context: StepContext) -> None:
    """What is known before any call goes out is charged, or refused with the arithmetic."""
    count = len(todo)
    amounts = dict.fromkeys(ask.counters, count)
    counted = _COUNTED.get(ask.calls.kind)
    if counted is not None:
        amounts[counted] = count
        if count > context.budget_left(counted):
            advice = "; use larger chunks, top(...) or where(...)" if count > 1 else ""
            what = f"{count:,} chunks x 1 call" if count > 1 else "1 call"
            raise Fault("budget", f"{what} > {context.budget_left(counted):,} {counted} left{advice}")
    if ask.calls.kind == "lm":
        amounts["prompt_bytes"] = int(ask.calls.sizes[list(todo)].sum()) if todo else 0
        amounts["output_tokens"] = count * ask.calls.model.max_output_tokens
        for name in ("prompt_bytes", "output_tokens"):
            if amounts[name] > context.budget_left(name):
                raise Fault(
                    "budget", f"{count:,} calls need {amounts[name]:,} {name}, {context.budget_left(name):,} are left"
                )
    for name, amount in amounts.items():
        context.spend(name, amount)


def _fitting(ask: Ask, todo: tuple[int, ...], context: StepContext) -> tuple[int, dict[str, int]]:
    """How many of the calls fit what is left of the settled budgets, and what they reserve."""
    sizes = _sizes(ask, todo)
    held = {"tokens": np.cumsum(ask.calls.model.reserved_tokens(sizes))}
    cost = ask.calls.model.reserved_cost(sizes)
    if cost is not None:
        held["cost_nano"] = np.cumsum(cost)
    count = len(todo)
    for name, sums in held.items():
        if getattr(context.settings.limits, name) is not None:
            count = min(count, int(np.searchsorted(sums, max(0, context.budget_left(name)), side="right")))
    return count, {name: int(sums[count - 1]) if count else 0 for name, sums in held.items()}


def _sizes(ask: Ask, indexes: Sequence[int]) -> IntArray:
    """The bytes of some calls' prompts."""
    return ask.calls.sizes[np.array(indexes, np.int64)]


def settled(ask: Ask, indexes: Sequence[int], results: Sequence[Result]) -> dict[str, int]:
    """What calls used: as reported, or as reserved where usage is unknown; `overrun` is what passed the reservation."""
    if ask.calls.kind != "lm":
        return _used_of(ask.holds, results)
    sizes = _sizes(ask, indexes)
    reserved, costs = ask.calls.model.reserved_tokens(sizes), ask.calls.model.reserved_cost(sizes)
    tokens = cost = over = 0
    for place, result in enumerate(results):
        held = int(reserved[place])
        used = _tokens(result, held)
        tokens += used
        over += max(0, used - held)
        cost += _cost(result, 0 if costs is None else int(costs[place]))
    amounts = {"tokens": tokens}
    if costs is not None or cost:
        amounts["cost_nano"] = cost
    if over:
        amounts["overrun"] = over
    return amounts


def _used_of(holds: Mapping[str, int], results: Sequence[Result]) -> dict[str, int]:
    """What nested runs used of what was held for them; one that nobody saw the end of may have used all of it.

    The bytes of their values are gone with them.
    """
    used: dict[str, int] = {}
    for result in results:
        for name, held in holds.items():
            amount = held if result.child is None else result.child.used.get(name, 0)
            used[name] = used.get(name, 0) + amount
    return {name: amount for name, amount in used.items() if amount and name != "value_bytes"}


def _tokens(result: Result, reserved: int) -> int:
    """What a call is counted with: nothing if it came from a cache, the reservation if its usage is unknown."""
    usage = result.usage
    if isinstance(result, Answered) and result.cached:
        return 0
    if usage.input_tokens is None or usage.output_tokens is None:
        return reserved
    return usage.input_tokens + usage.output_tokens


def _cost(result: Result, reserved: int) -> int:
    """What a call is counted with in nano-dollars, by the same rule."""
    if result.usage.cost_nano is not None:
        return result.usage.cost_nano
    return 0 if isinstance(result, Answered) and result.cached else reserved
