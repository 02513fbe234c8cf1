"""Whether rows are lines of large texts, asked without importing what such rows are made of: few runs have them."""

from typing import TYPE_CHECKING, TypeGuard

from rlmlite_kernel.values.values import Rows

if TYPE_CHECKING:
    from rlmlite_kernel.values.lines.line_rows import LineRows

LARGE = 16 << 20
"""Bytes of text from which its lines become a recipe."""


def are_lines(rows: Rows) -> "TypeGuard[LineRows]":
    """Whether rows are a recipe (`LineRows`), whose columns are not held."""
    return rows.held is not None
