"""Queries: what to look for, as data, and `Matcher`, the compiled form that the search engines run.

A literal is text, a regex is RE2's, and any-of is a list of both, where the leftmost match wins and, at one place, the
first of the list. A query is compiled for one of two ways to read a text:

    by lines     each line is a text of its own: `^ERROR.*$` needs no flags, and a match never crosses a newline
    by blocks    a match may cross lines: a literal with a newline, a regex with the flag `s` or that names a newline

    compile_query(literal("ERROR"))        by lines, no regex at all: `words` is (Word(b"ERROR"),)
    compile_query(regex(r"\\d{4}-\\d{2}"))   by lines, by RE2
    compile_query(regex("a\\nb"))           by blocks: it names a newline

`[^x]`, `\\s` and `\\W` also match newlines, but who writes them hardly ever means newlines. So they do not make a query
go by blocks, and by lines there is no newline for them to match.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from rlmlite_kernel.engines.query.pattern import Outline, PatternError, outline
from rlmlite_kernel.engines.query.plain_words import Word
from rlmlite_kernel.engines.query.regex import CompiledRegex, PatternRefusedError, quote

MAX_LITERAL = 32_768
"""The longest literal in bytes: half a window, so that none can fall between two windows."""

_META = frozenset("\\^$.|?*+()[]{}\n")
# Letters to which one beyond ASCII folds: U+212A, the Kelvin sign, to k, and U+017F, the long s, to s.
_FOLDS_BEYOND_ASCII = frozenset("kKsS")
# So many atoms added by repetition (`a{500}` adds 499) make a byte cost one unit more, as RE2's states grow.
_ATOMS_PER_WEIGHT = 100


class QueryError(ValueError):
    """A query that cannot be run; the message is for its writer."""


class Query(msgspec.Struct, frozen=True):
    """Text to find, a regex with flags from `ims`, or any of `members`. Made by `literal`, `regex` and `any_of`."""

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
        reads_blocks: read by blocks, else by lines.
        needle: the bytes to find by blocks if the query is one plain text, else None.
        words: what to find by lines if the query is plain text or a list of plain texts, else empty.
        regex, regex_without_groups: the same pattern twice; RE2 is faster where nobody asks for groups.
        weight: work units per byte; above 1 where counted repetition unfolds a pattern.
        groups, names: the number of groups, and the name of each or None. Members of a list may share a name.
        whole_lines: lines are searched whole and without their line ends, as of `WHOLE_LINES`; else in pieces of 64
            KiB, and a `\\r` is part of its line.
        sees_returns: the `\\r` of line ends is text for it, since it asks for a `\\r`, or lines are as they were.
    """

    query: Query
    reads_blocks: bool
    needle: bytes | None
    words: tuple[Word, ...]
    regex_without_groups: CompiledRegex
    regex: CompiledRegex
    weight: int
    groups: int
    names: GroupNames
    whole_lines: bool
    sees_returns: bool

    @property
    def reads_line_ends(self) -> bool:
        """Whether the line ends of a text matter to it. Plain text is found where it stands, whatever is around it."""
        return not self.sees_returns and not self.is_one_pass

    @property
    def is_one_pass(self) -> bool:
        """Whether the whole search is one pass: it is charged its bytes, however many matches there are."""
        return self.needle is not None or bool(self.words)


class _Plan(msgspec.Struct, frozen=True):
    """A query as a pattern for each way of reading, before RE2 compiles the one that is needed."""

    by_lines: str
    by_blocks: str
    crosses_lines: bool
    names_return: bool
    added_atoms: int
    group_names: GroupNames


def compile_query(query: Query, *, by_blocks: bool = False, whole_lines: bool = True) -> Matcher:
    """The matcher for a query. With `by_blocks` it reads by blocks whatever the query is. Raises `QueryError`.

    `whole_lines` is false for a run from before the flag `WHOLE_LINES`: see `Matcher`.
    """
    plan = _plan(query, whole_lines)
    reads_blocks = by_blocks or plan.crosses_lines
    pattern = plan.by_blocks if reads_blocks else plan.by_lines
    with_groups = _compile(pattern, lines=not reads_blocks, captures=True)
    without_groups = with_groups
    # Compiling costs more than a short search, so it is done twice only where that makes a difference.
    if with_groups.groups:
        without_groups = _compile(pattern, lines=not reads_blocks, captures=False)
    # Plain text is found without RE2: by blocks as one needle, by lines as words. A needle is
    # matched exactly, so by blocks text with the flag `i` is left to RE2.
    is_exact_text = _is_plain(query) and "i" not in query.flags
    needle = query.text.encode() if reads_blocks and is_exact_text else None
    words = () if reads_blocks else _plain_words(query)
    return Matcher(
        query=query,
        reads_blocks=reads_blocks,
        needle=needle,
        words=words,
        regex_without_groups=without_groups,
        regex=with_groups,
        weight=1 + plan.added_atoms // _ATOMS_PER_WEIGHT,
        groups=with_groups.groups,
        names=plan.group_names
        if whole_lines
        else tuple(with_groups.names.get(number) for number in range(1, with_groups.groups + 1)),
        whole_lines=whole_lines,
        sees_returns=plan.names_return or not whole_lines,
    )


