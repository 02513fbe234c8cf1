"""Workbooks (`.xlsx`, `.xls`, `.xlsb`, `.ods`): the rows of one sheet, read by python-calamine.

A workbook has several sheets, so one must be named, unless only one that is visible has cells. A cell has the value
that the program that wrote the file had computed; formulas are not computed again.

    | item | qty | when       |        columns item, qty, when
    | fig  | 3   | 2024-01-02 |        {"item": "fig", "qty": 3, "when": "2024-01-02"}
    |      |     |            |        blank rows are skipped

Numbers come as binary64, in which whole ones are exact up to 2^53. What a sheet has besides cells (pictures, charts,
comments, formulas, styles) is left out; hidden sheets and merged cells are said.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from typing import Any, Final

from rlmlite.errors import InputError
from rlmlite.inputs.tables.binary.libraries import library
from rlmlite.inputs.tables.reading.reader import OpenTable, TableFile
from rlmlite.inputs.tables.sheets.cells import column_cells
from rlmlite.inputs.tables.sheets.sheet_writer import ROWS, Batch, Losses
from rlmlite_kernel.program.problems import did_you_mean

_EXACT: Final = 2**53
"""Whole numbers up to here are the same as a binary64 and as an integer."""

_HEADERS: Final = ("yes", "no")


def read_workbook(path: TableFile, options: dict[str, str]) -> OpenTable:
    """Open a sheet of a workbook. See `TableReader`."""
    calamine = library("python_calamine")
    header = options.get("header")
    if header not in (None, *_HEADERS):
        raise InputError(f"option header= takes {' or '.join(_HEADERS)}, not {header}")
    try:
        with path.at.open("rb") as file:
            book = calamine.CalamineWorkbook.from_filelike(file)
        sheet = book.get_sheet_by_name(_choose_sheet(book, options.get("table"), path))
        rows = [row for row in sheet.iter_rows() if any(cell != "" for cell in row)]
    except calamine.CalamineError as error:
        raise InputError(f"{path} is not a workbook that can be read: {error}") from None
    if not rows:
        raise InputError(f"{path}: the sheet {sheet.name} has no cells")
    has_header = _is_header(rows[0]) if header is None else header == "yes"
    names = tuple(str(_plain(cell) or "") for cell in rows[0]) if has_header else ("",) * len(rows[0])
    remarks = _remarks(book, sheet)

    def batches(losses: Losses) -> Iterator[Batch]:
        for remark in remarks:
            losses.remark(remark)
        cells = iter(rows[has_header:])
        while part := list(islice(cells, ROWS)):
            yield [column_cells(list(map(_plain, column)), losses) for column in zip(*part, strict=True)]

    return OpenTable(names, batches, version("python-calamine"), options)


def _choose_sheet(book: Any, name: str | None, path: TableFile) -> str:
    """The sheet to read: the named one, or the only one with cells that is visible. Raises `InputError`."""
    names: list[str] = [each.name for each in book.sheets_metadata]
    if name is not None:
        if name not in names:
            hint = did_you_mean(name, names) or f"it has {', '.join(names)}"
            raise InputError(f"{path} has no sheet {name}; {hint}")
        return name
    hidden = _hidden_sheets(book)
    filled = [each for each in names if each not in hidden and book.get_sheet_by_name(each).total_height]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        listed = f"; hidden ones: {', '.join(hidden)}" if hidden else ""
        raise InputError(f"{path} has no visible sheet with cells{listed}")
    raise InputError(
        f"{path} has {len(filled)} sheets: {', '.join(filled)}; name one: workbook:{path}?table={filled[0]}"
    )


def _hidden_sheets(book: Any) -> list[str]:
    visible = library("python_calamine").SheetVisibleEnum.Visible
    return [each.name for each in book.sheets_metadata if each.visible != visible]


def _remarks(book: Any, sheet: Any) -> list[str]:
    """What is said of the sheet as a whole."""
    remarks = []
    hidden = [name for name in _hidden_sheets(book) if name != sheet.name]
    if hidden:
        remarks.append(f"hidden sheets were left out: {', '.join(hidden)}")
    merged = len(sheet.merged_cell_ranges or ())
    if merged:
        remarks.append(f"of {merged:,} merged cells the first place has the value, the others are null")
    return remarks


def _is_header(row: Sequence[Any]) -> bool:
    """Whether a row names columns: texts only, none twice, none empty but at the end."""
    cells = list(row)
    while cells and cells[-1] == "":
        cells.pop()
    return all(isinstance(cell, str) and cell for cell in cells) and len(set(cells)) == len(cells)


def _plain(cell: Any) -> Any:
    """A cell as the value that it shows: nothing for an empty one, `3` for `3.0`."""
    if cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= _EXACT:
        return int(cell)
    return cell
