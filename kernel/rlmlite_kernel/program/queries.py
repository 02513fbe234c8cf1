"""Search queries of a program. The type decides: text is literal, a list is any-of, a /regex/ a regular expression."""

from functools import lru_cache

from rlmlite_kernel.engines.query.query import Matcher, Query, QueryError, any_of, compile_query, literal, regex
from rlmlite_kernel.engines.query.templates import line_pattern, template_pattern
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import Expr, ListOf, Lit, Rx


@lru_cache(maxsize=512)
def matcher_for(query: Query, by_blocks: bool = False, whole_lines: bool = True) -> Matcher:
    """The matcher of a query; the same query is compiled once. Raises `Fault("query")`.

    `whole_lines`: whether the run follows the flag `WHOLE_LINES`.
    """
    try:
        return compile_query(query, by_blocks=by_blocks, whole_lines=whole_lines)
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
            members: list[Query] = []
            for item in items:
                member = constant_query(item)
                # One member that is computed is enough for the whole to be known only when it runs.
                if member is None:
                    return None
                members.append(member)
            return any_of(*members)
    return None


def line_query(template: str) -> Query:
    """The same as a whole line, as `patterns` counts the lines of a template."""
    try:
        return regex(line_pattern(template))
    except QueryError as error:
        raise Fault("query", str(error)) from None


def template_query(template: str, any_blanks: bool = True) -> Query:
    """Literal text with wildcards `<*>`, anywhere in a line."""
    try:
        return regex(template_pattern(template, any_blanks))
    except QueryError as error:
        raise Fault("query", str(error)) from None


# What hardly anybody searches for as text: a query that has it was most likely meant as a regex.
_REGEX_SIGNS = (".*", "\\d", "\\w", "\\s", ".+", "[^")


def reads_like_regex(text: str, spares_separators: bool) -> bool:
    """Whether a text was most likely meant as a regex.

    A bar stands for one of two words. With `spares_separators` it must have something on both sides: in
    `split(.text, " | ")` it is what separates fields.
    """
    has_bar = "|" in text and (not spares_separators or all(part.strip() for part in text.split("|")))
    return has_bar or any(sign in text for sign in _REGEX_SIGNS)
