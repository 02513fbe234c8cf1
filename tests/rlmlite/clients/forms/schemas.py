"""Schemas of the kernel, and answers to their translations, as Hypothesis makes them."""

from typing import Any

from hypothesis import strategies as st

from rlmlite_kernel.program.schemas import Basic, Literal, Many, OneOf, Schema, Shape

NAMES = st.sampled_from(["a", "b", "answer", "row", 'q"', "é"])
BASICS = st.sampled_from(["str", "int", "float", "bool", "date"]).map(Basic)
LITERALS = st.sampled_from(["spam", "ham", 'a "b"\\', "", 3, True, None]).map(Literal)


def _shape(kinds: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    fields = st.dictionaries(NAMES, st.tuples(kinds, st.booleans()), min_size=1, max_size=3)
    return fields.map(lambda by_name: Shape(tuple((name, kind, opt) for name, (kind, opt) in by_name.items())))


def _wider(kinds: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    options = st.lists(kinds, min_size=1, max_size=3).map(lambda each: OneOf(tuple(each)))
    return options | kinds.map(Many) | _shape(kinds)


SCHEMAS: st.SearchStrategy[Schema] = st.recursive(BASICS | LITERALS, _wider, max_leaves=6)


def answers(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a JSON Schema of ours permits; an optional property may be left out."""
    if "anyOf" in schema:
        return st.one_of([answers(option) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "array":
            return st.lists(answers(schema["items"]), max_size=2)
        case "object":
            kinds = {name: answers(kind) for name, kind in schema["properties"].items()}
            required = {name: kinds.pop(name) for name in schema["required"]}
            return st.fixed_dictionaries(required, optional=kinds)
        case "string" if "format" in schema:
            return st.dates().map(str)
    plain = {
        "string": st.text(st.characters(codec="utf-8"), max_size=3),
        "integer": st.integers(-9, 9),
        "number": st.sampled_from([0.5, 2]),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return plain[schema["type"]]
