"""A large text cut into pieces for threads: each ends where a line ends that is in no quoted cell."""

import importlib.util
from collections.abc import Iterator
from typing import NamedTuple

from rlmlite.inputs.tables.texts.lines import TextFile

SIZE = 8 * 1024 * 1024
"""Bytes of a piece, about."""

LARGE = 4 * 1024 * 1024
"""Bytes of a text from which on the libraries of the fast ways are worth their start."""


def is_worth_it(file: TextFile) -> bool:
    """Whether a file may be read by pieces: it is large, pyarrow is there, and it is no sheet of before."""
    is_large = len(file.text) >= LARGE and not file.path.is_sheet
    return is_large and importlib.util.find_spec("pyarrow") is not None


class Piece(NamedTuple):
    """A part of the text, from the beginning of a row to that of another, and its bytes."""

    start: int
    stop: int
    content: bytes
    is_last: bool


def cut_pieces(text: memoryview, start: int, quote: str | None) -> Iterator[Piece]:
    """The pieces from a byte on, where a row begins. A row longer than a piece is cut anywhere."""
    size = len(text)
    while start < size:
        content = bytes(text[start : start + SIZE])
        if start + len(content) < size:
            content = content[: _last_end(content, quote)]
        stop = start + len(content)
        yield Piece(start, stop, content, stop == size)
        start = stop


def _last_end(content: bytes, quote: str | None) -> int:
    """Where the last line ends that is in no cell, as far as the number of quotes tells."""
    sign = (quote or "").encode()
    stop = content.rfind(b"\n") + 1
    quotes = content.count(sign, 0, stop) if sign else 0
    while stop and quotes % 2:
        before = content.rfind(b"\n", 0, stop - 1) + 1
        quotes -= content.count(sign, before, stop)
        stop = before
    return stop or len(content)
