"""Working out plain expressions: once, with origins and spans. They hold no calls; those were lowered to steps.

Row expressions, which are worked out once a row, are in `row_expressions`.
"""

from rlmlite_kernel.engines.query.query import Matcher, Query, any_of, literal
from rlmlite_kernel.engines.search.find import find, occurs
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import DERIVED, FOREIGN, StepContext, TaintedValue, merge_taint
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import (
    LOGIC,
    MATCHES,
    Attr,
    Binary,
    Expr,
    Index,
    ListOf,
    Lit,
    Obj,
    Slice,
    Unary,
    Var,
    children,
)
from rlmlite_kernel.program.queries import constant_query, matcher_for
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.operators import (
    ARITHMETIC,
    COMPARISONS,
    ORDERINGS,
    dereference,
    mixes_list_and_single,
    mixes_text_and_number,
    negate,
    truthy,
)
from rlmlite_kernel.values.values import Rows, Value, kind_of, rows_of, text_of

_REGEX_SIGNS = ("|", ".*", "\\d", "\\w", "\\s", ".+", "[^")


def evaluate(node: Expr, context: StepContext) -> TaintedValue:
    """The value of a plain expression. Raises `Fault`."""
    match node:
        case Lit(v=value):
            return TaintedValue(value)
        case Var(name=name):
            return variable_value(name, context)
        case Attr(of=of, name=name):
            base = evaluate(of, context)
            return _rested(base.derive(None), access.read_attribute(base.value, name, context))
        case Index(of=of, at=at):
            return _index(of, at, context)
        case Slice(of=of, lo=lo, hi=hi):
            return _slice(of, lo, hi, context)
        case ListOf() | Obj():
            return _collection(node, context)
        case Unary(op="not", of=of):
            base = evaluate(of, context)
            return base.derive(not truthy(base.value))
        case Unary(of=of):
            base = evaluate(of, context)
            return base.derive(negate(base.value))
        case Binary():
            return _operation(node, context)
    raise Fault("type", f"a {type(node).__name__.lower()} has no value by itself")


def _collection(node: ListOf | Obj, context: StepContext) -> TaintedValue:
    parts = [evaluate(item, context) for item in children(node)]
    values = [part.value for part in parts]
    if isinstance(node, ListOf):
        return TaintedValue(values, *merge_taint(parts))
    return TaintedValue({pair.key: value for pair, value in zip(node.pairs, values, strict=True)}, *merge_taint(parts))


def variable_value(name: str, context: StepContext) -> TaintedValue:
    """The value of a variable. Raises `Fault("unknown_name")`."""
    if name not in context.variables:
        raise Fault("unknown_name", f"no variable `{name}`")
    return context.variables[name]


def _index(of: Expr, at: Expr, context: StepContext) -> TaintedValue:
    index = evaluate(at, context)
    key, literal = dereference(index.value, context.blobs), isinstance(at, Lit)
    if isinstance(of, Attr) and of.name == "lines":
        base = evaluate(of.of, context)
        text = _viewed(base.value, context)
        if text is not None:
            if index.origins & FOREIGN:
                access.warn_of_part(text, context)
            return base.derive(access.line_at(text, key, literal, context)).taint(index.origins)
    base = evaluate(of, context)
    value = access.index_value(base.value, key, literal, context)
    return TaintedValue(value, base.origins | index.origins | DERIVED, _narrowed(base, key, literal))


def _narrowed(base: TaintedValue, key: Value, literal: bool) -> tuple[Spans, ...]:
    """The sources of one row: its own span."""
    rows = base.value
    if not isinstance(rows, Rows) or rows.spans is None or not isinstance(key, int):
        return base.sources
    place = key + len(rows) if key < 0 and literal else key
    return (rows.slice(place, place + 1).spans or rows.spans,) if 0 <= place < len(rows) else ()


def _slice(of: Expr, lo: Expr | None, hi: Expr | None, context: StepContext) -> TaintedValue:
    (low, low_origins), (high, high_origins) = _bound(lo, context), _bound(hi, context)
    literal = (isinstance(lo, Lit), isinstance(hi, Lit))
    found = bool((low_origins | high_origins) & FOREIGN)  # from rows, not chosen by the controller
    if isinstance(of, Attr) and of.name in ("lines", "chars"):
        base = evaluate(of.of, context)
        text = _viewed(base.value, context)
        if text is not None:
            if found and of.name == "lines":
                access.warn_of_part(text, context)
            view = access.lines_slice if of.name == "lines" else access.chars_slice
            return _rested(base, view(text, low, high, literal, context)).taint(low_origins | high_origins)
    base = evaluate(of, context)
    if found:
        access.warn_of_part(base.value, context)
    return _rested(base, access.slice_value(base.value, low, high, literal, context)).taint(low_origins | high_origins)


