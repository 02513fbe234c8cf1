"""Tables in text: JSON lines and CSV, what becomes of each cell, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite.errors import InputError
from rlmlite.inputs import deriving, from_path, notes
from rlmlite.inputs.tables.sheets.sheet_writer import column_names
from rlmlite_kernel.values.values import Rows, to_json
from rlmlite_traces import FileBlobs, Verdict, replay, verify
from tests.rlmlite.inputs.tables.table_files import ROWS, load_rows, load_table, write_lines


def test_json_lines_are_rows(tmp_path: Path) -> None:
    """Numbers of any size and texts stay as they are, a missing key is null, and a text is a span of the sheet."""
    path = write_lines(tmp_path / "a.jsonl", [*ROWS, {"id": 4, "tags": ["a", {"b": 1.0}]}])

    found, rows = load_table(path)

    assert rows[:3] == [{**row, "tags": None} for row in ROWS]
    assert rows[3]["tags"] == ["a", {"b": 1}]
    assert isinstance(found.value, Rows)
    assert found.value.kind == "records"


def test_lines_that_are_not_records_are_one_column(tmp_path: Path) -> None:
    """Blank lines and a byte order mark are left out."""
    (tmp_path / "a.ndjson").write_bytes(b'\xef\xbb\xbf1\n\n"two"\n[3]\n')

    assert load_rows(tmp_path / "a.ndjson") == [{"value": 1}, {"value": "two"}, {"value": [3]}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"a":1}\n{"a":\n{"b"\n', r"line 2, not JSON: .* at column 6, and so are most lines; text:"),
        ("a.jsonl", b"[" * 100_000, r"line 1, not JSON: nested deeper than 128"),
        ("a.jsonl", b"1" * 1_001 + b".5" * 2, r"line 1, not JSON: Extra data"),
        ("a.jsonl", b"1" * 1_001, r"line 1, not JSON: an integer of more than 1000 digits"),
        ("a.jsonl", b"", "no line with a key"),
        ("a.jsonl", b"{}\n{}\n", "no line with a key"),
        ("a.jsonl", b'{"a":' + b"[" * 200 + b"]" * 200 + b"}\n", r"a\.jsonl line 1, .*nested deeper than 128"),
        ("a.csv", b"a," * 1_000 + b"b\n", r"a\.csv: the table has 1,001 columns"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16"), r"a\.csv is binary \(a NUL byte at 3\).*--read encoding=NAME"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n \n,,\n", "is empty"),
        ("a.csv", b"a,b\n1,2\n1,2,3\n1,2,3\n", r"most rows are too long .*line 3, 3 cells for 2 columns.*skip=.*text:"),
        ("a.parquet", b"PAR1 not really", "is not a valid Parquet file"),
        ("a.arrow", b"nothing", "is not a valid Arrow file"),
        ("a.jsonl", b"{" + b",".join(b'"k%d":1' % k for k in range(1_001)) + b"}\n", "more than 1,000 different keys"),
    ],
)
def test_an_invalid_table_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """The message names the line and what to do."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InputError, match=message):
        load_table(tmp_path / name)


def test_a_table_can_be_read_as_text(tmp_path: Path) -> None:
    """`text:` reads any file as text, whatever its table reader objects to."""
    (tmp_path / "a.csv").write_text("a,b\n1,2,3\n")

    assert to_json(from_path(f"text:{tmp_path / 'a.csv'}", blobs := FileBlobs()).value, blobs) == "a,b\n1,2,3\n"


