"""Looking: preview, load, show and describe put a part of a value into the observation.

Everything else that a controller does stays out of its prompt: a step that finds a million hits shows a line about
them. These actions are the exception, and so they are priced in bytes of the observation. They return what they show,
so what they return is what the observation writer writes:

    preview(log, head=200)     the first 200 bytes         preview(hits, tail=5)     the last five rows
    preview(log, head=200, tail=200)     both, as a list of two
    describe(log)              {"kind": "text", "bytes": 1800, "lines": 100, "first": the first line}
    describe("search")         how the action is called, what it gives, what its parameters mean

Offsets in a text count bytes, and a cut moves to the start of a code point.
"""

from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.records.evolution import CHUNKS_END_AT_LINES
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import Rows, Value, kind_of, rows_of, size_of

HEAD_BYTES = 1_000
"""What preview shows of a text, if it is not told."""

HEAD_ROWS = 10
"""What preview shows of rows, if it is not told."""

# What describe shows of a first line: enough to tell a log from a mail, even if the file is one line of JSON.
_FIRST_BYTES = 200


def preview(context: StepContext, target: Value, head: int | None, tail: int | None, at: int) -> Value:
    """The beginning (and end) of a value: bytes of a text, rows of rows."""
    if isinstance(target, str | Text):
        return _cut_ends(target, head, tail, at, HEAD_BYTES, context)
    rows = rows_of(target)
    # A number, null or a record has no beginning: it is shown whole.
    if rows is None:
        return target
    return _cut_ends(rows, head, tail, at, HEAD_ROWS, context)


def _cut_ends(
    value: str | Text | Rows, head: int | None, tail: int | None, at: int, default: int, context: StepContext
) -> Value:
    """The range that `head`, `tail` and `at` ask for; a list of two where both a head and a tail are wanted."""
    # A `Text` and rows have their length in bytes or rows already; a `str` counts code points.
    count = len(value.encode()) if isinstance(value, str) else len(value)
    if at > count:
        raise Fault("bound", f"at={at:,} is past the end ({count:,})")
    # `tail=5` alone asks for the end only.
    default_head = 0 if tail is not None else default
    head_size = default_head if head is None else head
    stop = min(count, at + head_size)
    front = access.slice_value(value, at, stop, (False, False), context)
    if tail is None:
        return front
    # What the head shows is not shown twice.
    tail_start = max(stop, count - tail)
    back = access.slice_value(value, tail_start, count, (False, False), context)
    return [front, back] if head_size else back


def load(context: StepContext, target: Value) -> Value:
    """A whole value into the observation."""
    return target


def show(context: StepContext, *values: Value) -> Value:
    """Several values into the observation."""
    return values[0] if len(values) == 1 else list(values)


def describe(context: StepContext, target: Value) -> Value:
    """What a value is: a record of kind, size, lines, columns, and the first of it. Of an action's name: its entry."""
    if isinstance(target, str) and target in context.table and context.follows(CHUNKS_END_AT_LINES):
        return explain_action(context.table[target])
    text = context.text_of(target)
    if text is not None:
        first_line = _first_line(text, context)
        return {"kind": "text", "bytes": len(text), "lines": _count_lines(text, context), "first": first_line}
    rows = rows_of(target)
    if rows is None:
        return {"kind": kind_of(target), "bytes": size_of(target), "value": target}
    first_row = rows.row(0, context.blobs) if len(rows) else None
    return {"kind": rows.kind, "rows": len(rows), "columns": list(rows.columns), "first": first_row}


def explain_action(action: Action) -> str:
    """All that the table says of an action: how it is called, what it gives, its parameters, an example."""
    lines = [f"{action.signature()} -> {action.result}", action.help]
    lines += [f"  {param.name}: {param.help}{_words(param)}" for param in action.params]
    if action.extra:
        lines.append(f"  name=value: {action.extra}")
    if action.example:
        lines.append(f"e.g. {action.example}")
    return "\n".join(lines)


def _words(param: Param) -> str:
    return f"; one of {', '.join(param.words)}" if param.words else ""


def _count_lines(text: Text, context: StepContext) -> int:
    """The lines that a text has a part in, also where it begins or ends inside one."""
    if not len(text):
        return 0
    index = context.blobs.lines(text.blob)
    first = index.line_at(text.start)
    last = index.line_at(text.stop - 1)
    return last - first + 1


def _first_line(text: Text, context: StepContext) -> Value:
    """The beginning of a text: its first line, of a long one 200 bytes."""
    _, stop = context.blobs.lines(text.blob).bounds_at(text.start)
    # Of a part, the line may go on beyond its end.
    shown = min(len(text), stop - text.start, _FIRST_BYTES)
    return access.slice_value(text, 0, shown, (False, False), context)
