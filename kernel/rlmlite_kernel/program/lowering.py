"""Lowering: statements become steps of exactly one action each.

So every action has one receipt, whatever the program nests. A nested call becomes a step of its own, which writes a
temporary `_1`, `_2`, ...; one that depends on the current row has no value of its own and stays where it is.

    n = count(where(hits, .line > 3)) + 1        _1 = where(hits, .line > 3)
                                                 _2 = count(_1)
                                                 n = write_var("n", _2 + 1)

    x = map(hits, lower(.text))                  x = map(hits, lower(.text))

`x = expr` without a call at the top is `write_var("x", expr)`. Two calls that the table knows to do together become one
step: `count(search(x, q))` counts without building the hits (`Action.fused`).

Not here: mistakes. Lowering trusts what was checked; a statement with problems becomes one step that will not run.
"""

from collections.abc import Iterator, Mapping

import msgspec

from rlmlite_kernel.program.action_table import Action, Param, Table
from rlmlite_kernel.program.ast import (
    ASSIGNMENT,
    Alt,
    Call,
    Expr,
    Lit,
    Named,
    Program,
    Statement,
    Var,
    children,
    map_children,
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
    in_order,
    is_column_word,
    is_word,
    raise_fault,
    variable_name,
)
from rlmlite_kernel.program.problems import Problem
from rlmlite_kernel.program.templates import holes


class PlannedStep(msgspec.Struct, frozen=True, eq=False):
    """One step to run: an action, the variable that it writes, the names that it may read.

    `last`: it ends its statement, and the statement's temporaries are dropped after it. `barrier`: it depends on every
    step before it, and every step after depends on it. A statement with `problems` is one step that will not run.
    `written` is the call of the statement before it was lowered, by which its last step is labelled.
    """

    statement: int
    call: Call
    bound: BoundArguments
    target: str | None
    last: bool
    reads: frozenset[str]
    barrier: bool
    problems: tuple[Problem, ...] = ()
    written: Call | None = None

    def depends_on(self, earlier: "PlannedStep") -> bool:
        """Whether this step has to wait for one that comes before it in the program."""
        if earlier.barrier or self.barrier:
            return True
        # `a = ...; b = a`, and `a = ...; a = ...`: the last write has to be the program's last.
        reads_it = earlier.target is not None and earlier.target in self.reads
        writes_it = earlier.target is not None and earlier.target == self.target
        # `b = a; a = ...`: a step whose turn has not come yet must still find the old `a`.
        overwrites_what_is_read = self.target is not None and self.target in earlier.reads
        return reads_it or writes_it or overwrites_what_is_read

    @property
    def op(self) -> str:
        """The action's name."""
        return self.call.name

    def as_statement(self) -> Statement:
        """The step as the record holds it."""
        return Statement(self.call, self.target)


def lower(program: Program, table: Table, problems: Mapping[int, list[Problem]]) -> list[PlannedStep]:
    """The steps of every statement, in order."""
    lowering = _Lowering(table)
    for number, statement in enumerate(program.body):
        if number in problems:
            lowering.refuse(number, statement, tuple(problems[number]))
        else:
            lowering.lower_statement(number, statement)
    return lowering.steps


def plan_recorded(statement: Statement, number: int, written: Call | None, table: Table) -> PlannedStep:
    """The step that a record holds (`as_statement`), to be run again without the program that it came from.

    `number` is that of its statement, `written` the call of the statement before it was lowered, if it ends it.
    """
    call = _call_of(statement)
    action = table[call.name]
    bound = bind(action, call, raise_fault)
    reads = frozenset(_names_in_call(action, bound, PLAIN, table))
    return PlannedStep(number, call, bound, statement.target, written is not None, reads, action.barrier, (), written)


def plan_refused(statement: Statement, number: int, problems: tuple[Problem, ...]) -> PlannedStep:
    """The step of a statement that has `problems`, as `plan_recorded`."""
    # Not bound: its arguments may be what is wrong. So it reads nothing, and waits for nothing.
    nothing = BoundArguments({}, (), {})
    return PlannedStep(number, _call_of(statement), nothing, statement.target, True, frozenset(), False, problems)


