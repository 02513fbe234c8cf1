"""Rows of CSV files: where a table begins, how it is cut, and odd rows that do not take the others along."""

import json
from pathlib import Path
from typing import Any

import pytest

import rlmlite
from rlmlite.inputs import deriving, notes, reading
from rlmlite_traces import Verdict, replay, verify
from tests.rlmlite.inputs.tables.table_files import load_rows, load_table

TWO = [{"name": "ann", "qty": 3}, {"name": "bob", "qty": 4}]


@pytest.mark.parametrize(
    ("content", "skipped"),
    [
        (b"name,qty\nann,3\nbob,4\n", 0),
        (b"\nname,qty\nann,3\nbob,4\n", 1),
        (b"\r\n  \r\n\t\nname,qty\r\nann,3\r\nbob,4\r\n", 3),
        (b",\n\nname,qty\nann,3\nbob,4\n", 2),
        (b"\xef\xbb\xbf\nname,qty\nann,3\nbob,4\n", 1),
        (b"sep=;\nname;qty\nann;3\nbob;4\n", 1),
        (b"\xef\xbb\xbfsep=|\r\nname|qty\r\nann|3\r\nbob|4\r\n", 1),
        (b'"sep=\t"\nname\tqty\nann\t3\nbob\t4\n', 1),
        (b"SEP=,\n\nname,qty\nann,3\nbob,4\n", 2),
        (b"sep=^\nname^qty\nann^3\nbob^4\n", 1),
        (b"name,qty\r\rann,3\r \rbob,4", 0),
    ],
)
def test_a_table_begins_at_its_first_row(tmp_path: Path, content: bytes, skipped: int) -> None:
    """Blank lines, rows of empty cells and a line `sep=` before it are no rows, and the recipe says how many lines."""
    (tmp_path / "a.csv").write_bytes(content)

    found, rows = load_table(tmp_path / "a.csv")

    assert rows == TWO
    assert json.loads(found.source.recipes[0][0].how)["skip"] == str(skipped)


def test_lines_can_be_skipped(tmp_path: Path) -> None:
    """A title above the table is no part of it."""
    (tmp_path / "a.csv").write_text("Report, of today\nby: ann, bob, cid\n\nname,qty\nann,3\nbob,4\n")

    assert load_rows(f"csv:{tmp_path / 'a.csv'}?skip=2") == TWO


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("name;price\ntea;1,50\nbread;2,25\n", [{"name": "tea", "price": "1,50"}, {"name": "bread", "price": "2,25"}]),
        ("a, b;c\n1,5;2\n2,5;3\n", [{"a_b": "1,5", "c": 2}, {"a_b": "2,5", "c": 3}]),
        ("day;net, eur;gross, eur\nx;1;2\n", [{"day": "x", "net_eur": 1, "gross_eur": 2}]),
        ("a,b|c,d\n1,2|3,4\n", [{"a": 1, "b_c": "2|3", "d": 4}]),
        ('a,b\n"x;y;z",1\n"x;y;z",2\n', [{"a": "x;y;z", "b": 1}, {"a": "x;y;z", "b": 2}]),
        ("note\na, b\n", [{"note": "a"}]),
    ][:5],
)
def test_the_delimiter_cuts_most_rows_alike(tmp_path: Path, content: str, expected: list[dict[str, Any]]) -> None:
    """Signs that occur in names or numbers do not cut all rows as the first."""
    (tmp_path / "a.csv").write_text(content)

    assert load_rows(tmp_path / "a.csv") == expected


@pytest.mark.parametrize(("name", "sign"), [("space", " "), ("^", "^"), ("bar", "|"), (":", ":"), ("\u00a7", "\u00a7")])
def test_any_sign_can_be_the_delimiter(tmp_path: Path, name: str, sign: str) -> None:
    """By a name, or as itself."""
    (tmp_path / "a.csv").write_text(f"name{sign}qty\nann{sign}3\nbob{sign}4\n", "utf-8")

    assert load_rows(f"csv:{tmp_path / 'a.csv'}?delimiter={name}") == TWO


