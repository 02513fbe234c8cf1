r"""What to search for, written as a text and meant as a regex or a template; conditions in brackets.

    search(log, r"took \d+ ms")          search(log, /took \d+ ms/)         r"…" with an escape or a group
    search(log, "took <*> ms")           search(log, template="took <*> ms")
    search(log, "a" or "b")              search(log, ["a", "b"])
    rows[rows.n > 3]                     where(rows, .n > 3)                pandas

A raw text is often a path of Windows as well: `\d` in front of more letters is a folder, not a digit.
"""

import re
from typing import Final

from rlmlite_grammar.habits.expressions import as_fields
from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_grammar.syntax.names import METHOD
from rlmlite_kernel.program.ast import (
    LOGIC,
    Attr,
    Binary,
    Call,
    Expr,
    Index,
    ListOf,
    Lit,
    Named,
    Rx,
    Unary,
    Unread,
)

_GROUP: Final = re.compile(r"\(\?(P?<\w+>|:|[ims]+[):])")
"""Matches the beginning of a group that no plain text has."""

_ESCAPE: Final = re.compile(r"\\([dwsDWS](?![A-Za-z])|[bB](?=$|[^A-Za-z\\])|[\[\](){}.*+?|^$/-])|(?:^|[\s(|])\\b")
"""Matches an escape of a regex, and not a folder of a path: `\\d+`, `\\[`, `\bERROR`; not `C:\\data`."""

_DRIVE: Final = re.compile(r"[A-Za-z]:\\|\\\\\w")
_COMPARISONS: Final = frozenset(
    ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "contains", "not contains", "matches", "not matches")
)


def read_regex(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A text that is a regex by what stands in it, where a /regex/ may stand."""
    param = place.param
    takes_regex = param is not None and (param.kind in ("query", "pattern", "form") or param.or_query)
    if not takes_regex or not isinstance(node, Lit) or not isinstance(node.v, str):
        return None
    has_group = _GROUP.search(node.v) is not None
    has_escape = place.raw(node) and _ESCAPE.search(node.v) is not None and not _DRIVE.match(node.v)
    if not (has_group or has_escape) or "\n" in node.v:
        return None
    return Rewrite(Rx(node.v), 'r"..."' if place.raw(node) else '"..."', "/.../")


def read_template(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A query with wildcards as `patterns` prints them."""
    if not isinstance(node, Call) or node.name not in place.table:
        return None
    action = place.table[node.name]
    params = action.positional()
    names = [item.name for item in node.named]
    if action.param("template") is None or action.param("query") is None or "template" in names:
        return None
    for index, value in enumerate(node.args):
        is_query = index < len(params) and params[index].name == "query"
        if is_query and _has_wildcard(value):
            args = (*node.args[:index], *node.args[index + 1 :])
            return _with_template(Call(node.name, args, (Named("template", value), *node.named)))
    if "query" in names and _has_wildcard(node.named[names.index("query")].value):
        named = tuple(Named("template", item.value) if item.name == "query" else item for item in node.named)
        return _with_template(Call(node.name, node.args, named))
    return None


def _has_wildcard(value: Expr) -> bool:
    return isinstance(value, Lit) and isinstance(value.v, str) and "<*>" in value.v


def _with_template(call: Call) -> Rewrite:
    return Rewrite(call, '"... <*> ..."', 'template="... <*> ..."')


def read_any_of(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`search(x, "a" or "b")` is `search(x, ["a", "b"])`."""
    if place.param is None or place.param.kind != "query" or not isinstance(node, Binary) or node.op != "or":
        return None
    options = _options(node)
    if not all(isinstance(option, Lit | Rx) for option in options):
        return None
    return Rewrite(ListOf(tuple(options)), "a or b", "[a, b]")


def _options(node: Expr) -> list[Expr]:
    if isinstance(node, Binary) and node.op == "or":
        return [*_options(node.left), *_options(node.right)]
    return [node]


def read_mask(node: Expr, place: Place) -> Rewrite | Unread | None:
    """`rows[rows.n > 3]` and `rows[n > 3]` are `where(rows, .n > 3)`."""
    if not isinstance(node, Index) or not _is_condition(node.at) or "where" not in place.table:
        return None
    rows = node.of
    # `df.loc[…]` is pandas too.
    if isinstance(rows, Attr) and rows.name == "loc":
        rows = rows.of
    return Rewrite(Call("where", (rows, as_fields(node.at, rows))), "x[condition]", "where(x, condition)")


def _is_condition(node: Expr) -> bool:
    if isinstance(node, Unary):
        return node.op == "not"
    if isinstance(node, Call) and node.name.startswith(METHOD):
        return node.name.removeprefix(METHOD) in _TESTS
    return isinstance(node, Binary) and (node.op in _COMPARISONS or node.op in LOGIC)


_TESTS: Final = frozenset(("contains", "includes", "isin", "is_in", "startswith", "startsWith", "endswith", "endsWith"))
"""Methods whose result is a condition."""
