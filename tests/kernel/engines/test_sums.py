"""Sums by key: exact, whatever the order of rows and the blocks that they come in."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.engines import sums
from rlmlite_kernel.engines.bytes.buffers import IntArray
from rlmlite_kernel.engines.sums import FloatSums, IntegerSums, sum_decimals, sum_integers
from tests.sizes import scale

_DECIMALS = st.floats(allow_nan=False, allow_infinity=False, min_value=-sums.LARGEST, max_value=sums.LARGEST)
_KEYED = st.lists(st.tuples(st.integers(0, 2), _DECIMALS), max_size=40)


def _arrays(rows: list[tuple[int, float]]) -> tuple[sums.FloatArray, IntArray]:
    return np.array([value for _, value in rows], np.float64), np.array([key for key, _ in rows], np.int64)


@settings(max_examples=scale(300))
@given(_KEYED)
def test_decimals_add_up_to_what_fsum_gives(rows: list[tuple[int, float]]) -> None:
    """The sum of each key is that of `math.fsum`, bit for bit."""
    values, codes = _arrays(rows)

    assert sum_decimals(values, codes, 3) == [math.fsum(values[codes == key]) for key in range(3)]
    assert sum_decimals(values, None, 1) == [math.fsum(values)]


@settings(max_examples=scale(100))
@given(_KEYED, st.integers(1, 7), st.booleans())
def test_blocks_do_not_change_a_sum(rows: list[tuple[int, float]], block: int, crowded: bool) -> None:
    """Rows that come in blocks, with new keys on the way and with carrying in between, have the same sums."""
    values, codes = _arrays(rows)
    blockwise = FloatSums()
    for start in range(0, len(values), block):
        if crowded:
            blockwise._rows = sums._EXACT_ROWS // 2  # as after 33 million rows
        seen = codes[: start + block]
        blockwise.add(values[start : start + block], codes[start : start + block], int(seen.max()) + 1)
    blockwise.add(values[:0], codes[:0], 3)

    assert blockwise.totals() == [math.fsum(values[codes == key]) for key in range(3)]


@settings(max_examples=scale(200))
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-(2**63), 2**63 - 1)), max_size=40))
def test_whole_numbers_add_up_without_overflow(rows: list[tuple[int, int]]) -> None:
    """64-bit integers have exact sums, also beyond 64 bits."""
    values = np.array([value for _, value in rows], np.int64)
    codes = np.array([key for key, _ in rows], np.int64)
    expected = [sum(value for mine, value in rows if mine == key) for key in range(3)]

    assert sum_integers(values, codes, 3) == expected
    assert sum_integers(values, None, 1) == [sum(expected)]


def test_what_is_too_large_is_left_to_the_definition() -> None:
    """Near the end of the doubles there is no grid, so nothing is summed."""
    assert sum_decimals(np.array([1e300]), None, 1) is None
    assert sum_decimals(np.array([sums.LARGEST, 1.0, -sums.LARGEST]), None, 1) == [1.0]


@pytest.mark.parametrize(("value", "whole"), [(2.0, True), (2.5, False), (2.0**53, True), (2.0**54, False)])
def test_whole_decimals(value: float, whole: bool) -> None:
    """Up to 2^53 a decimal without a fraction is a whole number."""
    assert sums.are_whole(np.array([value])).tolist() == [whole]


_INTEGERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-9, 9), st.integers(2**52 - 2, 2**52))


@settings(max_examples=scale(200))
@given(st.lists(st.tuples(st.integers(0, 5), _INTEGERS), max_size=40), st.integers(1, 7), st.booleans())
def test_whole_numbers_by_block_have_the_same_sums(rows: list[tuple[int, int]], block: int, crowded: bool) -> None:
    """Small ones in an array, large ones and those after very many as Python's integers; new keys on the way."""
    blockwise = IntegerSums()
    for start in range(0, len(rows), block):
        if crowded:
            blockwise._reach = 1 << 62  # as after 512 blocks of the largest numbers that are small
        mine = rows[start : start + block]
        places = np.array(sorted({key for key, _ in mine}), np.int64)
        codes = np.searchsorted(places, np.array([key for key, _ in mine]))
        blockwise.add(np.array([value for _, value in mine], np.int64), codes, places)
    blockwise.add_each(np.array([2, 2]), [2**70, -(2**70)])

    assert blockwise.totals(7) == [sum(value for mine, value in rows if mine == key) for key in range(7)]