class _Lowering:
    """The steps so far, and how many temporaries they write. `number` is always that of a statement, from 0."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._temporaries = 0
        self.steps: list[PlannedStep] = []

    def refuse(self, number: int, statement: Statement, problems: tuple[Problem, ...]) -> None:
        """One step for a statement that will not run."""
        named = Statement(statement.value, target_of(statement))
        self.steps.append(plan_refused(named, number, problems))

    def lower_statement(self, number: int, statement: Statement) -> None:
        """The steps of a statement."""
        written = _call_of(statement)
        self._add(number, self._lower_call(number, written), target_of(statement), written)

    def _add(self, number: int, call: Call, target: str | None, written: Call | None = None) -> None:
        """A step for a call whose arguments are lowered."""
        self.steps.append(plan_recorded(Statement(call, target), number, written, self._table))

    def _lower_call(self, number: int, call: Call) -> Call:
        """The call with every nested call that can stand alone taken out."""
        call = _fuse(call, self._table)
        action = self._table[call.name]
        call = in_order(action, call)
        params = action.positional()
        args: list[Expr] = []
        for index, value in enumerate(call.args):
            # The last parameter may take all further arguments.
            param = params[min(index, len(params) - 1)] if params else None
            args.append(self._lower_argument(number, value, param))
        # In the order in which they are written, so that temporaries are numbered, and their steps run, in that order.
        named: list[Named] = []
        for item in call.named:
            value = self._lower_argument(number, item.value, action.param(item.name))
            named.append(Named(item.name, value))
        return Call(call.name, tuple(args), tuple(named))

    def _lower_argument(self, number: int, value: Expr, param: Param | None) -> Expr:
        # What looks like a call in folds and schemas is none: `{n: count()}`, `{day: date}`.
        is_literal = param is not None and param.kind in ("folds", "schema")
        return value if is_literal else self._lower(number, value)

    def _lower(self, number: int, node: Expr) -> Expr:
        """The same expression, its nested calls replaced by temporaries."""
        match node:
            case Call() if has_free_field(node, self._table):
                return self._lower_call(number, node)
            case Call():
                return self._temporary(number, node)
            case Alt():
                # It stands only in schemas, which are not lowered.
                return node
        return map_children(node, lambda part: self._lower(number, part))

    def _temporary(self, number: int, call: Call) -> Var:
        """A step for a nested call, and the temporary that it writes."""
        lowered = self._lower_call(number, call)  # its own nested calls come before it
        self._temporaries += 1
        name = f"_{self._temporaries}"
        self._add(number, lowered, name)
        return Var(name)


def _call_of(statement: Statement) -> Call:
    """The call that a statement is, or the assignment that it is short for."""
    value = statement.value
    return value if isinstance(value, Call) else Call(ASSIGNMENT, (Lit(target_of(statement)), value))


def _fuse(call: Call, table: Table) -> Call:
    """`count(search(x, q))` as the one action that does both, if that takes every argument of the two."""
    action = table[call.name]
    if not action.fused:
        return call
    bound = bind(action, call, raise_fault)
    inner = bound.given.get(action.params[0].name)
    if not isinstance(inner, Call):
        return call
    # Only where the outer call gives every parameter: the third action's defaults may mean something else.
    leaves_defaults = len(bound.given) < len(action.params)
    # A call that depends on the row is evaluated for each row, and is no step that could be joined with another.
    if leaves_defaults or has_free_field(inner, table):
        return call
    both = table.get(action.fused.get(inner.name, ""))
    if both is None:
        return call
    inner_given = bind(table[inner.name], inner, raise_fault).given
    outer_given = {name: value for name, value in bound.given.items() if value is not inner}
    given = {**inner_given, **outer_given}
    # `count(search(x, q, limit=5))` counts at most five, so it stays two steps: `count_matches` has no `limit`.
    if any(both.param(name) is None for name in given):
        return call
    by_position = [param.name for param in both.positional() if param.name in given]
    args = tuple(given[name] for name in by_position)
    named = tuple(Named(name, value) for name, value in given.items() if name not in by_position)
    return Call(both.name, args, named)


def target_of(statement: Statement) -> str | None:
    """The variable that a statement writes: its target, or the one that a `write_var` which stands alone names."""
    value = statement.value
    if statement.target is not None or not isinstance(value, Call) or value.name != ASSIGNMENT:
        return statement.target
    # Read without `bind`: this is asked of statements with problems too, whose arguments may not fit.
    first_arguments = value.args[:1]
    named_arguments = (item.value for item in value.named if item.name == "name")
    for node in (*first_arguments, *named_arguments):
        name = variable_name(node)
        if name is not None:
            return name
    return None


def _names_in_call(action: Action, bound: BoundArguments, context: ExprContext, table: Table) -> Iterator[str]:
    """The variables that a call's arguments may read."""
    for param, value, inner in bound_arguments(action, bound, context):
        if param is not None and param.kind == "template" and isinstance(value, Lit) and isinstance(value.v, str):
            # A placeholder may turn out to be a field of the rows; depending on a variable of that name does no harm.
            yield from (hole.name for hole in holes(value.v))
        elif not _names_nothing(param, value, inner):
            yield from names_in(value, inner, table)


def _names_nothing(param: Param | None, value: Expr, context: ExprContext) -> bool:
    """Whether the names in an argument are no variables that it reads: types, a word, the variable to be written."""
    names_variable = param is not None and param.kind == "name"
    return context.schema or names_variable or _is_word(param, value)


def names_in(node: Expr, context: ExprContext, table: Table) -> Iterator[str]:
    """The variables that evaluating a node may read, placeholders of templates included."""
    if is_column_word(node, context):
        return
    if isinstance(node, Var):
        yield node.name
    elif isinstance(node, Call) and node.name in table and not (context.folds and node.name in FOLDS):
        action = table[node.name]
        yield from _names_in_call(action, bind(action, node, raise_fault), context, table)
    else:
        for child in children(node):
            yield from names_in(child, context_inside(node, context), table)


def _is_word(param: Param | None, value: Expr) -> bool:
    # A bare name that is none of the words is a variable: checking has refused what is neither.
    if param is None or param.kind != "word":
        return False
    return is_word(param, value)
