"""Plain expressions: evaluated once, with the taint and provenance of everything that took part.

    hits                       taint: input, and which one (`log`); provenance: the span of every hit
    hits[0].text               the same taint, and derived; provenance: the span of the first hit alone
    log[hits[0].start:900]     tainted by `hits` too, which chose where the slice begins

They hold no calls: lowering made steps of those. Expressions that are evaluated once per row are in `row_expressions`.
"""

from typing import Literal, NamedTuple, TypeAlias

from rlmlite_kernel.engines.bytes.line_ends import newline_view
from rlmlite_kernel.engines.query.query import Matcher, Query, any_of, literal
from rlmlite_kernel.engines.search.find import find, occurs
from rlmlite_kernel.engines.spelled.moments import mixes_clocks
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.evaluation.misses import example_of
from rlmlite_kernel.evaluation.resolve import resolve, row_values
from rlmlite_kernel.evaluation.taint import DERIVED, FOREIGN, TaintedValue, merge_taint, words_of
from rlmlite_kernel.evaluation.work import is_long, work_of_operation
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import (
    MATCHES,
    MEMBERSHIP,
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
from rlmlite_kernel.program.queries import constant_query, matcher_for, reads_like_regex
from rlmlite_kernel.records.evolution import TIMES_AND_STEMS, WHOLE_LINES
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.operators import (
    ARITHMETIC,
    COMPARISONS,
    ORDERINGS,
    can_take,
    days_between,
    mixes_kinds,
    mixes_list_and_single,
    mixes_text_and_number,
    negate,
    seconds_between,
    truthy,
    why_null,
)
from rlmlite_kernel.values.values import Rows, Value, kind_of, rows_of


def evaluate(node: Expr, context: StepContext) -> TaintedValue:
    """The value of a plain expression. Raises `Fault`."""
    # Recursion is safe: the grammar refuses a program that is nested too deeply.
    match node:
        case Lit(v=value):
            return TaintedValue(value)
        case Var(name=name):
            return variable_value(name, context)
        case Attr(of=of, name=name):
            base = evaluate(of, context)
            field = access.read_attribute(base.value, name, context)
            return _part_of(base.derive(None), field)
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
            return base.derive(negated(base.value, context, once=True))
        case Binary():
            return _operation(node, context)
    # A /regex/, a schema, `.field` outside of a row: they mean something to an action alone.
    raise Fault("type", f"a {type(node).__name__.lower()} has no value by itself")


def _collection(node: ListOf | Obj, context: StepContext) -> TaintedValue:
    parts = [evaluate(item, context) for item in children(node)]
    values = [part.value for part in parts]
    # One taint for the whole: what is taken out of a list or record has the origins of everything in it.
    origins, sources = merge_taint(parts)
    words = words_of(parts, None)
    if isinstance(node, ListOf):
        return TaintedValue(values, origins, sources, words)
    record = {pair.key: value for pair, value in zip(node.pairs, values, strict=True)}
    return TaintedValue(record, origins, sources, words)


def variable_value(name: str, context: StepContext) -> TaintedValue:
    """The value of a variable. Raises `Fault("unknown_name")`."""
    if name not in context.variables:
        raise Fault("unknown_name", f"no variable `{name}`")
    return context.variables[name]


class _View(NamedTuple):
    """`x.lines` or `x.chars` of a text: the view's name, x, and its text."""

    name: str
    base: TaintedValue
    text: Text


def _view(node: Expr, names: tuple[str, ...], context: StepContext) -> _View | None:
    """An expression as a view with one of these names; None for any other, a field of that name among them."""
    if not isinstance(node, Attr) or node.name not in names:
        return None
    base = evaluate(node.of, context)
    # Rows may have a column `lines`: only the value tells a view from a field.
    text = context.text_of(base.value)
    return None if text is None else _View(node.name, base, text)


def _index(of: Expr, at: Expr, context: StepContext) -> TaintedValue:
    index = evaluate(at, context)
    key = resolve(index.value, context)
    literal = isinstance(at, Lit)
    # `x.lines[n]` directly, without rows of all lines of which one would be taken.
    view = _view(of, ("lines",), context)
    if view is not None:
        if index.origins & FOREIGN:
            access.warn_of_part(view.text, context)
        line = access.line_at(view.text, key, literal, context)
        return view.base.derive(line).taint(index.origins)
    base = evaluate(of, context)
    value = access.index_value(base.value, key, literal, context)
    origins = base.origins | index.origins | DERIVED
    return TaintedValue(value, origins, _sources_of_row(base, key, literal), base.words)


def _sources_of_row(base: TaintedValue, key: Value, literal: bool) -> tuple[Spans, ...]:
    """The sources of `base[key]`: the row's own span, where rows have spans."""
    rows = base.value
    if not isinstance(rows, Rows) or rows.spans is None or not isinstance(key, int):
        return base.sources
    # The same row as `access.index_value` takes.
    row = key + len(rows) if key < 0 and literal else key
    if not 0 <= row < len(rows):
        # The result is null, which comes from nowhere.
        return ()
    own_span = rows.slice(row, row + 1).spans
    return (own_span or rows.spans,)


def _slice(of: Expr, lo: Expr | None, hi: Expr | None, context: StepContext) -> TaintedValue:
    low, low_origins = _bound(lo, context)
    high, high_origins = _bound(hi, context)
    # Only a literal negative bound counts from the end; see `access`.
    literal = (isinstance(lo, Lit), isinstance(hi, Lit))
    selectors = low_origins | high_origins
    # Such a position comes from rows: the controller did not choose it.
    is_computed = bool(selectors & FOREIGN)
    view = _view(of, ("lines", "chars"), context)
    if view is not None:
        if is_computed and view.name == "lines":
            access.warn_of_part(view.text, context)
        slice_view = access.lines_slice if view.name == "lines" else access.chars_slice
        view_part = slice_view(view.text, low, high, literal, context)
        return _part_of(view.base, view_part).taint(selectors)
    base = evaluate(of, context)
    if is_computed:
        access.warn_of_part(base.value, context)
    part = access.slice_value(base.value, low, high, literal, context)
    return _part_of(base, part).taint(selectors)


def _part_of(base: TaintedValue, part: Value) -> TaintedValue:
    """A part of a value: its taint, and the part's own spans as sources where it has any."""
    spans = part.spans if isinstance(part, Rows) else None
    # Only rows know a span for each part; a part of anything else keeps the sources of the whole.
    sources = base.sources if spans is None else (spans,)
    return TaintedValue(part, base.origins, sources, base.words)


def _bound(node: Expr | None, context: StepContext) -> tuple[int | None, int]:
    """A bound, and the origins of what it was computed from. An absent one is nobody's choice."""
    if node is None:
        return None, 0
    bound = evaluate(node, context)
    if not isinstance(bound.value, int) or isinstance(bound.value, bool):
        raise Fault("type", f"a slice bound must be a whole number, not {kind_of(bound.value)}")
    return bound.value, bound.origins


def _operation(node: Binary, context: StepContext) -> TaintedValue:
    left = evaluate(node.left, context)
    # The right side of `matches` is a query, which has no value; it is read in `_result`.
    right_node = Lit(None) if node.op in MATCHES else node.right
    # `and` and `or` evaluate both sides always: the taint of a result must not depend on its left side's value.
    right = evaluate(right_node, context)
    origins, sources = merge_taint((left, right))
    value = _result(node, left.value, right.value, context)
    return TaintedValue(value, origins | DERIVED, sources, words_of((left, right), value))


def _result(node: Binary, left: Value, right: Value, context: StepContext) -> Value:
    if node.op == "and":
        return truthy(left) and truthy(right)
    if node.op == "or":
        return truthy(left) or truthy(right)
    if node.op in MATCHES:
        return value_matches(left, matcher_of(node.right, context), context) is (node.op == "matches")
    return operate_dereferenced(node.op, resolve(left, context), resolve(right, context), context, "both")


Once: TypeAlias = Literal["", "left", "right", "both"]
"""Which sides of an operation are evaluated once, and not for each row."""


def operate_dereferenced(op: str, left: Value, right: Value, context: StepContext, once: Once = "") -> Value:
    """A comparison or arithmetic on two values whose texts are strings, with the misses and charges that go with it.

    Raises `Fault("type")` where the sides that are evaluated once can have no result with anything.
    """
    # Most operands are numbers and short texts, which are part of what a row costs.
    if is_long(left) or is_long(right):
        work, size = work_of_operation(op, left, right)
        context.work(work, f"`{op}` on {size:,} bytes or items")
    if op in ARITHMETIC:
        # `+` alone makes a value that grows with its operands.
        if op == "+" and isinstance(left, str | list) and isinstance(right, str | list):
            context.ensure_room(len(left) + len(right))
        value = ARITHMETIC[op](left, right)
        if value is None and context.says_nulls and left is not None and right is not None:
            return _without_result(op, left, right, context, once)
        return value
    kind = type(left)
    is_fair = kind is str or ((kind is int or kind is float) and op not in MEMBERSHIP)
    are_alike = kind is type(right) and is_fair
    if not are_alike:
        _look_at_kinds(op, left, right, context)
    elif kind is str and op in _ORDERS and mixes_clocks(left, right):  # type: ignore[arg-type]
        _miss_of_clocks(op, left, right, context)
    return COMPARISONS[op](left, right)


def _look_at_kinds(op: str, left: Value, right: Value, context: StepContext) -> None:
    """Say what a comparison of two kinds most likely was: a slip."""
    if mixes_text_and_number(left, right):
        warn_mixed(op, context, left, right)
    elif op in ORDERINGS and mixes_list_and_single(left, right):
        words = "a whole list with one value, which is never true"
        why = "`.name` is the row's field, `x.name` the whole column; use `in` to look into a list"
        context.miss("list_compared", f"`{op}` compared {words}", f"rows compared {words}", why=why, was_said=True)
    elif context.says_nulls:
        _miss_of_kinds(op, left, right, context)


_ORDERS = frozenset(["<", "<=", ">", ">="])


def _miss_of_clocks(op: str, left: Value, right: Value, context: StepContext) -> None:
    """Say that a time whose offset from UTC is not known was compared with one whose is."""
    if not context.follows(TIMES_AND_STEMS):
        return
    words, pair = "a time with an offset from UTC with one that has none", f"{left} {op} {right}"
    why = 'say time(..., zone="+01:00") for those without'
    context.miss("kinds_mixed", f"`{op}` compared {words}", f"rows compared {words}", pair, why)


def _without_result(op: str, left: Value, right: Value, context: StepContext, once: Once) -> Value:
    """What arithmetic gives that has no result: what lies between dates or times, else null, and a miss or a fault."""
    if op == "-":
        days = days_between(left, right)
        if days is not None:
            return days
        seconds = seconds_between(left, right) if context.follows(TIMES_AND_STEMS) else None
        if seconds is not None:
            return seconds
    reason = why_null(op, left, right)
    kinds = f"{kind_of(left)} and {kind_of(right)}"
    sides = {"left": [left], "right": [right], "both": [left, right]}.get(once, [])
    can_never_be = once == "both" or not all(can_take(op, side, context.follows(TIMES_AND_STEMS)) for side in sides)
    if reason.code == "kinds_unfit" and can_never_be:
        raise Fault("type", f"`{op}` has no result for {kinds}: {reason.why}")
    pair = f"{example_of(left, context.blobs)} {op} {example_of(right, context.blobs)}"
    context.miss(reason.code, f"`{op}` has no result", "have no result", pair, reason.why)
    return None


def negated(value: Value, context: StepContext, once: bool = False) -> Value:
    """`-value`. Raises `Fault("type")` for what is evaluated once and is no number."""
    result = negate(value)
    if result is None and value is not None and context.says_nulls:
        if once:
            raise Fault("type", f"`-` takes a number, not {kind_of(value)}")
        context.miss("kinds_unfit", "`-` takes a number", "values are not numbers", example_of(value, context.blobs))
    return result


def warn_mixed(op: str, context: StepContext, left: Value = None, right: Value = None) -> None:
    """Warn that text was compared with a number: most likely a slip."""
    words, why = "text with a number, which are never equal", 'use int(...) or "..."'
    pair = "" if left is None else f"{example_of(left, context.blobs)} {op} {example_of(right, context.blobs)}"
    context.miss("kinds_mixed", f"`{op}` compared {words}", f"rows compared {words}", pair, why, was_said=True)


def _miss_of_kinds(op: str, left: Value, right: Value, context: StepContext) -> None:
    """Say that a comparison of two values that are there cannot hold, whatever they are."""
    why = ""
    if op in ORDERINGS:
        is_slip, words = mixes_kinds(op, left, right), "values of two kinds, which are never equal or in order"
    else:
        whole = left if op.endswith("contains") else right
        is_slip = whole is not None and not isinstance(whole, str | list | dict)
        words, why = "values that hold nothing", f"`{op}` looks into texts, lists and records"
    if is_slip:
        pair = f"{example_of(left, context.blobs)} {op} {example_of(right, context.blobs)}"
        context.miss("kinds_mixed", f"`{op}` compared {words}", f"rows compared {words}", pair, why)


def value_matches(value: Value, matcher: Matcher, context: StepContext) -> bool:
    """Whether there is a match in a text; false for a value that is not text."""
    if isinstance(value, Text):
        return matches(matcher, value.read(context.blobs), context)
    if isinstance(value, str):
        return matches(matcher, value.encode(), context)
    if value is not None and context.says_nulls:
        example = example_of(value, context.blobs)
        why = "not text, so nothing matches"
        context.miss("not_texts", f"`matches` looked at {kind_of(value)}: {why}", f"values are {why}", example)
    return False


def query_of(node: Expr, context: StepContext) -> Query:
    """An argument as a query. Raises `Fault("query")`."""
    # A constant was compiled when the program was checked; the compiled form is cached by its query.
    query = constant_query(node)
    if query is None and isinstance(node, ListOf):
        # No warning here: each member has had its own.
        members = [query_of(item, context) for item in node.items]
        return any_of(*members)
    if query is None:
        query = _query_of_value(evaluate(node, context).value, context)
    _warn_of_regex(query, context)
    return query


def matcher_of(node: Expr, context: StepContext, by_blocks: bool = False) -> Matcher:
    """An argument as a compiled query. Raises `Fault("query")`."""
    return matcher_for(query_of(node, context), by_blocks, context.follows(WHOLE_LINES))


def matches(matcher: Matcher, content: bytes, context: StepContext) -> bool:
    """Whether there is a match in a content. Charges its bytes, or if it is long the work of a search."""
    # A short text is charged by its length at once, and costs no set-up of a search. None: it is long, or has lines.
    occurs_in_short = occurs(content, matcher)
    if occurs_in_short is not None:
        context.charge("search_work", len(content) * matcher.weight, "`matches`")
        return occurs_in_short
    text = newline_view(content) if matcher.reads_line_ends else content
    first = find(text, matcher, 0, len(content), context.budget_left("search_work"), 1)
    # A fault and not a partial result: half a search says neither yes nor no.
    if first.out_of_work:
        raise Fault("budget", "`matches` ran out of search_work")
    context.charge("search_work", first.work, "`matches`")
    return len(first.starts) > 0


_COMPILED = 20_000
"""Work for a text of a list that is searched for."""


def _query_of_value(value: Value, context: StepContext) -> Query:
    rows = rows_of(value)
    if rows is not None:
        # Each is compiled, and all of them together once more.
        context.work(_COMPILED * len(rows), f"searching for any of {len(rows):,} texts")
        items = row_values(rows, context)
        texts = [context.require_text(item, "each item of the query") for item in items]
        return any_of(*map(literal, texts))
    # Literally, whatever the text says: content of an input can search for itself, but never act as a pattern.
    if value is None or isinstance(value, bool | int | float | dict):
        raise Fault("query", f"a query must be text, a list of texts or a /regex/, not {kind_of(value)}")
    return literal(context.require_text(value, "the query"))


def _warn_of_regex(query: Query, context: StepContext) -> None:
    for member in query.members or (query,):
        looks_like_regex = reads_like_regex(member.text, context.follows(TIMES_AND_STEMS))
        if member.kind == "literal" and looks_like_regex:
            context.warn(
                "a text is searched for literally; write /.../ for a regular expression",
                member.text,
                code="literal_query",
            )
