"""Dates: which spellings are read, as which day, and what is said of a text that is none."""

from typing import Any

import pytest

from rlmlite_kernel.actions.scalars.dates import UNITS
from rlmlite_kernel.engines.spelled.dates import (
    CENTURY_BY_WEEKDAY,
    NO_CENTURY,
    NO_DATE,
    NO_ORDER,
    NO_SUCH_DAY,
    NO_YEAR,
    OTHER_WEEKDAY,
    Reading,
    read_count,
    read_date,
)
from rlmlite_kernel.records.evolution import FLAGS, STRICT_DATES
from tests.kernel.machine import Machine

FIFTH = [
    "2024-03-05",
    "2024-3-5",
    "2024/03/05",
    "2024.03.05",
    "20240305",
    "2024-065",
    "2024-W10-2",
    "2024W102",
    "2024:03:05 10:11:12",
    "2024-03-05T10:11Z",
    "2024-03-05Z",
    "2024-03-05T10:11:12.123456789+01:00",
    "2024-03-05T23:59:59-08:00",
    "2024-03-05T10:11:12+01:00[Europe/Paris]",
    "2024-03-05 10:11:12,123",
    "2024-03-05 10:11:12.123 +0000 UTC",
    "2024-03-05 10:11:12 America/New_York",
    "2024-03-05_10-11-12",
    "2024-03-05-10.11.12.123456",
    "20240305T101112Z",
    "20240305101112",
    "20240305-1011",
    "Tue Mar  5 10:11:12 UTC 2024",
    "Tue Mar  5 10:11:12 2024",
    "Tue Mar 5 10:11:12 2024 +0100",
    "Tue Mar 05 10:11:12 +0000 2024",
    "Tue, 05 Mar 2024 10:11:12 GMT",
    "Tue, 5 Mar 2024 10:11:12 +0000 (UTC)",
    "Tue Mar 05 2024 10:11:12 GMT+0100 (Central European Standard Time)",
    "Tue 2024-03-05 10:11:12 UTC",
    "Tue 05 Mar 2024 10:11:12 AM UTC",
    "05/Mar/2024:10:11:12 -0700",
    "[05/Mar/2024:10:11:12 -0700]",
    "05-MAR-2024 10.11.12.000000 AM",
    "Mar 5, 2024 @ 10:11:12.123",
    "Mar  5 2024 10:11AM",
    "Mar 5, 2024, 10:11:12\u202fAM",
    "Tuesday, March 5, 2024 at 10:11 AM",
    "March 5th, 2024",
    "the 5th of March 2024"[4:],
    "5. March 2024",
    "05Mar2024",
    "2024-Mar-05",
    "mar. 5, 2024",
    "10:11 AM, March 5, 2024",
    "23:59:60 2024-03-05",
    "\t2024-03-05\n",
]
"""Spellings of 5 March 2024."""

NONE = {
    "2024-03-0199": NO_DATE,
    "Marked 3 2024 items": NO_DATE,
    "Mar 5 2024 items": NO_DATE,
    "2024-03-05 10:11:12 ERROR": NO_DATE,
    "2024-03-05 - 2024-03-06": NO_DATE,
    "2024-03-05 25:00:00": NO_DATE,
    "2024-03-05 10:61": NO_DATE,
    "2024-03": NO_DATE,
    "March 2024": NO_DATE,
    "2024": NO_DATE,
    "1709633472": NO_DATE,
    "Monday": NO_DATE,
    "sunny days 3 2005": NO_DATE,
    "": NO_DATE,
    "\u0662\u0660\u0662\u0664-03-05": NO_DATE,
    "2" * 100_000: NO_DATE,
    "2024-02-30": NO_SUCH_DAY,
    "30 Feb 2024": NO_SUCH_DAY,
    "Feb 29, 2023": NO_SUCH_DAY,
    "2023-366": NO_SUCH_DAY,
    "2024-W54-1": NO_SUCH_DAY,
    "2024-13-05": NO_SUCH_DAY,
    "0000-01-01": NO_SUCH_DAY,
    "31/31/2024": NO_SUCH_DAY,
    "03/04/2024": NO_ORDER,
    "3.4.2024 10:11": NO_ORDER,
    "Dec 31 23:59:59": NO_YEAR,
    "31 December": NO_YEAR,
    "05-Mar-24": NO_CENTURY,
    "12/25/24": NO_CENTURY,
}
"""What is no date, or leaves open which one it is."""


@pytest.mark.parametrize("text", FIFTH)
def test_each_spelling_is_read(text: str) -> None:
    """A text that is a date is the day where it was written, whatever its time and zone."""
    assert read_date(text) == Reading("2024-03-05")


@pytest.mark.parametrize(("text", "reading"), NONE.items(), ids=lambda case: str(case)[:20])
def test_what_is_no_date_is_none(text: str, reading: Reading) -> None:
    """No part of a text is taken for a date, nothing is guessed, and the reading says why there is none."""
    assert read_date(text) == reading


