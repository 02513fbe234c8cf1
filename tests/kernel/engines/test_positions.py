"""Positions against the same questions asked of a `str` or of a split."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes.buffers import snap
from rlmlite_kernel.engines.bytes.positions import CodePoints, LineIndex
from rlmlite_kernel.engines.bytes.utf8 import check, repair, repair_blocks
from tests.sizes import scale

texts = st.text(st.sampled_from("ab\n\n\r\0é😀e\u0301"), max_size=40)
repeats = st.sampled_from([1, 1, 7, 150, 5_000])


def offsets_of(content: bytes) -> list[int]:
    step = max(1, len(content) // 400)
    return [*range(0, len(content) + 1, step), max(0, len(content) - 1), len(content)]


@settings(max_examples=scale(120))
@given(texts, repeats)
def test_lines_are_those_of_a_split(text: str, times: int) -> None:
    """Numbers, starts, bounds and spans of lines are those of splitting at line ends."""
    content = (text * times).encode()
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", content)
    starts = np.cumsum([0, *map(len, lines)])[:-1]
    stops = starts + [len(line.rstrip(b"\r\n")) for line in lines]
    index = LineIndex(memoryview(content))
    offsets = np.array(offsets_of(content)[::-1])
    numbers = np.maximum(np.searchsorted(starts, np.minimum(offsets, max(0, len(content) - 1)), side="right"), 1)

    assert index.count == len(lines)
    assert index.lines_at(offsets).tolist() == numbers.tolist()
    if not lines:
        assert index.bounds_at(0) == (0, 0)
        return
    got_starts, got_stops = index.bounds(offsets)
    assert got_starts.tolist() == starts[numbers - 1].tolist()
    assert got_stops.tolist() == stops[numbers - 1].tolist()
    first = len(lines) // 3 + 1
    for span in ((1, len(lines) + 1), (first, first), (first, first + 1), (first, len(lines) + 1)):
        got = index.spans(*span)
        assert got[0].tolist() == starts[span[0] - 1 : span[1] - 1].tolist()
        assert got[1].tolist() == stops[span[0] - 1 : span[1] - 1].tolist()
    assert [index.start_of(line) for line in (0, 1, first, len(lines) + 1)] == [
        0,
        0,
        int(starts[first - 1]),
        len(content),
    ]
    assert index.line_at(int(starts[first - 1])) == first
    assert index.bounds_at(int(starts[first - 1])) == (int(starts[first - 1]), int(stops[first - 1]))


@settings(max_examples=scale(100))
@given(texts, repeats)
def test_code_points_are_those_of_str(text: str, times: int) -> None:
    """The n-th code point starts where the first n take that many bytes, and back."""
    whole = text * times
    content = whole.encode()
    points = CodePoints(content)
    step = max(1, len(whole) // 40)

    assert points.count == len(whole)
    assert points.ascii == whole.isascii()
    for number in [*range(0, len(whole) + 1, step), len(whole)]:
        place = len(whole[:number].encode())
        assert points.byte_of(number) == place
        assert points.number_at(place) == number
    assert (points.byte_of(-1), points.byte_of(len(whole) + 5)) == (0, len(content))


@given(texts)
def test_snap_goes_down_to_a_code_point(text: str) -> None:
    """A snapped offset is the last code-point start not above it."""
    content = text.encode()
    starts = [len(text[:number].encode()) for number in range(len(text) + 1)]
    for offset in range(-2, len(content) + 3):
        assert snap(content, offset) == max(start for start in starts if start <= max(0, offset))


def test_runs_of_newlines_and_lines_without() -> None:
    """Blocks that are all newlines or have none are counted right."""
    content = b"\n" * 140_000 + b"x" * 300_000 + b"\n" * 70_001
    index = LineIndex(content)

    assert index.count == 210_001
    assert index.bounds_at(200_000) == (140_000, 440_000)
    assert index.start_of(140_002) == 440_001
    assert index.lines_at(np.array([0, 139_999, 140_000, 440_000, 440_001])).tolist() == [
        1,
        140_000,
        140_001,
        140_001,
        140_002,
    ]


BYTES = (b"a", b"\xff", b"\xe2\x82", b"\x82", "é".encode(), "\ufffd".encode(), b"\xef\xbf", b"\xbd", b"\xed\xa0\x80",
         b"\xf0\x9f\x98", "😀".encode(), b"\xc0\x80")  # fmt: skip


@settings(max_examples=scale(150))
@given(st.lists(st.sampled_from(BYTES)), st.sampled_from([0, (1 << 20) - 3, (1 << 20) - 1]))
def test_repair_is_what_replace_gives(parts: list[bytes], ahead: int) -> None:
    """Bad bytes become U+FFFD exactly as Python decodes them, across blocks, and are counted."""
    content = b"a" * ahead + b"".join(parts)
    fixed, bad = repair(content)
    seen = check(content)

    assert fixed.decode() == content.decode(errors="replace")
    assert b"".join(piece for piece, _ in repair_blocks(content)) == fixed
    assert seen.bad == bad == fixed.count("\ufffd".encode()) - content.count("\ufffd".encode())
    assert seen.valid == (bad == 0)
    assert seen.ascii == content.isascii()
    with_error = first_error(content)
    assert seen.first_bad == with_error


def first_error(content: bytes) -> int:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start
    return -1


def test_no_mark_past_the_last() -> None:
    """A number that no newline has is an IndexError."""
    with pytest.raises(IndexError):
        LineIndex(b"a\nb").breaks.select(np.array([1]))


def test_a_few_lines_at_the_beginning_are_counted_without_an_index() -> None:
    """Once a quarter of the content has been read so, the index is built; the answers are the same."""
    content = b"".join(b"x" * (n % 37) + b"\n" for n in range(200_000))
    lines, indexed = LineIndex(content), LineIndex(content)
    offsets = [0, 5, 1000, 700_000, len(content) // 8, 40, len(content) // 7, len(content), 3]
    expected = indexed.lines_at(np.array(offsets)).tolist()
    assert indexed.breaks._built

    assert [lines.line_at(offset) for offset in offsets[:4]] == expected[:4]
    assert not lines.breaks._built
    assert [lines.line_at(offset) for offset in offsets] == expected
    assert lines.breaks._built
