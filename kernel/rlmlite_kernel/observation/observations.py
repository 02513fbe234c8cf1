"""Observations: what goes back to the controller. Bounded, and every content in them is fenced and labelled as data.

Each step that writes a variable gets a line and a glimpse; `show`, `load` and `preview` get what there is room for.

    hits = 1,432 hits {doc, line, start, end, match, text, groups}
    <data 8d2a01f7 from=log>
    17: 08:14 «ERROR» disk full
    </data 8d2a01f7>

What is left out is counted, and a line outside the fence says what to write to see it: `[17 of 1,432 rows; the next:
show(hits[17:34])]`. Values are laid out to fit their room (`layout`), so the spans of content that are recorded with an
observation, which coverage counts as shown, are exactly those in its text.
"""

import json

import msgspec

from rlmlite_kernel.engines.bytes.buffers import snap
from rlmlite_kernel.observation.evidence import DocumentNames
from rlmlite_kernel.observation.layout.cells import inline
from rlmlite_kernel.observation.layout.lines import LineWriter
from rlmlite_kernel.observation.layout.pieces import CLOSE, OPEN, UNCUT, Piece, join, size_of_text, visible
from rlmlite_kernel.observation.layout.rows import PATTERNS, Layout, RowWriter
from rlmlite_kernel.observation.layout.spelling import has_line_numbers, is_path, part_of, spell
from rlmlite_kernel.observation.layout.texts import TextWriter
from rlmlite_kernel.program.ast import Expr, Index, Lit, Slice, Var
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.fences import fenced, list_names
from rlmlite_kernel.values.values import LIST, Rows, Value, kind_of, rows_of

SLACK = 30
"""Bytes of its room that a value does not use: they are for a title that has to say more."""

SMALL_ROWS = 20
"""Rows up to which a result is echoed whole, if they are short."""

ECHO = 1_200
"""Bytes of a small result that is echoed whole, and half of it of the first rows of a larger one."""

# Rows of a larger result that are echoed: of a table, and of lines.
_TOP, _FIRST_LINES = 5, 3
# Characters of the program's own text that a summary shows without a block of its own.
_LINE = 80
# Characters of a label. Expressions may be long.
_LABEL = 80
# Bytes from which a cut leaves a note. In less, the note would be most of what is shown.
_NOTE = 60


class Observation(msgspec.Struct, frozen=True):
    """What one step shows: the text, the spans of content in it, and how many bytes were left out."""

    text: str
    spans: tuple[Text, ...] = ()
    cut: int = 0


