"""Cells of SQLite become what they are value by value, however Arrow lays them out and wherever batches are cut."""

import base64
import math
import sqlite3
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlmlite.inputs.tables.binary import database_columns
from rlmlite.inputs.tables.binary.database_columns import sqlite_batches
from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.writer import Batch, columnar_blocks
from tests.sizes import scale

pytest.importorskip("pyarrow")

_INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 2**53, 2**53 + 1])
_DECIMALS = st.floats(allow_nan=False) | st.sampled_from([2.0, -0.0, 1e17])
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
_ANY = st.none() | _INTEGERS | _DECIMALS | _TEXTS | st.binary(max_size=3)
_COLUMNS = st.sampled_from([_INTEGERS, _DECIMALS, _TEXTS, st.none(), _INTEGERS | _DECIMALS, _ANY])


@st.composite
def _tables(draw: st.DrawFn) -> list[list[Any]]:
    """Two columns, mostly of one kind, with nulls and perhaps one cell of another kind."""
    rows = draw(st.integers(1, 20))
    columns = [draw(st.lists(st.none() | draw(_COLUMNS), min_size=rows, max_size=rows)) for _ in range(2)]
    if draw(st.booleans()):
        columns[0][draw(st.integers(0, rows - 1))] = draw(_ANY)
    return columns


def _plain(value: Any) -> Any:
    """A value as the definition has it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return None if isinstance(value, float) and math.isinf(value) else value


@settings(max_examples=scale(80), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(_tables(), st.integers(1, 7), st.integers(1, 12), st.sampled_from([1, 10**6]))
def test_cells_are_those_of_the_definition(table: list[list[Any]], rows: int, segment: int, most: int) -> None:
    """The content has the same bytes, and infinite numbers are counted."""

    def run() -> tuple[sqlite3.Connection, sqlite3.Cursor]:
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE t (a, b)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", zip(*table, strict=True))
        return connection, connection.execute("SELECT a, b FROM t")

    losses = Losses()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_columns, "_ROWS", rows)
        patch.setattr(database_columns, "SEGMENT", segment)
        patch.setattr(database_columns, "_MOST_BYTES", most)
        content = b"".join(columnar_blocks(("a", "b"), sqlite_batches(run, ("a", "b"), losses, "t")))

    plain = [parts.of_values([_plain(value) for value in column]) for column in table]
    assert content == b"".join(columnar_blocks(("a", "b"), [Batch(plain, len(table[0]))]))
    infinite = sum(isinstance(value, float) and math.isinf(value) for column in table for value in column)
    assert (infinite > 0) == ("infinite" in losses.summary())
