"""Texts as lines in blocks, each line with where it came from; memory does not grow with a text or a line."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import Buffer, IntArray, haystack, int_array, octets, snap

BLOCK = 1 << 18
"""Bytes that are read at once. Which lines find no room in a full table can depend on it, nothing else."""

CLIP = 4_096
"""Bytes of a line that are looked at."""


class TextPart(NamedTuple):
    """content[start:stop], a text of its own."""

    content: Buffer
    start: int
    stop: int


class LineBlock(NamedTuple):
    """Lines end to end, each with its newline, clipped: the part that each is of, and its offset in the content.

    `clipped` of them were longer.
    """

    buffer: bytes
    parts: IntArray
    offsets: IntArray
    clipped: int


def line_blocks(parts: Iterable[TextPart]) -> Iterator[LineBlock]:
    """All lines of all parts, in order. A part without text has none."""
    waiting: list[tuple[int, TextPart]] = []
    size = 0
    for number, part in enumerate(parts):
        if part.stop - part.start >= BLOCK:
            yield from _gathered(waiting)
            yield from _of_one(number, part)
            waiting, size = [], 0
            continue
        if part.stop > part.start:
            waiting.append((number, part))
            size += part.stop - part.start
        if size >= BLOCK:
            yield from _gathered(waiting)
            waiting, size = [], 0
    yield from _gathered(waiting)


def _gathered(waiting: Sequence[tuple[int, TextPart]]) -> Iterator[LineBlock]:
    """Small parts as one block."""
    if not waiting:
        return
    texts = [bytes(memoryview(part.content)[part.start : part.stop]) for _, part in waiting]
    texts = [text if text.endswith(b"\n") else text + b"\n" for text in texts]
    begins = np.cumsum([0, *map(len, texts[:-1])])
    buffer = b"".join(texts)
    starts = _starts(buffer)
    which = np.searchsorted(begins, starts, side="right") - 1
    shifts = int_array([part.start for _, part in waiting]) - begins
    numbers = int_array([number for number, _ in waiting])
    yield _clipped(buffer, numbers[which], starts, starts + shifts[which])


def _of_one(number: int, part: TextPart) -> Iterator[LineBlock]:
    view, hay = memoryview(part.content), haystack(part.content)
    start = part.start
    while start < part.stop:
        end = min(start + BLOCK, part.stop)
        if end < part.stop:
            end = hay.rfind(b"\n", start, end) + 1
        if end <= start:  # a line longer than a block
            found = hay.find(b"\n", start, part.stop)
            end = part.stop if found < 0 else found + 1
            stop = part.stop if found < 0 else found
            text = bytes(view[start : stop if stop - start <= CLIP else snap(part.content, start + CLIP)])
            yield LineBlock(text + b"\n", int_array([number]), int_array([start]), int(stop - start > CLIP))
        else:
            buffer = bytes(view[start:end])
            buffer = buffer if buffer.endswith(b"\n") else buffer + b"\n"
            starts = _starts(buffer)
            yield _clipped(buffer, np.full(len(starts), number, np.int64), starts, starts + start)
        start = end


def _starts(buffer: bytes) -> IntArray:
    return np.concatenate((int_array([0]), np.flatnonzero(octets(buffer) == 10)[:-1] + 1))


def _clipped(buffer: bytes, parts: IntArray, starts: IntArray, offsets: IntArray) -> LineBlock:
    sizes = np.diff(np.append(starts, len(buffer))) - 1
    clipped = int((sizes > CLIP).sum())
    if clipped:
        pairs = zip(starts.tolist(), np.minimum(sizes, CLIP + 1).tolist(), strict=True)
        buffer = b"".join(_head(buffer, start, size) for start, size in pairs)
    return LineBlock(buffer, parts, offsets, clipped)


def _head(buffer: bytes, start: int, size: int) -> bytes:
    stop = start + size
    return buffer[start : stop if size <= CLIP else snap(buffer, start + CLIP)] + b"\n"
