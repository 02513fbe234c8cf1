"""Every type of Arrow: its first value by the rules of tables, and null beside it."""

import decimal
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # ships no stubs
import pytest

import rlmlite

CASES: dict[str, tuple[Any, Any]] = {
    "dict": (pa.array(["a", None, "b"]).dictionary_encode(), "a"),
    "ree": (pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["a", "b"])), "a"),
    "lv": (pa.array([[1, 2], None, [3]], pa.list_view(pa.int64())), [1, 2]),
    "llv": (pa.array([[1, 2], None, [3]], pa.large_list_view(pa.int64())), [1, 2]),
    "d256": (pa.array([decimal.Decimal("1.50"), None, None], pa.decimal256(60, 2)), "1.50"),
    "d256w": (pa.array([decimal.Decimal(10**60), None, None], pa.decimal256(70, 0)), 10**60),
    "d32": (pa.array([decimal.Decimal("1.5"), None, None], pa.decimal32(5, 1)), "1.5"),
    "dur": (pa.array([90500, None, 1], pa.duration("ms")), "PT90.5S"),
    "mdn": (pa.array([(14, 3, 5), None, None], pa.month_day_nano_interval()), "P14M3DT0.000000005S"),
    "half": (pa.array([1.5, None, 2], pa.float16()), 1.5),
    "sv": (pa.array(["abc", None, "x" * 30], pa.string_view()), "abc"),
    "bv": (pa.array([b"\xaa", None, b"x" * 30], pa.binary_view()), "qg=="),
    "fsb": (pa.array([b"\xaa\xbb", None, None], pa.binary(2)), "qrs="),
    "uuid": (
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"a" * 16, None, None], pa.binary(16))),
        "61616161-6161-6161-6161-616161616161",
    ),
    "json": (pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1}', None, None])), '{"a":1}'),
    "bool8": (pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None, 0], pa.int8())), 1),
    "du": (
        pa.UnionArray.from_dense(
            pa.array([0, 1, 0], pa.int8()), pa.array([0, 0, 1], pa.int32()), [pa.array([1, None]), pa.array(["x"])]
        ),
        1,
    ),
    "su_dec": (
        pa.UnionArray.from_dense(
            pa.array([0, 0, 0], pa.int8()), pa.array([0, 1, 1], pa.int32()), [pa.array([decimal.Decimal("1.50"), None])]
        ),
        "1.50",
    ),
    "su_ts": (
        pa.UnionArray.from_sparse(pa.array([0, 0, 0], pa.int8()), [pa.array([1, None, 2], pa.timestamp("s"))]),
        "1970-01-01T00:00:01",
    ),
    "lsv": (pa.array([["a"], None, []], pa.list_(pa.string_view())), ["a"]),
    "ldict": (pa.array([["a"], None, []], pa.list_(pa.dictionary(pa.int8(), pa.string()))), ["a"]),
    "fsl": (pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int8(), 2)), [1, 2]),
    "lvts": (pa.array([[1], None, []], pa.list_view(pa.timestamp("s"))), ["1970-01-01T00:00:01"]),
    "map": (pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int8())), {"a": 1}),
    "d64": (pa.array([1709251200000, None, 0], pa.date64()), "2024-03-01"),
    "t64": (pa.array([1, None, 2], pa.time64("ns")), "00:00:00.000000001"),
    "u64": (pa.array([2**64 - 1, None, 1], pa.uint64()), 2**64 - 1),
    "null": (pa.nulls(3), None),
}


@pytest.mark.parametrize("kind", CASES)
def test_every_type_of_arrow_is_its_value(kind: str) -> None:
    """Dictionaries, runs, views, unions, wide decimals, extensions: by what they stand for, or are stored as."""
    array, expected = CASES[kind]
    outcome = rlmlite.execute("final(context[0].v)", pa.table({"v": array}), trace=False)

    # An answer that is null by itself is partial, and says so.
    end = ("partial", "null_answer") if expected is None else ("completed", "")
    assert (outcome.status, outcome.reason) == end, outcome.observation
    assert repr(outcome.value) == repr(expected)


def test_a_date_that_is_no_day_is_named() -> None:
    """A fault says the column and the value, and takes nothing for it."""
    table = pa.table({"v": pa.array([1], pa.date64())})

    with pytest.raises(rlmlite.RlmliteError, match=r"column 0.*date64.ms. 1 does not represent a whole number of days"):
        rlmlite.execute("final(context[0].v)", table, trace=False)
