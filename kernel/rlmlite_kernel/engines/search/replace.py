"""Replacing what a query matches, read by blocks, with a template of groups."""

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
    """Puts the template where each match is: `$0` the match, `$1` or `${name}` a group (nothing if it took
    no part), `$$` a dollar.

    Raises:
        QueryError: the template names a group that the query has not.
        TooLargeError: the result would pass `max_bytes`.
        SpentError: the search passes `work_left`.
    """
    parts = parse_replacement(template, matcher)
    found = find(text, as_block_matcher(matcher), 0, len(text), work_left)
    if found.out_of_work:
        raise OutOfWorkError(found.work)
    ranges = [(found.starts, found.stops), *found.groups]
    columns = [(starts.tolist(), stops.tolist()) for starts, stops in ranges]
    pieces: list[bytes] = []
    size = place = 0
    for row, (start, stop) in enumerate(zip(*columns[0], strict=True)):
        pieces.append(text[place:start])
        for part in parts:
            pieces.append(part if isinstance(part, bytes) else _group(text, columns[part], row))
            size += len(pieces[-1])
        size += start - place
        place = stop
        if size > max_bytes:
            raise ReplacementTooLargeError(max_bytes)
    if size + len(text) - place > max_bytes:
        raise ReplacementTooLargeError(max_bytes)
    pieces.append(text[place:])
    return Replacement(b"".join(pieces), len(found.starts), found.work)


def parse_replacement(template: str, matcher: Matcher) -> list[bytes | int]:
    """The template as literal bytes and group numbers. Raises QueryError."""
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
            length, part = _reference(template, place, matcher)
            parts.append(part)
            place += length
    return parts


def _reference(template: str, place: int, matcher: Matcher) -> tuple[int, bytes | int]:
    """The length and meaning of what starts with a dollar here; a dollar before anything else is itself."""
    rest = template[place + 1 : place + 3]
    if rest.startswith("$"):
        return 2, b"$"
    if rest.startswith("{"):
        stop = template.find("}", place)
        if stop < 0:
            raise QueryError("`${` has no `}`; write `$$` for a dollar")
        return stop + 1 - place, _number(template[place + 2 : stop], matcher)
    digits = rest if rest.isascii() and rest.isdigit() else rest[:1]
    if not (digits.isascii() and digits.isdigit()):
        return 1, b"$"
    return 1 + len(digits), _number(digits, matcher)


def _number(name: str, matcher: Matcher) -> int:
    if name.isascii() and name.isdigit() and len(name) <= 4 and int(name) <= matcher.groups:
        return int(name)
    if name in matcher.names:
        return matcher.names.index(name) + 1
    raise QueryError(f"the query has no group `{name}`; it has {matcher.groups}; write `$$` for a dollar")


def _group(text: bytes, column: tuple[list[int], list[int]], row: int) -> bytes:
    start = column[0][row]
    return b"" if start < 0 else text[start : column[1][row]]
