"""One query over the pieces of a target: what search and count_matches have in common.

A sweep searches piece after piece and hands out the matches as it finds them. Two bounds end it:

- `keep`: so many matches are handed out. Those after them are counted, so that a search with `limit=20` can still say
  "20 of 1,432 hits are kept".
- work: each piece costs `search_work`, computed from its bytes and matches and never measured, so it ends at the same
  byte on every machine. When the budget is spent while matches were still wanted, the result is marked partial. When
  only the counting is left over, it stops at `counting` and the result is whole: it holds every hit asked for.

    limit=2 over "a.a.a.a": two matches handed out, two counted, count == 4; with counting=0: count >= 2, `halted` says
    at which byte the counting stopped
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from rlmlite_kernel.actions.search.targets import TargetPiece
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.find import Search, SearchCount, open_text
from rlmlite_kernel.engines.search.regex_cursor import MatchArray
from rlmlite_kernel.engines.search.tally import MANY, SearchBounds
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.queries import line_query, matcher_for, template_query
from rlmlite_kernel.records.evolution import WHOLE_LINES
from rlmlite_kernel.values.columns import Text

OnMatches: TypeAlias = Callable[[TargetPiece, MatchArray], None]
"""Called with matches as they are found, some at a time, in order."""


def choose_matcher(action: str, query: Matcher | None, template: str | None, context: StepContext) -> Matcher:
    """The matcher of `query` or of `template`. Raises `Fault("arguments")` unless exactly one of them is given."""
    neither_or_both = (query is None) is (template is None)
    if neither_or_both:
        needs = f'{action} needs a query or a template: {action}(x, "text"), {action}(x, template="a <*> b")'
        raise Fault("arguments", needs)
    if query is not None:
        return query
    follows = context.follows(WHOLE_LINES)
    return matcher_for(template_query(template or "", follows), whole_lines=follows)


def prefer_whole_lines(
    matcher: Matcher, template: str | None, pieces: Sequence[TargetPiece], context: StepContext
) -> Matcher:
    """The matcher of whole lines for a template that some line is of as a whole; else the given one.

    A template of `patterns` is that of whole lines, and may be part of another: `started` and `server started`.
    """
    if template is None or not context.follows(WHOLE_LINES):
        return matcher
    whole = matcher_for(line_query(template))
    # One is enough to know.
    sweep = Sweep(context, whole, keep=1, counting=0)
    for piece in pieces:
        if sweep.search(piece, 1, _forget).count:
            return whole
    return matcher


def _forget(piece: TargetPiece, matches: MatchArray) -> None:
    """Only whether there is a match is asked."""


class Sweep:
    """One query over pieces. `count` is the number of matches so far, whether handed out or only counted.

    `counting` is the work after which matches beyond `keep` are no longer counted; `halted` then says where.
    """

    def __init__(self, context: StepContext, matcher: Matcher, keep: int = MANY, counting: int | None = None) -> None:
        self._context, self._matcher, self._keep, self._counting = context, matcher, keep, counting
        self.count = self._spent = 0
        self.halted = ""

    def search_all(self, pieces: Sequence[TargetPiece], on_matches: OnMatches) -> None:
        """Search piece after piece until there are no more, or the work is spent."""
        for piece in pieces:
            still_to_keep = max(0, self._keep - self.count)
            if self.search(piece, still_to_keep, on_matches).out_of_work:
                return

    def search(self, piece: TargetPiece, keep: int, on_matches: OnMatches) -> SearchCount:
        """Search one piece; the first `keep` matches are handed out."""
        context, text = self._context, piece.text
        work_left = context.budget_left("search_work")
        # The allowance is for the sweep as a whole, so what earlier pieces cost is off it.
        counting = work_left if self._counting is None else max(0, self._counting - self._spent)
        bounds = SearchBounds(work_left, keep, counting)
        content, matcher = open_text(context.blobs.lines(text.blob), self._matcher)
        search = Search(content, matcher, text.start, text.stop, bounds)
        try:
            for matches in search.matches():
                on_matches(piece, matches)
        finally:
            # The work is charged even if `on_matches` raised (its hits were too large, say): it has been done.
            counted = search.count()
            context.spend("search_work", counted.work)
            # Only as far as it came: what was not looked at must not count as evidence that nothing is there.
            seen = Text(text.blob, text.start, counted.scanned_to)
            context.scanned.append(seen)
        self.count += counted.count
        self._spent += counted.work
        warn_of_cut_lines(counted.cut_windows, context)
        if counted.out_of_work:
            self._report_early_end(piece, counted)
        return counted

    def _report_early_end(self, piece: TargetPiece, counted: SearchCount) -> None:
        only_counting_was_left = self._counting is not None and self.count >= self._keep
        if only_counting_was_left:
            self.halted = f"byte {counted.scanned_to:,}"
        else:
            mark_unseen(piece, counted.scanned_to, self._context)


def warn_of_cut_lines(count: int, context: StepContext) -> None:
    """Say that lines were too long to be searched as a whole, if there were any: in a run without `WHOLE_LINES`."""
    if count:
        context.warn(
            f"lines longer than 64 KiB are searched in pieces ({count:,} here); no match spans two pieces",
            code="lines_cut",
        )


def mark_unseen(piece: TargetPiece, scanned_to: int, context: StepContext) -> None:
    """Mark the step partial: its work was spent at byte `scanned_to` of a piece."""
    unseen = f"bytes {scanned_to:,}..{piece.text.stop:,} and everything after them are unseen"
    message = f"the search used up search_work: {unseen}"
    context.mark_partial("search_work", message, str(piece.doc or ""))
