"""Search in tables, and evidence from them: lines of the file, or rows by their number."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite import Outcome
from rlmlite.inputs import deriving
from rlmlite_traces import DirectoryStore, FileBlobs, Verdict, replay, verify

LINES = '{"a":"needle"}\n\n{"a":"x \\"q\\" y","n":2}\n'
CSV = '\nname,qty\n\nann,1\n\n"bo ""b""",2\nwei,3\n'
CITIES = "n,city\n" + "".join(f"{row},city {row % 3}\n" for row in range(3_000))
CELLS = {"id": list(range(5)), "what": ["ERROR disk", "a\nb", "c\td", None, "ERROR x"]}
SEPARATORS = ("\x1e", "\x1f")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    """Tables by name."""
    pa = pytest.importorskip("pyarrow", reason="needs the extra `tables`")
    texts = {"lines.jsonl": LINES, "blank.csv": CSV, "cities.csv": CITIES}
    for name, content in texts.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "latin.csv").write_bytes("name,qty\nJosé,1\nß,2\n".encode("latin-1"))
    pytest.importorskip("pyarrow.parquet").write_table(pa.table(CELLS), tmp_path / "cells.parquet")
    found: dict[str, Any] = {path.name: path for path in tmp_path.iterdir()}
    return {**found, "frame": pa.table(CELLS), "latin": Path(f"csv:{tmp_path}/latin.csv?encoding=latin-1")}


def _evidence(outcome: Outcome) -> list[tuple[str, int, str]]:
    return [(each.how, each.line, each.text) for each in outcome.evidence]


def _run(program: str, table: Any) -> Outcome:
    return rlmlite.execute(program, table, trace=False)


