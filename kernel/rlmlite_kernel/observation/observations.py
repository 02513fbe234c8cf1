"""Observations: what goes back to the controller. Bounded, and every content in them is fenced and labelled as data.

Each step that writes a variable gets one line; `show` and `preview` get what there is room for.

    hits = 1,432 hits {doc, line, start, end, match, text}
    <data 8d2a01f7 from=log>
    {"doc": null, "line": 17, "start": 1201, "end": 1206, "match": "ERROR", "text": "ERROR disk full…(+310 bytes)"}
    </data 8d2a01f7>

What is cut is counted: `…(+310 bytes)`, `[12,000 bytes cut]`, `the first 11 shown`. The spans of content that are still
there after all cuts are recorded with the observation, as coverage counts them as shown.
"""

import bisect
import json
from collections.abc import Iterable
from itertools import islice

import msgspec

from rlmlite_kernel.engines.bytes.buffers import snap
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.fences import fenced, list_names
from rlmlite_kernel.values.values import LIST, Rows, Value, kind_of, rows_of

# Bytes of a text in a summary.
_CELL = 200
# Characters of the program's own text that a summary shows without a block of its own.
_LINE = 80
# Bytes of a whole row in a summary: three full cells, so that one long text does not hide the other fields.
_ROW = 600
# Items of a list in a row.
_ITEMS = 20
# Parts of a value that are looked at. Far more than can be shown, and far fewer than a list of lists of one list has.
_PARTS = 200_000
# Bytes that a fence and a title take, roughly, and that are kept free for them. `_seal` counts exactly; this estimate
# only saves cutting a body twice.
_FENCE = 120
# Characters of a text that was cut, from which it counts as shown. Fewer may stand in the observation by chance.
_FEW = 16
# Bytes of room from which a cut leaves a note. In less, the note would be most of what is shown.
_NOTE = 60


class Observation(msgspec.Struct, frozen=True):
    """What one step shows: the text, the spans of content in it, and how many bytes were left out."""

    text: str
    spans: tuple[Text, ...] = ()
    cut: int = 0


