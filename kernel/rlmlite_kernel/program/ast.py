"""The program as data: what is executed, stored and replayed.

The text that a controller wrote becomes these nodes in `rlmlite_grammar`; the kernel never sees the text's grammar.
Nodes hold no positions, so equal programs are equal data; `Parsed.at` carries the positions beside them.
Encoded, a node is a JSON array that begins with its tag.
Not here: what an action means (`action_table`), or whether a program is right (`checker`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from rlmlite_kernel.program.problems import Problem

Scalar: TypeAlias = bool | int | float | str | None
"""A literal's value. Integers have any size up to 1,000 digits; decimals are finite binary64."""


class Node(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Base of every node. Equality is structural, with `1`, `1.0` and `true` apart only in the encoded bytes."""


class Lit(Node, frozen=True, array_like=True, tag="lit"):
    """A literal: `"text"`, `12`, `3.5`, `true`, `null`."""

    v: Scalar


class Rx(Node, frozen=True, array_like=True, tag="rx"):
    """A regular expression `/pattern/flags`; `flags` are sorted, out of `i m s`."""

    pattern: str
    flags: str = ""


class Var(Node, frozen=True, array_like=True, tag="var"):
    """A variable by name."""

    name: str


class Field(Node, frozen=True, array_like=True, tag="field"):
    """`.name`: a field of the current row."""

    name: str


class Attr(Node, frozen=True, array_like=True, tag="attr"):
    """`of.name`: a field of a record, a column of rows, a view (`lines`, `chars`) of a text."""

    of: "Expr"
    name: str


class Index(Node, frozen=True, array_like=True, tag="index"):
    """`of[at]`."""

    of: "Expr"
    at: "Expr"


class Slice(Node, frozen=True, array_like=True, tag="slice"):
    """`of[lo:hi]`, half-open; an absent bound is `None`."""

    of: "Expr"
    lo: "Expr | None" = None
    hi: "Expr | None" = None


class Unary(Node, frozen=True, array_like=True, tag="unary"):
    """`not x` or `-x` (a negative number literal is a `Lit`)."""

    op: str
    of: "Expr"


class Binary(Node, frozen=True, array_like=True, tag="binary"):
    """`left op right`; the operators are in `OPERATORS`."""

    op: str
    left: "Expr"
    right: "Expr"


class Alt(Node, frozen=True, array_like=True, tag="alt"):
    """`"spam" | "ham"`: the alternatives of a schema."""

    options: "tuple[Expr, ...]"


class ListOf(Node, frozen=True, array_like=True, tag="list"):
    """`[a, b]`."""

    items: "tuple[Expr, ...]" = ()


class Pair(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One `key: value` of an object; `optional` is the schema's `key?: type`."""

    key: str
    value: "Expr"
    optional: bool = False


class Obj(Node, frozen=True, array_like=True, tag="obj"):
    """`{a: 1, "b c": 2}`; keys are unique."""

    pairs: tuple[Pair, ...] = ()


class Named(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One keyword argument `name=value`."""

    name: str
    value: "Expr"


class Call(Node, frozen=True, array_like=True, tag="call"):
    """`name(args, key=value)`; keyword names are unique."""

    name: str
    args: "tuple[Expr, ...]" = ()
    named: tuple[Named, ...] = ()


class Unread(Node, frozen=True, array_like=True, tag="unread"):
    """A statement that could not be read, as the problem that its writer is told. It never runs.

    It stands in a program beside statements that could be read, so that they run, all but those that need its variable.
    """

    code: str
    message: str
    hint: str = ""


Expr: TypeAlias = Lit | Rx | Var | Field | Attr | Index | Slice | Unary | Binary | Alt | ListOf | Obj | Call | Unread
"""Any expression."""

OPERATORS: dict[str, int] = {
    "or": 1,
    "and": 2,
    "==": 4,
    "!=": 4,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "in": 4,
    "not in": 4,
    "contains": 4,
    "not contains": 4,
    "matches": 4,
    "not matches": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "%": 6,
}
"""Binary operators and how tightly they bind; `not` binds at 3, unary minus at 7, postfix at 8.

Comparisons do not chain.
"""


class Statement(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`target = value`, or a call that stands alone (`target` is `None`)."""

    value: Expr
    target: str | None = None


class Program(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What one turn executes: statements in order."""

    body: tuple[Statement, ...]


class Parsed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program with the text it was read from.

    `at[k]` is where node k of `walk(program)` begins in `text`, in characters.
    It is empty for a program that never was text.
    `notes` say what in the text was skipped, or read as something else than it spells.
    """

    program: Program
    text: str = ""
    at: tuple[int, ...] = ()
    notes: tuple[Problem, ...] = ()


_LEAVES = frozenset({Lit, Rx, Var, Field, Unread})


def children(node: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside a node, in the order they are written."""
    # Most nodes are leaves, and asking each class in turn takes ten times as long.
    if type(node) in _LEAVES:
        return ()
    match node:
        case Attr(of=of) | Unary(of=of):
            return (of,)
        case Index(of=of, at=at):
            return (of, at)
        case Slice(of=of, lo=lo, hi=hi):
            bounds = [bound for bound in (lo, hi) if bound is not None]
            return (of, *bounds)
        case Binary(left=left, right=right):
            return (left, right)
        case Alt(options=items) | ListOf(items=items):
            return items
        case Obj(pairs=pairs):
            return tuple(pair.value for pair in pairs)
        case Call(args=args, named=named):
            return (*args, *(item.value for item in named))
        case _:
            return ()


def with_children(node: Expr, parts: Sequence[Expr]) -> Expr:
    """A node like this one with other expressions inside it, in the order of `children`."""
    match node:
        case Attr(name=name):
            return Attr(parts[0], name)
        case Unary(op=op):
            return Unary(op, parts[0])
        case Index():
            return Index(parts[0], parts[1])
        case Slice(lo=low, hi=high):
            bounds = iter(parts[1:])
            new_low = None if low is None else next(bounds)
            return Slice(parts[0], new_low, None if high is None else next(bounds))
        case Binary(op=op):
            return Binary(op, parts[0], parts[1])
        case Alt():
            return Alt(tuple(parts))
        case ListOf():
            return ListOf(tuple(parts))
        case Obj(pairs=pairs):
            return Obj(tuple(Pair(old.key, new, old.optional) for old, new in zip(pairs, parts, strict=True)))
        case Call(name=name, args=args, named=named):
            values = parts[len(args) :]
            named = tuple(Named(old.name, new) for old, new in zip(named, values, strict=True))
            return Call(name, tuple(parts[: len(args)]), named)
        case _:
            return node


def map_children(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The node with each expression directly inside it changed; the very same, if `change` gives each one back."""
    old = children(node)
    new = tuple(map(change, old))
    is_same = all(new_part is old_part for new_part, old_part in zip(new, old, strict=True))
    return node if is_same else with_children(node, new)


def walk(program: Program) -> Iterator[Statement | Expr]:
    """Every statement and expression, parents before children, left to right: the order of `Parsed.at`."""
    for statement in program.body:
        yield statement
        yield from walk_expr(statement.value)


def walk_expr(node: Expr) -> Iterator[Expr]:
    """`node` and everything inside it, in the same order as `walk`."""
    # A stack in place of recursion: the checker asks for positions of programs that are nested too deep.
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        # Reversed, since the last one pushed is the first one popped.
        stack.extend(reversed(children(current)))


LOGIC = ("and", "or")


ASSIGNMENT = "write_var"
"""The action that `name = value` is short for."""

MATCHES = ("matches", "not matches")


MEMBERSHIP = ("in", "not in", "contains", "not contains")
