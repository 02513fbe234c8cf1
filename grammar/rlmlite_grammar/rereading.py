"""A program read a second time, with the actions and the variables at hand.

Habits of other languages become what they mean here, where that is certain, and each leaves a note:

    print(where(hits, line > 3))      show(where(hits, .line > 3))      "`print(...)` was read as `show(...)`", ...

It happens before the kernel sees the program, so what is recorded is what is executed, and a replay needs none of this.
A program that the checker finds nothing wrong with stays as it is, except where a text is written as a pattern.
The habits and how they are read: `habits.table`.
"""

from collections.abc import Collection

from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import Attr, Binary, Expr, Index, Lit, Parsed, Statement, Unary, walk
from rlmlite_kernel.program.checker import Scope, check
from rlmlite_kernel.records.settings import Policy


def reread(parsed: Parsed, table: Table, names: Collection[str]) -> Parsed:
    """The program with every habit read as what it means. `names` are the variables that exist before it."""
    scope = Scope(frozenset(names), frozenset(), table, Policy())
    if not check(parsed, scope) and not _has_suspects(parsed):
        return parsed
    # Here, because most programs are right, and need no second look.
    from rlmlite_grammar.habits.rewriting import rewrite

    return rewrite(parsed, table, names)


def _has_suspects(parsed: Parsed) -> bool:
    """Whether the checker may have passed what means something else: a text as a regex, `"a" or "b"` as any of them,
    a condition in brackets as `where`, places of pandas, a text with places to fill.
    """
    return any(map(_is_suspect, walk(parsed.program)))


def _is_indexer(node: Index) -> bool:
    """Whether it looks like pandas: `rows.iloc[0]`, `rows.shape[0]`, `log.lines["text"]`."""
    of = node.of
    is_text = isinstance(node.at, Lit) and isinstance(node.at.v, str)
    return isinstance(of, Attr) and (of.name in ("iloc", "shape") or (of.name == "lines" and is_text))


def _is_suspect(node: Statement | Expr) -> bool:
    if isinstance(node, Binary):
        return node.op in ("or", "%") and isinstance(node.left, Lit)
    if isinstance(node, Index):
        return isinstance(node.at, Binary | Unary) or _is_indexer(node)
    return isinstance(node, Lit) and isinstance(node.v, str) and any(sign in node.v for sign in ("\\", "<*>", "(?"))
