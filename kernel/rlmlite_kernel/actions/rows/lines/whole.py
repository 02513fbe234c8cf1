"""One fold over all values of a list that is lines: sum, avg, min, max, median, percentile."""

from collections.abc import Sequence

import numpy as np

from rlmlite_kernel.actions.batches import Batches
from rlmlite_kernel.actions.rows.columns.fold_watch import FoldWatch
from rlmlite_kernel.actions.rows.lines.fold_states import NotByBlocksError, state_of
from rlmlite_kernel.actions.rows.lines.passes import open_parts
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.resolve import resolve
from rlmlite_kernel.evaluation.work import ROW
from rlmlite_kernel.values.lines.line_rows import LineRows
from rlmlite_kernel.values.operators import is_number
from rlmlite_kernel.values.row_keys import Keys
from rlmlite_kernel.values.values import Value
from rlmlite_kernel.values.vectors import Vector, vector_of

__all__ = ["NotByBlocksError", "fold_lines"]


def fold_lines(
    name: str, lines: LineRows, more: Sequence[Value], context: StepContext, watch: FoldWatch
) -> tuple[Value, int]:
    """The fold, and how many values are neither numbers nor null. Raises `NotByBlocksError`."""
    context.work(ROW * len(lines), f"{name} of {len(lines):,} values")
    state, others = state_of(name, more), 0
    batches = Batches(context, results_too=True)
    for _, rows in open_parts(lines, frozenset({"value"}), context):
        with batches.batch():
            column = rows.columns["value"]
            values: Vector | list[Value] | None = vector_of(column, context.blobs)
            if values is None:
                values = [resolve(cell, context) for cell in column.cells(context.blobs)]
            others += _count_others(values)
            watch.see(values, rows)
        alone = Keys(np.zeros(len(rows), np.int64), np.zeros(1, np.int64))
        state.add(values, alone, np.zeros(1, np.int64), context)
    return state.results(1, context)[0], others


def _count_others(values: Vector | list[Value]) -> int:
    if isinstance(values, Vector):
        return 0 if values.kind in ("int", "float") else int((~values.null).sum())
    return sum(not is_number(value) and value is not None for value in values)
