"""Which argument of a call goes to which parameter, and how names inside an expression are to be read.

The same word means different things by where it stands, and the parameter decides:

    sort(hits, line)            a key: `line` is a column
    sort(hits, by)              a key too: the column `by`, though there may be a variable of that name
    where(hits, .n > least)     a row expression: `.n` is a field of the row, `least` a variable
    chunk(log, by=lines)        a word
    sub_lm("?", schema={a: str})    a schema: `str` is a type

`ExprContext` is that meaning, handed down from a call to its arguments and on to what is inside of them. Checker,
lowering and prices all go over calls with `bind` and `bound_arguments`, so they cannot disagree.

Not here: the values of arguments (`evaluation.arguments`), and mistakes other than those of binding.
"""

from collections.abc import Iterator, Sequence

import msgspec

from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.action_table import Action, Param, Table
from rlmlite_kernel.program.ast import Alt, Attr, Call, Expr, Field, ListOf, Lit, Obj, Rx, Unary, Var, children
from rlmlite_kernel.program.checks import Report
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.program.schemas import BASICS

FOLDS = ("count", "sum", "avg", "min", "max", "first", "last", "median", "percentile", "collect", "concat")
"""What may be folded in `group(rows, key, {name: fold(expr)})`."""


class BoundArguments(msgspec.Struct, frozen=True):
    """A call's arguments: `given` by parameter, `rest` what a `many` parameter takes, `extra` other named ones."""

    given: dict[str, Expr]
    rest: tuple[Expr, ...]
    extra: dict[str, Expr]


def bind(action: Action, call: Call, report: Report) -> BoundArguments:
    """Match a call's arguments to an action's parameters, reporting every mismatch."""
    params = action.positional()
    given: dict[str, Expr] = {}
    rest: list[Expr] = []
    takes_many = bool(params) and params[-1].many
    for index, value in enumerate(in_order(action, call).args):
        if index < len(params) and not params[index].many:
            given[params[index].name] = value
        elif takes_many:
            rest.append(value)
        else:
            # Once, at the first that is too many: the ones after it are the same mistake.
            message = f"`{action.name}` takes at most {len(params)} arguments by position"
            report("arguments", message, value, _signature_hint(action))
            break
    extra = _bind_named(action, call, given, report)
    # A `many` parameter may take none at all, so it is never missing.
    required = [param.name for param in action.params if param.required and not param.many]
    missing = [name for name in required if name not in given]
    if missing:
        words = ", ".join(f"`{name}`" for name in missing)
        report("arguments", f"`{action.name}` also needs {words}", call, _signature_hint(action))
    return BoundArguments(given, tuple(rest), extra)


def in_order(action: Action, call: Call) -> Call:
    """The call with its first two arguments in the order of the parameters, where they may stand in either.

    `extract(mail, {who: str})` is `extract({who: str}, mail)`.
    """
    if not action.either_way or len(call.args) < 2:
        return call
    first, second, *others = call.args
    is_swapped = _looks_like_schema(second) and not _looks_like_schema(first)
    return Call(call.name, (second, first, *others), call.named) if is_swapped else call


def _looks_like_schema(node: Expr) -> bool:
    return isinstance(node, Obj | ListOf | Alt) or (isinstance(node, Var) and node.name in BASICS)


def _bind_named(action: Action, call: Call, given: dict[str, Expr], report: Report) -> dict[str, Expr]:
    extra: dict[str, Expr] = {}
    for item in call.named:
        param = action.param(item.name)
        if param is None and action.extra:
            extra[item.name] = item.value
        elif param is None or param.many:
            # A `many` parameter has a name in the table for its help; in a call it can be given by position only.
            known = [param.name for param in action.params]
            hint = did_you_mean(item.name, known) or _signature_hint(action)
            report("unknown_name", f"`{action.name}` has no parameter `{item.name}`", item.value, hint)
        elif item.name in given:
            report("arguments", f"`{item.name}` of `{action.name}` is given twice", item.value, "")
        else:
            given[item.name] = item.value
    return extra


def _signature_hint(action: Action) -> str:
    return f"it is {action.signature()}"


class ExprContext(msgspec.Struct, frozen=True):
    """How an expression is read.

    `row`: `.name` is a field of the current row. `key`: a bare name or text is a column. `folds`: `count()`, `sum(.n)`
    and their like are aggregates. `schema`: names are types. `query`: a /regex/ has a meaning.
    """

    row: bool = False
    schema: bool = False
    key: bool = False
    folds: bool = False
    query: bool = False


