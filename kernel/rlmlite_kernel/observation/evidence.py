"""Evidence: the spans of inputs that an answer rests on, resolved and checked byte for byte.

    final(total, evidence=hits[0:3])        three spans: `verbatim`, since they are offsets into the inputs
    final(total, evidence="disk full")      a quote, searched for: `verbatim`, line 17, 3 times
    final(total, evidence="disk\\nfull")     found with white space folded: `verbatim-ws`
    final(total, evidence="disk empty")     `not-found`, with a warning: the model made it up
    final(total, evidence="«disk» full")    as an observation marks it: found without the marks (`observation.marks`)
    final(total, evidence="log:17: disk")   a claim (`observation.claims`): found on line 17, and nowhere else
    final(total)                            the spans that `total` was computed from, by provenance

Rows of a table that is text (CSV, JSON Lines) are lines of the file, and quoted as such. Those of a binary table are in
no text: they are named by their number, as `row`, with what they hold.

A quote is looked up first in the spans that its value came from, then in all inputs.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.observation.texts import MAX_SPANS, texts_of, texts_of_words
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.evolution import EVIDENCE_BY_PLACE
from rlmlite_kernel.values.blobs import digest_of_name
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.lines.kind import are_lines
from rlmlite_kernel.values.tables.row_spans import RowSpans
from rlmlite_kernel.values.values import RECORDS, Rows, Value, rows_of, to_json

if TYPE_CHECKING:
    pass

GIVEN = "given"
"""The basis of evidence that a program names."""

_PIECES_OF_TEXT = ("hits", "lines", "chunks", "documents", "symbols", RECORDS)
"""Kinds of rows that are pieces of text themselves."""

_QUOTING_FIELDS = ("match", "text", "quote")
"""Fields of a record that quote an input, the first of them that is there."""

_QUOTING = frozenset(_QUOTING_FIELDS)

# Bytes of a span's text that are kept beside it.
_EXCERPT = 400


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One piece of evidence: where it lies (bytes, 1-based line), the text (its beginning), and how it was found.

    `how` is `verbatim`, `verbatim-ws` or `not-found`; of tables also `cell`, where a cell says the quote and its line,
    which is given, spells it otherwise; and `row` for a row of a binary table: `line` is then its number.
    Where the input's text was derived from a file, positions are of the text; `digest` is the text's SHA-256 and
    `original` that of the file.
    """

    how: str
    text: str
    input: str = ""
    path: str = ""
    start: int = 0
    stop: int = 0
    line: int = 0
    times: int = 1
    digest: str = ""
    original: str = ""


class EvidenceList(msgspec.Struct, frozen=True):
    """The evidence written out, how many pieces there are in all, and where they came from (`given` or `derived`)."""

    items: tuple[Evidence, ...]
    total: int
    basis: str


class DocumentNames(msgspec.Struct, frozen=True):
    """Which document each content of the inputs is: from its name to (input, path, digest of the file behind it).

    `tables` are the rows of those inputs that are tables, by the name of their columns. For names see `values.blobs`.
    """

    names: dict[str, tuple[str, str, str]]
    tables: dict[str, RowSpans] = {}

    def has(self, text: Text) -> bool:
        """Whether a text lies in an input."""
        return text.blob in self.names or text.blob in self.tables


def resolve_evidence(
    value: TaintedValue, given: TaintedValue | None, documents: DocumentNames, context: StepContext
) -> EvidenceList:
    """The evidence of an answer: what the program named, else the spans that the value rests on."""
    collector = _Collector(documents, context)
    if given is not None:
        # Where the evidence itself came from: a quote that a model took from a chunk is sought in that chunk first.
        near = texts_of(given, context)
        if context.follows(EVIDENCE_BY_PLACE):
            # What a program made proves nothing, and must not hide the input that it was made of.
            near += [text for text in texts_of_words(given.words, context) if documents.has(text)]
        is_row = isinstance(given.value, dict) and not _QUOTING.intersection(given.value)
        if is_row and any(map(len, given.sources)) and context.follows(EVIDENCE_BY_PLACE):
            # A record of a table quotes nothing: the row that it is stands for it.
            for spans in given.sources:
                collector.add_spans(spans)
        else:
            collector.add(given.value, near)
        basis = GIVEN
    else:
        for spans in value.sources:
            collector.add_spans(spans)
        if isinstance(value.value, Text):
            # Last, since a cell of a table is sought in the rows that the value comes from.
            collector.add(value.value, texts_of(value, context))
        basis = "derived"
    if not collector.total:
        basis = "none"
    return EvidenceList(tuple(collector.items), collector.total, basis)


