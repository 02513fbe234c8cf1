"""chunk: long texts cut into pieces that fit a prompt, by reference.

    chunk(log, size=100, by="lines", overlap=10)
    -> {"index": 0, "doc": null, "line": 1, "start": 0, "end": 7981, "text": lines 1-100}, {"index": 1, "line": 91, ...}

`size` and `overlap` count in the unit of `by`: bytes, lines or paragraphs. By bytes a chunk ends at a line end, if
there is one in its second half. With `by="files"` a chunk is a document,
with `by="symbols"` it begins where a definition does, and with `by=/re/` at each match; there a size makes no sense, so
it is refused rather than ignored. Each text of a target is cut by itself: no chunk spans two documents. With a field,
`by=session`, the rows of each value are one chunk (`key_chunks`); `by=line` are lines where no field has that name.
"""

import numpy as np

from rlmlite_kernel.actions.search.targets import SpanBuilder, TargetPiece, target_pieces
from rlmlite_kernel.actions.texts.symbol_chunks import DEFAULT_SIZE, chunk_symbols
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.cut.cut import (
    CutError,
    TooManyPartsError,
    chunk_at,
    chunk_bytes,
    chunk_bytes_at_lines,
    chunk_lines,
    chunk_paragraphs,
)
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.find import open_text
from rlmlite_kernel.evaluation.access import column_name
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.program.binding import nearly_word, variable_name
from rlmlite_kernel.records.evolution import CHARGED_BEFORE, CHUNKS_END_AT_LINES
from rlmlite_kernel.values.columns import Column, Ints, LineNumbers, Text
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.values import Rows, Value, rows_of

DEFAULT_SIZES = {"bytes": 8_000, "lines": 100, "paragraphs": 1}
"""The size of a chunk when none is given, in the unit of `by`."""

BY_WORDS = (*DEFAULT_SIZES, "files", "symbols")
"""The words that `by` takes besides a /regex/."""


def chunk(context: StepContext, target: Value, size: int | None, overlap: int, by: str | Matcher | Expr) -> Value:
    """Pieces in order: rows {index, doc, line, start, end, text}. `size` and `overlap` count what `by` names."""
    by = _unit_of(by, target, context)
    if not isinstance(by, str | Matcher):
        from rlmlite_kernel.actions.texts.key_chunks import chunk_by_key  # few runs have rows to chunk

        return chunk_by_key(context, target, size, overlap, by)
    chunks = SpanBuilder()
    # Charged piece by piece: a folder too large for the budget is refused before all of it is cut.
    for piece in target_pieces(target, "chunk", context):
        _refuse_too_many(piece, size, overlap, by, context)
        starts, stops = _cut(piece, size, overlap, by, context)
        context.charge("chunks", len(starts), "chunk")
        context.ensure_room(24 * len(starts))
        chunks.add(piece, starts, stops)
    # No text has been copied: a chunk is two offsets into its content.
    return _rows(chunks)


def _unit_of(by: str | Matcher | Expr, target: Value, context: StepContext) -> str | Matcher | Expr:
    """`by=line` of what has no such field is meant as `by="lines"`."""
    name = None if isinstance(by, str | Matcher) else variable_name(by)
    word = None if name is None else nearly_word(BY_WORDS, name)
    rows = rows_of(target)
    if name is None or word is None or (rows is not None and column_name(rows, name) is not None):
        return by
    context.note(f'`by={name}` is read as by="{word}": there is no such field', code="read_as")
    return word


