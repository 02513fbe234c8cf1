"""SQLite and DuckDB: a hostile file or query uses limited time and memory, reads its own file, and writes nothing."""

import json
import sqlite3
import time
from pathlib import Path

import pytest

from rlmlite.inputs import Reading
from rlmlite.inputs.tables import derive_table
from rlmlite_kernel.values.inputs import Derivation, Source, SourceFile
from rlmlite_traces import FileBlobs
from tests.guard.files.hostile import flipped, outcome

TIGHT = Reading(max_seconds=1, max_worker_bytes=200_000_000, max_bytes=20_000_000)


def database(path: Path, *statements: str) -> Path:
    """A SQLite file with a table `t` of ten rows, and what the statements make."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
    connection.executemany("INSERT INTO t (name) VALUES (?)", [(f"name {number}",) for number in range(10)])
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


COUNT = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)"

VIEWS = {
    "rows without end": f"{COUNT} SELECT n FROM r",
    "a count without end": f"{COUNT} SELECT count(*) FROM r",
    "a sum over a product": "SELECT sum(a.id * b.id) FROM t a, t b, t c, t d, t e, t f, t g, t h, t i, t j",
    "a blob of a gigabyte": "SELECT zeroblob(1000000000) AS z",
    "blobs of 100 MB": "SELECT zeroblob(100000000) AS z FROM t",
    "a text of a gigabyte": "SELECT hex(zeroblob(500000000)) AS z",
    "a text that doubles": "WITH RECURSIVE r(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM r) SELECT s FROM r",
    "a group without end": f"{COUNT} SELECT group_concat(n) FROM r",
    "a sort of all": f"{COUNT}, s AS (SELECT n FROM r LIMIT 50000000) SELECT n FROM s ORDER BY -n",
    "a format of a gigabyte": "SELECT printf('%1000000000d', 1)",
    "a pattern": f"SELECT '{'a' * 50_000}' LIKE '{'%a' * 20_000}b'",
    "a glob": f"SELECT '{'a' * 30_000}' GLOB '{'*a' * 10_000}b'",
    "json in json": "SELECT json_extract(replace(hex(zeroblob(200000)), '00', '['), '$')",
    "replaced without end": "SELECT length(replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000))))",
    "a series": "SELECT value FROM generate_series(1, 1000000000000)",
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_without_end_is_stopped(tmp_path: Path, name: str) -> None:
    """A view is SQL of whoever made the file; so is a query that was recorded in a trace."""
    path = database(tmp_path / "a.db", f"CREATE VIEW v AS {VIEWS[name]}")
    begun = time.monotonic()

    said = outcome(f"sqlite:{path}?table=v", TIGHT)

    assert isinstance(said, str) or len(said) < 1_000
    assert time.monotonic() - begun < 30
    assert outcome(f"sqlite:{path}?table=t", TIGHT) != said


OUTSIDE = [
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('{folder}/x', 'x')",
    "SELECT load_extension('/lib/x.so')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM dbstat",
    "ATTACH '{folder}/other.db' AS other",
    "SELECT edit('x', 'touch {folder}/x')",
    "VACUUM INTO '{folder}/copy.db'",
    "PRAGMA writable_schema = ON",
    "INSERT INTO t (name) VALUES ('x') RETURNING id",
    "CREATE TEMP TABLE x AS SELECT 1",
    "EXPLAIN SELECT 1; SELECT 2",
]


@pytest.mark.parametrize("query", OUTSIDE)
def test_a_query_reads_its_file_and_does_nothing_else(tmp_path: Path, query: str) -> None:
    """No other file, no setting, no extension, nothing written, inside the worker's own fence as well."""
    path = database(tmp_path / "a.db")
    before = path.read_bytes()

    said = outcome(f"sqlite:{path}?query={query.format(folder=tmp_path)}")

    assert isinstance(said, str) or b"root:" not in said
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [path]


RECORDED = {
    "an endless query": ("sqlite", json.dumps({"query": f"{COUNT} SELECT count(*) FROM r"}), "max_seconds"),
    "an endless answer": ("sqlite", json.dumps({"query": f"{COUNT} SELECT hex(zeroblob(10000)) FROM r"}), "max_bytes"),
    "another statement": ("sqlite", json.dumps({"query": "DELETE FROM t"}), "not authorized"),
    "a list": ("sqlite", "[]", "not options"),
    "a number": ("sqlite", json.dumps({"query": 1}), "not options"),
    "no JSON": ("sqlite", "{", "not options"),
    "a nest": ("sqlite", "[" * 100_000, "not options"),
    "another option": ("sqlite", json.dumps({"path": "/etc/passwd"}), "not those of this version"),
    "another reader's": ("parquet", json.dumps({"query": "SELECT 1"}), "not those of this version"),
    "another format": ("arrow", "{}", "not a valid Arrow file"),
    "no reader": ("python", "{}", "no table reader python"),
}


