"""Fields that are computed for rows that are lines, whenever somebody looks at them.

    extend(lines, {slow: int(.ms) > limit})      over 40 million lines
    the field `slow`: the expression, the fields of `lines`, and what `limit` was

The step that adds a field computes it once for every row, so that what is wrong with it is said there, and is charged;
what comes out is forgotten. Whoever looks at the field later gets the same values again, since an expression depends on
nothing else than what the field holds.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from rlmlite_kernel.actions.rows.columns.evaluate import evaluate_column
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.row_expressions import RowCompiler
from rlmlite_kernel.evaluation.work import column_work_of_row
from rlmlite_kernel.program.ast import Attr, Expr, Field, Lit, Var, walk_expr
from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Column, describe_value
from rlmlite_kernel.values.lines.fields import Fields
from rlmlite_kernel.values.values import Rows


class ExpressionField:
    """See `values.lines.fields.ComputedField`."""

    def __init__(self, expr: Expr, fields: Fields, context: StepContext) -> None:
        self._expr, self._turn, self._parser = expr, context.turn, context.parser
        self.fields: Fields = dict(fields)
        self.names = names_in(expr) & fields.keys()
        self.work = column_work_of_row(expr)
        variables = {node.name for node in walk_expr(expr) if isinstance(node, Var)}
        self._variables = {name: context.variables[name] for name in sorted(variables) if name in context.variables}

    def column(self, rows: Rows, blobs: Blobs) -> Column:
        """See `ComputedField.column`. What it warns of was said by the step that added the field."""
        context = StepContext(self._variables, blobs, self._turn, {}, self._parser)
        return evaluate_column(rows, self._expr, RowCompiler(rows, context), context)

    def describe(self) -> Any:
        """See `ComputedField.describe`."""
        given = [[name, describe_value(variable.value)] for name, variable in self._variables.items()]
        return ["computed", msgspec.to_builtins(self._expr), given]


def names_in(*nodes: Expr | None) -> frozenset[str]:
    """The names that expressions and keys may mean as fields. More than they do is no harm."""
    return frozenset(_names([part for node in nodes if node is not None for part in walk_expr(node)]))


def _names(nodes: list[Expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Field | Var | Attr):
            yield node.name
        elif isinstance(node, Lit) and isinstance(node.v, str):
            yield node.v
