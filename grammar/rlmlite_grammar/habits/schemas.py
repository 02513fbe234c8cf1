"""Types as other languages write them: `list[int]` is `[int]`, `string` is `str`."""

from typing import Final

from rlmlite_grammar.habits.habit import Place, Rewrite
from rlmlite_kernel.program.ast import Call, Expr, Index, ListOf, Unread, Var
from rlmlite_kernel.program.schemas import BASICS

_LISTS: Final = ("list", "List", "array", "Array", "Sequence", "tuple", "set")

OTHER_TYPES: Final = {
    "string": "str",
    "String": "str",
    "text": "str",
    "Str": "str",
    "integer": "int",
    "Integer": "int",
    "number": "float",
    "double": "float",
    "decimal": "float",
    "boolean": "bool",
    "Boolean": "bool",
    "datetime": "date",
    "Any": "any",
    "object": "any",
    "dict": "any",
}
"""Names of types elsewhere, each with the one that it is read as."""


def read_type(node: Expr, place: Place) -> Rewrite | Unread | None:
    """A type by another name, or a list of a type as Python writes it."""
    if not place.context.schema:
        return None
    match node:
        case Index(of=Var(name=name), at=item) if name in _LISTS:
            return Rewrite(ListOf((item,)), f"{name}[x]", "[x]")
        case Var(name=name) if name in OTHER_TYPES and name not in BASICS:
            return Rewrite(Var(OTHER_TYPES[name]), name, OTHER_TYPES[name])
        case Var(name=name) if name in _LISTS:
            return Rewrite(ListOf((Var("any"),)), name, "[any]")
        case Call(name=name, args=(item,)) if name in _LISTS:
            return Rewrite(ListOf((item,)), f"{name}(x)", "[x]")
        case _:
            return None
