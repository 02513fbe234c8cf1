"""Going through the pieces of a target with one query: what search and count_matches have in common."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.actions.search.targets import SpanBuilder, TargetPiece, concatenate
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.find import Search, SearchCount
from rlmlite_kernel.engines.search.tally import MANY, SearchBounds
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.queries import compiled, template_query
from rlmlite_kernel.values.columns import Column, Groups, Ints, LineNumbers, LineTexts, Spans, Text
from rlmlite_kernel.values.values import Rows

MatchOffsets: TypeAlias = npt.NDArray[np.int64]
"""Matches as [match, whole or group, start or stop]."""

OnMatches: TypeAlias = Callable[[TargetPiece, MatchOffsets], None]
"""What is done with matches as they are found."""

HIT_COLUMNS = ("doc", "line", "start", "end", "match", "text", "groups")


def choose_matcher(action: str, query: Matcher | None, template: str | None) -> Matcher:
    """The matcher of a query or of a template, of which one is given."""
    if (query is None) is (template is None):
        needs = f'{action} needs a query or a template: {action}(x, "text"), {action}(x, template="a <*> b")'
        raise Fault("arguments", needs)
    return query if query is not None else compiled(template_query(template or ""))


class Sweep:
    """One query over pieces: the first `keep` matches are handed out, those that follow only counted.

    With `counting` that ends when the step has cost so much; `halted` then says where, and the result is still whole.
    `count` is how many were found.
    """

    def __init__(self, context: StepContext, matcher: Matcher, keep: int = MANY, counting: int | None = None) -> None:
        self._context, self._matcher, self._keep, self._counting = context, matcher, keep, counting
        self.count = self._spent = 0
        self.halted = ""

    def search_all(self, pieces: Sequence[TargetPiece], take: OnMatches) -> None:
        """Searches piece after piece, until they or the work end."""
        for piece in pieces:
            if self.search(piece, max(0, self._keep - self.count), take).out_of_work:
                return

    def search(self, piece: TargetPiece, keep: int, take: OnMatches) -> SearchCount:
        """Searches one piece."""
        context, text = self._context, piece.text
        left = context.budget_left("search_work")
        counting = left if self._counting is None else max(0, self._counting - self._spent)
        search = Search(
            context.blobs.read(text.blob), self._matcher, text.start, text.stop, SearchBounds(left, keep, counting)
        )
        try:
            for table in search.tables():
                take(piece, table)
        finally:  # a search that is of no use has been made all the same
            how = search.counted()
            context.spend("search_work", how.work)
            context.scanned.append(Text(text.blob, text.start, how.scanned_to))
        self.count += how.count
        self._spent += how.work
        if how.cut_windows:
            context.warn(
                f"{how.cut_windows:,} lines longer than 64 KiB were searched in pieces; no match crosses a cut"
            )
        if how.out_of_work:
            self._early(piece, how)
        return how

    def _early(self, piece: TargetPiece, how: SearchCount) -> None:
        if self._counting is not None and self.count >= self._keep:
            self.halted = f"byte {how.scanned_to:,}"
            return
        unseen = f"bytes {how.scanned_to:,}..{piece.text.stop:,} and whatever follows are unseen"
        message = f"the search ran out of search_work: {unseen}"
        self._context.mark_partial("search_work", message, str(piece.doc or ""))


class HitBuilder:
    """Matches gathered over the pieces of a target, by reference."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher, self.cuts = matcher, SpanBuilder()
        self._groups: list[MatchOffsets] = []

    def __len__(self) -> int:
        return self.cuts.count

    def add(self, piece: TargetPiece, table: MatchOffsets) -> None:
        """More matches in a piece, after all that are there."""
        if len(table):
            self.cuts.add(piece, np.ascontiguousarray(table[:, 0, 0]), np.ascontiguousarray(table[:, 0, 1]))
            self._groups.append(table[:, 1:])

    def rows(self) -> Rows:
        """The hits as columns; all but the offsets are worked out when somebody looks."""
        spans = self.cuts.spans()
        groups = tuple(self._group(index, spans) for index in range(self.matcher.groups))
        columns: dict[str, Column] = {
            "doc": self.cuts.docs(),
            "line": LineNumbers(spans),
            "start": Ints(spans.starts),
            "end": Ints(spans.stops),
            "match": spans,
            "text": LineTexts(spans),
            "groups": Groups(groups, len(spans)),
        }
        columns.update(named_groups(self.matcher, groups, HIT_COLUMNS))
        return Rows("hits", columns, len(spans), spans)

    def _group(self, index: int, spans: Spans) -> Spans:
        starts, stops = (self._side(index, side) for side in (0, 1))
        return Spans(spans.blobs, starts, stops, spans.which)

    def _side(self, index: int, side: int) -> IntArray:
        return concatenate([table[:, index, side] for table in self._groups])


def size_of_hits(table: MatchOffsets) -> int:
    """What matches hold in memory."""
    return int(table.size) * 8


def named_groups(matcher: Matcher, groups: tuple[Spans, ...], taken: tuple[str, ...]) -> dict[str, Column]:
    """The named groups as columns. A name that a column has already is refused."""
    named: dict[str, Column] = {}
    for name, group in zip(matcher.names, groups, strict=True):
        if name in taken:
            raise Fault("query", f"a group cannot be named `{name}`: rows have a field of that name")
        if name is not None:
            named[name] = group
    return named
