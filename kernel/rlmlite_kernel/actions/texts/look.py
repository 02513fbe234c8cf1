"""Looking: what goes whole into the observation. The value of such a step is what was shown."""

from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import Rows, Value, kind_of, rows_of, size_of, text_of

HEAD_BYTES = 1_000
HEAD_ROWS = 10


def preview(context: StepContext, target: Value, head: int | None, tail: int | None, at: int) -> Value:
    """The beginning (and end) of a value: bytes of a text, rows of rows."""
    if isinstance(target, str | Text):
        return _ends(target, head, tail, at, HEAD_BYTES, context)
    rows = rows_of(target)
    if rows is None:
        return target
    return _ends(rows, head, tail, at, HEAD_ROWS, context)


def _ends(
    value: str | Text | Rows, head: int | None, tail: int | None, at: int, default: int, context: StepContext
) -> Value:
    count = len(value.encode()) if isinstance(value, str) else len(value)
    if at > count:
        raise Fault("bound", f"at={at:,} is beyond the end ({count:,})")
    wanted = head if head is not None else (0 if tail is not None else default)
    stop = min(count, at + wanted)
    front = access.sliced(value, at, stop, (False, False), context)
    if tail is None:
        return front
    back = access.sliced(value, max(stop, count - tail), count, (False, False), context)
    return [front, back] if wanted else back


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
        lines = index.line_at(text.stop - 1) - index.line_at(text.start) + 1 if len(text) else 0
        return {"kind": "text", "bytes": len(text), "lines": lines, "first": _first(text, context)}
    rows = rows_of(target)
    if rows is None:
        return {"kind": kind_of(target), "bytes": size_of(target), "value": target}
    sample = rows.row(0, context.blobs) if len(rows) else None
    return {"kind": rows.kind, "rows": len(rows), "columns": list(rows.columns), "first": sample}


def _first(text: Text, context: StepContext) -> Value:
    _, stop = context.blobs.lines(text.blob).bounds_at(text.start)
    return access.sliced(text, 0, min(len(text), stop - text.start, 200), (False, False), context)