def _rested(base: TaintedValue, value: Value) -> TaintedValue:
    """A part of a value, resting on its own spans where it has any."""
    spans = value.spans if isinstance(value, Rows) else None
    return TaintedValue(value, base.origins, (spans,) if spans is not None else base.sources)


def _viewed(value: Value, context: StepContext) -> Text | None:
    return text_of(value, context.blobs)


def _bound(node: Expr | None, context: StepContext) -> tuple[int | None, int]:
    """A bound, and the origins of what it was worked out from."""
    if node is None:
        return None, 0
    bound = evaluate(node, context)
    if not isinstance(bound.value, int) or isinstance(bound.value, bool):
        raise Fault("type", f"a slice's bound is a whole number, not {kind_of(bound.value)}")
    return bound.value, bound.origins


def _operation(node: Binary, context: StepContext) -> TaintedValue:
    """An operator on two plain values."""
    left, right = evaluate(node.left, context), evaluate(node.right if node.op not in MATCHES else Lit(None), context)
    origins, sources = merge_taint((left, right))
    return TaintedValue(_result(node, left.value, right.value, context), origins | DERIVED, sources)


def _result(node: Binary, left: Value, right: Value, context: StepContext) -> Value:
    if node.op in LOGIC:
        return truthy(left) and truthy(right) if node.op == "and" else truthy(left) or truthy(right)
    if node.op in MATCHES:
        return value_matches(left, matcher_of(node.right, context), context) is (node.op == "matches")
    return operate(node.op, left, right, context)


def operate(op: str, left: Value, right: Value, context: StepContext) -> Value:
    """A comparison or arithmetic on two values, with the warnings and charges that go with it."""
    return operate_dereferenced(op, dereference(left, context.blobs), dereference(right, context.blobs), context)


def operate_dereferenced(op: str, left: Value, right: Value, context: StepContext) -> Value:
    """`operate` on values whose texts are strings."""
    if op in ARITHMETIC:
        if op == "+" and isinstance(left, str | list) and isinstance(right, str | list):
            context.ensure_room(len(left) + len(right))
        return ARITHMETIC[op](left, right)
    if mixes_text_and_number(left, right):
        warn_mixed(op, context)
    elif op in ORDERINGS and mixes_list_and_single(left, right):
        context.warn(
            f"`{op}` compared a whole list with one value, which never holds: `.name` is the row's field, `x.name` the "
            "whole column; `in` looks into a list"
        )
    return COMPARISONS[op](left, right)


def warn_mixed(op: str, context: StepContext) -> None:
    """Text met a number in a comparison: most likely a slip."""
    context.warn(f'`{op}` compared text with a number, which are never equal: use int(...) or "..."')


def value_matches(value: Value, matcher: Matcher, context: StepContext) -> bool:
    """Whether a regex matches somewhere in a text; nothing else matches."""
    if isinstance(value, Text):
        return matches(matcher, value.read(context.blobs), context)
    return isinstance(value, str) and matches(matcher, value.encode(), context)


def query_of(node: Expr, context: StepContext) -> Query:
    """The query that an argument is."""
    query = constant_query(node)
    if query is None and isinstance(node, ListOf):
        return any_of(*(query_of(item, context) for item in node.items))
    if query is None:
        query = _query_of_value(evaluate(node, context).value, context)
    _warn_of_regex(query, context)
    return query


def matcher_of(node: Expr, context: StepContext, by_blocks: bool = False) -> Matcher:
    """The compiled query that an argument is."""
    return matcher_for(query_of(node, context), by_blocks)


def matches(matcher: Matcher, content: bytes, context: StepContext) -> bool:
    """Whether there is a match in a content; charges its bytes, or the work of the search if it is long."""
    short = occurs(content, matcher)
    if short is not None:
        context.charge("search_work", len(content) * matcher.weight, "`matches`")
        return short
    found = find(content, matcher, 0, len(content), context.budget_left("search_work"), 1)
    if found.out_of_work:
        raise Fault("budget", "`matches` ran out of search_work")
    context.charge("search_work", found.work, "`matches`")
    return len(found.starts) > 0


def _query_of_value(value: Value, context: StepContext) -> Query:
    rows = rows_of(value)
    if rows is not None:
        return any_of(
            *(literal(context.require_text(item, "each item of the query")) for item in rows.values(context.blobs))
        )
    if value is None or isinstance(value, bool | int | float | dict):
        raise Fault("query", f"a query is text, a list of texts or a /regex/, not {kind_of(value)}")
    return literal(context.require_text(value, "the query"))


def _warn_of_regex(query: Query, context: StepContext) -> None:
    for member in query.members or (query,):
        if member.kind == "literal" and any(sign in member.text for sign in _REGEX_SIGNS):
            context.warn("a text is searched for as it stands; write /.../ for a regular expression", member.text)
