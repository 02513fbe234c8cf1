"""rank: the passages that a query's words make most worth reading, by BM25."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby, pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from rlmlite_kernel.actions.search.targets import TargetPiece, row_texts, target_pieces
from rlmlite_kernel.actions.search.units import LineUnits, Units, cut_units
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.bytes.words import Hashes, query_hashes, query_words
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.ranking.bm25 import Ranking, rank_units
from rlmlite_kernel.engines.ranking.postings import WordIndex, build_index, combine_indexes
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Cells, Column, Ints, LineNumbers, Spans, Text, digest_of
from rlmlite_kernel.values.values import Rows, Value, rows_of

MOST_WORDS = 100
"""Different words that a query may have."""

Words: TypeAlias = tuple[str, ...]
"""The different words of a query."""

INDEXED = 256 << 20
"""Bytes of text for which an index is kept; in a larger target only the query's words are looked up, each time."""

_ROW = 48  # bytes of a passage's row
_JOINED = 1 << 22  # bytes of rows from different contents that are indexed at once


class _Source(NamedTuple):
    """Units to index: their name among all units of all contents, and how their index is made."""

    key: str
    size: int
    make: Callable[[Hashes | None], WordIndex]


def rank(context: StepContext, target: Value, query: str, limit: int | None, by: str | Matcher | None) -> Value:
    """The passages that have any of the words, the best first, equal ones by position: {doc, line, .., text, score}.

    Rows that are given without `by` are passages themselves and keep their fields. The score is BM25 x 10^6.
    """
    words = query_words(query)
    if not 0 < len(words) <= MOST_WORDS:
        raise Fault(
            "query", f'rank takes 1 to {MOST_WORDS} words, such as "disk failure"; the query has {len(words):,}'
        )
    table = rows_of(target)
    if by is None and table is not None and table.kind != "documents":
        best = _best(_of_rows(row_texts(table, "rank", context), words, context), words, limit, context)
        rows = table.take(best.units)
        return Rows("passages", {**rows.columns, "score": Ints(best.scores)}, len(rows), rows.spans)
    return _passages(target_pieces(target, "rank", context), by or "lines", words, limit, context)


def _passages(
    pieces: list[TargetPiece], by: str | Matcher, words: Words, limit: int | None, context: StepContext
) -> Rows:
    units = [cut_units(piece.text, by, context) for piece in pieces]
    counts = [each.count for each in units]
    _charge([piece.text for piece in pieces], sum(counts), words, context)
    best = _best([_of_units(each, context) for each in units], words, limit, context)
    bases = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
    which = np.searchsorted(bases, best.units, side="right") - 1
    starts, stops = np.zeros((2, len(which)), np.int64)
    for number in np.unique(which).tolist():
        rows = np.flatnonzero(which == number)
        starts[rows], stops[rows] = units[number].at(best.units[rows] - bases[number])
    return _rows([pieces[number] for number in which.tolist()], starts, stops, best.scores)


def _rows(pieces: list[TargetPiece], starts: IntArray, stops: IntArray, scores: IntArray) -> Rows:
    """One row a passage, each of the piece that it lies in."""
    digests = tuple(dict.fromkeys(piece.text.blob for piece in pieces)) or ("",)
    place = {digest: index for index, digest in enumerate(digests)}
    which = np.array([place[piece.text.blob] for piece in pieces], np.int64) if len(digests) > 1 else None
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


def _of_units(units: Units | LineUnits, context: StepContext) -> _Source:
    text = units.text
    return _Source(
        units.key, len(text), lambda only: build_index(context.blobs.read(text.blob), *units.spans(), only=only)
    )


def _of_rows(texts: list[Text | None], words: Words, context: StepContext) -> list[_Source]:
    """The texts of rows as units: those of one content together, small ones of several contents together."""
    known = [text if text is not None else Text("", 0, 0) for text in texts]
    _charge(known, len(known), words, context)
    sources: list[_Source] = []
    waiting: list[Text] = []
    for blob, group in groupby(known, key=lambda text: text.blob):
        run = list(group)
        if blob and sum(map(len, run)) >= _JOINED:
            sources.extend(_joined(waiting, context))
            sources.append(_run(run, context))
            waiting = []
        else:
            waiting.extend(run)
    return [*sources, *_joined(waiting, context)]


def _run(run: list[Text], context: StepContext) -> _Source:
    """Texts of one content."""
    starts, stops = _ends(run)
    key = f"{run[0].blob} {digest_of(starts)} {digest_of(stops)}"
    size = sum(map(len, run))
    return _Source(key, size, lambda only: build_index(context.blobs.read(run[0].blob), starts, stops, only=only))


def _joined(texts: list[Text], context: StepContext) -> Iterator[_Source]:
    """Texts of several contents, some MiB of them at once."""
    sizes = np.cumsum([len(text) for text in texts])
    cuts = np.flatnonzero(np.diff(sizes // _JOINED)) + 1
    for low, high in pairwise([0, *cuts.tolist(), len(texts)] if texts else []):
        yield _copied(texts[low:high], context)


def _copied(texts: list[Text], context: StepContext) -> _Source:
    key = hashlib.sha256("\n".join(f"{text.blob} {text.start} {text.stop}" for text in texts).encode()).hexdigest()

    def made(only: Hashes | None) -> WordIndex:
        parts = [text.read(context.blobs) if text.blob else b"" for text in texts]
        stops = np.cumsum([len(part) + 1 for part in parts], dtype=np.int64) - 1
        starts = np.concatenate((stops[:0], [0], stops[:-1] + 1))
        return build_index(b"\n".join(parts), starts, stops, only=only)

    return _Source(f"texts {key}", sum(map(len, texts)), made)


def _ends(texts: list[Text]) -> tuple[IntArray, IntArray]:
    return np.array([text.start for text in texts], np.int64), np.array([text.stop for text in texts], np.int64)


def _charge(texts: list[Text], units: int, words: Words, context: StepContext) -> None:
    """A text costs its bytes, and each word of the query a unit of work for each unit of text."""
    size = sum(map(len, texts))
    context.charge("search_work", size + units * len(words), f"ranking {units:,} passages of {size:,} bytes")
    context.scanned.extend(text for text in texts if text.blob)
    for blob in dict.fromkeys(text.blob for text in texts if text.blob):
        context.blobs.read(blob)  # touched whether its index is there already or not


def _best(sources: list[_Source], words: Words, limit: int | None, context: StepContext) -> Ranking:
    """The best units, numbered through all sources; says what was not found and what was not kept."""
    hashes = query_hashes(words)
    best = rank_units(_index(sources, hashes, context), hashes, limit)
    context.ensure_room(_ROW * len(best.units))
    missing = [word for word, units in zip(words, best.having, strict=True) if not units]
    if missing:
        context.warn(f"{len(missing):,} of {len(words):,} words are nowhere in the text:", ", ".join(missing))
    if len(best.units) < best.found:
        context.warn(f"{len(best.units):,} of {best.found:,} passages with a word of the query are kept")
    return best


def _index(sources: list[_Source], hashes: Hashes, context: StepContext) -> WordIndex:
    if sum(source.size for source in sources) > INDEXED:
        context.warn(f"no index is kept of more than {INDEXED >> 20} MiB: the text is read again for each rank")
        return combine_indexes([source.make(hashes) for source in sources])

    def whole() -> WordIndex:
        return combine_indexes([context.blobs.index(source.key, partial(source.make, None)) for source in sources])

    if len(sources) == 1:
        return whole()
    keys = hashlib.sha256("\n".join(source.key for source in sources).encode()).hexdigest()
    return context.blobs.index(f"all {keys}", whole, stored=False)
