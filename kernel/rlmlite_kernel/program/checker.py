"""Checking a program before it runs: every problem of every statement at once.

A statement with a problem does not run, nor do those that need its variable; the others do. So a controller that has
made three mistakes in ten statements sees all three, with place and hint, and has the results of the other seven.

    x = serach(log, "ERROR")      unknown_action: no action `serach`; did you mean `search`?
    y = count(x)                  no problem of its own: `x` counts as written, and this statement is skipped
    z = chunk(log, size=0)        bound: `size` of `chunk` must be at least 1, not 0

What is asked of an argument follows from its parameter's kind and, for arguments together, from the checks in the
action's row. What a name means follows from the context that it stands in (`binding.ExprContext`).

Not here: anything that depends on values. A row without a field, a list where text is needed: those are faults of the
step when it runs.
"""

from collections.abc import Iterable, Mapping

import msgspec

from rlmlite_kernel.engines.query.query import Query, regex
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.action_table import Action, Param, Table
from rlmlite_kernel.program.ast import (
    ASSIGNMENT,
    MATCHES,
    Alt,
    Binary,
    Call,
    Expr,
    Field,
    ListOf,
    Lit,
    Obj,
    Parsed,
    Rx,
    Statement,
    Unread,
    Var,
    children,
    walk,
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
    is_key_of,
    is_word,
    variable_name,
)
from rlmlite_kernel.program.checks import CheckedCall
from rlmlite_kernel.program.lowering import target_of
from rlmlite_kernel.program.problems import Problem, did_you_mean
from rlmlite_kernel.program.queries import constant_query, matcher_for
from rlmlite_kernel.program.schemas import schema_of
from rlmlite_kernel.program.templates import holes
from rlmlite_kernel.records.settings import Policy

_LIKE_AN_ACTION = 0.8
"""How much an unknown name has to resemble an action's for that to be named: a wrong lead is worse than none."""

_MAX_DEPTH = 100
"""Levels of nesting. Evaluation is recursive, so this keeps it within the stack."""


class Scope(msgspec.Struct, frozen=True):
    """What a program is checked against: the variables that exist, which of them are inputs, actions and policy."""

    names: frozenset[str]
    inputs: frozenset[str]
    table: Table
    policy: Policy


def check(parsed: Parsed, scope: Scope) -> dict[int, list[Problem]]:
    """The problems of a program, by the number of their statement (from 0)."""
    problems: dict[int, list[Problem]] = {}
    names = set(scope.names)
    ended = False
    for number, statement in enumerate(parsed.program.body):
        statement_check = _StatementCheck(parsed, scope, names)
        if ended:
            statement_check.report("unreachable", "nothing runs after final(...)", statement, "put final last")
        statement_check.check_statement(statement)
        if statement_check.problems:
            problems[number] = statement_check.problems
        target = target_of(statement)
        if target is not None:
            # Even of a statement with problems. Those that need it are skipped; that is not a mistake of their own.
            names.add(target)
        ended = ended or ends_run(statement, scope.table)
    return problems


