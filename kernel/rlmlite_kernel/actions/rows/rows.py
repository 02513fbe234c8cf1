"""Actions on one set of rows: where, map, extend, flatten, distinct, sort, top, sample, range, count, first, last.

A list counts as rows with the field `.value`. Rows keep what they refer to: `where` and `sort` select and order spans,
they do not copy text. `sample` draws with a generator that is written out here, since the same seed must draw the same
rows with every version of every library.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rlmlite_kernel.actions.rows.columns.evaluate import evaluate_column
from rlmlite_kernel.actions.rows.columns.keys import key_rows, key_values, row_order, tell_of_order
from rlmlite_kernel.actions.rows.columns.select import select_rows, take_rows
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import column_values, row_values
from rlmlite_kernel.evaluation.row_expressions import RowCompiler
from rlmlite_kernel.evaluation.taint import NarrowedResult
from rlmlite_kernel.evaluation.work import COLUMN_NODE, NODE, ROW
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import Expr, Field, Obj
from rlmlite_kernel.values.columns import Cells, Column, Ints, Text
from rlmlite_kernel.values.lines.kind import are_lines
from rlmlite_kernel.values.memory import MEMORY_PER_VALUE_BYTE
from rlmlite_kernel.values.values import LIST, Rows, Value, kind_of, list_rows, rows_of
from rlmlite_kernel.values.vectors import LARGEST


def where(context: StepContext, rows: Value, cond: Expr) -> Value:
    """Rows for which the condition holds."""
    table = context.require_rows(rows, "the first argument of where", lines=True)
    if are_lines(table):
        # Here and below, because few texts are so large.
        from rlmlite_kernel.actions.rows.lines.narrow import where_lines

        return where_lines(table, cond, context)
    return take_rows(table, select_rows(table, cond, context), context)


def map_(context: StepContext, rows: Value, expr: Expr) -> Value:
    """One result per row: rows for `{name: expr}`, else a list."""
    table = context.require_rows(rows, "the first argument of map", lines=True)
    if are_lines(table):
        from rlmlite_kernel.actions.rows.lines.narrow import map_lines

        return map_lines(table, expr, context)
    compiler = RowCompiler(table, context)
    if isinstance(expr, Obj):
        columns = {pair.key: evaluate_column(table, pair.value, compiler, context) for pair in expr.pairs}
        return Rows("rows", columns, len(table), table.spans)
    return Rows(LIST, {"value": evaluate_column(table, expr, compiler, context)}, len(table), table.spans)


def extend(context: StepContext, rows: Value, fields: Expr) -> Value:
    """The same rows with more fields."""
    table = context.require_rows(rows, "the first argument of extend", lines=True)
    if not isinstance(fields, Obj):
        raise Fault("type", "extend takes the new fields as {name: expression}")
    if are_lines(table):
        from rlmlite_kernel.actions.rows.lines.narrow import extend_lines

        return extend_lines(table, fields, context)
    compiler = RowCompiler(table, context)
    columns = spread_columns(table, context)
    columns.update({pair.key: evaluate_column(table, pair.value, compiler, context) for pair in fields.pairs})
    return Rows("rows", columns, len(table), table.spans, table.aside)


def spread_columns(rows: Rows, context: StepContext) -> dict[str, Column]:
    """The columns of rows; of a list of records, a column for each of their fields."""
    if rows.kind != LIST:
        return dict(rows.columns)
    cells = column_values(rows.columns["value"], context)
    if not cells or not all(isinstance(cell, dict) for cell in cells):
        return dict(rows.columns)
    names = dict.fromkeys(name for cell in cells if isinstance(cell, dict) for name in cell)
    # Every record may have fields of its own: then there are as many columns as records.
    context.work(NODE * len(names) * len(cells) // 4, f"making {len(names):,} columns of {len(cells):,} records")
    context.hold(8 * len(names) * len(cells))
    return {name: Cells([cell.get(name) if isinstance(cell, dict) else None for cell in cells]) for name in names}


def flatten(context: StepContext, rows: Value) -> Value:
    """The items of lists, in order. Items that are not lists stay as they are; null is dropped."""
    table = context.require_rows(rows, "flatten's argument")
    context.work(NODE * len(table), f"flattening {len(table):,} rows")
    values: list[Value] = []
    origin: list[int] = []
    for row, cell in enumerate(row_values(table, context)):
        inner = rows_of(cell)
        items: Sequence[Value] = [cell]
        if inner is not None:
            context.work(NODE * len(inner), "flattening lists")
            context.ensure_fits(len(inner) * 48 // MEMORY_PER_VALUE_BYTE)
            items = row_values(inner, context)
        kept = [item for item in items if item is not None]
        context.ensure_room(8 * len(kept))
        values.extend(kept)
        origin.extend([row] * len(kept))
    return list_rows(values, None if table.spans is None else table.spans.take(np.array(origin, np.int64)))


def distinct(context: StepContext, rows: Value, by: Expr | None) -> Value:
    """The first row of each key, or the first of equal rows."""
    table = context.require_rows(rows, "distinct's argument", lines=True)
    if are_lines(table):
        from rlmlite_kernel.actions.rows.lines.order import distinct_lines

        return distinct_lines(table, by, context)
    return take_rows(table, key_rows(table, by, context).keys.firsts, context)


def sort(context: StepContext, rows: Value, by: Expr | None, desc: bool) -> Value:
    """In ascending order of a key, or of the values; rows with equal keys keep their order."""
    table = context.require_rows(rows, "sort's argument", lines=True)
    if are_lines(table):
        from rlmlite_kernel.actions.rows.lines.order import sort_lines

        return sort_lines(table, by, desc, context)
    in_order = row_order(table, by, desc, context)
    tell_of_order(table, by, in_order, context)
    return take_rows(table, in_order, context)


def top(context: StepContext, rows: Value, k: int, by: Expr | None, desc: bool) -> Value:
    """The k rows with the largest key; ties by position."""
    table = context.require_rows(rows, "top's argument", lines=True)
    if are_lines(table):
        from rlmlite_kernel.actions.rows.lines.order import top_lines

        return top_lines(table, k, by or _default_key(table), desc, context)
    in_order = row_order(table, by or _default_key(table), desc, context)
    tell_of_order(table, by or _default_key(table), in_order, context)
    return take_rows(table, in_order[:k], context)


def _default_key(rows: Rows) -> Expr | None:
    return Field("n") if "n" in rows.columns else None


def sample(context: StepContext, rows: Value, k: int, seed: int) -> Value:
    """`k` random rows, in their order. The same seed draws the same places among the same number of rows."""
    table = context.require_rows(rows, "sample's argument", lines=True)
    # The lots, their order, and what drawing and sorting them needs.
    context.work(ROW * len(table), f"drawing from {len(table):,} rows")
    context.ensure_fits(48 * len(table) // MEMORY_PER_VALUE_BYTE)
    drawn = np.argsort(_draw_lots(len(table), seed), kind="stable")[:k]
    return take_rows(table, np.sort(drawn).astype(np.int64), context)


def _draw_lots(count: int, seed: int) -> npt.NDArray[np.uint64]:
    """A lot for each row: SplitMix64 of its number, which no version of a library changes."""
    with np.errstate(over="ignore"):
        lots = (np.arange(1, count + 1, dtype=np.uint64) + _mix(np.full(1, seed % 2**64, np.uint64))) * _GAMMA
        return _mix(lots)


_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def _mix(lots: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    lots = (lots ^ (lots >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    lots = (lots ^ (lots >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return lots ^ (lots >> np.uint64(31))


def range_(context: StepContext, start: int, stop: int | None, step: int) -> Value:
    """Whole numbers from `start` to before `stop`; with one argument from 0 to before it."""
    numbers = range(start) if stop is None else range(start, stop, _nonzero(step))
    if numbers and max(abs(numbers[0]), abs(numbers[-1])) > LARGEST:
        raise Fault("too_large", "range is limited to whole numbers of 64 bits")
    count = (numbers[-1] - numbers[0]) // numbers.step + 1 if numbers else 0
    context.ensure_room(8 * count)
    context.work(COLUMN_NODE * count, "range")
    values = np.arange(count, dtype=np.int64) * numbers.step + (numbers[0] if count else 0)
    return Rows(LIST, {"value": Ints(values)}, count)


def _nonzero(step: int) -> int:
    if step == 0:
        raise Fault("bound", "the step of range must not be 0")
    return step


def count(context: StepContext, value: Value) -> Value:
    """How many rows, items, or bytes of text; null counts nothing."""
    if isinstance(value, Rows | list | dict | Text):
        return len(value)
    if isinstance(value, str):
        return len(value.encode())
    if value is None:
        if context.says_nulls:
            context.miss("null_counted", "`count` of null is 0", "values are null, which counts as 0")
        return 0
    raise Fault("type", f"count works on rows, lists, records and text, not {kind_of(value)}")


def first(context: StepContext, rows: Value) -> Value | NarrowedResult:
    """The first row, or null."""
    return _row_at(context.require_rows(rows, "first's argument", lines=True), 0, "first", context)


def last(context: StepContext, rows: Value) -> Value | NarrowedResult:
    """The last row, or null."""
    table = context.require_rows(rows, "last's argument", lines=True)
    return _row_at(table, len(table) - 1, "last", context)


def _row_at(rows: Rows, row: int, name: str, context: StepContext) -> Value | NarrowedResult:
    """One row, which rests on its own span."""
    if not len(rows):
        if context.says_nulls:
            context.miss("outside", f"there are no rows, so `{name}` is null", "lists are empty")
        return None
    value = rows.row(row, context.blobs)
    spans = rows.slice(row, row + 1).spans
    return value if spans is None else NarrowedResult(value, spans)


_RECORD_ENTRY = 112
"""Memory of an entry of a large record, and of its place in the list of keys."""


def to_object(context: StepContext, rows: Value, key: Expr, value: Expr) -> Value:
    """A record from one field of each row to another. Of equal keys the last row counts, with a warning."""
    table = context.require_rows(rows, "to_object's first argument")
    context.hold(_RECORD_ENTRY * len(table))
    names = [_key_text(item) for item in key_values(table, key, context)]
    values = key_values(table, value, context)
    record = dict(zip(names, values, strict=True))
    context.ensure_room(context.size_of(record))
    if len(record) < len(names):
        context.warn(
            f"rows with the key of an earlier row: {len(names) - len(record):,}; of equal keys the last row counts",
            code="keys_repeated",
        )
    return record


def _key_text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Fault("type", f"a key of a record must be text or a whole number, not {kind_of(value)}")
