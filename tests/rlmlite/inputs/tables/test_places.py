"""Where rows are in their file: every row of thousands of files, its bytes and its line."""

import csv
import json
from pathlib import Path

import pytest

import rlmlite
from rlmlite.errors import InputError
from rlmlite.inputs.tables.reading.reader import TableFile
from rlmlite.inputs.tables.texts.delimited.csv_dialect import choose_dialect
from rlmlite.inputs.tables.texts.delimited.csv_table import CsvTable
from rlmlite.inputs.tables.texts.jsonl.json_rows import read_values
from rlmlite.inputs.tables.texts.lines import TextFile, line_ends
from rlmlite.inputs.tables.texts.odd import MISQUOTED, Odd
from tests.rlmlite.inputs.tables.csv_texts import random_csv
from tests.rlmlite.inputs.tables.test_fast_jsonl import random_lines

REPLACED = ("NaN", "Infinity", "1e999", "\\ud83d")
"""What JSON writes and a value does not hold."""


def check_csv(seed: int) -> int:
    """Look at a file's rows; returns how many there were."""
    content = random_csv(seed)
    file = TextFile(TableFile(Path("a.csv"), Path("a.csv"), text=content))
    try:
        dialect, _ = choose_dialect(file, {})
        table = CsvTable(file, dialect)
        width, odd = len(table.find_names({})), Odd()
        rows = [row for batch in table.batches(width, odd) for row in batch]
    except InputError:
        return 0
    for row in rows:
        text = content[row.place.offset : row.stop].decode()
        assert row.place.line == line_ends(content[: row.place.offset]) + 1
        if not odd.count(MISQUOTED):
            sign = dialect.cut.delimiter
            reader = csv.reader([text], delimiter=sign) if dialect.cut.quote else iter([text.split(sign)])
            (cells,) = reader
            assert (cells + [""] * width)[:width] == list(row.cells)
    return len(rows)


def check_lines(seed: int) -> int:
    content = random_lines(seed)
    file = TextFile(TableFile(Path("a.jsonl"), Path("a.jsonl"), text=content))
    rows = list(read_values(file, Odd()))
    for row in rows:
        text = content[row.place.offset : row.stop].decode()
        assert row.place.line == content.count(b"\n", 0, row.place.offset) + 1
        assert "\n" not in text
        if not any(word in text for word in REPLACED):
            assert json.loads(text) == row.value
    return len(rows)


def test_rows_are_where_they_are_said_to_be() -> None:
    """The bytes of a row, read by Python's `csv` or `json`, are the row; its line is a line of the file."""
    assert sum(map(check_csv, range(150))) > 5_000
    assert sum(map(check_lines, range(150))) > 5_000


@pytest.mark.slow
def test_many_rows_are_where_they_are_said_to_be() -> None:
    """Of thousands of files."""
    assert sum(map(check_csv, range(150, 4_000))) > 100_000
    assert sum(map(check_lines, range(150, 4_000))) > 100_000


@pytest.mark.parametrize(
    ("name", "content", "line", "quoted"),
    [
        ("a.jsonl", b'{"a":"x"}\n\n{"a":"needle"}\n', 3, '{"a":"needle"}'),
        ("a.csv", b"\n\na,b\n\nx,1\n\nneedle,2\n", 7, "needle,2"),
        ("a.csv", b'sep=;\r\na;b\r\n"two\r\nlines";1\r\nneedle;2\r\n', 5, "needle;2"),
        ("a.tsv", b'a\tb\n"x\t1\nneedle\t2"\n', 3, 'needle\t2"'),
        ("a.csv", b"\xef\xbb\xbfa,b\n1,2,3\nneedle,2\n", 3, "needle,2"),
    ],
)
def test_evidence_names_the_line_of_the_file(tmp_path: Path, name: str, content: bytes, line: int, quoted: str) -> None:
    """And quotes it, whatever came before the row; so do hits of a search."""
    (tmp_path / name).write_bytes(content)
    program = 'hits = search(context, "needle")\nfinal([hits.line, hits.text], evidence=where(context, .a == "needle"))'

    outcome = rlmlite.execute(program, tmp_path / name, trace=False)

    assert [(each.line, each.text, each.how) for each in outcome.evidence] == [(line, quoted, "verbatim")]
    # As in any text, the line of a hit ends before its line feed.
    assert [[hit.rstrip("\r") for hit in texts] for texts in outcome.value[1:]] == [[quoted]]
    assert outcome.value[0] == [line]
