"""Dates in the order that the option `dates=` names, as ISO dates, which sort in the order of time.

    dates=dmy    3.2.2024 14:05     2024-02-03T14:05
    dates=mdy    2/3/2024 2:05 PM   2024-02-03T14:05
    dates=ymd    2024/2/3           2024-02-03

Nothing is guessed: without the option a date is the text that it is. Years have four digits.
"""

import datetime
import re

ORDERS = ("dmy", "mdy", "ymd")
"""Orders of day, month and year."""

_PARTS = {"d": "(?P<day>[0-9]{1,2})", "m": "(?P<month>[0-9]{1,2})", "y": "(?P<year>[0-9]{4})"}
_TIME = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<fraction>\.[0-9]{1,9})?)?"
_HALF = r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
_DATES = {
    order: re.compile(
        f"{_PARTS[order[0]]}(?P<sign>[-/.]){_PARTS[order[1]]}(?P=sign){_PARTS[order[2]]}(?:[T ]{_TIME}{_HALF})?"
    )
    for order in ORDERS
}

LOOKS_LIKE_DATE = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{4}(?:[T ].*)?")
"""A date whose text does not sort in the order of time."""

IS_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?")


def read_date(cell: str, order: str) -> str | None:
    """A cell as an ISO date, or None if it is no date in this order."""
    found = _DATES[order].fullmatch(cell)
    if found is None:
        return None
    try:
        day = datetime.date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    if found["hour"] is None:
        return day.isoformat()
    hour = _hour(int(found["hour"]), found["half"])
    minute, second = int(found["minute"]), int(found["second"] or 0)
    if hour is None or minute > 59 or second > 59:
        return None
    seconds = "" if found["second"] is None else f":{second:02}{found['fraction'] or ''}"
    return f"{day.isoformat()}T{hour:02}:{minute:02}{seconds}"


def _hour(hour: int, half: str | None) -> int | None:
    """The hour from 0 to 23, or None if there is none such. `half` is the A or P of AM and PM."""
    if half is None:
        return hour if hour < 24 else None
    if not 1 <= hour <= 12:
        return None
    return hour % 12 + (12 if half in "Pp" else 0)
