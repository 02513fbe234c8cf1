"""Tables of databases: a query reads rows, and can do nothing else."""

from pathlib import Path

import pytest

import rlmlite
from rlmlite.errors import InputError
from rlmlite.inputs import from_path, notes
from rlmlite_traces import FileBlobs
from tests.rlmlite.inputs.tables.table_files import database, load_rows, load_table


def test_an_endless_query_is_stopped(tmp_path: Path) -> None:
    """`max_bytes` bounds the result of a query, as it bounds what is unpacked."""
    path = database(tmp_path / "a.db")
    query = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r"

    with pytest.raises(InputError, match=r"more than 100,000 bytes.*max_bytes"):
        from_path(f"sqlite:{path}?query={query}", FileBlobs(), rlmlite.Reading(max_bytes=100_000))


def test_sqlite_tables_and_queries(tmp_path: Path) -> None:
    """SQL is run as it is written; bytes become base64, and infinity becomes null."""
    path = database(tmp_path / "my base.db")

    found, rows = load_table(f"sqlite:{path}?table=t")

    assert rows == [
        {"id": 1, "name": "a=b&c?", "raw": "AAE=", "x": 0.5},
        {"id": 2, "name": None, "raw": None, "x": None},
    ]
    assert "infinite numbers became null (1)" in "\n".join(notes("t", found))
    assert load_rows(f"sqlite:{path}?query=SELECT count(*) AS n, max(name) m FROM t WHERE name LIKE '%=b&c?'") == [
        {"n": 1, "m": "a=b&c?"}
    ]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("", r"needs \?table=NAME or \?query=.*it has t"),
        ("?table=tt", "no table tt; did you mean `t`"),
        ("?query=DELETE FROM t", "not authorized; a query must be one SELECT"),
        ("?query=SELECT 1; DROP TABLE t", "one statement.*; a query must be one SELECT"),
        ("?query=ATTACH 'x.db' AS x", "not authorized"),
        ("?query=PRAGMA query_only = OFF", "not authorized"),
        ("?query=SELECT load_extension('x')", "not authorized"),
        ("?query=SELEC 1", "syntax error"),
        ("?query=SELECT * FROM absent", "no such table"),
        ("?quer=SELECT 1", "did you mean `query`"),
    ],
)
def test_sqlite_reads_and_does_nothing_else(tmp_path: Path, told: str, message: str) -> None:
    """Writing, other files, settings and extensions are refused, and the file stays as it was."""
    path = database(tmp_path / "a.db")
    before = path.read_bytes()

    with pytest.raises(InputError, match=message):
        load_table(f"sqlite:{path}{told}")
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_database_with_a_write_ahead_log_is_refused(tmp_path: Path) -> None:
    """The file alone is not what a query would see."""
    path = database(tmp_path / "a.db")
    (tmp_path / "a.db-wal").write_bytes(b"x" * 100)

    with pytest.raises(InputError, match=r"a\.db-wal beside it"):
        load_table(f"sqlite:{path}?table=t")


def test_duckdb_names_the_reader_of_a_sqlite_file(tmp_path: Path) -> None:
    """DuckDB would need an extension to read it, which is not allowed."""
    pytest.importorskip("duckdb", reason="needs the extra `tables`")
    path = database(tmp_path / "a.db")

    with pytest.raises(InputError, match=r"a\.db is a SQLite database; write sqlite:"):
        load_table(f"duckdb:{path}?table=t")


def test_duckdb_reads_and_does_nothing_else(tmp_path: Path) -> None:
    """It runs one SELECT over its own tables."""
    duckdb = pytest.importorskip("duckdb", reason="needs the extra `tables`")
    path = tmp_path / "a.duckdb"
    connection = duckdb.connect(str(path))
    connection.execute(
        "CREATE TABLE t AS SELECT 1 AS id, 'x' AS name, 1.50::DECIMAL(4,2) AS price, DATE '2024-02-03' AS d"
    )
    connection.close()

    assert load_rows(f"duckdb:{path}?table=t") == [{"id": 1, "name": "x", "price": "1.50", "d": "2024-02-03"}]
    for query in ("SELECT * FROM read_csv('/etc/passwd')", "DROP TABLE t", "SELECT 1; SELECT 2", "COPY t TO 'x.csv'"):
        with pytest.raises(InputError, match=r"a\.duckdb: "):
            load_rows(f"duckdb:{path}?query={query}")
