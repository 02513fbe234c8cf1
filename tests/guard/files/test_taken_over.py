"""A parser in a stranger's hands gives a fault of its input, or a wrong content of it. Nothing else comes of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlmlite.guard.worker.child import Job
from rlmlite.inputs import Reading
from tests.guard.files import taken_over
from tests.guard.files.hostile import outcome, sheet_outcome

LITTLE = Reading(max_seconds=2, max_bytes=1_000_000, max_members=100)

Replace = Callable[[str, Job], None]


@pytest.fixture
def replace(monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Puts another job in the place of a parser's."""
    return lambda place, job: monkeypatch.setattr(place, job)


READ_TABLE = "rlmlite.inputs.tables.binary.binary_tables.read_table"
UNPACK = "rlmlite.inputs.formats.members.unpack_members"
CONVERT = "rlmlite.inputs.formats.converters.convert_document"


@pytest.mark.parametrize("name", taken_over.TABLES)
def test_a_sheet_is_a_sheet_or_a_fault(tmp_path: Path, replace: Replace, name: str) -> None:
    """Cells of another form, rows of another width, messages out of order: refused where they arrive.

    A sheet is what traces of older versions name. As columns none of this is anything, and is refused too.
    """
    path = tmp_path / f"{name}.arrow"
    path.write_bytes(b"ARROW1")
    replace(READ_TABLE, taken_over.tables)

    for said in (sheet_outcome(path), outcome(path)):
        assert isinstance(said, str)
        assert "arrow" in said


def test_a_sheet_that_is_whole_is_taken(tmp_path: Path, replace: Replace) -> None:
    """So the others are refused for what is wrong with them; and a wrong content is what is left to do."""
    path = tmp_path / "good.arrow"
    path.write_bytes(b"ARROW1")
    replace(READ_TABLE, taken_over.good_table)

    assert sheet_outcome(path) == taken_over.HEADER + b"".join(taken_over.ROWS)


@pytest.mark.parametrize("name", taken_over.COLUMNS)
def test_columns_are_those_announced_or_a_fault(tmp_path: Path, replace: Replace, name: str) -> None:
    """Their names, all of their bytes, and no claim to be records of a text. `test_columns` has what lies within."""
    path = tmp_path / f"{name}.arrow"
    path.write_bytes(b"ARROW1")
    replace(READ_TABLE, taken_over.columns)

    said = outcome(path)

    assert isinstance(said, str)
    assert "arrow" in said


def test_columns_that_are_whole_are_taken(tmp_path: Path, replace: Replace) -> None:
    """So the others are refused for what is wrong with them."""
    path = tmp_path / "good.arrow"
    path.write_bytes(b"ARROW1")
    replace(READ_TABLE, taken_over.good_columns)

    assert outcome(path) == taken_over.whole_columns()


@pytest.mark.parametrize("name", taken_over.MEMBERS)
def test_members_come_in_order_or_are_a_fault(tmp_path: Path, replace: Replace, name: str) -> None:
    """A head, its blocks, its end."""
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04|" + name.encode())
    replace(UNPACK, taken_over.members)

    said = outcome(path)

    assert isinstance(said, str)
    assert "a.zip" in said
    assert len(said) < 10_000


@pytest.mark.parametrize("name", taken_over.DOCUMENTS)
def test_a_document_says_what_it_may_or_is_a_fault(tmp_path: Path, replace: Replace, name: str) -> None:
    """Its text in blocks, or one of two messages."""
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-|" + name.encode())
    replace(CONVERT, taken_over.documents)

    said = outcome(path)

    assert isinstance(said, str)
    assert "a.pdf" in said


@pytest.mark.parametrize(
    ("file", "content", "place", "job", "limit"),
    [
        ("a.pdf", b"%PDF-", CONVERT, taken_over.endless_blocks, "max_bytes"),
        ("a.zip", b"PK\x03\x04", UNPACK, taken_over.endless_members, "max_members"),
        ("a.zip", b"PK\x03\x04", UNPACK, taken_over.endless_member, "max_bytes"),
        ("a.arrow", b"ARROW1", READ_TABLE, taken_over.endless_rows, "max_bytes"),
    ],
)
def test_an_answer_without_end_is_cut_off(
    tmp_path: Path, replace: Replace, file: str, content: bytes, place: str, job: Job, limit: str
) -> None:
    """The limits of reading hold for what a worker sends."""
    path = tmp_path / file
    path.write_bytes(content)
    replace(place, job)

    said = outcome(path, LITTLE)

    assert isinstance(said, str)
    assert f"limit {limit}" in said


def test_a_cell_without_end_is_cut_off(tmp_path: Path, replace: Replace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is held whole until it ends, so it has a limit of its own."""
    path = tmp_path / "a.arrow"
    path.write_bytes(b"ARROW1")
    replace(READ_TABLE, taken_over.endless_row)
    monkeypatch.setattr("rlmlite.inputs.tables.sheets.sheet_check.MAX_CELL", 1_000_000)

    assert "a cell of more than 1,000,000 bytes" in str(sheet_outcome(path))
