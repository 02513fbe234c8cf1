"""time, date_part, bucket: times of day, what they are made of, and the bucket that they lie in.

    time("05/Mar/2024:10:11:12 -0700")             "2024-03-05T17:11:12+00:00": an instant, in UTC
    time("2024-03-05 10:11:12,5")                  "2024-03-05T10:11:12.5": a time, since no zone is written
    time("2024-03-05 10:11", zone="+01:00")        "2024-03-05T09:11:00+00:00"
    time(1709633472, unit="s")                     "2024-03-05T10:11:12+00:00"
    date_part("05/Mar/2024:23:11:12 -0700", "day") 5: as it is written
    bucket("2024-03-05T10:11:12", "5m")            "2024-03-05T10:10:00"

They read what `date` reads, and as strictly: what is no time, or may be several, is null with a warning that says how
many and why. How times are spelled is in `engines.spelled`; why they look so, in decision 0028.
"""

from typing import TYPE_CHECKING

from rlmlite_kernel.actions.scalars.dates import UNITS, WORK_OF_DATE, check_options, miss_date
from rlmlite_kernel.actions.scalars.plain import plain_value
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.operators import is_number
from rlmlite_kernel.values.values import Value

if TYPE_CHECKING:
    from rlmlite_kernel.engines.spelled.moments import Moment
    from rlmlite_kernel.engines.spelled.times import Written

PARTS = ("year", "month", "week", "day", "weekday", "hour", "minute", "second")
"""What `date_part` gives."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OF_CLOCK = ("hour", "minute", "second")


def time(
    context: StepContext,
    value: Value,
    order: str | None = None,
    year: int | None = None,
    unit: str | None = None,
    zone: str | None = None,
) -> Value:
    """A time in the spelling that sorts; null, with a warning, for what is none or may be several. Null of null."""
    # Here and below, since most runs read no times.
    from rlmlite_kernel.engines.spelled import moments, times

    item = plain_value(value, context)
    check_options(order, year, unit)
    offset = None if zone is None else times.read_offset(zone)
    if zone is not None and offset is None:
        raise Fault("arguments", '`zone` must be "UTC" or an offset from it, such as "+01:00"')
    if item is None:
        return None
    context.work(WORK_OF_DATE, "reading a time")
    if unit is not None and isinstance(item, str | int | float) and not isinstance(item, bool):
        moment, doubt = times.read_count_of(item, UNITS[unit])
    elif isinstance(item, str):
        written = times.read_written(item, order, year)
        moment = times.to_moment(written, offset)
        doubt = _why_no_time(item, written) if moment is None else written.doubt
    else:
        moment, doubt = None, _why_no_text(item)
    text = None if moment is None else moments.write_moment(moment)
    miss_date(text, item, doubt if moment is None or text is not None else times.NO_SUCH_YEAR, context)
    return text


def _why_no_time(item: str, written: "Written") -> str:
    from rlmlite_kernel.engines.spelled import times

    if written.moment is not None:
        return times.NO_OFFSET if written.is_named else times.NO_CLOCK
    return times.NO_DAY if times.read_clock(item).moment is not None else written.doubt


def _why_no_text(item: Value) -> str:
    from rlmlite_kernel.engines.spelled import dates

    reading = dates.UNCOUNTED if is_number(item) else dates.NO_TEXT
    return reading.doubt.replace("date(", "time(")


def date_part(context: StepContext, value: Value, part: str) -> Value:
    """One part of a date or time, as it is written: a number, the name of the weekday, or the week as 2024-W10."""
    from rlmlite_kernel.engines.spelled import times

    item = plain_value(value, context)
    if item is None:
        return None
    context.work(WORK_OF_DATE, "reading a date")
    if not isinstance(item, str):
        miss_date(None, item, _why_no_text(item), context)
        return None
    written = times.read_written(item)
    if written.moment is None and part in _OF_CLOCK:
        clock = times.read_clock(item)
        written = clock if clock.moment is not None else written
    if written.moment is None or (written.moment.kind == "day" and part in _OF_CLOCK):
        miss_date(None, item, written.doubt or times.NO_CLOCK, context)
        return None
    result = _part_of(written.moment, part)
    miss_date(result, item, written.doubt, context)
    return result


def _part_of(moment: "Moment", part: str) -> Value:
    from rlmlite_kernel.engines.spelled.moments import DAY_SECONDS, date_of

    if part in _OF_CLOCK:
        second = moment.seconds % DAY_SECONDS
        return {"hour": second // 3_600, "minute": second // 60 % 60, "second": second % 60}[part]
    day = date_of(moment)
    if day is None:
        return None
    if part == "weekday":
        return _WEEKDAYS[day.weekday()]
    if part == "week":
        year, week, _ = day.isocalendar()
        return f"{year:04d}-W{week:02d}"
    number: int = getattr(day, part)
    return number


def bucket(context: StepContext, value: Value, size: str) -> Value:
    """The beginning of the bucket that a date or time lies in, of the same kind as it."""
    from rlmlite_kernel.engines.spelled import buckets, moments, times

    step = buckets.read_bucket(size)
    if step is None:
        raise Fault("arguments", f"`size`: {buckets.EXPECTED}; not {size[:40]}")
    item = plain_value(value, context)
    if item is None:
        return None
    context.work(WORK_OF_DATE, "reading a date")
    if not isinstance(item, str):
        miss_date(None, item, _why_no_text(item), context)
        return None
    written = times.read_written(item)
    moment = (
        written.moment if written.moment is None or written.moment.kind == "day" else times.to_moment(written, None)
    )
    start = None if moment is None else buckets.bucket_of(moment, step)
    text = None if start is None else moments.write_moment(start)
    doubt = written.doubt if text is not None else _why_no_bucket(item, written, moment, start)
    miss_date(text, item, doubt, context)
    return text


def _why_no_bucket(item: str, written: "Written", moment: "Moment | None", start: "Moment | None") -> str:
    from rlmlite_kernel.engines.spelled import times

    if moment is None:
        return _why_no_time(item, written)
    return times.NO_SUCH_YEAR if start is not None or moment.kind != "day" else times.NO_CLOCK
