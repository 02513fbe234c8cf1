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
    ListOf,
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


_LARGEST: Final = {"least": "min", "greatest": "max", "min": "min", "max": "max"}
"""What several languages call the smallest and the largest of some values, with the fold over a list of them."""


def read_largest(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`max(.a, .b)` is `max([.a, .b])`; `max(rows, .n)` may mean the rows with the largest `n`, and is left alone."""
    if not isinstance(node, Call) or _LARGEST.get(node.name) not in place.table:
        return None
    if len(node.args) == 1 and [item.name for item in node.named] == ["key"] and {"top", "sort"} <= place.table.keys():
        return _row_with_largest(node)
    if len(node.args) < 2 or node.named:
        return None
    is_of_rows = isinstance(node.args[0], Var) and any(isinstance(arg, Field | Lit) for arg in node.args[1:])
    if is_of_rows and not place.context.row:
        return None
    fold = _LARGEST[node.name]
    return Rewrite(Call(fold, (ListOf(node.args),), ()), f"{node.name}(a, b)", f"{fold}([a, b])")


def _row_with_largest(node: Call) -> Rewrite:
    """`max(rows, key=f)` of Python: the row, and not the value."""
    by, written = Named("by", node.named[0].value), f"{node.name}(x, key=f)"
    if _LARGEST[node.name] == "max":
        return Rewrite(Index(Call("top", (*node.args, Lit(1)), (by,)), Lit(0)), written, "top(x, 1, by=f)[0]")
    return Rewrite(Index(Call("sort", node.args, (by,)), Lit(0)), written, "sort(x, by=f)[0]")
