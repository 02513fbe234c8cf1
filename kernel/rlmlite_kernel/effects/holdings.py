"""What a prompt holds of the inputs: for coverage, once the prompt was answered.

A reference that was put into a prompt says itself what it holds. A string does not: it was rendered, joined, parsed or
cut, and only its `words` are known, the texts that it was made of (`evaluation.taint`). So it is compared with them:

    line = context.lines[3]                      a reference: line 3
    "{context.lines[3]}!"                        words: line 3, which stands in the string: line 3
    upper(context.lines[3])                      words: line 3, which does not stand in it: nothing
    json_parse(context).user                     words: all of the context, in which the string stands: these bytes

Found is what stands there to the byte, in order where it can be. Coverage never claims more than was sent; of a text
that was changed on the way it claims less.

Not here: which calls were answered (`run.recorder`), or which contents are inputs (`observation.coverage`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from rlmlite_kernel.evaluation.taint import Words
from rlmlite_kernel.evaluation.texts import line_of
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.tables.row_spans import RowSpans
from rlmlite_kernel.values.values import Rows, Value

_MOST_WORK = 1 << 28
"""Bytes that are compared for the strings of one step. Beyond, strings count for nothing, and a note says so."""

_LEAST = 8
"""Bytes of a part of a line, from which it counts: shorter ones stand nearly everywhere."""

_LINES = re.compile(rb"[^\0\n]+")


class Holding(NamedTuple):
    """One thing that a prompt holds: a value, the `words` of its strings, and the row of some rows that it is of."""

    value: Value
    words: tuple[Words, ...] = ()
    spans: Spans | None = None
    row: int = 0


class HoldingReader:
    """Reads which texts of inputs stand in prompts. `is_input` tells the contents of inputs from those that were made.

    One reader serves all calls of a step: what strings are compared with is read once.
    """

    def __init__(self, blobs: Blobs, is_input: Callable[[Text], bool]) -> None:
        self._blobs, self._is_input = blobs, is_input
        self._work_left = _MOST_WORK
        self._contents: dict[int, tuple[Words, list[tuple[Text, bytes]]]] = {}
        # The strings that are read, end to end with a null between them, and how far they were looked through.
        self._strings = bytearray()
        self._place = 0
        self.texts: list[Text] = []

    @property
    def is_exhausted(self) -> bool:
        """Whether strings were left that were not compared, so that `texts` may lack some."""
        return self._work_left <= 0

    def read(self, holding: Holding) -> None:
        """Add what one thing holds to `texts`."""
        self._strings, self._place = bytearray(), 0
        self._read_value(holding.value, holding.spans, holding.row)
        if not self._strings:
            return
        own = None if holding.spans is None else holding.spans.at(holding.row, self._blobs)
        if isinstance(own, Text) and self._is_input(own):
            # What was made of a row mostly repeats the row itself, which is to be cited before its twins.
            self._compare([(own, own.read(self._blobs))])
        self._compare(self._texts_of(holding.words))

    def _read_value(self, value: Value, spans: Spans | None, row: int) -> None:
        if isinstance(value, Text):
            self._read_text(value, spans, row)
        elif isinstance(value, str):
            self._strings += value.encode() + b"\0"
        elif isinstance(value, Rows):
            self._read_rows(value)
        elif isinstance(value, list | dict):
            for item in value.values() if isinstance(value, dict) else value:
                self._read_value(item, spans, row)

    def _read_text(self, text: Text, spans: Spans | None, row: int) -> None:
        if isinstance(spans, RowSpans) and spans.has_cell(text):
            # Equal cells are one text, which does not say of which row it is.
            self.texts.append(spans.place_in(spans.chosen.at(row), text, self._blobs))
        elif self._is_input(text):
            self.texts.append(text)
        else:
            self._strings += text.read(self._blobs) + b"\0"

    def _read_rows(self, rows: Rows) -> None:
        """Rows in running text: see `evaluation.texts.line_of`."""
        spans = rows.spans
        if isinstance(spans, RowSpans) and set(rows.columns) >= set(spans.store.names):
            self.texts += [text for text in spans.cells(self._blobs) if isinstance(text, Text)]
            return
        for row, item in enumerate(rows.values(self._blobs)):
            self._read_value(line_of(rows, item), spans, row)

    def _texts_of(self, words: Sequence[Words]) -> Iterator[tuple[Text, bytes]]:
        for each in words:
            # Held beside what was opened: the identity of an object that is gone may become another's.
            if id(each) not in self._contents:
                self._contents[id(each)] = each, self._open(each)
            yield from self._contents[id(each)][1]

    def _open(self, words: Words) -> list[tuple[Text, bytes]]:
        """The texts of inputs among the words, in order, each once."""
        inner = HoldingReader(self._blobs, self._is_input)
        if isinstance(words, Rows):
            # All columns, and not as in running text: a template may have used any of them.
            for row, item in enumerate(words.values(self._blobs)):
                inner._read_value(item, words.spans, row)
        else:
            inner._read_value(words, None, 0)
        opened: list[tuple[Text, bytes]] = []
        for text in dict.fromkeys(inner.texts):
            self._work_left -= len(text)
            if self._work_left < 0:
                break
            if len(text):
                opened.append((text, text.read(self._blobs)))
        return opened

    def _compare(self, contents: Iterable[tuple[Text, bytes]]) -> None:
        """Add the texts that stand in the strings, then the parts of the others that the rest of the strings repeats.

        What is found is struck out of the strings: of two equal texts both count only if the strings have both.
        """
        others: list[tuple[Text, bytes]] = []
        explained: set[bytes] = set()
        # The longest first: a line explains the matches in it, which must not then stand for the matches of others.
        for text, content in sorted(contents, key=lambda each: -len(each[1])):
            if self._find_whole(content) < 0:
                others.append((text, content))
            else:
                self.texts.append(text)
                explained.add(content)
        if others:
            self._strike_copies(explained)
        for text, content in others:
            self._place = 0
            for start, stop in self._pieces():
                self._find_parts(text, content, start, stop)

    def _find_whole(self, content: bytes) -> int:
        """Where a text stands in the strings. It is struck out there."""
        found = self._search(self._strings, content, self._place)
        if found >= 0:
            self._place = found + len(content)
            self._strike(found, len(content))
        return found

    def _strike_copies(self, explained: set[bytes]) -> None:
        """Strike out what repeats a text that was found, so that no other text is taken for it."""
        # The longest first, in an order that does not depend on hashes.
        for content in sorted(explained, key=lambda each: (-len(each), each)):
            self._work_left -= len(self._strings)
            if self._work_left < 0:
                return
            self._strings = self._strings.replace(content, bytes(len(content)))

    def _pieces(self) -> list[tuple[int, int]]:
        """What is left of the strings, each line for itself."""
        return [
            (each.start(), each.end()) for each in _LINES.finditer(self._strings) if not each.group().strip().isdigit()
        ]

    def _find_parts(self, text: Text, content: bytes, start: int, stop: int) -> None:
        """Add the parts of a text that stand at `start:stop` of the strings, from left to right, as long as can be.

        Shorter ones than `_LEAST` count only if they are all of the line.
        """
        whole = stop - start
        while stop - start >= min(whole, _LEAST) and self._work_left > 0:
            line = bytes(self._strings[start:stop])
            least = min(len(line), whole if whole < _LEAST else _LEAST)
            found = self._search(content, line[:least], self._place)
            if found < 0:
                # From the next word on.
                blank = line.find(b" ")
                start = stop if blank < 0 else start + blank + 1
                continue
            size = _common_length(line, content, found)
            # Perhaps it goes on farther elsewhere: the whole line is looked for once.
            elsewhere = -1 if size == len(line) else self._search(content, line, self._place)
            if elsewhere >= 0:
                found, size = elsewhere, len(line)
            self.texts.append(Text(text.blob, text.start + found, text.start + found + size))
            self._place = found + size
            self._strike(start, size)
            start += size

    def _strike(self, start: int, size: int) -> None:
        self._strings[start : start + size] = bytes(size)

    def _search(self, content: bytes | bytearray, words: bytes, place: int) -> int:
        """Where words stand in a content: behind a place if they do there, else anywhere; -1 without work left."""
        if len(words) > len(content) or not words or self._work_left < 0:
            return -1
        found = content.find(words, place)
        self._work_left -= (len(content) if found < 0 else found) - place + len(words)
        if found < 0 and place:
            found = content.find(words)
            self._work_left -= len(content) if found < 0 else found
        return found


def _common_length(line: bytes, content: bytes, place: int) -> int:
    """How many bytes of a line stand at a place of a content."""
    other = content[place : place + len(line)]
    if line == other:
        return len(line)
    return next((at for at, (a, b) in enumerate(zip(line, other, strict=False)) if a != b), len(other))
