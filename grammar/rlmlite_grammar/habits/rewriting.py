"""Reading a program again with the action table and the variables at hand: habits become what they mean.

Every expression is offered to the habits of the table, from the outside in, until none fits; then come its parts, each
in its own place. What is read as something else leaves a note with its line:

    hits = search(log, "disk", k=5)       search(log, "disk", limit=5)      "`k=` was read as `limit=`"
    print(where(hits, line > 3))          show(where(hits, .line > 3))      two notes

A program without habits comes back as it is, the same objects. Positions stay those of the text: a new node has the
offset of the one that it replaces.
"""

from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_grammar.habits.table import READINGS
from rlmlite_grammar.spelling.respelling import READ_AS
from rlmlite_kernel.program.action_table import Table
from rlmlite_kernel.program.ast import (
    MATCHES,
    Binary,
    Call,
    Expr,
    ListOf,
    Parsed,
    Program,
    Statement,
    Unary,
    Unread,
    children,
    map_children,
    walk,
    walk_expr,
)
from rlmlite_kernel.program.binding import FOLDS, ExprContext, bind, bound_arguments, context_inside
from rlmlite_kernel.program.lowering import target_of
from rlmlite_kernel.program.problems import Problem

_MOST_READINGS: Final = 10
"""Habits that are read in one expression, one after another."""


def rewrite(parsed: Parsed, table: Table, names: Collection[str]) -> Parsed:
    """The program with every habit read as what it means, given the actions and the variables that exist before it."""
    return _Rewriting(parsed, table, names).program()


class _Rewriting:
    """The notes so far, and where nodes stand in the text, by their identity."""

    def __init__(self, parsed: Parsed, table: Table, names: Collection[str]) -> None:
        self._parsed, self._table, self._names = parsed, table, set(names)
        self._at = {id(node): offset for node, offset in zip(walk(parsed.program), parsed.at, strict=False)}
        # Nodes that were replaced: while they live, no other node can have their identity.
        self._replaced: list[Expr | Statement] = []
        self._notes: list[Problem] = []

    def program(self) -> Parsed:
        """The whole program."""
        body = tuple(self._statement(statement) for statement in self._parsed.program.body)
        if all(new is old for new, old in zip(body, self._parsed.program.body, strict=True)):
            return self._parsed
        program = Program(body)
        at = tuple(self._at[id(node)] for node in walk(program)) if self._parsed.at else ()
        notes = sorted((*self._parsed.notes, *self._notes), key=lambda note: note.offset or 0)
        return msgspec.structs.replace(self._parsed, program=program, at=at, notes=tuple(notes))

    def _statement(self, statement: Statement) -> Statement:
        place = Place(self._table, frozenset(self._names), self._is_raw)
        value = self._read(statement.value, place)
        target = target_of(statement)
        if target is not None:
            self._names.add(target)
        if value is statement.value:
            return statement
        # `list(x)` alone is `x` alone, and only a call can stand alone.
        if statement.target is None and not isinstance(value, Call | Unread):
            value = self._put(Call("show", (value,)), statement.value)
        new = Statement(value, statement.target)
        self._at[id(new)] = self._at.get(id(statement), 0)
        self._replaced.append(statement)
        return new

    def _read(self, node: Expr, place: Place) -> Expr:
        for _ in range(_MOST_READINGS):
            rewrite = _first_rewrite(node, place)
            if rewrite is None:
                break
            if isinstance(rewrite, Unread):
                return self._put(rewrite, node)
            self._note(node, rewrite)
            node = self._put(rewrite.node, node)
        return self._read_parts(node, place)

    def _note(self, node: Expr, rewrite: Rewrite) -> None:
        message = f"`{rewrite.written}` was read as `{rewrite.read}`"
        self._notes.append(Problem(READ_AS, message, self._at.get(id(node))))

    def _put(self, new: Expr, old: Expr) -> Expr:
        """The node that takes the place of another, and has its offset, as all have that were made with it."""
        offset = self._at.get(id(old), 0)
        for node in walk_expr(new):
            self._at.setdefault(id(node), offset)
        self._replaced.append(old)
        return new

    def _is_raw(self, node: Expr) -> bool:
        offset = self._at.get(id(node))
        return offset is not None and self._parsed.text[offset : offset + 1] == "r"

    def _read_parts(self, node: Expr, place: Place) -> Expr:
        places = iter(_places_inside(node, place))
        new = map_children(node, lambda part: self._read(part, next(places)))
        return node if new is node else self._put(new, node)


def _first_rewrite(node: Expr, place: Place) -> Rewrite | Unread | None:
    for reading in READINGS:
        rewrite = reading(node, place)
        if rewrite is not None:
            return rewrite
    return None


def _places_inside(node: Expr, place: Place) -> list[Place]:
    """The place of each part of a node, in the order of `children`: as the checker reads it."""
    parts = children(node)
    if place.context.schema:
        # What is in a schema stays in a schema.
        return [place] * len(parts)
    row = place.context.row
    if isinstance(node, Call):
        places = dict(_places_of_arguments(node, place))
        return [places[id(part)] for part in parts]
    if isinstance(node, Binary) and node.op in MATCHES:
        contexts = (ExprContext(row=row), ExprContext(row=row, query=True))
        return [place._replace(context=context, param=None) for context in contexts]
    param = place.param if isinstance(node, ListOf | Unary) else None
    return [place._replace(context=context_inside(node, place.context), param=param)] * len(parts)


def _places_of_arguments(call: Call, place: Place) -> Iterator[tuple[int, Place]]:
    """The place of every argument, by the identity of its node."""
    # What no parameter takes is a value as any other; the checker will report it.
    for value in children(call):
        yield id(value), place._replace(context=ExprContext(row=place.context.row), param=None)
    if place.context.folds and call.name in FOLDS:
        for value in call.args:
            yield id(value), place._replace(context=ExprContext(row=True), param=None)
    elif call.name in place.table:
        action = place.table[call.name]
        bound = bind(action, call, _ignore)
        for param, value, context in bound_arguments(action, bound, place.context):
            yield id(value), place._replace(context=context, param=param)


def _ignore(code: str, message: str, node: Expr, hint: str) -> None:
    """A `Report` for calls that are checked later."""
