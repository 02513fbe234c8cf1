"""What search, chunk and parse_lines work on: the texts inside a value, each with the document that it belongs to.

A target may be one text, a folder of documents, or rows that stand for text. The actions need not know which: they get
pieces, in order, each a range of bytes in one blob.

    a text of 9 bytes           [TargetPiece(None, blob[0:9])]
    documents a.txt and b.txt   [TargetPiece("a.txt", blob1[0:40]), TargetPiece("b.txt", blob2[0:7])]
    chunks of a.txt             [TargetPiece("a.txt", blob1[0:20]), TargetPiece("a.txt", blob1[20:40])]

What an action finds goes the other way: offsets, piece by piece, into a `SpanBuilder`, which makes one column of them.
No text is copied in either direction.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.sheets.cells import ROW_END
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import column_values
from rlmlite_kernel.evaluation.work import CALL
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import TABLES_APART
from rlmlite_kernel.values.columns import Cells, Column, Constant, Spans, Text
from rlmlite_kernel.values.fences import list_names
from rlmlite_kernel.values.tables.row_spans import RowSpans
from rlmlite_kernel.values.values import LIST, RECORDS, Rows, Value, kind_of, rows_of


class TargetPiece(NamedTuple):
    """One text of a target; `doc` is the path of its document, or null if the target is a single text."""

    doc: Value
    text: Text


def target_pieces(target: Value, what: str, context: StepContext) -> list[TargetPiece]:
    """The texts of a target, in order. `what` is the action, for the message of `Fault("type")`."""
    text = context.text_of(target)
    if text is not None:
        return [TargetPiece(None, text)]
    rows = rows_of(target)
    if rows is None:
        raise Fault("type", f"{what} works on text, documents or rows with text, not {kind_of(target)}")
    # The rows of a table are records of one text, each with a span: they need no look at a field.
    if rows.kind == RECORDS and rows.spans is not None:
        spans = _record_texts(rows.spans, what, context)
        texts_of_rows = _merge_adjacent_rows(spans, context.follows(TABLES_APART))
        return [TargetPiece(None, text) for text in texts_of_rows]
    context.work(CALL * len(rows), f"{what} over {len(rows):,} texts")
    texts = row_texts(rows, what, context)
    docs = row_docs(rows, context)
    return [TargetPiece(doc, text) for doc, text in zip(docs, texts, strict=True) if text is not None]


_CELL_WORK, _RECORD_WORK = 20, 20
"""Work of a cell that is written as text, and of finding the line of a row."""


def _record_texts(spans: Spans, what: str, context: StepContext) -> Spans:
    """The rows of a table as records of a text: of the file, of its sheet, or of what a binary table says in words."""
    if not isinstance(spans, RowSpans) or spans.has_text:
        return spans
    # Charged each time, also where the text is there already: what a step costs must not depend on earlier ones.
    cells = spans.store.rows * len(spans.store.names)
    context.work(_CELL_WORK * cells, f"{what}: writing {cells:,} cells as text")
    context.work(_RECORD_WORK * len(spans), f"{what} over {len(spans):,} rows")
    from rlmlite_kernel.values.tables.columnar import rendered_lines  # which few runs need

    return rendered_lines(spans, context.blobs)


def _merge_adjacent_rows(spans: Spans, tables_apart: bool) -> Iterator[Text]:
    """The rows of a table (a CSV file, say) as texts; rows that follow each other in the text are merged into one.

    Rows 0, 1, 2 and 7 of a table are two texts. Searching them costs two calls of the engine, not four.
    """
    if not len(spans):
        return
    # Rows that follow each other have one row end between them, of one or two bytes; any other gap ends a run.
    gaps = spans.starts[1:] - spans.stops[:-1]
    is_apart = (gaps < 1) | (gaps > len(ROW_END))
    if spans.which is not None and tables_apart:
        # Rows of two tables that a program has joined.
        is_apart |= spans.which[1:] != spans.which[:-1]
    ends_of_runs = np.flatnonzero(is_apart)
    last_row = len(spans) - 1
    firsts = np.concatenate([[0], ends_of_runs + 1])
    lasts = np.concatenate([ends_of_runs, [last_row]])
    run_starts = spans.starts[firsts].tolist()
    run_stops = spans.stops[lasts].tolist()
    for row, start, stop in zip(firsts.tolist(), run_starts, run_stops, strict=True):
        yield Text(spans.blob_at(row) if tables_apart else spans.blobs[0], start, stop)


def row_texts(rows: Rows, what: str, context: StepContext) -> list[Text | None]:
    """The text that each row stands for; `None` where it has none."""
    name = access.column_name(rows, "value") or "value"
    cells: Sequence[Value] = []
    # Without such a column there are fewer cells than rows: the length tells below.
    if name in rows.columns:
        cells = column_values(rows.columns[name], context)
    if rows.kind == LIST:
        cells = [_text_field(cell) for cell in cells]
    has_a_cell_per_row = len(cells) == len(rows)
    are_texts = all(cell is None or isinstance(cell, str | Text) for cell in cells)
    if not has_a_cell_per_row or not are_texts:
        fields = list_names(rows.columns)
        raise Fault("type", f"{what} works on rows that have a text; these have the fields {fields}")
    return [context.text_of(cell) for cell in cells]


def _text_field(cell: Value) -> Value:
    """The field `text` of a record in a list. Records that come from JSON are plain dicts."""
    return cell["text"] if isinstance(cell, dict) and "text" in cell else cell


def row_docs(rows: Rows, context: StepContext) -> list[Value]:
    """The document of each row: its path if the row is a document, else its `doc`, else null."""
    name = "path" if "path" in rows.columns else access.column_name(rows, "doc")
    if name is None:
        return [None] * len(rows)
    return list(column_values(rows.columns[name], context))


def other_inputs(pieces: Sequence[TargetPiece], context: StepContext) -> Iterator[tuple[str, list[TargetPiece]]]:
    """The inputs beside those that were searched as a whole, in the order of their names, with their texts.

    What a hint tells of an input is not tracked as something that its controller has learned. So inputs with rules of
    egress are left out, and all of them where the search was of no input, or strict rules hold.
    """
    is_of_inputs = any(context.turn.is_input(piece.text) for piece in pieces)
    if context.settings.policy.strict or not is_of_inputs:
        return
    searched = {piece.text for piece in pieces}
    for name in context.turn.inputs:
        held = context.variables.get(name)
        if held is None or held.origins & context.egress.ruled or not _has_text(held.value):
            continue
        others = target_pieces(held.value, "search", context)
        if not searched.issuperset(piece.text for piece in others):
            yield name, others


def _has_text(value: Value) -> bool:
    """Whether there is text to search without any being made."""
    if isinstance(value, Rows):
        is_made = isinstance(value.spans, RowSpans) and not value.spans.has_text
        return value.kind in ("documents", RECORDS) and value.spans is not None and not is_made
    return isinstance(value, Text)


class SpanBuilder:
    """Gathers spans piece by piece, then makes one column of them, with the document of each beside it."""

    def __init__(self) -> None:
        self._pieces: list[TargetPiece] = []
        self._starts: list[IntArray] = []
        self._stops: list[IntArray] = []
        self.count = 0

    def add(self, piece: TargetPiece, starts: IntArray, stops: IntArray) -> None:
        """Append spans that lie in the blob of a piece. Offsets count from the beginning of the blob."""
        if len(starts):
            self._pieces.append(piece)
            self._starts.append(starts)
            self._stops.append(stops)
            self.count += len(starts)

    def spans(self) -> Spans:
        """All spans, in the order in which they were added."""
        starts = concatenate(self._starts)
        stops = concatenate(self._stops)
        blob_of_piece = [piece.text.blob for piece in self._pieces]
        # Each blob once, in order of first use; a dict keeps that order where a set would not. No span at all still
        # needs a blob to name, so the empty digest stands in.
        digests = tuple(dict.fromkeys(blob_of_piece)) or ("",)
        if len(digests) == 1:
            # The common case, one text: a column of zeros would cost eight bytes per hit and say nothing.
            return Spans(digests, starts, stops, None)
        number_of = {digest: number for number, digest in enumerate(digests)}
        blob_numbers = np.array([number_of[blob] for blob in blob_of_piece], np.int64)
        spans_per_piece = [len(starts_in_piece) for starts_in_piece in self._starts]
        which = np.repeat(blob_numbers, spans_per_piece)
        return Spans(digests, starts, stops, which)

    def docs(self) -> Column:
        """The document of each span, in the same order."""
        if not any(piece.doc is not None for piece in self._pieces):
            return Constant(None, self.count)
        docs: list[Value] = []
        for piece, starts in zip(self._pieces, self._starts, strict=True):
            docs.extend([piece.doc] * len(starts))
        return Cells(docs)


def concatenate(arrays: list[IntArray]) -> IntArray:
    """The arrays end to end. Unlike `np.concatenate` it accepts an empty list."""
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int64)
