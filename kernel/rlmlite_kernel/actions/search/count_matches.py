"""count_matches: how many matches there are, without holding them. `count(search(...))` is this one step."""

import numpy as np

from rlmlite_kernel.actions.rows.keys import as_column, key_rows
from rlmlite_kernel.actions.search.filter_hits import HitFilter
from rlmlite_kernel.actions.search.search import warn_no_hits
from rlmlite_kernel.actions.search.sweep import HitBuilder, MatchOffsets, Sweep, choose_matcher
from rlmlite_kernel.actions.search.targets import SpanBuilder, TargetPiece, target_pieces
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.evaluation.context import NarrowedResult, StepContext
from rlmlite_kernel.program.ast import Expr, Field
from rlmlite_kernel.values.columns import Cells, Ints, Text
from rlmlite_kernel.values.operators import key_of, order, plainly
from rlmlite_kernel.values.values import Rows, Value, size_of

RESTS_ON = 1_000
"""So many of the first matches are what a count rests on: as many as evidence lists."""


def count_matches(
    context: StepContext,
    target: Value,
    query: Matcher | None,
    template: str | None,
    where: Expr | None,
    key: Expr | None,
) -> Value | NarrowedResult:
    """How many matches; with a key, rows {key, n} as `count_by` gives them."""
    matcher = choose_matcher("count_matches", query, template)
    pieces = target_pieces(target, "count_matches", context)
    counts = _Counts(context, matcher)
    if where is not None or (key is not None and as_column(key) != Field("doc")):
        counts.sift(pieces, where, key)
    elif key is not None:
        counts.by_document(pieces)
    else:
        counts.all(pieces)
    if not counts.total:
        warn_no_hits(context, matcher, pieces)
    return counts.number() if key is None else counts.by_key()


class _Count:
    """One key: how often it came, and where first."""

    def __init__(self, key: Value, first: Text) -> None:
        self.key, self.first, self.n = key, first, 0


class _Counts:
    """How many matches there are, in all and by key, and the first of them."""

    def __init__(self, context: StepContext, matcher: Matcher) -> None:
        self._context, self._matcher = context, matcher
        self._first = HitBuilder(matcher)
        self._keys: dict[object, _Count] = {}
        self.total = 0

    def all(self, pieces: list[TargetPiece]) -> None:
        """Counts matches."""
        sweep = Sweep(self._context, self._matcher, RESTS_ON)
        sweep.search_all(pieces, self._first.add)
        self.total = sweep.count

    def by_document(self, pieces: list[TargetPiece]) -> None:
        """Counts the matches of each document, of which only the first is looked at."""
        sweep = Sweep(self._context, self._matcher)
        for piece in pieces:
            firsts: list[MatchOffsets] = []
            how = sweep.search(piece, 1, lambda _, table, firsts=firsts: firsts.append(table))  # type: ignore[misc]
            if how.count:
                start, stop = (int(side) for side in firsts[0][0, 0])
                self._add(plainly(piece.doc, self._context.blobs), Text(piece.text.blob, start, stop), how.count)
                self.total += how.count
            if how.out_of_work:
                return

    def sift(self, pieces: list[TargetPiece], where: Expr | None, key: Expr | None) -> None:
        """Counts matches for which a condition holds, or by a key, looking at many at a time."""

        def passed(rows: Rows, kept: IntArray, batch: HitFilter) -> None:
            self.total += len(kept)
            if key is not None:
                self._add_rows(rows if len(kept) == len(rows) else rows.take(kept), key)
                return
            for piece, table in batch.select(kept[: max(0, RESTS_ON - len(self._first))]):
                self._first.add(piece, table)

        hit_filter = HitFilter(self._context, self._matcher, where, passed)
        Sweep(self._context, self._matcher).search_all(pieces, hit_filter.add)
        hit_filter.flush()

    def number(self) -> NarrowedResult:
        """The number of all, which rests on the first."""
        spans = self._first.rows().spans
        assert spans is not None  # hits always have them
        return NarrowedResult(self.total, spans)

    def by_key(self) -> Rows:
        """Rows {key, n}, the most frequent first, ties by key; each rests on its first match."""
        self._first.rows()  # refuses what hits cannot be
        ranked = sorted(self._keys.values(), key=lambda count: (-count.n, order(count.key)))
        cuts = SpanBuilder()
        for count in ranked:
            place = np.array([[count.first.start], [count.first.stop]], np.int64)
            cuts.add(TargetPiece(None, count.first), place[0], place[1])
        numbers = Ints(np.array([count.n for count in ranked], np.int64))
        return Rows("rows", {"key": Cells([count.key for count in ranked]), "n": numbers}, len(ranked), cuts.spans())

    def _add_rows(self, rows: Rows, key: Expr) -> None:
        found = key_rows(rows, key, self._context)
        assert rows.spans is not None  # hits always have them
        first = rows.spans.take(found.keys.firsts).cells(self._context.blobs)
        for value, n, span in zip(found.values, found.keys.counts().tolist(), first, strict=True):
            assert isinstance(span, Text)
            self._add(value, span, n)

    def _add(self, key: Value, first: Text, n: int) -> None:
        known = self._keys.get(key_of(key))
        if known is None:
            self._context.ensure_room(size_of(key) + 8)
            known = self._keys[key_of(key)] = _Count(key, first)
        known.n += n
