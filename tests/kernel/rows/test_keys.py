"""Numbers of keys: in order of appearance, with the first row of each."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.values import row_keys
from rlmlite_kernel.values.row_keys import number_small
from rlmlite_kernel.values.vectors import NOT_NULL, Vector
from tests.sizes import scale


@settings(max_examples=scale(120), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 11), max_size=60), st.integers(1, 8), st.integers(0, 4))
def test_numbers_are_those_of_a_dictionary(codes: list[int], head: int, few: int) -> None:
    """Wherever a number appears first: among the first rows, far behind them, or in no row at all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_keys, "_HEAD", head)
        patch.setattr(row_keys, "_FEW", few)
        keys = number_small(np.array(codes, np.int64), 12)

    numbers: dict[int, int] = {}
    assert keys.codes.tolist() == [numbers.setdefault(code, len(numbers)) for code in codes]
    assert keys.firsts.tolist() == [codes.index(code) for code in numbers]
    assert keys.counts.tolist() == [codes.count(code) for code in numbers]


@pytest.mark.parametrize(
    ("null", "is_full"),
    [([], True), ([False, False], True), ([False, True], False), (None, True)],
)
def test_a_vector_knows_whether_a_value_is_null(null: list[bool] | None, is_full: bool) -> None:
    """Also where one flag stands for all rows, and for what is taken of them."""
    flags = np.broadcast_to(NOT_NULL, (2,)) if null is None else np.array(null, np.bool_)
    vector = Vector("int", flags, np.arange(len(flags)))

    assert vector.is_full == is_full
    assert vector.there().tolist() == [row for row, is_null in enumerate(flags.tolist()) if not is_null]
    assert vector.take(np.arange(len(flags))).null.tolist() == flags.tolist()