@pytest.mark.parametrize(
    ("text", "stated", "day"),
    [
        ("03/04/2024", {"order": "dmy"}, "2024-04-03"),
        ("03/04/2024", {"order": "mdy"}, "2024-03-04"),
        ("25/12/2024", {}, "2024-12-25"),
        ("12/25/2024", {}, "2024-12-25"),
        ("12/25/2024", {"order": "dmy"}, None),
        ("04/04/2024", {}, "2024-04-04"),
        ("24-03-05", {"order": "ymd", "year": 2024}, "2024-03-05"),
        ("24-03-05", {"year": 2024}, None),
        ("05-Mar-99", {"year": 2024}, "1999-03-05"),
        ("05-Mar-73", {"year": 2024}, "2073-03-05"),
        ("Sunday, 06-Nov-94 08:49:37 GMT", {}, "1994-11-06"),
        ("Dec 31 23:59:59", {"year": 2024}, "2024-12-31"),
        ("Feb 29 23:59:59", {"year": 2023}, None),
        ("31/12 10:00", {"year": 2024}, "2024-12-31"),
        ("Mar 5 2024", {"year": 1999}, "2024-03-05"),
    ],
)
def test_what_a_text_leaves_open_can_be_stated(text: str, stated: dict[str, Any], day: str | None) -> None:
    """An order and a year that are stated fill in what a text leaves open, and contradict nothing that it says."""
    assert read_date(text, **stated).day == day


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Tuesday, 05-Mar-24 10:11:12 GMT", Reading("2024-03-05", CENTURY_BY_WEEKDAY)),
        ("Saturday, 06-Nov-94 08:49:37 GMT", Reading("2094-11-06", CENTURY_BY_WEEKDAY)),
        ("Monday, 06-Nov-94 08:49:37 GMT", NO_CENTURY),
    ],
)
def test_no_century_is_chosen_in_silence(text: str, reading: Reading) -> None:
    """A weekday tells the century of a year of two digits, or none; both are said, with how to state it."""
    assert read_date(text) == reading
    assert "year=" in reading.doubt


def test_a_run_of_before_reads_dates_as_it_did() -> None:
    """Without STRICT_DATES whatever begins like a date is one, nothing can be stated, and nothing is said."""
    machine = Machine({}, flags=set(FLAGS) - {STRICT_DATES})
    seen = machine.turn('x = [date("2024-03-0199"), date("Tue Mar  5 10:11:12 UTC 2024"), date("Mar 5, 2024 items")]')

    assert machine.value("x") == ["2024-03-01", None, "2024-03-05"]
    assert "date met" not in seen


def test_doubts_are_counted_with_other_misses() -> None:
    """Over rows one warning for each reason, with the number, the place of the first, and what to write."""
    rows = [{"t": "Mar 5"}, {"t": "Mar 6"}, {"t": "Monday, 05-Mar-24"}, {"t": "2024-03-05"}, {"t": "Mon Mar 5 2024"}]
    seen = Machine({"rows": rows}).turn("days = map(rows, date(.t))")

    assert "2 of 5 values gave no date" in seen
    assert "1 of 5 values gave no date" in seen
    assert "1 of 5 dates may be others" in seen


def test_a_wrong_weekday_is_doubted() -> None:
    """A date whose weekday is another's is read, and the doubt is said."""
    assert read_date("Mon Mar 5 2024") == Reading("2024-03-05", OTHER_WEEKDAY)


@pytest.mark.parametrize(
    ("count", "unit", "day"),
    [
        (1709633472, "s", "2024-03-05"),
        (1709633472.9, "s", "2024-03-05"),
        ("1709633472123", "ms", "2024-03-05"),
        (-1, "s", "1969-12-31"),
        ("-0.5", "s", "1969-12-31"),
        ("-86400.0", "s", "1969-12-31"),
        (0, "ns", "1970-01-01"),
        (10**15, "s", None),
        ("today", "s", None),
    ],
)
def test_counts_of_time_are_days_in_utc(count: float | str, unit: str, day: str | None) -> None:
    """A number is a day where its unit is said."""
    assert read_count(count, UNITS[unit]).day == day


def test_rows_and_values_are_read_alike() -> None:
    """The same texts give the same days alone, row by row and over many rows, each kind of doubt with one warning."""
    texts = [*FIFTH, *(text for text in NONE if len(text) < 100)] * 30
    machine = Machine({"rows": [{"t": text} for text in texts]})
    expected = [read_date(text).day for text in texts]

    seen = machine.turn("days = map(rows, date(.t))\nfew = map(rows[0:70], date(.t))")
    alone = [machine.of(f"date(rows[{at}].t)") for at in range(0, 80, 9)]

    assert machine.value("days") == expected
    assert machine.value("few") == expected[:70]
    assert alone == expected[0:80:9]
    assert 'say date(..., order="dmy")' in seen
    assert seen.count("not a date as a whole") == 2


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('date("03/04/2024", order="dmy")', "2024-04-03"),
        ('date("Dec 31 23:59:59", year=2024)', "2024-12-31"),
        ('date(1709633472, unit="s")', "2024-03-05"),
        ("date(null)", None),
        ("date(20240305)", None),
        ("date(true)", None),
    ],
)
def test_a_program_states_what_is_open(call: str, expected: str | None) -> None:
    """Parameters of the action; a number is no date by itself."""
    assert Machine({}).of(call) == expected


@pytest.mark.parametrize("call", ['date("x", order="myd")', 'date(1, unit="h")', 'date("5 May", year=0)'])
def test_what_cannot_be_stated_is_a_fault(call: str) -> None:
    """A word or year that is none."""
    machine = Machine({})
    machine.turn(f"x = {call}")

    assert machine.codes() in (["arguments"], ["bound"])
