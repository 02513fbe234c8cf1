"""Hits: the rows that search returns, built from the offsets that an engine finds, without reading the text again.

An engine hands out matches as an array of offsets, for `/user=(\\w+)/` and two matches

    [[[804, 812], [809, 812]],      match 0: whole match, group 1
     [[911, 919], [916, 919]]]      match 1

`HitBuilder` keeps these arrays and nothing else. The columns that people see (`line`, the whole line as `text`, the
text of the match) are computed from the offsets when somebody looks at them, so a million hits cost 32 MB, not the
text of a million lines.
"""

import numpy as np

from rlmlite_kernel.actions.search.targets import SpanBuilder, TargetPiece, concatenate
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.engines.search.regex_cursor import MatchArray
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Column, Groups, Ints, LineNumbers, LineTexts, Spans
from rlmlite_kernel.values.values import Rows

HIT_COLUMNS = ("doc", "line", "start", "end", "match", "text", "groups")
"""The fields of every hit. Named groups come after them."""


class HitBuilder:
    """Gathers matches over the pieces of a target, then makes the rows of them."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher, self._matches = matcher, SpanBuilder()
        self._groups: list[MatchArray] = []

    def __len__(self) -> int:
        return self._matches.count

    def add(self, piece: TargetPiece, matches: MatchArray) -> None:
        """Append matches in a piece; they follow all that were added before."""
        if not len(matches):
            return
        # Contiguous, without the offsets of the groups in between: these vectors become columns as they are.
        starts = np.ascontiguousarray(matches[:, 0, 0])
        stops = np.ascontiguousarray(matches[:, 0, 1])
        self._matches.add(piece, starts, stops)
        self._groups.append(matches[:, 1:])

    def rows(self) -> Rows:
        """The hits as rows. Raises `Fault("query")` if a named group has the name of a field."""
        spans = self._matches.spans()
        groups = tuple(self._group_spans(number, spans) for number in range(self._matcher.groups))
        columns: dict[str, Column] = {
            "doc": self._matches.docs(),
            "line": LineNumbers(spans),
            "start": Ints(spans.starts),
            "end": Ints(spans.stops),
            "match": spans,
            "text": LineTexts(spans),
            "groups": Groups(groups, len(spans)),
        }
        columns.update(named_groups(self._matcher, groups, HIT_COLUMNS))
        return Rows("hits", columns, len(spans), spans)

    def _group_spans(self, number: int, spans: Spans) -> Spans:
        starts, stops = self._group_side(number, 0), self._group_side(number, 1)
        return Spans(spans.blobs, starts, stops, spans.which)

    def _group_side(self, number: int, side: int) -> IntArray:
        return concatenate([matches[:, number, side] for matches in self._groups])


def size_of_hits(matches: MatchArray) -> int:
    """The bytes that hits take in memory: their offsets, eight bytes each."""
    return int(matches.size) * 8


def named_groups(matcher: Matcher, groups: tuple[Spans, ...], fields: tuple[str, ...]) -> dict[str, Column]:
    """The groups that the regex names, as columns. Raises `Fault("query")` if a name is one of `fields`."""
    columns: dict[str, Column] = {}
    for name, spans in zip(matcher.names, groups, strict=True):
        if name in fields:
            raise Fault("query", f"a group cannot be named `{name}`: the rows already have a field of that name")
        if name is not None:
            # Several regexes of a list may use one name: at most one of them took part in a match.
            former = columns.get(name)
            columns[name] = _first_present(former, spans) if isinstance(former, Spans) else spans
    return columns


def _first_present(spans: Spans, others: Spans) -> Spans:
    """For each row the text of the group that took part in its match."""
    is_absent = spans.starts < 0
    starts = np.where(is_absent, others.starts, spans.starts)
    stops = np.where(is_absent, others.stops, spans.stops)
    return Spans(spans.blobs, starts, stops, spans.which)
