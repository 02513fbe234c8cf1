"""Evidence: the spans of inputs that an answer rests on, resolved and checked byte for byte.

A span is `verbatim`. A quoted string is looked up in the spans that its value came from, then in all inputs: as it
stands (`verbatim`), then with white space folded (`verbatim-ws`). A quote that is nowhere is `not-found`.
"""

from collections.abc import Sequence

import msgspec

from rlmlite_kernel.engines.query.query import literal, regex
from rlmlite_kernel.engines.query.regex import quote as quoted
from rlmlite_kernel.engines.search.find import find
from rlmlite_kernel.evaluation.context import StepContext, TaintedValue
from rlmlite_kernel.program.queries import matcher_for
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.values import RECORDS, Rows, Value, rows_of

MAX_SPANS = 1_000
"""At most this many spans are written out with an answer; the rest are counted."""

_CUT = ("hits", "lines", "chunks", "documents", "symbols", RECORDS)
"""Kinds of rows that are pieces of text themselves."""

_WORDS = ("match", "text", "quote")
"""Fields of a record that are its words."""

_QUOTE = 400  # bytes of a span's text that are kept beside it


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One piece of evidence: where it lies (bytes, 1-based line), the text (its beginning), and how it was found.

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
    """Which document each content of the inputs is: digest to (input, path, digest of the file it was derived from)."""

    names: dict[str, tuple[str, str, str]]


def resolve_evidence(
    value: TaintedValue, given: TaintedValue | None, places: DocumentNames, context: StepContext
) -> EvidenceList:
    """The evidence of an answer: what the program named, else the spans that the value rests on."""
    finder = _Finder(places, context)
    if given is not None:
        near = [
            text for spans in given.sources for text in spans.cells(context.blobs)[:MAX_SPANS] if isinstance(text, Text)
        ]
        finder.take(given.value, near)
        basis = "given"
    else:
        for spans in value.sources:
            finder.spans(spans)
        if isinstance(value.value, Text):
            finder.text(value.value)
        basis = "derived"
    return EvidenceList(tuple(finder.items), finder.total, basis if finder.total else "none")


class _Finder:
    def __init__(self, places: DocumentNames, context: StepContext) -> None:
        self._places, self._context = places, context
        self._seen: set[tuple[str, int, int]] = set()
        self.items: list[Evidence] = []
        self.total = 0

    def take(self, value: Value, near: Sequence[Text]) -> None:
        """Whatever was given: spans, rows that stand for text, quotes, or lists of these; quotes lie `near` rather."""
        if self._words(value, near):
            return
        rows = rows_of(value)
        if rows is None:
            self._context.warn("evidence is spans, rows or quotes; a bare number or null is none")
        elif rows.kind in _CUT and rows.spans is not None:
            self.spans(rows.spans)
        else:
            self._rows(rows, near)

    def _words(self, value: Value, near: Sequence[Text]) -> bool:
        """A text, a quote, or a record that holds one; says whether it was any of these."""
        if isinstance(value, dict):
            name = next((name for name in _WORDS if isinstance(value.get(name), str | Text)), "")
            return self._words(value.get(name), near)
        if isinstance(value, Text):
            self.text(value)
        elif isinstance(value, str):
            self._quote(value, near)
        return isinstance(value, str | Text)

    def _rows(self, rows: Rows, near: Sequence[Text]) -> None:
        """Rows that an action made: each stands for its words, looked up in its own span, or else for the span."""
        for row, value in enumerate(rows.values(self._context.blobs)):
            span = None if rows.spans is None else rows.spans.at(row, self._context.blobs)
            if not isinstance(span, Text):
                self.take(value, near)
            elif not self._words(value, [span]):
                self.text(span)

    def spans(self, spans: Spans) -> None:
        """All texts of a column."""
        for row in range(len(spans)):
            if self.total >= MAX_SPANS:
                self.total += len(spans) - row
                return
            text = spans.at(row, self._context.blobs)
            if isinstance(text, Text):
                self.text(text)

    def text(self, text: Text, how: str = "verbatim", times: int = 1) -> None:
        """One span."""
        key = (text.blob, text.start, text.stop)
        if key in self._seen or text.blob not in self._places.names:
            return
        self._seen.add(key)
        self.total += 1
        if len(self.items) >= MAX_SPANS:
            return
        name, path, original = self._places.names[text.blob]
        line = self._context.blobs.lines(text.blob).line_at(text.start)
        shown = Text(text.blob, text.start, min(text.stop, text.start + _QUOTE)).read(self._context.blobs)
        words, digest = shown.decode(errors="ignore"), text.blob if original else ""
        self.items.append(Evidence(how, words, name, path, text.start, text.stop, line, times, digest, original))

    def _quote(self, quote: str, near: Sequence[Text]) -> None:
        if not quote.strip():
            self._context.warn("an empty quote is no evidence")
            return
        everywhere = [Text(blob, 0, len(self._context.blobs.read(blob))) for blob in self._places.names]
        for how in ("verbatim", "verbatim-ws"):
            for texts in (near, everywhere):
                if self._look(quote, texts, how):
                    return
        self.total += 1
        if len(self.items) < MAX_SPANS:
            self.items.append(Evidence("not-found", quote[:_QUOTE]))
        self._context.warn("a quote is in no input as it stands; it is listed as not-found")

    def _look(self, quote: str, texts: Sequence[Text], how: str) -> bool:
        """Search texts for a quote; takes the first place and counts the rest."""
        pattern = r"\s+".join(map(quoted, quote.split()))
        matcher = matcher_for(literal(quote) if how == "verbatim" else regex(pattern, "s"))
        first: Text | None = None
        times = 0
        for text in texts:
            found = find(
                self._context.blobs.read(text.blob),
                matcher,
                text.start,
                text.stop,
                self._context.budget_left("search_work"),
            )
            self._context.spend("search_work", found.work)
            if found.out_of_work:
                self._context.mark_partial("search_work", "search_work ran out while quotes were looked up")
            times += len(found.starts)
            if first is None and len(found.starts):
                first = Text(text.blob, int(found.starts[0]), int(found.stops[0]))
        if first is not None:
            self.text(first, how, times)
        return first is not None
