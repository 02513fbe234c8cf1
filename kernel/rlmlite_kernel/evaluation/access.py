"""Reaching into values: fields, indexes, slices, and the views `lines` and `chars` of a text.

    x = "né\\nb"
    x[1:3], x.chars[1:2]       both "é": by bytes, and by code points
    x.lines[2]                 "b": lines count from 1, as `line` in hits and every editor does
    x[0:99]                    the whole; from a computed n below 0 too, with a warning
    x.field, rows[99]          null with a warning, if there is no such field or row

Positions are UTF-8 bytes, half-open, and move down to a code point. Only a literal negative bound counts from the end:
one that was computed and came out negative is most likely a slip, so it is clamped, with a warning.

Nothing here raises for what is merely absent: the program goes on, and its observation says what was missing.
"""

from typing import TypeAlias

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import snap
from rlmlite_kernel.engines.bytes.positions import CodePoints
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.misses import example_of
from rlmlite_kernel.evaluation.resolve import column_values
from rlmlite_kernel.evaluation.work import READ, ROW
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.evolution import CHUNKS_END_AT_LINES, HABITS_OF_ROWS, ROWS_BY_RECIPE
from rlmlite_kernel.values.columns import Cells, Column, Ints, Spans, Text
from rlmlite_kernel.values.fences import list_names
from rlmlite_kernel.values.lines import kind
from rlmlite_kernel.values.lines.kind import are_lines
from rlmlite_kernel.values.values import DOCUMENTS, LIST, Rows, Value, kind_of

Bound: TypeAlias = int | None

SYNONYMS = {"value": ("text",), "path": ("doc",), "chunk": ("text", "value")}
"""Other names of a field, tried when rows have no column of the first."""


def column_name(rows: Rows, name: str) -> str | None:
    """The column that a field name means, if there is one."""
    if name in rows.columns:
        return name
    for synonym in SYNONYMS.get(name, ()):
        if synonym in rows.columns:
            return synonym
    return None


def column_cells(rows: Rows, name: str, context: StepContext) -> list[Value]:
    """One field of every row, null where it is missing."""
    column = column_name(rows, name)
    if column is not None:
        return list(column_values(rows.columns[column], context))
    if "value" not in rows.columns:
        return [None] * len(rows)
    # A plain list of records, such as the answers of a model, has its fields inside the cells.
    cells = column_values(rows.columns["value"], context)
    return [record_field(cell, name) for cell in cells]


def record_field(value: Value, name: str) -> Value:
    """A field of a record; null for anything else."""
    return value.get(name) if isinstance(value, dict) else None


def read_attribute(value: Value, name: str, context: StepContext) -> Value:
    """`value.name`."""
    if isinstance(value, dict):
        if name not in value:
            # The names come from data, so they are quoted and not part of the sentence.
            context.warn(f"the record has no field `{name}`; its fields are:", ", ".join(value), code="no_field")
        return value.get(name)
    if isinstance(value, list):
        return _of_list(value, name, context)
    if isinstance(value, Rows):
        return _of_rows(value, name, context)
    # `chars` is not here: without a slice it would be a list of every character.
    if isinstance(value, str | Text) and name == "lines":
        text = context.text_of(value)
        # It never is None for a str or a Text.
        assert text is not None
        return all_lines(text, context)
    # Null in, null out: `hits[0].text` over no hits has had its warning at the index already.
    if value is None:
        return None
    raise Fault("type", f"{kind_of(value)} has no field `{name}`")


def _of_list(items: list[Value], name: str, context: StepContext) -> Value:
    has_name = any(isinstance(item, dict) and name in item for item in items)
    # One item that has it is enough: answers of models differ in their fields.
    if items and not has_name:
        context.warn(f"no item of the list has the field `{name}`", code="no_field")
    return [record_field(item, name) for item in items]


def _of_rows(rows: Rows, name: str, context: StepContext) -> Value:
    if name in rows.aside:
        return rows.aside[name]
    # The field of all rows is a list that keeps the rows' spans, and with them its evidence.
    column = column_name(rows, name)
    if column is not None and are_lines(rows):
        return rows.with_fields(LIST, {"value": rows.fields[column]})
    if column is not None:
        return Rows(LIST, {"value": rows.columns[column]}, len(rows), rows.spans)
    if "value" in rows.columns:
        fields = Cells(column_cells(rows, name, context))
        return Rows(LIST, {"value": fields}, len(rows), rows.spans)
    # A fault and not null, unlike a record's missing field: all rows have the same columns, so it is a slip.
    raise Fault("unknown_name", f"these rows have no column `{name}`; their columns are {list_names(rows.columns)}")


