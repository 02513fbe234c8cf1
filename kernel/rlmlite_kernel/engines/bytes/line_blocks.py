"""Line blocks: the lines of many texts, some 256 KiB at a time, each line with where it came from.

An engine that looks at every line (`patterns`) wants few large buffers, but is given texts of any size: ten thousand
small documents, or one log of 10 GB. So small texts are joined into one block, and a large one is cut at newlines. A
line longer than 4 KiB is clipped, so memory does not grow with a line either.

    line_blocks([TextPart(b"..ab\\ncd", 2, 7), TextPart(b"ef", 0, 2)])
    one LineBlock: buffer b"ab\\ncd\\nef\\n", parts [0, 0, 1], offsets [2, 5, 0], clipped 0

Every line in a buffer ends with a newline, the last one of a text too, even if that has none.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, Haystack, IntArray, haystack, int_array, octets, snap

BLOCK = 1 << 18
"""Bytes per block. Which lines find no room in a full table of `patterns` can depend on it, nothing else."""

CLIP = 4_096
"""Bytes of a line that are looked at."""


class TextPart(NamedTuple):
    """content[start:stop], a text of its own."""

    content: Buffer
    start: int
    stop: int


class LineBlock(NamedTuple):
    """Lines end to end, each with its newline: the number of the part that each is of, and its offset in the content.

    `clipped` of them were longer than `CLIP`.
    """

    buffer: bytes
    parts: IntArray
    offsets: IntArray
    clipped: int


def line_blocks(parts: Iterable[TextPart]) -> Iterator[LineBlock]:
    """All lines of all parts, in order. An empty part has none."""
    # Parts that wait to be joined, with their numbers.
    small: list[tuple[int, TextPart]] = []
    size = 0
    for number, part in enumerate(parts):
        if part.stop - part.start >= BLOCK:
            # The small ones come first, as lines keep the order of their parts.
            yield from _join_parts(small)
            yield from _cut_part(number, part)
            small, size = [], 0
            continue
        if part.stop > part.start:
            small.append((number, part))
            size += part.stop - part.start
        if size >= BLOCK:
            yield from _join_parts(small)
            small, size = [], 0
    yield from _join_parts(small)


def _join_parts(small: Sequence[tuple[int, TextPart]]) -> Iterator[LineBlock]:
    """Small parts as one block."""
    if not small:
        return
    views = [memoryview(part.content)[part.start : part.stop] for _, part in small]
    texts = [_end_with_newline(bytes(view)) for view in views]
    buffer = b"".join(texts)
    text_starts = np.cumsum([0, *map(len, texts[:-1])])
    # Each line belongs to the last text that starts at or before it.
    line_starts = _line_starts(buffer)
    text_of_line = np.searchsorted(text_starts, line_starts, side="right") - 1
    # What is added to an offset in the buffer to make it one in the content, for each text.
    to_content = int_array([part.start for _, part in small]) - text_starts
    numbers = int_array([number for number, _ in small])
    offsets = line_starts + to_content[text_of_line]
    yield _clip_lines(buffer, numbers[text_of_line], line_starts, offsets)


def _cut_part(number: int, part: TextPart) -> Iterator[LineBlock]:
    """A large part as blocks that end at newlines."""
    view, hay = memoryview(part.content), haystack(part.content)
    start = part.start
    while start < part.stop:
        stop = min(start + BLOCK, part.stop)
        if stop < part.stop:
            # If there is none, -1 + 1: no block can end here.
            stop = hay.rfind(b"\n", start, stop) + 1
        if stop <= start:
            line, stop = _long_line(number, part, start, hay)
            yield line
        else:
            buffer = _end_with_newline(bytes(view[start:stop]))
            line_starts = _line_starts(buffer)
            parts = np.full(len(line_starts), number, np.int64)
            yield _clip_lines(buffer, parts, line_starts, line_starts + start)
        start = stop


def _long_line(number: int, part: TextPart, start: int, hay: Haystack) -> tuple[LineBlock, int]:
    """A line that fills a block alone: its block, and where the next line starts. The line is never copied whole."""
    newline = hay.find(b"\n", start, part.stop)
    line_stop, next_start = newline, newline + 1
    if newline < 0:
        # The last line, without a newline.
        line_stop = next_start = part.stop
    is_clipped = line_stop - start > CLIP
    # At a code point, as half of one would be no valid UTF-8.
    clipped_stop = snap(part.content, start + CLIP) if is_clipped else line_stop
    text = bytes(memoryview(part.content)[start:clipped_stop])
    block = LineBlock(text + b"\n", int_array([number]), int_array([start]), int(is_clipped))
    return block, next_start


def _end_with_newline(text: bytes) -> bytes:
    return text if text.endswith(b"\n") else text + b"\n"


def _line_starts(buffer: bytes) -> IntArray:
    # The buffer ends with a newline, after which no line starts.
    newlines = np.flatnonzero(octets(buffer) == 10)
    return np.concatenate((int_array([0]), newlines[:-1] + 1))


def _clip_lines(buffer: bytes, parts: IntArray, starts: IntArray, offsets: IntArray) -> LineBlock:
    """A block of these lines, in which none is longer than `CLIP`."""
    # A line runs to where the next one starts, less its newline.
    sizes = np.diff(np.append(starts, len(buffer))) - 1
    clipped = int((sizes > CLIP).sum())
    if clipped:
        lines = zip(starts.tolist(), sizes.tolist(), strict=True)
        buffer = b"".join(_clip_line(buffer, start, size) for start, size in lines)
    return LineBlock(buffer, parts, offsets, clipped)


def _clip_line(buffer: bytes, start: int, size: int) -> bytes:
    stop = start + size if size <= CLIP else snap(buffer, start + CLIP)
    return buffer[start:stop] + b"\n"
