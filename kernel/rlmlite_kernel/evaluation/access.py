"""Reaching into values: fields, indexes, slices, and the views `lines` and `chars` of a text.

    x = "né\\nb"
    x[1:3], x.chars[1:2]       both "é": by bytes, and by code points
    x.lines[2]                 "b": lines count from 1, as `line` in hits and every editor does
    x[0:99]                    the whole, with a warning; a missing field or a row outside is null, with a warning

Positions are UTF-8 bytes, half-open, and move down to a code point. Only a literal negative bound counts from the end:
one that was computed and came out negative is most likely a slip, so it is clamped, with a warning.

Nothing here raises for what is merely absent: the program goes on, and its observation says what was missing.
"""

from typing import TypeAlias

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import snap
from rlmlite_kernel.engines.bytes.positions import CodePoints
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.values.columns import Cells, Column, Ints, Spans, Text
from rlmlite_kernel.values.fences import list_names
from rlmlite_kernel.values.values import LIST, Rows, Value, kind_of, text_of

Bound: TypeAlias = int | None

SYNONYMS = {"value": ("text",), "path": ("doc",), "chunk": ("text", "value")}
"""Other names of a field, tried when rows have no column of the first."""


def column_name(rows: Rows, name: str) -> str | None:
    """The column that a field name means, if there is one."""
    if name in rows.columns:
        return name
    return next((other for other in SYNONYMS.get(name, ()) if other in rows.columns), None)


def column_cells(rows: Rows, name: str, context: StepContext) -> list[Value]:
    """One field of every row, null where it is missing."""
    column = column_name(rows, name)
    if column is not None:
        return list(rows.columns[column].cells(context.blobs))
    if "value" not in rows.columns:
        return [None] * len(rows)
    return [record_field(cell, name) for cell in rows.columns["value"].cells(context.blobs)]


def record_field(value: Value, name: str) -> Value:
    """A field of a record; null for anything else."""
    return value.get(name) if isinstance(value, dict) else None


def read_attribute(value: Value, name: str, context: StepContext) -> Value:
    """`value.name`."""
    if isinstance(value, dict):
        if name not in value:
            context.warn(f"the record has no field `{name}`; its fields are:", ", ".join(value))
        return value.get(name)
    if isinstance(value, list):
        return _of_list(value, name, context)
    if isinstance(value, Rows):
        return _of_rows(value, name, context)
    if isinstance(value, str | Text) and name == "lines":
        text = text_of(value, context.blobs)
        # It never is None for a str or a Text.
        assert text is not None
        return all_lines(text, context)
    if value is None:
        return None
    raise Fault("type", f"{kind_of(value)} has no field `{name}`")


def _of_list(items: list[Value], name: str, context: StepContext) -> Value:
    if items and not any(isinstance(index_value, dict) and name in index_value for index_value in items):
        context.warn(f"no item of the list has the field `{name}`")
    return [record_field(index_value, name) for index_value in items]


def _of_rows(rows: Rows, name: str, context: StepContext) -> Value:
    if name in rows.aside:
        return rows.aside[name]
    column = column_name(rows, name)
    if column is not None:
        return Rows(LIST, {"value": rows.columns[column]}, len(rows), rows.spans)
    if "value" in rows.columns:
        return Rows(LIST, {"value": Cells(column_cells(rows, name, context))}, len(rows), rows.spans)
    raise Fault("unknown_name", f"these rows have no column `{name}`; their columns are {list_names(rows.columns)}")


def index_value(value: Value, at: Value, literal: bool, context: StepContext) -> Value:
    """`value[at]`; null with a warning for a place outside. Raises `Fault("type")` for a text, and for a bad index."""
    if isinstance(value, dict):
        return value.get(at) if isinstance(at, str) else None
    if isinstance(value, Rows) and value.kind == "documents" and isinstance(at, str):
        return _document(value, at, context)
    if isinstance(value, str | Text):
        raise Fault("type", "a text can be sliced but not indexed: x[a:b] by bytes, x.lines[n], x.chars[a:b]")
    if not isinstance(value, list | Rows):
        return None
    if not isinstance(at, int) or isinstance(at, bool):
        raise Fault("type", f"an index must be a whole number, not {kind_of(at)}")
    count = len(value)
    index = at + count if at < 0 and literal else at
    if not 0 <= index < count:
        context.warn(f"index {at} is outside the {count:,} rows: the result is null")
        return None
    return value[index] if isinstance(value, list) else value.row(index, context.blobs)


def _document(documents: Rows, path: str, context: StepContext) -> Value:
    paths = documents.columns["path"].cells(context.blobs)
    if path in paths:
        return documents.columns["text"].at(list(paths).index(path), context.blobs)
    near = did_you_mean(path, [str(other) for other in paths])
    context.warn("no document has this path; preview(docs) lists the paths", f"{path}\n{near}".strip())
    return None


def bounds(count: int, lo: Bound, hi: Bound, literal: tuple[bool, bool], context: StepContext) -> tuple[int, int]:
    """A slice's bounds within 0..count, with a warning for one that had to be moved."""
    first, last = _one_bound(lo, 0, count, literal[0], context), _one_bound(hi, count, count, literal[1], context)
    if first > last:
        context.warn(f"the slice starts at {first:,}, after its end at {last:,}: it is empty")
    return first, max(first, last)


