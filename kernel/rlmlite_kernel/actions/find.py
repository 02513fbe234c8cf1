"""search and parse_lines: finding text, by reference."""

from typing import NamedTuple

import numpy as np

from rlmlite_kernel.actions.rows import holding
from rlmlite_kernel.actions.targets import Cuts, Piece, joined, pieces_of
from rlmlite_kernel.ast import Expr
from rlmlite_kernel.columns import Column, Groups, IntArray, Ints, LineNumbers, LineTexts, Spans, Text
from rlmlite_kernel.engines import Found, Matcher, QueryError, fields_pattern, find, regex
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.job import Job
from rlmlite_kernel.queries import compiled, template_query
from rlmlite_kernel.values import Rows, Value

_LINE_COLUMNS = ("doc", "line", "start", "end", "text")
_COLUMNS = ("doc", "line", "start", "end", "match", "text", "groups")


def search(
    job: Job, target: Value, query: Matcher | None, template: str | None, limit: int | None, where: Expr | None
) -> Value:
    """Every match, leftmost first, never overlapping: rows {doc, line, start, end, match, text, groups, and names}."""
    matcher = _matcher(query, template)
    hits = _Hits(matcher)
    for piece in pieces_of(target, "search", job):
        room = None if limit is None or where is not None else limit - hits.cuts.count
        if room == 0:
            break
        if not hits.look(piece, room, job):
            break
    rows = hits.rows()
    if where is not None:
        rows = _kept(rows, where, limit, job)
    elif limit is not None and len(rows) == limit:
        job.warn(f"limit={limit} was reached: what follows was not looked for")
    if not len(rows):
        job.warn("no hits")
    return rows


def _matcher(query: Matcher | None, template: str | None) -> Matcher:
    if (query is None) is (template is None):
        raise Fault("arguments", 'search needs a query or a template: search(x, "text"), search(x, template="a <*> b")')
    return query if query is not None else compiled(template_query(template or ""))


def _kept(rows: Rows, where: Expr, limit: int | None, job: Job) -> Rows:
    kept = holding(rows, where, job)
    if limit is not None and len(kept) > limit:
        job.warn(f"{limit:,} of {len(kept):,} hits are kept")
    return rows.take(kept[:limit])


class _Hits:
    """Matches gathered over the pieces of a target."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher, self.cuts = matcher, Cuts()
        self._groups: list[list[tuple[IntArray, IntArray]]] = []

    def look(self, piece: Piece, limit: int | None, job: Job) -> bool:
        """Search one piece; says whether to go on."""
        found = scan(piece, self.matcher, limit, job)
        job.room(len(found.starts) * 16 * (1 + len(found.groups)))
        if len(found.starts):
            self._groups.append(list(found.groups))
        self.cuts.add(piece, found.starts, found.stops)
        return not found.out_of_work

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
        columns.update(named_groups(self.matcher, groups, _COLUMNS))
        return Rows("hits", columns, len(spans), spans)

    def _group(self, index: int, spans: Spans) -> Spans:
        starts = joined([groups[index][0] for groups in self._groups])
        stops = joined([groups[index][1] for groups in self._groups])
        return Spans(spans.blobs, starts, stops, spans.which)


def named_groups(matcher: Matcher, groups: tuple[Spans, ...], taken: tuple[str, ...]) -> dict[str, Column]:
    """The named groups as columns. A name that a column has already is refused."""
    named: dict[str, Column] = {}
    for name, group in zip(matcher.names, groups, strict=True):
        if name in taken:
            raise Fault("query", f"a group cannot be named `{name}`: rows have a field of that name")
        if name is not None:
            named[name] = group
    return named


def scan(piece: Piece, matcher: Matcher, limit: int | None, job: Job) -> Found:
    """Run a matcher over one piece, charging its work; a search that runs out of work says how far it came."""
    text = piece.text
    left = job.left("search_work")
    found = find(job.blobs.read(text.blob), matcher, text.start, text.stop, left, limit)
    job.charge("search_work", found.work, "the search")
    job.scanned.append(Text(text.blob, text.start, found.scanned_to))
    if found.out_of_work:
        unseen = f"bytes {found.scanned_to:,}..{text.stop:,} and whatever follows are unseen"
        job.curtailed("search_work", f"the search ran out of search_work: {unseen}", str(piece.doc or ""))
    if found.cut_windows:
        job.warn(f"{found.cut_windows:,} lines longer than 64 KiB were searched in pieces; no match crosses a cut")
    return found


class _Lines(NamedTuple):
    """Matched lines and the offsets of their groups; the lines that did not match."""

    starts: IntArray
    stops: IntArray
    groups: list[tuple[IntArray, IntArray]]
    other_starts: IntArray
    other_stops: IntArray


def parse_lines(job: Job, target: Value, form: Matcher | str) -> Value:
    """One record for every line that has the form; the others are counted and kept apart in `.unmatched`."""
    matcher = form if isinstance(form, Matcher) else _form(form)
    matched, other = Cuts(), Cuts()
    groups: list[list[tuple[IntArray, IntArray]]] = []
    for piece in pieces_of(target, "parse_lines", job):
        lines = _parsed(piece, matcher, job)
        if len(lines.starts):
            groups.append(lines.groups)
        matched.add(piece, lines.starts, lines.stops)
        other.add(piece, lines.other_starts, lines.other_stops)
    rest = _line_rows(other, {})
    if len(rest):
        job.warn(f"{len(rest):,} of {len(rest) + matched.count:,} lines do not have the form; they are in .unmatched")
    spans = matched.spans()
    columns = [
        Spans(spans.blobs, joined([g[i][0] for g in groups]), joined([g[i][1] for g in groups]), spans.which)
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


def _line_rows(cuts: Cuts, named: dict[str, Column]) -> Rows:
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


def _parsed(piece: Piece, matcher: Matcher, job: Job) -> _Lines:
    text, index = piece.text, job.blobs.lines(piece.text.blob)
    first, last = (index.line_at(text.start), index.line_at(max(text.start, text.stop - 1)) + 1)
    job.room((last - first) * 16 * (1 + matcher.groups))
    starts, stops = index.spans(first, last if text.stop > text.start else first)
    starts, stops = np.maximum(starts, text.start), np.minimum(stops, text.stop)
    found = scan(piece, matcher, None, job)
    place = np.searchsorted(starts, found.starts, side="right") - 1
    lines, first_match = np.unique(place, return_index=True)
    has = np.zeros(len(starts), bool)
    has[lines] = True
    other = ~has & (stops <= found.scanned_to)  # of lines that were not looked at nothing is known
    groups = [(a[first_match], b[first_match]) for a, b in found.groups]
    return _Lines(starts[has], stops[has], groups, starts[other], stops[other])
