"""Actions of a host that break one law each, and one that keeps them all."""

from collections.abc import Callable
from typing import Any

from rlmlite_kernel import ACTIONS
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.costs import CostRule, Range
from rlmlite_kernel.table import SEARCH_WORK, Action, Param
from rlmlite_kernel.values import vectors

VALUES = (Param("values", "rows", "rows or a list"),)
_calls: list[int] = []


def reverse(context: StepContext, values: Any) -> Any:
    """The rows from the last to the first."""
    rows = context.require_rows(values, "reverse's argument")
    context.work(100 * len(rows), "reverse")
    return list(rows.values(context.blobs))[::-1]


def raise_for_null(context: StepContext, values: Any) -> Any:
    return [value + 1 for value in values]


def make_set(context: StepContext, values: Any) -> Any:
    return {1, 2}


def raise_own_code(context: StepContext, values: Any) -> Any:
    raise Fault("sorry", "a code of its own")


def sort_in_place(context: StepContext, values: Any) -> Any:
    if isinstance(values, list):
        values.reverse()
    return 1


def count_calls(context: StepContext, values: Any) -> Any:
    _calls.append(1)
    return len(_calls)


def tell_hash(context: StepContext, values: Any) -> Any:
    return list({"a", "b", "c", "d", "e", "f"})


def tell_way(context: StepContext, values: Any) -> Any:
    return vectors.are_many(len(context.require_rows(values, "it")))


def use_more(context: StepContext, values: Any) -> Any:
    context.charge("chunks", 11, "it")
    return 1


def scan(context: StepContext, values: Any) -> Any:
    context.charge("search_work", 11, "it")
    return 1


def action(name: str, run: Callable[..., Any], **more: Any) -> Action:
    return Action(name=name, family="ours", params=VALUES, run=run, result="a value", help="does it", **more)


TEN_AT_MOST = CostRule("chunks", ("chunks",), lambda call: {"chunks": Range(0, 10)})

TABLE = ACTIONS.extended(
    [
        action("reverse", reverse),
        action("raise_for_null", raise_for_null),
        action("make_set", make_set),
        action("raise_own_code", raise_own_code),
        action("sort_in_place", sort_in_place),
        action("count_calls", count_calls),
        action("tell_hash", tell_hash),
        action("tell_way", tell_way),
        action("use_more", use_more, cost=TEN_AT_MOST),
        action("use_undeclared", use_more, cost=None),
        action("scan", scan, cost=SEARCH_WORK),
    ]
)

BREAKS = {
    "raise_for_null": "total",
    "make_set": "total",
    "raise_own_code": "total",
    "use_undeclared": "total",
    "sort_in_place": "arguments",
    "count_calls": "pure",
    "tell_way": "columns",
    "use_more": "price",
    "tell_hash": "elsewhere",
}
"""The law that each of them breaks."""
