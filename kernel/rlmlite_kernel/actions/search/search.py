"""search: every match of a query, as hits that refer to the text.

    search(logs, /ERROR (\\w+)/, limit=20)
    -> {"doc": null, "line": 12, "start": 804, "end": 814, "match": "ERROR disk", "text": "08:14 ERROR disk", ...}

There are two ways through it. Without `where` the sweep itself keeps the first `limit` hits and counts the rest. With
`where` the sweep must hand out everything, since only a row can tell whether it passes, and `HitFilter` decides batch
by batch; `limit` then counts the hits that pass.
"""

from collections.abc import Sequence

import numpy as np

from rlmlite_kernel.actions.search.filter_hits import HitFilter
from rlmlite_kernel.actions.search.hits import HitBuilder, size_of_hits
from rlmlite_kernel.actions.search.sweep import Sweep, SweepQuery, choose_query, note_other_lines, note_windows
from rlmlite_kernel.actions.search.targets import TargetPiece, other_inputs, target_pieces
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.query import Matcher, Query
from rlmlite_kernel.engines.search.regex_cursor import MatchArray
from rlmlite_kernel.engines.search.tally import MANY
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import Expr, ListOf, Lit, Rx
from rlmlite_kernel.program.queries import constant_query, matcher_for
from rlmlite_kernel.records.evolution import CHUNKS_END_AT_LINES, WHOLE_LINES
from rlmlite_kernel.values.columns import LineTexts
from rlmlite_kernel.values.values import Rows, Value

PER = ("match", "line")
"""What a hit may be one of."""

_TOO_MANY = "use limit= to keep only the first hits; count(search(...)) and count_by(search(...), .field) hold none"
_SAMPLE = 65_536  # bytes of a text in which its line ends are looked at


def search(
    context: StepContext,
    target: Value,
    query: Matcher | None,
    template: str | None,
    limit: int | None,
    where: Expr | None,
    per: str = "match",
) -> Value:
    """Every match, leftmost first, never overlapping: rows {doc, line, start, end, match, text, groups, and names}.

    With `per="line"` the first match of each line; `limit` counts what is kept.
    """
    if per == "line":
        rows = _first_of_lines(search(context, target, query, template, None, where), context)
        if limit is not None and len(rows) > limit:
            _note_dropped_hits(limit, len(rows), "", context)
        return rows if limit is None else rows.slice(0, min(limit, len(rows)))
    pieces = target_pieces(target, "search", context)
    look_for = choose_query("search", query, template, pieces, context)
    matcher = look_for.matcher
    collector = _HitCollector(context, matcher, limit)
    if where is None:
        sweep = Sweep(context, look_for, collector.limit, counting_allowance(context, pieces))
        sweep.search_all(pieces, collector.add)
        collector.total = sweep.count
    else:
        # Which hits pass is not known to the sweep, so the limit is the collector's alone.
        sweep = Sweep(context, look_for)
        hit_filter = HitFilter(context, matcher, where, collector.add_batch)
        sweep.search_all(pieces, hit_filter.add)
        hit_filter.flush()
    rows = collector.hits.rows()
    some_were_dropped = collector.total > len(rows)
    if some_were_dropped or sweep.halted:
        _note_dropped_hits(len(rows), collector.total, sweep.halted, context)
    note_other_lines(look_for, context)
    note_windows(look_for, pieces, context)
    if not len(rows):
        warn_no_hits(context, matcher, pieces)
    return rows


def _first_of_lines(rows: Value, context: StepContext) -> Rows:
    """Of hits in the order of the text those that are the first on their line."""
    assert isinstance(rows, Rows)
    assert rows.spans is not None
    lines = LineTexts(rows.spans).lines(context.blobs)
    is_first = np.ones(len(rows), np.bool_)
    is_first[1:] = lines.starts[1:] != lines.starts[:-1]
    if lines.which is not None:
        is_first[1:] |= lines.which[1:] != lines.which[:-1]
    return rows.take(np.flatnonzero(is_first))


def _note_dropped_hits(kept: int, total: int, halted: str, context: StepContext) -> None:
    if halted:
        context.note(f"{kept:,} of at least {total:,} hits are kept: counting stopped at {halted}", code="hits_limited")
    else:
        context.note(f"{kept:,} of {total:,} hits are kept", code="hits_limited")


