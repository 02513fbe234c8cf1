"""Evidence: the spans of inputs that an answer rests on, resolved and checked byte for byte.

A span is `verbatim`. A quoted string is looked up in the spans that its value came from, then in all inputs: as it
stands (`verbatim`), then with white space folded (`verbatim-ws`). A quote that is nowhere is `not-found`.
"""

import msgspec

from rlmlite_kernel.columns import Spans, Text
from rlmlite_kernel.engines import find, literal, regex
from rlmlite_kernel.engines import quote as quoted
from rlmlite_kernel.job import Held, Job
from rlmlite_kernel.queries import compiled
from rlmlite_kernel.values import Rows, Value, rows_of

MAX_SPANS = 1_000
"""At most this many spans are written out with an answer; the rest are counted."""

_QUOTE = 400  # bytes of a span's text that are kept beside it


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One piece of evidence: where it lies (bytes, 1-based line), the text (its beginning), and how it was found."""

    how: str
    text: str
    input: str = ""
    path: str = ""
    start: int = 0
    stop: int = 0
    line: int = 0
    times: int = 1


class Found(msgspec.Struct, frozen=True):
    """The evidence written out, how many pieces there are in all, and where they came from (`given` or `derived`)."""

    items: tuple[Evidence, ...]
    total: int
    basis: str


class Places(msgspec.Struct, frozen=True):
    """Which document each content of the inputs is: digest to (input, path)."""

    names: dict[str, tuple[str, str]]


def resolve(value: Held, given: Held | None, places: Places, job: Job) -> Found:
    """The evidence of an answer: what the program named, else the spans that the value rests on."""
    finder = _Finder(places, job)
    if given is not None:
        finder.take(given.value, given)
        basis = "given"
    else:
        for spans in value.sources:
            finder.spans(spans)
        if isinstance(value.value, Text):
            finder.text(value.value)
        basis = "derived"
    return Found(tuple(finder.items), finder.total, basis if finder.total else "none")


class _Finder:
    def __init__(self, places: Places, job: Job) -> None:
        self._places, self._job = places, job
        self._seen: set[tuple[str, int, int]] = set()
        self.items: list[Evidence] = []
        self.total = 0

    def take(self, value: Value, held: Held) -> None:
        """Whatever was given: spans, rows that stand for text, quotes, or lists of these."""
        rows = rows_of(value)
        if isinstance(value, Text):
            self.text(value)
        elif isinstance(value, str):
            self._quote(value, held)
        elif isinstance(value, Rows) and value.spans is not None:
            self.spans(value.spans)
        elif rows is not None:
            for item in rows.values(self._job.blobs):
                self.take(item, held)
        elif isinstance(value, dict):
            self._record(value, held)
        else:
            self._job.warn("evidence is spans, rows or quotes; a bare number or null is none")

    def _record(self, record: dict[str, Value], held: Held) -> None:
        """A hit by itself: its match, or its text."""
        for name in ("match", "text", "quote"):
            if isinstance(record.get(name), str | Text):
                self.take(record[name], held)
                return
        for spans in held.sources:
            self.spans(spans)

    def spans(self, spans: Spans) -> None:
        """All texts of a column."""
        for row in range(len(spans)):
            if self.total >= MAX_SPANS:
                self.total += len(spans) - row
                return
            text = spans.at(row, self._job.blobs)
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
        name, path = self._places.names[text.blob]
        line = self._job.blobs.lines(text.blob).line_at(text.start)
        shown = Text(text.blob, text.start, min(text.stop, text.start + _QUOTE)).read(self._job.blobs)
        self.items.append(Evidence(how, shown.decode(errors="ignore"), name, path, text.start, text.stop, line, times))

    def _quote(self, quote: str, held: Held) -> None:
        if not quote.strip():
            self._job.warn("an empty quote is no evidence")
            return
        near = [
            text
            for spans in held.sources
            for row in range(min(len(spans), MAX_SPANS))
            if isinstance(text := spans.at(row, self._job.blobs), Text)
        ]
        everywhere = [Text(blob, 0, len(self._job.blobs.read(blob))) for blob in self._places.names]
        for how, query in (("verbatim", quote), ("verbatim-ws", _folded(quote))):
            for texts in (near, everywhere):
                if self._look(query, texts, how):
                    return
        self.total += 1
        self.items.append(Evidence("not-found", quote[:_QUOTE]))
        self._job.warn("a quote is in no input as it stands; it is listed as not-found")

    def _look(self, query: str, texts: list[Text], how: str) -> bool:
        """Search texts for a quote; takes the first place and counts the rest."""
        words = literal(query) if how == "verbatim" else regex(r"\s+".join(map(quoted, query.split())), "s")
        matcher = compiled(words)
        first: Text | None = None
        times = 0
        for text in texts:
            content = self._job.blobs.read(text.blob)
            found = find(content, matcher, text.start, text.stop, self._job.left("search_work"))
            self._job.charge("search_work", found.work, "looking up a quote")
            times += len(found.starts)
            if first is None and len(found.starts):
                first = Text(text.blob, int(found.starts[0]), int(found.stops[0]))
        if first is not None:
            self.text(first, how, times)
        return first is not None


def _folded(quote: str) -> str:
    return " ".join(quote.split())
