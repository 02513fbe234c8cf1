"""Times of day: which spellings are read as which moment, and what is computed with them."""

from typing import Any

import pytest

from rlmlite_kernel.actions.scalars.times import PARTS
from rlmlite_kernel.records.evolution import FLAGS, TIMES_AND_STEMS
from tests.kernel.machine import Machine
from tests.kernel.rows.test_lines_by_recipe import lines_from
from tests.kernel.scalars.ways import everywhere

MORNING = {
    "2024-03-05T10:11:12": "2024-03-05T10:11:12",
    "2024-03-05 10:11:12,500": "2024-03-05T10:11:12.5",
    "2024-03-05 10:11:12.123456789": "2024-03-05T10:11:12.123456789",
    "2024-03-05T10:11Z": "2024-03-05T10:11:00+00:00",
    "2024-03-05T23:59:59-08:00": "2024-03-06T07:59:59+00:00",
    "2024-03-05T10:11:12+01:00[Europe/Paris]": "2024-03-05T09:11:12+00:00",
    "2024-03-05 10:11:12.123 +0000 UTC": "2024-03-05T10:11:12.123+00:00",
    "20240305T101112Z": "2024-03-05T10:11:12+00:00",
    "20240305101112": "2024-03-05T10:11:12",
    "2024-03-05_10-11-12": "2024-03-05T10:11:12",
    "Tue Mar  5 10:11:12 2024": "2024-03-05T10:11:12",
    "Tue Mar  5 10:11:12 UTC 2024": "2024-03-05T10:11:12+00:00",
    "Tue Mar 5 10:11:12 2024 +0100": "2024-03-05T09:11:12+00:00",
    "Tue, 05 Mar 2024 10:11:12 GMT": "2024-03-05T10:11:12+00:00",
    "Tue, 5 Mar 2024 10:11:12 -0500 (EST)": "2024-03-05T15:11:12+00:00",
    "Tue Mar 05 2024 10:11:12 GMT+0100 (Central European Standard Time)": "2024-03-05T09:11:12+00:00",
    "[05/Mar/2024:10:11:12 -0700]": "2024-03-05T17:11:12+00:00",
    "05-MAR-2024 10.11.12.000000 PM": "2024-03-05T22:11:12",
    "Mar 5, 2024 @ 10:11:12.123": "2024-03-05T10:11:12.123",
    "Mar  5 2024 12:01AM": "2024-03-05T00:01:00",
    "March 5, 2024 at 12 p.m.": "2024-03-05T12:00:00",
    "23:59:60 2024-03-05": "2024-03-06T00:00:00",
    "2024-03-05 10:11:12 UTC+5:30": "2024-03-05T04:41:12+00:00",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00+00:00",
}
"""What each is as a moment."""

NONE = {
    "2024-03-05": "a day without a time of day",
    "10:11:12": "a time of day without a day",
    "2024-03-05 10:11:12 CET": "only a name",
    "2024-03-05 10:11:12 America/New_York": "only a name",
    "2024-03-05 10:11:12 EST-5": "only a name",
    "2024-03-05 25:11:12": "not a date",
    "2024-03-05 10:11:12 ERROR": "not a date",
    "0001-01-01T00:00:00+01:00": "beyond the years",
    "9999-12-31T23:59:59-01:00": "beyond the years",
    "03/04/2024 10:11": "either way round",
    "Dec 31 23:59:59": "without a year",
    "05-MAR-2024 13.11.12 AM": "no clock shows",
    "2024-02-30 10:11": "no calendar",
}
"""What gives no moment, and a part of why."""


def test_times_are_read_as_they_are_written() -> None:
    """Instants in UTC where the offset is written, else times without one; alike in all ways."""
    values, _ = everywhere("time(.text)", list(MORNING))
    assert dict(zip(MORNING, values, strict=True)) == MORNING


@pytest.mark.parametrize(("text", "why"), NONE.items())
def test_what_is_no_time_is_null_and_says_why(text: str, why: str) -> None:
    """Nothing is guessed."""
    machine = Machine({"rows": [{"text": text}, {"text": None}]})
    assert machine.of("map(rows, time(.text))") == [None, None]
    assert [(remark.code, remark.n) for remark in machine.state.remarks] == [("not_dates", 1)]
    assert why in machine.state.remarks[0].message


