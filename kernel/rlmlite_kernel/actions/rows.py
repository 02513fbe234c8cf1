"""Row actions: where, map, sort, count and the like. Lists count as rows with the field `.value`."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from rlmlite_kernel.actions.text import has_field
from rlmlite_kernel.ast import Attr, Call, Expr, Field, ListOf, Lit, Obj, Unary, Var
from rlmlite_kernel.binding import FOLDS
from rlmlite_kernel.canonical import MAX_SAFE
from rlmlite_kernel.columns import Cells, Column, IntArray, Ints, Spans, Text
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.job import Job, Resting
from rlmlite_kernel.operators import divide, is_number, key_of, order, plainly, truthy
from rlmlite_kernel.row_expressions import OfRow, RowCompiler, condition
from rlmlite_kernel.values import LIST, Rows, Value, kind_of, listed, rows_of, size_of


def where(job: Job, rows: Value, cond: Expr) -> Value:
    """Rows for which the condition holds."""
    table = job.rows(rows, "the first argument of where")
    holds = condition(table, cond, job)
    kept = [row for row in range(len(table)) if truthy(holds(row))]
    return table.take(np.array(kept, np.int64))


def map_(job: Job, rows: Value, expr: Expr) -> Value:
    """One result a row: rows for `{name: expr}`, else a list."""
    table = job.rows(rows, "the first argument of map")
    compiler = RowCompiler(table, job)
    if isinstance(expr, Obj):
        columns = {pair.key: column_of(table, pair.value, compiler, job) for pair in expr.pairs}
        return Rows("rows", columns, len(table), table.spans)
    return Rows(LIST, {"value": column_of(table, expr, compiler, job)}, len(table), table.spans)


def extend(job: Job, rows: Value, fields: Expr) -> Value:
    """The same rows with more fields."""
    table = job.rows(rows, "the first argument of extend")
    if not isinstance(fields, Obj):
        raise Fault("type", "extend takes the new fields as {name: expression}")
    compiler = RowCompiler(table, job)
    columns = dict(named_columns(table, job))
    columns.update({pair.key: column_of(table, pair.value, compiler, job) for pair in fields.pairs})
    return Rows("rows", columns, len(table), table.spans, table.aside)


def named_columns(rows: Rows, job: Job) -> dict[str, Column]:
    """The columns, with a list of records spread out."""
    if rows.kind != LIST:
        return dict(rows.columns)
    cells = rows.columns["value"].cells(job.blobs)
    if not cells or not all(isinstance(cell, dict) for cell in cells):
        return dict(rows.columns)
    names = dict.fromkeys(name for cell in cells if isinstance(cell, dict) for name in cell)
    return {name: Cells([cell.get(name) if isinstance(cell, dict) else None for cell in cells]) for name in names}


def column_of(rows: Rows, expr: Expr, compiler: RowCompiler, job: Job) -> Column:
    """A row expression as a column; a bare field is the column itself, not copied."""
    if isinstance(expr, Field) and expr.name in rows.columns:
        return rows.columns[expr.name]
    return Cells(values_of(compiler.compile(expr), len(rows), job))


def values_of(work: OfRow, count: int, job: Job) -> list[Value]:
    """A compiled expression over every row, charged as it grows."""
    values: list[Value] = []
    for row in range(count):
        value = work(row)
        job.room(size_of(value))
        values.append(value)
    return values


def flatten(job: Job, rows: Value) -> Value:
    """The items of lists, in order; what is no list stays, null goes."""
    table = job.rows(rows, "flatten's argument")
    values: list[Value] = []
    origin: list[int] = []
    for row, cell in enumerate(table.values(job.blobs)):
        inner = rows_of(cell)
        items = [cell] if inner is None else inner.values(job.blobs)
        kept = [item for item in items if item is not None]
        job.room(8 * len(kept))
        values.extend(kept)
        origin.extend([row] * len(kept))
    return listed(values, None if table.spans is None else table.spans.take(np.array(origin, np.int64)))


def distinct(job: Job, rows: Value, by: Expr | None) -> Value:
    """The first of each, by the whole row or by a key."""
    table = job.rows(rows, "distinct's argument")
    seen: set[object] = set()
    kept: list[int] = []
    for row, value in enumerate(key_values(table, by, job)):
        key = key_of(value)
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return table.take(np.array(kept, np.int64))


def sort(job: Job, rows: Value, by: Expr | None, desc: bool) -> Value:
    """In rising order of a key, or of the values; equal rows keep their order."""
    table = job.rows(rows, "sort's argument")
    return table.take(sorted_rows(table, by, desc, job))


def top(job: Job, rows: Value, k: int, by: Expr | None, desc: bool) -> Value:
    """The k rows with the largest key; ties by position."""
    table = job.rows(rows, "top's argument")
    return table.take(sorted_rows(table, by or _default_key(table), desc, job)[:k])


def _default_key(rows: Rows) -> Expr | None:
    return Field("n") if "n" in rows.columns else None


def sorted_rows(rows: Rows, by: Expr | None, desc: bool, job: Job) -> IntArray:
    """Row numbers in order; a key with a prefix `-` runs the other way. One pass a key, the last key first."""
    numbers = list(range(len(rows)))
    for part in reversed(_key_parts(by)):
        backwards = isinstance(part, Unary) and part.op == "-"
        expr = part.of if isinstance(part, Unary) and backwards else part
        keys = [order(value) for value in key_values(rows, expr, job)]
        numbers.sort(key=keys.__getitem__, reverse=desc is not backwards)
    return np.array(numbers, np.int64)


def _key_parts(by: Expr | None) -> Sequence[Expr | None]:
    return by.items if isinstance(by, ListOf) else (by,)


def key_values(rows: Rows, by: Expr | None, job: Job) -> list[Value]:
    """The key of every row, texts as strings; the whole row without `by`."""
    if by is None:
        return [plainly(value, job.blobs) for value in rows.values(job.blobs)]
    if isinstance(by, ListOf):
        return [list(row) for row in zip(*(key_values(rows, part, job) for part in by.items), strict=True)]
    work = RowCompiler(rows, job).compile(_of_these_rows(as_column(by), rows, job))
    return [plainly(work(row), job.blobs) for row in range(len(rows))]


def as_column(node: Expr) -> Expr:
    """A key as a row expression: bare `n`, `"n"` and `.n` are one."""
    if isinstance(node, Var):
        return Field(node.name)
    if isinstance(node, Lit) and isinstance(node.v, str):
        return Field(node.v)
    if isinstance(node, Attr) and isinstance(node.of, Var | Attr):
        return Attr(as_column(node.of), node.name)
    return node


def _of_these_rows(node: Expr, rows: Rows, job: Job) -> Expr:
    """`hits.line` as the key of hits is their column `line`, unless they have a column `hits`."""
    if isinstance(node, Attr) and isinstance(node.of, Field) and not has_field(rows, node.of.name, job):
        return Field(node.name)
    return node


def count(job: Job, value: Value) -> Value:
    """How many rows, items, or bytes of text; null counts nothing."""
    if isinstance(value, Rows | list | dict | Text):
        return len(value)
    if isinstance(value, str):
        return len(value.encode())
    if value is None:
        return 0
    raise Fault("type", f"{kind_of(value)} cannot be counted")


def count_by(job: Job, rows: Value, key: Expr | None) -> Value:
    """How often each key occurs: rows {key, n}, the most frequent first, ties by key."""
    table = job.rows(rows, "count_by's first argument")
    members = _groups(table, key, job)
    ranked = sorted(members, key=lambda group: (-len(group[1]), order(group[0])))
    columns: dict[str, Column] = {
        "key": Cells([k for k, _ in ranked]),
        "n": Ints(np.array([len(rows) for _, rows in ranked], np.int64)),
    }
    return Rows("rows", columns, len(ranked), _first_spans(table, [rows for _, rows in ranked]))


def _groups(rows: Rows, key: Expr | None, job: Job) -> list[tuple[Value, list[int]]]:
    """Each key with its rows, in order of appearance."""
    groups: dict[object, tuple[Value, list[int]]] = {}
    for row, value in enumerate(key_values(rows, key, job)):
        groups.setdefault(key_of(value), (value, []))[1].append(row)
    return list(groups.values())


def _first_spans(rows: Rows, members: list[list[int]]) -> Spans | None:
    if rows.spans is None:
        return None
    return rows.spans.take(np.array([group[0] for group in members], np.int64))


def group(job: Job, rows: Value, key: Expr, folds: Expr) -> Value:
    """One row a key, in order of appearance: {key, and each named fold over its rows}."""
    table = job.rows(rows, "group's first argument")
    if not isinstance(folds, Obj):
        raise Fault("type", "group takes its folds as {name: count() | sum(.x) | avg(.x) | min(.x) | max(.x)}")
    members = _groups(table, key, job)
    compiler = RowCompiler(table, job)
    columns: dict[str, Column] = {"key": Cells([value for value, _ in members])}
    for pair in folds.pairs:
        columns[pair.key] = Cells(_folded(pair.value, compiler, [numbers for _, numbers in members], job))
    return Rows("rows", columns, len(members), _first_spans(table, [numbers for _, numbers in members]))


def _folded(node: Expr, compiler: RowCompiler, members: list[list[int]], job: Job) -> list[Value]:
    if not isinstance(node, Call) or node.name not in FOLDS:
        raise Fault("type", f"a fold is one of {', '.join(FOLDS)}, such as max(.date)")
    fold = _FOLDS[node.name]
    if not node.args:
        if node.name != "count":
            raise Fault("arguments", f"{node.name}(...) needs what to fold, such as {node.name}(.n)")
        return [len(rows) for rows in members]
    work = compiler.compile(node.args[0])
    return [fold([plainly(work(row), job.blobs) for row in rows]) for rows in members]


def total(values: list[Value]) -> Value:
    """The sum: exact for whole numbers, else correctly rounded; what is no number is left out."""
    whole = sum(value for value in values if type(value) is int)
    decimals = [value for value in values if type(value) is float]
    if not decimals:
        return whole
    try:
        if abs(whole) <= MAX_SAFE:
            return math.fsum([whole, *decimals])
    except OverflowError:  # on the way, perhaps not at the end
        pass
    return _exact_total([(whole, 1), *(value.as_integer_ratio() for value in decimals)])


def _exact_total(ratios: list[tuple[int, int]]) -> Value:
    """The nearest decimal of a sum of fractions whose denominators are powers of two; null if there is none."""
    common = max(below for _, below in ratios)
    try:
        return sum(above * (common // below) for above, below in ratios) / common
    except OverflowError:
        return None


def average(values: list[Value]) -> Value:
    """One division of the sum; null over nothing."""
    numbers: list[Value] = [value for value in values if is_number(value)]
    return divide(total(numbers), len(numbers)) if numbers else None


def least(values: list[Value]) -> Value:
    """The smallest in the total order; null is left out."""
    return min((value for value in values if value is not None), key=order, default=None)


def greatest(values: list[Value]) -> Value:
    """The largest in the total order; null is left out."""
    return max((value for value in values if value is not None), key=order, default=None)


_FOLDS: dict[str, Callable[[list[Value]], Value]] = {
    "count": lambda values: sum(1 for value in values if value is not None),
    "sum": total,
    "avg": average,
    "min": least,
    "max": greatest,
    "first": lambda values: values[0] if values else None,
    "last": lambda values: values[-1] if values else None,
}
"""What may be folded over the rows of a group."""


def fold_of(name: str) -> Callable[..., Value]:
    """The action over plain values that a fold is."""

    def folded(job: Job, values: Value) -> Value:
        rows = job.rows(values, f"{name}'s argument")
        if rows.kind != LIST:
            raise Fault("type", f"{name} takes a list of values; choose a field: {name}(rows.field)")
        items = [plainly(value, job.blobs) for value in rows.values(job.blobs)]
        others = sum(not is_number(item) and item is not None for item in items)
        if name in ("sum", "avg") and others:
            job.warn(f"{name} left out {others:,} values that are no numbers")
        return _FOLDS[name](items)

    return folded


def first(job: Job, rows: Value) -> Value | Resting:
    """The first row, or null."""
    return _only(job.rows(rows, "first's argument"), 0, job)


def last(job: Job, rows: Value) -> Value | Resting:
    """The last row, or null."""
    table = job.rows(rows, "last's argument")
    return _only(table, len(table) - 1, job)


def _only(rows: Rows, row: int, job: Job) -> Value | Resting:
    """One row, which rests on its own span."""
    if not len(rows):
        return None
    value = rows.row(row, job.blobs)
    spans = rows.slice(row, row + 1).spans
    return value if spans is None else Resting(value, spans)


def union(job: Job, a: Value, b: Value) -> Value:
    """The rows of both, in order."""
    left, right = job.rows(a, "union's first argument"), job.rows(b, "union's second argument")
    values = [*left.values(job.blobs), *right.values(job.blobs)]
    job.room(8 * len(values))
    return values


def to_object(job: Job, rows: Value, key: Expr, value: Expr) -> Value:
    """A record from one field of each row to another; of equal keys the last stays, and it is said."""
    table = job.rows(rows, "to_object's first argument")
    names = [_key_text(item) for item in key_values(table, key, job)]
    values = key_values(table, value, job)
    record = dict(zip(names, values, strict=True))
    job.room(size_of(record))
    if len(record) < len(names):
        job.warn(f"{len(names) - len(record):,} rows had a key that was there before; the last one stays")
    return record


def _key_text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Fault("type", f"a record's key is text or a whole number, not {kind_of(value)}")
