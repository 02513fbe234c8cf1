"""Queries: what to look for, and their compiled form.

A literal is text; a regex is RE2's; any-of is a list of both, where the leftmost match wins and, at one
place, the first of the list. A query is data; a `Matcher` is what `find` runs.

Two ways to read a text: **by lines**, where a match lies inside one line, and **by blocks**, where it may
cross lines. A query goes by blocks when a literal holds a newline, or a regex has the flag `s` or names a
newline outside a negated class. `[^x]`, `\\s` and `\\W` take no newline by lines.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from rlmlite_kernel.engines.query.pattern import Outline, PatternError, outline
from rlmlite_kernel.engines.query.plain_words import Word
from rlmlite_kernel.engines.query.regex import CompiledRegex, PatternRefusedError, quote

MAX_LITERAL = 32_768
"""The longest literal, in bytes: half a window, so that none can fall between two."""

_META = frozenset("\\^$.|?*+()[]{}\n")
_FOLDS_BEYOND_ASCII = frozenset("kKsS")  # U+212A folds to k, U+017F to s
_ATOMS_PER_WEIGHT = 100


class QueryError(ValueError):
    """A query that cannot be run; the message is for its writer."""


class Query(msgspec.Struct, frozen=True):
    """Text to find, a regex with flags out of `ims`, or any of `members`. Made by `literal`, `regex`,
    `any_of`.
    """

    kind: Literal["literal", "regex", "any"]
    text: str = ""
    flags: str = ""
    members: "tuple[Query, ...]" = ()


def literal(text: str) -> Query:
    """This text, exactly."""
    return Query("literal", text)


def regex(pattern: str, flags: str = "") -> Query:
    """A regex; `m` is always on."""
    return Query("regex", pattern, flags)


def any_of(*members: Query) -> Query:
    """Any of these."""
    return Query("any", members=members)


GroupNames: TypeAlias = tuple[str | None, ...]


@dataclass(frozen=True)
class Matcher:
    """A compiled query.

    Attributes:
        multiline_text: read by blocks, else by lines.
        needle: the bytes to find by blocks when the query is one plain text, else None.
        words: what to find by lines when the query is plain text or a list of plain texts; else empty.
        counting, program: the same pattern without and with groups.
        weight: work units for a byte; above 1 where counted repetition unfolds a pattern.
        groups, names: how many groups, and the name of each or None.
    """

    query: Query
    multiline_text: bool
    needle: bytes | None
    words: tuple[Word, ...]
    counting: CompiledRegex
    program: CompiledRegex
    weight: int
    groups: int
    names: GroupNames

    @property
    def linear(self) -> bool:
        """Whether the whole search is one pass: it is charged its bytes, however many matches there are."""
        return self.needle is not None or bool(self.words)


class _Plan(msgspec.Struct, frozen=True):
    """A query as a pattern for both ways of reading."""

    by_lines: str
    by_blocks: str
    crosses_lines: bool
    unfolded: int


def compile_query(query: Query, *, by_blocks: bool = False) -> Matcher:
    """Raises QueryError. With `by_blocks` the matcher reads by blocks whatever the query is."""
    plan = _plan(query)
    blocks = by_blocks or plan.crosses_lines
    pattern = plan.by_blocks if blocks else plan.by_lines
    program = _program(pattern, lines=not blocks, captures=True)
    counting = _program(pattern, lines=not blocks, captures=False) if program.groups else program
    words = () if blocks else _words(query)
    return Matcher(
        query=query,
        multiline_text=blocks,
        needle=query.text.encode() if blocks and _plain(query) and "i" not in query.flags else None,
        words=words,
        counting=counting,
        program=program,
        weight=1 + plan.unfolded // _ATOMS_PER_WEIGHT,
        groups=program.groups,
        names=tuple(program.names.get(index) for index in range(1, program.groups + 1)),
    )


def by_blocks(matcher: Matcher) -> Matcher:
    """The matcher itself if it reads by blocks, else one for the same query that does."""
    return matcher if matcher.multiline_text else compile_query(matcher.query, by_blocks=True)


def _plain(query: Query) -> bool:
    """Whether the query is plain text, which needs no regex."""
    return query.kind == "literal" or (query.kind == "regex" and _META.isdisjoint(query.text))


def _words(query: Query) -> tuple[Word, ...]:
    """The members of a list, or the query itself, if all are plain text. One that is there twice counts once."""
    words = dict.fromkeys(_word(member) for member in query.members or (query,))
    return tuple(word for word in words if word is not None) if None not in words else ()


def _word(query: Query) -> Word | None:
    if not _plain(query):
        return None
    if "i" not in query.flags:
        return Word(query.text.encode())
    if not query.text.isascii():
        return None
    return Word(query.text.lower().encode(), True, not _FOLDS_BEYOND_ASCII.isdisjoint(query.text))


def _plan(query: Query) -> _Plan:
    match query.kind:
        case "literal":
            return _literal_plan(query)
        case "regex":
            return _regex_plan(query)
        case "any":
            return _any_plan(query)


def _literal_plan(query: Query) -> _Plan:
    _check_text(query.text)
    quoted = quote(query.text)
    return _Plan(quoted, quoted, "\n" in query.text, 0)


def _regex_plan(query: Query) -> _Plan:
    _check_text(query.text)
    unknown = sorted(set(query.flags) - set("ims"))
    if unknown:
        raise QueryError(f"flag `{unknown[0]}` is unknown; flags are i, m, s")
    read = _outline(query.text)
    crosses = read.names_newline or (("s" in query.flags or read.dot_all) and not _plain(query))
    on = "m" + "".join(sorted(set(query.flags) & set("is")))
    by_lines, by_blocks = (f"(?{on}){read.spelled(lines)}" for lines in (True, False))
    return _Plan(by_lines, by_blocks, crosses, read.unfolded)


def _check_text(text: str) -> None:
    if not text:
        raise QueryError("the query is empty")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise QueryError("the query holds a lone surrogate") from None
    if size > MAX_LITERAL:
        raise QueryError(f"the query is {size} bytes long; at most {MAX_LITERAL} can be searched for")


def _outline(pattern: str) -> Outline:
    try:
        return outline(pattern)
    except PatternError as error:
        raise QueryError(str(error)) from None


def _any_plan(query: Query) -> _Plan:
    if not query.members:
        raise QueryError("the list of queries is empty")
    if any(member.kind == "any" for member in query.members):
        raise QueryError("a list of queries holds texts and regexes, no lists")
    plans = [_plan(member) for member in query.members]
    for plan in plans:  # each must stand alone, or brackets could pair across members
        _program(plan.by_blocks, lines=False, captures=False)
    return _Plan(
        "|".join(f"(?:{plan.by_lines})" for plan in plans),
        "|".join(f"(?:{plan.by_blocks})" for plan in plans),
        any(plan.crosses_lines for plan in plans),
        sum(plan.unfolded for plan in plans),
    )


def _program(pattern: str, *, lines: bool, captures: bool) -> CompiledRegex:
    try:
        return CompiledRegex(pattern, lines=lines, captures=captures)
    except PatternRefusedError as error:
        raise QueryError(_said(str(error))) from None


def _said(message: str) -> str:
    if "too large" in message:
        return "the pattern is too large; repeat less, or split it"
    return f"RE2 refuses the pattern: {message}"
