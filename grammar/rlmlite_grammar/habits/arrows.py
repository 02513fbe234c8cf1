"""Functions of one parameter, `r => r.n > 3` and `lambda r: r.n > 3`, read as the row expression that they are.

    where(rows, r => r.n > 3)            where(rows, .n > 3)
    sort(rows, by=r => r["n"])           sort(rows, by=.n)
    map(r => r.n, rows)                  map(rows, .n)              Python gives the function first

    where(log.lines, l => "E" in l)      where(log.lines, "E" in .value)

The parameter alone is `.value`: the item of a list, the text of a line, a hit or a chunk. Other rows have no such
field, and say so.
"""

from typing import Final

from rlmlite_grammar.habits.expressions import as_fields
from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_grammar.syntax.names import ARROW
from rlmlite_kernel.program.ast import Call, Expr, Field, Lit, Unread, Var, map_children, walk_expr

_OVER_ROWS: Final = frozenset(("map", "where", "filter", "sort", "sorted", "extend"))


def read_function_first(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`map(r => r.n, rows)`: the rows come first here."""
    if not isinstance(node, Call) or node.name not in _OVER_ROWS or len(node.args) != 2:
        return None
    function, rows = node.args
    if not _is_arrow(function) or _is_arrow(rows):
        return None
    return Rewrite(Call(node.name, (rows, function), node.named), f"{node.name}(f, x)", f"{node.name}(x, f)")


def read_arrow(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A function of a row, as a row expression."""
    if not isinstance(node, Call) or not _is_arrow(node):
        return None
    name, body = node.args
    row = name.v if isinstance(name, Lit) and isinstance(name.v, str) else ""
    if not place.context.row:
        hint = "a function of a row stands in row actions, as the expression itself: `map(rows, .n * 2)`"
        return Unread("type", "there are no functions here", hint)
    expression = as_fields(body, Var(row))
    if any(part == Var(row) for part in walk_expr(expression)):
        return Rewrite(_as_value(expression, Var(row)), f"{row} => {row}", ".value")
    return Rewrite(expression, f"{row} => {row}.x", ".x")


def _as_value(node: Expr, row: Var) -> Expr:
    """An expression with the row alone as the value that it is."""
    return Field("value") if node == row else map_children(node, lambda part: _as_value(part, row))


def _is_arrow(node: Expr) -> bool:
    return isinstance(node, Call) and node.name == ARROW and len(node.args) == 2
