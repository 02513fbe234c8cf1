"""A large file of JSON Lines, block by block in threads by pyarrow, and what is in doubt by the definition.

The idea is that of `fast_csv`: guess that the file goes on as it begins, and check it everywhere. The definition reads
the first lines, and so finds the keys and the type of each. Threads read blocks of lines by this schema, strictly
(`arrow_lines`): a line that is not one record, another key, a value of another type, a key that comes twice are errors,
and the block is read by the definition. What comes of a value does not depend on the others, so what has gone out stays
right, but for which columns there are:

    {"a":1,"b":"x"}          first lines: `a` is int, `b` is text
    {"a":2.5}                an error in its block: the definition reads it, and from here on `a` is a double
    {"a":[1]}                the definition reads this block, and all later ones
    {"c":1}, "restart"       a column more: the definition looks for all of them, and the file is read again

A file that has lists or records among its first values is read by the definition.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.reading.reader import OpenTable, ReadAgainError
from rlmlite.inputs.tables.sheets.sheet_writer import Batch as SpelledBatch
from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite.inputs.tables.texts.jsonl.json_rows import JsonRow, batch_of, read_values
from rlmlite.inputs.tables.texts.jsonl.jsonl_files import check_lines, find_columns
from rlmlite.inputs.tables.texts.lines import Place, TextFile, line_feeds, line_stop
from rlmlite.inputs.tables.texts.odd import Odd
from rlmlite.inputs.tables.texts.pieces import Piece, cut_pieces
from rlmlite_kernel.engines.bytes.threads import map_in_order
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.writer import Batch

if TYPE_CHECKING:
    from rlmlite.inputs.tables.texts.jsonl.arrow_lines import LineBlock

_FIRST = 128 * 1024
"""Bytes of the first lines, from which the columns are guessed."""

_TYPES: Mapping[type, str] = {bool: "bool", int: "int", float: "float", str: "str", type(None): "none"}


def open_fast(file: TextFile, options: Mapping[str, str], open_slowly: Callable[[], OpenTable]) -> OpenTable | None:
    """The table as its first lines promise it, or None for one that is not read this way. Raises `InputError`."""
    odd = Odd()
    first = list(read_values(file, odd, stop=file.start.offset + _FIRST))
    try:
        keys, has_whole = find_columns(file, first, odd)
    except InputError:
        return None
    if has_whole or any(type(value) not in _TYPES for row in first for value in row.value.values()):
        return None

    def columns(losses: Losses) -> Iterator[Batch]:
        reading = _Reading(file, keys, losses)
        reading.learn(first)
        try:
            yield from reading.batches()
        except _NewColumnError:
            raise ReadAgainError(open_slowly()) from None

    def batches(losses: Losses) -> Iterator[SpelledBatch]:
        return open_slowly().batches(losses)

    return OpenTable(tuple(keys), batches, msgspec.__version__, dict(options), "", columns, has_places=True)


class _NewColumnError(Exception):
    """A key that the first lines have not, or a line that is not a record."""


class _Reading:
    """One reading of a file by the columns of its first lines."""

    def __init__(self, file: TextFile, keys: list[str], losses: Losses) -> None:
        self._file, self._keys, self._losses = file, keys, losses
        self._types = dict.fromkeys(keys, "none")
        self._odd, self._count = Odd(), 0

    def learn(self, rows: Iterable[JsonRow]) -> None:
        """Widen the types by values, so that later blocks may be read by them."""
        for row in rows:
            for key, value in row.value.items():
                self._types[key] = _join(self._types[key], _TYPES.get(type(value), "mixed"))

    def batches(self) -> Iterator[Batch]:
        """The rows. Raises `_NewColumnError`, `InputError`."""
        place = self._file.start
        while place.offset < len(self._file.text):
            for after, batch in self._read_on(place):
                place = after
                if batch is not None:
                    yield batch
        check_lines(self._file, self._count, self._odd)
        self._odd.tell(self._losses)

    def _read_on(self, place: Place) -> Iterator[tuple[Place, Batch | None]]:
        """Batches from a place on, each with the place after it, until the definition ends elsewhere than a block."""
        for piece, block in map_in_order(self._read_piece, cut_pieces(self._file.text, place.offset, None)):
            if block is not None:
                place = Place(piece.stop, place.line + block.records.lines)
                yield place, self._batch(block, piece)
                continue
            rows = list(read_values(self._file, self._odd, place, piece.stop))
            # A piece without a line end is cut within a line, which the definition has read to its end.
            end = line_stop(self._file.text, piece.stop)
            place = Place(end, place.line + line_feeds(self._file.text, place.offset, end))
            yield place, self._batch_of_rows(rows)
            if place.offset != piece.stop:
                return

    def _read_piece(self, piece: Piece) -> "tuple[Piece, LineBlock | None]":
        from rlmlite.inputs.tables.texts.jsonl.arrow_lines import read_lines

        types = dict(self._types)
        return piece, None if "mixed" in types.values() else read_lines(piece.content, types, piece.is_last)

    def _batch(self, block: "LineBlock", piece: Piece) -> Batch | None:
        rows = len(block.records.starts)
        self._count += rows
        if not rows:
            return None
        starts = parts.integers("q", (block.records.starts + piece.start).tobytes(), rows)
        stops = parts.integers("q", (block.records.stops + piece.start).tobytes(), rows)
        return Batch(block.columns, rows, starts, stops)

    def _batch_of_rows(self, rows: list[JsonRow]) -> Batch | None:
        self._count += len(rows)
        if not rows:
            return None
        known = self._types.keys()
        if any(type(row.value) is not dict or not known >= row.value.keys() for row in rows):
            raise _NewColumnError
        self.learn(rows)
        return batch_of(rows, self._keys, False, self._losses)


def _join(one: str, other: str) -> str:
    """The type of values of both types."""
    kinds = {one, other} - {"none"}
    if len(kinds) < 2:
        return kinds.pop() if kinds else "none"
    return "float" if kinds == {"int", "float"} else "mixed"
