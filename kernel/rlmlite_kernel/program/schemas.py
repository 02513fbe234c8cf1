"""Schema literals: the shape that a model's answer must have.

`{label: "spam" | "ham", n?: int, tags: [str]}`, or a list of one at the top. From one literal come the words that a
model is told (`spell_schema`) and the check of its reply (`read_reply`).

A reply is parsed strictly and checked against the schema; nothing is coerced, and nothing is repaired: `"3"` is not an
`int`, and half an object is not an answer. A refused reply can be requested again; a guessed one looks like any other.
"""

import datetime
import json
import re
from typing import Any, TypeAlias

import msgspec
import numpy as np

from rlmlite_kernel.faults import Fault
from rlmlite_kernel.program.ast import Alt, Expr, ListOf, Lit, Obj, Var
from rlmlite_kernel.program.problems import did_you_mean
from rlmlite_kernel.records.canonical import MAX_DIGITS, VALUE_DEPTH


class Basic(msgspec.Struct, frozen=True, tag=True):
    """One of `BASICS`."""

    name: str


class OneOf(msgspec.Struct, frozen=True, tag=True):
    """Any of several: literals or schemas."""

    options: tuple["Schema", ...]


class Literal(msgspec.Struct, frozen=True, tag=True):
    """Exactly this value."""

    value: str | int | bool | None


class Many(msgspec.Struct, frozen=True, tag=True):
    """A list of these."""

    item: "Schema"


class Shape(msgspec.Struct, frozen=True, tag=True):
    """An object with these fields: name, schema, whether it may be left out. No others are allowed."""

    fields: tuple[tuple[str, "Schema", bool], ...]


Schema: TypeAlias = Basic | OneOf | Literal | Many | Shape

BASICS: dict[str, str] = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "date": "date as YYYY-MM-DD",
    "any": "anything",
}
"""The basic types, in the words that a model is shown."""


def schema_of(node: Expr) -> Schema:
    """The schema that an expression spells. Raises `Fault("schema")`."""
    match node:
        case Var(name=name) if name in BASICS:
            return Basic(name)
        case Var(name=name):
            hint = did_you_mean(name, BASICS) or f"types: {', '.join(BASICS)}"
            raise Fault("schema", f"`{name}` is not a type; {hint}")
        case Lit(v=str() | int() | None as value):
            return Literal(value)
        case Alt(options=options):
            return OneOf(tuple(schema_of(option) for option in options))
        case ListOf(items=(item,)):
            return Many(schema_of(item))
        case Obj(pairs=pairs) if pairs:
            return Shape(tuple((pair.key, schema_of(pair.value), pair.optional) for pair in pairs))
    raise Fault("schema", 'a schema is a type, "a" | "b", [type] or {name: type}')


def spell_schema(schema: Schema) -> str:
    """The schema as a model is shown it, in the form of JSON."""
    match schema:
        case Basic(name=name):
            return f"<{BASICS[name]}>"
        case Literal(value=value):
            return json.dumps(value, ensure_ascii=False)
        case OneOf(options=options):
            return " | ".join(map(spell_schema, options))
        case Many(item=item):
            return f"[{spell_schema(item)}, ...]"
        case Shape(fields=fields):
            words: list[str] = []
            for name, kind, optional in fields:
                key = json.dumps(name, ensure_ascii=False)
                note = " (optional)" if optional else ""
                words.append(f"{key}: {spell_schema(kind)}{note}")
            return "{" + ", ".join(words) + "}"


def fits(value: Any, schema: Schema) -> bool:
    """Whether a JSON value has the shape."""
    match schema:
        case Basic(name=name):
            return _is_basic(value, name)
        case Literal(value=wanted):
            # In Python `1 == True == 1.0`; in JSON these are three values.
            return type(value) is type(wanted) and value == wanted
        case OneOf(options=options):
            return any(fits(value, option) for option in options)
        case Many(item=item):
            return isinstance(value, list) and all(fits(entry, item) for entry in value)
        case Shape(fields=fields):
            return isinstance(value, dict) and _fits_fields(value, fields)


def _fits_fields(value: dict[str, Any], fields: tuple[tuple[str, Schema, bool], ...]) -> bool:
    names = {name for name, _, _ in fields}
    # A field that was not asked for is refused: a model that adds one has not followed the form.
    if not names.issuperset(value):
        return False
    for name, kind, optional in fields:
        if name not in value:
            if not optional:
                return False
        elif not fits(value[name], kind):
            return False
    return True


def misfit(value: Any, schema: Schema) -> str:
    """Where a value first departs from the shape, and how; empty if it does not.

        [{"row": "1"}] for [{row: int}]    "at [0].row: it is text, not a whole number"

    It quotes nothing of the value, and no word of a literal: both may be data. Names of fields are the schema's own.
    """
    if fits(value, schema):
        return ""
    place, what = _first_misfit(value, schema)
    return f"at {place}: {what}" if place else what


