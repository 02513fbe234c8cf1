"""around: the lines, paragraph, record or file in which hits lie; paths: which documents there are."""

from typing import NamedTuple

import numpy as np

from rlmlite_kernel.actions.search.units import cut_units
from rlmlite_kernel.engines.bytes.buffers import IntArray, snap
from rlmlite_kernel.engines.cut.units import enclosing_units, lines_around
from rlmlite_kernel.engines.query.globs import glob_query
from rlmlite_kernel.engines.query.query import Matcher, QueryError
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.expressions import matches
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.queries import compiled
from rlmlite_kernel.values.columns import Cells, Column, Ints, LineCounts, Spans, Text
from rlmlite_kernel.values.fences import worded
from rlmlite_kernel.values.values import LIST, Rows, Value, kind_of


def around(context: StepContext, rows: Value, lines: int | None, bytes: int | None, by: str | Matcher | None) -> Value:
    """The same rows, with what is around each as `text`, and where that is as `from` and `to`.

    All other fields stay, and so does what a row stands for: evidence is the hit, not its surroundings. Rows whose
    surroundings overlap stay one row each.
    """
    table = context.require_rows(rows, "around's first argument")
    spans = table.spans
    if spans is None or len(spans) != len(table):
        raise Fault("type", f"around works on places in a text, such as hits; these rows have {worded(table.columns)}")
    if sum(given is not None for given in (lines, bytes, by)) > 1:
        raise Fault("arguments", "around takes one of lines=, bytes= and by=")
    context.ensure_room(32 * len(table))
    starts, stops = spans.starts.copy(), spans.stops.copy()
    for blob, numbers in spans.by_blob():
        there = numbers[starts[numbers] >= 0]
        found = _Found(blob, spans.starts[there], spans.stops[there])
        if bytes is not None:
            starts[there], stops[there] = _bytes_around(found, bytes, context)
        elif by is None or by == "lines":
            starts[there], stops[there] = lines_around(context.blobs.lines(blob), found.starts, found.stops, lines or 0)
        else:
            starts[there], stops[there] = _units_around(found, by, context)
    text = Spans(spans.blobs, starts, stops, spans.which)
    columns: dict[str, Column] = {**table.columns, "text": text, "from": _places(starts), "to": _places(stops)}
    return Rows("rows" if table.kind == LIST else table.kind, columns, len(table), spans)


class _Found(NamedTuple):
    """Places in one content."""

    blob: str
    starts: IntArray
    stops: IntArray


def _bytes_around(found: _Found, size: int, context: StepContext) -> tuple[IntArray, IntArray]:
    content = context.blobs.read(found.blob)
    size = min(size, len(content))
    lows = [snap(content, start - size) for start in found.starts.tolist()]
    highs = [snap(content, stop + size) for stop in found.stops.tolist()]
    return np.array(lows, np.int64), np.array(highs, np.int64)


def _units_around(found: _Found, by: str | Matcher, context: StepContext) -> tuple[IntArray, IntArray]:
    size = len(context.blobs.read(found.blob))
    context.charge("search_work", size, f"around(by=...) over {size:,} bytes")
    units = cut_units(Text(found.blob, 0, size), by, context).spans()
    return enclosing_units(units, found.starts, found.stops, context.blobs.lines(found.blob))


def _places(places: IntArray) -> Column:
    """Positions; null where a row stands for no text."""
    return Ints(places) if not (places < 0).any() else Cells([None if at < 0 else at for at in places.tolist()])


def paths(context: StepContext, docs: Value, glob: str | None) -> Value:
    """The documents whose path the glob matches, in their order: {path, bytes, lines, text}. `text` is the document."""
    if not isinstance(docs, Rows) or docs.kind != "documents":
        raise Fault("type", f"paths works on documents (an input that is a folder), not {kind_of(docs)}")
    found = docs if glob is None else docs.take(_matching(docs, glob, context))
    if not len(found):
        context.warn("no document has such a path; paths(docs) shows all there are")
    text = found.columns["text"]
    assert isinstance(text, Spans)
    columns = {"path": found.columns["path"], "bytes": found.columns["bytes"], "lines": LineCounts(text), "text": text}
    return Rows("documents", columns, len(found), found.spans)


def _matching(docs: Rows, glob: str, context: StepContext) -> IntArray:
    try:
        matcher = compiled(glob_query(glob), by_blocks=True)
    except QueryError as error:
        raise Fault("query", str(error)) from None
    names = [str(path).encode() for path in docs.columns["path"].cells(context.blobs)]
    return np.array([row for row, name in enumerate(names) if matches(matcher, name, context)], np.int64)
