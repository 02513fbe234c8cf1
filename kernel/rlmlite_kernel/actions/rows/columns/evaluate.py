"""Row expressions as columns: evaluated over whole columns where that can be, else row by row."""

import numpy as np

from rlmlite_kernel.evaluation.columns.expressions import evaluate_columns
from rlmlite_kernel.evaluation.context import FEWER_ROWS, StepContext
from rlmlite_kernel.evaluation.row_expressions import OfRow, RowCompiler
from rlmlite_kernel.program.ast import Expr, Field
from rlmlite_kernel.records.evolution import CHARGED_BEFORE
from rlmlite_kernel.values.columns import Cells, Column, Ints
from rlmlite_kernel.values.memory import LONG
from rlmlite_kernel.values.values import Rows, Value
from rlmlite_kernel.values.vectors import LARGEST


def evaluate_column(rows: Rows, expr: Expr, compiler: RowCompiler, context: StepContext) -> Column:
    """A row expression as a column; a bare field is the column itself, not copied."""
    if isinstance(expr, Field) and expr.name in rows.columns:
        return rows.columns[expr.name]
    vector = evaluate_columns(rows, expr, context)
    if vector is None:
        return column_from(evaluate_rows(compiler.compile(expr), len(rows), context))
    if vector.kind == "int" and not vector.null.any():
        context.ensure_room(8 * len(rows))
        return Ints(vector.data)
    context.hold(40 * len(rows))
    values = vector.values(context.blobs)
    context.ensure_room(sum(map(context.size_of, values)), FEWER_ROWS)
    return Cells(values)


def column_from(values: list[Value]) -> Column:
    """Values as a column: an array if all of them are whole numbers of 64 bits, else cells."""
    if values and all(type(value) is int and -LARGEST - 1 <= value <= LARGEST for value in values):
        return Ints(np.array(values, np.int64))
    return Cells(values)


_BLOCK = 256
"""Short values that are announced together."""


def evaluate_rows(work: OfRow, count: int, context: StepContext) -> list[Value]:
    """A compiled expression over every row, charged as it grows."""
    values: list[Value] = []
    block = _BLOCK if context.follows(CHARGED_BEFORE) else 1
    unannounced = 0
    for row in range(count):
        value = work(row)
        size = context.size_of(value)
        unannounced += size
        values.append(value)
        # A long value at once, short ones together: asking for each takes longer than most expressions.
        if size > LONG or len(values) % block == 0:
            context.ensure_room(unannounced, FEWER_ROWS)
            unannounced = 0
    context.ensure_room(unannounced, FEWER_ROWS)
    return values
