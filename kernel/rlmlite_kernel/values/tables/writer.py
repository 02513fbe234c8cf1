"""The writer of columnar contents: batches of any size in, blocks of bytes out, a segment at a time.

What it holds is one segment. Each of its columns goes through the same three steps, so that the bytes follow from the
values and not from the batches or the library that they came in:

    join      the parts of the segment, one below the other: 40,000 ints and 25,536 doubles are 65,536 doubles
    narrow    doubles that are all whole are integers; texts of which few are different are coded
    store     in the smallest form, see `layout`

A column of texts is coded if at most half of its first 256 rows are different, and at most a quarter of all: names of
cities are, names of people mostly not.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray
from rlmlite_kernel.values.tables import parts as parts_of
from rlmlite_kernel.values.tables.layout import (
    CODED,
    DECIMALS,
    FLAGS,
    INTEGERS,
    MAGIC,
    NULLS,
    SEGMENT,
    SPELLED,
    TEXTS,
    Description,
    Entry,
    Trailer,
    encode_trailer,
    padding,
)
from rlmlite_kernel.values.tables.parts import Part

_SAMPLE = 256
_RARE = 4
"""Texts are coded if each of them comes as often as this, on average."""

_DICTIONARY = 1 << 31
"""Bytes of a dictionary, at most, so that its offsets have 4 bytes."""

_DESCRIPTION = msgspec.json.Encoder()


class Batch(NamedTuple):
    """Some rows of a table: a part for each column, all of `rows` rows.

    `starts` and `stops` are where each row's record lies in the text that the table is read from, if it is from one.
    """

    columns: Sequence[Part]
    rows: int
    starts: Part | None = None
    stops: Part | None = None


def columnar_blocks(
    names: Sequence[str], batches: Iterable[Batch], text: str = "", text_size: int = 0
) -> Iterator[bytes]:
    """A columnar content in blocks. `text` is the SHA-256 of the text whose records the rows are; batches then have
    `starts` and `stops`.
    """
    writer = _Writer()
    columns = len(names) + (2 if text else 0)
    yield from writer.begin()
    for segment in _segments(batches, columns, bool(text)):
        for part in segment:
            yield from writer.column(part)
        writer.rows += segment[0].rows
    yield from writer.end(columns, Description(tuple(names), text, text_size))


def _segments(batches: Iterable[Batch], columns: int, has_places: bool) -> Iterator[list[Part]]:
    """The columns of each segment, joined from the parts of the batches."""
    waiting: list[list[Part]] = [[] for _ in range(columns)]
    rows = 0
    for batch in batches:
        parts = [*batch.columns]
        if has_places:
            parts += _places(batch)
        start = 0
        while start < batch.rows:
            stop = min(batch.rows, start + SEGMENT - rows)
            for column, part in zip(waiting, parts, strict=True):
                column.append(part.slice(start, stop))
            rows += stop - start
            start = stop
            if rows == SEGMENT:
                yield [parts_of.concatenate(column) for column in waiting]
                waiting, rows = [[] for _ in range(columns)], 0
    if rows:
        yield [parts_of.concatenate(column) for column in waiting]


def _places(batch: Batch) -> tuple[Part, Part]:
    """Where the record of each row begins, and its length."""
    assert batch.starts is not None
    assert batch.stops is not None
    return batch.starts, batch.stops._replace(data=batch.stops.data - batch.starts.data)


class _Writer:
    """Counts the bytes that were written, and notes where each column lies."""

    def __init__(self) -> None:
        self.rows = 0
        self._at = 0
        self._entries: list[Entry] = []
        self._out: list[bytes] = []

    def begin(self) -> Iterator[bytes]:
        self._put(MAGIC)
        yield from self._take()

    def column(self, part: Part) -> Iterator[bytes]:
        """One column of a segment."""
        part = parts_of.narrow(part)
        if part.kind in ("text", "coded"):
            part = _choose_coding(part)
        valid = 0
        if part.kind != "null" and part.valid is not None:
            valid = self._put(np.packbits(part.valid, bitorder="little").tobytes())
        self._entries.append(self._store(part)._replace(valid=valid))
        yield from self._take()

    def end(self, columns: int, description: Description) -> Iterator[bytes]:
        """The directory and what follows it."""
        directory = self._put(np.array(self._entries, "<i8").tobytes())
        encoded = _DESCRIPTION.encode(description)
        # Not padded: the trailer follows at once.
        self._out.append(encoded)
        segments = len(self._entries) // columns
        trailer = Trailer(self.rows, columns, segments, directory, self._at, len(encoded))
        self._out.append(encode_trailer(trailer))
        yield from self._take()

    def _store(self, part: Part) -> Entry:
        if part.kind == "int":
            return self._store_integers(part)
        if part.kind == "float":
            return Entry(DECIMALS, 8, numbers=self._put(part.data.astype("<f8").tobytes()))
        if part.kind == "bool":
            return Entry(FLAGS, numbers=self._put(np.packbits(part.data, bitorder="little").tobytes()))
        if part.kind == "null":
            return Entry(NULLS)
        return self._store_texts(part)

    def _store_integers(self, part: Part) -> Entry:
        there: IntArray = part.data if part.valid is None else part.data[part.valid]
        base, top = int(there.min()), int(there.max())
        width = _width(top - base)
        if width == 0:
            return Entry(INTEGERS, 0, base)
        # In unsigned arithmetic, where the difference of any two 64-bit integers has room.
        above = part.data.view(np.uint64) - np.array(base, np.int64).view(np.uint64)
        if part.valid is not None:
            above[~part.valid] = 0
        return Entry(INTEGERS, width, base, numbers=self._put(above.astype(f"<u{width}").tobytes()))

    def _store_texts(self, part: Part) -> Entry:
        assert part.offsets is not None
        cuts = part.offsets - part.offsets[0]
        size = int(cuts[-1])
        data = part.data[int(part.offsets[0]) : int(part.offsets[-1])].tobytes()
        if part.codes is not None:
            width = _width(len(cuts) - 2)
            numbers = self._put(part.codes.astype(f"<u{width}").tobytes()) if width else 0
            offsets = self._put(cuts.astype("<u4").tobytes())
            return Entry(CODED, width, len(cuts) - 1, 0, numbers, offsets, self._put(data), size)
        width = 4 if size < 1 << 32 else 8
        offsets = self._put(cuts.astype(f"<u{width}").tobytes())
        form = SPELLED if part.kind == "spelled" else TEXTS
        return Entry(form, width, 0, 0, 0, offsets, self._put(data), size)

    def _put(self, data: bytes) -> int:
        """Append a buffer; returns where it lies."""
        at = self._at
        padded = padding(len(data))
        self._out.append(data)
        if padded:
            self._out.append(padded)
        self._at += len(data) + len(padded)
        return at

    def _take(self) -> Iterator[bytes]:
        if self._out:
            yield b"".join(self._out)
            self._out = []


def _width(reach: int) -> int:
    """The bytes of unsigned numbers from 0 to `reach`."""
    return next(width for width in (0, 1, 2, 4, 8) if reach < 1 << 8 * width)


def _choose_coding(part: Part) -> Part:
    """Texts coded or not, as the rule says, whatever they were before."""
    there = part.rows if part.valid is None else int(part.valid.sum())
    if not _seem_to_recur(part):
        return parts_of.expand(part)
    numbered = _number_texts(part)
    assert numbered.offsets is not None
    texts, size = len(numbered.offsets) - 1, len(numbered.data)
    if texts * _RARE > there or size >= _DICTIONARY:
        return parts_of.expand(part)
    return numbered


def _seem_to_recur(part: Part) -> bool:
    """Whether at most half of the first texts are different."""
    first = part.slice(0, min(_SAMPLE, part.rows))
    rows = np.arange(first.rows) if first.valid is None else np.flatnonzero(first.valid)
    # Of coded texts each code once: there are few, and to take a text out costs more than to find them.
    numbers = rows if first.codes is None else np.unique(first.codes[rows])
    return 2 * len({first.text(number) for number in numbers.tolist()}) <= first.rows


def _number_texts(part: Part) -> Part:
    """Coded texts whose dictionary holds each text once, in order of appearance, and no other."""
    rows = _there(part.valid, part.rows)
    if part.codes is None:
        codes, firsts = _number([part.text(row) for row in rows.tolist()])
        numbers = rows[firsts]
    else:
        assert part.offsets is not None
        # Only what is used of the dictionary; and of what is used, a text may be in it twice.
        used, firsts = _in_order(part.codes[rows], len(part.offsets) - 1)
        numbers = part.codes[rows[firsts]]
        same, firsts = _number([part.text(number) for number in numbers.tolist()])
        codes, numbers = same[used], numbers[firsts]
    dictionary = parts_of.take_texts(part._replace(kind="text", codes=None), numbers, None)
    all_codes = np.zeros(part.rows, np.int64)
    all_codes[rows] = codes
    return Part("coded", part.rows, part.valid, dictionary.data, dictionary.offsets, all_codes)


def _there(valid: BoolArray | None, rows: int) -> IntArray:
    return np.arange(rows) if valid is None else np.flatnonzero(valid)


def _number(texts: Sequence[bytes]) -> tuple[IntArray, IntArray]:
    """A number for each text, in order of appearance, and where each number appears first."""
    numbers: dict[bytes, int] = {}
    codes = np.fromiter((numbers.setdefault(text, len(numbers)) for text in texts), np.int64, len(texts))
    return codes, _first_rows(codes, len(numbers))


def _in_order(codes: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """Codes numbered anew in order of appearance, and where each appears first."""
    firsts = _first_rows(codes, count)
    used = np.flatnonzero(firsts >= 0)
    used = used[np.argsort(firsts[used])]
    number = np.zeros(count, np.int64)
    number[used] = np.arange(len(used))
    return number[codes], firsts[used]


def _first_rows(codes: IntArray, count: int) -> IntArray:
    """The first row of each code; -1 for one that has none."""
    firsts: npt.NDArray[Any] = np.full(count, -1, np.int64)
    # Written from the last row to the first, so that the first one stays.
    firsts[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return firsts
