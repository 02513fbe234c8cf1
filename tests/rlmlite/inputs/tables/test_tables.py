"""Tables as inputs: what becomes of each value, what is refused, and that a trace of one replays."""

import datetime
import json
import os
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlmlite
from rlmlite.errors import InputError
from rlmlite.inputs import deriving, from_path, from_value, notes
from rlmlite.inputs.tables.cells import column_cells
from rlmlite.inputs.tables.sheet_writer import Losses, column_names, sheet_blocks
from rlmlite_kernel.engines.sheets.cells import SheetBrokenError
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.values.inputs import Input
from rlmlite_kernel.values.sheets import records
from rlmlite_kernel.values.values import Rows, descriptor, plain
from rlmlite_traces import FileBlobs, Verdict, replay, verify

ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": 'Ann "A" Lee', "score": 1.5, "ok": True, "note": "two\nlines\tand tab"},
    {"id": 2, "name": "Bob", "score": 2, "ok": False, "note": None},
    {"id": 12345678901234567890123, "name": "é😀", "score": -0.25, "ok": None, "note": "x"},
]


def taken(path: object, blobs: FileBlobs | None = None) -> tuple[Input, list[dict[str, Any]]]:
    """An input, and its rows as JSON."""
    store = blobs or FileBlobs()
    found = from_path(str(path), store) if isinstance(path, str | Path) else from_value(path, store)
    return found, plain(found.value, store)


def values(path: object) -> list[dict[str, Any]]:
    return taken(path)[1]


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(json_values, json_values), max_size=6))
def test_a_sheet_gives_back_what_went_in(rows: list[tuple[Any, Any]]) -> None:
    """Any JSON, column by column and row by row; only the two bytes that end cells and rows are altered."""
    losses, blobs = Losses(), FileBlobs()
    batch = [column_cells([row[k] for row in rows], losses) for k in range(2)]
    table = records(blobs.put(b"".join(sheet_blocks(("a", "b"), [batch], losses))), blobs)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("\x1e", "\ufffd").replace("\x1f", "\ufffd")
        return value

    expected = [value_bytes([clean(a), clean(b)]) for a, b in rows]
    assert [value_bytes(list(row.values())) for row in plain(table, blobs)] == expected
    assert [value_bytes(list(plain(table.row(k, blobs), blobs).values())) for k in range(len(rows))] == expected


def test_json_lines_are_rows(tmp_path: Path) -> None:
    """Numbers of any size, text as it is, null where a key lacks; text is a span of the sheet."""
    path = lines(tmp_path / "a.jsonl", [*ROWS, {"id": 4, "tags": ["a", {"b": 1.0}]}])

    found, rows = taken(path)

    assert rows[:3] == [{**row, "tags": None} for row in ROWS]
    assert rows[3]["tags"] == ["a", {"b": 1}]
    assert isinstance(found.value, Rows)
    assert found.value.kind == "records"


