"""Dates as people and programs spell them, read as days: only where the whole text is a date, and never by a guess.

The idea: what a text says decides, and what it leaves open is asked for. Numbers whose order is open are tried in every
order; if more than one gives a day, there is no answer until `order` says which. A year that is not there is asked for
(`year`), and so is the century of two digits.

    2024-03-05T23:59:59-08:00      2024-03-05: the day where it was written, whatever the zone
    25/12/2024                     2024-12-25: there is no 25th month
    03/04/2024                     no day, and why: it may be in March or in April; `order` "dmy" gives 2024-04-03
    Dec 31 23:59:59                no day without `year`; 2024 gives 2024-12-31

Not here: how a text may be laid out (`date_forms`), and what a program is told (`actions.scalars.dates`).
"""

import datetime
import re
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from rlmlite_kernel.engines.spelled.date_forms import MONTHS, WEEKDAYS, date_forms
from rlmlite_kernel.engines.spelled.moments import DAY_SECONDS, EPOCH

_LONGEST = 100
"""Characters of the longest text that can be a date. The longest real ones have some 70."""

_CENTURY = 100
COUNT: Final = re.compile(r"[+-]?\d{1,30}(?:\.\d{0,30})?", re.ASCII)
"""A plain number: how a text counts time since 1970."""


Parts: TypeAlias = dict[str, str | None]
"""What the groups of a form matched."""


class Reading(NamedTuple):
    """A day as `YYYY-MM-DD`, or None; and what is wrong with it or why there is none, or an empty text."""

    day: str | None
    doubt: str = ""


NO_DATE: Final = Reading(None, "not a date as a whole")
NO_SUCH_DAY: Final = Reading(None, "a day that no calendar has")
NO_ORDER: Final = Reading(None, 'day and month may be either way round; say date(..., order="dmy"), or "mdy" or "ymd"')
NO_YEAR: Final = Reading(None, "a date without a year; say date(..., year=2024) if that is the year")
NO_CENTURY: Final = Reading(None, "a year of two digits; say date(..., year=2024) for the one nearest to 2024")
UNCOUNTED: Final = Reading(
    None, 'a number; say date(..., unit="s") if it counts seconds since 1970, or "ms", "us" or "ns"'
)
NO_TEXT: Final = Reading(None, "what is no text")
CENTURY_BY_WEEKDAY: Final = (
    "a year of two digits, whose century only the weekday tells; say date(..., year=2024) for the one nearest to 2024"
)
OTHER_WEEKDAY: Final = "a date with the weekday of another"


def read_date(text: str, order: str | None = None, year: int | None = None) -> Reading:
    """The day that a text is.

    `order` is `dmy`, `mdy` or `ymd`; `year` is that of a text without one, and near that of a text with two digits.
    """
    if len(text) == 10 and text[4] == text[7] == "-" and text.isascii():
        # Most dates; what is wrong with another one is found below.
        try:
            return Reading(datetime.date.fromisoformat(text).isoformat())
        except ValueError:
            pass
    return read_parts(text, order, year)[0]


def read_parts(text: str, order: str | None, year: int | None) -> tuple[Reading, Parts]:
    """The day that a text is, and the parts of the form that it has: `clock` and `zone` among them."""
    plain = plain_spelling(text)
    if plain is None:
        return NO_DATE, {}
    reason: tuple[Reading, Parts] = NO_DATE, {}
    for form in date_forms():
        match = form.fullmatch(plain)
        if match is not None:
            parts = match.groupdict()
            reading = _read_parts(parts, order, year)
            if reading.day is not None:
                return reading, parts
            # One text can have several forms (`24-03-05` has one with an hour); the first says what is missing.
            reason = (reading, parts) if reason[0] is NO_DATE else reason
    return reason