def _refuse_too_many(
    piece: TargetPiece, size: int | None, overlap: int, by: str | Matcher, context: StepContext
) -> None:
    """Refuse chunks of a known number before they are made, if there is no budget for them.

    Chunks smaller than a code point may be empty and are left out, so fewer than a quarter are certain.
    """
    if by not in ("bytes", "lines"):
        return
    chunk_size = DEFAULT_SIZES[str(by)] if size is None else size
    if overlap >= chunk_size:
        # A mistake of its own, which is found where the text is cut.
        return
    # A text of so many bytes may be one line.
    items = len(piece.text) if by == "bytes" else _count_lines(piece, context)
    step = chunk_size - overlap
    planned = max(0, items - overlap) // step
    certain = planned if by == "lines" or step >= _LONGEST_CODE_POINT else planned // _LONGEST_CODE_POINT
    if not context.follows(CHARGED_BEFORE):
        context.ensure_fits(_CUT * planned // MEMORY_PER_VALUE_BYTE)
    elif certain > context.budget_left("chunks"):
        context.charge("chunks", certain, "chunk")


_LONGEST_CODE_POINT = 4

_CUT = 48
"""Memory for each chunk while a text is cut: its start and stop, and copies of these."""


def _count_lines(piece: TargetPiece, context: StepContext) -> int:
    """The newlines of a piece: at most one fewer than it has lines."""
    text = piece.text
    index = context.blobs.lines(text.blob)
    return index.line_at(max(text.start, text.stop - 1)) - index.line_at(text.start)


def _rows(chunks: SpanBuilder) -> Rows:
    spans = chunks.spans()
    columns: dict[str, Column] = {
        "index": Ints(np.arange(len(spans), dtype=np.int64)),
        "doc": chunks.docs(),
        "line": LineNumbers(spans),
        "start": Ints(spans.starts),
        "end": Ints(spans.stops),
        "text": spans,
    }
    return Rows("chunks", columns, len(spans), spans)


def _cut(
    piece: TargetPiece, size: int | None, overlap: int, by: str | Matcher, context: StepContext
) -> tuple[IntArray, IntArray]:
    """Starts and stops of the chunks of one text."""
    text = piece.text
    if by == "files":
        # The piece as it is: `target_pieces` gives one per document.
        return np.array([text.start], np.int64), np.array([text.stop], np.int64)
    if by == "symbols":
        if overlap:
            raise Fault("arguments", 'chunk(by="symbols") takes no overlap')
        max_bytes = DEFAULT_SIZE if size is None else size
        return chunk_symbols(piece, max_bytes, context)
    if isinstance(by, Matcher):
        _refuse_sizes(size, overlap)
        return _at_matches(piece, by, context)
    count = DEFAULT_SIZES[by] if size is None else size
    try:
        index = context.blobs.lines(text.blob)
        if by == "lines":
            return chunk_lines(index, text.start, text.stop, count, overlap)
        if by == "paragraphs":
            most = _most_matches(context)
            paragraphs = None if most is None or overlap >= count else most * (count - overlap) + overlap
            return chunk_paragraphs(index.content, text.start, text.stop, count, overlap, paragraphs)
        return _cut_bytes(text, index, count, overlap, context)
    except TooManyPartsError as error:
        if not context.follows(CHARGED_BEFORE):
            context.ensure_fits(_CUT * error.parts // MEMORY_PER_VALUE_BYTE)
        context.charge("chunks", error.parts // (count - overlap), "chunk")
        raise Fault("budget", f"chunk found more than {error.parts:,} paragraphs, too many for `chunks`") from None
    except CutError as error:
        raise Fault("bound", str(error)) from None


def _cut_bytes(
    text: Text, index: LineIndex, size: int, overlap: int, context: StepContext
) -> tuple[IntArray, IntArray]:
    if context.follows(CHUNKS_END_AT_LINES):
        return chunk_bytes_at_lines(index, text.start, text.stop, size, overlap)
    return chunk_bytes(context.blobs.read(text.blob), text.start, text.stop, size, overlap)


def _at_matches(piece: TargetPiece, by: Matcher, context: StepContext) -> tuple[IntArray, IntArray]:
    text = piece.text
    content, by = open_text(context.blobs.lines(text.blob), by)
    work_left = context.budget_left("search_work")
    chunks = chunk_at(content, by, text.start, text.stop, work_left, _most_matches(context))
    context.spend_search(chunks.work, chunks.out_of_work)
    if not context.follows(CHARGED_BEFORE):
        # Two more: the first chunk may begin before the first match, and an empty last match begins none.
        context.ensure_fits(_CUT * (len(chunks.starts) + 2) // MEMORY_PER_VALUE_BYTE)
    # The whole text counts as seen, even where the search stopped early: the last chunk holds the rest of it.
    context.scanned.append(text)
    if chunks.out_of_work:
        context.mark_partial("search_work", "chunk used up search_work: the last chunk may contain more matches")
    return chunks.starts, chunks.stops


def _most_matches(context: StepContext) -> int | None:
    """One more than there is a budget for: enough to be refused."""
    return context.budget_left("chunks") + 1 if context.follows(CHARGED_BEFORE) else context.most_metered(_CUT)


def _refuse_sizes(size: int | None, overlap: int) -> None:
    # Refused rather than ignored: whoever gave a size expects chunks that fit a prompt.
    if size is not None or overlap:
        raise Fault("arguments", "chunk(by=/re/) starts a chunk at each match; it takes no size and no overlap")
