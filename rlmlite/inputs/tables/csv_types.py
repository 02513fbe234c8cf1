"""Types of CSV columns: which columns are numbers or booleans, and their cells as a sheet spells them.

A column has the narrowest type that *every* non-empty cell of it spells, so a type is a fact about the whole column
and not a guess from a sample: 1, 2, "" is int; 1, 2.5 is number; true, FALSE is bool; anything else is text. What a
sheet would spell differently stays text: a code such as `007` or `+1` must not lose characters. An empty cell is null.

The check joins a batch of cells with newlines and runs one regular expression over all of them, which is several times
faster than one match per cell. A cell that contains a newline would shift the lines; such a column is text anyway.
"""

import math
import re
from collections.abc import Iterable, Sequence

from rlmlite.errors import InputError
from rlmlite.inputs.tables.sheets.cells import NULL, float_cells, text_cells
from rlmlite.inputs.tables.sheets.sheet_writer import Losses

TYPES = ("int", "number", "bool", "text")
"""What a column can hold, the narrowest first."""

_INT = r"(?:0|-?[1-9][0-9]{0,999})"
_NUMBER = r"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_BOOL = "(?:true|false|True|False|TRUE|FALSE)"
_COLUMN_OF = {
    kind: re.compile(f"(?:{cell})?(?:\n(?:{cell})?)*")
    for kind, cell in (("int", _INT), ("number", _NUMBER), ("bool", _BOOL))
}
"""Matches a newline-joined column whose every cell is empty or of the type."""

IS_NUMBER = re.compile(_NUMBER)

_ALWAYS_FINITE = 300
"""A number of fewer characters and without an exponent is always within range of a float."""


def parse_types(option: str, width: int) -> list[str]:
    """The types in the option `types=`, one per column. Raises `InputError`."""
    # `types=text` is short for all columns: cells as they are written.
    types = ["text"] * width if option == "text" else option.split(",")
    all_known = set(types) <= set(TYPES)
    if len(types) != width or not all_known:
        names = ", ".join(TYPES)
        raise InputError(f"option types={option}: expected auto, text, or one of {names} for each of {width} columns")
    return types


def infer_types(batches: Iterable[Sequence[Sequence[str]]], width: int) -> list[str]:
    """The narrowest type of each column. A column whose cells are all empty is text."""
    # Each column starts with every type, and loses those that a batch of its cells rules out.
    possible: list[set[str]] = [set(_COLUMN_OF) for _ in range(width)]
    has_cells = [False] * width
    for columns in batches:
        for index, column in enumerate(columns):
            has_cells[index] = has_cells[index] or any(column)
            if possible[index]:
                possible[index] = _matching_types(column, possible[index])
    narrowest = []
    for types, filled in zip(possible, has_cells, strict=True):
        narrowest.append(_narrowest(types) if filled else "text")
    return narrowest


def _narrowest(types: set[str]) -> str:
    return next((kind for kind in TYPES if kind in types), "text")


def _matching_types(column: Sequence[str], types: set[str]) -> set[str]:
    """Those of the types that every cell of a column has."""
    joined = "\n".join(column)
    # A cell with a newline would pass for two, of which each might be a number.
    if joined.count("\n") != len(column) - 1:
        return set()
    matching = {kind for kind in types if _COLUMN_OF[kind].fullmatch(joined)}
    # An integer has no upper bound in a sheet; only what becomes a float can be out of range.
    if "number" in matching and not _are_finite(column, joined):
        matching.discard("number")
    return matching


def _are_finite(column: Sequence[str], joined: str) -> bool:
    """Whether every number is within range: `1e999` is spelled as a number, but a sheet has none for it."""
    has_exponent = "e" in joined or "E" in joined
    longest = len(max(column, key=len))
    # Nearly every column ends here, without a single conversion.
    if not has_exponent and longest < _ALWAYS_FINITE:
        return True
    return all(math.isfinite(float(cell)) for cell in column if cell)


def typed_cells(column: Sequence[str], kind: str, *, check: bool) -> list[str]:
    """The cells of a column as a sheet spells them.

    `check` is for types that an option gave, which may be wrong. Raises `InputError` if a cell is not of the type.
    """
    if kind == "text":
        # Most columns of text have no empty cell, and need no look at each.
        if all(column):
            return text_cells(column)
        return [f'"{value}"' if value else NULL for value in column]
    # Inferred types match by construction.
    if check and not _matching_types(column, {kind}):
        raise InputError(f"option types: a column was given as {kind}, but holds something else")
    if kind == "int":
        return [value or NULL for value in column]
    if kind == "bool":
        return [value.lower() or NULL for value in column]
    # Spelled anew, so that 1.50 and 1.5 are one number; the losses are dropped, as none of these is infinite.
    numbers = [float(value) for value in column if value]
    spelled = iter(float_cells(numbers, Losses()))
    # Empty cells were left out; each goes back to its place as null.
    return [next(spelled) if value else NULL for value in column]
