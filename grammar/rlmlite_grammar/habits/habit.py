"""What one habit is: an expression that other languages write so, and how it is read here.

A habit looks at one expression at a time, together with its place: which parameter it is the argument of, how names are
read there, which variables exist. It gives a `Rewrite`, or nothing where the expression is no case of it, or may be
read in two ways.

    `print(x)` as a call      ->  Rewrite(show(x), "print(...)", "show(...)")     "`print(...)` was read as `show(...)`"
    `limit` of `k=10`         ->  Rewrite(rank(x, q, limit=10), "k=", "limit=")
"""

from collections.abc import Callable, Collection
from typing import NamedTuple, TypeAlias

import msgspec

from rlmlite_kernel.program.action_table import Action, Param, Table
from rlmlite_kernel.program.ast import Expr, Unread
from rlmlite_kernel.program.binding import PLAIN, ExprContext


class Place(NamedTuple):
    """Where an expression stands: `param` of `action`, if it is an argument; `names` are the variables that exist.

    `raw` says of a text whether it is written r"…".
    """

    table: Table
    names: Collection[str]
    raw: Callable[[Expr], bool]
    context: ExprContext = PLAIN
    param: Param | None = None


class Rewrite(NamedTuple):
    """An expression in place of another, and the words for the note: what was `written`, and as what it is `read`."""

    node: Expr
    written: str
    read: str


Reading: TypeAlias = Callable[[Expr, Place], Rewrite | Unread | None]
"""The expression as it is meant; or that it has no certain meaning, with what to write; or nothing: no such habit."""


class Habit(msgspec.Struct, frozen=True):
    """A habit: what it is, a statement that shows it and what that is read as, and the function that reads it."""

    what: str
    written: str
    read: str
    reading: Reading


def takes(action: Action, name: str, given: Collection[str]) -> bool:
    """Whether an action has a parameter of this name that is not given yet."""
    return action.param(name) is not None and name not in given
