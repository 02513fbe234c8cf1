"""Search against a naive search of each window, with every charge recomputed."""

import itertools
import re
from collections.abc import Iterator

import numpy as np
import pytest
import re2  # type: ignore[import-untyped]  # ships no stubs
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes.buffers import Buffer
from rlmlite_kernel.engines.bytes.line_ends import newline_view
from rlmlite_kernel.engines.query.query import Matcher, Query, QueryError, any_of, compile_query, literal, regex
from rlmlite_kernel.engines.search import windows
from rlmlite_kernel.engines.search.find import SearchResult, count, find
from tests.sizes import scale

PLENTY = 1 << 60
WINDOW = 65_536

LINE_PATTERNS = (
    r"a", r"a+", r"a*", r"a*?", r"^", r"$", r"^$", r"\s+", r"\s+$", r"[^x]+", r"[^b]*", r"\W+", r"\b", r"\B", r"^a|b$",
    r"(a)(b)?", r"(?<first>\w)(?P<rest>\w*)", r".", r".*", r".+$", r"a[^b]*b|a", r"\Aa", r"a\z", r"é+", r"[^é]", r"x*",
    r"(a|aa)+$", r"(?i)É|k", r"[[:space:]]", r"\pL+", r"[^\n]+", r"a{2,3}", r"(?:)", r"\Qa", r"\x61", r"[\x00-\x1f]+",
)  # fmt: skip
BLOCK_PATTERNS = (r"a\nb", r"\n+", r"(?s)a.*?b", r"b\n^a", r"\n$", r"(?s)^.", r"[ab\n]+", r"a\n|b", r"\x0a")

texts = st.text(st.sampled_from("aabbxkK \t\n\n\r\0é😀e\u0301\u017f"), max_size=60)


def next_code_point(text: bytes, place: int) -> int:
    place += 1
    while place < len(text) and text[place] & 0xC0 == 0x80:
        place += 1
    return place


def matches_in(matcher: Matcher, window: bytes) -> Iterator[list[tuple[int, int]]]:
    """Every match in a window by RE2 alone, with the rule for empty matches spelled out."""
    options = re2.Options()
    options.log_errors = False
    body = re2.compile(pattern_of(matcher.query).encode(), options)
    place, previous = 0, -1
    while place <= len(window):
        match = body.search(window, place)
        if match is None:
            return
        start, stop = match.span()
        inside = start < len(window) and window[start] & 0xC0 == 0x80
        if start == stop and (start == previous or inside):
            place = next_code_point(window, start)
            continue
        yield [match.span(group) for group in range(1 + body.groups)]
        previous, place = stop, stop if stop > start else next_code_point(window, start)


def pattern_of(query: Query) -> str:
    if query.kind == "any":
        return "|".join(f"(?:{pattern_of(member)})" for member in query.members)
    text = re2.escape(query.text) if query.kind == "literal" else query.text.replace("(?<f", "(?P<f")
    flags = "".join(sorted({"m", *query.flags}))
    return f"(?{flags}:{text}{chr(92) + 'E' if text.startswith(chr(92) + 'Q') else ''})"


def naive_windows(content: bytes, matcher: Matcher) -> Iterator[tuple[int, int, int]]:
    """(start, stop, what is charged) of each window by lines: a line without its line end, and with it."""
    ends = rb"\n" if matcher.is_one_pass or matcher.sees_returns else rb"\r\n|\r|\n"
    start = 0
    for end in re.finditer(ends, content):
        yield start, end.start(), end.end() - start
        start = end.end()
    if start < len(content):
        yield start, len(content), len(content) - start


def cut_windows(content: bytes) -> Iterator[tuple[int, int, int]]:
    """The same in a run from before `WHOLE_LINES`."""
    place = 0
    for line in content.split(b"\n"):
        last = place + len(line) == len(content)
        if last and not line:
            return
        start, stop = place, place + len(line)
        while stop - start > WINDOW:
            cut = start + WINDOW
            while content[cut] & 0xC0 == 0x80:
                cut -= 1
            yield start, cut, cut - start
            start = cut
        yield start, stop, stop - start + (not last)
        place = stop + 1


def naive(content: bytes, matcher: Matcher, work_left: int = PLENTY) -> tuple[list[list[tuple[int, int]]], int, int]:
    """(matches, work, scanned to) of a search by lines."""
    found: list[list[tuple[int, int]]] = []
    work = scanned = 0
    for start, stop, charged in naive_windows(content, matcher) if matcher.whole_lines else cut_windows(content):
        window = [
            [(a + start, b + start) if a >= 0 else (a, b) for a, b in spans]
            for spans in matches_in(matcher, content[start:stop])
        ]
        price = charged if matcher.is_one_pass else charged * (len(window) + 1) * matcher.weight
        if work + price > work_left:
            break
        found += window
        work += price
        scanned = start + charged
    return found, work, scanned


