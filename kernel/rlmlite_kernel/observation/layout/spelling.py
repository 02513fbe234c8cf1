"""Expressions as a program would write them, for labels and for hints that name what to write next.

    Slice(Var("hits"), Lit(0), Lit(5))     hits[0:5]
    part_of(that, 3, 5)                    hits[3:5], not hits[0:5][3:5]

What is spelled here parses, and means the same; it need not be spelled as it was written. Not here: reading.
"""

import json
from collections.abc import Iterable

from rlmlite_kernel.program.ast import (
    OPERATORS,
    Alt,
    Attr,
    Binary,
    Call,
    Expr,
    Field,
    Index,
    ListOf,
    Lit,
    Named,
    Obj,
    Pair,
    Rx,
    Slice,
    Unary,
    Var,
)

# How tightly they bind, as `OPERATORS` says.
_NOT, _MINUS, _POSTFIX = 3, 7, 8


def spell(node: Expr) -> str:
    """An expression as text on one line."""
    return _spell(node, 0)


def part_of(node: Expr, start: int, stop: int, counts_from: int = 0) -> Expr:
    """The items start..stop-1, from 0, of what an expression gives: as one slice, where it is a slice itself.

    `counts_from` is 1 for lines of a text, which are sliced by their numbers.
    """
    if isinstance(node, Slice):
        first = counts_from if node.lo is None else _whole_number(node.lo)
        if first is not None and first >= counts_from:
            return Slice(node.of, Lit(first + start), Lit(first + stop))
        counts_from = 0
    return Slice(node, Lit(counts_from + start), Lit(counts_from + stop))


def has_line_numbers(node: Expr) -> bool:
    """Whether a path ends in `.lines`, or a slice of it."""
    inner = node.of if isinstance(node, Slice) else node
    return isinstance(inner, Attr) and inner.name == "lines"


def is_path(node: Expr) -> bool:
    """Whether an expression only reaches into a variable: it has its value again at a later turn, for nothing."""
    match node:
        case Var(name=name):
            return not name.startswith("_")
        case Attr(of=of):
            return is_path(of)
        case Index(of=of, at=Lit()):
            return is_path(of)
        case Slice(of=of, lo=Lit() | None, hi=Lit() | None):
            return is_path(of)
    return False


def root_of(node: Expr) -> str:
    """The variable that a path reaches into; empty for anything else."""
    while isinstance(node, Attr | Index | Slice):
        node = node.of
    return node.name if isinstance(node, Var) else ""


def _whole_number(node: Expr) -> int | None:
    is_whole = isinstance(node, Lit) and isinstance(node.v, int) and not isinstance(node.v, bool)
    return node.v if is_whole else None  # type: ignore[union-attr,return-value]  # `is_whole` says so


def _spell(node: Expr, binding: int) -> str:
    """An expression, in parentheses if it binds less tightly than its place demands."""
    match node:
        case Lit() | Rx() | Var() | Field():
            return _leaf(node)
        case Attr() | Index() | Slice():
            return _reach(node)
        case Unary() | Binary():
            return _operation(node, binding)
        case ListOf(items=items):
            return f"[{_join(items)}]"
        case Call(name=name, args=args, named=named):
            return f"{name}({', '.join([*map(spell, args), *map(_named, named)])})"
    return _schema(node)


def _leaf(node: Lit | Rx | Var | Field) -> str:
    match node:
        case Lit(v=value):
            return json.dumps(value, ensure_ascii=False)
        case Rx(pattern=pattern, flags=flags):
            return f"/{pattern}/{flags}"
        case Var(name=name):
            return name
        case Field(name=name):
            return f".{name}"


def _reach(node: Attr | Index | Slice) -> str:
    of = _spell(node.of, _POSTFIX)
    match node:
        case Attr(name=name):
            return f"{of}.{name}"
        case Index(at=at):
            return f"{of}[{spell(at)}]"
        case Slice(lo=lo, hi=hi):
            low, high = ("" if bound is None else spell(bound) for bound in (lo, hi))
            return f"{of}[{low}:{high}]"


def _operation(node: Unary | Binary, binding: int) -> str:
    if isinstance(node, Unary):
        own = _NOT if node.op == "not" else _MINUS
        text = f"not {_spell(node.of, own)}" if node.op == "not" else f"{node.op}{_spell(node.of, own)}"
    else:
        own = OPERATORS[node.op]
        text = f"{_spell(node.left, own)} {node.op} {_spell(node.right, own + 1)}"
    return f"({text})" if own < binding else text


def _schema(node: Expr) -> str:
    """A record, or alternatives, which stand only in schemas."""
    match node:
        case Obj(pairs=pairs):
            return "{" + ", ".join(map(_pair, pairs)) + "}"
        case Alt(options=options):
            return " | ".join(map(spell, options))
    # A statement that could not be read never runs, so nothing has to name it.
    return "..."


def _join(items: Iterable[Expr]) -> str:
    return ", ".join(map(spell, items))


def _pair(pair: Pair) -> str:
    key = pair.key if pair.key.isidentifier() else json.dumps(pair.key, ensure_ascii=False)
    return f"{key}{'?' if pair.optional else ''}: {spell(pair.value)}"


def _named(item: Named) -> str:
    return f"{item.name}={spell(item.value)}"
