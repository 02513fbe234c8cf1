"""Positions and matches over any text, against a reference that works on `str` and looks at every character.

The reference is naive on purpose: it splits, counts and slices strings, and goes back to bytes by encoding prefixes.
250 texts here; 5,000 with `make sweep`.
"""

import random
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from rlmlite_kernel.engines.bytes.buffers import IntArray, snap
from rlmlite_kernel.engines.bytes.line_ends import newline_view
from rlmlite_kernel.engines.bytes.positions import CodePoints, LineIndex
from rlmlite_kernel.engines.bytes.utf8 import check, repair
from rlmlite_kernel.engines.cut.cut import chunk_at, chunk_bytes, chunk_lines, chunk_paragraphs, split_at
from rlmlite_kernel.engines.query.query import Query, any_of, compile_query, literal, regex
from rlmlite_kernel.engines.search.find import count, find
from tests.kernel.machine import Machine
from tests.sizes import scale

PLENTY = 1 << 60
ATOMS = (
    "a", "b", "ab", "Z", "0", "7", " ", "\t", "\n", "\n", "\n\n", "\r\n", "\r", "\0", "\x0b", "\x0c", "\x85", "\u2028",
    "\u2029", "\ufeff", "\ufffd", "é", "e\u0301", "ß", "ж", "日本", "\u200d", "😀", "👩\u200d👩\u200d👧", "🇩🇪",
    "\U0010ffff", "\u07ff", "\u0800", "word ", "  \n", " \t\n",
)  # fmt: skip
BROKEN = (
    b"\x80",
    b"\xbf\xbf",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90",
)
LITERALS = ("a", "ab", "b\n", "\n", "é", "e", "\u0301", "😀", "\r\n", "\0", "日", "ba", "\u2028", "aa", " ")
REGEXES = (
    r"a+",
    r"[^\n]",
    r".",
    r"^",
    r"$",
    r"^$",
    r"\w+",
    r"\s",
    r"b|ab",
    r"(a)|(é+)",
    r"\pL+",
    r"x*",
    r"é.",
    r"\d\d?",
)


def generated(seed: int) -> bytes:
    """A text of odd atoms, now and then with bytes that are not UTF-8 and are repaired."""
    chance = random.Random(seed)
    atoms = chance.sample(ATOMS, chance.randrange(2, 12))
    text = "".join(chance.choice(atoms) for _ in range(chance.choice((0, 1, 2, 5, 20, 60, 200)))).encode()
    if chance.random() < 0.3:
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(BROKEN) + text[place:]
    return text


class Reference:
    """A text as a `str`, and what the engines say of it, worked out one character at a time."""

    def __init__(self, raw: bytes) -> None:
        self.text = raw.decode(errors="replace")
        self.content = self.text.encode()
        self.offsets = [len(self.text[:place].encode()) for place in range(len(self.text) + 1)]
        self.lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", self.text)

    def line_of(self, offset: int) -> int:
        """The number of the line that holds an offset."""
        place = min(max(offset, 0), max(0, len(self.content) - 1))
        return 1 + sum(end.end() <= place for end in re.finditer(rb"\r\n|\r|\n", self.content))

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Characters first..last-1 as bytes."""
        return self.offsets[first], self.offsets[last]

    def line_spans(self) -> list[tuple[int, int]]:
        """Each line with its newline."""
        ends = np.cumsum([0, *(len(line.encode()) for line in self.lines)]).tolist()
        return list(pairwise(ends))

    def occurrences(self, needle: str) -> list[tuple[int, int]]:
        """Every place of a text that does not overlap the place before."""
        found, place = [], self.text.find(needle)
        while place >= 0:
            found.append(self.span(place, place + len(needle)))
            place = self.text.find(needle, place + len(needle))
        return found

    def any_of(self, needles: tuple[str, ...]) -> list[tuple[int, int]]:
        """Matches of a list of texts: the leftmost first, and at one place the first of the list."""
        found, place = [], 0
        while place < len(self.text):
            needle = next((needle for needle in needles if self.text.startswith(needle, place)), None)
            if needle is not None:
                found.append(self.span(place, place + len(needle)))
            place += len(needle) if needle else 1
        return found

    def matches(self, pattern: str) -> Iterator[tuple[int, int]]:
        """What Python's own regex says of each line by itself, for patterns that mean the same there."""
        letters = "".join(sorted({char for char in self.text if unicodedata.category(char).startswith("L")}))
        spelled = pattern.replace(r"\pL", f"[{letters}]" if letters else "(?!)")
        spelled = spelled.replace(r"\s", "[ \\t\\r\\f]").replace("$", r"\Z")  # RE2's `\s` has no `\v`
        for (start, _), line in zip(self.line_spans(), self.lines, strict=True):
            for match in self._in_line(re.compile(spelled, re.ASCII), line.rstrip("\r\n")):
                before = start + len(line[: match[0]].encode())
                yield before, before + len(line[match[0] : match[1]].encode())

    def _in_line(self, pattern: re.Pattern[str], line: str) -> Iterator[tuple[int, int]]:
        place, previous = 0, -1
        while place <= len(line) and (match := pattern.search(line, place)):
            start, stop = match.span()
            if start < stop or start != previous:
                yield start, stop
                previous = stop
            place = stop if stop > start else start + 1


