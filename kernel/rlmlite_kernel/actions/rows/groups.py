"""count_by and group: one row for each key.

    count_by(hits, level)                          -> {"key": "ERROR", "n": 2}, {"key": "WARN", "n": 1}
    group(hits, level, {last: max(.line)})         -> {"key": "ERROR", "last": 40}, {"key": "WARN", "last": 12}

A row of the result stands for the place of the first row that has its key.
"""

import numpy as np

from rlmlite_kernel.actions.rows.columns.fold_calls import checked_fold, more_arguments
from rlmlite_kernel.actions.rows.columns.fold_watch import FoldWatch
from rlmlite_kernel.actions.rows.columns.folds import FOLD, charge_comparisons, fold_vector
from rlmlite_kernel.actions.rows.columns.gathers import GATHERS, gather_values
from rlmlite_kernel.actions.rows.columns.keys import KeyedRows, key_rows
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.evaluation.columns.expressions import evaluate_columns
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.misses import label
from rlmlite_kernel.evaluation.resolve import gather, resolve
from rlmlite_kernel.evaluation.row_expressions import RowCompiler
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import Expr, Obj
from rlmlite_kernel.values.columns import Cells, Column, Ints, Spans
from rlmlite_kernel.values.lines.kind import are_lines
from rlmlite_kernel.values.operators import sort_key
from rlmlite_kernel.values.row_keys import Keys, ranks_of
from rlmlite_kernel.values.values import Rows, Value
from rlmlite_kernel.values.vectors import are_many


def count_by(context: StepContext, rows: Value, key: Expr | None) -> Value:
    """How often each key occurs: rows {key, n}, the most frequent first, ties by key."""
    table = context.require_rows(rows, "count_by's first argument", lines=True)
    if are_lines(table):
        # Here and below, because few texts are so large.
        from rlmlite_kernel.actions.rows.lines.groups import count_lines

        return count_lines(table, key, context)
    found = key_rows(table, key, context)
    counts = found.keys.counts
    ranked = _order_by_frequency(found, counts, context)
    values = [found.values[number] for number in ranked.tolist()]
    columns: dict[str, Column] = {"key": Cells(values), "n": Ints(counts[ranked])}
    return Rows("rows", columns, len(ranked), _first_spans(table, found.keys.firsts[ranked]))


def _order_by_frequency(found: KeyedRows, counts: IntArray, context: StepContext) -> IntArray:
    many = found.vector is not None and are_many(len(counts))
    ranks = ranks_of(found.vector, found.keys, context.blobs) if many and found.vector is not None else None
    if ranks is not None:
        return np.lexsort((ranks, -counts)).astype(np.int64)
    times, values = counts.tolist(), found.values
    return np.array(sorted(range(len(times)), key=lambda i: (-times[i], sort_key(values[i]))), np.int64)


def _first_spans(rows: Rows, firsts: IntArray) -> Spans | None:
    return None if rows.spans is None else rows.spans.take(firsts)


def group(context: StepContext, rows: Value, key: Expr, folds: Expr) -> Value:
    """One row per key, in order of appearance: {key, and each named fold over its rows}."""
    table = context.require_rows(rows, "group's first argument", lines=True)
    if not isinstance(folds, Obj):
        raise Fault("type", "group takes its folds as {name: count() | sum(.x) | avg(.x) | min(.x) | max(.x)}")
    if are_lines(table):
        from rlmlite_kernel.actions.rows.lines.groups import NotByBlocksError, group_lines

        before = context.misses.copy()
        try:
            return group_lines(table, key, folds, context)
        except NotByBlocksError:
            # Everything is looked at again.
            context.misses = before
            table = context.ordinary_rows(table)
    found = key_rows(table, key, context)
    compiler = RowCompiler(table, context)
    columns: dict[str, Column] = {"key": Cells(found.values)}
    for pair in folds.pairs:
        columns[pair.key] = Cells(_fold_column(pair.value, table, compiler, found.keys, context))
    return Rows("rows", columns, len(found.values), _first_spans(table, found.keys.firsts))


def _fold_column(node: Expr, rows: Rows, compiler: RowCompiler, keys: Keys, context: StepContext) -> list[Value]:
    """One fold, a value for each key."""
    node = checked_fold(node)
    if not node.args:
        return list(keys.counts.tolist())
    more = more_arguments(node, context)
    if node.name in GATHERS:
        of_row = compiler.compile(node.args[0])
        return [gather_values(node.name, list(map(of_row, own.tolist())), more, context) for own in keys.members()]
    vector = evaluate_columns(rows, node.args[0], context)
    watch = FoldWatch(node.name, label(node), context)
    found = None if vector is None else fold_vector(node.name, vector, keys, more, context)
    if vector is not None and found is not None:
        watch.see(vector, rows)
        watch.tell(found)
        return found
    work, fold = compiler.compile(node.args[0]), FOLD[node.name]
    folded: list[Value] = []
    for members in keys.members():
        numbers = members.tolist()
        values = gather((resolve(work(row), context) for row in numbers), context)
        charge_comparisons(node.name, values, context)
        watch.see(values, rows, numbers)
        folded.append(fold(values, *more))
    watch.tell(folded)
    return folded
