"""From columns and references to plain Python values, charged before they are built.

    resolve(Text of 12 MB)          the string; other rows that refer to the same text get the same string
    resolve([Text, Text])           a list of strings, refused first if they would not fit
    column_values(hits.text)        a list of references, one object each: 136 bytes where the column had 16

Nothing else in this room or in actions turns a column into objects, or a text into a string. `values.operators` says
what plain values mean; it is handed them and reads nothing.
"""

from collections.abc import Iterable, Sequence

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.work import NODE
from rlmlite_kernel.values.columns import Column, Text
from rlmlite_kernel.values.memory import LONG, Holding, cells_memory, column_memory
from rlmlite_kernel.values.values import Rows, Value

_BLOCK = 1_024
"""Values that are charged together."""

_PART = 16
"""Bytes that the parts of a value are charged for, at the least."""

_STRING = 57
"""Bytes of memory of a string in a list, besides its characters."""


def resolve(value: Value, context: StepContext) -> Value:
    """A value as it is compared and sorted: texts by reference become strings, rows become lists."""
    # `type(..) is` and not `isinstance`: this runs for every cell, and true is not a number.
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if isinstance(value, Text):
        # Most texts are short, and one call fewer is a tenth of what a row costs.
        is_short = value.stop - value.start <= LONG
        return value.string(context.blobs) if is_short else context.string(value)
    if isinstance(value, list | dict | Rows):
        size = context.resolved_size(value)
        context.ensure_fits(size)
        # Its texts are charged when they are read. Only of a large value it is worth asking how much of it they are.
        parts = context.size_of(value) if size > LONG else size
        context.work(NODE * parts // _PART, "comparing lists and records")
        return _resolve_parts(value, context)
    return value


def _resolve_parts(value: Value, context: StepContext) -> Value:
    if isinstance(value, Text):
        return context.string(value)
    if isinstance(value, list):
        return [_resolve_parts(item, context) for item in value]
    if isinstance(value, Rows):
        return [_resolve_parts(item, context) for item in value.values(context.blobs)]
    if isinstance(value, dict):
        return {key: _resolve_parts(item, context) for key, item in value.items()}
    return value


def row_values(rows: Rows, context: StepContext) -> Sequence[Value]:
    """Every row as a record, or the bare values of a list; texts stay references."""
    context.hold(cells_memory(rows))
    return rows.values(context.blobs)


def column_values(column: Column, context: StepContext) -> Sequence[Value]:
    """The cells of a column; texts stay references."""
    context.hold(column_memory(column))
    return column.cells(context.blobs)


def gather(values: Iterable[Value], context: StepContext) -> list[Value]:
    """Plain values that a step holds together, charged as they come. Equal long texts become one string."""
    held: list[Value] = []
    holding = Holding()
    start = 0
    for value in values:
        if isinstance(value, str) and len(value) > LONG:
            # At once: a block of these could be far too much.
            shared, size = holding.add(value)
            context.hold_size(size)
            held.append(shared)
            continue
        held.append(value)
        if len(held) - start >= _BLOCK:
            _hold_short(held, start, holding, context)
            start = len(held)
    _hold_short(held, start, holding, context)
    return held


def _hold_short(held: list[Value], start: int, holding: Holding, context: StepContext) -> None:
    """Charge the values from `start` on, whose long texts are charged already."""
    values = held[start:]
    texts = [value for value in values if type(value) is str]
    if len(texts) == len(values) and all(map(str.isascii, texts)):
        # Nearly all keys are short texts: passes in C instead of a call for each.
        context.hold(_STRING * len(texts) + sum(len(text) for text in texts if len(text) <= LONG))
        return
    shared = [holding.add(value) for value in values]
    held[start:] = [value for value, _ in shared]
    context.hold_size(sum(size for _, size in shared))
