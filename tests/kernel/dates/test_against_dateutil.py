"""Dates as they are read here against `dateutil`, which guesses: what both read is the same day."""

import datetime
import re
from typing import Final

from dateutil import parser  # type: ignore[import-untyped]  # ships no stubs
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines.spelled.buckets import bucket_of, read_bucket
from rlmlite_kernel.engines.spelled.dates import NO_CENTURY, NO_DATE, read_date
from rlmlite_kernel.engines.spelled.moments import read_moment, seconds_between, write_moment
from rlmlite_kernel.engines.spelled.times import read_written, to_moment
from tests.sizes import scale

_SURE: Final = [
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d/%b/%Y", "%b %d %Y",
    "%b %d, %Y", "%B %d, %Y", "%Y-%b-%d", "%Y %b %d", "%d%b%Y", "%a %b %d %Y", "%a, %d %b %Y", "%A, %B %d, %Y",
    "%G-W%V-%u", "%Y-%j",
]  # fmt: skip
"""Orders that leave nothing open."""

_OPEN: Final = [
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y", "%b %d", "%d %B", "%B %Y", "%Y-%m", "%m/%d/%y", "%d-%b-%y",
    "%A, %d-%b-%y", "%Y",
]  # fmt: skip
_TIMES: Final = ["", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%H:%M:%S,123", "%I:%M %p", "%I:%M:%S %p", "%I%p"]
_ZONES: Final = ["", "Z", " UTC", " GMT", "+00:00", " +0100", "-0730", " +09", " EST", " CEST", " +0000 (UTC)"]
_JOINS: Final = [" ", "T", ", ", " at ", ":", "  "]
_CTIME: Final = ["%a %b %d {time}{zone} %Y", "%b %d {time} %Y{zone}", "%d %b {time} %Y", "%a %b %d {time} %Y{zone}"]
_NOISE: Final = ["", "", "", " items", "99", "x", ".", "-", " 5", "/3", ":"]


@st.composite
def spellings(draw: st.DrawFn) -> tuple[datetime.datetime, str]:
    """A moment, and a text that is it, or nearly so."""
    years = st.datetimes(datetime.datetime(1980, 1, 1), datetime.datetime(2060, 12, 31))
    moment = draw(years)
    time, zone = draw(st.sampled_from(_TIMES)), draw(st.sampled_from(_ZONES))
    if draw(st.integers(0, 4)) == 0:
        form = draw(st.sampled_from(_CTIME)).format(time=time or "%H:%M:%S", zone=zone)
    else:
        form = draw(st.sampled_from(_SURE + _OPEN))
        form += draw(st.sampled_from(_JOINS)) + time + zone if time else ""
    text = moment.strftime(form) + draw(st.sampled_from(_NOISE))
    if draw(st.integers(0, 5)) == 0:
        # A day that its month may not have, and other slips; a weekday would tell another century then.
        assume("%A, %d-%b-%y" not in form)
        text = text.replace(moment.strftime("%d"), draw(st.sampled_from(["00", "30", "31", "32", "5"])), 1)
    return moment, draw(st.sampled_from([text, text.lower(), text.upper()]))


@settings(max_examples=scale(600))
@given(spellings())
@example((datetime.datetime(2024, 3, 5), "Tue Mar  5 10:11:12 UTC 2024"))
def test_what_both_read_is_the_same_day(case: tuple[datetime.datetime, str]) -> None:
    """What is read here, dateutil reads as the same day or refuses: it knows no weeks, and no colon before a time."""
    _, text = case
    mine = read_date(text).day
    if mine is None:
        return
    try:
        theirs = parser.parse(text, ignoretz=True).date().isoformat()
    except (parser.ParserError, OverflowError):
        return
    assert mine == theirs


@settings(max_examples=scale(300))
@given(spellings())
def test_a_stated_order_and_year_are_those_of_dateutil(case: tuple[datetime.datetime, str]) -> None:
    """With an order and a year both read the same day, but for years at the front, which dateutil puts days behind."""
    moment, text = case
    for order in ("dmy", "mdy"):
        mine = read_date(text, order, moment.year).day
        if mine is None or (order == "dmy" and text[:4].isdecimal()):
            continue
        default = datetime.datetime(moment.year, 1, 1)
        try:
            theirs = parser.parse(text, ignoretz=True, dayfirst=order == "dmy", default=default).date().isoformat()
        except (parser.ParserError, OverflowError):
            continue
        # The century of two digits is dateutil's own, by the clock of today; here it is that of the stated year.
        is_short = read_date(text, order) == NO_CENTURY
        assert mine[2 * is_short :] == theirs[2 * is_short :]


@settings(max_examples=scale(300))
@given(
    st.datetimes(datetime.datetime(1000, 1, 1)),
    st.sampled_from(_SURE),
    st.sampled_from(_TIMES),
    st.sampled_from(_ZONES),
)
def test_spellings_that_leave_nothing_open_are_read(moment: datetime.datetime, form: str, time: str, zone: str) -> None:
    """Every day of nine thousand years, in every order that says which number is what."""
    text = moment.strftime(form + (f" {time}{zone}" if time else ""))
    assert read_date(text).day == moment.date().isoformat()


@settings(max_examples=scale(300))
@given(st.text(alphabet="0123456789 -/:.TZ+marjnuescptoviwdyhf,", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing fails; whatever is no whole date is none."""
    reading = read_date(text)
    assert (reading.day is None) is (reading.doubt != "") or reading.day
    assert read_date(f"{text} items") == NO_DATE


def _offset_of(name: str | None, seconds: int | None) -> int | None:
    """Names of zones are UTC or unknown, whatever the machine knows of them."""
    return 0 if name in ("UTC", "GMT", "Z") else seconds


@settings(max_examples=scale(300))
@given(spellings())
@example((datetime.datetime(2024, 3, 5), "05/Mar/2024:10:11:12 -0700"))
@example((datetime.datetime(2024, 3, 5), "Tue Mar  5 10:11:12 2024 +0100"))
def test_what_both_read_is_the_same_moment(case: tuple[datetime.datetime, str]) -> None:
    """Times too, to the microsecond, and offsets from UTC; of zones that are only names no offset is known here."""
    _, text = case
    # To dateutil `12:00 AMZ` is noon, in a zone `AMZ`.
    assume(re.search("[ap]mz", text, re.IGNORECASE) is None)
    written = read_written(text)
    if written.moment is None or written.moment.kind == "day" or written.doubt:
        return
    try:
        theirs = parser.parse(re.sub(r",(\d)", r".\1", text), tzinfos=_offset_of)
    except (parser.ParserError, OverflowError):
        return
    mine = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=written.moment.seconds)
    assert mine == theirs.replace(tzinfo=None, microsecond=0)
    assert written.moment.fraction[:6] == f"{theirs.microsecond:06d}".rstrip("0")
    ahead = theirs.utcoffset()
    if written.offset is not None and ahead is not None:
        assert written.offset == ahead.total_seconds()


@settings(max_examples=scale(300))
@given(
    st.datetimes(datetime.datetime(1, 1, 2), datetime.datetime(9999, 12, 30)),
    st.integers(-15 * 60, 15 * 60),
    st.sampled_from(["5s", "7m", "90m", "1h", "5h", "1d", "3d", "1w", "2w", "1mo", "5mo", "1y"]),
)
def test_instants_and_buckets_are_those_of_datetime(moment: datetime.datetime, ahead: int, size: str) -> None:
    """Any moment with any offset: written, read, subtracted, and no later than the next bucket begins."""
    aware = moment.replace(tzinfo=datetime.timezone(datetime.timedelta(minutes=ahead)))
    instant = to_moment(read_written(aware.isoformat()), None)
    step = read_bucket(size)
    assert instant is not None
    assert step is not None
    text = write_moment(instant)
    assert text is not None
    assert datetime.datetime.fromisoformat(text) == aware
    assert read_moment(text) == instant
    start = bucket_of(instant, step)
    if start is None or write_moment(start) is None:
        return
    passed = seconds_between(instant, start)
    longest = step.seconds or step.months * 31 * 86_400
    assert 0 <= passed < longest
    assert bucket_of(start, step) == start
