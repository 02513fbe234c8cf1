"""Working out plain expressions: once, with origins and spans. They hold no calls; those were lowered to steps.

Row expressions, which are worked out once a row, are in `row_expressions`.
"""

from rlmlite_kernel.engines.query.query import Matcher, Query, any_of, literal
from rlmlite_kernel.engines.search.find import find, occurs
from rlmlite_kernel.evaluation import access
from rlmlite_kernel.evaluation.context import DERIVED, FOREIGN, Held, Job, merged
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
from rlmlite_kernel.program.queries import compiled, constant_query
from rlmlite_kernel.values.columns import Spans, Text
from rlmlite_kernel.values.operators import (
    ARITHMETIC,
    COMPARISONS,
    ORDERINGS,
    mixes_list_and_single,
    mixes_text_and_number,
    negate,
    plainly,
    truthy,
)
from rlmlite_kernel.values.values import Rows, Value, kind_of, rows_of, text_of

_REGEX_SIGNS = ("|", ".*", "\\d", "\\w", "\\s", ".+", "[^")


def evaluate(node: Expr, job: Job) -> Held:
    """The value of a plain expression. Raises `Fault`."""
    match node:
        case Lit(v=value):
            return Held(value)
        case Var(name=name):
            return held(name, job)
        case Attr(of=of, name=name):
            base = evaluate(of, job)
            return _rested(base.derived(None), access.attribute(base.value, name, job))
        case Index(of=of, at=at):
            return _index(of, at, job)
        case Slice(of=of, lo=lo, hi=hi):
            return _slice(of, lo, hi, job)
        case ListOf() | Obj():
            return _collection(node, job)
        case Unary(op="not", of=of):
            base = evaluate(of, job)
            return base.derived(not truthy(base.value))
        case Unary(of=of):
            base = evaluate(of, job)
            return base.derived(negate(base.value))
        case Binary():
            return _operation(node, job)
    raise Fault("type", f"a {type(node).__name__.lower()} has no value by itself")


def _collection(node: ListOf | Obj, job: Job) -> Held:
    parts = [evaluate(item, job) for item in children(node)]
    values = [part.value for part in parts]
    if isinstance(node, ListOf):
        return Held(values, *merged(parts))
    return Held({pair.key: value for pair, value in zip(node.pairs, values, strict=True)}, *merged(parts))


def held(name: str, job: Job) -> Held:
    """A variable by name."""
    if name not in job.names:
        raise Fault("unknown_name", f"no variable `{name}`")
    return job.names[name]


def _index(of: Expr, at: Expr, job: Job) -> Held:
    index = evaluate(at, job)
    key, literal = plainly(index.value, job.blobs), isinstance(at, Lit)
    if isinstance(of, Attr) and of.name == "lines":
        base = evaluate(of.of, job)
        text = _viewed(base.value, job)
        if text is not None:
            if index.origins & FOREIGN:
                access.warn_of_part(text, job)
            return base.derived(access.line(text, key, literal, job)).touched_by(index.origins)
    base = evaluate(of, job)
    value = access.item(base.value, key, literal, job)
    return Held(value, base.origins | index.origins | DERIVED, _narrowed(base, key, literal))


def _narrowed(base: Held, key: Value, literal: bool) -> tuple[Spans, ...]:
    """The sources of one row: its own span."""
    rows = base.value
    if not isinstance(rows, Rows) or rows.spans is None or not isinstance(key, int):
        return base.sources
    place = key + len(rows) if key < 0 and literal else key
    return (rows.slice(place, place + 1).spans or rows.spans,) if 0 <= place < len(rows) else ()


def _slice(of: Expr, lo: Expr | None, hi: Expr | None, job: Job) -> Held:
    (low, low_origins), (high, high_origins) = _bound(lo, job), _bound(hi, job)
    literal = (isinstance(lo, Lit), isinstance(hi, Lit))
    found = bool((low_origins | high_origins) & FOREIGN)  # from rows, not chosen by the controller
    if isinstance(of, Attr) and of.name in ("lines", "chars"):
        base = evaluate(of.of, job)
        text = _viewed(base.value, job)
        if text is not None:
            if found and of.name == "lines":
                access.warn_of_part(text, job)
            view = access.lines_slice if of.name == "lines" else access.chars_slice
            return _rested(base, view(text, low, high, literal, job)).touched_by(low_origins | high_origins)
    base = evaluate(of, job)
    if found:
        access.warn_of_part(base.value, job)
    return _rested(base, access.sliced(base.value, low, high, literal, job)).touched_by(low_origins | high_origins)


