"""The fields of rows that are lines: a place, a group of the form, or what an expression makes of other fields."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeAlias

import msgspec

from rlmlite_kernel.values.blobs import Blobs
from rlmlite_kernel.values.columns import Column
from rlmlite_kernel.values.values import Rows


class ComputedField(Protocol):
    """A field that an expression gives for each row. Implemented by `evaluation.line_fields`.

    `fields` are those of the rows that the expression was written for, `names` those of them that it looks at.
    `work` is that of computing it for one row.
    """

    fields: "Mapping[str, LineField]"
    names: frozenset[str]
    work: int

    def column(self, rows: Rows, blobs: Blobs) -> Column:
        """It, for rows with these fields."""
        ...

    def describe(self) -> Any:
        """JSON that identifies the expression, and what it was given."""
        ...


class PlaceField(msgspec.Struct, frozen=True):
    """Where a line is: `doc`, `line`, `start`, `end` or `text`, whatever the field itself is called."""

    what: str


class GroupField(msgspec.Struct, frozen=True):
    """A group of the form, by its number from 1."""

    number: int


LineField: TypeAlias = PlaceField | GroupField | ComputedField
Fields: TypeAlias = Mapping[str, LineField]


def describe_field(field: LineField) -> Any:
    """JSON that identifies what a field is."""
    if isinstance(field, PlaceField):
        return field.what
    return field.number if isinstance(field, GroupField) else field.describe()


def groups_for(fields: Fields, names: Iterable[str]) -> frozenset[int]:
    """The groups of the form that these fields need, what is computed from groups included."""
    numbers: set[int] = set()
    for name in names:
        field = fields.get(name)
        if isinstance(field, GroupField):
            numbers.add(field.number)
        elif field is not None and not isinstance(field, PlaceField):
            numbers |= groups_for(field.fields, field.names)
    return frozenset(numbers)
