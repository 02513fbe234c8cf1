"""Spans: where a text holds what must not pass."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias


class Span(NamedTuple):
    """Characters `start:stop` of a text, which a detector found."""

    start: int
    stop: int


Detector: TypeAlias = Callable[[str], Iterable[Span]]
"""Finds its kind of thing in a text. The spans may come in any order and may overlap."""