def index_value(value: Value, at: Value, literal: bool, context: StepContext) -> Value:
    """`value[at]`; null with a warning for a place outside. Raises `Fault("type")` for a text, and for a bad index."""
    if isinstance(value, dict):
        return _entry(value, at, context)
    # Only a folder is indexed by text, `docs["src/main.py"]`: its paths are keys, as no column of other rows is.
    if isinstance(value, Rows) and value.kind == DOCUMENTS and isinstance(at, str):
        return _document(value, at, context)
    # Refused, since bytes, code points and lines would all be a fair reading, and each gives another result.
    if isinstance(value, str | Text):
        raise Fault("type", "a text can be sliced but not indexed: x[a:b] by bytes, x.lines[n], x.chars[a:b]")
    if not isinstance(value, list | Rows):
        if value is not None and context.says_nulls:
            context.miss(
                "no_items", *_both("only lists, rows and records have items"), example_of(value, context.blobs)
            )
        return None
    if isinstance(value, Rows) and isinstance(at, str) and context.follows(HABITS_OF_ROWS):
        return _of_rows(value, at, context)
    if not isinstance(at, int) or isinstance(at, bool):
        raise Fault("type", f"an index must be a whole number, not {kind_of(at)}")
    count = len(value)
    index = at + count if at < 0 and literal else at
    if not 0 <= index < count:
        one = f"index {at} is outside the {count:,} rows: the result is null"
        context.miss("outside", one, "lists have no item at this index", was_said=True)
        return None
    return value[index] if isinstance(value, list) else value.row(index, context.blobs)


def _entry(record: dict[str, Value], at: Value, context: StepContext) -> Value:
    """A field of a record by name; null with a miss for one that is not there."""
    if isinstance(at, str) and at in record:
        return record[at]
    if at is not None and context.says_nulls:
        context.miss("no_field", *_both("the record has no such field; its fields are:"), ", ".join(record))
    return None


def _both(words: str) -> tuple[str, str]:
    """What is said of one value, and of some of many."""
    return f"{words}: the result is null", f"have no result: {words}"


def miss_bound(lo: Value, hi: Value, context: StepContext) -> None:
    """Say that a bound of a slice is no whole number."""
    bound = lo if not isinstance(lo, int | None) else hi
    if context.says_nulls:
        context.miss("kinds_unfit", *_both("a slice bound must be a whole number"), example_of(bound, context.blobs))


def _document(documents: Rows, path: str, context: StepContext) -> Value:
    paths = column_values(documents.columns["path"], context)
    if path in paths:
        row = list(paths).index(path)
        return documents.columns["text"].at(row, context.blobs)
    near = did_you_mean(path, [str(other) for other in paths])
    # Paths are data, so both are quoted: a file name could read as an instruction.
    quoted = f"{path}\n{near}".strip()
    context.warn("no document has this path; preview(docs) lists the paths", quoted, code="no_path")
    return None


def bounds(count: int, lo: Bound, hi: Bound, literal: tuple[bool, bool], context: StepContext) -> tuple[int, int]:
    """A slice's bounds within 0..count, with a warning for one that had to be moved."""
    first = _one_bound(lo, 0, count, literal[0], context)
    last = _one_bound(hi, count, count, literal[1], context)
    if first > last:
        one = f"the slice starts at {first:,}, after its end at {last:,}: it is empty"
        context.miss("slice_empty", one, "slices start after their end, and are empty", was_said=True)
    return first, max(first, last)


def _one_bound(bound: Bound, default: int, count: int, literal: bool, context: StepContext) -> int:
    if bound is None:
        return default
    from_end = literal and bound < 0
    place = bound + count if from_end else bound
    inside = min(max(place, 0), count)
    # Python moves a bound in silence. Here a position that is off is most likely a slip, so the observation says so.
    # What lies beyond the end was never there, so nothing is lost by it.
    is_beyond = place > count and context.follows(CHUNKS_END_AT_LINES)
    if inside != place and not is_beyond:
        one = f"the bound {bound:,} is outside 0..{count:,}; {inside:,} was used instead"
        context.miss("outside", one, "slices reach outside; what lies inside was used", was_said=True)
    return inside


def slice_value(value: Value, lo: Bound, hi: Bound, literal: tuple[bool, bool], context: StepContext) -> Value:
    """`value[lo:hi]`: bytes of a text, rows of rows, items of a list."""
    if isinstance(value, Text):
        content = context.blobs.read(value.blob)
        first, last = bounds(len(value), lo, hi, literal, context)
        return Text(value.blob, _snap(content, value, first), _snap(content, value, last))
    if isinstance(value, str):
        context.work(READ * len(value), f"cutting a text of {len(value):,} characters")
        # By bytes too, so that a program means the same whether a text is a string or a reference.
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
    # Never before the text itself: `snap` looks at the whole content, of which the text may be a part.
    return max(text.start, snap(content, text.start + offset))


