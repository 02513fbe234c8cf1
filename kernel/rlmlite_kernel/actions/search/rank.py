"""rank: the passages of a target that a query's words make most worth reading, by BM25.

    rank(docs, "disk failure", limit=2)
    -> {"doc": "a.log", "line": 7, "start": 420, "end": 431, "text": "disk failed", "score": 3140271}, {...}

A target with many documents is many texts, but its score is one: how rare a word is, and how long passages are on
average, is measured over all of them. So every text gets an index of its own (kept by its content, see `rank_index`),
the indexes are combined into one whose passages are numbered consecutively, and the best numbers are split again:

    a.log has passages 0..99, b.log 100..149     best: 120, 7     -> b.log passage 20, a.log passage 7

Scores are whole numbers, BM25 x 10^6, and equal ones are ordered by position, so the order is the same everywhere.
"""

import numpy as np

from rlmlite_kernel.actions.search.rank_index import (
    IndexSource,
    QueryWords,
    build_rank_index,
    source_of_units,
    sources_of_texts,
)
from rlmlite_kernel.actions.search.targets import TargetPiece, row_texts, target_pieces
from rlmlite_kernel.actions.search.units import cut_units
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.bytes.words import query_words
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.ranking.bm25 import Ranking, rank_units
from rlmlite_kernel.engines.ranking.stems import query_stems
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import CHARGED_BEFORE, TIMES_AND_STEMS
from rlmlite_kernel.values.columns import Cells, Column, Ints, LineNumbers, Spans, Text
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.values import DOCUMENTS, Rows, Value, rows_of

MOST_WORDS = 100
"""Different words that a query may have."""

_ROW = 48  # bytes that a passage takes in memory


def rank(
    context: StepContext,
    target: Value,
    query: str,
    limit: int | None,
    by: str | Matcher | None,
    exact: bool = False,
) -> Value:
    """The passages that have any of the words, the best first, equal ones by position: {doc, line, .., text, score}.

    Rows that are given without `by` are passages themselves and keep their fields. Endings of English words and accents
    do not matter, unless words are to be `exact`.
    """
    by_stem = not exact and context.follows(TIMES_AND_STEMS)
    words = QueryWords(query_stems(query) if by_stem else query_words(query), by_stem)
    if not 0 < len(words.words) <= MOST_WORDS:
        problem = f'rank takes 1 to {MOST_WORDS} words, such as "disk failure"; the query has {len(words.words):,}'
        raise Fault("query", problem)
    table = rows_of(target)
    # Documents are rows too, but a whole file is seldom the passage that is wanted: they are cut into lines.
    rows_are_passages = table is not None and table.kind != DOCUMENTS
    if by is None and table is not None and rows_are_passages:
        return _rank_rows(table, words, limit, context)
    pieces = target_pieces(target, "rank", context)
    return _rank_passages(pieces, by or "lines", words, limit, context)


def _rank_rows(table: Rows, words: QueryWords, limit: int | None, context: StepContext) -> Rows:
    """Rows as they are, each a passage, with a score beside their fields."""
    # A row without text stays as an empty unit, so that the numbers of units are those of the rows.
    texts = [text if text is not None else Text("", 0, 0) for text in row_texts(table, "rank", context)]
    _charge(texts, len(texts), words, context)
    if context.follows(CHARGED_BEFORE):
        _refuse_overlap(texts, context)
    else:
        context.ensure_fits(sum(map(len, texts)))
    sources = sources_of_texts(texts, words.by_stem, context)
    best = _select_best(sources, words, limit, context)
    rows = table.take(best.units)
    return Rows("passages", {**rows.columns, "score": Ints(best.scores)}, len(rows), rows.spans)


def _refuse_overlap(texts: list[Text], context: StepContext) -> None:
    """Refuse rows whose texts overlap many times: each row's words are held by themselves."""
    size = sum(map(len, texts))
    blobs = dict.fromkeys(text.blob for text in texts if text.blob)
    contents = sum(len(context.blobs.read(blob)) for blob in blobs)
    if size > 2 * contents + context.settings.limits.value_bytes:
        raise Fault("too_large", f"the rows overlap: {size:,} bytes of {contents:,}; rank rows that do not")