def _one_bound(bound: Bound, default: int, count: int, literal: bool, context: StepContext) -> int:
    if bound is None:
        return default
    place = bound + count if bound < 0 and literal else bound
    inside = min(max(place, 0), count)
    if inside != place:
        context.warn(f"the bound {bound:,} is outside 0..{count:,}; {inside:,} was used instead")
    return inside


def slice_value(value: Value, lo: Bound, hi: Bound, literal: tuple[bool, bool], context: StepContext) -> Value:
    """`value[lo:hi]`: bytes of a text, rows of rows, items of a list."""
    if isinstance(value, Text):
        content = context.blobs.read(value.blob)
        first, last = bounds(len(value), lo, hi, literal, context)
        return Text(value.blob, _snap(content, value, first), _snap(content, value, last))
    if isinstance(value, str):
        raw = value.encode()
        first, last = bounds(len(raw), lo, hi, literal, context)
        return raw[snap(raw, first) : snap(raw, last)].decode()
    if isinstance(value, list):
        first, last = bounds(len(value), lo, hi, literal, context)
        return value[first:last]
    if isinstance(value, Rows):
        return value.slice(*bounds(len(value), lo, hi, literal, context))
    if value is None:
        return None
    raise Fault("type", f"{kind_of(value)} cannot be sliced")


def _snap(content: bytes | memoryview, text: Text, offset: int) -> int:
    return max(text.start, snap(content, text.start + offset))


def all_lines(text: Text, context: StepContext) -> Rows:
    """Every line of a text as rows {line, start, end, text}."""
    first, last = _line_range(text, context)
    return line_rows(text, first, last, context)


def _line_range(text: Text, context: StepContext) -> tuple[int, int]:
    """The numbers, in the whole content, of a text's first line and of the line after its last."""
    index = context.blobs.lines(text.blob)
    first = index.line_at(text.start)
    is_empty = text.stop == text.start
    return first, first if is_empty else index.line_at(text.stop - 1) + 1


def line_rows(text: Text, first: int, last: int, context: StepContext) -> Rows:
    """Lines first..last-1 of the content, cut to the text, as rows. `line` counts from the start of the content."""
    context.ensure_room(max(0, last - first) * 24)
    starts, stops = context.blobs.lines(text.blob).spans(first, max(first, last))
    starts, stops = np.maximum(starts, text.start), np.minimum(stops, text.stop)
    spans = Spans((text.blob,), starts, np.maximum(starts, stops))
    numbers = np.arange(len(starts), dtype=np.int64) + first
    columns: dict[str, Column] = {"line": Ints(numbers), "start": Ints(starts), "end": Ints(stops), "text": spans}
    return Rows("lines", columns, len(starts), spans)


def lines_slice(text: Text, lo: Bound, hi: Bound, literal: tuple[bool, bool], context: StepContext) -> Rows:
    """`text.lines[lo:hi]`: 1-based line numbers of the text, hi excluded."""
    first, last = _line_range(text, context)
    count = last - first
    low = _line_bound(lo, 1, count, literal[0], context)
    high = _line_bound(hi, count + 1, count, literal[1], context)
    return line_rows(text, first + low - 1, first + max(low, high) - 1, context)


def _line_bound(bound: Bound, default: int, count: int, literal: bool, context: StepContext) -> int:
    if bound is None:
        return default
    if bound == 0 and literal:
        raise Fault("bound", "lines count from 1, as `line` shows them: x.lines[1:n]")
    place = bound + count + 1 if bound < 0 and literal else bound
    inside = min(max(place, 1), count + 1)
    if inside != place:
        context.warn(f"line {bound:,} is outside 1..{count + 1:,}; {inside:,} was used instead")
    return inside


def line_at(text: Text, at: Value, literal: bool, context: StepContext) -> Value:
    """`text.lines[n]`: one line as a text, by its 1-based number."""
    if not isinstance(at, int) or isinstance(at, bool):
        raise Fault("type", f"a line number must be a whole number, not {kind_of(at)}")
    if at == 0:
        raise Fault("bound", "lines count from 1, as `line` shows them")
    first, last = _line_range(text, context)
    number = at + last - first + 1 if at < 0 and literal else at
    if not 1 <= number <= last - first:
        context.warn(f"line {at} is outside the {last - first:,} lines: the result is null")
        return None
    return line_rows(text, first + number - 1, first + number, context).columns["text"].at(0, context.blobs)


def warn_of_part(value: Value, context: StepContext) -> None:
    """Warn that a computed position is used on a part of a text: most likely it is a position of the whole."""
    if isinstance(value, Text) and value.start > 0:
        context.warn(
            "`start`, `end` and `line` of rows count from the start of the whole input, but subscripts here count "
            "from the start of this part: apply such positions to the input itself"
        )


def chars_slice(text: Text, lo: Bound, hi: Bound, literal: tuple[bool, bool], context: StepContext) -> Text:
    """`text.chars[lo:hi]`: by code points."""
    content = memoryview(context.blobs.read(text.blob))[text.start : text.stop]
    points = CodePoints(content)
    first, last = bounds(points.count, lo, hi, literal, context)
    return Text(text.blob, text.start + points.byte_of(first), text.start + points.byte_of(last))
