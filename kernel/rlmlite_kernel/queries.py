"""Search queries of a program. The type decides: text is literal, a list is any-of, a /regex/ a regular expression."""

from functools import lru_cache

from rlmlite_kernel.ast import Expr, ListOf, Lit, Rx
from rlmlite_kernel.engines import (
    Matcher,
    Query,
    QueryError,
    any_of,
    compile_query,
    find,
    literal,
    occurs,
    regex,
    template_pattern,
)
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.job import Job
from rlmlite_kernel.values import Value, kind_of, rows_of

_REGEX_SIGNS = ("|", ".*", "\\d", "\\w", "\\s", ".+", "[^")


@lru_cache(maxsize=512)
def compiled(query: Query, by_blocks: bool = False) -> Matcher:
    """The matcher of a query; the same query is compiled once. Raises `Fault("query")`."""
    try:
        return compile_query(query, by_blocks=by_blocks)
    except QueryError as error:
        raise Fault("query", str(error)) from None


def constant_query(node: Expr) -> Query | None:
    """The query of an expression that needs no variables, so that it can be checked before anything runs."""
    match node:
        case Lit(v=str() as text):
            return literal(text)
        case Rx(pattern=pattern, flags=flags):
            return regex(pattern, flags)
        case ListOf(items=items):
            members = [constant_query(item) for item in items]
            return None if None in members else any_of(*(member for member in members if member is not None))
    return None


def query_of(node: Expr, job: Job) -> Query:
    """The query that an argument is."""
    from rlmlite_kernel.expressions import evaluate

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


def template_query(template: str) -> Query:
    """Literal text with wildcards `<*>`."""
    try:
        return regex(template_pattern(template))
    except QueryError as error:
        raise Fault("query", str(error)) from None


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
