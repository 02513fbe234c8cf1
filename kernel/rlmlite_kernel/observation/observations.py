"""Observations: what goes back to the controller. Bounded, and every content in them is fenced and labelled as data.

Each step says one thing. What is cut is counted.
"""

import bisect
import json
from collections.abc import Iterable

import msgspec

from rlmlite_kernel.engines.bytes.buffers import snap
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.fences import fenced, list_names
from rlmlite_kernel.values.values import LIST, Rows, Value, kind_of, rows_of

_CELL = 200  # bytes of a text that a row's summary shows
_LINE = 80  # characters of the program's own text that a summary shows in its line
_ROW = 600  # bytes of a whole row in a summary
_FENCE = 120  # bytes that a fence and a title take, roughly, kept free for them
_FEW = 16  # characters of a text that was cut, from which it counts as shown


class Observation(msgspec.Struct, frozen=True):
    """An observation: its text, the spans of content in it, the bytes that were left out."""

    text: str
    spans: tuple[Text, ...] = ()
    cut: int = 0


class ObservationWriter:
    """Writes what one step shows, within `room` bytes."""

    def __init__(self, blobs: Blobs, room: int, source: str, foreign: bool) -> None:
        self._blobs, self._room, self._source, self._foreign = blobs, room, source, foreign
        self._spans: list[Text] = []
        self._cut = 0
        self._shortened = False

    def summary(self, name: str, value: Value) -> Observation:
        """One line about a value that a step wrote: what it is, how many rows, the first of them."""
        title = f"{name} = " if name else ""
        if isinstance(value, Rows):
            return self._sealed(title + self._rows_title(value), self._first(value))
        if isinstance(value, str | Text):
            return self._text_summary(title, value)
        if isinstance(value, list | dict):
            count = f"{len(value):,} {'items' if isinstance(value, list) else 'fields'}"
            return self._sealed(f"{title}{kind_of(value)} of {count}:", self._brief(value, _ROW))
        return self._sealed(title + _scalar(value), "")

    def whole(self, name: str, value: Value) -> Observation:
        """A value in full, as far as there is room."""
        if isinstance(value, str | Text):
            return self._sealed(f"{name}: {_text_title(value, self._blobs)}", self._text(value))
        rows = rows_of(value)
        if rows is None:
            return self._sealed(f"{name}:", self._brief(value, max(_ROW, self._room - _FENCE)))
        lines, shown = self._lines(rows)
        kept = "" if shown == len(rows) else f", the first {shown:,} shown"
        return self._sealed(f"{name}: {self._rows_title(rows)}{kept}", "\n".join(lines))

    def _sealed(self, title: str, body: str) -> Observation:
        """Title and body within the room; the cut is inside the fence, so that the fence is closed."""
        fence_size = len(fenced(b"", self._source)) if self._foreign else 0
        kept, cut = fit_text(body, max(0, self._room - len(title.encode()) - 1 - fence_size))
        self._cut += cut
        spans = (
            spans_still_shown(title + kept, self._spans, self._blobs) if cut or self._shortened else tuple(self._spans)
        )
        if not kept:
            return Observation(title, spans, self._cut)
        content = fenced(kept.encode(), self._source).decode() if self._foreign else kept
        return Observation(f"{title}\n{content}", spans, self._cut)

    def _rows_title(self, rows: Rows) -> str:
        noun = "items" if rows.kind == LIST else rows.kind
        fields = "" if rows.kind == LIST else f" {{{list_names(rows.columns)}}}"
        aside = "".join(f", {len(other):,} {name}" for name, other in rows.aside.items())
        return f"{len(rows):,} {noun}{fields}{aside}"

    def _first(self, rows: Rows) -> str:
        return self._brief(rows.row(0, self._blobs), _ROW) if len(rows) else ""

    def _lines(self, rows: Rows) -> tuple[list[str], int]:
        lines: list[str] = []
        left = self._room - _FENCE
        for row in range(len(rows)):
            line = self._brief(rows.row(row, self._blobs), _ROW)
            left -= len(line.encode()) + 1
            if left < 0 and lines:
                self._cut += len(line.encode())
                self._shortened = True
                break
            lines.append(line)
        return lines, len(lines)

    def _text_summary(self, title: str, value: str | Text) -> Observation:
        body = self._clipped(value, _CELL)
        if not self._foreign and len(body) <= _LINE and "\n" not in body:
            return self._sealed(title + json.dumps(body, ensure_ascii=False), "")
        return self._sealed(title + _text_title(value, self._blobs), body)

    def _text(self, value: str | Text) -> str:
        """The text, or its head and tail with the cut stated between."""
        size = len(value.encode()) if isinstance(value, str) else len(value)
        room = max(0, self._room - _FENCE)
        if size <= room:
            return self._part(value, 0, size)
        head = room * 2 // 3
        tail = size - max(0, room - head)
        self._cut += tail - head
        return f"{self._part(value, 0, head)}\n[{tail - head:,} bytes cut]\n{self._part(value, tail, size)}"

    def _part(self, value: str | Text, start: int, stop: int) -> str:
        if isinstance(value, str):
            raw = value.encode()
            return raw[snap(raw, start) : snap(raw, stop)].decode()
        content = self._blobs.read(value.blob)
        first, last = snap(content, value.start + start), snap(content, value.start + stop)
        self._spans.append(Text(value.blob, first, last))
        return bytes(content[first:last]).decode()

    def _clipped(self, value: str | Text, limit: int) -> str:
        size = len(value.encode()) if isinstance(value, str) else len(value)
        if size <= limit:
            return self._part(value, 0, size)
        return f"{self._part(value, 0, limit)}…(+{size - limit:,} bytes)"

    def _brief(self, value: Value, limit: int) -> str:
        """A value as JSON in about `limit` bytes; long texts and lists say how much more there is."""
        text = json.dumps(self._short(value, limit), ensure_ascii=False)
        raw = text.encode()
        if len(raw) <= limit:
            return text
        self._shortened = True
        return f"{raw[: snap(raw, limit)].decode()}…(+{len(raw) - limit:,} bytes)"

    def _short(self, value: Value, limit: int) -> object:
        if isinstance(value, str | Text):
            return self._clipped(value, max(_CELL, limit // 2))
        if isinstance(value, dict):
            return {key: self._short(item, limit // 2) for key, item in value.items()}
        if isinstance(value, float):
            return msgspec.json.decode(value_bytes(value))
        if isinstance(value, Rows):
            value = [value.row(row, self._blobs) for row in range(min(len(value), 20))]
        if isinstance(value, list):
            kept: list[object] = [self._short(item, limit // 2) for item in value[:20]]
            return kept if len(value) <= 20 else [*kept, f"…(+{len(value) - 20:,} items)"]
        return value


def spans_still_shown(text: str, spans: Iterable[Text], blobs: Blobs) -> tuple[Text, ...]:
    """What of the spans a text that was cut still holds: each as far as its words stand there."""
    found: list[Text] = []
    for span in spans:
        words = span.string(blobs)
        count = _held(words, text)
        if count == len(words) or count >= _FEW:
            found.append(Text(span.blob, span.start, span.start + len(words[:count].encode())))
    return tuple(found)


def _held(words: str, text: str) -> int:
    """How many characters of the words, from their beginning, stand in a text, plain or as JSON."""

    def there(count: int) -> bool:
        part = words[:count]
        return part in text or json.dumps(part, ensure_ascii=False)[1:-1] in text

    if there(len(words)):
        return len(words)
    return bisect.bisect_left(range(len(words)), True, key=lambda count: not there(count + 1))


def _scalar(value: Value) -> str:
    return value_bytes(value).decode() if isinstance(value, bool | int | float) else "null"


def _text_title(value: str | Text, blobs: Blobs) -> str:
    if isinstance(value, str):
        return f"text of {len(value.encode()):,} bytes"
    return f"text of {len(value):,} bytes at {value.start:,}"


def fit_text(text: str, room: int) -> tuple[str, int]:
    """A text within `room` bytes, and how many bytes had to go."""
    raw = text.encode()
    if len(raw) <= room:
        return text, 0
    note = f"\n[{len(raw):,} bytes, cut here]" if room > 60 else ""
    kept = raw[: snap(raw, max(0, room - len(note)))].decode()
    return kept + note, len(raw) - len(kept.encode())
