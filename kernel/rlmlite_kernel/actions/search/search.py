"""search: finding text, by reference."""

from rlmlite_kernel.actions.search.filter_hits import HitFilter
from rlmlite_kernel.actions.search.sweep import HitBuilder, MatchOffsets, Sweep, choose_matcher, size_of_hits
from rlmlite_kernel.actions.search.targets import TargetPiece, target_pieces
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.tally import MANY
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.values.values import Rows, Value

_TOO_MANY = "count(search(...)) and count_by(search(...), .field) count without holding hits; limit= keeps the first"
_START = 65_536  # bytes of a text in which its line ends are looked at


def search(
    context: StepContext,
    target: Value,
    query: Matcher | None,
    template: str | None,
    limit: int | None,
    where: Expr | None,
) -> Value:
    """Every match, leftmost first, never overlapping: rows {doc, line, start, end, match, text, groups, and names}."""
    matcher = choose_matcher("search", query, template)
    pieces = target_pieces(target, "search", context)
    kept = _Kept(context, matcher, limit)
    if where is None:
        sweep = Sweep(context, matcher, kept.limit, counting_allowance(context, pieces))
        sweep.search_all(pieces, kept.add)
        kept.total = sweep.count
    else:
        sweep = Sweep(context, matcher)
        hit_filter = HitFilter(context, matcher, where, kept.passed)
        sweep.search_all(pieces, hit_filter.add)
        hit_filter.flush()
    rows = kept.hits.rows()
    if kept.total > len(rows) or sweep.halted:
        least, halted = ("at least ", f": counting stopped at {sweep.halted}") if sweep.halted else ("", "")
        context.warn(f"{len(rows):,} of {least}{kept.total:,} hits are kept{halted}")
    if not len(rows):
        warn_no_hits(context, matcher, pieces)
    return rows


def counting_allowance(context: StepContext, pieces: list[TargetPiece]) -> int:
    """The work that a search with a limit may cost before it stops counting what it does not keep.

    Twice its bytes: enough for a few matches in each line. Never more than half of what is left.
    """
    return min(2 * sum(len(piece.text) for piece in pieces), context.budget_left("search_work") // 2)


def warn_no_hits(context: StepContext, matcher: Matcher, pieces: list[TargetPiece]) -> None:
    """Says that nothing was found, and why, if the line ends are to blame."""
    context.warn("no hits")
    members = matcher.query.members or (matcher.query,)
    if any(member.kind == "regex" and "$" in member.text for member in members) and any(
        _ends_in_cr(piece, context) for piece in pieces[:1]
    ):
        context.warn(r"lines end in \r\n here, and the \r belongs to its line: write \r?$ for `$`")


def _ends_in_cr(piece: TargetPiece, context: StepContext) -> bool:
    text = piece.text
    return b"\r\n" in bytes(context.blobs.read(text.blob)[text.start : min(text.stop, text.start + _START)])


class _Kept:
    """The hits that the result will hold: the first `limit`. `total` counts all."""

    def __init__(self, context: StepContext, matcher: Matcher, limit: int | None) -> None:
        self.hits, self.limit, self.total = HitBuilder(matcher), MANY if limit is None else limit, 0
        self._context = context

    def add(self, piece: TargetPiece, table: MatchOffsets) -> None:
        """Keeps hits, if there is room for them in memory."""
        self._context.ensure_room(size_of_hits(table), _TOO_MANY)
        self.hits.add(piece, table)

    def passed(self, rows: Rows, kept: IntArray, batch: HitFilter) -> None:
        """Keeps what passed a condition."""
        self.total += len(kept)
        for piece, table in batch.select(kept[: self.limit - len(self.hits)]):
            self.add(piece, table)
