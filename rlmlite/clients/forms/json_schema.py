"""A schema of the kernel as JSON Schema, plain or as OpenAI's strict mode wants it, and the answer read back.

Strict mode demands what the kernel's schemas do not have: the root is an object, no object has further properties, and
every property is required. So the form is sent in another shape, and the answer is brought back into the asked one:

    schema       [{row: int, note?: str}]
    sent         {"answer": [{"row": <integer>, "note": <string or null>}]}
    answered     {"answer": [{"row": 1, "note": null}]}
    handed on    [{"row": 1}]

- A root that is no object stands in a field, `answer`.
- An optional field is required and may be null; a null there means that it was left out, unless null is a value of it.

Nothing else is changed, nothing is repaired, and what does not have this shape is handed on as it came: a server that
ignores the schema answers what the words of the prompt ask for. The kernel checks every answer by its own rules.
Not here: which field of a request carries the schema (`ways`).
"""

import json
from typing import Any, Final

from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.schemas import Basic, Literal, Many, OneOf, Schema, Shape, fits, read_json

FIELD: Final = "answer"
"""The property that holds an answer which is no object."""

_BASICS: Final[dict[str, dict[str, Any]]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "any": {},
}
_TYPES: Final = {str: "string", bool: "boolean", int: "integer", type(None): "null"}
_NULL: Final = {"type": "null"}


def plain_schema(schema: Schema) -> dict[str, Any]:
    """The schema as JSON Schema, for servers that take any: optional fields are not required."""
    return _translate(schema, strict=False)


def strict_schema(schema: Schema) -> dict[str, Any]:
    """The schema as strict mode wants it. See the module. `any` has no strict spelling: see `is_strict`."""
    root = _translate(schema, strict=True)
    return root if isinstance(schema, Shape) else _object({FIELD: root}, [FIELD])


def is_strict(schema: Schema) -> bool:
    """Whether strict mode can express a schema: `any` it cannot."""
    match schema:
        case Basic(name=name):
            return name != "any"
        case Literal():
            return True
        case OneOf(options=options):
            return all(map(is_strict, options))
        case Many(item=item):
            return is_strict(item)
        case Shape(fields=fields):
            return all(is_strict(kind) for _, kind, _ in fields)


def _translate(schema: Schema, *, strict: bool) -> dict[str, Any]:
    match schema:
        case Basic(name=name):
            return dict(_BASICS[name])
        case Literal():
            return _of_literals([schema])
        case OneOf(options=options):
            return _of_options(options, strict=strict)
        case Many(item=item):
            return {"type": "array", "items": _translate(item, strict=strict)}
        case Shape(fields=fields):
            properties: dict[str, Any] = {}
            for name, kind, is_optional in fields:
                nullable = OneOf((kind, Literal(None))) if strict and is_optional else kind
                properties[name] = _translate(nullable, strict=strict)
            required = [name for name, _, is_optional in fields if strict or not is_optional]
            return _object(properties, required)


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _of_options(options: tuple[Schema, ...], *, strict: bool) -> dict[str, Any]:
    """The alternatives, those that are spelled out as one `enum` for each type: `"a" | "b" | null` is two."""
    flat = list(_flatten(options))
    by_type: dict[type, list[Literal]] = {}
    for option in flat:
        if isinstance(option, Literal):
            by_type.setdefault(type(option.value), []).append(option)
    alternatives = [_of_literals(literals) for literals in by_type.values()]
    others = [_translate(option, strict=strict) for option in flat if not isinstance(option, Literal)]
    alternatives += [other for other in others if other not in alternatives]
    return alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}


def _flatten(options: tuple[Schema, ...]) -> list[Schema]:
    flat: list[Schema] = []
    for option in options:
        flat += _flatten(option.options) if isinstance(option, OneOf) else [option]
    return flat


def _of_literals(literals: list[Literal]) -> dict[str, Any]:
    """Values of one type; each stands there once, as JSON Schema asks."""
    values = list(dict.fromkeys(literal.value for literal in literals))
    kind = _TYPES[type(values[0])]
    return dict(_NULL) if kind == "null" else {"type": kind, "enum": values}


def read_strict(reply: str, schema: Schema) -> str:
    """An answer to `strict_schema(schema)` as one to `schema`; anything else as it came."""
    try:
        value = read_json(reply)
    except Fault:
        return reply
    # A server that ignores the schema answers by the words: then nothing is to be taken off.
    if fits(value, schema):
        return reply
    is_in_field = not isinstance(schema, Shape) and isinstance(value, dict) and value.keys() == {FIELD}
    inner = value[FIELD] if is_in_field else value
    inner = _without_nulls(inner, schema)
    return json.dumps(inner, ensure_ascii=False) if fits(inner, schema) or is_in_field else reply


def _without_nulls(value: Any, schema: Schema) -> Any:
    """The value without the optional fields that are null and may not be."""
    match schema:
        case Many(item=item) if isinstance(value, list):
            return [_without_nulls(entry, item) for entry in value]
        case OneOf(options=options):
            candidates = (_without_nulls(value, option) for option in options)
            fitting = (found for found, option in zip(candidates, options, strict=True) if fits(found, option))
            return next(fitting, value)
        case Shape(fields=fields) if isinstance(value, dict):
            kinds = {name: (kind, is_optional) for name, kind, is_optional in fields}
            return dict(_fields_without_nulls(value, kinds))
    return value


def _fields_without_nulls(value: dict[str, Any], kinds: dict[str, tuple[Schema, bool]]) -> list[tuple[str, Any]]:
    rest: list[tuple[str, Any]] = []
    for name, entry in value.items():
        kind, is_optional = kinds.get(name, (Basic("any"), False))
        if entry is None and is_optional and not fits(None, kind):
            continue
        rest.append((name, _without_nulls(entry, kind)))
    return rest
