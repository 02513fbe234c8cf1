"""Moments: days, times and instants in the spelling that sorts, and what is computed with them.

    2024-03-05                      a day
    2024-03-05T10:11:12.5           a time of some place's clock, which does not say where
    2024-03-05T10:11:12.5+00:00     an instant: the same time for everybody, in UTC

A moment is a text, like every value that is no number. Texts sort by code point, and these sort by time: fields have a
fixed width, a fraction has no zeros at its end, and `+` comes before `.` and every digit:

    ...12+00:00  <  ...12.5+00:00  <  ...12.55+00:00  <  ...13+00:00

A time and an instant are two kinds: between `2024-03-05T10:00:00` and an instant nobody knows what lies, so they have
no difference, and comparing them is said.

Not here: the spellings of other programs (`times`, `dates`).
"""

import datetime
import re
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["day", "time", "instant"]

DAY_SECONDS: Final = 86_400
EPOCH: Final = datetime.date(1970, 1, 1).toordinal()
"""The ordinal of the day from which days and seconds are counted."""

_LAST_DAY = datetime.date.max.toordinal()

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(Z|[+-](?:0\d|1[0-5]):[0-5]\d)?)?", re.ASCII
)


class Moment(NamedTuple):
    """Seconds since 1970 began, by the clock of its kind; and the digits of a fraction, without zeros at its end."""

    kind: Kind
    seconds: int
    fraction: str = ""


def read_moment(text: str) -> Moment | None:
    """A text in the spelling of `write_moment`; also with another offset than +00:00, or Z. None for any other."""
    written = read_written_moment(text)
    if written is None:
        return None
    moment, offset = written
    return moment if offset is None else Moment("instant", moment.seconds - offset, moment.fraction)


def read_written_moment(text: str) -> tuple[Moment, int | None] | None:
    """The day, or the time as it is written, and the seconds that it is ahead of UTC, if it says so."""
    match = _MOMENT.fullmatch(text)
    days = None if match is None else _days_of(match[1])
    if match is None or days is None:
        return None
    _, hour, minute, second, fraction, zone = match.groups()
    if hour is None:
        return Moment("day", days * DAY_SECONDS), None
    seconds = days * DAY_SECONDS + int(hour) * 3_600 + int(minute) * 60 + int(second)
    moment = Moment("time", seconds, (fraction or "").rstrip("0"))
    return moment, None if zone is None else _offset_seconds(zone)


@lru_cache(maxsize=4_096)
def _days_of(day: str) -> int | None:
    """Days since 1970. The lines of a log share a few days."""
    try:
        return datetime.date.fromisoformat(day).toordinal() - EPOCH
    except ValueError:
        return None


def _offset_seconds(zone: str) -> int:
    """The seconds of `+05:30`, or of `Z`."""
    if zone == "Z":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return -seconds if zone[0] == "-" else seconds


def write_moment(moment: Moment) -> str | None:
    """The spelling that sorts; None before year 1 and after year 9999."""
    days, second = divmod(moment.seconds, DAY_SECONDS)
    day = _write_day(days)
    if day is None or moment.kind == "day":
        return day
    fraction = f".{moment.fraction}" if moment.fraction else ""
    zone = "+00:00" if moment.kind == "instant" else ""
    return f"{day}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{fraction}{zone}"


@lru_cache(maxsize=4_096)
def _write_day(days: int) -> str | None:
    """The day so many days after 1 January 1970."""
    day = _date_at(days)
    return None if day is None else day.isoformat()


def date_of(moment: Moment) -> datetime.date | None:
    """The day of a moment; None before year 1 and after year 9999, where an offset or a leap second may lead."""
    return _date_at(moment.seconds // DAY_SECONDS)


def _date_at(days: int) -> datetime.date | None:
    return datetime.date.fromordinal(days + EPOCH) if 1 <= days + EPOCH <= _LAST_DAY else None


def seconds_between(left: Moment, right: Moment) -> int | float:
    """The seconds from `right` to `left`: a whole number where it is one, else the nearest decimal."""
    seconds = left.seconds - right.seconds
    if left.fraction == right.fraction:
        return seconds
    exact = seconds + _part_of_second(left) - _part_of_second(right)
    return int(exact) if exact.denominator == 1 else float(exact)


def _part_of_second(moment: Moment) -> Fraction:
    return Fraction(int(moment.fraction or "0"), 10 ** len(moment.fraction))


def mixes_clocks(left: str, right: str) -> bool:
    """Whether one text is a time of some place's clock, and the other an instant: they have no order."""
    # Cheap for nearly all, as this is asked of any two texts that are compared: reading both takes a hundred times as
    # long as comparing them.
    if left[10:11] != "T" or right[10:11] != "T" or _ends_with_zone(left) is _ends_with_zone(right):
        return False
    moments = [read_moment(text) for text in (left, right)]
    kinds = {moment.kind for moment in moments if moment is not None}
    return kinds == {"time", "instant"}


def _ends_with_zone(text: str) -> bool:
    """Whether a time is written with its offset from UTC; of other texts it says nothing."""
    return text[-1:] == "Z" or text[-6:-5] in ("+", "-")
