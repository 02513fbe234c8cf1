"""Rows as text: those that are places in documents as numbered lines, all others as a table.

    14: 08:14 «ERROR» disk full           hits, lines, passages: the line, with its matches marked
    15 {hour: "08"}: 08:14 disk ok        with the fields that it does not have by itself
    ERROR | 12                            other rows: the cells in the order of their columns

Neighbours that overlap are one: two hits in a line are one line with two matches, and windows that meet are written
once. What is small is whole; what is left of the room is shared by the rest (`pieces.share`), and where even so not
all rows fit, the first are shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rlmlite_kernel.observation.layout.cells import SEPARATOR, cell, inline, key_text
from rlmlite_kernel.observation.layout.lines import LineWriter, Place
from rlmlite_kernel.observation.layout.pieces import UNCUT, Piece, head, join, share, size_of_text
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import DOCUMENTS, LIST, RECORDS, Rows, Value

PATTERNS = "patterns"

_SHOWN_COLUMNS: Mapping[str, tuple[str, ...]] = {PATTERNS: ("n", "template")}
"""Of rows of these kinds, the columns that tell them apart. The title lists the others."""

_BY_PLACE = frozenset(("doc", "line", "start", "end", "match", "text", "from", "to", "score", "index", "bytes"))
"""Fields that follow from where a row lies, or are in its line; what a row has besides stands before its line."""

# Bytes that a match adds at least to its line, so that many of one line are not all looked at.
_MATCH = 4
# Bytes of a text that stands below its row, not in it.
_LONG = 4_096


class Group(NamedTuple):
    """Rows that are written together: how many, and either where they lie, or the one row itself."""

    rows: int
    place: Place | None
    row: Value
    fields: str = ""


class Layout(NamedTuple):
    """What is shown of rows: the pieces, how many rows they are, and the number of the first one that is cut.

    `cut` are the bytes of the first piece that does not fit.
    """

    pieces: tuple[Piece, ...]
    rows: int
    first_cut: int | None
    cut: int = 0


class RowWriter:
    """Writes rows. `run` of its lines is set for all rows together, so that marks are the same in all."""

    def __init__(self, blobs: Blobs, lines: LineWriter) -> None:
        self._blobs, self._lines = blobs, lines

    def write(self, rows: Rows, room: int, most: int) -> Layout:
        """The first rows, at most `most`, in `room` bytes."""
        layout = self._write(rows, room, most)
        # Marks that the data has as well would not be marks: then they get longer.
        for _ in range(3):
            longest = max((piece.run for piece in layout.pieces), default=0)
            if longest < self._lines.run:
                return layout
            self._lines.run = longest + 1
            layout = self._write(rows, room, most)
        self._lines.run = 0
        return self._write(rows, room, most)

    def _write(self, rows: Rows, room: int, most: int) -> Layout:
        groups: list[Group] = []
        pieces: list[Piece] = []
        least = 0
        for group in self._groups(rows, room, most):
            piece = self._piece(group, rows, room)
            groups.append(group)
            pieces.append(piece)
            least += min(piece.size, UNCUT) + 1
            if least > room:
                break
        needs = [piece.size + 1 for piece in pieces]
        if sum(needs) > room:
            level = max(UNCUT, share(needs, room)) - 1
            pieces = [
                piece if piece.size <= level else self._piece(group, rows, level)
                for group, piece in zip(groups, pieces, strict=True)
            ]
        return _fitting(groups, pieces, room)

    def _piece(self, group: Group, rows: Rows, limit: int) -> Piece:
        """One group in about `limit` bytes."""
        if group.place is not None and isinstance(group.row, dict) and "match" not in group.row:
            cells = {name: value for name, value in group.row.items() if name not in _BY_PLACE}
            if cells and all(_lies_in(value, group.place.text) for value in cells.values()):
                return self._parsed(group.place, cells, limit)
        if group.place is not None:
            return self._lines.write(group.place, limit, group.fields)
        if rows.kind == LIST:
            # Nothing else says what the fields of its items are called.
            return self._item(group.row, limit)
        if rows.kind == DOCUMENTS:
            return self._document(group.row, limit)
        return self._row(group.row, _SHOWN_COLUMNS.get(rows.kind), limit)

    def _parsed(self, place: Place, cells: Mapping[str, Value], limit: int) -> Piece:
        """A line that was parsed: its number and its fields, which are the line."""
        prefix = f"{self._lines.label(place.text.blob)}{self._lines.lines_of(place.text)[0]}: "
        piece = self._cells(cells, max(0, limit - len(prefix.encode())))
        return piece._replace(text=f"{prefix}{piece.text}")

    def _document(self, row: Value, limit: int) -> Piece:
        """A document: its path, its size, and how it begins."""
        assert isinstance(row, dict)
        text, path, size = row["text"], row.get("path"), row.get("bytes")
        assert isinstance(text, Text)
        _, stop = self._blobs.lines(text.blob).bounds_at(text.start)
        begins = cell(Text(text.blob, text.start, max(text.start, stop)), UNCUT // 2, self._blobs)
        pieces = [cell(path, limit, self._blobs), cell(size, limit, self._blobs), begins]
        return join(pieces, SEPARATOR)

    def record(self, row: Value, limit: int) -> Piece | None:
        """One row by itself, if it lies on lines; its start and end are said too."""
        place = self._place(row)
        if place is None:
            return None
        fields: dict[str, Value] = {}
        if isinstance(row, dict):
            fields = {name: value for name, value in row.items() if name in ("start", "end")}
        return self._lines.write(place, limit, self._fields(row, place, fields))

    def _groups(self, rows: Rows, room: int, most: int) -> Iterator[Group]:
        """Rows one after the other, neighbours that overlap joined; of very many only those that may fit."""
        is_table = rows.kind in (RECORDS, DOCUMENTS)
        current: Group | None = None
        looked_at = min(len(rows), most, 1 + room // _MATCH)
        for number in range(looked_at):
            row = rows.row(number, self._blobs)
            place = None if is_table else self._place(row)
            fields = "" if place is None else self._fields(row, place, {})
            group = Group(1, place, row, fields)
            if current is None:
                current = group
            elif (joined := self._join(current, group)) is not None:
                current = joined
            else:
                yield current
                current = group
        if current is not None:
            yield current

    def _join(self, one: Group, other: Group) -> Group | None:
        """Both as one, if the second overlaps the end of the first, or goes on in its last line."""
        if one.place is None or other.place is None or one.fields != other.fields:
            return None
        first, second = one.place.text, other.place.text
        if first.blob != second.blob or second.start < first.start:
            return None
        is_one_line = first == second
        if not is_one_line and (second.start > first.stop or second.start == second.stop):
            return None
        text = Text(first.blob, first.start, max(first.stop, second.stop))
        return Group(one.rows + other.rows, Place(text, (*one.place.matches, *other.place.matches)), None, one.fields)

    def _place(self, row: Value) -> Place | None:
        """The lines that a row is, if it is a text in a document."""
        text = row.get("text") if isinstance(row, dict) else row
        if not isinstance(text, Text) or not self._lines.has(text):
            return None
        match = row.get("match") if isinstance(row, dict) else None
        if not isinstance(match, Text) or match.blob != text.blob or not text.start <= match.start <= text.stop:
            return Place(text)
        # A match over several lines goes on after the line that is its text.
        if match.stop > text.stop:
            text = Text(text.blob, text.start, match.stop)
        return Place(text, (match,) if len(match) else ())

    def _fields(self, row: Value, place: Place, more: Mapping[str, Value]) -> str:
        """What a row has besides its place, before its line: nothing in it can be taken for part of the line."""
        if not isinstance(row, dict):
            return ""
        fields = {name: value for name, value in row.items() if name not in _BY_PLACE and value not in (None, [])}
        if "groups" in fields and len(fields) > 1:
            # Groups with names are fields of their own.
            del fields["groups"]
        match = row.get("match")
        if match is not None and not place.matches and match != "":
            fields["match"] = match
        if not fields and not more:
            return ""
        return f" {inline({**fields, **more}, UNCUT * 4, self._blobs).text}"

    def _item(self, value: Value, limit: int) -> Piece:
        """An item of a list."""
        if not isinstance(value, dict):
            return self._cells({"": value}, limit)
        piece = self.fields(value, limit)
        first, *others = piece.text.split("\n")
        # Of several lines it has to be seen where the next item begins.
        return piece._replace(text="\n".join([f"- {first}", *(f"  {line}" for line in others)]) if others else first)

    def _row(self, row: Value, columns: Sequence[str] | None, limit: int) -> Piece:
        """A row of a table: its cells on a line, and its long texts below."""
        if not isinstance(row, dict):
            return self._cells({"": row}, limit)
        return self._cells({name: row[name] for name in columns or row if name in row}, limit)

    def _cells(self, cells: Mapping[str, Value], limit: int) -> Piece:
        sizes = [_need(value) for value in cells.values()]
        level = share(sizes, max(0, limit - len(SEPARATOR) * len(cells)))
        level = max(level, UNCUT // max(1, len(cells)))
        on_line: list[Piece] = []
        below: list[Piece] = []
        for value in cells.values():
            if isinstance(value, str | Text) and self._has_lines(value):
                block = self._block(value, level)
                on_line.append(Piece(f"({size_of_text(value):,} bytes below)"))
                below.append(block)
            else:
                on_line.append(cell(value, level, self._blobs))
        return join([join(on_line, SEPARATOR), *below], "\n")

    def _has_lines(self, value: str | Text) -> bool:
        """Whether a text has several lines, or is so long that it may."""
        if isinstance(value, str):
            return "\n" in value[:-1]
        return len(value) > _LONG or b"\n" in value.read(self._blobs)[:-1]

    def _block(self, value: str | Text, limit: int) -> Piece:
        """A text of several lines, each behind a bar, or a number if it lies in a document."""
        if isinstance(value, Text) and self._lines.has(value):
            piece = self._lines.write(Place(value), limit)
            return piece._replace(text="\n".join(f"  {line}" for line in piece.text.split("\n")))
        piece = head(value, limit, self._blobs)
        return piece._replace(text="\n".join(f"  | {line}" for line in piece.text.split("\n")))

    def fields(self, record: Mapping[str, Value], limit: int) -> Piece:
        """A record, on one line if it fits there, else one field per line."""
        line = inline(dict(record), limit, self._blobs)
        has_blocks = any(isinstance(value, str | Text) and self._has_lines(value) for value in record.values())
        if line.size <= UNCUT and not has_blocks:
            return line
        names = list(record)[: 1 + limit // 4]
        needs = [_need(record[name]) + len(name) + 3 for name in names]
        level = max(share(needs, limit), UNCUT // max(1, len(names)))
        pieces: list[Piece] = []
        for name in names:
            value = record[name]
            if isinstance(value, str | Text) and self._has_lines(value):
                block = self._block(value, level)
                pieces.append(block._replace(text=f"{key_text(name)}: {size_of_text(value):,} bytes\n{block.text}"))
            else:
                piece = cell(value, level, self._blobs)
                pieces.append(piece._replace(text=f"{key_text(name)}: {piece.text}"))
        return _whole_lines(pieces, len(record), limit)


def _lies_in(value: Value, text: Text) -> bool:
    """Whether a value is a part of a text."""
    return isinstance(value, Text) and value.blob == text.blob and text.start <= value.start <= value.stop <= text.stop


def _need(value: Value) -> int:
    """About the bytes that a value takes when it is written out."""
    if isinstance(value, str | Text):
        return size_of_text(value) + 2
    if isinstance(value, list | dict | Rows):
        return UNCUT + 20 * len(value)
    return 20


def _whole_lines(pieces: Sequence[Piece], count: int, limit: int) -> Piece:
    shown: list[Piece] = []
    left = limit
    for piece in pieces:
        left -= piece.size + 1
        if left < 0 and shown:
            break
        shown.append(piece)
    if len(shown) < count:
        shown.append(Piece(f"…(+{count - len(shown):,} fields)", cut=1))
    return join(shown, "\n")


def _fitting(groups: Sequence[Group], pieces: Sequence[Piece], room: int) -> Layout:
    """The groups that fit, from the first on."""
    shown: list[Piece] = []
    rows, first_cut, left, cut = 0, None, room, 0
    for group, piece in zip(groups, pieces, strict=True):
        left -= piece.size + 1
        if left < -1:
            cut = piece.size
            break
        if piece.cut and first_cut is None:
            first_cut = rows
        shown.append(piece)
        rows += group.rows
    return Layout(tuple(shown), rows, first_cut, cut)
