"""Actions on single values, which mostly stand inside row expressions."""

from typing import Any

from msgspec.structs import replace

from rlmlite_kernel.actions.calls import clock
from rlmlite_kernel.actions.scalars import choices, dates, numbers, texts, times
from rlmlite_kernel.actions.scalars.dates import ORDERS, UNITS
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.costs import FREE
from rlmlite_kernel.records.evolution import STRICT_DATES, TIMES_AND_STEMS

_VALUE = Param("value", "any", "any value")
_NUMBER = Param("value", "any", "a number")
_TEXT = Param("text", "any", "text")
_ENDS = (_TEXT, Param("part", "any", "text, or a list of which any will do"))


def _scalar(name: str, run: Any, params: tuple[Param, ...], result: str, help_: str, example: str) -> Action:
    return Action(
        name=name, family="scalars", params=params, run=run, help=help_, result=result, example=example, in_rows=True
    )


def _new_scalar(name: str, run: Any, params: tuple[Param, ...], result: str, help_: str, example: str) -> Action:
    return replace(_scalar(name, run, params, result, help_, example), since=TIMES_AND_STEMS)


_DATE_OPTIONS = (
    Param("order", "text", f"the order of its numbers where it is open: {', '.join(ORDERS)}", None, named_only=True),
    Param("year", "int", "the year of dates that say none, or two digits", None, named_only=True),
    Param("unit", "text", f"for numbers since 1970: {', '.join(UNITS)}", None, named_only=True),
)


ACTIONS = (
    _scalar("lower", texts.lower, (_TEXT,), "text", "in lower case", example='"error"'),
    _scalar("upper", texts.upper, (_TEXT,), "text", "in upper case", example='"ERROR"'),
    _scalar(
        "strip",
        texts.strip,
        (_TEXT,),
        "text",
        "without white space at both ends",
        example='"ERROR disk"',
    ),
    _new_scalar(
        "starts_with",
        texts.starts_with,
        _ENDS,
        "true or false",
        "whether a text begins with another",
        example="true",
    ),
    _new_scalar(
        "ends_with",
        texts.ends_with,
        _ENDS,
        "true or false",
        "whether a text ends with another",
        example="true",
    ),
    _scalar(
        "pick",
        choices.pick,
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
        choices.case,
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
        numbers.div,
        (Param("a", "any", "a number"), Param("b", "any", "a number")),
        "a number",
        "`a` divided by `b`; null if `b` is zero",
        example="2.5",
    ),
    _scalar(
        "int",
        numbers.to_int,
        (_VALUE,),
        "a whole number",
        "any value as a whole number; null if it is not a number",
        "12",
    ),
    _scalar(
        "float", numbers.to_float, (_VALUE,), "a number", "any value as a number; null if it is not one", example="12.5"
    ),
    _new_scalar(
        "round",
        numbers.round_,
        (
            _NUMBER,
            Param("digits", "int", "digits after the point; below 0 before it", default=None),
        ),
        "a number",
        "the nearest number with so many digits, by default a whole one; of two the one farther from zero: 2.5 is 3",
        example="2.68",
    ),
    _new_scalar("abs", numbers.absolute, (_NUMBER,), "a number", "without its sign", "3"),
    _scalar("str", texts.to_str, (_VALUE,), "text", "any value as text", example='"12"'),
    _scalar(
        "date",
        dates.date,
        (
            _VALUE,
            *(replace(option, since=STRICT_DATES) for option in _DATE_OPTIONS),
        ),
        "YYYY-MM-DD",
        "the day of any date, as it was written, in the form that sorts; null, with a warning, if it is not one",
        example='"2024-03-01"',
    ),
    _new_scalar(
        "time",
        times.time,
        (
            _VALUE,
            *_DATE_OPTIONS,
            Param("zone", "text", 'the offset from UTC of times that say none: "+01:00", "UTC"', None, named_only=True),
        ),
        "YYYY-MM-DDTHH:MM:SS, and +00:00 if the offset from UTC is known",
        "the time of any date with a time of day, in the form that sorts; `a - b` is then in seconds",
        example='"2024-03-01T08:14:00+00:00"',
    ),
    _new_scalar(
        "date_part",
        times.date_part,
        (_VALUE, Param("part", "word", "which part", words=times.PARTS)),
        "a number; the name of the weekday; a week as 2024-W10",
        'one part of a date or time, as it is written: date_part(.at, "hour")',
        example='"Friday"',
    ),
    _new_scalar(
        "bucket",
        times.bucket,
        (_VALUE, Param("size", "text", 'a number and s, m, h, d, w, mo or y: "5m", "1h", "1mo"')),
        "a date or time",
        'where the 5 minutes, day, week, ... of a date or time begin: count_by(rows, bucket(.at, "5m"))',
        example='"2024-03-01T08:10:00+00:00"',
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
