"""Cells of binary tables: what the file holds, or what is said of it."""

import datetime
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite.inputs.tables.binary.arrow_times import iso_day, iso_moment
from rlmlite.inputs.user_notes import notes
from tests.rlmlite.inputs.tables.table_files import load_rows, load_table
from tests.sizes import scale

pa = pytest.importorskip("pyarrow", reason="needs the extra `tables`")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")

_HUGE = 10**37

CELLS: dict[str, tuple[Any, list[Any]]] = {
    "seconds far away": (pa.array([1_709_251_200_000, None], pa.timestamp("s")), ["+56134-01-06T00:00:00", None]),
    "seconds before year 1": (pa.array([-99_999_999_999_999], pa.timestamp("s")), ["-3166904-02-24T14:13:21"]),
    "milliseconds in Paris": (pa.array([1_500], pa.timestamp("ms", "Europe/Paris")), ["1970-01-01T00:00:01.5Z"]),
    "days far away": (pa.array([4_000_000, None, -800_000], pa.date32()), ["+12921-08-18", None, "-0221-09-04"]),
    "days in milliseconds": (pa.array([86_400_000], pa.date64()), ["1970-01-02"]),
    "a whole second": (pa.array([0], pa.timestamp("ns")), ["1970-01-01T00:00:00"]),
    "a time": (pa.array([5, None], pa.time64("ns")), ["00:00:00.000000005", None]),
    "a duration": (pa.array([-1], pa.duration("ns")), ["-PT0.000000001S"]),
    "an interval": (
        pa.array([(14, 3, 500_000_000), (0, 0, -1)], pa.month_day_nano_interval()),
        ["P14M3DT0.5S", "-PT0.000000001S"],
    ),
    "nested nanoseconds": (
        pa.array(
            [{"t": 1, "l": [2**62]}, None], pa.struct([("t", pa.timestamp("ns")), ("l", pa.list_(pa.timestamp("ns")))])
        ),
        [{"t": "1970-01-01T00:00:00.000000001", "l": ["2116-02-20T23:53:38.427387904"]}, None],
    ),
    "nested decimals": (pa.array([[Decimal("1.10")], None, []], pa.list_(pa.decimal128(5, 2))), [["1.10"], None, []]),
    "nested records": (pa.array([[{"a": 1}], [None]], pa.list_(pa.struct([("a", pa.int8())]))), [[{"a": 1}], [None]]),
    "maps": (pa.array([[("a", 1.5)], None, []], pa.map_(pa.string(), pa.float64())), [{"a": 1.5}, None, {}]),
    "lists of two": (pa.array([[1, 2], None], pa.list_(pa.int8(), 2)), [[1, 2], None]),
    "128 bits": (pa.array([Decimal(_HUGE), None, Decimal(-5)], pa.decimal128(38, 0)), [_HUGE, None, -5]),
    "whole decimals": (pa.array([Decimal(4), Decimal(13)], pa.decimal128(38, 0)), [4, 13]),
    "decimals": (pa.array([Decimal("1.50"), None, Decimal("-0.01")], pa.decimal128(10, 2)), ["1.50", None, "-0.01"]),
    "small decimals": (pa.array([Decimal("0.00000001")], pa.decimal128(10, 8)), ["0.00000001"]),
    "64 bits without a sign": (pa.array([2**64 - 1, None, 1], pa.uint64()), [2**64 - 1, None, 1]),
    "the ends of 64 bits": (pa.array([-(2**63), 2**63 - 1]), [-(2**63), 2**63 - 1]),
    "half floats": (pa.array([1.5, None, 2.0]).cast(pa.float16()), [1.5, None, 2]),
    "no number": (pa.array([float("nan"), float("inf"), -0.0]), [None, None, 0]),
    "bytes": (pa.array([b"\0\1", None, b""]), ["AAE=", None, ""]),
    "codes": (pa.array(["a", None, "a", "b"]).dictionary_encode(), ["a", None, "a", "b"]),
    "codes of numbers": (pa.array([7, None, 7]).dictionary_encode(), [7, None, 7]),
    "texts under nulls": (pa.array(["ab", None, "", "né\x1f"]), ["ab", None, "", "né\x1f"]),
    "truths": (pa.array([True, None, False]), [True, None, False]),
    "nothing": (pa.nulls(2), [None, None]),
}


