"""What a nested run is handed: texts and documents by reference, rows and records as excerpts, all else as plain JSON.

    part=log[40:90]            the text
    docs=where(docs, ...)      the documents
    errors=hits                excerpts: each text in them with its place in the inputs of this run
    n=[1, 2, 3]                JSON: numbers and words of a program stand nowhere

A text has a place if it lies in an input. A cell of a table is a text that may stand in many rows, so its place is in
the row that it is handed with. A row has the place that it stands for here: a match, a line of a table.

Not here: what excerpts are (`values.tables.excerpts`), what is done with what comes back (`nested_findings`).
"""

from collections.abc import Iterable

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.taint import TaintedValue
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.canonical import value_bytes
from rlmlite_kernel.records.evolution import PLACES_OF_NESTED_INPUTS
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.tables.excerpts import Excerpts, Part, Place, make_excerpts
from rlmlite_kernel.values.tables.row_spans import RowSpans
from rlmlite_kernel.values.values import DOCUMENTS, Rows, Value, json_size, kind_of, rows_of, to_json


def hand(name: str, held: TaintedValue, context: StepContext) -> Value | Excerpts:
    """An input as the nested run gets it. Raises `Fault("type")` for what is no text, documents, rows or record."""
    value = held.value
    is_folder = isinstance(value, Rows) and value.kind == DOCUMENTS
    if is_folder or isinstance(value, Text):
        return value
    # As JSON, which the nested run's trace can hold as an input from memory.
    context.ensure_room(json_size(value, context.blobs))
    if context.follows(PLACES_OF_NESTED_INPUTS) and isinstance(value, Rows | list | dict):
        excerpts = _Excerpter(name, context).excerpt(held)
        if excerpts.places or any(excerpts.row_places):
            return excerpts
    json_value: Value = to_json(value, context.blobs)
    if not isinstance(json_value, str | list | dict):
        raise Fault("type", f"an input must be text, documents, rows, a list or a record, not {kind_of(value)}")
    return json_value


def place_of(text: Text, spans: Spans | None, row: int, blobs: Blobs) -> tuple[Text, bool]:
    """Where a text of an input stands that is handed with a row of some spans, and whether its words stand there.

    A cell stands in its own row: equal cells are one text, which would be taken for that of the first of them.
    """
    if not (isinstance(spans, RowSpans) and spans.has_cell(text)):
        return text, True
    origin = spans.place_in(spans.chosen.at(row), text, blobs)
    return origin, spans.has_text and len(origin) == len(text)


def only_span(sources: Iterable[Spans]) -> Spans | None:
    """The row that a value is of, where it rests on one row alone."""
    spans = [each for each in sources if len(each)]
    return spans[0] if len(spans) == 1 and len(spans[0]) == 1 else None


def _spell(value: Value) -> bytes:
    """What is no text, or one that stands nowhere, as texts have it."""
    if type(value) is int:  # most cells that are no texts
        return str(value).encode()
    return value.encode() if isinstance(value, str) else value_bytes(value)


class _Excerpter:
    """Writes the texts of one value below one another."""

    def __init__(self, name: str, context: StepContext) -> None:
        self._context = context
        # Two inputs may say the same, and are two contents all the same.
        self._texts = bytearray(f"{name}\n".encode())
        self._places: list[Place] = []
        self._rows: list[Part] = []
        self._row_places: list[Place | None] = []

    def excerpt(self, held: TaintedValue) -> Excerpts:
        """Excerpts of rows, a list or a record."""
        rows = rows_of(held.value)
        if rows is None:
            written = self._write_row(held.value, only_span(held.sources), 0)
        else:
            items = rows.values(self._context.blobs)
            written = [self._write_row(item, rows.spans, row) for row, item in enumerate(items)]
        return make_excerpts(written, bytes(self._texts), self._rows, self._places, self._row_places)

    def _write_row(self, item: Value, spans: Spans | None, row: int) -> Value:
        """Write one row as a line; returns it with its texts by reference."""
        start = len(self._texts)
        written = self._write(item, spans, row)
        # With its end a row is another part than its only text, and each of them has a place of its own.
        self._texts[max(start, len(self._texts) - 1) :] = b"\n"
        stop = len(self._texts)
        origin = None if spans is None else spans.at(row, self._context.blobs)
        is_placed = isinstance(origin, Text) and self._context.turn.is_input(origin)
        self._rows.append((start, stop))
        self._row_places.append(Place(start, stop, origin, False) if is_placed else None)  # type: ignore[arg-type]
        return written

    def _write(self, value: Value, spans: Spans | None, row: int) -> Value:
        if isinstance(value, list):
            return [self._write(item, spans, row) for item in value]
        if isinstance(value, dict):
            return {key: self._write(item, spans, row) for key, item in value.items()}
        if isinstance(value, Rows):
            return [self._write(item, spans, row) for item in value.values(self._context.blobs)]
        if isinstance(value, Text):
            return self._write_text(value, spans, row)
        self._texts += _spell(value) + b"\t"
        return value

    def _write_text(self, text: Text, spans: Spans | None, row: int) -> Value:
        blobs = self._context.blobs
        words, start = text.read(blobs), len(self._texts)
        self._texts += words + b"\t"
        if not self._context.turn.is_input(text):
            return words.decode()
        stop = start + len(words)
        self._places.append(Place(start, stop, *place_of(text, spans, row, blobs)))
        return Text("", start, stop)