def test_a_zone_is_for_times_that_have_none() -> None:
    """A numeric offset that is written counts before it; names do not say how far they are."""
    texts = ["2024-03-05 10:11", "2024-03-05 10:11 CET", "2024-03-05 10:11Z"]
    values, said = everywhere('time(.text, zone="+01:00")', texts)
    assert values == ["2024-03-05T09:11:00+00:00", "2024-03-05T09:11:00+00:00", "2024-03-05T10:11:00+00:00"]
    assert said == []
    machine = Machine()
    machine.turn('x = time("2024-03-05 10:11", zone="Europe/Paris")')
    assert machine.codes() == ["arguments"]


@pytest.mark.parametrize(
    ("count", "unit", "moment"),
    [
        (0, "s", "1970-01-01T00:00:00+00:00"),
        (1709633472.1, "s", "2024-03-05T10:11:12.1+00:00"),
        ("1709633472125", "ms", "2024-03-05T10:11:12.125+00:00"),
        (1709633472000000001, "ns", "2024-03-05T10:11:12.000000001+00:00"),
        (-0.5, "s", "1969-12-31T23:59:59.5+00:00"),
        (253402300799, "s", "9999-12-31T23:59:59+00:00"),
        (253402300800, "s", None),
        (10**30, "s", None),
        ("1e9", "s", None),
    ],
)
def test_counts_of_units_since_1970_are_instants(count: Any, unit: str, moment: str | None) -> None:
    """Exactly, in the unit that is said."""
    assert everywhere(f'time(.text, unit="{unit}")', [count])[0] == [moment]


def test_parts_are_those_that_are_written() -> None:
    """The hour of an access log is its hour, whatever the zone."""
    text = "05/Mar/2024:23:11:12 -0700"
    parts = [everywhere(f'date_part(.text, "{part}")', [text])[0][0] for part in PARTS]
    assert parts == [2024, 3, "2024-W10", 5, "Tuesday", 23, 11, 12]
    assert everywhere("date_part(.text, hour)", ["10:11 PM", "2024-03-05", 7]) == (
        [22, None, None],
        ["not_dates 1", "not_dates 1"],
    )
    assert everywhere("date_part(.text, week)", ["2024-12-30", "2021-01-03"])[0] == ["2025-W01", "2020-W53"]


@pytest.mark.parametrize(
    ("size", "starts"),
    [
        ("5m", ["2024-03-05T10:10:00", "2024-03-05T17:10:00+00:00", None]),
        ("90 min", ["2024-03-05T09:00:00", "2024-03-05T16:30:00+00:00", None]),
        ("1h", ["2024-03-05T10:00:00", "2024-03-05T17:00:00+00:00", None]),
        ("1d", ["2024-03-05T00:00:00", "2024-03-05T00:00:00+00:00", "2024-03-05"]),
        ("2 days", ["2024-03-04T00:00:00", "2024-03-04T00:00:00+00:00", "2024-03-04"]),
        ("1w", ["2024-03-04T00:00:00", "2024-03-04T00:00:00+00:00", "2024-03-04"]),
        ("1mo", ["2024-03-01T00:00:00", "2024-03-01T00:00:00+00:00", "2024-03-01"]),
        ("quarter", ["2024-01-01T00:00:00", "2024-01-01T00:00:00+00:00", "2024-01-01"]),
        ("1y", ["2024-01-01T00:00:00", "2024-01-01T00:00:00+00:00", "2024-01-01"]),
    ],
)
def test_a_bucket_is_of_the_kind_of_what_lies_in_it(size: str, starts: list[str | None]) -> None:
    """Where it begins: days of days, instants of instants; a day has no five minutes."""
    texts = ["2024-03-05 10:11:12,7", "05/Mar/2024:10:11:12 -0700", "2024-03-05"]
    assert everywhere(f'bucket(.text, "{size}")', texts)[0] == starts


@pytest.mark.parametrize("size", ["1h", "1d", "1mo", "1y"])
def test_what_lies_outside_of_all_years_has_no_bucket_and_no_day(size: str) -> None:
    """An offset or a leap second may lead out of them: null with a warning, wherever it is asked."""
    texts = ["0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00", "9999-12-31 23:59:60"]
    assert everywhere(f'bucket(.text, "{size}")', texts) == ([None] * 3, ["not_dates 3"])
    assert everywhere("date_part(.text, day)", texts[2:]) == ([None], ["not_dates 1"])