def _rested(base: Held, value: Value) -> Held:
    """A part of a value, resting on its own spans where it has any."""
    spans = value.spans if isinstance(value, Rows) else None
    return Held(value, base.origins, (spans,) if spans is not None else base.sources)


def _viewed(value: Value, job: Job) -> Text | None:
    return text_of(value, job.blobs)


def _bound(node: Expr | None, job: Job) -> tuple[int | None, int]:
    """A bound, and the origins of what it was worked out from."""
    if node is None:
        return None, 0
    held = evaluate(node, job)
    if not isinstance(held.value, int) or isinstance(held.value, bool):
        raise Fault("type", f"a slice's bound is a whole number, not {kind_of(held.value)}")
    return held.value, held.origins


def _operation(node: Binary, job: Job) -> Held:
    """An operator on two plain values."""
    left, right = evaluate(node.left, job), evaluate(node.right if node.op not in MATCHES else Lit(None), job)
    origins, sources = merged((left, right))
    return Held(_result(node, left.value, right.value, job), origins | DERIVED, sources)


def _result(node: Binary, left: Value, right: Value, job: Job) -> Value:
    if node.op in LOGIC:
        return truthy(left) and truthy(right) if node.op == "and" else truthy(left) or truthy(right)
    if node.op in MATCHES:
        return matched(left, matcher_of(node.right, job), job) is (node.op == "matches")
    return operate(node.op, left, right, job)


def operate(op: str, left: Value, right: Value, job: Job) -> Value:
    """A comparison or arithmetic on two values, with the warnings and charges that go with it."""
    return operate_plain(op, plainly(left, job.blobs), plainly(right, job.blobs), job)


def operate_plain(op: str, left: Value, right: Value, job: Job) -> Value:
    """`operate` on values whose texts are strings."""
    if op in ARITHMETIC:
        if op == "+" and isinstance(left, str | list) and isinstance(right, str | list):
            job.room(len(left) + len(right))
        return ARITHMETIC[op](left, right)
    if mixes_text_and_number(left, right):
        warn_mixed(op, job)
    elif op in ORDERINGS and mixes_list_and_single(left, right):
        job.warn(
            f"`{op}` compared a whole list with one value, which never holds: `.name` is the row's field, `x.name` the "
            "whole column; `in` looks into a list"
        )
    return COMPARISONS[op](left, right)


def warn_mixed(op: str, job: Job) -> None:
    """Text met a number in a comparison: most likely a slip."""
    job.warn(f'`{op}` compared text with a number, which are never equal: use int(...) or "..."')


def matched(value: Value, matcher: Matcher, job: Job) -> bool:
    """Whether a regex matches somewhere in a text; nothing else matches."""
    if isinstance(value, Text):
        return matches(matcher, value.read(job.blobs), job)
    return isinstance(value, str) and matches(matcher, value.encode(), job)


def query_of(node: Expr, job: Job) -> Query:
    """The query that an argument is."""
    query = constant_query(node)
    if query is None and isinstance(node, ListOf):
        return any_of(*(query_of(item, job) for item in node.items))
    if query is None:
        query = _query_of_value(evaluate(node, job).value, job)
    _warn_of_regex(query, job)
    return query


def matcher_of(node: Expr, job: Job, by_blocks: bool = False) -> Matcher:
    """The compiled query that an argument is."""
    return compiled(query_of(node, job), by_blocks)


def matches(matcher: Matcher, content: bytes, job: Job) -> bool:
    """Whether there is a match in a content; charges its bytes, or the work of the search if it is long."""
    short = occurs(content, matcher)
    if short is not None:
        job.charge("search_work", len(content) * matcher.weight, "`matches`")
        return short
    found = find(content, matcher, 0, len(content), job.left("search_work"), 1)
    if found.out_of_work:
        raise Fault("budget", "`matches` ran out of search_work")
    job.charge("search_work", found.work, "`matches`")
    return len(found.starts) > 0


def _query_of_value(value: Value, job: Job) -> Query:
    rows = rows_of(value)
    if rows is not None:
        return any_of(*(literal(job.text(item, "each item of the query")) for item in rows.values(job.blobs)))
    if value is None or isinstance(value, bool | int | float | dict):
        raise Fault("query", f"a query is text, a list of texts or a /regex/, not {kind_of(value)}")
    return literal(job.text(value, "the query"))


def _warn_of_regex(query: Query, job: Job) -> None:
    for member in query.members or (query,):
        if member.kind == "literal" and any(sign in member.text for sign in _REGEX_SIGNS):
            job.warn("a text is searched for as it stands; write /.../ for a regular expression", member.text)