def _first_misfit(value: Any, schema: Schema) -> tuple[str, str]:
    """The place of the first part that does not fit, as JSON paths are written, and what is wrong with it."""
    match schema:
        case Many(item=item) if isinstance(value, list):
            at = next(at for at, entry in enumerate(value) if not fits(entry, item))
            place, what = _first_misfit(value[at], item)
            return f"[{at}]{place}", what
        case Shape(fields=fields) if isinstance(value, dict):
            for name, kind, optional in fields:
                if name not in value and not optional:
                    return "", f"it lacks the field `{name}`"
                if name in value and not fits(value[name], kind):
                    place, what = _first_misfit(value[name], kind)
                    return f".{name}{place}", what
            return "", "it has a field that was not asked for"
    return "", f"it is {_kind_of(value)}, not {_wanted(schema)}"


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    kinds = {str: "text", int: "a whole number", float: "a number", list: "a list", dict: "an object"}
    return kinds[type(value)]


def _wanted(schema: Schema) -> str:
    match schema:
        case Basic(name="str" | "any"):
            return "text"
        case Basic(name="bool"):
            return "true or false"
        case Basic(name=name):
            return f"a {BASICS[name]}"
        case Many():
            return "a list"
        case Shape():
            return "an object with the fields that were asked for"
    return "one of the values that were asked for"


def _is_basic(value: Any, name: str) -> bool:
    match name:
        case "str":
            return isinstance(value, str)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "bool":
            return isinstance(value, bool)
        case "date":
            return isinstance(value, str) and _is_date(value)
        case _:
            return True


def _is_date(text: str) -> bool:
    # Back and forth, since `fromisoformat` also takes `20240301` and week dates, which do not sort as text.
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def read_reply(reply: str, schema: Schema) -> Any:
    """A model's reply as a value of the schema. Raises `Fault`: `json` or `schema`.

    The reply is JSON as a whole, or is one fenced block of it; anything else is refused, never repaired.
    """
    value = read_json(_strip_fence(reply))
    if not fits(value, schema):
        raise Fault("schema", f"the reply does not match the form {spell_schema(schema)}")
    return value


def refusal_of(reply: str, schema: Schema) -> str:
    """What `read_reply` would refuse of a reply, in words that quote nothing of it; empty if nothing."""
    try:
        value = read_json(_strip_fence(reply))
    except Fault as fault:
        # Of the fault only that it was no JSON: its message may quote a number or a word.
        return "it is not JSON" if fault.message.startswith("not JSON") else "it is not JSON within the limits"
    return misfit(value, schema)


def _strip_fence(reply: str) -> str:
    """What is inside of the one Markdown block that a reply is, or the reply itself."""
    text = reply.strip()
    has_fence_around = text.startswith("```") and text.endswith("```")
    # Two blocks, or words around one, would be a choice of ours, so they stay as they are and fail as JSON.
    is_one_block = has_fence_around and text.count("```") == 2 and "\n" in text
    if not is_one_block:
        return text
    # The first line may name a language: "```json".
    first_line_stop = text.index("\n") + 1
    return text[first_line_stop : -len("```")]


def read_json(text: str) -> Any:
    """JSON within limits: no repeated keys, no NaN, integers up to 1,000 digits, 128 deep. Raises `Fault("json")`."""
    if json_depth(text) > VALUE_DEPTH:
        raise Fault("json", f"JSON nested deeper than {VALUE_DEPTH}")
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_int=_integer, parse_constant=_constant, parse_float=_float
        )
    except json.JSONDecodeError as error:
        raise Fault("json", f"not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    if "\\u" in text:
        _refuse_half_surrogates(value)
    return value


def _refuse_half_surrogates(value: Any) -> None:
    """An escape such as `\\ud83d` alone is not valid Unicode, though `json` takes it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Fault("json", "a string holds half of a surrogate pair, which is not valid text") from None


def json_depth(text: str) -> int:
    """The deepest nesting of brackets outside strings; 0 if there are too few brackets for it to matter.

    Counted before parsing, since the parser is recursive: strings are taken out, of the rest the brackets are added up.

        [1, {"a": "]"}]    ->    [ { } ]    ->    +1 +1 -1 -1    ->    1 2 1 0: the deepest is 2
    """
    # Nearly every text ends here: two counts in C in place of the rest.
    if text.count("[") + text.count("{") <= VALUE_DEPTH:
        return 0
    brackets = _NO_BRACKETS.sub("", _STRINGS.sub("", text)).encode()
    depth = deepest = 0
    for start in range(0, len(brackets), _BLOCK):
        signs = np.frombuffer(brackets, np.uint8, min(_BLOCK, len(brackets) - start), start)
        # In ASCII an opening bracket is two before its closing one: 0x5B, 0x5D and 0x7B, 0x7D.
        steps = np.where(signs & 0x06 == 0x02, 1, -1)
        depths = depth + np.cumsum(steps)
        deepest = max(deepest, int(depths.max()))
        depth = int(depths[-1])
    return deepest


# Possessive, so that a string of any length needs no memory to go back. One that is not closed reaches to the end.
_STRINGS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_BLOCK = 1 << 20


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # `json` would keep the last of two values in silence.
    record = dict(pairs)
    if len(record) != len(pairs):
        raise Fault("json", "a key is repeated in an object")
    return record


def _integer(digits: str) -> int:
    # Before the conversion: Python needs time in the square of the digits, and refuses more than a limit of its own.
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise Fault("json", f"an integer of more than {MAX_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise Fault("json", f"{digits[:20]} is out of range")
    return value


def _constant(word: str) -> Any:
    raise Fault("json", f"{word} is not JSON")
