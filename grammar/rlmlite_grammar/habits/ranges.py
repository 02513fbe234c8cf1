"""A range as an argument of its own: the part of the value before it.

    preview(log, 0:100)        preview(log[0:100])
    load(log, :100)            load(log[:100])

So the seed of this language writes it. In brackets it is a slice of its own.
"""

from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_grammar.syntax.names import RANGE
from rlmlite_kernel.program.ast import Call, Expr, Lit, Slice, Unread


def read_range(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A call with a range after one of its arguments."""
    if not isinstance(node, Call) or node.name == RANGE:
        return None
    for index, argument in enumerate(node.args[1:], 1):
        before = node.args[index - 1]
        if _is_range(argument) and not _is_range(before):
            assert isinstance(argument, Call)
            low, high = (None if bound == Lit(None) else bound for bound in argument.args)
            args = (*node.args[: index - 1], Slice(before, low, high), *node.args[index + 1 :])
            return Rewrite(Call(node.name, args, node.named), f"{node.name}(x, a:b)", f"{node.name}(x[a:b])")
    return None


def read_stray_range(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A range that follows no value: refused, with what to write."""
    if not _is_range(node):
        return None
    return Unread("syntax", "a range needs the value that it is a part of", "write `x[0:100]`, or `preview(x, 0:100)`")


def _is_range(node: Expr) -> bool:
    return isinstance(node, Call) and node.name == RANGE