def test_lines_that_are_no_records_are_one_column(tmp_path: Path) -> None:
    """Blank lines and a byte order mark are left out."""
    (tmp_path / "a.ndjson").write_bytes(b'\xef\xbb\xbf1\n\n"two"\n[3]\n')

    assert values(tmp_path / "a.ndjson") == [{"value": 1}, {"value": "two"}, {"value": [3]}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"a":1}\n{"a":\n', r"line 2: not JSON.*text:"),
        ("a.jsonl", b'{"a":NaN}\n', r"line 1: NaN is not JSON"),
        ("a.jsonl", b'{"a":1e999}\n', r"line 1: 1e999 is out of range"),
        ("a.jsonl", b'"' + b"\\ud83d" + b'"\n', r"line 1: .*surrogate"),
        ("a.jsonl", b"[" * 100_000, r"line 1: JSON nested deeper"),
        ("a.jsonl", b"", "no line with a key"),
        ("a.jsonl", b"{}\n{}\n", "no line with a key"),
        ("a.jsonl", b'{"a":1}\n{"a":2}\n{"a":\n', r"line 3: not JSON: .* at line 1 column 6"),
        ("a.jsonl", b'{"a":' + b"[" * 200 + b"]" * 200 + b"}\n", r"a\.jsonl: .*nested deeper than 128; text:"),
        ("a.csv", b"a," * 1_000 + b"b\n", r"a\.csv: the table has 1,001 columns"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16"), r"a\.csv is binary \(a NUL byte at 3\).*--read encoding=NAME"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"a,b\n1,2,3\n", r"row 2 has 3 cells, expected 2"),
        ("a.csv", b'a,b\n"x"y,2\n', r"line 2 is not valid CSV"),
        ("a.parquet", b"PAR1 not really", "is not a valid Parquet file"),
        ("a.arrow", b"nothing", "is not a valid Arrow file"),
        ("a.jsonl", b"{" + b",".join(b'"k%d":1' % k for k in range(1_001)) + b"}\n", "more than 1,000 different keys"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """With the line and what to do."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InputError, match=message):
        taken(tmp_path / name)


def test_text_takes_a_table_as_text(tmp_path: Path) -> None:
    """The way out for whatever a reader does not like."""
    (tmp_path / "a.csv").write_text("a,b\n1,2,3\n")

    assert plain(from_path(f"text:{tmp_path / 'a.csv'}", blobs := FileBlobs()).value, blobs) == "a,b\n1,2,3\n"


def test_csv_types_follow_from_every_cell(tmp_path: Path) -> None:
    """A column is numbers only if all of it is; codes with leading zeros and mixtures stay text; empty is null."""
    (tmp_path / "a.csv").write_text(
        'n,x,zip,mixed,flag,big,text\n1,1.50,007,1,true,99999999999999999999,"a ""b""\nc"\n,2,010,x,FALSE,-1,\n'
    )

    found, rows = taken(tmp_path / "a.csv")

    assert rows == [
        {"n": 1, "x": 1.5, "zip": "007", "mixed": "1", "flag": True, "big": 99999999999999999999, "text": 'a "b"\nc'},
        {"n": None, "x": 2, "zip": "010", "mixed": "x", "flag": False, "big": -1, "text": None},
    ]
    assert json.loads(found.source.recipes[0][0].how) == {
        "delimiter": "comma",
        "header": "yes",
        "types": "int,number,text,text,bool,int,text",
    }


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "a;b\n1;2\n", [{"a": 1, "b": 2}]),
        ("a.tsv", "a\tb,c\n1\t2\n", [{"a": 1, "b_c": 2}]),
        ("a.csv", "1,2\n3,4\n", [{"column_1": 1, "column_2": 2}, {"column_1": 3, "column_2": 4}]),
        ("a.csv", "a,a\n3,4\n", [{"column_1": "a", "column_2": "a"}, {"column_1": "3", "column_2": "4"}]),
        ("a.csv", "one\nx\n\ny\n", [{"one": "x"}, {"one": "y"}]),
        ("a.csv", "a,b\n1e999,-0\n", [{"a": "1e999", "b": 0}]),
    ],
)
def test_csv_dialect_follows_from_the_beginning(
    tmp_path: Path, name: str, content: str, expected: list[dict[str, Any]]
) -> None:
    """Delimiter and header, by rule."""
    (tmp_path / name).write_text(content)

    assert values(tmp_path / name) == expected


def test_csv_can_be_told(tmp_path: Path) -> None:
    """Delimiter, header and types; what makes no sense is said."""
    path = tmp_path / "a.csv"
    path.write_text("1|2\n3|4\n")

    assert values(f"csv:{path}?delimiter=bar&header=yes&types=text") == [{"_1": "3", "_2": "4"}]
    for told, message in (
        ("header=maybe", "expected one of yes, no, auto"),
        ("delimter=bar", "did you mean `delimiter`"),
        ("types=int,int,int", "for each of 2 columns"),
        ("types=bool,int", "given as bool, but holds something else"),
        ("header", "has no value"),
    ):
        with pytest.raises(InputError, match=message):
            values(f"csv:{path}?{told}")


def test_short_rows_and_renamed_columns_are_said(tmp_path: Path) -> None:
    """Nothing is altered in silence."""
    (tmp_path / "a.csv").write_bytes(b"First Name,b,b!\n1,2\nx\x1e,\xff,3\n")

    found, rows = taken(tmp_path / "a.csv")
    said = "\n".join(notes("t", found))

    assert rows == [{"First_Name": "1", "b": "2", "b_2": None}, {"First_Name": "x\ufffd", "b": "\ufffd", "b_2": 3}]
    assert "1 rows are short" in said
    assert "'First Name' is First_Name" in said
    assert "1 control characters 1E or 1F became U+FFFD" in said
    assert "1 bad bytes became U+FFFD" in said


@pytest.mark.parametrize(("content", "said"), [("a,a\n1,2\n", True), (",x\n0,1\n", True), ("a,b\n1,2\n", False)])
def test_a_first_row_that_is_taken_as_data_is_said(tmp_path: Path, content: str, said: bool) -> None:
    """It may have been meant as names; who says so, or says that it is none, is not told again."""
    path = tmp_path / "a.csv"
    path.write_text(content)

    assert ("read as data" in "".join(notes("t", taken(path)[0]))) is said
    for told in ("yes", "no"):
        assert "read as data" not in "".join(notes("t", taken(f"csv:{path}?header={told}")[0]))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
@pytest.mark.parametrize(("name", "content"), [("a.csv", "name,n\ncafé,1\n"), ("a.jsonl", '{"name":"café","n":1}\n')])
def test_an_encoding_holds_for_tables(tmp_path: Path, name: str, content: str, encoding: str) -> None:
    """Said for all inputs or for one, it is recorded, and a replay reads by it."""
    path = tmp_path / name
    path.write_text(content, encoding)

    one = taken(f"{path.suffix[1:]}:{path}?encoding={encoding}")
    outcome = rlmlite.execute(
        "final(context)", path, reading=rlmlite.Reading(encoding=encoding), trace=tmp_path / "run.rlm"
    )

    assert one[1] == outcome.value == [{"name": "café", "n": 1}]
    assert list(notes("t", one[0])) == []
    assert outcome.trace is not None
    assert replay(verify(outcome.trace), derive=deriving()).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize(("name", "content"), [("a.csv", b"a,b\n\xff,1\n"), ("a.jsonl", b'{"a":"\xff"}\n')])
def test_what_is_not_in_the_encoding_that_was_said_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """So is an encoding that there is not."""
    (tmp_path / name).write_bytes(content)
    kind = name[2:]

    with pytest.raises(InputError, match=rf"{name} is not in the encoding ascii"):
        taken(f"{kind}:{tmp_path / name}?encoding=ascii")
    with pytest.raises(InputError, match="encoding=latin-x: there is no such encoding"):
        taken(f"{kind}:{tmp_path / name}?encoding=latin-x")


def test_a_query_without_end_is_stopped(tmp_path: Path) -> None:
    """`max_bytes` bounds what a query gives, as it bounds what is unpacked."""
    path = database(tmp_path / "a.db")
    query = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r"

    with pytest.raises(InputError, match=r"more than 100,000 bytes.*max_bytes"):
        from_path(f"sqlite:{path}?query={query}", FileBlobs(), rlmlite.Reading(max_bytes=100_000))


def test_names_can_be_said_in_a_program() -> None:
    """Each is a name of the language, and each is there once."""
    assert column_names(["a b", "a_b", "1", "é", "", "a b"]) == ("a_b", "a_b_2", "_1", "column_4", "column_5", "a_b_3")
    with pytest.raises(InputError, match="no columns"):
        column_names([])


def database(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (id INTEGER, name TEXT, raw BLOB, x REAL)")
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [(1, "a=b&c?", b"\0\1", 0.5), (2, None, None, 9e999)])
    connection.commit()
    connection.close()
    return path


def test_sqlite_tables_and_queries(tmp_path: Path) -> None:
    """SQL is taken as it stands; bytes become base64, infinity null."""
    path = database(tmp_path / "my base.db")

    found, rows = taken(f"sqlite:{path}?table=t")

    assert rows == [
        {"id": 1, "name": "a=b&c?", "raw": "AAE=", "x": 0.5},
        {"id": 2, "name": None, "raw": None, "x": None},
    ]
    assert "1 infinite numbers became null" in "\n".join(notes("t", found))
    assert values(f"sqlite:{path}?query=SELECT count(*) AS n, max(name) m FROM t WHERE name LIKE '%=b&c?'") == [
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
    """Writing, other files, settings and extensions are refused, and the file is what it was."""
    path = database(tmp_path / "a.db")
    before = path.read_bytes()

    with pytest.raises(InputError, match=message):
        taken(f"sqlite:{path}{told}")
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_database_with_changes_beside_it_is_refused(tmp_path: Path) -> None:
    """Its file alone is not what a query would see."""
    path = database(tmp_path / "a.db")
    (tmp_path / "a.db-wal").write_bytes(b"x" * 100)

    with pytest.raises(InputError, match=r"a\.db-wal beside it"):
        taken(f"sqlite:{path}?table=t")


def test_duckdb_names_the_reader_of_a_sqlite_file(tmp_path: Path) -> None:
    """It would ask for an extension, which is not allowed."""
    pytest.importorskip("duckdb", reason="needs the extra `tables`")
    path = database(tmp_path / "a.db")

    with pytest.raises(InputError, match=r"a\.db is a SQLite database; write sqlite:"):
        taken(f"duckdb:{path}?table=t")


def test_duckdb_reads_and_does_nothing_else(tmp_path: Path) -> None:
    """One SELECT over its own tables."""
    duckdb = pytest.importorskip("duckdb", reason="needs the extra `tables`")
    path = tmp_path / "a.duckdb"
    connection = duckdb.connect(str(path))
    connection.execute(
        "CREATE TABLE t AS SELECT 1 AS id, 'x' AS name, 1.50::DECIMAL(4,2) AS price, DATE '2024-02-03' AS d"
    )
    connection.close()

    assert values(f"duckdb:{path}?table=t") == [{"id": 1, "name": "x", "price": "1.50", "d": "2024-02-03"}]
    for query in ("SELECT * FROM read_csv('/etc/passwd')", "DROP TABLE t", "SELECT 1; SELECT 2", "COPY t TO 'x.csv'"):
        with pytest.raises(InputError, match=r"a\.duckdb: "):
            values(f"duckdb:{path}?query={query}")


def test_arrow_values_follow_the_rules(tmp_path: Path) -> None:
    """Dates and times in ISO form, decimals as text, bytes in base64, NaN as null; Parquet and Feather alike."""
    pa = pytest.importorskip("pyarrow", reason="needs the extra `tables`")
    parquet, feather = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow.feather")
    moment = datetime.datetime(2024, 2, 3, 4, 5, 6, 500_000, datetime.timezone(datetime.timedelta(hours=2)))
    table = pa.table(
        {
            "day": [datetime.date(2024, 2, 3), None],
            "at": pa.array([moment, None], pa.timestamp("us", "+02:00")),
            "local": pa.array([1_706_933_106_000_000_001, 0], pa.timestamp("ns")),
            "time": [datetime.time(4, 5, 6), None],
            "took": pa.array([90_500, -1], pa.duration("ms")),
            "price": [Decimal("1.50"), None],
            "raw": [b"\0\1", None],
            "x": [float("nan"), float("inf")],
            "u": pa.array([2**64 - 1, None], pa.uint64()),
            "word": pa.array(["a", None]).dictionary_encode(),
            "deep": [{"day": datetime.date(2024, 2, 3), "n": [1.0]}, None],
        }
    )
    expected = {
        "day": "2024-02-03",
        "at": "2024-02-03T02:05:06.5Z",
        "local": "2024-02-03T04:05:06.000000001",
        "time": "04:05:06",
        "took": "PT90.5S",
        "price": "1.50",
        "raw": "AAE=",
        "x": None,
        "u": 2**64 - 1,
        "word": "a",
        "deep": {"day": "2024-02-03", "n": [1]},
    }
    parquet.write_table(table, tmp_path / "a.parquet")
    feather.write_feather(table, tmp_path / "a.feather")

    for source in (tmp_path / "a.parquet", tmp_path / "a.feather", table):
        rows = values(source)
        assert rows[0] == expected
        assert rows[1] == dict.fromkeys(expected) | {"local": "1970-01-01T00:00:00", "took": "-PT0.001S"}


def test_frames_are_tables() -> None:
    """pandas and polars give the same content as each other."""
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    polars = pytest.importorskip("polars", reason="needs polars")
    data = {"id": [1, 2], "name": ["a", "b"], "x": [0.5, 2.0]}

    found = [taken(frame) for frame in (pandas.DataFrame(data), polars.DataFrame(data))]

    assert [rows for _, rows in found] == [[{"id": 1, "name": "a", "x": 0.5}, {"id": 2, "name": "b", "x": 2}]] * 2
    assert found[0][0].memory == found[1][0].memory


def test_every_way_gives_one_content(tmp_path: Path) -> None:
    """The same rows have the same digest, whichever file they came from."""
    pa = pytest.importorskip("pyarrow", reason="needs the extra `tables`")
    rows = [{"id": k, "name": f"n {k}", "x": k + 0.5} for k in range(1_200)]
    lines(tmp_path / "a.jsonl", rows)
    (tmp_path / "a.csv").write_text("id,name,x\n" + "".join(f"{r['id']},{r['name']},{r['x']}\n" for r in rows))
    pytest.importorskip("pyarrow.parquet").write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")

    digests = {taken(tmp_path / name)[0].source.files[0].digest for name in ("a.jsonl", "a.csv", "a.parquet")}

    assert len(digests) == 1


def test_a_descriptor_does_not_grow_with_rows(tmp_path: Path) -> None:
    """A table, and rows of it, are named by digests."""
    sizes = []
    for count in (10, 10_000):
        blobs = FileBlobs()
        found, _ = taken(lines(tmp_path / f"{count}.jsonl", [{"a": k, "b": "x"} for k in range(count)]), blobs)
        assert isinstance(found.value, Rows)
        sizes.append(len(descriptor(found.value)))
    assert sizes[1] - sizes[0] < 20


def test_a_broken_sheet_is_refused() -> None:
    """Content that a trace says is a table need not be one."""
    blobs = FileBlobs()
    for content in (b"", b"a\n", b"a\x1fb\x1e\n1\x1e\n", b"a\x1e\n1\x1eX"):
        with pytest.raises(SheetBrokenError):
            plain(records(blobs.put(content), blobs), blobs)


def test_a_table_is_searched_and_is_evidence(tmp_path: Path) -> None:
    """A search looks at whole rows, those of a part at its rows alone; evidence is the row."""
    lines(tmp_path / "a.jsonl", [{"id": k, "what": "ERROR disk" if k % 3 else "fine"} for k in range(30)])

    outcome = rlmlite.execute(
        'all = search(context, "ERROR")\nsome = where(context, .id < 6 or .id == 28)\nfew = search(some, "ERROR")\n'
        "final([count(all), few.line], evidence=where(context, .id == 28))",
        tmp_path / "a.jsonl",
        trace=False,
    )

    assert outcome.value == [20, [3, 4, 6, 7, 30]]
    assert [(e.how, e.text) for e in outcome.evidence] == [("verbatim", '28\x1f"ERROR disk"')]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "sqlite", "frame"])
def test_a_run_over_a_table_replays(tmp_path: Path, kind: str) -> None:
    """The rows are read again from the file by the recorded recipe; another file, or another content, is missing."""
    given_: Any
    if kind == "jsonl":
        given_ = lines(tmp_path / "a.jsonl", ROWS)
    elif kind == "csv":
        given_ = tmp_path / "a.csv"
        given_.write_text("id;name\n1;x\n2;y\n")
    elif kind == "sqlite":
        given_ = f"sqlite:{database(tmp_path / 'a.db')}?query=SELECT * FROM t ORDER BY id"
    else:
        given_ = pytest.importorskip("pandas", reason="needs pandas").DataFrame({"id": [1, 2], "name": ["x", "y"]})
    inputs = Path(given_) if isinstance(given_, str) else given_
    program = "kept = where(context, .id >= 2)\nfinal(count(kept), evidence=kept)"
    outcome = rlmlite.execute(program, inputs, trace=tmp_path / "run.rlm")

    assert outcome.trace is not None
    checked = verify(outcome.trace)
    assert replay(checked, derive=deriving()).verdict is Verdict.REPRODUCED
    if kind == "frame":
        return
    path = next(file for file in tmp_path.iterdir() if file.stem == "a")
    os.rename(path, tmp_path / "moved")
    assert replay(checked, {"context": tmp_path / "moved"}, derive=deriving()).verdict is Verdict.REPRODUCED
    gone = replay(checked, derive=deriving())
    assert gone.verdict is Verdict.UNVERIFIABLE
    assert "no such file" in gone.missing["context"]
