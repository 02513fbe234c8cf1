"""Replacing: what a query matches, read by blocks, gives way to a template of its groups.

    replace(b"a=1 b=2", matcher of /(\\w)=(\\d)/, "$2:$1", ..)     text b"1:a 2:b", replaced 2

Unlike Python's `re.sub`, the size of the result is checked while it grows, so that a template cannot fill memory, and
the search has a budget of work.
"""

from typing import NamedTuple

from rlmlite_kernel.engines.query.query import Matcher, QueryError, as_block_matcher
from rlmlite_kernel.engines.search.find import find


class ReplacementTooLargeError(ValueError):
    """The result would be larger than `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the result would be larger than {max_bytes} bytes")
        self.max_bytes = max_bytes


class OutOfWorkError(ValueError):
    """The search for what to replace ran out of work units."""

    def __init__(self, work: int) -> None:
        super().__init__(f"the search ran out of work after {work} units")
        self.work = work


class Replacement(NamedTuple):
    """The new text, how many matches were replaced, and the work units of the search."""

    text: bytes
    replaced: int
    work: int


def replace(text: bytes, matcher: Matcher, template: str, max_bytes: int, work_left: int) -> Replacement:
    """The text with the template in place of each match.

    In the template `$0` is the match, `$1` or `${name}` a group (nothing if it took no part), and `$$` a dollar.

    Raises:
        QueryError: the template names a group that the query does not have.
        ReplacementTooLargeError: the result would pass `max_bytes`.
        OutOfWorkError: the search would pass `work_left`.
    """
    parts = parse_replacement(template, matcher)
    matches = find(text, as_block_matcher(matcher), 0, len(text), work_left)
    if matches.out_of_work:
        raise OutOfWorkError(matches.work)
    # Column 0 is the whole match, as `$0` is, and column n is group n. As lists, which Python reads faster row by row.
    spans = [(matches.starts, matches.stops), *matches.groups]
    columns = [(starts.tolist(), stops.tolist()) for starts, stops in spans]
    pieces: list[bytes] = []
    size = place = 0
    for row, (start, stop) in enumerate(zip(*columns[0], strict=True)):
        # What is between two matches is copied as it is; `size` counts what was built so far.
        pieces.append(text[place:start])
        for part in parts:
            piece = part if isinstance(part, bytes) else _group_text(text, columns[part], row)
            pieces.append(piece)
            size += len(piece)
        size += start - place
        place = stop
        # In the loop, so that a template of `$0$0$0` is stopped before it has filled the memory.
        if size > max_bytes:
            raise ReplacementTooLargeError(max_bytes)
    rest = text[place:]
    if size + len(rest) > max_bytes:
        raise ReplacementTooLargeError(max_bytes)
    pieces.append(rest)
    return Replacement(b"".join(pieces), len(matches.starts), matches.work)


def parse_replacement(template: str, matcher: Matcher) -> list[bytes | int]:
    """The template as literal bytes and group numbers. Raises `QueryError`."""
    parts: list[bytes | int] = []
    place = 0
    while place < len(template):
        dollar = template.find("$", place)
        if dollar < 0:
            dollar = len(template)
        if dollar > place:
            parts.append(template[place:dollar].encode())
        place = dollar
        if place < len(template):
            length, part = _parse_dollar(template, place, matcher)
            parts.append(part)
            place += length
    return parts


def _parse_dollar(template: str, place: int, matcher: Matcher) -> tuple[int, bytes | int]:
    """The length and meaning of what starts with a dollar here; before anything else a dollar is itself."""
    rest = template[place + 1 : place + 3]
    if rest.startswith("$"):
        return 2, b"$"
    if rest.startswith("{"):
        stop = template.find("}", place)
        if stop < 0:
            raise QueryError("`${` has no `}`; write `$$` for a dollar sign")
        name = template[place + 2 : stop]
        return stop + 1 - place, _group_number(name, matcher)
    # Two digits if there are two, as in `$12`.
    digits = rest if _is_number(rest) else rest[:1]
    if not _is_number(digits):
        return 1, b"$"
    return 1 + len(digits), _group_number(digits, matcher)


def _group_number(name: str, matcher: Matcher) -> int:
    # Python refuses to convert numbers of thousands of digits; no query has so many groups.
    is_short_number = _is_number(name) and len(name) <= 4
    if is_short_number and int(name) <= matcher.groups:
        return int(name)
    if name in matcher.names:
        return matcher.names.index(name) + 1
    raise QueryError(f"the query has no group `{name}`; it has {matcher.groups} groups; write `$$` for a dollar sign")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _group_text(text: bytes, column: tuple[list[int], list[int]], row: int) -> bytes:
    start = column[0][row]
    return b"" if start < 0 else text[start : column[1][row]]
