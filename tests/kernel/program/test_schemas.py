"""Schemas: which replies fit, and which JSON is read at all."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import read_json, read_reply, schema_of
from rlmlite_kernel.records.canonical import value_bytes
from tests.kernel.machine import Machine, parse_program
from tests.sizes import scale


def fitting(schema: str, reply: str) -> Any:
    """The value of a reply under a schema, or the code of the fault."""
    call = parse_program(f'x = sub_lm("q", schema={schema})').program.body[0].value
    node = call.named[0].value  # type: ignore[union-attr]  # it is a Call
    try:
        return read_reply(reply, schema_of(node))
    except Fault as fault:
        return f"fault: {fault.code}"


@pytest.mark.parametrize(
    ("schema", "reply", "expected"),
    [
        ("int", "5", 5),
        ("int", "5.0", "fault: schema"),
        ("int", "true", "fault: schema"),
        ("int", '"5"', "fault: schema"),
        ("float", "5", 5),
        ("float", "5.5", 5.5),
        ("float", "false", "fault: schema"),
        ("bool", "true", True),
        ("bool", "1", "fault: schema"),
        ("str", '"a"', "a"),
        ("str", "a", "fault: json"),
        ("date", '"2024-02-29"', "2024-02-29"),
        ("date", '"2023-02-29"', "fault: schema"),
        ("date", '"20240229"', "fault: schema"),
        ("date", '"2024-W09-4"', "fault: schema"),
        ("any", "[1, null]", [1, None]),
        ("null", "null", None),
        ("null | int", "null", None),
        ('"a" | "b"', '"b"', "b"),
        ('"a" | "b"', '"c"', "fault: schema"),
        ("1 | true", "1", 1),
        ("1 | 2", "1.0", "fault: schema"),
        ("true", "1", "fault: schema"),
        ("[int]", "[1, 2]", [1, 2]),
        ("[int]", "[]", []),
        ("[int]", '[1, "2"]', "fault: schema"),
        ("[int]", "1", "fault: schema"),
        ("[{a: int}]", '[{"a": 1}]', [{"a": 1}]),
        ("{a: int}", '{"a": 1}', {"a": 1}),
        ("{a: int}", "{}", "fault: schema"),
        ("{a: int}", '{"a": 1, "b": 2}', "fault: schema"),
        ("{a: int, b?: int}", '{"a": 1}', {"a": 1}),
        ("{a: int, b?: int}", '{"a": 1, "b": null}', "fault: schema"),
        ("{a: {b: [str]}}", '{"a": {"b": ["x"]}}', {"a": {"b": ["x"]}}),
        ("{a: int}", ' \n{"a": 1}\n ', {"a": 1}),
        ("{a: int}", '```json\n{"a": 1}\n```', {"a": 1}),
        ("{a: int}", '```\n{"a": 1}\n```\n', {"a": 1}),
        ("{a: int}", '```json {"a": 1} ```', "fault: json"),
        ("{a: int}", 'Here it is:\n```json\n{"a": 1}\n```', "fault: json"),
        ("{a: int}", '```\n{"a": 1}\n```\n```\n{"a": 2}\n```', "fault: json"),
        ("{a: int}", '{"a": 1} and more', "fault: json"),
        ("{a: int}", '{"a": 1, "a": 2}', "fault: json"),
        ("{a: any}", '{"a": {"b": 1, "b": 1}}', "fault: json"),
        ("any", "NaN", "fault: json"),
        ("any", "-Infinity", "fault: json"),
        ("any", "1e999", "fault: json"),
        ("any", "{'a': 1}", "fault: json"),
        ("any", "[1,]", "fault: json"),
        ("any", "", "fault: json"),
        ("any", '"\\ud83d"', "fault: json"),
        ("any", '{"\\udc00": 1}', "fault: json"),
        ("any", '"\\ud83d\\ude00"', "😀"),
    ],
)
def test_a_reply_fits_or_not(schema: str, reply: str, expected: Any) -> None:
    """A reply is parsed strictly and checked against the schema; nothing is coerced."""
    found = fitting(schema, reply)

    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(("depth", "reads"), [(127, True), (128, True), (129, False), (100_000, False)])
@pytest.mark.parametrize("brackets", ["[]", '{"a":}'])
def test_depth_has_a_bound(brackets: str, depth: int, reads: bool) -> None:
    """128 levels are read; 129 are a fault, and so is a text of nothing but brackets."""
    opening, closing = (brackets[0], "]") if brackets == "[]" else ('{"a":', "}")
    text = opening * depth + ("1" if brackets != "[]" else "") + closing * depth
    if reads:
        assert read_json(text)
    else:
        with pytest.raises(Fault, match="deeper than 128"):
            read_json(text)


def test_brackets_in_strings_do_not_count_as_depth() -> None:
    """Only values that nest count."""
    text = '["' + "[{" * 300 + '\\"["]'

    assert read_json(text) == ["[{" * 300 + '"[']


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(("digits", "reads"), [(999, True), (1_000, True), (1_001, False), (100_000, False)])
def test_whole_numbers_have_a_bound(digits: int, reads: bool, sign: str) -> None:
    """1,000 digits are read exactly; one more is a fault."""
    text = sign + "7" * digits
    if reads:
        assert read_json(text) == int(text)
    else:
        with pytest.raises(Fault, match="more than 1000 digits"):
            read_json(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=scale(80))
@given(_JSON)
def test_what_the_kernel_writes_it_reads(value: Any) -> None:
    """Canonical JSON is read as a value with the same canonical bytes."""
    raw = value_bytes(value)

    assert value_bytes(read_json(raw.decode())) == raw


@settings(max_examples=scale(80))
@given(st.text(st.sampled_from('[]{}",:0123456789eE.-+truefalsn \\u'), max_size=30))
def test_json_is_what_the_standard_says(text: str) -> None:
    """What is read, msgspec reads as the same value; what is refused is a fault, never another exception."""
    try:
        value = read_json(text)
    except Fault:
        return

    assert value_bytes(value) == value_bytes(msgspec.json.decode(text)) or abs(msgspec.json.decode(text)) >= 2**63


@pytest.mark.parametrize(
    "program",
    [
        "y = [x]",
        "y = {a: x}",
        "y = map([1], x)",
        'y = json_parse("[" + str(x) + "]")',
        "final(x)",
        "y = count_by([x], .value)",
    ],
)
def test_depth_grows_to_its_bound_and_no_further(program: str) -> None:
    """Wrapping a value again and again is a fault at the bound, not an exception; the version before stays."""
    machine = Machine({"deep": "[" * 120 + "]" * 120})
    machine.turn("x = json_parse(deep)")
    codes: list[str] = []
    for _ in range(12):
        machine.turn(program)
        codes.extend(machine.codes())
        if "y" in machine.state.variables:
            machine.turn("x = [x]")
            codes.extend(machine.codes())

    assert set(codes) <= {"", "type", "json"}
    assert machine.value("x")


def test_replies_that_do_not_fit_are_failed_calls() -> None:
    """They give null, are counted, and their text is in the record."""
    machine = Machine({})
    replies = {"a": '{"n": 1}', "b": '{"n": "1"}', "c": "no"}
    machine.turn('x = extract_over_chunks(["a", "b", "c"], "{value}", schema={n: int})', lambda p: replies[p[0]])
    kept = {item.ref: item.content for item in machine.entries[-1].blobs}

    assert machine.value("x") == [{"n": 1}, None, None]
    assert "2 of 3 calls failed (2 schema)" in machine.done.observation
    said = [kept[line.result or ""].decode() for line in machine.entries[-1].effects]
    # Those that did not fit were asked for once more.
    assert said == [*replies.values(), replies["b"], replies["c"]]
