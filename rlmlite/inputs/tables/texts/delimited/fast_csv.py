"""A large CSV file in one pass: blocks in threads by pyarrow, and what is in doubt by the definition.

The idea: guess that the file goes on as it begins, and check it everywhere.

1. The definition reads the first rows, and so finds a type for each column.
2. The text is cut into blocks, after line ends that are in no cell. Threads read them as arrays (`arrow_cells`), each
   column by its type so far.
3. In the order of the file: a block that a thread could not read is read by the definition, and so are single columns
   of it; what its numbers look like joins what is known of the column. Whole numbers may become numbers on the way.
4. If a column that was numbers turns out to be text, its first rows have gone out as numbers. Then the rest is only
   looked at, to find all such columns, and the table is read once more with the types that are known now.

    a,b
    1,x       after the first rows: int, text
    ...
    2.5,y     block 7: its numbers are not whole; `a` is number from here on, and blocks 1 to 6 stay as they are
    n/k,z     block 9: `a` is text; the file is read again

Rows, values, types and notes are those of the definition, which `tests/.../test_fast_csv.py` compares.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from rlmlite.inputs.tables.binary.arrow_columns import Conversion, arrow_part
from rlmlite.inputs.tables.reading.reader import ReadAgainError
from rlmlite.inputs.tables.sheets.sheet_writer import Losses
from rlmlite.inputs.tables.texts.delimited.csv_cells import Named, read_batch, read_cells
from rlmlite.inputs.tables.texts.delimited.csv_rows import Row, place_after, read_rows
from rlmlite.inputs.tables.texts.delimited.csv_table import CsvTable, add_rows, columns_of
from rlmlite.inputs.tables.texts.delimited.csv_types import ColumnType
from rlmlite.inputs.tables.texts.lines import Place, line_ends
from rlmlite.inputs.tables.texts.odd import NULL_WORD, Odd, excerpt
from rlmlite.inputs.tables.texts.pieces import Piece, cut_pieces
from rlmlite_kernel.engines.bytes.threads import map_in_order
from rlmlite_kernel.engines.spelled.records import lines_before
from rlmlite_kernel.values.tables import parts
from rlmlite_kernel.values.tables.parts import Part
from rlmlite_kernel.values.tables.writer import COLUMNS, SAMPLES, Batch

if TYPE_CHECKING:
    from rlmlite.inputs.tables.texts.delimited.arrow_cells import Block, Typed
    from rlmlite.inputs.tables.texts.delimited.csv_files import Typing

_FIRST = 128 * 1024
"""Bytes of the first rows, from which the types are guessed."""


def can_read(table: CsvTable) -> bool:
    """Whether pyarrow knows a table's delimiter and quotes."""
    cut = table.dialect.cut
    return (cut.delimiter + (cut.quote or "")).isascii()


_SAMPLE = SAMPLES[COLUMNS]
"""Rows by which the writer of contents decides whether texts recur: to code others would be undone by it."""


