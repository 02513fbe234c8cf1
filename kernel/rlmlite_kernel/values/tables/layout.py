"""The layout of a columnar content: where each column of a table lies in it, in which form.

A table is cut into segments of 65,536 rows (the last one is shorter). In a segment each column is stored in the
smallest form that holds its values, so the content follows from the values alone, whatever reader they came from:

    nulls      no value at all                          nothing is stored
    integers   base + unsigned numbers of 0 to 8 bytes  [7, 7, 7] is base 7 and no bytes; [5, 9] is base 5, bytes 0 4
    decimals   doubles                                  one of them at least is not whole
    flags      a bit for each row
    texts      offsets (4 or 8 bytes) and UTF-8         "ab", "c" is 0 2 3 and "abc"
    coded      texts that recur: codes and a dictionary "x", "y", "x" is codes 0 1 0 and the texts "x", "y"
    spelled    as texts, each a cell as a sheet has it  what is mixed, nested, or too large for the others

    MAGIC | buffers, each padded to 8 bytes ... | directory | description | trailer of 64 bytes

The directory has one entry of eight 64-bit numbers for each segment and column. A column with nulls has a bitmap, one
bit for each row, 1 where a value is there; what is stored for a null is zero. The description is JSON: the names of the
columns, and for a table that was read from a text, its digest and size. Such a table has two columns more, without a
name: where the record of each row begins in that text, and how long it is. All numbers are little-endian.
"""

from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import Buffer, octets

MAGIC: Final = b"\x89RLMCOL1"
"""How a columnar content begins. A sheet cannot begin so: its first byte belongs to a name."""

SEGMENT: Final = 1 << 16
"""Rows of a segment."""

NULLS, INTEGERS, DECIMALS, FLAGS, TEXTS, CODED, SPELLED = range(7)
"""The forms of a column in a segment."""

ALIGNMENT: Final = 8

Directory: TypeAlias = npt.NDArray[np.int64]
"""Entries by segment, column and field."""

TRAILER_SIZE: Final = 64
ENTRY_FIELDS: Final = 8


class ColumnsBrokenError(ValueError):
    """Content that was declared columnar does not have that form."""


class Entry(NamedTuple):
    """Where one column of one segment lies. Places count from the beginning of the content; 0 is nowhere.

    `width` is the bytes of an integer, of a code, or of an offset of texts (offsets of a dictionary have 4). `extra` is
    the base of integers, and the number of texts in a dictionary. `data` and `size` are the texts' bytes.
    """

    form: int
    width: int = 0
    extra: int = 0
    valid: int = 0
    numbers: int = 0
    offsets: int = 0
    data: int = 0
    size: int = 0


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the content says of itself. `text` is the SHA-256 of the text that rows are records of, or empty."""

    names: tuple[str, ...]
    text: str = ""
    text_size: int = 0


class Trailer(NamedTuple):
    """The last numbers of a content, before the magic that ends it."""

    rows: int
    columns: int
    segments: int
    directory: int
    description: int
    description_size: int


def padding(size: int) -> bytes:
    """What follows a buffer of this size, so that the next one is aligned."""
    return bytes(-size % ALIGNMENT)


def encode_trailer(trailer: Trailer) -> bytes:
    """The trailer as bytes."""
    numbers = np.array([*trailer, 0], "<i8")
    return numbers.tobytes() + MAGIC


def is_columnar(content: Buffer) -> bool:
    """Whether a content begins as a columnar one does."""
    return bytes(content[: len(MAGIC)]) == MAGIC


def read_layout(content: Buffer) -> tuple[Trailer, Description, Directory]:
    """The parts that say where everything is. Raises `ColumnsBrokenError`."""
    size = len(content)
    if size < len(MAGIC) + TRAILER_SIZE or bytes(content[size - len(MAGIC) :]) != MAGIC:
        raise ColumnsBrokenError("expected a trailer at the end of the content")
    *numbers, _ = np.frombuffer(content[size - TRAILER_SIZE : size - len(MAGIC)], "<i8").tolist()
    trailer = Trailer(*numbers)
    entries = trailer.segments * trailer.columns
    has_sound_numbers = min(trailer) >= 0 and trailer.segments == -(-trailer.rows // SEGMENT)
    directory_stop = trailer.directory + entries * ENTRY_FIELDS * 8
    in_order = directory_stop == trailer.description
    ends_well = trailer.description + trailer.description_size + TRAILER_SIZE == size
    if not has_sound_numbers or not in_order or not ends_well:
        raise ColumnsBrokenError("expected the directory and the description before the trailer")
    description = _description(content, trailer)
    directory = np.frombuffer(content[trailer.directory : directory_stop], "<i8")
    return trailer, description, directory.reshape(trailer.segments, trailer.columns, ENTRY_FIELDS)


def _description(content: Buffer, trailer: Trailer) -> Description:
    stop = trailer.description + trailer.description_size
    try:
        description = msgspec.json.decode(bytes(content[trailer.description : stop]), type=Description)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ColumnsBrokenError("its description cannot be read") from None
    stored = len(description.names) + (2 if description.text else 0)
    if not description.names or stored != trailer.columns:
        raise ColumnsBrokenError(f"expected {stored} columns as described, found {trailer.columns}")
    return description


def view(content: Buffer, start: int, kind: str, count: int) -> npt.NDArray[Any]:
    """So many numbers of a NumPy type from a place on: a view, never a copy. Raises `ColumnsBrokenError`."""
    stop = start + count * np.dtype(kind).itemsize
    if start < 0 or count < 0 or stop > len(content):
        raise ColumnsBrokenError("a column reaches beyond the content")
    return np.frombuffer(octets(content)[start:stop], kind)
