"""chunk: cutting long texts into pieces, by reference."""

import numpy as np

from rlmlite_kernel.actions.search.targets import Cuts, Piece, pieces_of
from rlmlite_kernel.actions.texts.code import DEFAULT_SIZE, chunk_symbols
from rlmlite_kernel.engines.cut.cut import CutError, chunk_at, chunk_bytes, chunk_lines, chunk_paragraphs
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.evaluation.context import Job
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Column, IntArray, Ints, LineNumbers
from rlmlite_kernel.values.values import Rows, Value

DEFAULT_SIZES = {"bytes": 8_000, "lines": 100, "paragraphs": 1}
"""The size of a chunk when none is given, in the unit of `by`."""

WAYS = (*DEFAULT_SIZES, "files", "symbols")


def chunk(job: Job, target: Value, size: int | None, overlap: int, by: str | Matcher) -> Value:
    """Pieces in order: rows {index, doc, line, start, end, text}. `size` and `overlap` count what `by` names."""
    cuts = Cuts()
    for piece in pieces_of(target, "chunk", job):
        starts, stops = _cut(piece, size, overlap, by, job)
        job.charge("chunks", len(starts), "chunk")
        job.room(24 * len(starts))
        cuts.add(piece, starts, stops)
    return _rows(cuts)


def _rows(cuts: Cuts) -> Rows:
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


def _cut(piece: Piece, size: int | None, overlap: int, by: str | Matcher, job: Job) -> tuple[IntArray, IntArray]:
    text = piece.text
    content = job.blobs.read(text.blob)
    if by == "files":
        return np.array([text.start], np.int64), np.array([text.stop], np.int64)
    if by == "symbols":
        if overlap:
            raise Fault("arguments", 'chunk(by="symbols") takes no overlap')
        return chunk_symbols(piece, DEFAULT_SIZE if size is None else size, job)
    try:
        if isinstance(by, Matcher):
            _only_sized(size, overlap)
            return _at_matches(piece, by, job)
        wanted = DEFAULT_SIZES[by] if size is None else size
        if by == "lines":
            return chunk_lines(job.blobs.lines(text.blob), text.start, text.stop, wanted, overlap)
        if by == "paragraphs":
            return chunk_paragraphs(content, text.start, text.stop, wanted, overlap)
        return chunk_bytes(content, text.start, text.stop, wanted, overlap)
    except CutError as error:
        raise Fault("bound", str(error)) from None


def _at_matches(piece: Piece, by: Matcher, job: Job) -> tuple[IntArray, IntArray]:
    text = piece.text
    found = chunk_at(job.blobs.read(text.blob), by, text.start, text.stop, job.left("search_work"))
    job.spend("search_work", found.work)
    job.scanned.append(text)
    if found.out_of_work:
        job.curtailed("search_work", "chunk ran out of search_work: the last chunk was not looked into for more")
    return found.starts, found.stops


def _only_sized(size: int | None, overlap: int) -> None:
    if size is not None or overlap:
        raise Fault("arguments", "chunk(by=/re/) starts a chunk at each match; it takes no size and no overlap")
