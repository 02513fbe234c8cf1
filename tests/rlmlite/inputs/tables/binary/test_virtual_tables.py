"""Virtual tables of SQLite are read like any other, and still nothing can be written."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from rlmlite.errors import InputError
from tests.rlmlite.inputs.input_files import load_plain

_SCHEMA = """
    create table t(a, j); insert into t values (1, '[1, 2]');
    create virtual table f5 using fts5(body); insert into f5 values ('hello world');
    create virtual table f4 using fts4(body); insert into f4 values ('hello');
    create virtual table r using rtree(id, x0, x1); insert into r values (1, 0, 1);
    create table g(a int, b int generated always as (a * 2) virtual); insert into g(a) values (2);
    create view e as select t.a, j.value from t, json_each(t.j) j;
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with tables of all kinds."""
    with sqlite3.connect(tmp_path / "s.db") as connection:
        connection.executescript(_SCHEMA)
    connection.close()
    return tmp_path / "s.db"


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("table=f5", [{"body": "hello world"}]),
        ("table=f4", [{"body": "hello"}]),
        ("table=r", [{"id": 1, "x0": 0.0, "x1": 1.0}]),
        ("table=g", [{"a": 2, "b": 4}]),
        ("table=e", [{"a": 1, "value": 1}, {"a": 1, "value": 2}]),
        ("query=select value from t, json_each(t.j)", [{"value": 1}, {"value": 2}]),
        ("query=select * from f5 where f5 match 'hello'", [{"body": "hello world"}]),
        ("query=select id from r where x0 < 1", [{"id": 1}]),
    ],
)
def test_virtual_tables_are_read(database: Path, query: str, rows: list[dict[str, object]]) -> None:
    """Full text, boxes, the members of JSON, computed columns."""
    assert load_plain(f"sqlite:{database}?{query}")[1] == rows


def test_what_a_virtual_table_is_kept_in_is_no_table(database: Path) -> None:
    """The list of tables has those of the user, also one whose name begins as a virtual table's does."""
    with sqlite3.connect(database) as connection:
        connection.execute("create table f5_notes(a)")
    connection.close()

    with pytest.raises(InputError, match=r"it has e, f4, f5, f5_notes, g, r, t$"):
        load_plain(f"sqlite:{database}?table=nothing_like_it")


@pytest.mark.parametrize(
    "query",
    [
        "delete from r_node",
        "insert into r_rowid values (9, 9)",
        "update sqlite_master set sql = ''",
        "pragma page_size = 1",
    ],
)
def test_nothing_is_written(database: Path, query: str) -> None:
    """Not even what opening a virtual table asks leave for."""
    before = hashlib.sha256(database.read_bytes()).digest()

    with pytest.raises(InputError):
        load_plain(f"sqlite:{database}?query={query}")

    assert hashlib.sha256(database.read_bytes()).digest() == before
