"""Replacing: what a query matches, read by blocks, gives way to a template of its groups.

    replace(b"a=1 b=2", matcher of /(\\w)=(\\d)/, "$2:$1", ..)     text b"1:a 2:b", replaced 2

Unlike Python's `re.sub`, the size of the result is checked while it grows, so that a template cannot fill memory, and
the search has a budget of work.
"""

from typing import NamedTuple, TypeAlias

import numpy as np

from rlmlite_kernel.engines.bytes.buffers import IntArray, SpanArrays
from rlmlite_kernel.engines.bytes.line_ends import newline_view
from rlmlite_kernel.engines.query.query import GroupNames, Matcher, QueryError, as_block_matcher
from rlmlite_kernel.engines.search.find import count, find


class ReplacementTooLargeError(ValueError):
    """The result would be larger than `max_bytes`."""

    def __init__(self, max_bytes: int, matches: int = 0) -> None:
        super().__init__(f"the result would be larger than {max_bytes} bytes")
        self.max_bytes, self.matches = max_bytes, matches


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


def replace(
    text: bytes, matcher: Matcher, template: str, max_bytes: int, work_left: int, most_matches: int | None = None
) -> Replacement:
    """The text with the template in place of each match.

    In the template `$0` is the match, `$1` or `${name}` a group (nothing if it took no part), and `$$` a dollar.

    Raises:
        QueryError: the template names a group that the query does not have.
        ReplacementTooLargeError: the result would pass `max_bytes`, or there are more than `most_matches`.
        OutOfWorkError: the search would pass `work_left`.
    """
    parts = parse_replacement(template, matcher)
    by_blocks = as_block_matcher(matcher)
    if by_blocks.needle is not None and all(isinstance(part, bytes) for part in parts):
        with_ = b"".join(part for part in parts if isinstance(part, bytes))
        return _replace_plain(text, by_blocks, with_, max_bytes, work_left)
    limit = None if most_matches is None else most_matches + 1
    searched = newline_view(text) if by_blocks.reads_line_ends else text
    matches = find(searched, by_blocks, 0, len(text), work_left, limit)
    if matches.out_of_work:
        raise OutOfWorkError(matches.work)
    if most_matches is not None and len(matches.starts) > most_matches:
        raise ReplacementTooLargeError(max_bytes, len(matches.starts))
    if not len(matches.starts) and len(text) <= max_bytes:
        return Replacement(text, 0, matches.work)
    # Column 0 is the whole match, as `$0` is, and column n is group n.
    columns = _join_namesakes([(matches.starts, matches.stops), *matches.groups], matcher.names)
    # Before anything is built, so that a template of `$0$0$0` cannot fill the memory.
    if _size_of_result(text, columns, parts) > max_bytes:
        raise ReplacementTooLargeError(max_bytes)
    result = bytearray()
    place = 0
    for first in range(0, len(matches.starts), _BLOCK):
        # As lists, which Python reads faster row by row; not all at once, since each number takes 40 bytes in one.
        block = [
            (starts[first : first + _BLOCK].tolist(), stops[first : first + _BLOCK].tolist())
            for starts, stops in columns
        ]
        place = _replace_block(text, place, block, parts, result)
    result += text[place:]
    return Replacement(bytes(result), len(matches.starts), matches.work)


def _join_namesakes(columns: list[SpanArrays], names: GroupNames) -> list[SpanArrays]:
    """The first group of each name has the place of whichever group of that name took part."""
    for number, name in enumerate(names, 1):
        first = names.index(name) + 1
        if name is not None and first < number:
            is_absent = columns[first][0] < 0
            starts = np.where(is_absent, columns[number][0], columns[first][0])
            stops = np.where(is_absent, columns[number][1], columns[first][1])
            columns[first] = starts, stops
    return columns


def _replace_plain(text: bytes, matcher: Matcher, with_: bytes, max_bytes: int, work_left: int) -> Replacement:
    """One plain text for another, which needs no places of matches: there may be as many as bytes."""
    assert matcher.needle is not None
    counted = count(text, matcher, 0, len(text), work_left)
    if counted.out_of_work:
        raise OutOfWorkError(counted.work)
    if len(text) + counted.count * (len(with_) - len(matcher.needle)) > max_bytes:
        raise ReplacementTooLargeError(max_bytes)
    return Replacement(text.replace(matcher.needle, with_), counted.count, counted.work)


_BLOCK = 1 << 14

_Column: TypeAlias = tuple[list[int], list[int]]
"""Where a match or a group starts and stops, match by match."""


def _size_of_result(text: bytes, columns: list[tuple[IntArray, IntArray]], parts: list[bytes | int]) -> int:
    """How many bytes the text will have."""
    starts, stops = columns[0]
    size = len(text) - int((stops - starts).sum())
    for part in parts:
        if isinstance(part, bytes):
            size += len(part) * len(starts)
        else:
            group_starts, group_stops = columns[part]
            # A group that took no part starts and stops at -1, and has no bytes.
            size += int((group_stops - group_starts).sum())
    return size


def _replace_block(text: bytes, place: int, block: list[_Column], parts: list[bytes | int], result: bytearray) -> int:
    """Add the text from `place` to the end of the last match of a block, replaced; gives that end."""
    for row, (start, stop) in enumerate(zip(*block[0], strict=True)):
        # What is between two matches is copied as it is.
        result += text[place:start]
        for part in parts:
            result += part if isinstance(part, bytes) else _group_text(text, block[part], row)
        place = stop
    return place


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


def _group_text(text: bytes, column: _Column, row: int) -> bytes:
    start = column[0][row]
    return b"" if start < 0 else text[start : column[1][row]]
