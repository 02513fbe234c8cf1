"""Looking: preview, load, show and describe put a part of a value into the observation.

Everything else that a controller does stays out of its prompt: a step that finds a million hits shows a line about
them. These actions are the exception, and so they are priced in bytes of the observation. They return what they show,
so what they return is what the observation writer writes:

    preview(log, head=200)     the first 200 bytes         preview(hits, tail=5)     the last five rows
    preview(log, head=200, tail=200)     both, as a list of two
    describe(log)              {"kind": "text", "bytes": 1800, "lines": 100, "first": the first line}

Offsets in a text count bytes, and a cut moves to the start of a code point.
"""

from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import Rows, Value, kind_of, rows_of, size_of, text_of

HEAD_BYTES = 1_000
"""What preview shows of a text, if it is not told."""

HEAD_ROWS = 10
"""What preview shows of rows, if it is not told."""


def preview(context: StepContext, target: Value, head: int | None, tail: int | None, at: int) -> Value:
    """The beginning (and end) of a value: bytes of a text, rows of rows."""
    if isinstance(target, str | Text):
        return _cut_ends(target, head, tail, at, HEAD_BYTES, context)
    rows = rows_of(target)
    if rows is None:
        return target
    return _cut_ends(rows, head, tail, at, HEAD_ROWS, context)


def _cut_ends(
    value: str | Text | Rows, head: int | None, tail: int | None, at: int, default: int, context: StepContext
) -> Value:
    """The range that `head`, `tail` and `at` ask for; a list of two where both a head and a tail are wanted."""
    count = len(value.encode()) if isinstance(value, str) else len(value)
    if at > count:
        raise Fault("bound", f"at={at:,} is past the end ({count:,})")
    default_head = 0 if tail is not None else default
    head_size = default_head if head is None else head
    stop = min(count, at + head_size)
    front = access.slice_value(value, at, stop, (False, False), context)
    if tail is None:
        return front
    tail_start = max(stop, count - tail)  # bytes that the head shows are not shown twice
    back = access.slice_value(value, tail_start, count, (False, False), context)
    return [front, back] if head_size else back


def load(context: StepContext, target: Value) -> Value:
    """A whole value into the observation."""
    return target


def show(context: StepContext, *values: Value) -> Value:
    """Several values into the observation."""
    return values[0] if len(values) == 1 else list(values)


def describe(context: StepContext, target: Value) -> Value:
    """What a value is: a record of kind, size, lines, columns, and the first of it."""
    text = text_of(target, context.blobs)
    if text is not None:
        index = context.blobs.lines(text.blob)
        # The lines that the text has a part in, also where it begins or ends inside one.
        lines = index.line_at(text.stop - 1) - index.line_at(text.start) + 1 if len(text) else 0
        return {"kind": "text", "bytes": len(text), "lines": lines, "first": _first_line(text, context)}
    rows = rows_of(target)
    if rows is None:
        return {"kind": kind_of(target), "bytes": size_of(target), "value": target}
    sample = rows.row(0, context.blobs) if len(rows) else None
    return {"kind": rows.kind, "rows": len(rows), "columns": list(rows.columns), "first": sample}


def _first_line(text: Text, context: StepContext) -> Value:
    """The beginning of a text: its first line, of a long one 200 bytes."""
    _, stop = context.blobs.lines(text.blob).bounds_at(text.start)
    return access.slice_value(text, 0, min(len(text), stop - text.start, 200), (False, False), context)