def _rank_passages(
    pieces: list[TargetPiece], by: str | Matcher, words: QueryWords, limit: int | None, context: StepContext
) -> Rows:
    """The units of all pieces, numbered consecutively; each of the best numbers is split into piece and unit."""
    units = [cut_units(piece.text, by, context) for piece in pieces]
    counts = [units_of_piece.count for units_of_piece in units]
    texts = [piece.text for piece in pieces]
    _charge(texts, sum(counts), words, context)
    sources = [source_of_units(units_of_piece, words.by_stem, context) for units_of_piece in units]
    best = _select_best(sources, words, limit, context)
    # The number of the first unit of each piece. A unit is of the last piece that begins at or before its number, so
    # that pieces without any unit are passed over.
    units_before = np.cumsum(counts, dtype=np.int64)
    first_numbers = np.concatenate(([0], units_before))
    piece_numbers = np.searchsorted(first_numbers, best.units, side="right") - 1
    starts, stops = np.zeros((2, len(piece_numbers)), np.int64)
    # Units are looked up piece by piece: lines of a long text are not listed, only found by their numbers.
    for number in np.unique(piece_numbers).tolist():
        places = np.flatnonzero(piece_numbers == number)
        within_piece = best.units[places] - first_numbers[number]
        starts[places], stops[places] = units[number].at(within_piece)
    pieces_of_best = [pieces[number] for number in piece_numbers.tolist()]
    return _passage_rows(pieces_of_best, starts, stops, best.scores)


def _passage_rows(pieces: list[TargetPiece], starts: IntArray, stops: IntArray, scores: IntArray) -> Rows:
    """One row per passage; `pieces` has the piece of each."""
    digests = tuple(dict.fromkeys(piece.text.blob for piece in pieces)) or ("",)
    number_of = {digest: number for number, digest in enumerate(digests)}
    blob_numbers = [number_of[piece.text.blob] for piece in pieces]
    # With a single blob there is nothing to tell apart.
    which = np.array(blob_numbers, np.int64) if len(digests) > 1 else None
    spans = Spans(digests, starts, stops, which)
    columns: dict[str, Column] = {
        "doc": Cells([piece.doc for piece in pieces]),
        "line": LineNumbers(spans),
        "start": Ints(starts),
        "end": Ints(stops),
        "text": spans,
        "score": Ints(scores),
    }
    return Rows("passages", columns, len(spans), spans)


_WORK_OF_PASSAGE, _PASSAGE = 50, 32
"""Work, and bytes of memory while words are looked up, for each passage besides its text."""


def _charge(texts: list[Text], units: int, words: QueryWords, context: StepContext) -> None:
    """Charge the bytes of the texts, and for each word of the query one more per passage.

    The charge does not depend on whether an index is there already: a cache must not change what a run costs.
    """
    size = sum(map(len, texts))
    work = size + units * len(words.words)
    purpose = f"ranking {units:,} passages of {size:,} bytes"
    context.charge("search_work", work, purpose)
    context.work(_WORK_OF_PASSAGE * units, purpose)
    context.ensure_fits(_PASSAGE * units // MEMORY_PER_VALUE_BYTE)
    # Rows without text stand as texts without a blob (see `_rank_rows`): there is nothing to read.
    read_texts = [text for text in texts if text.blob]
    context.scanned.extend(read_texts)
    # For the same reason each blob counts as read, even if its index answers.
    for blob in dict.fromkeys(text.blob for text in read_texts):
        context.blobs.read(blob)


def _select_best(sources: list[IndexSource], words: QueryWords, limit: int | None, context: StepContext) -> Ranking:
    """The best units, numbered over all sources. Warns about words that do not occur, and about dropped units."""
    hashes = words.hashes()
    index = build_rank_index(sources, hashes, context)
    best = rank_units(index, hashes, limit)
    kept = len(best.units)
    context.ensure_room(_ROW * kept)
    missing = [word for word, units in zip(words.words, best.units_per_word, strict=True) if not units]
    if missing:
        # The words are the controller's, but may come from data: they are quoted.
        missing_words = ", ".join(missing)
        message = f"{len(missing):,} of {len(words.words):,} words do not occur in the text:"
        context.warn(message, missing_words, code="words_missing")
    if kept < best.unit_count:
        context.note(f"{kept:,} of {best.unit_count:,} passages with a word of the query are kept", code="hits_limited")
    return best
