"""parse_lines: every line as a record, by reference.

    parse_lines(log, "{id} | {user}")        over "7 | ann\\n8 | bob\\n# end\\n"
    -> {"line": 1, "start": 0, "end": 7, "text": "7 | ann", "id": "7", "user": "ann"}, {"line": 2, ...}
    .unmatched -> {"line": 3, "text": "# end"}

The form, a regex with named groups or a template that becomes one, is searched over the whole text at once, by the
same engine as search: a call for each line would cost far more than the search itself. Then each match is given to the
line in which it begins. The first match of a line decides, and the lines without one are the unmatched. No field is
copied: each is a column of spans.

With `records`, a line of the form begins a record, and the lines up to the next one belong to it: a log entry with its
stack trace, whatever that looks like. What is before the first record of a text is unmatched.

    parse_lines(log, "{level}: {what}", records=true)        over "ERROR: disk\\n  at f\\n  at g\\nINFO: up\\n"
    -> {"line": 1, "text": "ERROR: disk\\n  at f\\n  at g", "level": "ERROR", "what": "disk"}, {"line": 4, ...}
"""

from typing import NamedTuple

import numpy as np

from rlmlite_kernel.actions.search.hits import named_groups
from rlmlite_kernel.actions.search.sweep import mark_unseen, warn_of_cut_lines
from rlmlite_kernel.actions.search.targets import SpanBuilder, TargetPiece, concatenate, target_pieces
from rlmlite_kernel.actions.texts.line_forms import (
    is_large,
    require_fields,
    reserved_columns,
    warn_of_empty_fields,
    warn_of_lead_in,
    warn_of_unmatched,
)
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.query import Matcher, QueryError, regex
from rlmlite_kernel.engines.query.templates import fields_pattern
from rlmlite_kernel.engines.search.find import SearchResult, find, open_text
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.queries import matcher_for
from rlmlite_kernel.records.evolution import CHARGED_BEFORE, CHUNKS_END_AT_LINES, WHOLE_LINES
from rlmlite_kernel.values.columns import Column, Ints, LineNumbers, Spans, Text
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.values import Rows, Value


class _LinesOfPiece(NamedTuple):
    """The lines of a piece that match the form, with the offsets of their groups, and those that do not."""

    starts: IntArray
    stops: IntArray
    groups: list[tuple[IntArray, IntArray]]
    other_starts: IntArray
    other_stops: IntArray


def parse_lines(context: StepContext, target: Value, form: Matcher | str, records: bool = False) -> Value:
    """One row for every line that matches the form; the others are in `.unmatched`, or with `records` part of a row.

    Raises `Fault("query")` if the form has no named group, or one with the name of a field.
    """
    matcher = form if isinstance(form, Matcher) else _compile_template(form, context)
    pieces = target_pieces(target, "parse_lines", context)
    if not records and is_large(pieces, matcher, context):
        # Here, because few texts are so large.
        from rlmlite_kernel.actions.texts.parse_large import parse_large

        return parse_large(pieces, matcher, context)
    parsed, unmatched = SpanBuilder(), SpanBuilder()
    groups_of_pieces: list[list[tuple[IntArray, IntArray]]] = []
    for piece in pieces:
        lines = _parse_piece(piece, matcher, context)
        if records:
            lines = _with_following(lines)
        # As `SpanBuilder.add` does: a piece without lines adds nothing, so both stay in step.
        if len(lines.starts):
            groups_of_pieces.append(lines.groups)
        parsed.add(piece, lines.starts, lines.stops)
        unmatched.add(piece, lines.other_starts, lines.other_stops)
    rest = _line_rows(unmatched, {})
    if records:
        warn_of_lead_in(len(rest), context)
    else:
        warn_of_unmatched(len(rest), parsed.count, context, _count_blank(unmatched.spans(), context))
    group_columns = _group_columns(matcher, groups_of_pieces, parsed.spans())
    named = named_groups(matcher, group_columns, reserved_columns(context))
    require_fields(named)
    rows = _line_rows(parsed, named)
    if context.follows(WHOLE_LINES):
        warn_of_empty_fields(named, rows.count, "on every line that matches", context)
    return Rows(rows.kind, rows.columns, rows.count, rows.spans, {"unmatched": rest})


def _compile_template(template: str, context: StepContext) -> Matcher:
    try:
        reads_runs = context.follows(WHOLE_LINES)
        return matcher_for(regex(fields_pattern(template, reads_runs)), whole_lines=reads_runs)
    except QueryError as error:
        raise Fault("query", str(error)) from None


def _group_columns(
    matcher: Matcher, groups_of_pieces: list[list[tuple[IntArray, IntArray]]], spans: Spans
) -> tuple[Spans, ...]:
    """A column of spans for each group of the form, over the lines of all pieces."""
    columns: list[Spans] = []
    for number in range(matcher.groups):
        offsets = [groups[number] for groups in groups_of_pieces]
        starts = concatenate([starts for starts, _ in offsets])
        stops = concatenate([stops for _, stops in offsets])
        # A group lies in the same content as its line, so `which` is shared with the lines.
        columns.append(Spans(spans.blobs, starts, stops, spans.which))
    return tuple(columns)


