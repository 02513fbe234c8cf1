"""where, map and extend over rows that are lines: fewer of them, or with other fields."""

import numpy as np

from rlmlite_kernel.actions.batches import Batches
from rlmlite_kernel.actions.rows.columns.evaluate import evaluate_column
from rlmlite_kernel.actions.rows.columns.select import select_rows
from rlmlite_kernel.actions.rows.lines.candidates import choose_rows
from rlmlite_kernel.actions.rows.lines.computed import ExpressionField, names_in
from rlmlite_kernel.actions.rows.lines.passes import finds_of, open_parts
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.row_expressions import RowCompiler
from rlmlite_kernel.program.ast import Expr, Field, Obj
from rlmlite_kernel.values.lines.fields import LineField
from rlmlite_kernel.values.lines.finds import FoundGroups
from rlmlite_kernel.values.lines.line_rows import LineRows
from rlmlite_kernel.values.lines.source import NO_BITS, Bits, Selection, pack
from rlmlite_kernel.values.values import LIST


def where_lines(lines: LineRows, cond: Expr, context: StepContext) -> LineRows:
    """The rows for which a condition holds."""
    if lines.order is not None:
        return lines.take(_matching_numbers(lines, cond, context))
    bits: list[Bits | None] = [NO_BITS] * len(lines.source.blocks)
    counts = [0] * len(lines.source.blocks)
    found = FoundGroups()
    for block, opened, chosen in choose_rows(lines, cond, context):
        flags = np.zeros(lines.source.blocks[block].lines, np.bool_)
        flags[opened.lines[chosen]] = True
        packed = pack(flags)
        context.ensure_room(0 if packed is None else len(packed))
        bits[block], counts[block] = packed, len(chosen)
        opened.keep(found, chosen)
    selection = Selection(bits, counts)
    finds_of(context).assign(found, selection)
    return lines.narrow(selection)


def _matching_numbers(lines: LineRows, cond: Expr, context: StepContext) -> IntArray:
    """The numbers of the rows for which a condition holds, where they are in an order of their own."""
    batches = Batches(context, results_too=True)
    numbers = [np.zeros(0, np.int64)]
    first = 0
    for _, rows in open_parts(lines, names_in(cond), context):
        with batches.batch():
            numbers.append(select_rows(rows, cond, context) + first)
        context.ensure_room(8 * len(numbers[-1]))
        first += len(rows)
    return np.concatenate(numbers)


def map_lines(lines: LineRows, expr: Expr, context: StepContext) -> LineRows:
    """One result per row."""
    if not isinstance(expr, Obj):
        return lines.with_fields(LIST, _fields(lines, {"value": expr}, context))
    return lines.with_fields("rows", _fields(lines, {pair.key: pair.value for pair in expr.pairs}, context))


def extend_lines(lines: LineRows, fields: Obj, context: StepContext) -> LineRows:
    """The same rows with more fields."""
    more = _fields(lines, {pair.key: pair.value for pair in fields.pairs}, context)
    return lines.with_fields("rows", {**lines.fields, **more}, lines.aside)


def _fields(lines: LineRows, exprs: dict[str, Expr], context: StepContext) -> dict[str, LineField]:
    """Expressions as fields. Each is computed once for every row, for its faults and warnings, and then forgotten."""
    fields: dict[str, LineField] = {}
    computed: list[Expr] = []
    for name, expr in exprs.items():
        if isinstance(expr, Field) and expr.name in lines.fields:
            fields[name] = lines.fields[expr.name]
            continue
        fields[name] = ExpressionField(expr, lines.fields, context)
        computed.append(expr)
    if not computed:
        return fields
    batches = Batches(context, results_too=True)
    for _, rows in open_parts(lines, names_in(*computed), context):
        with batches.batch():
            compiler = RowCompiler(rows, context)
            for expr in computed:
                evaluate_column(rows, expr, compiler, context)
    return fields