def test_csv_types_follow_from_every_cell(tmp_path: Path) -> None:
    """A column is numeric only if all of it is; leading zeros and mixtures stay text; an empty cell is null."""
    (tmp_path / "a.csv").write_text(
        'n,x,zip,mixed,flag,big,text\n1,1.50,007,1,true,99999999999999999999,"a ""b""\nc"\n,2.00,010,x,FALSE,-1,\n'
    )

    found, rows = load_table(tmp_path / "a.csv")

    assert rows == [
        {"n": 1, "x": 1.5, "zip": "007", "mixed": "1", "flag": True, "big": 99999999999999999999, "text": 'a "b"\nc'},
        {"n": None, "x": 2, "zip": "010", "mixed": "x", "flag": False, "big": -1, "text": None},
    ]
    assert json.loads(found.source.recipes[0][0].how) == {
        "delimiter": "comma",
        "header": "yes",
        "quote": "double",
        "decimal": "point",
        "skip": "0",
        "types": "int,number,text,text,bool,int,text",
        "layout": "columns-2",
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
    """Delimiter and header follow from the first lines, by rule."""
    (tmp_path / name).write_text(content)

    assert load_rows(tmp_path / name) == expected


def test_csv_options_can_be_given(tmp_path: Path) -> None:
    """Delimiter, header and types can be given, and invalid ones are refused."""
    path = tmp_path / "a.csv"
    path.write_text("1|2\n3|4\n")

    assert load_rows(f"csv:{path}?delimiter=bar&header=yes&types=text") == [{"_1": "3", "_2": "4"}]
    for told, message in (
        ("header=maybe", "expected one of yes, no, auto"),
        ("delimter=bar", "did you mean `delimiter`"),
        ("types=int,int,int", "for each of 2 columns"),
        ("delimiter=ab", "or a single character"),
        ("quote=maybe", "expected one of double, single, none, auto"),
        ("decimal=dot", "expected one of point, comma, auto"),
        ("dates=iso", "expected one of dmy, mdy, ymd, auto"),
        ("skip=-1", "expected a number of lines"),
        ("skip=2", "is empty"),
        ("types=q:int", "`q:int` is not NAME:TYPE; columns: column_1, column_2; types: int"),
        ("header", "has no value"),
    ):
        with pytest.raises(InputError, match=message):
            load_rows(f"csv:{path}?{told}")


def test_short_rows_and_renamed_columns_are_reported(tmp_path: Path) -> None:
    """Nothing is altered silently."""
    (tmp_path / "a.csv").write_bytes(b"First Name,b,b!\n1,2\nx\x1e,\xff,3\n")

    found, rows = load_table(tmp_path / "a.csv")
    said = "\n".join(notes("t", found))

    assert rows == [{"First_Name": "1", "b": "2", "b_2": None}, {"First_Name": "x\x1e", "b": "\ufffd", "b_2": 3}]
    assert "short rows were filled up with null (1; the first: line 2)" in said
    assert "'First Name' is First_Name" in said
    assert "1E" not in said
    assert "1 bad byte became U+FFFD" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,a\n1,2\n", True),
        ("a,,b\n0,1,2\n", True),
        (",x\n0,1\n", False),
        ("2024-01-02,x\n", True),
        ("a,b\n1,2\n", False),
    ],
)
def test_a_first_row_that_is_read_as_data_is_reported(tmp_path: Path, content: str, said: bool) -> None:
    """It may have been meant as names; whoever says which it is gets no note."""
    path = tmp_path / "a.csv"
    path.write_text(content)

    assert ("read as data" in "".join(notes("t", load_table(path)[0]))) is said
    for told in ("yes", "no"):
        assert "read as data" not in "".join(notes("t", load_table(f"csv:{path}?header={told}")[0]))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
@pytest.mark.parametrize(("name", "content"), [("a.csv", "name,n\ncafé,1\n"), ("a.jsonl", '{"name":"café","n":1}\n')])
def test_an_encoding_holds_for_tables(tmp_path: Path, name: str, content: str, encoding: str) -> None:
    """Given for all inputs or for one, it is recorded, and a replay uses it."""
    path = tmp_path / name
    path.write_text(content, encoding)

    one = load_table(f"{path.suffix[1:]}:{path}?encoding={encoding}")
    outcome = rlmlite.execute(
        "final(context)", path, reading=rlmlite.Reading(encoding=encoding), trace=tmp_path / "run.rlm"
    )

    assert one[1] == outcome.value == [{"name": "café", "n": 1}]
    assert list(notes("t", one[0])) == []
    assert outcome.trace is not None
    assert replay(verify(outcome.trace), derive=deriving(), recorded_paths=True).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize(("name", "content"), [("a.csv", b"a,b\n\xff,1\n"), ("a.jsonl", b'{"a":"\xff"}\n')])
def test_bytes_outside_the_given_encoding_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """An unknown encoding is refused as well."""
    (tmp_path / name).write_bytes(content)
    kind = name[2:]

    with pytest.raises(InputError, match=rf"{name} is not in the encoding ascii"):
        load_table(f"{kind}:{tmp_path / name}?encoding=ascii")
    with pytest.raises(InputError, match="option encoding=: there is no encoding `latin-x`"):
        load_table(f"{kind}:{tmp_path / name}?encoding=latin-x")


def test_column_names_can_be_written_in_a_program() -> None:
    """Each is a valid name of the language, and unique."""
    assert column_names(["a b", "a_b", "1", "é", "", "a b"]) == ("a_b", "a_b_2", "_1", "column_4", "column_5", "a_b_3")
    with pytest.raises(InputError, match="no columns"):
        column_names([])
