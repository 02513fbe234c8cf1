"""What a nested run has found, as places in its parent's inputs: its evidence and coverage become the parent's.

A nested run knows its own inputs only. What each of them is here decides where its positions lie:

    sub_rlm("...", part=log[4000:8000])      a text: [12, 40) of `part` is [4012, 4040) of `log`
    sub_rlm("...", docs=docs)                documents: [12, 40) of its b.txt is [12, 40) of b.txt here
    sub_rlm("...", errors=hits)              rows: each text and row has its place (`handing`)
    sub_rlm("...", page=upper(part))         made here, and in no input: its words are looked for in the texts that it
                                             was made of

Of a text that was made, a piece of evidence is found by the line that it stands in, and among equal lines by how many
of them come before it: the third `ERROR disk full` in what was made is the third in the texts that it was made of. Of
rows that were made, words count only where they stand in one place of these texts.

What is not found counts for nothing. So a nested run can claim less than it should here, never more than its parent
has given it: whatever it says, its places are clipped to its inputs.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Final, TypeAlias, TypeGuard

from rlmlite_kernel.actions.calls.handing import only_span, place_of
from rlmlite_kernel.effects.calls import NestedCall
from rlmlite_kernel.effects.holdings import Holding, HoldingReader
from rlmlite_kernel.effects.requests import Result
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import TaintedValue, Words, words_of
from rlmlite_kernel.evaluation.texts import spans_of
from rlmlite_kernel.observation.coverage import KINDS, places_by_path
from rlmlite_kernel.observation.texts import MAX_SPANS, texts_of, texts_of_words
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.evolution import PLACES_OF_NESTED_INPUTS
from rlmlite_kernel.records.findings import NO_FINDINGS, Findings, Found, Range, read_findings
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.tables.excerpts import Excerpts
from rlmlite_kernel.values.values import DOCUMENTS, Rows, Value, to_json

IsInput: TypeAlias = Callable[[Text], bool]
"""Whether a text lies in an input, and not in what a program made."""

_LONGEST_LINE: Final = 2_000
"""Bytes of a line up to which it is looked for whole."""

_MOST_WORK: Final = 1 << 28
"""Bytes looked through for what one made input holds of the evidence. Beyond, it is left out, and a note says so."""


def evidence_of(result: Result, call: NestedCall, context: StepContext) -> tuple[Spans, ...]:
    """The texts of this run's inputs that the answer of a nested run rests on, with what it was begun with."""
    findings = read(result)
    finder = _Finder(call, context)
    texts: list[Text] = []
    for found in findings.evidence:
        texts += finder.texts_of(found)
    _say_what_is_left_out(findings, finder, context)
    return () if not texts else (spans_of(list(dict.fromkeys(texts))),)


def coverage_of(result: Result, call: NestedCall, blobs: Blobs, is_input: IsInput) -> dict[str, list[Text]]:
    """The texts of this run's inputs that a nested run has shown, read and scanned."""
    covered: dict[str, list[Text]] = {kind: [] for kind in KINDS}
    for each in read(result).coverage:
        if each.input not in call.given or each.kind not in covered:
            continue
        handed = call.nested.inputs[each.input]
        if isinstance(handed, Excerpts):
            covered[each.kind] += chain.from_iterable(handed.cover(*part) for part in each.ranges)
        else:
            covered[each.kind] += _covered(call.given[each.input], each.ranges, blobs, is_input)
    return covered


def read(result: Result) -> Findings:
    """What a nested run has found; nothing where that cannot be read, which only a trace that was altered has."""
    try:
        return read_findings(result.findings)
    except ValueError:
        return NO_FINDINGS


def _covered(held: TaintedValue, ranges: Sequence[Range], blobs: Blobs, is_input: IsInput) -> Iterable[Text]:
    value = held.value
    if isinstance(value, Text) and is_input(value):
        return _parts_at(held, value, ranges, blobs)
    if _is_documents(value):
        return _parts_of_documents(value, ranges)
    # Made here: of its words, those that stand in the texts that it was made of.
    content = _content_of(value, blobs)
    reader = HoldingReader(blobs, is_input)
    words = [content[start:stop].decode(errors="ignore") for start, stop in ranges if 0 <= start < stop]
    reader.read(Holding(list(words), _words_behind(held)))
    return reader.texts


