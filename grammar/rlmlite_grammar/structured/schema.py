"""The JSON schema of the programs of one turn: statements, expressions and calls.

As in the decode rules, new variables are `t1`, `t2`, ..., and there is one set of definitions for each number of them
that may be named at a place (`value0`, `value1`, ...); `row_value0` is what may stand in a row expression.
Not here: how a document of this form is read (`reader`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from rlmlite_grammar.decode.arguments import CallForm, call_form, calls_of, names_tool
from rlmlite_grammar.decode.rules import new_names
from rlmlite_grammar.decode.terminals import RX_TEXT
from rlmlite_grammar.decode.vocabulary import Vocabulary
from rlmlite_grammar.structured.patterns import whole
from rlmlite_kernel.program.action_table import Action, Param
from rlmlite_kernel.program.ast import OPERATORS
from rlmlite_kernel.program.binding import FOLDS
from rlmlite_kernel.program.schemas import BASICS

JsonSchema: TypeAlias = dict[str, Any]

TEMPORARIES: Final = 2
"""New variables that one program may assign, by default. Each adds 34 kB to the schema, eight times as much as to the
grammars: a schema has no sequences, so that it repeats the names of all properties."""

MOST_ITEMS: Final = 40
"""Items of a list, fields of an object, pieces of a template."""

_LARGEST: Final = 10**15
_NULL: Final[JsonSchema] = {"type": "null"}
_BOOL: Final[JsonSchema] = {"type": "boolean"}
_TEXT: Final[JsonSchema] = {"type": "string"}
_SOME_TEXT: Final[JsonSchema] = _TEXT | {"minLength": 1}
_NUMBER: Final[JsonSchema] = {"type": "number", "minimum": -_LARGEST, "maximum": _LARGEST}
_MATCHING: Final = ("matches", "not matches")
_PLAIN_OPERATORS: Final = tuple(operator for operator in OPERATORS if operator not in _MATCHING)
_FLAGS: Final = ("", "i", "m", "s", "im", "is", "ms", "ims")


def program_schema(vocabulary: Vocabulary, temporaries: int = TEMPORARIES) -> JsonSchema:
    """The schema of a turn's program. `temporaries` is how many new variables it may assign.

    Raises `ValueError` if there is no variable to name, or if `final` is all that is left and it is not permitted.
    """
    if not vocabulary.variables:
        raise ValueError("a schema of programs needs a variable to name")
    calls = calls_of(vocabulary)
    if vocabulary.only_final and not calls.end:
        raise ValueError("only `final` is left, and it is not permitted")
    fresh = [] if vocabulary.only_final else new_names(vocabulary.variables, temporaries)
    definitions = dict(_FIXED)
    for level in range(len(fresh) + 1):
        definitions |= _Level(vocabulary, fresh, level).definitions()
    return _object({"program": _ref("program0")}) | {"$defs": definitions}


def _object(properties: Mapping[str, JsonSchema]) -> JsonSchema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/$defs/{name}"}


def _word(words: Iterable[str]) -> JsonSchema:
    return {"type": "string", "enum": list(words)}


def _one_of(*options: JsonSchema) -> JsonSchema:
    return options[0] if len(options) == 1 else {"anyOf": list(options)}


def _or_null(schema: JsonSchema) -> JsonSchema:
    return _one_of(*schema.get("anyOf", [schema]), _NULL)


def _list(item: JsonSchema, least: int = 0) -> JsonSchema:
    return {"type": "array", "items": item, "minItems": least, "maxItems": MOST_ITEMS}


def _whole_number(least: int) -> JsonSchema:
    return {"type": "integer", "minimum": least, "maximum": _LARGEST - 1}


_KEY: Final = _ref("key")
_REGEX: Final = _ref("regex")
_FIELD_HOLE: Final = _object({"field": _KEY, "path": _list(_KEY) | {"maxItems": 3}})
_FIELD_PIECES: Final = _list(_one_of(_SOME_TEXT, _FIELD_HOLE))
_FIXED: Final[Mapping[str, JsonSchema]] = {
    "key": {"type": "string", "pattern": whole("KEY")},
    "regex": _object({"regex": {"type": "string", "pattern": whole(RX_TEXT)}, "flags": _word(_FLAGS)}),
    "template": _object({"template": _FIELD_PIECES}),
    "template_of_chunks": _object({"before": _FIELD_PIECES, "hole": _FIELD_HOLE, "after": _FIELD_PIECES}),
    "type": _one_of(
        _object({"type": _word([*BASICS, "null"])}),
        _object({"exactly": _one_of(_SOME_TEXT, _whole_number(0))}),
        _object({"list_of": _ref("type")}),
        _object({"any_of": _list(_ref("type"), 2)}),
        _object({"fields": _list(_object({"key": _TEXT, "optional": _BOOL, "type": _ref("type")}), 1)}),
    ),
    "schema": _object({"schema": _ref("type")}),
}
"""The definitions that name no variable."""


class _Level:
    """The definitions at the places where so many of the new variables may be named."""

    def __init__(self, vocabulary: Vocabulary, fresh: Sequence[str], level: int) -> None:
        self._vocabulary, self._fresh, self._level = vocabulary, fresh, level
        self._calls = calls_of(vocabulary)
        self._of_kind = self._kinds()

    def definitions(self) -> dict[str, JsonSchema]:
        """The definitions of this level by name."""
        named = {
            "name": _word([*self._vocabulary.variables, *self._fresh[: self._level]]),
            "program": self._program(),
            "end": self._any_call(self._calls.end),
            "reference": self._reference(),
            "query": self._query(),
            **dict(self._values("")),
            **dict(self._values("row_")),
        }
        if self._calls.whole:
            named["whole_call"] = self._any_call(self._calls.whole)
        return {f"{name}{self._level}": schema for name, schema in named.items() if schema}

    def _at(self, name: str, level: int | None = None) -> JsonSchema:
        return _ref(f"{name}{self._level if level is None else level}")

    def _program(self) -> JsonSchema:
        """A statement, with those after it in `then`; `final` ends it."""
        then, value = _or_null(self._at("program")), self._at("value")
        options = [self._at("end")] if self._calls.end else []
        if self._vocabulary.only_final:
            return _one_of(*options)
        alone = [self._call(action, "") for action in self._calls.alone]
        has_calls = bool(self._calls.scalar or self._calls.whole)
        statement = _one_of(*alone, *([self._at("call")] if has_calls else []))
        options.append(_object({"do": statement, "then": then}))
        if self._vocabulary.writable:
            options.append(_object({"set": _word(self._vocabulary.writable), "to": value, "then": then}))
        if self._level < len(self._fresh):
            after = _or_null(self._at("program", self._level + 1))
            options.append(_object({self._fresh[self._level]: value, "then": after}))
        return _one_of(*options)

    def _values(self, row: str) -> Iterator[tuple[str, JsonSchema]]:
        """Expressions, and calls inside of them; with `row_` those that may name fields of the row."""
        value, base = self._at(f"{row}value"), self._at(f"{row}base")
        scalar, whole_calls = self._calls.scalar, self._calls.whole
        has_calls = bool(scalar or whole_calls)
        if has_calls:
            shared = [self._at("whole_call")] if whole_calls else []
            yield f"{row}call", _one_of(*(self._call(action, row) for action in scalar), *shared)
        yield f"{row}value", _one_of(_NUMBER, base)
        yield (
            f"{row}base",
            _one_of(
                *([_object({"field": _KEY})] if row else []),
                *([self._at(f"{row}call")] if has_calls else []),
                _object({"var": self._at("name")}),
                _TEXT,
                _BOOL,
                _object({"null": {"type": "boolean", "enum": [True]}}),
                _list(value),
                _object({"object": _list(_object({"key": _TEXT, "value": value}))}),
                *_parts(base, value),
                _object({"op": _word(_PLAIN_OPERATORS), "left": value, "right": value}),
                _object({"op": _word(_MATCHING), "left": value, "right": _REGEX}),
                _object({"not": value}),
                _object({"minus": value}),
            ),
        )

    def _reference(self) -> JsonSchema:
        """A variable or a part of one, where an argument is computed."""
        of = self._at("reference")
        return _one_of(_object({"var": self._at("name")}), *_parts(of, self._at("value")))

    def _query(self) -> JsonSchema:
        one = (_SOME_TEXT, _REGEX)
        return _one_of(*one, _list(_one_of(*one), 1), self._at("reference"))

    def _any_call(self, actions: Iterable[Action]) -> JsonSchema | None:
        calls = [self._call(action, "") for action in actions]
        return _one_of(*calls) if calls else None

    def _call(self, action: Action, row: str) -> JsonSchema:
        """A call. Of parameters that exclude each other there is one variant with each."""
        form = call_form(action)
        variants = [self._variant(action, form, row, chosen) for chosen in form.exclusive or (None,)]
        return _one_of(*variants)

    def _variant(self, action: Action, form: CallForm, row: str, chosen: Param | None) -> JsonSchema:
        required = [*form.positional, *([] if chosen is None else [chosen])]
        properties = {"call": _word([action.name])}
        properties |= {param.name: self._value(param, action, row) for param in required}
        # The name is the reader's, so that it can tell these values, which stand by position, from one list.
        for param in form.repeated:
            properties["arguments"] = _list(self._value(param, action, row))
        for place, keyword in enumerate(form.keywords):
            properties[keyword] = self._at("base") if place == 0 else _or_null(self._at("base"))
        for param in form.by_name:
            value = self._value(param, action, row)
            properties[param.name] = value if param.required else _or_null(value)
        return _object(properties)

    def _value(self, param: Param, action: Action, row: str) -> JsonSchema:
        """The schema of the value of a parameter."""
        if names_tool(param, action):
            return _word(self._vocabulary.tools)
        match param.kind:
            case "any" | "target" | "rows":
                return self._at(f"{row}value")
            case "expr" | "key":
                return self._at("row_value")
            case "int":
                return _one_of(_whole_number(param.least or 0), self._at("reference"))
            case "word":
                return self._word(param)
            case "text" if param.name == "role":
                return _word(self._vocabulary.roles)
            case "template":
                return self._template(param)
            case kind:
                return self._of_kind[kind]

    def _kinds(self) -> dict[str, JsonSchema]:
        """The schemas of kinds that are the same for every parameter."""
        query = self._at("query")
        pair = _object({"find": query, "to": self._at("value")})
        return {
            "bool": _BOOL,
            "text": _one_of(_SOME_TEXT, self._at("reference")),
            "query": query,
            "pattern": _one_of(query, _object({"pairs": _list(pair, 1)})),
            "folds": self._folds(),
            "form": _one_of(_REGEX, _SOME_TEXT),
            "schema": _ref("schema"),
            "name": _object({"var": _word(self._vocabulary.writable)}),
        }

    def _word(self, param: Param) -> JsonSchema:
        options = [_word(param.words)]
        if param.or_query:
            options.append(_REGEX)
        if param.or_key is not None:
            options.append(_object({"field": _KEY}))
        return _one_of(*options)

    def _template(self, param: Param) -> JsonSchema:
        if param.holes == "a_field":
            return _ref("template_of_chunks")
        if param.holes == "fields":
            return _ref("template")
        hole = _object({"var": self._at("name"), "path": _list(_KEY) | {"maxItems": 3}})
        return _object({"template": _list(_one_of(_SOME_TEXT, hole))})

    def _folds(self) -> JsonSchema:
        of = [fold for fold in FOLDS if fold != "count"]
        counted = _object({"key": _KEY, "fold": _word(["count"])})
        folded = _object({"key": _KEY, "fold": _word(of), "of": self._at("row_value")})
        return _object({"folds": _list(_one_of(counted, folded), 1)})


def _parts(of: JsonSchema, value: JsonSchema) -> Iterator[JsonSchema]:
    """A field of something, an element, a slice."""
    yield _object({"get": of, "key": _KEY})
    yield _object({"get": of, "at": value})
    yield _object({"get": of, "from": _or_null(value), "to": _or_null(value)})
