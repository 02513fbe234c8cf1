"""Canonical bytes: the one spelling of a record, and the one spelling of a value.

Refs and hashes are taken over bytes, so equal data must have equal bytes, on every machine and in every language:

    {"b": 1.0, "a": 1e21}    is written    {"a":1e+21,"b":1}

Records are RFC 8785 restricted: no floats, integers within 2^53-1, ASCII keys, valid Unicode, depth 32.
Values (`value/1`) are wider: any keys, integers of any size as written, other numbers as ECMAScript prints them.
Both refuse what they cannot represent; neither rounds.
"""

import math
import operator
from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = Any
"""None, bool, int, float, str, list or dict with str keys, nested."""

MAX_SAFE = 2**53 - 1
VALUE_DEPTH = 128
MAX_DIGITS = 1_000
"""The bounds of a value: how deep it may nest, and how many digits an integer may have."""

PLAIN = frozenset([str, int, bool, type(None)])
"""The types of values that are spelled as they are."""

_RECORDS = msgspec.json.Encoder(order="sorted")
_VALUES = msgspec.json.Encoder(order="deterministic")


def encode_safely(encoder: msgspec.json.Encoder | msgspec.msgpack.Encoder, data: Any) -> bytes:
    """What `encoder.encode(data)` gives, where there may not be memory for it.

    `encode` itself dies with the process (SIGSEGV, msgspec 0.22) if memory runs out while its result grows. Into a
    `bytearray` it raises `MemoryError`.
    """
    buffer = bytearray()
    encoder.encode_into(data, buffer)
    return bytes(buffer)


class NotCanonicalError(ValueError):
    """Data that has no canonical form: NaN, a lone surrogate, something that is not JSON, too deep nesting."""


def record_bytes(record: msgspec.Struct) -> bytes:
    """The line of a record, without the newline.

    Nothing is checked: record types have no floats, and `rlmlite_traces` checks numbers and Unicode when it writes.
    """
    return encode_safely(_RECORDS, record)


def value_bytes(value: Json) -> bytes:
    """The canonical bytes of a JSON value. Raises `NotCanonicalError` if it has none."""
    try:
        return encode_safely(_VALUES, _spell(value, 0))
    except UnicodeEncodeError as error:
        raise NotCanonicalError(f"not valid Unicode: {error.reason}") from None
    except TypeError:
        raise NotCanonicalError("a record has a key that is not text") from None


def number_text(value: float) -> str:
    """A finite binary64 as ECMAScript's `Number::toString` prints it. Raises `NotCanonicalError` for NaN and infinity.

    Python and ECMAScript agree on the digits, the shortest that read back as the same number. They differ in the form:
    Python writes 1.0, 1e-05 and 1e+16, ECMAScript 1, 0.00001 and 10000000000000000.
    """
    if not math.isfinite(value):
        raise NotCanonicalError("NaN and infinity are not JSON")
    if value == int(value) and abs(value) < MAX_SAFE:
        return str(int(value))
    digits, _, exponent = repr(value).partition("e")
    if not exponent:
        return digits.removesuffix(".0")
    power = int(exponent)
    if power < -6 or power > 20:  # where ECMAScript uses an exponent too
        return f"{digits}e{power:+d}"
    sign, mantissa = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    if power > 0:  # the shortest digits, then zeros; int(value) would print other digits there
        return sign + mantissa.replace(".", "").ljust(power + 1, "0")
    return f"{sign}0.{'0' * (-power - 1)}{mantissa.replace('.', '')}"


def _spell(value: Json, depth: int) -> Json:
    """The value with each float replaced by its canonical digits. Raises for what is not JSON or nested too deep.

    Types are compared exactly: a subclass (an enum, a named tuple) could be printed in a way of its own.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return msgspec.Raw(number_text(value).encode())
    if depth == VALUE_DEPTH:
        raise NotCanonicalError(f"nested deeper than {VALUE_DEPTH}")
    if kind is dict:
        if PLAIN.issuperset(map(type, value.values())):
            return value
        fields = {key: _spell(item, depth + 1) for key, item in value.items()}
        return value if all(map(operator.is_, fields.values(), value.values())) else fields
    if kind is list or kind is tuple:
        if PLAIN.issuperset(map(type, value)):
            return value
        items = [_spell(item, depth + 1) for item in value]
        # Without a float in it, the value itself: lists of lists of one list would become as many lists as they say.
        return value if all(map(operator.is_, items, value)) else items
    raise NotCanonicalError(f"{kind.__name__} is not JSON")
