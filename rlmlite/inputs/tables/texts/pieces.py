"""A large text cut into pieces for threads: each ends where a line ends that is in no quoted cell."""

import importlib.util
from collections.abc import Iterator
from typing import NamedTuple

from rlmlite.inputs.tables.texts.lines import TextFile
from rlmlite_kernel.engines.bytes.buffers import count_byte

SMALLEST, LARGEST = 512 * 1024, 4 * 1024 * 1024
"""Bytes of a piece, about: an eighth of the text, so that threads have something to share, but no less and no more."""

LARGE = 4 * 1024 * 1024
"""Bytes of a text from which on the libraries of the fast ways are worth their start."""


def is_worth_it(file: TextFile) -> bool:
    """Whether a file may be read by pieces: it is large, pyarrow is there, and it is no sheet of before."""
    is_large = len(file.text) >= LARGE and not file.path.is_sheet
    return is_large and importlib.util.find_spec("pyarrow") is not None


_BLOCK = 1 << 16


class Piece(NamedTuple):
    """A part of the text, from the beginning of a row to that of another, and its bytes, which are not copied."""

    start: int
    stop: int
    content: memoryview
    is_last: bool


def cut_pieces(text: memoryview, start: int, quote: str | None) -> Iterator[Piece]:
    """The pieces from a byte on, where a row begins. A row longer than a piece is cut anywhere."""
    size = len(text)
    most = min(LARGEST, max(SMALLEST, size // 8))
    while start < size:
        stop = min(start + most, size)
        if stop < size:
            stop = start + _last_end(text[start:stop], quote)
        yield Piece(start, stop, text[start:stop], stop == size)
        start = stop


def _last_end(content: memoryview, quote: str | None) -> int:
    """Where the last line ends that is in no cell, as far as the number of quotes tells."""
    stop = _line_start(content, len(content))
    quotes = count_byte(content[:stop], ord(quote)) if quote else 0
    while quote and stop and quotes % 2:
        before = _line_start(content, stop - 1)
        quotes -= count_byte(content[before:stop], ord(quote))
        stop = before
    return stop or len(content)


def _line_start(content: memoryview, at: int) -> int:
    """Where the line begins that a place is in, or at the end of which it is."""
    for stop in range(at, 0, -_BLOCK):
        start = max(0, stop - _BLOCK)
        feed = bytes(content[start:stop]).rfind(b"\n")
        if feed >= 0:
            return start + feed + 1
    return 0
