"""Chunks, templates and replacement against their plain definitions."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes.buffers import SpanArrays
from rlmlite_kernel.engines.bytes.line_ends import newline_view
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.cut.cut import (
    CutError,
    chunk_at,
    chunk_bytes,
    chunk_bytes_at_lines,
    chunk_lines,
    chunk_paragraphs,
    split_at,
)
from rlmlite_kernel.engines.query.query import QueryError, compile_query, literal, regex
from rlmlite_kernel.engines.query.templates import fields_pattern, template_pattern
from rlmlite_kernel.engines.search.find import find
from rlmlite_kernel.engines.search.replace import OutOfWorkError, ReplacementTooLargeError, replace
from tests.sizes import scale

PLENTY = 1 << 60
texts = st.text(st.sampled_from("ab \n\n\n\t\ré😀"), max_size=50)
sizes = st.tuples(st.integers(1, 6), st.integers(0, 5)).filter(lambda pair: pair[1] < pair[0])


def plan(total: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """The definition: steps of size - overlap until one reaches the end."""
    chunks: list[tuple[int, int]] = []
    first = 0
    while total and (not chunks or chunks[-1][1] < total):
        chunks.append((first, min(first + size, total)))
        first += size - overlap
    return chunks


def cut(content: bytes, spans: SpanArrays) -> list[bytes]:
    return [content[start:stop] for start, stop in zip(spans[0].tolist(), spans[1].tolist(), strict=True)]


@settings(max_examples=scale(200))
@given(texts, sizes, st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_chunks_of_lines(text: str, pair: tuple[int, int], places: tuple[int, int]) -> None:
    """Chunks of lines join those lines, also of a part that starts or stops inside a line."""
    content = text.encode()
    start, stop = (len(text[:place].encode()) for place in sorted(places))
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", content[start:stop])
    expected = [b"".join(lines[first:last]) for first, last in plan(len(lines), *pair)]

    assert cut(content, chunk_lines(LineIndex(content), start, stop, *pair)) == expected


@settings(max_examples=scale(200))
@given(texts, sizes)
def test_chunks_of_bytes(text: str, pair: tuple[int, int]) -> None:
    """Chunks of bytes are valid UTF-8 and, without overlap, join to the text."""
    content = text.encode()
    pieces = cut(content, chunk_bytes(content, 0, len(content), *pair))

    assert all(piece.decode() for piece in pieces)
    if pair[1] == 0:
        assert b"".join(pieces) == content
        assert all(len(piece) < pair[0] + 4 for piece in pieces)


@settings(max_examples=scale(200))
@given(texts, sizes, st.sampled_from([0, (1 << 20) - 2]))
def test_chunks_of_paragraphs(text: str, pair: tuple[int, int], ahead: int) -> None:
    """A paragraph is a run of lines with more than white space, also where a block ends inside it."""
    content = b"x" * ahead + text.encode()
    groups: list[list[tuple[int, int]]] = [[]]
    place = 0
    for line in content.split(b"\n"):
        stop = min(place + len(line) + 1, len(content))
        if line.strip():
            groups[-1].append((place, stop))
        else:
            groups.append([])
        place = stop
    paragraphs = [(group[0][0], group[-1][1]) for group in groups if group]
    expected = [(paragraphs[first][0], paragraphs[last - 1][1]) for first, last in plan(len(paragraphs), *pair)]
    starts, stops = chunk_paragraphs(content, 0, len(content), *pair)

    assert list(zip(starts.tolist(), stops.tolist(), strict=True)) == expected


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (-1, 0), (3, 3), (3, 4), (3, -1)])
def test_a_cut_that_does_not_advance_is_refused(size: int, overlap: int) -> None:
    """A size below one, or an overlap that is not below the size, is a CutError."""
    with pytest.raises(CutError):
        chunk_bytes(b"abc", 0, 3, size, overlap)
    with pytest.raises(CutError):
        chunk_lines(LineIndex(b"abc"), 0, 3, size, overlap)
    with pytest.raises(CutError):
        chunk_paragraphs(b"abc", 0, 3, size, overlap)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"# a\nx\n# b\n# c", [b"# a\nx\n", b"# b\n", b"# c"]),
        (b"intro\n# a\n", [b"intro\n", b"# a\n"]),
        (b"x", [b"x"]),
        (b"", []),
    ],
)
def test_chunks_at_matches(text: bytes, expected: list[bytes]) -> None:
    """A chunk starts at each match; what is before the first is a chunk of its own."""
    pieces = chunk_at(text, compile_query(regex("^# ")), 0, len(text), PLENTY)

    assert cut(text, (pieces.starts, pieces.stops)) == expected


def test_split_gives_one_more_than_matches() -> None:
    """A split gives one piece more than there are matches: empty pieces are kept."""
    pieces = split_at(b"a,b,,c,", compile_query(literal(",")), 0, 7, PLENTY)

    assert cut(b"a,b,,c,", (pieces.starts, pieces.stops)) == [b"a", b"b", b"", b"c", b""]


@pytest.mark.parametrize(
    ("pattern", "template", "expected"),
    [
        (r"(\w)=(?<n>\d+)", "${n}:$1", "1:a 23:b é"), (r"\d", "<$0>", "a=<1> b=<2><3> é"), ("é", "$$", "a=1 b=23 $"),
        (r"(x)?=", "[$1]", "a[]1 b[]23 é"), ("^", "$ ", "$ a=1 b=23 é"), ("nothing", "x", "a=1 b=23 é"),
        (r"(?s).*", "", ""), (r"\s+", "$01", None), ("b", "$1", None), ("b", "${x", None), ("b", "${y}", None),
    ],
)  # fmt: skip
def test_replace(pattern: str, template: str, expected: str | None) -> None:
    """`$0 $1 ${name} $$` mean what they say; a group that is not there is a QueryError."""
    text, matcher = "a=1 b=23 é".encode(), compile_query(regex(pattern))
    if expected is None:
        with pytest.raises(QueryError):
            replace(text, matcher, template, 1_000, PLENTY)
    else:
        assert replace(text, matcher, template, 1_000, PLENTY).text.decode() == expected


def test_replace_is_bounded() -> None:
    """A result of exactly `max_bytes` is given, one byte more is refused, and so is a search past its work."""
    matcher = compile_query(literal("a"))

    assert replace(b"aab", matcher, "xyz", 7, PLENTY).text == b"xyzxyzb"
    with pytest.raises(ReplacementTooLargeError):
        replace(b"aab", matcher, "xyz", 6, PLENTY)
    with pytest.raises(ReplacementTooLargeError):
        replace(b"a" * 1_000, matcher, "x" * 1_000, 5_000, PLENTY)
    with pytest.raises(OutOfWorkError):
        replace(b"aab", matcher, "xyz", 7, 2)


def test_templates_have_nothing_to_escape() -> None:
    """A hole takes at least one character, as few as will do; the last one, at the end, takes the rest."""
    pattern = template_pattern("Expiring session <*>, timeout of <*>ms (exceeded) <*>")
    lines = "x Expiring session 0x1, timeout of 10ms (exceeded) é b\nExpiring session , timeout of ms (exceeded) \n"
    text = lines.encode()
    found = find(text, compile_query(regex(pattern)), 0, len(text), PLENTY)
    groups = [text[int(starts[0]) : int(stops[0])].decode() for starts, stops in found.groups]

    assert len(found.starts) == 1
    assert groups == ["0x1", "10", "é b"]
    for empty in ("", "<*>", " <*> <*>"):
        with pytest.raises(QueryError):
            template_pattern(empty)


def test_fields_of_a_line() -> None:
    """Fields are named groups of the whole line; other braces are text."""
    matcher = compile_query(regex(fields_pattern('{a} | {b} {{c}} {"x": {d}')))
    text = b'1 | 2 {c} {"x": 3 | 4\nnone\n | p | q {c} {"x": '
    found = find(text, matcher, 0, len(text), PLENTY)
    fields = [[text[a:b] for a, b in zip(s.tolist(), e.tolist(), strict=True)] for s, e in found.groups]

    assert matcher.names == ("a", "b", "d")
    assert fields == [[b"1", b""], [b"2", b"p | q"], [b"3 | 4", b""]]
    for wrong in ("none", "{a} {a}", "{a b}"):
        with pytest.raises(QueryError):
            fields_pattern(wrong)


@settings(max_examples=scale(200))
@given(texts, sizes)
def test_chunks_of_bytes_end_at_lines(text: str, pair: tuple[int, int]) -> None:
    """They are valid UTF-8, go on, join to the text, and end at a line end wherever their second half has one."""
    content, (size, overlap) = text.encode(), pair
    starts, stops = chunk_bytes_at_lines(LineIndex(content), 0, len(content), size, overlap)
    chunks = list(zip(starts.tolist(), stops.tolist(), strict=True))
    ends = newline_view(content)

    assert all(content[start:stop].decode() for start, stop in chunks)
    assert all(stop - start <= size + 6 for start, stop in chunks)
    assert all(start < later <= stop < end for (start, stop), (later, end) in itertools.pairwise(chunks))
    if overlap == 0:
        assert b"".join(content[start:stop] for start, stop in chunks) == content
        near = min(size // 2, size - 1)
        for start, stop in chunks[:-1]:
            has_line_end = b"\n" in bytes(ends[max(start, start + size - near) : start + size])
            assert not has_line_end or bytes(ends[stop - 1 : stop]) == b"\n"
