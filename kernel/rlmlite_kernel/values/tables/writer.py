"""The writer of columnar contents: batches of any size in, blocks of bytes out, a segment at a time.

What it holds is one segment, and what threads have begun of the next. Each column of a segment goes through the same
three steps, so that the bytes follow from the values and not from the batches or the library that they came in:

    join      the parts of the segment, one below the other: 40,000 ints and 25,536 doubles are 65,536 doubles
    narrow    doubles that are all whole are integers; texts of which few are different are coded
    store     in the smallest form, see `layout`

A column of texts is coded if at most half of its first rows are different, and at most a quarter of all: names of
cities are, names of people mostly not. How many rows are the first is part of a recipe (`SAMPLES`), since the bytes
depend on it: 500 shops are 200 in the first 256 rows, which looks like names, and 490 in the first 2,048.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import BoolArray, IntArray
from rlmlite_kernel.engines.bytes.threads import map_in_order
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

COLUMNS: Final = "columns-2"
"""What recipes call the content that is written now."""

SAMPLES: Mapping[str, int] = {"columns": 256, COLUMNS: 2_048}
"""The first rows of a segment, by which texts are coded or not, of each content that recipes name."""

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
    names: Sequence[str], batches: Iterable[Batch], text: str = "", text_size: int = 0, layout: str = COLUMNS
) -> Iterator[bytes]:
    """A columnar content in blocks. `text` is the SHA-256 of the text whose records the rows are; batches then have
    `starts` and `stops`. `layout` is one of `SAMPLES`.
    """
    writer = _Writer()
    columns = len(names) + (2 if text else 0)
    yield writer.begin()
    segments = _segments(batches, columns, bool(text))
    # Threads encode columns; where each lies is known once those before it are there.
    encode = partial(_encode, SAMPLES[layout])
    for encoded in map_in_order(encode, (column for segment in segments for column in segment)):
        yield from writer.place(encoded)
    yield writer.end(columns, Description(tuple(names), text, text_size))


def _segments(batches: Iterable[Batch], columns: int, has_places: bool) -> Iterator[list[list[Part]]]:
    """The columns of each segment, each in the parts that the batches have of it."""
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
                yield waiting
                waiting, rows = [[] for _ in range(columns)], 0
    if rows:
        yield waiting


def _places(batch: Batch) -> tuple[Part, Part]:
    """Where the record of each row begins, and its length."""
    assert batch.starts is not None
    assert batch.stops is not None
    return batch.starts, batch.stops._replace(data=batch.stops.data - batch.starts.data)


class _Encoded(NamedTuple):
    """A column of a segment. The places of its entry are numbers of buffers, counted from 1; 0 is nowhere."""

    rows: int
    entry: Entry
    buffers: list[memoryview]


def _encode(sample: int, column: Sequence[Part]) -> _Encoded:
    """One column of a segment, in the smallest form that holds its values."""
    part = parts_of.narrow(parts_of.concatenate(column))
    if part.kind in ("text", "coded"):
        part = _choose_coding(part, sample)
    buffers: list[memoryview] = []
    valid = 0
    if part.kind != "null" and part.valid is not None:
        valid = _add(buffers, np.packbits(part.valid, bitorder="little"))
    return _Encoded(part.rows, _store(part, buffers)._replace(valid=valid), buffers)


def _add(buffers: list[memoryview], data: npt.NDArray[Any]) -> int:
    """Add a buffer, which is not copied; returns its number."""
    buffers.append(np.ascontiguousarray(data).view(np.uint8).data)
    return len(buffers)


def _store(part: Part, buffers: list[memoryview]) -> Entry:
    if part.kind == "int":
        return _store_integers(part, buffers)
    if part.kind == "float":
        return Entry(DECIMALS, 8, numbers=_add(buffers, part.data.astype("<f8", copy=False)))
    if part.kind == "bool":
        return Entry(FLAGS, numbers=_add(buffers, np.packbits(part.data, bitorder="little")))
    if part.kind == "null":
        return Entry(NULLS)
    return _store_texts(part, buffers)


def _store_integers(part: Part, buffers: list[memoryview]) -> Entry:
    there: IntArray = part.data if part.valid is None else part.data[part.valid]
    base, top = int(there.min()), int(there.max())
    width = _width(top - base)
    if width == 0:
        return Entry(INTEGERS, 0, base)
    # In unsigned arithmetic, where the difference of any two 64-bit integers has room.
    above = part.data.view(np.uint64) - np.array(base, np.int64).view(np.uint64)
    if part.valid is not None:
        above[~part.valid] = 0
    return Entry(INTEGERS, width, base, numbers=_add(buffers, above.astype(f"<u{width}", copy=False)))


def _store_texts(part: Part, buffers: list[memoryview]) -> Entry:
    assert part.offsets is not None
    cuts = part.offsets - part.offsets[0]
    size = int(cuts[-1])
    data = part.data[int(part.offsets[0]) : int(part.offsets[-1])]
    if part.codes is not None:
        width = _width(len(cuts) - 2)
        numbers = _add(buffers, part.codes.astype(f"<u{width}")) if width else 0
        offsets = _add(buffers, cuts.astype("<u4"))
        return Entry(CODED, width, len(cuts) - 1, 0, numbers, offsets, _add(buffers, data), size)
    width = 4 if size < 1 << 32 else 8
    offsets = _add(buffers, cuts.astype(f"<u{width}"))
    form = SPELLED if part.kind == "spelled" else TEXTS
    return Entry(form, width, 0, 0, 0, offsets, _add(buffers, data), size)


class _Writer:
    """Counts the bytes that were written, and notes where each column lies."""

    def __init__(self) -> None:
        self._at = 0
        self._rows: list[int] = []
        self._entries: list[Entry] = []

    def begin(self) -> bytes:
        """What comes before the columns."""
        self._at += len(MAGIC)
        return MAGIC

    def place(self, column: _Encoded) -> Iterator[bytes]:
        """The next column of a segment, as a block; none for one that has no bytes."""
        places: list[int] = [0]
        out: list[memoryview | bytes] = []
        for buffer in column.buffers:
            places.append(self._at)
            padded = padding(len(buffer))
            out += [buffer, padded]
            self._at += len(buffer) + len(padded)
        entry = column.entry
        self._entries.append(
            entry._replace(**{name: places[getattr(entry, name)] for name in ("valid", "numbers", "offsets", "data")})
        )
        self._rows.append(column.rows)
        if out:
            yield b"".join(out)

    def end(self, columns: int, description: Description) -> bytes:
        """The directory and what follows it."""
        at = self._at
        directory = np.array(self._entries, "<i8").tobytes()
        encoded = _DESCRIPTION.encode(description)
        # Neither is padded: entries have 64 bytes, and the trailer follows the description at once.
        rows, segments = sum(self._rows[::columns]), len(self._entries) // columns
        trailer = Trailer(rows, columns, segments, at, at + len(directory), len(encoded))
        return b"".join([directory, encoded, encode_trailer(trailer)])


def _width(reach: int) -> int:
    """The bytes of unsigned numbers from 0 to `reach`."""
    return next(width for width in (0, 1, 2, 4, 8) if reach < 1 << 8 * width)


def _choose_coding(part: Part, sample: int) -> Part:
    """Texts coded or not, as the rule says, whatever they were before."""
    there = part.rows if part.valid is None else int(part.valid.sum())
    if not _seem_to_recur(part.slice(0, min(sample, part.rows))):
        return parts_of.expand(part)
    numbered = _number_texts(part)
    assert numbered.offsets is not None
    texts, size = len(numbered.offsets) - 1, len(numbered.data)
    if texts * _RARE > there or size >= _DICTIONARY:
        return parts_of.expand(part)
    return numbered


def _seem_to_recur(first: Part) -> bool:
    """Whether at most half of these texts are different."""
    rows = _there(first.valid, first.rows)
    # Of coded texts each code once: there are few, and to take a text out costs more than to find them.
    numbers = rows if first.codes is None else np.unique(first.codes[rows])
    different: set[bytes] = set()
    for text in _texts_at(first, numbers):
        different.add(text)
        if 2 * len(different) > first.rows:
            return False
    return True


def _number_texts(part: Part) -> Part:
    """Coded texts whose dictionary holds each text once, in order of appearance, and no other."""
    if part.codes is None:
        rows = _there(part.valid, part.rows)
        used, numbers = _number(list(_texts_at(part, rows)))
        numbers = rows[numbers]
    else:
        assert part.offsets is not None
        there = part.codes if part.valid is None else part.codes[part.valid]
        # Only what is used of the dictionary; and of what is used, a text may be in it twice.
        numbers = _in_order(there, len(part.offsets) - 1)
        same, firsts = _number(list(_texts_at(part, numbers)))
        number_of = np.zeros(len(part.offsets) - 1, np.int64)
        number_of[numbers] = same
        used, numbers = number_of[there], numbers[firsts]
    dictionary = parts_of.take_texts(part._replace(kind="text", codes=None), numbers, None)
    codes = used
    if part.valid is not None:
        codes = np.zeros(part.rows, np.int64)
        codes[part.valid] = used
    return Part("coded", part.rows, part.valid, dictionary.data, dictionary.offsets, codes)


def _texts_at(part: Part, numbers: IntArray) -> Iterator[bytes]:
    """The texts with these numbers."""
    assert part.offsets is not None
    data = part.data.data
    starts, stops = part.offsets[numbers].tolist(), part.offsets[numbers + 1].tolist()
    return (bytes(data[start:stop]) for start, stop in zip(starts, stops, strict=True))


def _there(valid: BoolArray | None, rows: int) -> IntArray:
    return np.arange(rows) if valid is None else np.flatnonzero(valid)


def _number(texts: Sequence[bytes]) -> tuple[IntArray, IntArray]:
    """A number for each text, in order of appearance, and where each number appears first."""
    numbers: dict[bytes, int] = {}
    codes = np.fromiter((numbers.setdefault(text, len(numbers)) for text in texts), np.int64, len(texts))
    return codes, _first_rows(codes, len(numbers))


def _in_order(codes: IntArray, count: int) -> IntArray:
    """The codes that are used, of so many, in order of appearance."""
    firsts = _first_rows(codes, count)
    used = np.flatnonzero(firsts >= 0)
    return used[np.argsort(firsts[used])]


def _first_rows(codes: IntArray, count: int) -> IntArray:
    """The first row of each code; -1 for one that has none."""
    firsts: npt.NDArray[Any] = np.full(count, -1, np.int64)
    # Written from the last row to the first, so that the first one stays.
    firsts[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return firsts
