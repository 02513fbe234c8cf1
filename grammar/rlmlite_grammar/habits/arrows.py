"""Functions of one parameter, `r => r.n > 3` and `lambda r: r.n > 3`, read as the row expression that they are.

    where(rows, r => r.n > 3)            where(rows, .n > 3)
    sort(rows, by=r => r["n"])           sort(rows, by=.n)
    map(r => r.n, rows)                  map(rows, .n)              Python gives the function first

The parameter alone is refused: it is `.text` of a line or hit, and `.value` of an item of a list.
"""

from typing import Final

from rlmlite_grammar.habits.expressions import as_fields
from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_grammar.syntax.names import ARROW
from rlmlite_kernel.program.ast import Call, Expr, Lit, Unread, Var, walk_expr

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
        hint = f"instead of `{row}` write `.text` for the text of a line or hit, `.value` for an item of a list"
        return Unread("type", f"`{row}` alone is the whole row", hint)
    return Rewrite(expression, f"{row} => {row}.x", ".x")


def _is_arrow(node: Expr) -> bool:
    return isinstance(node, Call) and node.name == ARROW and len(node.args) == 2
