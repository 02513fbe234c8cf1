"""Buckets of time: where the five minutes, the day, the week or the month begins that a moment lies in.

    bucket_of(10:11:12 on 5 March 2024, "5m")      10:10:00 on 5 March 2024
    "1w"                                           Monday, 4 March 2024
    "3mo"                                          1 January 2024: the quarter

What comes out is of the kind of the moment: a day of a day, an instant of an instant, whose days are those of UTC.
Buckets are counted from 1 January 1970, weeks from a Monday: of "7h" or "2d" one begins at its midnight.
"""

import datetime
import re
from functools import lru_cache
from typing import Final, NamedTuple

from rlmlite_kernel.engines.spelled.moments import DAY_SECONDS, EPOCH, Moment, date_of

_MONTH_UNITS: Final = {"mo": 1, "month": 1, "months": 1, "quarter": 3, "quarters": 3, "y": 12, "year": 12, "years": 12}
_SECOND_UNITS: Final = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), DAY_SECONDS),
    **dict.fromkeys(("w", "week", "weeks"), 7 * DAY_SECONDS),
}
_SIZE = re.compile(r"([0-9]{0,6}) ?([a-zA-Z]+)")
# Monday, 5 January 1970.
_FIRST_MONDAY = 4 * DAY_SECONDS
_FIRST_YEAR = 1970

EXPECTED: Final = 'a bucket is a number and a unit, such as "30s", "5m", "1h", "1d", "1w", "1mo" or "1y"'


class BucketSize(NamedTuple):
    """So many seconds, counted from `first`, or so many months."""

    seconds: int = 0
    first: int = 0
    months: int = 0


@lru_cache(maxsize=64)
def read_bucket(text: str) -> BucketSize | None:
    """The size that a text says: "5m" are minutes, "5mo" months; "5M", which is either elsewhere, is refused."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2] == "M":
        return None
    count, unit = int(match[1] or "1"), match[2].lower()
    if unit in _MONTH_UNITS and count:
        return BucketSize(months=count * _MONTH_UNITS[unit])
    if unit in _SECOND_UNITS and count:
        seconds = count * _SECOND_UNITS[unit]
        return BucketSize(seconds, _FIRST_MONDAY if unit.startswith("w") else 0)
    return None


def bucket_of(moment: Moment, size: BucketSize) -> Moment | None:
    """Where the bucket begins; None for a bucket of less than a day of a day, and outside of the years 1 to 9999."""
    if moment.kind == "day" and size.seconds % DAY_SECONDS:
        return None
    if size.months:
        return _month_of(moment, size.months)
    start = (moment.seconds - size.first) // size.seconds * size.seconds + size.first
    return Moment(moment.kind, start)


def _month_of(moment: Moment, months: int) -> Moment | None:
    day = date_of(moment)
    if day is None:
        return None
    month = ((day.year - _FIRST_YEAR) * 12 + day.month - 1) // months * months
    year = _FIRST_YEAR + month // 12
    if year < 1:
        return None
    first = datetime.date(year, month % 12 + 1, 1).toordinal() - EPOCH
    return Moment(moment.kind, first * DAY_SECONDS)
