"""A program as the structured data that spells it: what `read_structured` reads back."""

from collections.abc import Mapping
from typing import Any

from rlmlite_kernel import ACTIONS
from rlmlite_kernel.program.action_table import Action, Param
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
    Obj,
    Program,
    Rx,
    Slice,
    Unary,
    Var,
)
from rlmlite_kernel.program.binding import bind
from rlmlite_kernel.program.templates import Hole, pieces


def document(program: Program) -> dict[str, Any]:
    """The document of a program in the one form of decode grammars (`decoding.Form`)."""
    inside: dict[str, Any] | None = None
    for statement in reversed(program.body):
        value = _value(statement.value)
        if isinstance(statement.value, Call) and ACTIONS[statement.value.name].ends:
            inside = value
        elif statement.target is None:
            inside = {"do": value, "then": inside}
        else:
            inside = {statement.target: value, "then": inside}
    return {"program": inside}


def _value(node: Expr) -> Any:
    match node:
        case Lit(v=value):
            return {"null": True} if value is None else value
        case ListOf(items=items):
            return [_value(item) for item in items]
        case Obj(pairs=pairs):
            return {"object": [{"key": pair.key, "value": _value(pair.value)} for pair in pairs]}
        case Call():
            return _call(node)
        case Attr() | Index() | Slice():
            return _part(node)
    return _small(node)


def _small(node: Expr) -> dict[str, Any]:
    """A name, a regex, an operation."""
    match node:
        case Rx(pattern=pattern, flags=flags):
            return {"regex": pattern, "flags": flags}
        case Var(name=name):
            return {"var": name}
        case Field(name=name):
            return {"field": name}
        case Unary(op=op, of=of):
            return {"not" if op == "not" else "minus": _value(of)}
        case Binary(op=op, left=left, right=right):
            return {"op": op, "left": _value(left), "right": _value(right)}
    raise AssertionError(node)


def _part(node: Attr | Index | Slice) -> dict[str, Any]:
    of = _value(node.of)
    match node:
        case Attr(name=name):
            return {"get": of, "key": name}
        case Index(at=at):
            return {"get": of, "at": _value(at)}
        case Slice(lo=low, hi=high):
            return {"get": of, "from": low and _value(low), "to": high and _value(high)}


def _call(call: Call) -> dict[str, Any]:
    action = ACTIONS[call.name]
    bound = bind(action, call, lambda *problem: None)
    written: dict[str, Any] = {"call": call.name}
    exclusive = {name for check in action.checks for name in getattr(check, "params", ())}
    last: dict[str, Any] = {}
    for param in action.params:
        if param.many:
            last["arguments"] = [_value(value) for value in bound.rest]
        elif param.name in bound.given:
            is_first = (param.required and not param.named_only) or param.name in exclusive
            (written if is_first else last)[param.name] = _argument(param, bound.given[param.name], action)
        elif param.name not in exclusive:
            last[param.name] = None
    arguments = {"arguments": last.pop("arguments")} if "arguments" in last else {}
    extra = {}
    if action.needs_extra:
        given = iter(bound.extra.values())
        extra = {name: _value(value) if (value := next(given, None)) else None for name in ("context", "other")}
    return written | arguments | extra | last


def _argument(param: Param, node: Expr, action: Action) -> Any:
    if param.kind == "template" and isinstance(node, Lit) and isinstance(node.v, str):
        return _template(param, node.v)
    if param.kind == "schema":
        return {"schema": _type(node)}
    if param.kind == "folds" and isinstance(node, Obj):
        return {"folds": [{"key": pair.key, **_fold(pair.value)} for pair in node.pairs]}
    if param.kind == "pattern" and isinstance(node, ListOf) and isinstance(node.items[0], ListOf):
        pairs = (pair.items for pair in node.items if isinstance(pair, ListOf))
        return {"pairs": [{"find": _value(find), "to": _value(to)} for find, to in pairs]}
    return _value(node)


def _fold(node: Expr) -> Mapping[str, Any]:
    assert isinstance(node, Call)
    return {"fold": node.name, **({"of": _value(node.args[0])} if node.args else {})}


def _template(param: Param, text: str) -> dict[str, Any]:
    name = "var" if param.holes == "variables" else "field"
    parts = [{name: part.name, "path": list(part.path)} if isinstance(part, Hole) else part for part in pieces(text)]
    if param.holes != "a_field":
        return {"template": parts}
    first = next(place for place, part in enumerate(parts) if not isinstance(part, str))
    return {"before": parts[:first], "hole": parts[first], "after": parts[first + 1 :]}


def _type(node: Expr) -> dict[str, Any]:
    match node:
        case Var(name=name):
            return {"type": name}
        case Lit(v=None):
            return {"type": "null"}
        case Lit(v=value):
            return {"exactly": value}
        case ListOf(items=(item,)):
            return {"list_of": _type(item)}
        case Alt(options=options):
            return {"any_of": [_type(option) for option in options]}
        case Obj(pairs=pairs):
            fields = ({"key": pair.key, "optional": pair.optional, "type": _type(pair.value)} for pair in pairs)
            return {"fields": list(fields)}
    raise AssertionError(node)
