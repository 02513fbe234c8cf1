"""A columnar content read where it lies: single cells, and whole columns as vectors.

    store = ColumnStore(blob, content)
    store.cell(2, row=70_000)        segment 1 of the content, entry of column 2, one number or text
    store.column(2)                  a vector over all segments, or a list where they have no kind in common

Texts stay where they are: a vector of texts is where each begins and ends. Of coded texts it is a code for each row and
the places of the dictionaries, end to end: so what is asked of a city is asked once for each city.

    segment 0    codes 0 1 0    dictionary "Rome" "Oslo"           codes 0 1 0 2 3
    segment 1    codes 0 1      dictionary "Oslo" "Bern"           dictionary "Rome" "Oslo" "Oslo" "Bern"
"""

import weakref
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
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
from rlmlite_kernel.values.vectors import EXACT, NOT_NULL, CodedSpans, Vector

_TEXT_FORMS = {TEXTS, CODED}


class Rendered(NamedTuple):
    """A table as text: the digest of the text, and where the line of each row begins and ends."""

    blob: str
    starts: IntArray
    stops: IntArray


class Pick(NamedTuple):
    """Some rows of a segment: they are rows start..stop-1 of what is read. `places` says which; None for all of it."""

    segment: int
    start: int
    stop: int
    places: IntArray | None

    def of(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Of the values of the segment those that are picked."""
        return values if self.places is None else values[self.places]


class Picked(NamedTuple):
    """What is to be read of a column: how many rows, and which of each segment."""

    rows: int
    picks: Sequence[Pick]


class ColumnStore:
    """The columns of a content. Those that were asked for as a whole are kept. Raises `ColumnsBrokenError`."""

    def __init__(self, blob: str, content: Buffer) -> None:
        self.blob, self.content = blob, content
        trailer, self.description, self._directory = read_layout(content)
        # The text that the rows are records of; empty if they are of none.
        self.text = self.description.text
        self.rows, self.segments = trailer.rows, trailer.segments
        self.names = self.description.names
        self.rendered: Rendered | None = None
        """The text that the rows of a binary table are searched in; None until somebody searches."""
        self._columns: dict[int, Vector | Sequence[Value]] = {}
        self._picked: tuple[weakref.ref[IntArray], Picked] | None = None

    def named(self, blob: str, text: str) -> "ColumnStore":
        """The same columns at another place: see `values.blobs` for names."""
        store = ColumnStore(blob, self.content)
        store.text = text
        return store

    def twin(self) -> "ColumnStore":
        """The same columns for another run: what was read of them is shared, the text that they are searched in not."""
        store = self.named(self.blob, self.text)
        store._columns = self._columns
        return store

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
        codes = self._codes(entry, Pick(segment, 0, stop - start, None)) if entry.form == CODED else None
        row = text if codes is None else int(np.argmax(codes == text))
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
            vector = self._vector(index, self._everywhere())
            self._columns[index] = [self.cell(index, row) for row in range(self.rows)] if vector is None else vector
        return self._columns[index]

    def vector_at(self, index: int, rows: IntArray) -> Vector | None:
        """A column at some rows, whose numbers rise; None if its values are not of one kind.

        Of a column that was read as a whole they are taken, of another only these are read.
        """
        column = self._columns.get(index)
        if column is None:
            return self._vector(index, self._places_of(rows))
        return column.take(rows) if isinstance(column, Vector) else None

    def _everywhere(self) -> "Picked":
        bounds = [self.bounds(segment) for segment in range(self.segments)]
        return Picked(self.rows, [Pick(segment, *of, None) for segment, of in enumerate(bounds)])

    def _places_of(self, rows: IntArray) -> "Picked":
        # The columns of one table are asked for the same rows, one after the other.
        if self._picked is not None and self._picked[0]() is rows:
            return self._picked[1]
        cuts = np.searchsorted(rows, np.arange(0, self.segments + 1) * SEGMENT).tolist()
        picks = [
            Pick(segment, start, stop, rows[start:stop] - segment * SEGMENT)
            for segment, (start, stop) in enumerate(pairwise(cuts))
            if start < stop
        ]
        picked = Picked(len(rows), picks)
        self._picked = weakref.ref(rows, self._forget), picked
        return picked

    def _forget(self, rows: object) -> None:
        """Nobody has these rows any more."""
        if self._picked is not None and self._picked[0] is rows:
            self._picked = None

    def _vector(self, index: int, picked: "Picked") -> Vector | None:
        """A column at the places that are picked. What kind it is, the whole column decides."""
        entries = [self.entry(segment, index) for segment in range(self.segments)]
        forms = {entry.form for entry in entries} - {NULLS}
        if forms == {INTEGERS}:
            return Vector("int", self._nulls(entries, picked), self._integers(entries, picked))
        if forms == {FLAGS}:
            return Vector("bool", self._nulls(entries, picked), self._flags(entries, picked))
        if forms == {CODED}:
            return Vector("text", self._nulls(entries, picked), self._coded(entries, picked))
        if forms <= _TEXT_FORMS:
            return Vector("text", self._nulls(entries, picked), self._texts(entries, picked))
        if forms <= {INTEGERS, DECIMALS} and self._are_exact(index, entries):
            decimals = self._decimals(entries, picked)
            return Vector("float", self._nulls(entries, picked), decimals, are_whole(decimals))
        return None

    def integers(self, index: int) -> IntArray:
        """A column of integers, zero for null."""
        return self._integers([self.entry(segment, index) for segment in range(self.segments)], self._everywhere())

    def segment_integers(self, segment: int, index: int) -> IntArray:
        """The integers of one segment."""
        start, stop = self.bounds(segment)
        data = np.zeros(stop - start, np.int64)
        self._integers_into(data, self.entry(segment, index), Pick(segment, 0, stop - start, None))
        return data

    def _integers(self, entries: Sequence[Entry], picked: "Picked") -> IntArray:
        data = np.zeros(picked.rows, np.int64)
        for pick in picked.picks:
            if entries[pick.segment].form == INTEGERS:
                self._integers_into(data[pick.start : pick.stop], entries[pick.segment], pick)
        return data

    def _integers_into(self, data: IntArray, entry: Entry, pick: "Pick") -> None:
        if entry.width == 0:
            data[:] = entry.extra
        elif entry.width == 8:
            # Unsigned, where what is beyond 64 bits falls off, as it did when the base was taken off.
            above = pick.of(view(self.content, entry.numbers, "<u8", self._size(pick)))
            np.add(above, np.array(entry.extra, np.int64).view(np.uint64), out=data.view(np.uint64))
        else:
            above = pick.of(view(self.content, entry.numbers, f"<u{entry.width}", self._size(pick)))
            np.add(above, np.int64(entry.extra), out=data, dtype=np.int64)
        if entry.valid:
            data[~self._bits(entry.valid, pick)] = 0

    def _size(self, pick: "Pick") -> int:
        """The rows of a segment."""
        start, stop = self.bounds(pick.segment)
        return stop - start

    def _decimals(self, entries: Sequence[Entry], picked: "Picked") -> npt.NDArray[np.float64]:
        data = np.zeros(picked.rows, np.float64)
        for pick in picked.picks:
            entry, mine = entries[pick.segment], data[pick.start : pick.stop]
            if entry.form == DECIMALS:
                mine[:] = pick.of(view(self.content, entry.numbers, "<f8", self._size(pick)))
            elif entry.form == INTEGERS:
                whole = np.zeros(len(mine), np.int64)
                self._integers_into(whole, entry, pick)
                mine[:] = whole
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
        entry, whole = self.entry(segment, index), Pick(segment, 0, stop - start, None)
        begins, ends = self._bounds_of(entry, whole)
        if entry.valid:
            ends = np.where(self._bits(entry.valid, whole), ends, begins)
        return view(self.content, entry.data, "u1", entry.size), begins - entry.data, ends - entry.data

    def _flags(self, entries: Sequence[Entry], picked: "Picked") -> BoolArray:
        data = np.zeros(picked.rows, bool)
        for pick in picked.picks:
            entry = entries[pick.segment]
            if entry.form == FLAGS:
                data[pick.start : pick.stop] = self._bits(entry.numbers, pick)
        return data

    def _nulls(self, entries: Sequence[Entry], picked: "Picked") -> BoolArray:
        if not any(entry.valid or entry.form == NULLS for entry in entries):
            return np.broadcast_to(NOT_NULL, (picked.rows,))
        null = np.zeros(picked.rows, bool)
        for pick in picked.picks:
            entry, mine = entries[pick.segment], null[pick.start : pick.stop]
            if entry.form == NULLS:
                mine[:] = True
            elif entry.valid:
                np.logical_not(self._bits(entry.valid, pick), out=mine)
        return null

    def _bits(self, at: int, pick: "Pick") -> BoolArray:
        """The bits of the places of a segment."""
        count = self._size(pick)
        packed = view(self.content, at, "u1", -(-count // 8))
        return cast(BoolArray, pick.of(np.unpackbits(packed, count=count, bitorder="little").view(np.bool_)))

    def _codes(self, entry: Entry, pick: "Pick") -> npt.NDArray[Any]:
        if entry.width == 0:
            return np.zeros(pick.stop - pick.start, np.uint8)
        return pick.of(view(self.content, entry.numbers, f"<u{entry.width}", self._size(pick)))

    def _places(self, entry: Entry, count: int) -> tuple[IntArray, IntArray]:
        """Where the texts of an entry begin and end."""
        width = 4 if entry.form == CODED else entry.width
        cuts = view(self.content, entry.offsets, f"<u{width}", count + 1).astype(np.int64) + entry.data
        return cuts[:-1], cuts[1:]

    def _bounds_of(self, entry: Entry, pick: "Pick") -> tuple[IntArray, IntArray]:
        """Where the texts of the places of a segment begin and end."""
        if entry.form == CODED:
            begins, ends = self._places(entry, entry.extra)
            codes = self._codes(entry, pick)
            return begins[codes], ends[codes]
        begins, ends = self._places(entry, self._size(pick))
        return pick.of(begins), pick.of(ends)

    def _coded(self, entries: Sequence[Entry], picked: "Picked") -> CodedSpans:
        coded = [entry for entry in entries if entry.form == CODED]
        sizes = [entry.extra if entry.form == CODED else 0 for entry in entries]
        # The number of the first text of each segment's dictionary.
        bases = np.cumsum([0, *sizes]).tolist()
        codes = np.full(picked.rows, -1, np.int32)
        for pick in picked.picks:
            entry = entries[pick.segment]
            if entry.form != CODED:
                continue
            mine = self._codes(entry, pick).astype(np.int32) + np.int32(bases[pick.segment])
            if entry.valid:
                mine[~self._bits(entry.valid, pick)] = -1
            codes[pick.start : pick.stop] = mine
        places = [self._places(entry, entry.extra) for entry in coded]
        starts, stops = (np.concatenate(bounds) for bounds in zip(*places, strict=True))
        return CodedSpans(codes, Spans((self.blob,), starts, stops))

    def _texts(self, entries: Sequence[Entry], picked: "Picked") -> Spans:
        starts, stops = np.empty((2, picked.rows), np.int64)
        for pick in picked.picks:
            entry = entries[pick.segment]
            if entry.form == NULLS:
                starts[pick.start : pick.stop] = stops[pick.start : pick.stop] = -1
                continue
            begins, ends = self._bounds_of(entry, pick)
            if entry.valid:
                there = self._bits(entry.valid, pick)
                begins, ends = np.where(there, begins, -1), np.where(there, ends, -1)
            starts[pick.start : pick.stop], stops[pick.start : pick.stop] = begins, ends
        return Spans((self.blob,), starts, stops)
