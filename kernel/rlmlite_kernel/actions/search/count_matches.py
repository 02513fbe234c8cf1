"""count_matches: how many matches there are, without holding them. `count(search(...))` is this one step.

A count needs no hits, so it works where a search would not fit in memory: 30 million matches in 1 GB are one number.
There are three ways to it, the cheapest that will do:

    count(search(log, "x"))                    the engine counts; only the first 1,000 offsets are kept, as evidence
    count_by(search(docs, "x"), .doc)          the engine counts each document; its first match is kept
    count_by(search(log, /(?<u>\\w+)/), .u)     matches become rows, a batch at a time (`filter_hits`); only keys stay

All give what the two actions would give one after the other: the same numbers, order and ties.
"""

from functools import partial

from rlmlite_kernel.actions.rows.columns.keys import as_column, key_rows
from rlmlite_kernel.actions.search.filter_hits import HitFilter
from rlmlite_kernel.actions.search.hits import HitBuilder
from rlmlite_kernel.actions.search.search import warn_no_hits
from rlmlite_kernel.actions.search.sweep import Sweep, SweepQuery, choose_query, note_other_lines, note_windows
from rlmlite_kernel.actions.search.targets import SpanBuilder, TargetPiece, target_pieces
from rlmlite_kernel.engines.bytes.buffers import IntArray, int_array
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.regex_cursor import MatchArray
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.evaluation.taint import NarrowedResult
from rlmlite_kernel.program.ast import Expr, Field
from rlmlite_kernel.records.evolution import EVIDENCE_BY_PLACE
from rlmlite_kernel.values.columns import Cells, Column, Ints, Text
from rlmlite_kernel.values.operators import group_key, sort_key
from rlmlite_kernel.values.values import Rows, Value

EVIDENCE = 1_000
"""How many of the first matches are kept as the evidence of a count: as many as evidence lists."""


def count_matches(
    context: StepContext,
    target: Value,
    query: Matcher | None,
    template: str | None,
    where: Expr | None,
    key: Expr | None,
) -> Value | NarrowedResult:
    """How many matches; with a key, rows {key, n} as `count_by` gives them."""
    pieces = target_pieces(target, "count_matches", context)
    look_for = choose_query("count_matches", query, template, pieces, context)
    counter = _MatchCounter(context, look_for)
    # The document of a match is known without its row; every other key, and any condition, has to look at rows.
    by_document = key is not None and as_column(key) == Field("doc")
    needs_rows = where is not None or (key is not None and not by_document)
    if needs_rows:
        counter.count_rows(pieces, where, key)
    elif by_document:
        counter.count_documents(pieces)
    else:
        counter.count_all(pieces)
    note_other_lines(look_for, context)
    note_windows(look_for, pieces, context)
    if not counter.total:
        warn_no_hits(context, look_for.matcher, pieces)
    return counter.as_number() if key is None else counter.as_rows()


class _KeyCount:
    """One key: how many matches have it, and which of them is the first."""

    def __init__(self, key: Value, first: Text) -> None:
        self.key, self.first, self.n = key, first, 0


