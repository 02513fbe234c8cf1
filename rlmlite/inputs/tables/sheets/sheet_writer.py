"""Rows to a sheet: column names that programs can write, and batches of cells as blocks of bytes.

Readers hand over column-wise batches of spelled cells (see `cells`); a sheet is row-wise:

    names    id, name                        "id\x1fname\x1e\n"
    batch    [["1", "2"], ['"Ann"', "null"]] '1\x1f"Ann"\x1e\n2\x1fnull\x1e\n'

The bytes 1F and 1E separate cells and rows and nothing is escaped, so that a text in a table is a plain span of the
sheet. A text that contains one of the two would break the structure: the byte becomes U+FFFD, and that is counted.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from rlmlite.errors import InputError

Batch: TypeAlias = Sequence[Sequence[str]]
"""Some rows as spelled cells, column by column. All columns are equally long."""

MAX_COLUMNS = 1_000
"""A table with more columns is not a table but records with keys of their own."""

ROWS = 500
"""How many rows are read and written together: few enough to stay in a cache and out of the garbage collector's way."""

_CELL_END, _ROW_END = "\x1f", "\x1e\n"
_SEPARATORS = re.compile("[\x1e\x1f]")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]+")


class Losses:
    """Counts lossy conversions by kind, for the note to the user. `None` stands for a remark that has no count."""

    def __init__(self) -> None:
        self.counts: dict[str, int | None] = {}

    def add(self, kind: str, times: int = 1) -> None:
        """Count a conversion. Zero times is allowed and leaves no entry."""
        if times:
            self.counts[kind] = (self.counts.get(kind) or 0) + times

    def remark(self, text: str) -> None:
        """Add a remark that is true of the table as a whole."""
        self.counts[text] = None

    def summary(self) -> str:
        """All of them in a line, such as `infinite numbers became null (2)`; empty if nothing was lost."""
        ordered = sorted(self.counts.items())
        return "; ".join(kind if count is None else f"{kind} ({count:,})" for kind, count in ordered)


def column_names(names: Iterable[str]) -> tuple[str, ...]:
    """Unique names that a program can write, in the order given. Raises `InputError` for none or too many.

    `First Name` becomes `First_Name`, `1st` becomes `_1st`; a name with nothing left becomes `column_N` by its
    position; of equal names the second becomes `name_2`.
    """
    # A dict as an ordered set.
    unique: dict[str, None] = {}
    for number, name in enumerate(names, 1):
        word = _writable_name(name, number)
        unique[_free_name(word, unique)] = None
    if not unique:
        raise InputError("the table has no columns")
    if len(unique) > MAX_COLUMNS:
        raise InputError(f"the table has {len(unique):,} columns; at most {MAX_COLUMNS:,} are allowed; read it as text")
    return tuple(unique)


def _writable_name(name: str, number: int) -> str:
    word = name
    # Only then are underscores stripped: a name such as `_id` is writable as it stands.
    if _NOT_IN_NAMES.search(name):
        word = _NOT_IN_NAMES.sub("_", name).strip("_")
    # A name without a single usable letter, such as one in Chinese, is called by its position.
    word = word or f"column_{number}"
    return f"_{word}" if word[0].isdigit() else word


def _free_name(word: str, used: Iterable[str]) -> str:
    free, times = word, 2
    while free in used:
        free, times = f"{word}_{times}", times + 1
    return free


def sheet_blocks(names: Sequence[str], batches: Iterable[Batch], losses: Losses) -> Iterator[bytes]:
    """A sheet in blocks: the row of names, then one block per batch. Raises `InputError` for invalid Unicode."""
    yield (_CELL_END.join(names) + _ROW_END).encode()
    for batch in batches:
        # An empty batch would become a row without cells.
        if batch and len(batch[0]):
            yield _batch_bytes(batch, losses)


def _batch_bytes(batch: Batch, losses: Losses) -> bytes:
    rows = len(batch[0])
    columns = len(batch)
    text = _join_rows(batch)
    # Counting the separators in the joined text finds a stray one far faster than looking into every cell.
    expected_cell_ends = rows * (columns - 1)
    has_strays = text.count(_ROW_END[0]) != rows or text.count(_CELL_END) != expected_cell_ends
    if has_strays:
        strays = sum(len(_SEPARATORS.findall(cell)) for column in batch for cell in column)
        losses.add("control characters 1E or 1F became U+FFFD", strays)
        cleaned = [[_SEPARATORS.sub("\ufffd", cell) for cell in column] for column in batch]
        text = _join_rows(cleaned)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InputError("a text holds half of a surrogate pair, which is not valid Unicode") from None


def _join_rows(batch: Batch) -> str:
    # By column in, by row out; `map` and `join` do it without a step of Python per cell.
    rows = zip(*batch, strict=True)
    return _ROW_END.join(map(_CELL_END.join, rows)) + _ROW_END
