"""The rows of a table's content, whichever of the two layouts it has."""

from rlmlite_kernel.engines.sheets.cells import SheetBrokenError
from rlmlite_kernel.values.blobs import Blobs, Content
from rlmlite_kernel.values.tables import sheets
from rlmlite_kernel.values.tables.check import check_columns
from rlmlite_kernel.values.tables.columnar import columnar_records
from rlmlite_kernel.values.tables.layout import ColumnsBrokenError, is_columnar, read_layout
from rlmlite_kernel.values.values import Rows


class TableBrokenError(ValueError):
    """Content that was declared a table has the form of none."""


def records(blob: str, blobs: Blobs) -> Rows:
    """The rows of a content, of kind `records`: columnar, or a sheet as older traces have it.

    Raises `TableBrokenError`. What the cells hold is not looked at; see `checked_records`.
    """
    try:
        if is_columnar(blobs.read(blob)):
            return columnar_records(blob, blobs)
        return sheets.records(blob, blobs)
    except (SheetBrokenError, ColumnsBrokenError, UnicodeError) as error:
        raise TableBrokenError(str(error)) from None


def checked_records(blob: str, blobs: Blobs) -> Rows:
    """As `records`, of a content from somebody else's hands: it is looked at from end to end first."""
    content = blobs.read(blob)
    if is_columnar(content):
        try:
            check_columns(content)
        except ColumnsBrokenError as error:
            raise TableBrokenError(str(error)) from None
    return records(blob, blobs)


def text_behind(content: Content) -> str:
    """The digest of the text that the rows of a table are records of; empty if there is none, or no such table."""
    if not is_columnar(content):
        return ""
    try:
        return read_layout(content)[1].text
    except ColumnsBrokenError:
        # Whoever reads the rows finds it out.
        return ""
