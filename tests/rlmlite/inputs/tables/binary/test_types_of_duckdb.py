"""Every type of DuckDB, alone and inside of others: a value is the value by the rules of tables."""

from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlmlite
from tests.sizes import scale

_BIG: Final = 2**127 - 1
_LEAVES: Final[dict[str, Any]] = {
    f"{_BIG}::HUGEINT": _BIG,
    f"{-_BIG}::HUGEINT": -_BIG,
    f"{2**128 - 1}::UHUGEINT": 2**128 - 1,
    f"{10**60}::VARINT": 10**60,
    "18446744073709551615::UBIGINT": 2**64 - 1,
    "(-128)::TINYINT": -128,
    "'10101'::BIT": "10101",
    "'6bf1a2c4-8f07-4b1e-9f3a-0b1c2d3e4f50'::UUID": "6bf1a2c4-8f07-4b1e-9f3a-0b1c2d3e4f50",
    "INTERVAL 14 MONTH + INTERVAL 3 DAY": "P14M3D",
    "'04:05:06.5+02'::TIMETZ": "04:05:06.5+02",
    "'b'::ENUM('a', 'b')": "b",
    "'infinity'::DATE": "infinity",
    "'-infinity'::TIMESTAMP": "-infinity",
    "'\\xAA'::BLOB": "qg==",
    "1.50::DECIMAL(10, 2)": "1.50",
    "5::DECIMAL(38, 0)": 5,
    "1.5::FLOAT": 1.5,
    "'nan'::DOUBLE": None,
    "'inf'::DOUBLE": None,
    "DATE '2024-02-03'": "2024-02-03",
    "TIME '04:05:06.5'": "04:05:06.5",
    "TIMESTAMP_NS '2024-02-03 04:05:06.123456789'": "2024-02-03T04:05:06.123456789",
    "TIMESTAMP_S '2024-02-03 04:05:06'": "2024-02-03T04:05:06",
    "TIMESTAMPTZ '2024-02-03 04:05:06+00'": "2024-02-03T04:05:06Z",
    "true": True,
    "'grüße'": "grüße",
}
"""Expressions of SQL, each with its value by the rules of tables. A union of one is the value of its member."""


def value_of(expression: str, folder: Path) -> Any:
    """The value of an expression in a table with a null beside it."""
    path = folder / "t.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT {expression} AS v UNION ALL SELECT NULL")
    table = rlmlite.Table(path, "duckdb", table="t")
    outcome = rlmlite.execute("final([context[0].v, context[1].v])", table, trace=False)
    # An answer of nulls alone is partial, and says so.
    ends = [("completed", ""), ("partial", "null_answer")]
    assert (outcome.status, outcome.reason) in ends, outcome.observation
    value, null = outcome.value
    assert null is None
    return value


@pytest.mark.parametrize(("expression", "expected"), _LEAVES.items())
def test_every_type_is_its_value(expression: str, expected: Any, tmp_path: Path) -> None:
    """Alone, with its kind: a whole number of 128 bits is a number."""
    assert repr(value_of(expression, tmp_path)) == repr(expected)


def _list(inner: tuple[str, Any]) -> tuple[str, Any]:
    return f"[{inner[0]}, NULL]", [inner[1], None]


def _array(inner: tuple[str, Any]) -> tuple[str, Any]:
    return f"array_value({inner[0]})", [inner[1]]


def _struct(inner: tuple[str, Any]) -> tuple[str, Any]:
    return f"{{'a b': {inner[0]}, 'BIT': 1}}", {"BIT": 1, "a b": inner[1]}


def _map(inner: tuple[str, Any]) -> tuple[str, Any]:
    return f"MAP {{'k': {inner[0]}}}", {"k": inner[1]}


@settings(max_examples=scale(4))
@given(
    st.recursive(
        st.sampled_from(list(_LEAVES.items())),
        lambda inner: st.tuples(st.sampled_from([_list, _array, _struct, _map]), inner).map(
            lambda pair: pair[0](pair[1])
        ),
        max_leaves=1,
    )
)
def test_every_type_inside_of_others_is_its_value(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[str, Any]
) -> None:
    """At any depth, whatever Arrow has a form for."""
    expression, expected = case
    assert repr(value_of(expression, tmp_path_factory.mktemp("duckdb"))) == repr(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"[{2**128 - 1}::UHUGEINT]", [2**128 - 1]),
        (f"[{_BIG}::HUGEINT]", [_BIG]),
        ("{'a': ['101'::BIT], 'b': MAP {'x': 5::VARINT}}", {"a": ["101"], "b": {"x": 5}}),
        ("MAP {5::HUGEINT: '04:05:06+02'::TIMETZ}", {"5": "04:05:06+02"}),
        ("array_value('101'::BIT, NULL)", ["101", None]),
        ("[union_value(h := '101'::BIT)]", ["101"]),
        ("union_value(num := 3)", 3),
        (f"union_value(h := {_BIG}::HUGEINT)", str(_BIG)),
    ],
)
def test_types_that_arrow_lacks_are_values_inside_of_others(expression: str, expected: Any, tmp_path: Path) -> None:
    """Neither refused nor another number; in a union a number of 128 bits is its digits."""
    assert repr(value_of(expression, tmp_path)) == repr(expected)
