"""Workbooks: the rows of one sheet. The files are the smallest that a workbook may be, made here."""

from pathlib import Path

import pytest

from rlmlite.errors import InputError
from rlmlite.inputs import notes
from tests.rlmlite.inputs.input_files import zip_of
from tests.rlmlite.inputs.tables.table_files import load_rows, load_table

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SALES: list[list[object]] = [["item", "qty", "ok"], ["fig", 3, True], [], ["kiwi", 2.5, False], ["big", 2**53, None]]


def workbook(path: Path, sheets: dict[str, list[list[object]]], hidden: str = "", more: str = "") -> Path:
    """An `.xlsx` with these sheets; `more` follows the rows of each."""
    entries, links, parts = "", "", {}
    for number, (name, rows) in enumerate(sheets.items(), 1):
        state = ' state="hidden"' if name == hidden else ""
        entries += f'<sheet name="{name}" sheetId="{number}"{state} r:id="r{number}"/>'
        links += f'<Relationship Id="r{number}" Type="{_LINKS}/worksheet" Target="worksheets/s{number}.xml"/>'
        body = "".join(f'<row r="{row}">{_cells(row, cells)}</row>' for row, cells in enumerate(rows, 1) if cells)
        sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData>{more}</worksheet>'
        parts[f"xl/worksheets/s{number}.xml"] = sheet.encode()
    book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{entries}</sheets></workbook>'
    office = f'<Relationship Id="r1" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/>'
    return zip_of(
        path,
        {
            "[Content_Types].xml": _TYPES.encode(),
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}">{office}</Relationships>'.encode(),
            "xl/workbook.xml": book.encode(),
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>'.encode(),
            **parts,
        },
    )


def _cells(row: int, cells: list[object]) -> str:
    text = ""
    for column, cell in enumerate(cells):
        place = f"{chr(ord('A') + column)}{row}"
        if isinstance(cell, bool):
            text += f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
        elif isinstance(cell, str):
            text += f'<c r="{place}" t="inlineStr"><is><t>{cell}</t></is></c>'
        elif cell is not None:
            text += f'<c r="{place}"><v>{cell}</v></c>'
    return text


def test_the_only_sheet_with_cells_is_the_table(tmp_path: Path) -> None:
    """Whole numbers are whole, an empty cell is null, blank rows are skipped, an empty sheet does not count."""
    path = workbook(tmp_path / "a.xlsx", {"Sales": SALES, "Empty": []})

    assert load_rows(str(path)) == [
        {"item": "fig", "qty": 3, "ok": True},
        {"item": "kiwi", "qty": 2.5, "ok": False},
        {"item": "big", "qty": 2**53, "ok": None},
    ]


def test_one_of_several_sheets_must_be_named(tmp_path: Path) -> None:
    """The message names them all, and a slip gets the nearest one."""
    path = workbook(tmp_path / "a.xlsx", {"Sales": SALES, "Costs": [["n"], [1]]})

    assert load_rows(f"workbook:{path}?table=Costs") == [{"n": 1}]
    with pytest.raises(InputError, match=r"has 2 sheets: Sales, Costs; name one: workbook:.*\?table=Sales"):
        load_table(str(path))
    with pytest.raises(InputError, match=r"no sheet Cost; did you mean `Costs`"):
        load_table(f"workbook:{path}?table=Cost")


def test_what_is_hidden_or_merged_is_said(tmp_path: Path) -> None:
    """A hidden sheet is left out, and of merged cells only the first has the value."""
    merged = '<mergeCells count="1"><mergeCell ref="A2:B2"/></mergeCells>'
    path = workbook(tmp_path / "a.xlsx", {"Sales": SALES, "Old": [["x"], [1]]}, hidden="Old", more=merged)
    said = "\n".join(notes("t", load_table(str(path))[0]))

    assert "hidden sheets were left out: Old" in said
    assert "of 1 merged cells the first place has the value" in said


@pytest.mark.parametrize(
    ("rows", "told", "expected"),
    [
        ([[1, 2], [3, 4]], "", [{"column_1": 1, "column_2": 2}, {"column_1": 3, "column_2": 4}]),
        ([["a"], ["b"]], "?header=no", [{"column_1": "a"}, {"column_1": "b"}]),
        ([[1, 2], [3, 4]], "?header=yes", [{"_1": 3, "_2": 4}]),
        ([["a", "a"], ["c", "d"]], "", [{"column_1": "a", "column_2": "a"}, {"column_1": "c", "column_2": "d"}]),
    ],
)
def test_the_first_row_is_a_header_if_it_names_columns(
    tmp_path: Path, rows: list[list[object]], told: str, expected: list[dict[str, object]]
) -> None:
    """Texts, none of them twice; an option decides otherwise."""
    path = workbook(tmp_path / "a.xlsx", {"Sales": rows})

    assert load_rows(f"workbook:{path}{told}") == expected


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04junk", b"item,qty\n"])
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    """By whatever name it comes."""
    (tmp_path / "a.xlsx").write_bytes(content)

    with pytest.raises(InputError, match=r"a\.xlsx"):
        load_table(str(tmp_path / "a.xlsx"))
