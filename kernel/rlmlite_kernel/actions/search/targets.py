"""What search, chunk and parse_lines work on: the texts inside a value, each with the document that it belongs to."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.sheets.cells import ROW_END
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Cells, Column, Constant, Spans, Text
from rlmlite_kernel.values.fences import worded
from rlmlite_kernel.values.values import LIST, RECORDS, Rows, Value, kind_of, rows_of, text_of


class TargetPiece(NamedTuple):
    """One text of a target; `doc` is the path of its document, if it is one of several."""

    doc: Value
    text: Text


def target_pieces(target: Value, what: str, context: StepContext) -> list[TargetPiece]:
    """The texts of a text, documents, or rows that stand for text."""
    text = text_of(target, context.blobs)
    if text is not None:
        return [TargetPiece(None, text)]
    rows = rows_of(target)
    if rows is None:
        raise Fault("type", f"{what} works on text, documents or rows with text, not {kind_of(target)}")
    if rows.kind == RECORDS and rows.spans is not None:
        return [TargetPiece(None, text) for text in _runs(rows.spans)]
    texts = row_texts(rows, what, context)
    docs = _docs(rows, context)
    return [TargetPiece(doc, text) for doc, text in zip(docs, texts, strict=True) if text is not None]


def _runs(spans: Spans) -> Iterator[Text]:
    """The rows of a table as texts: those that follow each other in its sheet as one."""
    apart = np.flatnonzero(spans.starts[1:] - spans.stops[:-1] != len(ROW_END))
    firsts, lasts = np.concatenate([[0], apart + 1]), np.concatenate([apart, [len(spans) - 1]])
    if len(spans):
        for start, stop in zip(spans.starts[firsts].tolist(), spans.stops[lasts].tolist(), strict=True):
            yield Text(spans.blobs[0], start, stop)


def row_texts(rows: Rows, what: str, context: StepContext) -> list[Text | None]:
    """The text that each row stands for; `None` where it has none."""
    name = access.column_name(rows, "value") or "value"
    cells = rows.columns[name].cells(context.blobs) if name in rows.columns else []
    if rows.kind == LIST:  # of records as JSON has them
        cells = [cell["text"] if isinstance(cell, dict) and "text" in cell else cell for cell in cells]
    if len(cells) != len(rows) or not all(isinstance(cell, str | Text) or cell is None for cell in cells):
        raise Fault("type", f"{what} works on rows that have a text; these have {worded(rows.columns)}")
    return [text_of(cell, context.blobs) for cell in cells]


def _docs(rows: Rows, context: StepContext) -> list[Value]:
    name = "path" if "path" in rows.columns else access.column_name(rows, "doc")
    return [None] * len(rows) if name is None else list(rows.columns[name].cells(context.blobs))


class SpanBuilder:
    """Spans gathered piece by piece, then joined into one column with the documents beside it."""

    def __init__(self) -> None:
        self._pieces: list[TargetPiece] = []
        self._starts: list[IntArray] = []
        self._stops: list[IntArray] = []
        self.count = 0

    def add(self, piece: TargetPiece, starts: IntArray, stops: IntArray) -> None:
        """More spans, in the content of a piece."""
        if len(starts):
            self._pieces.append(piece)
            self._starts.append(starts)
            self._stops.append(stops)
            self.count += len(starts)

    def spans(self) -> Spans:
        """All spans, in order."""
        digests = tuple(dict.fromkeys(piece.text.blob for piece in self._pieces)) or ("",)
        place = {digest: index for index, digest in enumerate(digests)}
        which = None if len(digests) == 1 else self._repeated([place[p.text.blob] for p in self._pieces])
        return Spans(digests, concatenate(self._starts), concatenate(self._stops), which)

    def docs(self) -> Column:
        """The document of each span."""
        if not any(piece.doc is not None for piece in self._pieces):
            return Constant(None, self.count)
        return Cells([piece.doc for piece, starts in zip(self._pieces, self._starts, strict=True) for _ in starts])

    def _repeated(self, values: list[int]) -> IntArray:
        return np.repeat(np.array(values, np.int64), [len(starts) for starts in self._starts])


def concatenate(arrays: list[IntArray]) -> IntArray:
    """Arrays end to end."""
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int64)