def all_lines(text: Text, context: StepContext) -> Rows:
    """Every line of a text as rows {line, start, end, text}."""
    if len(text) >= kind.LARGE and context.follows(ROWS_BY_RECIPE):
        # Here, because few texts are so large.
        from rlmlite_kernel.values.lines.whole_text import lines_of_text

        context.work(READ * len(text) // _COUNTED_PER_UNIT, f"counting the lines of {len(text):,} bytes")
        return lines_of_text(text, context.blobs)
    first, last = _line_range(text, context)
    return line_rows(text, first, last, context)


_COUNTED_PER_UNIT = 8
"""Bytes that are looked through for newlines while one is read."""


def _line_range(text: Text, context: StepContext) -> tuple[int, int]:
    """The numbers, in the whole content, of a text's first line and of the line after its last."""
    index = context.blobs.lines(text.blob)
    first = index.line_at(text.start)
    if text.stop == text.start:
        return first, first
    # `stop - 1`, the last byte: at `stop` the next line would begin where a text ends with a newline.
    last = index.line_at(text.stop - 1)
    return first, last + 1


def line_rows(text: Text, first: int, last: int, context: StepContext) -> Rows:
    """Lines first..last-1 of the content, cut to the text, as rows. `line` counts from the start of the content."""
    # A number, a start and a stop of 8 bytes for each line.
    context.ensure_room(max(0, last - first) * 24)
    context.work(ROW * max(0, last - first), f"listing {last - first:,} lines")
    starts, stops = context.blobs.lines(text.blob).spans(first, max(first, last))
    # The first and the last line of a part may reach beyond it.
    starts = np.maximum(starts, text.start)
    stops = np.minimum(stops, text.stop)
    spans = Spans((text.blob,), starts, np.maximum(starts, stops))
    numbers = np.arange(len(starts), dtype=np.int64) + first
    columns: dict[str, Column] = {
        "line": Ints(numbers),
        "start": Ints(starts),
        "end": Ints(stops),
        "text": spans,
    }
    return Rows("lines", columns, len(starts), spans)


def lines_slice(text: Text, lo: Bound, hi: Bound, literal: tuple[bool, bool], context: StepContext) -> Rows:
    """`text.lines[lo:hi]`: 1-based line numbers of the text, hi excluded."""
    first, last = _line_range(text, context)
    count = last - first
    low = _line_bound(lo, 1, count, literal[0], context)
    high = _line_bound(hi, count + 1, count, literal[1], context)
    # `first` is the number of line 1 in the whole content. Bounds that cross give no lines.
    start = first + low - 1
    stop = first + max(low, high) - 1
    return line_rows(text, start, stop, context)


def _line_bound(bound: Bound, default: int, count: int, literal: bool, context: StepContext) -> int:
    if bound is None:
        return default
    # A literal 0 is somebody who counts from 0, and would be off by one all along. A computed 0 is moved, as below.
    if bound == 0 and literal:
        raise Fault("bound", "lines count from 1, as `line` shows them: x.lines[1:n]")
    # -1 is the last line, as in a list, so the numbers from the end start at `count + 1`.
    from_end = literal and bound < 0
    place = bound + count + 1 if from_end else bound
    # The end of a slice is excluded, so it may lie one beyond the last line.
    highest = count + 1
    inside = min(max(place, 1), highest)
    is_beyond = place > highest and context.follows(CHUNKS_END_AT_LINES)
    if inside != place and not is_beyond:
        one = f"line {bound:,} is outside 1..{highest:,}; {inside:,} was used instead"
        context.miss("outside", one, "slices reach outside; what lies inside was used", was_said=True)
    return inside


def line_at(text: Text, at: Value, literal: bool, context: StepContext) -> Value:
    """`text.lines[n]`: one line as a text, by its 1-based number."""
    if not isinstance(at, int) or isinstance(at, bool):
        raise Fault("type", f"a line number must be a whole number, not {kind_of(at)}")
    if at == 0:
        raise Fault("bound", "lines count from 1, as `line` shows them")
    first, last = _line_range(text, context)
    count = last - first
    number = at + count + 1 if at < 0 and literal else at
    if not 1 <= number <= count:
        one = f"line {at} is outside the {count:,} lines: the result is null"
        context.miss("outside", one, "texts have no line of this number", was_said=True)
        return None
    # From here on counted in the whole content, from 0.
    line = first + number - 1
    rows = line_rows(text, line, line + 1, context)
    return rows.columns["text"].at(0, context.blobs)


def warn_of_part(value: Value, context: StepContext) -> None:
    """Warn that a computed position is used on a part of a text: most likely it is a position of the whole."""
    if isinstance(value, Text) and value.start > 0:
        context.warn(
            "`start`, `end` and `line` of rows count from the start of the whole input, but subscripts here count "
            "from the start of this part: apply such positions to the input itself",
            code="part_position",
        )


def chars_slice(text: Text, lo: Bound, hi: Bound, literal: tuple[bool, bool], context: StepContext) -> Text:
    """`text.chars[lo:hi]`: by code points."""
    # A view, so that a slice of a large file does not copy it.
    content = memoryview(context.blobs.read(text.blob))[text.start : text.stop]
    context.work(READ * len(content), f"counting the characters of {len(content):,} bytes")
    points = CodePoints(content)
    first, last = bounds(points.count, lo, hi, literal, context)
    start = text.start + points.byte_of(first)
    stop = text.start + points.byte_of(last)
    return Text(text.blob, start, stop)