def pairs(starts: IntArray, stops: IntArray) -> list[tuple[int, int]]:
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def compare_positions(reference: Reference) -> None:
    """Offsets, lines and code points are those of the `str`."""
    content, text = reference.content, reference.text
    index, points = LineIndex(content), CodePoints(content)
    starts = set(reference.offsets)
    assert index.count == len(reference.lines)
    assert points.count == len(text)
    assert [points.byte_of(place) for place in range(len(text) + 1)] == reference.offsets
    for offset in range(len(content) + 1):
        below = max(start for start in starts if start <= offset)
        assert snap(content, offset) == below
        assert points.number_at(offset) == reference.offsets.index(below)
    every = np.arange(len(content) + 3, dtype=np.int64)
    assert index.lines_at(every).tolist() == [reference.line_of(offset) for offset in every.tolist()]
    for number, (start, stop) in enumerate(reference.line_spans(), 1):
        bare = start + len(content[start:stop].rstrip(b"\r\n"))
        assert index.start_of(number) == start
        assert index.bounds_at(start) == index.bounds_at(stop - 1) == (start, bare)
    assert index.start_of(len(reference.lines) + 2) == len(content)


def compare_search(reference: Reference, chance: random.Random) -> None:
    """Texts, lists of texts and regexes are found where `str` and `re` find them, in the text and in a slice of it."""
    content = reference.content
    for needle in LITERALS:
        expected = reference.occurrences(needle)
        assert found(content, literal(needle)) == expected, needle
        low, high = sorted(chance.choice(reference.offsets) for _ in range(2))
        part = Reference(content[low:high])
        inside = [(start + low, stop + low) for start, stop in part.occurrences(needle)]
        assert found(content, literal(needle), low, high) == inside, needle
    words = tuple(chance.sample([word for word in LITERALS if "\n" not in word], 5))
    assert found(content, any_of(*map(literal, words))) == reference.any_of(words), words
    for pattern in REGEXES:
        assert found(content, regex(pattern)) == list(reference.matches(pattern)), pattern


def found(content: bytes, query: Query, start: int = 0, stop: int | None = None) -> list[tuple[int, int]]:
    end = len(content) if stop is None else stop
    matcher = compile_query(query)
    text = newline_view(content) if matcher.reads_line_ends else content
    hits = find(text, matcher, start, end, PLENTY)
    assert count(text, matcher, start, end, PLENTY).count == len(hits.starts)
    return pairs(hits.starts, hits.stops)


