"""Times as people and programs spell them, read as moments: what is written, and never a guess.

The day is read as `dates` does. The form that it has also names the clock and the zone:

    05/Mar/2024:10:11:12 -0700          10:11:12, written 7 hours behind UTC: the instant 2024-03-05T17:11:12+00:00
    2024-03-05 10:11:12,5               a time, as no zone is written: 2024-03-05T10:11:12.5
    Tue Mar  5 10:11:12 CET 2024        no moment: what CET is, a program has to say (`zone="+01:00"`)

Of the names of zones only UTC and GMT are certain: CST is four zones, and when summer time begins is decided by
parliaments. No database of zones is read, as hosts have different ones.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from rlmlite_kernel.engines.spelled.date_forms import clock_form
from rlmlite_kernel.engines.spelled.dates import (
    COUNT,
    NO_DATE,
    NO_SUCH_DAY,
    Parts,
    plain_spelling,
    read_parts,
)
from rlmlite_kernel.engines.spelled.moments import DAY_SECONDS, Moment, read_moment, read_written_moment

NO_CLOCK: Final = "a day without a time of day"
NO_DAY: Final = 'a time of day without a day; join them: time(.date + " " + .time)'
NO_SUCH_YEAR: Final = "beyond the years 1 to 9999"
NO_SUCH_TIME: Final = "a time of day that no clock shows"
NO_OFFSET: Final = 'a zone that is only a name; say time(..., zone="+01:00") if it is an hour ahead of UTC'
LEAP_SECOND: Final = "a leap second, which is counted as the second after it"

_CLOCK_PARTS = re.compile(
    r"[t _-]?(\d{1,2})(?:[:.-]?([0-5]\d)(?:[:.-]?([0-5]\d|60)(?:[.,:](\d+))?)?)? ?(?:([ap])\.?m\.?)?", re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d\d?)(?::?(\d\d))?(?::?(\d\d))?", re.ASCII)
_CERTAIN = ("", "utc", "gmt", "ut", "z")
_MOST_OFFSET = 16 * 3_600


class Written(NamedTuple):
    """A moment as it is written: day and clock of that place, and the seconds that it is ahead of UTC, if it says so.

    `moment` is a day, or a time; None with a doubt says why there is none. `is_named`: the zone is only a name.
    """

    moment: Moment | None
    doubt: str = ""
    offset: int | None = None
    is_named: bool = False


# Lines of a log share their seconds, and two expressions their text.
@lru_cache(maxsize=4_096)
def read_written(text: str, order: str | None = None, year: int | None = None) -> Written:
    """What a text says, in the spellings of `dates` and with any clock behind or before the day."""
    iso = read_written_moment(_with_t(text))
    if iso is not None:
        return Written(iso[0], offset=iso[1])
    reading, parts = read_parts(text, order, year)
    if reading.day is None:
        return Written(None, reading.doubt)
    day = read_moment(reading.day)
    assert day is not None  # as `dates` writes it
    if parts.get("clock") is None:
        return Written(day, reading.doubt)
    return _with_clock(day, parts, reading.doubt)


def _with_t(text: str) -> str:
    """`2024-03-05 10:11:12,5` as `2024-03-05T10:11:12.5`: most logs."""
    if text[10:11] != " ":
        return text
    return f"{text[:10]}T{text[11:].replace(',', '.', 1)}"


def read_clock(text: str) -> Written:
    """A time of day by itself, as if of 1 January 1970."""
    plain = plain_spelling(text)
    match = None if plain is None else clock_form().fullmatch(plain)
    return Written(None, NO_DATE.doubt) if match is None else _with_clock(Moment("day", 0), match.groupdict(), "")


def _with_clock(day: Moment, parts: Parts, doubt: str) -> Written:
    match = _CLOCK_PARTS.fullmatch(parts["clock"] or "")
    if match is None:
        return Written(None, NO_SUCH_TIME)
    hour, minute, second, fraction, half = match.groups()
    hours = _hours(int(hour), half)
    if hours is None:
        return Written(None, NO_SUCH_TIME)
    # 60 is the second after 59: of two doubts the one about the day is said.
    seconds = hours * 3_600 + int(minute or 0) * 60 + int(second or 0)
    doubt = doubt or (LEAP_SECOND if second == "60" else "")
    moment = Moment("time", day.seconds + seconds, (fraction or "").rstrip("0"))
    zone = parts.get("zone") or parts.get("zone_behind")
    offset = None if zone is None else read_offset(zone)
    return Written(moment, doubt, offset, zone is not None and offset is None)


def _hours(hour: int, half: str | None) -> int | None:
    """0 to 23 of a clock with or without `am` and `pm`."""
    if half is None:
        return hour
    if hour > 12 or (hour == 0 and half == "p"):
        return None
    return hour % 12 + (12 if half == "p" else 0)


def read_offset(zone: str) -> int | None:
    """The seconds that a zone is ahead of UTC, by what is written; None for a name that does not say."""
    # `[europe/paris]` and `(central european time)` only explain the offset before them.
    plain = re.sub(r"\[[^]]*\]|\([^)]*\)", "", zone).strip().lower()
    if "/" in plain:
        return None
    match = _OFFSET.search(plain)
    name = plain if match is None else plain[: match.start()].strip()
    if name not in _CERTAIN:
        return None
    if match is None:
        return 0 if plain else None
    sign, hours, minutes, seconds = match.groups()
    total = int(hours) * 3_600 + int(minutes or 0) * 60 + int(seconds or 0)
    if total > _MOST_OFFSET:
        return None
    return -total if sign == "-" else total


def to_moment(written: Written, offset: int | None) -> Moment | None:
    """A time as an instant, where it or else `offset` says how far ahead of UTC it is; days have no instant."""
    ahead = offset if written.offset is None else written.offset
    if written.moment is None or written.moment.kind == "day":
        return None
    if ahead is None:
        return None if written.is_named else written.moment
    return Moment("instant", written.moment.seconds - ahead, written.moment.fraction)


def read_count_of(count: float | str, per_second: int) -> tuple[Moment | None, str]:
    """The instant that a count of units since 1970 is, exactly; and what is wrong where there is none."""
    if isinstance(count, str) and not COUNT.fullmatch(count.strip()):
        return None, NO_DATE.doubt
    # 1709633472.1 is not quite what a decimal holds: what is written counts.
    exact = Fraction(count.strip() if isinstance(count, str) else repr(count)) / per_second
    whole = int(exact // 1)
    if abs(whole) > _MOST_DAYS * DAY_SECONDS:
        return None, NO_SUCH_DAY.doubt
    # Most counts are whole, and the digits of the others take longer than all the rest.
    digits = "" if exact == whole else f"{int((exact - whole) * 10**_DIGITS):0{_DIGITS}d}"
    return Moment("instant", whole, digits.rstrip("0")), ""


_MOST_DAYS = 4_000_000
_DIGITS = 360
"""Digits of the smallest decimal, in nanoseconds."""
