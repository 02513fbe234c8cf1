"""Other names of actions: `print(x)` is `show(x)`, `FINAL_VAR(x)` is `final(x)`.

Only names whose arguments mean the same here; a name that the table has (a host's action) is that action.
"""

from typing import Final

from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_kernel.program.ast import Call, Expr, Lit, Unread, Var

OTHER_NAMES: Final = {
    "print": "show",
    "display": "show",
    "pprint": "show",
    "echo": "show",
    "log": "show",
    "FINAL": "final",
    "Final": "final",
    "FINAL_ANSWER": "final",
    "final_answer": "final",
    "answer": "final",
    "submit": "final",
    "sorted": "sort",
    "order_by": "sort",
    "orderBy": "sort",
    "sort_by": "sort",
    "sortBy": "sort",
    "sort_values": "sort",
    "unique": "distinct",
    "uniq": "distinct",
    "dedup": "distinct",
    "drop_duplicates": "distinct",
    "set": "distinct",
    "frozenset": "distinct",
    "filter": "where",
    "length": "count",
    "size": "count",
    "mean": "avg",
    "average": "avg",
    "startswith": "starts_with",
    "startsWith": "starts_with",
    "endswith": "ends_with",
    "endsWith": "ends_with",
    "trim": "strip",
    "lowercase": "lower",
    "uppercase": "upper",
    "toLowerCase": "lower",
    "toUpperCase": "upper",
    "to_string": "str",
    "toString": "str",
    "json_loads": "json_parse",
    "parse_json": "json_parse",
    "from_json": "json_parse",
    "string": "str",
    "number": "float",
    "llm_query": "sub_lm",
    "sub_llm": "sub_lm",
    "llm": "sub_lm",
    "ask_llm": "sub_lm",
    "rlm_query": "sub_rlm",
    "find": "search",
    "grep": "search",
    "find_all": "search",
    "value_counts": "count_by",
    "group_by": "group",
    "groupby": "group",
    "nlargest": "top",
}
"""Each with the action that it is read as."""

_COPIES: Final = ("list", "tuple", "iter")
"""What makes a list of a list: nothing to do here."""


def read_name(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A call of an action by another name."""
    if not isinstance(node, Call) or node.name in place.table:
        return None
    name = OTHER_NAMES.get(node.name)
    if name is None or name not in place.table:
        return None
    return Rewrite(Call(name, node.args, node.named), f"{node.name}(...)", f"{name}(...)")


def read_final_var(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`FINAL_VAR(x)` and `FINAL_VAR("x")` are `final(x)`, if there is such a variable."""
    if not isinstance(node, Call) or node.name not in ("FINAL_VAR", "final_var") or node.name in place.table:
        return None
    args = node.args
    if len(args) == 1 and isinstance(args[0], Lit) and isinstance(args[0].v, str) and args[0].v in place.names:
        args = (Var(args[0].v),)
    return Rewrite(Call("final", args, node.named), f"{node.name}(...)", "final(...)")


def read_copy(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`list(x)` is `x`: whatever gives several values gives a list."""
    if not isinstance(node, Call) or node.name not in _COPIES or node.name in place.table:
        return None
    if len(node.args) != 1 or node.named:
        return None
    return Rewrite(node.args[0], f"{node.name}(x)", "x")
