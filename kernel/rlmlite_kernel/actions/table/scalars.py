"""Actions on single values, which mostly stand inside row expressions."""

from typing import Any

from rlmlite_kernel.actions.calls import clock
from rlmlite_kernel.actions.texts import scalars
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import FREE

_VALUE = Param("value", "any", "any value")


def _scalar(name: str, run: Any, params: tuple[Param, ...], result: str, help_: str, example: str) -> Action:
    return Action(
        name=name, family="scalars", params=params, run=run, help=help_, result=result, example=example, in_rows=True
    )


ACTIONS = (
    _scalar("lower", scalars.lower, (Param("text", "any", "text"),), "text", "in lower case", example='"error"'),
    _scalar("upper", scalars.upper, (Param("text", "any", "text"),), "text", "in upper case", example='"ERROR"'),
    _scalar(
        "strip",
        scalars.strip,
        (Param("text", "any", "text"),),
        "text",
        "without white space at both ends",
        example='"ERROR disk"',
    ),
    _scalar(
        "pick",
        scalars.pick,
        (
            Param("cond", "any", "a condition"),
            Param("a", "any", "the value if it holds"),
            Param("b", "any", "the value if it does not"),
        ),
        "a or b",
        "`a` if the condition holds, else `b`",
        example='"yes"',
    ),
    _scalar(
        "case",
        scalars.case,
        (
            Param(
                "parts",
                "any",
                "condition, value, condition, value, ..., and last the value for all other cases",
                many=True,
            ),
        ),
        "a value",
        "the value after the first condition that holds: case(.n > 9, 'high', .n > 3, 'mid', 'low')",
        example='"high"',
    ),
    _scalar(
        "div",
        scalars.div,
        (Param("a", "any", "a number"), Param("b", "any", "a number")),
        "a number",
        "`a` divided by `b`; null if `b` is zero",
        example="2.5",
    ),
    _scalar(
        "int",
        scalars.to_int,
        (_VALUE,),
        "a whole number",
        "any value as a whole number; null if it is not a number",
        "12",
    ),
    _scalar(
        "float", scalars.to_float, (_VALUE,), "a number", "any value as a number; null if it is not one", example="12.5"
    ),
    _scalar("str", scalars.to_str, (_VALUE,), "text", "any value as text", example='"12"'),
    _scalar(
        "date",
        scalars.date,
        (_VALUE,),
        "YYYY-MM-DD",
        "a date in the form that sorts; null if it is not a date",
        example='"2024-03-01"',
    ),
    Action(
        name="now",
        family="scalars",
        params=(),
        ask=clock.ask_now,
        with_taint=True,
        result="YYYY-MM-DDTHH:MM:SS.mmmZ",
        help="the current time, in UTC",
        # An action with calls has to declare its cost; this call is in no budget.
        cost=FREE,
        example='"2024-03-01T08:14:00.000Z"',
    ),
)
