"""Other readings of a query that has no hits: what its writer may have meant.

    "Luna"              in other case: /Luna/i
    "ERROR.*disk"       as a regex: /ERROR.*disk/
    "took <*> ms"       as a template: template="took <*> ms"

Not here: whether any of them has hits (`search`).
"""

import json
from collections.abc import Iterator

from rlmlite_kernel.engines.query.query import Query, any_of, regex
from rlmlite_kernel.engines.query.regex import quote
from rlmlite_kernel.engines.query.templates import has_text, template_pattern

_WILDCARD = "<*>"
_SIGNS = frozenset("\\^$.|?*+()[]{}")


def other_readings(query: Query) -> Iterator[tuple[str, Query, str]]:
    """What each reading is, in words; what it looks for; and how a program writes it. The likeliest first.

    Not every text is a regex, so compiling one may fail: then it was not meant as one.
    """
    if query.kind == "literal" and _WILDCARD in query.text:
        if has_text(query.text):
            yield "as a template", regex(template_pattern(query.text, True)), f"template={_text(query.text)}"
    elif query.kind == "literal" and _SIGNS.intersection(query.text):
        yield "as a regex", regex(query.text), _pattern(query.text, "")
    other = _in_other_case(query)
    if other is not None:
        members = [_pattern(member.text, member.flags) for member in other.members or (other,)]
        yield "in other case", other, f"[{', '.join(members)}]" if other.members else members[0]


def _in_other_case(query: Query) -> Query | None:
    """The query without regard to case, or None if it has none."""
    if query.kind == "any":
        members = [_in_other_case(member) or member for member in query.members]
        has_other = any(one is not other for one, other in zip(members, query.members, strict=True))
        return any_of(*(_as_regex(member) for member in members)) if has_other else None
    if "i" in query.flags or query.text.lower() == query.text.upper() or "\n" in query.text:
        return None
    plain = _as_regex(query)
    return regex(plain.text, "".join(sorted({*plain.flags, "i"})))


def _as_regex(query: Query) -> Query:
    return regex(quote(query.text)) if query.kind == "literal" else query


def _pattern(pattern: str, flags: str) -> str:
    return f"/{pattern.replace('/', chr(92) + '/')}/{flags}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