def rows(found: SearchResult) -> list[list[tuple[int, int]]]:
    columns = [(found.starts, found.stops), *found.groups]
    pairs = [list(zip(starts.tolist(), stops.tolist(), strict=True)) for starts, stops in columns]
    return [list(row) for row in zip(*pairs, strict=True)]


def searched(content: bytes, matcher: Matcher) -> Buffer:
    return newline_view(content) if matcher.reads_line_ends else content


def check(content: bytes, query: Query, work_left: int = PLENTY, whole_lines: bool = True) -> None:
    matcher = compile_query(query, whole_lines=whole_lines)
    expected, work, scanned = naive(content, matcher, work_left)
    text = searched(content, matcher)
    found = find(text, matcher, 0, len(content), work_left)
    counted = count(memoryview(text), matcher, 0, len(content), work_left)
    assert rows(found) == expected
    assert (found.work, found.scanned_to, found.out_of_work) == (work, scanned, scanned < len(content))
    assert counted == type(counted)(len(expected), work, scanned, scanned < len(content), found.cut_windows)


@pytest.mark.parametrize("pattern", LINE_PATTERNS)
@settings(max_examples=scale(25))
@given(text=texts, flags=st.sampled_from(["", "i"]), work=st.one_of(st.just(PLENTY), st.integers(0, 400)))
def test_a_regex_matches_as_in_each_line_alone(pattern: str, text: str, flags: str, work: int) -> None:
    """A pattern that names no newline gives what it gives in every line by itself, at the same charge."""
    check(text.encode(), regex(pattern, flags), work)


@settings(max_examples=scale(150))
@given(
    text=texts,
    words=st.lists(st.text(st.sampled_from("abxkK é"), min_size=1, max_size=3), min_size=1, max_size=4),
    work=st.one_of(st.just(PLENTY), st.integers(0, 200)),
)
def test_texts_match_as_in_each_line_alone(text: str, words: list[str], work: int) -> None:
    """Plain texts, alone, folded, and as a list, give what RE2 gives."""
    check(text.encode(), literal(words[0]), work)
    check(text.encode(), regex(words[0], "i"), work)
    check(text.encode(), any_of(*map(literal, words)), work)
    check(text.encode(), any_of(literal(words[0]), regex(r"a(b)|x+")), work)