@pytest.mark.parametrize("name", RECORDED)
def test_what_a_trace_recorded_is_read_under_the_readers_limits(tmp_path: Path, name: str) -> None:
    """A replay reads a table again by the options in the trace, which a stranger may have written."""
    by, how, message = RECORDED[name]
    blobs = FileBlobs()
    file = blobs.look(database(tmp_path / "a.db"))
    entry = SourceFile("a.db", "0" * 64, 1, recipe=1)
    source = Source("table", "a.db", (entry,), recipes=((Derivation(by, "1", how),),))

    assert message in derive_table(file, source, (entry,), blobs, TIGHT)


def test_mutants_of_a_database_are_faults_or_rows(tmp_path: Path) -> None:
    """Bits flipped in the header, in the schema and in pages."""
    content = database(tmp_path / "good.db", "CREATE INDEX i ON t (name)", "CREATE VIEW v AS SELECT 1").read_bytes()
    for number, changed in enumerate(flipped(content, range(12), flips=20, start=16)):
        path = tmp_path / f"{number}.db"
        path.write_bytes(changed)
        outcome(f"sqlite:{path}?table=t")


def test_a_full_text_index_that_is_damaged_stays_in_its_worker(tmp_path: Path) -> None:
    """Its shadow tables are trusted by its code, and are what attacks on SQLite patch: it may fail, or find nothing.

    The rows themselves do not depend on the index.
    """
    path = database(
        tmp_path / "a.db",
        "CREATE VIRTUAL TABLE f USING fts5(body)",
        "INSERT INTO f VALUES ('some words and more words')",
        "UPDATE f_data SET block = zeroblob(50)",
    )

    rows = outcome(f"sqlite:{path}?table=f")
    found = outcome(f"sqlite:{path}?query=SELECT body FROM f WHERE f MATCH 'words'")

    assert isinstance(rows, str) or b"some words and more words" in rows
    assert isinstance(found, str) or b"some words" not in found


duckdb = pytest.importorskip("duckdb", reason="needs the extra `tables`")


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with a table and views that do not end."""
    path = tmp_path_factory.mktemp("duck") / "a.duckdb"
    connection = duckdb.connect(str(path))
    connection.execute("CREATE TABLE t AS SELECT range AS id, 'name' AS name FROM range(10)")
    connection.execute("CREATE VIEW endless AS SELECT * FROM range(1000000000000)")
    connection.execute("CREATE VIEW product AS SELECT count(*) AS n FROM range(100000000) a, range(100000000) b")
    connection.execute("CREATE VIEW big AS SELECT repeat('x', 1000000000) AS x")
    connection.execute("CREATE VIEW sorted AS SELECT range AS n FROM range(100000000) ORDER BY hash(range)")
    connection.execute("CREATE VIEW lists AS SELECT list(range) AS l FROM range(100000000)")
    connection.close()
    return path


@pytest.mark.parametrize("view", ["endless", "product", "big", "sorted", "lists"])
def test_a_view_of_duckdb_without_end_is_stopped(duck: Path, view: str) -> None:
    """Its memory is limited and spills nowhere; its time is the worker's."""
    begun = time.monotonic()

    said = outcome(f"duckdb:{duck}?table={view}", TIGHT)

    assert isinstance(said, str)
    assert time.monotonic() - begun < 30
    assert sorted(path.name for path in duck.parent.iterdir()) == ["a.duckdb"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM 'https://example.org/x.parquet'",
        "SELECT getenv('HOME')",
        "COPY t TO 'x.csv'",
        "INSTALL httpfs",
        "SET memory_limit = '1TB'",
        "PRAGMA temp_directory='/tmp/x'",
        "ATTACH '/tmp/x.db' AS x",
        "CREATE TABLE x AS SELECT 1",
    ],
)
def test_a_query_of_duckdb_reads_its_file_and_does_nothing_else(duck: Path, query: str) -> None:
    """As for SQLite."""
    said = outcome(f"duckdb:{duck}?query={query}")

    assert isinstance(said, str) or b"root:" not in said
    assert sorted(path.name for path in duck.parent.iterdir()) == ["a.duckdb"]


def test_mutants_of_a_duckdb_file_are_faults_or_rows(duck: Path, tmp_path: Path) -> None:
    """Bits flipped anywhere: DuckDB is in C++, and ends its process for some of them."""
    content = duck.read_bytes()
    for number, changed in enumerate(flipped(content, range(8), flips=40, start=8)):
        path = tmp_path / f"{number}.duckdb"
        path.write_bytes(changed)
        outcome(f"duckdb:{path}?table=t")
