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
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from msgspec.structs import replace

from rlmlite_kernel.actions.search.patterns import mine_lines
from rlmlite_kernel.actions.search.targets import TargetPiece
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.query.templates import has_text
from rlmlite_kernel.engines.search.find import Search, SearchCount, open_text
from rlmlite_kernel.engines.search.regex_cursor import MatchArray
from rlmlite_kernel.engines.search.tally import MANY, SearchBounds
from rlmlite_kernel.engines.search.windows import HALF
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.queries import line_query, matcher_for, template_query
from rlmlite_kernel.records.evolution import WHOLE_LINES
from rlmlite_kernel.values.columns import Text

if TYPE_CHECKING:
    from rlmlite_kernel.engines.patterns.members import TemplateMembers

OnMatches: TypeAlias = Callable[[TargetPiece, MatchArray], None]
"""Called with matches as they are found, some at a time, in order."""


class SweepQuery(NamedTuple):
    """What a sweep looks for: matches, or those of them that are lines of a template."""

    matcher: Matcher
    members: "TemplateMembers | None" = None


def choose_query(
    action: str, query: Matcher | None, template: str | None, pieces: Sequence[TargetPiece], context: StepContext
) -> SweepQuery:
    """What to look for by `query` or `template`. Raises `Fault("arguments")` unless exactly one of them is given.

    A template that `patterns` finds in these texts has the lines that it counts. Any other is one of whole lines, if
    some line fits it as a whole, and else stands anywhere in a line. Raises `Fault("query")` if it has no text.
    """
    if query is not None and template is None:
        return SweepQuery(query)
    if query is not None or template is None:
        needs = f'{action} needs a query or a template: {action}(x, "text"), {action}(x, template="a <*> b")'
        raise Fault("arguments", needs)
    follows = context.follows(WHOLE_LINES)
    if follows:
        whole_lines = matcher_for(line_query(template))
        if _occurs(whole_lines, pieces, context):
            from rlmlite_kernel.engines.patterns.members import TemplateMembers  # which few runs need

            members = TemplateMembers(template, mine_lines(pieces, f"{action} of a template", context))
            if members.exist or has_text(template):
                return SweepQuery(whole_lines, members if members.exist else None)
    return SweepQuery(matcher_for(template_query(template, follows), whole_lines=follows))


def note_windows(query: SweepQuery, pieces: Sequence[TargetPiece], context: StepContext) -> None:
    """Say that long matches may be missed: of a regex that crosses lines, in a text longer than its matches may be."""
    matcher = query.matcher
    # Plain text fits into half a window, and is found wherever it stands.
    members = matcher.query.members or (matcher.query,)
    is_bounded = matcher.reads_blocks and any(member.kind == "regex" for member in members)
    if context.follows(WHOLE_LINES) and is_bounded and any(len(piece.text) > HALF for piece in pieces):
        context.note(
            f"the regex may match across lines, so matches longer than {HALF >> 10} KiB may not be found",
            code="long_matches",
        )


def note_other_lines(query: SweepQuery, context: StepContext) -> None:
    """Say that lines fit a template and are of another, if there were any."""
    others = 0 if query.members is None else query.members.others
    if others:
        context.note(
            f"{others:,} more lines fit the template, and `patterns` counts them under other templates",
            code="other_templates",
        )


def _occurs(matcher: Matcher, pieces: Sequence[TargetPiece], context: StepContext) -> bool:
    """Whether there is a match. One is enough to know."""
    sweep = Sweep(context, SweepQuery(matcher), keep=1, counting=0)
    return any(sweep.search(piece, 1, _forget).count for piece in pieces)


def _forget(piece: TargetPiece, matches: MatchArray) -> None:
    """Only whether there is a match is asked."""


class Sweep:
    """One query over pieces. `count` is the number of matches so far, whether handed out or only counted.

    `counting` is the work after which matches beyond `keep` are no longer counted; `halted` then says where.
    """

    def __init__(self, context: StepContext, query: SweepQuery, keep: int = MANY, counting: int | None = None) -> None:
        self._context, self._query, self._keep, self._counting = context, query, keep, counting
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
        members = self._query.members
        # Which matches are members is not known to the search, so it hands out all.
        bounds = SearchBounds(work_left, keep, counting) if members is None else SearchBounds(work_left)
        lines = context.blobs.lines(text.blob)
        content, matcher = open_text(lines, self._query.matcher)
        search = Search(content, matcher, text.start, text.stop, bounds)
        chosen = 0
        has_counted_enough = False
        try:
            for matches in search.matches():
                if members is None:
                    on_matches(piece, matches)
                    continue
                is_member = members.select(lines.content, matches[:, 0, 0], text.stop)
                of_template = matches[is_member]
                if len(of_template) and chosen < keep:
                    on_matches(piece, of_template[: keep - chosen])
                chosen += len(of_template)
                has_counted_enough = chosen >= keep and search.count().work > counting
                if has_counted_enough:
                    break
        finally:
            # The work is charged even if `on_matches` raised (its hits were too large, say): it has been done.
            counted = search.count()
            if members is not None:
                counted = replace(counted, count=chosen, out_of_work=counted.out_of_work or has_counted_enough)
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