def compare_chunks(reference: Reference, chance: random.Random) -> None:
    """Every way to cut gives the chunks that the `str` gives."""
    content, size = reference.content, chance.randrange(1, 9)
    overlap = chance.randrange(size)
    index, spans = LineIndex(content), reference.line_spans()
    assert pairs(*chunk_lines(index, 0, len(content), size, overlap)) == grouped(spans, size, overlap)
    blocks = paragraphs(reference)
    assert pairs(*chunk_paragraphs(newline_view(content), 0, len(content), size, overlap)) == grouped(
        blocks, size, overlap
    )
    by_bytes = pairs(*chunk_bytes(content, 0, len(content), size, overlap))
    steps = range(0, len(content), size - overlap)
    cuts = [(snap(content, at), snap(content, min(at + size, len(content)))) for at in steps]
    last = next((place for place, at in enumerate(steps) if at + size >= len(content)), 0)
    assert by_bytes == [(start, stop) for start, stop in cuts[: last + 1] if start < stop]
    assert "".join(content[start:stop].decode() for start, stop in by_bytes if not overlap) in ("", reference.text)
    for needle in ("a", "\n", "é", "b\n"):
        places = reference.occurrences(needle)
        at = chunk_at(content, compile_query(literal(needle)), 0, len(content), PLENTY)
        begins = sorted({0, *(start for start, _ in places)} - {len(content)})
        assert pairs(at.starts, at.stops) == list(zip(begins, [*begins[1:], len(content)], strict=False))
        parts = split_at(content, compile_query(literal(needle)), 0, len(content), PLENTY)
        assert [content[a:b].decode() for a, b in pairs(parts.starts, parts.stops)] == reference.text.split(needle)


def grouped(spans: list[tuple[int, int]], size: int, overlap: int) -> list[tuple[int, int]]:
    """Items in chunks of a size that share some with the chunk before, up to the first that reaches the end."""
    chunks = []
    for first in range(0, len(spans), size - overlap):
        taken = spans[first : first + size]
        chunks.append((taken[0][0], taken[-1][1]))
        if first + size >= len(spans):
            break
    return chunks


def paragraphs(reference: Reference) -> list[tuple[int, int]]:
    """Runs of lines that hold more than ASCII white space."""
    blocks: list[tuple[int, int]] = []
    fresh = True
    for (start, stop), line in zip(reference.line_spans(), reference.lines, strict=True):
        if not line.strip(" \t\n\r\x0b\x0c"):
            fresh = True
        elif fresh:
            blocks.append((start, stop))
            fresh = False
        else:
            blocks[-1] = (blocks[-1][0], stop)
    return blocks


def compare(seed: int) -> None:
    """Compare everything about one text."""
    raw = generated(seed)
    reference, chance = Reference(raw), random.Random(-seed)
    fixed, bad = repair(raw)
    assert fixed == reference.content
    assert bad == check(raw).bad == reference.text.count("\ufffd") - raw.count("\ufffd".encode())
    assert check(reference.content).valid
    compare_positions(reference)
    compare_search(reference, chance)
    compare_chunks(reference, chance)


@pytest.mark.parametrize("worker", range(10))
def test_generated_texts(worker: int) -> None:
    """Positions, matches and cuts are those that `str` gives: 250 texts, 5,000 in the sweep."""
    for seed in range(worker, scale(250), 10):
        compare(seed)


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_views_and_slices_in_the_language(first: int) -> None:
    """`x[a:b]`, `x.lines[a:b]` and `x.chars[a:b]` are those slices of the `str`; hits and chunks lie where they say."""
    for seed in range(first, first + 10):
        reference, chance = Reference(generated(seed)), random.Random(seed)
        run = Machine({"x": reference.text})
        text, content = reference.text, reference.content
        low, high = (chance.randrange(len(text) + 3) for _ in range(2))
        assert run.of(f"x.chars[{low}:{high}]") == text[low:high]
        assert run.of(f"x.chars[-{high + 1}:]") == text[-high - 1 :]
        lines = [line.rstrip("\r\n") for line in reference.lines]
        assert [row["text"] for row in run.of(f"x.lines[{low + 1}:{high + 1}]")] == lines[low:high]
        a, b = (snap(content, place) for place in (low, high))
        assert run.of(f"x[{low}:{high}]") == content[a : max(a, b)].decode()
        for row in run.of("search(x, /[^ ]/)")[:20]:
            assert content[row["start"] : row["end"]].decode() == row["match"]
            assert reference.lines[row["line"] - 1].rstrip("\r\n") == row["text"]
        for by in ("lines", "paragraphs", "bytes"):
            for row in run.of(f'chunk(x, size=3, by="{by}")'):
                assert content[row["start"] : row["end"]].decode() == row["text"]
                assert row["line"] == reference.line_of(row["start"])
