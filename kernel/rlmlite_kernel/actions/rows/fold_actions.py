"""Folds as actions: sum(rows.n), median(rows.ms) and the others, of all values of a list."""

from collections.abc import Callable

import numpy as np

from rlmlite_kernel.actions.rows.columns.fold_watch import FoldWatch
from rlmlite_kernel.actions.rows.columns.folds import FOLD, charge_comparisons, fold_vector
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import gather, resolve, row_values
from rlmlite_kernel.evaluation.work import NODE, ROW
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.values.lines.kind import are_lines
from rlmlite_kernel.values.operators import is_number
from rlmlite_kernel.values.row_keys import Keys
from rlmlite_kernel.values.values import LIST, Value
from rlmlite_kernel.values.vectors import are_many, vector_of

_OF_NUMBERS = ("sum", "avg", "median", "percentile")


def fold_of(name: str) -> Callable[..., Value]:
    """The action over plain values that a fold is."""

    def fold(context: StepContext, values: Value, **more: Value) -> Value:
        rows = context.require_rows(values, f"{name}'s argument", lines=True)
        if rows.kind != LIST:
            raise Fault("type", f"{name} takes a list of values; choose a field: {name}(rows.field)")
        if are_lines(rows):
            # Here, because few texts are so large.
            from rlmlite_kernel.actions.rows.lines.whole import NotByBlocksError, fold_lines

            watch = FoldWatch(name, name, context)
            try:
                folded, others = fold_lines(name, rows, list(more.values()), context, watch)
            except NotByBlocksError:
                rows = context.ordinary_rows(rows)
            else:
                _warn_of_others(name, others, context)
                watch.tell([folded])
                return folded
        watch = FoldWatch(name, name, context)
        context.work(ROW * len(rows), f"{name} of {len(rows):,} values")
        vector = vector_of(rows.columns["value"], context.blobs) if are_many(len(rows)) else None
        if vector is not None:
            alone = Keys(np.zeros(len(vector), np.int64), np.zeros(1, np.int64))
            found = fold_vector(name, vector, alone, list(more.values()), context)
            if found is not None:
                watch.see(vector, rows)
                watch.tell(found)
                return found[0]
        context.work(NODE * len(rows), f"{name} of {len(rows):,} values")
        items = gather((resolve(value, context) for value in row_values(rows, context)), context)
        charge_comparisons(name, items, context)
        others = sum(not is_number(item) and item is not None for item in items)
        _warn_of_others(name, others, context)
        result = FOLD[name](items, *more.values())
        watch.see(items, rows)
        watch.tell([result])
        return result

    return fold


def _warn_of_others(name: str, others: int, context: StepContext) -> None:
    # In a run of today the watch says it.
    if name in _OF_NUMBERS and others and not context.says_nulls:
        context.warn(f"{name} left out values that are not numbers: {others:,}", code="not_numbers")
