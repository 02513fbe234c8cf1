"""The spellings of dates that can be read: regular expressions, each for the whole of a text.

The idea: a date is a *day* in one of a few orders, and perhaps a weekday, a time and a zone at places of their own. So
one form is made of each order and each place, and a text is a date if one form matches all of it.

    tue mar  5 10:11:12 utc 2024        weekday, month, day, time, zone, year
    10/oct/2000:13:55:36 -0700          day, month, year, time, zone
    marked 3 2024 items                 no form: `marked` is no month, and `items` is nothing

Texts come in lower case, with single blanks. Not here: whether there is such a day (`dates`).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""The first three letters of each month, in English: a machine's own language does not matter."""

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The first three letters of each weekday, from Monday."""

# Whole words only, so that `Marked` is no March and `Sunny` no Sunday.
_MONTH = (
    r"(?P<month_name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?|september"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?(?![a-z])"
)
_WEEKDAY = (
    r"(?P<weekday>mon(?:day)?|tue(?:s|sday)?|weds?|wednesday|thu(?:rs?|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
    r"\.?(?![a-z])"
)
_YEAR = r"(?P<year>\d{4})"
_ANY_YEAR = r"(?P<year>\d{4}|\d\d)"
_DAY = r"(?P<day>\d\d?)"
_NTH = rf"{_DAY}(?:st|nd|rd|th)?"

# Hours, minutes and seconds with a sign between them; a fraction of any length. 60 is a leap second.
_FRACTION = r"(?:[.,]\d+)?"
_SMALL_HOUR = r"(?:0?[1-9]|1[0-2])"
_CLOCK = (
    rf"(?:{_SMALL_HOUR}(?::[0-5]\d(?::(?:[0-5]\d|60){_FRACTION})?)? ?[ap](?:m|\.m\.)"
    rf"|(?:[01]?\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,:]\d+)?)?)"
)
_OTHER_CLOCK = rf"(?:[01]\d|2[0-3])(?P<clock_sign>[.-])[0-5]\d(?P=clock_sign)(?:[0-5]\d|60){_FRACTION}"
_COMPACT_CLOCK = rf"(?:[01]\d|2[0-3])[0-5]\d(?:(?:[0-5]\d|60){_FRACTION})?"

# A zone does not change the date, which is that of the place where it was written. But any word might be no zone.
_ZONE_NAME = (
    r"(?:utc|gmt|ut|z|[ecmp][sd]t|ak[sd]t|hst|bst|ist|wes?t|ces?t|ees?t|msk|jst|kst|hkt|sgt|pkt|pht|wib|ict|sast|cat"
    r"|eat|wat|ae[sd]t|ac[sd]t|awst|nz[sd]t|brt|art|clt)"
)
_OFFSET = r"[+-](?:0?\d|1[0-5])(?::?[0-5]\d){0,2}"
_PLACE_NAME = (
    r"(?:africa|america|antarctica|arctic|asia|atlantic|australia|etc|europe|indian|pacific|us)(?:/[a-z0-9_+-]+)+"
)
# `+0000 (UTC)` of mails, `GMT+0100 (Central European Standard Time)` of browsers, `+01:00[Europe/Paris]` of Java.
_ZONE = (
    rf"(?: ?(?:{_ZONE_NAME}\b ?(?:{_OFFSET})?|{_OFFSET}(?: {_ZONE_NAME}\b)?| {_PLACE_NAME})"
    rf"(?: ?\({_ZONE_NAME}\)| ?\([a-z ]+ time\)|\[{_PLACE_NAME}\])?)"
)

_WITH_YEAR = (
    rf"{_YEAR}(?P<sign>[-/.])(?P<month>\d\d?)(?P=sign){_DAY}",
    rf"{_YEAR}:(?P<month>\d\d):(?P<day>\d\d)",
    rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)",
    rf"{_YEAR}-(?P<day_of_year>\d{{3}})",
    rf"{_YEAR}(?P<sign>-?)w(?P<week>\d\d)(?P=sign)(?P<day_of_week>\d)",
    # Which of these numbers is what, order and value decide.
    r"(?P<first>\d\d?)(?P<sign>[-/.])(?P<second>\d\d?)(?P=sign)(?P<third>\d{4}|\d\d)",
    rf"{_NTH}(?: of |[-/ .]| ?\. )?{_MONTH}(?:, ?|[-/ ])?{_ANY_YEAR}",
    rf"{_MONTH}[-/ ]?{_NTH}(?:, ?|[-/ ]){_ANY_YEAR}",
    rf"{_YEAR}[-/ ]?{_MONTH}[-/ ]?{_DAY}",
)
_WITHOUT_YEAR = (
    rf"{_NTH}(?: of |[-/ .])?{_MONTH}",
    rf"{_MONTH}[-/ ]?{_NTH}",
    r"(?P<first>\d\d?)(?P<sign>[-/])(?P<second>\d\d?)",
)
_BEFORE_CLOCK = r"(?:t|, ?| |_|-| - | at |, at | @ )"
_BEFORE_DAY = rf"(?:{_WEEKDAY},? ?)?"


_TIME = rf"(?P<clock>{_CLOCK})(?P<zone>{_ZONE})?"
_OTHER_TIME = rf"(?P<clock>{_OTHER_CLOCK})(?P<zone>{_ZONE})?"
_COMPACT_TIME = rf"(?P<clock>[t _-]?{_COMPACT_CLOCK}|t(?:[01]\d|2[0-3]))(?P<zone>{_ZONE})?"


@cache
def date_forms() -> tuple[re.Pattern[str], ...]:
    """All forms, those with a year first. Made when the first date is read that is no plain ISO one.

    Groups name the parts of a day, `clock` is the time as it is spelled, and `zone` or `zone_behind` what it is of.
    """
    return tuple(re.compile(form, re.ASCII) for form in _forms())


@cache
def clock_form() -> re.Pattern[str]:
    """A time of day by itself."""
    return re.compile(_TIME, re.ASCII)


def _forms() -> Iterator[str]:
    for day in (*_WITH_YEAR, *_WITHOUT_YEAR):
        yield rf"{_BEFORE_DAY}{day}(?:{_BEFORE_CLOCK}{_TIME})?"
        yield rf"{_TIME},? (?:on )?{_BEFORE_DAY}{day}"
    # The year behind the time: ctime, `date`, Git, the logs of Apache.
    for day in _WITHOUT_YEAR[:2]:
        yield rf"{_BEFORE_DAY}{day},? {_TIME},? {_YEAR}(?P<zone_behind>{_ZONE})?"
    # Signs that would say something else after most dates: `2000 jan 01:00:00` is at one o'clock of a day unsaid.
    yield rf"{_WITH_YEAR[6]}:{_TIME}"
    iso, compact = _WITH_YEAR[0], _WITH_YEAR[2]
    yield rf"{iso}(?:[-_t]| ){_OTHER_TIME}"
    yield rf"{compact}{_COMPACT_TIME}"
    yield rf"{_WITH_YEAR[6]} (?P<clock>{_OTHER_CLOCK}(?: [ap]m)?)"
    # Zone, or the weekday behind the date: Org, systemd, `2024-03-05Z` of XML.
    yield rf"{iso} {_WEEKDAY}(?: {_TIME})?"
    yield rf"{iso}(?:z|{_OFFSET})"