class ObservationWriter:
    """Writes what a value shows. `foreign` content comes from `source`, and is fenced as data."""

    def __init__(self, blobs: Blobs, documents: DocumentNames, source: str, foreign: bool) -> None:
        self._blobs, self._source, self._foreign = blobs, source, foreign
        self._lines = LineWriter(blobs, documents)
        self._rows = RowWriter(blobs, self._lines)
        self._texts = TextWriter(blobs, self._lines)

    def summary(self, name: str, value: Value, room: int, *, is_brief: bool = False) -> Observation:
        """What a step wrote: a line, and a small value whole, of a larger one the beginning.

        `is_brief`: only the line, as the program shows the value itself.
        """
        title = f"{name} = " if name else ""
        if isinstance(value, Rows):
            body = Layout((), 0, None) if is_brief else self._glimpse(value, room - len(title))
            return self._seal(title + self._rows_title(value) + self._marks(), _joined(body), room)
        if isinstance(value, str | Text):
            return self._text_summary(title, value, room, is_brief)
        if isinstance(value, list | dict):
            noun = "items" if isinstance(value, list) else "fields"
            title += f"{kind_of(value)} of {len(value):,} {noun}:"
            body_room = self._room_of(title, min(room, ECHO // 2))
            return self._seal(title, Piece("") if is_brief else self._value(value, body_room), room)
        # A number or a truth value cannot carry an instruction, so it stands in the title, without a fence.
        return self._seal(title + _scalar_text(value), Piece(""), room)

    def whole(self, label: Expr, value: Value, room: int) -> Observation:
        """A value in full, as far as there is room. `label` is the expression that it is the value of."""
        name = label_text(label)
        if isinstance(value, str | Text):
            return self._whole_text(label, name, value, room)
        rows = rows_of(value)
        if rows is not None and not _is_short_list(value):
            return self._whole_rows(label, name, rows, room)
        if not isinstance(value, list | dict):
            return self._seal(f"{name}: {_scalar_text(value)}", Piece(""), room)
        title = f"{name}: {kind_of(value)} of {len(value):,}"
        return self._seal(title, self._value(value, self._room_of(title, room)), room)

    def _glimpse(self, rows: Rows, room: int) -> Layout:
        """All rows if they are few and short, else the first."""
        body_room = max(0, self._room_of(self._rows_title(rows), min(room, ECHO)) - SLACK)
        if len(rows) <= SMALL_ROWS:
            whole = self._rows.write(rows, body_room, SMALL_ROWS)
            if whole.rows == len(rows) and whole.first_cut is None:
                return whole
        first = self._rows.write(rows, body_room // 2, _TOP)
        is_lines = bool(len(rows)) and self._rows.record(rows.row(0, self._blobs), UNCUT) is not None
        return self._rows.write(rows, body_room // 2, _FIRST_LINES) if is_lines else first

    def _whole_rows(self, label: Expr, name: str, rows: Rows, room: int) -> Observation:
        title = f"{name}: {self._rows_title(rows)}"
        body_room = max(0, self._room_of(title, room) - SLACK)
        layout = self._rows.write(rows, body_room, len(rows))
        if layout.rows == len(rows) and layout.first_cut is None:
            return self._seal(title + self._marks(), _joined(layout), room)
        # There is something to say below, which takes room.
        note_size = len(_rest_of_rows(label, rows, Layout((), len(rows) - 1, len(rows))).encode()) + len("\n")
        layout = self._rows.write(rows, max(0, body_room - note_size), len(rows))
        return self._seal(title + self._marks(), _joined(layout), room, _rest_of_rows(label, rows, layout))

    def _whole_text(self, label: Expr, name: str, value: str | Text, room: int) -> Observation:
        title = f"{name}: {self._text_title(value)}"
        body_room = self._room_of(title, room)
        parts = self._texts.write(value, body_room)
        if parts.stop == parts.start:
            return self._seal(title, parts.head, room)
        # Two fences in place of one, and the note between them.
        origin, size = self._origin(label, value), size_of_text(value)
        note_size = len(_rest_of_text(origin, size, 2 * size).encode()) + 2 * len("\n")
        parts = self._texts.write(value, max(0, body_room - self._fence_size() - note_size))
        tail = self._block(parts.tail)
        note = _rest_of_text(origin, parts.start, parts.stop)
        after = f"{note}\n{tail}" if tail else note
        whole = Piece(parts.head.text, (*parts.head.spans, *parts.tail.spans), parts.stop - parts.start)
        return self._seal(title, whole, room, after)

    def _origin(self, label: Expr, value: str | Text) -> tuple[Expr, int] | None:
        """An expression that gives a text again, and where the text begins in it; None where there is none."""
        if isinstance(value, Text) and self._lines.can_be_loaded(value):
            name, path = self._lines.input_of(value)
            return (Index(Var(name), Lit(path)) if path else Var(name)), value.start
        return (label, 0) if is_path(label) else None

    def _value(self, value: Value, room: int) -> Piece:
        """A list or a record."""
        if isinstance(value, dict):
            return self._rows.record(value, room) or self._rows.fields(value, room)
        rows = rows_of(value)
        if rows is None or _is_short_list(value):
            return inline(value, room, self._blobs)
        return _joined(self._rows.write(rows, room, len(rows)))

    def _text_summary(self, title: str, value: str | Text, room: int, is_brief: bool) -> Observation:
        # Foreign text never stands in a title, where nothing would mark it as data.
        is_own = isinstance(value, str) and not self._foreign and len(value) <= _LINE and "\n" not in value
        if is_own:
            return self._seal(title + visible(json.dumps(value, ensure_ascii=False)), Piece(""), room)
        title += self._text_title(value)
        if is_brief:
            return self._seal(title, Piece(""), room)
        body_room = self._room_of(title, min(room, ECHO // 2 if size_of_text(value) > ECHO // 2 else ECHO))
        shown = self._texts.write(value, body_room)
        if shown.stop > shown.start:
            return self._seal(title, self._texts.beginning(value, min(UNCUT, body_room)), room)
        return self._seal(title, shown.head, room)

    # Room

    def _fence_size(self) -> int:
        """Bytes that fencing takes: as many around any content, since its tag has a fixed number of digits."""
        return len(fenced(b"", self._source)) + 1 if self._foreign else 0

    def _room_of(self, title: str, room: int) -> int:
        """What a title and a fence leave of the room."""
        return max(0, room - len(title.encode()) - len("\n") - self._fence_size())

    def _block(self, body: Piece) -> str:
        if not body.text:
            return ""
        return fenced(body.text.encode(), self._source).decode() if self._foreign else body.text

    def _seal(self, title: str, body: Piece, room: int, after: str = "") -> Observation:
        """Title, body and what follows; without the body where they do not fit, so that no fence is ever cut open."""
        lines = [title, self._block(body), after]
        text = "\n".join(line for line in lines if line)
        if len(text.encode()) <= room:
            return Observation(text, body.spans, body.cut)
        return Observation(title, (), body.cut + len(body.text.encode()))

    # Titles

    def _rows_title(self, rows: Rows) -> str:
        """`1,432 hits {doc, line, text}`, and after it how many rows stand aside: `, 3 failed`."""
        if rows.kind == LIST:
            title = f"{len(rows):,} items"
        else:
            title = f"{len(rows):,} {rows.kind} {{{list_names(rows.columns)}}}"
        for name, other in rows.aside.items():
            title += f", {len(other):,} {name}"
        return f"{title}; here n | template" if rows.kind == PATTERNS and len(rows) else title

    def _marks(self) -> str:
        """Said where marks are not the usual ones."""
        run = self._lines.run
        if run == 1:
            return ""
        return f"; matches between {OPEN * run} and {CLOSE * run}" if run else "; matches are not marked"

    def _text_title(self, value: str | Text) -> str:
        size = f"text of {size_of_text(value):,} bytes"
        if not isinstance(value, Text):
            return size
        if not self._texts.is_numbered(value):
            return f"{size} at {value.start:,}"
        first, last = self._lines.lines_of(value)
        return f"{size} at {value.start:,}, lines {first:,} to {last:,}"


def label_text(label: Expr) -> str:
    """An expression as a label: on one line, and not too long."""
    text = visible(spell(label))
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"


def _joined(layout: Layout) -> Piece:
    whole = join(layout.pieces, "\n")
    return whole._replace(cut=whole.cut + layout.cut)


def _is_short_list(value: Value) -> bool:
    """Whether a value is a list of numbers and words that reads best on one line."""
    if not isinstance(value, list):
        return False
    firsts = value[:UNCUT]
    if any(isinstance(item, Text | list | dict | Rows) for item in firsts):
        return False
    return not any(isinstance(item, str) and (len(item) > _LINE or "\n" in item) for item in firsts)


def _rest_of_rows(label: Expr, rows: Rows, layout: Layout) -> str:
    """What to write to see the rows that are not shown, and those that are cut."""
    count = len(rows)
    can_be_named = is_path(label)
    # Of rows that have a column `lines` the items count from 0, as of all others.
    counts_from = 1 if rows.kind == "lines" and has_line_numbers(label) else 0
    notes: list[str] = []
    if layout.rows < count:
        stop = min(count, layout.rows + max(1, layout.rows))
        hint = (
            f"show({spell(part_of(label, layout.rows, stop, counts_from))})"
            if can_be_named
            else "give them a name to show more"
        )
        notes.append(f"{layout.rows:,} of {count:,} rows; the next: {hint}")
    if layout.first_cut is not None:
        row = spell(part_of(label, layout.first_cut, layout.first_cut + 1, counts_from))
        notes.append(f"long rows are cut at …; one alone: show({row})" if can_be_named else "long rows are cut at …")
    return f"[{'; '.join(notes)}]"


def _rest_of_text(origin: tuple[Expr, int] | None, start: int, stop: int) -> str:
    """What to write to see the bytes that are left out."""
    size = f"{stop - start:,} bytes left out"
    if origin is None:
        return f"[{size}: give it a name to load them]"
    whole, offset = origin
    return f"[{size}: load({spell(Slice(whole, Lit(offset + start), Lit(offset + stop)))})]"


def _scalar_text(value: Value) -> str:
    return value_bytes(value).decode() if isinstance(value, bool | int | float) else "null"


def fit_text(text: str, room: int) -> tuple[str, int]:
    """A text in `room` bytes, with a note if it was cut, and how many bytes had to go."""
    raw = text.encode()
    if len(raw) <= room:
        return text, 0
    note = f"\n[{len(raw):,} bytes, cut here]" if room > _NOTE else ""
    # The note takes its room from the text; `snap` moves the cut back to the beginning of a code point.
    head_stop = snap(raw, max(0, room - len(note)))
    return raw[:head_stop].decode() + note, len(raw) - head_stop
