"""Bytes by the block: what is done to all at once is what would be done to each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines.bytes import buffers
from rlmlite_kernel.engines.bytes.buffers import count_byte, join_ranges, octets, places_of
from rlmlite_kernel.engines.spelled import numbers
from rlmlite_kernel.engines.spelled.numbers import are_plain
from tests.sizes import scale


@settings(max_examples=scale(100))
@given(st.binary(min_size=1, max_size=200), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 70)), max_size=30))
def test_ranges_end_to_end_are_their_slices(data: bytes, ranges: list[tuple[int, int]]) -> None:
    """Short ones and long ones, at the very end, empty, and none."""
    pairs = [(start, min(size, len(data) - start)) for start, size in ranges if start <= len(data)]
    starts, sizes = (np.array([pair[place] for pair in pairs], np.int64) for place in (0, 1))

    joined = join_ranges(octets(data), starts, sizes)
    assert joined.tobytes() == b"".join(data[start : start + size] for start, size in pairs)


@pytest.mark.parametrize("size", [0, 1, 6, 7, 8, 100])
def test_bytes_are_counted_and_found_across_blocks(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks of seven bytes."""
    monkeypatch.setattr(buffers, "_COUNTED", 7)
    content = (b"a7\n0" * size)[:size]

    for byte in b"\n7a":
        places = [place for place, each in enumerate(content) if each == byte]
        assert places_of(content, byte).tolist() == places
        assert count_byte(content, byte) == len(places)


def test_plain_numbers_have_no_other_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever it is, and in whichever block."""
    monkeypatch.setattr(numbers, "_BLOCK", 4)
    plain = {byte for byte in range(256) if are_plain(b"12.5-0" + bytes([byte]))}

    assert plain == {byte for byte in range(256) if are_plain(bytes([byte]) + b"12.5-0")} == set(b"0123456789.-")
    assert are_plain(b"")