@pytest.mark.parametrize("name", CELLS)
def test_an_array_gives_its_values(name: str, tmp_path: Path) -> None:
    """Whole, and as a part of a longer array, whose buffers begin elsewhere."""
    array, expected = CELLS[name]
    padded = pa.concat_arrays([array.slice(0, 1), array, array.slice(0, 1)])
    for number, (column, wanted) in enumerate([(array, expected), (padded.slice(1, len(array)), expected)]):
        path = tmp_path / f"{number}.arrow"
        feather.write_feather(pa.table({"c": column}), path, compression="uncompressed")
        assert [row["c"] for row in load_rows(path)] == wanted
        assert [row["c"] for row in load_rows(pa.table({"c": column}))] == wanted


@settings(max_examples=scale(300))
@given(st.datetimes(), st.integers(0, 999_999))
def test_a_moment_is_spelled_as_python_does(moment: datetime.datetime, fraction: int) -> None:
    """In the years that Python knows, from the count of any unit."""
    moment = moment.replace(microsecond=fraction)
    count = (moment - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)
    spelled = moment.isoformat()

    assert iso_moment(count, 6) == (spelled.rstrip("0").rstrip(".") if "." in spelled else spelled)
    assert iso_day(count // 86_400_000_000) == moment.date().isoformat()


def test_dates_beyond_the_calendar_are_said(tmp_path: Path) -> None:
    """They do not sort as texts."""
    feather.write_feather(pa.table({"c": pa.array([4_000_000], pa.date32())}), tmp_path / "a.arrow")

    found, _ = load_table(tmp_path / "a.arrow")

    assert "dates beyond the years 1 to 9999" in "\n".join(notes("t", found))


def test_duckdb_types_that_arrow_lacks(tmp_path: Path) -> None:
    """Integers of 128 bits are integers, so that they sort as such; infinite dates, bits and zones are texts."""
    duckdb = pytest.importorskip("duckdb", reason="needs the extra `tables`")
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT 340282366920938463463374607431768211455::UHUGEINT u, "
            "(-170141183460469231731687303715884105727)::HUGEINT h, 'infinity'::DATE d, '-infinity'::TIMESTAMP m, "
            "'1010'::BIT b, '12:00:00+02'::TIMETZ z, INTERVAL 3 DAYS i"
        )
        connection.execute("CREATE TABLE s AS SELECT * FROM (VALUES ('a', 4), ('b', 13), ('a', 0)) v(item, qty)")

    assert load_rows(f"duckdb:{tmp_path}/a.duckdb?table=t") == [
        {
            "u": 2**128 - 1,
            "h": -(2**127 - 1),
            "d": "infinity",
            "m": "-infinity",
            "b": "1010",
            "z": "12:00:00+02",
            "i": "P3D",
        }
    ]
    query = "SELECT item, sum(qty) AS total FROM s GROUP BY item ORDER BY total"
    assert [row["total"] for row in load_rows(f"duckdb:{tmp_path}/a.duckdb?query={query}")] == [4, 13]


def test_a_bad_text_in_sqlite_is_said_and_the_rest_is_read(tmp_path: Path) -> None:
    """Its bytes that are not UTF-8 become U+FFFD, and a note says where."""
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE t(id, x)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(row, f"t{row}") for row in range(40_000)])
        connection.execute("UPDATE t SET x = CAST(x'41ff42' AS TEXT) WHERE id IN (3, 30000)")
        connection.execute("UPDATE t SET x = x'00ff' WHERE id = 4")

    found, rows = load_table(f"sqlite:{tmp_path}/a.db?table=t")

    assert [row["x"] for row in rows[2:6]] == ["t2", "A\ufffdB", "AP8=", "t5"]
    assert (len(rows), rows[30_000]["x"], rows[39_999]["x"]) == (40_000, "A\ufffdB", "t39999")
    assert "row 4 column x, row 30,001 column x (2)" in "\n".join(notes("t", found))


def test_parquet_dictionaries_are_read_as_they_are(tmp_path: Path) -> None:
    """Columns whose texts recur, those whose do not, and nested ones beside them."""
    table = pa.table(
        {
            "city": ["Rome", "Oslo", None, "Rome"] * 5_000,
            "name": [f"n{row}" for row in range(20_000)],
            "deep": [{"city": "Rome"}] * 20_000,
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=7_000)

    assert load_rows(tmp_path / "a.parquet") == table.to_pylist()
