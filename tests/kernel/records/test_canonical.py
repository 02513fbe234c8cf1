"""Canonical bytes against a slow definition of them."""

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rlmlite_kernel.records.canonical import NotCanonicalError, number_text, value_bytes
from tests.sizes import scale


def ecmascript(value: float) -> str:
    """ECMA-262, Number::toString, step by step: the shortest digits, then where the point goes."""
    if value == 0:
        return "0"
    if value < 0:
        return "-" + ecmascript(-value)
    _, digits, exponent = Decimal(repr(value)).as_tuple()
    shortest = "".join(map(str, digits)).rstrip("0")
    assert isinstance(exponent, int)
    k, n = len(shortest), len(digits) + exponent
    if k <= n <= 21:
        return shortest + "0" * (n - k)
    if 0 < n <= 21:
        return shortest[:n] + "." + shortest[n:]
    if -6 < n <= 0:
        return "0." + "0" * -n + shortest
    power = f"e{'+' if n > 0 else '-'}{abs(n - 1)}"
    return shortest + power if k == 1 else shortest[0] + "." + shortest[1:] + power


ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def spelled(text: str) -> str:
    """A string as RFC 8785 escapes it: what must be, and nothing else."""
    return '"' + "".join(ESCAPES.get(c, f"\\u{ord(c):04x}" if ord(c) < 0x20 else c) for c in text) + '"'


def slowly(value: Any) -> str:
    """`value/1`, written out by hand."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return ecmascript(value)
    if isinstance(value, str):
        return spelled(value)
    if isinstance(value, list):
        return "[" + ",".join(map(slowly, value)) + "]"
    keys = sorted(value, key=lambda key: [ord(c) for c in key])
    return "{" + ",".join(f"{spelled(key)}:{slowly(value[key])}" for key in keys) + "}"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (5.0, "5"),
        (-5.0, "-5"),
        (0.1, "0.1"),
        (1e16, "10000000000000000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e21, "1.5e+21"),
        (-1e21, "-1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (2.0**53, "9007199254740992"),
        (2.0**53 + 2, "9007199254740994"),
        (2.0**60, "1152921504606847000"),
        (2.0**70, "1.1805916207174113e+21"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-7, "1.5e-7"),
        (1.5e-6, "0.0000015"),
        (-1.5e-6, "-0.0000015"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (0.1 + 0.2, "0.30000000000000004"),
        (333333333.33333329, "333333333.3333333"),
    ],
)
def test_numbers_are_spelled_as_ecmascript_does(number: float, text: str) -> None:
    """The examples of the standard and of RFC 8785, and the corners."""
    assert number_text(number) == text
    assert ecmascript(number) == text


@settings(max_examples=scale(300))
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_spelled_so(number: float) -> None:
    """And reads back as itself."""
    assert number_text(number) == ecmascript(number)
    assert float(number_text(number)) == number


@settings(max_examples=scale(200))
@given(st.integers(50, 80), st.integers(-3, 3))
def test_large_whole_decimals_too(power: int, more: int) -> None:
    """Where a decimal has more digits than it needs."""
    number = math.ldexp(1 + more / 7, power)

    assert number_text(number) == ecmascript(number)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=scale(150))
@given(json_values)
@example({"\ufb33": 1, "\U0001f600": 2, "€": 3, "\r": 4, "1": 5, "ö": 6, "\x80": 7, "</script>": 8})
@example([10**999, -(10**999), 2**63, 2**64, -(2**63) - 1])
@example('\x00\x1f\x7f\u2028\u2029/\\"é😀')
def test_values_have_one_spelling(value: Any) -> None:
    """Keys by code point, whole numbers as they are, no white space, no needless escapes."""
    assert value_bytes(value).decode() == slowly(value)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        [math.nan],
        "\ud800",
        {"\udfff": 1},
        {1: "a"},
        b"bytes",
        {"a"},
        object,
        {"a": object},
    ],
    ids=repr,
)
def test_what_has_no_spelling_is_refused(value: Any) -> None:
    """Never rounded, never replaced."""
    with pytest.raises(NotCanonicalError):
        value_bytes(value)


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_depth_has_a_bound() -> None:
    """128 levels are spelled; deeper is refused, however deep."""
    assert value_bytes(nested(128)) == b"[" * 128 + b"]" * 128
    for depth in (129, 5_000):
        with pytest.raises(NotCanonicalError, match="deeper than 128"):
            value_bytes(nested(depth))
