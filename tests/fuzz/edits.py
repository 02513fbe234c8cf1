"""Structure-aware edits: from an honest file to one that a reader may stumble over.

A file of random bytes is refused at its first byte and tests nothing else. So an example is an honest seed with a few
edits of the kinds that break parsers: a length that lies, a number at the edge of its width, a piece that stands twice
or is missing, brackets a thousand deep, a piece of another file.

    PAR1....footer....PAR1   ->   set_binary_number at 4, 2**31   ->   cut 10:12   ->   an example

Edits are drawn by Hypothesis, so every engine that can produce bytes can drive them (`fuzz_one_input`), and a failure
shrinks to the few edits that matter.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from hypothesis import strategies as st

Draw: TypeAlias = Callable[[st.SearchStrategy[int]], int]
Edit: TypeAlias = Callable[[Draw, bytes, Sequence[bytes]], bytes]

MOST_EDITS = 8
LONGEST = 1_000_000
"""Bytes of the longest example: repeated pieces must not grow without end."""

_EDGES = tuple(
    sorted(
        {
            sign * (1 << bits) + off
            for bits in (0, 7, 8, 15, 16, 31, 32, 53, 63)
            for off in (-1, 0, 1)
            for sign in (1, -1)
        }
    )
)
_DIGITS = re.compile(rb"-?\d+")
_PAIRS = (b"[]", b"{}", b"()", b"<>", b'""')


def examples(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Files that are up to `MOST_EDITS` edits away from one of the seeds."""

    @st.composite
    def example(draw: st.DrawFn) -> bytes:
        content = seeds[draw(st.integers(0, len(seeds) - 1))]
        for _ in range(draw(st.integers(0, MOST_EDITS))):
            edit = EDITS[draw(st.integers(0, len(EDITS) - 1))]
            content = edit(draw, content, seeds)[:LONGEST]
        return content

    return example()


def flip(draw: Draw, content: bytes, _: Sequence[bytes]) -> bytes:
    """One byte is another."""
    at = _place(draw, content)
    return content[:at] + bytes([draw(st.integers(0, 255))]) + content[at + 1 :]


def set_binary_number(draw: Draw, content: bytes, _: Sequence[bytes]) -> bytes:
    """One, two, four or eight bytes are a number at the edge of some width, little-endian or big-endian."""
    at, width = _place(draw, content), 1 << draw(st.integers(0, 3))
    order = ("little", "big")[draw(st.integers(0, 1))]
    number = _edge(draw) % (1 << 8 * width)
    return content[:at] + number.to_bytes(width, "big" if order == "big" else "little") + content[at + width :]


def set_written_number(draw: Draw, content: bytes, seeds: Sequence[bytes]) -> bytes:
    """A number in digits is another one; without any, a byte changes."""
    numbers = list(_DIGITS.finditer(content))
    if not numbers:
        return flip(draw, content, seeds)
    number = numbers[draw(st.integers(0, len(numbers) - 1))]
    return content[: number.start()] + str(_edge(draw)).encode() + content[number.end() :]


def cut(draw: Draw, content: bytes, _: Sequence[bytes]) -> bytes:
    """A piece is missing; often the end."""
    start = _place(draw, content)
    return content[:start] + content[start + draw(st.integers(0, max(1, len(content)))) :]


def repeat(draw: Draw, content: bytes, _: Sequence[bytes]) -> bytes:
    """A piece stands twice, or a thousand times."""
    start = _place(draw, content)
    piece = content[start : start + draw(st.integers(1, 64))]
    return content[:start] + piece * draw(st.sampled_from((2, 3, 100, 1_000))) + content[start:]


def graft(draw: Draw, content: bytes, seeds: Sequence[bytes]) -> bytes:
    """A piece of another seed stands in this one."""
    other = seeds[draw(st.integers(0, len(seeds) - 1))]
    start = _place(draw, other)
    piece = other[start : start + draw(st.integers(1, 4_096))]
    at = _place(draw, content)
    return content[:at] + piece + content[at + draw(st.integers(0, len(piece))) :]


def nest(draw: Draw, content: bytes, _: Sequence[bytes]) -> bytes:
    """A piece lies in brackets, up to 100,000 deep, closed or not."""
    pair = _PAIRS[draw(st.integers(0, len(_PAIRS) - 1))]
    depth = draw(st.sampled_from((1, 2, 100, 1_500, 100_000)))
    at = _place(draw, content)
    closing = pair[1:] * depth * draw(st.integers(0, 1))
    return content[:at] + pair[:1] * depth + content[at : at + 16] + closing + content[at + 16 :]


EDITS: tuple[Edit, ...] = (flip, set_binary_number, set_written_number, cut, repeat, graft, nest)


def _place(draw: Draw, content: bytes) -> int:
    return draw(st.integers(0, max(0, len(content) - 1)))


def _edge(draw: Draw) -> int:
    return _EDGES[draw(st.integers(0, len(_EDGES) - 1))]