PLAIN = ExprContext()
"""Outside of any call: names are variables."""


KEY = ExprContext(row=True, key=True)
"""How a key is read: names are columns."""


def context_of(param: Param, around: ExprContext) -> ExprContext:
    """How an argument of this parameter is read."""
    if param.kind == "expr":
        return ExprContext(row=True)
    if param.kind == "key":
        return KEY
    if param.kind == "folds":
        return ExprContext(row=True, folds=True)
    if param.kind == "schema":
        return ExprContext(schema=True)
    query = param.kind in ("query", "pattern", "form") or param.or_query
    return ExprContext(row=around.row, query=query)


def is_word(param: Param, value: Expr) -> bool:
    """Whether an argument is one of the words of its parameter, quoted or bare."""
    if isinstance(value, Lit):
        return value.v in param.words
    return isinstance(value, Var) and value.name in param.words


def is_key_of(param: Param, value: Expr) -> bool:
    """Whether an argument of a parameter that takes words is a key of the rows: `chunk(turns, by=session)`."""
    if param.or_key is None or isinstance(value, Rx):
        return False
    # `by=line` may be a field or lines: what the rows have decides, when it is run.
    if variable_name(value) is None:
        return not isinstance(value, Lit)
    return not is_word(param, value)


def nearly_word(words: Sequence[str], name: str) -> str | None:
    """The word that a name is but for its case or a last s, if there is one."""
    word = name.lower()
    return next((each for each in (word, f"{word}s", word.removesuffix("s")) if each in words), None)


def bound_arguments(
    action: Action, bound: BoundArguments, around: ExprContext
) -> Iterator[tuple[Param | None, Expr, ExprContext]]:
    """Every argument with its parameter (none for an extra keyword) and how it is read."""
    for name, value in bound.given.items():
        param = action.param(name)
        if param is not None:
            yield param, value, KEY if is_key_of(param, value) else context_of(param, around)
    many = next((param for param in action.params if param.many), None)
    takes_queries = many is not None and many.kind == "query"
    for value in bound.rest:
        yield many, value, ExprContext(row=around.row, query=takes_queries)
    # Extra arguments fill placeholders or are a tool's: plain values, of no parameter.
    for value in bound.extra.values():
        yield None, value, ExprContext(row=around.row)


def variable_name(node: Expr | None) -> str | None:
    """The variable that an argument of kind `name` names: `notes` and `"notes"` are one."""
    if isinstance(node, Var):
        return node.name
    return node.v if isinstance(node, Lit) and isinstance(node.v, str) else None


def is_column_word(node: Expr, context: ExprContext) -> bool:
    """Whether a bare name or string is a column's name here."""
    is_text = isinstance(node, Lit) and isinstance(node.v, str)
    return context.key and (is_text or isinstance(node, Var))


def context_inside(node: Expr, context: ExprContext) -> ExprContext:
    """How what is inside a node is read: a list of keys holds keys, a list of queries queries."""
    # `sort(rows, [line, -n])`: the items of a key are keys, with or without a sign.
    if context.key and isinstance(node, ListOf | Unary | Attr):
        return context
    if context.query and isinstance(node, ListOf):
        return context
    return ExprContext(row=context.row, folds=context.folds and isinstance(node, Obj))


def has_free_field(node: Expr, table: Table) -> bool:
    """Whether the value of a node depends on the current row: a `.field` that no inner row action binds."""
    if isinstance(node, Field):
        return True
    if isinstance(node, Call) and node.name in table:
        action = table[node.name]
        bound = bind(action, node, _ignore_mistake)
        for _, value, context in bound_arguments(action, bound, PLAIN):
            # Fields in a row expression of this call are those of its own rows; names in a schema are types.
            binds_fields = context.row or context.schema
            if not binds_fields and has_free_field(value, table):
                return True
        return False
    return any(has_free_field(child, table) for child in children(node))


def raise_fault(code: str, message: str, node: Expr, hint: str) -> None:
    """A `Report` for calls that were checked: a mistake that is still there is a fault."""
    raise Fault(code, message)


def _ignore_mistake(code: str, message: str, node: Expr, hint: str) -> None:
    """A `Report` for calls whose mistakes are reported elsewhere."""
