"""Types of CSV columns: a number says all that its cell does, and what stays text is said."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite.inputs import notes
from rlmlite.inputs.tables.texts.delimited.csv_dates import read_date
from rlmlite.inputs.tables.texts.delimited.csv_numbers import gives_back
from tests.rlmlite.inputs.tables.table_files import load_rows, load_table

COLUMNS: list[tuple[list[str], list[Any]]] = [
    (["1", "-20", "0"], [1, -20, 0]),
    (["99999999999999999999999", "1"], [99999999999999999999999, 1]),
    (["12.50", "3.00"], [12.5, 3]),
    (["12.50", "0", "3.00"], [12.5, 0, 3]),
    (["1.5", "2", "2.25"], [1.5, 2, 2.25]),
    (["12.5", "3.0", "0.25"], [12.5, 3, 0.25]),
    ([" 1", "2 ", " -3 "], [1, 2, -3]),
    (["1e-07", "0.5"], [1e-7, 0.5]),
    (["1.0e2", "-4e+03", "17"], [100, -4000, 17]),
    (["1e5", "2E6"], [100000, 2000000]),
    (["1.000000000000000056e-01", "2.000000000000000111e-01"], [0.1, 0.2]),
    (["0.30000001192092896", "1"], [0.30000001192092896, 1]),
    (["9007199254740992", "0.5"], [2**53, 0.5]),
    (["TRUE", "false", "True"], [True, False, True]),
    (["1", "NA", "2", ""], [1, None, 2, None]),
    (["true", "null"], [True, None]),
    # What follows stays text, as it is written.
    (["3.9", "3.10"], ["3.9", "3.10"]),
    (["1.50", "2"], ["1.50", "2"]),
    (["1.0", "2"], ["1.0", "2"]),
    (["3.0", "3.10"], ["3.0", "3.10"]),
    (["1000000000000000001", "0.5"], ["1000000000000000001", "0.5"]),
    (["0.12345678901234567890", "1.5"], ["0.12345678901234567890", "1.5"]),
    (["4E2", "17"], ["4E2", "17"]),
    (["007", "12"], ["007", "12"]),
    (["+1", "2"], ["+1", "2"]),
    ([".5", "1"], [".5", "1"]),
    (["1e999", "1"], ["1e999", "1"]),
    (["1e-999", "1"], ["1e-999", "1"]),
    (["1,5", "2,5"], ["1,5", "2,5"]),
    (["1_000", "2"], ["1_000", "2"]),
    (["1.2.3", "1.2"], ["1.2.3", "1.2"]),
    (["0x10", "16"], ["0x10", "16"]),
    (["\u0661", "1"], ["\u0661", "1"]),
    (["NA", ""], ["NA", None]),
    (["yes", "no"], ["yes", "no"]),
    (["2024-03-01", "2024-03-02"], ["2024-03-01", "2024-03-02"]),
    (["1\n2", "3"], ["1\n2", "3"]),
    ([" ", "x"], [" ", "x"]),
]


@pytest.mark.parametrize(("cells", "values"), COLUMNS, ids=["|".join(cells) for cells, _ in COLUMNS])
@pytest.mark.parametrize("rows_between", [0, 1200])
def test_a_column_keeps_what_its_cells_say(
    tmp_path: Path, cells: list[str], values: list[Any], rows_between: int
) -> None:
    """Numbers where none of them loses anything, also if the cells are in different batches; text otherwise."""
    spread = [cells[0], *([""] * rows_between), *cells[1:]]
    quoted = "".join('"{}",x\n'.format(cell.replace('"', '""')) for cell in spread)
    (tmp_path / "a.csv").write_text("c,t\n" + quoted, "utf-8")

    read = [row["c"] for row in load_rows(tmp_path / "a.csv")]

    assert [read[0], *read[1 + rows_between :]] == values
    assert list(map(type, [read[0], *read[1 + rows_between :]])) == list(map(type, values))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["3.9", "3.10"], "can be read as numbers stay text: c (`3.10`, line 3); types=NAME:number"),
        (["+1.5", "+2"], "c (`+1.5`, line 2)"),
        (["007", "008"], ""),
        ([*map(str, range(20)), "n/k"], "c (`n/k`, line 22)"),
        (["12", "14b"], ""),
        (["1,5", "2"], "with a decimal comma stay text: c (`1,5`, line 2); decimal=comma"),
        (["03/02/2024", "04/02/2024"], "as dates stay text: c (`03/02/2024`, line 2); dates=dmy or dates=mdy"),
        (["2024-02-03", "2024-02-04"], ""),
        (
            ["1", "N/A", "n/a"],
            "in columns that are not text, became null (2; the first: line 3, `N/A` in c",
        ),
    ],
)
def test_what_is_not_read_as_a_number_is_said(tmp_path: Path, cells: list[str], said: str) -> None:
    """With the cell that decides it, its line, and the option that decides otherwise."""
    (tmp_path / "a.csv").write_text("c;t\n" + "".join(f"{cell};x\n" for cell in cells))

    heard = "".join(notes("t", load_table(tmp_path / "a.csv")[0]))

    assert said in heard
    assert bool(said) is bool(heard)


@pytest.mark.parametrize(
    ("types", "values", "said"),
    [
        ("c:number", [7, 5, 3.9, 3.1, None, None], "types= gives became null (1; the first: line 6, `x` in c)"),
        ("c:int", [7, 5, None, None, None, None], "became null (3; the first: line 4, `3.9` in c)"),
        ("c:text", ["007", "+5", "3.9", "3.10", "x", None], ""),
        ("text", ["007", "+5", "3.9", "3.10", "x", None], ""),
        ("number,text", [7, 5, 3.9, 3.1, None, None], "became null (1"),
    ],
)
def test_types_can_be_given(tmp_path: Path, types: str, values: list[Any], said: str) -> None:
    """A cell that is not of its type is null, and does not take the others along."""
    (tmp_path / "a.csv").write_text("c,t\n007,1\n+5,1\n3.9,1\n3.10,1\nx,1\n,1\n")

    found, rows = load_table(f"csv:{tmp_path / 'a.csv'}?types={types}")

    assert [row["c"] for row in rows] == values
    assert said in "".join(notes("t", found))


def test_decimals_can_have_a_comma(tmp_path: Path) -> None:
    """By the option; a point in such a number is not a decimal sign."""
    (tmp_path / "a.csv").write_text("name;price;code\ntea;1,50;1.234\nbread;-2,25;2.345\n")

    assert load_rows(f"csv:{tmp_path / 'a.csv'}?decimal=comma") == [
        {"name": "tea", "price": 1.5, "code": "1.234"},
        {"name": "bread", "price": -2.25, "code": "2.345"},
    ]


def test_dates_can_have_an_order(tmp_path: Path) -> None:
    """By the option they are ISO dates, which sort in the order of time; a column that has others stays text."""
    (tmp_path / "a.csv").write_text("a,b,c\n3/2/2024,03.02.2024 4:05 PM,31/2/2024\n,10.12.2024 23:00:01.5,1/1/2024\n")

    assert load_rows(f"csv:{tmp_path / 'a.csv'}?dates=dmy") == [
        {"a": "2024-02-03", "b": "2024-02-03T16:05", "c": "31/2/2024"},
        {"a": None, "b": "2024-12-10T23:00:01.5", "c": "1/1/2024"},
    ]
    assert load_rows(f"csv:{tmp_path / 'a.csv'}?dates=dmy&types=c:date")[0]["c"] is None
    assert load_rows(f"csv:{tmp_path / 'a.csv'}?dates=mdy")[0]["a"] == "2024-03-02"


@given(st.dates(datetime.date(1000, 1, 1)), st.sampled_from("/.-"), st.booleans())
def test_a_date_in_any_order_is_that_date(day: datetime.date, sign: str, padded: bool) -> None:
    """Whatever its sign, with or without zeros before its numbers."""
    parts = {"d": f"{day.day:02}" if padded else str(day.day), "m": f"{day.month:02}" if padded else str(day.month)}
    parts["y"] = f"{day.year:04}"
    for order in ("dmy", "mdy", "ymd"):
        assert read_date(sign.join(parts[part] for part in order), order) == day.isoformat()


@given(st.floats(-1e300, 1e300), st.integers(0, 24))
def test_a_number_gives_back_the_digits_that_it_was_written_with(number: float, digits: int) -> None:
    """However many a program wrote: all that it shows of a binary64 is in the binary64."""
    assert gives_back(f"{number:.{digits}e}")
    assert gives_back(repr(number)) or abs(number) > 2**53