def read_count(count: float | str, per_second: int) -> Reading:
    """The day, in UTC, of a count of time since 1970, of so many units a second; a text must be a plain number."""
    if isinstance(count, str):
        if not COUNT.fullmatch(count.strip()):
            return NO_DATE
        # The whole part decides the day, but for a fraction before 1970.
        whole = int(count.strip().partition(".")[0])
        is_before = count.strip().startswith("-") and bool(count.strip().partition(".")[2].strip("0"))
        ticks = whole - is_before
    else:
        ticks = int(count // 1)
    days = ticks // (DAY_SECONDS * per_second) + EPOCH
    if not 1 <= days <= datetime.date.max.toordinal():
        return NO_SUCH_DAY
    return Reading(datetime.date.fromordinal(days).isoformat())


def plain_spelling(text: str) -> str | None:
    """A text in lower case with single blanks, without brackets around it; None if it cannot be a date."""
    if len(text) > _LONGEST:
        return None
    # All white space is a blank: the formatters of some languages write narrow ones before `PM`.
    plain = " ".join(text.split()).lower()
    if len(plain) > 1 and plain[0] + plain[-1] in ("[]", "<>", "()", '""', "''"):
        plain = plain[1:-1].strip()
    return plain if plain.isascii() and any(character.isdigit() for character in plain) else None


def _read_parts(parts: Parts, order: str | None, year: int | None) -> Reading:
    """The day that the parts of a form are together."""
    if parts.get("week"):
        return _checked(_week_day(parts), parts)
    if parts.get("day_of_year"):
        return _checked(_day_of_year(parts), parts)
    orders = list(_orders(parts, order))
    if not orders:
        return NO_SUCH_DAY if order else NO_ORDER
    reasons = []
    days: set[datetime.date] = set()
    for year_text, month, day in orders:
        years = _years(year_text, month, day, parts.get("weekday"), year)
        if not years:
            reasons.append(NO_YEAR if year_text is None else NO_CENTURY)
        days.update(found for one in years if (found := _day(one, month, day)) is not None)
    if reasons:
        is_impossible = all(_day(2000, month, day) is None for _, month, day in orders)
        return NO_SUCH_DAY if is_impossible else reasons[0]
    if len(days) > 1:
        return NO_ORDER
    reading = _checked(days.pop() if days else None, parts)
    if year is None and all(year_text is not None and len(year_text) == 2 for year_text, _, _ in orders):
        # A slip in the day or the weekday would tell another century, so this is never done in silence.
        return reading._replace(doubt=reading.doubt or CENTURY_BY_WEEKDAY)
    return reading


def _orders(parts: Parts, order: str | None) -> Iterator[tuple[str | None, int, int]]:
    """Year, month and day as the parts say, or in each order that they may have."""
    first, second, third = (parts.get(name) for name in ("first", "second", "third"))
    name, day = parts.get("month_name"), parts.get("day")
    if first is None or second is None:
        month = MONTHS.index(name[:3]) + 1 if name else int(parts["month"] or 0)
        yield parts.get("year"), month, int(day or 0)
        return
    if order in (None, "dmy"):
        yield third, int(second), int(first)
    if order in (None, "mdy"):
        yield third, int(first), int(second)
    is_year_first = third is not None and len(third) == 2 and len(first) == 2
    if order in (None, "ymd") and is_year_first:
        yield first, int(second), int(third or 0)
    if order == "ymd" and third is None:
        yield None, int(first), int(second)


def _years(text: str | None, month: int, day: int, weekday: str | None, year: int | None) -> list[int]:
    """The years that may be meant; none if that is to be asked."""
    if text is None:
        return [] if year is None else [year]
    if len(text) == 4:
        return [int(text)]
    if year is not None:
        # From 50 years before it to 49 after: the nearest with these digits.
        first = year - _CENTURY // 2
        return [first + (int(text) - first) % _CENTURY]
    if weekday is None:
        return []
    # A weekday tells one century from the next: 6 November was a Sunday in 1994, and is none in 2094.
    both = [1900 + int(text), 2000 + int(text)]
    return [one for one in both if _has_weekday(_day(one, month, day), weekday)]


def _day(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _week_day(parts: Parts) -> datetime.date | None:
    try:
        return datetime.date.fromisocalendar(
            int(parts["year"] or 0), int(parts["week"] or 0), int(parts["day_of_week"] or 0)
        )
    except ValueError:
        return None


def _day_of_year(parts: Parts) -> datetime.date | None:
    year, number = int(parts["year"] or 0), int(parts["day_of_year"] or 0)
    first = _day(year, 1, 1)
    last = _day(year, 12, 31)
    if first is None or last is None or not 1 <= number <= last.toordinal() - first.toordinal() + 1:
        return None
    return datetime.date.fromordinal(first.toordinal() + number - 1)


def _checked(day: datetime.date | None, parts: Parts) -> Reading:
    if day is None:
        return NO_SUCH_DAY
    weekday = parts.get("weekday")
    doubt = OTHER_WEEKDAY if weekday and not _has_weekday(day, weekday) else ""
    return Reading(day.isoformat(), doubt)


def _has_weekday(day: datetime.date | None, weekday: str) -> bool:
    return day is not None and WEEKDAYS[day.weekday()] == weekday[:3]
