"""What has no certain meaning: the sentence that says what to write, from the tables of `mistakes`."""

from typing import Final

from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_grammar.mistakes.functions import FUNCTIONS
from rlmlite_grammar.mistakes.parameters import PARAMETERS
from rlmlite_grammar.syntax.printer import show_expr
from rlmlite_kernel.program.ast import Call, Expr, ListOf, Lit, Rx, Unread
from rlmlite_kernel.program.binding import FOLDS

_FUNCTIONS: Final = {name: entry.hint for entry in FUNCTIONS for name in entry.names}
_PARAMETERS: Final = {name: entry.hint for entry in reversed(PARAMETERS) for name in entry.names}
_LONGEST: Final = 200


def read_foreign_function(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A function of other languages that no action stands for."""
    if not isinstance(node, Call) or node.name in place.table or (place.context.folds and node.name in FOLDS):
        return None
    hint = _FUNCTIONS.get(node.name)
    return None if hint is None else Unread("unknown_action", f"no action `{node.name}`", hint)


def read_foreign_parameter(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A named argument that no action has."""
    if not isinstance(node, Call) or node.name not in place.table:
        return None
    action = place.table[node.name]
    for item in node.named:
        is_known = action.extra or action.param(item.name) is not None
        if not is_known and item.name in _PARAMETERS:
            message = f"`{action.name}` has no parameter `{item.name}`; it is {action.signature()}"
            return Unread("unknown_name", message, _PARAMETERS[item.name])
    return None


def read_several_queries(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`search(x, "a", "b")`: both, or either? A list is any of them."""
    if not isinstance(node, Call) or node.name not in place.table:
        return None
    positional = place.table[node.name].positional()
    queries = [value for value in node.args[1:] if isinstance(value, Lit | Rx)]
    is_query = len(positional) == 2 and positional[1].kind == "query"
    if not is_query or len(node.args) <= 2 or len(queries) < len(node.args) - 1:
        return None
    any_of = show_expr(Call(node.name, (node.args[0], ListOf(tuple(node.args[1:]))), node.named))
    hint = f"any of several is a list: `{any_of}`" if len(any_of) <= _LONGEST else "any of several is a list"
    return Unread("arguments", f"`{node.name}` takes one query", hint)