def counting_allowance(context: StepContext, pieces: list[TargetPiece]) -> int:
    """The work that a search with a limit may cost before it stops counting what it does not keep.

    Twice its bytes: enough for a few matches in each line. Never more than half of what is left, so that a search for
    a frequent word with `limit=5` cannot use up the budget of the whole run by counting.
    """
    size = sum(len(piece.text) for piece in pieces)
    return min(2 * size, context.budget_left("search_work") // 2)


def warn_no_hits(context: StepContext, matcher: Matcher, pieces: list[TargetPiece]) -> None:
    """Say that nothing was found, in what other reading there would be hits, and whether the line ends are to blame."""
    context.note(_no_hits(context, matcher.query, pieces), code="no_hits")
    members = matcher.query.members or (matcher.query,)
    has_dollar = any(member.kind == "regex" and "$" in member.text for member in members)
    # One text is enough to see which line ends the target has; the others are most likely alike.
    if has_dollar and not matcher.whole_lines and any(_has_crlf(piece, context) for piece in pieces[:1]):
        context.warn(
            r"lines end in \r\n here, and `$` matches only after the \r: write \r?$ instead of `$`", code="crlf"
        )


def _no_hits(context: StepContext, query: Query, pieces: list[TargetPiece]) -> str:
    """`no hits`, and the first other reading of the query that has some, or else the first other input that has some.

    Each is a search of its own, and charged as one; none is made where less is left than it may cost.
    """
    if not context.follows(CHUNKS_END_AT_LINES):
        return "no hits"
    from rlmlite_kernel.engines.query.readings import other_readings  # which few runs need

    for what, other, spelling in other_readings(query):
        count = _count_affordable(context, other, pieces)
        if count is None:
            break
        if count:
            # What a program has computed may be words of data, which do not stand outside a fence.
            example = f": {spelling}" if _is_written(query, context) else ""
            return f"no hits; {count:,} hits {what}{example}"
    for name, others in other_inputs(pieces, context):
        if count := _count_affordable(context, query, others):
            return f"no hits; {count:,} hits in `{name}`"
    return "no hits"


def _count_affordable(context: StepContext, query: Query, pieces: Sequence[TargetPiece]) -> int | None:
    """How many hits a query has, or none if it is none; null where less work is left than it may cost."""
    most = _DEAR * sum(len(piece.text) for piece in pieces)
    if most > context.budget_left("search_work"):
        return None
    try:
        matcher = matcher_for(query, whole_lines=context.follows(WHOLE_LINES))
    except Fault:
        return 0
    scanned = len(context.scanned)
    sweep = Sweep(context, SweepQuery(matcher), keep=0, counting=most)
    sweep.search_all(pieces, _forget)
    # A hint is no search of the program: its absence of hits must not count as looked for.
    del context.scanned[scanned:]
    return sweep.count


def _is_written(query: Query, context: StepContext) -> bool:
    """Whether the program spells this query out."""
    arguments = [
        argument
        for call in context.turn.calls
        for argument in (*call.args, *(item.value for item in call.named))
        if isinstance(argument, Lit | Rx | ListOf)
    ]
    return any(constant_query(argument) == query for argument in arguments)


_DEAR = 40
"""A reading is tried only if this many units for each byte are left."""


def _forget(piece: TargetPiece, matches: MatchArray) -> None:
    """Only how many there are is asked."""


def _has_crlf(piece: TargetPiece, context: StepContext) -> bool:
    text = piece.text
    sample_stop = min(text.stop, text.start + _SAMPLE)
    sample = context.blobs.read(text.blob)[text.start : sample_stop]
    return b"\r\n" in bytes(sample)


class _HitCollector:
    """The hits that the result will hold: the first `limit`. `total` counts all of them."""

    def __init__(self, context: StepContext, matcher: Matcher, limit: int | None) -> None:
        self.hits = HitBuilder(matcher)
        self.limit = MANY if limit is None else limit
        self.total = 0
        self._context = context

    def add(self, piece: TargetPiece, matches: MatchArray) -> None:
        """Keep hits, if there is room for them in memory."""
        self._context.ensure_room(size_of_hits(matches), _TOO_MANY)
        self.hits.add(piece, matches)

    def add_batch(self, rows: Rows, passed: IntArray, batch: HitFilter) -> None:
        """Keep those hits of a batch that passed the condition, up to the limit."""
        self.total += len(passed)
        # Later batches are still filtered when there is no room left, as `total` counts their hits too.
        room = self.limit - len(self.hits)
        first_passed = passed[:room]
        for piece, matches in batch.select(first_passed):
            self.add(piece, matches)