@pytest.mark.parametrize(
    ("odd", "expected", "said"),
    [
        ("cid,5,6", [], "left out (1; the first: line 3, 3 cells for 2 columns)"),
        ("cid,5,", [{"name": "cid", "qty": 5}], ""),
        ("cid", [{"name": "cid", "qty": None}], "filled up with null (1; the first: line 3)"),
        ('"c"id,5', [{"name": '"c"id', "qty": 5}], "quotes do not work out were read with their quotes as text (1;"),
        ('"cid,5', [{"name": '"cid', "qty": 5}], "quotes do not work out"),
        ('"cid""",5', [{"name": 'cid"', "qty": 5}], ""),
        ('"c\n\nid",5', [{"name": "c\n\nid", "qty": 5}], ""),
        (" \t", [], ""),
        (",", [{"name": None, "qty": None}], ""),
    ],
)
def test_an_odd_row_does_not_take_the_others_along(
    tmp_path: Path, odd: str, expected: list[dict[str, Any]], said: str
) -> None:
    """It is said, and the others keep their values and types."""
    (tmp_path / "a.csv").write_text(f"name,qty\nann,3\n{odd}\nbob,4\n")

    found, rows = load_table(tmp_path / "a.csv")

    assert rows == [TWO[0], *expected, TWO[1]]
    assert said in (heard := "\n".join(notes("t", found)))
    assert bool(said) is bool(heard)


@pytest.mark.parametrize("place", [0, 1, 599, 1199, 2400])
def test_an_odd_row_may_be_anywhere(tmp_path: Path, place: int) -> None:
    """The first, the last, or one in the middle, in a file without names too."""
    rows = [f"{n},{n * 2},x" for n in range(2400)]
    rows.insert(place, 'odd,"1,2,3,4')
    (tmp_path / "a.csv").write_text("\n".join(rows))

    found, read = load_table(f"csv:{tmp_path / 'a.csv'}?header=no")

    assert [row["column_2"] for row in read] == [n * 2 for n in range(2400)]
    assert f"line {place + 1:,}, 5 cells for 3 columns" in "".join(notes("t", found))


SAID = b'id\tsaid\n1\t"so it begins\n2\tand "goes" on\n3\tends here"\n4\t"x"\n'


def test_quotes_that_would_join_lines_of_a_tsv_are_text(tmp_path: Path) -> None:
    """It is said, and the option says otherwise."""
    path = tmp_path / "a.tsv"
    path.write_bytes(SAID)

    found, rows = load_table(path)

    assert [row["said"] for row in rows] == ['"so it begins', 'and "goes" on', 'ends here"', '"x"']
    assert "quotes were read as text, since they would join lines (line 2)" in "".join(notes("t", found))
    assert rows == load_rows(f"csv:{path}?quote=none")
    path.write_bytes(SAID.replace(b' "goes"', b""))
    assert [row["said"] for row in load_rows(f"csv:{path}?quote=double")] == [
        "so it begins\n2\tand on\n3\tends here",
        "x",
    ]


def test_a_quoted_cell_of_a_tsv_may_hold_line_ends(tmp_path: Path) -> None:
    """Where the lines alone would be odd rows, quotes are quotes, with a warning."""
    (tmp_path / "a.tsv").write_bytes(b'id\tsaid\n1\t"two\nlines"\n2\tx\n')

    found, rows = load_table(tmp_path / "a.tsv")

    assert [row["said"] for row in rows] == ["two\nlines", "x"]
    assert "a quoted cell holds line ends (line 2); if quotes are text, give quote=none" in "".join(notes("t", found))


def test_single_quotes_can_be_quotes(tmp_path: Path) -> None:
    """By the option."""
    (tmp_path / "a.csv").write_text("name,qty\n'a''b,c',3\n")

    assert load_rows(f"csv:{tmp_path / 'a.csv'}?quote=single") == [{"name": "a'b,c", "qty": 3}]


def test_a_run_reads_what_is_beside_an_odd_row(tmp_path: Path) -> None:
    """Sums are of the rows that were read."""
    (tmp_path / "a.csv").write_text("n,x\n" + "".join(f"{n},1\n" for n in range(600)) + "1,2,3\n")

    assert rlmlite.execute("final([count(context), sum(context.n)])", tmp_path / "a.csv", trace=False).value == [
        600,
        179_700,
    ]


def test_settings_hold_for_all_tables_whose_path_says_nothing(tmp_path: Path) -> None:
    """From the command line or Python; the recipe records them, and a replay needs no setting."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("title\nname^qty\nann^007\n")
    settings = reading({"delimiter": "^", "skip": "1", "types": "qty:text"})

    outcome = rlmlite.execute(
        "final([a.qty, b.qty])",
        {"a": tmp_path / "a.csv", "b": Path(f"csv:{tmp_path / 'b.csv'}?types=qty:int")},
        reading=settings,
        trace=tmp_path / "run.rlm",
    )

    assert outcome.value == [["007"], [7]]
    assert outcome.trace is not None
    assert replay(verify(outcome.trace), derive=deriving(), recorded_paths=True).verdict is Verdict.REPRODUCED
