"""Whether quotes in a file with tabs are quotes.

TSV has none: a cell cannot hold a tab or the end of a line, and a quote is text. But spreadsheets and libraries write
tab-separated files with quotes as in CSV, and then a quoted cell may hold line ends. The two can only be told apart
where quotes would join lines:

    id<TAB>said               three rows of two cells if quotes are text;
    1<TAB>"so it begins       one row of two cells if they are quotes
    2<TAB>and goes on
    3<TAB>until it ends"

So where quotes join lines, or do not work out as quotes, they are text if the file has no more odd rows that way than
with them, a row being odd that has not as many cells as the first. Either way it is said, because the file does not.
"""

from rlmlite.inputs.tables.texts.delimited.csv_rows import Cut, read_rows
from rlmlite.inputs.tables.texts.lines import Place, TextFile
from rlmlite.inputs.tables.texts.odd import MISQUOTED, Odd


def infer_quote(file: TextFile, start: Place, cut: Cut) -> tuple[Cut, list[str]]:
    """How to cut a file with tabs, and what to say of it."""
    # Most such files have none, and are looked at no more.
    if not file.has(b'"'):
        return cut, []
    width, odd_rows, doubt = _count_odd(file, start, cut)
    if doubt is None:
        return cut, []
    as_text = Cut(cut.delimiter, None)
    _, odd_lines, _ = _count_odd(file, start, as_text)
    # In a file of one column every row is as wide as the first, whatever its quotes are.
    if width > 1 and odd_lines <= odd_rows:
        return as_text, [f"quotes were read as text, since they would join lines ({doubt}); quote=double joins them"]
    return cut, [f"a quoted cell holds line ends ({doubt}); if quotes are text, give quote=none"]


def _count_odd(file: TextFile, start: Place, cut: Cut) -> tuple[int, int, str | None]:
    """The cells of the first row, how many rows have not as many, and the first line where quotes are in doubt."""
    width, odd_rows, doubt = 0, 0, None
    odd = Odd()
    for row in read_rows(file, start, cut, odd):
        width = width or len(row.cells)
        odd_rows += len(row.cells) != width
        joins_lines = any("\n" in cell or "\r" in cell for cell in row.cells)
        if doubt is None and (joins_lines or odd.count(MISQUOTED)):
            doubt = row.place.name
    return width, odd_rows, doubt
