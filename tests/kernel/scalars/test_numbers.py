"""round and abs: what they give, and that it is the same everywhere."""

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.machine import Machine
from tests.kernel.scalars.ways import everywhere
from tests.sizes import scale

ROUNDED = [
    (2.5, None, 3),
    (-2.5, None, -3),
    (0.5, None, 1),
    (2.675, 2, 2.68),
    (1.005, 2, 1.01),
    (1e300, None, int(1e300)),
    (1.5, 400, 1.5),
    (12, 2, 12),
    (12.0, 2, 12.0),
    (12.0, 0, 12),
    (1250, -2, 1300),
    (-1250, -2, -1300),
    (49, -2, 0),
    (-0.4, None, 0),
    (10**400 + 5, -1, 10**400 + 10),
    (5e-324, 3, 0.0),
    (1234.5678, -1, 1230),
]


@pytest.mark.parametrize(("number", "digits", "result"), ROUNDED)
def test_numbers_are_rounded_as_they_are_written(number: float, digits: int | None, result: float) -> None:
    """A half goes away from zero; whole numbers stay exact."""
    call = "round(.text)" if digits is None else f"round(.text, {digits})"
    values, _ = everywhere(call, [number, None])
    assert [repr(value) for value in values] == [repr(result), "None"]


@settings(max_examples=scale(100))
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 12))
def test_rounding_is_that_of_decimals(number: float, digits: int) -> None:
    """To so many digits of the number as it is printed."""
    rounded = Machine({"n": [number]}).of(f"round(n[0], {digits})")
    expected = Decimal(repr(number)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) if abs(number) < 1e12 else None
    if expected is not None:
        assert rounded == float(expected)
    assert isinstance(rounded, int) is (digits == 0)
    assert math.isclose(rounded, number, abs_tol=0.51 * 10**-digits)


@pytest.mark.parametrize(("digits", "code"), [(-1, "too_large"), (-1000, "too_large"), (-1001, ""), (1, "")])
def test_a_rounded_number_has_no_more_digits_than_others(digits: int, code: str) -> None:
    """A thousand nines are rounded up to a thousand and one digits, which no value has; or down to 0."""
    machine = Machine({"n": int("9" * 1_000)})
    machine.turn(f"x = round(n, {digits})")
    assert machine.codes() == [code]


@pytest.mark.parametrize(("call", "others"), [("round(.text)", 3), ("abs(.text)", 3), ("round(.text, 2)", 3)])
def test_what_is_no_number_is_said(call: str, others: int) -> None:
    """Texts that spell a number among it: `float` reads those."""
    values, said = everywhere(call, ["1.5", True, [1], None])
    assert values == [None] * 4
    assert said == [f"not_numbers {others}"]


@settings(max_examples=scale(40))
@given(
    st.lists(
        st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.none()), min_size=1, max_size=4
    )
)
def test_a_number_without_its_sign(numbers: list[Any]) -> None:
    """Exact, of any size."""
    values, said = everywhere("abs(.text)", [0, *numbers])
    assert [repr(value) for value in values[1:]] == [repr(None if n is None else abs(n)) for n in numbers]
    assert said == []