class ObservationWriter:
    """Writes what one step shows, in `room` bytes. `foreign` content comes from `source`, and is fenced as data."""

    def __init__(self, blobs: Blobs, room: int, source: str, foreign: bool) -> None:
        self._blobs, self._room, self._source, self._foreign = blobs, room, source, foreign
        # Every span whose words went into the body. Some may be cut away again later: see `_seal`.
        self._spans: list[Text] = []
        self._cut = 0
        self._parts_left = _PARTS
        # Whether a body was cut after its spans were noted, so that they have to be looked up again.
        self._is_shortened = False

    def summary(self, name: str, value: Value) -> Observation:
        """One line about a value that a step wrote, and a glimpse of it: the first row, the beginning of a text."""
        title = f"{name} = " if name else ""
        if isinstance(value, Rows):
            return self._seal(title + self._rows_title(value), self._first_row(value))
        if isinstance(value, str | Text):
            return self._text_summary(title, value)
        if isinstance(value, list | dict):
            noun = "items" if isinstance(value, list) else "fields"
            title += f"{kind_of(value)} of {len(value):,} {noun}:"
            return self._seal(title, self._brief(value, _ROW))
        # A number or a truth value cannot carry an instruction, so it stands in the title, without a fence.
        return self._seal(title + _scalar_text(value), "")

    def whole(self, name: str, value: Value) -> Observation:
        """A value in full, as far as there is room."""
        if isinstance(value, str | Text):
            return self._seal(f"{name}: {_text_title(value, self._blobs)}", self._head_and_tail(value))
        rows = rows_of(value)
        if rows is None:
            limit = max(_ROW, self._room - _FENCE)
            return self._seal(f"{name}:", self._brief(value, limit))
        lines = self._row_lines(rows)
        title = f"{name}: {self._rows_title(rows)}"
        if len(lines) < len(rows):
            title += f", the first {len(lines):,} shown"
        return self._seal(title, "\n".join(lines))

    def _seal(self, title: str, body: str) -> Observation:
        """Title and body in the room. The body is cut before it is fenced, so that the fence is always closed."""
        # A fence is as long around any content: its tag has a fixed number of digits.
        fence_size = len(fenced(b"", self._source)) if self._foreign else 0
        newline_size = 1
        body_room = max(0, self._room - len(title.encode()) - newline_size - fence_size)
        content, cut = fit_text(body, body_room)
        self._cut += cut
        spans = tuple(self._spans)
        # Looking words up is the slow way, and needed only where some of them may be gone.
        if cut or self._is_shortened:
            spans = spans_still_shown(title + content, self._spans, self._blobs)
        if not content:
            return Observation(title, spans, self._cut)
        block = fenced(content.encode(), self._source).decode() if self._foreign else content
        return Observation(f"{title}\n{block}", spans, self._cut)

    def _rows_title(self, rows: Rows) -> str:
        """`1,432 hits {doc, line, text}`, and after it how many rows stand aside: `, 3 failed`."""
        if rows.kind == LIST:
            title = f"{len(rows):,} items"
        else:
            title = f"{len(rows):,} {rows.kind} {{{list_names(rows.columns)}}}"
        for name, other in rows.aside.items():
            title += f", {len(other):,} {name}"
        return title

    def _first_row(self, rows: Rows) -> str:
        return self._brief(rows.row(0, self._blobs), _ROW) if len(rows) else ""

    def _row_lines(self, rows: Rows) -> list[str]:
        """The first rows, one per line, as many as there is room for; at least one."""
        lines: list[str] = []
        room = self._room - _FENCE
        for row in range(len(rows)):
            line = self._brief(rows.row(row, self._blobs), _ROW)
            size = len(line.encode())
            room -= size + 1  # and the line break
            # The first row is shown whatever its size; `_seal` cuts it if it must.
            if room < 0 and lines:
                self._cut += size
                self._is_shortened = True
                break
            lines.append(line)
        return lines

    def _text_summary(self, title: str, value: str | Text) -> Observation:
        body = self._clip(value, _CELL)
        # Foreign text never stands in a title, where nothing would mark it as data.
        fits_in_the_title = not self._foreign and len(body) <= _LINE and "\n" not in body
        if fits_in_the_title:
            return self._seal(title + json.dumps(body, ensure_ascii=False), "")
        return self._seal(title + _text_title(value, self._blobs), body)

    def _head_and_tail(self, value: str | Text) -> str:
        """The text, or two thirds of the room from its beginning and one from its end, with the cut between."""
        size = len(value.encode()) if isinstance(value, str) else len(value)
        room = max(0, self._room - _FENCE)
        if size <= room:
            return self._part(value, 0, size)
        # The beginning says what a text is, its end how it came out; of a log the middle is what can best be spared.
        head_size = room * 2 // 3
        tail_size = room - head_size
        cut = size - head_size - tail_size
        self._cut += cut
        head = self._part(value, 0, head_size)
        tail = self._part(value, size - tail_size, size)
        return f"{head}\n[{cut:,} bytes cut]\n{tail}"

    def _part(self, value: str | Text, start: int, stop: int) -> str:
        """Bytes of a text, at code points, noted as shown if they are a part of a content."""
        if isinstance(value, str):
            raw = value.encode()
            return raw[snap(raw, start) : snap(raw, stop)].decode()
        # Offsets of a text are within its own range; spans and `snap` count from the beginning of the content.
        content = self._blobs.read(value.blob)
        first = snap(content, value.start + start)
        last = snap(content, value.start + stop)
        self._spans.append(Text(value.blob, first, last))
        return bytes(content[first:last]).decode()

    def _clip(self, value: str | Text, limit: int) -> str:
        size = len(value.encode()) if isinstance(value, str) else len(value)
        if size <= limit:
            return self._part(value, 0, size)
        head = self._part(value, 0, limit)
        return f"{head}…(+{size - limit:,} bytes)"

    def _brief(self, value: Value, limit: int) -> str:
        """A value as JSON in about `limit` bytes; long texts and lists say how much more there is."""
        self._parts_left = _PARTS
        text = json.dumps(self._shorten(value, limit), ensure_ascii=False)
        raw = text.encode()
        if len(raw) <= limit:
            return text
        # Many small fields may still exceed the limit; then the JSON is cut where it stands, and is no longer valid.
        self._is_shortened = True
        head = raw[: snap(raw, limit)].decode()
        return f"{head}…(+{len(raw) - limit:,} bytes)"

    def _shorten(self, value: Value, limit: int) -> object:
        """A value as JSON, each level with half the room of the one above it."""
        if isinstance(value, str | Text):
            return self._clip(value, max(_CELL, limit // 2))
        self._parts_left -= 1
        if self._parts_left < 0:
            return "…"
        if isinstance(value, dict):
            return {key: self._shorten(item, limit // 2) for key, item in islice(value.items(), _PARTS)}
        if isinstance(value, float):
            # A float in its canonical spelling, as it would be in a record.
            return msgspec.json.decode(value_bytes(value))
        if isinstance(value, Rows):
            # Only the rows that are shown: a column may have millions.
            shown = min(len(value), _ITEMS)
            value = [value.row(row, self._blobs) for row in range(shown)]
        if isinstance(value, list):
            items: list[object] = [self._shorten(item, limit // 2) for item in value[:_ITEMS]]
            left_out = len(value) - _ITEMS
            if left_out > 0:
                items.append(f"…(+{left_out:,} items)")
            return items
        return value


def spans_still_shown(text: str, spans: Iterable[Text], blobs: Blobs) -> tuple[Text, ...]:
    """What a text that was cut still has of these spans: each from its start, as far as its words are in the text."""
    shown: list[Text] = []
    for span in spans:
        words = span.string(blobs)
        count = _shown_length(words, text)
        if count == len(words) or count >= _FEW:
            # `count` is in characters, spans are in bytes.
            shown_bytes = len(words[:count].encode())
            shown.append(Text(span.blob, span.start, span.start + shown_bytes))
    return tuple(shown)


def _shown_length(words: str, text: str) -> int:
    """How many characters of the words, from their beginning, are in a text, plain or as JSON.

    By bisection: if so many are there, fewer are too.
    """

    def are_there(count: int) -> bool:
        part = words[:count]
        if part in text:
            return True
        spelled_in_json = json.dumps(part, ensure_ascii=False)[1:-1]  # without its quotes
        return spelled_in_json in text

    # Most spans are there as a whole.
    if are_there(len(words)):
        return len(words)
    # The first count whose next character is missing.
    return bisect.bisect_left(range(len(words)), True, key=lambda count: not are_there(count + 1))


def _scalar_text(value: Value) -> str:
    return value_bytes(value).decode() if isinstance(value, bool | int | float) else "null"


def _text_title(value: str | Text, blobs: Blobs) -> str:
    if isinstance(value, str):
        return f"text of {len(value.encode()):,} bytes"
    return f"text of {len(value):,} bytes at {value.start:,}"


def fit_text(text: str, room: int) -> tuple[str, int]:
    """A text in `room` bytes, with a note if it was cut, and how many bytes had to go."""
    raw = text.encode()
    if len(raw) <= room:
        return text, 0
    note = f"\n[{len(raw):,} bytes, cut here]" if room > _NOTE else ""
    # The note takes its room from the text; `snap` moves the cut back to the beginning of a code point.
    head_stop = snap(raw, max(0, room - len(note)))
    return raw[:head_stop].decode() + note, len(raw) - head_stop