class _MatchCounter:
    """Counts matches in all and by key. Use one of the `count_` methods, then one of the `as_` methods."""

    def __init__(self, context: StepContext, query: SweepQuery) -> None:
        self._context, self._query = context, query
        self._first_hits = HitBuilder(query.matcher)
        self._counts: dict[object, _KeyCount] = {}
        self.total = 0

    def count_all(self, pieces: list[TargetPiece]) -> None:
        """Count the matches; the first are kept as evidence."""
        sweep = Sweep(self._context, self._query, EVIDENCE)
        sweep.search_all(pieces, self._first_hits.add)
        self.total = sweep.count

    def count_documents(self, pieces: list[TargetPiece]) -> None:
        """Count the matches of each document; the first of each is kept."""
        sweep = Sweep(self._context, self._query)
        for piece in pieces:
            matches_of_piece: list[MatchArray] = []
            # Of several chunks of one document each is a piece: `_add` adds their counts up.
            counted = sweep.search(piece, 1, partial(_append_matches, matches_of_piece))
            if counted.count:
                first_match = matches_of_piece[0][0]
                # Entry 0 of a match is the whole, the others are its groups.
                start, stop = first_match[0].tolist()
                doc = resolve(piece.doc, self._context)
                self._add(doc, Text(piece.text.blob, start, stop), counted.count)
                self.total += counted.count
            # The pieces after this one are not seen; the sweep has marked the result partial.
            if counted.out_of_work:
                return

    def count_rows(self, pieces: list[TargetPiece], where: Expr | None, key: Expr | None) -> None:
        """Count the matches that pass a condition, or count by a key of the hit, a batch of rows at a time."""

        def on_batch(rows: Rows, passed: IntArray, batch: HitFilter) -> None:
            self.total += len(passed)
            if key is not None:
                # Taking all rows would copy every column of the batch.
                all_pass = len(passed) == len(rows)
                passing_rows = rows if all_pass else rows.take(passed)
                self._add_rows(passing_rows, key)
                return
            still_to_keep = max(0, EVIDENCE - len(self._first_hits))
            first_passed = passed[:still_to_keep]
            for piece, matches in batch.select(first_passed):
                self._first_hits.add(piece, matches)

        hit_filter = HitFilter(self._context, self._query.matcher, where, on_batch)
        Sweep(self._context, self._query).search_all(pieces, hit_filter.add)
        hit_filter.flush()

    def as_number(self) -> NarrowedResult:
        """The number of all matches, with the first of them as its evidence."""
        spans = self._first_hits.rows().spans
        assert spans is not None  # hits always have them
        if self.total > len(spans) and self._context.follows(EVIDENCE_BY_PLACE):
            self._context.note(
                f"the evidence of this count is the first {len(spans):,} of its {self.total:,} matches",
                code="evidence_limited",
            )
        return NarrowedResult(self.total, spans)

    def as_rows(self) -> Rows:
        """Rows {key, n}, the most frequent first, ties by key; the evidence of each is its first match."""
        # Made only for its fault: a group with the name of a field is refused here as `search` refuses it.
        self._first_hits.rows()
        by_frequency = sorted(self._counts.values(), key=lambda count: (-count.n, sort_key(count.key)))
        evidence = SpanBuilder()
        for count in by_frequency:
            first = count.first
            start, stop = int_array([first.start]), int_array([first.stop])
            evidence.add(TargetPiece(None, first), start, stop)
        keys = [count.key for count in by_frequency]
        numbers = int_array([count.n for count in by_frequency])
        columns: dict[str, Column] = {
            "key": Cells(keys),
            "n": Ints(numbers),
        }
        return Rows("rows", columns, len(by_frequency), evidence.spans())

    def _add_rows(self, rows: Rows, key: Expr) -> None:
        keyed_rows = key_rows(rows, key, self._context)
        assert rows.spans is not None  # hits always have them
        # Of each key, the first row of this batch; `_add` keeps it only if no earlier batch had the key.
        first_spans = rows.spans.take(keyed_rows.keys.firsts).cells(self._context.blobs)
        numbers = keyed_rows.keys.counts.tolist()
        for value, n, span in zip(keyed_rows.values, numbers, first_spans, strict=True):
            assert isinstance(span, Text)
            self._add(value, span, n)

    def _add(self, key: Value, first: Text, n: int) -> None:
        # Values of one group may look different (1 and 1.0), and the first to come stands for them.
        group = group_key(key)
        count = self._counts.get(group)
        if count is None:
            # Only a new key takes memory: that many are held, however many matches there are.
            self._context.ensure_room(self._context.size_of(key) + 8)
            count = self._counts[group] = _KeyCount(key, first)
        count.n += n


def _append_matches(matches_of_piece: list[MatchArray], piece: TargetPiece, matches: MatchArray) -> None:
    matches_of_piece.append(matches)
