"""Row expressions: a field of the row without its dot or as a column of its rows, folds as named arguments."""

import difflib
from typing import Final

from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_kernel.program.ast import (
    Attr,
    Call,
    Expr,
    Field,
    Index,
    Lit,
    Named,
    Obj,
    Pair,
    Unread,
    Var,
    map_children,
)
from rlmlite_kernel.program.binding import FOLDS

_TYPO: Final = 0.85
"""Likeness of two names, from 0 to 1, of which one is taken for a slip of the other."""


def read_field(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`where(rows, label == "ham")`: a name that no variable has is a field of the row."""
    context = place.context
    if not isinstance(node, Var) or not context.row or context.key or context.schema or node.name in place.names:
        return None
    if any(_is_slip_of(node.name, name) for name in place.names):
        return None
    return Rewrite(Field(node.name), node.name, f".{node.name}")


def _is_slip_of(word: str, name: str) -> bool:
    """Whether a word is most likely a variable's name, misspelt. `label` beside `labels` is a name of its own."""
    if word.startswith(name) or name.startswith(word):
        return False
    return difflib.SequenceMatcher(None, word, name).ratio() >= _TYPO


def as_fields(node: Expr, rows: Expr) -> Expr:
    """An expression with what is read of `rows`, `rows.n` and `rows["n"]`, as fields of the row: `.n`."""
    match node:
        case Attr(of=of, name=name) if of == rows:
            return Field(name)
        case Index(of=of, at=Lit(v=str() as name)) if of == rows and name.isidentifier():
            return Field(name)
    return map_children(node, lambda part: as_fields(part, rows))


def read_named_folds(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`group(hits, doc, n=count())` is `group(hits, doc, {n: count()})`."""
    if not isinstance(node, Call) or node.name not in place.table:
        return None
    action = place.table[node.name]
    param = next((param for param in action.params if param.kind == "folds"), None)
    if param is None or len(node.args) >= len(action.params):
        return None
    folds = [item for item in node.named if isinstance(item.value, Call) and item.value.name in FOLDS]
    folds = [item for item in folds if action.param(item.name) is None]
    if not folds or any(item.name == param.name for item in node.named):
        return None
    obj = Obj(tuple(Pair(item.name, item.value) for item in folds))
    named = (*(item for item in node.named if item not in folds), Named(param.name, obj))
    first = f"{folds[0].name}={folds[0].value.name if isinstance(folds[0].value, Call) else ''}(...)"
    return Rewrite(Call(node.name, node.args, named), first, f"{{{first.replace('=', ': ')}}}")