def as_block_matcher(matcher: Matcher) -> Matcher:
    """The matcher itself if it reads by blocks, else one for the same query that does."""
    if matcher.reads_blocks:
        return matcher
    return compile_query(matcher.query, by_blocks=True, whole_lines=matcher.whole_lines)


def _is_plain(query: Query) -> bool:
    """Whether the query is plain text, which needs no regex."""
    return query.kind == "literal" or (query.kind == "regex" and _META.isdisjoint(query.text))


def _plain_words(query: Query) -> tuple[Word, ...]:
    """The members of a list, or the query itself, without doubles; none if any of them needs a regex."""
    members = query.members or (query,)
    # A dict, as it keeps the order of the list: at one place the first word wins.
    words = dict.fromkeys(_plain_word(member) for member in members)
    if None in words:
        return ()
    return tuple(word for word in words if word is not None)


def _plain_word(query: Query) -> Word | None:
    if not _is_plain(query):
        return None
    if "i" not in query.flags:
        return Word(query.text.encode())
    if not query.text.isascii():
        # Folding beyond ASCII is left to RE2.
        return None
    ascii_only = not _FOLDS_BEYOND_ASCII.isdisjoint(query.text)
    return Word(query.text.lower().encode(), folded=True, ascii_only=ascii_only)


def _plan(query: Query, whole_lines: bool) -> _Plan:
    match query.kind:
        case "literal":
            return _plan_literal(query)
        case "regex":
            return _plan_regex(query, whole_lines)
        case "any":
            return _plan_any(query, whole_lines)


def _plan_literal(query: Query) -> _Plan:
    _check_text(query.text)
    pattern = quote(query.text)
    return _Plan(pattern, pattern, "\n" in query.text, "\r" in query.text, 0, ())


def _plan_regex(query: Query, whole_lines: bool, with_names: bool = True) -> _Plan:
    _check_text(query.text)
    unknown = sorted(set(query.flags) - set("ims"))
    if unknown:
        raise QueryError(f"unknown flag `{unknown[0]}`; the flags are i, m, s")
    parts = _outline(query.text)
    # In plain text the flag `s` means nothing, so it does not cost the faster way.
    asks_for_dot_all = "s" in query.flags or parts.dot_all
    dot_takes_newline = asks_for_dot_all and not _is_plain(query)
    crosses_lines = parts.names_newline or dot_takes_newline
    # `m` whether it was written or not; sorted, so that equal queries become equal patterns.
    flags = "m" + "".join(sorted(set(query.flags) & set("is")))
    spelled = parts if with_names else parts.without_names()
    by_lines = f"(?{flags}){spelled.spell(lines=True)}"
    line_ends = whole_lines and not parts.names_return
    by_blocks = f"(?{flags}){spelled.spell(lines=False, line_ends=line_ends)}"
    return _Plan(by_lines, by_blocks, crosses_lines, parts.names_return, parts.added_atoms, parts.group_names)


def _check_text(text: str) -> None:
    if not text:
        raise QueryError("the query is empty")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise QueryError("the query holds a lone surrogate") from None
    if size > MAX_LITERAL:
        raise QueryError(f"the query is {size} bytes long; the limit is {MAX_LITERAL} bytes")


def _outline(pattern: str) -> Outline:
    try:
        return outline(pattern)
    except PatternError as error:
        raise QueryError(str(error)) from None


def _plan_any(query: Query, whole_lines: bool) -> _Plan:
    if not query.members:
        raise QueryError("the list of queries is empty")
    if any(member.kind == "any" for member in query.members):
        raise QueryError("a list of queries must hold texts and regexes, not lists")
    plans = [_plan_member(member, whole_lines) for member in query.members]
    for plan in plans:
        # Each has to compile by itself, or brackets could pair up across members.
        _compile(plan.by_blocks, lines=False, captures=False)
    # Each in a group of its own, so that the flags of one member end with it.
    return _Plan(
        by_lines="|".join(f"(?:{plan.by_lines})" for plan in plans),
        by_blocks="|".join(f"(?:{plan.by_blocks})" for plan in plans),
        crosses_lines=any(plan.crosses_lines for plan in plans),
        names_return=any(plan.names_return for plan in plans),
        added_atoms=sum(plan.added_atoms for plan in plans),
        group_names=tuple(name for plan in plans for name in plan.group_names),
    )


def _plan_member(member: Query, whole_lines: bool) -> _Plan:
    """A member of a list, without the names of its groups: RE2 keeps one group of a name, and members may share it."""
    if member.kind == "regex":
        return _plan_regex(member, whole_lines, with_names=not whole_lines)
    return _plan_literal(member)


def _compile(pattern: str, *, lines: bool, captures: bool) -> CompiledRegex:
    try:
        return CompiledRegex(pattern, lines=lines, captures=captures)
    except PatternRefusedError as error:
        raise QueryError(_explain_refusal(str(error))) from None


def _explain_refusal(message: str) -> str:
    if "too large" in message:
        return "the pattern is too large; repeat less, or split it"
    return f"RE2 refuses the pattern: {message}"
