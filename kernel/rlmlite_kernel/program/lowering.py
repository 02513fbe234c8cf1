"""Lowering: statements become steps of exactly one action each.

A nested call becomes a step of its own that writes `_1`, `_2`, ...; one that depends on the current row stays.
`x = expr` without a call at the top is `write_var("x", expr)`.
"""

from collections.abc import Iterator, Mapping

import msgspec

from rlmlite_kernel.program.action_table import Action, Param, Table
from rlmlite_kernel.program.ast import (
    ASSIGNMENT,
    Attr,
    Binary,
    Call,
    Expr,
    Index,
    ListOf,
    Lit,
    Named,
    Obj,
    Pair,
    Program,
    Slice,
    Statement,
    Unary,
    Var,
    children,
)
from rlmlite_kernel.program.binding import (
    FOLDS,
    PLAIN,
    Bound,
    Place,
    arguments,
    bind,
    has_free_field,
    inside,
    is_column_word,
    trust,
    variable_name,
)
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.program.templates import holes


class Planned(msgspec.Struct, frozen=True, eq=False):
    """One step to run: an action, the variable that it writes, the names that it may read.

    `last` says that it ends its statement, after which the statement's temporaries go.
    A statement with `problems` is one step that will not run.
    """

    statement: int
    call: Call
    bound: Bound
    target: str | None
    last: bool
    reads: frozenset[str]
    barrier: bool
    problems: tuple[Problem, ...] = ()

    @property
    def op(self) -> str:
        """The action's name."""
        return self.call.name

    def as_statement(self) -> Statement:
        """The step as the receipt keeps it."""
        return Statement(self.call, self.target)


def lower(program: Program, table: Table, problems: Mapping[int, list[Problem]]) -> list[Planned]:
    """The steps of every statement, in order."""
    lowering = _Lowering(table)
    for number, statement in enumerate(program.body):
        if number in problems:
            lowering.refused(number, statement, tuple(problems[number]))
        else:
            lowering.statement(number, statement)
    return lowering.steps


class _Lowering:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._temporaries = 0
        self.steps: list[Planned] = []

    def refused(self, number: int, statement: Statement, problems: tuple[Problem, ...]) -> None:
        """One step for a statement that will not run."""
        value, nothing = statement.value, Bound({}, (), {})
        call = value if isinstance(value, Call) else Call(ASSIGNMENT, (Lit(statement.target), value))
        self.steps.append(Planned(number, call, nothing, written_name(statement), True, frozenset(), False, problems))

    def statement(self, number: int, statement: Statement) -> None:
        """The steps of a statement."""
        call, target = statement.value, written_name(statement)
        if not isinstance(call, Call):
            call = Call(ASSIGNMENT, (Lit(target), call))
        self._step(number, self._lowered_call(number, call), target, last=True)

    def _step(self, number: int, call: Call, target: str | None, last: bool) -> None:
        """A step for a call whose arguments are lowered."""
        action = self._table[call.name]
        bound = bind(action, call, trust)
        reads = frozenset(_read_by(action, bound, PLAIN, self._table))
        self.steps.append(Planned(number, call, bound, target, last, reads, action.barrier))

    def _lowered_call(self, number: int, call: Call) -> Call:
        """The call with every nested call that can stand alone taken out."""
        call = self._fused(call)
        action = self._table[call.name]
        params = action.positional()
        args = tuple(
            self._argument(number, value, params[min(index, len(params) - 1)] if params else None)
            for index, value in enumerate(call.args)
        )
        named = tuple(
            Named(item.name, self._argument(number, item.value, action.param(item.name))) for item in call.named
        )
        return Call(call.name, args, named)

    def _fused(self, call: Call) -> Call:
        """`count(search(x, q))` as the one action that does both, if that takes every argument of the two."""
        action = self._table[call.name]
        bound = bind(action, call, trust)
        inner = bound.given.get(action.params[0].name) if action.fused else None
        if not isinstance(inner, Call) or len(bound.given) < len(action.params) or has_free_field(inner, self._table):
            return call
        both = self._table.get(action.fused.get(inner.name, ""))
        if both is None:
            return call
        outer = {name: value for name, value in bound.given.items() if value is not inner}
        given = {**bind(self._table[inner.name], inner, trust).given, **outer}
        if any(both.param(name) is None for name in given):
            return call
        first = [param.name for param in both.positional() if param.name in given]
        named = [Named(name, value) for name, value in given.items() if name not in first]
        return Call(both.name, tuple(given[name] for name in first), tuple(named))

    def _argument(self, number: int, value: Expr, param: Param | None) -> Expr:
        return value if param is not None and param.kind in ("folds", "schema") else self._lowered(number, value)

    def _lowered(self, number: int, node: Expr) -> Expr:
        match node:
            case Call() if has_free_field(node, self._table):
                return self._lowered_call(number, node)
            case Call():
                call = self._lowered_call(number, node)
                self._temporaries += 1
                name = f"_{self._temporaries}"
                self._step(number, call, name, last=False)
                return Var(name)
            case Attr(of=of, name=name):
                return Attr(self._lowered(number, of), name)
            case Index(of=of, at=at):
                return Index(self._lowered(number, of), self._lowered(number, at))
            case Slice(of=of, lo=lo, hi=hi):
                return Slice(self._lowered(number, of), *(b and self._lowered(number, b) for b in (lo, hi)))
            case Unary(op=op, of=of):
                return Unary(op, self._lowered(number, of))
            case Binary(op=op, left=left, right=right):
                return Binary(op, self._lowered(number, left), self._lowered(number, right))
            case ListOf(items=items):
                return ListOf(tuple(self._lowered(number, item) for item in items))
            case Obj(pairs=pairs):
                return Obj(tuple(Pair(p.key, self._lowered(number, p.value), p.optional) for p in pairs))
        return node


def written_name(statement: Statement) -> str | None:
    """The variable that a statement writes: its target, or the one that a `write_var` which stands alone names."""
    value = statement.value
    if statement.target is not None or not isinstance(value, Call) or value.name != ASSIGNMENT:
        return statement.target
    names = (*value.args[:1], *(item.value for item in value.named if item.name == "name"))
    return next((name for node in names if (name := variable_name(node)) is not None), None)


def _read_by(action: Action, bound: Bound, place: Place, table: Table) -> Iterator[str]:
    """The variables that a call's arguments may read."""
    for param, value, inner in arguments(action, bound, place):
        if param is not None and param.kind == "template" and isinstance(value, Lit) and isinstance(value.v, str):
            yield from (hole.name for hole in holes(value.v))
        elif not inner.schema and not _is_word(param, value) and (param is None or param.kind != "name"):
            yield from names_read(value, inner, table)


def names_read(node: Expr, place: Place, table: Table) -> Iterator[str]:
    """The variables that working out a node may read, placeholders of templates included."""
    if is_column_word(node, place):
        return
    if isinstance(node, Var):
        yield node.name
    elif isinstance(node, Call) and node.name in table and not (place.folds and node.name in FOLDS):
        action = table[node.name]
        yield from _read_by(action, bind(action, node, trust), place, table)
    else:
        for child in children(node):
            yield from names_read(child, inside(node, place), table)


def _is_word(param: Param | None, value: Expr) -> bool:
    return param is not None and param.kind == "word" and isinstance(value, Var) and value.name in param.words
