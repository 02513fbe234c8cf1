"""Row expressions as arguments of calls: a column of values for each, and where they come from.

    {to: .mail, subject: "disk " + name}       to        the field of each row      as the rows do
                                               subject   the same for every row     as `name` does

A literal alone comes from the controller, in whatever row: only its use was chosen by the rows.
"""

from collections.abc import Mapping, Sequence

import msgspec

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.row_expressions import RowCompiler
from rlmlite_kernel.evaluation.taint import CONTROLLER, TaintedValue
from rlmlite_kernel.program.ast import Expr
from rlmlite_kernel.program.binding import ExprContext, has_free_field
from rlmlite_kernel.program.lowering import names_in
from rlmlite_kernel.values.values import Value


class Column(msgspec.Struct, frozen=True, eq=False):
    """One argument of all calls: its value for each row, and where it comes from."""

    values: Sequence[Value]
    origins: int


def columns_of(expressions: Mapping[str, Expr], rows: TaintedValue, context: StepContext) -> dict[str, Column]:
    """The values of row expressions for every row, by name."""
    table = context.require_rows(rows.value, "rows")
    compiler = RowCompiler(table, context)
    columns: dict[str, Column] = {}
    for key, node in expressions.items():
        of_row = compiler.compile(node)
        columns[key] = Column([of_row(row) for row in range(len(table))], _origins_of(node, rows, context))
    return columns


def _origins_of(node: Expr, rows: TaintedValue, context: StepContext) -> int:
    """Where an argument comes from: the rows if it depends on them, and the variables that it reads."""
    origins = rows.origins if has_free_field(node, context.table) else 0
    for variable in sorted(set(names_in(node, ExprContext(row=True), context.table))):
        if variable in context.variables:
            origins |= context.variables[variable].origins
    return origins or CONTROLLER