@pytest.mark.parametrize("size", ["5M", "0m", "5", "m5", "-1h", "1.5h", ""])
def test_what_is_no_size_of_a_bucket_is_a_fault(size: str) -> None:
    """`5M` is minutes here and months there, so it is neither."""
    machine = Machine({"rows": [{"text": "2024-03-05"}]})
    machine.turn(f'x = map(rows, bucket(.text, "{size}"))')
    assert machine.codes() == ["arguments"]


def test_events_are_counted_by_bucket() -> None:
    """Over the lines of a large text too."""
    lines = [f"2024-03-05 10:{minute:02d}:07 x" for minute in (0, 1, 5, 9, 11)]
    program = 'p = parse_lines(log, "{day} {clock} x")\nn = count_by(p, bucket(.day + " " + .clock, "5m"))'
    for size in (1 << 60, 0):
        with lines_from(size, 50):
            machine = Machine({"log": "\n".join(lines)})
            machine.turn(program)
        found = {row["key"]: row["n"] for row in machine.value("n")}
        assert found == {"2024-03-05T10:00:00": 2, "2024-03-05T10:05:00": 2, "2024-03-05T10:10:00": 1}


@pytest.mark.parametrize(
    ("left", "right", "seconds"),
    [
        ("2024-03-05T10:00:01+00:00", "2024-03-05T10:00:00Z", 1),
        ("2024-03-05T10:00:00.25", "2024-03-05T10:00:00", 0.25),
        ("2024-03-01T00:00:00", "2024-02-28T00:00:00.000", 172_800),
        ("2024-03-05T10:00:00+01:00", "2024-03-05T10:00:00+00:00", -3_600),
        ("2024-03-05", "2024-03-04", 1),
    ],
)
def test_times_are_subtracted_in_seconds(left: str, right: str, seconds: float) -> None:
    """Exactly; dates still in days."""
    values, said = everywhere(f'.text - "{right}"', [left, None])
    assert [repr(value) for value in values] == [repr(seconds), "None"]
    assert said == []


def test_times_of_two_clocks_have_no_order_and_no_difference() -> None:
    """It is said alike by row, over columns and over blocks, of `<`, `-` and `sort`."""
    texts = ["2024-03-05T10:00:00+00:00", "2024-03-05T10:00:00", "ERROR", "2024-03-05"]
    assert everywhere('.text < "2024-03-05T11:00:00"', texts) == ([True, True, False, True], ["kinds_mixed 1"])
    assert everywhere('"2024-03-05T11:00:00Z" > .text', texts) == ([True, True, False, True], ["kinds_mixed 1"])
    assert everywhere('.text < "2024-03-06"', texts)[1] == []
    values, said = everywhere('.text - "2024-03-05T09:00:00"', texts[:2])
    assert (values, said) == ([None, 3_600], ["kinds_unfit 1"])
    machine = Machine({"rows": [{"text": text} for text in texts]})
    assert "are in no order" in machine.turn("x = sort(rows, text)")


def test_texts_in_the_spelling_of_moments_sort_by_time() -> None:
    """Whatever fractions they have."""
    texts = [f"2024-03-05 10:00:{second}Z" for second in ("12.55", "13", "12", "12.5", "12.501", "12.499")]
    machine = Machine({"rows": [{"text": text} for text in texts]})
    machine.turn("t = map(rows, {at: time(.text)})\nx = sort(t, at).at\ny = [min(t.at), max(t.at)]")
    ends = [text.partition(":12")[2] or ":13" for text in machine.value("x")]
    assert ends == ["+00:00", ".499+00:00", ".5+00:00", ".501+00:00", ".55+00:00", ":13"]
    assert machine.value("y") == [machine.value("x")[0], machine.value("x")[-1]]


def test_a_run_of_before_subtracts_days_alone() -> None:
    """Two times had no difference, and what now warns did not."""
    flags = set(FLAGS) - {TIMES_AND_STEMS}
    machine = Machine({"a": "2024-03-05T10:00:01Z", "b": "2024-03-05T10:00:00"}, flags=flags)
    machine.turn("x = a - a\ny = a < b\nz = a == b")
    assert machine.codes() == ["type", "", ""]
    assert machine.state.remarks == ()