def _parts_at(held: TaintedValue, text: Text, ranges: Iterable[Range], blobs: Blobs) -> list[Text]:
    """Parts of a text of an input: of a cell of a table, where they stand in its row."""
    place, is_exact = place_of(text, only_span(held.sources), 0, blobs)
    return _parts_of(place, ranges) if is_exact else [place for start, stop in ranges if start <= stop]


def _parts_of(text: Text, ranges: Iterable[Range]) -> list[Text]:
    """Parts of a text by their positions in it, clipped to it."""
    clipped = ((max(0, start), min(stop, len(text))) for start, stop in ranges)
    return [Text(text.blob, text.start + start, text.start + stop) for start, stop in clipped if start <= stop]


def _parts_of_documents(documents: Rows, ranges: Iterable[Range]) -> Iterable[Text]:
    """Parts of documents by their positions where these lie end to end in the order of their paths."""
    assert documents.spans is not None
    for row, (begin, size) in enumerate(places_by_path(documents)):
        name = documents.spans.blob_at(row)
        for start, stop in ranges:
            start, stop = max(start, begin), min(stop, begin + size)
            if start < stop:
                yield Text(name, start - begin, stop - begin)


def _is_documents(value: Value) -> TypeGuard[Rows]:
    return isinstance(value, Rows) and value.kind == DOCUMENTS and value.spans is not None


def _content_of(value: Value, blobs: Blobs) -> bytes:
    """The bytes that a nested run has of what was made here: those of a text, or JSON."""
    plain = to_json(value, blobs)
    return plain.encode() if isinstance(plain, str) else value_bytes(plain)


def _words_behind(held: TaintedValue) -> tuple[Words, ...]:
    """The texts that what was made here may repeat."""
    return words_of([held], "")


class _Made:
    """What was made here, and the texts of inputs that it was made of, to find a place of the one in the others."""

    def __init__(self, content: bytes, origins: Sequence[tuple[Text, bytes]]) -> None:
        self._content, self._origins = content, origins
        self._places: dict[bytes, list[Text]] = {}
        self.work = 0

    def find(self, start: int, stop: int) -> Text | None:
        """Where `start:stop` of the content stands in an input."""
        content = self._content
        begin = content.rfind(b"\n", 0, start) + 1
        end = content.find(b"\n", stop)
        end = len(content) if end < 0 else end
        if end - begin <= _LONGEST_LINE:
            line = self._place_of(content[begin:end], begin)
            if line is not None:
                return Text(line.blob, line.start + start - begin, line.start + stop - begin)
        return self._place_of(content[start:stop], start)

    def find_words(self, words: bytes) -> Text | None:
        """The first place of some words in an input."""
        return next(iter(self._all_places(words)), None)

    def find_only(self, words: bytes) -> Text | None:
        """The place of some words that stand in one alone."""
        places = self._all_places(words)
        return places[0] if len(places) == 1 else None

    def _place_of(self, words: bytes, start: int) -> Text | None:
        """The place of words that stand at `start` of the content: of equal ones, the one with as many before it."""
        places = self._all_places(words)
        if not places:
            return None
        self.work += start
        return places[min(self._content.count(words, 0, start), len(places) - 1)]

    def _all_places(self, words: bytes) -> list[Text]:
        if words not in self._places:
            self._places[words] = self._search(words) if words.strip() and self.work <= _MOST_WORK else []
        return self._places[words]

    def _search(self, words: bytes) -> list[Text]:
        places: list[Text] = []
        for text, content in self._origins:
            self.work += len(content)
            at = content.find(words)
            while at >= 0 and len(places) < MAX_SPANS:
                places.append(Text(text.blob, text.start + at, text.start + at + len(words)))
                at = content.find(words, at + len(words))
        return places


