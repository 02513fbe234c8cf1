"""Twins within one file: members of archives, mails of a mailbox, rows of tables. Each is cited at its own place."""

import io
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from tests.rlmlite.inputs.input_files import tar_of, zip_of
from tests.rlmlite.inputs.tables.binary.test_workbooks import workbook

MEMBERS: Mapping[str, bytes] = {f"{name}.txt": b"boot\nERROR disk\n" for name in "abc"}
MAIL = b"From a@b Tue Mar  5 10:11:12 2024\nSubject: one\n\nERROR disk\n\n"
ROW = {"id": 1, "what": "ERROR disk"}


def nested_zip(path: Path) -> Path:
    """The same archive three times in another one."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.txt", b"boot\nERROR disk\n")
    return zip_of(path, {f"{name}.zip": inner.getvalue() for name in "abc"})


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def mails(path: Path) -> Path:
    """A folder of three mails in files of their own. The text of such a mail is its file to the byte."""
    path.mkdir()
    for name in "abc":
        (path / f"{name}.eml").write_bytes(b"From: a@b\nSubject: one\n\nERROR disk\n")
    return path


def database(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (id INTEGER, what TEXT)")
    connection.executemany("INSERT INTO t VALUES (:id, :what)", [ROW] * 3)
    connection.commit()
    connection.close()
    return Path(f"sqlite:{path}?table=t")


def arrow_table() -> Any:
    return pytest.importorskip("pyarrow", reason="needs the extra `tables`").Table.from_pylist([ROW] * 3)


def parquet(path: Path) -> Path:
    table = arrow_table()
    pytest.importorskip("pyarrow.parquet").write_table(table, path)
    return path


def book(path: Path) -> Path:
    """A workbook with three equal rows."""
    return workbook(path, {"s": [list(ROW), *([list(ROW.values())] * 3)]})


KINDS: Mapping[str, tuple[Callable[[Path], object], list[tuple[str, int]]]] = {
    "a.zip": (lambda path: zip_of(path, MEMBERS), [("a.txt", 2), ("b.txt", 2), ("c.txt", 2)]),
    "a.tar.gz": (lambda path: tar_of(path, MEMBERS, "gz"), [("a.txt", 2), ("b.txt", 2), ("c.txt", 2)]),
    "outer.zip": (nested_zip, [("a.zip/x.txt", 2), ("b.zip/x.txt", 2), ("c.zip/x.txt", 2)]),
    "mails": (mails, [("a.eml", 4), ("b.eml", 4), ("c.eml", 4)]),
    "a.mbox": (lambda path: written(path, MAIL * 3), [("a.mbox", 3), ("a.mbox", 7), ("a.mbox", 11)]),
    "t.csv": (lambda path: written(path, b"id,what\n" + b"1,ERROR disk\n" * 3), [("t.csv", n) for n in (2, 3, 4)]),
    "t.jsonl": (
        lambda path: written(path, b'{"id":1,"what":"ERROR disk"}\n' * 3),
        [("t.jsonl", n) for n in (1, 2, 3)],
    ),
    "t.db": (database, [("t.db", n) for n in (1, 2, 3)]),
    "t.parquet": (parquet, [("t.parquet", n) for n in (1, 2, 3)]),
    "t.xlsx": (book, [("t.xlsx", n) for n in (1, 2, 3)]),
    "a frame": (lambda _: arrow_table(), [("", n) for n in (1, 2, 3)]),
}
"""How each kind of input is made, and where its three twins are: the path and the line, or the number of the row."""

ALL = 'final(count(search(context, "ERROR")))'

SECOND = 'h = search(context, "ERROR")\nfinal(1, evidence=h[1:2])'
BOTH = 'h = search(context, "ERROR")\nfinal(1, evidence=union(h[2:3], h[1:2]))'


@pytest.mark.parametrize("kind", KINDS)
def test_three_twins_are_three_citations(kind: str, tmp_path: Path) -> None:
    """Each by its own path and line or row, counted once, in the order in which they are named."""
    make, places = KINDS[kind]
    made = make(tmp_path / kind)
    for program, chosen in ((ALL, places), (SECOND, places[1:2]), (BOTH, [places[2], places[1]])):
        outcome = rlmlite.execute(program, made, trace=False)

        cited = [(each.path.removeprefix(f"sqlite:{tmp_path}/"), each.line) for each in outcome.evidence]
        cited = [(path.removeprefix(f"{tmp_path}/").removesuffix("?table=t"), line) for path, line in cited]
        assert cited == chosen, program
        assert outcome.evidence_total == len(chosen)


@pytest.mark.parametrize(
    "kind", ["a.zip", "a.tar.gz", "outer.zip", "mails", "t.csv", "t.jsonl", "t.db", "t.parquet", "t.xlsx"]
)
def test_one_of_three_twins_is_looked_at(kind: str, tmp_path: Path) -> None:
    """What is said of one of them counts once in coverage, and its record is cited as itself."""
    make, places = KINDS[kind]
    program = "x = sub_lm('Of {row}', row=context[1])\nfinal(1, evidence=context[1])"
    outcome = rlmlite.execute(program, make(tmp_path / kind), sub="extractive:", trace=False)
    (covered,) = outcome.coverage.values()
    (cited,) = outcome.evidence

    assert places[1][0] in f"{cited.path}"
    assert 0 < covered["read"] <= covered["bytes"] / 2, covered
