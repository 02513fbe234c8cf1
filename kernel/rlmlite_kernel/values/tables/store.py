"""A columnar content read where it lies: single cells, and whole columns as vectors.

    store = ColumnStore(blob, content)
    store.cell(2, row=70_000)        segment 1 of the content, entry of column 2, one number or text
    store.column(2)                  a vector over all segments, or a list where they have no kind in common

Texts stay where they are: a vector of texts is where each begins and ends. Of coded texts it is a code for each row and
the places of the dictionaries, end to end: so what is asked of a city is asked once for each city.

    segment 0    codes 0 1 0    dictionary "Rome" "Oslo"           codes 0 1 0 2 3
    segment 1    codes 0 1      dictionary "Oslo" "Bern"           dictionary "Rome" "Oslo" "Oslo" "Bern"
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.engines.bytes.buffers import BoolArray, Buffer, IntArray, Octets
from rlmlite_kernel.engines.sums import are_whole
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.tables.layout import (
    CODED,
    DECIMALS,
    FLAGS,
    INTEGERS,
    NULLS,
    SEGMENT,
    SPELLED,
    TEXTS,
    Entry,
    read_layout,
    view,
)
from rlmlite_kernel.values.tables.sheets import value_of
from rlmlite_kernel.values.values import Value
from rlmlite_kernel.values.vectors import EXACT, CodedSpans, Vector

_TEXT_FORMS = {TEXTS, CODED}


class Rendered(NamedTuple):
    """A table as text: the digest of the text, and where the line of each row begins and ends."""

    blob: str
    starts: IntArray
    stops: IntArray


class ColumnStore:
    """The columns of a content. Those that were asked for as a whole are kept. Raises `ColumnsBrokenError`."""

    def __init__(self, blob: str, content: Buffer) -> None:
        self.blob, self.content = blob, content
        trailer, self.description, self._directory = read_layout(content)
        self.rows, self.segments = trailer.rows, trailer.segments
        self.names = self.description.names
        self.rendered: Rendered | None = None
        """The text that the rows of a binary table are searched in; None until somebody searches."""
        self._columns: dict[int, Vector | Sequence[Value]] = {}
        # Of no memory, however many rows a content claims to have.
        self._all_there: BoolArray = np.broadcast_to(np.zeros(1, bool), (self.rows,))

    def entry(self, segment: int, index: int) -> Entry:
        """Where a column of a segment lies."""
        return Entry(*self._directory[segment, index].tolist())

    def bounds(self, segment: int) -> tuple[int, int]:
        """The rows of a segment, as [start, stop)."""
        return segment * SEGMENT, min(self.rows, (segment + 1) * SEGMENT)

    def cell(self, index: int, row: int) -> Value:
        """One value."""
        segment, place = divmod(row, SEGMENT)
        entry = self.entry(segment, index)
        if entry.form == NULLS or not self._is_there(entry, place):
            return None
        if entry.form == INTEGERS:
            return entry.extra + (self._number(entry, place) if entry.width else 0)
        if entry.form == DECIMALS:
            value = float(view(self.content, entry.numbers + 8 * place, "<f8", 1)[0])
            return int(value) if value.is_integer() and abs(value) <= EXACT else value
        if entry.form == FLAGS:
            return self._bit(entry.numbers, place)
        return self._text_cell(entry, place)

    def _text_cell(self, entry: Entry, place: int) -> Value:
        number = place if entry.form != CODED else self._number(entry, place) if entry.width else 0
        width = 4 if entry.form == CODED else entry.width
        start, stop = view(self.content, entry.offsets + width * number, f"<u{width}", 2).tolist()
        start, stop = entry.data + start, entry.data + stop
        if entry.form == SPELLED:
            return value_of(bytes(self.content[start:stop]), self.blob, start)
        return Text(self.blob, start, stop)

    def row_of(self, place: int) -> int | None:
        """The row whose text lies at a place of the content, the first of a text that recurs; None at another place."""
        cell = self.text_at(place)
        return None if cell is None else cell[0]

    def text_at(self, place: int) -> tuple[int, int, int] | None:
        """The text that a place of the content lies in: its row, the first of one that recurs, its start, its stop."""
        starts, owners = self._text_places
        number = int(np.searchsorted(starts, place, side="right")) - 1
        if number < 0:
            return None
        segment, index = divmod(int(owners[number]), self._directory.shape[1])
        entry = self.entry(segment, index)
        start, stop = self.bounds(segment)
        if place > entry.data + entry.size:
            return None
        begins, ends = self._places(entry, entry.extra if entry.form == CODED else stop - start)
        # The last that begins there: those before it are empty.
        text = int(np.searchsorted(begins, place, side="right")) - 1
        row = int(np.argmax(self._codes(entry, stop - start) == text)) if entry.form == CODED else text
        return start + row, int(begins[text]), int(ends[text])

    @cached_property
    def _text_places(self) -> tuple[IntArray, IntArray]:
        """Where the texts of each entry begin, in order, and the number of the entry."""
        entries = self._directory.reshape(-1, self._directory.shape[2])
        forms = entries[:, Entry._fields.index("form")]
        owners = np.flatnonzero((forms == TEXTS) | (forms == CODED) | (forms == SPELLED))
        starts = entries[owners, Entry._fields.index("data")]
        order = np.argsort(starts, kind="stable")
        return starts[order], owners[order]

    def _number(self, entry: Entry, place: int) -> int:
        width = entry.width
        return int(view(self.content, entry.numbers + width * place, f"<u{width}", 1)[0])

    def _is_there(self, entry: Entry, place: int) -> bool:
        return not entry.valid or self._bit(entry.valid, place)

    def _bit(self, at: int, place: int) -> bool:
        return bool(self.content[at + place // 8] >> place % 8 & 1)

    def column(self, index: int) -> Vector | Sequence[Value]:
        """A whole column: as a vector if its values are of one kind, else one object each."""
        if index not in self._columns:
            self._columns[index] = self._column(index)
        return self._columns[index]

    def _column(self, index: int) -> Vector | Sequence[Value]:
        entries = [self.entry(segment, index) for segment in range(self.segments)]
        forms = {entry.form for entry in entries} - {NULLS}
        null = self._nulls(entries)
        if forms == {INTEGERS}:
            return Vector("int", null, self.integers(index))
        if forms == {FLAGS}:
            return Vector("bool", null, self._flags(entries))
        if forms == {CODED}:
            return Vector("text", null, self._coded(entries))
        if forms <= _TEXT_FORMS:
            return Vector("text", null, self._texts(entries))
        if forms <= {INTEGERS, DECIMALS} and self._are_exact(index, entries):
            decimals = self._decimals(index, entries)
            return Vector("float", null, decimals, are_whole(decimals))
        return [self.cell(index, row) for row in range(self.rows)]

    def integers(self, index: int) -> IntArray:
        """A column of integers, zero for null."""
        data = np.zeros(self.rows, np.int64)
        for segment in range(self.segments):
            start, stop = self.bounds(segment)
            entry = self.entry(segment, index)
            if entry.form == INTEGERS:
                self._integers_into(data[start:stop], entry)
        return data

    def segment_integers(self, segment: int, index: int) -> IntArray:
        """The integers of one segment."""
        start, stop = self.bounds(segment)
        data = np.zeros(stop - start, np.int64)
        self._integers_into(data, self.entry(segment, index))
        return data

    def _integers_into(self, data: IntArray, entry: Entry) -> None:
        if entry.width == 0:
            data[:] = entry.extra
        elif entry.width == 8:
            # Unsigned, where what is beyond 64 bits falls off, as it did when the base was taken off.
            above = view(self.content, entry.numbers, "<u8", len(data))
            np.add(above, np.array(entry.extra, np.int64).view(np.uint64), out=data.view(np.uint64))
        else:
            above = view(self.content, entry.numbers, f"<u{entry.width}", len(data))
            np.add(above, np.int64(entry.extra), out=data, dtype=np.int64)
        if entry.valid:
            data[~self._bits(entry.valid, len(data))] = 0

    def _decimals(self, index: int, entries: Sequence[Entry]) -> npt.NDArray[np.float64]:
        data = np.zeros(self.rows, np.float64)
        for segment, entry in enumerate(entries):
            start, stop = self.bounds(segment)
            if entry.form == DECIMALS:
                data[start:stop] = view(self.content, entry.numbers, "<f8", stop - start)
            elif entry.form == INTEGERS:
                data[start:stop] = self.segment_integers(segment, index)
        return data

    def _are_exact(self, index: int, entries: Sequence[Entry]) -> bool:
        """Whether the integers of a column that has decimals too are exact as such."""
        for segment, entry in enumerate(entries):
            if entry.form != INTEGERS:
                continue
            may_be_large = entry.extra < -EXACT or entry.extra + (1 << 8 * entry.width) > EXACT
            if may_be_large:
                whole = self.segment_integers(segment, index)
                if max(-int(whole.min()), int(whole.max())) > EXACT:
                    return False
        return True

    def segment_texts(self, segment: int, index: int) -> tuple[Octets, IntArray, IntArray]:
        """The texts of one segment: their bytes, and where in these each begins and ends; null is empty."""
        start, stop = self.bounds(segment)
        entry = self.entry(segment, index)
        begins, ends = self._places(entry, entry.extra if entry.form == CODED else stop - start)
        if entry.form == CODED:
            codes = self._codes(entry, stop - start)
            begins, ends = begins[codes], ends[codes]
        if entry.valid:
            ends = np.where(self._bits(entry.valid, stop - start), ends, begins)
        return view(self.content, entry.data, "u1", entry.size), begins - entry.data, ends - entry.data

    def _flags(self, entries: Sequence[Entry]) -> BoolArray:
        data = np.zeros(self.rows, bool)
        for segment, entry in enumerate(entries):
            start, stop = self.bounds(segment)
            if entry.form == FLAGS:
                data[start:stop] = self._bits(entry.numbers, stop - start)
        return data

    def _nulls(self, entries: Sequence[Entry]) -> BoolArray:
        if not any(entry.valid or entry.form == NULLS for entry in entries):
            return self._all_there
        null = np.zeros(self.rows, bool)
        for segment, entry in enumerate(entries):
            start, stop = self.bounds(segment)
            if entry.form == NULLS:
                null[start:stop] = True
            elif entry.valid:
                np.logical_not(self._bits(entry.valid, stop - start), out=null[start:stop])
        return null

    def _bits(self, at: int, count: int) -> BoolArray:
        packed = view(self.content, at, "u1", -(-count // 8))
        return cast(BoolArray, np.unpackbits(packed, count=count, bitorder="little").view(np.bool_))

    def _codes(self, entry: Entry, count: int) -> npt.NDArray[Any]:
        if entry.width == 0:
            return np.zeros(count, np.uint8)
        return view(self.content, entry.numbers, f"<u{entry.width}", count)

    def _places(self, entry: Entry, count: int) -> tuple[IntArray, IntArray]:
        """Where the texts of an entry begin and end."""
        width = 4 if entry.form == CODED else entry.width
        cuts = view(self.content, entry.offsets, f"<u{width}", count + 1).astype(np.int64) + entry.data
        return cuts[:-1], cuts[1:]

    def _coded(self, entries: Sequence[Entry]) -> CodedSpans:
        codes = np.full(self.rows, -1, np.int32)
        starts, stops, base = [], [], 0
        for segment, entry in enumerate(entries):
            if entry.form != CODED:
                continue
            start, stop = self.bounds(segment)
            mine = self._codes(entry, stop - start).astype(np.int32) + np.int32(base)
            if entry.valid:
                mine[~self._bits(entry.valid, stop - start)] = -1
            codes[start:stop] = mine
            places = self._places(entry, entry.extra)
            starts.append(places[0])
            stops.append(places[1])
            base += entry.extra
        return CodedSpans(codes, Spans((self.blob,), np.concatenate(starts), np.concatenate(stops)))

    def _texts(self, entries: Sequence[Entry]) -> Spans:
        starts, stops = np.full((2, self.rows), -1, np.int64)
        for segment, entry in enumerate(entries):
            start, stop = self.bounds(segment)
            if entry.form == NULLS:
                continue
            begins, ends = self._places(entry, entry.extra if entry.form == CODED else stop - start)
            if entry.form == CODED:
                codes = self._codes(entry, stop - start)
                begins, ends = begins[codes], ends[codes]
            starts[start:stop], stops[start:stop] = begins, ends
            if entry.valid:
                missing = ~self._bits(entry.valid, stop - start)
                starts[start:stop][missing] = -1
                stops[start:stop][missing] = -1
        return Spans((self.blob,), starts, stops)
