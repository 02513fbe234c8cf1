"""Lines of any length are searched whole, and no line end is part of a line: every engine against a naive search."""

import random
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes import line_ends
from rlmlite_kernel.engines.bytes.line_ends import newline_view
from rlmlite_kernel.engines.bytes.positions import LineIndex
from rlmlite_kernel.engines.lines.blocks import line_bounds
from rlmlite_kernel.engines.lines.groups import find_groups
from rlmlite_kernel.engines.query.query import Matcher, Query, any_of, compile_query, literal, regex
from rlmlite_kernel.engines.query.regex import UNANCHORED
from rlmlite_kernel.engines.search import hyperscan, windows
from rlmlite_kernel.engines.search.find import count, find, open_text
from rlmlite_kernel.engines.search.replace import replace
from tests.sizes import scale

PLENTY = 1 << 62
CUTS = (32_768, 65_536, 131_072, 1 << 19, 1 << 20)
"""Sizes at which some engine, of today or before, takes text in pieces."""

ENDS = (b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n", b"\n\r", b"\r\r\n")
WORDS = tuple(f"w{number:02}x" for number in range(40))
QUERIES = (
    literal("ERROR"), literal("é k"), regex("ERROR", "s"), regex("error", "i"), regex("error k", "is"),
    any_of(literal("ERROR"), literal("OR b"), literal("RO")), any_of(literal("ab"), literal("ERROR b"), literal("b")),
    any_of(*map(literal, (*WORDS, "ERROR", "RROR b"))), any_of(*map(literal, (*WORDS, "ROR\r", "ERROR"))),
    regex("^x"), regex("x$"), regex("^"), regex("$"), regex("^$"), regex(r"\bERROR\b"), regex(r"(E+)(RROR)? b"),
    regex(r"ERROR.*$"), regex(r"^.*ERROR"), regex(r"(?<a>[^ ]*)ERROR(?<b>.*)"), regex(r"\s+$"), regex(r"[^x]+$"),
    regex(r"\Ax"), regex(r"k\z", "i"), regex(r"(?i)error|É"), any_of(regex("^x"), literal("ERROR"), regex("k$", "i")),
)  # fmt: skip


def line_texts(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Where each line starts, and the line without its end."""
    start = 0
    for end in re.finditer(rb"\r\n|\r|\n", content):
        yield start, content[start : end.start()]
        start = end.end()
    if start < len(content):
        yield start, content[start:]


def search_naively(content: bytes, matcher: Matcher) -> list[tuple[tuple[int, int], ...]]:
    """The matches, and their groups, of each line by itself."""
    found = []
    for start, line in line_texts(content) if matcher.reads_line_ends else [(0, content)]:
        place, previous = 0, -1
        while place <= len(line):
            spans = matcher.regex.match(UNANCHORED, line, place, len(line))
            first, last = spans[0]
            if first < 0:
                break
            is_inside = first < len(line) and line[first] & 0xC0 == 0x80
            if first < last or (first != previous and not is_inside):
                found.append(tuple((a + start, b + start) if a >= 0 else (-1, -1) for a, b in spans))
                previous = last
            place = last if first < last else first + 1
    return found


def generate(chance: random.Random) -> bytes:
    """Lines that are about as long as some engine's pieces, with what is searched for around each cut."""
    lines = []
    for _ in range(chance.randrange(1, 4)):
        size = chance.choice(CUTS[:3] * 3 + CUTS) + chance.randrange(-9, 10) if chance.random() < 0.7 else 30
        filling = chance.choice((b"x", b"x", b"- ", "é".encode(), b"xk")) * (size + 9)
        line = bytearray(filling[:size])
        for cut in (*CUTS, size):
            for _ in range(chance.randrange(3)):
                piece = chance.choice((b"ERROR b", b"error K", "é k".encode(), b"abab", b"w07x", "É\u212a".encode()))
                at = max(0, cut - chance.randrange(12))
                if at <= len(line):
                    line[at : at + len(piece)] = piece
        lines.append(bytes(line).decode("utf-8", "ignore").encode() + chance.choice(ENDS))
    return b"".join(lines).removesuffix(chance.choice((b"\n", b"#")))


def check(content: bytes, query: Query) -> None:
    """All engines find in a text what a search of each whole line finds."""
    matcher = compile_query(query)
    expected = search_naively(content, matcher)
    text, opened = open_text(LineIndex(content), matcher)
    found = find(text, opened, 0, len(content), PLENTY)
    columns = [(found.starts, found.stops), *found.groups]
    spans = [tuple((int(a[row]), int(b[row])) for a, b in columns) for row in range(len(found.starts))]

    assert spans == expected
    assert count(text, opened, 0, len(content), PLENTY).count == len(expected)
    assert not found.out_of_work
    assert found.cut_windows == 0
    if matcher.reads_line_ends:
        groups = tuple(range(1, matcher.groups + 1))
        bounds = line_bounds(newline_view(content), 0, len(content))
        of_lines = find_groups(newline_view(content), bounds, matcher, groups)
        starts = [start for start, _ in line_texts(content)]
        first_of_line: dict[int, tuple[tuple[int, int], ...]] = {}
        for match in expected:
            line = max(number for number, start in enumerate(starts) if start <= match[0][0])
            first_of_line.setdefault(line, match)

        assert of_lines.matches.tolist() == [line in first_of_line for line in range(len(starts))]
        for group in groups:
            places = list(zip(*map(list, of_lines.groups[group]), strict=True))
            assert [places[line] for line in sorted(first_of_line)] == [
                first_of_line[line][group] for line in sorted(first_of_line)
            ]


@pytest.mark.parametrize("worker", range(4))
def test_lines_around_every_cut(worker: int) -> None:
    """Anchors, groups, texts and lists of them are found in lines of any length, whatever ends them."""
    for seed in range(worker, scale(24), 4):
        chance = random.Random(seed)
        content = generate(chance)
        for query in chance.sample(QUERIES, 6):
            check(content, query)


@pytest.mark.slow
@pytest.mark.parametrize("worker", range(10))
def test_thousands_of_lines_around_every_cut(worker: int) -> None:
    """The same over 4,000 pairs of a text and a query."""
    for seed in range(1_000 + worker, 1_400, 10):
        chance = random.Random(seed)
        content = generate(chance)
        for query in chance.sample(QUERIES, 10):
            check(content, query)


def test_without_hyperscan_words_are_found_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of more words than are looked for one by one, by RE2, and in runs so small that each cuts the line."""
    hyperscan.word_database.cache_clear()
    monkeypatch.setattr(hyperscan, "_library", lambda: None)
    monkeypatch.setattr(windows, "_RUN", 50_000)
    content = (b"-" * 49_995 + b"ERROR b" + b"w07xw08x") * 20
    for query in QUERIES[:9]:
        check(content, query)
    hyperscan.word_database.cache_clear()


def test_a_word_that_overlaps_itself_across_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of the overlapping places of a word are matches is decided from the start of the line, not of a run."""
    monkeypatch.setattr(windows, "_RUN", 50_001)
    for word in ("aba", "aa", "abab"):
        check(b"ab" * 150_000, literal(word))
        check(b"ab" * 150_000, any_of(literal(word), literal("bb"), literal("ba")))


@pytest.mark.parametrize("work", [0, 1, 99_999, 100_000, 200_009])
def test_a_line_that_work_does_not_pay_for_ends_the_search(work: int) -> None:
    """A regex reads a line whole or not at all, and says so; what lies before is found."""
    content = b"ab\n" + b"x" * 100_000 + b"\nab\n"
    found = find(content, compile_query(regex("b$")), 0, len(content), work)

    assert found.work <= work
    assert found.out_of_work == (found.scanned_to < len(content))
    assert found.scanned_to in (0, 3, 100_004, len(content))


TEXTS_OF_BLOCKS = ("", "\n", "a\n", "ab\n\nb", "a b \n\n\nab", "\nab\nab", "é\nab \n")


@pytest.mark.parametrize("text", TEXTS_OF_BLOCKS)
@pytest.mark.parametrize(
    "pattern", ["$", "^", "^$", ".+$", ".*", r"\n", r"a\nb", r"\n+", r"\n\n", "[^\\n]+", r"(b)$", r"\s*$", "(?s)a.*?b"]
)
def test_by_blocks_a_line_end_of_two_bytes_is_one(text: str, pattern: str) -> None:
    """`$` stands before both bytes, and `\\n` is both: what is replaced is what would be with newlines alone."""
    matcher = compile_query(regex(pattern), by_blocks=True)
    of_newlines = replace(text.encode(), matcher, "<$0>", PLENTY, PLENTY).text
    with_returns = replace(text.replace("\n", "\r\n").encode(), matcher, "<$0>", PLENTY, PLENTY).text

    assert with_returns.replace(b"\r\n", b"\n") == of_newlines


def test_names_of_groups_are_shared_by_the_members_of_a_list() -> None:
    """Each member keeps its groups, and in a replacement a name is that of whichever member took part."""
    matcher = compile_query(any_of(regex(r"(?<d>a\d)(x)?"), literal("-"), regex(r"(?<d>b\d)(?<e>y)?")), by_blocks=True)

    assert matcher.names == ("d", None, "d", "e")
    assert replace(b"a1 b2y-", matcher, "[${d}|${e}]", PLENTY, PLENTY).text == b"[a1|] [b2|y][|]"


@given(st.text("\r\na", max_size=30), st.integers(1, 9))
def test_a_text_is_looked_at_in_pieces_of_any_size(text: str, piece: int) -> None:
    """Where a piece ends makes no difference to which CR ends a line by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_ends, "_PIECE", piece)
        assert bytes(newline_view(text.encode())).decode() == re.sub("\r(?!\n)", "\n", text)