@pytest.mark.parametrize(
    "query",
    [
        regex("ab", "i"),
        regex("^|é$"),
        literal("aa"),
        any_of(literal("ab"), literal("ba")),
        pytest.param(regex("a+b"), marks=pytest.mark.slow),
        pytest.param(literal("ab"), marks=pytest.mark.slow),
        pytest.param(regex("(b)?a$"), marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("size", [WINDOW, WINDOW + 1, 2 * WINDOW + 7])
def test_long_lines_were_cut(query: Query, size: int) -> None:
    """Before `WHOLE_LINES` a line of more than 64 KiB was cut at a code point, and each piece was a text of its own."""
    line = ("ab----------" * size).encode()[: size - 9] + "é😀é".encode()[:8] + b"a"
    content = b"ab\n" + line + b"\n\nab\n" + line * 2
    for work in (PLENTY, 200_000, 70_000, 3):
        check(content, query, work, whole_lines=False)
    found = find(content, compile_query(query, whole_lines=False), 0, len(content), PLENTY)

    assert found.cut_windows == (size > WINDOW) + 1


def test_dense_and_sparse_runs_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several runs with clusters of hits give the same by every engine, as numbers and as places."""
    monkeypatch.setattr(windows, "_RUN", 20_000)  # so that a small text has several
    block = b"lorem ipsum dolor\n" * 5_000 + b"aXbXc\nXX\n" * 900 + b"\n" * 500 + "é Kk\n".encode() * 200
    for query in (literal("X"), regex("x", "i"), regex("k", "i"), any_of(literal("X"), literal("dolor")), regex("X|$")):
        for work in (PLENTY, 175_000):
            check(block, query, work)


@settings(max_examples=scale(200))
@given(text=texts, cut=st.tuples(st.integers(0, 80), st.integers(0, 80)), pattern=st.sampled_from(LINE_PATTERNS))
def test_a_slice_is_a_text_of_its_own(text: str, cut: tuple[int, int], pattern: str) -> None:
    """Searching [start, stop) gives what searching a copy of it gives, at shifted offsets."""
    start, stop = (len(text[:place].encode()) for place in sorted(cut))
    content = text.encode()
    matcher = compile_query(regex(pattern))
    inner = find(searched(content, matcher), matcher, start, stop, PLENTY)
    alone = find(searched(content[start:stop], matcher), matcher, 0, stop - start, PLENTY)

    assert (inner.starts - start).tolist() == alone.starts.tolist()
    assert (inner.stops - start).tolist() == alone.stops.tolist()
    assert inner.work == alone.work


@pytest.mark.parametrize("pattern", [*LINE_PATTERNS, *BLOCK_PATTERNS])
@settings(max_examples=scale(25))
@given(text=texts.map(lambda text: text.replace("\r", "")))
def test_by_blocks_a_short_text_is_one_window(pattern: str, text: str) -> None:
    """A text below 32 KiB read by blocks gives what RE2 gives on all of it."""
    content = text.encode()
    matcher = compile_query(regex(pattern), by_blocks=True)
    expected = list(matches_in(matcher, content)) if content else []

    assert rows(find(content, matcher, 0, len(content), PLENTY)) == expected
    assert count(content, matcher, 0, len(content), PLENTY).count == len(expected)


@pytest.mark.parametrize("query", [regex("a\nb"), literal("a\nb"), literal("\n\n"), regex("(?s)b.{3}"), regex(r"\n\b")])
def test_by_blocks_short_matches_are_all_found(query: Query) -> None:
    """Matches are found wherever they lie across the ends of windows, once each."""
    text = "".join(itertools.islice(itertools.cycle(["a\nb", "é", "x\n\n\n", "a\nb\nb", "y" * 37]), 20_000))
    content = text.encode()
    matcher = compile_query(query)
    found = find(content, matcher, 0, len(content), PLENTY)

    assert matcher.reads_blocks
    assert rows(found) == list(matches_in(matcher, content))
    assert count(content, matcher, 0, len(content), PLENTY).count == len(found.starts)


@pytest.mark.parametrize("query", [regex("(?s)a.*b"), regex("a[^c]*\n")])
def test_by_blocks_no_match_is_longer_than_a_window(query: Query) -> None:
    """A match that would run on is cut at the end of its window."""
    content = b"ab\n" * 100_000
    found = find(content, compile_query(query), 0, len(content), PLENTY)

    assert int((found.stops - found.starts).max()) <= WINDOW
    assert bool((found.starts[1:] >= found.stops[:-1]).all())


QUERIES = (regex("a+"), regex("(a)(x)?"), literal("ab"), regex("AB", "i"), regex("a\nb"), literal("b\na"), regex("^"),
           any_of(literal("ab"), literal("x")), regex("(?s)b.a"), regex("a{150}b?|b"))  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_less_work_gives_a_prefix(query: Query) -> None:
    """With less work a search gives the first part of the whole result, never charges more than it has, and says so."""
    content = (b"ab\nxa" * 7 + b"\n" + b"-" * 400) * 800 + b"a" * 2_000 + b"-" * 200_000 + b"\nab\n"
    matcher = compile_query(query)
    whole = find(content, matcher, 0, len(content), PLENTY)
    shares = [0, 1, 97, 65_535, 65_536, 300_000, whole.work // 3, whole.work - 1, whole.work]
    reached = -1
    for work in sorted(shares):
        part = find(content, matcher, 0, len(content), work)
        counted = count(content, matcher, 0, len(content), work)
        kept = int(np.searchsorted(whole.starts, part.scanned_to)) if part.out_of_work else len(whole.starts)

        assert rows(part) == rows(whole)[: len(part.starts)]
        assert len(part.starts) == kept == counted.count
        assert (counted.work, counted.scanned_to) == (part.work, part.scanned_to)
        assert part.work <= work
        assert part.out_of_work == (work < whole.work)
        assert part.scanned_to >= reached
        reached = part.scanned_to


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("limit", [0, 1, 5, 4_095, 4_097, 1_000_000])
def test_a_limit_gives_the_first(query: Query, limit: int) -> None:
    """`limit` keeps the first matches and charges no more than the whole search."""
    content = (b"ab\nxa" * 7 + b"\n") * 700
    matcher = compile_query(query)
    whole = find(content, matcher, 0, len(content), PLENTY)
    first = find(content, matcher, 0, len(content), PLENTY, limit)

    assert rows(first) == rows(whole)[:limit]
    assert first.work <= whole.work
    assert not first.out_of_work


HOSTILE = (r"(a+)+$", r"(a|aa)+$", r"a[^b]*b|a", r"(.*a){20}", r"(x+x+)+y", r"(a*)*b", r"(a|a?)+b", r"([a-z]+)*x",
           r"(.*)(.*)(.*)(.*)x", r"(?s)a.*b|a", r"[ab]*a[ab]{300}c", r"(a?){50}a{50}")  # fmt: skip

HOSTILE_SIZE = scale(2 * WINDOW)
"""Bytes of text, and units of work: some windows here, megabytes in the sweep."""


@pytest.mark.parametrize("pattern", HOSTILE)
@pytest.mark.parametrize(
    "content",
    [b"a" * HOSTILE_SIZE, (b"a" * (HOSTILE_SIZE // 17) + b"\n") * 17, b"ab" * (HOSTILE_SIZE // 2)],
    ids=["one", "long", "ab"],
)
def test_hostile_patterns_end_within_their_work(pattern: str, content: bytes) -> None:
    """Every hostile pattern ends when a unit a byte is spent, says so, and gets equally far every time."""
    matcher = compile_query(regex(pattern))
    budget = HOSTILE_SIZE
    once = count(content, matcher, 0, len(content), budget)

    assert once.work <= budget
    assert once.out_of_work == (once.scanned_to < len(content))
    assert once == count(content, matcher, 0, len(content), budget)


def test_unfolded_repetition_weighs() -> None:
    """Counted repetition that unfolds to many atoms is charged more for each byte; what is written is not."""
    weights = [
        compile_query(regex(pattern)).weight for pattern in (r"\d{4}-\d{2}", r"[ab]*a[ab]{500}c", r"((a{10}){10}){9}")
    ]

    assert weights == [1, 5, 9]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (literal(""), "empty"), (regex(""), "empty"), (any_of(), "empty"), (any_of(any_of(literal("a"))), "not lists"),
        (regex("a(?=b)"), "look-around"), (regex("(?<!a)b"), "look-around"), (regex(r"(a)\1"), "back-references"),
        (regex("(?P<x>a)(?P=x)"), "back-references"), (regex("("), "missing )"), (regex("a)(b"), "RE2 refuses"),
        (any_of(regex("a)"), regex("(b")), "RE2 refuses"), (regex("a", "x"), "flag `x`"), (regex(r"\C"), "code point"),
        (regex("(?-m)^a"), "always on"), (regex(r"\d{1000}\pL{1000}"), "too large"), (literal("a" * 32_769), "32768"),
        (regex("(?<x>a)(?<x>b)"), "two groups"), (literal("\ud800"), "surrogate"), (regex("a**"), "RE2 refuses"),
        (regex("(?<x"), "RE2 refuses"), (regex("\\"), "RE2 refuses"), (regex("[a"), "RE2 refuses"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_refused(query: Query, says: str) -> None:
    """A query that cannot be run is a QueryError that says why."""
    with pytest.raises(QueryError) as refused:
        compile_query(query)

    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("pattern", "blocks"),
    [
        (r"\n", True), ("a\nb", True), (r"\x0a", True), (r"\x{A}", True), (r"\012", True), (r"[\n]", True),
        (r"[a\n]", True),
        (r"[^\n]", False), (r"\\n", False), (r"[\\n]", False), (r"\s", False), ("[^a]", False), (r"\Q\n\E", False),
        ("\\Qa\nb\\E", True), ("(?s)a", True), ("(?i-s:a)", False), ("(?is:a.)b", True), (r"[]\n]", True),
        (r"[^]\n]", False),
        (r"[[:alpha:]\n]", True), ("\\\n", True), (r"[\x00-\x1f]", False), (r"(?<n>a)", False),
        (r"\pN\p{Greek}\n", True),
    ],
)  # fmt: skip
def test_which_patterns_go_by_blocks(pattern: str, blocks: bool) -> None:
    """Only a pattern that names a newline, or has `s` on, is read by blocks."""
    assert compile_query(regex(pattern)).reads_blocks is blocks


def test_groups_and_names() -> None:
    """Groups are numbered, named ones have their name, and a group that took no part is -1."""
    matcher = compile_query(regex(r"(?<who>\w+)=(\d+)?[(?<]"))
    found = find(b"x a=1( b=<", matcher, 0, 10, PLENTY)

    assert matcher.names == ("who", None)
    assert rows(found) == [[(2, 6), (2, 3), (4, 5)], [(7, 10), (7, 8), (-1, -1)]]
