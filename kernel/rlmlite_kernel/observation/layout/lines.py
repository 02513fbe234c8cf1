"""Lines of inputs, each with its number: what a hit, a passage or a loaded range looks like.

    14: 08:14 «ERROR» disk full                one text as input: the number of the line
    src/app.py:3: import «os»                  of a folder the document as well
    9: …(+1,204 bytes)and then «ERROR» came…(+310 bytes)       a long line, around its match

Numbers are computed from where a text lies, never taken from a field that a model or a program may have filled. So no
line can pass for one that it is not. Characters that could end a line are escaped; matches stand in marks that the
lines themselves do not have (`pieces.OPEN`).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

from rlmlite_kernel.observation.layout.pieces import CLOSE, OPEN, Piece, join, longest_run, more, part, visible
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.tables.row_spans import RowSpans

# A path that cannot be taken for a path, a line number and the beginning of a line.
_PLAIN_PATH = re.compile(r"[\w./@+=~%,()\[\] -]+")

# Bytes that the two notes of a line that is cut on both sides take.
_NOTES = 48


class Documents(Protocol):
    """Which input and path each document is, as `observation.evidence.DocumentNames` has them."""

    @property
    def names(self) -> Mapping[str, tuple[str, str, str]]:
        """The input, the path and the original of each content."""
        ...

    @property
    def tables(self) -> Mapping[str, RowSpans]:
        """The rows of the inputs that are tables."""
        ...


class Place(NamedTuple):
    """Lines of one document to show, and the matches in them, in order."""

    text: Text
    matches: tuple[Text, ...] = ()


class LineWriter:
    """Writes lines of the documents of a run. `run` is the length of the marks around a match; 0 leaves them out."""

    def __init__(self, blobs: Blobs, documents: Documents) -> None:
        self._blobs, self._documents = blobs, documents
        self.run = 1

    def has(self, text: Text) -> bool:
        """Whether a text lies in a document, and so on lines that have numbers."""
        return text.blob in self._documents.names and text.blob not in self._documents.tables

    def can_be_loaded(self, text: Text) -> bool:
        """Whether its input, or a document of it, is a text of which bytes can be taken: rows of a table are not."""
        tables = self._documents.tables.values()
        return self.has(text) and not any(text.blob in rows.text_blobs for rows in tables)

    @cached_property
    def _has_paths(self) -> frozenset[str]:
        """The inputs that are several documents."""
        first: set[str] = set()
        several: set[str] = set()
        for name, _, _ in self._documents.names.values():
            (several if name in first else first).add(name)
        return frozenset(several)

    def label(self, blob: str) -> str:
        """The document before the number of a line; nothing where the input is a single text."""
        name, path, _ = self._documents.names[blob]
        if name not in self._has_paths:
            return ""
        return f"{path if _PLAIN_PATH.fullmatch(path) else visible(json.dumps(path, ensure_ascii=False))}:"

    def input_of(self, text: Text) -> tuple[str, str]:
        """The input that a text lies in, and its path there, if it has several documents."""
        name, path, _ = self._documents.names[text.blob]
        return name, path if name in self._has_paths else ""

    def lines_of(self, text: Text) -> tuple[int, int]:
        """The numbers of a text's first and last line."""
        index = self._blobs.lines(text.blob)
        return index.line_at(text.start), index.line_at(max(text.start, text.stop - 1))

    def write(self, place: Place, limit: int, fields: str = "") -> Piece:
        """Lines in about `limit` bytes: whole, or as many as fit; a single one that does not fit around its match."""
        text = place.text
        label = self.label(text.blob)
        shown: list[Piece] = []
        used, stop = 0, text.start
        for number, line in self._lines(text, place.matches, limit):
            prefix = f"{label}{number}{fields}: "
            piece = self._line(line, place.matches, prefix, limit - used)
            used += piece.size + 1
            if used > limit + 1 and shown:
                break
            shown.append(piece)
            fields = ""
            stop = line.stop
        left = text.stop - stop
        return _with_rest(shown, left, self._blobs.read(text.blob)[text.stop - left : text.stop])

    def _lines(self, text: Text, matches: Sequence[Text], limit: int) -> Iterator[tuple[int, Text]]:
        """The lines of a text with their numbers. Of many only those that `limit` bytes may hold."""
        index = self._blobs.lines(text.blob)
        first, last = self.lines_of(text)
        last = min(last, first + max(1, limit // 3))
        starts, stops = index.spans(first, last + 1)
        for number, start, stop in zip(range(first, last + 1), starts.tolist(), stops.tolist(), strict=True):
            low, high = max(start, text.start), min(stop, text.stop)
            yield number, Text(text.blob, low, max(low, high))

    def _line(self, line: Text, matches: Sequence[Text], prefix: str, limit: int) -> Piece:
        """One line behind its prefix, with its matches marked."""
        inside = [match for match in matches if match.start < line.stop and match.stop > line.start]
        marks = 2 * self.run * len(OPEN.encode()) * len(inside)
        room = limit - len(prefix.encode()) - marks
        low, high = line.start, line.stop
        if len(line) > room:
            low, high = _window(line, inside[0] if inside else None, max(0, room - _NOTES))
        pieces = [Piece(prefix, run=longest_run(prefix))]
        at = low
        for match in inside:
            start, stop = max(match.start, at), min(match.stop, high)
            # A match as long as its line says nothing by its marks.
            if start >= stop or (start <= line.start and stop >= line.stop):
                continue
            pieces += [self._part(line, at, start), Piece(OPEN * self.run), self._part(line, start, stop)]
            pieces.append(Piece(CLOSE * self.run))
            at = stop
        pieces.append(self._part(line, at, high))
        return _bounded(pieces, line)

    def _part(self, line: Text, start: int, stop: int) -> Piece:
        piece = part(line, start, stop, self._blobs)
        return piece._replace(text=visible(piece.text))


def _window(line: Text, match: Text | None, size: int) -> tuple[int, int]:
    """Which `size` bytes of a long line to show: its beginning, or what is around its first match."""
    if match is None:
        return line.start, min(line.stop, line.start + size)
    middle = (max(match.start, line.start) + min(match.stop, line.stop)) // 2
    # A match that is longer than the window is shown from its beginning.
    start = min(max(line.start, middle - size // 2), max(line.start, match.start))
    start = max(line.start, min(start, line.stop - size))
    return start, min(line.stop, start + size)


def _bounded(pieces: Sequence[Piece], line: Text) -> Piece:
    """A line's pieces as one, with how much is left out before and after."""
    prefix, *others = pieces
    spans = [span for piece in others for span in piece.spans]
    first = spans[0].start if spans else line.start
    last = spans[-1].stop if spans else line.start
    before, after = first - line.start, line.stop - last
    texts = [prefix.text, more(before) if before else "", *(piece.text for piece in others)]
    texts.append(more(after) if after else "")
    # Neighbours are one span again: a mark between them is no content.
    whole = (Text(line.blob, first, last),) if spans else ()
    run = max(piece.run for piece in pieces)
    return Piece("".join(texts), whole, before + after, run)


def _with_rest(shown: Sequence[Piece], left: int, rest: bytes | memoryview) -> Piece:
    """Lines as one piece, and after them how much of their text is left out, unless it is only line ends."""
    is_over = left <= 2 and not bytes(rest).strip(b"\r\n")
    whole = join(shown, "\n")
    return whole if is_over else whole._replace(text=f"{whole.text}\n{more(left)}", cut=whole.cut + left)
