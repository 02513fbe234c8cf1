"""Honest files of every format that inputs are read from, as bytes: where fuzzing starts."""

import sqlite3
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import rlmlite_traces
from tests.rlmlite.inputs.input_files import PACKERS, docx_of, pdf_of, tar_of, zip_of
from tests.rlmlite.inputs.tables.binary.test_workbooks import SALES, workbook
from tests.rlmlite.inputs.test_documents import MAIL, MAILBOX

ROOT = Path(__file__).parents[2]

_MEMBERS = {"a.log": b"one\nERROR two\n" * 20, "b/c.txt": "über\n".encode("latin-1"), "d.json": b'{"a": [1, 2, {}]}'}
_HTML = b"<html><head><title>t</title><style>p{}</style></head><body><!-- c --><p>a <b>b</b></p><ul><li>1</ul></body>"
_ROWS = [{"n": number, "s": "x" * (number % 7), "f": number / 3, "l": [number] * (number % 4)} for number in range(300)]


def file_seeds(folder: Path) -> Mapping[str, Sequence[bytes]]:
    """Files by the path or table specification that reads them; `{}` stands for the file."""
    seeds: dict[str, Sequence[bytes]] = {
        "{}.csv": [b"a,b,c\n1,2,x\n3,,y\n", b'"a;b";c\n"1""2";3\n', b"a\tb\n1\t2\n"],
        "{}.jsonl": [b'{"a": 1, "b": [1, null]}\n{"a": 2.5}\n', b'{"a": {"b": {"c": "d"}}}\n' * 3],
        "{}.txt": [b"one\nERROR two\n", "\ufeffgr\u00fc\u00df\n".encode("utf-16"), "日本\n".encode("shift_jis")],
        "{}.html": [_HTML, b"<!-- a -->" * 5 + _HTML, b'<meta charset="utf-16"><p>a'],
        "{}.pdf": [pdf_of(folder / "a.pdf", "one page", "ERROR two").read_bytes()],
        "{}.docx": [docx_of(folder / "a.docx", "one", "ERROR two").read_bytes()],
        "{}.zip": [zip_of(folder / "a.zip", _MEMBERS).read_bytes()],
        "{}.tar": [tar_of(folder / "a.tar", _MEMBERS, links={"l": "/etc/passwd"}).read_bytes(), _pax(folder)],
        "{}.tar.gz": [tar_of(folder / "a.tgz", _MEMBERS, "gz").read_bytes()],
        "{}.eml": [MAIL],
        "{}.mbox": [MAILBOX],
        "{}.xlsx": [workbook(folder / "a.xlsx", {"Sales": SALES}).read_bytes()],
        "sqlite:{}?query=SELECT * FROM t": [_sqlite(folder / "a.sqlite")],
        "sqlite:{}?table=v": [_sqlite(folder / "b.sqlite")],
    }
    for suffix, pack in PACKERS.items():
        seeds[f"{{}}.{suffix}"] = [pack(b"one\nERROR two\n" * 50)]
    seeds.update(_columns(folder))
    return seeds


def _columns(folder: Path) -> Mapping[str, Sequence[bytes]]:
    """Arrow, Feather, Parquet and DuckDB, with nested, dictionary and compressed columns."""
    import duckdb
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import feather, ipc, parquet

    table = pa.Table.from_pylist(_ROWS).append_column("d", pa.array(["p", "q", None] * 100).dictionary_encode())
    parquet.write_table(table, folder / "a.parquet", row_group_size=100)
    feather.write_feather(table, folder / "a.feather", compression="lz4")
    with ipc.new_stream(folder / "a.arrow", table.schema) as stream:
        stream.write_table(table, max_chunksize=100)
    with ipc.new_file(folder / "b.arrow", table.schema) as file:
        file.write_table(table, max_chunksize=100)
    with duckdb.connect(folder / "a.duckdb") as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS n, 'x' AS s FROM range(100)")
    arrow = [(folder / name).read_bytes() for name in ("a.arrow", "b.arrow", "a.feather")]
    return {
        "{}.parquet": [(folder / "a.parquet").read_bytes()],
        "{}.arrow": arrow,
        "duckdb:{}?table=t": [(folder / "a.duckdb").read_bytes()],
    }


def _sqlite(path: Path) -> bytes:
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE t (n INTEGER, s TEXT, b BLOB); CREATE INDEX i ON t (s);CREATE VIEW v AS SELECT n + 1 AS m FROM t;"
    )
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", [(n, "x" * n, bytes(n)) for n in range(60)])
    connection.commit()
    connection.close()
    return path.read_bytes()


def _pax(folder: Path) -> bytes:
    """A tar whose member has a long name, which takes headers of its own."""
    (folder / "long.txt").write_bytes(b"ERROR\n")
    with tarfile.open(folder / "pax.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(folder / "long.txt", "d/" * 120 + "ü.txt")
    return (folder / "pax.tar").read_bytes()


def program_seeds() -> Sequence[bytes]:
    """The programs of the conformance corpus and of the benchmarks' tasks."""
    corpus = (ROOT / "grammar" / "corpus" / "valid.act").read_text("utf-8")
    programs = [text.strip() for text in corpus.split("\n---\n")]
    programs += [path.read_text("utf-8") for path in sorted((ROOT / "benchmarks" / "tasks").rglob("*.act"))]
    return [program.encode() for program in programs if program]


def trace_seeds() -> Sequence[bytes]:
    """The golden traces, each as one text: the lines of its files (see `targets.read_trace`)."""
    from tests.fuzz.targets import pack_trace

    return [pack_trace(path) for path in sorted((ROOT / "traces" / "golden").glob("*/*.rlm"))]


def packed_seeds() -> Sequence[bytes]:
    """Golden traces, packed: a small one, one with nested runs, and one with notes of how long calls took."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name in ("faults", "nested", "tools"):
            rlmlite_traces.pack(ROOT / "traces" / "golden" / "2.3" / f"{name}.rlm", Path(folder, name), timing=True)
            files.append(Path(folder, name).read_bytes())
    return files
