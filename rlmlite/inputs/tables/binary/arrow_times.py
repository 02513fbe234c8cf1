"""Arrow's dates, times and durations as ISO text, to the nanosecond and in any year.

Columns whose moments all lie in the years 1 to 9999 are written by Arrow's own kernels, without one Python object for
each. Beyond these years Arrow prints other moments, or raises; there every value is worked out from its count.

    timestamp[s]   1_709_251_200_000      +56134-04-04T00:00:00     years with a sign sort by their text no longer
    date32         -800_000               -0221-08-21
    duration[ms]   90_500                 PT90.5S
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from rlmlite.inputs.tables.sheets.cells import duration, trim_fraction
from rlmlite.inputs.tables.sheets.sheet_writer import Losses

Arrow: TypeAlias = Any
"""An object of pyarrow, which has no type annotations."""

DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Digits after the decimal point of a count in each of Arrow's time units."""

_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31, in days from 1970-01-01."""

_DAY_SECONDS = 86_400
_OUTSIDE = "dates beyond the years 1 to 9999 have a year with a sign, and do not sort as texts"

_INFINITE_DAYS = 2**31 - 1
_INFINITE_MOMENT = 2**63 - 1


def texts_of_dates(array: Arrow, arrow: Any, losses: Losses, infinities: bool) -> Arrow | list[str | None]:
    """Days as an Arrow array of texts, or as a list where a year needs a sign. `infinities`: as DuckDB spells them."""
    if str(array.type) == "date64[ms]":
        array = array.cast(arrow.date32(), safe=False)
    days = array.cast(arrow.int32())
    if _are_within(days, _FIRST_DAY, _LAST_DAY, arrow):
        return array.cast(arrow.string())
    return _each(days, losses, iso_day, _INFINITE_DAYS if infinities else 0, _FIRST_DAY, _LAST_DAY)


def texts_of_moments(array: Arrow, arrow: Any, losses: Losses, infinities: bool) -> Arrow | list[str | None]:
    """Timestamps in UTC, with `Z` if they have a zone; as `texts_of_dates`."""
    unit, zone = array.type.unit, "" if array.type.tz is None else "Z"
    per_day = _DAY_SECONDS * 10 ** DIGITS[unit]
    first, last = _FIRST_DAY * per_day, (_LAST_DAY + 1) * per_day - 1
    counts = array.cast(arrow.int64())
    if _are_within(counts, first, last, arrow):
        # Without its zone, Arrow counts from 1970 in UTC, and spells it with a space: `2024-02-03 04:05:06.500`.
        spelled = array.cast(arrow.timestamp(unit)).cast(arrow.string())
        iso = arrow.compute.replace_substring(spelled, " ", "T", max_replacements=1)
        return _trim(iso, unit, arrow, zone)
    infinite = _INFINITE_MOMENT if infinities else 0
    return _each(counts, losses, lambda count: iso_moment(count, DIGITS[unit]) + zone, infinite, first, last)


def texts_of_times(array: Arrow, arrow: Any) -> Arrow:
    """Times of the day."""
    return _trim(array.cast(arrow.string()), array.type.unit, arrow, "")


def texts_of_durations(array: Arrow, arrow: Any) -> list[str | None]:
    """Durations, from counts of Arrow's unit."""
    digits = DIGITS[array.type.unit]
    return [None if count is None else duration(count, digits) for count in array.cast(arrow.int64()).to_pylist()]


def texts_of_intervals(array: Arrow) -> list[str | None]:
    """Intervals of months, days and nanoseconds: `P1M3DT0.5S`."""
    return [None if value is None else _interval(value) for value in array.to_pylist()]


def _interval(value: Any) -> str:
    months, days, nanoseconds = value
    date = (f"{months}M" if months else "") + (f"{days}D" if days else "")
    if not date:
        return duration(nanoseconds, 9)
    if not nanoseconds:
        return f"P{date}"
    # `duration` puts the sign first; beside months and days each number has its own.
    sign, _, amount = duration(nanoseconds, 9).partition("PT")
    return f"P{date}T{sign}{amount}"


def _are_within(counts: Arrow, first: int, last: int, arrow: Any) -> bool:
    ends = arrow.compute.min_max(counts).as_py()
    return ends["min"] is None or (ends["min"] >= first and ends["max"] <= last)


def _trim(texts: Arrow, unit: str, arrow: Any, end: str) -> Arrow:
    """Without trailing zeros in the fraction: `04:05:06.500` is `04:05:06.5`. Counts of seconds have none."""
    if DIGITS[unit]:
        texts = arrow.compute.replace_substring_regex(texts, r"\.?0+$", "")
    return arrow.compute.binary_join_element_wise(texts, end, "") if end else texts


def _each(
    counts: Arrow, losses: Losses, spell: Callable[[int], str], infinite: int, first: int, last: int
) -> list[str | None]:
    """Value by value. `infinite` is the count that stands for infinity, if one does."""
    texts: list[str | None] = []
    for count in counts.to_pylist():
        if count is None:
            texts.append(None)
        elif infinite and abs(count) == infinite:
            texts.append("infinity" if count > 0 else "-infinity")
        else:
            texts.append(spell(count))
            losses.add(_OUTSIDE, not first <= count <= last)
    return texts


def iso_moment(count: int, digits: int) -> str:
    """A moment from a count of 10^-digits seconds since 1970."""
    seconds, part = divmod(count, 10**digits)
    day, second = divmod(seconds, _DAY_SECONDS)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    if digits:
        clock = trim_fraction(f"{clock}.{part:0{digits}d}")
    return f"{iso_day(day)}T{clock}"


def iso_day(day: int) -> str:
    """A date from its days since 1970, in the Gregorian calendar, without bounds.

    Years are counted from March on, so that a leap day ends one: of 400 years each has 146,097 days.
    """
    shifted = day + 719_468
    era, of_era = divmod(shifted, 146_097)
    year_of_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    day_of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
    year = 400 * era + year_of_era + (1 if month <= 2 else 0)
    of_month = day_of_year - (153 * month_from_march + 2) // 5 + 1
    # As ISO 8601 has it: a year beyond four digits, or before the first, carries a sign.
    spelled = f"{year:04d}" if 1 <= year <= 9_999 else f"{'-' if year < 0 else '+'}{abs(year):04d}"
    return f"{spelled}-{month:02d}-{of_month:02d}"