def _line_rows(lines: SpanBuilder, named: dict[str, Column]) -> Rows:
    spans = lines.spans()
    columns: dict[str, Column] = {
        "doc": lines.docs(),
        "line": LineNumbers(spans),
        "start": Ints(spans.starts),
        "end": Ints(spans.stops),
        "text": spans,
        **named,
    }
    return Rows("lines", columns, len(spans), spans)


_LOOKED_AT = 10_000
"""Lines that are looked at for whether they are blank; of more, only the empty ones count as such."""


def _count_blank(lines: Spans, context: StepContext) -> int:
    """How many lines have nothing but white space."""
    if not context.follows(CHUNKS_END_AT_LINES):
        return 0
    has_text = np.flatnonzero(lines.starts < lines.stops)
    blank = len(lines) - len(has_text)
    if len(has_text) <= _LOOKED_AT:
        for row in has_text.tolist():
            text = lines.at(row, context.blobs)
            blank += isinstance(text, Text) and len(text) < _LONG and not text.read(context.blobs).strip()
    return blank


_LONG = 1_000
"""Bytes of a line that is not taken for blank, whatever it has."""


def _parse_piece(piece: TargetPiece, matcher: Matcher, context: StepContext) -> _LinesOfPiece:
    starts, stops = _line_bounds(piece, matcher, context)
    matches = _search_piece(piece, matcher, context)
    # The line of a match is the last one that starts at or before it. Of several matches in one line the first counts:
    # `np.unique` gives the index of the first, since matches are in order.
    line_of_match = np.searchsorted(starts, matches.starts, side="right") - 1
    lines, first_match = np.unique(line_of_match, return_index=True)
    # As a mask over all lines, so that matching and unmatched ones are told apart without a loop.
    has_form = np.zeros(len(starts), bool)
    has_form[lines] = True
    # A line after the end of an early search is in neither part: nothing is known about it.
    unmatched = ~has_form & (stops <= matches.scanned_to)
    groups = [(group_starts[first_match], group_stops[first_match]) for group_starts, group_stops in matches.groups]
    return _LinesOfPiece(starts[has_form], stops[has_form], groups, starts[unmatched], stops[unmatched])


def _with_following(lines: _LinesOfPiece) -> _LinesOfPiece:
    """The same, with the other lines after each as part of it, but for blank ones at its end."""
    is_lead_in = np.full(len(lines.other_starts), True)
    stops = lines.stops.copy()
    if len(lines.starts):
        # The record of each other line is the last that begins before it: -1 where there is none.
        record = np.searchsorted(lines.starts, lines.other_starts, side="right") - 1
        is_lead_in = record < 0
        has_text = ~is_lead_in & (lines.other_stops > lines.other_starts)
        np.maximum.at(stops, record[has_text], lines.other_stops[has_text])
    return lines._replace(
        stops=stops, other_starts=lines.other_starts[is_lead_in], other_stops=lines.other_stops[is_lead_in]
    )


def _line_bounds(piece: TargetPiece, matcher: Matcher, context: StepContext) -> tuple[IntArray, IntArray]:
    """Starts and stops of the lines of a piece, cut to it; reserves the memory of lines and groups beforehand."""
    text = piece.text
    index = context.blobs.lines(text.blob)
    first = index.line_at(text.start)
    last_byte = max(text.start, text.stop - 1)
    end = index.line_at(last_byte) + 1
    # The line itself and each group: two offsets of 8 bytes. As if every line matched, since nothing is known yet.
    spans_per_line = 1 + matcher.groups
    context.ensure_room((end - first) * 16 * spans_per_line)
    if text.stop <= text.start:
        # An empty piece has no lines, though its place lies in one.
        end = first
    starts, stops = index.spans(first, end)
    starts = np.maximum(starts, text.start)
    # A piece that begins inside a line end has an empty first line.
    return starts, np.maximum(np.minimum(stops, text.stop), starts)


def _search_piece(piece: TargetPiece, matcher: Matcher, context: StepContext) -> SearchResult:
    """All matches in a piece, charged; a search that runs out of work marks the step partial."""
    text = piece.text
    work_left = context.budget_left("search_work")
    content, matcher = open_text(context.blobs.lines(text.blob), matcher)
    # A form that matches several times in a line is held whole before the first of each line is taken: each match
    # and group is two numbers, which are copied once.
    memory = 4 * 8 * (1 + matcher.groups)
    is_charged = context.follows(CHARGED_BEFORE)
    limit = context.room_left() * MEMORY_PER_VALUE_BYTE // memory if is_charged else context.most_metered(memory)
    matches = find(content, matcher, text.start, text.stop, work_left, limit)
    if not is_charged:
        context.ensure_fits(memory * len(matches.starts) // MEMORY_PER_VALUE_BYTE)
    elif limit is not None and len(matches.starts) >= limit:
        raise Fault("too_large", f"the form matches more than {limit:,} times; begin it with ^, so that a line has one")
    context.spend_search(matches.work, matches.out_of_work)
    # Coverage is what was looked at: a search that ran out of work has not seen the rest.
    context.scanned.append(Text(text.blob, text.start, matches.scanned_to))
    if matches.out_of_work:
        mark_unseen(piece, matches.scanned_to, context)
    warn_of_cut_lines(matches.cut_windows, context)
    return matches
