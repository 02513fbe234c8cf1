"""date: a text or a number as a day, `YYYY-MM-DD`, which sorts in order of time.

    date("Tue Mar  5 10:11:12 UTC 2024")           "2024-03-05"
    date("03/04/2024")                             null, with a warning that asks for the order
    date("03/04/2024", order="dmy")                "2024-04-03"
    date("Dec 31 23:59:59", year=2024)             "2024-12-31"
    date(1709633472, unit="s")                     "2024-03-05", in UTC

It may stand in a row expression, where one odd row must not end the step: what is no date is null, and a warning says
how many and why. How a date may be spelled is in `engines.spelled`.
"""

import datetime
from typing import TYPE_CHECKING, Final

from rlmlite_kernel.actions.scalars.plain import plain_value
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.work import NODE
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import STRICT_DATES
from rlmlite_kernel.values.operators import is_number
from rlmlite_kernel.values.values import Value

if TYPE_CHECKING:
    from rlmlite_kernel.engines.spelled.dates import Reading

ORDERS: Final = ("dmy", "mdy", "ymd")
"""The orders of day, month and year that a program can state: the words of a table's `dates` too."""

UNITS: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""Units of a count of time since 1970, and how many of each a second has."""

_QUOTED = 80
"""Characters of an example in a warning."""

WORK_OF_DATE: Final = 20 * NODE
"""Work for a text that is tried in all spellings: some 20 microseconds."""


def date(
    context: StepContext, value: Value, order: str | None = None, year: int | None = None, unit: str | None = None
) -> Value:
    """A day; null, with a warning, for what is none or may be several. Null of null."""
    item = plain_value(value, context)
    if not context.follows(STRICT_DATES):
        return _loose_date(item.strip()) if isinstance(item, str) else None
    check_options(order, year, unit)
    if item is None:
        return None
    context.work(WORK_OF_DATE, "reading a date")
    reading = _read(item, order, year, unit)
    miss_date(reading.day, item, reading.doubt, context)
    return reading.day


def check_options(order: str | None, year: int | None, unit: str | None) -> None:
    """Refuse options that say nothing of any date. Raises `Fault`."""
    _require_word("order", order, ORDERS)
    _require_word("unit", unit, tuple(UNITS))
    if year is not None and not 1 <= year <= datetime.MAXYEAR:
        raise Fault("bound", f"`year` must be from 1 to {datetime.MAXYEAR}, not {year}")


def miss_date(result: Value, item: Value, doubt: str, context: StepContext) -> None:
    """Say what is wrong with a date, or why there is none; nothing where there is no doubt."""
    if doubt:
        many = "values gave no date" if result is None else "dates may be others"
        context.miss("not_dates", "date met", many, str(item)[:_QUOTED], doubt, was_said=True)


def _require_word(name: str, word: str | None, words: tuple[str, ...]) -> None:
    if word is not None and word not in words:
        raise Fault("arguments", f"`{name}` must be one of {', '.join(words)}")


def _read(item: Value, order: str | None, year: int | None, unit: str | None) -> "Reading":
    # Here, since most runs read no dates.
    from rlmlite_kernel.engines.spelled import dates

    if unit is not None and isinstance(item, str | int | float) and not isinstance(item, bool):
        return dates.read_count(item, UNITS[unit])
    if isinstance(item, str):
        return dates.read_date(item, order, year)
    return dates.UNCOUNTED if is_number(item) else dates.NO_TEXT


# How dates were read before `STRICT_DATES`: any text that begins like one.

# English names by hand, not `strptime`, which reads them in the language of the machine.
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _loose_date(text: str) -> Value:
    # Ten characters are `YYYY-MM-DD`; a time behind it does not matter.
    head = text[:10].replace(".", "-").replace("/", "-")
    try:
        return datetime.date.fromisoformat(head).isoformat()
    except ValueError:
        return _date_of_words(_split_date(text))


def _split_date(text: str) -> list[str]:
    """The words of a date, without a time (`04:47:44`) and the weekday before it."""
    blanks = text.replace(",", " ").replace("/", " ")
    parts: list[str] = []
    for word in blanks.split():
        head, colon, _ = word.partition(":")
        # Of `2005:04:47:44` the year stays, of `04:47:44` nothing.
        if not colon or len(head) == 4:
            parts.append(head)
    has_weekday = bool(parts) and parts[0][:3].lower() in _WEEKDAYS
    return parts[1:] if has_weekday else parts


def _date_of_words(words: list[str]) -> Value:
    """The date of `Dec 04 2005 ...` or `04 Dec 2005 ...`; null for any other words."""
    if len(words) < 3:
        return None
    first, second, year = words[:3]
    month_first = first[:3].lower() in _MONTHS
    month, day = (first, second) if month_first else (second, first)
    # The first three letters: `Dec`, `December` and `dec.` are one month. `03/04/2005` has none and stays null, since
    # nothing says which of its numbers is the month.
    month_number = _MONTHS.get(month[:3].lower())
    has_numbers = day.isdecimal() and year.isdecimal() and len(year) == 4
    if month_number is None or not has_numbers:
        return None
    try:
        return datetime.date(int(year), month_number, int(day)).isoformat()
    except ValueError:
        # A day that the month does not have.
        return None
