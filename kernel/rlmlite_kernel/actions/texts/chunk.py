"""chunk: cutting long texts into pieces, by reference."""

import numpy as np

from rlmlite_kernel.actions.search.targets import SpanBuilder, TargetPiece, target_pieces
from rlmlite_kernel.actions.texts.symbols import DEFAULT_SIZE, chunk_symbols
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.cut.cut import CutError, chunk_at, chunk_bytes, chunk_lines, chunk_paragraphs
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Column, Ints, LineNumbers
from rlmlite_kernel.values.values import Rows, Value

DEFAULT_SIZES = {"bytes": 8_000, "lines": 100, "paragraphs": 1}
"""The size of a chunk when none is given, in the unit of `by`."""

WAYS = (*DEFAULT_SIZES, "files", "symbols")


def chunk(context: StepContext, target: Value, size: int | None, overlap: int, by: str | Matcher) -> Value:
    """Pieces in order: rows {index, doc, line, start, end, text}. `size` and `overlap` count what `by` names."""
    cuts = SpanBuilder()
    for piece in target_pieces(target, "chunk", context):
        starts, stops = _cut(piece, size, overlap, by, context)
        context.charge("chunks", len(starts), "chunk")
        context.ensure_room(24 * len(starts))
        cuts.add(piece, starts, stops)
    return _rows(cuts)


def _rows(cuts: SpanBuilder) -> Rows:
    spans = cuts.spans()
    columns: dict[str, Column] = {
        "index": Ints(np.arange(len(spans), dtype=np.int64)),
        "doc": cuts.docs(),
        "line": LineNumbers(spans),
        "start": Ints(spans.starts),
        "end": Ints(spans.stops),
        "text": spans,
    }
    return Rows("chunks", columns, len(spans), spans)


def _cut(
    piece: TargetPiece, size: int | None, overlap: int, by: str | Matcher, context: StepContext
) -> tuple[IntArray, IntArray]:
    text = piece.text
    content = context.blobs.read(text.blob)
    if by == "files":
        return np.array([text.start], np.int64), np.array([text.stop], np.int64)
    if by == "symbols":
        if overlap:
            raise Fault("arguments", 'chunk(by="symbols") takes no overlap')
        return chunk_symbols(piece, DEFAULT_SIZE if size is None else size, context)
    try:
        if isinstance(by, Matcher):
            _only_sized(size, overlap)
            return _at_matches(piece, by, context)
        wanted = DEFAULT_SIZES[by] if size is None else size
        if by == "lines":
            return chunk_lines(context.blobs.lines(text.blob), text.start, text.stop, wanted, overlap)
        if by == "paragraphs":
            return chunk_paragraphs(content, text.start, text.stop, wanted, overlap)
        return chunk_bytes(content, text.start, text.stop, wanted, overlap)
    except CutError as error:
        raise Fault("bound", str(error)) from None


def _at_matches(piece: TargetPiece, by: Matcher, context: StepContext) -> tuple[IntArray, IntArray]:
    text = piece.text
    found = chunk_at(context.blobs.read(text.blob), by, text.start, text.stop, context.budget_left("search_work"))
    context.spend("search_work", found.work)
    context.scanned.append(text)
    if found.out_of_work:
        context.mark_partial("search_work", "chunk ran out of search_work: the last chunk was not looked into for more")
    return found.starts, found.stops


def _only_sized(size: int | None, overlap: int) -> None:
    if size is not None or overlap:
        raise Fault("arguments", "chunk(by=/re/) starts a chunk at each match; it takes no size and no overlap")
