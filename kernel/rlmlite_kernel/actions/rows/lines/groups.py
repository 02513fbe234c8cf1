"""count_by and group over rows that are lines, from the keys of all blocks."""

import numpy as np

from rlmlite_kernel.actions.rows.columns.fold_calls import checked_fold, more_arguments
from rlmlite_kernel.actions.rows.columns.fold_watch import FoldWatch
from rlmlite_kernel.actions.rows.lines.fold_states import NotByBlocksError, state_of
from rlmlite_kernel.actions.rows.lines.keyed import Fold, key_lines
from rlmlite_kernel.actions.rows.lines.passes import spans_of_lines
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.misses import label
from rlmlite_kernel.program.ast import Expr, Obj
from rlmlite_kernel.values.columns import Cells, Column, Ints
from rlmlite_kernel.values.lines.line_rows import LineRows
from rlmlite_kernel.values.operators import sort_key
from rlmlite_kernel.values.values import Rows

__all__ = ["NotByBlocksError", "count_lines", "group_lines"]


def count_lines(lines: LineRows, key: Expr | None, context: StepContext) -> Rows:
    """`count_by` over blocks."""
    found = key_lines(lines, key, context)
    ranked = sorted(range(len(found.values)), key=lambda i: (-found.counts[i], sort_key(found.values[i])))
    columns: dict[str, Column] = {
        "key": Cells([found.values[number] for number in ranked]),
        "n": Ints(np.array([found.counts[number] for number in ranked], np.int64)),
    }
    return Rows("rows", columns, len(ranked), spans_of_lines(lines, [found.firsts[n] for n in ranked], context))


def group_lines(lines: LineRows, key: Expr, folds: Obj, context: StepContext) -> Rows:
    """`group` over blocks. Raises `NotByBlocksError`."""
    states = {pair.key: _fold_of_lines(pair.value, context) for pair in folds.pairs}
    found = key_lines(lines, key, context, list(states.values()))
    columns: dict[str, Column] = {"key": Cells(found.values)}
    for name, fold in states.items():
        count = len(found.values)
        folded = list(found.counts) if fold.state is None else fold.state.results(count, context)
        if fold.watch is not None:
            fold.watch.tell(folded)
        columns[name] = Cells(folded)
    return Rows("rows", columns, len(found.values), spans_of_lines(lines, found.firsts, context))


def _fold_of_lines(node: Expr, context: StepContext) -> Fold:
    call = checked_fold(node)
    if not call.args:
        return Fold(None, None)
    watch = FoldWatch(call.name, label(call), context)
    return Fold(call.args[0], state_of(call.name, more_arguments(call, context)), watch)
