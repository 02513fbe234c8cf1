"""A program as structured data, read into the program that it means.

It knows no actions and no names: each document says by its keys what it is. What the schema permits can be read, all
but a number that is too large for JSON's readers; and what is read is checked as every program is.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from rlmlite_kernel.program.ast import (
    Alt,
    Attr,
    Binary,
    Call,
    Expr,
    Field,
    Index,
    ListOf,
    Lit,
    Named,
    Obj,
    Pair,
    Program,
    Rx,
    Slice,
    Statement,
    Unary,
    Var,
)
from rlmlite_kernel.program.templates import Hole, pieces


def read_structured(text: str) -> Program:
    """The program that a JSON document spells. Raises `ValueError` for a text that is no such document."""
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
        return Program(tuple(_statements(document["program"])))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a program as structured data: {error}") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"not JSON: {name}")


def _statements(document: Any) -> list[Statement]:
    statements = []
    # A loop, not a call for each: a long program is no deeper than its expressions.
    while document is not None:
        if "call" in document:
            statements.append(Statement(_expr(document)))
            return statements
        if "do" in document:
            statement = Statement(_expr(document["do"]))
        elif "set" in document:
            statement = Statement(_expr(document["to"]), document["set"])
        else:
            ((name, value),) = [item for item in document.items() if item[0] != "then"]
            statement = Statement(_expr(value), name)
        statements.append(statement)
        document = document["then"]
    return statements


def _expr(document: Any) -> Expr:
    if isinstance(document, list):
        return ListOf(tuple(map(_expr, document)))
    if not isinstance(document, dict):
        return Lit(document)
    # The first key says what it is.
    for key, read in _READERS.items():
        if key in document:
            return read(document)
    raise ValueError(f"unknown form {list(document)}")


def _call(document: Mapping[str, Any]) -> Call:
    unnamed = document.get("arguments", [])
    named = {name: value for name, value in document.items() if name not in ("call", "arguments") and value is not None}
    return Call(
        document["call"],
        tuple(map(_expr, unnamed)),
        tuple(Named(name, _expr(value)) for name, value in named.items()),
    )


def _part(document: Mapping[str, Any]) -> Expr:
    of = _expr(document["get"])
    if "key" in document:
        return Attr(of, document["key"])
    if "at" in document:
        return Index(of, _expr(document["at"]))
    low, high = document["from"], document["to"]
    return Slice(of, None if low is None else _expr(low), None if high is None else _expr(high))


def _object(document: Mapping[str, Any]) -> Obj:
    return Obj(tuple(Pair(field["key"], _expr(field["value"])) for field in document["object"]))


def _pairs(document: Mapping[str, Any]) -> ListOf:
    return ListOf(tuple(ListOf((_expr(pair["find"]), _expr(pair["to"]))) for pair in document["pairs"]))


def _folds(document: Mapping[str, Any]) -> Obj:
    folds = ((fold["key"], fold["fold"], [fold["of"]] if "of" in fold else []) for fold in document["folds"])
    return Obj(tuple(Pair(key, Call(name, tuple(map(_expr, of)))) for key, name, of in folds))


def _type(document: Mapping[str, Any]) -> Expr:
    if "type" in document:
        name = document["type"]
        return Lit(None) if name == "null" else Var(name)
    if "exactly" in document:
        return Lit(document["exactly"])
    if "list_of" in document:
        return ListOf((_type(document["list_of"]),))
    if "any_of" in document:
        return Alt(tuple(map(_type, document["any_of"])))
    return Obj(tuple(Pair(field["key"], _type(field["type"]), field["optional"]) for field in document["fields"]))


def _template(document: Mapping[str, Any]) -> Lit:
    if "template" in document:
        parts = document["template"]
    else:
        parts = [*document["before"], document["hole"], *document["after"]]
    return Lit("".join(part if isinstance(part, str) else _hole(part) for part in _join(parts)))


def _hole(document: Mapping[str, Any]) -> str:
    name = document["var"] if "var" in document else document["field"]
    return f"{{{'.'.join([name, *document['path']])}}}"


def _join(parts: list[Any]) -> list[Any]:
    """The pieces with each text spelled so that no brace of it is read as a placeholder."""
    joined: list[Any] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return [_escape(part) if isinstance(part, str) else part for part in joined]


def _escape(text: str) -> str:
    told = (f"{{{{{piece}}}}}" if isinstance(piece, Hole) else piece for piece in pieces(text))
    return "".join(told)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Expr]]] = {
    "call": _call,
    "var": lambda document: Var(document["var"]),
    "get": _part,
    "op": lambda document: Binary(document["op"], _expr(document["left"]), _expr(document["right"])),
    "not": lambda document: Unary("not", _expr(document["not"])),
    "minus": lambda document: Unary("-", _expr(document["minus"])),
    "null": lambda document: Lit(None),
    "object": _object,
    "regex": lambda document: Rx(document["regex"], document["flags"]),
    "template": _template,
    "before": _template,
    "schema": lambda document: _type(document["schema"]),
    "folds": _folds,
    "pairs": _pairs,
    "field": lambda document: Field(document["field"]),
}
"""How each form is read, by a key that it has and none of those above it in the table."""
