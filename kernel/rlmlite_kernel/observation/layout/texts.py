"""Whole texts: a document's lines with their numbers, any other text as it is; of a long one the beginning and the end.

    log: text of 34,900 bytes, lines 1 to 512
    1: first line ...
    [33,000 bytes left out: load(log[900:33900])]
    511: ... last lines

Cuts fall on line ends where there are any in reach, so that a line is whole or absent. Between the parts stands what to
write to see the rest: a program that runs as it is.
"""

from typing import NamedTuple

from rlmlite_kernel.engines.bytes.buffers import snap
from rlmlite_kernel.observation.layout.lines import LineWriter, Place
from rlmlite_kernel.observation.layout.pieces import Piece, head, more, part
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text


class Parts(NamedTuple):
    """What is shown of a text: all of it as `head`, or a `tail` too, and between them bytes `start` to `stop`."""

    head: Piece
    start: int = 0
    stop: int = 0
    tail: Piece = Piece("")


class TextWriter:
    """Writes whole texts."""

    def __init__(self, blobs: Blobs, lines: LineWriter) -> None:
        self._blobs, self._lines = blobs, lines

    def is_numbered(self, value: str | Text) -> bool:
        """Whether a text is shown with line numbers: it lies in a document, begins with a line, and has several."""
        if not isinstance(value, Text) or not self._lines.has(value) or not len(value):
            return False
        content = self._blobs.read(value.blob)
        begins_a_line = value.start == 0 or content[value.start - 1] in b"\r\n"
        return begins_a_line and self._blobs.lines(value.blob).bounds_at(value.start)[1] < value.stop

    def write(self, value: str | Text, room: int) -> Parts:
        """A text in `room` bytes, the cut not counted in."""
        if not isinstance(value, Text):
            return _plain_parts(value, room)
        if self.is_numbered(value):
            whole = self._numbered(value, value.start, value.stop, room)
            if whole is not None:
                return Parts(whole)
        elif len(value) <= room:
            return Parts(part(value, value.start, value.stop, self._blobs))
        # The beginning says what a text is, its end how it came out; of a log the middle can best be spared.
        first = self._cut_down(value, value.start, room * 2 // 3)
        last = self._cut_up(value, first, room // 3)
        return Parts(self._shown(value, value.start, first), first - value.start, last - value.start,
                     self._shown(value, last, value.stop))  # fmt: skip

    def beginning(self, value: str | Text, room: int) -> Piece:
        """The first lines of a text that is too long, and how much more there is."""
        if not isinstance(value, Text) or not self.is_numbered(value):
            return head(value, room, self._blobs)
        stop = self._cut_down(value, value.start, room)
        piece, left = self._shown(value, value.start, stop), value.stop - stop
        return piece._replace(text=f"{piece.text}\n{more(left)}", cut=left)

    def _shown(self, value: Text, start: int, stop: int) -> Piece:
        if self.is_numbered(value):
            piece = self._numbered(value, start, stop, 4 * (stop - start) + 64)
            assert piece is not None
            return piece
        return part(value, start, stop, self._blobs)

    def _numbered(self, value: Text, start: int, stop: int, room: int) -> Piece | None:
        """These bytes as numbered lines, or None where they do not fit."""
        if stop - start > room:
            return None
        piece = self._lines.write(Place(Text(value.blob, start, stop)), room)
        if piece.size > room or piece.cut:
            return None
        # The line ends are shown too, as line ends.
        return piece._replace(spans=(Text(value.blob, start, stop),) if stop > start else ())

    def _cut_down(self, value: Text, start: int, room: int) -> int:
        """Where a beginning ends that has about `room` bytes with the numbers of its lines: after a line, if it can."""
        content = self._blobs.read(value.blob)
        stop = min(value.stop, start + max(0, room))
        if self.is_numbered(value):
            while stop > start and self._numbered(value, start, snap(content, stop), room) is None:
                stop -= max(1, (stop - start) // 16)
        stop = max(start, snap(content, stop))
        near = bytes(content[start:stop]).rfind(b"\n", (stop - start) // 2)
        return stop if near < 0 else start + near + 1

    def _cut_up(self, value: Text, first: int, room: int) -> int:
        """Where an end begins that has about `room` bytes with its numbers: with a line, if it can."""
        content = self._blobs.read(value.blob)
        start = max(first, value.stop - max(0, room))
        if self.is_numbered(value):
            while start < value.stop and self._numbered(value, snap(content, start), value.stop, room) is None:
                start += max(1, (value.stop - start) // 16)
        near = bytes(content[start : value.stop]).find(b"\n", 0, (value.stop - start) // 2)
        return max(first, snap(content, start)) if near < 0 else start + near + 1


def _plain_parts(value: str, room: int) -> Parts:
    raw = value.encode()
    if len(raw) <= room:
        return Parts(Piece(value))
    first = snap(raw, room * 2 // 3)
    near = raw.rfind(b"\n", first // 2, first)
    first = first if near < 0 else near + 1
    last = max(first, snap(raw, len(raw) - room // 3))
    near = raw.find(b"\n", last, last + (len(raw) - last) // 2)
    last = last if near < 0 else near + 1
    return Parts(Piece(raw[:first].decode()), first, last, Piece(raw[last:].decode()))
