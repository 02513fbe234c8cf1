"""Where rows and cells lie in a sheet: content in which 0x1F ends each cell but the last of a row, and 0x1E 0x0A a row.

    b"id\x1fname\x1e\n7\x1fann\x1e\n"       the header row, then one row
    row_bounds(content)                  [0, 7), [9, 14)
    cell_bounds(content, 2, column=1)    [3, 7), [11, 14)

Text lies in its cell as it is, with its commas, quotes and newlines. Whoever writes a sheet replaces these separators
in the text, so they are nowhere else. Nothing here knows what a cell means: that is `values.sheets`.
"""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, Octets, int_array, octets

CELL_END, ROW_END = b"\x1f", b"\x1e\n"

# Bytes per vector operation, so that the flags of a block stay in the processor's cache.
_BLOCK = 1 << 22


class SheetBrokenError(ValueError):
    """Content that was declared a sheet does not have a sheet's form."""


def row_bounds(content: Buffer) -> tuple[IntArray, IntArray]:
    """Each row, the header included, as [start, stop) without what ends it. Raises `SheetBrokenError`."""
    data = octets(content)
    blocks = [np.flatnonzero(data[at : at + _BLOCK] == ROW_END[0]) + at for at in range(0, len(data), _BLOCK)]
    stops = int_array(np.concatenate(blocks)) if blocks else int_array([])
    ends_with_a_row = len(stops) > 0 and int(stops[-1]) + 2 == len(data)
    if not ends_with_a_row or not bool((data[stops + 1] == ROW_END[1]).all()):
        raise SheetBrokenError("expected every row to end in the bytes 1E 0A, the last one too")
    starts = np.empty_like(stops)
    starts[0] = 0
    starts[1:] = stops[:-1] + 2
    return starts, stops


def cell_bounds(content: Buffer, columns: int, column: int) -> tuple[IntArray, IntArray]:
    """One cell of each row, the header included, as [start, stop). Raises `SheetBrokenError`.

    Cells are counted through the whole content: with three columns, column 1 is every third cell from the second on.
    """
    data = octets(content)
    starts, stops = [], []
    # How many cells ended before this block, and where the last of them did.
    seen, end = 0, -1
    for at in range(0, len(data), _BLOCK):
        # Without its lowest bit, 0x1F is 0x1E: one comparison finds the ends of cells and of rows.
        ends = np.flatnonzero((data[at : at + _BLOCK] & 0xFE) == ROW_END[0]) + at
        before = np.concatenate([[end], ends[:-1]]) if len(ends) else ends
        mine = slice((column - seen) % columns, None, columns)
        # The first cell starts after the end of a row, which is two bytes; any other after one byte.
        starts.append(before[mine] + (1 if column else 2))
        stops.append(ends[mine])
        seen += len(ends)
        end = int(ends[-1]) if len(ends) else end
    first, last = int_array(np.concatenate(starts)), int_array(np.concatenate(stops))
    if column == 0 and len(first):
        first[0] = 0
    _check(data, columns, column, seen, last)
    return first, last


def _check(data: Octets, columns: int, column: int, seen: int, stops: IntArray) -> None:
    """Raises unless every row has as many cells: its last one, and no other, is ended by the row's end."""
    wanted = ROW_END[0] if column == columns - 1 else CELL_END[0]
    if seen % columns or not bool((data[stops] == wanted).all()):
        raise SheetBrokenError(f"expected {columns} cells in every row")
