"""parse_lines: every line as a record, by reference."""

from typing import NamedTuple

import numpy as np

from rlmlite_kernel.actions.search.sweep import named_groups
from rlmlite_kernel.actions.search.targets import SpanBuilder, TargetPiece, concatenate, target_pieces
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.query import Matcher, QueryError, regex
from rlmlite_kernel.engines.query.templates import fields_pattern
from rlmlite_kernel.engines.search.find import SearchResult, find
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.queries import compiled
from rlmlite_kernel.values.columns import Column, Ints, LineNumbers, Spans, Text
from rlmlite_kernel.values.values import Rows, Value

_LINE_COLUMNS = ("doc", "line", "start", "end", "text")


def _scan(piece: TargetPiece, matcher: Matcher, context: StepContext) -> SearchResult:
    """Run a matcher over one piece, charging its work; a search that runs out of work says how far it came."""
    text = piece.text
    left = context.budget_left("search_work")
    found = find(context.blobs.read(text.blob), matcher, text.start, text.stop, left)
    context.charge("search_work", found.work, "the search")
    context.scanned.append(Text(text.blob, text.start, found.scanned_to))
    if found.out_of_work:
        unseen = f"bytes {found.scanned_to:,}..{text.stop:,} and whatever follows are unseen"
        context.mark_partial("search_work", f"the search ran out of search_work: {unseen}", str(piece.doc or ""))
    if found.cut_windows:
        context.warn(f"{found.cut_windows:,} lines longer than 64 KiB were searched in pieces; no match crosses a cut")
    return found


class _Lines(NamedTuple):
    """Matched lines and the offsets of their groups; the lines that did not match."""

    starts: IntArray
    stops: IntArray
    groups: list[tuple[IntArray, IntArray]]
    other_starts: IntArray
    other_stops: IntArray


def parse_lines(context: StepContext, target: Value, form: Matcher | str) -> Value:
    """One record for every line that has the form; the others are counted and kept apart in `.unmatched`."""
    matcher = form if isinstance(form, Matcher) else _form(form)
    matched, other = SpanBuilder(), SpanBuilder()
    groups: list[list[tuple[IntArray, IntArray]]] = []
    for piece in target_pieces(target, "parse_lines", context):
        lines = _parsed(piece, matcher, context)
        if len(lines.starts):
            groups.append(lines.groups)
        matched.add(piece, lines.starts, lines.stops)
        other.add(piece, lines.other_starts, lines.other_stops)
    rest = _line_rows(other, {})
    if len(rest):
        context.warn(
            f"{len(rest):,} of {len(rest) + matched.count:,} lines do not have the form; they are in .unmatched"
        )
    spans = matched.spans()
    columns = [
        Spans(spans.blobs, concatenate([g[i][0] for g in groups]), concatenate([g[i][1] for g in groups]), spans.which)
        for i in range(matcher.groups)
    ]
    named = named_groups(matcher, tuple(columns), _LINE_COLUMNS)
    if not named:
        raise Fault("query", 'parse_lines needs named groups: /(?<user>\\d+) .../ or a template "{user} ..."')
    rows = _line_rows(matched, named)
    return Rows(rows.kind, rows.columns, rows.count, rows.spans, {"unmatched": rest})


def _form(template: str) -> Matcher:
    try:
        return compiled(regex(fields_pattern(template)))
    except QueryError as error:
        raise Fault("query", str(error)) from None


def _line_rows(cuts: SpanBuilder, named: dict[str, Column]) -> Rows:
    spans = cuts.spans()
    columns: dict[str, Column] = {
        "doc": cuts.docs(),
        "line": LineNumbers(spans),
        "start": Ints(spans.starts),
        "end": Ints(spans.stops),
        "text": spans,
        **named,
    }
    return Rows("lines", columns, len(spans), spans)


def _parsed(piece: TargetPiece, matcher: Matcher, context: StepContext) -> _Lines:
    text, index = piece.text, context.blobs.lines(piece.text.blob)
    first, last = (index.line_at(text.start), index.line_at(max(text.start, text.stop - 1)) + 1)
    context.ensure_room((last - first) * 16 * (1 + matcher.groups))
    starts, stops = index.spans(first, last if text.stop > text.start else first)
    starts, stops = np.maximum(starts, text.start), np.minimum(stops, text.stop)
    found = _scan(piece, matcher, context)
    place = np.searchsorted(starts, found.starts, side="right") - 1
    lines, first_match = np.unique(place, return_index=True)
    has = np.zeros(len(starts), bool)
    has[lines] = True
    other = ~has & (stops <= found.scanned_to)  # of lines that were not looked at nothing is known
    groups = [(a[first_match], b[first_match]) for a, b in found.groups]
    return _Lines(starts[has], stops[has], groups, starts[other], stops[other])
