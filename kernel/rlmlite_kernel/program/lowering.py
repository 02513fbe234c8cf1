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
    BoundArguments,
    ExprContext,
    bind,
    bound_arguments,
    context_inside,
    has_free_field,
    is_column_word,
    raise_fault,
    variable_name,
)
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.program.templates import holes


class PlannedStep(msgspec.Struct, frozen=True, eq=False):
    """One step to run: an action, the variable that it writes, the names that it may read.

    `last` says that it ends its statement, after which the statement's temporaries go.
    A statement with `problems` is one step that will not run.
    """

    statement: int
    call: Call
    bound: BoundArguments
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


def lower(program: Program, table: Table, problems: Mapping[int, list[Problem]]) -> list[PlannedStep]:
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
        self.steps: list[PlannedStep] = []

    def refused(self, number: int, statement: Statement, problems: tuple[Problem, ...]) -> None:
        """One step for a statement that will not run."""
        value, nothing = statement.value, BoundArguments({}, (), {})
        call = value if isinstance(value, Call) else Call(ASSIGNMENT, (Lit(statement.target), value))
        self.steps.append(PlannedStep(number, call, nothing, target_of(statement), True, frozenset(), False, problems))

    def statement(self, number: int, statement: Statement) -> None:
        """The steps of a statement."""
        call, target = statement.value, target_of(statement)
        if not isinstance(call, Call):
            call = Call(ASSIGNMENT, (Lit(target), call))
        self._step(number, self._lower_call(number, call), target, last=True)

    def _step(self, number: int, call: Call, target: str | None, last: bool) -> None:
        """A step for a call whose arguments are lowered."""
        action = self._table[call.name]
        bound = bind(action, call, raise_fault)
        reads = frozenset(_names_in_call(action, bound, PLAIN, self._table))
        self.steps.append(PlannedStep(number, call, bound, target, last, reads, action.barrier))

    def _lower_call(self, number: int, call: Call) -> Call:
        """The call with every nested call that can stand alone taken out."""
        call = self._fuse(call)
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

    def _fuse(self, call: Call) -> Call:
        """`count(search(x, q))` as the one action that does both, if that takes every argument of the two."""
        action = self._table[call.name]
        bound = bind(action, call, raise_fault)
        inner = bound.given.get(action.params[0].name) if action.fused else None
        if not isinstance(inner, Call) or len(bound.given) < len(action.params) or has_free_field(inner, self._table):
            return call
        both = self._table.get(action.fused.get(inner.name, ""))
        if both is None:
            return call
        outer = {name: value for name, value in bound.given.items() if value is not inner}
        given = {**bind(self._table[inner.name], inner, raise_fault).given, **outer}
        if any(both.param(name) is None for name in given):
            return call
        first = [param.name for param in both.positional() if param.name in given]
        named = [Named(name, value) for name, value in given.items() if name not in first]
        return Call(both.name, tuple(given[name] for name in first), tuple(named))

    def _argument(self, number: int, value: Expr, param: Param | None) -> Expr:
        return value if param is not None and param.kind in ("folds", "schema") else self._lower(number, value)

    def _lower(self, number: int, node: Expr) -> Expr:
        match node:
            case Call() if has_free_field(node, self._table):
                return self._lower_call(number, node)
            case Call():
                call = self._lower_call(number, node)
                self._temporaries += 1
                name = f"_{self._temporaries}"
                self._step(number, call, name, last=False)
                return Var(name)
            case Attr(of=of, name=name):
                return Attr(self._lower(number, of), name)
            case Index(of=of, at=at):
                return Index(self._lower(number, of), self._lower(number, at))
            case Slice(of=of, lo=lo, hi=hi):
                return Slice(self._lower(number, of), *(b and self._lower(number, b) for b in (lo, hi)))
            case Unary(op=op, of=of):
                return Unary(op, self._lower(number, of))
            case Binary(op=op, left=left, right=right):
                return Binary(op, self._lower(number, left), self._lower(number, right))
            case ListOf(items=items):
                return ListOf(tuple(self._lower(number, item) for item in items))
            case Obj(pairs=pairs):
                return Obj(tuple(Pair(p.key, self._lower(number, p.value), p.optional) for p in pairs))
        return node


def target_of(statement: Statement) -> str | None:
    """The variable that a statement writes: its target, or the one that a `write_var` which stands alone names."""
    value = statement.value
    if statement.target is not None or not isinstance(value, Call) or value.name != ASSIGNMENT:
        return statement.target
    names = (*value.args[:1], *(item.value for item in value.named if item.name == "name"))
    return next((name for node in names if (name := variable_name(node)) is not None), None)


def _names_in_call(action: Action, bound: BoundArguments, place: ExprContext, table: Table) -> Iterator[str]:
    """The variables that a call's arguments may read."""
    for param, value, inner in bound_arguments(action, bound, place):
        if param is not None and param.kind == "template" and isinstance(value, Lit) and isinstance(value.v, str):
            yield from (hole.name for hole in holes(value.v))
        elif not inner.schema and not _is_word(param, value) and (param is None or param.kind != "name"):
            yield from names_in(value, inner, table)


def names_in(node: Expr, place: ExprContext, table: Table) -> Iterator[str]:
    """The variables that working out a node may read, placeholders of templates included."""
    if is_column_word(node, place):
        return
    if isinstance(node, Var):
        yield node.name
    elif isinstance(node, Call) and node.name in table and not (place.folds and node.name in FOLDS):
        action = table[node.name]
        yield from _names_in_call(action, bind(action, node, raise_fault), place, table)
    else:
        for child in children(node):
            yield from names_in(child, context_inside(node, place), table)


def _is_word(param: Param | None, value: Expr) -> bool:
    return param is not None and param.kind == "word" and isinstance(value, Var) and value.name in param.words
