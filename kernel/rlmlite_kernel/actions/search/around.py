"""around: what surrounds each hit: some lines or bytes of context, or the unit (paragraph, record, file) it lies in.

    around(hits, lines=1)   a hit in line 12 at 804..809
    -> {..., "text": "line 11\\nline 12\\nline 13", "from": 760, "to": 901}     everything else of the hit stays

The places are computed blob by blob, with arrays over all hits of a blob at once. Hits are not merged: two hits in the
same paragraph are two rows with the same text. A row stands for its hit, so evidence that names it names the hit, not
the surroundings.
"""

from typing import NamedTuple

from rlmlite_kernel.actions.search.units import cut_units
from rlmlite_kernel.engines.bytes.buffers import IntArray, int_array, snap
from rlmlite_kernel.engines.cut.units import enclosing_units, lines_around
from rlmlite_kernel.engines.query.query import Matcher
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.work import NODE
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.records.evolution import WORK_BY_SIZE
from rlmlite_kernel.values.columns import Cells, Column, Ints, Spans, Text
from rlmlite_kernel.values.fences import list_names
from rlmlite_kernel.values.values import LIST, Rows, Value


def around(context: StepContext, rows: Value, lines: int | None, bytes: int | None, by: str | Matcher | None) -> Value:
    """The same rows, with what is around each as `text`, and where that is as `from` and `to`.

    All other fields stay. Rows whose surroundings overlap stay one row each. Raises `Fault("type")` for rows that are
    no places in a text, `Fault("arguments")` for more than one of `lines`, `bytes` and `by`.
    """
    table = context.require_rows(rows, "around's first argument")
    spans = table.spans
    # One span per row, or there is no telling which place belongs to which row.
    if spans is None or len(spans) != len(table):
        fields = list_names(table.columns)
        raise Fault("type", f"around works on places in a text, such as hits; these rows have {fields}")
    options_set = sum(argument is not None for argument in (lines, bytes, by))
    if options_set > 1:
        raise Fault("arguments", "around takes only one of lines=, bytes= and by=")
    if context.follows(WORK_BY_SIZE):
        context.work(NODE * len(table), f"looking around {len(table):,} places")
    context.ensure_room(_ROW * len(table))
    # Copies: the rows that were given are a value of the program, and values do not change.
    starts, stops = spans.starts.copy(), spans.stops.copy()
    # Offsets count within a blob, so the hits of each blob are worked on by themselves, all at once.
    for blob, numbers in spans.by_blob():
        # A start of -1 is a row without a place. It stays as it is.
        numbers = numbers[starts[numbers] >= 0]
        hits = _HitsInBlob(blob, spans.starts[numbers], spans.stops[numbers])
        if bytes is not None:
            starts[numbers], stops[numbers] = _bytes_around(hits, bytes, context)
        elif by is None or by == "lines":
            index = context.blobs.lines(blob)
            starts[numbers], stops[numbers] = lines_around(index, hits.starts, hits.stops, lines or 0)
        else:
            starts[numbers], stops[numbers] = _units_around(hits, by, context)
    text = Spans(spans.blobs, starts, stops, spans.which)
    columns: dict[str, Column] = {
        **table.columns,
        "text": text,
        "from": _offsets(starts),
        "to": _offsets(stops),
    }
    # With columns of its own the result is no plain list any more.
    kind = "rows" if table.kind == LIST else table.kind
    # The spans of the rows are still those of the hits: they are the evidence, not what surrounds them.
    return Rows(kind, columns, len(table), spans)


# Bytes that are counted for a row: its start and stop, once as the span of `text` and once as `from` and `to`.
_ROW = 32


class _HitsInBlob(NamedTuple):
    """Where hits lie in one blob."""

    blob: str
    starts: IntArray
    stops: IntArray


def _bytes_around(hits: _HitsInBlob, size: int, context: StepContext) -> tuple[IntArray, IntArray]:
    """`size` bytes before and after each hit; both ends move down to the start of a code point."""
    content = context.blobs.read(hits.blob)
    size = min(size, len(content))
    lows = [snap(content, start - size) for start in hits.starts.tolist()]
    highs = [snap(content, stop + size) for stop in hits.stops.tolist()]
    return int_array(lows), int_array(highs)


def _units_around(hits: _HitsInBlob, by: str | Matcher, context: StepContext) -> tuple[IntArray, IntArray]:
    """The units in which hits begin and end. The whole blob is cut into units first, and charged for."""
    size = len(context.blobs.read(hits.blob))
    context.charge("search_work", size, f"around(by=...) over {size:,} bytes")
    # From its beginning, as where a paragraph or record starts depends on what is before it.
    whole_blob = Text(hits.blob, 0, size)
    units = cut_units(whole_blob, by, context).spans()
    line_index = context.blobs.lines(hits.blob)
    return enclosing_units(units, hits.starts, hits.stops, line_index)


def _offsets(offsets: IntArray) -> Column:
    """Offsets as a column; null where a row stands for no text."""
    if not (offsets < 0).any():
        return Ints(offsets)
    return Cells([None if offset < 0 else offset for offset in offsets.tolist()])