class _StatementCheck:
    """The check of one statement. `names` are the variables that exist before it."""

    def __init__(self, parsed: Parsed, scope: Scope, names: set[str]) -> None:
        self._parsed, self._scope, self._names = parsed, scope, names
        self.problems: list[Problem] = []

    def report(self, code: str, message: str, node: Expr | Statement, hint: str = "") -> None:
        """Note a problem at a node."""
        self.problems.append(Problem(code, message, offset_of(node, self._parsed), hint))

    def check_statement(self, statement: Statement) -> None:
        """Check a statement and all that is in it."""
        if statement.target is not None:
            self._check_target(statement.target, statement)
            if isinstance(statement.value, Call) and statement.value.name == ASSIGNMENT:
                self.report("arguments", f"`{ASSIGNMENT}` writes a variable itself", statement, "write name = value")
        # Before the visit, which is recursive itself.
        if _too_deep(statement.value):
            self.report("bound", f"the expression is nested deeper than {_MAX_DEPTH}", statement)
            return
        self._visit(statement.value, PLAIN)

    def _check_target(self, name: str, node: Expr | Statement) -> None:
        if name in self._scope.inputs:
            self.report("read_only", f"`{name}` is an input and cannot be written", node, "choose another name")
        if is_temporary(name):
            self.report("read_only", f"`{name}` is a reserved name", node, "the kernel uses names such as _1 itself")

    def _visit(self, node: Expr, context: ExprContext) -> None:
        """Check an expression and all that is in it."""
        if is_column_word(node, context):
            # Whether the rows have such a column is known only when it runs.
            return
        if isinstance(node, Call):
            self._check_call(node, context)
        elif isinstance(node, Binary) and node.op in MATCHES:
            self._visit(node.left, ExprContext(row=context.row))
            self._visit(node.right, ExprContext(row=context.row, query=True))
        else:
            self._check_position(node, context)
            for child in children(node):
                self._visit(child, context_inside(node, context))

    def _check_position(self, node: Expr, context: ExprContext) -> None:
        """Report a node that has no meaning where it stands."""
        match node:
            case Unread(code=code, message=message, hint=hint):
                self.report(code, message, node, hint)
            case Var(name=name):
                self._check_name(name, node, context)
            case Field(name=name) if not context.row:
                hint = "rows.name is a column; .name works inside where, map, sort ..."
                self.report("type", f"`.{name}` is meaningful only inside a row action", node, hint)
            case Rx() if not context.query:
                hint = "use it in search, chunk(by=), replace, or after `matches`"
                self.report("type", "a /regex/ is not allowed here", node, hint)
            case Rx():
                self._check_query(node, node)
            case Alt():
                self.report("type", '"a" | "b" is meaningful only in a schema', node, "use `or` between conditions")
            case Obj(pairs=pairs):
                for pair in pairs:
                    if pair.optional:
                        self.report("schema", f"`{pair.key}?` is meaningful only in a schema", node)

    def _check_name(self, name: str, node: Expr, context: ExprContext) -> None:
        if name in self._names:
            return
        # Sorted, since a set has no order of its own and the message goes into the record; a dozen is enough to recall.
        known = sorted(self._names)[:12]
        hint = did_you_mean(name, self._names) or f"known: {', '.join(known)}"
        if context.row:
            hint = f"a field of the row is `.{name}`; {hint}"
        self.report("unknown_name", f"no variable `{name}`", node, hint)

    def _check_call(self, call: Call, context: ExprContext) -> None:
        if context.folds and call.name in FOLDS and call.name in self._scope.table:
            # An aggregate of `group`, not an action: its argument is evaluated for each row.
            for value in call.args:
                self._visit(value, ExprContext(row=True))
            return
        action = self._find_action(call)
        if action is None:
            return
        # A call without a field of the row is evaluated once, before the rows.
        needs_rows = context.row and has_free_field(call, self._scope.table)
        if needs_rows and not action.in_rows:
            words = ", ".join(name for name, entry in self._scope.table.items() if entry.in_rows)
            hint = f"use {action.by_row}" if action.by_row else f"in row expressions: {words}"
            self.report("type", f"`{call.name}` cannot be applied row by row", call, hint)
        # Mistakes in binding do not end the check: what could be bound is checked, so that all is reported at once.
        bound = bind(action, call, self.report)
        checked_call = CheckedCall(call, bound.given, bound.extra, action.signature())
        for check_arguments in action.checks:
            check_arguments(checked_call, self.report)
        for param, value, inner in bound_arguments(action, bound, context):
            self._check_argument(action, param, value, inner, bound)

    def _find_action(self, call: Call) -> Action | None:
        """The action that a call names; one that the policy forbids is reported, and checked all the same."""
        name, table = call.name, self._scope.table
        permitted = self._scope.policy.actions
        action = table.get(name)
        if action is None:
            hint = did_you_mean(name, table, _LIKE_AN_ACTION) or f"actions: {', '.join(table)}"
            if not name.isidentifier():
                # What is left of other languages in a program that nobody has read again.
                hint = "methods, arrows and f-strings have no meaning of their own; write action(value, ...)"
            self.report("unknown_action", f"no action `{name}`", call, hint)
        elif permitted is not None and name not in permitted:
            hint = f"permitted: {', '.join(permitted)}"
            self.report("not_permitted", f"this run does not permit `{name}`", call, hint)
        return action

    def _check_argument(
        self, action: Action, param: Param | None, value: Expr, context: ExprContext, bound: BoundArguments
    ) -> None:
        if param is None:
            self._visit(value, context)
            return
        match param.kind:
            case "schema":
                self._check_schema(value)
            case "template":
                self._check_template(action, param, value, bound)
            case "name":
                self._check_variable_name(value)
            case "query" | "pattern":
                self._check_query(value, value)
                self._visit(value, context)
            case "word":
                self._check_word(action, param, value, context)
            case "tool" if isinstance(value, Var) and value.name not in self._names:
                self._check_tool(value.name, value)
            case "int":
                self._check_number(action, param, value)
                self._visit(value, context)
            case _:
                self._visit(value, context)

    def _check_tool(self, name: str, value: Expr) -> None:
        # A tool is an action of the table too. Whether this action is one shows when it runs.
        if name not in self._scope.table:
            hint = did_you_mean(name, {*self._scope.table, *self._names}) or "write the name of a tool"
            self.report("unknown_name", f"there is no tool `{name}`", value, hint)

    def _check_schema(self, value: Expr) -> None:
        try:
            schema_of(value)
        except Fault as fault:
            self.report(fault.code, fault.message, value)

    def _check_query(self, value: Expr, node: Expr) -> None:
        holds_pairs = isinstance(value, ListOf) and any(isinstance(item, ListOf) for item in value.items)
        if holds_pairs:
            # A list of pairs [what, with]: each is checked where it is visited.
            return
        try:
            if isinstance(value, Rx):
                query: Query | None = regex(value.pattern, value.flags)
            else:
                query = constant_query(value)
            # Compiled for its errors only. The step that runs it gets the same matcher from the cache.
            if query is not None:
                matcher_for(query)
        except Fault as fault:
            # A regex is checked as an argument and again where it is visited.
            if not any(problem.message == fault.message for problem in self.problems):
                self.report(fault.code, fault.message, node)

    def _check_template(self, action: Action, param: Param, value: Expr, bound: BoundArguments) -> None:
        """A template's placeholders, as far as they can be known before the rows that fill them are there."""
        if not isinstance(value, Lit) or not isinstance(value.v, str):
            if param.holes == "variables":
                self._visit(value, PLAIN)
            else:
                # Which fields of the rows it needs would be known only while it runs.
                self.report("template", f"the template of `{action.name}` must be a string literal", value)
            return
        arguments = set(bound.extra)
        names_in_holes = {hole.name for hole in holes(value.v)}
        if param.holes == "variables":
            self._check_placeholders(names_in_holes, self._names | arguments, value)
        elif param.holes == "a_field" and param.appends is None and names_in_holes <= arguments:
            # Named arguments are the same for every row, so every call would ask the same.
            self.report("template", "the prompt does not show the chunk", value, "write {chunk} where its text goes")

    def _check_placeholders(self, named: set[str], known: set[str], value: Expr) -> None:
        for name in sorted(named - known):
            hint = did_you_mean(name, known) or "pass it as a keyword argument, or write {{name}} for the literal text"
            self.report("template", f"{{{name}}} is neither a variable nor an argument", value, hint)

    def _check_variable_name(self, value: Expr) -> None:
        name = variable_name(value)
        if name is not None and name.isidentifier() and name.isascii():
            self._check_target(name, value)
        else:
            self.report("type", 'the name of a variable is one word, such as notes or "notes"', value)

    def _check_word(self, action: Action, param: Param, value: Expr, context: ExprContext) -> None:
        if is_word(param, value):
            return
        if is_key_of(param, value):
            self._visit(value, context)
            return
        if param.or_query and isinstance(value, Rx):
            self._check_query(value, value)
            return
        words = ", ".join(f'"{word}"' for word in param.words)
        if param.or_query:
            words += " or a /regex/"
        if param.or_key is not None:
            words += ", or a field of the rows"
        self.report("type", f"`{param.name}` of `{action.name}` must be one of {words}", value)

    def _check_number(self, action: Action, param: Param, value: Expr) -> None:
        if not isinstance(value, Lit) or value.v is None:
            # Computed, so it is checked when the step runs; or null, which is as if it were not given.
            return
        number = value.v
        subject = f"`{param.name}` of `{action.name}`"
        # In Python `True` is an int; in a program it is not a number.
        if not isinstance(number, int) or isinstance(number, bool):
            self.report("type", f"{subject} must be a whole number", value)
        elif param.least is not None and number < param.least:
            self.report("bound", f"{subject} must be at least {param.least}, not {number}", value)


def is_temporary(name: str) -> bool:
    """Whether a name is one of the kernel's own: `_1`, `_2`, ..."""
    return name.startswith("_") and name[1:].isdigit()


def offset_of(node: Expr | Statement, parsed: Parsed) -> int | None:
    """Where a node begins in the text, if the program came from one."""
    # By identity: equal nodes may stand in several places. A walk for each problem is enough, as problems are few.
    for index, other in enumerate(walk(parsed.program)):
        if other is node:
            return parsed.at[index] if index < len(parsed.at) else None
    return None


def ends_run(statement: Statement, table: Table) -> bool:
    """Whether nothing runs after a statement."""
    call = statement.value
    return isinstance(call, Call) and call.name in table and table[call.name].ends


def _too_deep(node: Expr) -> bool:
    """Whether an expression has too many levels. Goes level by level: recursion is what it guards against."""
    level: Iterable[Expr] = (node,)
    for _ in range(_MAX_DEPTH):
        level = [child for parent in level for child in children(parent)]
        if not level:
            return False
    return True


def all_problems(by_statement: Mapping[int, list[Problem]]) -> list[Problem]:
    """Every problem, in the order of the statements."""
    return [problem for number in sorted(by_statement) for problem in by_statement[number]]
