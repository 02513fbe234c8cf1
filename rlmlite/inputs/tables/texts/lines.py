"""Lines of a text, each with its number and its place.

A line ends at a line feed, a carriage return, or both, as in Python's universal newlines. Nothing else ends one: U+2028
or a form feed stands in a cell as any other character does.

    b"a,b\\r\\n1,2\\n"     line 1 at byte 0: "a,b\\r\\n"     line 2 at byte 5: "1,2\\n"
"""

import codecs
import io
from collections.abc import Iterator

import msgspec

from rlmlite.errors import InputError
from rlmlite.inputs.tables.reading.reader import TableFile

MAX_LINE = 1 << 30
"""Bytes of one line. A cell may be a document, but a line without end must not fill the memory."""

_BLOCK = 1 << 18
_BOM = codecs.BOM_UTF8


class Place(msgspec.Struct, frozen=True):
    """Where a line begins: its byte in the file, and its number, from 1."""

    offset: int
    line: int

    @property
    def name(self) -> str:
        """The line in a message."""
        return f"line {self.line:,}"


class TextFile:
    """A file whose text is a table."""

    def __init__(self, path: TableFile) -> None:
        assert path.text is not None
        self.path, self.text = path, memoryview(path.text)
        is_marked = self.text[: len(_BOM)] == _BOM
        # A byte order mark says how to decode the file, and is no part of its text.
        self.start = Place(len(_BOM) if is_marked else 0, 1)

    def has(self, sign: bytes) -> bool:
        """Whether a byte occurs in the text."""
        size = len(self.text)
        return any(sign in bytes(self.text[start : start + _BLOCK]) for start in range(0, size, _BLOCK))

    def lines(self, start: Place | None = None, *, only_feeds: bool = False) -> "Lines":
        """The lines from a place on."""
        return Lines(self, start or self.start, only_feeds)


class Lines:
    """An iterator of lines with their ends. `place` is where the next line begins.

    With `only_feeds` a carriage return ends no line.
    """

    def __init__(self, file: TextFile, start: Place, only_feeds: bool) -> None:
        self._file, self._offset, self._line = file, start.offset, start.line
        self._cut = _cut_at_feeds if only_feeds else _cut
        self._lines = self._read()

    @property
    def place(self) -> Place:
        """Where the next line begins."""
        return Place(self._offset, self._line)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = next(self._lines)
        self._offset += len(line)
        self._line += 1
        return line

    def _read(self) -> Iterator[bytes]:
        text = self._file.text
        begun: list[bytes] = []
        for start in range(self._offset, len(text), _BLOCK):
            block = bytes(text[start : start + _BLOCK])
            begun.append(block)
            # The last line may go on in the next block; its carriage return may be followed there by a line feed.
            if b"\n" in block or b"\r" in block:
                *lines, last = self._cut(b"".join(begun))
                begun = [last]
                yield from lines
            if sum(map(len, begun)) > MAX_LINE:
                raise InputError(f"{self._file.path} line {self._line:,} has more than {MAX_LINE:,} bytes")
        yield from self._cut(b"".join(begun))


def _cut(block: bytes) -> list[bytes]:
    return block.splitlines(keepends=True)


def _cut_at_feeds(block: bytes) -> list[bytes]:
    return io.BytesIO(block).readlines()


def text_of(line: bytes) -> str:
    """A line as text. What was not valid UTF-8 has been replaced, and counted, when the file was hashed."""
    return line.decode("utf-8")


def end_size(line: bytes) -> int:
    """The bytes at the end of a line that end it."""
    return len(line) - len(line.rstrip(b"\r\n"))


def line_ends(text: bytes) -> int:
    """How many lines end in a text."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def line_feeds(text: memoryview, start: int, stop: int) -> int:
    """How many line feeds there are in a part of a text."""
    return sum(bytes(text[at : min(at + _BLOCK, stop)]).count(b"\n") for at in range(start, stop, _BLOCK))


def line_stop(text: memoryview, at: int) -> int:
    """Where the line ends, after its line feed, that the byte before a place is in."""
    if at and text[at - 1] == ord("\n"):
        return at
    for start in range(at, len(text), _BLOCK):
        feed = bytes(text[start : start + _BLOCK]).find(b"\n")
        if feed >= 0:
            return start + feed + 1
    return len(text)
