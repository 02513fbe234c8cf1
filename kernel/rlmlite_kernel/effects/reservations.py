"""Reserving before calls go out, settling when they are back.

Two kinds of budgets need two ways:

* **Hard**: counts, prompt bytes and output tokens are known exactly before any call goes out. A step whose calls would
  pass one of them is refused whole, with the arithmetic in the message.
* **Settled**: tokens and cost are known only afterwards. So each call reserves what it may use at most, the longest
  prefix of calls whose reservations fit goes out, is settled by what it really used, and then the next prefix goes.

Example: 25 tokens are left; three calls reserve 11 each and use 1 each.

    reserve: two fit (22 <= 25), the third waits     settle: 2 used, 23 left     reserve: the third fits

Not here: which step may go on when (`run.turns.turn`); how much a role reserves for a call (`Role.reserved_tokens`).
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from rlmlite_kernel.effects.calls import Ask
from rlmlite_kernel.effects.fitting import how_to_fit, prompt_room
from rlmlite_kernel.effects.requests import Answered, Result
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import PROMPTS_FIT

_COUNTED = {"lm": "sub_calls", "tool": "tool_calls"}
"""The budget that counts the calls of a kind; the other kinds are bounded by `steps`, and by what they hold."""


class Reservation(msgspec.Struct, frozen=True, eq=False):
    """What became of a step's calls, by index: `indexes` go out now, `rest` wait, `too_long` are never made.

    `amounts` is what is held for those that go out.
    """

    indexes: tuple[int, ...]
    rest: tuple[int, ...]
    too_long: tuple[int, ...]
    amounts: Mapping[str, int]


def reserve(ask: Ask, indexes: tuple[int, ...], context: StepContext, first: bool) -> Reservation:
    """Reserve for as many of these calls as fit.

    `first` is the first time for a round: then the hard budgets are charged for all of its calls, or
    `Fault("budget")` is raised.
    """
    too_long: tuple[int, ...] = ()
    if first:
        too_long = _drop_too_long(ask, indexes, context)
        dropped = frozenset(too_long)
        indexes = tuple(index for index in indexes if index not in dropped)
        _charge_hard(ask, indexes, context)
    if ask.calls.kind != "lm":
        # Only calls of models have budgets that are settled afterwards; all others go out at once.
        held = {name: amount * len(indexes) for name, amount in ask.holds.items()}
        return Reservation(indexes, (), too_long, held)
    count, amounts = _fit_settled(ask, indexes, context)
    return Reservation(indexes[:count], indexes[count:], too_long, amounts)


def _drop_too_long(ask: Ask, indexes: tuple[int, ...], context: StepContext) -> tuple[int, ...]:
    """The calls whose prompts are too long for any call; one that needs every call fails."""
    sizes, room = ask.calls.sizes, prompt_room(ask.calls.model, context)
    too_long = tuple(index for index in indexes if int(sizes[index]) > room.size)
    if not too_long:
        return ()
    longest = max(too_long, key=lambda index: int(sizes[index]))
    message = f"{len(too_long):,} prompts are longer than {room.bound} (the longest has {int(sizes[longest]):,})"
    says_how = context.follows(PROMPTS_FIT) and ask.calls.kind == "lm"
    if says_how:
        message = f"{message}; {how_to_fit(ask.calls, longest, room.size)}"
    if ask.whole:
        raise Fault("budget", message if says_how else f"{message}; use less text, such as smaller chunks")
    # A fan-out goes on without them: one overlong row is no reason to lose the answers to all others.
    context.mark_partial("too_long", message)
    return too_long


def _charge_hard(ask: Ask, indexes: tuple[int, ...], context: StepContext) -> None:
    """Charge what is known before any call goes out, all of it or nothing."""
    count = len(indexes)
    amounts = dict.fromkeys(ask.counters, count)
    counted = _COUNTED.get(ask.calls.kind)
    if counted is not None:
        _check_count(count, counted, context)
        amounts[counted] = count
    if ask.calls.kind == "lm":
        amounts["prompt_bytes"] = int(ask.calls.sizes[list(indexes)].sum()) if indexes else 0
        amounts["output_tokens"] = count * ask.calls.model.max_output_tokens
        for name in ("prompt_bytes", "output_tokens"):
            left = context.budget_left(name)
            if amounts[name] > left:
                raise Fault("budget", f"{count:,} calls need {amounts[name]:,} {name}, {left:,} are left")
    # Only now, when nothing can be refused any more: a step that is refused has used nothing.
    for name, amount in amounts.items():
        context.spend(name, amount)


def _check_count(count: int, budget: str, context: StepContext) -> None:
    """Refuse more calls than are left. Raises `Fault("budget")`."""
    left = context.budget_left(budget)
    if count > left:
        advice = "; use larger chunks, top(...) or where(...)" if count > 1 else ""
        needed = f"{count:,} chunks x 1 call" if count > 1 else "1 call"
        raise Fault("budget", f"{needed} > {left:,} {budget} left{advice}")


def _fit_settled(ask: Ask, indexes: tuple[int, ...], context: StepContext) -> tuple[int, dict[str, int]]:
    """How many of the calls fit what is left of tokens and cost, counted from the first, and what they reserve.

    The sums over the first 1, 2, 3, ... calls rise, so the last one that fits is found by bisection.
    """
    tokens, costs = _reserved(ask, indexes)
    running_sums = {"tokens": np.cumsum(tokens)}
    if costs is not None:
        running_sums["cost_nano"] = np.cumsum(costs)
    # A call goes out only if it fits every budget, so the scarcest of them decides.
    count = len(indexes)
    for name, sums in running_sums.items():
        if getattr(context.settings.limits, name) is None:
            continue
        # Below zero after an overrun: a provider may have counted more than was reserved.
        left = max(0, context.budget_left(name))
        # `right`: a sum that is exactly what is left still fits.
        fitting = int(np.searchsorted(sums, left, side="right"))
        count = min(count, fitting)
    # Also for a budget without a limit: what is settled later is the same for every run.
    amounts = {name: int(sums[count - 1]) if count else 0 for name, sums in running_sums.items()}
    return count, amounts


def _reserved(ask: Ask, indexes: Sequence[int]) -> tuple[IntArray, IntArray | None]:
    """The tokens, and the cost if its price is known, that each of some calls reserves."""
    sizes = ask.calls.sizes[np.array(indexes, np.int64)]
    model = ask.calls.model
    return model.reserved_tokens(sizes), model.reserved_cost(sizes)


def settle_usage(ask: Ask, indexes: Sequence[int], results: Sequence[Result]) -> dict[str, int]:
    """What calls used: as reported, or as reserved where usage is unknown.

    `overrun` is by how many tokens they passed their reservations: a provider may count otherwise than we do.
    """
    if ask.calls.kind != "lm":
        return _nested_usage(ask.holds, results)
    reserved_tokens, reserved_costs = _reserved(ask, indexes)
    tokens = cost = overrun = 0
    for place, result in enumerate(results):
        reserved = int(reserved_tokens[place])
        used = _tokens_of(result, reserved)
        tokens += used
        # Call by call: what one call used less does not make up for what another used more.
        overrun += max(0, used - reserved)
        reserved_cost = 0 if reserved_costs is None else int(reserved_costs[place])
        cost += _cost_of(result, reserved_cost)
    amounts = {"tokens": tokens}
    # A model without a known price may still report a cost. If it does not, the cost is unknown, which is not zero.
    if reserved_costs is not None or cost:
        amounts["cost_nano"] = cost
    if overrun:
        amounts["overrun"] = overrun
    return amounts


def _nested_usage(held: Mapping[str, int], results: Sequence[Result]) -> dict[str, int]:
    """What nested runs used of what was held for them.

    One whose end nobody saw may have used all of it. The bytes of its values are gone with it, so they are not charged.
    """
    used: dict[str, int] = {}
    for result in results:
        child = result.child
        for name, most in held.items():
            amount = most if child is None else child.used.get(name, 0)
            used[name] = used.get(name, 0) + amount
    return {name: amount for name, amount in used.items() if amount and name != "value_bytes"}


def _tokens_of(result: Result, reserved: int) -> int:
    """The tokens that a call counts: none if it came from a cache, its reservation if its usage is unknown."""
    if isinstance(result, Answered) and result.cached:
        return 0
    usage = result.usage
    # Half a report is none: what is unknown counts as the most that it can have been.
    if usage.input_tokens is None or usage.output_tokens is None:
        return reserved
    return usage.input_tokens + usage.output_tokens


def _cost_of(result: Result, reserved: int) -> int:
    """The nano-dollars that a call counts: as reported; else none if it came from a cache, else its reservation."""
    if result.usage.cost_nano is not None:
        return result.usage.cost_nano
    is_cached = isinstance(result, Answered) and result.cached
    return 0 if is_cached else reserved
