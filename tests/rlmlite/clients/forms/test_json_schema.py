"""Schemas as JSON Schema: what strict mode demands, and answers read back into the form that was asked for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlmlite.clients.forms.json_schema import is_strict, plain_schema, read_strict, strict_schema
from rlmlite_kernel.program.schemas import Basic, Literal, Many, OneOf, Schema, Shape, fits
from tests.rlmlite.clients.forms.schemas import SCHEMAS, answers

TEXT, NUMBER = Basic("str"), Basic("int")
LABEL = OneOf((Literal("spam"), Literal("ham")))
ROW: Schema = Many(Shape((("row", NUMBER, False), ("note", TEXT, True))))


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object schema inside of a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


@given(SCHEMAS)
def test_strict_mode_gets_what_it_demands(schema: Schema) -> None:
    """The root is an object; each object permits no further property and requires all that it has."""
    strict = strict_schema(schema)

    assert strict["type"] == "object"
    for each in objects(strict):
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])


@given(st.data(), SCHEMAS)
def test_an_answer_to_the_strict_form_is_one_to_the_form(data: st.DataObject, schema: Schema) -> None:
    """Whatever strict mode permits, read back, fits the schema of the program."""
    answer = data.draw(answers(strict_schema(schema)))

    assert fits(json.loads(read_strict(json.dumps(answer), schema)), schema)


@given(st.data(), SCHEMAS)
def test_an_answer_to_the_plain_form_needs_no_reading(data: st.DataObject, schema: Schema) -> None:
    """The plain translation permits what the kernel takes, and an answer by the words is not touched."""
    answer = json.dumps(data.draw(answers(plain_schema(schema))))

    assert fits(json.loads(answer), schema)
    assert read_strict(answer, schema) == answer


@pytest.mark.parametrize(
    ("schema", "reply", "expected"),
    [
        (ROW, '{"answer": [{"row": 1, "note": null}]}', '[{"row": 1}]'),
        (LABEL, '{"answer": "spam"}', '"spam"'),
        (LABEL, '{"answer": "eggs"}', '"eggs"'),
        (Shape((("answer", TEXT, False),)), '{"answer": "x"}', '{"answer": "x"}'),
        (LABEL, "It is spam.", "It is spam."),
        (LABEL, '{"answer": "spam", "why": "it says so"}', '{"answer": "spam", "why": "it says so"}'),
        (Shape((("n", OneOf((NUMBER, Literal(None))), True),)), '{"n": null}', '{"n": null}'),
        (Shape((("n", NUMBER, False),)), '{"n": null}', '{"n": null}'),
        (Many(Shape((("n", OneOf((NUMBER, Literal(None))), True),))), '{"answer": [{"n": null}]}', '[{"n": null}]'),
    ],
)
def test_only_the_shape_of_strict_mode_is_taken_off(schema: Schema, reply: str, expected: str) -> None:
    """A null that the form permits stays, and so does whatever is not of the strict shape."""
    assert read_strict(reply, schema) == expected


def test_labels_are_one_list_of_values_and_null_is_a_type() -> None:
    """`"spam" | "ham" | null` is an enum of texts or null; equal values stand there once."""
    schema = OneOf((LABEL, Literal("ham"), Literal(None)))

    assert plain_schema(schema) == {"anyOf": [{"type": "string", "enum": ["spam", "ham"]}, {"type": "null"}]}
    assert not is_strict(Many(Basic("any")))