IN_LINES: list[tuple[str, str, list[tuple[str, int, str]]]] = [
    ("lines.jsonl", "final(context[1].n)", [("verbatim", 3, '{"a":"x \\"q\\" y","n":2}')]),
    ("lines.jsonl", "final(context[1].a)", [("verbatim", 3, '{"a":"x \\"q\\" y","n":2}')]),
    ("lines.jsonl", "final(context[0].a)", [("verbatim", 1, '{"a":"needle"}'), ("verbatim", 1, "needle")]),
    ("lines.jsonl", 'final(1, evidence=search(context, "needle"))', [("verbatim", 1, "needle")]),
    ("blank.csv", "final(context[1].qty)", [("verbatim", 6, '"bo ""b""",2')]),
    ("blank.csv", 'final(1, evidence="ann,1")', [("verbatim", 4, "ann,1")]),
    ("blank.csv", 'final(1, evidence="bo \\"b\\"")', [("cell", 6, '"bo ""b""",2')]),
    ("blank.csv", 'final(1, evidence="annwei")', [("not-found", 0, "annwei")]),
    ("cities.csv", "final(where(context, .n == 2900)[0].city)", [
        ("verbatim", 2_902, "2900,city 2"), ("verbatim", 2_902, "city 2")
    ]),
    ("cities.csv", 'final(1, evidence=where(context, .city == "city 1")[5].city)', [("verbatim", 18, "city 1")]),
    ("cities.csv", 'final(1, evidence=where(context, .city == "city 1").city[5:7])', [
        ("verbatim", 18, "city 1"), ("verbatim", 21, "city 1")
    ]),
    ("latin", "final(context[1].qty)", [("verbatim", 3, "ß,2")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "program", "expected"), IN_LINES)
def test_evidence_is_the_line_of_the_file(
    name: str, program: str, expected: list[tuple[str, int, str]], files: dict[str, Any]
) -> None:
    """Its own line, whatever is blank before it; `verbatim` only where its bytes say it."""
    outcome = _run(program, files[name])

    assert _evidence(outcome) == expected
    for each in outcome.evidence:
        if each.how == "verbatim" and name != "latin":
            assert Path(files[name]).read_bytes()[each.start : each.stop].decode() == each.text


OF_CELLS: list[tuple[str, list[tuple[str, int, str]]]] = [
    ("final(context[4].what)", [("row", 5, '{"id":4,"what":"ERROR x"}')]),
    ('final(1, evidence="ERROR x")', [("row", 5, '{"id":4,"what":"ERROR x"}')]),
    ('final(1, evidence=search(context, "disk"))', [("row", 1, '{"id":0,"what":"ERROR disk"}')]),
    ("final(1, evidence=context[1:3])", [("row", 2, '{"id":1,"what":"a\\nb"}'), ("row", 3, '{"id":2,"what":"c\\td"}')]),
    ('final(1, evidence="diska")', [("not-found", 0, "diska")]),
]


@pytest.mark.parametrize(("program", "expected"), OF_CELLS)
@pytest.mark.parametrize("name", ["cells.parquet", "frame"])
def test_evidence_of_a_binary_table_is_a_row(
    name: str, program: str, expected: list[tuple[str, int, str]], files: dict[str, Any]
) -> None:
    """It is in no text, so it is named by its number, with what it holds."""
    assert _evidence(_run(program, files[name])) == expected


def test_hits_in_a_table_are_readable(files: dict[str, Any]) -> None:
    """Of text, lines of the file; of a binary table, its cells with tabs between, a line for each row."""
    program = "hits = search(context, /[Ea]\\w+/)\nfinal([hits.line, hits.text])"

    assert _run(program, files["blank.csv"]).value == [[4], ["ann,1"]]
    assert _run(program, files["cells.parquet"]).value == [[1, 5], ["0\tERROR disk", "4\tERROR x"]]
    part = 'rows = where(context, .id > 0)\nhits = search(rows, "ERROR")\nfinal([hits.line, hits.text])'
    assert _run(part, files["frame"]).value == [[5], ["4\tERROR x"]]


@pytest.mark.parametrize("name", ["lines.jsonl", "blank.csv", "cells.parquet", "frame", "latin"])
@pytest.mark.parametrize("action", ["search(context, /./)", "patterns(context)", "parse_lines(context, /(?<all>.*)/)"])
def test_no_separator_is_ever_seen(name: str, action: str, files: dict[str, Any]) -> None:
    """Neither in answers nor in evidence."""
    outcome = _run(f"final({action})", files[name])

    said = repr(outcome.value) + repr(outcome.evidence)
    assert outcome.value
    assert [sign for sign in SEPARATORS if repr(sign)[1:-1] in said] == []


def test_coverage_of_a_table_is_that_of_its_lines(files: dict[str, Any]) -> None:
    """A search scans all records; of what it shows, the lines count; a cell that is shown stands for its row."""
    searched = _run('show(search(context, "ann"))', files["blank.csv"]).coverage["context"]
    shown = _run("show(context[0])", files["blank.csv"]).coverage["context"]
    rows = _run("show(context[1].what)", files["frame"]).coverage["context"]

    records = len(CSV.partition("qty\n\n")[2].rstrip("\n"))
    assert (searched["bytes"], searched["scanned"], searched["shown"]) == (len(CSV), records, len("ann,1"))
    assert shown["shown"] == len("ann,1")
    assert rows["shown"] * 5 == rows["bytes"]


@pytest.mark.parametrize("name", ["lines.jsonl", "blank.csv", "cells.parquet", "latin"])
def test_a_run_over_copies_replays_from_the_store(name: str, files: dict[str, Any], tmp_path: Path) -> None:
    """The store has the columns and the text that rows are records of, also when the file is gone."""
    program = "hits = search(context, /[a-z]+/)\nfinal([count(context), hits.text], evidence=context[0:1])"
    store = tmp_path / "store"
    outcome = rlmlite.execute(program, files[name], trace=tmp_path / "run.rlm", copy_to=store)
    assert outcome.trace is not None
    for path in tmp_path.glob(f"{name.partition('.')[0]}.*"):
        path.unlink()

    stored = FileBlobs(store=DirectoryStore.open_existing(store))
    replayed = replay(verify(outcome.trace), blobs=stored, derive=deriving())

    assert (replayed.verdict, replayed.missing) == (Verdict.REPRODUCED, {})


def test_without_the_text_of_its_rows_a_table_is_missing(files: dict[str, Any], tmp_path: Path) -> None:
    """A store that lost it has the columns still; the replay says what it lacks."""
    store = tmp_path / "store"
    path = files["blank.csv"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    outcome = rlmlite.execute('final(count(search(context, "ann")))', path, trace=tmp_path / "run.rlm", copy_to=store)
    assert outcome.trace is not None
    path.unlink()
    for kept in store.rglob(f"*{digest[2:]}*"):
        kept.unlink()

    stored = FileBlobs(store=DirectoryStore.open_existing(store))
    replayed = replay(verify(outcome.trace), blobs=stored, derive=deriving())

    assert replayed.verdict is Verdict.UNVERIFIABLE
    assert "the text of its rows is missing" in replayed.missing["context"]
