"""A columnar content in a stranger's hands: it is refused, or can be read from end to end."""

import struct
from collections.abc import Iterator

import pytest

from rlmlite_kernel import MemoryBlobs
from rlmlite_kernel.values.tables.layout import MAGIC, TRAILER_SIZE
from rlmlite_kernel.values.tables.parts import of_values, spelled
from rlmlite_kernel.values.tables.records import TableBrokenError, checked_records
from rlmlite_kernel.values.tables.writer import Batch, columnar_blocks
from rlmlite_kernel.values.values import to_json
from tests.guard.files.hostile import flipped, patched
from tests.sizes import scale

_ROWS = 12


def _good() -> bytes:
    """A content with a column of each form, and with places in a text."""
    columns = [
        of_values([None] * _ROWS),
        of_values([5, None, 7] * 4),
        of_values([0.5, 2.0, None] * 4),
        of_values([True, False, None] * 4),
        of_values([f"né {number}" for number in range(_ROWS)]),
        of_values(["a", "ü", None] * 4),
        spelled(['"x"', "1", "[1,2]", "null"] * 3),
    ]
    places = [of_values([10 * row + more for row in range(_ROWS)]) for more in (0, 9)]
    names = [f"c{number}" for number in range(len(columns))]
    return b"".join(columnar_blocks(names, [Batch(columns, _ROWS, *places)], "0" * 64, 10 * _ROWS))


GOOD = _good()


def _read_all(content: bytes) -> None:
    """Read every cell in both ways. Raises `TableBrokenError`."""
    blobs = MemoryBlobs()
    table = checked_records(blobs.put(content), blobs)
    by_column = to_json(table, blobs)
    for row in range(len(table)):
        assert to_json(table.row(row, blobs), blobs) == by_column[row]
    assert table.spans is not None
    assert len(table.spans.cells(blobs)) == len(table)


def test_a_whole_content_is_taken() -> None:
    """So the others are refused for what is wrong with them."""
    _read_all(GOOD)


def _trailers() -> Iterator[bytes]:
    """The content with another number at each place of its trailer."""
    for place in range(7):
        for number in (-1, 0, 1, 2, 1 << 20, 1 << 40, (1 << 63) - 1):
            yield patched(GOOD, len(GOOD) - TRAILER_SIZE + 8 * place, struct.pack("<q", number))


@pytest.mark.parametrize("content", [b"", MAGIC, MAGIC * 9, GOOD[:-1], GOOD[8:], GOOD[:-8] + MAGIC, *_trailers()])
def test_a_broken_frame_is_refused_or_read(content: bytes) -> None:
    """Lengths that lie point outside, claim a billion rows, or are right after all."""
    _refused_or_read(content)


def test_flipped_bits_are_refused_or_read() -> None:
    """A content with a few bits changed is refused, or every cell of it can be read."""
    for content in flipped(GOOD, range(scale(400))):
        _refused_or_read(content)
    # The directory and what follows it decide the most.
    for content in flipped(GOOD, range(scale(400)), 1, len(GOOD) - 64 * 9 - TRAILER_SIZE):
        _refused_or_read(content)


def _refused_or_read(content: bytes) -> None:
    try:
        _read_all(content)
    except TableBrokenError:
        return