class _Collector:
    """Collects evidence, each span once. After `MAX_SPANS` it only counts."""

    def __init__(self, documents: DocumentNames, context: StepContext) -> None:
        self._documents, self._context = documents, context
        self._seen: set[tuple[str, int, int]] = set()
        # Beyond `MAX_SPANS`: the places that were counted, in order, by content.
        self._places: dict[str, IntArray] = {}
        self.items: list[Evidence] = []
        self.total = 0

    def add(self, value: Value, near: Sequence[Text]) -> None:
        """What a program names as evidence: spans, rows of text, quotes (sought `near` first), or lists of these."""
        if self._add_quoting(value, near):
            return
        rows = rows_of(value)
        if rows is None:
            self._context.warn(
                "evidence must be spans, rows or quotes; a bare number or null is not evidence", code="evidence_invalid"
            )
        elif rows.kind in _PIECES_OF_TEXT and rows.spans is not None:
            self.add_spans(rows.spans)
        else:
            self._add_rows(rows, near)

    def _add_quoting(self, value: Value, near: Sequence[Text]) -> bool:
        """A text, a quote, or a record that has one; returns whether it was any of these."""
        if isinstance(value, dict):
            # The first field only: `match` lies inside the `text` of the same hit, and would count twice.
            for name in _QUOTING_FIELDS:
                if isinstance(value.get(name), str | Text):
                    return self._add_quoting(value[name], near)
            return False
        if isinstance(value, Text):
            self._add_near(value, near)
        elif isinstance(value, str):
            self._add_quote(value, near)
        return isinstance(value, str | Text)

    def _add_rows(self, rows: Rows, near: Sequence[Text]) -> None:
        """Rows that an action made: what each quotes, sought in its own span, or else that span."""
        blobs = self._context.blobs
        for row in range(len(rows)):
            if are_lines(rows) and self.total >= MAX_SPANS:
                # As in `add_spans`: there may be millions, and each is looked up.
                self.total += len(rows) - row
                return
            value = rows.row(row, blobs)
            span = None if rows.spans is None else rows.spans.at(row, blobs)
            if not isinstance(span, Text):
                self.add(value, near)
                continue
            # What a row says of its span, such as a model's quote, is narrower evidence than the whole span.
            has_quote = self._add_quoting(value, [span])
            if not has_quote:
                self.add_text(span)

    def add_spans(self, spans: Spans) -> None:
        """All texts of a column."""
        for row in range(len(spans)):
            if self.total >= MAX_SPANS:
                # The rest is counted without being read: an answer may rest on millions of spans.
                self._count_rest(spans, row)
                return
            text = spans.at(row, self._context.blobs)
            if isinstance(text, Text):
                self.add_text(text)

    def _count_rest(self, spans: Spans, first: int) -> None:
        """Count the texts of a column from a row on, as far as they are not counted already."""
        # Rows of tables and lines of large texts would have to be read for it. Each stands in its column once.
        if not self._context.follows(EVIDENCE_BY_PLACE) or type(spans) is not Spans:
            self.total += len(spans) - first
            return
        starts, stops = spans.starts[first:], spans.stops[first:]
        for name, rows in spans.by_blob():
            rest = rows[rows >= first] - first
            rest = rest[starts[rest] >= 0]
            if name in self._documents.names and len(rest):
                self._count_places(name, np.stack([starts[rest], stops[rest]]))

    def _count_places(self, name: str, places: IntArray) -> None:
        """Count places of one content, each once: those before them are known."""
        known = self._places.get(name)
        if known is None:
            own = [(start, stop) for other, start, stop in self._seen if other == name]
            known = np.array(sorted(own), np.int64).reshape(-1, 2).T
        both = np.concatenate([known, places], axis=1)
        # Hits of one search are in order, and a column of them is seldom followed by another.
        is_new = both[0, 1:] > both[0, :-1]
        if not is_new.all():
            both = both[:, np.lexsort((both[1], both[0]))]
            is_new = (both[:, 1:] != both[:, :-1]).any(axis=0)
            both = both[:, np.concatenate([[True], is_new])]
        self.total += both.shape[1] - known.shape[1]
        self._places[name] = both

    def add_text(self, text: Text, how: str = "verbatim", times: int = 1) -> None:
        """One span, unless it is there already or lies in no input."""
        for rows in self._documents.tables.values():
            # In a text the rows are lines of it, and need no look at the table.
            number = None if text.blob in rows.text_blobs else rows.row_of(text)
            if number is not None:
                self._add_cell(rows, number, text)
                return
        key = (text.blob, text.start, text.stop)
        # A text that is in no input was made by the program: it proves nothing.
        if key in self._seen or text.blob not in self._documents.names:
            return
        self._seen.add(key)
        self.total += 1
        if len(self.items) >= MAX_SPANS:
            return
        blobs = self._context.blobs
        name, path, original = self._documents.names[text.blob]
        line = blobs.lines(text.blob).line_at(text.start)
        excerpt_stop = min(text.stop, text.start + _EXCERPT)
        excerpt = Text(text.blob, text.start, excerpt_stop).read(blobs)
        # The cut may fall inside a code point.
        words = excerpt.decode(errors="ignore")
        # Only of derived text: any other is the file itself, whose digest the record of the input holds.
        digest = digest_of_name(text.blob) if original else ""
        self.items.append(Evidence(how, words, name, path, text.start, text.stop, line, times, digest, original))

    def _add_near(self, text: Text, near: Sequence[Text]) -> None:
        """One span. A cell of a table may stand in many rows: those that are `near` are looked at first."""
        for rows in self._documents.tables.values():
            if rows.has_cell(text):
                self._add_cell(rows, self._row_near(rows, text, near), text)
                return
        self.add_text(text)

    def _row_near(self, rows: RowSpans, text: Text, near: Sequence[Text]) -> int:
        """The first row near by that has a text as a cell, else the first of all."""
        blobs = self._context.blobs
        words = text.string(blobs)
        for place in near:
            number = rows.row_of(place)
            if number is not None and words in map(partial(to_json, blobs=blobs), rows.cells_of(number)):
                return number
        number = rows.row_of(text)
        assert number is not None  # it is a cell
        return number

    def _add_cell(self, rows: RowSpans, number: int, text: Text) -> None:
        """A cell of a row: its words as the file has them, or else the row."""
        line, blobs = rows.text_of(number), self._context.blobs
        words = text.read(blobs)
        place = bytes(blobs.read(line.blob)[line.start : line.stop]).find(words) if words and rows.has_text else -1
        if place >= 0:
            self.add_text(Text(line.blob, line.start + place, line.start + place + len(words)))
        else:
            self._add_row(rows, number)

    def _add_row(self, rows: RowSpans, number: int, how: str = "row") -> None:
        """A row of a table, once: the line of the file that it is, or of a binary table its cells."""
        place = rows.text_of(number)
        if rows.has_text:
            self.add_text(place, "verbatim" if how == "row" else how)
            return
        key = (place.blob, place.start, place.stop)
        if key in self._seen:
            return
        self._seen.add(key)
        self.total += 1
        if len(self.items) >= MAX_SPANS:
            return
        cells = [to_json(cell, self._context.blobs) for cell in rows.cells_of(number)]
        # In the order of the columns, which canonical JSON would sort.
        fields = [
            value_bytes(name) + b":" + value_bytes(cell) for name, cell in zip(rows.store.names, cells, strict=True)
        ]
        words = (b"{" + b",".join(fields) + b"}")[:_EXCERPT].decode(errors="ignore")
        name, path, original = self._documents.names[place.blob]
        self.items.append(Evidence("row", words, name, path, 0, 0, number + 1, 1, digest_of_name(place.blob), original))

    def _add_quote(self, quote: str, near: Sequence[Text]) -> None:
        if not quote.strip():
            self._context.warn("an empty quote is not evidence", code="evidence_invalid")
            return
        from rlmlite_kernel.observation.quotes import Quotes  # most answers quote nothing by words

        quotes = Quotes(self._documents.names, self._documents.tables, self._context)
        place = quotes.find(quote, near)
        if place is not None:
            if place.row is not None:
                self._add_row(*place.row, place.how)
            elif place.text is not None:
                self.add_text(place.text, place.how, place.times)
            return
        claimed, unfound = quotes.find_claims(quote, near)
        for text in claimed:
            self.add_text(text)
        if claimed and not unfound:
            return
        self.total += 1
        if len(self.items) < MAX_SPANS:
            self.items.append(Evidence("not-found", quote[:_EXCERPT]))
        what = "a quote was not found in any input"
        if unfound:
            what = f"a quote was not found on the line that it names ({unfound[0].line:,})"
        self._context.warn(f"{what}; it is listed as not-found", code="evidence_not_found")
