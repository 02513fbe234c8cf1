"""A columnar content from strangers' hands, looked at from end to end: after this, reading it cannot fail.

A worker whose library was taken over, or a trace that somebody wrote by hand, may send anything. So of every segment:

    places          inside the content, before the directory
    texts           offsets that rise from 0 to the size, and valid UTF-8, also where one text ends and the next begins
    codes           below the number of texts in their dictionary
    spelled cells   one of the forms that a sheet's cell has, and JSON where it is a list or a record
    records         of a text: inside it, in the order of rows

That the values are those of the file is the writer's word.
"""

import re
from collections.abc import Callable

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, octets
from rlmlite_kernel.engines.bytes.utf8 import check
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.tables.layout import (
    CODED,
    DECIMALS,
    FLAGS,
    INTEGERS,
    NULLS,
    SEGMENT,
    SPELLED,
    TEXTS,
    ColumnsBrokenError,
    Entry,
    read_layout,
    view,
)
from rlmlite_kernel.values.tables.sheets import value_of
from rlmlite_kernel.values.tables.store import ColumnStore

_WIDTHS = {INTEGERS: (0, 1, 2, 4, 8), DECIMALS: (8,), CODED: (0, 1, 2, 4), TEXTS: (4, 8), SPELLED: (4, 8)}


def check_columns(content: Buffer) -> None:
    """Look at a content from end to end. Raises `ColumnsBrokenError`."""
    trailer, description, directory = read_layout(content)
    body = content[: trailer.directory]
    for segment in range(trailer.segments):
        rows = min(SEGMENT, trailer.rows - segment * SEGMENT)
        for index in range(trailer.columns):
            entry = Entry(*directory[segment, index].tolist())
            is_place = index >= len(description.names)
            if is_place and entry.form != INTEGERS:
                raise ColumnsBrokenError("expected a place in the text for every row")
            _check_entry(body, entry, rows)
    if description.text:
        _check_places(content, description.text_size)


def _check_entry(body: Buffer, entry: Entry, rows: int) -> None:
    if entry.form not in _CHECKS:
        raise ColumnsBrokenError(f"expected a form of column, found {entry.form}")
    if entry.form in _WIDTHS and entry.width not in _WIDTHS[entry.form]:
        raise ColumnsBrokenError(f"expected a width of {_WIDTHS[entry.form]}, found {entry.width}")
    if entry.valid:
        view(body, entry.valid, "u1", -(-rows // 8))
    _CHECKS[entry.form](body, entry, rows)


def _check_nulls(body: Buffer, entry: Entry, rows: int) -> None:
    """There is nothing to look at."""


def _check_integers(body: Buffer, entry: Entry, rows: int) -> None:
    if entry.width == 0:
        return
    top = entry.extra + int(view(body, entry.numbers, f"<u{entry.width}", rows).max())
    if top >= 1 << 63:
        raise ColumnsBrokenError("an integer has more than 64 bits")


def _check_decimals(body: Buffer, entry: Entry, rows: int) -> None:
    if not bool(np.isfinite(view(body, entry.numbers, "<f8", rows)).all()):
        raise ColumnsBrokenError("expected finite decimals")


def _check_flags(body: Buffer, entry: Entry, rows: int) -> None:
    view(body, entry.numbers, "u1", -(-rows // 8))


def _check_plain_texts(body: Buffer, entry: Entry, rows: int) -> None:
    _check_texts(body, entry, entry.width, rows)


def _check_spelled(body: Buffer, entry: Entry, rows: int) -> None:
    _check_cells(body, entry, _check_texts(body, entry, entry.width, rows))


def _check_codes(body: Buffer, entry: Entry, rows: int) -> None:
    if entry.extra < 1 or (entry.width == 0 and entry.extra != 1):
        raise ColumnsBrokenError("expected a dictionary")
    _check_texts(body, entry, 4, entry.extra)
    if entry.width and int(view(body, entry.numbers, f"<u{entry.width}", rows).max()) >= entry.extra:
        raise ColumnsBrokenError("a code is not in its dictionary")


def _check_texts(body: Buffer, entry: Entry, width: int, count: int) -> IntArray:
    """Look at texts; returns their offsets."""
    cuts: IntArray = view(body, entry.offsets, f"<u{width}", count + 1).astype(np.int64)
    data = view(body, entry.data, "u1", entry.size)
    if int(cuts[0]) != 0 or int(cuts[-1]) != entry.size or bool((np.diff(cuts) < 0).any()):
        raise ColumnsBrokenError("expected offsets that rise to the end of the texts")
    if not check(data.data).valid:
        raise ColumnsBrokenError("expected texts in valid UTF-8")
    # Valid end to end, and no text begins within a code point: so each is valid by itself.
    begins = cuts[cuts < entry.size]
    if bool(((data[begins] & 0xC0) == 0x80).any()):
        raise ColumnsBrokenError("a text begins within a code point")
    return cuts


def _check_cells(body: Buffer, entry: Entry, cuts: IntArray) -> None:
    rows = len(cuts) - 1
    there = np.ones(rows, bool)
    if entry.valid:
        packed = view(body, entry.valid, "u1", -(-rows // 8))
        there = np.unpackbits(packed, count=rows, bitorder="little").view(np.bool_)
    data = octets(body)[entry.data : entry.data + entry.size]
    for row in np.flatnonzero(there).tolist():
        if not _is_cell(data[int(cuts[row]) : int(cuts[row + 1])].tobytes()):
            raise ColumnsBrokenError("a cell is none that a sheet could have")


_PLAIN_CELL = re.compile(rb'"(?s:.*)"|true|false|-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,3})?')


def _is_cell(cell: bytes) -> bool:
    if cell[:1] not in (b"[", b"{"):
        return _PLAIN_CELL.fullmatch(cell) is not None
    try:
        value_of(cell, "", 0)
    except (Fault, ValueError, RecursionError):
        return False
    return True


def _check_places(content: Buffer, text_size: int) -> None:
    """Look at the records of a text, a segment at a time: however many rows a content claims, memory stays small."""
    store = ColumnStore("", content)
    first = len(store.names)
    last_stop = 0
    for segment in range(store.segments):
        starts, lengths = (store.segment_integers(segment, index) for index in (first, first + 1))
        stops = starts + lengths
        begins_after = int(starts[0]) >= last_stop and not bool((starts[1:] < stops[:-1]).any())
        last_stop = int(stops[-1])
        if not begins_after or int(lengths.min()) < 0 or last_stop > text_size:
            raise ColumnsBrokenError("expected records of the text in the order of rows")


_CHECKS: dict[int, Callable[[Buffer, Entry, int], None]] = {
    NULLS: _check_nulls,
    INTEGERS: _check_integers,
    DECIMALS: _check_decimals,
    FLAGS: _check_flags,
    TEXTS: _check_plain_texts,
    CODED: _check_codes,
    SPELLED: _check_spelled,
}
