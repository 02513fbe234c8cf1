"""Markdown tables for the generated pages."""

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. A `|` inside a cell is escaped, which GitHub undoes inside code too."""
    lines = [_line(heads), _line(["---"] * len(heads))]
    return "\n".join([*lines, *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def code(text: object) -> str:
    """The text as code."""
    return f"`{text}`"


def prose(text: str) -> str:
    """Text that shows a `<` as it is: outside of code, Markdown takes it for a tag."""
    parts = text.split("`")
    return "`".join(part if place % 2 else part.replace("<", "\\<") for place, part in enumerate(parts))
