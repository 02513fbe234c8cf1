"""Which rows a condition holds for, and taking them."""

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.evaluation.columns.expressions import rows_where
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.row_expressions import compile_condition
from rlmlite_kernel.evaluation.work import ROW
from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.values.memory import taken_memory
from rlmlite_kernel.values.operators import truthy
from rlmlite_kernel.values.values import Rows


def select_rows(rows: Rows, cond: Expr, context: StepContext) -> IntArray:
    """The numbers of the rows for which a condition holds."""
    kept = rows_where(rows, cond, context)
    if kept is not None:
        return kept
    holds = compile_condition(rows, cond, context)
    context.hold(40 * len(rows))
    return np.array([row for row in range(len(rows)) if truthy(holds(row))], np.int64)


def take_rows(rows: Rows, numbers: IntArray, context: StepContext) -> Rows:
    """`rows.take`, announced before it copies the columns."""
    context.work(ROW * len(numbers), f"taking {len(numbers):,} rows")
    context.hold(len(numbers) * taken_memory(rows))
    return rows.take(numbers)
