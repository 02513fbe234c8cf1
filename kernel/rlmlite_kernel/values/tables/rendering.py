"""A binary table as text, to be searched: a line for each row, its cells with tabs between.

    7    Ann    2024-02-03    {"tags":["a"]}

Texts stand as they are, but for line ends and tabs, which become spaces, so that line n is row n. Null is nothing at
all. The text is made once, when a program first searches the table, segment by segment: the bytes of a column are
copied to their places in the lines all at once.

    widths of two columns, with the tab and the line end after them     2 4 | 3 1
    so the lines begin at 0 and 6, and the second column at 2 and 9
"""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray, Octets
from rlmlite_kernel.records.canonical import number_text, value_bytes
from rlmlite_kernel.values.blobs import Blobs, name_beside, put_blocks
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.tables.layout import CODED, NULLS, TEXTS
from rlmlite_kernel.values.tables.store import ColumnStore, Rendered
from rlmlite_kernel.values.values import Value

_Cells: TypeAlias = tuple[Octets, IntArray, IntArray]
"""Bytes, and where in them the cell of each row begins, and its length."""

_TAB, _LINE_END, _SPACE = 0x09, 0x0A, 0x20
_BLANK = np.zeros(256, bool)
_BLANK[[0x09, 0x0A, 0x0B, 0x0C, 0x0D]] = True


def render(store: ColumnStore, blobs: Blobs) -> Rendered:
    """The text of a table, stored; it is made once for a store."""
    if store.rendered is None:
        widths: list[IntArray] = []
        # Equal tables have equal lines, each at the place of its table.
        blob = name_beside(put_blocks(blobs, _blocks(store, widths)), store.blob)
        stops = np.cumsum(np.concatenate(widths)) if widths else np.zeros(0, np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]]) if len(stops) else stops
        store.rendered = Rendered(blob, starts, stops - 1)
    return store.rendered


def _blocks(store: ColumnStore, widths: list[IntArray]) -> Iterator[bytes]:
    """The text, a block for each segment; `widths` are filled with the bytes of each line."""
    for segment in range(store.segments):
        start, stop = store.bounds(segment)
        columns = [_cells(store, segment, index, start, stop) for index in range(len(store.names))]
        widths.append(np.sum([lengths + 1 for _, _, lengths in columns], axis=0))
        yield _join(columns, widths[-1])


def _cells(store: ColumnStore, segment: int, index: int, start: int, stop: int) -> _Cells:
    entry = store.entry(segment, index)
    if entry.form == NULLS:
        nowhere = np.zeros(stop - start, np.int64)
        return np.zeros(0, np.uint8), nowhere, nowhere
    if entry.form in (TEXTS, CODED):
        data, begins, ends = store.segment_texts(segment, index)
        return np.where(_BLANK[data], np.uint8(_SPACE), data), begins, ends - begins
    words = [_word(store.cell(index, row), store) for row in range(start, stop)]
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    return np.frombuffer(b"".join(words), np.uint8), np.cumsum(lengths) - lengths, lengths


def _word(value: Value, store: ColumnStore) -> bytes:
    """The cell of a column that is not all texts."""
    if value is None:
        return b""
    if isinstance(value, Text):
        return bytes(store.content[value.start : value.stop]).translate(_BLANKED)
    if type(value) is int:
        return str(value).encode()
    if type(value) is float:
        return number_text(value).encode()
    # Canonical JSON has no line ends of its own, and spells those of its texts.
    return value_bytes(value)


_BLANKED = bytes(_SPACE if _BLANK[byte] else byte for byte in range(256))


def _join(columns: list[_Cells], line_widths: IntArray) -> bytes:
    at = np.cumsum(line_widths) - line_widths
    out = np.full(int(line_widths.sum()), _TAB, np.uint8)
    for data, begins, lengths in columns:
        # For each byte of the column, how far it is from the first byte of its cell.
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        out[np.repeat(at, lengths) + within] = data[np.repeat(begins, lengths) + within]
        at = at + lengths + 1
    out[at - 1] = _LINE_END
    return out.tobytes()
