"""Pieces: text that is ready to be shown, with the spans of content that are in it.

Whatever lays values out makes pieces that fit their room from the start. So nothing is cut afterwards, and the spans
are exactly what is shown. Not here: what a value looks like.

    share([40, 900, 60, 500], room=600)     250: 40 + 250 + 60 + 250 fit, so what is small is whole
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rlmlite_kernel.engines.bytes.buffers import snap
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text

UNCUT = 200
"""Bytes up to which nothing is cut, if the room as a whole permits it."""

OPEN, CLOSE = "«", "»"
"""Between these stands a match in its line. Where data has them too, they are doubled, or more: see `longest_run`."""

_RUN = re.compile(f"{OPEN}+|{CLOSE}+")

# Control characters and what some readers take as a line end: in a line they could look like the next one.
_INVISIBLE = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


class Piece(NamedTuple):
    """Text to show, the spans in it, how many bytes of its value are left out, and the longest run of marks in data."""

    text: str
    spans: tuple[Text, ...] = ()
    cut: int = 0
    run: int = 0

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        return len(self.text.encode())


def join(pieces: Iterable[Piece], separator: str) -> Piece:
    """Pieces as one."""
    every = tuple(pieces)
    return Piece(
        separator.join(piece.text for piece in every),
        tuple(span for piece in every for span in piece.spans),
        sum(piece.cut for piece in every),
        max((piece.run for piece in every), default=0),
    )


def visible(text: str) -> str:
    """A text that is to stand on one line, with an escape for every character that could end it."""
    return _INVISIBLE.sub(lambda found: repr(found[0])[1:-1], text)


def longest_run(text: str) -> int:
    """The length of the longest run of match marks in data."""
    if OPEN not in text and CLOSE not in text:
        return 0
    return max(map(len, _RUN.findall(text)))


def share(needs: Sequence[int], room: int) -> int:
    """The level to which every need can be met, so that what needs less has all, and the others have the same."""
    left = room
    for place, need in enumerate(sorted(needs)):
        equal = left // (len(needs) - place)
        if need > equal:
            return max(0, equal)
        left -= need
    return max(needs, default=0)


def part(text: Text, start: int, stop: int, blobs: Blobs) -> Piece:
    """Bytes start..stop of a content, at code points."""
    content = blobs.read(text.blob)
    first, last = max(text.start, snap(content, start)), max(text.start, snap(content, stop))
    words = bytes(content[first:last]).decode()
    return Piece(words, (Text(text.blob, first, last),) if last > first else (), 0, longest_run(words))


def head(value: str | Text, limit: int, blobs: Blobs) -> Piece:
    """A text in about `limit` bytes: whole, or its beginning and how much more there is."""
    size = size_of_text(value)
    stop = size if size <= limit else limit
    if isinstance(value, Text):
        shown = part(value, value.start, value.start + stop, blobs)
    else:
        raw = value.encode()
        words = raw[: snap(raw, stop)].decode()
        shown = Piece(words, (), 0, longest_run(words))
    left = size - len(shown.text.encode())
    return shown if not left else shown._replace(text=f"{shown.text}{more(left)}", cut=left)


def more(count: int) -> str:
    """What stands where bytes are left out of a line."""
    return f"…(+{count:,} bytes)"


def size_of_text(value: str | Text) -> int:
    """Bytes of a text."""
    return len(value.encode()) if isinstance(value, str) else len(value)
