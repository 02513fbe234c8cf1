"""Types of DuckDB for which Arrow has no form, anywhere in a column, and whole numbers that come as text for it.

    HUGEINT[]                                  asked for as VARCHAR[], since Arrow would hold 38 digits at most
    STRUCT(a BIT, b UHUGEINT)                  asked for as STRUCT(a VARCHAR, b VARCHAR)
    the value {"a": "101", "b": "5"}           becomes {"a": "101", "b": 5} again: its b is a whole number

What lies in a UNION stays text: which of its members a value is, Arrow does not say.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

AS_TEXT = ("HUGEINT", "UHUGEINT", "TIME WITH TIME ZONE", "BIT", "BIGNUM", "VARINT")
WHOLE = ("HUGEINT", "UHUGEINT", "BIGNUM", "VARINT")


class Inside(NamedTuple):
    """Whole numbers within values: in the items of a list, or under keys; `None` stands for any key of a map."""

    items: "Whole | None"
    fields: "Mapping[str | None, Whole]"


Whole: TypeAlias = Literal["number"] | Inside
"""Where in a value a text is a whole number: all of it, or parts."""


def cast_type(kind: Any) -> str:
    """A type of DuckDB as SQL, with VARCHAR for what Arrow has no form for."""
    name = str(kind)
    if name in AS_TEXT:
        return "VARCHAR"
    if kind.id not in ("list", "array", "struct", "map", "union"):
        return name
    children = kind.children
    if kind.id == "list":
        return f"{cast_type(children[0][1])}[]"
    if kind.id == "array":
        return f"{cast_type(children[0][1])}[{children[1][1]}]"
    if kind.id == "map":
        return f"MAP({cast_type(children[0][1])}, {cast_type(children[1][1])})"
    # The first child of a union is its tag.
    members = children[1:] if kind.id == "union" else children
    return f"{kind.id.upper()}({', '.join(f'{quoted(name)} {cast_type(child)}' for name, child in members)})"


def needs_cast(kind: Any) -> bool:
    """Whether Arrow has no form for a type, or for a part of it."""
    if str(kind) in AS_TEXT:
        return True
    is_nested = kind.id in ("list", "array", "struct", "map", "union")
    # The second child of an array is its size.
    return is_nested and any(needs_cast(child) for _, child in kind.children if not isinstance(child, int))


def quoted(name: str) -> str:
    """A name in SQL: in double quotes, with those inside it doubled."""
    return '"' + name.replace('"', '""') + '"'


def whole_numbers(kind: Any) -> Whole | None:
    """Where values of a type of DuckDB are whole numbers that come as text; None if nowhere."""
    if str(kind) in WHOLE:
        return "number"
    if kind.id in ("list", "array"):
        items = whole_numbers(kind.children[0][1])
        return None if items is None else Inside(items, {})
    if kind.id == "map":
        of_values = whole_numbers(kind.children[1][1])
        return None if of_values is None else Inside(None, fields={None: of_values})
    if kind.id != "struct":
        return None
    fields = {name: found for name, child in kind.children if (found := whole_numbers(child)) is not None}
    return Inside(None, fields=fields) if fields else None


def read_whole_numbers(value: Any, whole: Whole) -> Any:
    """A value of JSON with numbers in place of the texts that are whole numbers."""
    if value is None:
        return None
    if whole == "number":
        return int(value)
    if isinstance(value, list):
        return value if whole.items is None else [read_whole_numbers(item, whole.items) for item in value]
    of_any = whole.fields.get(None)
    parts = {name: whole.fields.get(name, of_any) for name in value}
    return {
        name: item if (part := parts[name]) is None else read_whole_numbers(item, part) for name, item in value.items()
    }
