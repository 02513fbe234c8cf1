"""Where rows and cells lie in a sheet: content in which 0x1F ends each cell but a row's last, and 0x1E 0x0A each row.

Text lies in its cell as it is, so these two bytes are nowhere else. Not here: what a cell means (`sheets`).
"""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, Octets, int_array, octets

CELL_END, ROW_END = b"\x1f", b"\x1e\n"

_BLOCK = 1 << 22


class SheetBrokenError(ValueError):
    """Content that was given out for a sheet is none."""


def row_bounds(content: Buffer) -> tuple[IntArray, IntArray]:
    """Each row, the first included, as [start, stop) without what ends it. Raises `SheetBrokenError`."""
    data = octets(content)
    found = [np.flatnonzero(data[at : at + _BLOCK] == ROW_END[0]) + at for at in range(0, len(data), _BLOCK)]
    stops = int_array(np.concatenate(found)) if found else int_array([])
    if not len(stops) or int(stops[-1]) + 2 != len(data) or not bool((data[stops + 1] == ROW_END[1]).all()):
        raise SheetBrokenError("expected every row to end in the bytes 1E 0A, the last one too")
    starts = np.empty_like(stops)
    starts[0] = 0
    starts[1:] = stops[:-1] + 2
    return starts, stops


def cell_bounds(content: Buffer, columns: int, column: int) -> tuple[IntArray, IntArray]:
    """One cell of each row, the first row included, as [start, stop). Raises `SheetBrokenError`."""
    data = octets(content)
    starts, stops = [], []
    seen, end = 0, -1  # how many cells ended before the block, and where the last of them did
    for at in range(0, len(data), _BLOCK):
        ends = np.flatnonzero((data[at : at + _BLOCK] & 0xFE) == ROW_END[0]) + at
        before = np.concatenate([[end], ends[:-1]]) if len(ends) else ends
        mine = slice((column - seen) % columns, None, columns)
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
    """Every row has as many cells: in each, the last cell and no other is ended by the row's end."""
    wanted = ROW_END[0] if column == columns - 1 else CELL_END[0]
    if seen % columns or not bool((data[stops] == wanted).all()):
        raise SheetBrokenError(f"expected {columns} cells in every row")