class _Finder:
    """Finds evidence of a nested run in the inputs of its parent. `left_out` counts the pieces that it did not find."""

    def __init__(self, call: NestedCall, context: StepContext) -> None:
        self._inputs, self._handed, self._context = call.given, call.nested.inputs, context
        self._made: dict[tuple[str, str], _Made] = {}
        self.left_out = 0

    def texts_of(self, found: Found) -> list[Text]:
        """The texts of pieces of evidence."""
        if found.quotes:
            return self._keep(self._find_quote(quote.encode()) for quote in found.quotes)
        held = self._inputs.get(found.input)
        if held is None:
            return self._keep(None for _ in found.spans)
        excerpts = self._handed[found.input]
        if isinstance(excerpts, Excerpts):
            places = (self._find_excerpt(found.input, excerpts, start, stop) for start, stop in found.spans)
            return self._keep(chain.from_iterable(places))
        text = self._document(held.value, found.path)
        if text is not None and self._context.turn.is_input(text):
            return _parts_at(held, text, found.spans, self._context.blobs)
        made = self._made_of(found.input, found.path, held)
        return self._keep(made.find(start, stop) for start, stop in found.spans if 0 <= start <= stop)

    def _find_excerpt(self, name: str, excerpts: Excerpts, start: int, stop: int) -> list[Text | None]:
        """The places of a text or row, else of words that a program made, if they stand in one place alone."""
        places, words = excerpts.find(start, stop), excerpts.texts[start:stop]
        if not places and words:
            return [self._made_of(name, "", self._inputs[name]).find_only(words)]
        if len(places) == 1:
            # What was made of a row mostly repeats the row itself.
            return [self._words_in(places[0], words) or places[0]]
        return [*places] or [None]

    def _words_in(self, place: Text, words: bytes) -> Text | None:
        """Where some words stand in a place, if they do so once; in the row of a binary table there are none."""
        content = place.read(self._context.blobs)
        if content.count(words) != 1:
            return None
        start = place.start + content.index(words)
        return Text(place.blob, start, start + len(words))

    def _keep(self, texts: Iterable[Text | None]) -> list[Text]:
        every = list(texts)
        kept = [text for text in every if text is not None]
        self.left_out += len(every) - len(kept)
        return kept

    def _document(self, value: Value, path: str) -> Text | None:
        """The text that a value is, or the document of this path."""
        if isinstance(value, Text):
            return value
        if not _is_documents(value):
            return None
        assert value.spans is not None
        paths = value.columns["path"].cells(self._context.blobs)
        row = next((row for row, each in enumerate(paths) if each == path), None)
        text = None if row is None else value.spans.at(row, self._context.blobs)
        return text if isinstance(text, Text) else None

    def _find_quote(self, quote: bytes) -> Text | None:
        """A quote that lies in no input of the nested run may come from what was made here: JSON has no positions."""
        for name, held in self._inputs.items():
            if not isinstance(held.value, Text) and not _is_documents(held.value):
                made = self._made_of(name, "", held)
                is_placed = self._context.follows(PLACES_OF_NESTED_INPUTS)
                place = made.find_only(quote) if is_placed else made.find_words(quote)
                if place is not None:
                    return place
        return None

    def _made_of(self, name: str, path: str, held: TaintedValue) -> _Made:
        if (name, path) not in self._made:
            blobs, is_input = self._context.blobs, self._context.turn.is_input
            document = self._document(held.value, path)
            content = _content_of(held.value if document is None else document, blobs)
            near = [*texts_of_words(_words_behind(held), self._context), *texts_of(held, self._context)]
            origins = [(text, text.read(blobs)) for text in dict.fromkeys(near) if is_input(text)]
            self._made[name, path] = _Made(content, origins)
        return self._made[name, path]


def _say_what_is_left_out(findings: Findings, finder: _Finder, context: StepContext) -> None:
    listed = sum(len(found.spans) + len(found.quotes) for found in findings.evidence)
    missing = max(0, findings.total - listed) + finder.left_out
    if missing:
        what = (
            f"{missing:,} of the {findings.total:,} pieces of evidence of the nested run are not in the evidence here"
        )
        context.note(what, code="evidence_limited")
    more = sum(each.more for each in findings.coverage)
    if more:
        context.note(f"{more:,} ranges of what the nested run looked at are not counted", code="coverage_bounded")
