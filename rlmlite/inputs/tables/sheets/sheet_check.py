"""A sheet that a worker wrote, checked as it arrives: its parser may be in other hands.

    the first row     the names that the worker announced, as programs write them
    every cell        of one of the forms below, in valid UTF-8
    every row         as many cells as there are names, and ended as rows are

So whatever a worker sends, what is kept is a sheet: reading it cannot fail where programs read it. That its values are
those of the file is the worker's word.

One regular expression over each block checks its cells at several hundred MB/s; how many there are in each row is
counted by the kernel over the whole sheet, once it is stored.
"""

from collections.abc import Iterable, Iterator, Sequence

from rlmlite.guard.worker.limits import WorkerProtocolError
from rlmlite_kernel.engines.bytes.utf8 import check
from rlmlite_kernel.engines.query.regex import UNANCHORED, CompiledRegex
from rlmlite_kernel.engines.sheets.cells import SheetBrokenError, cell_bounds
from rlmlite_kernel.values.blobs import Content

_CELL_END, _ROW_END = b"\x1f", b"\x1e\n"

MAX_CELL = 1 << 30
"""Bytes of one cell. A text in a table may be long, but a row without end must not fill the memory."""

_FORMS = (
    r'"[^\x1e\x1f]*"',
    r"null|true|false",
    # 64-bit integers have 20 digits, the longest of a database 39; a float has 17 and an exponent.
    r"-?(?:0|[1-9][0-9]{0,62})(?:\.[0-9]{1,40})?(?:e[-+]?[0-9]{1,3})?",
    r"\[[^\x1e\x1f]*\]|\{[^\x1e\x1f]*\}",
)
_CELLS = CompiledRegex(rf"(?s)\A(?:(?:{'|'.join(_FORMS)})(?:\x1f|\x1e\n))*\z", lines=False, captures=False)


def check_blocks(blocks: Iterable[bytes], names: Sequence[str]) -> Iterator[bytes]:
    """The blocks of a sheet, cut after cells, once they are checked. Raises `WorkerProtocolError`."""
    header = _CELL_END.join(name.encode() for name in names) + _ROW_END
    yield header
    cells = _whole_cells(_without_header(blocks, header))
    for part in cells:
        # Where nothing matches, the start is -1.
        all_cells_match = _CELLS.match(UNANCHORED, part, 0, len(part))[0][0] == 0
        if not all_cells_match or not check(part).valid:
            raise WorkerProtocolError("sent something that is not a table")
        yield part


def check_widths(sheet: Content, columns: int) -> None:
    """Look whether every row of a sheet has as many cells as there are columns. Raises `WorkerProtocolError`."""
    try:
        cell_bounds(sheet, columns, columns - 1)
    except SheetBrokenError as error:
        raise WorkerProtocolError(f"sent something that is not a table: {error}") from None


def _without_header(blocks: Iterable[bytes], header: bytes) -> Iterator[bytes]:
    """The blocks after the header, which is written here from the names: it must be the same."""
    expected = header
    for block in blocks:
        found, rest = block[: len(expected)], block[len(expected) :]
        if found != expected[: len(found)]:
            raise WorkerProtocolError("sent other columns than it announced")
        expected = expected[len(found) :]
        if rest:
            yield rest
    if expected:
        raise WorkerProtocolError("sent no columns")


def _whole_cells(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut after the end of a row or cell, so that no cell straddles two parts."""
    begun: list[bytes] = []
    size = 0
    for block in blocks:
        # A row's end is two bytes, which may come in two blocks: its newline is looked for, and the cell's end.
        cut = max(block.rfind(_CELL_END) + 1, block.rfind(_ROW_END) + 2 if _ROW_END in block else 0)
        if cut:
            yield b"".join([*begun, block[:cut]])
            begun, size = [], 0
        begun.append(block[cut:])
        size += len(block) - cut
        if size > MAX_CELL:
            raise WorkerProtocolError(f"sent a cell of more than {MAX_CELL:,} bytes")
    if size:
        yield b"".join(begun)