class FastCsv:
    """One reading of a table. Raises `ReadAgainError` where types turn out otherwise: the next reading knows them."""

    def __init__(self, table: CsvTable, typing: "Typing", names: Sequence[str], odd: Odd) -> None:
        self._table, self._typing, self._names, self._odd = table, typing, names, odd
        self._text = table.file.text
        self._cut = table.dialect.cut
        self._kept = 0
        self._words: set[int] = set()
        self._recurring: set[int] = set()

    def batches(self) -> Iterator[Batch]:
        """The rows. Raises `InputError` too."""
        place = self._table.first_row(self._odd)
        self._look_at_first(place)
        went_out_as = [""] * len(self._names)
        is_refuted = False
        while place.offset < len(self._text):
            for after, batch in self._read_on(place):
                place = after
                now = self._kinds_out()
                is_refuted = is_refuted or not all(map(_go_together, went_out_as, now))
                went_out_as = now
                if batch is not None and not is_refuted:
                    yield batch
        self._typing.is_known = True
        if is_refuted:
            raise ReadAgainError
        self._table.check_widths(len(self._names), self._kept, self._odd)

    def _look_at_first(self, place: Place) -> None:
        """Guess from the first rows what the types are, and in which columns cells recur."""
        rows = read_rows(self._table.file, place, self._cut, Odd(), place.offset + _FIRST)
        first = list(self._table.even_rows(rows, len(self._names), Odd()))
        for index, cells in enumerate(columns_of(first)):
            sample = cells[:_SAMPLE]
            if 2 * len(set(sample)) <= len(sample):
                self._recurring.add(index)
        if self._typing.is_known:
            return
        self._typing.found = [ColumnType(self._table.dialect.spelling) for _ in self._names]
        if first:
            add_rows(self._typing.found, first)
        # These rows come again with the first block. What they decided stays decided.
        for column in self._typing.found:
            column.count_anew()

    def _read_on(self, place: Place) -> Iterator[tuple[Place, Batch | None]]:
        """Batches from a place on, each with the place after it, until the definition ends elsewhere than a block."""
        for piece, block in map_in_order(self._read_piece, cut_pieces(self._text, place.offset, self._cut.quote)):
            if block is None:
                rows = list(read_rows(self._table.file, place, self._cut, self._odd, piece.stop))
                place = place_after(rows[-1], self._text) if rows else self._place_at(piece.stop, place)
                yield place, self._batch_of_rows(rows)
                # The blocks that threads have begun are no parts of the text as the definition cuts it.
                if place.offset != piece.stop:
                    return
            else:
                batch = self._batch_of_block(block, piece, place)
                place = Place(piece.stop, place.line + block.records.lines)
                yield place, batch

    def _place_at(self, offset: int, before: Place) -> Place:
        return Place(offset, before.line + line_ends(bytes(self._text[before.offset : offset])))

    def _read_piece(self, piece: Piece) -> "tuple[Piece, Block | None]":
        from rlmlite.inputs.tables.texts.delimited.arrow_cells import read_block

        return piece, read_block(piece.content, self._cut, self._to_try(), piece.is_last)

    def _to_try(self) -> list[str]:
        """The types that a thread looks for, as far as they are known by now."""
        kinds = self._typing.kinds()
        if self._table.dialect.spelling.decimal != ".":
            kinds = ["text" if kind in ("int", "number") else kind for kind in kinds]
        return ["coded" if kind == "text" and index in self._recurring else kind for index, kind in enumerate(kinds)]

    def _kinds_out(self) -> list[str]:
        """As what each column has gone out: a column without a cell so far as nothing."""
        kinds = self._typing.kinds()
        if not self._typing.found:
            return kinds
        return [
            kind if index in self._typing.given or column.is_filled or index in self._words else ""
            for index, (kind, column) in enumerate(zip(kinds, self._typing.found, strict=True))
        ]

    def _batch_of_rows(self, rows: Sequence[Row]) -> Batch | None:
        """Rows that the definition cut."""
        even = list(self._table.even_rows(rows, len(self._names), self._odd))
        if not even:
            return None
        if not self._typing.is_known:
            add_rows(self._typing.found, even)
            for index, cells in enumerate(columns_of(even)):
                self._note_words(index, any(cells))
        self._kept += len(even)
        columns = read_batch(even, self._typing.kinds(), self._table, self._names, self._odd)
        starts = parts.of_values([row.place.offset for row in even])
        stops = parts.of_values([row.stop for row in even])
        return Batch([parts.of_values(column) for column in columns], len(even), starts, stops)

    def _batch_of_block(self, block: "Block", piece: Piece, place: Place) -> Batch | None:
        rows = len(block.records.starts)
        if not rows:
            return None
        self._kept += rows
        cells = _Cells(block, piece, place.line)
        columns = [self._part(index, cells) for index in range(len(self._names))]
        starts = parts.integers("q", (block.records.starts + piece.start).tobytes(), rows)
        stops = parts.integers("q", (block.records.stops + piece.start).tobytes(), rows)
        return Batch(columns, rows, starts, stops)

    def _part(self, index: int, cells: "_Cells") -> Part:
        """One column of a block."""
        typed, typing = cells.block.typed[index], self._typing
        array = cells.block.texts[index]
        is_given = typing.is_known or index in typing.given
        if not is_given:
            column = typing.found[index]
            if typed is None or not _take(column, typed):
                if not column.is_text:
                    column.add(cells.texts(index), cells.places)
                self._note_words(index, array.null_count < len(array))
        kind = typing.kinds()[index]
        if kind == "text":
            # A thread may have tried another type, before the column turned out to be text.
            part = cells.block.parts[index] if typed is None else None
            return part or arrow_part(array, Conversion(Losses()))
        named = Named(index, self._names[index])
        if typed is None or typed.kind not in ("null", kind, *_NARROWER.get(kind, ())):
            spelling = self._table.dialect.spelling
            return parts.of_values(read_cells(cells.texts(index), kind, spelling, named, cells.places, self._odd))
        if typed.null_words:
            what = f"{excerpt(array[typed.null_word].as_py())} in {named.name}"
            self._odd.add(NULL_WORD, cells.places[typed.null_word], what, typed.null_words, index)
        return cells.block.parts[index] or parts.nulls(len(array))

    def _note_words(self, index: int, has_cells: bool) -> None:
        """A column without a type so far has gone out as text, if it had cells: words for null."""
        if has_cells and not self._typing.found[index].is_filled:
            self._words.add(index)


class _Cells:
    """The cells of a block as Python's texts, and their places, for what the definition looks at."""

    def __init__(self, block: "Block", piece: Piece, line: int) -> None:
        self.block, self._piece, self._line = block, piece, line

    def texts(self, index: int) -> list[str]:
        """A column's cells."""
        return [cell or "" for cell in self.block.texts[index].to_pylist()]

    @cached_property
    def places(self) -> list[Place]:
        """Where each row begins."""
        records = self.block.records
        lines = lines_before(self._piece.content, records)
        return [
            Place(self._piece.start + start, self._line + line)
            for start, line in zip(records.starts.tolist(), lines, strict=True)
        ]


_NARROWER = {"number": ("int",)}
"""Types whose values another type holds too."""


def _take(column: ColumnType, typed: "Typed") -> bool:
    """Let a column know of a block of its cells. False if the definition must look at them."""
    if typed.kind == "null":
        return typed.null_words == 0
    if not column.is_filled:
        return False
    if typed.kind == "bool":
        return column.kind() == "bool"
    return column.take(typed.digits, typed.filled, are_whole=typed.kind == "int")


def _go_together(before: str, now: str) -> bool:
    """Whether rows that went out as one type may be followed by those of another, in one column."""
    return before in ("", now) or (before, now) == ("int", "number")
