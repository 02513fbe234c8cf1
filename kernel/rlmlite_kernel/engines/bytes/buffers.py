"""Buffers: content as the engines see it, valid UTF-8 that is never copied whole and never decoded whole.

A content may be a mapped file of gigabytes, so every engine looks at it through one of three views:

    content = "né\\n".encode()              a Buffer: the bytes 6E C3 A9 0A
    octets(content)                        the same bytes as a vector, for NumPy: [0x6E, 0xC3, 0xA9, 0x0A]
    haystack(content).find(b"\\n", 0, 4)    3, by SIMD search
    snap(content, 2)                       1: offset 2 lies inside the "é" that starts at 1

Offsets are bytes from 0 and ranges are half-open, everywhere in the engines.
"""

import hashlib
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

# It is a C extension without stubs; `Haystack` gives it types.
import stringzilla  # type: ignore[import-not-found]

Buffer: TypeAlias = bytes | memoryview
"""Content in bytes. A mapped file comes as a `memoryview`: contiguous, of unsigned bytes."""

IntArray: TypeAlias = npt.NDArray[np.int64]
"""Offsets, line numbers or counts, one per row."""

BoolArray: TypeAlias = npt.NDArray[np.bool_]
"""A yes or no for each row, byte or word."""

SpanArrays: TypeAlias = tuple[IntArray, IntArray]
"""Half-open ranges [start, stop), as their starts and their stops."""

Octets: TypeAlias = npt.NDArray[np.uint8]
"""Bytes as a vector: a view of a buffer, never a copy."""


class Haystack(Protocol):
    """A text to search for bytes. Offsets are of the whole text; a result of -1 means "not found"."""

    def find(self, needle: bytes, start: int, stop: int, /) -> int:
        """The first occurrence inside [start, stop)."""

    def rfind(self, needle: bytes, start: int, stop: int, /) -> int:
        """The last occurrence inside [start, stop)."""

    def count(self, needle: bytes, start: int, stop: int, /) -> int:
        """The number of occurrences inside [start, stop), left to right, without overlap."""


def haystack(content: Buffer) -> Haystack:
    """The content as a text to search by SIMD."""
    return cast(Haystack, stringzilla.Str(content))


def octets(content: Buffer) -> Octets:
    """The content as a vector."""
    return np.frombuffer(content, np.uint8)


def count_byte(content: Buffer, byte: int) -> int:
    """How often a byte occurs. Unlike `bytes.count` it lets other threads run."""
    data = octets(content)
    # In blocks, here and below, so that the flags stay in the processor's cache: those of a whole content would be
    # fresh pages each time, which take longer to get than to fill.
    parts = (data[start : start + _COUNTED] for start in range(0, len(data), _COUNTED))
    return sum(int(np.count_nonzero(part == byte)) for part in parts)


def places_of(content: Buffer, byte: int) -> IntArray:
    """Where a byte occurs."""
    data = octets(content)
    places = [np.flatnonzero(data[start : start + _COUNTED] == byte) + start for start in range(0, len(data), _COUNTED)]
    return np.concatenate(places) if places else np.zeros(0, np.int64)


_COUNTED = 1 << 18


def lower_ascii(content: Buffer) -> bytes:
    """A copy with A-Z in lower case. For bounded blocks only."""
    return cast(bytes, stringzilla.translate(content, _LOWER))


def is_ascii(content: Buffer) -> bool:
    """Whether every byte is below 128. It reads all of them, so it is for bounded blocks only."""
    return len(content) == 0 or bool(octets(content).max() < 128)


def snap(content: Buffer, offset: int) -> int:
    """The offset, clamped to the content and moved down to the start of its code point."""
    place = max(0, min(offset, len(content)))
    while 0 < place < len(content) and content[place] & 0xC0 == 0x80:
        place -= 1
    return place


def join_ranges(data: Octets, starts: IntArray, lengths: IntArray) -> Octets:
    """The bytes of many ranges end to end: `starts` and `lengths` of each, in any order."""
    longest = int(lengths.max(initial=0))
    if 0 < longest <= min(_SHORT, len(data)):
        return _join_short(data, starts, lengths, longest)
    stops = np.cumsum(lengths)
    # For each byte of the result, where it is in the data.
    places = np.repeat(starts - (stops - lengths), lengths)
    joined: Octets = data[places + np.arange(len(places))]
    return joined


_SHORT = 48
"""Bytes of a range up to which taking so many of each, and leaving out some, is quicker than a place for each byte."""


def _join_short(data: Octets, starts: IntArray, lengths: IntArray, longest: int) -> Octets:
    """As `join_ranges`, where none is longer than `longest`.

    A view of the data has as many bytes from every place on: one element, which is copied as a whole.
    """
    last = len(data) - longest
    windows = np.ndarray((last + 1,), f"V{longest}", data, strides=(1,))
    # A range near the end is taken from a window that begins before it.
    begins = np.minimum(starts, last)
    taken = windows[begins].view(np.uint8).reshape(len(starts), longest)
    # In the smallest integers, since there is one for every byte.
    places = np.arange(longest, dtype=np.int8)
    before, sizes = (starts - begins).astype(np.int8)[:, None], lengths.astype(np.int8)[:, None]
    inside = places < before + sizes
    if before.any():
        inside &= places >= before
    joined: Octets = taken.reshape(-1)[inside.reshape(-1)]
    return joined


def int_array(values: Any) -> IntArray:
    """Integers as a vector; no copy if they are one already."""
    return np.asarray(values, np.int64)


def digest_of(array: IntArray) -> str:
    """SHA-256 (hex) of the declared layout: little-endian 64-bit integers."""
    return hashlib.sha256(np.ascontiguousarray(array, dtype="<i8").data).hexdigest()


_LOWER = bytes(range(256)).lower()
