"""Arguments: from a planned step to what its action is called with, each read as its parameter says.

    n = count_matches(log, /err/, where=.line > 3)
    target   kind "target": evaluated                       the value of `log`
    query    kind "query": never evaluated, compiled         a `Matcher`
    where    kind "expr": left as it is, for every row       the expression

What the result rests on is the taint of all arguments, and of every variable that the step may read: one in a `where`
is not evaluated here, but has a part in the result all the same.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.expressions import evaluate, matcher_of
from rlmlite_kernel.evaluation.taint import TaintedValue, merge_taint
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.action_table import Action, Kind, Param
from rlmlite_kernel.program.ast import Expr, ListOf, Lit, Rx, Var
from rlmlite_kernel.program.binding import is_key_of, variable_name
from rlmlite_kernel.program.lowering import PlannedStep
from rlmlite_kernel.program.schemas import Schema, schema_of
from rlmlite_kernel.values.columns import Text
from rlmlite_kernel.values.values import Value, kind_of


class Arguments:
    """A step's arguments, with the origins and sources of all of them together.

    `given` is by parameter name, `rest` are those of a parameter that takes many, `extra` those of any other name.
    `given_origins` are the origins of `given` and `rest`.
    """

    def __init__(self, planned: PlannedStep, action: Action, context: StepContext) -> None:
        self._context, self._action = context, action
        self._evaluated: list[TaintedValue] = []
        self.given: dict[str, Any] = {}
        # In the order of the parameters, so that warnings come in the same order however a call is written.
        nodes = planned.bound
        for param in action.params:
            if param.name in nodes.given:
                self.given[param.name] = self._read(param, nodes.given[param.name])
            elif not param.many:
                self.given[param.name] = param.default
        self.rest = [self._value(node) for node in nodes.rest]
        # Without `extra`: of these only what a placeholder shows has a part in a call.
        self.given_origins, _ = merge_taint(self._evaluated)
        # With taint for any action: these fill placeholders of prompts, where content of inputs has to be fenced.
        self.extra = {name: self._evaluate(node) for name, node in nodes.extra.items()}
        # Sorted: `reads` is a set, whose order differs between processes.
        names_read = [name for name in sorted(planned.reads) if name in context.variables]
        variables_read = [context.variables[name] for name in names_read]
        # A step that evaluated nothing rests on the variables that it names; else on their taint, not on their spans.
        self.origins, self.sources = merge_taint(self._evaluated or variables_read)
        # Row expressions are evaluated later, and read variables as well.
        is_by_row = any(param.kind in _BY_ROW and param.name in nodes.given for param in action.params)
        self.parts = [*self._evaluated, *(variables_read if is_by_row else ())]
        for variable in variables_read:
            self.origins |= variable.origins

    def _evaluate(self, node: Expr) -> TaintedValue:
        argument = evaluate(node, self._context)
        self._evaluated.append(argument)
        return argument

    def _value(self, node: Expr) -> Any:
        argument = self._evaluate(node)
        return argument if self._action.with_taint else argument.value

    def _read(self, param: Param, node: Expr) -> Any:
        """An argument read by the kind of its parameter."""
        return _READERS[param.kind](self, param, node)

    def _node(self, param: Param, node: Expr) -> Expr:
        # Unevaluated: `.line > 3` has another value for every row.
        return node

    def _any(self, param: Param, node: Expr) -> Any:
        return self._value(node)

    def _query(self, param: Param, node: Expr) -> Any:
        # Not through `_evaluate`: a /regex/ has no value, and `matcher_of` evaluates any other query itself.
        return _matcher_or_null(node, self._context)

    def _pattern(self, param: Param, node: Expr) -> Any:
        return pairs_or_matcher(node, self._context)

    def _form(self, param: Param, node: Expr) -> Any:
        # A text here is a template, `{id} | {user}`, and not a query: the action makes a pattern of it.
        if isinstance(node, Rx):
            return matcher_of(node, self._context)
        return self._of_kind(param, node)

    def _schema(self, param: Param, node: Expr) -> Schema | None:
        return None if _is_null(node) else schema_of(node)

    def _template(self, param: Param, node: Expr) -> str | TaintedValue:
        # Only a literal is an instruction of the controller. Anything computed may hold content of an input, so it
        # comes with its taint, and the action puts it into the prompt as data.
        if isinstance(node, Lit) and isinstance(node.v, str):
            return node.v
        return self._evaluate(node)

    def _name(self, param: Param, node: Expr) -> Any:
        return variable_name(node)

    def _tool(self, param: Param, node: Expr) -> TaintedValue:
        # A bare name is the tool's own, unless there is a variable that holds the name of one.
        if isinstance(node, Var) and node.name not in self._context.variables:
            return TaintedValue(node.name)
        return self._evaluate(node)

    def _word(self, param: Param, node: Expr) -> Any:
        if isinstance(node, Rx):
            return matcher_of(node, self._context, by_blocks=True)
        # A key has another value for every row.
        return node if is_key_of(param, node) else _word_of(node, self._context)

    def _of_kind(self, param: Param, node: Expr) -> Any:
        # A `form` that is no /regex/ is a text.
        read = READ_VALUE.get(param.kind, require_text)
        return read(self._context, param, self._evaluate(node).value)


_BY_ROW: Final[frozenset[Kind]] = frozenset(("expr", "key", "folds"))
"""Kinds of arguments that have another value for every row."""

_READERS: dict[Kind, Callable[[Arguments, Param, Expr], Any]] = {
    "any": Arguments._any,
    "target": Arguments._any,
    "rows": Arguments._any,
    "query": Arguments._query,
    "pattern": Arguments._pattern,
    "form": Arguments._form,
    "expr": Arguments._node,
    "key": Arguments._node,
    "folds": Arguments._node,
    "schema": Arguments._schema,
    "template": Arguments._template,
    "int": Arguments._of_kind,
    "text": Arguments._of_kind,
    "bool": Arguments._of_kind,
    "word": Arguments._word,
    "name": Arguments._name,
    "tool": Arguments._tool,
}
"""How an argument of each kind is read."""


def _is_null(node: Expr) -> bool:
    return isinstance(node, Lit) and node.v is None


def _matcher_or_null(node: Expr, context: StepContext) -> object:
    return None if _is_null(node) else matcher_of(node, context)


def _word_of(node: Expr, context: StepContext) -> object:
    """`by=lines` and `by="lines"` are the same: the word is never looked up among the variables."""
    if isinstance(node, Var):
        return node.name
    return node.v if isinstance(node, Lit) else None


def pairs_or_matcher(node: Expr, context: StepContext) -> object:
    """What `replace` replaces: a matcher, or a list of (matcher, replacement) pairs."""
    if isinstance(node, ListOf) and node.items and all(isinstance(pair, ListOf) for pair in node.items):
        pairs = []
        for pair in node.items:
            if not isinstance(pair, ListOf) or len(pair.items) != 2:
                raise Fault("type", "a list of replacements must hold pairs [what, with]")
            pairs.append((matcher_of(pair.items[0], context, by_blocks=True), evaluate(pair.items[1], context).value))
        return pairs
    return matcher_of(node, context, by_blocks=True)


def require_whole_number(context: StepContext, param: Param, value: Value) -> int | None:
    """A whole number within the parameter's bound."""
    # Null may be written out only where it also is the default, and then means the same.
    if value is None and param.default is None:
        return None
    # `bool` is a subclass of `int` in Python, but `head=true` is a slip.
    if not isinstance(value, int) or isinstance(value, bool):
        raise Fault("type", f"`{param.name}` must be a whole number, not {kind_of(value)}")
    if param.least is not None and value < param.least:
        raise Fault("bound", f"`{param.name}` must be at least {param.least}, not {value}")
    return value


def require_bool(context: StepContext, param: Param, value: Value) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Fault("type", f"`{param.name}` must be true or false, not {kind_of(value)}")
    return value


def require_text(context: StepContext, param: Param, value: Value) -> str | None:
    """A text, as a string."""
    if value is None and param.default is None:
        return None
    if not isinstance(value, str | Text):
        raise Fault("type", f"`{param.name}` must be text, not {kind_of(value)}")
    return context.require_text(value, f"`{param.name}`")


READ_VALUE: Mapping[Kind, Callable[[StepContext, Param, Value], Value]] = {
    "int": require_whole_number,
    "bool": require_bool,
    "text": require_text,
}
"""How a value becomes an argument of a kind, in a call of its own and for each row of a row expression.

    sample(rows, "3")                    a fault: `k` must be a whole number, not text
    map(groups, sample(.rows, .k))       the same fault, if one row has a text as its `k`
"""

READ_ONCE: Mapping[Kind, Callable[[Expr, StepContext], object]] = {
    "pattern": pairs_or_matcher,
    "query": _matcher_or_null,
    "word": _word_of,
}
"""How an argument of a row expression is read that has no value of its own, and is the same for every row."""
